"""Answers that no provider sends, but something that wants to do harm may."""

from __future__ import annotations

import gzip
import json
import os
import threading
import zlib
from contextlib import suppress
from copy import deepcopy
from socketserver import BaseRequestHandler, TCPServer
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from watched import Watch, WatchedRun, run

from fuzz.answers import read_all
from sandbox import Fault
from tap_cdn_certs.api.answer import Answer, parse_json
from tap_cdn_certs.errors import APIError
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.providers.cdnetworks.certificates import CST
from tap_cdn_certs.records import values
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DOMAINS = "DescribeUserDomains"
INFO = "DescribeDomainCertificateInfo"
HTTPS = "DescribeCdnHttpsDomainList"
LIST = "QueryCertificateList"
DETAIL = "QueryCertificate"
MAX_MEMORY = 300  # MiB

# In place of anything that an answer holds.
JUNK = (
    None,
    True,
    0,
    -1,
    2**53 + 1,
    10**90,
    1.5,
    "",
    " ",
    "x",
    "a\0b",
    "\ud800",
    "\x1b[31m\nline",
    "-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----",
    [],
    {},
    [None],
    [[]],
    [{"a": []}],
    {"a": {"b": [1]}},
)


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """A sandbox without limits."""
    with Watch(alicloud={"size": 40}, cdnetworks={"size": 6}) as sandbox:
        yield sandbox


def only(sandbox: Watch, provider: str) -> dict[str, Any]:
    """The configuration of one provider."""
    return {provider: sandbox.config()[provider]}


