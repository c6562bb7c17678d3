// The session of the README in TypeScript. It is only compiled, to check the types that openapi-typescript generates.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Task = components["schemas"]["TaskView"];

const api = createClient<paths>({ baseUrl: "http://127.0.0.1:8000" });

async function logIn(username: string, password: string): Promise<void> {
  const { data, error } = await api.POST("/api/v1/auth/login", { body: { username, password } });
  if (error) throw new Error(`${error.error_code}: ${error.detail}`);
  api.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${data.access_token}`);
    },
  });
}

async function readAllTasks(): Promise<Task[]> {
  const tasks: Task[] = [];
  let cursor: string | undefined;
  do {
    const { data } = await api.GET("/api/v1/tasks", { params: { query: { cursor, status: ["pending"] } } });
    tasks.push(...(data?.items ?? []));
    cursor = data?.next_cursor ?? undefined;
  } while (cursor);
  return tasks;
}

async function completeATask(): Promise<void> {
  const body: components["schemas"]["CreateTaskBody"] = {
    title: "Learn SQLAlchemy",
    priority: "high",
    due_date: "2025-12-01",
    tags: ["Study", "python"],
  };
  const headers = { "Idempotency-Key": "learn-1" };
  const { data: task } = await api.POST("/api/v1/tasks", { body, params: { header: headers } });
  if (!task) return;
  const path = { task_id: task.id };
  await api.POST("/api/v1/tasks/{task_id}/tags", { params: { path }, body: ["evening"] });
  await api.PATCH("/api/v1/tasks/{task_id}", {
    params: { path, header: { "If-Match": '"2"' } },
    body: { due_date: "2027-01-31T18:00:00+01:00" },
  });
  const updates = { completed: true, priority: "low" } as const;
  await api.PATCH("/api/v1/tasks/bulk", { body: { task_ids: [task.id], updates } });
  const { data: statistics } = await api.GET("/api/v1/tasks/statistics");
  const rate: number | undefined = statistics?.completion_rate;
  const status: components["schemas"]["Status"] = task.status;
  console.log(rate, status);
}

async function main(): Promise<void> {
  const account = { username: "ann", email: "ann@example.com", password: "Correct-Horse-7" };
  await api.POST("/api/v1/auth/register", { body: account });
  await logIn("ann", "Correct-Horse-7");
  await completeATask();
  console.log((await readAllTasks()).length);
  // @ts-expect-error: a task needs a title
  await api.POST("/api/v1/tasks", { body: { priority: "high" } });
  // @ts-expect-error: no such status
  await api.PATCH("/api/v1/tasks/{task_id}", { params: { path: { task_id: "" } }, body: { status: "done" } });
}

void main();
