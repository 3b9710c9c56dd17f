"""The report as CSV, JSON and a calendar."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from unicodedata import normalize
from uuid import NAMESPACE_URL, uuid5

from cdn_certs_report.edge import in_words as drift_in_words
from cdn_certs_report.inventory import STATES, Certificate
from cdn_certs_report.words import place, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icalendar import Event

    from cdn_certs_report.database import Row
    from cdn_certs_report.inventory import Inventory

_ALARM = timedelta(days=7)
_LENGTH = timedelta(minutes=30)

_CELL = 32_767
"""The most characters, in UTF-16, that Excel reads as one cell."""

_NOT_TEXT = re.compile(
    r"""(?ix)
    (?: \s*[=+@-] | [\t\r\n] ) .*   # a formula
    | \s* (?:true|false) \s*
    | (?=\D*\d) (?:                 # a number, a date or a time: digits, and what stands among them
        [\d\s.,:;/'%()$£€¥₩₹\N{MINUS SIGN}+-]
        | (?<=[\d.]) e (?=[+-]?\d)
        | (?<=\d) t (?=\d) | (?<=\d) z $
        | (?<=[\d\s.]) [ap]\.?m | (?<=\s) [ap] $
        | (?<![a-z]) (?:
            jan(?:uary)? | feb(?:ruary)? | mar(?:ch)? | apr(?:il)? | may | june? | july? | aug(?:ust)?
            | sept? | september | oct(?:ober)? | nov(?:ember)? | dec(?:ember)?
            | (?:mon | tues? | wed(?:nes)? | thu(?:rs)? | fri | sat(?:ur)? | sun) (?:day)?
        ) (?![a-z])
        | [一二三四五六七八九十年月日时時分秒上下午前後]
    )++
    """,
    re.DOTALL,
)
"""What a spreadsheet takes for something else than text, once full-width characters are made plain."""


def to_json(inventory: Inventory) -> str:
    """Return the whole inventory; `report.schema.json` documents its keys."""
    file = io.StringIO()
    json.dump(
        {
            "made_at": inventory.now,
            "as_of": inventory.as_of,
            "complete": not inventory.warnings,
            "warnings": inventory.warnings,
            "certificates": inventory.certificates,
            "domains_without_certificate": inventory.domains_without_certificate,
            "algorithms": inventory.algorithms,
            "syncs": inventory.syncs,
            "errors": inventory.errors,
            "edge_drift": inventory.edge.rows,
        },
        file,
        ensure_ascii=False,
        indent=1,
        # Each when its turn comes: all of them at once are several times what is written.
        default=lambda value: _record(value) if isinstance(value, Certificate) else _time(value),
    )
    return file.getvalue()


def to_csv(inventory: Inventory) -> str:
    """Return a row per certificate; a list is one cell, its domains a space apart."""
    file = io.StringIO()
    # Without it, Excel takes the file for one in the charset of its country.
    file.write("\N{BYTE ORDER MARK}")
    writer = csv.DictWriter(file, _columns())
    writer.writeheader()
    for certificate in inventory.certificates:
        writer.writerow(
            {
                # A key, other than a domain, can have spaces.
                name: _cell(value, "; " if name == "also_held_by" else " ")
                for name, value in _record(certificate).items()
            }
        )
    return file.getvalue()


def to_ics(inventory: Inventory) -> str:
    """Return a calendar with an event at each certificate's end."""
    # Here, so that the other formats do without it.
    from icalendar import Calendar  # noqa: PLC0415

    calendar = Calendar.new(
        prodid="-//tap-cdn-certs//cdn-certs-report//EN",
        name="Certificates",
        # A constant, so that a calendar which is imported again stays the same one.
        uid=uuid5(NAMESPACE_URL, "cdn-certs-report"),
    )
    ending = [(each.ends_at, each) for each in inventory.certificates if each.ends_at]
    taken: set[str] = set()
    events = []
    for end, certificate in sorted(ending, key=lambda each: (each[0], each[1].row["certificate_key"])):
        identity = _identity(certificate)
        if identity in taken:
            identity = f"{identity}/{certificate.row['certificate_key']}"
        taken.add(identity)
        # As text: what it is made from takes ten times as much.
        events.append(_event(certificate, end, identity, inventory.now).to_ical())
    last = b"END:VCALENDAR\r\n"
    return str(b"".join((calendar.to_ical().removesuffix(last), *events, last)), "utf-8")


@cache
def _columns() -> tuple[str, ...]:
    schema = json.loads(files("cdn_certs_report").joinpath("report.schema.json").read_text("utf-8"))
    return tuple(schema["$defs"]["certificate"]["properties"])


def _record(certificate: Certificate) -> Row:
    row, left, elsewhere = certificate.row, certificate.left, certificate.elsewhere
    record = row | {
        "state": certificate.state,
        "days_left": round(left / timedelta(days=1), 5) if left is not None else None,
        "hours_left": round(left / timedelta(hours=1), 4) if left is not None else None,
        "lifetime_left": certificate.lifetime_left,
        "lifetime_days": certificate.lifetime_days,
        "lifetime_limit_days": certificate.limit_days,
        "lifetime_too_long": certificate.too_long,
        "algorithm_deprecated": certificate.deprecated,
        "in_use": certificate.in_use,
        "used_by": certificate.used_by,
        "not_covered": certificate.not_covered,
        "covers": certificate.covers,
        "off": certificate.off,
        "also_held_by": None if elsewhere is None else tuple(each["certificate_key"] for each in elsewhere),
        "serves_nothing": certificate.serves_nothing,
        "edge_verdict": certificate.edge_verdict,
        "edge_not_after": certificate.edge_not_after,
        "served_otherwise": tuple(sorted(each["domain_name"] for each in certificate.served_otherwise)),
        "use_known": certificate.row["use_known"] is not False,
        "only_named": bool(certificate.row["only_named"]),
    }
    return {name: record[name] for name in _columns()}


def _time(value: Any) -> str:
    """Return a time in RFC 3339, in UTC."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is not written")


def _cell(value: Any, separator: str) -> Any:
    """Return a value as a cell which a spreadsheet reads whole, and text as text."""
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | tuple):
        return value
    text = _fitted(value, "" if isinstance(value, str) else separator)
    return f"'{text}" if _NOT_TEXT.fullmatch(normalize("NFKC", text)) else text


def _fitted(items: Sequence[str], separator: str) -> str:
    """Return what a cell holds of a list, or of the characters of a text, and how many more there are."""
    room = _CELL - len("'")
    whole = separator.join(items)
    if _units(whole) <= room:
        return whole
    room -= len(f" … +{len(items)} more")
    fit = sum(end <= room for end in accumulate(_units(item + separator) for item in items))
    return f"{separator.join(items[:fit])} … +{len(items) - fit} more"


def _units(text: str) -> int:
    """Return how many characters a text has for Excel, which counts them in UTF-16."""
    return len(text.encode("utf-16-le")) // 2


def _identity(certificate: Certificate) -> str:
    """Return what a certificate and the one that it is renewed with have in common."""
    row = certificate.row
    if certificate.renewed_by_domain:
        kept = sorted({*certificate.used_by, *certificate.off})
    else:
        kept = [row["certificate_id"] or row["certificate_key"]]
    return "/".join((row["provider"], row["account"], *kept))


def _event(certificate: Certificate, end: datetime, identity: str, now: datetime) -> Event:
    from icalendar import Alarm, Event  # noqa: PLC0415
    from icalendar.enums import TRANSP  # noqa: PLC0415

    row = certificate.row
    title = printable(f"Certificate {certificate.title} ends ({place(row)})")
    event = Event.new(
        # A renewed certificate is the same event, so that importing again moves it rather than adding one.
        uid=uuid5(NAMESPACE_URL, identity),
        stamp=now,
        sequence=int(row["synced_at"].timestamp()) // 60 if row["synced_at"] else 0,
        start=end,
        end=_end(end),
        summary=title,
        description=_description(certificate),
        categories=[STATES[certificate.state]],
        transparency=TRANSP.TRANSPARENT,
    )
    if end > now + _ALARM:
        alarm = Alarm.new(description=title)
        alarm.add("ACTION", "DISPLAY")
        alarm.add("TRIGGER", -_ALARM)
        event.add_component(alarm)
    return event


def _end(start: datetime) -> datetime | None:
    """Return the end of an event, which the last one in the year 9999 lacks: it is a date for "never"."""
    return start + _LENGTH if start <= datetime.max.replace(tzinfo=UTC) - _LENGTH else None


def _description(certificate: Certificate) -> str:
    row = certificate.row
    lines = (
        ["Domains it serves:", *certificate.used_by]
        if certificate.used_by
        else [f"It is {certificate.unused}."]
    )
    if certificate.off:
        lines += ["", "Domains that are off:", *certificate.off]
    if others := sorted({*certificate.covers} - {*certificate.used_by, *certificate.off}):
        lines += ["", "It also covers:", *others]
    if certificate.served_otherwise:
        lines += ["", "Served otherwise than configured:", *map(drift_in_words, certificate.served_otherwise)]
    if certificate.elsewhere:
        lines += ["", "Also held by:", *certificate.also_held_by]
    facts = {
        "Certificate": row["certificate_id"],
        "Common name": row["subject_common_name"],
        "Issuer": row["issuer"],
        "Serial number": row["serial_number"],
        "SHA-256": row["fingerprint_sha256"],
    }
    lines += ["", *(f"{name}: {value}" for name, value in facts.items() if value)]
    return "\n".join(map(printable, lines))
