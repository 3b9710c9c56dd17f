import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import formatdate, parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

from sandbox import Fault, Sandbox, signatures
from sandbox.alicloud import signature as acs3_signature
from sandbox.alicloud.inventory import Domain
from sandbox.cdnetworks import signature as cdnetworks_signature
from sandbox.cdnetworks.inventory import Certificate

# The SDK's credential chain must not look for a cloud around it.
os.environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"
from alibabacloud_cdn20180510 import models
from alibabacloud_cdn20180510.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils import Utils
from wangsu.certificationmanage.models import (
    QueryCertificateListResponse,
    QueryCertificateListResponseSslCertificates,
)
from wangsu.common.auth.AkSkAuth import AkSkAuth
from wangsu.common.auth.AkSkConfig import AkSkConfig
from wangsu.common.auth.HttpRequestMsg import HttpRequestMsg
from wangsu.common.Constant.Constant import Constant

VECTORS = Path(__file__).parent / "vectors"
KEY = ("LTAI5tSandbox", "s3cr3t-alicloud", None)
STS = ("STS.NTSandbox", "s3cr3t-sts", "s3cr3t-token")
AKSK = ("AKSandbox", "s3cr3t-aksk")
INFO = "DescribeDomainCertificateInfo"
LIST = "/api/ssl/certificate"
XML = {"Accept": "application/xml"}
CHINA = timezone(timedelta(hours=8))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox without rate limits."""
    with Sandbox(alicloud={"size": 60, "limit": None}, cdnetworks={"limit": None}) as sandbox:
        yield sandbox


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """Open a connection pool that ignores the environment."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def sdk(sandbox: Sandbox, key: tuple[str, str, str | None] = KEY) -> Client:
    """Return the official client of Alibaba Cloud CDN."""
    key_id, secret, token = key
    endpoint = sandbox["alicloud"].url.removeprefix("http://")
    return Client(
        Config(
            access_key_id=key_id,
            access_key_secret=secret,
            security_token=token,
            type="sts" if token else "access_key",
            endpoint=endpoint,
            protocol="http",
        ),
    )


