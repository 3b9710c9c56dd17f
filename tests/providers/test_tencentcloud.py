"""Tencent Cloud's signature, whole records, odd answers, and the official SDKs as clients of the sandbox."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from answering import listening
from answers import changed, client
from callers import tencentcloud
from cases import only
from expected import blank, time
from requests.structures import CaseInsensitiveDict
from tencentcloud.cdn.v20180606 import models as cdn
from tencentcloud.cdn.v20180606.cdn_client import CdnClient
from tencentcloud.ssl.v20191205 import models as ssl
from tencentcloud.teo.v20220901 import models as teo
from watched import Watch, run

from sandbox import Fault
from sandbox.messages import RefusedError
from tap_cdn_certs.api.answer import Answer
from tap_cdn_certs.errors import Reach
from tap_cdn_certs.providers.tencentcloud.client import KNOWN
from tap_cdn_certs.providers.tencentcloud.signature import TC3HMACSHA256
from tap_cdn_certs.providers.tencentcloud.times import end_time
from tap_cdn_certs.providers.tencentcloud.times import time as local_time
from tap_cdn_certs.records import x509
from tap_cdn_certs.records.seen import Names, Seen
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler

    from sandbox.messages import Call
    from sandbox.tencentcloud.inventory import Account, CDNDomain, Certificate, EdgeOneDomain, Named

    Item = dict[str, Any]

CERTIFICATES, CDN, EDGEONE = (
    f"tencentcloud_{name}" for name in ("certificates", "cdn_domains", "edgeone_domains")
)
DEPLOYED, CONFIGS, DEFAULTS = (
    "DescribeDeployedResources",
    "DescribeDomainsConfig",
    "DescribeDefaultCertificates",
)
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "tc3_hmac_sha256.json").read_text())
PRODUCTS = ("ssl", "cdn", "edgeone")


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account with everything, without limits."""
    with only("tencentcloud", 60) as sandbox:
        yield sandbox


def account_of(sandbox: Watch) -> Account:
    """What the account holds."""
    account: Account = sandbox["tencentcloud"].account  # type: ignore[attr-defined]
    return account


def synced(settings: Item) -> tuple[dict[str, dict[str, Item]], dict[str, Item], list[Item]]:
    """The records of a sync in this process by stream and key, how each stream ended, and what failed."""
    tap = TapCDNCerts(config={"tencentcloud": settings})
    found: dict[str, dict[str, Item]] = {}
    for name in (CERTIFICATES, CDN, EDGEONE):
        if stream := tap.streams.get(name):
            records = list(stream.get_records(None))
            keys = stream.primary_keys[1:]
            found[name] = {"/".join(record[key] for key in keys): record for record in records}
            assert len(found[name]) == len(records)
    return found, {row["stream"]: row for row in tap.run.report.syncs}, tap.run.report.errors


# The signature.


def signed(vector: Item, auth: type[TC3HMACSHA256]) -> tuple[TC3HMACSHA256, requests.PreparedRequest]:
    """The request of a vector."""
    headers = {**vector["headers"]}
    body = vector["body"].encode() or None
    request = requests.Request(vector["method"], vector["url"], headers=headers, data=body).prepare()
    made = auth(vector, lambda _: vector["service"])
    return made, made.sign(request, vector["timestamp"])


class WithAction(TC3HMACSHA256):
    """As the documents sign, and not the SDKs."""

    signed_headers = ("content-type", "host", "x-tc-action")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"][:3])
def test_signs_as_the_vectors_do(vector: Item) -> None:
    """The canonical request, the string to sign and the header are the vector's, and so is the token."""
    auth, request = signed(vector, WithAction if vector["service"] == "cvm" else TC3HMACSHA256)
    assert auth.canonical_request(request) == vector["canonical_request"]
    assert auth.string_to_sign(request) == vector["string_to_sign"]
    assert request.headers["Authorization"] == vector["authorization"]
    assert request.headers.get("X-TC-Token") == vector.get("token")
    # Once more: nothing is there twice.
    before = {**request.headers}
    assert auth.sign(request, vector["timestamp"]).headers == before


