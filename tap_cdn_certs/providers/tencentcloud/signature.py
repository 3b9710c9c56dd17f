"""Tencent Cloud's request signature: https://www.tencentcloud.com/document/product/1278/46715."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests.auth import AuthBase
from typing_extensions import override

from tap_cdn_certs.api.signature import body_of, hmac_sha256, sha256, url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest


class TC3HMACSHA256(AuthBase):
    """Signs requests with TC3-HMAC-SHA256: https://www.tencentcloud.com/document/product/1278/46715.

    Args:
        settings: That have the key, and a token if it is temporary.
        service_of: Gives the service that has an operation.
    """

    algorithm = "TC3-HMAC-SHA256"
    # As the provider's SDKs do; its documents sign `x-tc-action` as well.
    signed_headers: tuple[str, ...] = ("content-type", "host")

    def __init__(self, settings: Mapping[str, Any], service_of: Callable[[str], str]) -> None:
        self.secret_id: str = settings["secret_id"]
        self.secret_key: str = settings["secret_key"]
        self.token: str | None = settings.get("token")
        self.service_of = service_of

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        return self.sign(r, int(time.time()))

    def sign(self, request: PreparedRequest, timestamp: int) -> PreparedRequest:
        """Signs a request as of a time in seconds since 1970, accepted for 5 minutes."""
        request.headers["Host"] = urlsplit(url_of(request)).netloc
        request.headers["X-TC-Timestamp"] = str(timestamp)
        if self.token:
            request.headers["X-TC-Token"] = self.token
        scope = self._scope(request)
        key = reduce(hmac_sha256, scope.split("/"), f"TC3{self.secret_key}".encode())
        signature = hmac_sha256(key, self.string_to_sign(request)).hex()
        request.headers["Authorization"] = (
            f"{self.algorithm} Credential={self.secret_id}/{scope}, "
            f"SignedHeaders={';'.join(self.signed_headers)}, Signature={signature}"
        )
        return request

    def string_to_sign(self, request: PreparedRequest) -> str:
        """The string to sign of a request that has all its headers."""
        digest = sha256(self.canonical_request(request).encode())
        return "\n".join(
            (self.algorithm, request.headers["X-TC-Timestamp"], self._scope(request), digest),
        )

    def canonical_request(self, request: PreparedRequest) -> str:
        """The canonical request, of which the string to sign holds the hash."""
        url = urlsplit(url_of(request))
        return "\n".join(
            (
                request.method or "",
                url.path,
                url.query,
                *(f"{name}:{request.headers[name].lower()}" for name in self.signed_headers),
                "",
                ";".join(self.signed_headers),
                sha256(body_of(request)),
            )
        )

    def _scope(self, request: PreparedRequest) -> str:
        date = datetime.fromtimestamp(int(request.headers["X-TC-Timestamp"]), UTC).date()
        return f"{date}/{self.service_of(request.headers['X-TC-Action'])}/tc3_request"
