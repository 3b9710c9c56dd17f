"""Requests to an AWS account: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from xml.sax.saxutils import escape

import requests
from typing_extensions import override

from tap_cdn_certs.api.answer import parse_json
from tap_cdn_certs.api.client import Client
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.api.xml import is_xml, parse_xml
from tap_cdn_certs.errors import APIError, Reach, Refusal, meanings
from tap_cdn_certs.providers.aws.signature import CLOUDFRONT, TARGET, SigV4

if TYPE_CHECKING:
    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.host import Host
    from tap_cdn_certs.api.paging import Listing, Parameters
    from tap_cdn_certs.records.values import Item

logger = logging.getLogger(__name__)

NAMESPACE = f"http://cloudfront.amazonaws.com/doc{CLOUDFRONT}/"
TENANTS = "ListDistributionTenants"

# The hosts of the services; in China, CloudFront has no certificates of ACM.
PARTITIONS: Mapping[str, Mapping[str, str]] = {
    "aws": {
        # Only here CloudFront looks for certificates.
        "acm": "acm.us-east-1.amazonaws.com",
        "cloudfront": "cloudfront.amazonaws.com",
        "iam": "iam.amazonaws.com",
    },
    "aws-cn": {
        "cloudfront": "cloudfront.cn-northwest-1.amazonaws.com.cn",
        "iam": "iam.cn-north-1.amazonaws.com.cn",
    },
}

OF_THE_CLOCK = frozenset({"RequestExpired", "RequestTimeTooSkewed"})

# What an older endpoint may not know of the list of certificates, the newest first.
FILTERS = ("RootHierarchyTypes", "CertificateKeyPairOrigins")


class AWSClient(Client):
    """Requests to the services of an AWS account."""

    provider = "aws"
    secret_settings = ("access_key_secret", "session_token")
    request_id_header = "x-amzn-RequestId"
    rate_limits: ClassVar = {
        "details": Limit(operations=("DescribeCertificate", "GetCertificate"), each=True),
        "ListCertificates": Limit(1, 1.0, ("ListCertificates",)),
        # Not published: what others were let through.
        "cloudfront": Limit(2, 1.0, ("*Distribution*",)),
        "iam": Limit(2, 1.0, ("*ServerCertificate*",)),
    }
    errors: ClassVar = meanings(
        {
            # As botocore has them.
            Reach.THROTTLED: "BandwidthLimitExceeded PriorRequestNotComplete RequestLimitExceeded "
            "RequestThrottled RequestThrottledException SlowDown ThrottledException Throttling "
            "ThrottlingException TooManyRequestsException",
            Reach.ATTEMPT: "InternalFailure RequestTimeout RequestTimeoutException ServiceFailure "
            "ServiceUnavailable",
            Reach.PROVIDER: "ExpiredToken ExpiredTokenException IncompleteSignature InvalidAccessKeyId "
            "InvalidClientTokenId InvalidSignatureException MissingAuthenticationToken "
            "MissingAuthenticationTokenException RequestExpired RequestTimeTooSkewed SignatureDoesNotMatch "
            "UnrecognizedClientException",
            Reach.STREAM: "AccessDenied AccessDeniedException UnauthorizedOperation",
            Reach.GONE: "EntityNotFound NoSuchEntity ResourceNotFoundException",
        }
    )
    credentials_refused = ()

    def __init__(self, settings: Mapping[str, Any], stopped: Any) -> None:
        self.services = PARTITIONS[settings["partition"]]
        self._taken = False  # the credentials, by one of them
        super().__init__(settings, stopped)

    @override
    def auth(self, settings: Mapping[str, Any]) -> SigV4:
        # Where there are several, a host is named by its own.
        places = {service: host.split(".")[1] for service, host in self.services.items()}
        regions = {service: place if "-" in place else "us-east-1" for service, place in places.items()}
        return SigV4(settings, regions, self.secrets)

    @override
    def log_in(self) -> None:
        self._auth.credentials()

    @property
    @override
    def credentials(self) -> str:
        return str(self._auth.source)

    @override
    def urls(self, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for host in self.services.values():
            yield "api_url", settings.get("api_url") or f"https://{host}"

    @override
    def addresses(self, operation: str) -> list[str]:
        return [self._urls[[*self.services].index(service_of(operation))][1]]

    @override
    def ask(
        self, operation: str, path: str = "", parameters: Parameters | None = None, url: str | None = None
    ) -> requests.Request:
        return request_of(operation, url or self.addresses(operation)[0], path, parameters or {})

    @override
    def request(self, *asked: Any) -> Any:
        answer = super().request(*asked)
        self._taken = True
        return answer

    @override
    def parse(self, answer: Answer) -> Item:
        return (parse_xml if is_xml(answer) else parse_json)(answer.content, answer.max_tokens)

    @override
    def listing(self, listing: Listing) -> Iterator[Any]:
        item = None
        try:
            for item in super().listing(listing):
                yield item
        except APIError as error:
            sent = [name for name in FILTERS if name in listing.parameters]
            if error.code != "ValidationException" or item or not sent:
                raise
            # That which it names, or the newest.
            unknown = next((name for name in sent if name.lower() in error.message.lower()), sent[0])
            logger.warning(
                "%s does not know %s here: what it hides without is read if a distribution names it.",
                listing.operation,
                unknown,
            )
            known = {name: value for name, value in listing.parameters.items() if name != unknown}
            yield from self.listing(replace(listing, parameters=known))

    @override
    def refusal(self, body: Item) -> Refusal | None:
        # However deep it is.
        for name in ("ErrorResponse", "Response", "Errors", "Error"):
            inner = body.get(name)
            body = inner if isinstance(inner, Mapping) else body
        code = quoted(body.get("Code") or body.get("__type") or "")
        message = body.get("Message") or body.get("message") or ""
        # In JSON it may have a name space before it, and an address after it.
        return Refusal(code.rpartition("#")[2].partition(":")[0], quoted(message)) if code else None

    @override
    def fail(self, operation: str, host: Host, answer: Answer) -> APIError:
        error = super().fail(operation, host, answer)
        if operation == TENANTS and answer.status == HTTPStatus.NOT_FOUND and error.reach is not Reach.GONE:
            message = "Distribution tenants are not activated here, or not known at this address."
            return APIError(error.code, message, Reach.INACTIVE)
        return error

    @override
    def reach(self, refusal: Refusal, status: int) -> Reach:
        reach = super().reach(refusal, status)
        # Credentials that one service takes are not wrong: another one refuses them for a reason of its own.
        return Reach.STREAM if reach is Reach.PROVIDER and self._taken else reach

    @override
    def is_of_the_clock(self, refusal: Refusal, skew: float) -> bool:
        written = refusal.message.lower()
        return refusal.code in OF_THE_CLOCK or "expired:" in written or "not yet current" in written

    @override
    def explanation(self, operation: str, refusal: Refusal, reach: Reach, skew: float) -> str:
        means = self.errors.get(refusal.code)
        if means is Reach.STREAM:
            # What it says itself names who asked.
            action = f"{service_of(operation)}:{operation}"
            return (
                f"{self.refused_with(operation, refusal)}: the user or role lacks the action {action}. "
                "Add it to its policy, for all resources."
            )
        return super().explanation(operation, refusal, means or reach, skew)


def service_of(operation: str) -> str:
    """The service that has an operation."""
    if "ServerCertificate" in operation:
        return "iam"
    return "cloudfront" if "Distribution" in operation else "acm"


def request_of(operation: str, url: str, path: str, parameters: Parameters) -> requests.Request:
    """The request of an operation, as its service wants it."""
    match service_of(operation):
        case "acm":
            headers = {
                "Content-Type": "application/x-amz-json-1.1",
                TARGET: f"CertificateManager.{operation}",
            }
            return requests.Request("POST", url, headers, json=parameters)
        case "iam":
            form = {"Action": operation, "Version": "2010-05-08", **parameters}
            return requests.Request("POST", url, data=form)
        case _ if operation == TENANTS:
            # In the order of its documents.
            fields = "".join(
                f"<{name}>{escape(str(parameters[name]))}</{name}>" for name in sorted(parameters)
            )
            body = f'<{operation}Request xmlns="{NAMESPACE}">{fields}</{operation}Request>'
            return requests.Request("POST", url + path, {"Content-Type": "application/xml"}, data=body)
        case _:
            return requests.Request("GET", url + path, params=dict(parameters))
