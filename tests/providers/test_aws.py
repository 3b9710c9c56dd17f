"""What is AWS's alone: three services, several lists of certificates, and what is asked for again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import get_session
from cases import assert_everything_arrived, only
from watched import run

from sandbox.aws.api import AWS
from tap_cdn_certs.providers.aws.certificates import ALL, side_by_side
from tap_cdn_certs.providers.aws.cloudfront import OF_ORIGINS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from watched import Watch


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


def test_a_detail_has_all_names_and_may_come_before_its_certificate(tmp_path: Path) -> None:
    """A list has no more than 100 names; one that is said to be issued may still be in progress."""
    with only("aws", 9) as sandbox:
        *_, soon, many = sandbox["aws"].inventory
        many.names = [f"n{number}.example.com" for number in range(150)]
        soon.chain, soon.status = None, "ISSUED"
        result = run(sandbox, tmp_path)
        assert sandbox.count("GetCertificate", soon.arn) == 1
    assert result.returncode == 0
    assert not result.records["sync_errors"]
    records = result.by_key(STREAM)
    assert records[many.arn]["subject_alternative_names"] == many.names
    assert (records[soon.arn]["status"], records[soon.arn]["certificate"]) == ("ISSUED", None)


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
