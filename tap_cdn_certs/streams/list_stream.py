"""Streams of lists."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_cdn_certs.streams.stream import ListedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tap_cdn_certs.api.paging import Listing
    from tap_cdn_certs.records.values import Item, Record


class ListStream(ListedStream):
    """A stream whose records are the items of a list, or of several."""

    # Further lists that the records are made of: see `listed_by`.
    others: ClassVar[tuple[Listing, ...]] = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "listing" in cls.__dict__:
            cls.operation = cls.listing.operation
        if cls.others:
            # Each of them has to be asked for.
            cls.other_operations = tuple(listing.operation for listing in cls.others)
            cls.sample = None

    def fields(self, item: Item) -> Record:
        """What a record has of an item, beside its account and the time.

        Raises:
            InvalidValueError: It is not what the provider documents.
        """
        raise NotImplementedError

    def items(self) -> Iterator[Any]:
        """What there is a record of."""
        yield from self.inventory

    @override
    def results(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        self.progress.limit = self.client.limits[self.operation]
        for item in self.items():
            self.counts.listed += 1
            key = self.listing.identify(item) or f"#{self.counts.listed}"
            yield key, partial(self.record, item)
        if self.failure:
            raise self.failure

    def record(self, value: object) -> Record:
        """The record of an item of the list."""
        return self.whole(self.fields(self.seen(value)))
