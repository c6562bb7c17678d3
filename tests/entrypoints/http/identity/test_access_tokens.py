"""Valid and invalid access tokens (RFC 7519, RFC 8725)."""

import base64
import json
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import jwt
import pytest
from httpx2 import AsyncClient

from tests.entrypoints.http.given import ME, SECRET_KEY, TASKS, Json, SettableClock, in_memory, log_in
from tests.support.builders import NOW

pytestmark = in_memory

ISSUED: Final = int(NOW.timestamp())
OTHER_KEY: Final = SECRET_KEY[::-1]

WRONG_HEADERS: Final[dict[str, Json]] = {
    "unknown kid": {"kid": "2"},
    "empty kid": {"kid": ""},
    "path as kid": {"kid": "../../dev/null"},
    "no type": {"typ": None},
    "type of an id token": {"typ": "JWT"},
    "type in other case": {"typ": "AT+JWT "},
    "critical extension": {"crit": ["exp"]},
    "empty critical list": {"crit": []},
    "unencoded payload": {"crit": ["b64"], "b64": False},
}
WRONG_CLAIMS: Final[dict[str, Json]] = {
    "expired": {"exp": ISSUED},
    "long expired": {"exp": 0},
    "from the future": {"iat": ISSUED + 60},
    "not yet to be used": {"nbf": ISSUED + 60},
    "to be used at no time": {"nbf": "soon"},
    "another issuer": {"iss": "other"},
    "another audience": {"aud": "other"},
    "no audience": {"aud": []},
    "subject is no id": {"sub": "ann"},
    "subject is a number": {"sub": 1},
    "subject is empty": {"sub": ""},
    "expiry is text": {"exp": str(ISSUED + 60)},
    "expiry is infinite": {"exp": float("inf")},
    "expiry is a flag": {"exp": True},
    "issued is null": {"iat": None},
}


async def claims_of(client: AsyncClient) -> tuple[Json, Json]:
    token = client.headers["Authorization"].removeprefix("Bearer ")
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


async def status(client: AsyncClient, token: str) -> int:
    response = await client.get(ME, headers={"Authorization": f"Bearer {token}"})
    if response.status_code == 401:
        assert response.json()["error_code"] == "INVALID_TOKEN"
    return response.status_code


def signed(header: Json, claims: Json, key: str = SECRET_KEY, algorithm: str | None = "HS256") -> str:
    return jwt.encode(claims, key, algorithm, headers=header)


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_a_token_contains_the_documented_claims(ann: AsyncClient) -> None:
    header, claims = await claims_of(ann)
    user = (await ann.get(ME)).json()

    assert header == {"alg": "HS256", "typ": "at+jwt", "kid": header["kid"]}
    assert {"iss", "aud", "sub", "jti", "iat", "exp"} <= set(claims)
    assert claims["sub"] == user["id"]
    assert (claims["iat"], claims["exp"]) == (ISSUED, ISSUED + 15 * 60)
    assert await status(ann, signed(header, claims)) == 200


@pytest.mark.parametrize("wrong", WRONG_HEADERS.values(), ids=WRONG_HEADERS)
async def test_a_token_with_another_header_is_refused(ann: AsyncClient, wrong: Json) -> None:
    header, claims = await claims_of(ann)
    assert await status(ann, signed(header | wrong, claims)) == 401


@pytest.mark.parametrize("wrong", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
async def test_a_token_with_other_claims_is_refused(ann: AsyncClient, wrong: Json) -> None:
    header, claims = await claims_of(ann)
    assert await status(ann, signed(header, claims | wrong)) == 401


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "jti", "iat", "exp"])
async def test_a_token_without_a_claim_is_refused(ann: AsyncClient, claim: str) -> None:
    header, claims = await claims_of(ann)
    del claims[claim]
    assert await status(ann, signed(header, claims)) == 401


