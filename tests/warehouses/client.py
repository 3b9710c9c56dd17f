"""Asks a warehouse by its own client, in that client's environment: queries on stdin, rows on stdout."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


def bigquery(connection: dict[str, Any], queries: list[str]) -> list[list[dict[str, Any]]]:
    """By google-cloud-bigquery."""
    from google.cloud import bigquery  # noqa: PLC0415

    client = bigquery.Client.from_service_account_json(connection["keyfile"], project=connection["project"])
    return [[dict(row) for row in client.query(query).result()] for query in queries]


def snowflake(connection: dict[str, Any], queries: list[str]) -> list[list[dict[str, Any]]]:
    """By snowflake-connector-python."""
    from snowflake.connector import DictCursor, connect  # noqa: PLC0415

    with connect(**connection) as connected, connected.cursor(DictCursor) as cursor:
        return [
            [{name.lower(): value for name, value in row.items()} for row in cursor.execute(query).fetchall()]
            for query in queries
        ]


def spark(_: dict[str, Any], queries: list[str]) -> list[list[dict[str, Any]]]:
    """By PySpark, which its environment configures."""
    from pyspark.sql import SparkSession  # noqa: PLC0415

    session = SparkSession.builder.enableHiveSupport().getOrCreate()
    return [[row.asDict() for row in session.sql(query).collect()] for query in queries]


def plain(value: Any) -> Any:
    """A value that JSON has."""
    match value:
        case datetime():
            return (value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return int(value) if value == int(value) else float(value)
        case _:
            raise TypeError(value)


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps(globals()[sys.argv[1]](asked["connection"], asked["queries"]), default=plain))  # noqa: T201
