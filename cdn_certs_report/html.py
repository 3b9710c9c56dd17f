"""The report as one HTML file which needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cdn_certs_report.edge import VERDICTS, in_words, summary, trouble
from cdn_certs_report.inventory import STATES, Certificate, Inventory
from cdn_certs_report.timeline import timeline
from cdn_certs_report.words import REASONS, age_in_words, left_in_words, place

if TYPE_CHECKING:
    from cdn_certs_report.database import Row

_TEMPLATES = files("cdn_certs_report").joinpath("templates")

_SOONEST = 100
"""Certificates in the plain list of those who read without scripts."""

_FINDINGS = {
    "served-otherwise": "are not what visitors get at a domain of theirs, or cannot be seen there",
    "not-covered": "serve a domain that they do not cover: browsers refuse them",
    "disowned": "do not match a domain that they serve, says the provider, though their names do",
    "end-disputed": "end at another time than the provider says: the earlier one counts",
    "provider-worse": "are worse than their dates, says the provider",
    "chain-ends-first": "come with an intermediate certificate that ends before they do",
    "chain-incomplete": (
        "come without the chain that leads to a root, or in a wrong order: some visitors refuse them"
    ),
    "deprecated": "use a deprecated algorithm or a short key",
    "too-long": "live longer than the CA/Browser Forum allows",
    "stale": "were not read lately: their last known state is shown",
    "only-named": "are named by a domain that they serve, and in no list: nobody knows when they end",
    "use-unknown": "may serve domains: what would say it was not read",
    "elsewhere": "are also held in another place, which a renewal has to reach as well",
    "off": "are for domains that are stopped or have HTTPS off",
    "serves-nothing": "serve no domain, here or elsewhere: they may have been forgotten",
}
"""What deserves a look, by its flag."""


def to_html(inventory: Inventory) -> str:
    """Return the report."""
    environment = Environment(
        loader=PackageLoader("cdn_certs_report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters.update(moment=_moment, left=left_in_words, age=age_in_words, csp_hash=_csp_hash)
    certificates = inventory.certificates
    return environment.get_template("report.html.j2").render(
        style=_text("report.css"),
        script=_text("report.js"),
        inventory=inventory,
        states=STATES,
        verdicts=VERDICTS,
        edge_summary=summary(inventory.edge),
        findings=_findings(inventory),
        horizons=[(days, len(_ending(certificates, timedelta(days=days)))) for days in (7, 30, 90)],
        tables=_tables(inventory),
        wide=timeline(certificates, inventory.now, width=1120, height=200, months_apart=1),
        narrow=timeline(certificates, inventory.now, width=360, height=180, months_apart=3),
        # Columns are named once: 20,000 certificates are a few megabytes.
        columns=[name for each in certificates[:1] for name in _compact(each)],
        rows=[[*_compact(each).values()] for each in certificates],
    )


def _text(name: str) -> Markup:
    """Return a file of this package, to be written as it is."""
    return Markup(_TEMPLATES.joinpath(name).read_text("utf-8"))  # noqa: S704


def _csp_hash(text: str) -> str:
    """Return the content security policy's word for a script or style."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _moment(value: datetime | None, none: str = "never") -> str:
    """Return a time to the minute, in UTC, which it says."""
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else none


def _minute(value: datetime | None) -> str | None:
    """Return a time to the minute, for a column that says UTC."""
    return f"{value:%Y-%m-%d %H:%M}" if value else None


def _ending(certificates: tuple[Certificate, ...], within: timedelta) -> list[Certificate]:
    """Return the certificates that have not ended, and will within a time."""
    return [each for each in certificates if each.left and timedelta() < each.left <= within]


def _findings(inventory: Inventory) -> list[dict[str, Any]]:
    """Return what deserves a look, each with the filter that shows it."""
    flags = Counter(flag for each in inventory.certificates for flag in _flags(each))
    return [{"show": flag, "count": flags[flag], "text": text} for flag, text in _FINDINGS.items()]


def _tables(inventory: Inventory) -> dict[str, list[tuple[Any, ...]]]:
    """Return the cells of the tables which are not sorted or searched."""
    return {
        "soonest": [_soonest(each) for each in inventory.certificates[:_SOONEST]],
        "without": [_without(row) for row in inventory.domains_without_certificate],
        "algorithms": [_algorithm(row) for row in inventory.algorithms],
        "syncs": [_sync(row) for row in inventory.syncs],
        "errors": [_error(row) for row in inventory.errors],
        "drift": [_drift(row, inventory.now) for row in inventory.edge.drifted],
        "shared": [_shared(*each) for each in inventory.edge.shared.items()],
    }


def _soonest(each: Certificate) -> tuple[Any, ...]:
    return (
        _minute(each.ends_at) or "unknown",
        left_in_words(each.left),
        STATES[each.state],
        each.title,
        place(each.row),
        " ".join(each.used_by) or " ".join(("off:", *each.off) if each.off else (each.unused,)),
    )


def _without(row: Row) -> tuple[Any, ...]:
    return (
        row["domain_name"],
        place(row),
        REASONS.get(row["reason"] or "none", row["reason"]),
        row["cname"],
        f"{_minute(row['synced_at'])}{', and not since' if row['stale'] else ''}",
    )


