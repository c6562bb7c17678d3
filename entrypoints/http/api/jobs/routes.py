from application.jobs.ports import JobNotFound
from entrypoints.http.api.dependencies import App, CurrentActor
from entrypoints.http.api.jobs import examples
from entrypoints.http.api.jobs.schemas import JobView
from entrypoints.http.api.paths import JobIdInPath
from entrypoints.http.framework.router import Router

router = Router("/api/v1/jobs", tag="jobs")


@router.get("/{job_id}", errors=[JobNotFound], example=examples.GET_JOB)
async def get_job(job_id: JobIdInPath, actor: CurrentActor, app: App) -> JobView:
    """Get a job.

    Returns a job that a request of the caller has queued, to see whether it has ended. A succeeded job is kept for 24
    hours, a failed one for 30 days.

    Returns:
        The job and its state.
    """
    return JobView.of(await app.requested_jobs.get(actor, job_id))
