"""Whole records of CAS, and what having two sites means."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from cases import only
from expected import blank
from watched import run

from sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from watched import Watch, WatchedRun

    from sandbox.alicloud.cas import Held
    from sandbox.messages import Call

LIST = "ListUserCertificateOrder"
STREAM = "alicloud_cas_certificates"
CHINA = timezone(timedelta(hours=8))
HERE, THERE = "/cas/cn-hangzhou/", "/cas/ap-southeast-1/"


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account with 250 certificates at both sites, and nothing else."""
    with only("alicloud", 250, products=["cas"]) as sandbox:
        yield sandbox


def held(sandbox: Watch, *paths: str) -> set[str]:
    """The certificates that are at one of the sites."""
    sites = {path.split("/")[2] for path in paths}
    return {each.certificate_id for each in sandbox["alicloud"].inventory if sites & {*each.sites}}


def expected(certificate: Held, record: dict[str, Any]) -> dict[str, Any]:
    """The record of a certificate."""
    texts = "certificate_id instance_id name common_name org_name issuer serial_no fingerprint sha2"
    place = {"country": "CN", "province": "Zhejiang", "city": "Hangzhou"}
    return {
        "account": "default",
        **{name: blank(getattr(certificate, name)) for name in (*texts.split(), "resource_group_id")},
        **(place if certificate.org_name else dict.fromkeys(place)),
        "sans": list(certificate.sans) or None,
        "start_date": certificate.starts.astimezone(CHINA).date().isoformat(),
        "end_date": certificate.ends.astimezone(CHINA).date().isoformat(),
        "expired": record["expired"],
        "upload": certificate.upload,
        "synced_at": record["synced_at"],
    }


def refuse(sandbox: Watch, path: str, status: int, code: str, message: str = "No.") -> None:
    """Let one of the sites refuse everything."""
    api = sandbox["alicloud"]
    operate, fault = api.operate, Fault("error", status=status, code=code, message=message)

    def refused(call: Call) -> Any:
        return fault.apply(api, call, operate(call)) if call.path == path else operate(call)

    api.operate = refused  # type: ignore[method-assign]


def test_each_field_is_what_the_account_holds(sandbox: Watch, tmp_path: Path) -> None:
    """Of each certificate once, at whichever site it is, expired ones too; no order."""
    asked: list[tuple[str, dict[str, str]]] = []
    operate = sandbox["alicloud"].operate

    def noted(call: Call) -> Any:
        asked.append((call.path, dict(parse_qsl(call.query))))
        return operate(call)

    sandbox["alicloud"].operate = noted  # type: ignore[method-assign]
    result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert not result.logged("WARNING", "ERROR")
    records = result.by_key(STREAM)
    certificates = {each.certificate_id: each for each in sandbox["alicloud"].inventory}
    assert records.keys() == certificates.keys() == held(sandbox, HERE, THERE)
    for key, record in records.items():
        assert record == expected(certificates[key], record)
        assert record["expired"] == (certificates[key].ends <= sandbox.now)
    assert {record["expired"] for record in records.values()} == {True, False}
    # Nothing else is asked for than these lists, each to its end.
    first = {"OrderType": "CERT", "CurrentPage": "1", "ShowSize": "100"}
    assert [each for each in asked if each[1]["CurrentPage"] == "1"] == [
        (path, {**first, **part}) for path in (HERE, THERE) for part in ({}, {"Status": "EXPIRED"})
    ]
    assert {request.operation for request in sandbox.requests} == {LIST}
    assert len(asked) <= 8


def assert_half(result: WatchedRun, expected: set[str]) -> dict[str, Any]:
    """What the other site has arrived, and is not taken for all there is."""
    assert result.returncode == 1
    assert result.by_key(STREAM).keys() == expected
    assert not result.syncs[STREAM]["complete"]
    row: dict[str, Any] = result.errors[STREAM, "*"]
    return row


