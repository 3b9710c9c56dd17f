"""Streams of details that cost much."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR
from typing_extensions import override

from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach
from tap_cdn_certs.records.values import snake_case
from tap_cdn_certs.streams.detail_stream import DetailStream
from tap_cdn_certs.streams.progress import duration
from tap_cdn_certs.streams.stream import unreadable_end

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
    from concurrent.futures import Future

    from tap_cdn_certs.records.values import Item, Record

STATE_INTERVAL = 1.0  # seconds, for so many keys or fewer
STATE_KEYS = 500
LATEST = 10**15  # milliseconds since 1970: what no clock says

# What is remembered of what could not be read: code, message, whether it is one field's.
DOUBT = [{"type": "string"}, {"type": "string"}, {"type": "boolean"}]

# Keys named in a message.
SAID = 5


class ChangesStream(DetailStream):
    """A stream that asks for the details of new and changed keys only, because one costs much.

    The state remembers by key a digest of what the list says of it, and what the detail added to that or says
    otherwise. A key that is unchanged costs no request and is emitted in full; one that left the list leaves
    the state. The setting `max_details` bounds the requests of one sync: what is left waits for the next.

    The list's items have to be kept: `Listing(kept=True)`.
    """

    dear = True
    # What the state calls the keys.
    memory: ClassVar[str]
    # The field of the list that says what is asked for first: the smallest. Empty: in the list's order.
    first_by: ClassVar[str] = ""

    _memory: dict[str, Record]
    _listed: set[str]  # the keys of the list so far
    # By key and field, the ends that the list says and nobody can read.
    _unread_ends: dict[str, dict[str, APIError]]
    _earlier: Mapping[str, Any] = {}  # what the state says
    _forgotten: Iterable[str] = ()
    _unsaved = False
    _calls = 0  # that the state has
    _state_written = 0.0

    def listed(self, item: Item) -> Record:
        """What a record has of an item of the list, beside its account and the time.

        Raises:
            InvalidValueError: It is not what the provider documents.
        """
        raise NotImplementedError

    def batches(self) -> Iterator[Iterable[Any]]:
        """The items of the list, or of several: the details of a batch are asked for before the next one."""
        yield self.inventory

    def all_keys(self) -> set[str]:
        """The keys that there are, as far as they are listed: those too that nobody asks for."""
        return self.inventory.all_keys | self._listed

    def marks(self, record: Record) -> Record:
        """What tells by its change that a detail is to be asked for again."""
        return record

    @override
    def prepare(self) -> None:
        super().prepare()
        self._earlier = {**self.tap_state.get("bookmarks", {}).get(self.name, {})}

    @override
    def results(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        remembered = self.remembered()
        self._memory, self._listed, self._unread_ends = {**remembered}, set(), {}
        self.client.limits[self.operation].remember(self.earlier_calls())
        most = self.run.settings[self.provider].get("max_details")
        for batch in self.batches():
            known, due = self.sort_out(batch, remembered)
            asked = due[:most]
            later = due[len(asked) :]
            for record, memory in (*known, *((record, {}) for record, _ in later)):
                yield self.key_of(record), partial(self.unchanged, record, memory)
            yield from self.details(asked)
            most = None if most is None else most - len(asked)
        if self.failure:
            # Nobody knows whether what was not listed is gone.
            raise self.failure
        self._forgotten = remembered.keys() - self.all_keys()

    def sort_out(
        self, batch: Iterable[Any], remembered: Mapping[str, Record]
    ) -> tuple[list[tuple[Record, Record]], list[tuple[Record, str]]]:
        """The rows that are remembered, with their memory, and those to ask for, with their digest."""
        known: list[tuple[Record, Record]] = []
        due: list[tuple[Record, str]] = []
        for record in self.rows(batch):
            digest = _digest(self.marks(record))
            memory = remembered.get(self.key_of(record), {})
            # What a newer version reads of a detail was not remembered by an older one.
            if memory.get("digest") == digest and self.lacking(record) <= memory.keys():
                known.append((record, memory))
            else:
                due.append((record, digest))
        due.sort(key=lambda entry: entry[0].get(self.first_by) or "9999")
        return known, due

    def rows(self, batch: Iterable[Any]) -> Iterator[Record]:
        """What the list says of each key; what is wrong in it is reported."""
        for item in batch:
            self.counts.listed += 1
            name = self.listing.identify(item)
            self._listed.update([name] if name else [])
            unread: dict[str, APIError] = {}

            def doubt(field: str, why: str, unread: dict[str, APIError] = unread) -> None:
                unread[snake_case(field)] = unreadable_end(field, why)

            try:
                record = self.listed(self.seen(item, doubt=doubt))
            except InvalidValueError as error:
                # No request failed: however many there are in a row, the others are asked for.
                self.failed(name or f"#{self.counts.listed}", error)
                continue
            if unread:
                self._unread_ends[self.key_of(record)] = unread
            yield record

    def key_of(self, record: Record) -> str:
        """The key of a record."""
        return str(record[self.primary_keys[-1]])

    def remembered(self) -> dict[str, Record]:
        """What the state says of each key; what is damaged in it is asked for again."""
        entries = self._earlier.get(self.memory, {})
        damaged: list[str] = []
        if not isinstance(entries, dict):
            entries, damaged = {}, [f"all {self.memory}"]
        is_whole = _entry_check(self.schema)
        whole = {key: entry for key, entry in entries.items() if is_whole(entry)}
        damaged += sorted(quoted(key) for key in entries.keys() - whole.keys())
        if damaged:
            names = ", ".join([*damaged[:SAID], *(["…"] if len(damaged) > SAID else [])])
            self.logger.warning(
                "%s: the state of %s is damaged: asked for again, as if new.", self.name, names
            )
        return whole

    def earlier_calls(self) -> list[float]:
        """When the calls of the last sync left, in seconds since 1970."""
        calls = self._earlier.get("calls", [])
        if isinstance(calls, list) and all(isinstance(call, int) and call < LATEST for call in calls):
            # In whole milliseconds: targets read a fraction as a decimal number, and fail to write it.
            return [call / 1000 for call in calls]
        self.logger.warning(
            "%s: calls in the state is damaged: the provider may refuse the first requests.", self.name
        )
        return []

    def details(self, due: list[tuple[Record, str]]) -> Iterator[tuple[str, Callable[[], Record]]]:
        """Asks for the details of new and changed keys, and remembers each in the state."""
        limit = self.client.limits[self.operation]
        if due:
            least = limit.least(len(due))
            self.logger.info(
                "%s: %d new or changed %s, which takes %s at the provider's limit.",
                self.name,
                len(due),
                self.memory,
                f"about {duration(least)}" if least else "a moment",
            )
        self.progress.total, self.progress.limit = self.counts.listed, limit
        for (record, digest), answer in self.answers(lambda entry: self.fetch(self.key_of(entry[0])), due):
            yield self.key_of(record), partial(self.changed, record, digest, answer)

    def changed(self, listed: Record, digest: str, answer: Future[Item]) -> Record:
        """The record of the list, with the detail laid over it."""
        key = self.key_of(listed)
        # What the list lacks, and what it says otherwise, which it is not known to do.
        fields = {
            name: value
            for name, value in self.fields(key, answer.result()).items()
            if name not in listed or (value is not None and value != listed[name])
        }
        record = self.laid_over(listed, fields)
        doubts = [(error.code, error.message, error.reach is Reach.FIELD) for error in self._doubts]
        # Remembered before it is emitted: the next sync emits what it remembers as well.
        self._memory[key] = {"digest": digest, **fields, **({"doubts": doubts} if doubts else {})}
        self._unsaved = True
        return record

    def unchanged(self, listed: Record, memory: Record) -> Record:
        """The record of the list, with what is remembered laid over it, and what could not be read of it."""
        for code, message, of_field in memory.get("doubts", ()):
            self.doubt(APIError(code, message, Reach.FIELD if of_field else Reach.KEY))
        names = [name for name in listed if name in memory]
        remembered = {name: memory.get(name) for name in (*names, *sorted(self.lacking(listed)))}
        return self.laid_over(listed, remembered)

    def laid_over(self, listed: Record, fields: Record) -> Record:
        """The record of the list with what a detail says; an end that neither says is in doubt."""
        record = self.whole({**listed, **fields})
        for name, error in self._unread_ends.get(self.key_of(listed), {}).items():
            if record[name] is None:
                self.doubt(error)
        return record

    def lacking(self, listed: Record) -> set[str]:
        """The fields that only a detail has."""
        return {*self.schema["properties"]} - self.whole(listed).keys()

    @override
    def room(self) -> int:
        # In its turn nothing is asked for ahead: a stop loses no answers but those under way.
        return super().room() if self.run.readers.waits(self) else self.client.connections

    @override
    def written(self) -> None:
        super().written()
        self.save()

    @override
    def save(self) -> None:
        self.remember()
        # What is done is saved before a long wait for the limit.
        if self._unsaved and self._is_state_due():
            self.write_state()

    @override
    def remember(self) -> None:
        # What was not listed yet is as it was.
        if hasattr(self, "_memory"):
            for key in self._forgotten:
                self._memory.pop(key, None)
            self.stream_state[self.memory] = self._memory
            limit = self.client.limits[self.operation]
            if limit.calls:
                # For the next sync, which may begin within the limit's period.
                self.stream_state["calls"] = [round(call * 1000) for call in limit.log()]
                self._unsaved |= limit.calls != self._calls
                self._calls = limit.calls

    def _is_state_due(self) -> bool:
        """Whether it is time to save what is done: a large state less often, for it is written whole."""
        interval = STATE_INTERVAL * max(1.0, len(self._memory) / STATE_KEYS)
        return time.monotonic() - self._state_written > interval

    def write_state(self) -> None:
        """Writes the state, if it has changed."""
        self._tap.state_writer.write_state(self.tap_state)
        self._state_written = time.monotonic()
        self._unsaved = False


def _entry_check(schema: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Says whether an entry of the state is one that a detail was remembered by."""
    fields = schema["properties"]
    times = {name for name, field in fields.items() if field.get("format") == "date-time"}
    validator = DEFAULT_JSONSCHEMA_VALIDATOR(
        {
            "type": "object",
            "properties": {
                **fields,
                **dict.fromkeys(schema["required"], False),
                "digest": {"type": "string"},
                "doubts": {"type": "array", "items": {"type": "array", "prefixItems": DOUBT, "minItems": 3}},
            },
            "required": ["digest"],
        }
    )

    def is_whole(entry: Any) -> bool:
        if not validator.is_valid(entry):
            return False
        try:
            return all(datetime.fromisoformat(entry[name] or "2000-01-01") for name in times & entry.keys())
        except ValueError:
            return False

    return is_whole


def _digest(record: Record) -> str:
    """Stands for what the list says of a key."""
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:16]
