"""Certificates of ACM and, where older ones are, of IAM: https://docs.aws.amazon.com/acm/latest/APIReference."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, Marker
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach
from tap_cdn_certs.providers.aws.cloudfront import DISTRIBUTIONS, TENANT_LIST
from tap_cdn_certs.records.values import (
    boolean,
    identifier,
    mapping,
    members,
    objects,
    required_identifier,
    since_1970,
    text,
    texts,
    unchecked_text,
    utc,
)
from tap_cdn_certs.streams.changes import ChangesStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from singer_sdk import Tap

    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.records.values import Item, Record
    from tap_cdn_certs.streams.run import Run

# Unasked, only certificates of RSA_1024 and RSA_2048 are listed that ACM's own or a customer's keys are of,
# and none of the newer hierarchy, which is only listed alone.
ALL: Parameters = {
    "Includes": {
        "keyTypes": [
            "RSA_1024",
            "RSA_2048",
            "RSA_3072",
            "RSA_4096",
            "EC_prime256v1",
            "EC_secp384r1",
            "EC_secp521r1",
        ]
    },
    "CertificateKeyPairOrigins": ["AWS_MANAGED", "ACME", "CUSTOMER_PROVIDED"],
}
NEWER: Parameters = {"RootHierarchyTypes": ["N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"]}
CERTIFICATES = Listing(
    operation="ListCertificates",
    items="CertificateSummaryList",
    key="CertificateArn",
    parts=(ALL, {**ALL, **NEWER}),
    paging=Marker("NextToken", "NextToken", others={"MaxItems": 1000}),
    noun="certificates",
)
RESULT = "ListServerCertificatesResponse.ListServerCertificatesResult"


def server_certificates(body: Item) -> list[Any]:
    """The certificates of a page of IAM's, under the name that ACM has for their ARN."""
    result = mapping(body.get("ListServerCertificatesResponse"), "ListServerCertificatesResponse")
    result = mapping(result.get("ListServerCertificatesResult"), "ListServerCertificatesResult")
    return [
        {"Path": None, "ServerCertificateId": None, **item, "CertificateArn": item.get("Arn")}
        for element in members(result, "ServerCertificateMetadataList")
        for item in [mapping(element, "The item")]
    ]


SERVER_CERTIFICATES = Listing(
    operation="ListServerCertificates",
    items=server_certificates,
    key="CertificateArn",
    paging=Marker(f"{RESULT}.Marker", "Marker", others={"MaxItems": 1000}),
    noun="server certificates",
)
# CloudFront takes none of another path.
PATH = "/cloudfront/"

CT_LOGGING = "CertificateTransparencyLoggingPreference"

# There is no certificate yet, or there will not be one.
NOT_ISSUED = frozenset({"PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED"})
RENEWED_WITHIN = timedelta(days=60)  # before the end: then the list does not say how the renewal goes


