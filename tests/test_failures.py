"""What goes wrong at a provider, and how far it reaches."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from threading import Event, Timer
from typing import TYPE_CHECKING, Any

import pytest
from requests.structures import CaseInsensitiveDict
from tenacity import Future, RetryCallState
from watched import Watch, WatchedRun, catalog, run

from sandbox import Fault
from sandbox.providers import load
from tap_cdn_certs.api.answer import Answer
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_cdn_certs.api.client import Client

DOMAINS = "DescribeUserDomains"
INFO = "DescribeDomainCertificateInfo"
HTTPS = "DescribeCdnHttpsDomainList"
LIST = "QueryCertificateList"
DETAIL = "QueryCertificate"

# The kinds of failures that another attempt mends, at most a second each.
TRANSIENT: dict[str, dict[str, Any]] = {
    "reset_before": {},
    "reset_within": {},
    "short": {},
    "timeout": {"seconds": 1},
    "slow": {"seconds": 0.5},
    "html_502": {},
    "html_503": {},
    "truncated": {},
    "garbage": {},
    "content_type": {},
    "redirect": {},
    "error": {"code": "InternalError"},
}
REPEATED = load("alicloud").refusals["repeated"]
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
    """A sandbox without limits."""
    with Watch(alicloud={"size": 40}, cdnetworks={"size": 6}) as sandbox:
        yield sandbox


def assert_everything_arrived(sandbox: Watch, run: WatchedRun) -> None:
    """Each record is there, once, and nothing is said to have failed."""
    domains = set(sandbox["alicloud"].inventory.keys())
    certificates = set(sandbox["cdnetworks"].inventory.keys())
    assert run.returncode == 0
    assert not run.records["sync_errors"]
    assert run.by_key("alicloud_domains").keys() == domains
    assert run.by_key("certificate_info").keys() == domains
    assert run.by_key("alicloud_https_domains").keys() == set(sandbox["alicloud"].keys(HTTPS))
    assert run.by_key("cdnetworks_certificates").keys() == certificates
    assert run.by_key("ssl_certificate").keys() == certificates
    assert all(row["complete"] for row in run.syncs.values())
    assert len(run.syncs) == 5


def others(run: WatchedRun, *streams: str) -> dict[str, bool]:
    """Whether the streams but for those named are complete."""
    return {stream: row["complete"] for stream, row in run.syncs.items() if stream not in streams}


def test_each_fault_alone_costs_an_attempt(tmp_path: Path) -> None:
    """A domain or a certificate for each kind: asked for again, and nothing is missing."""
    faults = [*TRANSIENT.items(), ("error", REPEATED)]
    # One after another, as its limit asks for, and so not all of them.
    some = ["reset_within", "html_502", "garbage"]
    with Watch(alicloud={"size": 40}, cdnetworks={"size": len(some)}) as sandbox:
        domains = sandbox["alicloud"].keys(HTTPS)
        certificates = sandbox["cdnetworks"].inventory.keys()
        keys = [(INFO, *key) for key in zip(domains, faults, strict=False)]
        keys += [(DETAIL, key, (kind, TRANSIENT[kind])) for key, kind in zip(certificates, some, strict=True)]
        for operation, key, (kind, options) in keys:
            sandbox.faults.add(Fault(kind, operation, key, times=1, **options))
        assert_everything_arrived(sandbox, run(sandbox, tmp_path))
        for operation, key, (kind, _) in keys:
            again = kind not in {"slow", "content_type"}
            assert sandbox.count(operation, key) == 1 + again, (operation, kind)


def test_faults_in_every_list_are_survived(sandbox: Watch, tmp_path: Path) -> None:
    """The lists' first answers are broken, each in another way."""
    sandbox.faults.add(
        Fault("truncated", DOMAINS, times=1),
        Fault("html_503", HTTPS, times=1),
        Fault("reset_within", LIST, times=1),
    )
    assert_everything_arrived(sandbox, run(sandbox, tmp_path))


