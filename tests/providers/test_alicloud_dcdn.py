"""Whole records of DCDN, and what having several products means for an account of Alibaba Cloud."""

from __future__ import annotations

from collections import Counter
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from cases import only
from expected import blank, time
from watched import run

from sandbox import Fault
from tap_cdn_certs.api.rate_limit import AccountLimits
from tap_cdn_certs.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from watched import Watch

    from sandbox.alicloud.inventory import DCDNDomain
    from sandbox.messages import Call

CDN = {"alicloud_domains", "certificate_info", "alicloud_https_domains"}
DCDN = {"alicloud_dcdn_domains", "alicloud_dcdn_certificates", "alicloud_dcdn_https_domains"}
DOMAINS = "DescribeDcdnUserDomains"
INFO = "DescribeDcdnDomainCertificateInfo"
HTTPS = "DescribeDcdnHttpsDomainList"


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account that has both products, without limits."""
    with only("alicloud", 40, products=("cdn", "dcdn")) as sandbox:
        yield sandbox


def held(sandbox: Watch) -> dict[str, DCDNDomain]:
    """The domains of the account's DCDN."""
    return {domain.domain_name: domain for domain in sandbox["alicloud"].inventory_of(DOMAINS)}


def expected_domain(domain: DCDNDomain) -> dict[str, Any]:
    """The record of `alicloud_dcdn_domains`."""
    texts = ("cname", "domain_status", "description", "ssl_protocol", "scene", "function_type")
    return {
        "domain_name": domain.domain_name,
        "domain_id": str(domain.domain_id),
        **{name: blank(getattr(domain, name)) for name in (*texts, "resource_group_id", "sandbox")},
        "gmt_created": time(domain.gmt_created),
        "gmt_modified": time(domain.gmt_modified),
        "sources": [
            {name: getattr(source, name) for name in ("type", "content", "port", "priority", "weight")}
            for source in domain.sources
        ],
    }


def expected_certificate(domain: DCDNDomain) -> dict[str, Any]:
    """The record of `alicloud_dcdn_certificates`, but for what its PEM says."""
    texts = ("cert_name", "cert_id", "cert_type", "cert_region", "cert_domain_name", "cert_org", "cert_life")
    certificate = domain.certificate
    return {
        "domain_name": domain.domain_name,
        **{name: blank(getattr(certificate, name, None)) for name in (*texts, "status")},
        "cert_expire_time": time(getattr(certificate, "cert_expire_time", None)),
        "ssl_protocol": "on" if certificate else "off" if domain.absent == "off" else None,
        "ssl_pub": getattr(certificate, "server_certificate", None),
    }


def expected_https_domain(domain: DCDNDomain) -> dict[str, Any]:
    """The record of `alicloud_dcdn_https_domains`."""
    texts = ("cert_name", "cert_common_name", "cert_type", "cert_status")
    times = ("cert_start_time", "cert_expire_time", "cert_update_time")
    return {
        "domain_name": domain.domain_name,
        **{name: blank(getattr(domain.certificate, name)) for name in texts},
        **{name: time(getattr(domain.certificate, name)) for name in times},
    }


@pytest.mark.parametrize("login", ["access_key", "sts"])
def test_each_field_is_what_the_account_holds(sandbox: Watch, tmp_path: Path, login: str) -> None:
    """Of domains of all three types of business, and of what a chain says its end."""
    result = run(sandbox, tmp_path, config=sandbox.config(alicloud=login))
    domains = held(sandbox)
    assert len({domain.web_site_type for domain in domains.values()}) == 3
    expected = {
        "alicloud_dcdn_domains": expected_domain,
        "alicloud_dcdn_certificates": expected_certificate,
        "alicloud_dcdn_https_domains": expected_https_domain,
    }
    for stream, expect in expected.items():
        for key, record in result.by_key(stream).items():
            fields = {name: value for name, value in record.items() if not name.startswith("x509_")}
            common = {"account": "default", "synced_at": record["synced_at"]}
            assert fields == {**expect(domains[key]), **common}, (stream, key)
    for key, record in result.by_key("alicloud_dcdn_certificates").items():
        assert record["x509_not_after"] == record["cert_expire_time"]
        assert bool(record["x509_not_before"]) == bool(domains[key].certificate)
    without = sum(not domain.certificate for domain in domains.values())
    assert result.syncs["alicloud_dcdn_certificates"]["without_certificate"] == without > 0


def test_a_configuration_without_products_asks_for_what_it_always_did(sandbox: Watch, tmp_path: Path) -> None:
    """The CDN's three operations, with these parameters, at the one address; no other stream is there."""
    asked: list[tuple[str, str, str]] = []
    api = sandbox["alicloud"]
    operate = api.operate

    def noted(call: Call) -> Any:
        asked.append((call.entry.operation, call.path, call.query))
        return operate(call)

    api.operate = noted  # type: ignore[method-assign]
    config = sandbox.config()
    del config["alicloud"]["products"], config["alicloud"]["dcdn_url"]
    result = run(sandbox, tmp_path, config=config)
    assert result.returncode == 0
    assert result.syncs.keys() == CDN
    page = {"PageNumber": ["1"], "PageSize": ["500"]}
    expected = [
        ("DescribeUserDomains", {"CheckDomainShow": ["true"], **page}),
        ("DescribeCdnHttpsDomainList", page),
        *(
            ("DescribeDomainCertificateInfo", {"DomainName": [name]})
            for name in api.keys("DescribeUserDomains")
        ),
    ]
    assert {path for _, path, _ in asked} == {"/"}
    got = [(operation, parse_qs(query)) for operation, _, query in asked]
    assert sorted(got, key=str) == sorted(expected, key=str)


