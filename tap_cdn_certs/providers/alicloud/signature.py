"""Alibaba Cloud's request signature: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

from requests.auth import AuthBase
from typing_extensions import override

from tap_cdn_certs.api.signature import body_of, hmac_sha256, sha256, url_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest

    from tap_cdn_certs.providers.alicloud.login import AccessKey


class ACS3HMACSHA256(AuthBase):
    """Signs requests with ACS3-HMAC-SHA256: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature.

    Args:
        login: Gives the access key, for each request anew.
    """

    algorithm = "ACS3-HMAC-SHA256"

    def __init__(self, login: Callable[[], AccessKey]) -> None:
        self.login = login

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        return self.sign(r, datetime.now(UTC), nonce=uuid4().hex)

    def sign(self, request: PreparedRequest, date: datetime, nonce: str) -> PreparedRequest:
        """Signs a request as of a date, accepted for 15 minutes, with a nonce, accepted once."""
        key = self.login()
        request.headers["host"] = urlsplit(url_of(request)).netloc
        request.headers["x-acs-date"] = date.strftime("%Y-%m-%dT%H:%M:%SZ")
        request.headers["x-acs-signature-nonce"] = nonce
        request.headers["x-acs-content-sha256"] = sha256(body_of(request))
        request.headers.pop("x-acs-security-token", None)
        if key.token:
            request.headers["x-acs-security-token"] = key.token
        signature = hmac_sha256(key.secret.encode(), self.string_to_sign(request)).hex()
        request.headers["Authorization"] = (
            f"{self.algorithm} Credential={key.id}"
            f",SignedHeaders={';'.join(self._signed_headers(request))},Signature={signature}"
        )
        return request

    def string_to_sign(self, request: PreparedRequest) -> str:
        """The string to sign of a request that has all its headers."""
        return f"{self.algorithm}\n{sha256(self.canonical_request(request).encode())}"

    def canonical_request(self, request: PreparedRequest) -> str:
        """The canonical request, of which the string to sign holds the hash."""
        url = urlsplit(url_of(request))
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


def _percent_encoded(text: str) -> str:
    return quote(text, safe="-_.~")
