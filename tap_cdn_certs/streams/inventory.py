"""What an account has, listed once in a sync for all the streams that need it."""

from __future__ import annotations

import logging
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_cdn_certs.api.paging import Listing

logger = logging.getLogger("tap-cdn-certs")


class Inventory:
    """The items of a list that a setting selects.

    Args:
        provider: Whose it is.
        ask: Asks for all items.
        patterns: Globs for the keys, whose letters' case does not matter; all keys where there are none.
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
            if self._selects(key):
                yield item
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
        for pattern in self._patterns:
            if not any(_matches(key, pattern) for each in self._others for key in each.keys or ()):
                logger.warning("%s names %s, which %s.", setting, pattern, self.listing.nowhere)

    def _selects(self, key: str | None) -> bool:
        """Whether an item is selected; one without a key is, for its stream to report."""
        return not self._patterns or key is None or any(_matches(key, each) for each in self._patterns)


def _matches(key: str, pattern: str) -> bool:
    return fnmatchcase(key.lower(), pattern.lower())
