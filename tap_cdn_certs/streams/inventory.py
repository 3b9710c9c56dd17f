"""What an account has, listed once in a sync for all the streams that need it."""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import lru_cache
from threading import Condition, Lock
from typing import TYPE_CHECKING, Any

from tap_cdn_certs.errors import APIError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_cdn_certs.api.paging import Listing
    from tap_cdn_certs.records.values import Item

logger = logging.getLogger("tap-cdn-certs")

_saying = Lock()


class Inventory:
    """The items of a list that a setting selects.

    One stream lists them; others, in threads of their own, follow: they have the keys of what is listed so
    far. What is kept, or comes in one answer, is listed whole by whoever needs it first.

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
        self.whole = False  # whether all is listed
        self.all_keys: set[str] = set()  # where the items are kept
        self.found: set[str] = set()  # the globs that select something
        self._provider = provider
        self._ask = ask
        self._patterns = patterns
        self._others = others
        self._keys: list[str] = []  # of what is selected
        self._kept: list[Any] = []
        self._error: BaseException | None = None
        self._source: Iterator[Any] | None = None
        self._users = 0
        self._at_once = listing.kept or not listing.paging
        self._listing = Lock()
        self._changed = Condition()
        if listing.nowhere:
            others.append(self)

    @property
    def total(self) -> int | None:
        """How many keys are selected, once all is listed."""
        return len(self._keys) if self.whole else None

    def join(self) -> bool:
        """Whether who needs the list is the first: those that come later follow."""
        with self._changed:
            self._users += 1
            return self._users == 1

    def leave(self, *, first: bool) -> None:
        """Who needed the list takes no more; what the first left, the others still need."""
        with self._changed:
            self._users -= 1
        if first and self._users and not (self.whole or self._error):
            with suppress(APIError):
                deque(self._all() if self._at_once else self._read(), 0)

    def __iter__(self) -> Iterator[Any]:
        """The items.

        Raises:
            APIError: The list cannot be read, or not to its end.
        """
        if self._at_once:
            yield from self._all()
            return
        self._keys, self._source = [], None
        yield from self._read()

    def listed_keys(self) -> Iterator[str]:
        """The keys of the items, as the first stream lists them.

        Raises:
            APIError: The list cannot be read, or not to its end.
        """
        number = 0
        while self._has(number):
            yield self._keys[number]
            number += 1
        if self._error:
            raise self._error

    def _has(self, number: int) -> bool:
        """Waits until more keys than so many are listed, or all."""
        with self._changed:
            self._changed.wait_for(lambda: number < len(self._keys) or self.whole or self._error)
        return number < len(self._keys)

    def _all(self) -> Iterator[Any]:
        """The items, once all are listed that can be."""
        with self._listing:
            if not (self.whole or self._error):
                with suppress(APIError):
                    self._kept.extend(self._read())
        yield from self._kept
        if self._error:
            raise self._error

    def _read(self) -> Iterator[Any]:
        """What was not listed yet."""
        try:
            self._source = self._source or self._ask(self.listing)
            for item in self._source:
                key = self.listing.identify(item)
                if self.listing.kept and key:
                    self.all_keys.add(key)
                # One without a key is selected, for its stream to report.
                selecting = self._selecting(key, item) if key else []
                if selecting or not self._patterns or not key:
                    self.found.update(selecting)
                    self._note([key] if key else [])
                    yield item
        except Exception as error:
            self._note([], error)
            raise
        self.whole = True
        self._note([])
        self._warn()

    def _note(self, keys: list[str], error: BaseException | None = None) -> None:
        """Tells those that follow."""
        with self._changed:
            self._keys += keys
            self._error = error
            self._changed.notify_all()

    def _warn(self) -> None:
        """Names the globs that select nothing, as soon as all lists are read that they select from."""
        with _saying:
            if self not in self._others or not all(each.whole for each in self._others):
                return
            found = {pattern for each in self._others for pattern in each.found}
            self._others.clear()
        setting = f"{self._provider}.{self.listing.selected_by}"
        for pattern in self._patterns:
            if pattern not in found:
                logger.warning("%s names %s, which %s.", setting, pattern, self.listing.nowhere)

    def _selecting(self, key: str, item: Item) -> list[str]:
        """The globs that select an item."""
        name = item.get(self.listing.named) if self.listing.named else None
        names = [a_label(each) for each in (key, name) if isinstance(each, str)]
        return [
            pattern
            for pattern in self._patterns
            if any(fnmatchcase(each, a_label(pattern)) for each in names)
        ]


@lru_cache(maxsize=4096)
def a_label(name: str) -> str:
    """A name in small letters, as DNS has it if it is in others than English."""
    with suppress(UnicodeError):
        name = name if name.isascii() else name.encode("idna").decode()
    return name.lower()
