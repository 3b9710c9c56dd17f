"""Whole records of Akamai in both ways that it may be asked, its signature, and what it alone does."""

from __future__ import annotations

import hashlib
import json
import logging
from collections import Counter
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
import requests
import test_nested_of_each as nested
from akamai.edgegrid import EdgeGridAuth
from answers import changed, client, mutations
from cases import assert_everything_arrived, only, streams
from expected import time
from prisms import description, proxy
from requests.structures import CaseInsensitiveDict
from singer_sdk.exceptions import ConfigValidationError
from watched import Watch, run

from fuzz.answers import read_all
from sandbox import Fault
from sandbox.akamai.api import TYPES, Akamai, deployment
from sandbox.akamai.inventory import CONTRACTS
from sandbox.limits import Limit as Enforced
from sandbox.messages import RefusedError
from tap_cdn_certs.api.answer import Answer
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.errors import Reach
from tap_cdn_certs.providers.akamai.client import AkamaiClient
from tap_cdn_certs.providers.akamai.signature import EdgeGrid
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sandbox.akamai.inventory import Enrollment
    from sandbox.messages import Call

    Records = dict[str, list[dict[str, Any]]]

ACTIVE, ENROLLMENTS, DEPLOYMENTS = "ListActiveCertificates", "ListEnrollments", "ListDeployments"
LIST_CONTRACTS, HOSTNAMES = "ListContracts", "ListHostnames"
V7, V9 = (f"application/vnd.akamai.cps.deployments.v{version}+json" for version in (7, 9))
(TOKENS,) = Akamai.logins.values()


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account of Akamai, without limits."""
    with only("akamai", 20) as sandbox:
        yield sandbox


def read(sandbox: Watch, **settings: Any) -> Records:
    """What a sync reads, in this process: the records of each stream."""
    config = sandbox.config()
    config["akamai"] |= settings
    streams = TapCDNCerts(config=config).streams
    return {name: [*stream.get_records(None)] for name, stream in streams.items()}


def said(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """What the log says at a level."""
    return [line.getMessage() for line in caplog.records if line.levelno == level]


# The signature.


def official(name: str) -> Any:
    """What the provider's own client is tested with."""
    return json.loads(files("akamai.edgegrid").joinpath("test", name).read_text(encoding="utf-8"))


# Those that read, and sign no headers: no operation that is asked wants that.
READING = [
    case
    for case in official("testcases.json")
    if case["request"]["method"] == "GET"
    and {name for header in case["request"]["headers"] for name in header} == {"Host"}
]


@pytest.mark.parametrize("case", READING, ids=lambda case: case["testName"])
def test_the_signature_is_that_of_the_vectors(case: Mapping[str, Any]) -> None:
    """Of the provider's own client."""
    data = official("testdata.json")
    url = data["base_url"].rstrip("/") + case["request"]["path"]
    request = requests.Request("GET", url).prepare()
    signing = EdgeGrid(*(data[name] for name in ("client_token", "client_secret", "access_token")))
    date = datetime.strptime(data["timestamp"], "%Y%m%dT%H:%M:%S%z").astimezone(UTC)
    assert signing.authorization(request, date, data["nonce"]) == case["expectedAuthorization"]


@pytest.mark.parametrize(
    "parameters",
    [{"accountSwitchKey": "1-ABC:1-2RBL"}, {"q": "a b+c", "é": "ü/?&="}, {"q": ""}, {}],
)
def test_the_signature_is_that_of_the_official_client(parameters: dict[str, str]) -> None:
    """Whatever is asked for."""
    url = "https://AKAB-x.luna.akamaiapis.net/cps/v2/enrollments"
    request = requests.Request("GET", url, params=parameters).prepare()
    date, nonce = datetime(2026, 5, 4, 12, 0, 1, tzinfo=UTC), "5b0b9b6e-0000-4000-8000-000000000000"
    expected = EdgeGridAuth(**TOKENS).ah.make_auth_header(request, f"{date:%Y%m%dT%H:%M:%S+0000}", nonce)
    assert EdgeGrid(*TOKENS.values()).authorization(request, date, nonce) == expected


def test_the_official_client_reads_the_account(sandbox: Watch) -> None:
    """It signs as the sandbox wants it, and no other than its version of an answer is given."""
    api = sandbox["akamai"]
    accept = {"Accept": "application/vnd.akamai.cps.enrollments.v11+json"}
    with requests.Session() as session:
        session.auth = EdgeGridAuth(**TOKENS)
        url = f"{api.url}/cps/v2/enrollments?contractId={CONTRACTS[0]}"
        answer = session.get(url, headers=accept)
        assert len(answer.json()["enrollments"]) == len(api.inventory) / 2
        assert session.get(url).status_code == 406
        session.auth = EdgeGridAuth(**{**TOKENS, "client_secret": "s3cr3t"})
        assert session.get(url, headers=accept).json()["detail"] == "The signature does not match"


def test_each_attempt_has_a_signature_of_its_own(sandbox: Watch) -> None:
    """The sandbox takes no nonce twice."""
    sandbox.faults.add(*(Fault("html_502", each, times=1) for each in (LIST_CONTRACTS, ACTIVE, ENROLLMENTS)))
    assert not read(sandbox)["sync_errors"]
    assert sandbox.count(ACTIVE) == 3


# The records.


