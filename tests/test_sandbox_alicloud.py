"""The sandbox's side of Alibaba Cloud, which the official SDK judges."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import requests
from alibabacloud_cdn20180510 import models
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from callers import KEY, STS, acs3, code, sdk, send, utc

from sandbox import Fault, Sandbox, signatures
from sandbox.alicloud import signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.alicloud.inventory import CDNDomain

VECTORS = Path(__file__).parent / "vectors"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox without rate limits."""
    with Sandbox(alicloud={"size": 60, "limit": None}) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    "vector",
    [
        vector
        for name in ("acs3_hmac_sha256", "acs3_more")
        for vector in json.loads((VECTORS / f"{name}.json").read_text())
    ],
)
def test_acs3_signatures_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    """The sandbox computes the signatures that official SDKs do, from the query as it is sent."""
    url = vector.get("sdk_wire_url", vector.get("url"))
    query = requests.Request("GET", url).prepare().path_url.partition("?")[2]
    payload = sha256(vector["body"].encode()).hexdigest()
    canonical, to_sign = signature.string_to_sign(
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


def test_a_key_that_was_issued_is_refused_once_it_has_ended(sandbox: Sandbox) -> None:
    """Until then it is as good as the account's own; its token belongs to it."""
    account: Any = sandbox["alicloud"]
    key, ended = account.issue(60), account.issue(-1)
    request = models.DescribeDomainCertificateInfoRequest(domain_name="www.example.com")
    assert sdk(sandbox, key[:3]).describe_domain_certificate_info(request).status_code == 200
    for (one, other), wrong in {(ended, ended): "Expired", (key, ended): "Malformed"}.items():
        with pytest.raises(AlibabaCloudException) as refused:
            sdk(sandbox, (one.id, one.secret, other.token)).describe_domain_certificate_info(request)
        assert refused.value.code == f"InvalidSecurityToken.{wrong}"


def check_domain(item: dict[str, Any], domain: CDNDomain) -> None:
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


def check_certificate_info(body: dict[str, Any], domain: CDNDomain) -> None:
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


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_space_sent_as_plus_is_signed_as_percent_20(
    sandbox: Sandbox,
    method: str,
) -> None:
    """A query that requests encodes with "+" has the signature of one with "%20"."""
    request = acs3(sandbox, query={"DomainName": "a b*~中文.example.com"}, method=method)
    assert "+" in request.path_url
    assert code(send(request)) == "InvalidDomain.NotFound"
    assert sandbox.requests[-1].key == "a b*~中文.example.com"


def test_a_form_is_signed_and_read(sandbox: Sandbox) -> None:
    """Parameters in a form are as good as in the query."""
    body = b"DomainName=www.example.com"
    form = {"content-type": "application/x-www-form-urlencoded"}
    request = acs3(sandbox, query={}, method="POST", body=body, headers=form)
    assert send(request).status_code == 200
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
    tamper: Callable[[requests.PreparedRequest], None],
) -> None:
    """The error holds the string that the server signs, as the real one does."""
    request = acs3(sandbox)
    tamper(request)
    response = send(request)
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
    key: tuple[str, str, str | None],
    expected: str,
) -> None:
    """Each wrong credential has its own code."""
    assert code(send(acs3(sandbox, key=key))) == expected


@pytest.mark.parametrize(
    "name",
    ["Authorization", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce"],
)
def test_a_request_without_a_mandatory_header_is_refused(
    sandbox: Sandbox,
    name: str,
) -> None:
    """All the documented headers are mandatory."""
    request = acs3(sandbox)
    del request.headers[name]
    assert code(send(request)) == f"Missing{name}"


def test_a_nonce_is_good_once(sandbox: Sandbox) -> None:
    """A request that is sent again is refused."""
    request = acs3(sandbox)
    assert send(request).status_code == 200
    response = send(request)
    assert (response.status_code, code(response)) == (400, "SignatureNonceUsed")


def test_a_page_holds_what_was_asked_for(sandbox: Sandbox) -> None:
    """Pages have 20 items by default and 500 at most, and are empty behind the last one."""
    default = send(acs3(sandbox, "DescribeUserDomains", {})).json()
    assert (default["PageSize"], default["PageNumber"], len(default["Domains"]["PageData"])) == (20, 1, 20)
    assert len(default["Domains"]["PageData"][0]) == 14
    behind = send(acs3(sandbox, "DescribeUserDomains", {"PageNumber": "9"})).json()
    assert behind["Domains"]["PageData"] == []
    for wrong in ({"PageSize": "501"}, {"PageSize": "0"}, {"PageNumber": "x"}):
        response = send(acs3(sandbox, "DescribeUserDomains", wrong))
        assert response.status_code == 400
        assert code(response).startswith(f"Invalid{next(iter(wrong))}")


def test_domains_under_review_are_shown_when_asked_for(sandbox: Sandbox) -> None:
    """CheckDomainShow adds the domains that are under review or failed it."""
    totals = [
        send(acs3(sandbox, "DescribeUserDomains", query)).json()["TotalCount"]
        for query in ({}, {"CheckDomainShow": "false"}, {"CheckDomainShow": "true"})
    ]
    assert totals == [58, 58, 60]


def test_every_oddity_of_domains_is_served(sandbox: Sandbox) -> None:
    """Domains without a certificate come in all the shapes, and names in all alphabets."""
    shapes = {"plain": {"CertInfos": {"CertInfo": []}}, "missing": {}, "null": {"CertInfos": None}}
    for name, shape in shapes.items():
        content = send(acs3(sandbox, query={"DomainName": f"{name}.example.com"})).json()
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
    hint: str | None,
    value: str | None,
) -> None:
    """A hint is in the header that was asked for, or nowhere."""
    sandbox.faults.add(Fault("throttle", code="Throttling", status=503, hint=hint, wait=2.5))
    response = send(acs3(sandbox))
    assert (response.status_code, code(response)) == (503, "Throttling")
    found = {
        name: response.headers[name]
        for name in response.headers
        if "-after" in name.lower() or "limit" in name
    }
    assert found == ({hint: value} if hint else {})
    assert sandbox.refused == 1


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


def test_arbitrary_bytes_in_headers_are_refused_and_not_fatal(
    sandbox: Sandbox,
) -> None:
    """A header that is no text gives an error, not a broken server."""
    request = acs3(sandbox)
    request.headers["Authorization"] = request.headers["Authorization"].replace("Credential=", "Credential=é")
    assert code(send(request)) == "InvalidAccessKeyId.NotFound"
    request = acs3(sandbox)
    request.url = f"{sandbox['alicloud'].url}/?DomainName=%FF%FE"
    assert code(send(request)) == "SignatureDoesNotMatch"