def test_all_faults_together_lose_nothing(tmp_path: Path) -> None:
    """With 2 % of each, and an answer that never comes, 2,000 domains arrive, each once."""
    with Watch(alicloud={"size": 2000}, cdnetworks={"size": 24}, seed=SEED) as sandbox:
        for kind, options in TRANSIENT.items():
            sandbox.faults.add(Fault(kind, probability=0.02, **options))
        for operation in (INFO, DOMAINS, HTTPS):
            sandbox.faults.add(
                Fault("error", operation, probability=0.02, **REPEATED),
                Fault("throttle", operation, probability=0.02, wait=0.2, hint="x-acs-retry-after"),
            )
        sandbox.faults.add(Fault("timeout", INFO, "www.example.com", times=1))
        # One in four waits for another attempt at any time.
        config = sandbox.config()
        config["alicloud"] |= {"max_connections": 128}
        result = run(sandbox, tmp_path, config=config)
        assert_everything_arrived(sandbox, result)
        struck = {(fault.kind, fault.options.get("code")) for fault in sandbox.faults if fault.struck}
        assert struck == {(fault.kind, fault.options.get("code")) for fault in sandbox.faults}
        assert result.peak_memory < 150


SEED = 26  # of which no domain needs more than five attempts: waits of half a minute


def test_every_throttling_code_is_waited_for(tmp_path: Path) -> None:
    """Each code of Alibaba Cloud, at each status, with each kind of hint: asked again, nothing is missing."""
    cases = [
        (code, status, hint) for code in THROTTLED for status in (200, 400, 403, 429, 503) for hint in HINTS
    ]
    with Watch(alicloud={"size": len(cases)}, cdnetworks={"size": 1}, latency=0.3) as sandbox:
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


@pytest.mark.parametrize("login", ["api_key", "aksk"])
def test_the_throttling_of_cdnetworks_is_waited_for(tmp_path: Path, login: str) -> None:
    """Its code at any status, and the status alone, with and without a hint."""
    code = "WPLUS_AccountApiTooFrequence"
    with Watch(alicloud={"size": 1}, cdnetworks={"size": 5}) as sandbox:
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


def test_a_hint_is_waited_out(tmp_path: Path) -> None:
    """With each kind of hint, nothing is asked of the operation before the time it names."""
    with Watch(alicloud={"size": 1}, cdnetworks={"size": 1}) as sandbox:
        hints = {DOMAINS: HINTS[1], INFO: HINTS[2], HTTPS: HINTS[3]}
        for operation, hint in hints.items():
            sandbox.faults.add(Fault("throttle", operation, times=1, hint=hint, wait=3))
        assert_everything_arrived(sandbox, run(sandbox, tmp_path))
        for operation in hints:
            first, second = (request.time for request in sandbox.requests if request.operation == operation)
            assert 3 <= second - first < 4


def test_a_hint_that_does_not_help_is_not_all_that_is_waited(tmp_path: Path) -> None:
    """A provider that says "at once", and refuses again, is asked after longer and longer waits."""
    with Watch(alicloud={"size": 1}, cdnetworks={"size": 1}) as sandbox:
        sandbox.faults.add(Fault("throttle", INFO, times=3, hint="x-acs-retry-after", wait=0))
        assert_everything_arrived(sandbox, run(sandbox, tmp_path))
        times = [request.time for request in sandbox.requests if request.operation == INFO]
        waits = [after - before for before, after in pairwise(times)]
        assert [wait > least for wait, least in zip(waits, (-1, 2, 4), strict=True)] == [True] * 3


