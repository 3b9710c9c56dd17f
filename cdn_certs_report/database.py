"""Reads the dbt models from a warehouse."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, column, create_engine, make_url, select, table, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

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
    "domains_without_certificate": ("provider", "account", "domain_name", "cname", "stale", "synced_at"),
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
        "unreadable_fields",
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
}
"""The models read, and their columns."""


class DatabaseError(Exception):
    """Why the models cannot be read, in one line for people; never holds a password."""


def read(database: str, schema: str) -> dict[str, list[Row]]:
    """Return the rows of each model, their times in UTC."""
    url = _url(database)
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
            try:
                return {
                    name: [
                        {key: _plain(value) for key, value in row.items()}
                        for row in connection.execute(
                            select(*map(column, columns)).select_from(table(name, schema=schema))
                        ).mappings()
                    ]
                    for name, columns in MODELS.items()
                }
            except DBAPIError as error:
                raise DatabaseError(
                    f'The models are not in schema "{schema}" of {_shown(url)}, or older than this report: '
                    f'run "dbt build". ({_reason(error, url)})'
                ) from None
    except DBAPIError as error:
        raise DatabaseError(f"Cannot open {_shown(url)}: {_reason(error, url)}") from None
    except ImportError as error:
        raise DatabaseError(_no_driver(url, error)) from None
    finally:
        engine.dispose()


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
        raise DatabaseError(_no_driver(url, error)) from None
    except (ArgumentError, TypeError, ValueError):
        raise DatabaseError(f"Cannot use the database URL {_shown(url)}.") from None


def _no_driver(url: URL, error: Exception) -> str:
    return (
        f"No driver for {url.drivername} ({str(error).splitlines()[0]}): "
        "pip install 'tap-cdn-certs[report]' brings those for DuckDB and PostgreSQL."
    )


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
