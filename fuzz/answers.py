"""What must hold of whatever is read from an answer, and answers as the providers give them."""

from __future__ import annotations

import json
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from sandbox import Sandbox
from sandbox.alicloud.api import certificate_info, https_domain, page_data
from sandbox.cdnetworks.api import detail, element, row
from tap_cdn_certs.errors import APIError
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def take(read: Callable[[], Any]) -> None:
    """Read something: it is what any warehouse can take, or an error in words.

    Raises:
        AssertionError: It is neither.
    """
    try:
        result = read()
    except APIError as error:
        if not (error.code and error.message):
            raise AssertionError("an error without words") from error
        return
    # Half a surrogate pair cannot be encoded, and no other reader knows NaN.
    json.dumps(result, ensure_ascii=False, allow_nan=False).encode()
    for text in texts(result):
        # No database takes a NUL, and nobody should have a private key.
        if "\0" in text or "PRIVATE KEY-----" in text:
            raise AssertionError(text)


def texts(value: Any) -> Iterator[str]:
    """The texts in a tree of objects and lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for branch in value.values() if isinstance(value, dict) else value:
            yield from texts(branch)


def read_all(streams: Mapping[str, Any], answer: Any) -> None:
    """Give an answer to each stream, as if it were the stream's own."""
    future: Future[Any] = Future()
    future.set_result(answer)
    take(lambda: streams["certificate_info"].record("www.example.com", future))
    detail = streams["ssl_certificate"].detail
    take(lambda: streams["ssl_certificate"].fields("1", detail(answer)))
    for stream in streams.values():
        if isinstance(stream, ListStream):
            try:
                found = stream.listing.page(answer, {}, None).items
            except APIError:
                continue
            for item in found:
                take(partial(stream.record, item))


def seeds() -> Iterator[bytes]:
    """Answers as the providers give them, and parts of them, each after a letter that says what it is."""
    sandbox = Sandbox(alicloud={"size": 20}, cdnetworks={"size": 12})
    for domain in sandbox["alicloud"].inventory:
        yield b"a" + json.dumps({"Domains": {"PageData": [page_data(domain)]}, "TotalCount": 1}).encode()
        if domain.certificate:
            for make in (certificate_info, https_domain):
                item = make(domain.domain_name, domain.certificate)
                yield b"a" + json.dumps({"CertInfos": {"CertInfo": [item]}}).encode()
            yield b"x" + domain.certificate.server_certificate.encode()
    for certificate in sandbox["cdnetworks"].inventory:
        for pairs in (detail(certificate), row(certificate)):
            fields = list(pairs)
            yield b"a" + json.dumps(dict(fields)).encode()
            xml = ET.tostring(element("ssl-certificate", fields))
            yield b"a" + xml
            yield b"a<ssl-certificates>" + xml + b"</ssl-certificates>"
    yield b'a{"Code": "Throttling.User", "Message": "m", "RequestId": "r"}'
    yield b"a<response><code>NoSuchSsl</code><message>m</message></response>"
    yield b"t2018-08-01 24:00:00"
    yield b"t2018-08-01T11:00Z"
