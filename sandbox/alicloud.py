"""Alibaba Cloud CDN, as in https://www.alibabacloud.com/help/en/cdn/developer-reference/api-cdn-2018-05-10-overview."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from sandbox import signatures
from sandbox.api import API
from sandbox.messages import Answer, Call, RefusedError

if TYPE_CHECKING:
    from sandbox.inventory import Domain, DomainCertificate

VERSION = "2018-05-10"
ALGORITHM = "ACS3-HMAC-SHA256"
MINUTES_15 = 15 * 60
MAX_PAGE_SIZE = 500


class AccessKey(NamedTuple):
    """An access key, with a token if it is temporary."""

    id: str
    secret: str
    token: str | None = None


KEY = AccessKey("LTAI5tSandbox", "s3cr3t-alicloud")
STS = AccessKey("STS.NTSandbox", "s3cr3t-sts", "s3cr3t-token")
KEYS = {key.id: key for key in (KEY, STS)}

REQUIRED = (
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
)


def iso(time: datetime | None) -> str:
    """Return a time as most operations say it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if time else ""


def naive(time: datetime | None) -> str:
    """Return a time as DescribeCdnHttpsDomainList says it: without its zone."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if time else ""


class AlibabaCloud(API):
    """The API of Alibaba Cloud CDN."""

    provider = "alicloud"
    throttled = (400, "Throttling.User", "Request was denied due to user flow control.")
    secrets = (KEY.secret, STS.secret, str(STS.token))
    never = frozenset(
        {
            "DescribeCdnCertificateDetail",
            "DescribeCdnCertificateDetailById",
            "DescribeCdnSMCertificateDetail",
            "DescribeDcdnCertificateDetail",
            "DescribeDcdnCertificateDetailById",
            "DescribeDcdnSMCertificateDetail",
            "GetUserCertificateDetail",
        },
    )

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation named by the header, and the domain it is about."""
        return call.header("x-acs-action"), self.parameters(call).get("DomainName", "")

    def parameters(self, call: Call) -> dict[str, str]:
        """Return the parameters of the query and of a form."""
        form = call.body.decode(errors="replace") if "form" in call.header("Content-Type") else ""
        return dict(signatures.parameters(call.query) + signatures.parameters(form))

    def authenticate(self, call: Call) -> None:
        """Check the signature: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature."""
        for name in REQUIRED:
            if not call.header(name):
                raise RefusedError(400, f"Missing{name}", f"The header {name} is mandatory for this action.")
        if not call.header("Authorization"):
            raise RefusedError(400, "MissingAuthorization", "The header Authorization is mandatory.")
        authorization = signatures.parse(ALGORITHM, ",", call.header("Authorization"))
        if authorization is None:
            raise RefusedError(
                400, "IncompleteSignature", "The request signature does not conform to standards."
            )
        key = KEYS.get(authorization.credential)
        if key is None:
            raise RefusedError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        if not signatures.same(key.token or "", call.header("x-acs-security-token")):
            code = (
                "InvalidSecurityToken.Malformed"
                if key.token
                else "InvalidSecurityToken.MismatchWithAccessKey"
            )
            raise RefusedError(400, code, "Specified SecurityToken is malformed or not of this access key.")
        self.check_date(call)
        self.check_signature(call, authorization, key)
        if not self.sandbox.once(f"nonce {call.header('x-acs-signature-nonce')}", MINUTES_15):
            raise RefusedError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")

    def check_date(self, call: Call) -> None:
        """Refuse a date that is not within 15 minutes of the server's clock."""
        try:
            date = datetime.strptime(call.header("x-acs-date"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            message = "Specified time stamp or date value is not well formatted."
            raise RefusedError(400, "InvalidTimeStamp.Format", message) from None
        if abs(date.timestamp() - self.sandbox.time()) > MINUTES_15:
            message = "Specified time stamp or date value is expired."
            raise RefusedError(400, "InvalidTimeStamp.Expired", message)

    def check_signature(self, call: Call, authorization: signatures.Authorization, key: AccessKey) -> None:
        """Refuse what was not signed, or was changed afterwards."""
        signed = authorization.signed_headers
        sent = {name.lower() for name in call.request.headers}
        must = {*REQUIRED, *(name for name in sent if name.startswith("x-acs-"))}
        payload_hash = sha256(call.body).hexdigest()
        canonical, to_sign = signatures.acs3_string_to_sign(
            call.request.method,
            call.path,
            call.query,
            [(name, call.header(name)) for name in signed],
            payload_hash,
        )
        right = signatures.same(signatures.hmac_sha256(key.secret, to_sign), authorization.signature)
        declared = signatures.same(payload_hash, call.header("x-acs-content-sha256"))
        if not (right and declared and must <= set(signed) and list(signed) == sorted(signed)):
            message = (
                "Specified signature does not match our calculation. "
                f"server string to sign is:{to_sign}, server canonical request is:{canonical}"
            )
            raise RefusedError(403, "SignatureDoesNotMatch", message)

    def operate(self, call: Call) -> Answer:
        """Answer one of the operations that the sandbox knows."""
        operations = {
            "DescribeUserDomains": self.user_domains,
            "DescribeCdnHttpsDomainList": self.https_domains,
            "DescribeDomainCertificateInfo": self.certificate_info,
        }
        operation = operations.get(call.entry.operation)
        if call.entry.operation in self.never:
            raise RefusedError(403, "Forbidden.RAM", "The sandbox gives no private keys.")
        if operation is None or call.header("x-acs-version") != VERSION:
            message = "Specified api is not found, please check your url and method."
            raise RefusedError(404, "InvalidAction.NotFound", message)
        content = {**operation(self.parameters(call)), "RequestId": str(uuid4()).upper()}
        answer = Answer(
            200, json.dumps(content, ensure_ascii=False).encode(), "application/json;charset=utf-8"
        )
        if content.get("PageNumber") == 1:
            self.listed()
        return answer

    def page(self, parameters: dict[str, str], items: list[Domain]) -> tuple[list[Domain], dict[str, int]]:
        """Return a page of the items, and its number, size and their total."""
        numbers = []
        for name, default, most in (("PageNumber", "1", 100_000), ("PageSize", "20", MAX_PAGE_SIZE)):
            text = parameters.get(name, default)
            if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
                message = f"The specified {name} is not valid: 1 to {most}."
                raise RefusedError(400, f"Invalid{name}.Malformed", message)
            numbers.append(int(text))
        number, size = numbers
        paging = {"PageNumber": number, "PageSize": size, "TotalCount": len(items)}
        return items[(number - 1) * size : number * size], paging

    def user_domains(self, parameters: dict[str, str]) -> dict[str, Any]:
        """DescribeUserDomains."""
        items = list(self.sandbox.alicloud)
        if parameters.get("CheckDomainShow") != "true":
            items = [item for item in items if item.domain_status not in ("checking", "check_failed")]
        items, paging = self.page(parameters, items)
        return {**paging, "Domains": {"PageData": [page_data(item) for item in items]}}

    def https_domains(self, parameters: dict[str, str]) -> dict[str, Any]:
        """DescribeCdnHttpsDomainList."""
        items = [item for item in self.sandbox.alicloud if item.certificate]
        if not items:
            raise RefusedError(400, "NoHttpsDomain", "The account has no HTTPS domain.")
        items, paging = self.page(parameters, items)
        infos = [https_domain(item.domain_name, item.certificate) for item in items if item.certificate]
        return {**paging, "CertInfos": {"CertInfo": infos}}

    def certificate_info(self, parameters: dict[str, str]) -> dict[str, Any]:
        """DescribeDomainCertificateInfo."""
        name = parameters.get("DomainName")
        if not name:
            raise RefusedError(400, "MissingDomainName", "DomainName is mandatory for this action.")
        domain = self.sandbox.alicloud.get(name)
        if domain is None:
            raise RefusedError(404, "InvalidDomain.NotFound", "The domain provided does not belong to you.")
        if domain.certificate:
            return {"CertInfos": {"CertInfo": [certificate_info(name, domain.certificate)]}}
        answers: dict[str | None, dict[str, Any]] = {
            "off": {"CertInfos": {"CertInfo": [no_certificate(name)]}},
            "missing": {},
            "null": {"CertInfos": None},
        }
        return answers.get(domain.absent, {"CertInfos": {"CertInfo": []}})

    def error(self, call: Call, error: RefusedError) -> Answer:
        """Return an error of the gateway or of an operation."""
        content = {
            "Code": error.code,
            "Message": error.message,
            "RequestId": str(uuid4()).upper(),
            "HostId": call.request.host,
            "Recommend": f"https://api.alibabacloud.com/troubleshoot?q={quote(error.code)}&product=Cdn",
            **error.details,
        }
        body = json.dumps(content, ensure_ascii=False).encode(errors="replace")
        return Answer(error.status, body, "application/json;charset=utf-8", error.code, error.headers)


def page_data(domain: Domain) -> dict[str, Any]:
    """Return an item of DescribeUserDomains."""
    modified = iso(domain.gmt_modified)
    return {
        "DomainName": domain.domain_name,
        "DomainId": domain.domain_id,
        "Cname": domain.cname,
        "CdnType": domain.cdn_type,
        "DomainStatus": domain.domain_status,
        "GmtCreated": iso(domain.gmt_created),
        # The documents have a sample without seconds.
        "GmtModified": modified if domain.gmt_modified.second else modified[:-4] + "Z",
        "Description": domain.description,
        "SourceType": domain.source_type,
        "SslProtocol": domain.ssl_protocol,
        "ResourceGroupId": domain.resource_group_id,
        "Sandbox": domain.sandbox,
        "Coverage": domain.coverage,
        "Sources": {
            "Source": [
                {
                    "Type": source.type,
                    "Content": source.content,
                    "Port": source.port,
                    "Priority": source.priority,
                    "Weight": source.weight,
                }
                for source in domain.sources
            ],
        },
    }


def https_domain(name: str, certificate: DomainCertificate) -> dict[str, str]:
    """Return an item of DescribeCdnHttpsDomainList."""
    return {
        "DomainName": name,
        "CertName": certificate.cert_name,
        "CertCommonName": certificate.cert_common_name,
        "CertType": certificate.cert_type,
        "CertStatus": certificate.cert_status,
        "CertStartTime": naive(certificate.cert_start_time),
        "CertExpireTime": naive(certificate.cert_expire_time),
        "CertUpdateTime": naive(certificate.cert_update_time),
    }


def certificate_info(name: str, certificate: DomainCertificate) -> dict[str, str]:
    """Return an item of DescribeDomainCertificateInfo."""
    return {
        "DomainName": name,
        "CertName": certificate.cert_name,
        "CertId": certificate.cert_id,
        "CertLife": certificate.cert_life,
        "Status": certificate.status,
        "CertUpdateTime": iso(certificate.cert_update_time),
        "CertDomainName": certificate.cert_domain_name,
        "ServerCertificateStatus": certificate.server_certificate_status,
        "CertOrg": certificate.cert_org,
        "CertStartTime": iso(certificate.cert_start_time),
        "CertExpireTime": iso(certificate.cert_expire_time),
        "CertType": certificate.cert_type,
        "DomainCnameStatus": certificate.domain_cname_status,
        "ServerCertificate": certificate.server_certificate,
        "CertRegion": certificate.cert_region,
    }


def no_certificate(name: str) -> dict[str, str]:
    """Return the item of a domain without a certificate."""
    fields = (
        "CertName CertId CertLife Status CertUpdateTime CertDomainName CertOrg CertStartTime CertExpireTime "
        "CertType DomainCnameStatus ServerCertificate CertRegion"
    )
    return {"DomainName": name, "ServerCertificateStatus": "off"} | dict.fromkeys(fields.split(), "")