def expected_certificates(enrollment: Enrollment) -> Iterator[tuple[Any, ...]]:
    """What tells the certificates of an enrollment from each other, and what only some have."""
    for network, there in enrollment.networks.items():
        for held in there.held if there else ():
            assert there
            yield (
                enrollment.enrollment_id,
                network,
                held.key_algorithm,
                held is there.primary,
                time(held.chain.not_after),
                there.stapled,
                enrollment.sni_only,
                (enrollment.names if enrollment.clone_dns_names else enrollment.dns_names) or None
                if enrollment.sni_only
                else None,
                "".join(f"{part}\n" for part in (held.leaf, held.trust_chain) if part) or None,
                time(held.chain.not_after) if held.shown else None,
            )


@pytest.mark.parametrize("rolled_up", [True, False])
def test_the_records_are_what_the_account_holds(
    sandbox: Watch, caplog: pytest.LogCaptureFixture, *, rolled_up: bool
) -> None:
    """In a request for each contract or, where that is not known, for each enrollment: the same."""
    caplog.set_level(logging.INFO)
    api = sandbox["akamai"]
    api.rolled_up = rolled_up
    records = read(sandbox)
    assert not records["sync_errors"]
    names = (
        *("enrollment_id", "network", "key_algorithm", "primary_certificate", "expiry", "ocsp_stapled"),
        *("sni_only", "dns_names", "certificate", "x509_not_after"),
    )
    right = [each for enrollment in api.inventory for each in expected_certificates(enrollment)]
    rows = [tuple(row[name] for name in names) for row in records["akamai_certificates"]]
    assert sorted(rows, key=str) == sorted(right, key=str)
    asked = Counter(request.operation for request in sandbox.requests)
    more = {} if rolled_up else {DEPLOYMENTS: 20}
    once = {LIST_CONTRACTS: 1, HOSTNAMES: 1}
    assert asked == {**once, ENROLLMENTS: 2, ACTIVE: 2 if rolled_up else 1, **more}
    info = [
        line
        for line in said(caplog, logging.INFO)
        if f"{DEPLOYMENTS} is asked for each enrollment, within" in line
    ]
    assert len(info) == (not rolled_up)
    # Nor is anything sent that nobody takes.
    assert not [line for line in said(caplog, logging.INFO) if "the provider also sends" in line]


def test_enrollments_and_hostnames_are_what_the_account_holds(sandbox: Watch) -> None:
    """What some lack is null; who has them is not read."""
    api = sandbox["akamai"]
    records = read(sandbox)
    names = ("enrollment_id", "contract_id", "common_name", "clone_dns_names", "auto_renewal_start_time")
    assert [tuple(row[name] for name in names) for row in records["akamai_enrollments"]] == [
        (
            each.enrollment_id,
            each.contract_id,
            each.common_name,
            each.clone_dns_names if each.sni_only else None,
            time(each.renewal),
        )
        for contract in CONTRACTS
        for each in api.inventory
        if each.contract_id == contract
    ]
    assert {
        (row["network"], row["hostname"], row["production_cert_type"]) for row in records["akamai_hostnames"]
    } == {("production", each.name, each.certificate) for each in api.account.hostnames}
    assert "s3cr3t" not in json.dumps(records)


def test_thousands_of_hostnames_are_few_requests() -> None:
    """K + K + ⌈H/500⌉ + 1."""
    with only("akamai", 1100) as sandbox:
        records = read(sandbox)
        assert len({row["hostname"] for row in records["akamai_hostnames"]}) == 1100
        assert len(sandbox.requests) == 2 + 2 + 3 + 1


# Of the pages of 1,100 hostnames: the link to the next, how many are said to be there, and the requests.
PAGES: list[tuple[Callable[[int, int], str | None], int | None, int, int]] = [
    # Offsets may count items or pages: the link knows.
    (lambda offset, _: f"/papi/v1/hostnames?offset={offset + 1}&limit=500", 1100, 500, 3),
    (lambda *_: None, 1100, 500, 3),
    (lambda *_: None, None, 500, 3),
    # The server gives less at once than it is asked for, and has a link on its last page too.
    (lambda offset, size: f"/papi/v1/hostnames?offset={offset + size}", None, 300, 5),
    # As long as a page is full and names the next, there is more than was said; the list is read again.
    (lambda offset, size: f"/papi/v1/hostnames?offset={offset + size}", 500, 500, 6),
    (lambda offset, size: f"/papi/v1/hostnames?offset={offset + size}", 0, 500, 6),
]


@pytest.mark.parametrize(("link", "total", "size", "requests"), PAGES)
def test_hostnames_come_in_pages_of_any_kind(
    sandbox: Watch, link: Callable[[int, int], str | None], total: int | None, size: int, requests: int
) -> None:
    """By links, by a total, or by pages that are not full."""
    in_pages = link(0, 0) == "/papi/v1/hostnames?offset=1&limit=500"

    def page(call: Call, right: Any) -> Any:
        offset = int(call.request.query["offset"])
        start = offset * size if in_pages else offset
        shown = [{"cnameFrom": f"{number}.example.com"} for number in range(start, min(start + size, 1100))]
        told = {"items": shown, "nextLink": link(offset, size), "totalItems": total}
        return {"hostnames": {**right["hostnames"], **told}}

    changed(sandbox, "akamai", HOSTNAMES, page)
    records = read(sandbox)
    assert len(records["akamai_hostnames"]) == 1100
    assert not records["sync_errors"]
    assert sandbox.count(HOSTNAMES) == requests


# Two that are said to be of one kind, in a place for the other one, and what tells them apart.
SAME_KIND = [{"keyAlgorithm": "RSA", "certificate": f"{name}\n"} for name in "ab"]
SUFFIXED = [f"RSA_{hashlib.sha256(name.encode()).hexdigest()[:8]}" for name in ("a", "b")]


