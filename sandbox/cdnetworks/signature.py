"""Passwords made of an API key and a date, and CNC-HMAC-SHA256, as in https://docs.cdnetworks.com/en/cdn/apidocs."""

from __future__ import annotations

import base64
import hmac
import re
from email.utils import formatdate, parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sandbox.messages import RefusedError
from sandbox.signatures import hmac_sha256, octets, parse, same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.messages import Call
    from sandbox.signatures import Authorization

ALGORITHM = "CNC-HMAC-SHA256"
USERNAME, API_KEY = "sandbox", "s3cr3t-cdnetworks"
ACCESS_KEY, SECRET_KEY = "AKSandbox", "s3cr3t-aksk"
MINUTES_15 = 15 * 60
MINUTES_5 = 5 * 60


def check_api_key(call: Call, now: float) -> None:
    """Check the password made of the API key and the date."""
    date = call.header("Date")
    expected = basic(USERNAME, password(API_KEY, date))
    try:
        time = parsedate_to_datetime(date).timestamp()
    except ValueError:
        time = 0.0
    problem = None
    if formatdate(time, usegmt=True) != date:
        problem = "the Date header is missing or is not RFC 1123 in GMT"
    elif abs(time - now) > MINUTES_15:
        problem = "the password is expired"
    elif not same(expected, call.header("Authorization")):
        problem = "the username or the password is wrong"
    if problem:
        raise RefusedError(401, "Unauthorized", f"The HTTP authorization header is bad: {problem}.")


def check_access_key(call: Call, now: float, once: Callable[[str, float], bool]) -> None:
    """Check the signature by an access key."""
    problem = None
    timestamp = call.header("x-cnc-timestamp")
    authorization = parse(ALGORITHM, ", ", call.header("Authorization"))
    if call.header("x-cnc-auth-method") != "AKSK" or authorization is None:
        problem = "the headers are not those of AK/SK"
    elif {call.header("x-cnc-accessKey"), authorization.credential} != {ACCESS_KEY}:
        problem = "the access key is unknown"
    elif not re.fullmatch(r"\d{10}", timestamp) or abs(int(timestamp) - now) > MINUTES_5:
        problem = "the timestamp is not within 5 minutes"
    elif not signed(call, authorization, timestamp):
        problem = "the signature is wrong"
    elif not once(f"signature {timestamp} {authorization.signature}", MINUTES_5):
        problem = "the request is repeated"
    if problem:
        raise RefusedError(462, "462", f"authorization is error! {problem}")


def signed(call: Call, authorization: Authorization, timestamp: str) -> bool:
    """Whether the signature is right and holds the mandatory headers."""
    names = authorization.signed_headers
    to_sign = string_to_sign(
        call.request.method,
        call.path,
        call.query,
        [(name, call.header(name)) for name in names],
        sha256(call.body).hexdigest(),
        timestamp,
    )
    right = same(hmac_sha256(SECRET_KEY, to_sign), authorization.signature)
    return right and {"content-type", "host"} <= {*names} and all(map(call.header, names))


def string_to_sign(
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


def password(api_key: str, date: str) -> str:
    """Return the password that an API key gives for a date."""
    return base64.b64encode(hmac.digest(api_key.encode(), octets(date), "sha1")).decode()


def basic(username: str, secret: str) -> str:
    """Return the Authorization header of a username and a password."""
    return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()
