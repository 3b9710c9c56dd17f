"""How a sync went: what could not be read, and how each stream ended."""

from __future__ import annotations

import logging
from dataclasses import asdict
from fnmatch import fnmatchcase
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.records.values import Record, now

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cdn_certs.streams.progress import Counts

logger = logging.getLogger("tap-cdn-certs")

# Errors of a stream in the log; `sync_errors` has them all.
LOGGED = 10


class Source(NamedTuple):
    """The stream of an account, as the report names it."""

    provider: str
    account: str
    stream: str
    operation: str


class Report:
    """What went wrong in a sync, and how each stream ended: the records of `sync_errors` and `syncs`."""

    def __init__(self, synced_at: str, *, strict: bool) -> None:
        self.errors: list[Record] = []
        self.syncs: list[Record] = []
        self.success = True
        self._said: set[APIError] = set()
        self._noting = Lock()
        self._names: dict[str, set[str]] = {}
        self._synced_at = synced_at
        self._strict = strict

    @property
    def nothing_read(self) -> bool:
        """Whether no stream gave anything, because of what failed."""
        return bool(self.syncs) and not any(
            row["complete"] or row["read"] or row["without_certificate"] for row in self.syncs
        )

    def reasons(self, provider: str) -> str:
        """Which streams of a provider could not be read, and why; empty if all could."""
        incomplete = {row["stream"] for row in self.syncs if not row["complete"]}
        streams: dict[str, list[str]] = {}
        for row in self.errors:
            if row["provider"] == provider and row["key"] == "*" and row["stream"] in incomplete:
                streams.setdefault(row["message"], []).append(row["stream"])
        return " ".join(
            f"{', '.join(sorted(names))} could not be read: {message}" for message, names in streams.items()
        )

    def failed(self, source: Source, key: str, error: APIError) -> None:
        """Notes that a key, or with the key `*` a whole stream, could not be read.

        Called in several threads.
        """
        whole = key == "*"
        if error.reach not in {Reach.INACTIVE, Reach.FIELD} and (whole or self._strict):
            self.success = False
        with self._noting:
            self._say(source, key, error)
            self.errors.append(
                {
                    "synced_at": self._synced_at,
                    "provider": source.provider,
                    "account": source.account,
                    "stream": source.stream,
                    "operation": error.operation or source.operation,
                    "key": key,
                    "reach": "stream" if whole else "field" if error.reach is Reach.FIELD else "key",
                    "code": error.code,
                    "message": error.message,
                    "request_id": error.request_id,
                    "occurred_at": now(),
                }
            )

    def _say(self, source: Source, key: str, error: APIError) -> None:
        """Says in the log what could not be read: each reason once, and the first keys of each stream."""
        level = logging.WARNING if error.reach is Reach.INACTIVE else logging.ERROR
        if error in self._said:
            logger.log(level, "%s was not read, for the same reason.", source.stream)
        elif key == "*":
            logger.log(level, "%s: %s", source.stream, error)
            self._said.add(error)
        elif sum(row["stream"] == source.stream for row in self.errors[-LOGGED:]) < LOGGED:
            outcome = "was read, but not all of it" if error.reach is Reach.FIELD else "could not be read"
            logger.warning("%s: %s %s. %s", source.stream, quoted(key), outcome, error)

    def unsaid(self, provider: str, names: Iterable[str], left_out: Iterable[str]) -> list[str]:
        """Which names of a provider's are to be said, but those left out by globs: each once in a sync."""
        known = self._names.setdefault(provider, set())
        # Of an object that is left out, all is.
        new = sorted(
            name
            for name in {*names} - known
            if not any(
                fnmatchcase(each, pattern) for each in (name, name.partition(".")[0]) for pattern in left_out
            )
        )
        known.update(new)
        return new

    def ended(self, source: Source, counts: Counts, started_at: str, *, complete: bool) -> None:
        """Notes that a stream's sync ended."""
        logger.info("%s: %s, %s.", source.stream, counts, "complete" if complete else "NOT complete")
        self.syncs.append(
            {
                "synced_at": self._synced_at,
                "provider": source.provider,
                "account": source.account,
                "stream": source.stream,
                **asdict(counts),
                "complete": complete,
                "started_at": started_at,
                "ended_at": now(),
            }
        )