def test_signs_as_the_official_sdk_does() -> None:
    """What it sends, signed at the same second, has the same header."""
    sent: list[Any] = []

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        sent.append((request.headers, body))
        return 200, {"Content-Type": "application/json"}, b'{"Response": {"RequestId": "1"}}'

    with listening(answer) as url:
        tencentcloud(CdnClient, url, ("AKID", "s3cr3t", "t0k3n")).DescribeDomainsConfig(
            cdn.DescribeDomainsConfigRequest()
        )
    ((headers, body),) = sent
    request = requests.Request("POST", f"{url}/", headers=dict(headers), data=body).prepare()
    settings = {"secret_id": "AKID", "secret_key": "s3cr3t", "token": "t0k3n"}
    TC3HMACSHA256(settings, lambda _: "cdn").sign(request, int(headers["X-TC-Timestamp"]))
    assert request.headers["Authorization"] == headers["Authorization"]
    assert request.headers["X-TC-Token"] == headers["X-TC-Token"]


# Whole records.


def expected_certificate(item: Certificate, account: Account) -> Item:
    """The record of `tencentcloud_certificates`, but what is alike in all."""
    hosted, uploaded = item.hosted, item.origin == "upload"
    issued = item.begin is not None
    return {
        "certificate_id": item.certificate_id,
        "from": item.origin,
        "certificate_type": item.kind,
        "package_type": None if uploaded else "83",
        "product_zh_name": item.issuer,
        "domain": item.domain,
        "alias": blank(item.alias),
        "status": item.status,
        "cert_begin_time": time(item.begin),
        "cert_end_time": time(item.end),
        "validity_period": "3" if issued else None,
        "insert_time": time(item.inserted),
        "subject_alt_name": item.domains or None,
        "cert_sans": item.domains or None,
        "encrypt_algorithm": item.algorithm,
        "ca_end_times": [time(item.end)] if item.kind == "CA" else None,
        "is_wildcard": item.domain.startswith("*."),
        "is_expiring": item.status == 1,
        "allow_download": issued or None,
        "auto_renew_flag": 0 if uploaded else 1,
        "hosting_status": 10 if hosted else -1,
        "hosting_complete_time": time(item.inserted) if hosted else None,
        "hosting_resource_types": ["cdn", "clb"] if hosted else None,
        "validation_passed_time": time(item.inserted) if hosted else None,
        "cert_revoked_time": time(item.inserted) if item.revoked else None,
        "domain_number": str(len(item.domains)),
        "renew_order": "K926htp2" if hosted else None,
        "sm_cert": 0,
        "company_type": 2 if hosted else None,
        "total_period": 1,
        "project_name": "默认项目",
        "deployed_resources": [
            {"type": kind, "count": len(domains), "resources": domains or None}
            for kind in ("cdn", "teo")
            for domains in account.deployed([item.certificate_id], kind).values()
        ],
    }


def expected_cdn_domain(item: CDNDomain) -> Item:
    """The record of `tencentcloud_cdn_domains`, but what is alike in all."""
    held, on = item.held != "none", {True: "on", False: "off"}[item.client]
    chain = item.chain if item.held == "chain" else None
    is_listed = item.held == "listed"
    https = item.switch is not None
    return {
        "domain": item.domain,
        "resource_id": f"cdn-{item.number:08}",
        "app_id": "1251000004",
        "project_id": "0",
        "status": item.status,
        "disable": item.disable,
        "create_time": time(item.created),
        "https_switch": item.switch,
        "https_ssl_status": item.ssl_status if https else None,
        "https_http2": on if https else None,
        "https_tls_version": ["TLSv1.2", "TLSv1.3"] if item.client else None,
        "hsts_max_age": 31536000 if item.client else None,
        "cert_id": item.certificate.certificate_id if is_listed else None,
        "cert_name": (blank(item.certificate.alias) if is_listed else "s3rver") if held else None,
        "cert_expire_time": time(item.chain.not_after) if held else None,
        "cert_deploy_time": time(item.created) if held else None,
        "client_cert_expire_time": time(item.chain.not_after) if item.client else None,
        "certificate": chain and chain.pem,
        "x509_not_after": chain and time(chain.not_after),
        "x509_subject_common_name": chain and chain.common_name,
    }


def expected_named(item: Named, own: dict[str, Any]) -> Item:
    """A certificate in the list of a domain of EdgeOne."""
    nothing = dict.fromkeys(("alias", "type", "status", "expire_time", "deploy_time", "sign_algo"))
    chain = own.get(item.cert_id) if item.end is None else None
    if item.end:
        nothing |= {"status": item.status, "expire_time": time(item.end), "sign_algo": item.algorithm}
        nothing |= {"alias": "alias", "type": "upload"}
    elif chain:
        nothing |= {"alias": "EdgeOne default", "type": "default", "status": "deployed"}
        nothing |= {"expire_time": time(chain.not_after), "sign_algo": "RSA 2048"}
    return {
        "cert_id": item.cert_id,
        **nothing,
        "effective_time": time(chain.not_before) if chain else None,
        "common_name": chain.common_name if chain else None,
        "subject_alt_name": list(chain.names) or None if chain else None,
    }


