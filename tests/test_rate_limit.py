"""The limiter, by a clock of the tests' own: what leaves, and when it arrives."""

from __future__ import annotations

import threading
import time as real_time
from bisect import bisect_right
from dataclasses import dataclass, field
from operator import itemgetter
from threading import Event
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cdn_certs.api import rate_limit
from tap_cdn_certs.api.rate_limit import AccountLimits, Call, Limit, OperationLimits, RateLimit, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

seconds = st.floats(0, 3, allow_nan=False)
limits = st.tuples(st.integers(1, 12), st.sampled_from([0.5, 1.0, 3.0, 300.0]))


@dataclass
class Clock:
    """The time, which passes only while the limiter waits, and what happens at its times."""

    now: float = 1000.0
    epoch: float = 1.7e9
    events: list[tuple[float, Call]] = field(default_factory=list)
    answered: Callable[[Call], None] = lambda _: None

    def monotonic(self) -> float:
        """Seconds since some time."""
        return self.now

    def time(self) -> float:
        """Seconds since 1970."""
        return self.epoch + self.now

    def go_on(self, seconds: float) -> None:
        """Lets time pass, and the answers in it arrive."""
        end = self.now + seconds
        while self.events and min(self.events, key=itemgetter(0))[0] <= end:
            event = min(self.events, key=itemgetter(0))
            self.events.remove(event)
            self.now = max(self.now, event[0])
            self.answered(event[1])
        self.now = end


class Sleep(Event):
    """What a limiter waits on: it lets the clock go on, and sometimes wakes the limiter too early or late."""

    def __init__(self, clock: Clock, oversleep: float) -> None:
        super().__init__()
        self.clock = clock
        self.oversleep = oversleep
        self.waits = 0

    def wait(self, timeout: float | None = None) -> bool:
        """Sleeps."""
        assert timeout
        self.waits += 1
        self.clock.go_on(timeout / 2 if self.waits % 3 == 0 else timeout + self.oversleep)
        return self.is_set()


@pytest.fixture(scope="module", autouse=True)
def restored() -> Iterator[None]:
    """Gives the limiter its clock back."""
    yield
    rate_limit.time = real_time  # type: ignore[attr-defined]


def limiter(
    requests: int, period: float, clock: Clock | None = None, oversleep: float = 0.0
) -> tuple[OperationLimits, Clock]:
    """A limiter with a clock of its own."""
    clock = clock or Clock()
    rate_limit.time = clock  # type: ignore[attr-defined,assignment]
    subject = OperationLimits([RateLimit(requests, period)], Sleep(clock, oversleep))
    clock.answered = subject.answered
    return subject, clock


def most_in(times: list[float], period: float) -> int:
    """The most calls in any window of the period."""
    times = sorted(times)
    return max(bisect_right(times, start + period) - i for i, start in enumerate(times))


@given(
    limit=limits,
    gaps=st.lists(seconds, min_size=1, max_size=60),
    oversleep=st.sampled_from([0.0, 0.001, 0.2]),
)
def test_no_window_has_more_calls_than_the_limit(
    limit: tuple[int, float], gaps: list[float], oversleep: float
) -> None:
    """However calls come, and however late the limiter wakes, no sliding window has more than the limit."""
    requests, period = limit
    subject, clock = limiter(*limit, oversleep=oversleep)
    left = []
    for gap in gaps:
        clock.go_on(gap * period / 3)
        subject.acquire()
        left.append(clock.now)
    assert most_in(left, period) <= requests


@given(limit=limits, calls=st.integers(1, 60))
def test_waits_no_longer_than_the_limit_asks_for(limit: tuple[int, float], calls: int) -> None:
    """The `n`-th call of many at once leaves within 5 % and 0.1 s of the least time that the limit allows."""
    requests, period = limit
    subject, clock = limiter(*limit)
    start = clock.now
    for _ in range(calls):
        subject.acquire()
    rounds = (calls - 1) // requests
    assert clock.now - start <= rounds * (1.05 * period + 0.1) + requests * 0.01 + 1e-6


