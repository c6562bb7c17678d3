from uuid import UUID

from structlog.testing import capture_logs

from entrypoints.server.refusals import Overloaded, Refusals


def test_a_refused_request_is_logged_with_an_id_of_the_service() -> None:
    with capture_logs() as captured:
        response = Refusals().respond(Overloaded(), [(b"x-request-id", b"mine")], b"/", [])

    (line,) = captured
    assert (line["event"], line["request_id"]) == ("request refused", "mine")
    assert UUID(line["correlation_id"])
    assert b"x-request-id: mine" in response
