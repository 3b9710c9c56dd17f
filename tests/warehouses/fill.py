"""Makes tables by a dialect of SQLAlchemy's, in its environment: what they hold on stdin, as JSON."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from sqlalchemy import BIGINT, TIMESTAMP, Boolean, Column, Float, MetaData, Numeric, String, Table
from sqlalchemy.schema import CreateSchema

from cdn_certs_report import database

TYPES: dict[str, Any] = {
    "text": String,
    "boolean": Boolean,
    "timestamp": TIMESTAMP,
    "integer": BIGINT,
    "bigint": BIGINT,
    "numeric": Numeric,
    "double precision": Float,
}


def fill(url: str, schema: str, tables: dict[str, Any]) -> None:
    """Makes a schema with tables, of the types and with the names that dbt gives them there."""
    engine = database._engine(database._url(url))
    with engine.begin() as connection:
        connection.execute(CreateSchema(schema))
        for name, (types, rows) in tables.items():
            made = Table(name, MetaData(schema=schema), *(Column(each, TYPES[kind]) for each, kind in types))
            made.create(connection)
            times = [each for each, kind in types if kind == "timestamp"]
            for row in rows:
                row.update({each: datetime.fromisoformat(row[each]) for each in times if row.get(each)})
            if rows:
                connection.execute(made.insert(), rows)
    engine.dispose()


if __name__ == "__main__":
    fill(**json.load(sys.stdin))
