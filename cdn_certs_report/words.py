"""How the report says things, to people, terminals and files."""

from __future__ import annotations

from datetime import timedelta
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from cdn_certs_report.database import Row

REASONS = {
    "none": "none is configured",
    "not_covered": "none of the account's is for it",
    "not_issued": "it is not issued yet",
    "not_named": "it has one, and nobody knows which",
}
"""Why no certificate of a domain is known, in words."""

_PLAIN = {"\N{MINUS SIGN}": "-", "\N{REPLACEMENT CHARACTER}": "?"}
"""This report's own characters which not every charset has, and what stands for them there."""


def place(row: Row) -> str:
    """Return whose a row is: a provider's account."""
    return f"{row['provider']} / {row['account']}"


def account(row: Row) -> tuple[str, str]:
    """Return the same of a row, to compare; the provider of a stream that the models do not know is blank."""
    return row["provider"] or "", row["account"]


def left_in_words(left: timedelta | None) -> str:
    """Return a time left in whole days, or below two days in hours or smaller; negative when past."""
    if left is None:
        return "unknown"
    sign = "\N{MINUS SIGN}" if left < timedelta() else ""
    return sign + age_in_words(abs(left))


def age_in_words(age: timedelta) -> str:
    """Return a time in whole days, or below two days in hours or smaller."""
    seconds = max(int(age.total_seconds()), 0)
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= (2 * length if unit == "days" else length):
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def printable(text: object) -> str:
    """Return a provider's text in one line, without what a terminal would obey or a calendar refuse."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(text))


def legible(text: str, file: IO[str]) -> str:
    """Return a text in the charset of a file; what that lacks is escaped."""
    charset = getattr(file, "encoding", None) or "utf-8"
    for own, plain in _PLAIN.items():
        if not own.encode(charset, "ignore"):
            text = text.replace(own, plain)
    return text.encode(charset, "backslashreplace").decode(charset)