@pytest.mark.parametrize(
    ("certificates", "expected"),
    [
        ([{"expiry": "2027-01-01T00:00:00Z"}, {"keyAlgorithm": "RSA"}], ["unknown", "RSA"]),
        ([{"keyAlgorithm": "RSA"}, {"keyAlgorithm": "RSA"}], ["RSA"]),
        ([{}, *SAME_KIND], [*SUFFIXED]),
        ([{}, *SAME_KIND[::-1], SAME_KIND[0]], [*SUFFIXED[::-1]]),
        ([SAME_KIND[0], SAME_KIND[1]], ["RSA", SUFFIXED[1]]),
        ([{"keyAlgorithm": " ", "certificate": "junk"}], ["unknown"]),
        ([{"certificate": None, "trustChain": None}, {}], []),
    ],
)
def test_a_row_always_has_a_key(sandbox: Watch, certificates: list[Any], expected: list[str]) -> None:
    """Where nobody says the kind of a certificate's key, and where two are said to be of one."""
    first, *others = certificates
    network = {"primaryCertificate": first, "multiStackedCertificates": others}

    def odd(_: Call, right: Any) -> Any:
        one, *more = right["enrollments"]
        return {"enrollments": [{**one, "production": network, "staging": None}, *more]}

    changed(sandbox, "akamai", ACTIVE, odd)
    rows = [row for row in read(sandbox)["akamai_certificates"] if row["enrollment_id"] == "10000"]
    assert [row["key_algorithm"] for row in rows] == expected


@pytest.mark.parametrize("pem", [None, "", "MIIB", "-----BEGIN PRIVATE KEY-----\nMIIB\n"])
def test_an_issuer_is_not_taken_for_a_leaf_that_is_missing(sandbox: Watch, pem: str | None) -> None:
    """The end is what the provider says, and what is no certificate has a row that says so."""

    def without_leaf(_: Call, right: Any) -> Any:
        one, *more = right["enrollments"]
        issuer = next(each for each in map(chain_of, right["enrollments"]) if each)
        certificate = {"certificate": pem, "trustChain": issuer, "expiry": "2027-01-01T00:00:00Z"}
        network = {"primaryCertificate": {**certificate, "keyAlgorithm": "RSA"}}
        return {"enrollments": [{**one, "production": network, "staging": None}, *more]}

    changed(sandbox, "akamai", ACTIVE, without_leaf)
    records = read(sandbox, contract_ids=[CONTRACTS[0]])
    (row,) = (row for row in records["akamai_certificates"] if row["enrollment_id"] == "10000")
    assert (row["expiry"], row["certificate"]) == ("2027-01-01T00:00:00Z", None)
    assert not [name for name, value in row.items() if name.startswith("x509_") and value is not None]
    codes = {(error["key"], error["code"]) for error in records["sync_errors"]}
    assert codes == ({("10000/production/RSA", "InvalidCertificate")} if pem else set())


def chain_of(enrollment: Mapping[str, Any]) -> str | None:
    """The certificates above that of an enrollment."""
    chain: str | None = ((enrollment["production"] or {}).get("primaryCertificate") or {}).get("trustChain")
    return chain


def test_an_enrollment_may_be_named_by_its_location_alone(sandbox: Watch) -> None:
    """As the provider's schema allows it; one that is not named at all costs itself."""

    def nameless(_: Call, right: Any) -> Any:
        first, second, *others = right["enrollments"]
        return {"enrollments": [{**first, "id": None}, {**second, "id": None, "location": None}, *others]}

    changed(sandbox, "akamai", ENROLLMENTS, nameless)
    records = read(sandbox, contract_ids=[CONTRACTS[0]])
    assert len(records["akamai_enrollments"]) == 9
    assert [(row["stream"], row["key"]) for row in records["sync_errors"]] == [("akamai_enrollments", "#2")]


# Accounts, contracts and permissions.


@pytest.mark.parametrize("prefix", ["", "ctr_"])
def test_who_may_ask_cps_alone_names_the_contracts(sandbox: Watch, prefix: str) -> None:
    """Then nothing else is asked."""
    sandbox["akamai"].grants = frozenset({"CPS"})
    records = read(sandbox, contract_ids=[f"{prefix}{CONTRACTS[0]}", CONTRACTS[0]], products=["cps"])
    assert not records["sync_errors"]
    assert {row["contract_id"] for row in records["akamai_enrollments"]} == {CONTRACTS[0]}
    assert Counter(request.operation for request in sandbox.requests) == {ACTIVE: 1, ENROLLMENTS: 1}


def test_a_missing_grant_is_named_with_the_way_around_it(sandbox: Watch, tmp_path: Path) -> None:
    """In words for people, without those of the provider that may hold people's data."""
    sandbox["akamai"].grants = frozenset({"CPS"})
    result = run(sandbox, tmp_path)
    assert result.returncode == 1
    expected = (
        "akamai refused ListContracts with pep-authz/deny: Forbidden. The API client lacks the grant "
        "Property Manager (PAPI) READ-ONLY: give it to it. Or name them in akamai.contract_ids, and leave "
        "hostnames out of akamai.products."
    )
    assert result.errors["akamai_certificates", "*"]["message"] == expected
    assert result.errors["akamai_enrollments", "*"]["request_id"]
    message = result.errors["akamai_hostnames", "*"]["message"]
    assert message.endswith("PAPI) READ-ONLY: give it to it. Or leave hostnames out of akamai.products.")