def acs3(  # noqa: PLR0917 - the parts of a request
    sandbox: Sandbox,
    action: str = INFO,
    query: dict[str, str] | None = None,
    key: tuple[str, str, str | None] = KEY,
    method: str = "GET",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> requests.PreparedRequest:
    """Return a request signed by the official SDK's function."""
    key_id, secret, token = key
    query = {"DomainName": "www.example.com"} if query is None else query
    payload = sha256(body).hexdigest()
    headers = {
        "host": sandbox["alicloud"].url.removeprefix("http://"),
        "x-acs-action": action,
        "x-acs-version": "2018-05-10",
        "x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": uuid4().hex,
        "x-acs-content-sha256": payload,
        **({"x-acs-security-token": token} if token else {}),
        **(headers or {}),
    }
    to_sign = SimpleNamespace(method=method, pathname="/", query=query, headers=headers)
    authorization = Utils.get_authorization(to_sign, "ACS3-HMAC-SHA256", payload, key_id, secret)
    headers = {**headers, "Authorization": authorization}
    return requests.Request(method, sandbox["alicloud"].url + "/", headers, params=query, data=body).prepare()


def basic(
    sandbox: Sandbox, path: str = LIST, date: str | None = None, **headers: str
) -> requests.PreparedRequest:
    """Return a request with the password that the API key gives."""
    date = date or formatdate(usegmt=True)
    authorization = cdnetworks_signature.basic(
        "sandbox", cdnetworks_signature.password("s3cr3t-cdnetworks", date)
    )
    headers = {"Date": date, "Authorization": authorization, **headers}
    return requests.Request("GET", sandbox["cdnetworks"].url + path, headers).prepare()


def aksk(sandbox: Sandbox, path: str = LIST, key: tuple[str, str] = AKSK) -> requests.PreparedRequest:
    """Return a request signed by the official SDK's function."""
    message = HttpRequestMsg()
    message.uri, message.method, message.host = path, "GET", sandbox["cdnetworks"].url.removeprefix("http://")
    AkSkAuth.get_auth_and_set_headers(message, *key, {})
    return requests.Request("GET", sandbox["cdnetworks"].url + path, message.headers).prepare()


def send(http: requests.Session, request: requests.PreparedRequest, timeout: float = 10) -> requests.Response:
    """Send a prepared request."""
    return http.send(request, timeout=timeout, allow_redirects=False)


def code(response: requests.Response) -> str:
    """Return the code of an error, or nothing."""
    content = response.json()
    return str(content.get("Code") or content.get("code") or "")


def utc(time: str, form: str) -> datetime:
    """Return the time that a text says in UTC."""
    return datetime.strptime(time, form).replace(tzinfo=UTC)


def china(time: str) -> datetime:
    """Return the time that a text of CDNetworks says."""
    return datetime.strptime(time.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)


# Signatures


@pytest.mark.parametrize("vector", json.loads((VECTORS / "acs3_hmac_sha256.json").read_text()))
def test_acs3_signatures_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    """The sandbox computes the signatures that official SDKs do, from the query as it is sent."""
    query = requests.Request("GET", vector["sdk_wire_url"]).prepare().path_url.partition("?")[2]
    payload = sha256(vector["body"].encode()).hexdigest()
    canonical, to_sign = acs3_signature.string_to_sign(
        vector["method"],
        "/",
        query,
        vector["headers"].items(),
        payload,
    )
    assert (canonical, to_sign) == (vector["canonical_request"], vector["string_to_sign"])
    parsed = signatures.parse("ACS3-HMAC-SHA256", ",", vector["authorization"])
    assert parsed
    assert signatures.hmac_sha256(vector["access_key_secret"], to_sign) == parsed.signature


@pytest.mark.parametrize("vector", json.loads((VECTORS / "cnc_hmac_sha256.json").read_text()))
def test_cnc_signatures_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    """The sandbox computes the signatures that the official SDK does."""
    to_sign = cdnetworks_signature.string_to_sign(
        vector["method"],
        vector["path"],
        vector["query"],
        [("content-type", vector["content_type"]), ("host", vector["host"])],
        sha256(vector["body"].encode()).hexdigest(),
        str(vector["timestamp"]),
    )
    assert to_sign == vector["string_to_sign"]
    parsed = signatures.parse("CNC-HMAC-SHA256", ", ", vector["authorization"])
    assert parsed == (vector["access_key_id"], ("content-type", "host"), vector["signature"])
    assert signatures.hmac_sha256(vector["access_key_secret"], to_sign) == vector["signature"]


@pytest.mark.parametrize("vector", json.loads((VECTORS / "cdnetworks_basic.json").read_text()))
def test_passwords_are_those_of_the_vectors(vector: dict[str, str]) -> None:
    """The sandbox computes the passwords that the provider publishes."""
    password = cdnetworks_signature.password(vector["api_key"], vector["date"])
    assert password == vector["password"]
    assert cdnetworks_signature.basic(vector["username"], password) == vector["authorization"]


@pytest.mark.parametrize("key", [KEY, STS], ids=["access key", "STS"])
def test_the_official_alibaba_sdk_reads_the_inventory(
    sandbox: Sandbox, key: tuple[str, str, str | None]
) -> None:
    """The official SDK pages through the domains, and reads each one's certificate."""
    client = sdk(sandbox, key)
    shown = []
    for number in (1, 2, 3):
        # The SDK writes True with a capital, which is not what the documents say.
        request = models.DescribeUserDomainsRequest(
            page_number=number, page_size=25, check_domain_show="true"
        )
        body = client.describe_user_domains(request).body.to_map()
        assert (body["TotalCount"], body["PageSize"], body["PageNumber"]) == (60, 25, number)
        shown += body["Domains"]["PageData"]
    assert [item["DomainName"] for item in shown] == sandbox["alicloud"].inventory.keys()
    for item, domain in zip(shown, sandbox["alicloud"].inventory, strict=True):
        check_domain(item, domain)
        request = models.DescribeDomainCertificateInfoRequest(domain_name=domain.domain_name)
        check_certificate_info(client.describe_domain_certificate_info(request).body.to_map(), domain)
    request = models.DescribeCdnHttpsDomainListRequest(page_size=500)
    body = client.describe_cdn_https_domain_list(request).body.to_map()
    infos = {info["DomainName"]: info for info in body["CertInfos"]["CertInfo"]}
    assert infos.keys() == {
        domain.domain_name for domain in sandbox["alicloud"].inventory if domain.certificate
    }
    for name, info in infos.items():
        certificate = sandbox["alicloud"].inventory[name].certificate
        assert certificate
        assert utc(info["CertExpireTime"], "%Y-%m-%d %H:%M:%S") == certificate.cert_expire_time
        assert (info["CertStatus"], info["CertCommonName"]) == (
            certificate.cert_status,
            certificate.cert_common_name,
        )


def check_domain(item: dict[str, Any], domain: Domain) -> None:
    """Compare an item of DescribeUserDomains with the inventory."""
    form = "%Y-%m-%dT%H:%M:%SZ" if domain.gmt_modified.second else "%Y-%m-%dT%H:%MZ"
    assert utc(item["GmtModified"], form) == domain.gmt_modified
    assert utc(item["GmtCreated"], "%Y-%m-%dT%H:%M:%SZ") == domain.gmt_created
    sources = [tuple(source.values()) for source in item["Sources"]["Source"]]
    assert sorted(map(str, sources[0])) == sorted(
        str(getattr(domain.sources[0], name)) for name in ("type", "content", "port", "priority", "weight")
    )
    assert len(sources) == len(domain.sources)
    assert item["DomainId"] == domain.domain_id
    assert item["Description"] == domain.description
    # The SDK drops SourceType, which the documents have.
    assert len(item) == 13


def check_certificate_info(body: dict[str, Any], domain: Domain) -> None:
    """Compare the items of DescribeDomainCertificateInfo with the inventory."""
    items = ((body.get("CertInfos") or {}).get("CertInfo")) or []
    if domain.certificate:
        assert len(items[0]) == 15
        form = "%Y-%m-%dT%H:%M:%SZ"
        assert utc(items[0]["CertStartTime"], form) == domain.certificate.cert_start_time
        assert utc(items[0]["CertExpireTime"], form) == domain.certificate.cert_expire_time
        assert items[0]["ServerCertificate"] == domain.certificate.server_certificate
        assert items[0]["CertId"] == domain.certificate.cert_id
    elif domain.absent == "off":
        assert len(items[0]) == 15
        assert sorted(items[0].values()) == sorted([*[""] * 13, domain.domain_name, "off"])
    else:
        assert items == []


def test_the_official_wangsu_sdk_reads_the_inventory(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The official SDK lists the certificates and reads each one."""
    # The SDK puts this before every host, and has no setting for it.
    monkeypatch.setattr(Constant, "HTTPS_REQUEST_PREFIX", "http://")
    sandbox["cdnetworks"].json = "ssl-certificates"
    config = AkSkConfig()
    (config.access_key, config.secret_key), config.method = AKSK, "GET"
    config.end_point, config.uri = sandbox["cdnetworks"].url.removeprefix("http://"), LIST
    listed = (
        QueryCertificateListResponse().from_map(json.loads(AkSkAuth.invoke(config, None))).ssl_certificates
    )
    for item, certificate in zip(listed, sandbox["cdnetworks"].inventory, strict=True):
        assert item.certificate_id == certificate.certificate_id
        check_certificate(item, certificate)
        config.uri = f"{LIST}/{certificate.certificate_id}"
        detail = json.loads(AkSkAuth.invoke(config, None))
        # The SDK has no class for the detail, whose other fields are the list's.
        check_certificate(QueryCertificateListResponseSslCertificates().from_map(detail), certificate)
        if certificate.update_time:
            assert china(detail["certificate-update-time"]) == certificate.update_time


def check_certificate(item: Any, certificate: Certificate) -> None:
    """Compare what the official SDK read with the inventory."""
    padding = "  " if certificate.padded else ""
    missing = "" if certificate.blank else None
    assert item.certificate_serial == (certificate.serial + padding if certificate.serial else missing)
    assert (item.name or "").rstrip() == (certificate.name or "")
    assert (item.dns_names or []) == (certificate.dns_names or [])
    related = [(domain.domain_id, domain.domain_name) for domain in item.related_domains or []]
    assert related == certificate.related_domains
    if certificate.validity_to:
        assert china(item.certificate_validity_to) == certificate.validity_to


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_space_sent_as_plus_is_signed_as_percent_20(
    sandbox: Sandbox,
    http: requests.Session,
    method: str,
) -> None:
    """A query that requests encodes with "+" has the signature of one with "%20"."""
    request = acs3(sandbox, query={"DomainName": "a b*~中文.example.com"}, method=method)
    assert "+" in request.path_url
    assert code(send(http, request)) == "InvalidDomain.NotFound"
    assert sandbox.requests[-1].key == "a b*~中文.example.com"


def test_a_form_is_signed_and_read(sandbox: Sandbox, http: requests.Session) -> None:
    """Parameters in a form are as good as in the query."""
    body = b"DomainName=www.example.com"
    form = {"content-type": "application/x-www-form-urlencoded"}
    request = acs3(sandbox, query={}, method="POST", body=body, headers=form)
    assert send(http, request).status_code == 200
    assert sandbox.requests[-1].key == "www.example.com"


def tamper_url(request: requests.PreparedRequest) -> None:
    """Change the query."""
    request.url = str(request.url).replace("www.example.com", "many.example.net")


def tamper_host(request: requests.PreparedRequest) -> None:
    """Change the host."""
    request.headers["host"] = "cdn.aliyuncs.com"


def tamper_action(request: requests.PreparedRequest) -> None:
    """Change the operation."""
    request.headers["x-acs-action"] = "DescribeUserDomains"


def tamper_nonce(request: requests.PreparedRequest) -> None:
    """Change the nonce."""
    request.headers["x-acs-signature-nonce"] = uuid4().hex


def tamper_body(request: requests.PreparedRequest) -> None:
    """Change the body."""
    request.prepare_body(b"PageSize=1", None)


def tamper_hash(request: requests.PreparedRequest) -> None:
    """Change the body, and its hash along with it."""
    request.prepare_body(b"PageSize=1", None)
    request.headers["x-acs-content-sha256"] = sha256(b"PageSize=1").hexdigest()


def tamper_method(request: requests.PreparedRequest) -> None:
    """Change the method."""
    request.method = "POST"


def tamper_unsigned(request: requests.PreparedRequest) -> None:
    """Add a header that must be signed and is not."""
    request.headers["x-acs-extra"] = "1"


TAMPERINGS = [
    tamper_url,
    tamper_host,
    tamper_action,
    tamper_nonce,
    tamper_body,
    tamper_hash,
    tamper_method,
    tamper_unsigned,
]


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_a_request_changed_after_it_was_signed_is_refused(
    sandbox: Sandbox,
    http: requests.Session,
    tamper: Callable[[requests.PreparedRequest], None],
) -> None:
    """The error holds the string that the server signs, as the real one does."""
    request = acs3(sandbox)
    tamper(request)
    response = send(http, request)
    assert (response.status_code, code(response)) == (403, "SignatureDoesNotMatch")
    assert "ACS3-HMAC-SHA256\n" in response.json()["Message"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (("LTAI5tSandbox", "wrong", None), "SignatureDoesNotMatch"),
        (("unknown", "s3cr3t-alicloud", None), "InvalidAccessKeyId.NotFound"),
        (("STS.NTSandbox", "s3cr3t-sts", None), "InvalidSecurityToken.Malformed"),
        (("STS.NTSandbox", "s3cr3t-sts", "wrong"), "InvalidSecurityToken.Malformed"),
        (("LTAI5tSandbox", "s3cr3t-alicloud", "s3cr3t-token"), "InvalidSecurityToken.MismatchWithAccessKey"),
    ],
)
def test_wrong_credentials_are_refused(
    sandbox: Sandbox,
    http: requests.Session,
    key: tuple[str, str, str | None],
    expected: str,
) -> None:
    """Each wrong credential has its own code."""
    assert code(send(http, acs3(sandbox, key=key))) == expected


@pytest.mark.parametrize(
    "name",
    ["Authorization", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce"],
)
def test_a_request_without_a_mandatory_header_is_refused(
    sandbox: Sandbox,
    http: requests.Session,
    name: str,
) -> None:
    """All the documented headers are mandatory."""
    request = acs3(sandbox)
    del request.headers[name]
    assert code(send(http, request)) == f"Missing{name}"


def test_a_nonce_is_good_once(sandbox: Sandbox, http: requests.Session) -> None:
    """A request that is sent again is refused."""
    request = acs3(sandbox)
    assert send(http, request).status_code == 200
    response = send(http, request)
    assert (response.status_code, code(response)) == (400, "SignatureNonceUsed")


@pytest.mark.parametrize("offset", [-1000, 1000])
def test_a_clock_that_is_off_is_refused_and_told(
    sandbox: Sandbox,
    http: requests.Session,
    offset: int,
) -> None:
    """Dates 15 minutes from the server's clock are refused, and the Date header tells that clock."""
    sandbox.clock_offset = offset
    responses = [send(http, request) for request in (acs3(sandbox), basic(sandbox), aksk(sandbox))]
    assert [response.status_code for response in responses] == [400, 401, 462]
    assert code(responses[0]) == "InvalidTimeStamp.Expired"
    for response in responses:
        date = parsedate_to_datetime(response.headers["Date"])
        assert abs((date - datetime.now(UTC)).total_seconds() - offset) < 5


def test_a_date_of_the_wrong_format_is_refused(sandbox: Sandbox, http: requests.Session) -> None:
    """A date without its zone, or not in GMT, is refused."""
    request = acs3(sandbox, headers={"x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"})
    assert code(send(http, request)) == "InvalidTimeStamp.Format"
    for date in (formatdate(usegmt=False), "Fri, 99 Xyz 2025 09:47:27 GMT", "now"):
        assert send(http, basic(sandbox, date=date)).status_code == 401


def test_an_api_key_is_good_for_its_date_only(sandbox: Sandbox, http: requests.Session) -> None:
    """The password belongs to the date that is sent."""
    assert send(http, basic(sandbox)).status_code == 202
    assert send(http, basic(sandbox, Date=formatdate(time.time() - 60, usegmt=True))).status_code == 401
    assert send(http, basic(sandbox, Authorization="Basic c2FuZGJveDp4")).status_code == 401
    response = send(http, basic(sandbox, date=formatdate(time.time() - 1000, usegmt=True), **XML))
    assert response.status_code == 401
    assert (
        etree.fromstring(response.content).findtext("message", "").startswith("The HTTP authorization header")
    )


def test_an_aksk_signature_is_good_once_and_for_its_request(sandbox: Sandbox, http: requests.Session) -> None:
    """What is repeated, changed or signed by another key is refused with 462."""
    request = aksk(sandbox)
    assert send(http, request).status_code == 202
    assert send(http, request).status_code == 462
    changed = aksk(sandbox, f"{LIST}/100166")
    changed.url = sandbox["cdnetworks"].url + f"{LIST}/100173"
    older = aksk(sandbox, f"{LIST}/100180")
    older.headers["x-cnc-timestamp"] = str(int(time.time()) - 1)
    other = aksk(sandbox, f"{LIST}/100187", ("AKSandbox", "wrong"))
    for request in (changed, older, other):
        response = send(http, request)
        assert response.status_code == 462
        assert response.json()["message"].startswith("authorization is error!")


# Rate limits


def test_any_window_of_the_period_holds_as_many_calls_as_allowed(http: requests.Session) -> None:
    """The calls beyond the limit are refused and do not count; each operation has its own limit."""
    with Sandbox(alicloud={"size": 30, "limit": (5, 0.6)}, cdnetworks={"limit": (2, 0.6)}) as sandbox:
        answers = [send(http, acs3(sandbox)) for _ in range(8)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [400] * 3
        assert code(answers[-1]) == "Throttling.User"
        assert send(http, acs3(sandbox, "DescribeUserDomains", {})).status_code == 200
        assert sandbox.refused == 3
        assert sandbox.worst(INFO) == 8
        time.sleep(0.6)
        assert [send(http, acs3(sandbox)).status_code for _ in range(6)] == [200] * 5 + [400]
        answers = [send(http, basic(sandbox, f"{LIST}/100166")) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 403]
        assert code(answers[-1]) == "WPLUS_AccountApiTooFrequence"
        assert send(http, basic(sandbox)).status_code == 202


def test_calls_at_once_do_not_pass_the_limit(http: requests.Session) -> None:
    """Of many calls that arrive together as many are accepted as allowed, whatever the latency."""
    limit = (7, 60)
    with (
        Sandbox(alicloud={"size": 5, "limit": limit}, latency=0.05) as sandbox,
        ThreadPoolExecutor(20) as pool,
    ):
        calls = [acs3(sandbox) for _ in range(40)]
        statuses = list(pool.map(lambda call: send(http, call).status_code, calls))
        assert (statuses.count(200), statuses.count(400)) == (7, 33)
        assert sandbox.refused == 33
        assert sandbox.worst(INFO) == 40


def test_a_refusal_is_as_told(http: requests.Session) -> None:
    """A fault says how a call beyond the limit is refused, and leaves the others alone."""
    with Sandbox(alicloud={"size": 30, "limit": (1, 60)}, cdnetworks={"limit": (1, 60)}) as sandbox:
        sandbox.faults.add(
            Fault("refusal", INFO, code="Throttling.Api", status=503, hint="Retry-After", wait=7)
        )
        sandbox.faults.add(Fault("refusal", "QueryCertificateList", status=429))
        assert send(http, acs3(sandbox)).status_code == 200
        response = send(http, acs3(sandbox))
        assert (response.status_code, code(response), response.headers["Retry-After"]) == (
            503,
            "Throttling.Api",
            "7",
        )
        assert [send(http, basic(sandbox)).status_code for _ in "12"] == [202, 429]


# Listings


def test_a_page_holds_what_was_asked_for(sandbox: Sandbox, http: requests.Session) -> None:
    """Pages have 20 items by default and 500 at most, and are empty behind the last one."""
    default = send(http, acs3(sandbox, "DescribeUserDomains", {})).json()
    assert (default["PageSize"], default["PageNumber"], len(default["Domains"]["PageData"])) == (20, 1, 20)
    assert len(default["Domains"]["PageData"][0]) == 14
    behind = send(http, acs3(sandbox, "DescribeUserDomains", {"PageNumber": "9"})).json()
    assert behind["Domains"]["PageData"] == []
    for wrong in ({"PageSize": "501"}, {"PageSize": "0"}, {"PageNumber": "x"}):
        response = send(http, acs3(sandbox, "DescribeUserDomains", wrong))
        assert response.status_code == 400
        assert code(response).startswith(f"Invalid{next(iter(wrong))}")


def test_domains_under_review_are_shown_when_asked_for(sandbox: Sandbox, http: requests.Session) -> None:
    """CheckDomainShow adds the domains that are under review or failed it."""
    totals = [
        send(http, acs3(sandbox, "DescribeUserDomains", query)).json()["TotalCount"]
        for query in ({}, {"CheckDomainShow": "false"}, {"CheckDomainShow": "true"})
    ]
    assert totals == [58, 58, 60]


def test_an_empty_account_has_no_https_domain(http: requests.Session) -> None:
    """An account without domains answers its lists as the providers do."""
    with Sandbox(alicloud={"size": 0}, cdnetworks={"size": 0}) as sandbox:
        response = send(http, acs3(sandbox, "DescribeCdnHttpsDomainList", {}))
        assert (response.status_code, code(response)) == (400, "NoHttpsDomain")
        assert send(http, acs3(sandbox, "DescribeUserDomains", {})).json()["TotalCount"] == 0
        assert len(etree.fromstring(send(http, basic(sandbox, **XML)).content)) == 0
        assert send(http, basic(sandbox)).json() == {"ssl-certificate": None}
        sandbox["cdnetworks"].json = "ssl-certificates"
        assert send(http, basic(sandbox)).json() == {"ssl-certificates": []}


def test_the_inventory_changes_while_one_pages(sandbox: Sandbox, http: requests.Session) -> None:
    """What a test wants to happen, happens once, behind the first page."""
    sandbox.during_listing = lambda: sandbox["alicloud"].inventory.remove("www.example.com")
    first = send(http, acs3(sandbox, "DescribeUserDomains", {"PageNumber": "1"})).json()
    second = send(http, acs3(sandbox, "DescribeUserDomains", {"PageNumber": "2"})).json()
    assert first["Domains"]["PageData"][0]["DomainName"] == "www.example.com"
    assert (first["TotalCount"], second["TotalCount"]) == (58, 57)
    assert code(send(http, acs3(sandbox))) == "InvalidDomain.NotFound"
    new = replace(sandbox["alicloud"].inventory[".example.com"], domain_name="new.example.com")
    sandbox.during_listing = lambda: sandbox["alicloud"].inventory.add(new)
    pages = [
        send(http, acs3(sandbox, "DescribeUserDomains", {"PageNumber": page})).json() for page in ("1", "3")
    ]
    assert [page["TotalCount"] for page in pages] == [57, 58]
    assert pages[1]["Domains"]["PageData"][-1]["DomainName"] == "new.example.com"
    sandbox.during_listing = lambda: sandbox["cdnetworks"].inventory.remove("100166")
    assert send(http, basic(sandbox)).status_code == 202
    response = send(http, basic(sandbox, f"{LIST}/100166"))
    assert (response.status_code, code(response)) == (404, "NoSuchSsl")
    assert response.headers["x-cnc-request-id"]


def test_a_rotated_certificate_has_another_serial_validity_and_update_time(
    sandbox: Sandbox,
    http: requests.Session,
) -> None:
    """A rotation shows in the list and in the detail."""
    before = send(http, basic(sandbox, f"{LIST}/100166")).json()
    sandbox["cdnetworks"].rotate("100166")
    after = send(http, basic(sandbox, f"{LIST}/100166")).json()
    changed = {name for name in after if before[name] != after[name]}
    assert changed == {
        "certificate-serial",
        "certificate-validity-from",
        "certificate-validity-to",
        "certificate-update-time",
        "crt-md5",
        "key-md5",
    }


@pytest.mark.parametrize("action", ["DescribeCdnCertificateDetail", "GetUserCertificateDetail"])
def test_a_call_for_a_private_key_is_refused_and_recorded(
    sandbox: Sandbox,
    http: requests.Session,
    action: str,
) -> None:
    """The operations that return private keys answer with an error, and tests can see who called."""
    assert sandbox.forbidden == []
    assert send(http, acs3(sandbox, action)).status_code == 403
    assert send(http, basic(sandbox, "/api/ssl/content/100166/download")).status_code == 403
    assert [request.provider for request in sandbox.forbidden] == ["alicloud", "cdnetworks"]


def test_an_unknown_operation_is_not_found(sandbox: Sandbox, http: requests.Session) -> None:
    """An operation that does not exist, or not in that version, is an error."""
    assert code(send(http, acs3(sandbox, "DescribeNothing"))) == "InvalidAction.NotFound"
    old = acs3(sandbox, headers={"x-acs-version": "2014-11-11"})
    assert send(http, old).status_code == 404
    assert send(http, basic(sandbox, "/api/nothing")).status_code == 404


# Inventory


def test_the_same_seed_and_time_make_the_same_inventory() -> None:
    """The inventory depends on the seed and the time, and on nothing else."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    one, two, three = (
        Sandbox(alicloud={"size": 90}, cdnetworks={}, seed=seed, now=now) for seed in (1, 1, 2)
    )
    assert (
        list(one["alicloud"].inventory)
        == list(two["alicloud"].inventory)
        != list(three["alicloud"].inventory)
    )
    assert (
        list(one["cdnetworks"].inventory)
        == list(two["cdnetworks"].inventory)
        != list(three["cdnetworks"].inventory)
    )


def test_chains_are_real_and_of_all_kinds() -> None:
    """Every leaf is signed by the certificate that follows it, or by itself."""
    chains = {
        domain.certificate.server_certificate
        for domain in Sandbox(alicloud={"size": 600})["alicloud"].inventory
        if domain.certificate
    }
    assert 30 <= len(chains) <= 60
    now = datetime.now(UTC)
    keys, extensions, ends = set(), set(), []
    for pem in chains:
        leaf, *rest = x509.load_pem_x509_certificates(pem.encode())
        leaf.verify_directly_issued_by(rest[0] if rest else leaf)
        key = leaf.public_key()
        assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        keys.add((type(key).__name__, key.key_size))
        extensions |= {type(extension.value) for extension in leaf.extensions}
        ends.append((leaf.not_valid_after_utc - now).days)
    assert {size for _, size in keys} == {256, 384, 1024, 2048}
    assert {
        x509.PrecertificateSignedCertificateTimestamps,
        x509.TLSFeature,
        x509.AuthorityInformationAccess,
        x509.ExtendedKeyUsage,
        x509.SubjectAlternativeName,
    } <= extensions
    assert min(ends) < 0
    assert max(ends) > 3000
    assert any(end == 0 for end in ends)


def test_names_are_many_foreign_and_addresses() -> None:
    """A certificate may be for a hundred names, for addresses, for A-labels, or for no alternative name."""
    alternatives: dict[str, list[str] | None] = {}
    for domain in Sandbox(alicloud={"size": 20})["alicloud"].inventory:
        if domain.certificate:
            leaf = x509.load_pem_x509_certificate(domain.certificate.server_certificate.encode())
            try:
                extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            except x509.ExtensionNotFound:
                alternatives[domain.domain_name] = None
            else:
                alternatives[domain.domain_name] = [str(name.value) for name in extension.value]
    assert alternatives["cn-only.example.org"] is None
    assert len(alternatives["many.example.net"] or ()) == 100
    assert alternatives["ip.example.net"] == ["ip.example.net", "192.0.2.10", "2001:db8::10"]
    assert alternatives["中文.example.com"] == ["xn--fiq228c.example.com", "*.xn--fiq228c.example.com"]


def test_every_oddity_of_domains_is_served(sandbox: Sandbox, http: requests.Session) -> None:
    """Domains without a certificate come in all the shapes, and names in all alphabets."""
    shapes = {"plain": {"CertInfos": {"CertInfo": []}}, "missing": {}, "null": {"CertInfos": None}}
    for name, shape in shapes.items():
        content = send(http, acs3(sandbox, query={"DomainName": f"{name}.example.com"})).json()
        assert {key: value for key, value in content.items() if key != "RequestId"} == shape
    domains = list(Sandbox(alicloud={"size": 600})["alicloud"].inventory)
    absent = [domain.absent for domain in domains if not domain.certificate]
    assert set(absent) == {"empty", "off", "missing", "null"}
    assert abs(absent.count("empty") - absent.count("off")) <= 1
    assert {".example.com", "中文.example.com"} <= {domain.domain_name for domain in domains}
    certificates = [domain.certificate for domain in domains if domain.certificate]
    assert {certificate.cert_type for certificate in certificates} == {"free", "cas", "upload"}
    statuses = {certificate.cert_status for certificate in certificates}
    assert statuses == {"ok", "mismatch", "expired", "expire_soon"}
    assert max(len(domain.sources) for domain in domains) > 1
    assert any(not domain.gmt_modified.second for domain in domains)
    assert any(not domain.description for domain in domains)


def test_every_oddity_of_certificates_is_served(sandbox: Sandbox, http: requests.Session) -> None:
    """The list in XML has all the odd cases of the documents."""
    response = send(http, basic(sandbox, **XML))
    assert response.status_code == 202
    assert response.headers["Content-Type"].startswith("application/xml")
    root = etree.fromstring(response.content)
    assert root.tag == "ssl-certificates"
    items = {item.findtext("certificate-id"): item for item in root.iterchildren("ssl-certificate")}
    assert list(items) == sandbox["cdnetworks"].inventory.keys()
    plain, sample, unused, shared, padded, numbers, extended, foreign, markup, blank = list(items.values())[
        :10
    ]
    assert plain.find("certificate-update-time") is None
    absent = (
        "certificate-validity-from",
        "certificate-validity-to",
        "crt-md5",
        "key-md5",
        "ca-md5",
        "dns-names",
    )
    assert [sample.find(name) for name in absent] == [None] * 6
    assert sample.findtext("certificate-serial") == "23dw4asq2wr544fw24"
    assert b"<comment/>" in etree.tostring(unused)
    assert unused.find("related-domains") is None
    assert len(shared.findall("related-domains/related-domain/domain-id")) == 400
    assert str(padded.findtext("certificate-serial")).endswith("  ")
    assert numbers.findtext("related-domains/related-domain/domain-id") == "1234567"
    assert extended.findtext("x-new-field") == "surprise"
    assert foreign.findtext("name") == "证书-例え-ü"
    assert str(markup.findtext("name")).startswith('<script>alert("1")</script> &')
    assert blank.findtext("certificate-validity-to") == ""


def test_a_detail_has_the_update_time_and_not_the_identifier(
    sandbox: Sandbox,
    http: requests.Session,
) -> None:
    """The detail is one element of what the list holds many of."""
    root = etree.fromstring(send(http, basic(sandbox, f"{LIST}/100166", **XML)).content)
    assert root.tag == "ssl-certificate"
    assert root.find("certificate-id") is None
    assert (
        china(root.findtext("certificate-update-time", ""))
        == sandbox["cdnetworks"].inventory["100166"].update_time
    )


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030"])
def test_xml_declares_its_encoding(sandbox: Sandbox, http: requests.Session, encoding: str) -> None:
    """A parser that reads the declaration reads every name."""
    sandbox["cdnetworks"].encoding = encoding
    root = etree.fromstring(send(http, basic(sandbox, **XML)).content)
    assert "证书-例え-ü" in [name.text for name in root.iter("name")]


def test_json_comes_in_the_shapes_that_clients_have_seen(http: requests.Session) -> None:
    """The key of the list differs, one item may be no list, and identifiers may be numbers."""
    with Sandbox(cdnetworks={"size": 6, "limit": None}) as sandbox:
        content = send(http, basic(sandbox)).json()["ssl-certificate"]
        ids = [domain["domain-id"] for domain in content[5]["related-domains"]]
        assert ids == [1234567, "7654321"]
        sandbox["cdnetworks"].json = "ssl-certificates"
        assert send(http, basic(sandbox, **XML)).json() == {"ssl-certificates": content}
        for certificate in list(sandbox["cdnetworks"].inventory)[1:]:
            sandbox["cdnetworks"].inventory.remove(certificate.certificate_id)
        sandbox["cdnetworks"].json = "ssl-certificate"
        assert send(http, basic(sandbox)).json() == {"ssl-certificate": content[0]}


# Faults


@pytest.mark.parametrize("kind", ["reset_before", "reset_within", "short"])
def test_a_broken_connection_is_an_error_of_the_client(
    sandbox: Sandbox,
    http: requests.Session,
    kind: str,
) -> None:
    """The connection ends before the answer does, once; the next request is answered."""
    sandbox.faults.add(Fault(kind, INFO, times=1))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        send(http, acs3(sandbox))
    assert sandbox.requests[-1].code == kind
    assert send(http, acs3(sandbox)).status_code == 200
    sandbox.faults.add(Fault(kind, "QueryCertificateList", times=1))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        send(http, basic(sandbox))
    assert send(http, basic(sandbox)).status_code == 202


def test_a_timeout_lasts_as_long_as_the_client_waits(sandbox: Sandbox, http: requests.Session) -> None:
    """No answer comes, and the sandbox ends nevertheless."""
    sandbox.faults.add(Fault("timeout"))
    with pytest.raises(requests.ReadTimeout):
        send(http, acs3(sandbox), timeout=0.2)
    assert (sandbox.requests[-1].status, sandbox.requests[-1].code) == (0, "timeout")


def test_a_slow_answer_drips_and_is_right(sandbox: Sandbox, http: requests.Session) -> None:
    """The body takes its time, and is whole in the end."""
    sandbox.faults.add(Fault("slow", seconds=0.3))
    begin = time.monotonic()
    assert send(http, acs3(sandbox)).json()["CertInfos"]
    assert 0.25 < time.monotonic() - begin < 2


@pytest.mark.parametrize(("kind", "status"), [("html_502", 502), ("html_503", 503)])
def test_a_gateway_answers_with_a_page(
    sandbox: Sandbox,
    http: requests.Session,
    kind: str,
    status: int,
) -> None:
    """The page is HTML, whatever was asked for."""
    sandbox.faults.add(Fault(kind))
    for request in (acs3(sandbox), basic(sandbox, **XML)):
        response = send(http, request)
        assert (response.status_code, response.headers["Content-Type"]) == (status, "text/html")
        assert response.text.startswith("<html>")


@pytest.mark.parametrize("kind", ["truncated", "garbage"])
def test_a_body_that_cannot_be_parsed_has_the_right_length(
    sandbox: Sandbox,
    http: requests.Session,
    kind: str,
) -> None:
    """Nothing but the syntax tells that the body is broken."""
    sandbox.faults.add(Fault(kind))
    response = send(http, acs3(sandbox))
    assert response.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        response.json()
    response = send(http, basic(sandbox, **XML))
    assert response.status_code == 202
    assert int(response.headers["Content-Length"]) == len(response.content)
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(response.content)


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        ("x-acs-retry-after", "2500"),
        ("x-ratelimit-user-api", "Limit:1,Remain:0,TimeLeft:2500,Reset:1"),
        ("Retry-After", "2"),
        (None, None),
    ],
)
def test_throttling_hints_how_long_to_wait(
    sandbox: Sandbox,
    http: requests.Session,
    hint: str | None,
    value: str | None,
) -> None:
    """A hint is in the header that was asked for, or nowhere."""
    sandbox.faults.add(Fault("throttle", code="Throttling", status=503, hint=hint, wait=2.5))
    response = send(http, acs3(sandbox))
    assert (response.status_code, code(response)) == (503, "Throttling")
    found = {
        name: response.headers[name]
        for name in response.headers
        if "-after" in name.lower() or "limit" in name
    }
    assert found == ({hint: value} if hint else {})
    assert sandbox.refused == 1


def test_an_error_is_the_one_told(sandbox: Sandbox, http: requests.Session) -> None:
    """Errors have the format of their provider."""
    sandbox.faults.add(
        Fault("error", INFO, code="Forbidden.RAM", status=403, message="No permission."),
        Fault("error", "DescribeCdnHttpsDomainList", code="CdnServiceNotFound", status=403),
        Fault("error", "QueryCertificate", code="DecryptFailError", status=400, message="a < b"),
        Fault("error", "DescribeUserDomains", **sandbox["alicloud"].refusals["repeated"]),
    )
    denied = send(http, acs3(sandbox))
    assert denied.status_code == 403
    content = denied.json()
    assert content.keys() == {"Code", "Message", "RequestId", "HostId", "Recommend", "AccessDeniedDetail"}
    assert code(send(http, acs3(sandbox, "DescribeCdnHttpsDomainList", {}))) == "CdnServiceNotFound"
    assert code(send(http, acs3(sandbox, "DescribeUserDomains", {}))) == "SignatureNonceUsed"
    root = etree.fromstring(send(http, basic(sandbox, f"{LIST}/100166", **XML)).content)
    assert (root.tag, root.findtext("code"), root.findtext("message")) == (
        "response",
        "DecryptFailError",
        "a < b",
    )


def test_the_official_sdk_tells_the_errors(sandbox: Sandbox) -> None:
    """The official SDK reads the code of an error, and knows throttling."""
    request = models.DescribeDomainCertificateInfoRequest(domain_name="gone.example.com")
    with pytest.raises(AlibabaCloudException) as raised:
        sdk(sandbox).describe_domain_certificate_info(request)
    assert raised.value.code == "InvalidDomain.NotFound"
    sandbox.faults.add(Fault("throttle", hint="x-acs-retry-after", wait=3))
    with pytest.raises(AlibabaCloudException) as raised:
        sdk(sandbox).describe_domain_certificate_info(request)
    assert raised.value.code == "Throttling.User"


def test_a_right_answer_may_have_the_wrong_type(sandbox: Sandbox, http: requests.Session) -> None:
    """The body is right, and its type is not."""
    sandbox.faults.add(Fault("content_type"))
    response = send(http, acs3(sandbox))
    assert response.headers["Content-Type"] == "text/html"
    assert response.json()["CertInfos"]


def test_a_redirection_leads_to_another_host(sandbox: Sandbox, http: requests.Session) -> None:
    """The location is another loopback address by default."""
    sandbox.faults.add(
        Fault("redirect", INFO), Fault("redirect", "QueryCertificateList", location="http://x/")
    )
    response = send(http, acs3(sandbox))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("http://127.0.0.2:")
    assert send(http, basic(sandbox)).headers["Location"] == "http://x/"


def test_an_oversized_answer_is_streamed(sandbox: Sandbox, http: requests.Session) -> None:
    """The right body has as many blanks behind it as told, and no length in front; a client may leave."""
    sandbox.faults.add(Fault("oversized", times=1, bytes=5 * 2**20))
    response = send(http, acs3(sandbox))
    assert "Content-Length" not in response.headers
    assert len(response.content) > 5 * 2**20
    assert response.json()["CertInfos"]
    sandbox.faults.add(Fault("oversized"))
    with http.send(acs3(sandbox), stream=True, timeout=10) as response:
        assert len(response.raw.read(10_000)) == 10_000


def test_a_body_is_the_one_told(sandbox: Sandbox, http: requests.Session) -> None:
    """Any hostile answer can be served."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ssl-certificates>&a;</ssl-certificates>'
    sandbox.faults.add(Fault("body", body=bomb, content_type="application/xml", status=200))
    response = send(http, basic(sandbox))
    assert (response.status_code, response.content) == (200, bomb)


@pytest.mark.parametrize("value", [None, 17, ["x"], {"a": "b"}])
def test_a_field_may_have_the_wrong_type(sandbox: Sandbox, http: requests.Session, value: object) -> None:
    """One field of the items told has another value, and the rest is right."""
    sandbox.faults.add(
        Fault("field", INFO, field="CertExpireTime", value=value),
        Fault("field", "QueryCertificateList", field="name", value=value, item="100166"),
    )
    item = send(http, acs3(sandbox)).json()["CertInfos"]["CertInfo"][0]
    assert item["CertExpireTime"] == value
    assert len(item) == 15
    items = send(http, basic(sandbox)).json()["ssl-certificate"]
    assert items[0]["name"] == value
    assert items[1]["name"] == sandbox["cdnetworks"].inventory["100173"].name
    name = etree.fromstring(send(http, basic(sandbox, **XML)).content).find("ssl-certificate/name")
    assert name is not None
    assert (name.text, len(name)) == (
        None if value != 17 else "17",
        len(value) if hasattr(value, "__len__") else 0,
    )


def test_an_echo_holds_what_no_log_should(sandbox: Sandbox, http: requests.Session) -> None:
    """The error's message has the Authorization header and the account's secrets."""
    sandbox.faults.add(Fault("echo"))
    for request in (acs3(sandbox), basic(sandbox)):
        text = send(http, request).text
        assert request.headers["Authorization"] in text
        assert "s3cr3t-" in text


def test_a_fault_strikes_as_told(sandbox: Sandbox, http: requests.Session) -> None:
    """A fault strikes its operation and key, so many times, or as likely as told; together with others."""
    sandbox.faults.add(Fault("html_502", INFO, "www.example.com", times=2), Fault("content_type", INFO))
    other = {"DomainName": "many.example.net"}
    assert send(http, acs3(sandbox, query=other)).status_code == 200
    assert [send(http, acs3(sandbox)).status_code for _ in "123"] == [502, 502, 200]
    assert send(http, acs3(sandbox)).headers["Content-Type"] == "text/html"
    sandbox.faults.clear()
    assert send(http, acs3(sandbox)).headers["Content-Type"].startswith("application/json")
    patterns = []
    for _ in "12":
        sandbox.faults.add(Fault("html_503", probability=0.5))
        patterns.append([send(http, acs3(sandbox)).status_code for _ in range(30)])
        sandbox.faults.clear()
    assert patterns[0] == patterns[1]
    assert set(patterns[0]) == {200, 503}
    with pytest.raises(ValueError, match="There is no fault"):
        Fault("typo")


# The process


def test_a_process_serves_until_it_is_told_to_stop(http: requests.Session, tmp_path: Path) -> None:
    """The command writes a configuration when it listens, can be controlled, and ends on SIGTERM."""
    config, ready = tmp_path / "config.json", tmp_path / "ready.json"
    arguments = ["--alicloud-size", "40", "--unlimited", "--latency", "5"]
    files = ["--config-file", str(config), "--ready-file", str(ready)]
    command = [sys.executable, "-m", "sandbox", *arguments, *files]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            urls = json.loads(process.stdout.readline())
            deadline = time.monotonic() + 10
            while not config.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert json.loads(ready.read_text()) == urls
            settings = json.loads(config.read_text())
            assert settings["alicloud"]["api_url"] == urls["alicloud"]
            assert settings["cdnetworks"]["api_key"] == "s3cr3t-cdnetworks"
            remote: Any = {name: SimpleNamespace(url=url) for name, url in urls.items()}
            control = urls["cdnetworks"] + "/_sandbox/"
            fault = {"kind": "html_502", "operation": INFO, "times": 1}
            assert http.post(control + "faults", json=fault, timeout=5).status_code == 200
            assert http.post(control + "faults", json={"kind": "typo"}, timeout=5).status_code == 400
            assert [send(http, acs3(remote)).status_code for _ in "12"] == [502, 200]
            assert http.delete(control + "faults", timeout=5).status_code == 200
            statistics = http.get(control + "statistics", timeout=5).json()
            assert statistics["operations"][INFO]["status"] == {"502": 1, "200": 1}
            assert len(http.get(control + "requests", timeout=5).json()) == 2
            http.post(control + "reset", timeout=5)
            assert http.get(control + "statistics", timeout=5).json()["requests"] == 0
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


def test_a_port_that_is_taken_is_an_error(sandbox: Sandbox) -> None:
    """A sandbox that cannot listen says so where it is entered."""
    port = int(sandbox["alicloud"].url.rpartition(":")[2])
    with (
        pytest.raises(OSError, match="address already in use"),
        Sandbox(alicloud={"size": 1, "port": port}),
    ):
        pass


def test_a_configuration_has_the_credentials_asked_for(sandbox: Sandbox) -> None:
    """The tap is configured with either kind of credentials, and with the sandbox's rate limits."""
    assert "security_token" not in sandbox.config()["alicloud"]
    settings = sandbox.config(alicloud="sts", cdnetworks="aksk")
    assert settings["alicloud"]["security_token"] == "s3cr3t-token"
    assert settings["cdnetworks"].keys() == {
        "access_key_id",
        "access_key_secret",
        "api_url",
        "rate_limit_requests",
        "rate_limit_period",
    }
    alicloud = Sandbox(alicloud={"size": 1, "limit": (7, 2)}).config()["alicloud"]
    assert (alicloud["rate_limit_requests"], alicloud["rate_limit_period"]) == (7, 2)


def test_arbitrary_bytes_in_headers_are_refused_and_not_fatal(
    sandbox: Sandbox,
    http: requests.Session,
) -> None:
    """A header that is no text gives an error, not a broken server."""
    request = acs3(sandbox)
    request.headers["Authorization"] = request.headers["Authorization"].replace("Credential=", "Credential=é")
    assert code(send(http, request)) == "InvalidAccessKeyId.NotFound"
    request = acs3(sandbox)
    request.url = f"{sandbox['alicloud'].url}/?DomainName=%FF%FE"
    assert code(send(http, request)) == "SignatureDoesNotMatch"
