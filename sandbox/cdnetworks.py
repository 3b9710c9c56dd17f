"""CDNetworks, as in https://docs.cdnetworks.com/en/cdn/apidocs."""

from __future__ import annotations

import itertools
import json
import re
from datetime import datetime, timedelta, timezone
from email.utils import formatdate, parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from sandbox import signatures
from sandbox.api import API
from sandbox.messages import Answer, Call, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.inventory import Certificate

ALGORITHM = "CNC-HMAC-SHA256"
USERNAME, API_KEY = "sandbox", "s3cr3t-cdnetworks"
ACCESS_KEY, SECRET_KEY = "AKSandbox", "s3cr3t-aksk"
CHINA_STANDARD_TIME = timezone(timedelta(hours=8))
MINUTES_15 = 15 * 60
MINUTES_5 = 5 * 60

LIST = "/api/ssl/certificate"
NEVER = {
    r"GET /api/ssl/content/[^/]+/download": "GET /api/ssl/content/{certificate-id}/download",
    r"POST /api/ssl/content": "POST /api/ssl/content",
    r"GET /api/terraform/certificate/[^/]+": "GET /api/terraform/certificate/{certificate-id}",
    r"POST /api/certificate/order/detail": "POST /api/certificate/order/detail",
}


class CDNetworks(API):
    """The API of CDNetworks."""

    provider = "cdnetworks"
    throttled = (403, "WPLUS_AccountApiTooFrequence", "The account calls the interface too frequently.")
    secrets = (API_KEY, SECRET_KEY)
    never = frozenset(NEVER.values())
    _request_ids = itertools.count(1)

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation that a method and a path mean, and the certificate it is about."""
        line = f"{call.request.method} {call.path}"
        if line == f"GET {LIST}":
            return "QueryCertificateList", ""
        match = re.fullmatch(f"GET {LIST}/([^/]+)", line)
        if match:
            return "QueryCertificate", unquote(match[1])
        return next((name for pattern, name in NEVER.items() if re.fullmatch(pattern, line)), line), ""

    def authenticate(self, call: Call) -> None:
        """Check whichever of the two signatures is there."""
        if call.header("x-cnc-auth-method"):
            self.check_access_key(call)
        else:
            self.check_api_key(call)

    def check_api_key(self, call: Call) -> None:
        """Check the password made of the API key and the date."""
        date = call.header("Date")
        expected = signatures.basic(USERNAME, signatures.password(API_KEY, date))
        try:
            time = parsedate_to_datetime(date).timestamp()
        except ValueError:
            time = 0.0
        problem = None
        if formatdate(time, usegmt=True) != date:
            problem = "the Date header is missing or is not RFC 1123 in GMT"
        elif abs(time - self.sandbox.time()) > MINUTES_15:
            problem = "the password is expired"
        elif not signatures.same(expected, call.header("Authorization")):
            problem = "the username or the password is wrong"
        if problem:
            raise RefusedError(401, "Unauthorized", f"The HTTP authorization header is bad: {problem}.")

    def check_access_key(self, call: Call) -> None:
        """Check the signature by an access key."""
        problem = None
        timestamp = call.header("x-cnc-timestamp")
        authorization = signatures.parse(ALGORITHM, ", ", call.header("Authorization"))
        if call.header("x-cnc-auth-method") != "AKSK" or authorization is None:
            problem = "the headers are not those of AK/SK"
        elif {call.header("x-cnc-accessKey"), authorization.credential} != {ACCESS_KEY}:
            problem = "the access key is unknown"
        elif not re.fullmatch(r"\d{10}", timestamp) or abs(int(timestamp) - self.sandbox.time()) > MINUTES_5:
            problem = "the timestamp is not within 5 minutes"
        elif not self.signed(call, authorization, timestamp):
            problem = "the signature is wrong"
        elif not self.sandbox.once(f"signature {timestamp} {authorization.signature}", MINUTES_5):
            problem = "the request is repeated"
        if problem:
            raise RefusedError(462, "462", f"authorization is error! {problem}")

    def signed(self, call: Call, authorization: signatures.Authorization, timestamp: str) -> bool:
        """Whether the signature is right and holds the mandatory headers."""
        signed = authorization.signed_headers
        to_sign = signatures.cnc_string_to_sign(
            call.request.method,
            call.path,
            call.query,
            [(name, call.header(name)) for name in signed],
            sha256(call.body).hexdigest(),
            timestamp,
        )
        right = signatures.same(signatures.hmac_sha256(SECRET_KEY, to_sign), authorization.signature)
        return right and {"content-type", "host"} <= set(signed) and all(call.header(name) for name in signed)

    def operate(self, call: Call) -> Answer:
        """Answer one of the operations that the sandbox knows."""
        if call.entry.operation == "QueryCertificateList":
            answer = self.listing(call)
            self.listed()
            return answer
        if call.entry.operation == "QueryCertificate":
            certificate = self.sandbox.cdnetworks.get(call.entry.key)
            if certificate is None:
                raise RefusedError(404, "NoSuchSsl", "The certificate does not exist.")
            pairs = list(detail(certificate))
            xml = self.wants_xml(call)
            return self.render(202, element("ssl-certificate", pairs) if xml else dict(pairs))
        if call.entry.operation in self.never:
            raise RefusedError(403, "WRONG_OPERATOR", "The sandbox gives no private keys.")
        raise RefusedError(404, "NoSuchInterface", "The interface does not exist.")

    def listing(self, call: Call) -> Answer:
        """Return the whole inventory."""
        items = [list(row(certificate)) for certificate in self.sandbox.cdnetworks]
        if self.wants_xml(call):
            root = ET.Element("ssl-certificates")
            root.extend([element("ssl-certificate", pairs) for pairs in items])
            return self.render(202, root)
        objects: Any = [dict(pairs) for pairs in items]
        key = self.sandbox.cdnetworks_json or "ssl-certificate"
        if key == "ssl-certificate" and len(objects) < 2:
            # What was XML before has no lists of one or none.
            objects = objects[0] if objects else None
        return self.render(202, {key: objects})

    def wants_xml(self, call: Call) -> bool:
        """Whether the answer is XML."""
        return self.sandbox.cdnetworks_json is None and "xml" in call.header("Accept")

    def error(self, call: Call, error: RefusedError) -> Answer:
        """Return an error in the format asked for."""
        content = {"code": error.code, "message": error.message, **error.details}
        xml = self.wants_xml(call)
        answer = self.render(error.status, element("response", content) if xml else content)
        answer.code = error.code
        answer.headers |= error.headers
        return answer

    def render(self, status: int, content: ET.Element | dict[str, Any]) -> Answer:
        """Return an answer as XML or JSON."""
        headers = {"x-cnc-request-id": f"{next(self._request_ids):032x}"}
        if isinstance(content, dict):
            body = json.dumps(content, ensure_ascii=False).encode(errors="replace")
            return Answer(status, body, "application/json;charset=UTF-8", headers=headers)
        encoding = self.sandbox.cdnetworks_encoding
        body = ET.tostring(content, encoding, xml_declaration=True)
        return Answer(status, body, f"application/xml;charset={encoding}", headers=headers)


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