def test_all_streams_are_read_where_no_product_is_named(sandbox: Watch) -> None:
    """The hostnames too, whose grant lists the contracts as well."""
    config = sandbox.config()
    del config["akamai"]["products"]
    assert {"akamai_certificates", "akamai_enrollments", "akamai_hostnames"} <= TapCDNCerts(
        config=config
    ).streams.keys()


def test_a_contract_without_cps_has_nothing(sandbox: Watch, caplog: pytest.LogCaptureFixture) -> None:
    """The others are read; where none has it, it was asked for wrongly."""
    caplog.set_level(logging.INFO)
    sandbox["akamai"].without_cps = frozenset(CONTRACTS[1:])
    for rolled_up in (True, False):
        sandbox["akamai"].rolled_up = rolled_up
        records = read(sandbox)
        assert not records["sync_errors"]
        assert {row["contract_id"] for row in records["akamai_enrollments"]} == {CONTRACTS[0]}
        assert len(records["akamai_certificates"]) == sum(
            len(each.rows) for each in sandbox["akamai"].inventory if each.contract_id == CONTRACTS[0]
        )
    assert [line for line in said(caplog, logging.INFO) if f"{CONTRACTS[1]} has no CPS" in line]
    assert not said(caplog, logging.WARNING)
    # What nobody named is no mistake.
    sandbox["akamai"].without_cps = frozenset(CONTRACTS)
    records = read(sandbox)
    assert not records["sync_errors"]
    assert not records["akamai_enrollments"] + records["akamai_certificates"]
    assert [line for line in said(caplog, logging.WARNING) if "no contract of the account has CPS" in line]
    errors = read(sandbox, contract_ids=[CONTRACTS[1]])["sync_errors"]
    assert {row["key"] for row in errors} == {"*"}
    assert all("check akamai.contract_ids" in row["message"] for row in errors)
    assert [line for line in said(caplog, logging.WARNING) if f"{CONTRACTS[1]} has no CPS" in line]


def test_a_contract_that_is_refused_costs_itself(sandbox: Watch) -> None:
    """Its streams are not complete, and the others' rows are there."""
    records = read(sandbox, contract_ids=["1-NONE", *CONTRACTS])
    assert len(records["akamai_enrollments"]) == 20
    assert len(records["akamai_certificates"]) == len(sandbox["akamai"].keys(ACTIVE))
    errors = {row["stream"]: row for row in records["sync_errors"]}
    assert errors.keys() == {"akamai_enrollments", "akamai_certificates"}
    assert all("contract 1-NONE" in row["message"] and row["key"] == "*" for row in errors.values())


def test_nothing_is_not_an_account(sandbox: Watch) -> None:
    """An API client that sees no contract cannot say that there are no certificates."""
    changed(sandbox, "akamai", LIST_CONTRACTS, lambda *_: {"contracts": {"items": []}})
    codes = {row["stream"]: row["code"] for row in read(sandbox)["sync_errors"]}
    assert codes == dict.fromkeys(("akamai_enrollments", "akamai_certificates"), "NoContracts")


def test_another_account_is_asked_for_in_each_request(sandbox: Watch) -> None:
    """The key is signed as the rest."""
    sandbox["akamai"].switch_key = "1-ABC:1-2RBL"
    sandbox["akamai"].rolled_up = False
    assert not read(sandbox, account_switch_key="1-ABC:1-2RBL")["sync_errors"]
    assert read(sandbox)["sync_errors"]


def edgerc(tmp_path: Path, **without: str) -> str:
    """The path of a file with a section of the credentials, in which some are otherwise."""
    host = {"host": "akab-x.luna.akamaiapis.net/"}
    lines = "".join(f"{name} = {value}\n" for name, value in {**TOKENS, **host, **without}.items() if value)
    path = tmp_path / "edgerc"
    path.write_text(f"; s3cr3t\n[other]\nhost = s3cr3t\n[default]\n{lines}", encoding="utf-8")
    return str(path)


def test_credentials_may_be_in_a_file(sandbox: Watch, tmp_path: Path) -> None:
    """Of the provider's own tools: nothing of it is in any output."""
    config = sandbox.config()
    for name in TOKENS:
        del config["akamai"][name]
    config["akamai"]["edgerc"] = edgerc(tmp_path)
    assert_everything_arrived(sandbox, run(sandbox, tmp_path, config=config))
    edgerc(tmp_path, client_secret="s3cr3t-wrong")
    (line,) = run(sandbox, tmp_path, config=config, secrets=("s3cr3t-wrong",)).logged("ERROR")[:1]
    assert "Check the settings akamai.edgerc and akamai.section." in line
    del config["akamai"]["api_url"]
    settings = TapCDNCerts(config=config).config["akamai"]
    assert AkamaiClient(settings, None).addresses(ACTIVE) == ["https://akab-x.luna.akamaiapis.net"]


def test_a_file_may_name_another_account(sandbox: Watch, tmp_path: Path) -> None:
    """As Akamai's own tools have it; a setting says otherwise."""
    sandbox["akamai"].switch_key = "1-ABC:1-2RBL"
    config = sandbox.config()
    for name in TOKENS:
        del config["akamai"][name]
    config["akamai"]["edgerc"] = edgerc(tmp_path, account_key="1-ABC:1-2RBL")
    assert not run(sandbox, tmp_path, config=config).errors
    config["akamai"]["account_switch_key"] = "1-OTHER:1-2RBL"
    assert run(sandbox, tmp_path, config=config).errors


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"section": "none"}, "which has no section [none]: set akamai.section."),
    ({"section": "other"}, "whose section [other] has no client_token, client_secret, access_token."),
    ({"edgerc": "/nowhere/edgerc"}, "/nowhere/edgerc, which cannot be read: No such file or directory."),
    ({"edgerc": "~nobody-there/edgerc"}, "~nobody-there/edgerc, whose home directory is not known."),
    (
        {"client_token": "s3cr3t"},
        "either edgerc, or client_token, client_secret, access_token: both are given.",
    ),
    ({"edgerc": None}, "akamai.client_token is missing, or akamai.edgerc in place of it."),
    (
        {"contract_ids": [""]},
        "akamai.contract_ids.0 is empty, or holds characters that no such setting has: was it copied whole?",
    ),
    (
        {"contract_ids": ["C-1", " C-1"]},
        "akamai.contract_ids.1 is empty, or holds characters that no such setting has: was it copied whole?",
    ),
]


