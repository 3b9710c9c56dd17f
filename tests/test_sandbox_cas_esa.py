"""The sandbox's side of CAS and ESA, which the official SDKs judge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_cas20200407 import models as cas
from alibabacloud_cas20200407.client import Client as CASClient
from alibabacloud_esa20240910 import models as esa
from alibabacloud_esa20240910.client import Client as ESAClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from callers import KEY, STS, acs3, code, sdk, send, utc

from sandbox import Sandbox
from sandbox.limits import RateLimits
from sandbox.providers import load

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDERS = "ListUserCertificateOrder"
SITES, CERTIFICATES = "ListSites", "ListCertificates"
PATHS = ("/cas/cn-hangzhou/", "/cas/ap-southeast-1/")
CAS = {"x-acs-version": "2020-04-07"}
ESA = {"x-acs-version": "2024-09-10"}
SIZE = 130


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox without rate limits."""
    with Sandbox(alicloud={"size": SIZE, "limit": None, "products": ["cas", "esa"]}) as sandbox:
        yield sandbox


def held(sandbox: Sandbox, path: str, **query: Any) -> list[dict[str, Any]]:
    """What the official SDK lists at a site of CAS, in pages of 20."""
    client = sdk(sandbox, client=CASClient, path=path)
    rows: list[dict[str, Any]] = []
    for number in range(1, 100):
        request = cas.ListUserCertificateOrderRequest(current_page=number, show_size=20, **query)
        body = client.list_user_certificate_order(request).body.to_map()
        assert (body["CurrentPage"], body["ShowSize"]) == (number, 20)
        rows += body["CertificateOrderList"]
        if number * 20 >= body["TotalCount"]:
            assert len(rows) == body["TotalCount"]
            return rows
    raise AssertionError("There are pages without end.")


def test_the_official_sdk_reads_the_certificates_of_both_sites(sandbox: Sandbox) -> None:
    """Valid and expired ones are two lists; some are at both sites, none at neither."""
    now = datetime.now(UTC)
    found: dict[str, set[str]] = {}
    for path in PATHS:
        for status, expired in (("", False), ("EXPIRED", True)):
            for row in held(sandbox, path, order_type="CERT", status=status):
                assert len(row) == 18
                assert row["Expired"] is expired
                # A day of China.
                end = utc(row["EndDate"], "%Y-%m-%d") - timedelta(hours=8)
                assert end - timedelta(minutes=1) <= now if expired else end + timedelta(days=1) > now
                assert row["Sha2"] == row["Sha2"].upper()
                assert len(row["SerialNo"]) == 32
                found.setdefault(path, set()).add(str(row["CertificateId"]))
    both = found[PATHS[0]] & found[PATHS[1]]
    assert 0 < len(both) < SIZE
    assert found[PATHS[0]] | found[PATHS[1]] == {*sandbox["alicloud"].keys(ORDERS)}


def test_orders_are_no_certificates(sandbox: Sandbox) -> None:
    """By default, and where purchases are asked for, there are none among them; uploaded ones are a part."""
    assert {frozenset(row) for row in held(sandbox, PATHS[0])} == {
        frozenset(row) for row in held(sandbox, PATHS[0], order_type="BUY")
    }
    for kind in ("CPACK", "BUY"):
        rows = held(sandbox, PATHS[0], order_type=kind)
        assert {row["SourceType"] for row in rows} == {kind.lower()}
        assert not any("CertificateId" in row for row in rows)
        assert len(held(sandbox, PATHS[0], order_type=kind, status="PAYED")) == 1
    uploaded = held(sandbox, PATHS[0], order_type="UPLOAD")
    assert uploaded == [row for row in held(sandbox, PATHS[0], order_type="CERT") if row["Upload"]]
    soon, issued = (
        held(sandbox, PATHS[0], order_type="CERT", status=each) for each in ("WILLEXPIRED", "ISSUED")
    )
    assert len(soon) + len(issued) == len(held(sandbox, PATHS[0], order_type="CERT"))


@pytest.mark.parametrize("key", [KEY, STS], ids=["access key", "STS"])
def test_the_official_sdk_reads_the_sites(sandbox: Sandbox, key: tuple[str, str, str | None]) -> None:
    """And the certificates of each: of all types and statuses, some without dates."""
    client = sdk(sandbox, key, ESAClient, "/esa/")
    body = client.list_sites(esa.ListSitesRequest(page_size=500)).body.to_map()
    sites = {str(site["SiteId"]): site for site in body["Sites"]}
    assert [*sites] == sandbox["alicloud"].keys(SITES)
    assert {len(site) for site in sites.values()} == {17}
    found, types, statuses, forms = [], set(), set(), set()
    for site_id, site in sites.items():
        for number in (1, 2, 3, 4):
            request = esa.ListCertificatesRequest(site_id=int(site_id), page_number=number, page_size=20)
            page = client.list_certificates(request).body.to_map()
            assert (page["SiteId"], page["SiteName"]) == (int(site_id), site["SiteName"])
            for row in page["Result"]:
                found.append(f"{site_id}/{row['Id']}")
                types.add(row["Type"])
                statuses.add(row["Status"])
                forms.add((len(row["NotAfter"]), "Z" in row["NotAfter"]))
                assert bool(row["NotAfter"]) == (row["Status"] not in {"Applying", "ApplyFailed", "Canceled"})
    assert sorted(found) == sorted(sandbox["alicloud"].keys(CERTIFICATES))
    assert types == {"cas", "upload", "free", "keyless"}
    assert statuses == {"OK", "Expiring", "Expired", "Issued", "Applying", "ApplyFailed", "Canceled"}
    assert forms == {(19, False), (20, True), (0, False)}


