"""Alibaba Cloud CDN: https://www.alibabacloud.com/help/en/cdn/developer-reference."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import requests
from singer_sdk import typing as th
from typing_extensions import override

from tap_cdn_certs.auth import ACS3HMACSHA256
from tap_cdn_certs.client import MAX_WAIT, Answer, Client, parse_json, quoted, retry_after
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach
from tap_cdn_certs.fan_out import fan_out
from tap_cdn_certs.settings import common_settings
from tap_cdn_certs.stream import CDNStream, Record
from tap_cdn_certs.values import (
    Item,
    elements,
    identifier,
    integer,
    mapping,
    required_identifier,
    text,
    unchecked_text,
    utc,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

SETTINGS = th.ObjectType(
    th.Property("access_key_id", th.StringType, required=True, description="The AccessKey ID of a RAM user."),
    th.Property(
        "access_key_secret", th.StringType, required=True, secret=True, description="The AccessKey secret."
    ),
    th.Property(
        "security_token", th.StringType, secret=True, description="The STS token of temporary credentials."
    ),
    *common_settings(api_url="https://cdn.aliyuncs.com", rate_limit_requests=100, rate_limit_period=1),
    th.Property(
        "domains",
        th.ArrayType(th.StringType),
        default=[],
        description="The domains to read, as globs such as `*.example.com`; all when empty.",
    ),
    th.Property(
        "max_connections",
        th.IntegerType(minimum=1, maximum=1000),
        default=32,
        description="How many requests may be under way at once; more help only where answers are slow.",
    ),
    additional_properties=False,
)

logger = logging.getLogger("tap-cdn-certs")

# Where a key is known that the default address does not know.
ELSEWHERE = (
    " If the account is on the international site, set alicloud.api_url to "
    "https://cdn.ap-southeast-1.aliyuncs.com."
)
VERSION = "2018-05-10"
PAGE_SIZE = 500
MAX_PAGE = 100_000
MAX_LISTINGS = 3

# A `Code` of these is not an error: other products of the provider have it in every answer.
SUCCESS = frozenset({"0", "200", "ok", "success"})

# By code, or by the part of a code before its first dot. Others concern one key, or are retried if 5xx.
ERRORS = {
    "Throttling": Reach.THROTTLED,
    "Rejected.Throttling": Reach.THROTTLED,
    "FlowControlError": Reach.THROTTLED,
    "ServiceBusy": Reach.THROTTLED,
    "SignatureNonceUsed": Reach.ATTEMPT,
    "ServiceUnavailable": Reach.ATTEMPT,
    "InternalError": Reach.ATTEMPT,
    "InvalidTimeStamp": Reach.PROVIDER,
    "SignatureDoesNotMatch": Reach.PROVIDER,
    "IncompleteSignature": Reach.PROVIDER,
    "InvalidAccessKeyId": Reach.PROVIDER,
    "InvalidSecurityToken": Reach.PROVIDER,
    "MissingSecurityToken": Reach.PROVIDER,
    "InvalidDomain.NotFound": Reach.GONE,
    "CdnServiceNotFound": Reach.INACTIVE,
}
# Without these nobody knows when a domain goes down.
ENDS = frozenset({"x509_not_after", "x509_chain_not_after"})
NOT_ACTIVATED = re.compile(r"ServiceNotFound|service.*\bnot\b|\bnot\b.*service", re.IGNORECASE)


def mistakes(settings: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG001 - the schema finds all of them
    """What the schema of the settings cannot say is wrong with them."""
    return iter(())


class AlicloudClient(Client):
    """Requests to an Alibaba Cloud account, in the RPC style."""

    provider = "alicloud"
    secret_settings = ("access_key_secret", "security_token")
    request_id_header = "x-acs-request-id"
    # 15 fields, one of them a chain, perhaps with thousands of names.
    sizes: ClassVar = {"DescribeDomainCertificateInfo": (2**18, 1000)}

    def __init__(self, settings: Mapping[str, Any], *args: Any) -> None:
        super().__init__(settings, *args)
        self.domain_names: list[str] | None = None  # once they are all listed
        self._selection = [pattern.lower() for pattern in settings["domains"]]

    @override
    def auth(self, settings: Mapping[str, Any]) -> ACS3HMACSHA256:
        return ACS3HMACSHA256(
            settings["access_key_id"], settings["access_key_secret"], settings.get("security_token")
        )

    def call(self, operation: str, **parameters: Any) -> Item:
        """The answer of an operation."""
        headers = {"Accept": "application/json", "x-acs-action": operation, "x-acs-version": VERSION}
        request = requests.Request("POST", f"{self.url}/", params=parameters, headers=headers)
        return self.request(operation, request, partial(self._read, operation))

    def listing(self, operation: str, *path: str, **parameters: Any) -> Iterator[Any]:
        """The items of all pages of a list of domains, each domain once.

        A domain that goes while one pages moves those after it forward, one of them to a page already read:
        a list that changed on the way is read again.

        Raises:
            APIError: The list is shorter than it says, each time.
        """
        seen: set[str] = set()
        received, total = 0, None
        for _ in range(MAX_LISTINGS):
            totals, received, known = set[int | None](), 0, len(seen)
            listed: set[str | None] = set()
            for number in range(1, MAX_PAGE + 1):
                page = self.call(operation, PageNumber=number, PageSize=PAGE_SIZE, **parameters)
                rows = elements(mapping(page.get(path[0]), path[0]), path[1])
                for row in rows:
                    name = domain_name(row)
                    if (name not in seen) if name else known == 0:
                        yield row
                        seen.add(name or "")
                received += len(rows)
                total = integer(page, "TotalCount")
                totals.add(total)
                names = {domain_name(row) for row in rows}
                # No rows, or the same ones as before.
                if names <= listed or (total is not None and received >= total):
                    break
                listed |= names
            short = total is not None and received < total
            if not short and len(totals) == 1 and (total is None or len(seen) in {known, total}):
                return
        if short:
            raise APIError(
                "IncompleteList",
                f"{self.provider} says that {operation} lists {total:,} domains, and lists {received:,}. "
                "The others were not read: try again later, then ask the provider.",
                Reach.STREAM,
            )

    def domains(self) -> Iterator[Any]:
        """The items of DescribeUserDomains that the setting `domains` selects."""
        names = []
        # Without CheckDomainShow, domains whose review runs or failed are left out.
        for item in self.listing("DescribeUserDomains", "Domains", "PageData", CheckDomainShow="true"):
            if self.selects(name := domain_name(item)):
                yield item
                names += [name] if name else []
        for pattern in self._selection:
            if not any(fnmatchcase(name.lower(), pattern) for name in names):
                logger.warning("alicloud.domains names %s, which no domain of the account matches.", pattern)
        self.domain_names = names

    def selects(self, domain: str | None) -> bool:
        """Whether the setting `domains` selects a domain; what has no name is for its stream to report."""
        return (
            not self._selection
            or domain is None
            or any(fnmatchcase(domain.lower(), pattern) for pattern in self._selection)
        )

    @override
    def fail(self, operation: str, answer: Answer) -> APIError:
        try:
            body = parse_json(answer.content, answer.max_tokens)
        except APIError:
            body = {}
        code, message = quoted(body.get("Code") or ""), quoted(body.get("Message", ""))
        if not code:
            return self.http_error(answer)
        self.answered = True
        return APIError(
            code,
            self._explanation(operation, code, message, answer.skew()),
            self._reach(code, message, answer.status),
            request_id=quoted(body["RequestId"]) if body.get("RequestId") else None,
            wait=_wait_hint(answer),
        )

    def _read(self, operation: str, answer: Answer) -> Item:
        body = parse_json(answer.content, answer.max_tokens)
        if str(body.get("Code") or "ok").lower() not in SUCCESS:
            raise self.fail(operation, answer)
        return body

    def _reach(self, code: str, message: str, status: int) -> Reach:
        reach = ERRORS.get(code) or ERRORS.get(code.partition(".")[0])
        if reach is None and code.startswith("OperationDenied") and NOT_ACTIVATED.search(message):
            return Reach.INACTIVE
        return reach or (Reach.ATTEMPT if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Reach.KEY)

    def _explanation(self, operation: str, code: str, message: str, skew: float) -> str:
        """What happened, what it means and what to do."""
        refused = f"{self.provider} refused {operation} with {code}"
        match self._reach(code, message, HTTPStatus.BAD_REQUEST):
            case Reach.PROVIDER if code.startswith("InvalidTimeStamp"):
                ahead = "behind" if skew > 0 else "ahead of"
                return f"{refused}: this clock is {abs(skew):.0f} s {ahead} the provider's. Set it right."
            # The provider's message holds what it signed: the token among it.
            case Reach.PROVIDER:
                return (
                    f"{refused}: the credentials are not valid. Check the settings alicloud.access_key_id, "
                    "alicloud.access_key_secret and, for temporary credentials, alicloud.security_token."
                    + (ELSEWHERE if code.startswith("InvalidAccessKeyId") else "")
                )
            case Reach.INACTIVE:
                return f"{refused}: the account has not activated the product, so it has no domains there."
            case _ if code.startswith(("Forbidden", "NoPermission")):
                return (
                    f"{refused}: {message} The RAM user lacks the action cdn:{operation}: add it to its "
                    "policy, or leave the domains it may not read out of the setting alicloud.domains."
                )
            case _:
                return f"{refused}: {message}"


class AlicloudStream(CDNStream):
    """A stream of an Alibaba Cloud account."""

    provider = "alicloud"
    primary_keys = ("account", "domain_name")
    client: AlicloudClient


class AlicloudDomains(AlicloudStream):
    """Domains of an Alibaba Cloud CDN account."""

    name = "alicloud_domains"
    operation = "DescribeUserDomains"

    @override
    def results(self) -> Iterator[tuple[str | None, Callable[[], Record]]]:
        for item in self.client.domains():
            self.counts.listed += 1
            yield domain_name(item), partial(self.record, item)

    def record(self, value: object) -> Record:
        """The record of an item of the list."""
        item = mapping(value, "The item")
        return {
            "account": self.account,
            "domain_name": required_identifier(item, "DomainName"),
            "domain_id": identifier(item, "DomainId"),
            "cname": text(item, "Cname"),
            "cdn_type": text(item, "CdnType"),
            "domain_status": text(item, "DomainStatus"),
            "gmt_created": utc(item, "GmtCreated"),
            "gmt_modified": utc(item, "GmtModified"),
            "description": text(item, "Description"),
            "source_type": text(item, "SourceType"),
            "ssl_protocol": text(item, "SslProtocol"),
            "resource_group_id": text(item, "ResourceGroupId"),
            "sandbox": text(item, "Sandbox"),
            "coverage": text(item, "Coverage"),
            "sources": [
                {
                    "type": text(source, "Type"),
                    "content": text(source, "Content"),
                    "port": integer(source, "Port"),
                    "priority": identifier(source, "Priority"),
                    "weight": identifier(source, "Weight"),
                }
                for element in elements(mapping(item.get("Sources"), "Sources"), "Source")
                for source in [mapping(element, "Source")]
            ]
            or None,
            "synced_at": self.synced_at,
        }


class CertificateInfo(AlicloudStream):
    """The certificate that each domain of an Alibaba Cloud CDN account serves."""

    name = "certificate_info"
    operation = "DescribeDomainCertificateInfo"
    request_per_key = True

    @override
    def results(self) -> Iterator[tuple[str, Callable[[], Record]]]:
        self.progress.limit = self.client.limits[self.operation]
        for domain, answer in fan_out(
            lambda domain: self.client.call(self.operation, DomainName=domain),
            self.keys(),
            connections=self.client.connections,
            idle=self.idle,
        ):
            yield domain, partial(self.record, domain, answer)
        if advice := self.client.bottleneck(self.operation):
            self.logger.info("%s", advice)

    def keys(self) -> Iterator[str]:
        """The domains' names: as `alicloud_domains` listed them in this sync, else listed now."""
        names = self.client.domain_names
        self.progress.total = len(names) if names is not None else None
        for item in self.client.domains() if names is None else ({"DomainName": name} for name in names):
            self.counts.listed += 1
            try:
                yield required_identifier(mapping(item, "The item"), "DomainName")
            except InvalidValueError as error:
                self.counts.failed += 1
                self.report(f"#{self.counts.listed}", error)
        self.progress.total = self.counts.listed

    def record(self, domain: str, answer: Future[Item]) -> Record:
        """The record of a domain: of the certificate it serves, or of nulls if there is none."""
        # Imported late: cryptography takes long, and --version does without.
        from tap_cdn_certs import x509  # noqa: PLC0415

        certificates = [
            mapping(element, "CertInfo")
            for element in elements(mapping(answer.result().get("CertInfos"), "CertInfos"), "CertInfo")
        ]
        serving = (item for item in certificates if str(item.get("ServerCertificateStatus")).lower() == "on")
        item = next(serving, certificates[0] if certificates else {})
        pem = unchecked_text(item, "ServerCertificate") or ""
        fields, faults = x509.leaf_fields(pem) if pem.strip() else (dict.fromkeys(x509.FIELDS), {})
        chain = x509.certificates(pem)
        record = {
            "account": self.account,
            "domain_name": domain,
            "cert_name": text(item, "CertName"),
            "cert_id": identifier(item, "CertId"),
            "cert_type": text(item, "CertType"),
            "cert_region": text(item, "CertRegion"),
            "cert_domain_name": text(item, "CertDomainName"),
            "cert_org": text(item, "CertOrg"),
            "cert_life": text(item, "CertLife"),
            "cert_start_time": utc(item, "CertStartTime"),
            "cert_expire_time": utc(item, "CertExpireTime"),
            "cert_update_time": utc(item, "CertUpdateTime"),
            "status": text(item, "Status"),
            "domain_cname_status": text(item, "DomainCnameStatus"),
            "server_certificate_status": text(item, "ServerCertificateStatus"),
            # As the provider wrote it, unless it wrote more than certificates.
            "server_certificate": pem if chain and pem.strip() == chain.strip() else chain,
            **fields,
            "synced_at": self.synced_at,
        }
        self.report_faults(domain, fields, faults)
        return record

    def report_faults(self, domain: str, fields: Record, faults: Mapping[str, str]) -> None:
        """Notes what could not be read of a certificate; its row is read all the same."""
        from tap_cdn_certs import x509  # noqa: PLC0415

        names = fields["x509_subject_alternative_names"] or []
        named = covers(names, domain)
        if fields["x509_is_ca"] and not covers([*names, fields["x509_subject_common_name"] or ""], domain):
            message = "The certificate is an authority's and not for the domain: its own may be missing."
            self.report(domain, APIError("InvalidCertificate", message))
        elif faults:
            complete = fields["x509_subject_alternative_names_complete"]
            in_doubt = not faults.keys().isdisjoint(ENDS) or not (complete or named)
            code, reach = ("InvalidCertificate", Reach.KEY) if in_doubt else ("UnreadableField", Reach.FIELD)
            self.report(domain, APIError(code, x509.in_words(faults), reach))

    @override
    def has_certificate(self, record: Record) -> bool:
        return any(
            record[field] for field in ("cert_id", "cert_name", "cert_expire_time", "server_certificate")
        )


