"""How a sync went: what could not be read, and how each stream ended, which are streams too."""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import asdict
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_cdn_certs.client import quoted
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.stream import Record, TapStream, now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.helpers.types import Context

    from tap_cdn_certs.stream import CDNStream

logger = logging.getLogger("tap-cdn-certs")

# Errors of a stream in the log; `sync_errors` has them all.
LOGGED = 10


class Report:
    """What went wrong in a sync, and how each stream ended: the records of `sync_errors` and `syncs`."""

    def __init__(self, synced_at: str, *, strict: bool) -> None:
        self.errors: list[Record] = []
        self.syncs: list[Record] = []
        self.success = True
        self._said: set[APIError] = set()
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

    def failed(self, stream: CDNStream, key: str, error: APIError) -> None:
        """Notes that a key, or with the key `*` a whole stream, could not be read."""
        whole = key == "*"
        if error.reach not in {Reach.INACTIVE, Reach.FIELD} and (whole or self._strict):
            self.success = False
        if error in self._said:
            logger.error("%s was not read, for the same reason.", stream.name)
        elif whole:
            level = logging.WARNING if error.reach is Reach.INACTIVE else logging.ERROR
            logger.log(level, "%s: %s", stream.name, error)
            self._said.add(error)
        elif sum(row["stream"] == stream.name for row in self.errors[-LOGGED:]) < LOGGED:
            outcome = "was read, but not all of it" if error.reach is Reach.FIELD else "could not be read"
            logger.warning("%s: %s %s. %s", stream.name, quoted(key), outcome, error)
        self.errors.append(
            {
                "synced_at": self._synced_at,
                "provider": stream.provider,
                "account": stream.account,
                "stream": stream.name,
                "operation": error.operation or stream.operation,
                "key": key,
                "reach": "stream" if whole else "field" if error.reach is Reach.FIELD else "key",
                "code": error.code,
                "message": error.message,
                "request_id": error.request_id,
                "occurred_at": now(),
            }
        )

    def ended(self, stream: CDNStream, started_at: str, *, complete: bool) -> None:
        """Notes that a stream's sync ended."""
        logger.info("%s: %s, %s.", stream.name, stream.counts, "complete" if complete else "NOT complete")
        self.syncs.append(
            {
                "synced_at": self._synced_at,
                "provider": stream.provider,
                "account": stream.account,
                "stream": stream.name,
                **asdict(stream.counts),
                "complete": complete,
                "started_at": started_at,
                "ended_at": now(),
            }
        )


def is_config_test() -> bool:
    """Whether Meltano's `config test` runs the tap: it alone reads messages and log through one pipe.

    It takes the first record of any stream for a success. A target would fail at the first line of the log.
    """
    if "MELTANO_PROJECT_ROOT" not in os.environ:
        return False
    try:
        out, log = os.fstat(1), os.fstat(2)
    except OSError:
        return False
    return stat.S_ISFIFO(out.st_mode) and os.path.samestat(out, log)


class ReportStream(TapStream):
    """A stream of the tap itself, emitted after all others."""

    # What the models can no longer tell without it.
    tells: ClassVar[str]

    def rows(self) -> Sequence[Record]:
        """The records, of which a test of the configuration gets none if nothing else was read."""
        raise NotImplementedError

    @override
    def get_records(self, context: Context | None) -> Sequence[Record]:
        return [] if self._tap.report.nothing_read and is_config_test() else self.rows()


class SyncErrors(ReportStream):
    """What could not be read in a sync, and why."""

    name = "sync_errors"
    primary_keys = ("synced_at", "stream", "account", "key")
    tells = "what could not be read, and why"

    @override
    def rows(self) -> Sequence[Record]:
        return self._tap.report.errors


class Syncs(ReportStream):
    """How the sync of each stream ended."""

    name = "syncs"
    primary_keys = ("synced_at", "stream", "account")
    tells = "which rows are current"

    @override
    def rows(self) -> Sequence[Record]:
        return self._tap.report.syncs