@pytest.mark.parametrize("reach", [Reach.ATTEMPT, Reach.THROTTLED])
@pytest.mark.parametrize("hint", [None, 0.0, 5000.0])
def test_an_attempt_is_made_for_about_five_minutes(reach: Reach, hint: float | None) -> None:
    """The waits grow from a second to a minute; only a limit may ask for a longer one."""
    settings = {"access_key_id": "a", "access_key_secret": "b", "api_url": "http://127.0.0.1", "domains": []}
    settings |= {"rate_limit_requests": 1, "rate_limit_period": 1}
    client: Client = PROVIDERS["alicloud"].CLIENT(settings, Event())
    retry = client._retry
    (limit,) = client.limits[INFO]._limits
    state = RetryCallState(retry, None, (INFO,), {})
    waits = []
    while True:
        state.outcome = Future.construct(
            state.attempt_number, APIError("Code", "It failed.", reach, wait=hint), has_exception=True
        )
        if retry.stop(state):
            break
        paused = limit._paused_until
        wait = client._wait(state)
        waits.append(wait if reach is Reach.ATTEMPT else limit._paused_until - paused)
        limit._paused_until = 0.0
        state.attempt_number += 1
    assert len(waits) == 10
    if reach is Reach.ATTEMPT:
        assert 240 <= sum(waits) <= 600
        assert max(waits) <= 60
        if hint is None:
            assert 1 <= waits[0] <= 2
            assert 2 <= waits[1] <= 3


def test_a_hint_is_not_believed_beyond_measure() -> None:
    """A wait of 5,000 digits, one that is no number and a date are no crash, and no eternity."""
    for value, least, most in (("9" * 5000, 900, 900), ("60", 60, 60), ("٣", 3, 3)):
        for header in ("x-acs-retry-after", "Retry-After", "x-ratelimit-user-api"):
            written = f"Limit:1,Remain:0,TimeLeft:{value},Reset:1" if header[2:6] == "rate" else value
            answer = Answer(503, CaseInsensitiveDict({header: written}), b'{"Code": "ServiceBusy"}')
            error = _client("alicloud").fail(INFO, answer)
            unit = 1 if header == "Retry-After" else 1000
            assert error.wait == pytest.approx(min(900, least / unit if least < 900 else 900))
            assert error.wait <= most
    for value in ("soon", "-1", "1e9", "Wed, 21 Oct 2015 07:28:00 GMT", ""):
        answer = Answer(503, CaseInsensitiveDict({"Retry-After": value}), b"")
        assert _client("cdnetworks").fail(LIST, answer).wait is None


def _client(provider: str) -> Any:
    with Watch(alicloud={"size": 1}, cdnetworks={"size": 1}) as sandbox:
        settings = {"domains": [], "certificate_ids": [], **sandbox.config()[provider]}
        return PROVIDERS[provider].CLIENT(settings, Event())


@pytest.mark.parametrize("strict", [False, True])
def test_one_key_refused_is_one_row(sandbox: Watch, tmp_path: Path, *, strict: bool) -> None:
    """The others arrive; the row says what, where, why and when; only `strict` makes the tap fail."""
    sandbox.faults.add(
        Fault("error", INFO, "www.example.com", status=400, code="Invalid.Thing", message="No such thing."),
        Fault("error", INFO, ".example.com", status=403, code="Forbidden.RAM", message="Not yours."),
        Fault("error", DETAIL, "100173", status=400, code="DecryptFailError", message="Broken."),
        Fault("error", INFO, "many.example.net", status=404, code="InvalidDomain.NotFound", message="Gone."),
        Fault("error", DETAIL, "100180", status=404, code="NoSuchSsl", message="Gone."),
    )
    result = run(sandbox, tmp_path, config={**sandbox.config(), "strict": strict})
    assert result.returncode == int(strict)
    expected = {
        ("certificate_info", "www.example.com"): ("alicloud", INFO, "Invalid.Thing", "No such thing."),
        ("certificate_info", ".example.com"): ("alicloud", INFO, "Forbidden.RAM", f"cdn:{INFO}"),
        ("ssl_certificate", "100173"): ("cdnetworks", DETAIL, "DecryptFailError", "Broken."),
    }
    assert result.errors.keys() == expected.keys()
    for key, (provider, operation, code, words) in expected.items():
        row = result.errors[key]
        assert (row["provider"], row["operation"], row["code"]) == (provider, operation, code)
        assert words in row["message"]
        assert row["account"] == "default"
        assert len(row["request_id"]) >= 32
        assert row["synced_at"] <= row["occurred_at"]
        (line,) = (line for line in result.logged("WARNING") if f" {key[1]} could not be read" in line)
        assert row["message"] in line
        assert row["request_id"] in line
    assert all(row["complete"] for row in result.syncs.values())
    assert (result.syncs["certificate_info"]["failed"], result.syncs["certificate_info"]["skipped"]) == (2, 1)
    assert len(result.records["certificate_info"]) == 37
    assert result.by_key("ssl_certificate").keys() == {"100166", "100187", "100194", "100201"}


