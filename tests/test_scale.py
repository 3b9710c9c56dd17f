"""The benchmark of scale, with a handful of domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import scale
from benchmarks.scale import STAGES, Size

if TYPE_CHECKING:
    import pytest


def test_measures_each_stage(target_duckdb: str, dbt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stage takes time and memory, and what it takes is told beside how much more domains there are."""
    monkeypatch.setattr(scale, "TARGET", target_duckdb)
    monkeypatch.setattr(scale, "DBT", dbt)
    measured = scale.measured(Size(2, 3))
    assert [len(runs) for runs in measured.stages.values()] == [2, 4, 1, 1]
    assert all(run.cpu > 0 and run.peak > 10 for runs in measured.stages.values() for run in runs)
    assert min(measured.files.values()) > 0

    # As if twice the domains cost no more.
    monkeypatch.setattr(scale, "measured", lambda _: measured)
    header, _, *lines = scale.table(Size(2, 3), Size(4, 3))
    assert "6 domains, 2 accounts" in header
    assert "12 domains, 4 accounts" in header
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines][: len(STAGES)] == [*STAGES]
    assert {line.split(" | ")[-1] for line in lines} == {"0.50 |"}
