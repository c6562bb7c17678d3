import pytest

from domain.errors import InvalidValue


def raises_invalid(field: str, rule: str) -> pytest.RaisesExc[InvalidValue]:
    """Expect an InvalidValue of this field and rule."""
    return pytest.raises(InvalidValue, check=lambda error: (error.field, error.rule) == (field, rule))
