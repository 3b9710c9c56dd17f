"""Which domains a certificate's names are for: https://www.rfc-editor.org/rfc/rfc6125."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def covers(names: Iterable[str], domain: str) -> bool:
    """Whether one of a certificate's names is for a domain: RFC 6125, 6.4.3."""
    domain = domain.lower().rstrip(".")
    with suppress(UnicodeError):
        # A wildcard's first label is empty, and no host's.
        domain = "." * domain.startswith(".") + domain.removeprefix(".").encode("idna").decode()
    own = {domain, f"*.{domain.partition('.')[2]}"}
    return not own.isdisjoint(name.lower() for name in names)
