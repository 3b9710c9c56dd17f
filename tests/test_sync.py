"""Whole syncs: every field of every record against what the sandbox holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from process import Run, run_tap

from sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox.alicloud.inventory import Domain
    from sandbox.cdnetworks.inventory import Certificate

CERTIFICATE = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An account of each provider, without limits."""
    with Sandbox(alicloud={"size": 120, "limit": None}, cdnetworks={"size": 24, "limit": None}) as running:
        yield running


def time(value: datetime | None) -> str | None:
    """A time as a record has to hold it."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def blank(value: str | None) -> str | None:
    """A text as a record has to hold it."""
    return (value or "").strip() or None


def expected_domain(domain: Domain) -> dict[str, Any]:
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


def expected_certificate_info(domain: Domain) -> dict[str, Any]:
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


def expected_https_domain(domain: Domain) -> dict[str, Any]:
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


def expected_certificate(certificate: Certificate) -> dict[str, Any]:
    """The record of `cdnetworks_certificates`."""
    return {
        "account": "default",
        "certificate_id": certificate.certificate_id,
        "name": blank(certificate.name),
        "comment": blank(certificate.comment),
        "share_ssl": certificate.share_ssl,
        "certificate_validity_from": time(certificate.validity_from),
        "certificate_validity_to": time(certificate.validity_to),
        "certificate_serial": blank(certificate.serial),
        "certificate_issuer": blank(certificate.issuer),
        "crt_md5": blank(certificate.crt_md5),
        "key_md5": blank(certificate.key_md5),
        "ca_md5": blank(certificate.ca_md5),
        "dns_names": certificate.dns_names or None,
        "related_domains": [
            {"domain_id": str(identifier), "domain_name": name}
            for identifier, name in certificate.related_domains
        ]
        or None,
    }


def expected_ssl_certificate(certificate: Certificate) -> dict[str, Any]:
    """The record of `ssl_certificate`."""
    return {
        **expected_certificate(certificate),
        "certificate_update_time": time(certificate.update_time),
    }


def assert_complete(run: Run, sandbox: Sandbox) -> None:
    """Every field of every record is what the sandbox holds."""
    assert run.returncode == 0, run.stderr
    domains = {domain.domain_name: domain for domain in sandbox["alicloud"].inventory}
    https = {name: domain for name, domain in domains.items() if name in run.by_key("alicloud_https_domains")}
    certificates = {
        certificate.certificate_id: certificate for certificate in sandbox["cdnetworks"].inventory
    }
    streams: dict[str, tuple[dict[str, Any], Callable[[Any], dict[str, Any]]]] = {
        "alicloud_domains": (domains, expected_domain),
        "certificate_info": (domains, expected_certificate_info),
        "alicloud_https_domains": (https, expected_https_domain),
        "cdnetworks_certificates": (certificates, expected_certificate),
        "ssl_certificate": (certificates, expected_ssl_certificate),
    }
    synced_at = {record["synced_at"] for records in run.records.values() for record in records}
    assert len(synced_at) == 1
    for stream, (held, expect) in streams.items():
        records = run.by_key(stream)
        assert records.keys() == held.keys(), stream
        for key, item in held.items():
            record = {name: value for name, value in records[key].items() if not name.startswith("x509_")}
            assert record == {**expect(item), "synced_at": record["synced_at"]}, (stream, key)
    assert not run.records["sync_errors"]
    for sync in run.records["syncs"]:
        assert sync["complete"]
        assert sync["listed"] == sync["read"] + sync["without_certificate"]


@pytest.mark.parametrize(
    "variant",
    [
        {},
        {"alicloud": "sts"},
        {"cdnetworks": "aksk"},
        {"json": "ssl-certificate"},
        {"json": "ssl-certificates", "cdnetworks": "aksk"},
    ],
    ids=lambda variant: "+".join(str(value) for value in variant.items()) or "default",
)
def test_a_sync_reads_all_there_is(sandbox: Sandbox, tmp_path: Path, variant: dict[str, Any]) -> None:
    """With each authentication, in XML and in both forms of JSON, every field is right."""
    sandbox["cdnetworks"].json = variant.pop("json", None)
    run = run_tap(tmp_path, sandbox.config(**variant))
    assert_complete(run, sandbox)
    https = sandbox["alicloud"].keys("DescribeCdnHttpsDomainList")
    assert run.by_key("alicloud_https_domains").keys() <= {*https}
    assert sandbox.forbidden == []


def test_the_chain_and_nothing_else_of_the_pem_is_emitted(sandbox: Sandbox, tmp_path: Path) -> None:
    """A certificate's record has its chain and the facts of its leaf; one without has neither."""
    records = run_tap(tmp_path, sandbox.config()).by_key("certificate_info")
    for domain in sandbox["alicloud"].inventory:
        record = records[domain.domain_name]
        if domain.certificate and domain.certificate.server_certificate:
            assert record["server_certificate"].startswith(CERTIFICATE[0])
            assert record["server_certificate"].strip().endswith(CERTIFICATE[1])
            assert record["x509_not_after"] == record["cert_expire_time"]
            assert record["x509_chain_length"] == record["server_certificate"].count(CERTIFICATE[0])
        else:
            assert not any(value for name, value in record.items() if name.startswith("x509_"))