@pytest.mark.parametrize(("refusing", "other"), [(HERE, THERE), (THERE, HERE)])
@pytest.mark.parametrize("code", ["Forbidden.RAM", "InvalidAccessKeyId.NotFound", "Odd"])
def test_a_site_that_refuses_does_not_hide_the_other(
    sandbox: Watch, tmp_path: Path, refusing: str, other: str, code: str
) -> None:
    """It says which it was, and what to do; the account is not taken for refused."""
    refuse(sandbox, refusing, 403, code)
    row = assert_half(run(sandbox, tmp_path), held(sandbox, other))
    url = f"{sandbox['alicloud'].url}{refusing.rstrip('/')}"
    assert row["code"] == code
    assert f"This was at {url}: leave it out of alicloud.cas_urls if" in row["message"]
    assert (code == "Forbidden.RAM") == (
        "lacks the action yundun-cert:ListUserCertificateOrder" in row["message"]
    )
    assert "alicloud.domains" not in row["message"]
    # As is said, so it is done.
    config = sandbox.config()
    config["alicloud"]["cas_urls"].remove(url)
    result = run(sandbox, tmp_path, config=config)
    assert result.returncode == 0
    assert result.by_key(STREAM).keys() == held(sandbox, other)


def test_a_site_that_cannot_be_reached_does_not_hide_the_other(sandbox: Watch, tmp_path: Path) -> None:
    """Nobody listens there: with the patience of a test, which says so."""
    config = sandbox.config()
    config["alicloud"]["cas_urls"][0] = "http://127.0.0.1:9/nobody"
    result = run(sandbox, tmp_path, "--test", config=config)
    assert result.returncode == 1
    assert result.records[STREAM] == []
    (verdict,) = (line for line in result.stderr.splitlines() if "NOT ready" in line)
    assert "127.0.0.1:9 failed: connections are refused" in verdict
    assert "http://127.0.0.1:9/nobody: leave it out of alicloud.cas_urls" in verdict


def test_a_key_that_no_site_knows_is_the_accounts(sandbox: Watch, tmp_path: Path) -> None:
    """Then nothing more is asked."""
    sandbox.faults.add(Fault("error", LIST, **sandbox["alicloud"].refusals["credentials"]))
    result = run(sandbox, tmp_path)
    assert result.returncode == 1
    assert len(sandbox.requests) == 2
    (said,) = result.logged("ERROR")
    assert "Check the settings alicloud.access_key_id" in said


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("OperationDenied", "The service is not opened."),
        ("CasServiceNotFound", "No such service."),
        ("Service.NotActivated", "Nothing is here."),
    ],
)
def test_a_site_that_is_not_activated_is_no_failure(
    sandbox: Watch, tmp_path: Path, code: str, message: str
) -> None:
    """It is said, and what the other has is all there is."""
    refuse(sandbox, THERE, 403, code, message)
    result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert result.by_key(STREAM).keys() == held(sandbox, HERE)
    assert result.syncs[STREAM]["complete"]
    (said,) = result.logged("WARNING")
    assert "not activated" in said
    assert THERE.rstrip("/") in said


def test_days_that_are_none_are_empty(sandbox: Watch, tmp_path: Path) -> None:
    """A day is a day, and no time of it is made up."""
    sandbox.faults.add(
        Fault("field", LIST, field="EndDate", value="soon"), Fault("field", LIST, field="StartDate", value="")
    )
    result = run(sandbox, tmp_path)
    assert {(row["start_date"], row["end_date"]) for row in result.records[STREAM]} == {(None, None)}
    assert {error["code"] for error in result.errors.values()} == {"UnreadableEnd"}
    assert len(result.errors) == len(result.records[STREAM])
    assert any(
        "EndDate is not a time or a day in a known format" in said for said in result.logged("WARNING")
    )


def test_nothing_is_refused_at_the_documented_limit(tmp_path: Path) -> None:
    """10 requests in a second, of both sites together, though the settings allow 100."""
    with only("alicloud", 1500, products=["cas"], limit="documented") as sandbox:
        result = run(sandbox, tmp_path)
        assert result.returncode == 0
        assert len(sandbox.requests) > 20
        assert sandbox.refused == 0
        assert sandbox["alicloud"].most()[LIST] <= 10
    assert len(result.records[STREAM]) == 1500
