"""The APIs of CloudFront, ACM and IAM, at one address."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn
from urllib.parse import parse_qsl
from uuid import uuid4
from xml.etree import ElementTree as ET

from sandbox.api import API
from sandbox.aws import inventory, signature
from sandbox.aws.answers import (
    NAMESPACES,
    VERSION,
    detail,
    distribution,
    element,
    metadata,
    pem,
    summary,
    tenant,
)
from sandbox.aws.signature import KEY, TEMPORARY
from sandbox.limits import Limit
from sandbox.messages import Answer, Call, Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sandbox.inventory import Inventory
    from sandbox.state import State

CLOUDFRONT = {
    "GET /2020-05-31/distribution": "ListDistributions",
    "POST /2020-05-31/distribution-tenants": "ListDistributionTenants",
}
TARGET = "CertificateManager."
LISTED_UNASKED = {"keyTypes": {"RSA_1024", "RSA_2048"}, "origins": {"AWS_MANAGED", "CUSTOMER_PROVIDED"}}
# The parameters that there are, and the most items of a page.
PARAMETERS: Mapping[str, tuple[set[str], int]] = {
    "ListDistributions": ({"Marker", "MaxItems"}, 100),
    "ListDistributionTenants": ({"AssociationFilter", "Marker", "MaxItems"}, 100),
    "ListCertificates": (
        {
            "CertificateStatuses",
            "CertificateKeyPairOrigins",
            "RootHierarchyTypes",
            "Includes",
            "NextToken",
            "MaxItems",
            "SortBy",
            "SortOrder",
        },
        1000,
    ),
    "DescribeCertificate": ({"CertificateArn"}, 0),
    "GetCertificate": ({"CertificateArn"}, 0),
    "ListServerCertificates": ({"PathPrefix", "Marker", "MaxItems"}, 1000),
    "GetServerCertificate": ({"ServerCertificateName"}, 0),
}


class AWS(API[inventory.Certificate]):
    """The APIs of CloudFront, ACM and IAM."""

    provider = "aws"
    size = 40
    holds = "distributions on CloudFront"
    lists = ("ListDistributions", "ListDistributionTenants", "ListCertificates")
    details = ("DescribeCertificate",)
    supplements = ("GetCertificate", "ListServerCertificates", "GetServerCertificate")
    never = frozenset({"ExportCertificate", "GetDistributionConfig", "GetDistribution"})
    ambient = True
    logins: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "key": {"access_key_id": KEY.id, "access_key_secret": KEY.secret},
        "temporary": {
            "access_key_id": TEMPORARY.id,
            "access_key_secret": TEMPORARY.secret,
            "session_token": TEMPORARY.token,
        },
    }
    secrets = (KEY.secret, TEMPORARY.secret, TEMPORARY.token)
    refusals: ClassVar[Mapping[str, Refusal]] = {
        "credentials": Refusal(
            status=400,
            code="UnrecognizedClientException",
            message="The security token included in the request is invalid.",
        ),
        "clock": Refusal(
            status=403,
            code="SignatureDoesNotMatch",
            message="Signature expired: 20200101T000000Z is now earlier than 20200101T000500Z.",
        ),
        "permission": Refusal(
            status=400,
            code="AccessDeniedException",
            message=f"User: arn:aws:iam::{inventory.ACCOUNT}:user/s3cr3t-user is not authorized.",
        ),
        "gone": Refusal(
            status=400, code="ResourceNotFoundException", message="Could not find the certificate."
        ),
    }
    throttled = Refusal(status=400, code="ThrottlingException", message="Rate exceeded")
    limits: Mapping[str, Limit] = {
        "details": Limit(10, 1, ("DescribeCertificate", "GetCertificate"), each=True),
        "ListCertificates": Limit(1, 1, ("ListCertificates",)),
        "cloudfront": Limit(2, 1, ("ListDistributions", "ListDistributionTenants")),
        "iam": Limit(2, 1, ("ListServerCertificates", "GetServerCertificate")),
    }

    def __init__(
        self,
        state: State,
        *,
        distributions: int | None = None,
        older: bool = False,
        china: bool = False,
        **options: Any,
    ) -> None:
        self._distributions = distributions
        self.older = older
        """Whether it does not know the newest filter of ListCertificates."""
        self.regions = (
            {"cloudfront": "cn-northwest-1", "iam": "cn-north-1"}
            if china
            else dict.fromkeys(("cloudfront", "acm", "iam"), "us-east-1")
        )
        super().__init__(state, **options)

    def stock(self, size: int) -> Inventory[inventory.Certificate]:
        """Return the certificates of ACM of an account that has so many."""
        self.holdings = inventory.Holdings(size, self.state, self._distributions or size)
        return self.holdings.certificates

    def inventory_of(self, operation: str) -> Inventory[Any]:
        """Return what an operation lists, or is asked for."""
        if operation == "ListDistributions":
            return self.holdings.distributions
        if operation == "ListDistributionTenants":
            return self.holdings.tenants
        return self.holdings.server_certificates if "Server" in operation else self.inventory

    def records(self, operation: str) -> list[str]:
        """Return the keys of the records that an operation's stream has: of both kinds of certificates."""
        if operation != "DescribeCertificate":
            return self.keys(operation)
        named = {each.iam for each in self.holdings.distributions}
        own = [
            each.arn
            for each in self.holdings.server_certificates
            if each.path.startswith("/cloudfront/") or each.id in named
        ]
        return [*self.keys(operation), *own]

    def service(self, call: Call) -> str:
        """Return the service that a call is for."""
        if call.header("X-Amz-Target"):
            return "acm"
        return "cloudfront" if call.path.startswith(f"/{VERSION}/") else "iam"

    def parameters(self, call: Call) -> dict[str, Any]:
        """Return the parameters of a call, wherever its protocol has them."""
        match self.service(call):
            case "acm":
                try:
                    content = json.loads(call.body)
                except ValueError:
                    return {}
                return content if isinstance(content, dict) else {}
            case "iam":
                return dict(parse_qsl(call.body.decode(errors="replace")))
            case _ if call.request.method == "POST":
                try:
                    root = ET.fromstring(call.body)  # noqa: S314 - a client of the sandbox wrote it
                except ET.ParseError:
                    return {}
                return {child.tag.rpartition("}")[2]: child.text or "" for child in root}
            case _:
                return dict(parse_qsl(call.query))

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation, and the certificate it is about."""
        parameters = self.parameters(call)
        match self.service(call):
            case "acm":
                operation = call.header("X-Amz-Target").removeprefix(TARGET)
                return operation, str(parameters.get("CertificateArn", ""))
            case "iam":
                name = parameters.get("ServerCertificateName", "")
                arns = {each.name: each.arn for each in self.holdings.server_certificates}
                return parameters.get("Action", ""), arns.get(name, name)
            case _:
                line = f"{call.request.method} {call.path}"
                return CLOUDFRONT.get(line, line), ""

    def sent(self, call: Call) -> set[str]:
        """Return what of a call no log should hold: a session token too."""
        token = call.header("X-Amz-Security-Token")
        return super().sent(call) | ({token} if token else set())

    def authenticate(self, call: Call) -> None:
        """Check the signature, which is for one service in one region."""
        service = self.service(call)
        region = self.regions.get(service, "nowhere")
        signature.check(call, self.state.time(), service, region, json=service == "acm")

    def operate(self, call: Call) -> Answer:
        """Answer one of the operations that the sandbox knows."""
        operation, parameters = call.entry.operation, self.parameters(call)
        if operation in self.never:
            raise RefusedError(
                403, "AccessDenied", "The sandbox gives no private keys, and no secrets of origins."
            )
        if operation not in PARAMETERS:
            raise RefusedError(400, "UnknownOperationException", "There is no such operation.")
        known, most = PARAMETERS[operation]
        if self.older:
            known = known - {"RootHierarchyTypes"}
        if strange := parameters.keys() - known - {"Action", "Version"}:
            self.invalid(call, f"1 validation error detected at '{min(strange)}'")
        size = str(parameters.get("MaxItems", most))
        if most and not (size.isdecimal() and 1 <= int(size) <= most):
            self.invalid(call, f"Value '{size}' at 'maxItems' failed to satisfy constraint: 1 to {most}")
        return OPERATIONS[operation](self, call, parameters)

    def invalid(self, call: Call, message: str) -> NoReturn:
        """Refuse a parameter."""
        codes = {"acm": "ValidationException", "iam": "ValidationError", "cloudfront": "InvalidArgument"}
        raise RefusedError(400, codes[self.service(call)], message)

    def page(self, call: Call, held: Iterable[Any], marker: str) -> tuple[list[Any], str | None]:
        """Return the items after a marker, as many as are asked for, and the next marker."""
        size = int(self.parameters(call).get("MaxItems", 100))
        try:
            after = int(base64.b64decode(marker)) if marker else -1
        except (binascii.Error, ValueError):
            self.invalid(call, "The marker is not valid.")
        # A marker is a number: an item that goes moves no other to a page before.
        items = sorted((each for each in held if each.number > after), key=lambda each: each.number)
        following = (
            base64.b64encode(f"{items[size - 1].number}".encode()).decode() if len(items) > size else None
        )
        return items[:size], following

    def distributions(self, call: Call, parameters: Mapping[str, Any]) -> Answer:
        """ListDistributions."""
        marker = parameters.get("Marker", "")
        items, following = self.page(call, self.holdings.distributions, marker)
        content = {
            "Marker": marker,
            "NextMarker": following,
            "MaxItems": parameters.get("MaxItems", "100"),
            "IsTruncated": following is not None,
            "Quantity": len(items),
            # Where there are none, it is not even empty.
            "Items": [("DistributionSummary", distribution(each)) for each in items] or None,
        }
        return self.answered(call, "DistributionList", content, first=not marker)

    def tenants(self, call: Call, parameters: Mapping[str, Any]) -> Answer:
        """ListDistributionTenants."""
        marker = parameters.get("Marker", "")
        items, following = self.page(call, self.holdings.tenants, marker)
        listed = [("DistributionTenantSummary", tenant(each)) for each in items]
        content = {"NextMarker": following, "DistributionTenantList": listed}
        return self.answered(call, "ListDistributionTenantsResult", content, first=not marker)

    def certificates(self, call: Call, parameters: Mapping[str, Any]) -> Answer:
        """ListCertificates, with the filters that hide what is not asked for."""
        types = parameters.get("Includes", {}).get("keyTypes") or LISTED_UNASKED["keyTypes"]
        origins = parameters.get("CertificateKeyPairOrigins") or LISTED_UNASKED["origins"]
        hierarchies = parameters.get("RootHierarchyTypes") or {None}
        held = [
            each
            for each in self.inventory
            if each.key_type in types and each.origin in origins and each.hierarchy in hierarchies
        ]
        marker = parameters.get("NextToken", "")
        items, following = self.page(call, held, marker)
        content: dict[str, Any] = {"CertificateSummaryList": [summary(each) for each in items]}
        answer = self.answered(call, "", content | ({"NextToken": following} if following else {}))
        # Of what is listed as well unasked; the other list is another one.
        if not marker and "RootHierarchyTypes" not in parameters:
            self.listed(call.entry.operation)
        return answer

    def certificate(self, call: Call) -> inventory.Certificate:
        """Return the certificate that a call is about."""
        certificate = self.inventory.get(call.entry.key)
        if certificate is None:
            self.refuse("gone")
        return certificate

    def described(self, call: Call, _: Mapping[str, Any]) -> Answer:
        """DescribeCertificate."""
        return self.answered(call, "", {"Certificate": detail(self.certificate(call))})

    def given(self, call: Call, _: Mapping[str, Any]) -> Answer:
        """GetCertificate."""
        certificate = self.certificate(call)
        if certificate.chain is None:
            raise RefusedError(400, "RequestInProgressException", "The certificate request is in progress.")
        leaf, chain = pem(certificate.chain)
        return self.answered(
            call, "", {"Certificate": leaf, **({"CertificateChain": chain} if chain else {})}
        )

    def server_certificates(self, call: Call, parameters: Mapping[str, Any]) -> Answer:
        """ListServerCertificates."""
        prefix, marker = parameters.get("PathPrefix", "/"), parameters.get("Marker", "")
        held = [each for each in self.holdings.server_certificates if each.path.startswith(prefix)]
        items, following = self.page(call, held, marker)
        content = {
            "ServerCertificateMetadataList": [("member", metadata(each)) for each in items],
            "IsTruncated": following is not None,
            "Marker": following,
        }
        return self.answered(call, "ListServerCertificates", content, first=not marker)

    def server_certificate(self, call: Call, _: Mapping[str, Any]) -> Answer:
        """GetServerCertificate."""
        certificate = self.holdings.server_certificates.get(call.entry.key)
        if certificate is None:
            raise RefusedError(404, "NoSuchEntity", "The Server Certificate cannot be found.")
        leaf, chain = pem(certificate.chain)
        content = {
            "ServerCertificate": {
                "ServerCertificateMetadata": metadata(certificate),
                "CertificateBody": leaf,
                "CertificateChain": chain or None,
            }
        }
        return self.answered(call, "GetServerCertificate", content)

    def render(self, call: Call, error: RefusedError) -> Answer:
        """Return an error in the service's format."""
        service = self.service(call)
        if service == "acm":
            # Those that the service itself did not make have a name space.
            space = "" if error.code == "ValidationException" else "com.amazon.coral.service#"
            content = {"__type": f"{space}{error.code}", "message": error.message, **error.details}
            return self.said(Answer.json(error.status, content, "application/x-amz-json-1.1"))
        content = {
            "Error": {"Type": "Sender", "Code": error.code, "Message": error.message},
            "RequestId": str(uuid4()),
        }
        root = element("ErrorResponse", content, NAMESPACES[service])
        return self.said(Answer(error.status, ET.tostring(root, "utf-8", xml_declaration=True), "text/xml"))

    def answered(self, call: Call, name: str, content: dict[str, Any], *, first: bool = False) -> Answer:
        """Return an answer in the service's format; after the first page of a list, tell a test."""
        match self.service(call):
            case "acm":
                answer = Answer.json(200, content, "application/x-amz-json-1.1")
            case "iam":
                content = {f"{name}Result": content, "ResponseMetadata": {"RequestId": str(uuid4())}}
                root = element(f"{name}Response", content, NAMESPACES["iam"])
                answer = Answer(200, ET.tostring(root, "utf-8", xml_declaration=True), "text/xml")
            case service:
                root = element(name, content, NAMESPACES[service])
                answer = Answer(200, ET.tostring(root, "utf-8", xml_declaration=True), "text/xml")
        if first:
            self.listed(call.entry.operation)
        return self.said(answer)

    def said(self, answer: Answer) -> Answer:
        """Return an answer with the identifier of its request."""
        answer.headers["x-amzn-RequestId"] = str(uuid4())
        return answer

    def renew(self, arn: str) -> None:
        """Renew a certificate: it keeps its ARN."""
        now = datetime.fromtimestamp(int(self.state.time()), UTC)
        held = self.inventory[arn]
        chains = [
            chain for chain, _ in self.holdings.chains if chain is not held.chain and chain.not_after > now
        ]
        inventory.renew(held, chains[held.number % len(chains)])


OPERATIONS: Mapping[str, Callable[[AWS, Call, Mapping[str, Any]], Answer]] = {
    "ListDistributions": AWS.distributions,
    "ListDistributionTenants": AWS.tenants,
    "ListCertificates": AWS.certificates,
    "DescribeCertificate": AWS.described,
    "GetCertificate": AWS.given,
    "ListServerCertificates": AWS.server_certificates,
    "GetServerCertificate": AWS.server_certificate,
}
