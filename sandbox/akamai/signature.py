"""EG1-HMAC-SHA256, checked as Akamai documents it."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime
from typing import NamedTuple

FORM = re.compile(
    r"EG1-HMAC-SHA256 client_token=([^;]+);access_token=([^;]+);"
    r"timestamp=(\d{8}T\d\d:\d\d:\d\d\+0000);nonce=([^;]+);signature=([\w+/]{43}=)"
)
SKEW = 30.0  # seconds


class Authorization(NamedTuple):
    """What a header says."""

    client_token: str
    access_token: str
    timestamp: str
    nonce: str
    signature: str

    @property
    def time(self) -> float:
        """Return when it was signed, in seconds since 1970."""
        return datetime.strptime(self.timestamp, "%Y%m%dT%H:%M:%S%z").astimezone(UTC).timestamp()


def parse(header: str) -> Authorization | None:
    """Return what a header says, if it has the form."""
    match = FORM.fullmatch(header)
    return Authorization(*match.groups()) if match else None


def signature(secret: str, header: str, method: str, host: str, target: str) -> str:
    """Return the signature of a request without a body that has a header."""
    unsigned = header[: header.rindex("signature=")]
    timestamp = re.findall(r"timestamp=([^;]+)", header)[0]
    key = base64.b64encode(hmac.digest(secret.encode(), timestamp.encode(), "sha256"))
    text = f"{method}\thttp\t{host}\t{target}\t\t\t{unsigned}"
    return base64.b64encode(hmac.digest(key, text.encode("utf-8", "surrogateescape"), "sha256")).decode()
