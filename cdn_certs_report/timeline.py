"""Where the bars of the timeline of expiries stand; the template draws them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cdn_certs_report.inventory import STATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdn_certs_report.inventory import Certificate

_WEEK = timedelta(weeks=1)
_PAST = 4
"""Weeks shown before now."""
_FUTURE = (13, 58)
"""Fewest and most weeks shown after now: a quarter, and 398 days, long the most a certificate could live."""


_TOP = 18


@dataclass(frozen=True)
class Part:
    """The certificates of one state within a bar."""

    state: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """The certificates that end in one week, or before or after those shown."""

    label: str
    x: float
    width: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Timeline:
    """A picture of `width` by `height`, its ground line at `floor`."""

    width: int
    height: int
    floor: int
    now: float
    highest: int
    bars: tuple[Bar, ...]
    months: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class _Scale:
    """Where a week is: those before and after the weeks shown are gathered at the ends."""

    now: datetime
    future: int
    """How many weeks after now are shown."""
    step: float
    floor: int
    highest: int

    def x(self, week: float) -> float:
        # The gathered ends are as wide as two weeks, and a little apart.
        return round((_PAST + 2.5 + week) * self.step, 2)

    def bar(self, week: int, count: Counter[str]) -> Bar:
        begin, end = self.now + week * _WEEK, self.now + (week + 1) * _WEEK
        size, gap = self.step, self.step / 10
        if week == -_PAST - 1:
            label, left, size = f"before {end:%Y-%m-%d}", 0.0, 2 * self.step
        elif week == self.future:
            label, left, size = f"from {begin:%Y-%m-%d}", self.x(week + 0.5), 2 * self.step
        else:
            label, left = f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}", self.x(week)
        words = ", ".join(f"{count[state]} {word.lower()}" for state, word in STATES.items() if count[state])
        parts = tuple(self.parts(count))
        return Bar(f"{label}: {words}", round(left + gap, 2), round(size - 2 * gap, 2), parts)

    def parts(self, count: Counter[str]) -> Iterator[Part]:
        y = float(self.floor)
        for state in reversed(STATES):
            if count[state]:
                # One certificate among thousands is still seen.
                height = max(count[state] / self.highest * (self.floor - _TOP), 2.0)
                y -= height
                yield Part(state, round(y, 2), round(height, 2))


def timeline(
    certificates: Sequence[Certificate], now: datetime, *, width: int, height: int, months_apart: int
) -> Timeline:
    """Return a bar for each week, with the weeks before and after those shown gathered at the ends."""
    ends = [(each.ends_at, each.state) for each in certificates if each.ends_at]
    fewest, most = _FUTURE
    last = max((end for end, _ in ends), default=now)
    future = min(max((last - now) // _WEEK + 1, fewest), most)
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for end, state in ends:
        # Floor division: a second ago is in the week before now.
        counts[min(max((end - now) // _WEEK, -_PAST - 1), future)][state] += 1
    highest = max((count.total() for count in counts.values()), default=0)
    scale = _Scale(now, future, width / (future + _PAST + 5), height - 24, highest)
    return Timeline(
        width=width,
        height=height,
        floor=scale.floor,
        now=scale.x(0),
        highest=scale.highest,
        bars=tuple(scale.bar(week, counts[week]) for week in sorted(counts)),
        months=tuple(
            (scale.x((month - now) / _WEEK), f"{month:%b %Y}" if month.month == 1 else f"{month:%b}")
            for month in _months(now - _PAST * _WEEK, now + (future - 2) * _WEEK, months_apart)
        ),
    )


def _months(begin: datetime, end: datetime, apart: int) -> Iterator[datetime]:
    """Yield the first instants of every so many months."""
    month = begin.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while (month := (month + timedelta(days=32)).replace(day=1)) < end:
        if month.month % apart == 1 % apart:
            yield month
