"""CDNetworks, and Wangsu, which is the same platform: https://docs.cdnetworks.com/en/cdn/apidocs."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import requests
from lxml import etree
from singer_sdk import typing as th
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR
from typing_extensions import override

from tap_cdn_certs.auth import CNCHMACSHA256, CDNetworksBasic
from tap_cdn_certs.client import (
    Answer,
    Client,
    Result,
    check_tokens,
    hostile,
    parse_json,
    quoted,
    retry_after,
    unparsable,
)
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach
from tap_cdn_certs.fan_out import fan_out
from tap_cdn_certs.progress import duration
from tap_cdn_certs.settings import common_settings
from tap_cdn_certs.stream import CDNStream, Record
from tap_cdn_certs.values import (
    Item,
    boolean,
    elements,
    identifier,
    mapping,
    required_identifier,
    text,
    utc,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

    from requests.auth import AuthBase

SETTINGS = th.ObjectType(
    th.Property("username", th.StringType, description="The account's name; with `api_key`."),
    th.Property("api_key", th.StringType, secret=True, description="The account's API key."),
    th.Property(
        "access_key_id",
        th.StringType,
        description="The access key (AK); with `access_key_secret`, instead of `username` and `api_key`.",
    ),
    th.Property("access_key_secret", th.StringType, secret=True, description="The secret key (SK)."),
    *common_settings(api_url="https://api.cdnetworks.com", rate_limit_requests=10, rate_limit_period=300),
    th.Property(
        "certificate_ids",
        th.ArrayType(th.StringType),
        default=[],
        description="The identifiers of the certificates to read; all when empty.",
    ),
    th.Property(
        "max_details",
        th.IntegerType(minimum=0),
        description="The most detail requests of one sync; what is left waits for the next.",
    ),
    additional_properties=False,
)

# China Standard Time has had no daylight saving since 1991.
CST = timezone(timedelta(hours=8))

ERRORS = {
    "WPLUS_AccountApiTooFrequence": Reach.THROTTLED,
    "NoSuchSsl": Reach.GONE,
}
# How the code of an error begins that has none, but a status, which says no more.
GATEWAY = "status "
CREDENTIALS_REFUSED = (HTTPStatus.UNAUTHORIZED, 462)
MAX_SKEW = 300.0

STATE_INTERVAL = 1.0
LATEST = 10**15  # milliseconds since 1970: what no clock says

# Certificates named in a message.
SAID = 5

logger = logging.getLogger("tap-cdn-certs")


def mistakes(settings: Mapping[str, Any]) -> Iterator[str]:
    """What the schema of the settings cannot say is wrong with them."""
    pairs = (("username", "api_key"), ("access_key_id", "access_key_secret"))
    given = [pair for pair in pairs if any(settings.get(name) is not None for name in pair)]
    ways = "either username and api_key, or access_key_id and access_key_secret"
    if len(given) != 1:
        yield f"cdnetworks takes {ways}: {'both are' if given else 'neither is'} given."
    for pair in given:
        yield from (f"cdnetworks.{name} is missing." for name in pair if settings.get(name) is None)
    if ":" in str(settings.get("username", "")):
        yield "cdnetworks.username holds a colon, which no user name has."


class CDNetworksClient(Client):
    """Requests to a CDNetworks account."""

    provider = "cdnetworks"
    secret_settings = ("api_key", "access_key_secret")
    request_id_header = "x-cnc-request-id"
    # Some 8,000 related domains.
    sizes: ClassVar = {"QueryCertificate": (2**21, 50_000)}

    def __init__(self, settings: Mapping[str, Any], *args: Any) -> None:
        super().__init__(settings, *args)
        self._selection = frozenset(settings["certificate_ids"])
        self._certificates: list[Any] | None = None
        self.certificate_ids: set[str | None] = set()  # that the account has, selected or not
        self.max_details: int | None = settings.get("max_details")

    @override
    def auth(self, settings: Mapping[str, Any]) -> AuthBase:
        if settings.get("username"):
            self._settings_named = "cdnetworks.username and cdnetworks.api_key"
            return CDNetworksBasic(settings["username"], settings["api_key"])
        self._settings_named = "cdnetworks.access_key_id and cdnetworks.access_key_secret"
        return CNCHMACSHA256(settings["access_key_id"], settings["access_key_secret"])

    def certificates(self) -> list[Any]:
        """The items of QueryCertificateList, asked for once in a sync, that `certificate_ids` selects."""
        if self._certificates is None:
            listed = self._get("QueryCertificateList", "", _listed)
            # Each once, whatever the list repeats.
            unique = {certificate_id(item) or number: item for number, item in enumerate(listed)}
            self._certificates = [*unique.values()]
            self.certificate_ids = {certificate_id(item) for item in self._certificates}
            for unknown in sorted(self._selection - self.certificate_ids):
                logger.warning(
                    "cdnetworks.certificate_ids names %s, which the account does not have.", unknown
                )
        return [item for item in self._certificates if self.selects(certificate_id(item))]

    def selects(self, certificate: str | None) -> bool:
        """Whether the setting `certificate_ids` selects a certificate, or an item that names none."""
        return not self._selection or certificate is None or certificate in self._selection

    def certificate(self, certificate: str) -> Item:
        """The answer of QueryCertificate."""
        if not certificate.strip("."):
            raise InvalidValueError("certificate-id is a relative path, not an identifier.")
        return self._get("QueryCertificate", f"/{quote(certificate, safe='')}", _single)

    def _get(self, operation: str, path: str, read: Callable[[Item], Result]) -> Result:
        request = requests.Request(
            "GET", f"{self.url}/api/ssl/certificate{path}", headers={"Accept": "application/xml"}
        )
        return self.request(operation, request, partial(self._read, operation, read))

    def _read(self, operation: str, read: Callable[[Item], Result], answer: Answer) -> Result:
        value = _parse(answer)
        if _error_code(value) is not None:
            raise self.fail(operation, answer)
        return read(value)

    @override
    def fail(self, operation: str, answer: Answer) -> APIError:
        try:
            value = _parse(answer)
        except APIError:
            value = {}
        code = _error_code(value)
        message = quoted(value.get("message") or value.get("result") or "")
        refused = answer.status in CREDENTIALS_REFUSED
        if not code and not refused:
            return self.http_error(answer)
        self.answered = self.answered or bool(code)
        code = code or f"HTTP {answer.status}"
        reach = ERRORS.get(code, Reach.KEY)
        if refused and reach is Reach.KEY:
            reach = Reach.PROVIDER
        elif answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            reach = Reach.THROTTLED
        elif answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and reach is Reach.KEY:
            reach = Reach.ATTEMPT
        return APIError(
            code,
            self._explanation(operation, code, message, reach, answer.skew()),
            reach,
            wait=retry_after(answer),
        )

    def _explanation(self, operation: str, code: str, message: str, reach: Reach, skew: float) -> str:
        """What happened, what it means and what to do."""
        refused = f"{self.provider} refused {operation} with {code}"
        if code.startswith(GATEWAY):
            refused = f"The gateway of {self.provider} refused {operation}"
        if reach is not Reach.PROVIDER:
            return f"{refused}: {message}"
        if abs(skew) > MAX_SKEW:
            ahead = "behind" if skew > 0 else "ahead of"
            return f"{refused}: this clock is {abs(skew):.0f} s {ahead} the provider's. Set it right."
        return f"{refused}: the credentials are not valid. Check the settings {self._settings_named}."


class CDNetworksStream(CDNStream):
    """A stream of a CDNetworks account."""

    provider = "cdnetworks"
    primary_keys = ("account", "certificate_id")
    client: CDNetworksClient

    def listed(self, value: object) -> Record:
        """The record of an item of the list."""
        item = mapping(value, "The item")
        return {
            "account": self.account,
            "certificate_id": required_identifier(item, "certificate-id"),
            **self.fields(item),
            "synced_at": self.synced_at,
        }

    def fields(self, item: Item) -> Record:
        """The fields that QueryCertificateList and QueryCertificate have in common."""
        return {
            "name": text(item, "name"),
            "comment": text(item, "comment"),
            "share_ssl": boolean(item, "share-ssl"),
            "certificate_validity_from": utc(item, "certificate-validity-from", CST),
            "certificate_validity_to": utc(item, "certificate-validity-to", CST),
            "certificate_serial": identifier(item, "certificate-serial"),
            "certificate_issuer": text(item, "certificate-issuer"),
            "crt_md5": text(item, "crt-md5"),
            "key_md5": text(item, "key-md5"),
            "ca_md5": text(item, "ca-md5"),
            "dns_names": [
                name
                for element in elements(item, "dns-names")
                if (name := text({"dns-name": element}, "dns-name"))
            ]
            or None,
            "related_domains": [
                {
                    "domain_id": identifier(domain, "domain-id"),
                    "domain_name": text(domain, "domain-name"),
                }
                for element in elements(item, "related-domains")
                for domain in [mapping(element, "related-domain")]
            ]
            or None,
        }


class CDNetworksCertificates(CDNetworksStream):
    """Certificates of a CDNetworks account."""

    name = "cdnetworks_certificates"
    operation = "QueryCertificateList"

    @override
    def results(self) -> Iterator[tuple[str | None, Callable[[], Record]]]:
        for item in self.client.certificates():
            self.counts.listed += 1
            yield certificate_id(item), partial(self.listed, item)


class SSLCertificate(CDNetworksStream):
    """Certificates of a CDNetworks account with the time of their last change.

    The list has all but that time, and a detail costs half a minute of the limit. So the state remembers
    for each certificate a digest of its item in the list and the time, and only new and changed ones are
    asked for.
    """

    name = "ssl_certificate"
    operation = "QueryCertificate"
    request_per_key = True

    _state_written = 0.0

    @override
    def results(self) -> Iterator[tuple[str | None, Callable[[], Record]]]:
        remembered = self.remembered()
        known: list[Record] = []
        due: list[tuple[Record, str]] = []
        for item in self.client.certificates():
            self.counts.listed += 1
            try:
                record = self.listed(item)
            except InvalidValueError as error:
                # No request failed: however many there are in a row, the others are asked for.
                self.counts.failed += 1
                self.report(certificate_id(item) or f"#{self.counts.listed}", error)
                continue
            digest = _digest(record)
            memory = remembered.get(record["certificate_id"], {})
            if memory.get("digest") == digest:
                detail = {
                    name: memory[name] for name in (*record, "certificate_update_time") if name in memory
                }
                known.append({**record, **detail})
            else:
                due.append((record, digest))
        # A certificate that left the list is forgotten.
        self.stream_state["certificates"] = self.memory = {
            certificate: memory
            for certificate, memory in remembered.items()
            if certificate in self.client.certificate_ids
        }
        # The soonest to expire first.
        due.sort(key=lambda entry: entry[0]["certificate_validity_to"] or "9999")
        most = self.client.max_details
        later = due[most:] if most is not None else []
        for record in (*known, *({**record, "certificate_update_time": None} for record, _ in later)):
            yield record["certificate_id"], partial(dict, record)
        yield from self.details(due[:most])

    def remembered(self) -> dict[str, Record]:
        """What the state says of each certificate; what is damaged in it is asked for again."""
        entries, calls = self.stream_state.get("certificates", {}), self.stream_state.get("calls", [])
        damaged: list[str] = []
        if not isinstance(entries, dict):
            entries, damaged = {}, ["all certificates"]
        is_whole = _entry_check(self.schema)
        whole = {certificate: entry for certificate, entry in entries.items() if is_whole(entry)}
        damaged += sorted(quoted(certificate) for certificate in entries.keys() - whole.keys())
        if damaged:
            names = ", ".join([*damaged[:SAID], *(["…"] if len(damaged) > SAID else [])])
            self.logger.warning(
                "%s: the state of %s is damaged: asked for again, as if new.", self.name, names
            )
        if not (isinstance(calls, list) and all(isinstance(call, int) and call < LATEST for call in calls)):
            self.logger.warning(
                "%s: calls in the state is damaged: the provider may refuse the first requests.", self.name
            )
            self.stream_state["calls"] = []
        return whole

    def details(self, due: list[tuple[Record, str]]) -> Iterator[tuple[str, Callable[[], Record]]]:
        """Asks for the details of new and changed certificates, and remembers each in the state."""
        limit = self.client.limits[self.operation]
        # In whole milliseconds: targets read a fraction as a decimal number, and fail to write it.
        limit.remember(call / 1000 for call in self.stream_state.get("calls", []))
        if due:
            least = (len(due) - 1) // limit.requests * limit.period
            self.logger.info(
                "%s: %d new or changed certificates, which takes %s at the provider's limit.",
                self.name,
                len(due),
                f"about {duration(least)}" if least else "a moment",
            )
        self.progress.total, self.progress.limit = self.counts.listed, limit
        # One at a time: whether another sync has used up the limit shows in one refusal, and a stop
        # loses no answer but the one under way.
        for (record, digest), answer in fan_out(
            lambda entry: self.client.certificate(entry[0]["certificate_id"]),
            due,
            connections=1,
            ahead=1,
            idle=self.idle,
        ):
            # For the next sync, which may begin within the limit's period.
            self.stream_state["calls"] = [round(call * 1000) for call in limit.log()]
            yield record["certificate_id"], partial(self.record, record, digest, answer)
            if time.monotonic() - self._state_written > STATE_INTERVAL:
                self.write_state()

    def record(self, listed: Record, digest: str, answer: Future[Item]) -> Record:
        """The record of the list, with the detail laid over it."""
        detail = answer.result()
        fields = {
            "certificate_update_time": utc(detail, "certificate-update-time", CST),
            # What the list says otherwise, which it is not known to do.
            **{
                name: value
                for name, value in self.fields(detail).items()
                if value is not None and value != listed[name]
            },
        }
        # Remembered before it is emitted: the next sync emits what it remembers as well.
        self.memory[listed["certificate_id"]] = {"digest": digest, **fields}
        return {**listed, **fields}

    @override
    def idle(self) -> None:
        super().idle()
        # What is done is saved before a long wait for the limit.
        self.write_state()

    def write_state(self) -> None:
        """Writes the state, if it has changed."""
        self._tap.state_writer.write_state(self.tap_state)
        self._state_written = time.monotonic()


def certificate_id(item: object) -> str | None:
    """The identifier of a certificate in a list's item, if it has one."""
    try:
        return identifier(item, "certificate-id") if isinstance(item, Mapping) else None
    except InvalidValueError:
        return None


