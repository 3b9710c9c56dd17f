"""Reads the dbt models from a warehouse."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine, column, create_engine, make_url, null, select, table
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from sqlalchemy import Connection

Row = dict[str, Any]

MODELS = {
    "certificate_expiry": (
        "certificate_key",
        "provider",
        "account",
        "certificate_id",
        "name",
        "fingerprint_sha256",
        "serial_number",
        "subject_common_name",
        "issuer",
        "not_before",
        "not_after",
        "provider_not_after",
        "end_disputed",
        "chain_not_after",
        "chain_complete",
        "ends_at",
        "provider_status",
        "provider_says_worse",
        "public_key_algorithm",
        "public_key_bits",
        "public_key_curve",
        "signature_algorithm",
        "signature_hash",
        "self_signed",
        "stale",
        "synced_at",
        "state",
        "identity",
        "serves_nothing",
        "use_known",
        "only_named",
    ),
    "certificate_domains": (
        "certificate_key",
        "provider",
        "account",
        "domain_name",
        "source",
        "covered",
        "provider_status",
        "in_use",
    ),
    "domains_without_certificate": (
        "provider",
        "account",
        "domain_name",
        "cname",
        "stale",
        "synced_at",
        "reason",
    ),
    "algorithm_inventory": (
        "algorithm_kind",
        "algorithm",
        "bits",
        "curve",
        "hash",
        "class",
        "certificates",
        "domains",
    ),
    "lifetime_compliance": ("certificate_key", "lifetime_days", "limit_days", "compliant"),
    "sync_health": (
        "provider",
        "account",
        "stream",
        "state",
        "last_sync_at",
        "last_complete_sync_at",
        "listed",
        "read",
        "without_certificate",
        "skipped",
        "failed",
        "errors",
    ),
    "current_sync_errors": (
        "provider",
        "account",
        "stream",
        "operation",
        "key",
        "reach",
        "code",
        "message",
        "request_id",
        "occurred_at",
    ),
    "edge_drift": (
        "provider",
        "account",
        "domain_name",
        "certificate_key",
        "certificate_id",
        "certificate_name",
        "source",
        "verdict",
        "not_compared_because",
        "configured_fingerprint_sha256",
        "configured_serial_number",
        "configured_not_after",
        "served_fingerprint_sha256",
        "served_serial_number",
        "served_not_after",
        "served_issuer",
        "served_for",
        "served_state",
        "not_after",
        "serves",
        "trusted",
        "trust_error",
        "name_matches",
        "error",
        "address",
        "compared_by",
        "stale",
        "answered_at",
        "synced_at",
    ),
}
"""The models read, and their columns."""

_LATER_MODELS = {"edge_drift"}
"""The models that an earlier release lacks, which are empty then."""

_LATER = {"identity", "serves_nothing", "use_known", "only_named", "reason"}
"""The columns that models of an earlier release lack, which are null then."""

_WAIT = 10.0
"""Seconds that a database which another process loads is waited for."""

_STEP = 0.25

_USUAL = "cdn_certs_marts"

_LOCKED = re.compile(r"Could not set lock on file (?:.*\b(PID \d+))?")


class DatabaseError(Exception):
    """Why the models cannot be read, in one line for people; never holds a password."""


class DriverError(DatabaseError):
    """A driver is missing which the extra `report` brings."""


def read(database: str, schema: str | None) -> dict[str, list[Row]]:
    """Return the rows of each model, their times in UTC, from a schema or the only one that has them."""
    url = _url(database)
    engine = _engine(url)
    try:
        with _connected(engine, url) as connection:
            found = _schemas(connection)
            return _models(connection, schema or _only(found, url), found, url)
    except DBAPIError as error:
        raise DatabaseError(f"Cannot open {_shown(url)}: {_reason(error, url)}") from None
    except ImportError as error:
        raise _no_driver(url, error) from None
    finally:
        engine.dispose()


def _connected(engine: Engine, url: URL) -> Connection:
    """Return a connection, when nobody has locked the database any more."""
    end = time.monotonic() + _WAIT
    while True:
        try:
            return engine.connect()
        except DBAPIError as error:
            locked = _LOCKED.search(_reason(error, url))
            if not locked:
                raise
            if time.monotonic() >= end:
                by = f" ({locked[1]})" if locked[1] else ""
                raise DatabaseError(
                    f"Another process{by} has been loading {_shown(url)}, or has it open, for more than "
                    f"{_WAIT:g} s: try again when it is done."
                ) from None
        time.sleep(_STEP)


def _schemas(connection: Connection) -> dict[str, set[str]]:
    """Return the schemas that have models, and which."""
    tables = table("tables", column("table_schema"), column("table_name"), schema="information_schema")
    rows = connection.execute(
        select(tables.c.table_schema, tables.c.table_name)
        .where(tables.c.table_name.in_(MODELS))
        .order_by(tables.c.table_schema)
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for schema, name in rows:
        found[schema].add(name)
    return found


def _is_whole(models: set[str]) -> bool:
    """Return whether a schema has all the models that this report cannot do without."""
    return models >= MODELS.keys() - _LATER_MODELS


def _only(found: dict[str, set[str]], url: URL) -> str:
    """Return the schema that has all models: the only one, or the usual one of several."""
    whole = [schema for schema, models in found.items() if _is_whole(models)]
    if len(whole) == 1 or _USUAL in whole:
        return whole[0] if len(whole) == 1 else _USUAL
    if whole:
        raise DatabaseError(
            f"{len(whole)} schemas of {_shown(url)} have the models: say which one with --schema: "
            f"{', '.join(whole)}."
        )
    lacking = "; ".join(
        f'schema "{schema}" lacks {", ".join(sorted(MODELS.keys() - _LATER_MODELS - models))}'
        for schema, models in found.items()
    )
    raise DatabaseError(
        f'No schema of {_shown(url)} has the models, or shows them to this user: run "dbt build", '
        f"or name theirs with --schema.{f' ({lacking})' if lacking else ''}"
    )


def _columns(connection: Connection, schema: str) -> set[str]:
    """Return the columns that the models of a schema have."""
    columns = table(
        "columns", *map(column, ("table_schema", "table_name", "column_name")), schema="information_schema"
    )
    query = select(columns.c.column_name).where(
        columns.c.table_schema == schema, columns.c.table_name.in_(MODELS)
    )
    return set(connection.execute(query).scalars())


def _models(
    connection: Connection, schema: str, found: dict[str, set[str]], url: URL
) -> dict[str, list[Row]]:
    """Return the rows of each model of a schema."""
    try:
        lacking = _LATER - _columns(connection, schema)
        missing = _LATER_MODELS - found.get(schema, set())
        return {
            name: []
            if name in missing
            else [
                {key: _plain(value) for key, value in row.items()}
                for row in connection.execute(
                    select(
                        *(null().label(each) if each in lacking else column(each) for each in columns)
                    ).select_from(table(name, schema=schema))
                ).mappings()
            ]
            for name, columns in MODELS.items()
        }
    except DBAPIError as error:
        others = [each for each, models in found.items() if _is_whole(models) and each != schema]
        there = f" They are in {', '.join(others)}: see --schema." if others else ""
        raise DatabaseError(
            f'The models are not in schema "{schema}" of {_shown(url)}, or older than this report: '
            f'run "dbt build". ({_reason(error, url)}){there}'
        ) from None


def _url(database: str) -> URL:
    """Return the URL of a database given as one, or as the path of a DuckDB file."""
    if "://" not in database:
        return URL.create("duckdb", database=database)
    try:
        url = make_url(database)
    except (ArgumentError, ValueError):
        # The text is not repeated: what cannot be parsed may hold a password anywhere.
        raise DatabaseError(
            "This is not a database URL; one looks like duckdb:///output/certs.duckdb "
            "or postgresql://user@host/database."
        ) from None
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    return url


def _engine(url: URL) -> Engine:
    """Return an engine which, on DuckDB, only reads."""
    options: dict[str, Any] = {}
    if url.get_backend_name() == "duckdb":
        # DuckDB makes a file that is missing; a report has no use for an empty one.
        if not Path(url.database or "").is_file():
            raise DatabaseError(f"There is no database at {url.database}.")
        options["connect_args"] = {"read_only": True}
    try:
        return create_engine(url, poolclass=NullPool, **options)
    except (NoSuchModuleError, ImportError) as error:
        raise _no_driver(url, error) from None
    except (ArgumentError, TypeError, ValueError):
        raise DatabaseError(f"Cannot use the database URL {_shown(url)}.") from None


def _no_driver(url: URL, error: Exception) -> DatabaseError:
    problem = f"No driver for {url.drivername} ({str(error).splitlines()[0]})"
    if url.drivername in {"duckdb", "postgresql+psycopg"}:
        return DriverError(problem)
    return DatabaseError(f"{problem}: the models are read from duckdb:// and postgresql:// databases.")


def _shown(url: URL) -> str:
    """Return a URL as it may be printed: a query, too, can hold a password."""
    return url.set(query={}).render_as_string(hide_password=True)


def _reason(error: DBAPIError, url: URL) -> str:
    """Return the first line of what a driver says, without the URL's secrets."""
    reason = next(iter(str(error.orig).strip().splitlines()), type(error.orig).__name__)
    secrets = [url.password, *(value for key, value in url.query.items() if "password" in key)]
    for secret in secrets:
        if secret:
            reason = reason.replace(str(secret), "***")
    return reason


def _plain(value: Any) -> Any:
    """Return a value as this report compares and writes it, whatever the driver made of it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
