"""Streams of details."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar
from urllib.parse import quote

from typing_extensions import override

from tap_cdn_certs.api.fan_out import fan_out
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach
from tap_cdn_certs.records.values import mapping, required_identifier
from tap_cdn_certs.streams.stream import OF_ALL, Alike, ListedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Future

    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.records.values import Item, Record

Key = TypeVar("Key")


class DetailStream(ListedStream):
    """A stream that asks once for each key of a list, many at a time."""

    request_per_key = True
    gives_up = True
    # Of a key's request, after the API's address: `/certificates/{key}`.
    path: ClassVar[str] = ""
    # The most bytes and values of an answer: many are held at once.
    sizes: ClassVar[tuple[int, int]] = (2**18, 5000)

    def parameters(self, key: str) -> Parameters:  # noqa: ARG002 - it may be in the path
        """What a key's request has beside its path."""
        return {}

    def fetch(self, key: str) -> Item:
        """What the provider answers of a key. Called in many threads at once."""
        return self.ask(self.operation, self.path_of(key), self.parameters(key))

    def ask(self, operation: str, path: str, parameters: Parameters) -> Item:
        """What of an operation's answer is a key's. Called in many threads at once."""
        request = self.client.ask(operation, path, parameters)
        answer: Item = self.client.request(operation, request, self.detail, self.sizes)
        return answer

    def path_of(self, key: str) -> str:
        """The path of a key's request.

        Raises:
            InvalidValueError: The key would lead elsewhere.
        """
        if self.path and not key.strip("."):
            raise InvalidValueError(f"{self.listing.key} is a relative path, not an identifier.")
        return self.path.format(key=quote(key, safe=""))

    def detail(self, body: Item) -> Item:
        """What of an answer is the key's.

        Raises:
            InvalidValueError: It does not hold that.
        """
        return body

    def fields(self, key: str, answer: Item) -> Record:
        """What a record has of an answer, beside its account and the time.

        Raises:
            InvalidValueError: It is not what the provider documents.
        """
        raise NotImplementedError

    @override
    def results(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        self.progress.limit = self.client.limits[self.operation]
        for key, answer in self.answers(self.fetch, self.keys()):
            yield key, partial(self.record, key, answer)
        if advice := self.client.bottleneck(self.operation):
            self.logger.info("%s", advice)

    def answers(
        self, fetch: Callable[[Key], Item], keys: Iterable[Key]
    ) -> Iterator[tuple[Key, Future[Item]]]:
        """Each key with its answer; nothing more is asked once it is clear that all others would fail.

        Raises:
            APIError: Many in a row failed for the same reason.
        """
        alike = Alike()
        for key, answer in fan_out(
            fetch, keys, connections=self.client.connections, ahead=self.room, over=self.over
        ):
            yield key, answer
            error = answer.exception()
            if not isinstance(error, APIError):
                alike.count = 0
            elif error.reach in OF_ALL:
                return
            elif error.reach is not Reach.GONE and alike.failed(error):
                raise self.given_up(error, Alike.WHY)

    def keys(self) -> Iterator[str]:
        """The keys: as the stream that leads lists them, or listed here."""
        inventory = self.inventory
        lists = self.leads and not inventory.whole
        items = inventory if lists else ({self.listing.key: key} for key in inventory.listed_keys())
        for place, item in enumerate(items, 1):
            self.progress.total = inventory.total
            self.counts.listed += 1
            try:
                yield required_identifier(mapping(item, "The item"), self.listing.key)
            except InvalidValueError as error:
                self.failed(f"#{place}", error)
        self.progress.total = self.counts.listed

    def record(self, key: str, answer: Future[Item]) -> Record:
        """The record of a key, or what kept it from being read."""
        return self.whole(self.fields(key, answer.result()))
