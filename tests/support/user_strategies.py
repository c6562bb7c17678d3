"""Hypothesis strategies for users and user queries. Values are close together, so that they collide."""

from dataclasses import fields
from typing import Any, Final

from hypothesis import strategies as st

from domain.identity.user import Role, User, validate_full_name
from domain.identity.user_query import UserFilter, UserOrder, UserSortField
from tests.support import strategies
from tests.support.builders import a_user

roles: Final = st.sampled_from(Role)
zone_names: Final = st.sampled_from(strategies.ZONES)
full_names: Final = st.none() | strategies.accepted(validate_full_name, strategies.phrases)
user_orders: Final = st.builds(UserOrder, st.sampled_from(UserSortField), st.booleans())
user_searches: Final = st.one_of(
    st.just(""), st.sampled_from(["ann", "ANN", "-", "@", "example", "%", "_", "mi", " \u3000 "]), strategies.searches
)
user_filter_values: Final[dict[str, st.SearchStrategy[Any]]] = {
    "search": user_searches,
    "role": st.none() | roles,
    "is_active": st.none() | st.booleans(),
}
"""A strategy for each field of a filter."""

user_filters: Final = st.builds(
    UserFilter, **{field.name: user_filter_values[field.name] for field in fields(UserFilter)}
)


def _user(fields: dict[str, Any]) -> User:
    stem = fields.pop("stem")
    user = a_user(**fields)
    name = f"{stem}-{user.id.hex}"
    return a_user(**{**fields, "id": user.id, "username": name, "email": f"{name[::-1]}@example.com"})


users: Final = st.fixed_dictionaries(
    {
        "stem": st.sampled_from(["ann", "Ann", "ANN", "ben", "_", "-"]),
        "full_name": full_names,
        "role": roles,
        "is_active": st.booleans(),
        "timezone": zone_names,
        "created_at": strategies.clock_times,
    }
).map(_user)
"""Users with unique ids and names."""
