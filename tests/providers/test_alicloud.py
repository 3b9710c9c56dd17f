"""Whole records of Alibaba Cloud, and what it alone answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cases import only
from expected import blank, time
from watched import Watch, run

from sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.alicloud.inventory import CDNDomain

CERTIFICATE = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")
MAX_MEMORY = 300  # MiB
DOMAINS = "DescribeUserDomains"
INFO = "DescribeDomainCertificateInfo"
HTTPS = "DescribeCdnHttpsDomainList"


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account of Alibaba Cloud, without limits."""
    with only("alicloud", 40) as sandbox:
        yield sandbox


def expected_domain(domain: CDNDomain) -> dict[str, Any]:
    """The record of `alicloud_domains`."""
    texts = ("cname", "cdn_type", "domain_status", "description", "source_type", "ssl_protocol")
    modified = domain.gmt_modified
    return {
        "account": "default",
        "domain_name": domain.domain_name,
        "domain_id": str(domain.domain_id),
        **{name: blank(getattr(domain, name)) for name in texts},
        "gmt_created": time(domain.gmt_created),
        "gmt_modified": time(modified),
        "resource_group_id": blank(domain.resource_group_id),
        "sandbox": blank(domain.sandbox),
        "coverage": blank(domain.coverage),
        "sources": [
            {
                "type": source.type,
                "content": source.content,
                "port": source.port,
                "priority": source.priority,
                "weight": source.weight,
            }
            for source in domain.sources
        ]
        or None,
    }


def expected_certificate_info(domain: CDNDomain) -> dict[str, Any]:
    """The record of `certificate_info`, but for what its PEM says."""
    texts = ("cert_name", "cert_id", "cert_type", "cert_region", "cert_domain_name", "cert_org", "cert_life")
    texts += ("status", "domain_cname_status", "server_certificate_status")
    times = ("cert_start_time", "cert_expire_time", "cert_update_time")
    held = domain.certificate
    record = {
        "account": "default",
        "domain_name": domain.domain_name,
        **{name: blank(getattr(held, name, None)) for name in texts},
        **{name: time(getattr(held, name, None)) for name in times},
        "server_certificate": getattr(held, "server_certificate", None) or None,
    }
    if domain.absent == "off":
        record["server_certificate_status"] = "off"
    return record


def expected_https_domain(domain: CDNDomain) -> dict[str, Any]:
    """The record of `alicloud_https_domains`."""
    held = domain.certificate
    texts = ("cert_name", "cert_common_name", "cert_type", "cert_status")
    times = ("cert_start_time", "cert_expire_time", "cert_update_time")
    return {
        "account": "default",
        "domain_name": domain.domain_name,
        **{name: blank(getattr(held, name)) for name in texts},
        **{name: time(getattr(held, name)) for name in times},
    }


def test_the_chain_and_nothing_else_of_the_pem_is_emitted(sandbox: Watch, tmp_path: Path) -> None:
    """A certificate's record has its chain and the facts of its leaf; one without has neither."""
    records = run(sandbox, tmp_path).by_key("certificate_info")
    for domain in sandbox["alicloud"].inventory:
        record = records[domain.domain_name]
        if domain.certificate and domain.certificate.server_certificate:
            assert record["server_certificate"].startswith(CERTIFICATE[0])
            assert record["server_certificate"].strip().endswith(CERTIFICATE[1])
            assert record["x509_not_after"] == record["cert_expire_time"]
            assert record["x509_chain_length"] == record["server_certificate"].count(CERTIFICATE[0])
        else:
            assert not any(value for name, value in record.items() if name.startswith("x509_"))


def test_domains_are_selected_by_globs(sandbox: Watch, tmp_path: Path) -> None:
    """The three streams of the account hold what the globs match; one that matches nothing is named."""
    config = sandbox.config()
    config["alicloud"]["domains"] = ["*.EXAMPLE.org", "nothing.example"]
    result = run(sandbox, tmp_path, config=config)
    expected = {
        domain.domain_name
        for domain in sandbox["alicloud"].inventory
        if domain.domain_name.endswith(".example.org")
    }
    assert expected
    assert result.by_key("alicloud_domains").keys() == expected
    assert result.by_key("certificate_info").keys() == expected
    assert result.by_key("alicloud_https_domains").keys() <= expected
    assert "nothing.example" in result.stderr


