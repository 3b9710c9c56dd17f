"""The sandbox's side of CDNetworks, which the official SDK judges."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from callers import AKSK, LIST, XML, aksk, basic, china, send
from lxml import etree
from wangsu.certificationmanage.models import (
    QueryCertificateListResponse,
    QueryCertificateListResponseSslCertificates,
)
from wangsu.common.auth.AkSkAuth import AkSkAuth
from wangsu.common.auth.AkSkConfig import AkSkConfig
from wangsu.common.Constant.Constant import Constant

from sandbox import Sandbox, signatures
from sandbox.cdnetworks import signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cdnetworks.inventory import Certificate

VECTORS = Path(__file__).parent / "vectors"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox without rate limits."""
    with Sandbox(cdnetworks={"limit": None}) as sandbox:
        yield sandbox


@pytest.mark.parametrize("vector", json.loads((VECTORS / "cnc_hmac_sha256.json").read_text()))
def test_cnc_signatures_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    """The sandbox computes the signatures that the official SDK does."""
    to_sign = signature.string_to_sign(
        vector["method"],
        vector["path"],
        vector["query"],
        [("content-type", vector["content_type"]), ("host", vector["host"])],
        sha256(vector["body"].encode()).hexdigest(),
        str(vector["timestamp"]),
    )
    assert to_sign == vector["string_to_sign"]
    parsed = signatures.parse("CNC-HMAC-SHA256", ", ", vector["authorization"])
    assert parsed == (vector["access_key_id"], ("content-type", "host"), vector["signature"])
    assert signatures.hmac_sha256(vector["access_key_secret"], to_sign) == vector["signature"]


@pytest.mark.parametrize("vector", json.loads((VECTORS / "cdnetworks_basic.json").read_text()))
def test_passwords_are_those_of_the_vectors(vector: dict[str, str]) -> None:
    """The sandbox computes the passwords that the provider publishes."""
    password = signature.password(vector["api_key"], vector["date"])
    assert password == vector["password"]
    assert signature.basic(vector["username"], password) == vector["authorization"]