def assert_refused(
    result: WatchedRun, stream: str, key: str, words: str, code: str = "HostileAnswer"
) -> None:
    """The row says what was wrong; the rest arrived, in bounded memory."""
    row = result.errors[stream, key]
    assert row["code"] == code
    assert words in row["message"]
    assert result.peak_memory < MAX_MEMORY


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lolololololololol">%s]>
<ssl-certificates><ssl-certificate><certificate-id>&j;</certificate-id></ssl-certificate></ssl-certificates>
""" % b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 20) for n in range(9))


def documents(url: str, file: Path) -> dict[str, tuple[bytes, str]]:
    """Documents in XML that should not be parsed, and what is said of them."""
    item = b"<ssl-certificate><certificate-id>&x;</certificate-id></ssl-certificate>"
    inner = b"<ssl-certificates>" + item + b"</ssl-certificates>"
    entity = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "%s">]>' + inner
    parameter = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY %% x SYSTEM "%s"> %%x;]>' + inner
    attribute = b'<!DOCTYPE r [<!ENTITY a "%s">]><ssl-certificates x="%s"/>' % (b"a" * 1000, b"&a;" * 900)
    namespace = b'xmlns:xi="http://www.w3.org/2001/XInclude"'
    includes = b'<ssl-certificates %s><xi:include href="%s"/></ssl-certificates>'
    doctype = "has a document type"
    http, local = url.encode(), file.as_uri().encode()
    return {
        "bomb": (BOMB, doctype),
        "bomb in UTF-16": (
            BOMB.decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16"),
            doctype,
        ),
        "quadratic": (BOMB.replace(b"lolololololololol", b"a" * 100_000), doctype),
        "attribute": (attribute, doctype),
        "entity over HTTP": (entity % http, doctype),
        "entity of a file": (entity % local, doctype),
        "parameter entity over HTTP": (parameter % http, doctype),
        "parameter entity of a file": (parameter % local, doctype),
        "external DTD": (b'<!DOCTYPE r SYSTEM "%s"><ssl-certificates/>' % http, doctype),
        "external DTD of a file": (b'<!DOCTYPE r SYSTEM "%s"><ssl-certificates/>' % local, doctype),
        "harmless DTD": (b"<!DOCTYPE ssl-certificates><ssl-certificates/>", doctype),
        "deep": (b"<ssl-certificates>" + b"<a>" * 100_000, "nested too deeply"),
        "deep and whole": (
            b"<ssl-certificates>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</ssl-certificates>",
            "nested too deeply",
        ),
        "many": (b"<ssl-certificates>" + b"<a/>" * 2_000_000 + b"</ssl-certificates>", "values"),
        "many attributes": (
            b"<ssl-certificates " + b" ".join(b'a%d=""' % n for n in range(1_100_000)) + b"/>",
            "values",
        ),
        "JSON, deep": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        "JSON, deep objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        "JSON, many": (b'{"a":[' + b"[]," * 2_000_000 + b"[]]}", "values"),
        "JSON, 5,000 digits": (b'{"a":' + b"9" * 5000 + b"}", "5,000 digits"),
        "XInclude": (includes % (namespace, http), ""),
    }


def test_no_document_does_harm(tmp_path: Path) -> None:
    """Each is refused at once or read as nothing: no file, no network, little memory, a row that says why."""
    visits: list[object] = []

    class Visit(BaseRequestHandler):
        def handle(self) -> None:
            visits.append(self.client_address)

    # A reader of this would wait for ever.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with TCPServer(("127.0.0.1", 0), Visit) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        bodies = documents(f"http://127.0.0.1:{server.server_address[1]}/evil.dtd", pipe)
        harmless = bodies.pop("XInclude")[0]
        with Watch(alicloud={"size": 1}, cdnetworks={"size": len(bodies) * 3}) as sandbox:
            certificates = sandbox["cdnetworks"].inventory.keys()
            # Between each and the next two that are right: many in a row would be a failure of the stream.
            for key, (body, _) in zip(certificates[::3], bodies.values(), strict=True):
                sandbox.faults.add(Fault("body", DETAIL, key, body=body))
            result = run(sandbox, tmp_path, config=only(sandbox, "cdnetworks"))
            assert result.returncode == 0
            assert len(result.errors) == len(bodies)
            # A detail may hold less than a list.
            for key, (_, words) in zip(certificates[::3], bodies.values(), strict=True):
                message = result.errors["ssl_certificate", key]["message"]
                assert result.errors["ssl_certificate", key]["code"] == "HostileAnswer"
                assert words in message or "2 MiB" in message or "values" in message
                assert sandbox.count(DETAIL, key) == 1
            for name, (body, words) in {**bodies, "XInclude": (harmless, "")}.items():
                sandbox.faults.clear()
                sandbox.faults.add(Fault("body", LIST, body=body))
                error = None
                try:
                    _client("cdnetworks").parse(Answer(200, CaseInsensitiveDict(), body))
                except APIError as raised:
                    error = raised
                assert (error.code if error else "") == ("HostileAnswer" if words else ""), name
                assert words in (error.message if error else "")
        server.shutdown()
    assert not visits


@pytest.mark.parametrize("name", ["bomb", "many", "JSON, many", "JSON, deep", "many attributes"])
def test_a_list_that_does_harm_is_refused_in_little_memory(sandbox: Watch, tmp_path: Path, name: str) -> None:
    """Both streams of the account are refused, the other account's arrive."""
    body, words = documents("http://127.0.0.1:1/", tmp_path)[name]
    sandbox.faults.add(Fault("body", LIST, body=body))
    result = run(sandbox, tmp_path)
    assert result.returncode == 1
    assert_refused(result, "cdnetworks_certificates", "*", words)
    assert_refused(result, "ssl_certificate", "*", words)
    assert len(result.records["certificate_info"]) == 40


# Answers of a gigabyte.
TOO_LARGE: dict[str, Callable[[], dict[str, Any]]] = {
    "plain": lambda: {"kind": "oversized"},
    "gzip": lambda: compressed(gzip.compress(b" " * 2**26) * 16, "gzip"),
    "gzip of gzip": lambda: compressed(gzip.compress(one_stream(b" " * 2**26, 16)), "gzip, gzip"),
}


