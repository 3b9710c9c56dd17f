"""Made-up rows of the models, and a database that has them, for the tests of the report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, create_engine, insert, table, text

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., str]
    Run = Callable[..., tuple[int, str, str]]

Row = dict[str, Any]

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
SCHEMA = "cdn_certs_marts"
SCRIPT = "<script>alert(1)</script>"
IMAGE = "</script><img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("https://evil.example")'
ESCAPES = "\x1b[31mred\x07"

DDL = {
    "certificate_expiry": """
        certificate_key text, provider text, account text, certificate_id text, name text,
        fingerprint_sha256 text, serial_number text, subject_common_name text, issuer text,
        not_before timestamp, not_after timestamp, provider_not_after timestamp, end_disputed boolean,
        chain_not_after timestamp, chain_complete boolean, ends_at timestamp, provider_status text,
        provider_says_worse boolean, public_key_algorithm text, public_key_bits integer,
        public_key_curve text, signature_algorithm text, signature_hash text, self_signed boolean,
        domain_count integer,
        stale boolean, synced_at timestamp, hours_left double precision, days_left double precision,
        lifetime_left double precision, state text, identity text,
        serves_nothing boolean, use_known boolean, only_named boolean""",
    "certificate_domains": """
        certificate_key text, provider text, account text, domain_name text, source text, covered boolean,
        provider_status text, in_use boolean""",
    "domains_without_certificate": """
        provider text, account text, domain_name text, cname text, stale boolean, synced_at timestamp,
        reason text""",
    "algorithm_inventory": """
        algorithm_kind text, algorithm text, bits integer, curve text, hash text, class text,
        certificates bigint, domains numeric""",
    "lifetime_compliance": """
        certificate_key text, not_before timestamp, not_after timestamp, lifetime_days double precision,
        limit_days integer, compliant boolean""",
    "sync_health": """
        provider text, account text, stream text, last_sync_at timestamp, last_complete_sync_at timestamp,
        listed integer, read integer, without_certificate integer, skipped integer, failed integer,
        errors integer, unreadable_fields integer, complete boolean, state text,
        age_hours double precision""",
    "current_sync_errors": """
        provider text, account text, stream text, operation text, key text, reach text, code text,
        message text, request_id text, occurred_at timestamp""",
    "edge_drift": """
        provider text, account text, domain_name text, certificate_key text, certificate_id text,
        certificate_name text, source text, in_use boolean, verdict text, not_compared_because text,
        configured_fingerprint_sha256 text, configured_serial_number text, configured_not_after timestamp,
        served_fingerprint_sha256 text, served_serial_number text, served_not_after timestamp,
        served_issuer text, served_for double precision, served_state text, not_after timestamp,
        serves boolean, trusted boolean, trust_error text, name_matches boolean, error text, address text,
        compared_by text, stale boolean, answered_at timestamp, synced_at timestamp, listed_at timestamp""",
}


NOTHING: dict[str, list[Row]] = {name: [] for name in DDL}


def naive(when: datetime | None) -> datetime | None:
    """Return a time in UTC as the models hold it."""
    return when.replace(tzinfo=None) if when else None


def certificate(key: str, left: timedelta | None, state: str, **fields: Any) -> Row:
    """Return a row of the model."""
    ends = NOW + left if left is not None else None
    ends_at = fields.get("not_after", naive(ends))
    return {
        "certificate_key": key,
        "provider": "alicloud",
        "account": "default",
        "certificate_id": f"id-{key}",
        "name": f"{key}-name",
        "fingerprint_sha256": key.encode().hex().ljust(64, "0"),
        "serial_number": "00ff0123456789abcdef0123456789abcdef",
        "subject_common_name": f"{key}.example.com",
        "issuer": "CN=Example CA",
        "not_before": naive(ends - timedelta(days=90) if ends else None),
        "not_after": naive(ends),
        "provider_not_after": ends_at,
        "end_disputed": False,
        "chain_not_after": ends_at,
        "chain_complete": True,
        "ends_at": ends_at,
        "provider_status": "ok",
        "provider_says_worse": False,
        "public_key_algorithm": "RSA",
        "public_key_bits": 2048,
        "public_key_curve": None,
        "signature_algorithm": "sha256WithRSAEncryption",
        "signature_hash": "sha256",
        "self_signed": False,
        "domain_count": 1,
        "stale": False,
        "synced_at": naive(NOW - timedelta(hours=1)),
        "hours_left": 0.0,
        "days_left": 0.0,
        "lifetime_left": 0.0,
        "state": state,
        "identity": key,
        # As it was before models said it: where no domain is.
        "serves_nothing": None,
        "use_known": True,
        "only_named": False,
    } | fields


def domain(key: str, name: str, source: str = "served", **fields: Any) -> Row:
    """Return a row of the model."""
    return {
        "certificate_key": key,
        "provider": "alicloud",
        "account": "default",
        "domain_name": name,
        "source": source,
        "covered": True,
        "provider_status": "ok" if source == "served" else None,
        "in_use": None if source == "san" else True,
    } | fields


def health(**fields: Any) -> Row:
    """Return a row of the model, all well."""
    at = naive(NOW - timedelta(hours=1))
    return {
        "provider": "alicloud",
        "account": "default",
        "stream": "certificate_info",
        "last_sync_at": at,
        "last_complete_sync_at": at,
        "listed": 8,
        "read": 8,
        "without_certificate": 0,
        "skipped": 0,
        "failed": 0,
        "errors": 0,
        "complete": True,
        "state": "ok",
        "age_hours": 1.0,
    } | fields


def models() -> dict[str, list[Row]]:
    """Return ordinary and hostile rows, one certificate of them for each edge."""
    other = {"provider": "cdnetworks", "account": "games"}
    return {
        "certificate_expiry": [
            certificate("months", timedelta(days=200), "ok", public_key_bits=1024),
            certificate("days", timedelta(days=10, hours=9), "warning"),
            certificate("hours", timedelta(hours=47, minutes=59), "critical"),
            certificate("today", timedelta(hours=23), "critical", stale=True),
            # dbt ran when this was still well.
            certificate("second", timedelta(seconds=-1), "critical"),
            certificate("unknown", None, "unknown"),
            certificate("future", timedelta(days=93), "not_yet_valid"),
            certificate(
                "hostile",
                timedelta(days=60),
                "ok",
                name=SCRIPT,
                subject_common_name=IMAGE,
                issuer=FORMULA,
                certificate_id=f"+{ESCAPES}",
                **other,
            ),
            # The same certificate, in a second account.
            certificate("today", timedelta(hours=23), "critical", name="中文 ; a, b\nc", **other),
        ],
        "certificate_domains": [
            domain("months", "unused.example.com", "san"),
            *(domain("days", f"{i:03}.long-domain-name.example.com") for i in range(120)),
            domain("hours", "www.example.com"),
            domain("hours", "www.example.com", "san"),
            domain("hours", "shop.example.com", "san"),
            domain("today", "today.example.com", covered=False),
            domain("second", "second.example.com", "related"),
            domain("future", "future.example.com"),
            domain("hostile", "<b>bold</b>.example.com", "related", **other),
            domain("today", "games.example.com", "related", **other),
        ],
        "domains_without_certificate": [
            {
                "provider": "alicloud",
                "account": "default",
                "domain_name": SCRIPT,
                "cname": FORMULA,
                "stale": True,
                "synced_at": naive(NOW),
                "reason": "none",
            }
        ],
        "algorithm_inventory": [
            {
                "algorithm_kind": "public_key",
                "algorithm": "RSA",
                "bits": bits,
                "curve": None,
                "class": kind,
                "certificates": 4,
                "domains": 5,
            }
            for bits, kind in ((2048, "quantum_vulnerable"), (1024, "deprecated"))
        ],
        "lifetime_compliance": [
            {
                "certificate_key": "days",
                "not_before": None,
                "not_after": None,
                "lifetime_days": 397.5,
                "limit_days": 200,
                "compliant": False,
            }
        ],
        "sync_health": [health(), health(**other, stream="cdnetworks_certificates")],
        "current_sync_errors": [],
        "edge_drift": [],
    }


STALE = {"state": "ok", "last_complete_sync_at": naive(NOW - timedelta(days=5))}


def drift(key: str | None, name: str, verdict: str, left: timedelta | None = None, **fields: Any) -> Row:
    """Return a row of the model: what is served for a domain holds so long, and 90 days were configured."""
    served, configured = NOW + left if left is not None else None, NOW + timedelta(days=90)
    asked = naive(NOW - timedelta(hours=1))
    return {
        "provider": "alicloud",
        "account": "default",
        "domain_name": name,
        "certificate_key": key,
        "certificate_name": f"{key}-name",
        "source": "served",
        "in_use": True,
        "verdict": verdict,
        "not_compared_because": None,
        "configured_not_after": naive(configured) if key else None,
        "served_not_after": naive(served),
        "served_issuer": "Example CA R1" if served else None,
        "served_for": left / timedelta(hours=1) if left is not None else None,
        "served_state": "ok" if served else None,
        "not_after": naive(min(served, configured) if served else configured),
        "serves": verdict == "same",
        "trusted": True if served else None,
        "trust_error": None,
        "name_matches": True if served else None,
        "error": None,
        "address": "192.0.2.1",
        "compared_by": "fingerprint" if served else None,
        "stale": False,
        "answered_at": asked if served else None,
        "synced_at": asked,
    } | fields


MISSING = 'unknown issuer: the intermediate "Example CA R1" is missing'


def edge() -> dict[str, list[Row]]:
    """Return certificates that the edge serves, or something else in their stead."""
    days = timedelta(days=1)
    other = {"provider": "cdnetworks", "account": "games"}
    rows = [
        drift("shop", "www.example.com", "renewed_not_served", 2.5 * days, served_state="critical"),
        drift("shop", "api.example.com", "same", 90 * days),
        drift(
            "chain",
            "chain.example.com",
            "untrusted",
            90 * days,
            serves=True,
            trusted=False,
            trust_error=MISSING,
        ),
        drift(
            "name",
            "name.example.com",
            "name_mismatch",
            2 * days,
            name_matches=False,
            not_after=naive(NOW + 90 * days),
        ),
        drift("other", "other.example.com", "other_certificate", 95 * days, served_issuer=SCRIPT),
        drift("old", "old.example.com", "expired", -days, served_state="expired", stale=True),
        drift("down", "down.example.com", "unreachable", error="timed_out", serves=None),
        drift("both", "both.example.com", "same", 90 * days),
        drift(
            "both",
            "BOTH.example.com",
            "not_compared",
            90 * days,
            not_compared_because="served_by_another",
            **other,
        ),
        drift("both", "*.example.com", "not_compared", not_compared_because="wildcard", synced_at=None),
    ]
    places = {(row["certificate_key"], row["provider"], row["account"]): row for row in rows}
    return {
        "certificate_expiry": [
            certificate(key, 90 * days, "ok", provider=provider, account=account)
            for key, provider, account in places
        ],
        "certificate_domains": [
            domain(row["certificate_key"], row["domain_name"], **{name: row[name] for name in other})
            for row in rows
        ],
        "edge_drift": rows,
    }


def doubtful() -> dict[str, list[Row]]:
    """Return certificates that are worse than their own dates, and one of a domain that is off."""
    ends = NOW + timedelta(days=60)
    ended, later = naive(NOW - timedelta(days=1)), naive(NOW + timedelta(days=90))
    rows = {
        "chain": {"chain_not_after": ended, "ends_at": ended, "chain_complete": False, "state": "expired"},
        "earlier": {"provider_not_after": ended, "ends_at": ended, "end_disputed": True, "state": "expired"},
        "later": {"provider_not_after": later, "end_disputed": True},
        "said": {"provider_status": "expired", "provider_says_worse": True, "state": "expired"},
        "mismatch": {"provider_status": "mismatch"},
        "off": {"not_after": ended, "ends_at": ended, "state": "expired"},
    }
    return {
        "certificate_expiry": [certificate(key, ends - NOW, "ok") | fields for key, fields in rows.items()],
        "certificate_domains": [
            domain(
                key,
                f"{key}.example.com",
                in_use=key != "off",
                provider_status="mismatch" if key == "mismatch" else "ok",
            )
            for key in rows
        ],
    }


def held_twice() -> dict[str, list[Row]]:
    """Return a certificate that two providers hold, and one that only one of them does."""
    other = {"provider": "cdnetworks", "account": "games & more"}
    rows = {
        "alicloud/default/aa": {"identity": "aa", "serves_nothing": False, "name": "shop"},
        "cdnetworks/games & more/1": {
            "identity": "aa",
            "serves_nothing": False,
            "name": SCRIPT,
            **other,
        },
        "cdnetworks/games & more/2": {
            "identity": "cdnetworks/games & more/2",
            "serves_nothing": True,
            **other,
        },
    }
    ends = timedelta(days=30)
    return {
        "certificate_expiry": [certificate(key, ends, "ok", **fields) for key, fields in rows.items()],
        "certificate_domains": [domain("alicloud/default/aa", "www.example.com")],
    }


def load(url: str, rows: dict[str, list[Row]], schema: str = SCHEMA) -> None:
    """Create the models' tables in a database."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"create schema {schema}"))
        for name, columns in DDL.items():
            connection.execute(text(f"create table {schema}.{name} ({columns})"))
            if rows[name]:
                connection.execute(
                    insert(table(name, *map(column, rows[name][0]), schema=schema)), rows[name]
                )
    engine.dispose()


def by_name(document: Row) -> dict[str, Row]:
    """Return the certificates of a JSON report by name."""
    return {each["name"]: each for each in document["certificates"]}
