"""The base of every stream: isolation of failures, and the account of what was read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from singer_sdk import SchemaDirectory, Stream, StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import Metadata, Schema, StreamMetadata
from typing_extensions import override

from tap_cdn_certs.client import quoted
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog, MetadataMapping

    from tap_cdn_certs.tap import TapCDNCerts

Record: TypeAlias = dict[str, Any]

# The wheel holds the schemas; a checkout has them beside the package.
PACKAGED = Path(__file__).parent / "schemas"
SCHEMAS = SchemaDirectory(PACKAGED if PACKAGED.is_dir() else PACKAGED.parents[1] / "schemas")

# So many keys that fail in a row for the same reason mean that all will.
SAME_FAILURES = 10


@dataclass
class Counts:
    """What became of the keys of a stream: domains or certificates."""

    listed: int = 0
    read: int = 0
    without_certificate: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def done(self) -> int:
        """How many keys are dealt with."""
        return self.read + self.without_certificate + self.skipped + self.failed

    def __str__(self) -> str:
        return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in asdict(self).items())


class TapStream(Stream):
    """A stream of this tap: what its schema requires is emitted, whatever a catalog says.

    A row without its key, its account or its `synced_at` cannot be told from another, or from an old one.
    """

    schema: ClassVar[StreamSchema] = StreamSchema(SCHEMAS)

    # A record is built to its schema; an undocumented value fails there, with a message.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    _tap: TapCDNCerts

    @property
    @override
    def metadata(self) -> MetadataMapping:
        metadata = super().metadata
        # A catalog without metadata selects everything, and the SDK would not take it for one any more.
        metadata.setdefault((), StreamMetadata(selected=True))
        for name in self.schema["required"]:
            metadata["properties", name].inclusion = Metadata.InclusionType.AUTOMATIC
        return metadata

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        if entry := catalog.get_stream(self.name):
            # The SCHEMA messages are made from the entry: what it lacks is the stream's own.
            own, given = self.schema, entry.schema.to_dict()
            properties = {**own["properties"], **given.get("properties", {})}
            entry.schema = Schema.from_dict({**own, **given, "properties": properties})
            entry.key_properties = self.primary_keys if entry.key_properties is None else entry.key_properties
        super().apply_catalog(catalog)
        if entry:
            entry.metadata = self.metadata


class CDNStream(TapStream):
    """A stream that reads one operation of a provider."""

    provider: ClassVar[str]
    operation: ClassVar[str]
    request_per_key: ClassVar[bool] = False

    def __init__(self, tap: TapCDNCerts) -> None:
        super().__init__(tap)
        self.account: str = tap.account(self.provider)
        self.synced_at: str = tap.synced_at
        self.counts = Counts()
        self.progress = Progress(self.name, self.counts)

    @property
    def client(self) -> Any:
        """The client of the stream's account, shared by its streams."""
        return self._tap.client(self.provider)

    def results(self) -> Iterable[tuple[str | None, Callable[[], Record]]]:
        """Each key with what reads it: gives its record, or raises what keeps it from being read.

        The key is None if the provider does not say what an item is.
        """
        raise NotImplementedError

    def has_certificate(self, record: Record) -> bool:  # noqa: ARG002 - a list's row always has
        """Whether a record says that there is a certificate."""
        return True

    def idle(self) -> None:
        """Uses a second without an answer."""
        self.progress.update()

    def report(self, key: str, error: APIError) -> None:
        """Notes that a key, or a part of it, could not be read."""
        self._tap.report.failed(self, key, error)

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        started_at = now()
        complete = False
        try:
            with self.progress:
                yield from self._isolated()
            complete = True
        except APIError as error:
            # The product is not activated: there is nothing, and all of it was read.
            complete = error.reach is Reach.INACTIVE
            self.counts.failed = self.counts.listed - (self.counts.done - self.counts.failed)
            self.report("*", error)
        self._tap.report.ended(self, started_at, complete=complete)

    def _isolated(self) -> Iterator[Record]:
        """The records that can be read; a key that cannot is reported, and the others go on."""
        counts = self.counts
        same_failures, last_code = 0, ""
        for key, read in self.results():
            try:
                record = read()
            except APIError as error:
                match error.reach:
                    case Reach.GONE:
                        counts.skipped += 1
                        self.logger.info("%s: %s is gone, and skipped.", self.name, quoted(key))
                    case Reach.STREAM | Reach.PROVIDER | Reach.INACTIVE:
                        raise
                    case _:
                        counts.failed += 1
                        self.report(key or f"#{counts.listed}", error)
                        same_failures = same_failures + 1 if error.code == last_code else 1
                        last_code = error.code
                        if self.request_per_key and same_failures == SAME_FAILURES:
                            raise self._given_up(error) from None
            else:
                same_failures = 0
                if self.has_certificate(record):
                    counts.read += 1
                else:
                    counts.without_certificate += 1
                yield record
            self.progress.update()

    def _given_up(self, error: APIError) -> APIError:
        return APIError(
            error.code,
            f"{self.name} was given up, because {SAME_FAILURES} keys in a row failed for the same reason. "
            f"{error.message}",
            Reach.STREAM,
            operation=error.operation,
            request_id=error.request_id,
        )


def now() -> str:
    """The time as a record holds it: RFC 3339, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