def test_the_cdn_is_not_asked_where_it_is_not_named(sandbox: Watch, tmp_path: Path) -> None:
    """A product alone, at its own address: that of the CDN need not even be right."""
    config = sandbox.config()
    config["alicloud"] |= {"products": ["dcdn"], "api_url": "http://127.0.0.1:9"}
    result = run(sandbox, tmp_path, config=config)
    assert result.returncode == 0
    assert result.syncs.keys() == DCDN
    assert {request.operation for request in sandbox.requests} == {DOMAINS, INFO, HTTPS}


def unmatched(sandbox: Watch, tmp_path: Path, *globs: str) -> Counter[str]:
    """How often each glob of the setting `domains` is said to select nothing."""
    config = sandbox.config()
    config["alicloud"]["domains"] = [*globs]
    result = run(sandbox, tmp_path, config=config)
    assert result.returncode == 0
    return Counter(
        glob for line in result.logged("WARNING") for glob in globs if f"names {glob}, which" in line
    )


def test_a_glob_selects_from_each_product(sandbox: Watch, tmp_path: Path) -> None:
    """It is said of one that selects nothing from any of them, once."""
    globs = ("*.DYN.example.com", "www.*", "nothing.example")
    assert unmatched(sandbox, tmp_path, *globs) == {"nothing.example": 1}
    # Of a list that cannot be read, nobody knows what it would have had.
    sandbox.faults.add(Fault("error", DOMAINS, status=400, code="Odd"))
    config = sandbox.config()
    config["alicloud"]["domains"] = [*globs]
    result = run(sandbox, tmp_path, config=config)
    assert not [line for line in result.logged("WARNING") if "which no domain" in line]
    assert result.by_key("alicloud_domains").keys() == {"www.example.com"}


def test_a_glob_selects_from_what_is_read(sandbox: Watch, tmp_path: Path) -> None:
    """Where a product is not named, or its streams not selected, it is not waited for."""
    config = sandbox.config()
    config["alicloud"] |= {"products": ["cdn"], "domains": ["*.dyn.example.com", "www.*"]}
    result = run(sandbox, tmp_path, config=config)
    (said,) = (line for line in result.logged("WARNING") if "which no domain" in line)
    assert "*.dyn.example.com" in said


@pytest.mark.parametrize(("operation", "stream"), [(DOMAINS, "alicloud_dcdn_domains"), (INFO, None)])
def test_a_permission_that_is_lacking_is_named(
    sandbox: Watch, tmp_path: Path, operation: str, stream: str | None
) -> None:
    """By the product's action; and the setting that does without."""
    sandbox.faults.add(Fault("error", operation, **sandbox["alicloud"].refusals["permission"]))
    result = run(sandbox, tmp_path)
    assert result.returncode == 1
    message = result.errors[stream or "alicloud_dcdn_certificates", "*"]["message"]
    assert f"lacks the action dcdn:{operation}: add it" in message
    assert "take dcdn out of the setting alicloud.products" in message
    assert all(result.syncs[name]["complete"] for name in CDN)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("DcdnServiceNotFound", "The DCDN service is not found."),
        ("OperationDenied", "Your account does not open DCDN service yet."),
    ],
)
def test_dcdn_that_is_not_activated_is_no_failure(
    sandbox: Watch, tmp_path: Path, code: str, message: str
) -> None:
    """Its streams are empty, those of the CDN are not."""
    for operation in (DOMAINS, HTTPS):
        sandbox.faults.add(Fault("error", operation, status=403, code=code, message=message))
    result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert any("not activated" in line for line in result.logged("WARNING"))
    assert {name: bool(row["listed"]) for name, row in result.syncs.items()} == {
        **dict.fromkeys(CDN, True),
        **dict.fromkeys(DCDN, False),
    }
    assert all(row["complete"] for row in result.syncs.values())


@pytest.mark.parametrize(("requests", "least"), [(100, (80, 100, 50)), (30, (30, 30, 30))])
def test_the_documented_limits_are_kept_below_that_of_the_settings(
    requests: int, least: tuple[int, ...]
) -> None:
    """Each operation keeps to the lower one of both."""
    limits = AccountLimits(PROVIDERS["alicloud"].CLIENT.rate_limits, requests, 1, Event())
    kept = (min(limit.requests for limit in limits[each]._limits) for each in (DOMAINS, INFO, HTTPS))
    assert (*kept,) == least


def test_nothing_is_refused_at_the_documented_limits(tmp_path: Path) -> None:
    """300 domains, each asked for once, while the lists are paged."""
    with only("alicloud", 300, products=["dcdn"], limit="documented", latency=0.02) as sandbox:
        api = sandbox["alicloud"]
        result = run(sandbox, tmp_path)
        assert result.returncode == 0
        assert sandbox.refused == 0
        assert Counter(request.key for request in sandbox.requests if request.operation == INFO) == Counter(
            api.keys(INFO)
        )
        assert api.most()["operation"] <= 100
    assert len(result.records["alicloud_dcdn_certificates"]) == 300
