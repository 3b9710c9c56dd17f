"""Runs meltanolabs-target-snowflake, whose settings know no address, against a server that is given."""

from __future__ import annotations

import json
import os
from typing import Any

from snowflake.connector import SnowflakeConnection
from target_snowflake.target import TargetSnowflake

connect = SnowflakeConnection.__init__


def connect_there(self: Any, *args: Any, **options: Any) -> None:
    """Connects to where the environment says."""
    connect(self, *args, **{**options, **json.loads(os.environ["SNOWFLAKE_ADDRESS"])})


SnowflakeConnection.__init__ = connect_there
TargetSnowflake.cli()