@given(
    requests=st.integers(10, 30),
    ways=st.lists(st.floats(0, 0.02), min_size=100, max_size=100),
    stalled=st.sets(st.integers(0, 33).map(lambda number: 3 * number)),
    stall=st.floats(0, 0.5),
)
def test_a_call_that_arrived_late_counts_from_then(
    requests: int, ways: list[float], stalled: set[int], stall: float
) -> None:
    """Calls that new connections or stalls held up are not followed too soon: arrivals are what counts."""
    subject, clock = limiter(requests, 1.0)
    arrivals = []
    for number, way in enumerate(ways):
        call = subject.acquire()
        arrived = clock.now + way + (stall if number in stalled else 0)
        arrivals.append(arrived)
        clock.events.append((arrived + 0.15, call))
    assert most_in(arrivals, 1.0) <= requests


@given(requests=st.integers(10, 30), late=st.floats(0, 0.5))
def test_a_late_beginning_is_not_taken_for_usual(requests: int, late: float) -> None:
    """Most of the first calls may be late, for their new connections: those after them are none too many."""
    subject, clock = limiter(requests, 1.0)
    arrivals = []
    for number in range(3 * requests):
        call = subject.acquire()
        arrived = clock.now + (late if number < 0.8 * requests else 0)
        arrivals.append(arrived)
        clock.events.append((arrived + 0.15, call))
    assert most_in(arrivals, 1.0) <= requests


@given(requests=st.integers(1, 2), late=st.floats(0, 0.5))
def test_the_first_of_few_calls_may_be_late(requests: int, late: float) -> None:
    """By all that its answer took: there is none to compare it with."""
    subject, clock = limiter(requests, 1.0)
    arrivals = []
    for number in range(6):
        call = subject.acquire()
        arrivals.append(clock.now + (0 if number else late))
        clock.events.append((arrivals[-1] + 0.15, call))
    assert most_in(arrivals, 1.0) <= requests


@given(limit=limits, before=st.integers(0, 30), pause=st.floats(0.1, 900))
def test_a_pause_holds_everybody(limit: tuple[int, float], before: int, pause: float) -> None:
    """No call leaves within a pause, and a shorter one does not end it."""
    subject, clock = limiter(*limit)
    for _ in range(before):
        subject.acquire()
    refused = clock.now
    subject.pause(pause)
    subject.pause(pause / 2)
    subject.acquire()
    assert clock.now >= refused + pause


@given(
    limit=limits,
    before=st.integers(0, 30),
    after=st.integers(1, 30),
    down=st.floats(0, 400),
    twice=st.booleans(),
)
def test_a_restart_counts_the_earlier_calls(
    limit: tuple[int, float], before: int, after: int, down: float, *, twice: bool
) -> None:
    """What a limiter logs makes the next one, in another process, go on where it was."""
    requests, period = limit
    subject, clock = limiter(*limit)
    left = []
    for _ in range(before):
        subject.acquire()
        left.append(clock.time())
    clock.go_on(down)
    for _ in range(1 + twice):
        log = subject.log()
        assert len(log) <= requests
        # Another process: its clock starts anywhere, and says the same time.
        subject, clock = limiter(*limit, Clock(now=5000.0, epoch=clock.time() - 5000.0))
        subject.remember(log)
        kept = subject.log()
        # The oldest may not count any more, by what was rounded.
        assert len(log) - len(kept) <= 1
        assert kept == pytest.approx(log[len(log) - len(kept) :], abs=0.002)
    for _ in range(after):
        subject.acquire()
        left.append(clock.time())
    assert most_in(left, period) <= requests


def test_the_log_forgets_what_no_longer_counts() -> None:
    """A state does not keep the calls of a period that is over."""
    subject, clock = limiter(10, 300)
    subject.acquire()
    clock.go_on(200)
    subject.acquire()
    clock.go_on(200)
    assert subject.log() == [pytest.approx(clock.time() - 200, abs=0.1)]


