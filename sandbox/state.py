"""What the accounts of a sandbox share: a clock, the log of requests and the faults."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sandbox.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.messages import Request


class State:
    """What the accounts of a sandbox share, and a test may change while they answer."""

    def __init__(self, latency: float, seed: int, now: datetime | None) -> None:
        self.now = (now or datetime.now(UTC)).replace(microsecond=0)
        self.seed = seed
        self.latency = latency
        self.clock_offset = 0.0
        self.during_listing: Callable[[], object] | None = None
        """What a test wants to happen, once, after the first page of a list."""
        self.listing = ""
        """The operation whose list that is, or any."""
        self.requests: list[Request] = []
        self.faults = Faults(seed)

    def time(self) -> float:
        """Return the time by the servers' clock."""
        return time.time() + self.clock_offset