def _entry_check(schema: Item) -> Callable[[Any], bool]:
    """Says whether an entry of the state is one that a detail was remembered by."""
    fields = schema["properties"]
    times = {name for name, field in fields.items() if field.get("format") == "date-time"}
    validator = DEFAULT_JSONSCHEMA_VALIDATOR(
        {
            "type": "object",
            "properties": {
                **fields,
                **dict.fromkeys(schema["required"], False),
                "digest": {"type": "string"},
            },
            "required": ["digest"],
        }
    )

    def is_whole(entry: Any) -> bool:
        if not validator.is_valid(entry):
            return False
        try:
            return all(datetime.fromisoformat(entry[name] or "2000-01-01") for name in times & entry.keys())
        except ValueError:
            return False

    return is_whole


def _digest(record: Record) -> str:
    """Stands for what the list says of a certificate."""
    lasting = {name: value for name, value in record.items() if name not in {"account", "synced_at"}}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()[:16]


def _listed(value: Item) -> list[Any]:
    """The certificates of a list: its key has two names, and is missing when there are none."""
    return elements(value, "ssl-certificates") or elements(value, "ssl-certificate")


def _single(value: Item) -> Item:
    """The certificate of a detail, which may be wrapped as in the list."""
    return mapping(value.get("ssl-certificate", value), "ssl-certificate")


