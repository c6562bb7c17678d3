from adapters.sql.operations.postgres_copier import PostgresCopier
from adapters.sql.operations.sqlite_copier import SqliteCopier
from application.storage import DatabaseCopier


def copier_of(url: str) -> DatabaseCopier:
    return SqliteCopier(url) if url.startswith("sqlite") else PostgresCopier(url)
