"""What an account has, listed once in a sync for all the streams that need it."""

from __future__ import annotations

import logging
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_cdn_certs.api.paging import Listing
    from tap_cdn_certs.records.values import Item

logger = logging.getLogger("tap-cdn-certs")


class Inventory:
    """The items of a list that a setting selects.

    Args:
        provider: Whose it is.
        ask: Asks for all items.
        patterns: Globs for the keys, or names, whose letters' case does not matter; all where there are none.
        others: The inventories that the same globs select from, and where one that selects nothing is to be
            said; this one joins them.
    """

    def __init__(
        self,
        provider: str,
        listing: Listing,
        ask: Callable[[Listing], Iterator[Any]],
        patterns: Sequence[str],
        others: list[Inventory],
    ) -> None:
        self.listing = listing
        self.keys: list[str] | None = None  # of what is selected, once all is listed
        self.all_keys: set[str] = set()  # where the items are kept
        self._provider = provider
        self._ask = ask
        self._patterns = patterns
        self._kept: list[Any] | None = None
        self.found: set[str] = set()  # the globs that select something
        self._others = others
        if listing.nowhere:
            others.append(self)

    def __iter__(self) -> Iterator[Any]:
        """The items, asked for now unless they were kept."""
        if self._kept is not None:
            yield from self._kept
        elif self.listing.paging:
            yield from self._read()
        else:
            # All of it comes in one answer: it is all noted, also if somebody takes a part of it.
            yield from [*self._read()]

    def _read(self) -> Iterator[Any]:
        keys: list[str] = []
        kept: list[Any] = []
        for item in self._ask(self.listing):
            key = self.listing.identify(item)
            if self.listing.kept and key:
                self.all_keys.add(key)
            # One without a key is selected, for its stream to report.
            selecting = self._selecting(key, item) if key else []
            if selecting or not self._patterns or not key:
                yield item
                self.found.update(selecting)
                keys += [key] if key else []
                kept += [item] if self.listing.kept else []
        self.keys = keys
        self._kept = kept if self.listing.kept else None
        self._warn()

    def _warn(self) -> None:
        """Names the globs that select nothing, as soon as all lists are read that they select from."""
        if not self.listing.nowhere or any(each.keys is None for each in self._others):
            return
        setting = f"{self._provider}.{self.listing.selected_by}"
        found = {pattern for each in self._others for pattern in each.found}
        for pattern in self._patterns:
            if pattern not in found:
                logger.warning("%s names %s, which %s.", setting, pattern, self.listing.nowhere)

    def _selecting(self, key: str, item: Item) -> list[str]:
        """The globs that select an item."""
        name = item.get(self.listing.named) if self.listing.named else None
        names = [key.lower(), *([name.lower()] if isinstance(name, str) else [])]
        return [
            pattern for pattern in self._patterns if any(fnmatchcase(each, pattern.lower()) for each in names)
        ]