def _algorithm(row: Row) -> tuple[Any, ...]:
    return (
        _words(row["class"]),
        _words(row["algorithm_kind"]),
        _joined(" ", row["algorithm"], row["curve"] or row["bits"], _digest(row["algorithm"], row["hash"])),
        row["certificates"],
        row["domains"],
    )


def _sync(row: Row) -> tuple[Any, ...]:
    return (
        place(row),
        row["stream"],
        _words(row["state"]),
        _minute(row["last_complete_sync_at"]) or "never",
        _minute(row["last_sync_at"]),
        row["listed"],
        row["read"],
        row["without_certificate"],
        row["skipped"],
        row["failed"],
    )


def _error(row: Row) -> tuple[Any, ...]:
    return (
        place(row),
        row["stream"],
        row["key"],
        _words(row["reach"]),
        _joined(": ", row["code"], row["message"]),
        _joined(" ", row["operation"], row["request_id"]),
        _minute(row["occurred_at"]),
    )


def _drift(row: Row, now: datetime) -> tuple[Any, ...]:
    served, verdict = row["served_not_after"], row["verdict"]
    missed = row["certificate_name"] if row["serves"] is False else None
    if missed and verdict != "renewed_not_served":
        missed = f"instead of {missed}"
    return (
        row["domain_name"],
        place(row),
        _joined(": ", VERDICTS[verdict], _joined("; ", missed, trouble(row))),
        left_in_words(served - now) if served else None,
        _minute(served),
        _minute(row["configured_not_after"]),
        f"{_minute(row['answered_at'] or row['synced_at'])}{', and not since' if row['stale'] else ''}",
    )


def _shared(host: str, rows: list[Row]) -> tuple[Any, ...]:
    """Return who lists a host, and whose certificate the edge serves."""
    listed, serving = (
        "; ".join(sorted({place(row) for row in rows if row["serves"] or not only})) for only in (False, True)
    )
    unknown = "unknown" if any(row["serves"] is None for row in rows) else "another's"
    return host, listed, serving or unknown


def _joined(separator: str, *parts: object) -> str:
    return separator.join(str(part) for part in parts if part)


def _digest(algorithm: str | None, digest: str | None) -> str | None:
    """Return the digest of a signature, unless the algorithm's name says it."""
    return None if not digest or digest in str(algorithm).lower() else digest


def _words(value: str | None) -> str | None:
    """Return a model's word, `public_key`, as people read it."""
    return "OK" if value == "ok" else value.replace("_", " ").capitalize() if value else None


def _compact(certificate: Certificate) -> dict[str, Any]:
    """Return what the script shows of a certificate."""
    row = certificate.row
    return {
        "state": certificate.state,
        "ends": _second(certificate.ends_at),
        "left": left_in_words(certificate.left),
        "title": certificate.title,
        "provider": row["provider"],
        "account": row["account"],
        "common_name": row["subject_common_name"],
        "issuer": row["issuer"],
        "certificate_id": row["certificate_id"],
        "serial_number": row["serial_number"],
        "fingerprint": row["fingerprint_sha256"],
        "key": certificate.key,
        "signature": row["signature_algorithm"],
        "digest": _digest(row["signature_algorithm"], row["signature_hash"]),
        "begins": _second(row["not_before"]),
        "valid_to": _second(row["not_after"]),
        "chain_ends": _second(row["chain_not_after"]) if certificate.chain_ends_first else None,
        "provider_ends": _second(row["provider_not_after"]) if row["end_disputed"] else None,
        "provider_status": row["provider_status"],
        "days": certificate.lifetime_days,
        "limit": certificate.limit_days,
        "flags": _flags(certificate),
        "read": _second(row["synced_at"]),
        "used_by": certificate.used_by,
        "also_covers": sorted({*certificate.covers} - {*certificate.used_by, *certificate.off}),
        "not_covered": certificate.not_covered,
        "off": certificate.off,
        "also_held_by": certificate.also_held_by,
        "verdict": certificate.edge_verdict,
        "served_ends": _second(certificate.edge_not_after),
        "served_otherwise": [in_words(each) for each in certificate.served_otherwise],
    }


def _second(value: datetime | None) -> str | None:
    """Return a time in UTC as the script shows and sorts it."""
    return f"{value:%Y-%m-%d %H:%M:%S}" if value else None


def _flags(certificate: Certificate) -> list[str]:
    """Return the findings that a certificate is one of, and `self-signed`."""
    return [
        flag
        for flag, holds in (
            ("used" if certificate.in_use else "unused", True),
            ("serves-nothing", certificate.serves_nothing),
            ("served-otherwise", certificate.served_otherwise),
            ("use-unknown", certificate.use_unknown),
            ("only-named", certificate.row["only_named"]),
            ("not-covered", certificate.not_covered),
            ("disowned", certificate.disowned),
            ("end-disputed", certificate.row["end_disputed"]),
            ("provider-worse", certificate.row["provider_says_worse"]),
            ("chain-ends-first", certificate.chain_ends_first),
            ("chain-incomplete", certificate.row["chain_complete"] is False),
            ("deprecated", certificate.deprecated),
            ("off", certificate.off),
            ("too-long", certificate.too_long),
            ("stale", certificate.row["stale"]),
            ("self-signed", certificate.row["self_signed"]),
            ("elsewhere", certificate.elsewhere),
        )
        if holds
    ]