def expected_edgeone_domain(item: EdgeOneDomain, own: dict[str, Any]) -> Item:
    """The record of `tencentcloud_edgeone_domains`, but the certificates of clients and origins."""
    return {
        "zone_id": item.zone_id,
        "domain_name": item.domain_name,
        "domain_status": item.status,
        "created_on": time(item.created),
        "certificate_mode": item.mode,
        "certificate_list": [expected_named(each, own) for each in item.certificates or ()] or None,
        "client_cert_switch": "on" if item.mutual else None,
        "upstream_verification_mode": "custom_ca" if item.mutual else None,
    }


def test_each_field_is_what_the_account_holds(sandbox: Watch) -> None:
    """Of each service at an address of its own, whatever form its times have."""
    account, settings = account_of(sandbox), sandbox["tencentcloud"].config()
    url = settings.pop("api_url")
    urls = {f"{service}_url": url for service in ("ssl", "cdn", "teo")}
    records, syncs, errors = synced({**settings, **urls})
    assert not errors
    assert all(row["complete"] for row in syncs.values())
    expected: dict[str, dict[str, Item]] = {
        CERTIFICATES: {
            each.certificate_id: expected_certificate(each, account) for each in account.certificates
        },
        CDN: {each.domain: expected_cdn_domain(each) for each in account.cdn},
        EDGEONE: {
            each.key: expected_edgeone_domain(each, {**account.zones[each.zone_id].own})
            for each in account.edgeone
        },
    }
    for stream, rows in expected.items():
        assert records[stream].keys() == rows.keys()
        for key, row in rows.items():
            record = records[stream][key]
            for each in record.get("certificate_list") or ():
                del each["deploy_time"]
            for each in row.get("certificate_list") or ():
                del each["deploy_time"]
            assert {name: record[name] for name in row} == row
    none = sum(not each.certificates for each in account.edgeone)
    assert syncs[EDGEONE]["without_certificate"] == none > 0
    assert "DescribeDefaultCertificates" in {request.operation for request in sandbox.requests}


def documented(model: Any, models: Any, **objects: str) -> Item:
    """An item with every field of an official SDK's model; objects in it are of the models named."""
    names = [name.removeprefix("_") for name in vars(model())]
    item: Item = dict.fromkeys(names)
    for name in names:
        if inner := objects.get(name):
            item[name] = documented(getattr(models, inner), models, **objects)
    return item


@pytest.mark.parametrize(
    ("stream", "item"),
    [
        (
            CERTIFICATES,
            documented(
                ssl.Certificates,
                ssl,
                CertificateExtra="CertificateExtra",
                ProjectInfo="ProjectInfo",
                PreAuditInfo="PreAuditInfo",
            )
            | {"CertificateId": "1", "DeployedResources": [documented(ssl.DeployedResources, ssl)]},
        ),
        (
            CDN,
            documented(
                *(cdn.DetailDomain, cdn),
                Https="Https",
                CertInfo="ServerCert",
                ClientCertInfo="ClientCert",
                Hsts="Hsts",
            )
            | {"Domain": "example.com"},
        ),
        (
            EDGEONE,
            documented(
                *(teo.AccelerationDomain, teo),
                Certificate="AccelerationDomainCertificate",
                ClientCertInfo="MutualTLS",
                UpstreamCertInfo="UpstreamCertInfo",
                UpstreamMutualTLS="MutualTLS",
                UpstreamCertificateVerify="OriginCertificateVerify",
            )
            | {"DomainName": "example.com"},
        ),
    ],
    ids=(CERTIFICATES, CDN, EDGEONE),
)
def test_each_documented_field_is_taken_or_left_out(stream: str, item: Item) -> None:
    """Of all that the official SDKs know; what is taken passes the list of what an answer may have."""
    named, own = documented(teo.CertificateInfo, teo), documented(teo.DefaultServerCertInfo, teo)
    for name, listed in {"List": [named, own], "CertInfos": [named], "CustomCACerts": [named]}.items():
        fill(item, name, listed)
    key = {"secret_id": "AKID", "secret_key": "s3cr3t"}
    tap = TapCDNCerts(config={"tencentcloud": {**key, "products": [*PRODUCTS]}})
    made: Any = tap.streams[stream]
    made.record(item) if stream != EDGEONE else made.item_record("zone-1", item)
    names: Names = made._names
    assert tap.run.report.unsaid("tencentcloud", names.unread, made.left_out) == []
    assert {part for name in names.read for part in name.split(".")} <= KNOWN


