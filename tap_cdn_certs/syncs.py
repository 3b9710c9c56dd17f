"""How a sync went: what could not be read, and how each stream ended, which are streams too."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cdn_certs.client import quoted
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.stream import Record, TapStream, now

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class ReportStream(TapStream):
    """A stream of the tap itself, emitted after all others."""


class SyncErrors(ReportStream):
    """What could not be read in a sync, and why."""

    name = "sync_errors"
    primary_keys = ("synced_at", "stream", "account", "key")

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        return self._tap.report.errors


class Syncs(ReportStream):
    """How the sync of each stream ended."""

    name = "syncs"
    primary_keys = ("synced_at", "stream", "account")

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        return self._tap.report.syncs