@pytest.mark.parametrize(("more", "words"), MISTAKES)
def test_a_mistake_in_a_file_is_said(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    """Before any request, and without what is in the file."""
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"akamai": {"edgerc": edgerc(tmp_path), **more}})
    assert [error for error in caught.value.errors if error.endswith(words)], caught.value.errors
    assert "s3cr3t" not in str(caught.value.errors)


IN_FILE = "The host in the file of akamai.edgerc "
ODD = "holds white space, a comment or characters that no such value has."
ODD_VALUES = [
    ("host", "s3cr3t .example.com", f"in section [default] host {ODD}"),
    ("host", "s3cr3t.example.com ; a comment", f"in section [default] host {ODD}"),
    ("access_token", "s3cr3t ; a comment", f"in section [default] access_token {ODD}"),
    ("client_secret", "s3cr3t\n  more", f"in section [default] client_secret {ODD}"),
    ("client_token", "s3cr3t\u20ac", f"in section [default] client_token {ODD}"),
    ("account_key", "s3cr3t ; a comment", f"in section [default] account_key {ODD}"),
    ("account_key", "1\n[default]", "where line 10 says again what is there already."),
    ("account_key", "1\naccount_key = 2", "where line 10 says again what is there already."),
    (
        "host",
        "http://s3cr3t.example.com",
        f"{IN_FILE}has to begin with https://: the keys would be sent for all to read.",
    ),
    ("host", "user:s3cr3t@example.com", f"{IN_FILE}may hold a host, a port and a path, nothing else."),
    ("host", "s3cr3t.example.com:99999", f"{IN_FILE}is not an address such as https://api.example.com."),
    ("host", "s3cr3t.example.com:port", f"{IN_FILE}is not an address such as https://api.example.com."),
    ("host", "[s3cr3t", f"{IN_FILE}is not an address such as https://api.example.com."),
    ("host", "//", f"{IN_FILE}is not an address such as https://api.example.com."),
]


@pytest.mark.parametrize(("name", "value", "words"), ODD_VALUES)
def test_a_value_in_a_file_is_checked_as_a_setting_is(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    """Before any request, and without what it is."""
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"akamai": {"edgerc": edgerc(tmp_path, **{name: value})}})
    (error,) = caught.value.errors
    assert error.endswith(words), error
    assert "akamai.edgerc" in error
    assert "s3cr3t" not in error


@pytest.mark.parametrize(
    "content", ["", "s3cr3t = 1\n", "[default]\ns3cr3t\n", "[default\n", "\xff", "[default]\nhost = s3cr3t\n"]
)
def test_a_file_that_is_none_is_said(tmp_path: Path, content: str) -> None:
    """No more of it than that."""
    path = tmp_path / "edgerc"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"akamai": {"edgerc": str(path)}})
    (error,) = caught.value.errors
    assert str(path) in error
    assert "s3cr3t" not in error


# Errors.


AUTHN, AUTHZ = (f"https://problems.luna.akamaiapis.net/-/{name}" for name in ("pep-authn", "pep-authz"))
SETTINGS = "akamai.client_token and akamai.client_secret and akamai.access_token"
# Of an operation, a status and a problem: how far it reaches, its code, and what of it is said.
MEANINGS: list[tuple[str, int, dict[str, Any], Reach, str, str]] = [
    (
        ACTIVE,
        401,
        {"type": f"{AUTHN}/deny", "title": "Not authorized"},
        Reach.PROVIDER,
        "pep-authn/deny",
        SETTINGS,
    ),
    (
        ACTIVE,
        400,
        {"title": "Bad request", "detail": "Invalid timestamp"},
        Reach.PROVIDER,
        "Bad request",
        "clock",
    ),
    (ACTIVE, 400, {"title": "The Signature is odd"}, Reach.PROVIDER, "The Signature is odd", SETTINGS),
    (ACTIVE, 400, {"title": "Bad request"}, Reach.INACTIVE, "Bad request", "ListActiveCertificates"),
    (ACTIVE, 400, {}, Reach.INACTIVE, "HTTP 400", "HTTP 400"),
    (ACTIVE, 404, {"title": "Not Found"}, Reach.GONE, "Not Found", "HTTP 404"),
    (ACTIVE, 406, {}, Reach.GONE, "HTTP 406", "HTTP 406"),
    (ACTIVE, 500, {"type": "internal_error", "title": "Oops"}, Reach.ATTEMPT, "internal_error", "Oops"),
    (ACTIVE, 503, {}, Reach.ATTEMPT, "HTTP 503", "503"),
    (
        ACTIVE,
        403,
        {"type": f"{AUTHZ}/deny", "title": "Forbidden"},
        Reach.STREAM,
        "pep-authz/deny",
        "CPS READ-ONLY",
    ),
    (
        ENROLLMENTS,
        406,
        {"title": "Nope"},
        Reach.STREAM,
        "Nope",
        "application/vnd.akamai.cps.enrollments.v11+json",
    ),
    (ENROLLMENTS, 404, {"title": "Nope"}, Reach.KEY, "Nope", "Nope"),
    (DEPLOYMENTS, 404, {"type": "about:blank", "title": "Nope"}, Reach.GONE, "Nope", "Nope"),
    (DEPLOYMENTS, 400, {"title": "Nope", "detail": "s3cr3t"}, Reach.KEY, "Nope", "Nope"),
    (HOSTNAMES, 429, {"title": "Quota"}, Reach.THROTTLED, "Quota", "Quota"),
]


