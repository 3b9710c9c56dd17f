"""Reads the dbt models from a warehouse."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine, column, create_engine, func, inspect, make_url, select, table, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import quoted_name

from cdn_certs_report.models import LATER, LATER_MODELS, MODELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection, TableClause

    Found = Mapping[str, Mapping[str, str]]

Row = dict[str, Any]

_WAIT = 10.0
"""Seconds that a database which another process loads is waited for."""

_STEP = 0.25

_USUAL = "cdn_certs_marts"

_EXTRAS = {"duckdb": "report", "postgresql": "report", "bigquery": "bigquery", "snowflake": "snowflake"}
"""The databases that are read, and the extra that brings the driver of each."""

_SECRET = re.compile(r"(?:pass|pwd|token|secret|key|credentials)(?!.*_(?:path|file)$)")
"""What the parameters of a URL are called whose values are not repeated."""

_AS_ARGUMENTS = ("private_key_file", "token_file_path", "protocol")
"""What Snowflake's driver takes, but its dialect from no URL, which elsewhere may be a stranger's."""

_LOCKED = re.compile(r"Could not set lock on file (?:.*\b(PID \d+))?")


class DatabaseError(Exception):
    """Why the models cannot be read, in one line for people; never holds a password."""


class DriverError(DatabaseError):
    """A driver is missing, which an extra brings."""

    def __init__(self, message: str, extra: str) -> None:
        super().__init__(message)
        self.extra = extra


def read(database: str, schema: str | None) -> dict[str, list[Row]]:
    """Return the rows of each model, their times in UTC, from a schema or the only one that has them."""
    url = _url(database)
    try:
        # Nothing is kept open: there is nothing to dispose of.
        with _connected(_engine(url), url) as connection:
            found = _schemas(connection, schema, url)
            return _models(connection, _called(schema, found) or _only(found, url), found, url)
    except DatabaseError:
        raise
    except ImportError as error:
        raise _no_driver(url, error) from None
    except _errors(url) as error:
        raise DatabaseError(f"Cannot open {_shown(url)}: {_reason(error, url)}") from None


def _errors(url: URL) -> tuple[type[Exception], ...]:
    """Return what is raised where a database cannot be read; Google's client has errors of its own."""
    if url.get_backend_name() != "bigquery":
        return (DBAPIError,)
    api, login = map(import_module, ("google.api_core.exceptions", "google.auth.exceptions"))
    return DBAPIError, api.GoogleAPIError, login.GoogleAuthError, OSError


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


