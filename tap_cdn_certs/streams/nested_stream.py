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
    item that fails has both keys there: `key/item`.
    """

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
        return [*self.client.listing(replace(self.items, path=path, parameters=parameters))]

    @override
    def results(self) -> Iterator[tuple[str | None, Callable[[], Record]]]:
        self.progress.limit = self.client.limits[self.operation]
        failed: APIError | None = None
        read = False
        for key, items in fan_out(
            self.items_of, self.keys(), connections=self.client.connections, ahead=1, idle=self.idle
        ):
            # How many items there are is known at the end.
            self.progress.total = None
            if error := items.exception():
                failed = self.of_the_key(error) or failed
                raises: Callable[[], Any] = items.result
                yield key, raises
                continue
            # A key stands for its items.
            self.counts.listed -= 1
            for item in items.result():
                self.counts.listed += 1
                name = self.items.identify(item)
                yield f"{key}/{name}" if name else None, partial(self.item_record, key, item)
            read = True
            if self.client.patience is not None:
                # Who only tests has seen that it can be read, also where many keys have nothing.
                return
        if failed and not read:
            raise self.given_up(failed, "no list of any key could be read")

    @staticmethod
    def of_the_key(error: BaseException) -> APIError | None:
        """The error of a key's list, if something is lost; what fails is that list, and not the stream."""
        if not isinstance(error, APIError) or error.reach is Reach.GONE:
            return None
        if error.reach is Reach.STREAM:
            error.reach = Reach.KEY
        return error

    def item_record(self, key: str, item: object) -> Record:
        """The record of an item of a key's list."""
        return self.whole(self.fields(key, self.seen(item)))
