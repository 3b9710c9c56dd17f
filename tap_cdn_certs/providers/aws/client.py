"""Requests to an AWS account: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_cdn_certs.api.answer import parse_json
from tap_cdn_certs.api.client import Client, Refusal
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.api.xml import is_xml, parse_xml
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.providers.aws.services import PARTITIONS, TENANTS, request_of, service_of
from tap_cdn_certs.providers.aws.signature import SigV4

if TYPE_CHECKING:
    import requests

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.host import Host
    from tap_cdn_certs.api.paging import Listing, Parameters
    from tap_cdn_certs.records.values import Item

logger = logging.getLogger(__name__)

# As botocore has them.
THROTTLED = (
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
AGAIN = (
    "InternalFailure",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceFailure",
    "ServiceUnavailable",
)
OF_THE_CLOCK = ("RequestExpired", "RequestTimeTooSkewed")
CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    *OF_THE_CLOCK,
)
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
GONE = ("EntityNotFound", "NoSuchEntity", "ResourceNotFoundException")

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
    errors: ClassVar = {
        **dict.fromkeys(THROTTLED, Reach.THROTTLED),
        **dict.fromkeys(AGAIN, Reach.ATTEMPT),
        **dict.fromkeys(CREDENTIALS, Reach.PROVIDER),
        **dict.fromkeys(DENIED, Reach.STREAM),
        **dict.fromkeys(GONE, Reach.GONE),
    }
    credentials_refused = ()

    def __init__(self, settings: Mapping[str, Any], stopped: Any) -> None:
        self.services = PARTITIONS[settings["partition"]]
        self._taken = False
        super().__init__(settings, stopped)

    @override
    def auth(self, settings: Mapping[str, Any]) -> SigV4:
        self._signature = SigV4(settings, self.secrets)
        return self._signature

    @property
    @override
    def credentials(self) -> str:
        return self._signature.source

    @override
    def urls(self, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for service in self.services.values():
            yield "api_url", settings.get("api_url") or f"https://{service.host}"

    @override
    def addresses(self, operation: str) -> list[str]:
        urls = dict(zip(self.services, (url for _, url in self._urls), strict=True))
        return [urls[service_of(operation)]]

    @override
    def ask(
        self, operation: str, path: str = "", parameters: Parameters | None = None, url: str | None = None
    ) -> requests.Request:
        # Before the limit is waited for: what is late would arrive with the next one.
        self._signature.credentials()
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
        given: set[str | None] = set()
        try:
            for item in super().listing(listing):
                given.add(listing.identify(item))
                yield item
        except APIError as error:
            unknown = error.code == "ValidationException" and _unknown(listing, error.message)
            if not unknown:
                raise
            logger.warning(
                "%s does not know %s here: what it hides without is read if a distribution names it.",
                listing.operation,
                unknown,
            )
            parts = [{name: part[name] for name in part if name != unknown} for part in listing.parts]
            alike = [part for number, part in enumerate(parts) if part not in parts[:number]]
            again = self.listing(replace(listing, parts=tuple(alike)))
            yield from (item for item in again if listing.identify(item) not in given)

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
        if operation == TENANTS and answer.status == HTTPStatus.NOT_FOUND and error.code not in GONE:
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
        if refusal.code in DENIED:
            # What it says itself names who asked.
            action = f"{service_of(operation)}:{operation}"
            return (
                f"{self.refused_with(operation, refusal)}: the user or role lacks the action {action}. "
                "Add it to its policy, for all resources."
            )
        if refusal.code in CREDENTIALS:
            reach = Reach.PROVIDER
        return super().explanation(operation, refusal, reach, skew)


def _unknown(listing: Listing, message: str) -> str | None:
    """The filter of a list that an endpoint does not know: that which its error names, or the newest."""
    sent = [name for name in FILTERS if any(name in part for part in listing.parts)]
    named = [name for name in sent if name.lower() in message.lower()]
    return next(iter((*named, *sent)), None)
