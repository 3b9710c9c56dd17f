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
        week = min(max((end - now) // _WEEK, -_PAST - 1), future)
        counts[week][state] += 1

    highest = max((count.total() for count in counts.values()), default=0)
    floor, top = height - 24, 18
    # The gathered ends are as wide as two weeks, and a little apart.
    step = width / (future + _PAST + 5)
    zero = (_PAST + 2.5) * step

    def x(week: float) -> float:
        return round(zero + week * step, 2)

    def bar(week: int) -> Bar:
        begin, end = now + week * _WEEK, now + (week + 1) * _WEEK
        if week == -_PAST - 1:
            label, left = f"before {end:%Y-%m-%d}", 0.0
        elif week == future:
            label, left = f"from {begin:%Y-%m-%d}", x(week + 0.5)
        else:
            label, left = f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}", x(week)
        size = 2 * step if week in {-_PAST - 1, future} else step
        parts, y = [], float(floor)
        for state in reversed(STATES):
            if count := counts[week][state]:
                # One certificate among thousands is still seen.
                part = max(count / highest * (floor - top), 2.0)
                y -= part
                parts.append(Part(state, round(y, 2), round(part, 2)))
        words = ", ".join(
            f"{counts[week][state]} {word.lower()}" for state, word in STATES.items() if counts[week][state]
        )
        gap = step / 10
        return Bar(f"{label}: {words}", round(left + gap, 2), round(size - 2 * gap, 2), tuple(parts))

    return Timeline(
        width=width,
        height=height,
        floor=floor,
        now=x(0),
        highest=highest,
        bars=tuple(bar(week) for week in sorted(counts)),
        months=tuple(
            (x((month - now) / _WEEK), f"{month:%b %Y}" if month.month == 1 else f"{month:%b}")
            for month in _months(now - _PAST * _WEEK, now + (future - 2) * _WEEK, months_apart)
        ),
    )


def _months(begin: datetime, end: datetime, apart: int) -> Iterator[datetime]:
    """Yield the first instants of every so many months."""
    month = begin.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while (month := (month + timedelta(days=32)).replace(day=1)) < end:
        if month.month % apart == 1 % apart:
            yield month
