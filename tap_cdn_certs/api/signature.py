"""What the signatures of several providers have in common.

A signature sets headers, and replaces those of an earlier attempt: a request is signed afresh each time it is
sent.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from requests.auth import AuthBase
from typing_extensions import override

if TYPE_CHECKING:
    from requests import PreparedRequest


class Token(AuthBase):
    """Signs requests with a token: RFC 6750's, or one in a header of the provider's own."""

    def __init__(self, token: str, header: str = "Authorization", scheme: str = "Bearer ") -> None:
        self.token = token
        self.header = header
        self.scheme = scheme

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers[self.header] = f"{self.scheme}{self.token}"
        return r


def url_of(request: PreparedRequest) -> str:
    """The address of a request."""
    return request.url or ""


def body_of(request: PreparedRequest) -> bytes:
    """The body of a request."""
    body = request.body or b""
    return body.encode() if isinstance(body, str) else bytes(body)


def sha256(data: bytes) -> str:
    """A digest, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def hmac_sha256(secret: bytes, text: str) -> bytes:
    """A signature."""
    return hmac.digest(secret, text.encode(), hashlib.sha256)