def test_the_same_certificate_is_held_in_several_products() -> None:
    """One that a domain serves is in CAS and at a site as well; most in CAS serve nothing."""
    with Sandbox(alicloud={"size": 100, "limit": None, "products": ["cdn", "cas", "esa"]}) as sandbox:
        api = sandbox["alicloud"]
        served = {domain.certificate.cert_id for domain in api.inventory if domain.certificate}
        certificates = {each.certificate_id: each for each in api.inventory_of(ORDERS)}
        at_sites = {each.cas_id: each for each in api.inventory_of(CERTIFICATES) if each.cas_id}
    assert served <= certificates.keys()
    assert len(certificates) > 2 * len(served)
    assert served & at_sites.keys()
    assert all(certificates[key].sha2.lower() == each.fingerprint for key, each in at_sites.items())


@pytest.mark.parametrize(
    ("action", "query", "expected"),
    [
        (ORDERS, {"OrderType": "CERTS"}, "InvalidOrderType"),
        (ORDERS, {"OrderType": "CERT", "Status": "PAYED"}, "InvalidStatus"),
        (ORDERS, {"OrderType": "CERT", "Status": "expired"}, "InvalidStatus"),
        (ORDERS, {"ShowSize": "101"}, "InvalidShowSize.Malformed"),
        (ORDERS, {"CurrentPage": "0"}, "InvalidCurrentPage.Malformed"),
        (SITES, {"PageSize": "501"}, "InvalidPageSize.Malformed"),
        (CERTIFICATES, {}, "MissingSiteId"),
        (CERTIFICATES, {"SiteId": "x"}, "InvalidSiteId.Malformed"),
        (CERTIFICATES, {"SiteId": "1"}, "SiteNotFound"),
        ("GetUserCertificateDetail", {"CertId": "1"}, "Forbidden.RAM"),
        ("ListInstances", {}, "InvalidAction.NotFound"),
    ],
)
def test_what_is_wrong_is_refused(
    sandbox: Sandbox, action: str, query: dict[str, str], expected: str
) -> None:
    """Values that are not documented, and operations that nobody should call."""
    of_cas = action not in {SITES, CERTIFICATES}
    path, version = (PATHS[0], CAS) if of_cas else ("/esa/", ESA)
    response = send(acs3(sandbox, action, query, headers=version, path=path))
    assert code(response) == expected


def test_an_operation_is_where_its_product_is(sandbox: Sandbox) -> None:
    """In its version, by its method; a page of certificates has 50 by default, or 20."""
    for path, headers in (("/esa/", CAS), (PATHS[0], ESA), ("/", CAS)):
        assert code(send(acs3(sandbox, ORDERS, {}, headers=headers, path=path))) == "InvalidAction.NotFound"
    response = send(acs3(sandbox, SITES, {}, method="POST", headers=ESA, path="/esa/"))
    assert (response.status_code, code(response)) == (405, "UnsupportedHTTPMethod")
    query = {"OrderType": "CERT"}
    assert send(acs3(sandbox, ORDERS, query, headers=CAS, path=PATHS[0])).json()["ShowSize"] == 50
    query = {"SiteId": sandbox["alicloud"].keys(SITES)[0]}
    listed = send(acs3(sandbox, CERTIFICATES, query, method="POST", headers=ESA, path="/esa/")).json()
    assert (listed["PageSize"], len(listed["Result"])) == (20, 20)


def test_a_product_that_is_not_activated_is_refused() -> None:
    """The official SDKs tell the code."""
    with Sandbox(alicloud={"size": 1, "products": ["cdn"]}) as sandbox:
        with pytest.raises(AlibabaCloudException) as raised:
            held(sandbox, PATHS[0])
        assert raised.value.code == "OperationDenied"
        with pytest.raises(AlibabaCloudException) as raised:
            sdk(sandbox, client=ESAClient, path="/esa/").list_sites(esa.ListSitesRequest())
        assert raised.value.code == "EsaServiceNotFound"


def test_each_operation_has_its_limit() -> None:
    """10 in a second, of both sites of CAS together, and of each operation of ESA."""
    limits = RateLimits(load("alicloud").limits)
    for operation in (ORDERS, SITES, CERTIFICATES):
        assert [limits.accepts(operation, 0.0) for _ in range(11)] == [True] * 10 + [False]
        assert limits.accepts(operation, 1.01)
