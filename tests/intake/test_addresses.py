"""Tests of the address rule: a table of traps, and every form of an IPv4 address inside an IPv6 address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alive402.intake.addresses import is_link_local, is_public

TRAPS = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101", "2002:101:101::", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", TRAPS)
def test_trap_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_is_public(address: str) -> None:
    assert is_public(address)


def embeddings(inner: IPv4Address) -> list[IPv6Address]:
    bits = int(inner)
    prefixes = ("::ffff:0.0.0.0", "64:ff9b::", "::ffff:0:0.0.0.0", "::")
    return [IPv6Address(int(IPv6Address(prefix)) | bits) for prefix in prefixes] + [
        IPv6Address((0x2002 << 112) | (bits << 80))
    ]


@given(st.ip_addresses(v=4))
def test_embedded_ipv4_address_decides(inner: IPv4Address) -> None:
    for outer in embeddings(inner):
        assert is_public(str(outer)) == is_public(str(inner)), outer


@given(st.ip_addresses())
def test_public_address_is_never_special(address: IPv4Address | IPv6Address) -> None:
    if is_public(str(address)):
        assert not address.is_loopback
        assert not address.is_multicast
        assert not address.is_link_local
        assert not address.is_unspecified


@given(st.text(max_size=40))
def test_invalid_address_raises_value_error(text: str) -> None:
    try:
        ip_address(text.split("%", 1)[0])
    except ValueError:
        with pytest.raises(ValueError, match=r"\S"):
            is_public(text)


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "fe80::1", "64:ff9b::a9fe:a9fe"])
def test_metadata_addresses_are_link_local_in_any_form(address: str) -> None:
    assert is_link_local(address)
    assert not is_link_local("127.0.0.1")
