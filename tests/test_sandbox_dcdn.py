"""The sandbox's side of DCDN, which the official SDK judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_dcdn20180115 import models
from alibabacloud_dcdn20180115.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from callers import KEY, STS, acs3, code, sdk, send, utc

from sandbox import Sandbox
from sandbox.limits import RateLimits
from sandbox.providers import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.alicloud.inventory import DCDNDomain

ALL = "dynamic,computing_routine,computing_image"
DOMAINS = "DescribeDcdnUserDomains"
INFO = "DescribeDcdnDomainCertificateInfo"
HTTPS = "DescribeDcdnHttpsDomainList"
VERSION = {"x-acs-version": "2018-01-15"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox without rate limits."""
    with Sandbox(alicloud={"size": 60, "limit": None, "products": ["cdn", "dcdn"]}) as sandbox:
        yield sandbox


def held(sandbox: Sandbox) -> list[DCDNDomain]:
    """The domains of the account's DCDN."""
    return list(sandbox["alicloud"].inventory_of(DOMAINS))


@pytest.mark.parametrize("key", [KEY, STS], ids=["access key", "STS"])
def test_the_official_sdk_reads_the_inventory(sandbox: Sandbox, key: tuple[str, str, str | None]) -> None:
    """It pages through the domains, and reads each one's certificate."""
    client = sdk(sandbox, key, Client, "/dcdn/")
    shown: list[dict[str, Any]] = []
    for number in (1, 2, 3):
        request = models.DescribeDcdnUserDomainsRequest(
            page_number=number, page_size=25, web_site_type=ALL, check_domain_show="true"
        )
        body = client.describe_dcdn_user_domains(request).body.to_map()
        assert (body["TotalCount"], body["PageSize"], body["PageNumber"]) == (60, 25, number)
        shown += body["Domains"]["PageData"]
    assert [item["DomainName"] for item in shown] == [domain.domain_name for domain in held(sandbox)]
    for item, domain in zip(shown, held(sandbox), strict=True):
        assert len(item) == 13
        assert (item["Scene"], item["FunctionType"]) == (domain.scene, domain.function_type)
        assert item["SSLProtocol"] == domain.ssl_protocol
        request = models.DescribeDcdnDomainCertificateInfoRequest(domain_name=domain.domain_name)
        body = client.describe_dcdn_domain_certificate_info(request).body.to_map()
        infos = (body.get("CertInfos") or {}).get("CertInfo") or []
        if domain.certificate:
            assert len(infos[0]) == 12
            assert infos[0]["SSLPub"] == domain.certificate.server_certificate
            end = utc(infos[0]["CertExpireTime"], "%Y-%m-%dT%H:%M:%SZ")
            assert end == domain.certificate.cert_expire_time
        else:
            assert [info["SSLProtocol"] for info in infos] == ["off"] * (domain.absent == "off")
    body = client.describe_dcdn_https_domain_list(models.DescribeDcdnHttpsDomainListRequest(page_size=500))
    listed = {info["DomainName"]: info for info in body.body.to_map()["CertInfos"]["CertInfo"]}
    assert listed.keys() == {domain.domain_name for domain in held(sandbox) if domain.certificate}
    assert {len(info) for info in listed.values()} == {8}


def listed(sandbox: Sandbox, **query: str) -> set[str]:
    """The names that a list of domains has."""
    request = acs3(sandbox, DOMAINS, {"PageSize": "500", **query}, headers=VERSION, path="/dcdn/")
    return {item["DomainName"] for item in send(request).json()["Domains"]["PageData"]}


def test_domains_are_of_the_types_and_statuses_asked_for(sandbox: Sandbox) -> None:
    """By default `dynamic` alone, and none under review."""
    hidden = {"review.dyn.example.com", "failed.dyn.example.net", "broken.dyn.example.org"}
    by_type: dict[str, set[str]] = {}
    for domain in held(sandbox):
        by_type.setdefault(domain.web_site_type, set()).add(domain.domain_name)
    assert {*by_type} == {*ALL.split(",")}
    assert all(by_type.values())
    for kind, names in by_type.items():
        assert listed(sandbox, WebSiteType=kind, CheckDomainShow="true") == names
    assert listed(sandbox) == by_type["dynamic"] - hidden
    assert listed(sandbox, WebSiteType=ALL) == set.union(*by_type.values()) - hidden
    request = acs3(sandbox, DOMAINS, {"WebSiteType": "static"}, headers=VERSION, path="/dcdn/")
    assert code(send(request)) == "InvalidWebSiteType.Malformed"


@pytest.mark.parametrize(
    ("operation", "version", "path"),
    [
        (DOMAINS, "2018-05-10", "/dcdn/"),
        (DOMAINS, "2018-01-15", "/"),
        (DOMAINS, "2018-01-15", "/elsewhere/"),
        ("DescribeUserDomains", "2018-05-10", "/dcdn/"),
        ("DescribeUserDomains", "2018-01-15", "/"),
        ("DescribeDcdnUserBill", "2018-01-15", "/dcdn/"),
    ],
)
def test_a_product_is_at_its_address_in_its_version(
    sandbox: Sandbox, operation: str, version: str, path: str
) -> None:
    """The others do not know its operations."""
    response = send(acs3(sandbox, operation, {}, headers={"x-acs-version": version}, path=path))
    assert (response.status_code, code(response)) == (404, "InvalidAction.NotFound")


@pytest.mark.parametrize("operation", ["DescribeDcdnCertificateDetail", "DescribeDcdnDomainConfigs"])
def test_what_gives_keys_is_refused(sandbox: Sandbox, operation: str) -> None:
    """And remembered as asked for."""
    assert code(send(acs3(sandbox, operation, {}, headers=VERSION, path="/dcdn/"))) == "Forbidden.RAM"
    assert [request.operation for request in sandbox.forbidden] == [operation]


@pytest.mark.parametrize(("operation", "limit"), [(DOMAINS, 80), (INFO, 100), (HTTPS, 50)])
def test_each_operation_has_its_documented_limit(operation: str, limit: int) -> None:
    """What is asked beyond it within a second is refused."""
    limits = RateLimits(load("alicloud").limits)
    assert sum(limits.accepts(operation, 0.9 * number / 200) for number in range(200)) == limit


def test_a_product_that_the_account_lacks_says_so() -> None:
    """Each by its code."""
    with Sandbox(alicloud={"size": 1}) as sandbox:
        with pytest.raises(AlibabaCloudException) as raised:
            sdk(sandbox, client=Client, path="/dcdn/").describe_dcdn_user_domains(
                models.DescribeDcdnUserDomainsRequest()
            )
        assert raised.value.code == "DcdnServiceNotFound"
        assert "dcdn_url" not in sandbox.config()["alicloud"]
    with Sandbox(alicloud={"size": 1, "products": ["dcdn"]}) as sandbox:
        assert code(send(acs3(sandbox, "DescribeUserDomains", {}))) == "CdnServiceNotFound"