def fill(item: Any, name: str, value: Any) -> None:
    """Put something in all places of a name."""
    for key, inner in item.items() if isinstance(item, dict) else ():
        if key == name:
            item[key] = value
        else:
            fill(inner, name, value)


TIMES = {
    "2024-11-06 08:00:0": "2024-11-06T00:00:00Z",
    "2024-11-06 8:0:5": "2024-11-06T00:00:05Z",
    "2025-12-02 07:59:59": "2025-12-01T23:59:59Z",
    "2024-2-29 00:00:00": "2024-02-28T16:00:00Z",
    "2025-12-02T07:59:59+00:00": "2025-12-02T07:59:59Z",
    "2025-12-02T07:59:59Z": "2025-12-02T07:59:59Z",
    **dict.fromkeys(("", " ", "--", "-", "0000-00-00 00:00:00", "0000-00-00", None)),
}


@pytest.mark.parametrize("written", TIMES)
def test_times_are_china_s_whatever_their_form(written: str | None) -> None:
    """To the second; what stands for none is none, and no end that cannot be read."""
    doubts: list[str] = []
    item = Seen({"Time": written}, Names(), lambda name, _: doubts.append(name))
    assert local_time(item, "Time") == end_time(item, "Time") == TIMES[written]
    assert not doubts
    assert end_time(Seen({"Time": "soon"}, Names(), lambda name, _: doubts.append(name)), "Time") is None
    assert doubts == ["Time"]


def test_numbers_as_texts_and_nulls_are_taken(sandbox: Watch) -> None:
    """Integers as texts and the reverse, lists that are null, fields that are missing, words nobody knows."""

    def odd(_: Call, tree: Any) -> Any:
        response = tree["Response"]
        response["TotalCount"] = str(response["TotalCount"])
        for item in response["Certificates"]:
            item |= {"Status": str(item["Status"]), "ProjectId": 7, "AutoRenewFlag": "1", "IsDv": "true"}
            item |= {"SubjectAltName": None, "CertificateExtra": None, "CertificateType": "neu"}
            del item["ProjectInfo"], item["CertSANs"], item["Deployable"]
        return tree

    changed(sandbox, "tencentcloud", "DescribeCertificates", odd)
    records, syncs, errors = synced({**sandbox["tencentcloud"].config(), "products": ["ssl"]})
    assert not errors
    assert syncs[CERTIFICATES]["read"] == 60
    for key, record in records[CERTIFICATES].items():
        assert record["status"] == account_of(sandbox).certificates[key].status
        assert (record["project_id"], record["auto_renew_flag"], record["is_dv"]) == ("7", 1, True)
        assert record["subject_alt_name"] is record["domain_number"] is record["deployable"] is None
        # Nobody asked for it.
        assert record["deployed_resources"] is None


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_end_that_is_null_is_none(sandbox: Watch, nothing: str | None) -> None:
    """Of a certificate of EdgeOne's own, the zone says it then."""

    def odd(_: Call, tree: Any) -> Any:
        for item in tree["Response"]["AccelerationDomains"] or ():
            for each in item.get("Certificate", {}).get("List") or ():
                each |= {"ExpireTime": nothing, "SignAlgo": nothing}
        return tree

    changed(sandbox, "tencentcloud", "DescribeAccelerationDomains", odd)
    records, _, errors = synced({**sandbox["tencentcloud"].config(), "products": ["edgeone"]})
    assert not errors
    own = {name: chain for zone in account_of(sandbox).zones for name, chain in zone.own.items()}
    found = [each for row in records[EDGEONE].values() for each in row["certificate_list"] or ()]
    assert {each["cert_id"]: each["expire_time"] for each in found if each["expire_time"]} == {
        name: time(chain.not_after) for name, chain in own.items()
    }


# Secrets.


