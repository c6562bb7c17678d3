from adapters.sql.operations.sqlite_copier import SqliteCopier
from application.storage import DatabaseCopier


def copier_of(url: str) -> DatabaseCopier:
    if url.startswith("sqlite"):
        return SqliteCopier(url)
    from adapters.sql.operations.postgres_copier import PostgresCopier  # needs the driver, an optional dependency

    return PostgresCopier(url)
