"""A table of what was measured, in Markdown."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A line of the table; what is not measured is None."""

    what: str
    goal: str
    tap: float
    parent_child: float | None = None
    provider_sdk: float | None = None
    decimals: int = 1
    ratio: bool = True
    first_version: float | None = None

    def __str__(self) -> str:
        tap, child, *others = (
            self._number(value)
            for value in (self.tap, self.parent_child, self.provider_sdk, self.first_version)
        )
        ratio = f"{self.tap / self.parent_child:.2g}" if self.ratio and self.parent_child else ""
        return line(self.what, self.goal, tap, child, ratio, *others)

    def _number(self, value: float | None) -> str:
        return "" if value is None else f"{value:,.{self.decimals}f}"


def line(*cells: str) -> str:
    """A line of a Markdown table."""
    return f"| {' | '.join(cells)} |"