def test_the_official_wangsu_sdk_reads_the_inventory(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The official SDK lists the certificates and reads each one."""
    # The SDK puts this before every host, and has no setting for it.
    monkeypatch.setattr(Constant, "HTTPS_REQUEST_PREFIX", "http://")
    sandbox["cdnetworks"].json = "ssl-certificates"
    config = AkSkConfig()
    (config.access_key, config.secret_key), config.method = AKSK, "GET"
    config.end_point, config.uri = sandbox["cdnetworks"].url.removeprefix("http://"), LIST
    listed = (
        QueryCertificateListResponse().from_map(json.loads(AkSkAuth.invoke(config, None))).ssl_certificates
    )
    for item, certificate in zip(listed, sandbox["cdnetworks"].inventory, strict=True):
        assert item.certificate_id == certificate.certificate_id
        check_certificate(item, certificate)
        config.uri = f"{LIST}/{certificate.certificate_id}"
        detail = json.loads(AkSkAuth.invoke(config, None))
        # The SDK has no class for the detail, whose other fields are the list's.
        check_certificate(QueryCertificateListResponseSslCertificates().from_map(detail), certificate)
        if certificate.update_time:
            assert china(detail["certificate-update-time"]) == certificate.update_time


def check_certificate(item: Any, certificate: Certificate) -> None:
    """Compare what the official SDK read with the inventory."""
    padding = "  " if certificate.padded else ""
    missing = "" if certificate.blank else None
    assert item.certificate_serial == (certificate.serial + padding if certificate.serial else missing)
    assert (item.name or "").rstrip() == (certificate.name or "")
    assert (item.dns_names or []) == (certificate.dns_names or [])
    related = [(domain.domain_id, domain.domain_name) for domain in item.related_domains or []]
    assert related == certificate.related_domains
    if certificate.validity_to:
        assert china(item.certificate_validity_to) == certificate.validity_to


def test_an_api_key_is_good_for_its_date_only(sandbox: Sandbox) -> None:
    """The password belongs to the date that is sent."""
    assert send(basic(sandbox)).status_code == 202
    assert send(basic(sandbox, Date=formatdate(time.time() - 60, usegmt=True))).status_code == 401
    assert send(basic(sandbox, Authorization="Basic c2FuZGJveDp4")).status_code == 401
    response = send(basic(sandbox, date=formatdate(time.time() - 1000, usegmt=True), **XML))
    assert response.status_code == 401
    assert (
        etree.fromstring(response.content).findtext("message", "").startswith("The HTTP authorization header")
    )


def test_an_aksk_signature_is_good_once_and_for_its_request(sandbox: Sandbox) -> None:
    """What is repeated, changed or signed by another key is refused with 462."""
    request = aksk(sandbox)
    assert send(request).status_code == 202
    assert send(request).status_code == 462
    changed = aksk(sandbox, f"{LIST}/100166")
    changed.url = sandbox["cdnetworks"].url + f"{LIST}/100173"
    older = aksk(sandbox, f"{LIST}/100180")
    older.headers["x-cnc-timestamp"] = str(int(time.time()) - 1)
    other = aksk(sandbox, f"{LIST}/100187", ("AKSandbox", "wrong"))
    for request in (changed, older, other):
        response = send(request)
        assert response.status_code == 462
        assert response.json()["message"].startswith("authorization is error!")


def test_a_rotated_certificate_has_another_serial_validity_and_update_time(
    sandbox: Sandbox,
) -> None:
    """A rotation shows in the list and in the detail."""
    before = send(basic(sandbox, f"{LIST}/100166")).json()
    sandbox["cdnetworks"].rotate("100166")
    after = send(basic(sandbox, f"{LIST}/100166")).json()
    changed = {name for name in after if before[name] != after[name]}
    assert changed == {
        "certificate-serial",
        "certificate-validity-from",
        "certificate-validity-to",
        "certificate-update-time",
        "crt-md5",
        "key-md5",
    }


def test_every_oddity_of_certificates_is_served(sandbox: Sandbox) -> None:
    """The list in XML has all the odd cases of the documents."""
    response = send(basic(sandbox, **XML))
    assert response.status_code == 202
    assert response.headers["Content-Type"].startswith("application/xml")
    root = etree.fromstring(response.content)
    assert root.tag == "ssl-certificates"
    items = {item.findtext("certificate-id"): item for item in root.iterchildren("ssl-certificate")}
    assert list(items) == sandbox["cdnetworks"].inventory.keys()
    plain, sample, unused, shared, padded, numbers, extended, foreign, markup, blank = list(items.values())[
        :10
    ]
    assert plain.find("certificate-update-time") is None
    absent = (
        "certificate-validity-from",
        "certificate-validity-to",
        "crt-md5",
        "key-md5",
        "ca-md5",
        "dns-names",
    )
    assert [sample.find(name) for name in absent] == [None] * 6
    assert sample.findtext("certificate-serial") == "23dw4asq2wr544fw24"
    assert b"<comment/>" in etree.tostring(unused)
    assert unused.find("related-domains") is None
    assert len(shared.findall("related-domains/related-domain/domain-id")) == 400
    assert str(padded.findtext("certificate-serial")).endswith("  ")
    assert numbers.findtext("related-domains/related-domain/domain-id") == "1234567"
    assert extended.findtext("x-new-field") == "surprise"
    assert foreign.findtext("name") == "证书-例え-ü"
    assert str(markup.findtext("name")).startswith('<script>alert("1")</script> &')
    assert blank.findtext("certificate-validity-to") == ""


def test_a_detail_has_the_update_time_and_not_the_identifier(
    sandbox: Sandbox,
) -> None:
    """The detail is one element of what the list holds many of."""
    root = etree.fromstring(send(basic(sandbox, f"{LIST}/100166", **XML)).content)
    assert root.tag == "ssl-certificate"
    assert root.find("certificate-id") is None
    assert (
        china(root.findtext("certificate-update-time", ""))
        == sandbox["cdnetworks"].inventory["100166"].update_time
    )


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
def test_xml_declares_its_encoding(sandbox: Sandbox, encoding: str) -> None:
    """A parser that reads the declaration reads every name."""
    sandbox["cdnetworks"].encoding = encoding
    root = etree.fromstring(send(basic(sandbox, **XML)).content)
    assert "证书-例え-ü" in [name.text for name in root.iter("name")]


def test_json_comes_in_the_shapes_that_clients_have_seen() -> None:
    """The key of the list differs, one item may be no list, and identifiers may be numbers."""
    with Sandbox(cdnetworks={"size": 6, "limit": None}) as sandbox:
        content = send(basic(sandbox)).json()["ssl-certificate"]
        ids = [domain["domain-id"] for domain in content[5]["related-domains"]]
        assert ids == [1234567, "7654321"]
        sandbox["cdnetworks"].json = "ssl-certificates"
        assert send(basic(sandbox, **XML)).json() == {"ssl-certificates": content}
        for certificate in list(sandbox["cdnetworks"].inventory)[1:]:
            sandbox["cdnetworks"].inventory.remove(certificate.certificate_id)
        sandbox["cdnetworks"].json = "ssl-certificate"
        assert send(basic(sandbox)).json() == {"ssl-certificate": content[0]}
