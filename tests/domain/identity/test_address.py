from ipaddress import ip_network

import pytest

from domain.identity.address import address_block, parse_address, parse_network


@pytest.mark.parametrize(
    ("text", "address", "block"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:567", "192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::FFFF:C000:201", "192.0.2.1", "192.0.2.1"),
        ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1%eth0", "192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:443", "192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1", "2001:db8::/64"),
        ("2001:DB8:0:0:ffff:ffff:ffff:ffff", "2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:db8:0:1::", "2001:db8:0:1::", "2001:db8:0:1::/64"),
        ("[2001:db8::1]", "2001:db8::1", "2001:db8::/64"),
        ("[2001:db8::1]:80", "2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("[fe80::1%25eth0]:8080", "fe80::1", "fe80::/64"),
        ("::1", "::1", "::/64"),
    ],
)
def test_all_spellings_of_an_address_are_one_client(text: str, address: str, block: str) -> None:
    assert str(parse_address(text)) == address
    assert address_block(text) == block
    assert address_block(address) == block


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "1.2.3",
        "1.2.3.4:",
        "1.2.3.4:123456",
        "[::1",
        "[::1]x",
        "::1]:80",
        "01.2.3.4",
        "1.2.3.4 ",
        "[[::1]]",
    ],
)
def test_all_texts_without_an_address_are_one_client(text: str) -> None:
    assert parse_address(text) is None
    assert address_block(text) == "unknown"


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
        ("fd00::/8", "fd00::/8"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_of_mapped_addresses_is_an_ipv4_network(text: str, network: str) -> None:
    assert parse_network(text) == ip_network(network)
