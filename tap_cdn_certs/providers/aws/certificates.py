"""Certificates of ACM and, where older ones are, of IAM: https://docs.aws.amazon.com/acm/latest/APIReference."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, Marker
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach
from tap_cdn_certs.providers.aws.cloudfront import DISTRIBUTIONS, TENANT_LIST
from tap_cdn_certs.records.seen import words
from tap_cdn_certs.records.values import (
    boolean,
    end,
    identifier,
    inner,
    mapping,
    members,
    objects,
    required_identifier,
    since_1970,
    taken,
    text,
    texts,
    unchecked_text,
    utc,
)
from tap_cdn_certs.streams.changes import ChangesStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.records.values import Item, Record

# Unasked, only certificates of RSA_1024 and RSA_2048 are listed that ACM's own or a customer's keys are of,
# and none of the newer hierarchy, which is only listed alone.
KEY_TYPES = "RSA_1024 RSA_2048 RSA_3072 RSA_4096 EC_prime256v1 EC_secp384r1 EC_secp521r1"
ALL: Parameters = {
    "Includes": {"keyTypes": KEY_TYPES.split()},
    "CertificateKeyPairOrigins": ["AWS_MANAGED", "ACME", "CUSTOMER_PROVIDED"],
}
HIERARCHIES: Parameters = {"RootHierarchyTypes": ["N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"]}
CERTIFICATES = Listing(
    operation="ListCertificates",
    items="CertificateSummaryList",
    key="CertificateArn",
    parameters=ALL,
    paging=Marker("NextToken", "NextToken", others={"MaxItems": 1000}),
    noun="certificates",
)
NEWER = replace(CERTIFICATES, parameters={**ALL, **HIERARCHIES})
LISTED = ("ListServerCertificatesResponse", "ListServerCertificatesResult")
GIVEN = ("GetServerCertificateResponse", "GetServerCertificateResult", "ServerCertificate")


def server_certificates(body: Item) -> list[Any]:
    """The certificates of a page of IAM's, under the name that ACM has for their ARN."""
    listed = objects(inner(body, *LISTED), "ServerCertificateMetadataList", members)
    return [{**item, "CertificateArn": item.get("Arn")} for item in listed]


SERVER_CERTIFICATES = Listing(
    operation="ListServerCertificates",
    items=server_certificates,
    key="CertificateArn",
    paging=Marker(
        *(".".join((*LISTED, "Marker")), "Marker", ".".join((*LISTED, "IsTruncated"))),
        others={"MaxItems": 1000},
    ),
    noun="server certificates",
)
# Where a distribution or a tenant names its certificate.
NAMES = (
    ("ViewerCertificate", "ACMCertificateArn"),
    ("ViewerCertificate", "IAMCertificateId"),
    ("Customizations", "Certificate", "Arn"),
)
# CloudFront takes none of another path.
PATH = "/cloudfront/"

