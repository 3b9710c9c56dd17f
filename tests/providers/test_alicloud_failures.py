"""What only Alibaba Cloud answers where something fails."""

from __future__ import annotations

from itertools import pairwise
from threading import Timer
from typing import TYPE_CHECKING

import pytest
from answers import client
from cases import assert_everything_arrived, only
from requests.structures import CaseInsensitiveDict
from watched import Watch, catalog, run

from sandbox import Fault
from tap_cdn_certs.api.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOMAINS = "DescribeUserDomains"
INFO = "DescribeDomainCertificateInfo"
HTTPS = "DescribeCdnHttpsDomainList"


THROTTLED = (
    "Throttling",
    "Throttling.User",
    "Throttling.Api",
    "Rejected.Throttling",
    "FlowControlError",
    "ServiceBusy",
)


HINTS = (None, "x-acs-retry-after", "x-ratelimit-user-api", "Retry-After")


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account of Alibaba Cloud, without limits."""
    with only("alicloud", 40) as sandbox:
        yield sandbox


def test_every_throttling_code_is_waited_for(tmp_path: Path) -> None:
    """Each code of Alibaba Cloud, at each status, with each kind of hint: asked again, nothing is missing."""
    cases = [
        (code, status, hint) for code in THROTTLED for status in (200, 400, 403, 429, 503) for hint in HINTS
    ]
    with Watch(alicloud={"size": len(cases)}, latency=0.3) as sandbox:
        config = sandbox.config()
        config["alicloud"] |= {"max_connections": len(cases)}
        faults = [
            Fault("throttle", INFO, domain.domain_name, times=1, code=code, status=status, hint=hint, wait=1)
            for domain, (code, status, hint) in zip(sandbox["alicloud"].inventory, cases, strict=True)
        ]
        sandbox.faults.add(*faults)
        result = run(sandbox, tmp_path, config=config)
        assert_everything_arrived(sandbox, result)
        assert {fault.struck for fault in faults} == {1}
        assert sandbox.count(INFO) == 2 * len(cases)


def test_a_hint_that_does_not_help_is_not_all_that_is_waited(tmp_path: Path) -> None:
    """A provider that says "at once", and refuses again, is asked after longer and longer waits."""
    with Watch(alicloud={"size": 1}) as sandbox:
        sandbox.faults.add(Fault("throttle", INFO, times=3, hint="x-acs-retry-after", wait=0))
        assert_everything_arrived(sandbox, run(sandbox, tmp_path))
        times = [request.time for request in sandbox.requests if request.operation == INFO]
        waits = [after - before for before, after in pairwise(times)]
        assert [wait > least for wait, least in zip(waits, (-1, 2, 4), strict=True)] == [True] * 3


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("OperationDenied", "Your account does not open CDN service yet."),
        ("OperationDenied.CdnServiceNotFound", "CdnServiceNotFound"),
    ],
)
def test_a_product_that_is_not_activated_is_no_failure(
    sandbox: Watch, tmp_path: Path, code: str, message: str
) -> None:
    """Its streams are empty, a warning says why, and the tap succeeds."""
    for operation in (DOMAINS, HTTPS):
        sandbox.faults.add(Fault("error", operation, status=403, code=code, message=message))
    result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert not result.logged("ERROR")
    assert any("not activated" in line for line in result.logged("WARNING"))
    assert all(row["complete"] for row in result.syncs.values())
    assert result.syncs["certificate_info"]["listed"] == 0


def test_a_list_that_is_shorter_than_it_says_is_not_complete(tmp_path: Path) -> None:
    """What was listed arrives, and the rest is not taken for deleted."""
    with Watch(alicloud={"size": 520}) as sandbox:
        sandbox.faults.add(Fault("field", DOMAINS, field="TotalCount", value=700))
        result = run(sandbox, tmp_path)
        assert sandbox.count(DOMAINS) <= 20
    assert result.returncode == 1
    assert len(result.records["alicloud_domains"]) == len(result.records["certificate_info"]) == 520
    assert {stream for stream, row in result.syncs.items() if not row["complete"]} == {
        "alicloud_domains",
        "certificate_info",
    }
    assert "700" in result.errors["alicloud_domains", "*"]["message"]


def test_a_list_that_repeats_itself_ends(tmp_path: Path) -> None:
    """The same page for ever, without a total or with one that is never reached."""
    page = '{"Domains": {"PageData": [{"DomainName": "a.example.com"}, {}]}, "TotalCount": %s}'
    with Watch(alicloud={"size": 1}) as sandbox:
        for total in ("null", "1000000"):
            sandbox.faults.clear()
            sandbox.reset()
            sandbox.faults.add(Fault("body", DOMAINS, body=page % total))
            result = run(sandbox, tmp_path)
            assert sandbox.count(DOMAINS) < 20
            assert result.by_key("alicloud_domains").keys() == {"a.example.com"}


def test_a_list_that_fails_on_the_way_loses_no_key_that_it_gave(tmp_path: Path) -> None:
    """Without `alicloud_domains`, the second page is refused: the first page's domains arrive."""
    with Watch(alicloud={"size": 600}, latency=0.1) as sandbox:
        page = '{"Domains": {"PageData": []}, "TotalCount": "many"}'
        # While the first page is on its way.
        second = Timer(0.05, lambda: sandbox.faults.add(Fault("body", DOMAINS, body=page)))
        sandbox.during_listing = second.start
        only = catalog(tmp_path, "certificate_info", "sync_errors", "syncs")
        result = run(sandbox, tmp_path, "--catalog", only)
    assert result.returncode == 1
    assert len(result.records["certificate_info"]) == 500
    assert result.errors.keys() == {("certificate_info", "*")}


def test_a_certificate_that_cannot_be_read_is_no_lack_of_permission(sandbox: Watch, tmp_path: Path) -> None:
    """`--test` does not blame the credentials for what a domain holds, or for what is not activated."""
    sandbox.faults.add(
        Fault("field", INFO, field="ServerCertificate", value="-----BEGIN NOTHING-----"),
        Fault("error", HTTPS, status=403, code="CdnServiceNotFound", message="Not activated."),
    )
    result = run(sandbox, tmp_path, "--test")
    assert result.returncode == 0
    assert "alicloud: the credentials and permissions suffice." in result.stderr


def test_a_hint_is_not_believed_beyond_measure() -> None:
    """A wait of 5,000 digits, one that is no number and a date are no crash, and no eternity."""
    for value, least, most in (("9" * 5000, 900, 900), ("60", 60, 60), ("٣", 3, 3)):
        for header in ("x-acs-retry-after", "Retry-After", "x-ratelimit-user-api"):
            written = f"Limit:1,Remain:0,TimeLeft:{value},Reset:1" if header[2:6] == "rate" else value
            answer = Answer(503, CaseInsensitiveDict({header: written}), b'{"Code": "ServiceBusy"}')
            error = client("alicloud").fail(INFO, client("alicloud").host(), answer)
            unit = 1 if header == "Retry-After" else 1000
            assert error.wait == pytest.approx(min(900, least / unit if least < 900 else 900))
            assert error.wait <= most
    for value in ("soon", "-1", "1e9", "Wed, 21 Oct 2015 07:28:00 GMT", ""):
        answer = Answer(503, CaseInsensitiveDict({"Retry-After": value}), b"")
        assert client("alicloud").fail(INFO, client("alicloud").host(), answer).wait is None