class AlicloudHTTPSDomains(AlicloudStream):
    """Domains of an Alibaba Cloud CDN account that have HTTPS on."""

    name = "alicloud_https_domains"
    operation = "DescribeCdnHttpsDomainList"

    @override
    def results(self) -> Iterator[tuple[str | None, Callable[[], Record]]]:
        try:
            for item in self.client.listing(self.operation, "CertInfos", "CertInfo"):
                if self.client.selects(domain_name(item)):
                    self.counts.listed += 1
                    yield domain_name(item), partial(self.record, item)
        except APIError as error:
            # This is how an account without such a domain is answered.
            if error.code != "NoHttpsDomain":
                raise

    def record(self, value: object) -> Record:
        """The record of an item of the list."""
        item = mapping(value, "The item")
        # The provider does not document the zone of these times: UTC is assumed, as in all its others.
        return {
            "account": self.account,
            "domain_name": required_identifier(item, "DomainName"),
            "cert_name": text(item, "CertName"),
            "cert_common_name": text(item, "CertCommonName"),
            "cert_type": text(item, "CertType"),
            "cert_status": text(item, "CertStatus"),
            "cert_start_time": utc(item, "CertStartTime"),
            "cert_expire_time": utc(item, "CertExpireTime"),
            "cert_update_time": utc(item, "CertUpdateTime"),
            "synced_at": self.synced_at,
        }


