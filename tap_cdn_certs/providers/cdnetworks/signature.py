"""CDNetworks' two request signatures: https://docs.cdnetworks.com/en/cdn/apidocs."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import format_datetime
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from requests.auth import AuthBase
from typing_extensions import override

from tap_cdn_certs.api.signature import body_of, hmac_sha256, sha256, url_of

if TYPE_CHECKING:
    from requests import PreparedRequest


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
        self._signed: dict[str | None, int] = {}
        self._signing = Lock()

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        # The provider takes no + for a blank.
        address, mark, query = url_of(r).partition("?")
        r.url = f"{address}{mark}{query.replace('+', '%20')}"
        # One that is asked again within the second would be the same, and refused as if it were forged.
        with self._signing:
            timestamp = self._signed[r.url] = max(int(time.time()), self._signed.get(r.url, 0) + 1)
        return self.sign(r, timestamp)

    def sign(self, request: PreparedRequest, timestamp: int) -> PreparedRequest:
        """Signs a request as of a Unix timestamp in seconds, accepted once, for 5 minutes."""
        request.headers["host"] = urlsplit(url_of(request)).netloc
        request.headers["content-type"] = "application/json"
        request.headers["x-cnc-auth-method"] = "AKSK"
        request.headers["x-cnc-accessKey"] = self.access_key_id
        request.headers["x-cnc-timestamp"] = str(timestamp)
        signature = hmac_sha256(self.access_key_secret.encode(), self.string_to_sign(request)).hex()
        request.headers["Authorization"] = (
            f"{self.algorithm} Credential={self.access_key_id}"
            f", SignedHeaders={';'.join(self.signed_headers)}, Signature={signature}"
        )
        return request

    def string_to_sign(self, request: PreparedRequest) -> str:
        """The string to sign of a request that has all its headers."""
        timestamp = request.headers["x-cnc-timestamp"]
        return f"{self.algorithm}\n{timestamp}\n{sha256(self.canonical_request(request).encode())}"

    def canonical_request(self, request: PreparedRequest) -> str:
        """The canonical request, of which the string to sign holds the hash."""
        url = urlsplit(url_of(request))
        return "\n".join(
            (
                request.method or "",
                url.path,
                "" if request.method == "POST" else unquote(url.query),
                *(f"{name}:{request.headers[name]}" for name in self.signed_headers),
                "",
                ";".join(self.signed_headers),
                sha256(body_of(request)),
            )
        )