def test_nothing_but_the_name_of_what_nobody_knows_goes_on(sandbox: Watch, tmp_path: Path) -> None:
    """New secrets, in objects and lists, and where another type is expected: `run` looks for them."""

    def more(_: Call, tree: Any) -> Any:
        for number, item in enumerate(tree["Response"]["Domains"]):
            item["NewPassword"] = {"Value": "s3cr3t"}
            if item["Https"] and item["Https"]["CertInfo"]:
                item["Https"]["CertInfo"] |= {"NewKey": "s3cr3t", "Certificate": "s3cr3t"}
                item["Https"]["NewKeys"] = [{"CertId": "s3cr3t"}]
            if number % 3 == 0:
                item["Https"] = "s3cr3t"
            if number % 3 == 1:
                item["CreateTime"] = "s3cr3t"
        return tree

    changed(sandbox, "tencentcloud", CONFIGS, more)
    result = run(sandbox, tmp_path)
    assert len(result.by_key(CDN)) == 40
    (said,) = (line for line in result.logged("INFO") if "also sends" in line)
    assert re.search(r"Https\.CertInfo\.NewKey, Https\.NewKeys, NewPassword,", said)
    parsed = client("tencentcloud").parse(
        Answer(200, CaseInsensitiveDict(), json.dumps({"Response": {"Domains": [{"Origin": "x"}]}}).encode())
    )
    assert parsed == {"Response": {"Domains": [{"Origin": None}]}}


# What answers mean.

MEANINGS = {
    Reach.THROTTLED: "RequestLimitExceeded RequestLimitExceeded.UinLimitExceeded "
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded LimitExceeded.RateLimitExceeded "
    "LimitExceeded.SslCertRequestLimitExceeded UnauthorizedOperation.OperationTooOften",
    Reach.ATTEMPT: "InternalError InternalError.CdnSystemError FailedOperation.SystemError "
    "FailedOperation.NetworkError FailedOperation.SslCertCannotGetOrder FailedOperation.DataSystemError",
    Reach.PROVIDER: "AuthFailure.SignatureExpire AuthFailure.SecretIdNotFound AuthFailure.SignatureFailure "
    "AuthFailure.InvalidSecretId AuthFailure.TokenFailure AuthFailure.MFAFailure "
    "AuthFailure.InvalidAuthorization",
    Reach.STREAM: "AuthFailure.UnauthorizedOperation UnauthorizedOperation FailedOperation.AuthError "
    "UnauthorizedOperation.CdnCamUnauthorized UnauthorizedOperation.CdnUserIsSuspended "
    "FailedOperation.CAMAuthorizedFail FailedOperation.NoProjectPermission "
    "FailedOperation.RoleNotFoundAuthorization UnauthorizedOperation.CdnUserIsIsolated",
    Reach.INACTIVE: "ResourceNotFound.CdnUserNotExists",
    Reach.GONE: "FailedOperation.CertificateNotFound InvalidParameter.ZoneNotFound "
    "InvalidParameterValue.ZoneNotFound ResourceNotFound.CdnHostNotExists",
    Reach.KEY: "FailedOperation InvalidParameter LimitExceeded UnsupportedOperation New.Thing",
}


def failed(code: str, operation: str = CONFIGS, status: int = 200) -> Any:
    """The error that an answer with a code means."""
    error = {"Code": code, "Message": "Why."}
    body = json.dumps({"Response": {"Error": error, "RequestId": "r-1"}}).encode()
    made = client("tencentcloud")
    return made.fail(operation, made.host(), Answer(status, CaseInsensitiveDict(), body))


@pytest.mark.parametrize(
    ("code", "reach"), [(code, reach) for reach, codes in MEANINGS.items() for code in codes.split()]
)
def test_codes_mean_what_they_say_whatever_the_status(code: str, reach: Reach) -> None:
    """By the code, or by its beginning."""
    for status in (200, 400, 403):
        error = failed(code, status=status)
        assert (error.code, error.reach, error.request_id) == (code, reach, "r-1")
        assert CONFIGS in error.message


def test_errors_say_what_to_do() -> None:
    """The action that the policy lacks, the site, the debts, and the way that is left."""
    for code, operation, words in (
        ("UnauthorizedOperation.CdnCamUnauthorized", CONFIGS, ("cdn:DescribeDomainsConfig", "deployments")),
        ("AuthFailure.UnauthorizedOperation", "DescribeCertificates", ("ssl:DescribeCertificates",)),
        ("UnauthorizedOperation", "DescribeAccelerationDomains", ("teo:", "edgeone", "tencentcloud.zones")),
        ("UnauthorizedOperation.CdnUserIsIsolated", CONFIGS, ("debts",)),
        ("AuthFailure.SecretIdNotFound", CONFIGS, ("tencentcloud.secret_id", "tencentcloud.international")),
        ("ResourceNotFound.CdnUserNotExists", CONFIGS, ("not activated",)),
        ("New.Thing", CONFIGS, ("Why.",)),
    ):
        message = failed(code, operation).message
        assert all(each in message for each in words), message


