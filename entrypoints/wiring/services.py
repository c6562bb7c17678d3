"""Construct the services from the adapters. mypy checks every argument."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import uuid4

from application.audit.ports import AuditLog
from application.audit.recording import AuditEventFactory, AuditLogWriter, EventRecorder
from application.audit.refusals import RefusalRecorder
from application.audit.service import AuditSearch, AuditService
from application.files.files import FileService
from application.files.jobs import REMOVE_BYTES, REMOVE_BYTES_OF_USER, SWEEP_FILES, SWEEP_INTERVAL, FileJobs
from application.files.ports import FileStore
from application.files.store_identity import FileStoreIdentity
from application.identity.accounts import AccountService
from application.identity.bootstrap import BootstrapService
from application.identity.credentials import Credentials
from application.identity.mails import EMAIL_CHANGED_MAIL, RESET_MAIL, WELCOME_MAIL, MailJobs
from application.identity.passwords import PasswordService
from application.identity.ports import SessionStateCache
from application.identity.registration import Registration
from application.identity.removal import PURGE_USER, RemovalJobs
from application.identity.revocation import SessionStateInvalidation
from application.identity.security import AccessTokens, NewSecret, PasswordHasher
from application.identity.sessions import SessionService
from application.identity.users import UserService
from application.jobs.ports import JobMonitor
from application.jobs.requested import RequestedJobService
from application.jobs.service import JobService
from application.operations.backup import BackupService
from application.operations.expiry import EXPIRY, EXPIRY_INTERVAL, ExpiredDataRemover
from application.operations.export import ExportService
from application.operations.health import HealthMonitor, HealthService
from application.operations.ports import ArchiveFormat
from application.platform.cache import Cache
from application.platform.clock import Clock
from application.platform.events import EventDispatcher
from application.platform.events import Handler as EventHandler
from application.platform.idempotency import IdempotencyService
from application.platform.ids import NewId
from application.platform.mail import Mailer
from application.platform.rate_limits import RateLimiter, RateLimits, RateLimitService
from application.storage import Storage
from application.tasks.batches import TaskBatchService
from application.tasks.seeding import DemoTaskFactory, SeedingService
from application.tasks.tag_jobs import CHANGE_TAG, TagJobs
from application.tasks.tags import TagService
from application.tasks.tasks import TaskService
from application.tasks.total_cache import MIN_REVISION, TotalCache
from domain.identity.password import PasswordPolicy
from entrypoints.worker.job_worker import Handler, JobWorker, RecurringJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """One adapter for each port."""

    clock: Clock
    new_id: NewId
    new_secret: NewSecret
    storage: Storage
    file_store: FileStore
    archive_format: ArchiveFormat
    hasher: PasswordHasher
    tokens: AccessTokens
    password_policy: PasswordPolicy
    session_states: SessionStateCache
    mailer: Mailer
    audit: AuditLog
    log_event: EventHandler
    """Logs the events that are not security events."""
    rate_limiter: RateLimiter
    cache: Cache
    job_monitor: JobMonitor
    health_monitor: HealthMonitor
    demo_task: DemoTaskFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """Values that configure the services."""

    session_lifetime: timedelta
    files_quota: int
    """Bytes of all files of a user."""
    public_url: str
    job_lease: timedelta
    audit_age: timedelta
    """How long security events are kept."""
    rate_limits: RateLimits
    min_cached_revision: int = MIN_REVISION


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases: all that an entrypoint or an embedding program calls."""

    accounts: AccountService
    users: UserService
    sessions: SessionService
    passwords: PasswordService
    tasks: TaskService
    task_batches: TaskBatchService
    tags: TagService
    files: FileService
    file_store_identity: FileStoreIdentity
    exports: ExportService
    audit: AuditService
    audit_search: AuditSearch
    events: EventRecorder
    idempotency: IdempotencyService
    rate_limits: RateLimitService
    health: HealthService
    bootstrap: BootstrapService
    jobs: JobService
    requested_jobs: RequestedJobService
    backups: BackupService
    seeding: SeedingService
    job_worker: JobWorker
    refusals: RefusalRecorder
    total_cache: TotalCache