async def test_a_token_without_key_id_is_refused(ann: AsyncClient) -> None:
    header, claims = await claims_of(ann)
    del header["kid"]
    assert await status(ann, signed(header, claims)) == 401


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
async def test_a_token_with_another_algorithm_is_refused(ann: AsyncClient, algorithm: str) -> None:
    header, claims = await claims_of(ann)
    assert await status(ann, jwt.encode(claims, SECRET_KEY, algorithm, headers=header | {"alg": algorithm})) == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "RS256", "HS256 ", None, ["HS256"]])
async def test_an_unsigned_token_is_refused(ann: AsyncClient, algorithm: object) -> None:
    header, claims = await claims_of(ann)
    signature = ann.headers["Authorization"].rpartition(".")[2]
    for end in ("", signature):
        assert await status(ann, f"{segment({**header, 'alg': algorithm})}.{segment(claims)}.{end}") == 401


async def test_a_token_signed_with_another_key_is_refused(ann: AsyncClient) -> None:
    header, claims = await claims_of(ann)
    assert await status(ann, signed(header, claims, OTHER_KEY)) == 401


async def test_a_token_changed_after_signing_is_refused(ann: AsyncClient) -> None:
    header, claims = await claims_of(ann)
    first, second, third = ann.headers["Authorization"].removeprefix("Bearer ").split(".")
    for token in (
        f"{first}.{segment(claims | {'sub': str(uuid4())})}.{third}",
        f"{segment(header | {'x': 1})}.{second}.{third}",
        f"{first}.{second}.{third[:-2]}",
        f"{first}.{second}.",
        f"{first}.{second}",
        f"{first}.{second}.{third}.{third}",
        f".{second}.{third}",
    ):
        assert await status(ann, token) == 401, token


@pytest.mark.parametrize(
    "token",
    [
        "x",
        ".",
        "..",
        "a.b.c",
        "\x00",
        "\xff\xfe",
        "x" * 100_000,
        "." * 100_000,
        f"{segment([])}.{segment([])}.x",
        f"{segment({'alg': 'HS256', 'typ': 'at+jwt', 'kid': ['1']})}.{segment({})}.x",
        f"{segment({'alg': 'HS256', 'typ': 'at+jwt', 'kid': {}})}.{segment({})}.x",
        f"{segment(b'[' * 50_000)}.{segment({})}.x",
        f"{segment({'alg': 'HS256', 'typ': 'at+jwt', 'kid': '1'})}.{segment(b'[' * 50_000)}.x",
        f"{segment(b'9' * 10_000)}.{segment({})}.x",
        f"{segment(bytes([0xFF]))}.{segment({})}.x",
        "e30.e30.e30",
    ],
    ids=lambda token: ascii(token[:20]),
)
async def test_malformed_tokens_are_refused(client: AsyncClient, token: str) -> None:
    response = await client.get(ME, headers=[(b"Authorization", b"Bearer " + token.encode("latin-1"))])
    assert response.status_code == 401
    assert response.json()["error_code"] == "INVALID_TOKEN"


async def test_a_token_is_valid_for_15_minutes(ann: AsyncClient, clock: SettableClock) -> None:
    clock.advance(timedelta(minutes=15) - timedelta(microseconds=1))
    assert (await ann.get(TASKS)).status_code == 200
    clock.advance(timedelta(microseconds=1))
    response = await ann.get(TASKS)
    assert (response.status_code, response.json()["error_code"]) == (401, "INVALID_TOKEN")
    assert response.json()["detail"] == "token is expired"
    challenge = 'Bearer error="invalid_token", error_description="token is expired"'
    assert response.headers["WWW-Authenticate"] == challenge
    await log_in(ann, "ann")
    assert (await ann.get(TASKS)).status_code == 200


class TestConfiguredLifetime:
    @pytest.fixture
    def options(self) -> dict[str, Any]:
        return {"access_token_expire_minutes": 1}

    async def test_a_token_is_valid_for_the_configured_time(self, ann: AsyncClient, clock: SettableClock) -> None:
        clock.advance(timedelta(seconds=59))
        assert (await ann.get(ME)).status_code == 200
        clock.advance(timedelta(seconds=1))
        assert (await ann.get(ME)).status_code == 401
