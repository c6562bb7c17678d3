import socket

import pytest

from entrypoints.server.sockets import listen


@pytest.mark.parametrize(
    ("host", "accepted"),
    [("::", {"127.0.0.1": True, "::1": True}), ("0.0.0.0", {"127.0.0.1": True, "::1": False})],
)
def test_the_ipv6_wildcard_also_accepts_ipv4(host: str, accepted: dict[str, bool]) -> None:
    (listening,) = listen(host, 0)
    with listening:
        listening.listen()
        assert {peer: connects(peer, listening.getsockname()[1]) for peer in accepted} == accepted


def connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port)).close()
    except ConnectionRefusedError:
        return False
    return True


def test_all_addresses_of_a_host_get_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = [(socket.AF_INET, 1, 6, "", ("127.0.0.1", 0)), (socket.AF_INET6, 1, 6, "", ("::1", 0, 0, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)

    sockets = listen("tasks.test", 0)

    assert [each.getsockname()[0] for each in sockets] == ["127.0.0.1", "::1"]
    assert len({each.getsockname()[1] for each in sockets}) == 1
    for each in sockets:
        each.close()


def test_an_address_of_another_machine_cannot_be_used() -> None:
    with pytest.raises(OSError, match="assign requested address"):
        listen("192.0.2.1", 0)


def test_a_port_in_use_cannot_be_used() -> None:
    (listening,) = listen("127.0.0.1", 0)
    with listening, pytest.raises(OSError, match="in use"):
        listening.listen()
        listen("127.0.0.1", listening.getsockname()[1])
