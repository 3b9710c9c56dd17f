"""What the streams of a sync share: its instant, the accounts and their clients, the report, the stop."""

from __future__ import annotations

from collections import defaultdict
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from tap_cdn_certs.records.values import now
from tap_cdn_certs.streams.ahead import Readers
from tap_cdn_certs.streams.inventory import Inventory
from tap_cdn_certs.streams.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cdn_certs.api.client import Client
    from tap_cdn_certs.api.paging import Listing


class Run:
    """One sync of the configured accounts.

    Args:
        settings: The providers' settings, by provider.
        clients: Each provider's client.
        strict: Whether anything that could not be read makes it fail.
    """

    def __init__(
        self,
        settings: Mapping[str, Mapping[str, Any]],
        clients: Mapping[str, type[Client]],
        *,
        strict: bool = False,
    ) -> None:
        self.settings = settings
        self.synced_at = now()
        self.stopped = Event()
        self.report = Report(self.synced_at, strict=strict)
        self.readers = Readers()
        self._classes = clients
        self._making = Lock()
        self._clients: dict[str, Client] = {}
        self._inventories: dict[tuple[str, str], Inventory] = {}
        self._selected: defaultdict[tuple[str, str | None], list[Inventory]] = defaultdict(list)

    def account(self, provider: str) -> str:
        """The label of a provider's account."""
        return str(self.settings.get(provider, {}).get("account"))

    def client(self, provider: str) -> Client:
        """The client of a provider's account, one for all its streams."""
        with self._making:
            if provider not in self._clients:
                self._clients[provider] = self._classes[provider](self.settings[provider], self.stopped)
            return self._clients[provider]

    def inventory(self, provider: str, listing: Listing) -> Inventory:
        """A list of a provider's account, for all streams that need it."""
        name = provider, listing.operation
        with self._making:
            if name not in self._inventories:
                patterns = self.settings[provider][listing.selected_by] if listing.selected_by else []
                self._inventories[name] = Inventory(
                    provider,
                    listing,
                    lambda asked: self.client(provider).listing(asked),
                    patterns,
                    self._selected[provider, listing.selected_by],
                )
            return self._inventories[name]
