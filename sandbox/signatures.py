"""What providers' request signatures share, computed from what arrived, without the code of the tap."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Authorization(NamedTuple):
    """An Authorization header that holds a signature."""

    credential: str
    signed_headers: tuple[str, ...]
    signature: str


def octets(text: str) -> bytes:
    """Return the octets of a header as they arrived: aiohttp escapes those that are not UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def parse(algorithm: str, separator: str, value: str) -> Authorization | None:
    """Return the parts of an Authorization header, if it has the algorithm's form."""
    pattern = r"{} Credential=([^,\s]+){}SignedHeaders=([a-z0-9;-]+){}Signature=([0-9a-f]{{64}})"
    match = re.fullmatch(pattern.format(algorithm, separator, separator), value)
    return match and Authorization(match[1], tuple(match[2].split(";")), match[3])


def hmac_sha256(secret: str, text: str, scope: Iterable[str] = ()) -> str:
    """Return the signature of a string to sign, by the key that a secret gives for the parts of a scope."""
    key = secret.encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, octets(text), "sha256").hex()


def same(expected: str, given: str) -> bool:
    """Whether two secrets are the same, in constant time."""
    return hmac.compare_digest(octets(expected), octets(given))
