"""EG1-HMAC-SHA256: https://techdocs.akamai.com/developer/docs/authenticate-with-edgegrid."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from requests.auth import AuthBase
from typing_extensions import override

from tap_cdn_certs.api.signature import hmac_sha256, url_of

if TYPE_CHECKING:
    from requests import PreparedRequest


class EdgeGrid(AuthBase):
    """Signs requests that read: nothing of a body."""

    def __init__(self, client_token: str, client_secret: str, access_token: str) -> None:
        self._tokens = f"client_token={client_token};access_token={access_token}"
        self._secret = client_secret

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        r.headers["Authorization"] = self.authorization(r, datetime.now(UTC), str(uuid4()))
        return r

    def authorization(self, request: PreparedRequest, date: datetime, nonce: str) -> str:
        """The header of a request that is sent at some time, in UTC."""
        timestamp = f"{date:%Y%m%dT%H:%M:%S+0000}"
        head = f"EG1-HMAC-SHA256 {self._tokens};timestamp={timestamp};nonce={nonce};"
        url = urlsplit(url_of(request))
        signed = (str(request.method), url.scheme, url.netloc.lower(), request.path_url, "", "", head)
        # Neither the secret nor the key that is made of it is decoded.
        return f"{head}signature={digest(digest(self._secret, timestamp), chr(9).join(signed))}"


def digest(key: str, text: str) -> str:
    """A signature, in Base64."""
    return b64encode(hmac_sha256(key.encode(), text)).decode()