# There is no certificate yet, or there will not be one.
NOT_ISSUED = words("PENDING_VALIDATION VALIDATION_TIMED_OUT FAILED")
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
        *("GetCertificate", "ListServerCertificates", "GetServerCertificate"),
        *(DISTRIBUTIONS.operation, TENANT_LIST.operation),
    )
    listing = CERTIFICATES
    memory = "certificates"
    # At 10 a second; what it lists meanwhile, the other streams need as well.
    dear = False
    sample = 2
    proofs = ("not_after", "expiration", "certificate")
    left_out = words(
        "AcmeAccountId AcmeEndpointArn Arn ExtendedKeyUsages HasAdditionalSubjectAlternativeNames KeyUsages "
        "Options.ValidationMethod Tags UpdateSummary DomainValidationOptions.HttpRedirect "
        "DomainValidationOptions.ResourceRecord DomainValidationOptions.ValidationEmails "
        "RenewalSummary.DomainValidationOptions.HttpRedirect "
        "RenewalSummary.DomainValidationOptions.ResourceRecord "
        "RenewalSummary.DomainValidationOptions.ValidationEmails"
    )

    # The operations that the account may not call, and the keys that something lacks of for it.
    _denied: dict[str, APIError]
    _partly: set[str]

    @override
    def batches(self) -> Iterator[Iterable[Any]]:
        self._denied, self._partly = {}, set()
        has_acm = "acm" in self.client.services
        acm = [*self.listed_by(CERTIFICATES)] if has_acm else []
        iam = [*self.listed_by(SERVER_CERTIFICATES)]
        held = [item for item in iam if str(item.get("Path")).startswith(PATH)]
        with ThreadPoolExecutor(1, thread_name_prefix="request") as pool:
            # While the details of what is listed here are asked for.
            newer = pool.submit(lambda: [*self.listed_by(NEWER)] if has_acm else [])
            naming = pool.submit(lambda: {*self.named()})
            yield side_by_side(acm, held)
            # A server that does not know the filter lists the others again.
            yield [item for item in newer.result() if NEWER.identify(item) not in self.all_keys()]
            named = naming.result()
        yield [item for item in iam if item not in held and str(item.get("ServerCertificateId")) in named]
        if has_acm:
            arns = {name for name in named if name.startswith("arn:")}
            yield [{"CertificateArn": arn} for arn in sorted(arns - self.all_keys())]

    def named(self) -> Iterator[str]:
        """The certificates that distributions and tenants name: the ARN, or the identifier in IAM."""
        for item in chain(self.listed_by(DISTRIBUTIONS), self.listed_by(TENANT_LIST)):
            # Its own stream says what is wrong with it.
            with suppress(InvalidValueError):
                whole = mapping(item, "The item")
                for *way, name in NAMES:
                    yield from filter(None, [text(inner(whole, *way), name)])

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
        return {"certificate_arn": required_identifier(item, "CertificateArn"), **common_fields(item)}

    @override
    def fetch(self, key: str) -> Item:
        if ":iam:" in key:
            name = {"ServerCertificateName": key.rpartition("/")[2]}
            if not (answer := self.permitted(key, "GetServerCertificate", name)):
                return {}
            certificate = there(answer, *GIVEN)
            return {**there(certificate, "ServerCertificateMetadata"), **pem(certificate, "CertificateBody")}
        arn = {"CertificateArn": key}
        answer = self.permitted(key, "DescribeCertificate", arn)
        detail = there(answer, "Certificate") if answer else {}
        if text(detail, "CertificateArn") not in {None, key}:
            raise InvalidValueError("CertificateArn is another certificate's.")
        if text(detail, "Status") in NOT_ISSUED:
            return detail
        if known := self.unrenewed(key, detail):
            return {**detail, "CertificateBody": known}
        try:
            answer = self.permitted(key, "GetCertificate", arn)
        except APIError as error:
            if error.code == "RequestInProgressException":
                return detail
            raise
        return {**detail, **(pem(answer, "Certificate") if answer else {})}

    def permitted(self, key: str, operation: str, parameters: Parameters) -> Item:
        """What an operation answers of a key; nothing where it is denied, which costs what it alone says."""
        try:
            if denied := self._denied.get(operation):
                raise denied
            return self.ask(operation, "", parameters)
        except APIError as error:
            # Credentials that are refused are no permission that is lacking.
            if self.client.errors.get(error.code) is not Reach.STREAM or self.client.patience is not None:
                raise
            self._denied[operation] = self.failure = self._denied.get(operation, error)
            self._partly.add(key)
            return {}

    def unrenewed(self, key: str, detail: Item) -> str | None:
        """The certificate as it is remembered, if it is still the one that a detail is of."""
        known = self._memory.get(key, {})
        same = known.get("serial") == identifier(detail, "Serial") is not None
        ends = end(detail, "NotAfter", since_1970)
        return known.get("certificate") if same and ends and ends == known.get("x509_not_after") else None

    @override
    def changed(self, listed: Record, digest: str, answer: Future[Item]) -> Record:
        record = super().changed(listed, digest, answer)
        key = self.key_of(listed)
        if key in self._partly:
            # It is asked for again.
            self._memory.pop(key)
            if not any(record[field] for field in (*self.proofs, "status")):
                # Nothing is known but that a distribution names it.
                assert self.failure  # noqa: S101 - it is why
                raise self.failure.but(self.failure.message, Reach.KEY)
        return record

    @override
    def fields(self, key: str, answer: Item) -> Record:
        detail = self.seen(answer)
        sent = ("CertificateBody", "CertificateChain")
        pem, issuers = (unchecked_text(detail, name) or "" for name in sent)
        certificate, leaf = self.x509(pem, issuers=issuers)
        return {**common_fields(detail), "certificate": certificate, **leaf}