class AWSCertificates(ChangesStream):
    """Certificates of ACM and IAM that CloudFront serves or could serve.

    Those that are listed, and those that only a distribution or a tenant names. A certificate that is renewed
    keeps its ARN.
    """

    name = "aws_certificates"
    provider = "aws"
    primary_keys = ("account", "certificate_arn")
    operation = "DescribeCertificate"
    other_operations = (
        "GetCertificate",
        "ListServerCertificates",
        "GetServerCertificate",
        DISTRIBUTIONS.operation,
        TENANT_LIST.operation,
    )
    listing = CERTIFICATES
    memory = "certificates"
    # At 10 a second; what it lists meanwhile, the other streams need as well.
    dear = False
    sample = 2
    left_out = frozenset(
        {
            "AcmeAccountId",
            "AcmeEndpointArn",
            "Arn",
            "DomainValidationOptions.HttpRedirect",
            "DomainValidationOptions.ResourceRecord",
            "DomainValidationOptions.ValidationEmails",
            "ExtendedKeyUsages",
            "HasAdditionalSubjectAlternativeNames",
            "KeyUsages",
            "Options.ValidationMethod",
            "RenewalSummary.DomainValidationOptions.HttpRedirect",
            "RenewalSummary.DomainValidationOptions.ResourceRecord",
            "RenewalSummary.DomainValidationOptions.ValidationEmails",
            "Tags",
            "UpdateSummary",
        }
    )

    def __init__(self, tap: Tap, run: Run) -> None:
        super().__init__(tap, run)
        self._found: set[str] = set()
        self._missing: list[APIError] = []

    @override
    def batches(self) -> Iterator[Iterable[Any]]:
        has_acm = "acm" in self.client.services
        acm = self.read(lambda: self.client.listing(CERTIFICATES)) if has_acm else []
        iam = self.read(lambda: self.client.listing(SERVER_CERTIFICATES))
        held = [item for item in iam if str(item["Path"]).startswith(PATH)]
        lists = [self.run.inventory(self.provider, listing) for listing in (DISTRIBUTIONS, TENANT_LIST)]
        with ThreadPoolExecutor(1, thread_name_prefix="request") as pool:
            # While the details of what is listed here are asked for.
            reading = pool.submit(lambda: [item for each in lists for item in self.read(each.__iter__)])
            yield side_by_side(acm, held)
            named = {name for item in reading.result() for name in names(item)}
        yield [item for item in iam if item not in held and str(item["ServerCertificateId"]) in named]
        if has_acm:
            arns = {name for name in named if name.startswith("arn:")}
            yield [{"CertificateArn": arn} for arn in sorted(arns - self._found)]

    def read(self, items: Callable[[], Iterator[Any]]) -> list[Any]:
        """The items of a list; what keeps it from being read does not keep the others from it."""
        read: list[Any] = []
        try:
            for item in items():
                read.append(item)  # noqa: PERF402 - what came before an error stays
        except APIError as error:
            # Who waits for the outcome is told at once.
            if self.client.patience:
                raise
            if error.reach is not Reach.INACTIVE:
                self._missing.append(error)
        return read

    @override
    def results(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        yield from super().results()
        if self._missing:
            raise self._missing[0]

    @override
    def all_keys(self) -> set[str] | None:
        return None if self._missing else self._found

    @override
    def marks(self, record: Record) -> Record:
        # What is not listed, or not when it ends, may be renewed without a sign.
        ends = record["not_after"] or record["expiration"]
        asked = "" if ends or record["status"] in NOT_ISSUED else self.synced_at
        if ends and record["renewal_eligibility"] == "ELIGIBLE":
            soon = datetime.fromisoformat(self.synced_at) + RENEWED_WITHIN
            asked = self.synced_at[:10] if datetime.fromisoformat(ends) < soon else ""
        return {**record, "asked": asked}

    @override
    def listed(self, item: Item) -> Record:
        arn = required_identifier(item, "CertificateArn")
        self._found.add(arn)
        return {"certificate_arn": arn, **common_fields(item)}

    @override
    def fetch(self, key: str) -> Item:
        if ":iam:" in key:
            body = self.ask("GetServerCertificate", ServerCertificateName=key.rpartition("/")[2])
            way = ("GetServerCertificateResponse", "GetServerCertificateResult", "ServerCertificate")
            certificate = inner(body, *way)
            return {**inner(certificate, "ServerCertificateMetadata"), **pem(certificate, "CertificateBody")}
        detail = inner(self.ask("DescribeCertificate", CertificateArn=key), "Certificate")
        if text(detail, "Status") in NOT_ISSUED:
            return detail
        try:
            return {**detail, **pem(self.ask("GetCertificate", CertificateArn=key), "Certificate")}
        except APIError as error:
            if error.code == "RequestInProgressException":
                return detail
            raise

    def ask(self, operation: str, **parameters: str) -> Item:
        """The answer of an operation. Called in many threads at once."""
        request = self.client.ask(operation, "", parameters)
        answer: Item = self.client.request(operation, request, self.detail, self.sizes)
        return answer

    @override
    def fields(self, key: str, answer: Item) -> Record:
        detail = self.seen(answer)
        sent = (unchecked_text(detail, name) or "" for name in ("CertificateBody", "CertificateChain"))
        chain, leaf = self.x509(key, "".join(f"{part.strip()}\n" for part in sent if part))
        return {**common_fields(detail), "certificate": chain, **leaf}

    @override
    def has_certificate(self, record: Record) -> bool:
        return any(record[field] for field in ("not_after", "expiration", "certificate"))


def side_by_side(*lists: list[Any]) -> list[Any]:
    """The items of several lists, each spread evenly: they are asked for within limits of their own."""
    places = [(number / len(items), item) for items in lists for number, item in enumerate(items)]
    return [item for _, item in sorted(places, key=lambda place: place[0])]


def names(item: object) -> Iterator[str]:
    """The certificates that a distribution or a tenant names: the ARN, or the identifier in IAM."""
    # Its own stream says what is wrong with it.
    with suppress(InvalidValueError):
        item = mapping(item, "The item")
        viewer = mapping(item.get("ViewerCertificate"), "ViewerCertificate")
        custom = mapping(mapping(item.get("Customizations"), "").get("Certificate"), "Certificate")
        given = (text(viewer, "ACMCertificateArn"), text(viewer, "IAMCertificateId"), text(custom, "Arn"))
        yield from filter(None, given)


def inner(body: Item, *way: str) -> Item:
    """The object in others.

    Raises:
        InvalidValueError: It is missing, or something else.
    """
    for name in way:
        body = mapping(body.get(name), name)
    if not body:
        raise InvalidValueError(f"{way[-1]} is missing.")
    return body


def pem(body: Item, name: str) -> Item:
    """A certificate and its chain, which one that signed itself does not have, by the names that IAM has.

    Raises:
        InvalidValueError: It is missing.
    """
    leaf = unchecked_text(body, name)
    if not leaf:
        raise InvalidValueError(f"{name} is missing.")
    return {"CertificateBody": leaf, "CertificateChain": body.get("CertificateChain")}


def renewal_fields(renewal: Item) -> Record:
    """What is said of the last renewal, if there was one."""
    return {
        "renewal_status": text(renewal, "RenewalStatus"),
        "renewal_status_reason": text(renewal, "RenewalStatusReason"),
        "renewal_updated_at": since_1970(renewal, "UpdatedAt"),
        "renewal_domain_validation_options": validations(renewal),
    }


def common_fields(item: Item) -> Record:
    """The fields of a certificate in a list, and in a detail, which has more of them; of ACM or of IAM."""
    options = mapping(item.get("Options"), "Options")
    return {
        "domain_name": text(item, "DomainName"),
        "subject_alternative_names": texts(item, "SubjectAlternativeNames")
        or texts(item, "SubjectAlternativeNameSummaries"),
        "status": text(item, "Status"),
        "type": text(item, "Type"),
        "serial": identifier(item, "Serial"),
        "subject": text(item, "Subject"),
        "issuer": text(item, "Issuer"),
        "not_before": since_1970(item, "NotBefore"),
        "not_after": since_1970(item, "NotAfter"),
        "key_algorithm": text(item, "KeyAlgorithm"),
        "signature_algorithm": text(item, "SignatureAlgorithm"),
        "created_at": since_1970(item, "CreatedAt"),
        "issued_at": since_1970(item, "IssuedAt"),
        "imported_at": since_1970(item, "ImportedAt"),
        "revoked_at": since_1970(item, "RevokedAt"),
        "revocation_reason": text(item, "RevocationReason"),
        "failure_reason": text(item, "FailureReason"),
        "in_use": boolean(item, "InUse"),
        "in_use_by": texts(item, "InUseBy"),
        "domain_validation_options": validations(item),
        "renewal_eligibility": text(item, "RenewalEligibility"),
        **renewal_fields(mapping(item.get("RenewalSummary"), "RenewalSummary")),
        "managed_by": text(item, "ManagedBy"),
        "certificate_authority_arn": text(item, "CertificateAuthorityArn"),
        "certificate_key_pair_origin": text(item, "CertificateKeyPairOrigin"),
        "root_hierarchy_type": text(item, "RootHierarchyType"),
        "certificate_transparency_logging_preference": text(options, CT_LOGGING),
        "export": text(options, "Export") or text(item, "ExportOption"),
        "exported": boolean(item, "Exported"),
        "server_certificate_id": identifier(item, "ServerCertificateId"),
        "server_certificate_name": text(item, "ServerCertificateName"),
        "path": text(item, "Path"),
        "upload_date": utc(item, "UploadDate"),
        "expiration": utc(item, "Expiration"),
    }


def validations(item: Item) -> list[Record] | None:
    """How it was found out that the domains are the account's, without whom was asked."""
    return [
        {
            "domain_name": text(option, "DomainName"),
            "validation_domain": text(option, "ValidationDomain"),
            "validation_status": text(option, "ValidationStatus"),
            "validation_method": text(option, "ValidationMethod"),
        }
        for option in objects(item, "DomainValidationOptions")
    ] or None


STREAMS = (AWSCertificates,)
