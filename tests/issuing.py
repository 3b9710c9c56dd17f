"""Who issues temporary keys of the sandbox's account: the Security Token Service, and a credentials URI.

As https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole and its sister
AssumeRoleWithOIDC, signed as https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import ssl
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, quote, urlsplit
from uuid import uuid4

from sandbox.alicloud.signature import KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox import Sandbox

ROLE = "acs:ram::1234567890:role/certificates"
IDENTITY_PROVIDER = "acs:ram::1234567890:oidc-provider/cluster"
OIDC_TOKEN = "eyJhbGciOiJub25lIn0.s3cr3t-oidc-token.s3cr3t-oidc-signature"
EXTERNAL_ID = "partner-42"
TIME = "%Y-%m-%dT%H:%M:%SZ"

COMMON = {"Action", "Format", "Version", "Timestamp", "DurationSeconds", "RoleArn", "RoleSessionName"}
SIGNED = {"AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce"}
NEEDED = {
    "AssumeRole": COMMON | SIGNED | {"ExternalId"},
    "AssumeRoleWithOIDC": COMMON | {"OIDCProviderArn", "OIDCToken"},
}
OPTIONAL = {"AssumeRole": {"SecurityToken"}, "AssumeRoleWithOIDC": set[str]()}


class RefusedError(Exception):
    """A question that is answered with an error."""


class Issuer:
    """Issues keys on loopback while the context lasts.

    Args:
        seconds: After which the API refuses a key.
        says: The seconds that are said, if they are others.
        tls: A certificate and its key, for HTTPS.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        seconds: float = 3600,
        says: float | None = None,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        self.api: Any = sandbox["alicloud"]
        self.seconds = seconds
        self.says = seconds if says is None else says
        self.asked: list[dict[str, str]] = []
        self.hosts: list[str] = []
        self.answer: tuple[int, str] | None = None
        """What is answered instead, as often as `times` says."""
        self.times = 1_000_000
        self.delay = 0.0
        self._ended = Event()
        self._nonces: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def respond(self, target: str) -> tuple[int, str]:
        """Return the status and the body of the answer to a request."""
        url = urlsplit(target)
        parameters = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
        self.asked.append(parameters)
        self._ended.wait(self.delay)
        if self.answer and self.times > 0:
            self.times -= 1
            return self.answer
        if url.path == "/credentials":
            return 200, json.dumps({"Code": "Success", **self.key()})
        try:
            self._check(parameters)
        except RefusedError as error:
            return 403, refusal(str(error))
        user = {"Arn": f"{ROLE}/x", "AssumedRoleId": "300:x"}
        return 200, json.dumps(
            {"RequestId": str(uuid4()), "AssumedRoleUser": user, "Credentials": self.key()}
        )

    def key(self) -> dict[str, str]:
        """Return another key."""
        key = self.api.issue(self.seconds)
        end = datetime.now(UTC) + timedelta(seconds=self.says)
        return {
            "AccessKeyId": key.id,
            "AccessKeySecret": key.secret,
            "SecurityToken": str(key.token),
            "Expiration": end.strftime(TIME),
        }

    def _check(self, parameters: dict[str, str]) -> None:
        action = parameters.get("Action", "")
        needed = NEEDED.get(action, set())
        if not needed <= parameters.keys() <= needed | OPTIONAL[action]:
            raise RefusedError("InvalidParameter")
        date = datetime.strptime(parameters["Timestamp"], TIME).replace(tzinfo=UTC)
        if abs(datetime.now(UTC) - date) > timedelta(minutes=15):
            raise RefusedError("InvalidTimeStamp.Expired")
        fixed = (parameters["Version"], parameters["Format"], parameters["RoleArn"])
        if fixed != ("2015-04-01", "JSON", ROLE):
            raise RefusedError("EntityNotExist.Role")
        if not re.fullmatch(r"[\w.@-]{2,64}", parameters["RoleSessionName"]):
            raise RefusedError("InvalidParameter.RoleSessionName")
        if not 900 <= int(parameters["DurationSeconds"]) <= 3600:
            raise RefusedError("InvalidParameter.DurationSeconds")
        if action == "AssumeRole":
            self._check_signature(parameters)
        elif (parameters["OIDCProviderArn"], parameters["OIDCToken"]) != (IDENTITY_PROVIDER, OIDC_TOKEN):
            raise RefusedError("AuthenticationFail.OIDCToken.Invalid")

    def _check_signature(self, parameters: dict[str, str]) -> None:
        key = KEYS.get(parameters["AccessKeyId"])
        if not key:
            raise RefusedError("InvalidAccessKeyId.NotFound")
        if parameters.get("SecurityToken") != key.token:
            raise RefusedError("InvalidSecurityToken.Malformed")
        if parameters["ExternalId"] != EXTERNAL_ID:
            raise RefusedError("NoPermission")
        if parameters["SignatureNonce"] in self._nonces:
            raise RefusedError("SignatureNonceUsed")
        self._nonces.add(parameters["SignatureNonce"])
        signed = sorted(
            (quote(n, safe="~"), quote(v, safe="~")) for n, v in parameters.items() if n != "Signature"
        )
        query = "&".join(f"{name}={value}" for name, value in signed)
        digest = hmac.digest(f"{key.secret}&".encode(), f"GET&%2F&{quote(query, safe='~')}".encode(), "sha1")
        if not hmac.compare_digest(base64.b64encode(digest).decode(), parameters["Signature"]):
            raise RefusedError("SignatureDoesNotMatch")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        respond = self.respond

        hosts = self.hosts

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hosts.append(str(self.headers["Host"]))
                status, body = respond(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def refusal(code: str, message: str = "Refused.") -> str:
    """Return the body of an error."""
    return json.dumps({"RequestId": "R-4711", "HostId": "sts.aliyuncs.com", "Code": code, "Message": message})