def _schemas(connection: Connection, schema: str | None, url: URL) -> Found:
    """Return the schemas that have models, and how these are called there."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    listed = _in_datasets if connection.dialect.name == "bigquery" else _in_schemas
    for owner, name in sorted(listed(connection, schema or url.database)):
        # Snowflake's are in upper case.
        if name.lower() in MODELS:
            found[owner][name.lower()] = name
    return found


def _in_schemas(connection: Connection, _: str | None) -> Iterable[tuple[str, str]]:
    tables = table("tables", column("table_schema"), column("table_name"), schema="information_schema").alias(
        "found"
    )
    query = select(tables).where(func.lower(tables.c.table_name).in_(MODELS))
    return ((owner, name) for owner, name in connection.execute(query))


def _in_datasets(connection: Connection, dataset: str | None) -> Iterable[tuple[str, str]]:
    # BigQuery has an information_schema for each dataset.
    inspector = inspect(connection)
    for name in (*inspector.get_table_names(dataset), *inspector.get_view_names(dataset)):
        owner, _, own_name = name.rpartition(".")
        yield owner or str(dataset), own_name


def _called(schema: str | None, found: Found) -> str | None:
    """Return a schema as the database calls it, whatever its case."""
    return next((each for each in found if schema and each.lower() == schema.lower()), schema)


def _is_whole(models: Iterable[str]) -> bool:
    """Return whether a schema has all the models that this report cannot do without."""
    return {*models} >= MODELS.keys() - LATER_MODELS


def _only(found: Found, url: URL) -> str:
    """Return the schema that has all models: the only one, or the usual one of several."""
    whole = [schema for schema, models in found.items() if _is_whole(models)]
    # Snowflake's URL may end with a schema.
    own = str(url.database).lower().partition("/")[2] if url.get_backend_name() == "snowflake" else None
    usual = [schema for name in (own, _USUAL) for schema in whole if schema.lower() == name]
    if len(whole) == 1 or usual:
        return (usual or whole)[0]
    if whole:
        raise DatabaseError(
            f"{len(whole)} schemas of {_shown(url)} have the models: say which one with --schema: "
            f"{', '.join(whole)}."
        )
    lacking = "; ".join(
        f'schema "{schema}" lacks {", ".join(sorted(MODELS.keys() - LATER_MODELS - models.keys()))}'
        for schema, models in found.items()
    )
    raise DatabaseError(
        f'No schema of {_shown(url)} has the models, or shows them to this user: run "dbt build", '
        f"or name theirs with --schema.{f' ({lacking})' if lacking else ''}"
    )


def _models(connection: Connection, schema: str, found: Found, url: URL) -> dict[str, list[Row]]:
    """Return the rows of each model of a schema."""
    called = found.get(schema, {})
    known: dict[str, str] = {}
    try:
        return {
            model: _rows(
                connection, table(_exact(called.get(model, model)), schema=_exact(schema)), model, known
            )
            if model in called or model not in LATER_MODELS
            else []
            for model in MODELS
        }
    except (DBAPIError, LookupError) as error:
        others = [each for each, models in found.items() if _is_whole(models) and each != schema]
        there = f" They are in {', '.join(others)}: see --schema." if others else ""
        raise DatabaseError(
            f'The models are not in schema "{schema}" of {_shown(url)}, or older than this report: '
            f'run "dbt build". ({_reason(error, url)}){there}'
        ) from None


def _exact(name: str) -> quoted_name:
    """Return a name as the database has it: unquoted, Snowflake would take it for one in upper case."""
    return quoted_name(name, quote=True)


def _rows(connection: Connection, model: TableClause, name: str, known: dict[str, str]) -> list[Row]:
    """Return the rows of a model; a text that was read before is the same object, as most are."""
    result = connection.execute(select(text("*")).select_from(model))
    places = {each.lower(): place for place, each in enumerate(result.keys())}
    if lacking := [each for each in MODELS[name] if each not in places and each not in LATER]:
        raise LookupError(f"{name} has no {lacking[0]}")

    def plain(value: Any) -> Any:
        return known.setdefault(value, value) if isinstance(value, str) else _plain(value)

    columns = [(each, places.get(each)) for each in MODELS[name]]
    return [{each: None if place is None else plain(row[place]) for each, place in columns} for row in result]


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
    told = url.difference_update_query(_AS_ARGUMENTS)
    try:
        return create_engine(told, poolclass=NullPool, connect_args=_arguments(url))
    except (NoSuchModuleError, ImportError) as error:
        raise _no_driver(url, error) from None
    except (ArgumentError, TypeError, ValueError):
        raise DatabaseError(f"Cannot use the database URL {_shown(url)}.") from None


def _arguments(url: URL) -> dict[str, Any]:
    """Return what a driver is told beside its URL."""
    match url.get_backend_name():
        case "duckdb":
            # DuckDB makes a file that is missing; a report has no use for an empty one.
            if not Path(url.database or "").is_file():
                raise DatabaseError(f"There is no database at {url.database}.")
            return {"read_only": True}
        case "bigquery":
            # It would warn that another client, which is faster for millions of rows, is not there.
            return {"prefer_bqstorage_client": False}
        case _:
            return {name: url.query[name] for name in _AS_ARGUMENTS if name in url.query}


def _no_driver(url: URL, error: Exception) -> DatabaseError:
    problem = f"No driver for {url.drivername} ({str(error).splitlines()[0]})"
    if extra := _EXTRAS.get(url.get_backend_name()):
        return DriverError(problem, extra)
    *others, last = (f"{name}://" for name in _EXTRAS)
    return DatabaseError(f"{problem}: the models are read from {', '.join(others)} and {last} databases.")


def _shown(url: URL) -> str:
    """Return a URL as it may be printed: a query, too, can hold a password."""
    return url.set(query={}).render_as_string(hide_password=True)


def _reason(error: Exception, url: URL) -> str:
    """Return the first line of what a driver says, without the URL's secrets."""
    said = error.orig if isinstance(error, DBAPIError) else error
    reason = next(iter(str(said).strip().splitlines()), type(said).__name__)
    secrets = [url.password, *(value for key, value in url.query.items() if _SECRET.search(key))]
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