@pytest.mark.parametrize(("operation", "status", "problem", "reach", "code", "words"), MEANINGS)
def test_what_an_error_means(
    operation: str, status: int, problem: dict[str, Any], reach: Reach, code: str, words: str
) -> None:
    """Of the provider's words the title alone is said: others may be about people."""
    asking = client("akamai")
    problem = {"instance": "s3cr3t", "clientIp": "192.0.2.1", "requestId": "4ec255bc", **problem}
    headers = CaseInsensitiveDict({"Date": "Mon, 04 May 2026 12:00:00 GMT"})
    error = asking.fail(operation, asking.host(), Answer(status, headers, json.dumps(problem).encode()))
    assert (error.reach, error.code) == (reach, code)
    assert words in error.message
    assert "s3cr3t" not in error.message
    assert error.request_id == ("4ec255bc" if {"type", "title"} & problem.keys() else None)


@pytest.mark.parametrize("header", ["Retry-After", "Retry-After-"])
def test_a_wait_is_asked_for_in_one_of_two_ways(header: str) -> None:
    """As it is, and as the documents write it."""
    assert client("akamai").wait_hint(Answer(429, CaseInsensitiveDict({header: "7"}), b"")) == 7


@pytest.mark.parametrize("status", [500, 503])
def test_a_broken_answer_is_no_reason_to_ask_one_by_one(sandbox: Watch, status: int) -> None:
    """It is asked for again."""
    sandbox.faults.add(Fault("error", ACTIVE, status=status, times=1))
    records = read(sandbox)
    assert not records["sync_errors"]
    assert sandbox.count(DEPLOYMENTS) == 0


def unanswered(status: int) -> Callable[[Call, Any], Any]:
    """What lets the sandbox refuse what is deployed of a contract."""

    def refuse(_: Call, __: Any) -> Any:
        raise RefusedError(status, "refused", "Refused")

    return refuse


def without_names(_: Call, right: Any) -> Any:
    """Enrollments that do not say what they are."""
    return {"enrollments": [{**each, "id": None, "location": None} for each in right["enrollments"]]}


def without_networks(_: Call, right: Any) -> Any:
    """Enrollments that say nothing of what is deployed."""
    hidden = {"production", "staging"}
    return {
        "enrollments": [
            {name: value for name, value in each.items() if name not in hidden}
            for each in right["enrollments"]
        ]
    }


def too_much(_: Call, right: Any) -> Any:
    """More values than any answer may have."""
    return {**right, "more": [[]] * 1_100_000}


NOT_KNOWN: list[tuple[Callable[[Call, Any], Any], str]] = [
    (unanswered(404), "active-certificates.v2+json (HTTP 404)"),
    (unanswered(406), "active-certificates.v2+json (HTTP 406)"),
    (without_names, "No enrollment says what it is"),
    (without_networks, "what is deployed of it"),
    (lambda *_: {"certificates": []}, "enrollments is missing"),
    (lambda *_: {"enrollments": None}, "enrollments is missing"),
    # It has CPS: its enrollments are listed.
    (unanswered(400), "refused ListActiveCertificates with refused: Refused"),
    (too_much, "more than 1,000,000 values"),
]


@pytest.mark.parametrize(("change", "words"), NOT_KNOWN)
def test_a_contract_whose_answer_is_no_use_is_asked_one_by_one(
    sandbox: Watch, caplog: pytest.LogCaptureFixture, change: Callable[[Call, Any], Any], words: str
) -> None:
    """After another one has answered: it alone, and the log says of which and why."""
    caplog.set_level(logging.INFO)

    def of_the_second(call: Call, right: Any) -> Any:
        return change(call, right) if call.request.query["contractId"] == CONTRACTS[1] else right

    changed(sandbox, "akamai", ACTIVE, of_the_second)
    records = read(sandbox)
    assert not records["sync_errors"]
    assert len(records["akamai_certificates"]) == len(sandbox["akamai"].keys(ACTIVE))
    assert (sandbox.count(ACTIVE), sandbox.count(ENROLLMENTS), sandbox.count(DEPLOYMENTS)) == (2, 2, 10)
    (line,) = (line for line in said(caplog, logging.INFO) if f"{DEPLOYMENTS} is asked" in line)
    assert words in line
    assert f"each enrollment of the contract {CONTRACTS[1]}, within" in line


@pytest.mark.parametrize("rolled_up", [True, False])
def test_certificates_that_visitors_show_are_left_out(
    sandbox: Watch, caplog: pytest.LogCaptureFixture, *, rolled_up: bool
) -> None:
    """Where a deployment says of them, too: no field takes them, and nobody is told each day."""
    caplog.set_level(logging.INFO)
    sandbox["akamai"].rolled_up = rolled_up

    def shown(call: Call, right: Any) -> Any:
        deployed = [right] if call.entry.operation == DEPLOYMENTS else right["enrollments"]
        for each in (each[network] for each in deployed for network in ("production", "staging")):
            if each:
                each["networkConfiguration"]["clientMutualAuthentication"] = {"setId": "1"}
        return right

    changed(sandbox, "akamai", ACTIVE if rolled_up else DEPLOYMENTS, shown)
    read(sandbox, contract_ids=[CONTRACTS[0]], products=["cps"])
    assert not [line for line in said(caplog, logging.INFO) if "the provider also sends" in line]


