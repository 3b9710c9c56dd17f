"""Rate limits: a sliding log of the calls that count against each."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Limit(NamedTuple):
    """So many requests in any window of so many seconds: of all operations, or of some, together or each."""

    requests: int
    seconds: float
    operations: tuple[str, ...] = ()
    """The operations that count against it; none: all."""
    each: bool = False
    """Whether each operation has it for itself."""

    def counts(self, operation: str) -> bool:
        """Whether the calls of an operation count against it."""
        return not self.operations or operation in self.operations


class RateLimits:
    """Accepts a call unless one of the limits that it counts against was used up in the period before it."""

    def __init__(self, limits: Mapping[str, Limit]) -> None:
        self.limits = limits
        self._accepted: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def accepts(self, operation: str, time: float) -> bool:
        """Whether a call that arrives now is within all limits; one that is refused counts against none."""
        logs = []
        for name, limit in self.limits.items():
            if limit.counts(operation):
                log = self._accepted[name, operation if limit.each else ""]
                while log and log[0] <= time - limit.seconds:
                    log.popleft()
                if len(log) >= limit.requests:
                    return False
                logs.append(log)
        for log in logs:
            log.append(time)
        return True

    def reset(self) -> None:
        """Forget all calls."""
        self._accepted.clear()


def worst_window(times: Sequence[float], seconds: float) -> int:
    """Return the largest number of calls in any window of so many seconds."""
    times = sorted(times)
    return max((i + 1 - bisect_left(times, time - seconds + 1e-9) for i, time in enumerate(times)), default=0)


def worst(limit: Limit, calls: Iterable[tuple[str, float]]) -> int:
    """Return the largest number of calls that counted against a limit in any window of its period."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    for operation, time in calls:
        if limit.counts(operation):
            times[operation if limit.each else ""].append(time)
    return max((worst_window(own, limit.seconds) for own in times.values()), default=0)
