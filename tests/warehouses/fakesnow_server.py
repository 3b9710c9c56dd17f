"""fakesnow's server, where a time that is null stays null, and a temporary table may be in a schema.

fakesnow 0.12.1 sends a time of 1970, and its DuckDB keeps temporary tables in a place of their own.
"""

from __future__ import annotations

import sys
from typing import Any

import pyarrow as pa
from fakesnow import arrow
from fakesnow.cli import main
from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import exp

as_struct = arrow.timestamp_to_sf_struct


def as_struct_or_null(times: Any) -> pa.StructArray:
    """Return times as Snowflake's driver reads them."""
    nulls = pa.array(times.is_null().to_pylist())
    struct = as_struct(times)
    return pa.StructArray.from_arrays(struct.flatten(), fields=[*struct.type], mask=nulls)


transform = FakeSnowflakeCursor._transform


def lasting(self: Any, expression: exp.Expression, *arguments: Any) -> exp.Expression:
    """Return a statement that makes tables which last, whatever it says."""
    for said in [*expression.find_all(exp.TemporaryProperty)]:
        said.pop()
    return transform(self, expression, *arguments)


arrow.timestamp_to_sf_struct = as_struct_or_null
FakeSnowflakeCursor._transform = lasting
sys.exit(main(sys.argv[1:]))