def test_a_product_that_is_not_activated_is_empty_and_one_with_debts_fails(
    sandbox: Watch, tmp_path: Path
) -> None:
    """A warning and success; an error that names the debts: the other streams are complete."""
    sandbox.faults.add(Fault("error", CONFIGS, status=200, code="ResourceNotFound.CdnUserNotExists"))
    result = run(sandbox, tmp_path)
    assert result.returncode == 0
    (said,) = result.logged("WARNING")
    assert "not activated" in said
    assert (result.syncs[CDN]["listed"], result.syncs[CDN]["complete"]) == (0, True)
    sandbox.faults.clear()
    sandbox.faults.add(Fault("error", CONFIGS, status=200, code="UnauthorizedOperation.CdnUserIsSuspended"))
    _, syncs, (error,) = synced(sandbox["tencentcloud"].config())
    assert "debts" in error["message"]
    assert {stream for stream, row in syncs.items() if row["complete"]} == {CERTIFICATES, EDGEONE}


def test_a_zone_that_is_refused_to_everybody_is_one_key(sandbox: Watch, tmp_path: Path) -> None:
    """Those of Pages and AI; a type with a charset does not matter; a setting leaves the zones out."""
    account = account_of(sandbox)
    refused = {account.add_zone(f"{kind}.example", kind).zone_id for kind in ("pages", "ai")}
    sandbox.faults.add(Fault("content_type", content_type="application/json; charset=utf-8"))
    result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert result.by_key(EDGEONE).keys() == {*account.edgeone.keys()}
    assert {row["key"] for row in result.records["sync_errors"]} == refused
    assert {row["reach"] for row in result.records["sync_errors"]} == {"key"}
    assert result.syncs[EDGEONE]["complete"]
    settings = {**sandbox["tencentcloud"].config(), "zones": ["zone-*.example"], "domains": ["www-1?.*"]}
    records, _, errors = synced(settings)
    assert not errors
    assert records[EDGEONE].keys() == {*account.edgeone.keys()}
    assert len(records[CDN]) == 10


# What certificates are deployed to.


@pytest.fixture
def deploying(sandbox: Watch) -> Item:
    """The settings of who may not read the domains."""
    return {**sandbox["tencentcloud"].config(), "products": ["deployments"]}


def broken(sandbox: Watch, code: str, *names: str) -> None:
    """Let requests that name one of some certificates fail."""
    api: Any = sandbox["tencentcloud"]
    deployed = api.deployed

    def refusing(parameters: Item) -> Any:
        if not {*names}.isdisjoint(parameters["CertificateIds"]):
            raise RefusedError(200, code, "Why.")
        return deployed(parameters)

    api.deployed = refusing


def test_one_certificate_that_cannot_be_asked_for_is_one_row(sandbox: Watch, deploying: Item) -> None:
    """Of the 60 the other 58 say what they are deployed to; one is gone, and one has a row."""
    account = account_of(sandbox)
    odd, gone, *rest = account.certificates.keys()
    broken(sandbox, "FailedOperation.Odd", odd)
    spared = account.certificates.remove(gone)
    changed(sandbox, "tencentcloud", "DescribeCertificates", lambda _, tree: with_gone(tree, spared))
    records, syncs, (error,) = synced(deploying)
    found = records[CERTIFICATES]
    assert found.keys() == {odd, gone, *rest}
    assert {key for key, row in found.items() if row["deployed_resources"] is None} == {odd, gone}
    assert (error["key"], error["operation"], error["reach"]) == (odd, DEPLOYED, "field")
    assert syncs[CERTIFICATES]["complete"]
    assert CDN not in records


def with_gone(tree: Any, certificate: Certificate) -> Any:
    """A list that has a certificate still."""
    response = tree["Response"]
    response["Certificates"].append(
        {**response["Certificates"][0], "CertificateId": certificate.certificate_id}
    )
    response["TotalCount"] += 1
    return tree


