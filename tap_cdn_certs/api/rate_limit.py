"""Waiting for a provider's limit, so that it need not refuse anything."""

from __future__ import annotations

import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from threading import Event


# Seconds that calls may be late without more than the margin.
JITTER = 0.02


class Stopped(Exception):  # noqa: N818 - not an error
    """The tap ends: nothing is waited for any more."""


@dataclass(eq=False, slots=True)
class Call:
    """A call that left, and how many seconds its answer took, once it is there."""

    left: float
    took: float = 0.0


@dataclass(frozen=True)
class Limit:
    """So many requests in any period of so many seconds, of the operations that are counted for it.

    Args:
        requests: None for the limit that the settings `rate_limit_requests` and `rate_limit_period` say.
        operations: The operations, as globs.
        each: Whether each operation is counted apart, and not all of them together.
    """

    requests: int | None = None
    period: float | None = None
    operations: tuple[str, ...] = ("*",)
    each: bool = False

    def counts(self, operation: str) -> bool:
        """Whether an operation's requests count."""
        return any(fnmatchcase(operation, pattern) for pattern in self.operations)


class RateLimit:
    """At most `requests` calls in any `period` seconds, for all threads together, first come first served.

    A sliding log: a call may leave when one of the `requests` before it is older than the period. The
    provider counts arrivals: a call whose answer is later than usual may have arrived later, for a new
    connection or a stall, and is taken to have. For what else they jitter there is a margin: 25 ms for the
    way, which covers what is late by less, and 0.5 % for the clock.

    Libraries were tried: a token bucket lets through twice the limit in the worst window, the others wait
    without a way to stop them, or let through a few calls too many.
    """

    def __init__(self, requests: int, period: float) -> None:
        self.requests = requests
        self.period = period
        self.turn = Lock()
        self.latency = 0.0  # seconds that an answer takes: the median of the last
        self.span = period * 1.005 + 0.025
        # Calls at once would contend for the CPU, and their distances would be lost on the way.
        self._distance = min(0.3 * period / requests, 0.003)
        self._log: deque[Call] = deque()
        self._latencies: deque[float] = deque(maxlen=100)
        # Of those that are quick: when a sync begins, most are late, for their new connections.
        self._usual = 0.0
        self._paused_until = 0.0

    def due(self) -> float:
        """When the next call may leave, for whoever has the turn."""
        forgotten = time.monotonic() - self.span - self.period
        while self._log and self._log[0].left < forgotten:
            self._log.popleft()
        due = self._paused_until
        if self._log:
            due = max(due, self._log[-1].left + self._distance)
        if len(self._log) == self.requests:
            due = max(due, self.arrival(self._first()) + self.span)
        return due

    def left(self, call: Call) -> None:
        """Notes that a call leaves now, for whoever has the turn."""
        if len(self._log) == self.requests:
            self._log.remove(self._first())
        self._log.append(call)

    def answered(self, call: Call) -> None:
        """Notes that the answer to a call is there."""
        self._latencies.append(call.took)
        latencies = sorted(self._latencies)
        self.latency = latencies[len(latencies) // 2]
        # What the first one took may be its connection's, all of it.
        self._usual = latencies[len(latencies) // 10] if len(latencies) > 1 else 0.0

    def pause(self, seconds: float) -> None:
        """Lets no call leave for so many seconds: the provider refused one."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def remember(self, calls: Iterable[Call]) -> None:
        """Counts the calls of an earlier sync."""
        self._log = deque(sorted([*self._log, *calls], key=lambda call: call.left)[-self.requests :])

    def _first(self) -> Call:
        """The call of the log that arrived first."""
        # None that left after the oldest had arrived.
        arrived = self.arrival(self._log[0])
        return min(takewhile(lambda call: call.left <= arrived, self._log), key=self.arrival)

    def arrival(self, call: Call) -> float:
        """When a call arrived, at the latest."""
        return call.left + min(max(call.took - self._usual - JITTER, 0.0), self.period)


class OperationLimits:
    """The limits that an operation's calls count against, all at once.

    Args:
        limits: Those that count the fewest operations first: who waits for one of them keeps nobody from
            the others.
    """

    def __init__(self, limits: Sequence[RateLimit], stopped: Event) -> None:
        self.waits_until = 0.0  # of `time.monotonic`; in the past: nobody waits
        self.calls = 0
        self.delayed = 0  # calls that had to wait
        self.period = max(limit.period for limit in limits)
        self.rate = min(limit.requests / limit.span for limit in limits)  # in a second, in the long run
        self._limits = limits
        self._slowest = max(limits, key=lambda limit: limit.span)
        self._log: deque[Call] = deque(maxlen=self._slowest.requests)
        self._stopped = stopped
        self._counting = Lock()

    @property
    def latency(self) -> float:
        """Seconds that an answer takes."""
        return self._limits[0].latency

    def least(self, calls: int) -> float:
        """Seconds that so many calls take at least."""
        return max((calls - 1) // limit.requests * limit.period for limit in self._limits)

    def wait(self) -> bool:
        """Waits until a call could leave, for who needs something else for it; whether that took any time.

        Raises:
            Stopped: The tap ends.
        """
        waited = False
        for limit in self._limits:
            with limit.turn:
                waited |= self._wait(limit)
        return waited

    def acquire(self, *, waited: bool = False) -> Call:
        """Waits until a call may leave.

        Args:
            waited: Whether it has waited already.

        Raises:
            Stopped: The tap ends.
        """
        while True:
            with ExitStack() as turns:
                for limit in self._limits:
                    turns.enter_context(limit.turn)
                    waited |= self._wait(limit)
                call = Call(time.monotonic())
                # One may have been paused while another was waited for: everybody's turn comes again.
                if len(self._limits) == 1 or all(limit.due() <= call.left for limit in self._limits):
                    for limit in self._limits:
                        limit.left(call)
                    self._log.append(call)
                    break
        with self._counting:
            self.calls += 1
            self.delayed += waited
        return call

    def answered(self, call: Call) -> None:
        """Notes that the answer to a call is there."""
        call.took = time.monotonic() - call.left
        for limit in self._limits:
            limit.answered(call)

    def pause(self, seconds: float) -> None:
        """Lets no call leave for so many seconds: the provider refused one, by whichever limit."""
        for limit in self._limits:
            limit.pause(seconds)

    def log(self) -> list[float]:
        """When the operation's calls that still count arrived at the latest, in seconds since 1970."""
        age = time.time() - time.monotonic()
        oldest = time.monotonic() - self._slowest.span
        calls = [call for call in list(self._log) if call.left > oldest]
        return [round(self._slowest.arrival(call) + age, 3) for call in calls]

    def remember(self, calls: Iterable[float]) -> None:
        """Counts the calls of an earlier sync, as `log` gave them."""
        age = time.time() - time.monotonic()
        now = time.monotonic()
        earlier = [Call(min(left - age, now)) for left in sorted(float(call) for call in calls)]
        self._log.extendleft(reversed(earlier[-self._slowest.requests :]))
        for limit in self._limits:
            with limit.turn:
                limit.remember(earlier)

    def _wait(self, limit: RateLimit) -> bool:
        """Waits until a limit lets a call leave, and says whether that took any time."""
        waited = False
        while not self._stopped.is_set() and (wait := limit.due() - time.monotonic()) > 0:
            waited = True
            self.waits_until = time.monotonic() + wait
            self._stopped.wait(wait)
        if self._stopped.is_set():
            raise Stopped
        return waited


class AccountLimits(dict[str, OperationLimits]):
    """The limits of an account, by operation.

    Args:
        declared: By name, those that count the fewest operations first. One of them counts each operation.
        requests: What those say that leave it to the settings, in any `period` seconds.
    """

    def __init__(self, declared: Mapping[str, Limit], requests: int, period: float, stopped: Event) -> None:
        super().__init__()
        self._declared = declared
        self._default = requests, period
        self._shared: dict[str, RateLimit] = {}
        self._stopped = stopped
        self._making = Lock()

    def __missing__(self, operation: str) -> OperationLimits:
        with self._making:
            if operation not in self:
                named = [name for name, limit in self._declared.items() if limit.counts(operation)]
                self[operation] = OperationLimits([self._limit(name) for name in named], self._stopped)
            return self[operation]

    def _limit(self, name: str) -> RateLimit:
        limit, (requests, period) = self._declared[name], self._default
        made = RateLimit(limit.requests or requests, float(limit.period or period))
        return made if limit.each else self._shared.setdefault(name, made)
