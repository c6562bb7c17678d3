from adapters.sql.postgres_copier import PostgresCopier
from adapters.sql.sqlite_copier import SqliteCopier
from application.ports.backup import DatabaseCopier


def copier_of(url: str) -> DatabaseCopier:
    return SqliteCopier(url) if url.startswith("sqlite") else PostgresCopier(url)
