"""The providers' request signatures, computed from what arrived, without the code of the tap that signs."""

from __future__ import annotations

import base64
import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote, unquote_plus

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


def parameters(query: str) -> list[tuple[str, str]]:
    """Return the decoded names and values of a query or a form, in which a space may be "+"."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def acs3_string_to_sign(
    method: str,
    path: str,
    query: str,
    headers: Iterable[tuple[str, str]],
    payload_hash: str,
) -> tuple[str, str]:
    """Return the canonical request and the string to sign of ACS3-HMAC-SHA256."""
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in parameters(query))
    canonical_query = "&".join(f"{name}={value}" for name, value in encoded)
    signed = sorted((name, value.strip()) for name, value in headers)
    canonical_headers = "".join(f"{name}:{value}\n" for name, value in signed)
    names = ";".join(name for name, _ in signed)
    canonical = f"{method}\n{path}\n{canonical_query}\n{canonical_headers}\n{names}\n{payload_hash}"
    return canonical, "ACS3-HMAC-SHA256\n" + sha256(octets(canonical)).hexdigest()


def cnc_string_to_sign(
    method: str,
    path: str,
    query: str,
    headers: Iterable[tuple[str, str]],
    payload_hash: str,
    timestamp: str,
) -> str:
    """Return the string to sign of CNC-HMAC-SHA256."""
    signed = sorted((name, value.strip().lower()) for name, value in headers)
    canonical_headers = "".join(f"{name}:{value}\n" for name, value in signed)
    names = ";".join(name for name, _ in signed)
    canonical_query = "" if method == "POST" else unquote(query)
    canonical = f"{method}\n{path}\n{canonical_query}\n{canonical_headers}\n{names}\n{payload_hash}"
    return f"CNC-HMAC-SHA256\n{timestamp}\n{sha256(octets(canonical)).hexdigest()}"


def hmac_sha256(secret: str, text: str) -> str:
    """Return the signature of a string to sign."""
    return hmac.digest(secret.encode(), octets(text), "sha256").hex()


def password(api_key: str, date: str) -> str:
    """Return the password that an API key gives for a date."""
    return base64.b64encode(hmac.digest(api_key.encode(), octets(date), "sha1")).decode()


def basic(username: str, secret: str) -> str:
    """Return the Authorization header of a username and a password."""
    return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()


def same(expected: str, given: str) -> bool:
    """Whether two secrets are the same, in constant time."""
    return hmac.compare_digest(octets(expected), octets(given))
