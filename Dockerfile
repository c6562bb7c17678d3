FROM python:3.13-slim-trixie AS builder

WORKDIR /source
COPY locks/build.txt locks/run.txt locks/
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r locks/build.txt \
    && python -m venv --without-pip /opt/task-manager \
    && uv pip install --no-cache --python /opt/task-manager/bin/python --require-hashes -r locks/run.txt

COPY pyproject.toml README.md LICENSE hatch_build.py ./
COPY task_manager task_manager
COPY domain domain
COPY application application
COPY adapters adapters
COPY migrations migrations
COPY entrypoints entrypoints
COPY tests/contracts tests/contracts
COPY tests/support tests/support
RUN python -m hatchling build -t wheel -d /dist \
    && uv pip install --no-cache --python /opt/task-manager/bin/python --no-deps --offline /dist/*.whl \
    && python -m compileall -q -j 0 /opt/task-manager/lib


FROM python:3.13-slim-trixie

LABEL org.opencontainers.image.title="Task Manager" \
      org.opencontainers.image.description="A multi-user task manager over REST"

# `task-manager backup` calls pg_dump, which must not be older than the server.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates postgresql-common \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install --yes --no-install-recommends postgresql-client-18 \
    && rm -rf /var/lib/apt/lists/* \
    && python -m pip uninstall --yes --root-user-action ignore pip \
    && useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin task-manager \
    && install --directory --owner task-manager --group task-manager --mode 0750 \
        /var/lib/task-manager /var/lib/task-manager/files /backups

COPY --from=builder /opt/task-manager /opt/task-manager

ENV PATH=/opt/task-manager/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000

USER 10001:10001
WORKDIR /var/lib/task-manager
EXPOSE 8000
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=3)"]

ENTRYPOINT ["task-manager"]
CMD ["serve"]