def one_stream(block: bytes, times: int) -> bytes:
    """A block again and again as one stream of gzip, without its end."""
    stream = zlib.compressobj(wbits=31)
    first, again = (stream.compress(block) + stream.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * (times - 1)


def compressed(body: bytes, encoding: str) -> dict[str, Any]:
    """The fault that gives a compressed body."""
    return {"kind": "body", "body": body, "headers": {"Content-Encoding": encoding}}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_gigabyte_is_not_held(tmp_path: Path, name: str) -> None:
    """From each of 100 domains, 32 at once, and from both lists: refused, in less than 300 MB."""
    options = TOO_LARGE[name]()
    with Watch(alicloud={"size": 100}, cdnetworks={"size": 6}) as sandbox:
        sandbox.faults.add(Fault(operation=INFO, **options), Fault(operation=LIST, **options))
        result = run(sandbox, tmp_path)
    assert result.returncode == 1
    assert_refused(result, "certificate_info", "*", "MiB")
    assert_refused(result, "cdnetworks_certificates", "*", "MiB")
    assert len(result.records["alicloud_domains"]) == 100


def test_answers_just_within_the_sizes_are_held_in_little_memory(tmp_path: Path) -> None:
    """The first domain's answer drips, and all that wait behind it are as large as may be."""
    item = {"Unknown": "x" * (250 * 1024), "Others": [{"a": 1}] * 400}
    body = json.dumps({"CertInfos": {"CertInfo": [item]}})
    with Watch(alicloud={"size": 700}, cdnetworks={"size": 1}) as sandbox:
        # Of one delivery and one content, the delivery comes last.
        sandbox.faults.add(Fault("body", INFO, body=body), Fault("slow", INFO, "www.example.com", seconds=8))
        result = run(sandbox, tmp_path, config=only(sandbox, "alicloud"))
    assert result.returncode == 0
    assert result.peak_memory < MAX_MEMORY
    assert len(result.records["certificate_info"]) == 700


def test_large_lists_are_read_in_little_memory(tmp_path: Path) -> None:
    """A list of 8,000 certificates, which is more than an account has."""
    with Watch(alicloud={"size": 1}, cdnetworks={"size": 8000}) as sandbox:
        config = only(sandbox, "cdnetworks")
        config["cdnetworks"]["max_details"] = 0
        result = run(sandbox, tmp_path, config=config)
    assert result.returncode == 0
    assert len(result.records["ssl_certificate"]) == 8000
    assert result.peak_memory < MAX_MEMORY


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a tree of objects and lists, the root first."""
    yield path
    branches = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, branch in branches:
        yield from places(branch, (*path, name))


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The tree with another value in a place."""
    if not path:
        return value
    tree = deepcopy(tree)
    branch = tree
    for name in path[:-1]:
        branch = branch[name]
    branch[path[-1]] = value
    return tree


ANSWERS: dict[str, Any] = {
    INFO: {
        "RequestId": "R",
        "CertInfos": {
            "CertInfo": [
                {
                    "DomainName": "www.example.com",
                    "CertName": "name",
                    "CertId": "1",
                    "CertType": "cas",
                    "CertRegion": "cn-hangzhou",
                    "CertDomainName": "www.example.com",
                    "CertOrg": "Org",
                    "CertLife": "3 months",
                    "CertStartTime": "2026-01-01T00:00:00Z",
                    "CertExpireTime": "2026-04-01T00:00:00Z",
                    "CertUpdateTime": "2026-01-01T00:00:00Z",
                    "Status": "success",
                    "DomainCnameStatus": "ok",
                    "ServerCertificateStatus": "on",
                    "ServerCertificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
                }
            ]
        },
    },
    DOMAINS: {
        "TotalCount": 1,
        "PageNumber": 1,
        "Domains": {
            "PageData": [
                {
                    "DomainName": "www.example.com",
                    "DomainId": 1,
                    "Cname": "c.example.com",
                    "CdnType": "web",
                    "DomainStatus": "online",
                    "GmtCreated": "2026-01-01T00:00:00Z",
                    "GmtModified": "2026-01-01T00:00Z",
                    "Description": "d",
                    "SourceType": "ipaddr",
                    "SslProtocol": "on",
                    "ResourceGroupId": "rg",
                    "Sandbox": "normal",
                    "Coverage": "global",
                    "Sources": {
                        "Source": [
                            {
                                "Type": "ipaddr",
                                "Content": "192.0.2.1",
                                "Port": 80,
                                "Priority": "20",
                                "Weight": "10",
                            }
                        ]
                    },
                }
            ]
        },
    },
    HTTPS: {
        "TotalCount": 1,
        "CertInfos": {
            "CertInfo": [
                {
                    "DomainName": "www.example.com",
                    "CertName": "name",
                    "CertCommonName": "www.example.com",
                    "CertType": "cas",
                    "CertStatus": "ok",
                    "CertStartTime": "2026-01-01 00:00:00",
                    "CertExpireTime": "2026-04-01 00:00:00",
                    "CertUpdateTime": "2026-01-01 00:00:00",
                }
            ]
        },
    },
    DETAIL: {
        "name": "n",
        "comment": "c",
        "share-ssl": "true",
        "certificate-validity-from": "2026-01-01 00:00:00",
        "certificate-validity-to": "2026-04-01 24:00:00",
        "certificate-serial": "00ab",
        "certificate-issuer": "CN=I",
        "crt-md5": "1",
        "key-md5": "2",
        "ca-md5": "3",
        "dns-names": ["a.example.com", "b.example.com"],
        "related-domains": [{"domain-id": 1, "domain-name": "a.example.com"}],
        "certificate-update-time": "2026-01-01 00:00:00",
    },
}
ANSWERS[LIST] = {"ssl-certificates": [{"certificate-id": "1", **ANSWERS[DETAIL]}]}


def mutations(operation: str) -> list[Any]:
    """The answer with each kind of junk in each of its places."""
    return [
        replaced(ANSWERS[operation], place, junk) for place in places(ANSWERS[operation]) for junk in JUNK
    ]


@pytest.mark.parametrize("operation", [INFO, DETAIL])
def test_junk_in_any_place_of_a_detail_is_one_row(tmp_path: Path, operation: str) -> None:
    """Each domain, or certificate, gets an answer with one thing wrong: a record, or a row that says what."""
    answers = mutations(operation)
    # Many in a row that are wrong would be a failure of the stream.
    step = 2
    info = operation == INFO
    count = step * len(answers)
    with Watch(alicloud={"size": count if info else 1}, cdnetworks={"size": 1 if info else count}) as sandbox:
        keys = sandbox["alicloud"].inventory.keys() if info else sandbox["cdnetworks"].inventory.keys()
        faults = {
            key: Fault("body", operation, key, body=json.dumps(body), content_type="application/json")
            for key, body in zip(keys[::step], answers, strict=True)
        }
        # A look-up by key: the sandbox tries all its faults at each request.
        of = sandbox.faults.of
        sandbox.faults.of = lambda request, **how: (  # type: ignore[method-assign]
            [faults[request.key]] if request.key in faults else of(request, **how)
        )
        provider, stream = ("alicloud", "certificate_info") if info else ("cdnetworks", "ssl_certificate")
        result = run(sandbox, tmp_path, config=only(sandbox, provider), timeout=90)
        assert result.returncode == 0
        counts = result.syncs[stream]
        assert counts["complete"]
        assert counts["listed"] == count
        assert counts["read"] + counts["without_certificate"] + counts["failed"] == count
        assert counts["failed"] > len(answers) / 4
        codes = {row["code"] for row in result.records["sync_errors"]}
        assert codes <= {"InvalidValue", "InvalidCertificate"} | {
            row["code"] for row in result.records["sync_errors"] if "Code" in row["message"]
        }
        assert result.peak_memory < MAX_MEMORY


@pytest.mark.parametrize("operation", [DOMAINS, LIST])
def test_junk_in_any_item_of_a_list_is_one_row(tmp_path: Path, operation: str) -> None:
    """A list with all the wrong items at once, and right ones between them: those arrive."""
    tree = ANSWERS[operation]
    path = ("Domains", "PageData") if operation == DOMAINS else ("ssl-certificates",)
    item = tree
    for name in (*path, 0):
        item = item[name]
    name = "DomainName" if operation == DOMAINS else "certificate-id"
    items = []
    for number, (place, junk) in enumerate((place, junk) for place in places(item) for junk in JUNK):
        right = {**item, name: f"right-{number}.example.com"}
        wrong = replaced({**item, name: f"wrong-{number}.example.com"}, place, junk)
        items += [right, wrong]
    body = json.dumps(replaced({**tree, "TotalCount": len(items)}, path, items))
    provider = "alicloud" if operation == DOMAINS else "cdnetworks"
    stream = "alicloud_domains" if operation == DOMAINS else "cdnetworks_certificates"
    with Watch(alicloud={"size": 1}, cdnetworks={"size": 1}) as sandbox:
        sandbox.faults.add(Fault("body", operation, body=body, content_type="application/json"))
        config = only(sandbox, provider)
        if provider == "cdnetworks":
            config[provider]["max_details"] = 0
        result = run(sandbox, tmp_path, config=config)
    assert result.returncode == 0
    keys = result.by_key(stream).keys()
    assert {f"right-{number}.example.com" for number in range(len(items) // 2)} <= keys
    assert result.syncs[stream]["complete"]
    assert result.syncs[stream]["failed"] > 50
    for row in result.records["sync_errors"]:
        if row["stream"] == stream:
            assert row["code"] == "InvalidValue"


def test_a_body_that_is_odd_as_a_whole_is_a_record_or_a_row(sandbox: Watch, tmp_path: Path) -> None:
    """What is not JSON is asked for again: something in between may have spoilt it. What is, is not."""
    bodies = {
        b'{"CertInfos": {"CertInfo": [{"CertName": "\xff\xfe"}]}}': "again",
        b'{"CertInfos": {"CertInfo": [{"CertName": "a': "again",
        b"\0" * 100: "again",
        b"": "again",
        b"null": "row",
        b'"text"': "row",
        b"[]": "row",
        b"12": "row",
        b"NaN": "row",
        b'{"CertInfos": Infinity}': "row",
        b'{"CertInfos": {"CertInfo": [{"CertId": NaN}]}}': "row",
        b'{"CertInfos": {"CertInfo": [{"CertId": 1e999}]}}': "row",
        b'{"CertInfos": {"CertInfo": [{"CertName": 1, "CertName": "last"}]}}': "record",
        "\ufeff{}".encode(): "record",
        "{}".encode("utf-16"): "record",
        '{"CertInfos": {"CertInfo": [{"CertName": "\udc80"}]}}'.encode("utf-8", "surrogatepass"): "row",
    }
    keys = sandbox["alicloud"].inventory.keys()
    for key, body in zip(keys, bodies, strict=False):
        sandbox.faults.add(Fault("body", INFO, key, times=1, body=body))
    result = run(sandbox, tmp_path, config=only(sandbox, "alicloud"))
    assert result.returncode == 0
    assert result.syncs["certificate_info"]["complete"]
    for key, became in zip(keys, bodies.values(), strict=False):
        assert sandbox.count(INFO, key) == 1 + (became == "again")
        assert (("certificate_info", key) in result.errors) == (became == "row")
        assert (key in result.by_key("certificate_info")) == (became != "row")


def test_names_that_are_not_text_are_rows_of_every_stream(sandbox: Watch, tmp_path: Path) -> None:
    """NUL and half a surrogate pair in a domain's name: no request is made of it, and its log is one line."""
    names = {
        "www.example.com": "a\0b",
        ".example.com": "\ud800",
        "many.example.net": "red\x1b[31m\nline",
        "ip.example.net": 12,
    }
    for name, value in names.items():
        sandbox.faults.add(Fault("field", DOMAINS, field="DomainName", value=value, item=name))
    result = run(sandbox, tmp_path, config=only(sandbox, "alicloud"))
    assert result.returncode == 0
    assert {key for _, key in result.errors} == {"#1", "#2"}
    assert all("not text" in row["message"] for row in result.errors.values())
    assert "red\x1b[31m\nline" in result.by_key("alicloud_domains")
    assert "12" in result.by_key("alicloud_domains")
    assert "\x1b" not in result.stderr
    assert {request.key for request in sandbox.requests} >= {"red\x1b[31m\nline", "12"}


def test_a_certificate_twice_in_the_list_is_read_once(sandbox: Watch, tmp_path: Path) -> None:
    """Its requests cost half a minute each."""
    sandbox.faults.add(Fault("field", LIST, field="certificate-id", value="100166", item="100173"))
    result = run(sandbox, tmp_path, config=only(sandbox, "cdnetworks"))
    assert result.returncode == 0
    assert len(result.records["ssl_certificate"]) == len(result.records["cdnetworks_certificates"]) == 5
    assert sandbox.count(DETAIL) == 5


@pytest.mark.parametrize("provider", ["alicloud", "cdnetworks"])
def test_junk_in_an_error_is_one_line(provider: str) -> None:
    """An error with any type in any of its places is an error in one line, and not endless."""
    errors = [
        {"Code": "Odd", "Message": "m", "RequestId": "r", field: junk}
        for field in ("Code", "Message", "RequestId")
        for junk in JUNK[7:]
    ]
    if provider == "cdnetworks":
        errors = [{name.lower(): value for name, value in error.items()} for error in errors]
    for error in errors:
        answer = Answer(400, CaseInsensitiveDict({"Date": "now"}), json.dumps(error).encode())
        raised = _failed(provider, answer)
        for text in (raised.code, raised.message, raised.request_id or ""):
            assert text.isprintable()
            assert len(text) < 1500
    deep = b'{"Code":' + b'{"a":' * 800 + b"1" + b"}" * 801
    assert _failed(provider, Answer(400, CaseInsensitiveDict(), deep)).code
    endless = json.dumps({"Code": "a " * 2**20, "code": "a " * 2**20, "Message": "b " * 2**20}).encode()
    assert len(str(_failed(provider, Answer(400, CaseInsensitiveDict(), endless)))) < 2000


def _failed(provider: str, answer: Answer) -> APIError:
    client = _client(provider)
    error: APIError = client.fail("Operation", client.host(), answer)
    return error


def _client(provider: str) -> Any:
    settings = {"api_url": "http://127.0.0.1", "rate_limit_requests": 1, "rate_limit_period": 1}
    credentials = {"access_key_id": "a", "access_key_secret": "b", "domains": [], "certificate_ids": []}
    return PROVIDERS[provider].CLIENT({**settings, **credentials}, Event())


# From here on: the parsers and what makes the records, with whatever there is.

CDNETWORKS = _client("cdnetworks")
TAP = TapCDNCerts(
    config={
        "alicloud": {"access_key_id": "a", "access_key_secret": "b", "api_url": "http://127.0.0.1:1"},
        "cdnetworks": {"access_key_id": "a", "access_key_secret": "b", "api_url": "http://127.0.0.1:1"},
    }
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.sampled_from([junk for junk in JUNK if not isinstance(junk, list | dict)]),
    st.datetimes().map(str),
    st.from_regex(r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z|\+\d\d:\d\d)?\Z"),
)


def shaped(tree: Any) -> st.SearchStrategy[Any]:
    """Trees that are more or less like one."""
    if isinstance(tree, dict):
        fields = st.fixed_dictionaries({}, optional={name: shaped(branch) for name, branch in tree.items()})
        return fields | JSON
    if isinstance(tree, list):
        return st.lists(shaped(tree[0]), max_size=3) | JSON
    return st.just(tree) | SCALARS


JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("operation", ANSWERS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_whatever_an_answer_holds_is_a_record_or_an_error(operation: str, data: st.DataObject) -> None:
    """Anything of about the shape of an answer gives records that every warehouse takes, or an APIError."""
    read_all(
        TAP.streams, data.draw(shaped(ANSWERS[operation]).filter(lambda answer: isinstance(answer, dict)))
    )


@pytest.mark.parametrize("operation", ANSWERS)
def test_junk_in_any_place_is_a_record_or_an_error(operation: str) -> None:
    """One thing wrong, of each kind, in each place."""
    for answer in mutations(operation):
        if isinstance(answer, dict):
            read_all(TAP.streams, answer)


@settings(deadline=None)
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":' * 900 + b"1" + b"}" * 900)
@example(b"-" + b"9" * 101)
def test_whatever_bytes_arrive_json_is_an_object_or_an_error(content: bytes) -> None:
    """Anything else than an object is an APIError."""
    with suppress(APIError):
        assert isinstance(parse_json(content), dict)


XML = st.recursive(
    st.text().map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))
    | st.sampled_from(["&x;", "&#0;", "<![CDATA[<]]>", "<!-- -->", "<?p i?>"]),
    lambda inner: st.builds(
        "<{0}{1}>{2}</{0}>".format,
        st.sampled_from(
            [
                "ssl-certificates",
                "ssl-certificate",
                "certificate-id",
                "dns-names",
                "related-domains",
                "domain-id",
                "x:name",
                "name",
                "code",
            ]
        ),
        st.sampled_from(["", ' a="b"', ' xmlns="http://example.com/"', ' xmlns:x="urn:x"']),
        st.lists(inner, max_size=3).map("".join),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.binary()
    | XML.map(str.encode)
    | st.tuples(st.sampled_from(["UTF-8", "UTF-16", "GBK", "UTF-7", "x"]), XML).map(
        lambda pair: f'<?xml version="1.0" encoding="{pair[0]}"?>{pair[1]}'.encode(
            "utf-16" if pair[0] == "UTF-16" else "utf-8"
        )
    )
)
@example(b'<ssl-certificates xmlns="urn:x"><ssl-certificate/></ssl-certificates>')
@example(b"<response><code>&#xD800;</code></response>")
@example(b"<ssl-certificate><a::b>1</a::b></ssl-certificate>")
def test_whatever_bytes_arrive_xml_is_an_object_or_an_error(content: bytes) -> None:
    """Anything else than the provider's documents is an APIError; what they hold is records or errors."""
    with suppress(APIError):
        value = CDNETWORKS.parse(Answer(200, CaseInsensitiveDict(), content))
        CDNETWORKS.refusal(value)
        read_all(TAP.streams, value)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())) | st.from_regex(r"\A[-+PTWZ0-9:./, ]{1,40}\Z"))
