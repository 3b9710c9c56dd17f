"""The API of CDNetworks."""

from __future__ import annotations

import itertools
import random
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as ET

from sandbox.api import API
from sandbox.cdnetworks import domains, pro
from sandbox.cdnetworks.domains import CHINA_STANDARD_TIME
from sandbox.cdnetworks.inventory import Certificate, certificates, rotate
from sandbox.cdnetworks.signature import (
    ACCESS_KEY,
    API_KEY,
    SECRET_KEY,
    USERNAME,
    check_access_key,
    check_api_key,
)
from sandbox.limits import Limit
from sandbox.messages import Answer, Call, Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.inventory import Inventory
    from sandbox.state import State

NEVER = {
    r"GET /api/ssl/content/[^/]+/download": "GET /api/ssl/content/{certificate-id}/download",
    r"POST /api/ssl/content": "POST /api/ssl/content",
    r"GET /api/terraform/certificate/[^/]+": "GET /api/terraform/certificate/{certificate-id}",
    r"POST /api/certificate/order/detail": "POST /api/certificate/order/detail",
    r"GET /cdn/certificates/[^/]+/csr": "GET /cdn/certificates/{certificate-id}/csr",
    r"(PATCH|DELETE) /cdn/certificates/[^/]+": "PATCH, DELETE /cdn/certificates/{certificate-id}",
}
OPERATIONS = {
    "GET /api/ssl/certificate": "QueryCertificateList",
    "GET /api/ssl/certificate/([^/]+)": "QueryCertificate",
    "GET /api/domain": "QueryApiDomainListService",
    "GET /api/config/certificate/v2/([^/]+)": "QueryDomainMultiCertConfig",
    "GET /cdn/certificates": "GetListOfCertificates",
    "GET /cdn/certificates/([^/]+)": "GetACertificate",
}
GONE = {
    "QueryCertificate": "NoSuchSsl",
    "QueryDomainMultiCertConfig": "NoSuchDomain",
    "GetACertificate": "InvalidCertId",
}


class CDNetworks(API[Certificate]):
    """The API of CDNetworks."""

    provider = "cdnetworks"
    size = 24
    holds = "certificates on CDNetworks"
    products = ("certificates", "domains", "pro", "domain_certificates")
    # 10 requests in 5 minutes would take hours: here they are allowed in a second.
    demo: ClassVar[Mapping[str, Any]] = {
        "size": 24,
        "limit": (10, 1),
        "products": ("certificates", "domains", "pro"),
    }
    lists = ("QueryCertificateList", "QueryApiDomainListService", "GetListOfCertificates")
    details = ("QueryCertificate", "QueryDomainMultiCertConfig", "GetACertificate")
    never = frozenset(NEVER.values())
    logins: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "api_key": {"username": USERNAME, "api_key": API_KEY},
        "aksk": {"access_key_id": ACCESS_KEY, "access_key_secret": SECRET_KEY},
    }
    secrets = (API_KEY, SECRET_KEY)
    refusals: ClassVar[Mapping[str, Refusal]] = {
        "credentials": Refusal(
            status=401,
            code="Unauthorized",
            message="The HTTP authorization header is bad: the username or the password is wrong.",
        ),
        "clock": Refusal(
            status=401,
            code="Unauthorized",
            message="The HTTP authorization header is bad: the password is expired.",
        ),
        "permission": Refusal(
            status=403, code="WRONG_OPERATOR", message="The account may not call the interface."
        ),
        "gone": Refusal(status=404, code="NoSuchSsl", message="The certificate does not exist."),
        "inactive": Refusal(
            status=403, code="AccessDenied", message="CDN Pro is not enabled for the account."
        ),
    }
    throttled = Refusal(
        status=403,
        code="WPLUS_AccountApiTooFrequence",
        message="The account calls the interface too frequently.",
    )
    limits: Mapping[str, Limit] = {"operation": Limit(10, 300, each=True), "account": Limit(300, 300)}
    _request_ids = itertools.count(1)

    def __init__(
        self, state: State, *, json: str | None = None, encoding: str = "UTF-8", **options: Any
    ) -> None:
        super().__init__(state, **options)
        self.json = json
        """The key of the certificates in JSON, which is then their only format; else the one asked for is."""
        self.domains_as = "domain-list"
        """The key of the domains in JSON; `xml`: they are in XML, whatever is asked for."""
        self.encoding = encoding
        self._random = random.Random(state.seed)
        size = len(self.inventory)
        self.domains = domains.domains(size, state.seed, state.now, self.inventory)
        self.pro = pro.certificates(size, state.seed, state.now)

    def inventory_of(self, operation: str) -> Inventory[Any]:
        """Return the certificates, the domains, or the certificates of CDN Pro."""
        if operation in {"GetListOfCertificates", "GetACertificate"}:
            return self.pro
        return self.domains if "Domain" in operation else self.inventory

    def stock(self, size: int) -> Inventory[Certificate]:
        """Return an inventory of so many certificates."""
        return certificates(size, self.state.seed, self.state.now)

    def rotate(self, certificate_id: str) -> None:
        """Renew a certificate."""
        now = datetime.fromtimestamp(int(self.state.time()), UTC)
        rotate(self.inventory[certificate_id], now, self._random)

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation that a method and a path mean, and the certificate or domain it is about."""
        line = f"{call.request.method} {call.path}"
        for pattern, name in OPERATIONS.items():
            if match := re.fullmatch(pattern, line):
                return name, unquote("".join(match.groups()))
        return next((name for pattern, name in NEVER.items() if re.fullmatch(pattern, line)), line), ""

    def authenticate(self, call: Call) -> None:
        """Check whichever of the two signatures is there."""
        if call.header("x-cnc-auth-method"):
            check_access_key(call, self.state.time(), self.once)
        else:
            check_api_key(call, self.state.time())

    def operate(self, call: Call) -> Answer:
        """Answer one of the operations that the sandbox knows."""
        operation, key = call.entry.operation, call.entry.key
        if operation in self.never:
            raise RefusedError(403, "WRONG_OPERATOR", "The sandbox gives no private keys.")
        if operation in self.lists:
            answer = self.listing(call)
            self.listed(operation)
            return answer
        if operation not in self.details:
            raise RefusedError(404, "NoSuchInterface", "The interface does not exist.")
        item = self.inventory_of(operation).get(key)
        if item is None:
            raise RefusedError(404, GONE[operation], f"There is no {key}.")
        match operation:
            case "QueryDomainMultiCertConfig":
                return self.answered(200, domains.configuration(item, self.inventory))
            case "GetACertificate":
                return self.answered(200, pro.detail(item))
            case _:
                pairs = list(detail(item))
                xml = self.wants_xml(call)
                return self.answered(202, element("ssl-certificate", pairs) if xml else dict(pairs))

    def listing(self, call: Call) -> Answer:
        """Return the whole inventory, or a page of CDN Pro's."""
        match call.entry.operation:
            case "GetListOfCertificates":
                return self.answered(200, pro.page(self.pro, parse_qsl(call.query, keep_blank_values=True)))
            case "QueryApiDomainListService":
                items = [list(domains.summary(domain).items()) for domain in self.domains]
                key = self.domains_as
                return self.listed_as("domain-list", "domain-summary", items, "" if key == "xml" else key)
            case _:
                items = [list(row(certificate)) for certificate in self.inventory]
                key = "" if self.wants_xml(call) else self.json or "ssl-certificate"
                return self.listed_as("ssl-certificates", "ssl-certificate", items, key)

    def listed_as(self, root: str, tag: str, items: list[list[tuple[str, Any]]], key: str) -> Answer:
        """Return a list as JSON with a key or, without one, as XML."""
        if not key:
            listed = ET.Element(root)
            listed.extend([element(tag, pairs) for pairs in items])
            return self.answered(202, listed)
        objects: Any = [dict(pairs) for pairs in items]
        if key == tag and len(objects) < 2:
            # What was XML before has no lists of one or none.
            objects = objects[0] if objects else None
        return self.answered(202, {key: objects})

    def wants_xml(self, call: Call) -> bool:
        """Whether the answer is XML."""
        return self.json is None and "xml" in call.header("Accept")

    def render(self, call: Call, error: RefusedError) -> Answer:
        """Return an error in the format asked for."""
        content = {"code": error.code, "message": error.message, **error.details}
        xml = self.wants_xml(call)
        return self.answered(error.status, element("response", content) if xml else content)

    def answered(self, status: int, content: ET.Element | dict[str, Any]) -> Answer:
        """Return an answer as XML or JSON."""
        if isinstance(content, dict):
            answer = Answer.json(status, content, "application/json;charset=UTF-8")
        else:
            body = ET.tostring(content, self.encoding, xml_declaration=True)
            answer = Answer(status, body, f"application/xml;charset={self.encoding}")
        answer.headers["x-cnc-request-id"] = f"{next(self._request_ids):032x}"
        return answer


