"""How a sync went, as streams of their own, which the models rest on."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_cdn_certs.streams.stream import TapStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.helpers.types import Context

    from tap_cdn_certs.records.values import Record


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
        return [] if self.run.report.nothing_read and is_config_test() else self.rows()


class SyncErrors(ReportStream):
    """What could not be read in a sync, and why."""

    name = "sync_errors"
    primary_keys = ("synced_at", "stream", "account", "key")
    tells = "what could not be read, and why"

    @override
    def rows(self) -> Sequence[Record]:
        return self.run.report.errors


class Syncs(ReportStream):
    """How the sync of each stream ended."""

    name = "syncs"
    primary_keys = ("synced_at", "stream", "account")
    tells = "which rows are current"

    @override
    def rows(self) -> Sequence[Record]:
        return self.run.report.syncs


TAP_STREAMS = (SyncErrors, Syncs)
