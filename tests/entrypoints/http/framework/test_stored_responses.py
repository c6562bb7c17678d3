from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.framework.idempotency import StoredResponse


def test_a_payload_is_one_line_of_json_and_the_body() -> None:
    payload = StoredResponse(201, {"ETag": '"1"'}, b'{"id":1}').encode()

    assert payload == b'{"status": 201, "headers": {"ETag": "\\"1\\""}}\n{"id":1}'


@given(st.builds(StoredResponse, st.integers(100, 599), st.dictionaries(st.text(), st.text()), st.binary()))
def test_an_encoded_response_is_decoded_unchanged(response: StoredResponse) -> None:
    assert StoredResponse.decode(response.encode()) == response
