import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import WeakPassword
from domain.identity.password import PasswordPolicy, hashed_forms, normalize_password
from tests.support.strategies import any_text

COMPOSED = PasswordPolicy.composed({"password1!", "straßenbahn1!".casefold()})
NIST = PasswordPolicy.nist({"correct horse battery"})


def is_accepted(
    password: str, policy: PasswordPolicy = COMPOSED, username: str = "ann", email: str = "ann@x.de"
) -> bool:
    try:
        assert policy.validate(password, username=username, email=email) == normalize_password(password)
    except WeakPassword as error:
        assert (error.code, error.field) == ("WEAK_PASSWORD", "password")
        assert str(error).startswith("password ")
        return False
    return True


@pytest.mark.parametrize(
    "password",
    [
        "Abcdef1!",
        "Abcdef1!" * 16,
        "\u00c4bcdef1\u20ac",
        "\u0416\u0436\u0436\u0436\u0436\u0436\u0661_",
        "A b c d 1 !",
        "Abcdefg1\u0301",
    ],
    ids=["8", "128", "umlaut and euro sign", "Cyrillic", "spaces", "combining mark"],
)
def test_a_password_with_all_four_kinds_of_characters_is_accepted(password: str) -> None:
    assert is_accepted(password)


@pytest.mark.parametrize(
    "password",
    [
        "abcdef1!",
        "ABCDEF1!",
        "Abcdefg!",
        "Abcdefg1",
        "Abcdef1 ",
        "Abcdef\u00e9\u00e91",
        "\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d1!",
    ],
    ids=["no upper", "no lower", "no digit", "no special", "space is not special", "letter is not special", "no case"],
)
def test_a_password_without_one_kind_of_characters_is_weak(password: str) -> None:
    assert not is_accepted(password)


@pytest.mark.parametrize(
    ("policy", "shortest"), [(COMPOSED, "Abcdef1!"), (NIST, "fifteen letters")], ids=["composed", "nist"]
)
def test_a_password_has_the_minimum_length_of_the_policy_and_at_most_128_characters(
    policy: PasswordPolicy, shortest: str
) -> None:
    assert is_accepted(shortest, policy)
    assert not is_accepted(shortest[1:], policy)
    assert is_accepted(shortest.ljust(128, "x"), policy)
    assert not is_accepted(shortest.ljust(129, "x"), policy)
    assert not is_accepted("", policy)


def test_the_length_is_counted_in_characters_not_bytes() -> None:
    assert is_accepted("\U0001f600" * 128, NIST)
    assert not is_accepted("\U0001f600" * 14, NIST)


def test_a_nist_password_needs_no_special_kinds_of_characters() -> None:
    assert is_accepted("aaaaaaaaaaaaaaa", NIST)
    assert is_accepted(" " * 15, NIST)


@pytest.mark.parametrize("policy", [COMPOSED, NIST], ids=["composed", "nist"])
@pytest.mark.parametrize("character", ["\x00", "\ud800", "\udfff"], ids=["NUL", "high surrogate", "low surrogate"])
def test_a_password_with_nul_or_a_surrogate_is_weak(policy: PasswordPolicy, character: str) -> None:
    assert not is_accepted(f"Abcdefghijklm1!{character}", policy)


@pytest.mark.parametrize("password", ["Password1!", "pASSWORD1!", "Stra\u00dfenbahn1!", "Strassenbahn1!"])
def test_a_common_password_is_weak_in_any_case(password: str) -> None:
    assert not is_accepted(password)
    assert is_accepted(password + "x")


@pytest.mark.parametrize("password", ["Passw0rd!", "#1Passw0rd", "!!Passw0rd?", "Password1!*", "_Passw0rd_"])
def test_a_common_password_with_special_characters_around_it_is_weak(password: str) -> None:
    assert not is_accepted(password, PasswordPolicy.composed({"passw0rd", "1passw0rd", "password1"}))


def test_special_characters_inside_a_common_password_make_it_uncommon() -> None:
    assert is_accepted("Pass-w0rd", PasswordPolicy.composed({"passw0rd"}))


def test_the_nist_policy_refuses_common_passwords_too() -> None:
    assert not is_accepted("Correct Horse Battery", NIST)
    assert is_accepted("Correct Horse Battery Staple", NIST)


@pytest.mark.parametrize("policy", [COMPOSED, NIST], ids=["composed", "nist"])
@pytest.mark.parametrize(
    ("username", "email"),
    [
        ("anna", "x@example.com"),
        ("ANNA", "x@example.com"),
        ("zoe", "anna@example.com"),
        ("zoe", "Anna@example.com"),
    ],
)
def test_a_password_that_contains_username_or_email_is_weak_in_any_case(
    policy: PasswordPolicy, username: str, email: str
) -> None:
    for password in ("anna-Plus-2-words", "2-wOrds-plus-ANNA", "Hosanna-2-and-more"):
        assert not is_accepted(password, policy, username, email)
        assert is_accepted(password.replace("nn", "mm").replace("NN", "MM"), policy, username, email)


@pytest.mark.parametrize(
    ("username", "email"), [("ann", "x@example.com"), ("zoe", "ann@example.com"), ("zoe", "a@example.com")]
)
def test_a_password_may_contain_a_name_shorter_than_4_characters(username: str, email: str) -> None:
    assert is_accepted("Hosanna-2", username=username, email=email)


def test_a_password_may_contain_the_domain_of_the_email_address() -> None:
    assert is_accepted("Example-2-words", email="anna@example.com")


def test_the_rules_are_about_the_normalized_password() -> None:
    assert is_accepted("e\u0301" * 128, NIST)
    assert not is_accepted("e\u0301" * 129, NIST)
    assert not is_accepted("\ufb2c" * 43, NIST), "NFC replaces this character by three"
    assert is_accepted("Abcdef1e\u0300!") and not is_accepted("Abcdefg1e\u0300"), "a mark is part of its letter"
    assert not is_accepted("correct\u00a0horse\u2003battery", NIST)


def test_passwords_are_normalized_as_opaque_strings() -> None:
    """RFC 8265, section 4.2.2."""
    assert normalize_password("e\u0301 \u1680\u3000\u212b") == "\u00e9   \u00c5"
    for kept in ("\uff41", "\ufb01", "\u200b", "\t", "A", "e\u0301" * 1000):
        assert normalize_password(kept) == kept


def test_a_hash_has_the_normalized_form_or_the_typed_one() -> None:
    assert hashed_forms("e\u0301") == ("\u00e9", "e\u0301")
    assert hashed_forms("\u00e9") == ("\u00e9",)


@given(
    any_text | st.text(st.sampled_from("aA1! \u00df\u0130\x00\ud800"), max_size=140),
    st.sampled_from([COMPOSED, NIST]),
    st.sampled_from(["ann", "aaaa", "A1A1"]),
)
def test_every_accepted_password_meets_all_rules(password: str, policy: PasswordPolicy, username: str) -> None:
    if is_accepted(password, policy, username, "A-a-A@x.de"):
        password = normalize_password(password)
        assert normalize_password(password) == password
        assert policy.min_length <= len(password) <= 128
        assert "\x00" not in password and password.encode()
        assert len(username) < 4 or username.casefold() not in password.casefold()
        assert "a-a-a" not in password.casefold() not in policy.common
        assert policy is NIST or all(any(map(kind, password)) for kind in (str.isupper, str.islower, str.isdigit))
