import pytest

from domain.versions import ANY_VERSION, PreconditionFailed, VersionMatch


@pytest.mark.parametrize(
    "match",
    [
        ANY_VERSION,
        VersionMatch.one_of(2),
        VersionMatch.one_of(1, 2, 3),
        VersionMatch(refused=frozenset({1, 3})),
        VersionMatch(accepted=frozenset({2}), refused=frozenset({1})),
    ],
)
def test_a_version_that_is_accepted_and_not_refused_matches(match: VersionMatch) -> None:
    match.check(2)


@pytest.mark.parametrize(
    "match",
    [
        VersionMatch.one_of(),
        VersionMatch.one_of(1, 3),
        VersionMatch(refused=None),
        VersionMatch(refused=frozenset({1, 2})),
        VersionMatch(accepted=frozenset({2}), refused=frozenset({2})),
        VersionMatch(accepted=frozenset({2}), refused=None),
    ],
)
def test_another_or_a_refused_version_does_not_match(match: VersionMatch) -> None:
    with pytest.raises(PreconditionFailed):
        match.check(2)