def build_services(adapters: Adapters, options: ServiceOptions) -> Services:
    """Construct all services. Nothing is opened."""
    clock, new_id = adapters.clock, adapters.new_id
    dispatcher = EventDispatcher(
        AuditEventFactory(clock, new_id).describe,
        AuditLogWriter(adapters.audit).handle,
        adapters.log_event,
        SessionStateInvalidation(adapters.session_states).handle,
    )
    unit_of_work = partial(adapters.storage.unit_of_work, dispatcher)
    events = EventRecorder(unit_of_work, dispatcher)
    rate_limits = RateLimitService(
        limiter=adapters.rate_limiter, limits=options.rate_limits, record=events.record, clock=clock
    )
    credentials = Credentials(
        unit_of_work=unit_of_work,
        policy=adapters.password_policy,
        hasher=adapters.hasher,
        rate_limits=rate_limits,
        record=events.record,
        clock=clock,
    )
    registration = Registration(unit_of_work=unit_of_work, credentials=credentials, clock=clock, new_id=new_id)
    total_cache = TotalCache(cache=adapters.cache, min_revision=options.min_cached_revision)
    mail_jobs = MailJobs(
        unit_of_work=unit_of_work,
        mailer=adapters.mailer,
        record=events.record,
        clock=clock,
        new_secret=adapters.new_secret,
        public_url=options.public_url,
    )
    store_identity = FileStoreIdentity(
        unit_of_work=unit_of_work,
        store=adapters.file_store,
        new_id=uuid4,
        is_process_local=adapters.storage.is_process_local,
    )
    file_jobs = FileJobs(unit_of_work=unit_of_work, store=adapters.file_store, identity=store_identity, clock=clock)
    expiry = ExpiredDataRemover(unit_of_work=unit_of_work, clock=clock, audit_age=options.audit_age)
    jobs = JobService(unit_of_work=unit_of_work)
    tag_jobs = TagJobs(unit_of_work=unit_of_work, clock=clock, new_id=new_id)
    handlers: Mapping[str, Handler | RecurringJob] = {
        WELCOME_MAIL: mail_jobs.send_welcome,
        EMAIL_CHANGED_MAIL: mail_jobs.send_email_changed,
        RESET_MAIL: mail_jobs.send_password_reset,
        PURGE_USER: RemovalJobs(unit_of_work=unit_of_work).purge,
        CHANGE_TAG: tag_jobs.change,
        REMOVE_BYTES: file_jobs.remove_bytes,
        REMOVE_BYTES_OF_USER: file_jobs.remove_bytes_of_user,
        SWEEP_FILES: RecurringJob(file_jobs.sweep, SWEEP_INTERVAL),
        EXPIRY: RecurringJob(expiry.remove, EXPIRY_INTERVAL),
    }
    return Services(
        accounts=AccountService(
            unit_of_work=unit_of_work,
            registration=registration,
            credentials=credentials,
            session_states=adapters.session_states,
            new_id=new_id,
        ),
        users=UserService(
            unit_of_work=unit_of_work,
            registration=registration,
            credentials=credentials,
            session_states=adapters.session_states,
            clock=clock,
            new_id=new_id,
        ),
        sessions=SessionService(
            unit_of_work=unit_of_work,
            credentials=credentials,
            tokens=adapters.tokens,
            session_states=adapters.session_states,
            record=events.record,
            clock=clock,
            new_id=new_id,
            new_secret=adapters.new_secret,
            lifetime=options.session_lifetime,
        ),
        passwords=PasswordService(unit_of_work=unit_of_work, credentials=credentials, clock=clock, new_id=new_id),
        tasks=TaskService(unit_of_work=unit_of_work, total_cache=total_cache, clock=clock, new_id=new_id),
        task_batches=TaskBatchService(unit_of_work=unit_of_work, clock=clock, new_id=new_id),
        tags=TagService(unit_of_work=unit_of_work, clock=clock, new_id=new_id),
        files=FileService(
            unit_of_work=unit_of_work,
            store=adapters.file_store,
            clock=clock,
            new_id=new_id,
            quota=options.files_quota,
        ),
        file_store_identity=store_identity,
        exports=ExportService(unit_of_work=unit_of_work, record=events.record, clock=clock),
        audit=AuditService(unit_of_work=unit_of_work),
        audit_search=AuditSearch(unit_of_work=unit_of_work),
        events=events,
        idempotency=IdempotencyService(clock=clock),
        rate_limits=rate_limits,
        health=HealthService(
            critical={"database": adapters.storage},
            optional={"cache": adapters.rate_limiter, "storage": adapters.file_store},
            count_jobs=jobs.counts,
            monitor=adapters.health_monitor,
        ),
        bootstrap=BootstrapService(unit_of_work, registration, credentials, adapters.session_states, clock, new_id),
        jobs=jobs,
        requested_jobs=RequestedJobService(unit_of_work=unit_of_work),
        backups=BackupService(
            database=adapters.storage.copier,
            files=adapters.file_store,
            archive_format=adapters.archive_format,
            clock=clock,
        ),
        seeding=SeedingService(unit_of_work=unit_of_work, demo_task=adapters.demo_task, clock=clock, new_id=new_id),
        job_worker=JobWorker(
            unit_of_work=unit_of_work,
            handlers=handlers,
            monitor=adapters.job_monitor,
            clock=clock,
            lease=options.job_lease,
        ),
        refusals=RefusalRecorder(events, limiter=adapters.rate_limiter, clock=clock),
        total_cache=total_cache,
    )
