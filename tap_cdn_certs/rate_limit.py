"""Waiting for a provider's limit, so that it need not refuse anything."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from itertools import takewhile
from threading import Event, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Stopped(Exception):  # noqa: N818 - not an error
    """The tap ends: nothing is waited for any more."""


@dataclass(eq=False, slots=True)
class Call:
    """A call that left, and how many seconds its answer took, once it is there."""

    left: float
    took: float = 0.0


class RateLimit:
    """At most `requests` calls in any `period` seconds, for all threads together, first come first served.

    A sliding log: a call may leave when one of the `requests` before it is older than the period. The
    provider counts arrivals: a call whose answer is later than usual may have arrived later, for a new
    connection or a stall, and is taken to have. For what else they jitter there is a margin: 25 ms for the
    way and 0.5 % for the clock.

    Libraries were tried: a token bucket lets through twice the limit in the worst window, the others wait
    without a way to stop them, or let through a few calls too many.
    """

    def __init__(self, requests: int, period: float, stopped: Event) -> None:
        self.requests = requests
        self.period = period
        self.waits_until = 0.0  # of `time.monotonic`; in the past: nobody waits
        self.calls = 0
        self.delayed = 0  # calls that had to wait
        self.latency = 0.0  # seconds that an answer takes: the median of the last
        self._span = period * 1.005 + 0.025
        # Calls at once would contend for the CPU, and their distances would be lost on the way.
        self._distance = min(0.9 * period / requests, 0.009)
        self._log: deque[Call] = deque()
        self._latencies: deque[float] = deque(maxlen=100)
        self._paused_until = 0.0
        self._turn = Lock()
        self._stopped = stopped

    @property
    def rate(self) -> float:
        """The most calls in a second, in the long run."""
        return self.requests / self._span

    def acquire(self) -> Call:
        """Waits until a call may leave.

        Raises:
            Stopped: The tap ends.
        """
        with self._turn:
            self.calls += 1
            self.delayed += self._due() > time.monotonic()
            while not self._stopped.is_set() and (wait := self._due() - time.monotonic()) > 0:
                self.waits_until = time.monotonic() + wait
                self._stopped.wait(wait)
            if self._stopped.is_set():
                raise Stopped
            if len(self._log) == self.requests:
                self._log.remove(self._first())
            self._log.append(call := Call(time.monotonic()))
            return call

    def answered(self, call: Call) -> None:
        """Notes that the answer to a call is there."""
        call.took = time.monotonic() - call.left
        self._latencies.append(call.took)
        latencies = sorted(self._latencies)
        self.latency = latencies[len(latencies) // 2]

    def pause(self, seconds: float) -> None:
        """Lets no call leave for so many seconds: the provider refused one."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def log(self) -> list[float]:
        """When the calls left that still count, in seconds since 1970."""
        age = time.time() - time.monotonic()
        oldest = time.monotonic() - self._span
        return [round(call.left + age, 3) for call in list(self._log) if call.left > oldest]

    def remember(self, calls: Iterable[float]) -> None:
        """Counts the calls of an earlier sync, as `log` gave them."""
        age = time.time() - time.monotonic()
        now = time.monotonic()
        last = sorted(min(float(call) - age, now) for call in calls)[-self.requests :]
        self._log.extend(Call(left) for left in last)

    def _due(self) -> float:
        """When the next call may leave."""
        forgotten = time.monotonic() - self._span - self.period
        while self._log and self._log[0].left < forgotten:
            self._log.popleft()
        due = self._paused_until
        if self._log:
            due = max(due, self._log[-1].left + self._distance)
        if len(self._log) == self.requests:
            due = max(due, self._arrival(self._first()) + self._span)
        return due

    def _first(self) -> Call:
        """The call of the log that arrived first."""
        # None that left after the oldest had arrived.
        arrived = self._arrival(self._log[0])
        return min(takewhile(lambda call: call.left <= arrived, self._log), key=self._arrival)

    def _arrival(self, call: Call) -> float:
        """When a call arrived, at the latest."""
        return call.left + min(max(call.took - self.latency, 0.0), self.period)
