"""Signatures: the vectors, and signing afresh at each attempt."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from wangsu.common.auth.AkSkAuth import AkSkAuth
from wangsu.common.auth.HttpRequestMsg import HttpRequestMsg

from tap_cdn_certs.providers.alicloud.login import AccessKey
from tap_cdn_certs.providers.alicloud.signature import ACS3HMACSHA256
from tap_cdn_certs.providers.cdnetworks.signature import CNCHMACSHA256, CDNetworksBasic

VECTORS = Path(__file__).parent / "vectors"


def vectors(algorithm: str) -> list[Any]:
    """The vectors of an algorithm, with their names."""
    return [
        pytest.param(vector, id=vector.get("name", f"{vector.get('method')} {vector.get('path')} {number}"))
        for number, vector in enumerate(json.loads((VECTORS / f"{algorithm}.json").read_text()))
    ]


@pytest.mark.parametrize("vector", [*vectors("acs3_hmac_sha256"), *vectors("acs3_more")])
def test_acs3_signs_as_the_vectors_do(vector: dict[str, Any]) -> None:
    """The URL as sent, the canonical request, the string to sign and the header are the vector's."""
    headers = vector["headers"]
    request = requests.Request(
        vector["method"],
        f"https://{headers['host']}/",
        params=vector["query"],
        data=vector["body"] or None,
        headers=headers,
    ).prepare()
    pair = vector["access_key_id"], vector["access_key_secret"]
    auth = ACS3HMACSHA256(lambda: AccessKey(*pair, headers.get("x-acs-security-token")))
    date = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    auth.sign(request, date, headers["x-acs-signature-nonce"])
    assert request.url == vector.get("sdk_wire_url", vector.get("url"))
    assert auth.canonical_request(request) == vector["canonical_request"]
    assert auth.string_to_sign(request) == vector["string_to_sign"]
    assert request.headers["Authorization"] == vector["authorization"]


@pytest.mark.parametrize("vector", vectors("cnc_hmac_sha256"))
def test_cnc_signs_as_the_vectors_do(vector: dict[str, Any]) -> None:
    """The canonical request, the string to sign and the header are the vector's."""
    query = f"?{vector['query']}" if vector["query"] else ""
    request = requests.Request(
        vector["method"], f"https://{vector['host']}{vector['path']}{query}", data=vector["body"] or None
    ).prepare()
    auth = CNCHMACSHA256(vector["access_key_id"], vector["access_key_secret"])
    auth.sign(request, vector["timestamp"])
    assert auth.canonical_request(request) == vector["canonical_request"]
    assert auth.string_to_sign(request) == vector["string_to_sign"]
    assert request.headers["Authorization"] == vector["authorization"]


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("GET", "/cdn/certificates", {"sortBy": "a b+c/\u00fc", "offset": 0, "limit": 200}, None),
        ("GET", "/api/config/certificate/v2/%E4%BE%8B.example.com", {}, None),
        ("POST", "/api/domain/list", {"a": "b c"}, '{"pageNumber":1,"name":"\u00fc"}'),
    ],
)
def test_cnc_signs_as_the_official_sdk_does(
    monkeypatch: pytest.MonkeyPatch, method: str, path: str, query: dict[str, Any], body: str | None
) -> None:
    """Of a GET the query, decoded, in the order sent and with %20 for a blank; of a POST the body alone."""
    host, timestamp, keys = "api.cdnetworks.com", 1752832047, ("testid", "s3cr3t")
    request = requests.Request(method, f"https://{host}{path}", params=query, data=body).prepare()
    monkeypatch.setattr(time, "time", lambda: timestamp)
    CNCHMACSHA256(*keys)(request)
    assert request.url
    assert "+" not in request.url
    message = HttpRequestMsg()
    message.uri, message.method, message.host = request.url.removeprefix(f"https://{host}"), method, host
    message.body = body
    AkSkAuth.get_auth_and_set_headers(message, *keys, {})
    assert request.headers["Authorization"] == message.headers["Authorization"]


@pytest.mark.parametrize("vector", vectors("cdnetworks_basic"))
def test_the_api_key_signs_as_the_vectors_do(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Date and header are the vector's, in another time zone too."""
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    date = datetime.strptime(vector["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    request = requests.Request("GET", "https://api.cdnetworks.com/api/ssl/certificate").prepare()
    CDNetworksBasic(vector["username"], vector["api_key"]).sign(request, date)
    assert request.headers["Date"] == vector["date"]
    assert request.headers["Authorization"] == vector["authorization"]


@pytest.mark.parametrize(
    ("auth", "fresh"),
    [
        (ACS3HMACSHA256(lambda: AccessKey("testid", "s3cr3t", "t0k3n")), "x-acs-signature-nonce"),
        (CDNetworksBasic("sandbox", "s3cr3t"), None),
        (CNCHMACSHA256("testid", "s3cr3t"), "x-cnc-timestamp"),
    ],
    ids=["acs3", "basic", "cnc"],
)
def test_signing_again_replaces_the_signature(auth: requests.auth.AuthBase, fresh: str | None) -> None:
    """A second attempt has the headers of the first, none twice, and is another, in the same second too."""
    request = requests.Request("POST", "https://api.example.com/?a=b+c").prepare()
    first = dict(auth(request).headers)
    second = dict(auth(request).headers)
    assert first.keys() == second.keys()
    if fresh:
        assert first[fresh] != second[fresh]
        assert first["Authorization"] != second["Authorization"]
    assert "s3cr3t" not in str(second)