def test_calls_of_another_clock_do_not_block() -> None:
    """A state from a machine whose clock is ahead makes nobody wait longer than one period."""
    subject, clock = limiter(10, 300)
    subject.remember([clock.time() + 10**6] * 10)
    start = clock.now
    subject.acquire()
    assert clock.now - start <= 302


def test_more_calls_than_the_limit_can_be_remembered() -> None:
    """The limit may have been lowered since: the last calls count."""
    subject, clock = limiter(2, 300)
    subject.remember(clock.time() - age for age in range(20))
    assert len(subject.log()) == 2
    assert max(subject.log()) == pytest.approx(clock.time(), abs=0.01)


def test_says_who_waited_and_how_long() -> None:
    """The calls and those delayed are counted, and how long is waited can be seen."""
    subject, clock = limiter(5, 300)
    for _ in range(8):
        subject.acquire()
        clock.go_on(0.01)
    assert (subject.calls, subject.delayed) == (8, 1)
    assert subject.waits_until == pytest.approx(clock.now, abs=1)


NESTED = {
    "report": Limit(3, 10.0, operations=("GetReport",)),
    "operation": Limit(10, 5.0, each=True),
    "burst": Limit(8, 0.5),
    "account": Limit(),
}


def account(clock: Clock, **declared: Limit) -> AccountLimits:
    """The limits of an account whose settings allow 20 calls in 60 seconds, with a clock of its own."""
    rate_limit.time = clock  # type: ignore[attr-defined,assignment]
    limits = AccountLimits(declared, 20, 60.0, Sleep(clock, 0.001))
    clock.answered = lambda _: None
    return limits


@given(st.lists(st.tuples(st.sampled_from(["GetReport", "GetOne", "List"]), seconds), max_size=80))
def test_every_limit_of_an_operation_holds(calls: list[tuple[str, float]]) -> None:
    """Those for all operations together, for some, and for each apart; whatever is called, and when."""
    clock = Clock()
    limits = account(clock, **NESTED)
    left: dict[str, list[float]] = {name: [] for name in ("GetReport", "GetOne", "List")}
    for operation, gap in calls:
        clock.go_on(gap)
        limits[operation].acquire()
        left[operation].append(clock.now)
    for operation, times in left.items():
        assert not times or most_in(times, 5.0) <= 10, operation
    assert not left["GetReport"] or most_in(left["GetReport"], 10.0) <= 3
    together = [time for times in left.values() for time in times]
    assert not together or most_in(together, 0.5) <= 8
    assert not together or most_in(together, 60.0) <= 20


@given(st.integers(1, 60), st.sampled_from(["GetReport", "List"]))
def test_nested_limits_cost_no_more_than_the_slowest(calls: int, operation: str) -> None:
    """Of limits that nest, the one that lets the fewest calls through is what is waited for."""
    clock = Clock()
    limit = account(clock, **NESTED)[operation]
    start = clock.now
    for _ in range(calls):
        limit.acquire()
    alone = [clock.now - start]
    for name, declared in NESTED.items():
        if not declared.counts(operation):
            continue
        single = Clock()
        one = account(single, **{name: declared})[operation]
        start = single.now
        for _ in range(calls):
            one.acquire()
        alone.append(single.now - start)
    # Where periods do not divide each other, one limit's pause may begin just before the other's.
    assert max(alone[1:]) - 0.1 <= alone[0] <= sum(alone[1:]) + 0.1


def test_who_waits_for_a_narrow_limit_keeps_nobody_from_the_wide_one() -> None:
    """While one operation has used its own limit up, the others go on."""
    rate_limit.time = real_time  # type: ignore[attr-defined]
    stopped = Event()
    limits = AccountLimits({"report": Limit(1, 300.0, ("GetReport",)), "all": Limit()}, 100, 1.0, stopped)
    limits["GetReport"].acquire()

    def wait() -> None:
        with pytest.raises(Stopped):
            limits["GetReport"].acquire()

    waiting = threading.Thread(target=wait)
    waiting.start()
    real_time.sleep(0.05)
    start = real_time.monotonic()
    for _ in range(10):
        limits["List"].acquire()
    assert real_time.monotonic() - start < 30
    assert waiting.is_alive()
    stopped.set()
    waiting.join(5)


