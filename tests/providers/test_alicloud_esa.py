"""Whole records of ESA: of sites, and of the certificates of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cases import only
from expected import blank, time
from watched import run

from sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from watched import Watch

    from sandbox.alicloud.esa import Site, SiteCertificate

LIST_SITES, LIST = "ListSites", "ListCertificates"
SITES, CERTIFICATES = "alicloud_esa_sites", "alicloud_esa_certificates"


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account with sites, and nothing else."""
    with only("alicloud", 60, products=["esa"]) as sandbox:
        yield sandbox


def expected_site(site: Site) -> dict[str, Any]:
    """What the record of a site has of its own."""
    named = site.access_type == "NS"
    return {
        **{
            name: getattr(site, name)
            for name in ("site_id", "site_name", "status", "access_type", "coverage")
        },
        "offline_reason": "missing_icp" if site.status == "offline" else None,
        "cname_zone": None if named else f"{site.site_name}.cname.example.net",
        "name_server_list": ["ns1.example.net", "ns2.example.net"] if named else None,
        "create_time": time(site.created),
    }


def expected_certificate(each: SiteCertificate) -> dict[str, Any]:
    """What the record of a certificate has of its own."""
    failed = each.status == "ApplyFailed"
    return {
        **{name: getattr(each, name) for name in ("site_id", "id", "name", "type", "status")},
        "common_name": each.names[0],
        "san": list(each.names),
        "serial_number": blank(each.serial_number),
        "fingerprint_sha256": blank(each.fingerprint),
        "issuer": "Example Trust" if each.ends else None,
        "issuer_cn": "Example RSA CA 1" if each.ends else None,
        "not_before": time(each.starts),
        "not_after": time(each.ends),
        "create_time": time(each.created),
        "cas_id": blank(each.cas_id),
        "region": blank(each.region),
        "key_server_id": "ks-1" if each.type == "keyless" else None,
        "apply_code": "4" if failed else None,
        "apply_message": "The domain is not resolved to the site." if failed else None,
    }


@pytest.mark.parametrize("login", ["access_key", "sts"])
def test_each_field_is_what_the_account_holds(sandbox: Watch, tmp_path: Path, login: str) -> None:
    """Of sites of all statuses and certificates of all types, with times in both forms."""
    result = run(sandbox, tmp_path, config=sandbox.config(alicloud=login))
    assert result.returncode == 0
    assert not result.logged("WARNING", "ERROR")
    api = sandbox["alicloud"]
    for stream, operation, expect in (
        (SITES, LIST_SITES, expected_site),
        (CERTIFICATES, LIST, expected_certificate),
    ):
        records = result.by_key(stream)
        assert [*records] == api.keys(operation) or records.keys() == {*api.keys(operation)}
        for key, record in records.items():
            expected = expect(api.inventory_of(operation)[key])
            assert {name: record[name] for name in expected} == expected, (stream, key)
    assert sandbox.count(LIST) == len(api.keys(LIST_SITES))
    assert "s3cr3t" not in result.stdout


def test_a_site_with_many_certificates_is_paged(tmp_path: Path) -> None:
    """100 at once, and whatever the provider gives at most."""
    with only("alicloud", 450, products=["esa"]) as sandbox:
        first = sandbox["alicloud"].keys(LIST_SITES)[0]
        result = run(sandbox, tmp_path)
        assert sandbox.count(LIST, first) == 3
        assert result.by_key(CERTIFICATES).keys() == {*sandbox["alicloud"].keys(LIST)}


def test_what_concerns_a_site_costs_that_site(sandbox: Watch, tmp_path: Path) -> None:
    """One that is disabled is a row; one that is gone since it was listed is none."""
    api = sandbox["alicloud"]
    disabled, gone, unfit, *_ = api.keys(LIST_SITES)
    message = "The service of the site is not available."
    sandbox.faults.add(
        Fault("error", LIST, disabled, status=403, code="Site.ServiceDisabled", message="It is disabled."),
        Fault("error", LIST, gone, status=404, code="SiteNotFound", message="No such site."),
        Fault("error", LIST, unfit, status=403, code="OperationDenied", message=message),
    )
    result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert {key: row["code"] for (_, key), row in result.errors.items()} == {
        disabled: "Site.ServiceDisabled",
        unfit: "OperationDenied",
    }
    assert result.syncs[CERTIFICATES]["complete"]
    assert result.syncs[CERTIFICATES]["skipped"] == 1
    lost = (disabled, gone, unfit)
    assert result.by_key(CERTIFICATES).keys() == {key for key in api.keys(LIST) if not key.startswith(lost)}


def test_a_permission_that_is_lacking_is_named(tmp_path: Path) -> None:
    """By the action, and by the setting that does without."""
    with only("alicloud", 200, products=["esa"]) as sandbox:
        sandbox.faults.add(Fault("error", LIST, **sandbox["alicloud"].refusals["permission"]))
        result = run(sandbox, tmp_path)
    assert result.returncode == 1
    message = result.errors[CERTIFICATES, "*"]["message"]
    assert "lacks the action esa:ListCertificates: add it to its policy, or take esa out of" in message
    assert result.syncs[SITES]["complete"]


def test_nothing_is_refused_at_the_documented_limit(tmp_path: Path) -> None:
    """10 requests of each operation in a second, though the settings allow 100."""
    with only("alicloud", 400, products=["esa"], limit="documented") as sandbox:
        result = run(sandbox, tmp_path)
        assert sandbox.refused == 0
        assert sandbox["alicloud"].most()["esa"] <= 10
        assert sandbox.count(LIST) > 20
    assert len(result.records[CERTIFICATES]) == 400
