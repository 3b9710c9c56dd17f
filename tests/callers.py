"""Callers of the sandbox, whose requests are signed by the providers' official SDKs where there are any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import formatdate
from hashlib import sha256
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import requests
from alibabacloud_cdn20180510.client import Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils import Utils
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from wangsu.common.auth.AkSkAuth import AkSkAuth
from wangsu.common.auth.HttpRequestMsg import HttpRequestMsg

from sandbox.cdnetworks import signature

if TYPE_CHECKING:
    from sandbox import Sandbox

KEY = ("LTAI5tSandbox", "s3cr3t-alicloud", None)
STS = ("STS.NTSandbox", "s3cr3t-sts", "s3cr3t-token")
AKSK = ("AKSandbox", "s3cr3t-aksk")
TENCENT = ("AKIDsandbox0123456789abcdefghijklmno", "s3cr3t-tencent-0123456789abcdefg", "")
INFO = "DescribeDomainCertificateInfo"
LIST = "/api/ssl/certificate"
XML = {"Accept": "application/xml"}
CHINA = timezone(timedelta(hours=8))


def sdk(
    sandbox: Sandbox,
    key: tuple[str, str, str | None] = KEY,
    client: type[Any] = Client,
    path: str = "/",
) -> Any:
    """Return an official client of Alibaba Cloud, by default that of the CDN, for a product at some path."""

    class There(client):  # type: ignore[misc]
        def call_api(self, params: Any, request: Any, runtime: Any) -> Any:
            params.pathname = path
            return super().call_api(params, request, runtime)

    key_id, secret, token = key
    endpoint = sandbox["alicloud"].url.removeprefix("http://")
    return There(
        Config(
            access_key_id=key_id,
            access_key_secret=secret,
            security_token=token,
            type="sts" if token else "access_key",
            endpoint=endpoint,
            protocol="http",
        ),
    )


def tencentcloud(sdk: type[Any], url: str, key: tuple[str, str, str] = TENCENT) -> Any:
    """Return an official client of Tencent Cloud, for an address on this machine."""
    there = HttpProfile(protocol="http", endpoint=url.removeprefix("http://"))
    secret_id, secret_key, token = key
    return sdk(Credential(secret_id, secret_key, token or None), "", ClientProfile(httpProfile=there))


def acs3(  # noqa: PLR0917 - the parts of a request
    sandbox: Sandbox,
    action: str = INFO,
    query: dict[str, str] | None = None,
    key: tuple[str, str, str | None] = KEY,
    method: str = "GET",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    path: str = "/",
) -> requests.PreparedRequest:
    """Return a request signed by the official SDK's function."""
    key_id, secret, token = key
    query = {"DomainName": "www.example.com"} if query is None else query
    payload = sha256(body).hexdigest()
    headers = {
        "host": sandbox["alicloud"].url.removeprefix("http://"),
        "x-acs-action": action,
        "x-acs-version": "2018-05-10",
        "x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": uuid4().hex,
        "x-acs-content-sha256": payload,
        **({"x-acs-security-token": token} if token else {}),
        **(headers or {}),
    }
    to_sign = SimpleNamespace(method=method, pathname=path, query=query, headers=headers)
    authorization = Utils.get_authorization(to_sign, "ACS3-HMAC-SHA256", payload, key_id, secret)
    headers = {**headers, "Authorization": authorization}
    return requests.Request(
        method, sandbox["alicloud"].url + path, headers, params=query, data=body
    ).prepare()


def basic(
    sandbox: Sandbox, path: str = LIST, date: str | None = None, **headers: str
) -> requests.PreparedRequest:
    """Return a request with the password that the API key gives."""
    date = date or formatdate(usegmt=True)
    authorization = signature.basic("sandbox", signature.password("s3cr3t-cdnetworks", date))
    headers = {"Date": date, "Authorization": authorization, **headers}
    return requests.Request("GET", sandbox["cdnetworks"].url + path, headers).prepare()


def aksk(sandbox: Sandbox, path: str = LIST, key: tuple[str, str] = AKSK) -> requests.PreparedRequest:
    """Return a request signed by the official SDK's function."""
    message = HttpRequestMsg()
    message.uri, message.method, message.host = path, "GET", sandbox["cdnetworks"].url.removeprefix("http://")
    AkSkAuth.get_auth_and_set_headers(message, *key, {})
    return requests.Request("GET", sandbox["cdnetworks"].url + path, message.headers).prepare()


def send(request: requests.PreparedRequest, timeout: float = 10) -> requests.Response:
    """Send a prepared request."""
    with requests.Session() as session:
        return session.send(request, timeout=timeout, allow_redirects=False)


def code(response: requests.Response) -> str:
    """Return the code of an error, or nothing."""
    content = response.json()
    return str(content.get("Code") or content.get("code") or "")


def utc(time: str, form: str) -> datetime:
    """Return the time that a text says in UTC."""
    return datetime.strptime(time, form).replace(tzinfo=UTC)


def china(time: str) -> datetime:
    """Return the time that a text of CDNetworks says."""
    return datetime.strptime(time.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
