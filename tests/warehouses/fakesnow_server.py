"""fakesnow's server, which sends a time that is null as Snowflake does; fakesnow 0.12.1 sends one of 1970."""

from __future__ import annotations

import sys
from typing import Any

import pyarrow as pa
from fakesnow import arrow
from fakesnow.cli import main

as_struct = arrow.timestamp_to_sf_struct


def as_struct_or_null(times: Any) -> pa.StructArray:
    """Return times as Snowflake's driver reads them."""
    nulls = pa.array(times.is_null().to_pylist())
    struct = as_struct(times)
    return pa.StructArray.from_arrays(struct.flatten(), fields=[*struct.type], mask=nulls)


arrow.timestamp_to_sf_struct = as_struct_or_null
sys.exit(main(sys.argv[1:]))
