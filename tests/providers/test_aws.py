"""What is AWS's alone: three services, several lists of certificates, and credentials from anywhere."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from importlib import util
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import get_session
from cases import assert_everything_arrived, only
from singer_sdk.exceptions import ConfigValidationError
from watched import catalog, run

from sandbox import Fault
from sandbox.aws.api import AWS
from tap_cdn_certs.providers.aws.certificates import ALL, side_by_side
from tap_cdn_certs.providers.aws.cloudfront import OF_ORIGINS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from watched import Watch

    from sandbox.messages import Answer, Call

STREAM = "aws_certificates"


def sdk(sandbox: Watch, service: str) -> Any:
    """The official client of a service, with the key of the sandbox."""
    key_id, secret = sandbox["aws"].logins["key"].values()
    return get_session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=sandbox["aws"].url,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )


def test_the_official_sdk_reads_the_sandbox() -> None:
    """Each operation, in pages, with the filters of ACM; what is too large or not known is refused."""
    with only("aws", 210) as sandbox:
        api = sandbox["aws"]
        acm, iam, cloudfront = (sdk(sandbox, name) for name in ("acm", "iam", "cloudfront"))
        pages = [*cloudfront.get_paginator("list_distributions").paginate()]
        items = [item for page in pages for item in page["DistributionList"]["Items"]]
        assert ([item["Id"] for item in items], len(pages)) == (api.keys("ListDistributions"), 3)
        tenants = cloudfront.list_distribution_tenants(MaxItems=7)
        assert tenants["DistributionTenantList"][1]["Customizations"]["Certificate"]["Arn"]
        following = cloudfront.list_distribution_tenants(Marker=tenants["NextMarker"])
        assert following["DistributionTenantList"][0]["Id"] == api.keys("ListDistributionTenants")[7]
        unasked = acm.list_certificates()["CertificateSummaryList"]
        assert {item["KeyAlgorithm"] for item in unasked} == {"RSA_1024", "RSA_2048"}
        assert {item["CertificateKeyPairOrigin"] for item in unasked} == {"AWS_MANAGED", "CUSTOMER_PROVIDED"}
        pages = [*acm.get_paginator("list_certificates").paginate(**ALL, PaginationConfig={"PageSize": 50})]
        listed = [item for page in pages for item in page["CertificateSummaryList"]]
        assert len(unasked) < len(listed) < 210
        arn = listed[0]["CertificateArn"]
        chain = api.inventory[arn].chain
        assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["NotAfter"] == chain.not_after
        given = acm.get_certificate(CertificateArn=arn)
        assert given["Certificate"] + given["CertificateChain"] == chain.pem
        held = iam.list_server_certificates(PathPrefix="/cloudfront/")["ServerCertificateMetadataList"]
        assert [item["ServerCertificateName"] for item in held] == ["server-0", "server-1"]
        assert iam.get_server_certificate(ServerCertificateName="server-2")["ServerCertificate"]
        refused: dict[str, Callable[[], Any]] = {
            "InvalidArgument": lambda: cloudfront.list_distributions(MaxItems="101"),
            "ResourceNotFoundException": lambda: acm.describe_certificate(CertificateArn=f"{arn}x"),
            "AccessDenied": lambda: acm.export_certificate(CertificateArn=arn, Passphrase=b"12345"),
            "NoSuchEntity": lambda: iam.get_server_certificate(ServerCertificateName="x"),
            "UnknownOperationException": iam.list_users,
        }
        for code, call in refused.items():
            with pytest.raises(Exception, match=code):
                call()


# What of the official models is not read, and why.
OMITTED = {
    "AcmeAccountId": "who asks by ACME",
    "AcmeEndpointArn": "where is asked by ACME",
    "Aliases.Quantity": "a count",
    "AnycastIpListId": "addresses",
    "Arn": "as CertificateArn",
    "CacheBehaviors": "origins",
    "Comment": "may hold anything",
    "ConnectionFunctionAssociation": "code at the edge",
    "ConnectionGroupId": "addresses",
    "CustomErrorResponses": "origins",
    "Customizations.GeoRestrictions": "countries",
    "Customizations.WebAcl": "a firewall",
    "DefaultCacheBehavior": "origins",
    "DomainValidationOptions.HttpRedirect": "proves whose a domain is",
    "DomainValidationOptions.ResourceRecord": "proves whose a domain is",
    "DomainValidationOptions.ValidationEmails": "people's",
    "ETag": "a version, for changes",
    "ExtendedKeyUsages": "as x509_extended_key_usages",
    "HasAdditionalSubjectAlternativeNames": "the detail has them all",
    "IsIPV6Enabled": "addresses",
    "KeyUsages": "in the certificate itself",
    "Options.ValidationMethod": "as that of each domain",
    "OriginGroups": "origins",
    "Origins": "origins, with headers that are secret",
    "PriceClass": "prices",
    "RenewalSummary.DomainValidationOptions.HttpRedirect": "proves whose a domain is",
    "RenewalSummary.DomainValidationOptions.ResourceRecord": "proves whose a domain is",
    "RenewalSummary.DomainValidationOptions.ValidationEmails": "people's",
    "Restrictions": "countries",
    "Tags": "may hold anything",
    "UpdateSummary": "of another way to prove whose a domain is",
    "ViewerCertificate.Certificate": "deprecated",
    "ViewerCertificate.CertificateSource": "deprecated",
    "ViewerMtlsConfig": "certificates of visitors",
    "WebACLId": "a firewall",
}


def filled(shape: Any, *, xml: bool) -> Any:
    """An object with all fields of a shape of the official models, and nothing in them."""
    if shape.type_name == "structure":
        return {name: filled(member, xml=xml) for name, member in shape.members.items()}
    if shape.type_name == "list":
        item = filled(shape.member, xml=xml)
        return {"member": item} if xml else [item]
    return None


@pytest.mark.parametrize(
    ("service", "operation", "way", "stream"),
    [
        ("cloudfront", "ListDistributions", ("DistributionList", "Items"), "aws_distributions"),
        ("cloudfront", "ListDistributionTenants", ("DistributionTenantList",), "aws_distribution_tenants"),
        ("acm", "ListCertificates", ("CertificateSummaryList",), STREAM),
        ("acm", "DescribeCertificate", ("Certificate",), STREAM),
        ("iam", "ListServerCertificates", ("ServerCertificateMetadataList",), STREAM),
        ("iam", "GetServerCertificate", ("ServerCertificate",), STREAM),
    ],
)
def test_each_field_of_the_official_models_is_read_or_left_out_for_a_reason(
    service: str, operation: str, way: tuple[str, ...], stream: str
) -> None:
    """Of the SDK that is installed: a newer one may have more."""
    shape = get_session().get_service_model(service).operation_model(operation).output_shape
    for name in way:
        shape = shape.members[name]
    item = filled(getattr(shape, "member", shape), xml=service != "acm")
    item |= item.pop("ServerCertificateMetadata", {}) | {"Id": "x", "CertificateArn": "x"}
    reader: Any = TapCDNCerts(config={"aws": {}}).streams[stream]
    if stream != STREAM:
        reader.record(item)
    elif operation.startswith("List"):
        reader._found = set()
        reader.listed(reader.seen(item))
    else:
        reader.fields("x", item)
    unread = reader._names.unread - {"Id", "CertificateArn"}
    assert unread <= OMITTED.keys()
    # What is left out is not said to be new.
    assert unread - reader.left_out <= OF_ORIGINS


# Which certificates there are, and which are asked for.


def test_the_second_sync_asks_for_what_changed(tmp_path: Path) -> None:
    """A renewed certificate keeps its ARN; nothing else costs a request, in at most twelve requests."""
    with only("aws", 40) as sandbox:
        api = sandbox["aws"]
        first = run(sandbox, tmp_path)
        renewed = api.keys("")[3]
        api.renew(renewed)
        sandbox.reset()
        second = run(sandbox, tmp_path, state=first.state)
        asked = [(request.operation, request.key) for request in api.requests if request.key]
        assert asked == [("DescribeCertificate", renewed), ("GetCertificate", renewed)]
        assert len(api.requests) <= 12
    before, after = (each.by_key(STREAM) for each in (first, second))
    assert before.keys() == after.keys() == {*api.records("DescribeCertificate")}
    changed = {key for key in before if {**before[key], "synced_at": ""} != {**after[key], "synced_at": ""}}
    assert changed == {renewed}
    assert after[renewed]["x509_serial_number"] == after[renewed]["serial"].replace(":", "")


def test_many_distributions_cost_as_few_requests_as_can_be(tmp_path: Path) -> None:
    """500, with 200 certificates: each page and detail once, none refused; the next sync at most twelve.

    The details are asked for ten times as fast as is documented; `make bench` says how long it takes else.
    """
    limits = {**AWS.limits, "details": AWS.limits["details"]._replace(requests=100)}
    with only("aws", 200, distributions=500, limits=limits) as sandbox:
        config = sandbox.config()
        config["aws"]["rate_limit_requests"] = 100
        first = run(sandbox, tmp_path, config=config)
        assert_everything_arrived(sandbox, first)
        issued = sum(each.chain is not None for each in sandbox["aws"].inventory)
        assert Counter(request.operation for request in sandbox.requests) == {
            "ListDistributions": 5,
            "ListDistributionTenants": 2,
            "ListCertificates": 2,
            "ListServerCertificates": 1,
            "DescribeCertificate": 200,
            "GetCertificate": issued,
            "GetServerCertificate": 3,
        }
        assert sandbox.refused == 0
        sandbox.reset()
        second = run(sandbox, tmp_path, config=config, state=first.state)
        assert len(sandbox.requests) <= 12
        assert sandbox.refused == 0, [(r.time, r.operation, r.code) for r in sandbox.requests]
    assert second.by_key(STREAM).keys() == first.by_key(STREAM).keys()


def test_what_may_change_without_a_sign_is_asked_for_again() -> None:
    """A renewal that is due, once a day; what is not listed, or without an end, each time."""
    day = timedelta(days=1)
    stream: Any = TapCDNCerts(config={"aws": {}}).streams[STREAM]
    stream._found = set()
    now = datetime.fromisoformat(stream.synced_at)

    def asked(later: timedelta, **item: Any) -> bool:
        marks = []
        for synced_at in (now, now + later):
            stream.synced_at = synced_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
            marks.append(stream.marks(stream.listed({"CertificateArn": "arn", **item})))
        return bool(marks[0] != marks[1])

    due = {"NotAfter": (now + 30 * day).timestamp(), "Status": "ISSUED", "RenewalEligibility": "ELIGIBLE"}
    assert asked(day, **due)
    assert not asked(timedelta(0), **due)
    assert not asked(day, **{**due, "RenewalEligibility": "INELIGIBLE"})
    assert not asked(day, **{**due, "NotAfter": (now + 70 * day).timestamp()})
    assert asked(timedelta(hours=1))
    assert not asked(timedelta(hours=1), Status="PENDING_VALIDATION")
    assert not asked(timedelta(hours=1), Expiration="2027-01-01T00:00:00Z")


def test_what_an_endpoint_hides_is_read_if_it_is_named(tmp_path: Path) -> None:
    """One that does not know a filter is asked without it, with a warning; nothing is read twice."""
    with only("aws", 30, older=True) as sandbox:
        api = sandbox["aws"]
        hidden = {each.arn: each for each in api.inventory if each.hierarchy}
        served = {each.acm for each in api.holdings.distributions} | {
            each.certificate for each in api.holdings.tenants
        }
        result = run(sandbox, tmp_path)
        assert result.returncode == 0
    assert result.by_key(STREAM).keys() == {*api.records("DescribeCertificate")} - (hidden.keys() - served)
    assert hidden.keys() & result.by_key(STREAM).keys()
    assert len([line for line in result.logged("WARNING") if "RootHierarchyTypes" in line]) == 1


def test_in_china_nothing_is_asked_of_acm(tmp_path: Path) -> None:
    """There, CloudFront has none of its certificates; the other services are in regions of their own."""
    with only("aws", 10, china=True) as sandbox:
        for each in sandbox["aws"].holdings.distributions:
            each.acm = None
        config = sandbox.config()
        config["aws"]["partition"] = "aws-cn"
        result = run(sandbox, tmp_path, config=config)
        assert {request.operation for request in sandbox.requests} == {
            "ListDistributions",
            "ListDistributionTenants",
            "ListServerCertificates",
            "GetServerCertificate",
        }
    assert result.returncode == 0
    assert {row["server_certificate_name"] for row in result.records[STREAM]} == {
        "server-0",
        "server-1",
        "server-2",
    }


def test_certificates_are_asked_for_side_by_side() -> None:
    """Those of IAM, which may be asked for less often, do not hold up those of ACM; one of each is first."""
    assert side_by_side([1, 2, 3, 4, 5, 6], ["a", "b"], []) == [1, "a", 2, 3, 4, "b", 5, 6]


# What fails, and how far it reaches.

LISTS = ("ListCertificates", "ListServerCertificates", "ListDistributions", "ListDistributionTenants")


@pytest.mark.parametrize("operation", LISTS)
def test_a_list_that_is_refused_does_not_cost_the_others(tmp_path: Path, operation: str) -> None:
    """All else is there; the stream is not complete, so that nothing counts as gone, nor is forgotten."""
    with only("aws", 12) as sandbox:
        api = sandbox["aws"]
        first = run(sandbox, tmp_path)
        sandbox.faults.add(Fault("error", operation, **api.refusals["permission"]))
        result = run(sandbox, tmp_path, state=first.state)
    assert result.returncode == 1
    assert not result.syncs[STREAM]["complete"]
    row = result.errors[STREAM, "*"]
    assert f"lacks the action {operation_action(operation)}" in row["message"]
    assert ACCOUNT_USER not in result.stdout + result.stderr
    everything, listed = {*api.records("DescribeCertificate")}, result.by_key(STREAM).keys()
    of_iam = {key for key in everything if ":iam:" in key}
    lost = {
        "ListServerCertificates": of_iam,
        "ListDistributions": {key for key in of_iam if "/legacy/" in key},
    }
    unlisted = everything - {*served(api)} - of_iam if operation == "ListCertificates" else set()
    assert listed == everything - lost.get(operation, unlisted)
    assert first.state
    assert result.state
    remembered = [each["bookmarks"][STREAM]["certificates"].keys() for each in (first.state, result.state)]
    assert remembered[0] <= remembered[1]


ACCOUNT_USER = "s3cr3t-user"


def operation_action(operation: str) -> str:
    """An operation as a policy names it."""
    services = {"ListCertificates": "acm", "ListServerCertificates": "iam"}
    return f"{services.get(operation, 'cloudfront')}:{operation}"


def served(api: Any) -> set[str]:
    """The certificates of ACM that distributions and tenants name."""
    return {each.acm for each in api.holdings.distributions} | {
        each.certificate for each in api.holdings.tenants
    }


def test_a_page_that_repeats_for_ever_is_not_the_whole_list(tmp_path: Path) -> None:
    """What it has is read, once; its streams are not complete."""
    with only("aws", 150) as sandbox:
        api = sandbox["aws"]
        page = api.page
        api.page = lambda call, held, _: page(call, held, "")
        alone = catalog(tmp_path, "aws_distributions", "sync_errors", "syncs")
        result = run(sandbox, tmp_path, "--catalog", alone)
        assert sandbox.count("ListDistributions") == 2
    assert result.errors["aws_distributions", "*"]["code"] == "IncompleteList"
    assert len(result.records["aws_distributions"]) == 100


def test_where_tenants_are_not_known_there_are_none(tmp_path: Path) -> None:
    """An older endpoint answers that there is no such page."""
    with only("aws", 6) as sandbox:
        page = {"body": b"<html>Not Found</html>", "status": 404, "content_type": "text/html"}
        sandbox.faults.add(Fault("body", "ListDistributionTenants", **page))
        result = run(sandbox, tmp_path)
        assert sandbox.count("ListDistributionTenants") <= 2
    assert result.returncode == 0
    assert all(row["complete"] for row in result.syncs.values())
    assert not result.records["aws_distribution_tenants"]


def test_credentials_that_one_service_takes_are_not_wrong(tmp_path: Path) -> None:
    """Where another one refuses them, its streams are not read; the others are."""
    with only("aws", 6) as sandbox:
        sandbox.faults.add(
            Fault("error", "ListDistributions", status=403, code="SignatureDoesNotMatch", message="No.")
        )
        result = run(sandbox, tmp_path)
        assert result.by_key(STREAM).keys() >= {*sandbox["aws"].keys("")}
    assert result.returncode == 1
    assert result.syncs["aws_distribution_tenants"]["complete"]
    assert "Check the settings aws.access_key_id" in result.errors["aws_distributions", "*"]["message"]


def test_what_is_of_origins_is_not_even_kept(tmp_path: Path) -> None:
    """Their headers are secret, and in each item of the list; the log does not say that they are new."""
    with only("aws", 6) as sandbox:
        answered: list[bytes] = []
        operate = sandbox["aws"].operate

        def answer(call: Call) -> Answer:
            given = operate(call)
            answered.append(given.body)
            return given

        sandbox["aws"].operate = answer  # type: ignore[method-assign]
        result = run(sandbox, tmp_path)
    # `run` looks for it in all that is said.
    assert any(b"s3cr3t-of-the-origin" in body for body in answered)
    assert "also sends" not in result.stderr


# Where credentials come from.


def test_credentials_are_found_where_the_sdk_looks_for_them(tmp_path: Path) -> None:
    """In the environment, and in a profile of the configuration files."""
    with only("aws", 2) as sandbox:
        config = sandbox.config()
        key_id, secret = (config["aws"].pop(name) for name in ("access_key_id", "access_key_secret"))
        variables = {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret}
        assert run(sandbox, tmp_path, config=config, env=variables).returncode == 0
        files = tmp_path / "credentials"
        files.write_text(f"[reader]\naws_access_key_id={key_id}\naws_secret_access_key={secret}\n")
        config["aws"]["profile"] = "reader"
        variables = {"AWS_SHARED_CREDENTIALS_FILE": str(files)}
        assert run(sandbox, tmp_path, config=config, env=variables).returncode == 0
        config["aws"]["profile"] = "writer"
        result = run(sandbox, tmp_path, config=config, env=variables)
    assert result.returncode == 1
    assert result.errors[STREAM, "*"]["code"] == "ProfileNotFound"
    assert "the profile that aws.profile names" in result.errors[STREAM, "*"]["message"]


def test_without_credentials_it_is_said_where_they_may_be(tmp_path: Path) -> None:
    """Once, before any request; an instance's metadata is not asked for unless a setting says so."""
    with only("aws", 2) as sandbox:
        config = sandbox.config()
        del config["aws"]["access_key_id"], config["aws"]["access_key_secret"]
        # Asking for the metadata would take seconds.
        variables = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "false"}
        result = run(sandbox, tmp_path, config=config, env=variables)
        assert not sandbox.requests
    assert result.returncode == 1
    (said,) = (line for line in result.logged("ERROR") if "There are no credentials" in line)
    assert "aws.access_key_id" in said
    assert "aws.instance_metadata" in said
    assert "169.254" not in result.stderr


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        ({"session_token": "t"}, "aws.access_key_id is missing."),
        ({"access_key_id": "AKIA", "access_key_secret": "s", "profile": "p"}, "aws takes either"),
        ({"partition": "aws-us-gov"}, "aws.partition has to be "),
    ],
)
def test_mistakes_in_the_settings(settings: dict[str, str], mistake: str) -> None:
    """Each by its setting."""
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"aws": settings})
    assert any(each.startswith(mistake) for each in caught.value.errors)


def test_the_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is asked for."""
    found = util.find_spec
    monkeypatch.setattr(
        "tap_cdn_certs.providers.aws.find_spec", lambda name: None if name == "botocore" else found(name)
    )
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"aws": {}})
    assert caught.value.errors == ["aws needs the package botocore: install tap-cdn-certs[aws]."]