def china_standard_time(time: datetime) -> str:
    """Return a time as CDNetworks says it."""
    return f"{time.astimezone(CHINA_STANDARD_TIME):%Y-%m-%d %H:%M:%S}"


def fields(certificate: Certificate) -> Iterator[tuple[str, Any]]:
    """Return the fields in both operations."""
    share = certificate.share_ssl
    times = certificate.validity_from, certificate.validity_to
    start, end = (time and china_standard_time(time) for time in times)
    texts = {
        "name": certificate.name,
        "comment": certificate.comment,
        "share-ssl": None if share is None else str(share).lower(),
        "certificate-validity-from": start,
        "certificate-validity-to": end,
        "certificate-serial": certificate.serial,
        "certificate-issuer": certificate.issuer,
        "crt-md5": certificate.crt_md5,
        "key-md5": certificate.key_md5,
        "ca-md5": certificate.ca_md5,
    }
    yield from texts.items()
    yield "dns-names", certificate.dns_names
    related = [{"domain-id": number, "domain-name": name} for number, name in certificate.related_domains]
    yield "related-domains", related or None
    yield from certificate.extra.items()


def shown(certificate: Certificate, pairs: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Return the fields that the answer has, with the blanks it has."""
    padding = "  " if certificate.padded else ""
    for name, value in pairs:
        if isinstance(value, str):
            yield name, value + padding
        elif value is not None:
            yield name, value
        elif certificate.blank and name != "related-domains":
            yield name, ""


def row(certificate: Certificate) -> Iterator[tuple[str, Any]]:
    """Return an item of QueryCertificateList."""
    yield "certificate-id", certificate.certificate_id
    yield from shown(certificate, fields(certificate))


def detail(certificate: Certificate) -> Iterator[tuple[str, Any]]:
    """QueryCertificate: it lacks the certificate's identifier, and has the time of its update."""
    updated = certificate.update_time
    extra = ("certificate-update-time", updated and china_standard_time(updated))
    yield from shown(certificate, itertools.chain(fields(certificate), [extra]))


def element(tag: str, content: Any) -> ET.Element:
    """Return an XML element of text, of a list, or of pairs of names and values."""
    node = ET.Element(tag)
    if isinstance(content, dict):
        content = list(content.items())
    if isinstance(content, list):
        singular = {"dns-names": "dns-name", "related-domains": "related-domain"}.get(tag)
        for child in content:
            node.append(element(singular, child) if singular else element(*child))
    elif content not in ("", None):
        node.text = str(content)
    return node