def test_who_only_tests_asks_one_enrollment(sandbox: Watch, tmp_path: Path) -> None:
    """Where each is asked for its own: the limit is that of all who ask."""
    sandbox["akamai"].rolled_up = False
    assert run(sandbox, tmp_path, "--test").returncode == 0
    assert sandbox.count(DEPLOYMENTS) == 1


def test_some_enrollments_that_are_refused_are_rows(sandbox: Watch) -> None:
    """However many, where one before them was read."""
    sandbox["akamai"].rolled_up = False
    ids = [each.enrollment_id for each in sandbox["akamai"].inventory if each.contract_id == CONTRACTS[1]]
    sandbox.faults.add(
        *(Fault("error", DEPLOYMENTS, key=each, status=403, code="pep-authz/deny") for each in ids)
    )
    records = read(sandbox)
    assert {row["key"] for row in records["sync_errors"]} == {*ids}
    assert all("CPS READ-ONLY" in row["message"] for row in records["sync_errors"])


def test_the_version_before_is_asked_for_once(sandbox: Watch) -> None:
    """Where the newest is not known: all others begin with it. Where neither is, the error names them."""
    sandbox["akamai"].rolled_up = False
    sandbox["akamai"].types = {**TYPES, DEPLOYMENTS: V7}
    records = read(sandbox)
    assert not records["sync_errors"]
    assert len(records["akamai_certificates"]) == len(sandbox["akamai"].keys(ACTIVE))
    assert sandbox.count(DEPLOYMENTS) == 20 + 1
    sandbox["akamai"].types = {**TYPES, DEPLOYMENTS: V9}
    messages = {row["message"] for row in read(sandbox)["sync_errors"]}
    assert all(f"{V7[:-6]}8+json or {V7} any more" in message for message in messages)


def test_a_contract_that_does_not_say_what_it_is_costs_itself(sandbox: Watch) -> None:
    """The others are read; who reads the rows knows that one is missing. One that is listed twice is one."""

    def odd(_: Call, right: Any) -> Any:
        first, *others = right["contracts"]["items"]
        return {"contracts": {"items": [first, {"contractId": None}, first, *others]}}

    changed(sandbox, "akamai", LIST_CONTRACTS, odd)
    records = read(sandbox)
    assert len(records["akamai_enrollments"]) == 20
    assert (sandbox.count(ENROLLMENTS), sandbox.count(ACTIVE)) == (2, 2)
    errors = {row["stream"]: row for row in records["sync_errors"]}
    assert errors.keys() == {"akamai_enrollments", "akamai_certificates"}
    assert {row["operation"] for row in errors.values()} == {LIST_CONTRACTS}
    assert all("contract #2" in row["message"] for row in errors.values())


NOTHING = [None, "", [], {}, {"primaryCertificate": [], "multiStackedCertificates": ""}]


@pytest.mark.parametrize(("empty", "rolled_up"), [*((each, True) for each in NOTHING), ("", False)])
def test_nothing_is_deployed_however_it_is_written(sandbox: Watch, empty: Any, *, rolled_up: bool) -> None:
    """Null, or empty of any type; what else is no network costs that one alone."""
    api = sandbox["akamai"]
    api.rolled_up = rolled_up
    enrollment = next(each for each in api.inventory if each.production and each.staging)
    mine, others = f"{enrollment.enrollment_id}/production/", f"{enrollment.enrollment_id}/staging/"

    def written(staging: Any) -> tuple[list[str], list[str]]:
        def change(call: Call, right: Any) -> Any:
            if call.entry.operation == DEPLOYMENTS:
                return {**right, "staging": staging} if call.entry.key == enrollment.enrollment_id else right
            return {
                "enrollments": [
                    {**each, "staging": staging} if str(each["id"]) == enrollment.enrollment_id else each
                    for each in right["enrollments"]
                ]
            }

        changed(sandbox, "akamai", ACTIVE if rolled_up else DEPLOYMENTS, change)
        records = read(sandbox, products=["cps"])
        rows = [
            f"{row['enrollment_id']}/{row['network']}/{row['key_algorithm']}"
            for row in records["akamai_certificates"]
        ]
        return rows, [row["key"] for row in records["sync_errors"]]

    rows, failed = written(empty)
    assert not failed
    assert sorted(rows) == sorted(row for row in api.keys(ACTIVE) if not row.startswith(others))
    rows, failed = written("s3cr3t")
    assert failed == [others.rstrip("/")]
    assert [row for row in rows if row.startswith(mine)]


