"""Waiting for a provider's limit, so that it need not refuse anything."""

from __future__ import annotations

import time
from collections import deque
from threading import Event, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Stopped(Exception):  # noqa: N818 - not an error
    """The tap ends: nothing is waited for any more."""


class RateLimit:
    """At most `requests` calls in any `period` seconds, for all threads together, first come first served.

    A sliding log: a call may leave when the one `requests` before it is older than the period. The
    provider counts arrivals, which jitter, hence a margin: 35 ms for the way and 0.5 % for the clock.

    Libraries were tried: a token bucket lets through twice the limit in the worst window, the others wait
    without a way to stop them, or let through a few calls too many.
    """

    def __init__(self, requests: int, period: float, stopped: Event) -> None:
        self.requests = requests
        self.period = period
        self.waits_until = 0.0  # of `time.monotonic`; in the past: nobody waits
        self.calls = 0
        self.delayed = 0  # calls that had to wait
        self._span = period * 1.005 + 0.035
        # Calls at once would contend for the CPU, and their distances would be lost on the way.
        self._distance = min(0.9 * period / requests, 0.009)
        self._log: deque[float] = deque(maxlen=requests)
        self._paused_until = 0.0
        self._turn = Lock()
        self._stopped = stopped

    @property
    def rate(self) -> float:
        """The most calls in a second, in the long run."""
        return self.requests / self._span

    def acquire(self) -> None:
        """Waits until a call may leave.

        Raises:
            Stopped: The tap ends.
        """
        with self._turn:
            self.calls += 1
            self.delayed += self._due() > time.monotonic()
            while (wait := self._due() - time.monotonic()) > 0:
                self.waits_until = time.monotonic() + wait
                self._stopped.wait(wait)
                if self._stopped.is_set():
                    break
            if self._stopped.is_set():
                raise Stopped
            self._log.append(time.monotonic())

    def pause(self, seconds: float) -> None:
        """Lets no call leave for so many seconds: the provider refused one."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def log(self) -> list[float]:
        """When the calls left that still count, in seconds since 1970."""
        age = time.time() - time.monotonic()
        oldest = time.monotonic() - self._span
        return [round(call + age, 3) for call in list(self._log) if call > oldest]

    def remember(self, calls: Iterable[float]) -> None:
        """Counts the calls of an earlier sync, as `log` gave them."""
        age = time.time() - time.monotonic()
        now = time.monotonic()
        self._log.extend(sorted(min(float(call) - age, now) for call in calls))

    def _due(self) -> float:
        full = len(self._log) == self._log.maxlen
        return max(
            self._log[0] + self._span if full else 0.0,
            self._log[-1] + self._distance if self._log else 0.0,
            self._paused_until,
        )