@pytest.mark.parametrize(
    ("operation", "streams", "provider"),
    [
        (DOMAINS, {"alicloud_domains", "certificate_info"}, "alicloud"),
        (HTTPS, {"alicloud_https_domains"}, "alicloud"),
        (INFO, {"certificate_info"}, "alicloud"),
        (LIST, {"cdnetworks_certificates", "ssl_certificate"}, "cdnetworks"),
        (DETAIL, {"ssl_certificate"}, "cdnetworks"),
    ],
)
def test_one_stream_refused_leaves_the_others(
    tmp_path: Path, operation: str, streams: set[str], provider: str
) -> None:
    """They arrive, the tap fails at the end, and says which operation and which permission it lacks."""
    code = "Forbidden.RAM" if provider == "alicloud" else "WRONG_OPERATOR"
    with Watch(alicloud={"size": 40}, cdnetworks={"size": 24}) as sandbox:
        sandbox.faults.add(Fault("error", operation, status=403, code=code, message="Not allowed."))
        result = run(sandbox, tmp_path)
    assert result.returncode == 1
    assert {stream for stream, row in result.syncs.items() if not row["complete"]} == streams
    assert {stream for stream, key in result.errors if key == "*"} == streams
    assert all(others(result, *streams).values())
    for stream in streams:
        row = result.errors[stream, "*"]
        assert (row["code"], row["operation"]) == (code, operation)
        assert operation in row["message"]
        assert row["request_id"]
        if provider == "alicloud":
            assert f"cdn:{operation}" in row["message"]
    assert len(result.logged("ERROR")) <= 2


@pytest.mark.parametrize("latency", [0.0, 0.02])
def test_many_keys_refused_in_a_row_are_found_out_soon(tmp_path: Path, latency: float) -> None:
    """A permission that all keys lack is a failure of the stream, after a few of its 2,000 requests."""
    # At the documented limit: without one, how many leave before the tenth is read depends on the CPU.
    with Watch(
        alicloud={"size": 2000, "limit": (100, 1)}, cdnetworks={"size": 1}, latency=latency
    ) as sandbox:
        sandbox.faults.add(Fault("error", INFO, status=403, code="Forbidden.RAM", message="Not allowed."))
        result = run(sandbox, tmp_path)
        assert sandbox.count(INFO) < 100
    assert result.returncode == 1
    assert len(result.errors) == 11
    assert "10 keys in a row" in result.errors["certificate_info", "*"]["message"]
    assert all(others(result, "certificate_info").values())


def test_many_keys_refused_here_and_there_are_not_a_stream_refused(tmp_path: Path) -> None:
    """Every second domain of 60 fails: the other 30 arrive."""
    with Watch(alicloud={"size": 60}, cdnetworks={"size": 1}) as sandbox:
        for domain in list(sandbox["alicloud"].inventory)[::2]:
            sandbox.faults.add(Fault("error", INFO, domain.domain_name, status=400, code="Odd"))
        result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert result.syncs["certificate_info"]["failed"] == 30
    assert result.syncs["certificate_info"]["complete"]
    # The log says so of a few, `sync_errors` of all.
    assert len(result.logged("WARNING")) == 10


WRONG: list[tuple[str, str | None, dict[str, str], str]] = [
    ("alicloud", None, {"access_key_secret": "s3cr3t-wrong"}, "alicloud.access_key_secret"),
    ("alicloud", None, {"access_key_id": "LTAI5tNobody"}, "https://cdn.ap-southeast-1."),
    ("alicloud", "sts", {"security_token": "s3cr3t-expired"}, "alicloud.security_token"),
    ("cdnetworks", None, {"api_key": "s3cr3t-wrong"}, "cdnetworks.username and cdnetworks.api_key"),
    (
        "cdnetworks",
        "aksk",
        {"access_key_secret": "s3cr3t-wrong"},
        "cdnetworks.access_key_id and cdnetworks.access_key_secret",
    ),
]


