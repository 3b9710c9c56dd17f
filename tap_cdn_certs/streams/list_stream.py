"""Streams of lists."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_cdn_certs.streams.stream import CDNStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cdn_certs.api.paging import Listing
    from tap_cdn_certs.records.values import Item, Record
    from tap_cdn_certs.streams.inventory import Inventory


class ListStream(CDNStream):
    """A stream whose records are the items of a list, or of several."""

    listing: ClassVar[Listing]
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

    @property
    def inventory(self) -> Inventory:
        """What the list holds, which other streams may need as well."""
        return self.run.inventory(self.provider, self.listing)

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
    def results(self) -> Iterator[tuple[str | None, Callable[[], Record]]]:
        for item in self.items():
            self.counts.listed += 1
            yield self.listing.identify(item), partial(self.record, item)
        if self.failure:
            raise self.failure

    def record(self, value: object) -> Record:
        """The record of an item of the list."""
        return self.whole(self.fields(self.seen(value)))
