"""Visits to hosts: at most so many at once and in a period, each of them bounded in time and memory."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_cdn_certs.api.account import Account
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.providers.edge.hosts import address_of, is_public, matches, place, resolve, routes
from tap_cdn_certs.providers.edge.visit import FailedError, Visit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from threading import Event

HANDSHAKE = "TLSHandshake"
# Of a host: those that come first get their share of the time.
MOST_ADDRESSES = 6


class EdgeClient(Account):
    """Connects to hosts, reads what they show in a TLS handshake, and says nothing more to them."""

    provider = "edge"
    rate_limits: ClassVar[Mapping[str, Limit]] = {"edge": Limit()}

    def __init__(self, settings: Mapping[str, Any], stopped: Event) -> None:
        # Imported late: the package is an extra, and takes long.
        from tap_cdn_certs.providers.edge import handshake  # noqa: PLC0415

        super().__init__(settings, stopped)
        self._port: int = settings["port"]
        self._routes = routes(settings.get("connect_to"))
        self._allow_private: bool = settings["allow_private"]
        self._timeout: float = settings["timeout"]
        self._shake_hands = handshake.Handshakes(settings.get("ca_bundle"))

    @override
    def bottleneck(self, operation: str) -> None:
        """Nothing: each host is another's, and the limit is no provider's."""

    def visit(self, host: str) -> Visit:
        """What a host shows. Called in many threads at once."""
        self.limits[HANDSHAKE].acquire()
        visit = Visit()
        seconds = self._timeout if self.patience is None else min(self._timeout, self.patience)
        deadline = time.monotonic() + seconds
        try:
            with self._connected(host, deadline, visit) as transport:
                visit.is_connected = True
                self._shake_hands(host, transport, deadline, visit)
        except FailedError as error:
            visit.error = error.code
        return visit

    def _connected(self, host: str, deadline: float, visit: Visit) -> socket.socket:
        """A connection to a host, or to where the settings say.

        Raises:
            FailedError: There is none.
        """
        route = next((there for glob, there in self._routes if matches(host, glob)), None)
        there = place(route or host, self._port)
        assert there  # noqa: S101 - the settings and the names were checked
        visit.port = there[1]
        try:
            found = resolve(*there, deadline - time.monotonic())
        except OSError:
            raise FailedError("not_resolved") from None
        # What the settings name is the user's word, wherever it is; what a name resolves to is anybody's.
        if not (route or self._allow_private):
            visit.address = str(address_of(found[0]))
            found = [each for each in found if is_public(address_of(each))]
            if not found:
                raise FailedError("not_public")
        return connect(found[:MOST_ADDRESSES], deadline, visit)


def connect(found: list[Any], deadline: float, visit: Visit) -> socket.socket:
    """A connection to the first of some addresses that takes one; the name is not resolved again.

    Raises:
        FailedError: None does.
    """
    code = "unreachable"
    for tried, each in enumerate(found):
        family, kind, protocol, _, there = each
        visit.address = str(address_of(each))
        seconds = (deadline - time.monotonic()) / (len(found) - tried)
        if seconds <= 0:
            raise FailedError("timed_out")
        try:
            transport = socket.socket(family, kind, protocol)
        except OSError:
            # This machine does not have the protocol.
            continue
        transport.settimeout(seconds)
        try:
            transport.connect(there)
        except OSError as error:
            transport.close()
            refused = "refused" if isinstance(error, ConnectionRefusedError) else "unreachable"
            code = "timed_out" if isinstance(error, TimeoutError) else refused
        else:
            return transport
    raise FailedError(code)
