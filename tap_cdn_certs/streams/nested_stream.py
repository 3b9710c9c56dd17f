"""Streams of lists in a list."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_cdn_certs.api.fan_out import fan_out
from tap_cdn_certs.errors import APIError, Reach, TooLargeError
from tap_cdn_certs.streams.detail_stream import DetailStream
from tap_cdn_certs.streams.stream import ROOM, Alike

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tap_cdn_certs.api.paging import Listing
    from tap_cdn_certs.records.values import Record


# Items of a list that are held until those of the keys before it are written, in characters.
READ_AHEAD = 2**20
# Items of all lists that are held until they are written: fewer where they are large.
HELD = 2**24


class NestedStream(DetailStream):
    """A stream whose records are the items of the lists that the keys of another list have.

    A key whose list fails is one row in `sync_errors`, under the key; the lists of the others are read. An
    item that fails has both keys there: `key/item`, or `key/#3` if it does not say what it is.
    """

    # An item had no request of its own.
    gives_up = False
    # Whether the provider refuses some keys to everybody: that many are refused says nothing of the others.
    some_refused: ClassVar[bool] = False
    # Of a page where many are held at once. One that is larger is asked for again in its turn, alone.
    sizes = (2**21, 100_000)
    sizes_alone: ClassVar[tuple[int, int]] = (2**24, 500_000)

    _size = 1  # characters of the item that is read

    # The list of a key; its requests have the stream's `path` and `parameters`.
    items: ClassVar[Listing]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "items" in cls.__dict__ and "operation" not in cls.__dict__:
            cls.operation = cls.items.operation

    def items_of(self, key: str) -> Iterator[Any]:
        """The items of a key's list, of which the first are read here. Called in many threads at once.

        Raises:
            APIError: The list cannot be read, and nothing of it was; else its items come before the error.
        """
        parameters = {**self.items.parameters, **self.parameters(key)}
        path = self.path_of(key) or self.items.path
        listing = replace(self.items, path=path, parameters=parameters)
        items: Iterator[Any] = self.client.listing(replace(listing, sizes=self.sizes))
        first: list[Any] = []
        held = 0
        try:
            for item in items:
                first.append(item)
                held += len(repr(item))
                if held > READ_AHEAD:
                    break
        except TooLargeError:
            return iter(self.client.listing(replace(listing, sizes=self.sizes_alone)))
        except APIError as error:
            if not first:
                raise
            items = map(fail, [error])
        return chain(first, items)

    @override
    def room(self) -> int:
        return max(1, min(ROOM, HELD // self._size))

    @override
    def results(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        self.progress.limit = self.client.limits[self.items.operation]
        failed: APIError | None = None
        read = False
        alike = Alike()
        for key, items in fan_out(
            self.items_of,
            self.keys(),
            connections=self.client.connections,
            # Who only tests may be done after the first.
            ahead=lambda: self.client.connections if self.client.patience is None else 1,
            over=self.over,
        ):
            # How many items there are is known at the end; a key stands for its own.
            self.progress.total = None
            self.counts.listed -= 1
            try:
                for place, item in enumerate(items.result(), 1):
                    self.counts.listed += 1
                    name = self.items.identify(item) or f"#{place}"
                    self._size = len(repr(item))
                    yield f"{key}/{name}", partial(self.item_record, key, item)
            except APIError as error:
                self.counts.listed += 1
                yield key, partial(fail, error)
                if error.reach is not Reach.GONE:
                    failed = error
                    # A permission that is there for some keys is not missing for all others.
                    alone = error.reach is Reach.STREAM and (read or self.some_refused)
                    if alike.failed(error) and not alone:
                        raise self.given_up(error, Alike.WHY) from None
            else:
                read = True
                alike.count = 0
                if self.client.patience is not None:
                    # Who only tests has seen that it can be read, also where many keys have nothing.
                    return
        if failed and not read:
            raise self.given_up(failed, "of no key the list could be read")

    def item_record(self, key: str, item: object) -> Record:
        """The record of an item of a key's list."""
        return self.whole(self.fields(key, self.seen(item)))


def fail(error: APIError) -> Record:
    """Raises what keeps a key's list from being read: what concerns a whole list is the key's alone."""
    if error.reach in {Reach.STREAM, Reach.INACTIVE}:
        raise error.but(error.message, Reach.KEY)
    raise error