def test_a_refusal_holds_all_limits_that_it_may_be_of() -> None:
    """The provider does not say which one was met: nothing that counts for one of them leaves."""
    clock = Clock()
    limits = account(clock, **NESTED)
    limits["GetReport"].pause(30)
    start = clock.now
    limits["List"].acquire()
    assert clock.now - start >= 30


def test_a_limit_that_was_paused_meanwhile_holds() -> None:
    """While one limit is waited for, another may be refused: its wait is not forgotten."""
    clock = Clock()
    limits = account(clock, first=Limit(100, 1.0, ("List",)), account=Limit(1, 10.0))
    limits["List"].acquire()
    first, _ = limits["List"]._limits
    waited = clock.go_on
    paused: list[float] = []

    def go_on(seconds: float) -> None:
        waited(seconds)
        if not paused:
            first.pause(60)
            paused.append(clock.now)

    clock.go_on = go_on  # type: ignore[method-assign]
    limits["List"].acquire()
    assert clock.now >= paused[0] + 60


def test_the_settings_say_the_main_limit_only() -> None:
    """What a provider documents beside it stays."""
    limits = account(Clock(), **NESTED)
    narrow, each, burst, main = limits["GetReport"]._limits
    assert [(limit.requests, limit.period) for limit in (narrow, each, burst, main)] == [
        (3, 10.0),
        (10, 5.0),
        (8, 0.5),
        (20, 60.0),
    ]
    assert limits["List"]._limits[1:] == [burst, main]
    assert limits["List"]._limits[0] is not each
    assert limits["GetReport"].least(21) == 60.0


def test_a_limit_that_operations_share_remembers_the_calls_of_each() -> None:
    """Each stream keeps those of its own operation in the state; all of them count."""
    clock = Clock()
    limits = account(clock, narrow=Limit(2, 600.0, ("GetOne",)), all=Limit(4, 60.0))
    start = clock.now
    limits["GetOne"].remember([clock.time() - 20])
    limits["GetReport"].remember(clock.time() - age for age in (10, 15))
    limits["List"].acquire()
    assert clock.now == start
    assert [len(limits[name].log()) for name in ("GetOne", "GetReport", "List")] == [1, 2, 1]
    limits["List"].acquire()
    assert 40 <= clock.now - start <= 41


def test_a_stop_ends_all_waits_at_once() -> None:
    """A stop is not kept waiting, not by one who waits for the limit and not by those behind it."""
    rate_limit.time = real_time  # type: ignore[attr-defined]
    stopped = Event()
    subject = OperationLimits([RateLimit(1, 300)], stopped)
    subject.acquire()
    ended = []

    def wait() -> None:
        with pytest.raises(Stopped):
            subject.acquire()
        ended.append(real_time.monotonic())

    threads = [threading.Thread(target=wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    real_time.sleep(0.1)
    assert not ended
    stop = real_time.monotonic()
    stopped.set()
    for thread in threads:
        thread.join(30)
    assert len(ended) == 4
    assert max(ended) - stop < 30


def test_threads_share_the_limit() -> None:
    """Many threads at once get the calls that one would: none is lost, none is given twice."""
    rate_limit.time = real_time  # type: ignore[attr-defined]
    subject = OperationLimits([RateLimit(20, 0.2)], Event())
    calls = []

    def work() -> None:
        for _ in range(10):
            call = subject.acquire()
            calls.append(call.left)
            subject.answered(call)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(set(calls)) == len(calls) == subject.calls == 80
    assert most_in(calls, 0.2) <= 20