def covers(names: Iterable[str], domain: str) -> bool:
    """Whether one of a certificate's names is for a domain: RFC 6125, 6.4.3."""
    domain = domain.lower().rstrip(".")
    with suppress(UnicodeError):
        # A wildcard's first label is empty, and no host's.
        domain = "." * domain.startswith(".") + domain.removeprefix(".").encode("idna").decode()
    own = {domain, f"*.{domain.partition('.')[2]}"}
    return not own.isdisjoint(name.lower() for name in names)


def domain_name(item: object) -> str | None:
    """The name of a domain in a list's item, if it has one."""
    try:
        return identifier(item, "DomainName") if isinstance(item, Mapping) else None
    except InvalidValueError:
        return None


def _wait_hint(answer: Answer) -> float | None:
    """Seconds that the provider asks to wait for, in any of the three ways it has."""
    milliseconds = re.search(r"TimeLeft:(\d+)", answer.headers.get("x-ratelimit-user-api", ""))
    hints = (
        retry_after(answer, "x-acs-retry-after", unit=0.001),
        min(float(milliseconds[1]) / 1000, MAX_WAIT) if milliseconds else None,
        retry_after(answer),
    )
    return next((hint for hint in hints if hint is not None), None)


CLIENT = AlicloudClient
STREAMS = (AlicloudDomains, CertificateInfo, AlicloudHTTPSDomains)