@example("P1Y")
@example("2026-01-01/2026-01-02")
@example("0001-01-01T00:00:00+14:00")
@example("9999-12-31T23:59:59-12:00")
@example("9999-12-31 24:00:00")
@example("1" * 100_000)
@example("now")
@example("2026-W01-1")
@example("2026-02-30 00:00:00")
def test_whatever_is_written_for_a_time_is_one_or_null(written: str) -> None:
    """RFC 3339 in UTC, or nothing; a text that is none is an error."""
    for zone in (values.UTC, CST):
        try:
            time = values.utc({"time": written}, "time", zone)
        except APIError:
            continue
        assert time is None or (len(time) == 20 and time[10] == "T" and time.endswith("Z")), time


HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Date",
            "Retry-After",
            "x-acs-retry-after",
            "x-ratelimit-user-api",
            "Content-Type",
            "x-acs-request-id",
        ]
    ),
    st.text()
    | st.integers(min_value=0).map(str)
    | st.integers(min_value=0).map("TimeLeft:{}".format)
    | st.just("Fri, 31 Dec 9999 23:59:59 -2300"),
)


@settings(deadline=None)
@given(
    st.sampled_from(["alicloud", "cdnetworks"]),
    st.integers(100, 999),
    HEADERS,
    st.binary()
    | shaped(
        {
            "Code": "Throttling",
            "Message": "m",
            "RequestId": "r",
            "code": "NoSuchSsl",
            "message": "m",
            "status": 0,
            "result": "r",
        }
    ).map(lambda value: json.dumps(value).encode()),
)
def test_whatever_an_error_holds_is_one_line(
    provider: str, status: int, headers: dict[str, str], content: bytes
) -> None:
    """It has a code and a message, and asks for a wait that can be waited."""
    answer = Answer(status, CaseInsensitiveDict(headers), content)
    error = _failed(provider, answer)
    assert error.code
    assert error.message
    assert f"{error.code}{error.message}{error.request_id}".isprintable()
    assert error.wait is None or 0 <= error.wait <= 900
    assert abs(answer.skew()) < 1e12
