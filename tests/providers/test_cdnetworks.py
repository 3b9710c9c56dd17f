"""Whole records of CDNetworks, and what it alone does: details cost half a minute each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cases import assert_everything_arrived, only
from expected import blank, time
from watched import Watch, run

from sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.cdnetworks.inventory import Certificate

MAX_MEMORY = 300  # MiB
LIST = "QueryCertificateList"
DETAIL = "QueryCertificate"


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account of CDNetworks, without limits."""
    with only("cdnetworks", 24) as sandbox:
        yield sandbox


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


def test_an_unchanged_certificate_costs_no_request(sandbox: Watch, tmp_path: Path) -> None:
    """A second sync asks for no detail; after three rotations for exactly those three."""
    first = run(sandbox, tmp_path)
    sandbox.reset()
    second = run(sandbox, tmp_path, state=first.state)
    assert_everything_arrived(sandbox, second)
    assert [request for request in sandbox.requests if request.operation == "QueryCertificate"] == []

    rotated = sandbox["cdnetworks"].inventory.keys()[3:6]
    for certificate in rotated:
        sandbox["cdnetworks"].rotate(certificate)
    sandbox.reset()
    third = run(sandbox, tmp_path, state=second.state)
    assert_everything_arrived(sandbox, third)
    asked = [request.key for request in sandbox.requests if request.operation == "QueryCertificate"]
    assert sorted(asked) == sorted(rotated)


def test_what_only_the_detail_says_stays(sandbox: Watch, tmp_path: Path) -> None:
    """A certificate has the same record in the next sync, also where list and detail differ."""
    key = next(iter(sandbox["cdnetworks"].inventory)).certificate_id
    sandbox["cdnetworks"].json = "ssl-certificates"
    sandbox.faults.add(Fault("field", operation="QueryCertificate", key=key, field="comment", value="detail"))
    first = run(sandbox, tmp_path)
    second = run(sandbox, tmp_path, state=first.state)
    for result in (first, second):
        assert result.by_key("ssl_certificate")[key]["comment"] == "detail"


def test_the_soonest_to_expire_is_asked_for_first(sandbox: Watch, tmp_path: Path) -> None:
    """Details are requested in the order of the end of validity; those without one come last."""
    run(sandbox, tmp_path)
    asked = [request.key for request in sandbox.requests if request.operation == "QueryCertificate"]
    ends = [sandbox["cdnetworks"].inventory[key].validity_to for key in asked]
    known = [end for end in ends if end]
    assert known == sorted(known)
    assert ends == known + [None] * (len(ends) - len(known))


def test_a_certificate_that_left_the_list_leaves_the_state(sandbox: Watch, tmp_path: Path) -> None:
    """The state does not grow with what is gone."""
    first = run(sandbox, tmp_path)
    gone = next(iter(sandbox["cdnetworks"].inventory)).certificate_id
    sandbox["cdnetworks"].inventory.remove(gone)
    second = run(sandbox, tmp_path, state=first.state)
    assert first.state is not None
    assert second.state is not None
    before, after = (
        state["bookmarks"]["ssl_certificate"]["certificates"] for state in (first.state, second.state)
    )
    assert before.keys() - after.keys() == {gone}
    assert_everything_arrived(sandbox, second)


def test_max_details_bounds_the_requests_of_a_sync(sandbox: Watch, tmp_path: Path) -> None:
    """What is left is emitted from the list, and asked for by the next syncs."""
    config = sandbox.config()
    config["cdnetworks"]["max_details"] = 10
    asked: list[str] = []
    state = None
    for expected in (10, 10, 4, 0):
        sandbox.reset()
        result = run(sandbox, tmp_path, config=config, state=state)
        state = result.state
        details = [request.key for request in sandbox.requests if request.operation == "QueryCertificate"]
        assert len(details) == expected
        asked += details
        records = result.by_key("ssl_certificate")
        assert len(records) == 24
        for key, record in records.items():
            held = sandbox["cdnetworks"].inventory[key]
            assert record["certificate_update_time"] == (time(held.update_time) if key in asked else None)
    assert len(set(asked)) == 24


