"""Which hosts are asked, and where: their names, their addresses, and those that are not for visitors."""

from __future__ import annotations

import json
import re
import socket
from contextlib import suppress
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import chain, zip_longest
from queue import Empty, Queue
from threading import Thread
from typing import Any

from tap_cdn_certs.errors import InvalidValueError

Address = IPv4Address | IPv6Address

LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
PLACE = re.compile(r"(?:\[([0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]|([^\[\]:/\s]+))(?::([0-9]{1,5}))?")
LONGEST = 253

# What is not for visitors: https://www.iana.org/assignments/iana-ipv4-special-registry. Python's own lists
# differ between versions. The last one is multicast, and what is reserved.
SPECIAL_IPV4 = [
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    )
]
# All that is global so far, and what of it is special, such as tunnels, which lead to any IPv4 address:
# https://www.iana.org/assignments/ipv6-address-space.
GLOBAL_IPV6 = ip_network("2000::/3")
SPECIAL_IPV6 = [ip_network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
# Networks without IPv4 reach its addresses by these: RFC 6052.
NAT64 = ip_network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether visitors could connect to an address from anywhere."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in SPECIAL_IPV4)
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in GLOBAL_IPV6 and not any(address in network for network in SPECIAL_IPV6)


def host_name(name: str) -> str | None:
    """The name of a host as DNS has it; None of a wildcard, which names none.

    Raises:
        InvalidValueError: It is no name.
    """
    # Imported late: it takes long, and few names need it.
    import idna  # noqa: PLC0415

    ascii_name = name.strip().rstrip(".")
    if ascii_name.startswith(("*", ".")):
        return None
    try:
        if not ascii_name.isascii():
            ascii_name = idna.encode(ascii_name, uts46=True).decode()
    except idna.IDNAError:
        raise InvalidValueError("It is not the name of a host: no A-label can be made of it.") from None
    labels = ascii_name.lower().split(".")
    # A last label in digits is an address's.
    if len(ascii_name) > LONGEST or labels[-1].isdigit() or not all(map(LABEL.fullmatch, labels)):
        raise InvalidValueError("It is not the name of a host.")
    return ".".join(labels)


def is_host(name: str) -> bool:
    """Whether a text is the name of a host."""
    try:
        return host_name(name) is not None
    except InvalidValueError:
        return False


def is_glob(name: str) -> bool:
    """Whether a text stands for several names."""
    return any(character in name for character in "*?[")


def matches(name: str, glob: str) -> bool:
    """Whether a glob stands for a name."""
    return fnmatchcase(name, glob.lower())


def routes(connect_to: Any) -> list[tuple[str, Any]]:
    """What a setting says of where to connect: globs of names, each with its `host:port`; closest first."""
    if isinstance(connect_to, str):
        # Meltano loses the names with dots of an object, but not of a text that is one in JSON.
        with suppress(ValueError):
            connect_to = json.loads(connect_to) if connect_to.startswith("{") else connect_to
    if not isinstance(connect_to, dict):
        return [("*", connect_to)] if connect_to else []
    # Nobody who writes or passes on an object has to keep its order.
    return sorted(connect_to.items(), key=lambda route: (is_glob(route[0]), -len(route[0])))


def place(written: str, port: int = 443) -> tuple[str, int] | None:
    """The host and the port of `host:port`, `[::1]:port` or `host`; None if it is none of these."""
    match = PLACE.fullmatch(written)
    if not match or not 0 < int(match[3] or port) < 2**16:
        return None
    return match[1] or match[2], int(match[3] or port)


def resolve(host: str, port: int, seconds: float) -> list[Any]:
    """The addresses of a host as a socket takes them, of IPv6 and IPv4 in turn: RFC 8305, 4.

    Raises:
        OSError: It has none, or nobody said so in time.
    """
    answers: Queue[Any] = Queue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    # The system's resolver cannot be told how long to wait, but be left alone.
    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if isinstance(found, Exception):
        raise socket.gaierror(str(found))
    kinds = dict.fromkeys(each[0] for each in found)
    families = [[each for each in found if each[0] is kind] for kind in kinds]
    return [each for each in chain.from_iterable(zip_longest(*families)) if each]


def address_of(found: Any) -> Address:
    """The address among what was found, without the zone of a link."""
    return ip_address(found[4][0].partition("%")[0])
