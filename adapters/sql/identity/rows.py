from collections.abc import Sequence
from typing import Any

from adapters.sql.schema.identity import sessions, users
from domain.identity.session import Session
from domain.identity.user import Role, User, normalize_login

ROLE_AT = tuple(Role)


USER_COLUMNS = (
    users.c.id,
    users.c.username,
    users.c.email,
    users.c.full_name,
    users.c.role,
    users.c.is_active,
    users.c.timezone,
    users.c.password_hash,
    users.c.created_at,
    users.c.updated_at,
    users.c.version,
)


SESSION_COLUMNS = (
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.refresh_hash,
    sessions.c.family_hash,
    sessions.c.created_at,
    sessions.c.last_used_at,
    sessions.c.expires_at,
    sessions.c.user_agent,
    sessions.c.ip_address,
)


def user_to_row(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "full_name": user.full_name,
        "role": ROLE_AT.index(user.role),
        "is_active": user.is_active,
        "timezone": user.timezone,
        "password_hash": user.password_hash,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "version": user.version,
        "username_key": normalize_login(user.username),
        "email_key": normalize_login(user.email),
        "search_text": user.search_text,
        "is_removed": False,
    }


def user_from_row(row: Sequence[Any]) -> User:
    (
        id,
        username,
        email,
        full_name,
        role,
        is_active,
        timezone,
        password_hash,
        created_at,
        updated_at,
        version,
    ) = row
    return User(
        id=id,
        username=username,
        email=email,
        full_name=full_name,
        role=ROLE_AT[role],
        is_active=is_active,
        timezone=timezone,
        password_hash=password_hash,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )


def session_to_row(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "user_id": session.user_id,
        "refresh_hash": session.refresh_hash,
        "family_hash": session.family_hash,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
        "user_agent": session.user_agent,
        "ip_address": session.ip_address,
    }


def session_from_row(row: Sequence[Any]) -> Session:
    id, user_id, refresh_hash, family_hash, created_at, last_used_at, expires_at, user_agent, ip_address = row
    return Session(
        id=id,
        user_id=user_id,
        refresh_hash=refresh_hash,
        family_hash=family_hash,
        created_at=created_at,
        last_used_at=last_used_at,
        expires_at=expires_at,
        user_agent=user_agent,
        ip_address=ip_address,
    )
