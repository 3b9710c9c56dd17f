"""Rate limits: a sliding log of the calls of each operation."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Limit(NamedTuple):
    """So many requests of an operation in any window of so many seconds."""

    requests: int
    seconds: float


class RateLimit:
    """Accepts a call unless its operation was called as often as allowed in the period before it."""

    def __init__(self, limit: Limit | None) -> None:
        self.limit = limit
        self._accepted: defaultdict[str, deque[float]] = defaultdict(deque)

    def accepts(self, operation: str, time: float) -> bool:
        """Whether a call that arrives now is within the limit; one that is refused does not count."""
        if self.limit is None:
            return True
        log = self._accepted[operation]
        while log and log[0] <= time - self.limit.seconds:
            log.popleft()
        if len(log) >= self.limit.requests:
            return False
        log.append(time)
        return True

    def reset(self) -> None:
        """Forget all calls."""
        self._accepted.clear()


def worst_window(times: Sequence[float], seconds: float) -> int:
    """Return the largest number of calls in any window of so many seconds."""
    times = sorted(times)
    return max((i + 1 - bisect_left(times, time - seconds + 1e-9) for i, time in enumerate(times)), default=0)
