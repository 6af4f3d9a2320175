"""Tells whether a resolved address is on the public internet. Checks the address that is dialled, not the URL."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# Python's `is_global` follows the registries and accepts these blocks; each can reach an internal network.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(block)
    for block in (
        "100.64.0.0/10",  # carrier-grade NAT; one cloud's metadata service is in it
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Global unicast is the only block of IPv6 that is allocated to hosts on the internet.
_GLOBAL_UNICAST_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
        "3ffe::/16",  # the 6bone, returned
        "2620:4f:8000::/48",  # AS112 sinks
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")
_COMPATIBLE = IPv6Network("::/96")


def is_public(address: str) -> bool:
    """Whether `address`, as a resolver gives it, belongs to a host on the public internet.

    An IPv6 address that embeds an IPv4 address is judged by the IPv4 address.

    >>> is_public("93.184.216.34"), is_public("100.100.100.200"), is_public("64:ff9b::a9fe:a9fe")
    (True, False, False)

    Raises:
        ValueError: not an IP address.
    """
    parsed = ip_address(address.split("%", 1)[0])
    if "%" in address:
        # A zone names a local link.
        return False
    if isinstance(parsed, IPv6Address):
        inner = _carried(parsed)
        if inner is None:
            return _public_6(parsed)
        parsed = inner
    return _public_4(parsed)


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address embeds, in any encoding that a gateway may translate."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _SIX_TO_FOUR:
        return address.sixtofour
    if any(address in block for block in (_NAT64, _TRANSLATED, _COMPATIBLE)):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _public_4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in block for block in _NOT_PUBLIC_4)


def _public_6(address: IPv6Address) -> bool:
    return (
        address in _GLOBAL_UNICAST_6
        and address.is_global
        and address not in _NAT64_LOCAL
        and not any(address in block for block in _NOT_PUBLIC_6)
    )


def is_link_local(address: str) -> bool:
    """Whether `address` is link-local or a cloud's metadata service: never fetched, even with private hosts allowed.

    Raises:
        ValueError: not an IP address.
    """
    parsed = ip_address(address.split("%", 1)[0])
    if isinstance(parsed, IPv6Address):
        parsed = _carried(parsed) or parsed
    return parsed.is_link_local or str(parsed) in _METADATA


_METADATA = ("100.100.100.200", "fd00:ec2::254", "fd20:ce::254")