def test_an_unchanged_certificate_costs_no_request(sandbox: Sandbox, tmp_path: Path) -> None:
    """A second sync asks for no detail; after three rotations for exactly those three."""
    first = run_tap(tmp_path, sandbox.config())
    sandbox.reset()
    second = run_tap(tmp_path, sandbox.config(), state=first.state)
    assert_complete(second, sandbox)
    assert [request for request in sandbox.requests if request.operation == "QueryCertificate"] == []

    rotated = sandbox["cdnetworks"].inventory.keys()[3:6]
    for certificate in rotated:
        sandbox["cdnetworks"].rotate(certificate)
    sandbox.reset()
    third = run_tap(tmp_path, sandbox.config(), state=second.state)
    assert_complete(third, sandbox)
    asked = [request.key for request in sandbox.requests if request.operation == "QueryCertificate"]
    assert sorted(asked) == sorted(rotated)


def test_what_only_the_detail_says_stays(sandbox: Sandbox, tmp_path: Path) -> None:
    """A certificate has the same record in the next sync, also where list and detail differ."""
    key = next(iter(sandbox["cdnetworks"].inventory)).certificate_id
    sandbox["cdnetworks"].json = "ssl-certificates"
    sandbox.faults.add(Fault("field", operation="QueryCertificate", key=key, field="comment", value="detail"))
    first = run_tap(tmp_path, sandbox.config())
    second = run_tap(tmp_path, sandbox.config(), state=first.state)
    for run in (first, second):
        assert run.by_key("ssl_certificate")[key]["comment"] == "detail"


def test_the_soonest_to_expire_is_asked_for_first(sandbox: Sandbox, tmp_path: Path) -> None:
    """Details are requested in the order of the end of validity; those without one come last."""
    run_tap(tmp_path, sandbox.config())
    asked = [request.key for request in sandbox.requests if request.operation == "QueryCertificate"]
    ends = [sandbox["cdnetworks"].inventory[key].validity_to for key in asked]
    known = [end for end in ends if end]
    assert known == sorted(known)
    assert ends == known + [None] * (len(ends) - len(known))


def test_a_certificate_that_left_the_list_leaves_the_state(sandbox: Sandbox, tmp_path: Path) -> None:
    """The state does not grow with what is gone."""
    first = run_tap(tmp_path, sandbox.config())
    gone = next(iter(sandbox["cdnetworks"].inventory)).certificate_id
    sandbox["cdnetworks"].inventory.remove(gone)
    second = run_tap(tmp_path, sandbox.config(), state=first.state)
    assert first.state is not None
    assert second.state is not None
    before, after = (
        state["bookmarks"]["ssl_certificate"]["certificates"] for state in (first.state, second.state)
    )
    assert before.keys() - after.keys() == {gone}
    assert_complete(second, sandbox)


def test_max_details_bounds_the_requests_of_a_sync(sandbox: Sandbox, tmp_path: Path) -> None:
    """What is left is emitted from the list, and asked for by the next syncs."""
    config = sandbox.config()
    config["cdnetworks"]["max_details"] = 10
    asked: list[str] = []
    state = None
    for expected in (10, 10, 4, 0):
        sandbox.reset()
        run = run_tap(tmp_path, config, state=state)
        state = run.state
        details = [request.key for request in sandbox.requests if request.operation == "QueryCertificate"]
        assert len(details) == expected
        asked += details
        records = run.by_key("ssl_certificate")
        assert len(records) == 24
        for key, record in records.items():
            held = sandbox["cdnetworks"].inventory[key]
            assert record["certificate_update_time"] == (time(held.update_time) if key in asked else None)
    assert len(set(asked)) == 24


def test_domains_are_selected_by_globs(sandbox: Sandbox, tmp_path: Path) -> None:
    """The three streams of the account hold what the globs match; one that matches nothing is named."""
    config = sandbox.config()
    config["alicloud"]["domains"] = ["*.EXAMPLE.org", "nothing.example"]
    run = run_tap(tmp_path, config)
    expected = {
        domain.domain_name
        for domain in sandbox["alicloud"].inventory
        if domain.domain_name.endswith(".example.org")
    }
    assert expected
    assert run.by_key("alicloud_domains").keys() == expected
    assert run.by_key("certificate_info").keys() == expected
    assert run.by_key("alicloud_https_domains").keys() <= expected
    assert "nothing.example" in run.stderr