def _error_code(value: Item) -> str | None:
    """The error code of an answer that is an error, whatever its HTTP status."""
    code = value.get("code")
    if code is not None:
        return None if str(code).lower() in {"0", "success"} else quoted(code)
    # This is how the provider's gateway puts it.
    return quoted(f"{GATEWAY}{value['status']}") if {"status", "result"} <= value.keys() else None


def _parse(answer: Answer) -> Item:
    """The object of an answer, in XML or in JSON, in the form that JSON has."""
    # Something in between may have changed the type: the first character is as good.
    is_json = {b"{": True, b"[": True, b"<": False}.get(
        answer.content.lstrip()[:1], "json" in answer.headers.get("Content-Type", "")
    )
    return (parse_json if is_json else _parse_xml)(answer.content, answer.max_tokens)


def _parse_xml(content: bytes, max_tokens: int) -> Item:
    """The object of an XML document, without entities, DTDs and network.

    Raises:
        APIError: It is cut off, which another attempt may mend, or is meant to do harm.
    """
    check_tokens(content, b"<=", max_tokens)
    certificates: list[Item] = []
    root: etree._Element | None = None
    try:
        for event, element in etree.iterparse(
            BytesIO(content),
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        ):
            if root is None:
                root = element
                if root.getroottree().docinfo.doctype:
                    raise hostile("has a document type")
            # One by one, because a list's elements take far more memory than its certificates.
            elif event == "end" and element.getparent() is root and _name(root) == "ssl-certificates":
                certificates.append(_fields(element))
                root.remove(element)
    except etree.XMLSyntaxError as error:
        if b"<!DOCTYPE" in content or error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise hostile("has a document type, or is nested too deeply") from None
        raise unparsable("XML") from None
    match None if root is None else _name(root):
        case "ssl-certificates":
            return {"ssl-certificates": certificates}
        case "ssl-certificate" | "response" if root is not None:
            return _fields(root)
        case _:
            raise unparsable("XML of this provider")


def _fields(element: etree._Element) -> dict[str, Any]:
    """The fields of an element as JSON has them."""
    fields: dict[str, Any] = {}
    for child in element:
        match _name(child):
            case "dns-names":
                names = [_text(name) for name in child] or [_text(child)]
                fields.setdefault("dns-names", []).extend(names)
            case "related-domains":
                fields.setdefault("related-domains", []).extend(_fields(domain) for domain in child)
            case name:
                fields[name] = _text(child)
    return fields


def _text(element: etree._Element) -> Any:
    """The text of an element; of one that holds elements, which is not documented, its fields."""
    return _fields(element) if len(element) else element.text


def _name(element: etree._Element) -> str:
    # Not by QName, which refuses names that the parser lets through.
    return str(element.tag).rpartition("}")[2]


CLIENT = CDNetworksClient
STREAMS = (CDNetworksCertificates, SSLCertificate)