def test_what_is_deployed_may_not_be_read(sandbox: Watch, deploying: Item) -> None:
    """The certificates are there, nothing more is asked, and the stream says what its policy lacks."""
    broken(sandbox, "UnauthorizedOperation", account_of(sandbox).certificates.keys()[-1])
    records, syncs, errors = synced(deploying)
    assert len(records[CERTIFICATES]) == 60
    assert all(row["deployed_resources"] is None for row in records[CERTIFICATES].values())
    assert not syncs[CERTIFICATES]["complete"]
    assert sandbox.count(DEPLOYED) == 1
    assert "ssl:DescribeDeployedResources" in next(row["message"] for row in errors if row["key"] == "*")


def test_many_that_fail_alike_are_not_all_asked_for(sandbox: Watch, deploying: Item) -> None:
    """After ten in a row."""
    broken(sandbox, "FailedOperation.Odd", *account_of(sandbox).certificates.keys())
    records, syncs, _ = synced(deploying)
    assert len(records[CERTIFICATES]) == 60
    assert not syncs[CERTIFICATES]["complete"]
    assert sandbox.count(DEPLOYED) < 30


def test_what_a_certificate_is_deployed_to_is_unknown_where_no_answer_names_it(
    sandbox: Watch, deploying: Item
) -> None:
    """Or where there is no list; of one that is named with nothing, it is nothing."""
    account = account_of(sandbox)
    deployed = account.deployed(account.certificates.keys(), "cdn")
    served = {name for name, domains in deployed.items() if domains}
    nowhere = next(name for name in deployed if name not in served)

    def odd(call: Call, tree: Any) -> Any:
        response = tree["Response"]
        listed = response.pop("DeployedResources")
        if b'"cdn"' in call.body:
            response["DeployedResources"] = [
                each for each in listed if each["Count"] or each["CertificateId"] == nowhere
            ]
        return tree

    changed(sandbox, "tencentcloud", DEPLOYED, odd)
    records, syncs, errors = synced(deploying)
    assert not errors
    assert syncs[CERTIFICATES]["complete"]
    found = {key: row["deployed_resources"] for key, row in records[CERTIFICATES].items()}
    assert found[nowhere] == [{"type": "cdn", "count": 0, "resources": None}]
    assert {key for key, said in found.items() if said is not None} == {nowhere, *served}
    assert [] not in found.values()


def unsaid(records: Item) -> set[str]:
    """The domains that have a certificate of EdgeOne's own, of which nobody says when it ends."""
    return {
        key
        for key, row in records[EDGEONE].items()
        for each in row["certificate_list"] or ()
        if each["cert_id"].startswith("teo-") and not each["expire_time"]
    }


def test_a_zone_that_does_not_say_when_edgeone_s_own_certificates_end_is_alone(sandbox: Watch) -> None:
    """Each domain that has one has a row; those of the zones after it have theirs."""
    settings = {**sandbox["tencentcloud"].config(), "products": ["edgeone"], "max_connections": 1}
    known = unsaid(synced(settings)[0])
    zone = next(request.key for request in sandbox.requests if request.operation == DEFAULTS)
    sandbox.faults.add(Fault("error", DEFAULTS, zone, status=200, code="UnauthorizedOperation"))
    records, syncs, errors = synced(settings)
    found = unsaid(records) - known
    assert found == {key for key in unsaid(records) if key.startswith(zone)}
    assert {row["key"] for row in errors} == found != set()
    assert {(row["operation"], row["reach"]) for row in errors} == {(DEFAULTS, "key")}
    assert all("teo:DescribeDefaultCertificates" in row["message"] for row in errors)
    assert syncs[EDGEONE]["complete"]


def test_who_may_not_ask_for_edgeone_s_own_certificates_does_not_know_their_ends(
    sandbox: Watch, tmp_path: Path
) -> None:
    """It is no failure, and said of each domain; after ten zones, nobody asks any more."""
    account = account_of(sandbox)
    own = next(
        each
        for each in account.edgeone
        if any(named.end is None and named.cert_id.startswith("teo-") for named in each.certificates or ())
    )
    for number in range(20):
        zone = account.add_zone(f"more-{number}.example")
        account.edgeone.add(replace(own, key=f"{zone.zone_id}/www.more-{number}.example"))
    sandbox.faults.add(Fault("error", DEFAULTS, status=200, code="UnauthorizedOperation"))
    result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert result.syncs[EDGEONE]["complete"]
    assert sandbox.count(DEFAULTS) == 10
    rows = {row["key"]: row for row in result.records["sync_errors"]}
    assert rows.keys() == unsaid({EDGEONE: result.by_key(EDGEONE)})
    assert len(rows) > 20
    assert {row["reach"] for row in rows.values()} == {"key"}
    assert sum("No more zones are asked" in row["message"] for row in rows.values()) >= 10