def test_answers_just_within_the_sizes_are_held_in_little_memory(tmp_path: Path) -> None:
    """The first domain's answer drips, and all that wait behind it are as large as may be."""
    item = {"Unknown": "x" * (250 * 1024), "Others": [{"a": 1}] * 400}
    body = json.dumps({"CertInfos": {"CertInfo": [item]}})
    with Watch(alicloud={"size": 700}) as sandbox:
        # Of one delivery and one content, the delivery comes last.
        sandbox.faults.add(Fault("body", INFO, body=body), Fault("slow", INFO, "www.example.com", seconds=8))
        result = run(sandbox, tmp_path, config=sandbox.config())
    assert result.returncode == 0
    assert result.peak_memory < MAX_MEMORY
    assert len(result.records["certificate_info"]) == 700


def test_a_body_that_is_odd_as_a_whole_is_a_record_or_a_row(sandbox: Watch, tmp_path: Path) -> None:
    """What is not JSON is asked for again: something in between may have spoilt it. What is, is not."""
    bodies = {
        b'{"CertInfos": {"CertInfo": [{"CertName": "\xff\xfe"}]}}': "again",
        b'{"CertInfos": {"CertInfo": [{"CertName": "a': "again",
        b"\0" * 100: "again",
        b"": "again",
        b"null": "row",
        b'"text"': "row",
        b"[]": "row",
        b"12": "row",
        b"NaN": "row",
        b'{"CertInfos": Infinity}': "row",
        b'{"CertInfos": {"CertInfo": [{"CertId": NaN}]}}': "row",
        b'{"CertInfos": {"CertInfo": [{"CertId": 1e999}]}}': "row",
        b'{"CertInfos": {"CertInfo": [{"CertName": 1, "CertName": "last"}]}}': "record",
        "\ufeff{}".encode(): "record",
        "{}".encode("utf-16"): "record",
        '{"CertInfos": {"CertInfo": [{"CertName": "\udc80"}]}}'.encode("utf-8", "surrogatepass"): "row",
    }
    keys = sandbox["alicloud"].inventory.keys()
    for key, body in zip(keys, bodies, strict=False):
        sandbox.faults.add(Fault("body", INFO, key, times=1, body=body))
    result = run(sandbox, tmp_path, config=sandbox.config())
    assert result.returncode == 0
    assert result.syncs["certificate_info"]["complete"]
    for key, became in zip(keys, bodies.values(), strict=False):
        assert sandbox.count(INFO, key) == 1 + (became == "again")
        assert (("certificate_info", key) in result.errors) == (became == "row")
        assert (key in result.by_key("certificate_info")) == (became != "row")


def test_names_that_are_not_text_are_rows_of_every_stream(sandbox: Watch, tmp_path: Path) -> None:
    """NUL and half a surrogate pair in a domain's name: no request is made of it, and its log is one line."""
    names = {
        "www.example.com": "a\0b",
        ".example.com": "\ud800",
        "many.example.net": "red\x1b[31m\nline",
        "ip.example.net": 12,
    }
    for name, value in names.items():
        sandbox.faults.add(Fault("field", DOMAINS, field="DomainName", value=value, item=name))
    result = run(sandbox, tmp_path, config=sandbox.config())
    assert result.returncode == 0
    assert {key for _, key in result.errors} == {"#1", "#2"}
    assert all("not text" in row["message"] for row in result.errors.values())
    assert "red\x1b[31m\nline" in result.by_key("alicloud_domains")
    assert "12" in result.by_key("alicloud_domains")
    assert "\x1b" not in result.stderr
    assert {request.key for request in sandbox.requests} >= {"red\x1b[31m\nline", "12"}


@pytest.mark.parametrize("login", ["access_key", "sts"])
def test_each_field_is_what_the_account_holds(sandbox: Watch, tmp_path: Path, login: str) -> None:
    """In each of the streams, but for what a chain says."""
    result = run(sandbox, tmp_path, config=sandbox.config(alicloud=login))
    streams = {
        "alicloud_domains": expected_domain,
        "certificate_info": expected_certificate_info,
        "alicloud_https_domains": expected_https_domain,
    }
    for stream, expect in streams.items():
        for key, record in result.by_key(stream).items():
            fields = {name: value for name, value in record.items() if not name.startswith("x509_")}
            held = sandbox["alicloud"].inventory[key]
            assert fields == {**expect(held), "synced_at": record["synced_at"]}, (stream, key)
