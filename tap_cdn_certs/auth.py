"""The providers' request signatures, one class for each algorithm.

Each sets headers, and replaces those of an earlier attempt: a request is signed afresh each time it is sent.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote_plus, urlsplit
from uuid import uuid4

from requests.auth import AuthBase
from typing_extensions import override

if TYPE_CHECKING:
    from requests import PreparedRequest


class ACS3HMACSHA256(AuthBase):
    """Signs requests with ACS3-HMAC-SHA256: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature."""

    algorithm = "ACS3-HMAC-SHA256"

    def __init__(self, access_key_id: str, access_key_secret: str, security_token: str | None = None) -> None:
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self.security_token = security_token

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        return self.sign(r, datetime.now(UTC), nonce=uuid4().hex)

    def sign(self, request: PreparedRequest, date: datetime, nonce: str) -> PreparedRequest:
        """Signs a request as of a date, accepted for 15 minutes, with a nonce, accepted once."""
        request.headers["host"] = urlsplit(_url(request)).netloc
        request.headers["x-acs-date"] = date.strftime("%Y-%m-%dT%H:%M:%SZ")
        request.headers["x-acs-signature-nonce"] = nonce
        request.headers["x-acs-content-sha256"] = _sha256(_body(request))
        if self.security_token:
            request.headers["x-acs-security-token"] = self.security_token
        signature = _hmac_sha256(self.access_key_secret, self.string_to_sign(request))
        request.headers["Authorization"] = (
            f"{self.algorithm} Credential={self.access_key_id}"
            f",SignedHeaders={';'.join(self._signed_headers(request))},Signature={signature}"
        )
        return request

    def string_to_sign(self, request: PreparedRequest) -> str:
        """The string to sign of a request that has all its headers."""
        return f"{self.algorithm}\n{_sha256(self.canonical_request(request).encode())}"

    def canonical_request(self, request: PreparedRequest) -> str:
        """The canonical request, of which the string to sign holds the hash."""
        url = urlsplit(_url(request))
        # A space is `+` in what is sent and `%20` in what is signed.
        query = sorted(
            f"{_percent_encoded(name)}={_percent_encoded(value)}"
            for name, value in parse_qsl(url.query, keep_blank_values=True)
        )
        headers = self._signed_headers(request)
        return "\n".join(
            (
                request.method or "",
                url.path,
                "&".join(query),
                *(f"{name}:{value}" for name, value in headers.items()),
                "",
                ";".join(headers),
                headers["x-acs-content-sha256"],
            )
        )

    def _signed_headers(self, request: PreparedRequest) -> dict[str, str]:
        named = {name.lower(): value.strip() for name, value in request.headers.items()}
        return {
            name: value
            for name, value in sorted(named.items())
            if name in {"accept", "content-type", "host", "user-agent"} or name.startswith("x-acs-")
        }


class CDNetworksBasic(AuthBase):
    """Signs requests with a CDNetworks API key: https://docs.cdnetworks.com/en/cdn/apidocs."""

    def __init__(self, username: str, api_key: str) -> None:
        self.username = username
        self.api_key = api_key

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        return self.sign(r, datetime.now(UTC))

    def sign(self, request: PreparedRequest, date: datetime) -> PreparedRequest:
        """Signs a request as of a date, which the provider accepts for 15 minutes."""
        # In English and in GMT, whatever the locale and the time zone.
        request.headers["Date"] = format_datetime(date, usegmt=True)
        digest = hmac.digest(self.api_key.encode(), self.string_to_sign(request).encode(), hashlib.sha1)
        credentials = f"{self.username}:{b64encode(digest).decode()}"
        request.headers["Authorization"] = f"Basic {b64encode(credentials.encode()).decode()}"
        return request

    def string_to_sign(self, request: PreparedRequest) -> str:
        """The string to sign: the date, as it is sent."""
        return str(request.headers["Date"])


class CNCHMACSHA256(AuthBase):
    """Signs requests with CNC-HMAC-SHA256, CDNetworks' AK/SK: https://docs.cdnetworks.com/en/cdn/apidocs."""

    algorithm = "CNC-HMAC-SHA256"
    signed_headers = ("content-type", "host")

    def __init__(self, access_key_id: str, access_key_secret: str) -> None:
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        return self.sign(r, int(time.time()))

    def sign(self, request: PreparedRequest, timestamp: int) -> PreparedRequest:
        """Signs a request as of a Unix timestamp in seconds, which the provider accepts for 5 minutes."""
        request.headers["host"] = urlsplit(_url(request)).netloc
        request.headers["content-type"] = "application/json"
        request.headers["x-cnc-auth-method"] = "AKSK"
        request.headers["x-cnc-accessKey"] = self.access_key_id
        request.headers["x-cnc-timestamp"] = str(timestamp)
        signature = _hmac_sha256(self.access_key_secret, self.string_to_sign(request))
        request.headers["Authorization"] = (
            f"{self.algorithm} Credential={self.access_key_id}"
            f", SignedHeaders={';'.join(self.signed_headers)}, Signature={signature}"
        )
        return request

    def string_to_sign(self, request: PreparedRequest) -> str:
        """The string to sign of a request that has all its headers."""
        timestamp = request.headers["x-cnc-timestamp"]
        return f"{self.algorithm}\n{timestamp}\n{_sha256(self.canonical_request(request).encode())}"

    def canonical_request(self, request: PreparedRequest) -> str:
        """The canonical request, of which the string to sign holds the hash."""
        url = urlsplit(_url(request))
        return "\n".join(
            (
                request.method or "",
                url.path,
                unquote_plus(url.query),
                *(f"{name}:{request.headers[name]}" for name in self.signed_headers),
                "",
                ";".join(self.signed_headers),
                _sha256(_body(request)),
            )
        )


def _url(request: PreparedRequest) -> str:
    return request.url or ""


def _body(request: PreparedRequest) -> bytes:
    body = request.body or b""
    return body.encode() if isinstance(body, str) else bytes(body)


def _percent_encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hmac_sha256(secret: str, text: str) -> str:
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256).hex()