def test_certificates_are_selected_by_identifier(sandbox: Watch, tmp_path: Path) -> None:
    """Both streams hold the named ones; one that does not exist is named; the state keeps the rest."""
    config = sandbox.config()
    config["cdnetworks"]["products"] = ["certificates"]
    state = run(sandbox, tmp_path, config=config).state
    chosen = sandbox["cdnetworks"].inventory.keys()[:2]
    config["cdnetworks"]["certificate_ids"] = [*chosen, "999999"]
    result = run(sandbox, tmp_path, config=config, state=state)
    assert result.by_key("cdnetworks_certificates").keys() == set(chosen)
    assert result.by_key("ssl_certificate").keys() == set(chosen)
    assert "999999" in result.stderr
    assert result.state == state


@pytest.mark.parametrize("login", ["api_key", "aksk"])
def test_the_throttling_of_cdnetworks_is_waited_for(tmp_path: Path, login: str) -> None:
    """Its code at any status, and the status alone, with and without a hint."""
    code = "WPLUS_AccountApiTooFrequence"
    with only("cdnetworks", 5) as sandbox:
        certificates = sandbox["cdnetworks"].inventory.keys()
        page = {"status": 429, "body": "<html>Too many requests</html>", "content_type": "text/html"}
        first, second = (202, 403) if login == "aksk" else (400, 503)
        faults = [
            Fault("throttle", LIST, times=1, code=code, status=403, hint="Retry-After"),
            Fault("throttle", DETAIL, certificates[0], times=1, code=code, status=first),
            Fault("throttle", DETAIL, certificates[1], times=1, code=code, status=second, hint="Retry-After"),
            Fault("throttle", DETAIL, certificates[2], times=1, code="Other", status=429),
            Fault("body", DETAIL, certificates[3], times=1, **page),
        ]
        sandbox.faults.add(*faults)
        result = run(sandbox, tmp_path, config=sandbox.config(cdnetworks=login))
        assert_everything_arrived(sandbox, result)
        assert {fault.struck for fault in faults} == {1}


def test_large_lists_are_read_in_little_memory(tmp_path: Path) -> None:
    """A list of 8,000 certificates, which is more than an account has."""
    with Watch(cdnetworks={"size": 8000}) as sandbox:
        config = sandbox.config()
        config["cdnetworks"]["max_details"] = 0
        result = run(sandbox, tmp_path, config=config)
    assert result.returncode == 0
    assert len(result.records["ssl_certificate"]) == 8000
    assert result.peak_memory < MAX_MEMORY


def test_a_certificate_twice_in_the_list_is_read_once(sandbox: Watch, tmp_path: Path) -> None:
    """Its requests cost half a minute each."""
    sandbox.faults.add(Fault("field", LIST, field="certificate-id", value="100166", item="100173"))
    result = run(sandbox, tmp_path, config=sandbox.config())
    assert result.returncode == 0
    assert len(result.records["ssl_certificate"]) == len(result.records["cdnetworks_certificates"]) == 23
    assert sandbox.count(DETAIL) == 23


@pytest.mark.parametrize(
    ("login", "form"),
    [("api_key", None), ("aksk", None), ("api_key", "ssl-certificate"), ("aksk", "ssl-certificates")],
)
def test_each_field_is_what_the_account_holds(
    sandbox: Watch, tmp_path: Path, login: str, form: str | None
) -> None:
    """In XML, and in both forms of JSON."""
    sandbox["cdnetworks"].json = form  # type: ignore[attr-defined]
    result = run(sandbox, tmp_path, config=sandbox.config(cdnetworks=login))
    streams = {"cdnetworks_certificates": expected_certificate, "ssl_certificate": expected_ssl_certificate}
    for stream, expect in streams.items():
        for key, record in result.by_key(stream).items():
            held = sandbox["cdnetworks"].inventory[key]
            assert record == {**expect(held), "synced_at": record["synced_at"]}, (stream, key)