def test_credentials_that_end_while_certificates_are_dated_are_no_missing_end(
    sandbox: Watch, tmp_path: Path
) -> None:
    """They are refused for all that is asked, whatever has been read by then."""
    sandbox.faults.add(Fault("error", DEFAULTS, status=200, code="AuthFailure.TokenFailure"))
    result = run(sandbox, tmp_path)
    assert result.returncode == 1
    assert not result.syncs[EDGEONE]["complete"]
    assert result.errors[EDGEONE, "*"]["code"] == "AuthFailure.TokenFailure"


# Pages and limits.


@pytest.mark.parametrize("change", ["appears", "disappears"])
def test_certificates_that_come_and_go_while_pages_are_read_lose_none(change: str) -> None:
    """The newest comes first, and moves all others."""
    with only("tencentcloud", 1100, products=["ssl"]) as sandbox:
        inventory = account_of(sandbox).certificates
        spare = inventory.remove(inventory.keys()[7])
        stable = {*inventory.keys()[:-1]}
        sandbox.during_listing = lambda: (
            inventory.add(spare) if change == "appears" else inventory.remove(inventory.keys()[-1])
        )
        records, syncs, errors = synced(sandbox["tencentcloud"].config())
        assert sandbox.during_listing is None
    assert not errors
    assert syncs[CERTIFICATES]["complete"]
    assert stable <= records[CERTIFICATES].keys()
    assert change == "disappears" or spare.certificate_id in records[CERTIFICATES]


def test_ten_requests_a_second_are_not_exceeded() -> None:
    """By who leaves the limit as it is, of any operation: the international site allows no more in any."""
    with only("tencentcloud", 1300, limit=(10, 1), international=True) as sandbox:
        settings = sandbox["tencentcloud"].config()
        del settings["rate_limit_requests"], settings["rate_limit_period"]
        records, _, errors = synced({**settings, "products": ["ssl", "cdn"]})
        assert not errors
        assert (len(records[CERTIFICATES]), len(records[CDN])) == (1300, 1300)
        assert sandbox.refused == 0
        assert sandbox.count(CONFIGS) == 13


def test_each_site_has_hosts_of_its_own() -> None:
    """But for those that are named."""
    key = {"secret_id": "AKID", "secret_key": "s3cr3t"}
    for more, hosts in (
        ({}, ["ssl.tencentcloudapi.com", "cdn.tencentcloudapi.com", "teo.tencentcloudapi.com"]),
        (
            {"international": True, "cdn_url": "https://cdn.example.com/"},
            ["ssl.intl.tencentcloudapi.com", "cdn.example.com", "teo.intl.tencentcloudapi.com"],
        ),
        ({"api_url": "https://api.example.com"}, ["api.example.com"] * 3),
    ):
        made = TapCDNCerts(config={"tencentcloud": {**key, **more}})
        operations = ("DescribeCertificates", CONFIGS, "DescribeZones")
        asked = [made.run.client("tencentcloud").ask(each).url for each in operations]
        assert asked == [f"https://{host}/" for host in hosts]


def test_the_setting_of_an_address_is_named() -> None:
    """The one that has it."""
    settings = {"secret_id": "AKID", "secret_key": "s3cr3t", "api_url": "http://127.0.0.1:8"}
    for more, named in (({}, "api_url"), ({"cdn_url": "http://127.0.0.1:9"}, "cdn_url")):
        made = TapCDNCerts(config={"tencentcloud": {**settings, **more}})
        client = made.run.client("tencentcloud")
        (address,) = client.addresses(CONFIGS)
        assert client.host(address).setting == f"tencentcloud.{named}"


def test_the_chain_that_is_shown_is_the_certificate(sandbox: Watch) -> None:
    """Its own facts, and no others."""
    records, _, _ = synced({**sandbox["tencentcloud"].config(), "products": ["cdn"]})
    shown = [row for row in records[CDN].values() if row["certificate"]]
    assert shown
    for row in shown:
        fields, faults = x509.leaf_fields(row["certificate"])
        assert not faults
        assert {name: row[name] for name in fields} == fields