def test_certificates_are_selected_by_identifier(sandbox: Sandbox, tmp_path: Path) -> None:
    """Both streams hold the named ones; one that does not exist is named; the state keeps the rest."""
    state = run_tap(tmp_path, sandbox.config()).state
    chosen = sandbox["cdnetworks"].inventory.keys()[:2]
    config = sandbox.config()
    config["cdnetworks"]["certificate_ids"] = [*chosen, "999999"]
    run = run_tap(tmp_path, config, state=state)
    assert run.by_key("cdnetworks_certificates").keys() == set(chosen)
    assert run.by_key("ssl_certificate").keys() == set(chosen)
    assert "999999" in run.stderr
    assert run.state == state


@pytest.mark.parametrize("change", ["appears", "disappears"])
def test_a_list_that_changes_while_it_is_paged_loses_nothing(tmp_path: Path, change: str) -> None:
    """What was there all the time is read, once, whatever moves between the pages."""
    with Sandbox(alicloud={"size": 1200, "limit": None}, cdnetworks={"size": 1, "limit": None}) as sandbox:
        names = sandbox["alicloud"].inventory.keys()
        spare = sandbox["alicloud"].inventory.remove(names[700])
        stable = [name for name in names if name not in {names[0], names[700]}]

        def disappear() -> None:
            sandbox["alicloud"].inventory.remove(names[0])

        def appear() -> None:
            sandbox["alicloud"].inventory.add(spare)

        sandbox.during_listing = appear if change == "appears" else disappear
        run = run_tap(tmp_path, sandbox.config())
    assert run.returncode == 0, run.stderr
    assert set(stable) <= run.by_key("alicloud_domains").keys()
    assert set(stable) <= run.by_key("certificate_info").keys()


def test_a_domain_that_is_gone_is_skipped(sandbox: Sandbox, tmp_path: Path) -> None:
    """Deleted between list and detail: neither a row nor an error."""
    gone = next(iter(sandbox["alicloud"].inventory)).domain_name
    sandbox.faults.add(
        Fault(
            "error",
            operation="DescribeDomainCertificateInfo",
            key=gone,
            code="InvalidDomain.NotFound",
            status=404,
            message="The domain does not exist.",
        )
    )
    run = run_tap(tmp_path, sandbox.config())
    assert run.returncode == 0
    assert gone not in run.by_key("certificate_info")
    assert not run.records["sync_errors"]
    sync = run.by_key("syncs")["certificate_info"]
    assert (sync["skipped"], sync["failed"], sync["complete"]) == (1, 0, True)


def test_an_account_without_https_domains_is_not_an_error(tmp_path: Path) -> None:
    """NoHttpsDomain is an empty list."""
    with Sandbox(alicloud={"size": 0, "limit": None}, cdnetworks={"size": 0, "limit": None}) as sandbox:
        run = run_tap(tmp_path, sandbox.config())
    assert run.returncode == 0, run.stderr
    assert {name for name, records in run.records.items() if records} == {"syncs"}
    assert all(sync["complete"] and sync["listed"] == 0 for sync in run.records["syncs"])


@pytest.mark.parametrize(
    ("provider", "field", "value", "stream"),
    [
        ("DescribeUserDomains", "Cname", ["a"], "alicloud_domains"),
        ("DescribeDomainCertificateInfo", "CertName", {"a": 1}, "certificate_info"),
        ("DescribeDomainCertificateInfo", "CertExpireTime", 1700000000, "certificate_info"),
        ("DescribeCdnHttpsDomainList", "CertStatus", True, "alicloud_https_domains"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error_of_its_row(
    sandbox: Sandbox, tmp_path: Path, provider: str, field: str, value: object, stream: str
) -> None:
    """The row is in `sync_errors` by its field, all others arrive, and the sync succeeds."""
    # A fault goes for all items that hold the value: a name that no other certificate is for.
    key = [domain for domain in sandbox["alicloud"].inventory if domain.certificate][-1].domain_name
    sandbox.faults.add(
        Fault("field", operation=provider, field=field, value=value, item=key)
        if stream != "certificate_info"
        else Fault("field", operation=provider, key=key, field=field, value=value)
    )
    run = run_tap(tmp_path, sandbox.config())
    assert run.returncode == 0, run.stderr
    (error,) = run.records["sync_errors"]
    assert (error["stream"], error["key"], error["code"]) == (stream, key, "InvalidValue")
    assert field in error["message"]
    sync = run.by_key("syncs")[stream]
    assert sync["failed"] == 1
    assert sync["listed"] == sync["read"] + sync["without_certificate"] + 1
    assert key not in run.by_key(stream)
