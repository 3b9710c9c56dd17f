"""The base of every stream: isolation of failures, and the account of what was read."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import SchemaDirectory, Stream, StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import Metadata, Schema, StreamMetadata
from typing_extensions import override

from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.records.seen import Names, Seen
from tap_cdn_certs.records.values import mapping, now
from tap_cdn_certs.streams.domains import named
from tap_cdn_certs.streams.progress import Counts, Progress
from tap_cdn_certs.streams.report import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog, MetadataMapping

    from tap_cdn_certs.api.paging import Listing
    from tap_cdn_certs.records.values import Item, Record
    from tap_cdn_certs.streams.inventory import Inventory
    from tap_cdn_certs.streams.run import Run

# The wheel holds the schemas; a checkout has them beside the package.
PACKAGED = Path(__file__).parents[1] / "schemas"
SCHEMAS = SchemaDirectory(PACKAGED if PACKAGED.is_dir() else PACKAGED.parents[1] / "schemas")

# Without these nobody knows when a domain goes down.
ENDS = frozenset({"x509_not_after", "x509_chain_not_after"})

# The code of an end that the provider says, and that cannot be read.
UNREADABLE_END = "UnreadableEnd"

# Items of a list that may be read before one of them is written.
ROOM = 1000

# What keeps a whole stream from being read.
OF_ALL = frozenset({Reach.STREAM, Reach.HOST, Reach.PROVIDER, Reach.INACTIVE})

# So many keys that fail in a row for the same reason mean that all will.
SAME_FAILURES = 10


class TapStream(Stream):
    """A stream of this tap: what its schema requires is emitted, whatever a catalog says.

    A row without its key, its account or its `synced_at` cannot be told from another, or from an old one.
    """

    schema: ClassVar[StreamSchema] = StreamSchema(SCHEMAS)

    # A record is built to its schema; an undocumented value fails there, with a message.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: Tap, run: Run) -> None:
        super().__init__(tap)
        self.run = run

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


class Alike:
    """Counts the keys that fail in a row for the same reason: after so many, all will."""

    WHY = f"{SAME_FAILURES} keys in a row failed for the same reason"

    def __init__(self) -> None:
        self.count = 0
        self._code = ""

    def failed(self, error: APIError) -> bool:
        """Counts one, and says whether all will."""
        self.count = self.count + 1 if error.code == self._code else 1
        self._code = error.code
        return self.count == SAME_FAILURES


class CDNStream(TapStream):
    """A stream that reads one operation of a provider."""

    provider: ClassVar[str]
    operation: ClassVar[str]
    # Of those that the setting `products` names; none where a provider has no such setting.
    product: ClassVar[str | None] = None
    # Those that it needs beside its own and its list's.
    other_operations: ClassVar[tuple[str, ...]] = ()
    request_per_key: ClassVar[bool] = False
    # Whether it is given up when many keys in a row fail for the same reason.
    gives_up: ClassVar[bool] = False
    # How many records a test of the permissions reads: one of each kind; None: all.
    sample: ClassVar[int | None] = 1
    # Whether its requests take minutes: it comes after those of all providers that do not.
    dear: ClassVar[bool] = False
    # The fields of which each says that there is a certificate; none where there always is one.
    proofs: ClassVar[tuple[str, ...]] = ()
    # Whether it is about what the others list: it comes after them all.
    last: ClassVar[bool] = False
    # Where a record names domains that the provider serves, also in lists: `usage.hostnames`.
    domain_fields: ClassVar[tuple[str, ...]] = ()
    # What the provider documents and no field takes, as globs; what else it sends is said.
    left_out: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, tap: Tap, run: Run) -> None:
        super().__init__(tap, run)
        self.account = run.account(self.provider)
        self.synced_at = run.synced_at
        self.source = Source(self.provider, self.account, self.name, self.operation)
        self.counts = Counts()
        self.progress = Progress(self.name, self.counts)
        self.started_at = ""
        self.over = Event()  # nothing more is asked for
        self._failing = Lock()
        self._names = Names()
        self._doubts: list[APIError] = []  # of the record that is made

    @classmethod
    def wanted(cls, settings: Item) -> bool:
        """Whether the settings of its provider ask for it."""
        return cls.product is None or cls.product in settings.get("products", [cls.product])

    @property
    def client(self) -> Any:
        """The client of the stream's account, shared by its streams."""
        return self.run.client(self.provider)

    def prepare(self) -> None:
        """Takes what it needs, before its results are read in another thread."""

    def results(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        """Each key with what reads it: gives its record, or raises what keeps it from being read.

        An item of which the provider does not say what it is has its place as its key: `#3`. Runs in a thread
        of its own, ahead of what is written.
        """
        raise NotImplementedError

    def reading(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        """The results, from when the first is asked for."""
        self.started_at = now()
        yield from self.results()

    def has_certificate(self, record: Record) -> bool:
        """Whether a record says that there is a certificate."""
        return not self.proofs or any(record[field] for field in self.proofs)

    def room(self) -> int:
        """How many of its results may be read before one of them is written, now."""
        # Of answers to requests for a key, as many wait for an earlier one.
        return max(1, self.run.readers.answers(self) // 2) if self.request_per_key else ROOM

    def written(self) -> None:
        """Notes that a record was written, or that there was none for a second."""
        self.progress.update()
        self.run.readers.save()

    def remember(self) -> None:
        """Puts into the state what was written so far, and what the provider counts."""

    def save(self) -> None:
        """Writes the state, if there is something new in it, and it is time to."""

    def report(self, key: str, error: APIError) -> None:
        """Notes that a key, or a part of it, could not be read."""
        self.run.report.failed(self.source, key, error)

    def failed(self, key: str, error: APIError) -> None:
        """Counts and notes a key that could not be read: of the list, or of what was asked for."""
        if not self.over.is_set():
            with self._failing:
                self.counts.failed += 1
            self.report(key, error)

    def domains(self, record: Record) -> Iterable[str]:
        """The domains that a record names: those that the models take from it."""
        return (name for path in self.domain_fields for name in named(record, path))

    def x509(
        self, pem: str, domain: str | None = None, *, issuers: str | None = None, served: bool = False
    ) -> tuple[str | None, Record]:
        """The certificates of a PEM, and the `x509_…` fields of its leaf.

        What cannot be read of the leaf is reported with the record that has the fields.

        Args:
            domain: That the certificate is held for.
            issuers: The PEM of those above it, if they have one of their own: the leaf is not among them.
            served: Whether a server sent it in a handshake, where the first one is the leaf.
        """
        # Imported late: cryptography takes long, and --version does without.
        from tap_cdn_certs.records import x509  # noqa: PLC0415

        if issuers is not None:
            # Without a leaf, one of them would pass for it.
            sent = (pem, issuers) if x509.certificates(pem) else (pem,)
            pem = "".join(f"{part.strip()}\n" for part in sent if part.strip())
        nothing: Record = dict.fromkeys(x509.FIELDS)
        fields, faults = x509.leaf_fields(pem, served=served) if pem.strip() else (nothing, {})
        names = fields["x509_subject_alternative_names"] or []
        common_name = fields["x509_subject_common_name"] or ""
        if domain and fields["x509_is_ca"] and not x509.covers([*names, common_name], domain):
            message = "The certificate is an authority's and not for the domain: its own may be missing."
            self.doubt(APIError("InvalidCertificate", message))
        elif faults:
            known = fields["x509_subject_alternative_names_complete"] or x509.covers(names, domain or "")
            in_doubt = not known or not ENDS.isdisjoint(faults)
            code, reach = ("InvalidCertificate", Reach.KEY) if in_doubt else ("UnreadableField", Reach.FIELD)
            self.doubt(APIError(code, x509.in_words(faults), reach))
        return x509.as_sent(pem), fields

    def doubt(self, error: APIError) -> None:
        """Notes what could not be read of a record, which is there all the same."""
        self._doubts.append(error)

    def doubted(self, record: Record) -> APIError | None:
        """All that is in doubt of a record, as one error: a key has one row in `sync_errors`."""
        for error in self._doubts:
            if error.code == UNREADABLE_END and record.get("x509_not_after"):
                error.reach = Reach.FIELD
        worst = min(self._doubts, key=lambda error: error.reach is Reach.FIELD, default=None)
        return worst and worst.but(" ".join(dict.fromkeys(error.message for error in self._doubts)))

    def seen(
        self, value: object, name: str = "The item", doubt: Callable[[str, str], None] | None = None
    ) -> Item:
        """A value that has to be an object, by the name it has in messages; notes what is read of it.

        Args:
            doubt: Is told of an end that cannot be read; else it is noted with the record.

        Raises:
            InvalidValueError: It is not.
        """
        noted = doubt or (lambda name, why: self.doubt(unreadable_end(name, why)))
        return Seen(dict(mapping(value, name)), self._names, noted)

    def whole(self, fields: Record) -> Record:
        """The record of some fields."""
        return {"account": self.account, **fields, "synced_at": self.synced_at}

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        complete = False
        failure: APIError | None = None
        if self.last and self.run.domains:
            # All others have been written.
            self.run.domains.end()
        try:
            with closing(self.run.readers.results(self)) as results, self.progress:
                yield from self._isolated(results)
            complete = True
        except APIError as error:
            # The product is not activated: there is nothing, and all of it was read.
            complete = error.reach is Reach.INACTIVE
            failure = error
        finally:
            self.over.set()
            self.written()
        # What was asked for ahead, and is still under way, is not needed any more: it counts for nothing.
        counts = replace(self.counts)
        if failure:
            counts.failed = counts.listed - (counts.done - counts.failed)
            self.report("*", failure)
        self._say_unread()
        self.run.report.ended(self.source, counts, self.started_at, complete=complete)

    def _isolated(self, results: Iterable[tuple[str, Callable[[], Record]]]) -> Iterator[Record]:
        """The records that can be read; a key that cannot is reported, and the others go on."""
        counts = self.counts
        alike = Alike()
        for key, read in results:
            self._doubts.clear()
            try:
                record = read()
            except APIError as error:
                match error.reach:
                    case Reach.GONE:
                        counts.skipped += 1
                        self.logger.info("%s: %s is gone, and skipped.", self.name, quoted(key))
                    case reach if reach in OF_ALL:
                        raise
                    case _:
                        self.failed(key, error)
                        if alike.failed(error) and self.gives_up:
                            raise self.given_up(error, Alike.WHY) from None
            else:
                alike.count = 0
                if self.has_certificate(record):
                    counts.read += 1
                else:
                    counts.without_certificate += 1
                if doubt := self.doubted(record):
                    self.report(key, doubt)
                if self.run.domains:
                    self.run.domains.add(self.domains(record))
                yield record
            self.written()

    def _say_unread(self) -> None:
        """Says what the provider sends that no field takes: it may be what the documents did not say."""
        # Of a record that could not be made, the rest was not read either.
        unread = self._names.unread if self.counts.read else ()
        if names := self.run.report.unsaid(self.provider, unread, self.left_out):
            said = quoted(", ".join(self.client.without_secrets(name) for name in names))
            self.logger.info("%s: the provider also sends %s, which no field takes.", self.name, said)

    def given_up(self, error: APIError, why: str) -> APIError:
        """The error of the stream, for which that of a key stands."""
        return error.but(f"{self.name} was given up, because {why}. {error.message}", Reach.STREAM)


def unreadable_end(name: str, why: str) -> APIError:
    """What is said of an end that cannot be read: nobody knows when a domain goes down."""
    return APIError(UNREADABLE_END, f"{name}, when the certificate ends, cannot be read: {why}.")


class ListedStream(CDNStream):
    """A stream of the items of a list, or of its keys."""

    listing: ClassVar[Listing]
    leads = True  # whether the list is read for it, and not for one before it
    failure: APIError | None = None  # of the first of several lists that could not be read

    @property
    def inventory(self) -> Inventory:
        """What the list holds, which other streams may need as well."""
        return self.run.inventory(self.provider, self.listing)

    @override
    def prepare(self) -> None:
        self.leads = self.inventory.join()

    @override
    def reading(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        try:
            yield from super().reading()
        finally:
            self.inventory.leave(first=self.leads)

    def listed_by(self, listing: Listing) -> Iterator[Any]:
        """The items of one of several lists: where it fails, the others are read before the stream does."""
        try:
            yield from self.run.inventory(self.provider, listing)
        except APIError as error:
            # Who tests a few records does not come to the others.
            if self.client.patience is not None and self.sample is not None:
                raise
            if error.reach is Reach.INACTIVE:
                self.logger.info("%s: %s", self.name, error)
            else:
                self.failure = self.failure or error
