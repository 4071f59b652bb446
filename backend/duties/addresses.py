"""Which addresses our requests to others' servers may go to: a merchant names the server, and
must not reach through us what only we can reach."""

from __future__ import annotations

import socket
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

IpAddress = IPv4Address | IPv6Address

_NAT64: Final = ip_network("64:ff9b::/96")


class Reach(Enum):
    """How far requests may go."""

    PUBLIC = "public"
    LOOPBACK = "loopback"  # this machine too
    ANY = "any"


class AddressRefused(Exception):
    """The name leads to an address that requests may not go to, or to none."""


def open_socket(host: str, port: int, reach: Reach, timeout_s: float) -> socket.socket:
    """A connection to the first of the host's addresses that takes one. The very address that was
    looked at is connected to, so that no second answer of a name server can lead elsewhere.

    Raises AddressRefused or OSError.
    """
    allowed = [each for each in _addresses(host, port) if may_reach(each, reach)]
    if not allowed:
        raise AddressRefused("the address is not a public one")
    failure: OSError = OSError("no address")
    for each in allowed:
        try:
            return socket.create_connection((str(each), port), timeout_s)
        except OSError as broken:
            failure = broken
    raise failure


def may_reach(address: IpAddress, reach: Reach) -> bool:
    """Whether a request may go to this address."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return may_reach(address.ipv4_mapped, reach)
        # Ways to write an IPv4 address that a router may lead to it by.
        if address.sixtofour is not None or address.teredo is not None or address in _NAT64:
            return reach is Reach.ANY
    if reach is Reach.ANY or (reach is Reach.LOOPBACK and address.is_loopback):
        return True
    return address.is_global and not address.is_multicast


def _addresses(host: str, port: int) -> list[IpAddress]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A scope (fe80::1%eth0) belongs to link-local addresses, which nobody may name.
    texts = [str(entry[4][0]) for entry in found]
    return [ip_address(text) for text in dict.fromkeys(texts) if "%" not in text]