# One by one.


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the sandbox know no list of what is deployed, so that each enrollment is asked for its own."""
    monkeypatch.setattr(Akamai, "rolled_up", False)
    monkeypatch.setattr(Akamai, "nested", {DEPLOYMENTS: ENROLLMENTS})
    (stream,) = (each for each in streams("akamai") if each.name == "akamai_certificates")
    monkeypatch.setattr(stream, "other_operations", (LIST_CONTRACTS, DEPLOYMENTS))


NESTED: list[Callable[..., None]] = [
    nested.test_one_key_refused_is_one_row,
    nested.test_a_stream_of_which_no_list_can_be_read_is_not_complete,
    nested.test_a_stopped_sync_is_not_complete_and_the_next_one_is,
    nested.test_a_gigabyte_is_not_held,
]


@pytest.mark.usefixtures("one_by_one")
@pytest.mark.parametrize("test", NESTED, ids=lambda test: test.__name__)
def test_one_by_one_they_are_as_any_nested_list(tmp_path: Path, test: Callable[..., None]) -> None:
    """An enrollment that fails is a row, and the others are read."""
    more = {"strict": False} if test is nested.test_one_key_refused_is_one_row else {}
    test(tmp_path, "akamai", DEPLOYMENTS, **more)


def test_junk_costs_its_enrollment(sandbox: Watch) -> None:
    """In any place, in each of the ways to be asked."""
    api = sandbox["akamai"]
    fullest = max(api.inventory, key=lambda each: len(each.rows))
    right = {name: deployment(fullest, there) for name, there in fullest.networks.items()}
    tap = TapCDNCerts(config=sandbox.config())
    wrong = [each for each in mutations(right, step=2) if isinstance(each, dict)]
    for answer in wrong:
        read_all(tap.streams, answer)
    # Each second enrollment has one thing wrong.
    ids = api.inventory.keys()
    odd = dict(zip(ids[::2], wrong[:: len(wrong) // 10], strict=False))

    def spoil(_: Call, tree: Any) -> Any:
        return {"enrollments": [{**each, **odd.get(str(each["id"]), {})} for each in tree["enrollments"]]}

    changed(sandbox, "akamai", ACTIVE, spoil)
    records = read(sandbox)
    others = {row for each in api.inventory for row in each.rows if each.enrollment_id not in odd}
    rows = {
        f"{row['enrollment_id']}/{row['network']}/{row['key_algorithm']}"
        for row in records["akamai_certificates"]
    }
    assert others <= rows
    failed = {row["key"].partition("/")[0] for row in records["sync_errors"]}
    assert failed
    assert failed <= odd.keys()


def test_an_answer_about_something_else_is_not_nothing(sandbox: Watch) -> None:
    """What says neither of production nor of staging does not say that nothing is deployed."""
    sandbox["akamai"].rolled_up = False
    changed(sandbox, "akamai", DEPLOYMENTS, lambda *_: {"deployments": []})
    records = read(sandbox)
    assert not records["akamai_certificates"]
    assert {row["code"] for row in records["sync_errors"]} == {"InvalidValue"}
    assert {row["operation"] for row in records["sync_errors"]} == {DEPLOYMENTS}
    changed(sandbox, "akamai", DEPLOYMENTS, lambda *_: {"production": None})
    records = read(sandbox)
    assert not records["akamai_certificates"]
    assert not records["sync_errors"]


# A two-hundredth of the seconds that the provider counts in.
SCALE = 200


def test_500_enrollments_one_by_one_are_within_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which nest: nothing is refused, and little time is lost."""
    scaled = {
        name: Limit(limit.requests, limit.period and limit.period / SCALE, limit.operations)
        for name, limit in AkamaiClient.rate_limits.items()
    }
    monkeypatch.setattr(AkamaiClient, "rate_limits", scaled)
    limits = {name: Enforced(n, seconds / SCALE, of) for name, (n, seconds, of, _) in Akamai.limits.items()}
    with only("akamai", 500, limits=limits) as sandbox:
        sandbox["akamai"].rolled_up = False
        records = read(sandbox)
        assert not records["sync_errors"]
        assert {row["enrollment_id"] for row in records["akamai_certificates"]} == {
            each.enrollment_id for each in sandbox["akamai"].inventory if each.rows
        }
        assert sandbox.count(DEPLOYMENTS) == 500
        assert sandbox.refused == 0
        most = sandbox["akamai"].most()
        assert all(most[name] <= limit.requests for name, limit in limits.items())
        times = [
            request.time for request in sandbox.requests if request.operation in limits["CPS"].operations
        ]
        assert times[-1] - times[0] >= (len(times) // 35 - 1) * 60 / SCALE


def test_prism_finds_nothing_wrong(sandbox: Watch, tmp_path: Path) -> None:
    """Between the tap and the sandbox, by the provider's own description of CPS."""
    api = sandbox["akamai"]
    # It has no ListActiveCertificates, and ListDeployments in the version before.
    api.types = {**TYPES, DEPLOYMENTS: V7}
    described = tmp_path / "cps.json"
    whole = json.loads(description("akamai_cps.json").read_text(encoding="utf-8"))
    paths = {f"/cps/v2{path}": what for path, what in whole["paths"].items()}
    described.write_text(json.dumps({**whole, "paths": paths}), encoding="utf-8")
    for each in list(api.inventory):
        # In its schema, identifiers are texts, and both networks have a certificate whose key's kind is said.
        each.number *= 2
        if not all(there and there.primary and there.primary.algorithm for there in each.networks.values()):
            api.inventory.remove(each.enrollment_id)
    assert len(api.inventory) > 8

    def without_slots(_: Call, right: Any) -> Any:
        # Its own example has them, its schema has not.
        for each in right["enrollments"]:
            del each["slots"]
        return right

    changed(sandbox, "akamai", ENROLLMENTS, without_slots)
    # A signature is for the address that was asked.
    api.authenticate = lambda _: None  # type: ignore[method-assign]
    api.asked_for = ["cps"]
    with proxy(described, api.url) as url:
        config = sandbox.config()
        config["akamai"] |= {"api_url": url, "contract_ids": [*CONTRACTS]}
        assert_everything_arrived(sandbox, run(sandbox, tmp_path, config=config, timeout=60))
    # The one more, in the version that it does not describe, it passes on as well.
    assert sandbox.count(DEPLOYMENTS) == len(api.inventory) + 1
