"""The report as CSV, JSON and a calendar."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from icalendar import Alarm, Calendar, Event
from icalendar.enums import TRANSP

from cdn_certs_report.inventory import STATES, printable

if TYPE_CHECKING:
    from cdn_certs_report.database import Row
    from cdn_certs_report.inventory import Certificate, Inventory

_ALARM = timedelta(days=7)
_NOT_TEXT = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula, also full-width."""


def to_json(inventory: Inventory) -> str:
    """Return the whole inventory; `report.schema.json` documents its keys."""
    return json.dumps(
        {
            "made_at": inventory.now,
            "as_of": inventory.as_of,
            "complete": not inventory.warnings,
            "warnings": inventory.warnings,
            "certificates": [_record(each) for each in inventory.certificates],
            "domains_without_certificate": inventory.domains_without_certificate,
            "algorithms": inventory.algorithms,
            "syncs": inventory.syncs,
            "errors": inventory.errors,
        },
        ensure_ascii=False,
        indent=1,
        default=_time,
    )


def to_csv(inventory: Inventory) -> str:
    """Return a row per certificate; a list is one cell, its items a space apart."""
    schema = json.loads(files("cdn_certs_report").joinpath("report.schema.json").read_text("utf-8"))
    file = io.StringIO()
    writer = csv.DictWriter(file, schema["$defs"]["certificate"]["properties"])
    writer.writeheader()
    for certificate in inventory.certificates:
        writer.writerow({name: _cell(value) for name, value in _record(certificate).items()})
    return file.getvalue()


def to_ics(inventory: Inventory) -> str:
    """Return a calendar with an event at each certificate's end."""
    calendar = Calendar.new(
        prodid="-//tap-cdn-certs//cdn-certs-report//EN",
        name="Certificates",
        # A constant, so that a calendar which is imported again stays the same one.
        uid=uuid5(NAMESPACE_URL, "cdn-certs-report"),
    )
    for certificate in inventory.certificates:
        if certificate.row["not_after"]:
            calendar.add_component(_event(certificate, inventory.now))
    return str(calendar.to_ical(), "utf-8")


def _record(certificate: Certificate) -> Row:
    row, left = certificate.row, certificate.left
    return {
        "state": certificate.state,
        "not_after": row["not_after"],
        "days_left": round(left / timedelta(days=1), 5) if left is not None else None,
        "hours_left": round(left / timedelta(hours=1), 4) if left is not None else None,
        "lifetime_left": certificate.lifetime_left,
        "provider": row["provider"],
        "account": row["account"],
        "certificate_key": row["certificate_key"],
        "certificate_id": row["certificate_id"],
        "name": row["name"],
        "subject_common_name": row["subject_common_name"],
        "issuer": row["issuer"],
        "serial_number": row["serial_number"],
        "fingerprint_sha256": row["fingerprint_sha256"],
        "not_before": row["not_before"],
        "lifetime_days": certificate.lifetime_days,
        "lifetime_limit_days": certificate.limit_days,
        "lifetime_too_long": certificate.too_long,
        "public_key_algorithm": row["public_key_algorithm"],
        "public_key_bits": row["public_key_bits"],
        "public_key_curve": row["public_key_curve"],
        "signature_algorithm": row["signature_algorithm"],
        "algorithm_deprecated": certificate.deprecated,
        "self_signed": row["self_signed"],
        "in_use": certificate.in_use,
        "used_by": certificate.used_by,
        "not_covered": certificate.not_covered,
        "covers": certificate.covers,
        "stale": row["stale"],
        "synced_at": row["synced_at"],
    }


def _time(value: Any) -> str:
    """Return a time in RFC 3339, in UTC."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is not written")


def _cell(value: Any) -> Any:
    """Return a value as a cell which no spreadsheet takes for a formula."""
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, bool):
        return str(value).lower()
    text = " ".join(value) if isinstance(value, tuple) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_NOT_TEXT) else text


def _event(certificate: Certificate, now: datetime) -> Event:
    row = certificate.row
    identity = "/".join((row["provider"], row["account"], row["certificate_key"]))
    title = printable(f"Certificate {certificate.title} ends ({row['provider']} / {row['account']})")
    event = Event.new(
        # The same certificate is the same event, so that importing again moves it rather than adding one.
        uid=uuid5(NAMESPACE_URL, identity),
        stamp=now,
        sequence=int(row["synced_at"].timestamp()) // 60 if row["synced_at"] else 0,
        start=row["not_after"],
        summary=title,
        description=_description(certificate),
        categories=[STATES[certificate.state]],
        transparency=TRANSP.TRANSPARENT,
    )
    if row["not_after"] - _ALARM > now:
        alarm = Alarm.new(description=title)
        alarm.add("ACTION", "DISPLAY")
        alarm.add("TRIGGER", -_ALARM)
        event.add_component(alarm)
    return event


def _description(certificate: Certificate) -> str:
    row = certificate.row
    lines = ["Domains it serves:", *certificate.used_by] if certificate.in_use else ["It serves no domain."]
    if others := sorted({*certificate.covers} - {*certificate.used_by}):
        lines += ["", "It also covers:", *others]
    facts = {
        "Certificate": row["certificate_id"],
        "Common name": row["subject_common_name"],
        "Issuer": row["issuer"],
        "Serial number": row["serial_number"],
        "SHA-256": row["fingerprint_sha256"],
    }
    lines += ["", *(f"{name}: {value}" for name, value in facts.items() if value)]
    return "\n".join(map(printable, lines))
