"""Streams of lists in a list."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_cdn_certs.api.fan_out import fan_out
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.streams.detail_stream import DetailStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cdn_certs.api.paging import Listing
    from tap_cdn_certs.records.values import Record


class NestedStream(DetailStream):
    """A stream whose records are the items of the lists that the keys of another list have.

    A key whose list fails is one row in `sync_errors`, under the key; the lists of the others are read. An
    item that fails has both keys there: `key/item`, or `key/#3` if it does not say what it is.
    """

    # Of a page.
    sizes = (2**21, 20_000)

    # The list of a key; its requests have the stream's `path` and `parameters`.
    items: ClassVar[Listing]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "items" in cls.__dict__:
            cls.operation = cls.items.operation

    def items_of(self, key: str) -> list[Any]:
        """The items of a key's list. Called in many threads at once."""
        parameters = {**self.items.parameters, **self.parameters(key)}
        path = self.path_of(key) or self.items.path
        listing = replace(self.items, path=path, parameters=parameters, sizes=self.sizes)
        try:
            return [*self.client.listing(listing)]
        except APIError as error:
            # What concerns a whole list concerns no more than this one.
            if error.reach in {Reach.STREAM, Reach.INACTIVE}:
                raise error.but(error.message, Reach.KEY) from None
            raise

    @override
    def results(self) -> Iterator[tuple[str | None, Callable[[], Record]]]:
        self.progress.limit = self.client.limits[self.operation]
        for key, items in fan_out(
            self.items_of, self.keys(), connections=self.client.connections, ahead=1, idle=self.idle
        ):
            # How many items there are is known at the end.
            self.progress.total = None
            if items.exception():
                raises: Callable[[], Any] = items.result
                yield key, raises
                continue
            # A key stands for its items.
            self.counts.listed -= 1
            self.same_failures = 0
            for place, item in enumerate(items.result(), 1):
                self.counts.listed += 1
                name = self.items.identify(item) or f"#{place}"
                yield f"{key}/{name}", partial(self.item_record, key, item)
                # No request was made for it: however many fail in a row, the others are asked for.
                self.same_failures = 0

    def item_record(self, key: str, item: object) -> Record:
        """The record of an item of a key's list."""
        return self.whole(self.fields(key, self.seen(item)))
