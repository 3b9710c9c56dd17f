"""The marts on BigQuery, Snowflake and Spark are those on DuckDB, field by field, of the same syncs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from building import MARTS, marts

if TYPE_CHECKING:
    from building import Rows
    from emulators import Emulator

    Row = dict[str, Any]


def test_there_is_something_to_compare(expected: Rows) -> None:
    """No mart is empty, and no column of one is null in all rows."""
    for mart, rows in expected.items():
        assert rows, mart
        assert not [name for name in rows[0] if all(row[name] is None for row in rows)], mart


@pytest.mark.parametrize("kind", ["bigquery", "snowflake", "spark"])
def test_the_marts_are_those_of_duckdb(kind: str, expected: Rows, request: pytest.FixtureRequest) -> None:
    """Each mart has the same rows in the same columns, and so has the snapshot where it can be."""
    emulator: Emulator = request.getfixturevalue(f"{kind}_built")
    kept = {name: rows for name, rows in expected.items() if kind != "spark" or name in MARTS}
    found = marts(emulator, kept)
    for mart, rows in kept.items():
        assert differences(found[mart], rows) == [], mart


def differences(found: list[Row], expected: list[Row]) -> list[Any]:
    """What differs: values of rows in their order, or how many there are."""
    if len(found) != len(expected):
        return [len(found), len(expected)]
    return [
        {
            name: (one.get(name), other.get(name))
            for name in {*one, *other}
            if one.get(name) != other.get(name)
        }
        for one, other in zip(found, expected, strict=True)
        if one != other
    ]