@pytest.mark.parametrize(("provider", "login", "wrong", "named"), WRONG)
def test_wrong_credentials_stop_their_provider_at_once(
    sandbox: Watch,
    tmp_path: Path,
    provider: str,
    login: str | None,
    wrong: dict[str, str],
    named: str,
) -> None:
    """A request or two, one message that names the settings, and the other provider's streams."""
    config = sandbox.config()
    config[provider] = sandbox[provider].config(login) | wrong
    result = run(sandbox, tmp_path, config=config)
    assert result.returncode == 1
    assert sum(request.provider == provider for request in sandbox.requests) <= 3
    said = [line for line in result.logged("ERROR") if named in line]
    assert len(said) == 1
    assert "Request ID" in said[0]
    assert {stream for stream, row in result.syncs.items() if row["complete"]} == {
        stream.name for other in PROVIDERS if other != provider for stream in PROVIDERS[other].STREAMS
    }
    assert all(key == "*" for _, key in result.errors)


def test_both_refused_accounts_are_said_once(sandbox: Watch, tmp_path: Path) -> None:
    """Two providers, two messages."""
    config = sandbox.config()
    config["alicloud"]["access_key_secret"] = config["cdnetworks"]["api_key"] = "s3cr3t-wrong"
    result = run(sandbox, tmp_path, config=config)
    assert result.returncode == 1
    assert sum("Check the settings" in line for line in result.logged("ERROR")) == 2
    assert not any(row["complete"] for row in result.syncs.values())


def test_credentials_that_are_withdrawn_end_their_provider(tmp_path: Path) -> None:
    """In the midst of a sync: what was read is kept, and no more is asked."""
    with Watch(alicloud={"size": 600}, cdnetworks={"size": 2}) as sandbox:
        names = sandbox["alicloud"].inventory.keys()
        for name in names[300:]:
            sandbox.faults.add(
                Fault("error", INFO, name, status=404, code="InvalidAccessKeyId.NotFound", message="Gone.")
            )
        result = run(sandbox, tmp_path)
        assert sandbox.count(INFO) < 300 + 100
    assert result.returncode == 1
    assert len(result.records["certificate_info"]) == 300
    assert result.errors.keys() == {("certificate_info", "*")}
    assert all(others(result, "certificate_info").values())


@pytest.mark.parametrize("offset", [-2000.0, 3000.0])
@pytest.mark.parametrize("login", ["api_key", "aksk"])
def test_a_clock_that_is_off_is_named_with_its_skew(
    sandbox: Watch, tmp_path: Path, offset: float, login: str
) -> None:
    """Both providers refuse; each message says by how many seconds, and in which direction."""
    sandbox.clock_offset = offset
    result = run(sandbox, tmp_path, config=sandbox.config(cdnetworks=login))
    assert result.returncode == 1
    said = [line for line in result.logged("ERROR") if "clock" in line]
    assert len(said) == 2
    for line in said:
        skew = re.search(r"this clock is (\d+) s (behind|ahead of)", line)
        assert skew
        assert abs(int(skew[1]) - abs(offset)) <= 2
        assert skew[2] == ("behind" if offset > 0 else "ahead of")
    assert len(sandbox.requests) <= 4


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("CdnServiceNotFound", "The CDN service is not found."),
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
    assert len(result.records["ssl_certificate"]) == 6


