"""The times of SSL and CDN, which are those of China and have odd forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_cdn_certs.records.values import CST, end, text, texts, utc

if TYPE_CHECKING:
    from tap_cdn_certs.records.values import Item

# What is written where there is no time.
NEVER = re.compile(r"\s*(?:-*|0000-00-00.*)\s*")
# A sample has `2024-11-06 08:00:0`.
ONE_DIGIT = re.compile(r"(?<=[-:\s])(\d)(?!\d)")


def time(item: Item, name: str) -> str | None:
    """The time of a field as RFC 3339 in UTC, or None."""
    written = text(item, name)
    if written is None or NEVER.fullmatch(written):
        return None
    # SSL documents the zone. CDN names none: it is taken to write as SSL does.
    return utc({name: ONE_DIGIT.sub(r"0\1", written)}, name, CST)


def end_time(item: Item, name: str) -> str | None:
    """When a certificate ends, or None; what is not issued yet has no end."""
    value = item.get(name)
    return None if isinstance(value, str) and NEVER.fullmatch(value) else end(item, name, time)


def times(item: Item, name: str) -> list[str] | None:
    """The times of a list, or None where there are none."""
    return [at for each in texts(item, name) or () if (at := time({name: each}, name))] or None
