"""How far a sync is, for people: a live line on a terminal, else a line in the log every 10 seconds."""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from tqdm import tqdm

    from tap_cdn_certs.api.rate_limit import OperationLimits

LOG_INTERVAL = 10.0

logger = logging.getLogger("tap-cdn-certs")


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


class Progress:
    """The progress of one stream, on stderr."""

    def __init__(self, stream: str, counts: Counts) -> None:
        self.total: int | None = None  # how many keys there are, once it is known
        self.limit: OperationLimits | None = None  # that the stream may wait for
        self._stream = stream
        self._counts = counts
        self._started = self._logged = time.monotonic()
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> Self:
        self._started = self._logged = time.monotonic()
        if sys.stderr.isatty():
            from tqdm import tqdm  # noqa: PLC0415 - takes long to import

            # A terminal that does not know its size, as in many containers, would hide the line.
            sized = all(os.get_terminal_size(sys.stderr.fileno()))
            size: dict[str, Any] = {"dynamic_ncols": True} if sized else {"ncols": 80, "nrows": 24}
            # miniters: shown anew also while nothing is done but waiting.
            self._bar = tqdm(desc=self._stream, unit="", file=sys.stderr, leave=False, miniters=0, **size)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self) -> None:
        """Shows how far the stream is, if it is time to."""
        if self._bar is not None:
            self._bar.total = self.total
            self._bar.set_postfix_str(self._waiting(), refresh=False)
            self._bar.update(self._counts.done - self._bar.n)
        elif time.monotonic() - self._logged >= LOG_INTERVAL:
            self._logged = time.monotonic()
            logger.info("%s", self)

    def __str__(self) -> str:
        done, total = self._counts.done, self.total
        rate = done / max(time.monotonic() - self._started, 0.001)
        parts = [f"{done:,} of {total:,}" if total else f"{done:,} so far", f"{rate:.1f}/s"]
        if total and rate:
            parts.append(f"{duration((total - done) / rate)} left")
        return f"{self._stream}: {', '.join(filter(None, [*parts, self._waiting()]))}"

    def _waiting(self) -> str:
        """A wait for the limit that somebody notices."""
        wait = self.limit.waits_until - time.monotonic() if self.limit else 0.0
        return f"waits {duration(wait)} for the limit" if wait > 1 else ""


def duration(seconds: float) -> str:
    """A duration for people: `4 h 10 min`, `2 min 5 s`, `7 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
