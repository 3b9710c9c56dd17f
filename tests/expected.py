"""How a record holds what the sandbox does."""

from __future__ import annotations

from datetime import UTC, datetime


def time(value: datetime | None) -> str | None:
    """A time as a record has to hold it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def blank(value: str | None) -> str | None:
    """A text as a record has to hold it."""
    return (value or "").strip() or None