def test_a_list_that_is_shorter_than_it_says_is_not_complete(tmp_path: Path) -> None:
    """What was listed arrives, and the rest is not taken for deleted."""
    with Watch(alicloud={"size": 520}, cdnetworks={"size": 1}) as sandbox:
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
    with Watch(alicloud={"size": 1}, cdnetworks={"size": 1}) as sandbox:
        for total in ("null", "1000000"):
            sandbox.faults.clear()
            sandbox.reset()
            sandbox.faults.add(Fault("body", DOMAINS, body=page % total))
            result = run(sandbox, tmp_path)
            assert sandbox.count(DOMAINS) < 20
            assert result.by_key("alicloud_domains").keys() == {"a.example.com"}


def test_a_list_that_fails_on_the_way_loses_no_key_that_it_gave(tmp_path: Path) -> None:
    """Without `alicloud_domains`, the second page is refused: the first page's domains arrive."""
    with Watch(alicloud={"size": 600}, cdnetworks={"size": 1}, latency=0.1) as sandbox:
        page = '{"Domains": {"PageData": []}, "TotalCount": "many"}'
        # While the first page is on its way.
        second = Timer(0.05, lambda: sandbox.faults.add(Fault("body", DOMAINS, body=page)))
        sandbox.during_listing = second.start
        only = catalog(sandbox, tmp_path, "certificate_info", "sync_errors", "syncs")
        result = run(sandbox, tmp_path, "--catalog", only)
    assert result.returncode == 1
    assert len(result.records["certificate_info"]) == 500
    assert result.errors.keys() == {("certificate_info", "*")}


def test_the_test_says_whether_credentials_and_permissions_suffice(sandbox: Watch, tmp_path: Path) -> None:
    """`--test` gives each provider its verdict, and an exit code to all."""
    result = run(sandbox, tmp_path, "--test")
    assert result.returncode == 0
    assert "alicloud: the credentials and permissions suffice." in result.stderr
    assert "cdnetworks: the credentials and permissions suffice." in result.stderr
    assert len(sandbox.requests) < 100

    sandbox.faults.add(Fault("error", INFO, status=403, code="Forbidden.RAM", message="Not allowed."))
    config = sandbox.config()
    config["cdnetworks"]["api_key"] = "s3cr3t-wrong"
    result = run(sandbox, tmp_path, "--test", config=config)
    assert result.returncode == 1
    assert "alicloud: NOT ready: certificate_info could not be read: " in result.stderr
    assert f"cdn:{INFO}" in result.stderr
    assert "cdnetworks: NOT ready: cdnetworks_certificates, ssl_certificate could not be" in result.stderr


def test_a_certificate_that_cannot_be_read_is_no_lack_of_permission(sandbox: Watch, tmp_path: Path) -> None:
    """`--test` does not blame the credentials for what a domain holds, or for what is not activated."""
    sandbox.faults.add(
        Fault("field", INFO, field="ServerCertificate", value="-----BEGIN NOTHING-----"),
        Fault("error", HTTPS, status=403, code="CdnServiceNotFound", message="Not activated."),
    )
    result = run(sandbox, tmp_path, "--test")
    assert result.returncode == 0
    assert "alicloud: the credentials and permissions suffice." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "content", "words"),
    [
        ("--state", {"bookmarks": None}, "content.json is not one that this tap wrote"),
        ("--state", {"bookmarks": {"ssl_certificate": []}}, "content.json is not one that this tap wrote"),
        ("--catalog", {"streams": None}, "content.json is not a catalog"),
        ("--catalog", {"streams": [{}]}, "content.json is not a catalog"),
    ],
)
def test_a_file_that_is_not_the_taps_is_said(
    sandbox: Watch, tmp_path: Path, arguments: str, content: Any, words: str
) -> None:
    """A state or a catalog that somebody wrote by hand ends in a line, and not in a traceback."""
    path = tmp_path / "content.json"
    path.write_text(json.dumps(content))
    result = run(sandbox, tmp_path, arguments, str(path))
    assert result.returncode == 1
    assert words in result.stderr


def test_a_log_level_that_does_not_exist_is_said(sandbox: Watch, tmp_path: Path) -> None:
    """In one line, with those that do."""
    result = run(sandbox, tmp_path, env={"LOGLEVEL": "LOUD"})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "The log level is LOUD, not one of DEBUG, INFO, WARNING and ERROR.\n"