def side_by_side(*lists: list[Any]) -> list[Any]:
    """The items of several lists, each spread evenly: they are asked for within limits of their own."""
    places = [(number / len(items), item) for items in lists for number, item in enumerate(items)]
    return [item for _, item in sorted(places, key=lambda place: place[0])]


def there(body: Item, *way: str) -> Item:
    """The object in others.

    Raises:
        InvalidValueError: It is missing, or something else.
    """
    if found := inner(body, *way):
        return found
    raise InvalidValueError(f"{way[-1]} is missing.")


def pem(body: Item, name: str) -> Item:
    """A certificate and its chain, which one that signed itself does not have, by the names that IAM has.

    Raises:
        InvalidValueError: It is missing.
    """
    if leaf := unchecked_text(body, name):
        return {"CertificateBody": leaf, "CertificateChain": body.get("CertificateChain")}
    raise InvalidValueError(f"{name} is missing.")


def common_fields(item: Item) -> Record:
    """The fields of a certificate in a list, and in a detail, which has more of them; of ACM or of IAM."""
    options, renewal = inner(item, "Options"), inner(item, "RenewalSummary")
    return {
        "domain_name": text(item, "DomainName"),
        "subject_alternative_names": texts(item, "SubjectAlternativeNames")
        or texts(item, "SubjectAlternativeNameSummaries"),
        **taken(text, item, "Status", "Type"),
        "serial": identifier(item, "Serial"),
        **taken(text, item, "Subject", "Issuer"),
        "not_before": since_1970(item, "NotBefore"),
        "not_after": end(item, "NotAfter", since_1970),
        **taken(text, item, "KeyAlgorithm", "SignatureAlgorithm"),
        **taken(since_1970, item, "CreatedAt", "IssuedAt", "ImportedAt", "RevokedAt"),
        **taken(text, item, "RevocationReason", "FailureReason"),
        "in_use": boolean(item, "InUse"),
        "in_use_by": texts(item, "InUseBy"),
        "domain_validation_options": validations(item),
        "renewal_eligibility": text(item, "RenewalEligibility"),
        **taken(text, renewal, "RenewalStatus", "RenewalStatusReason"),
        "renewal_updated_at": since_1970(renewal, "UpdatedAt"),
        "renewal_domain_validation_options": validations(renewal),
        **taken(text, item, "ManagedBy", "CertificateAuthorityArn", "CertificateKeyPairOrigin"),
        "root_hierarchy_type": text(item, "RootHierarchyType"),
        **taken(text, options, "CertificateTransparencyLoggingPreference"),
        "export": text(options, "Export") or text(item, "ExportOption"),
        "exported": boolean(item, "Exported"),
        "server_certificate_id": identifier(item, "ServerCertificateId"),
        **taken(text, item, "ServerCertificateName", "Path"),
        "upload_date": utc(item, "UploadDate"),
        "expiration": end(item, "Expiration"),
    }


def validations(item: Item) -> list[Record] | None:
    """How it was found out that the domains are the account's, without whom was asked."""
    names = ("DomainName", "ValidationDomain", "ValidationStatus", "ValidationMethod")
    return [taken(text, option, *names) for option in objects(item, "DomainValidationOptions")] or None


STREAMS = (AWSCertificates,)
