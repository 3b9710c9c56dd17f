"""XML that CDNetworks never sends, but something that wants to do harm may."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from socketserver import BaseRequestHandler, TCPServer
from typing import TYPE_CHECKING

import pytest
from answers import CONFIG, client
from cases import only
from hypothesis import example, given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from watched import Watch, WatchedRun, run

from fuzz.answers import read_all
from sandbox import Fault
from tap_cdn_certs.api.answer import Answer
from tap_cdn_certs.errors import APIError
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from pathlib import Path

MAX_MEMORY = 300  # MiB
LIST = "QueryCertificateList"
DETAIL = "QueryCertificate"


def assert_refused(
    result: WatchedRun, stream: str, key: str, words: str, code: str = "HostileAnswer"
) -> None:
    """The row says what was wrong; the rest arrived, in bounded memory."""
    row = result.errors[stream, key]
    assert row["code"] == code
    assert words in row["message"]
    assert result.peak_memory < MAX_MEMORY


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lolololololololol">%s]>
<ssl-certificates><ssl-certificate><certificate-id>&j;</certificate-id></ssl-certificate></ssl-certificates>
""" % b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 20) for n in range(9))


def documents(url: str, file: Path) -> dict[str, tuple[bytes, str]]:
    """Documents in XML that should not be parsed, and what is said of them."""
    item = b"<ssl-certificate><certificate-id>&x;</certificate-id></ssl-certificate>"
    inner = b"<ssl-certificates>" + item + b"</ssl-certificates>"
    entity = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "%s">]>' + inner
    parameter = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY %% x SYSTEM "%s"> %%x;]>' + inner
    attribute = b'<!DOCTYPE r [<!ENTITY a "%s">]><ssl-certificates x="%s"/>' % (b"a" * 1000, b"&a;" * 900)
    namespace = b'xmlns:xi="http://www.w3.org/2001/XInclude"'
    includes = b'<ssl-certificates %s><xi:include href="%s"/></ssl-certificates>'
    doctype = "has a document type"
    http, local = url.encode(), file.as_uri().encode()
    return {
        "bomb": (BOMB, doctype),
        "bomb in UTF-16": (
            BOMB.decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16"),
            doctype,
        ),
        "quadratic": (BOMB.replace(b"lolololololololol", b"a" * 100_000), doctype),
        "attribute": (attribute, doctype),
        "entity over HTTP": (entity % http, doctype),
        "entity of a file": (entity % local, doctype),
        "parameter entity over HTTP": (parameter % http, doctype),
        "parameter entity of a file": (parameter % local, doctype),
        "external DTD": (b'<!DOCTYPE r SYSTEM "%s"><ssl-certificates/>' % http, doctype),
        "external DTD of a file": (b'<!DOCTYPE r SYSTEM "%s"><ssl-certificates/>' % local, doctype),
        "harmless DTD": (b"<!DOCTYPE ssl-certificates><ssl-certificates/>", doctype),
        "deep": (b"<ssl-certificates>" + b"<a>" * 100_000, "nested too deeply"),
        "deep and whole": (
            b"<ssl-certificates>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</ssl-certificates>",
            "nested too deeply",
        ),
        "many": (b"<ssl-certificates>" + b"<a/>" * 2_000_000 + b"</ssl-certificates>", "values"),
        "many attributes": (
            b"<ssl-certificates " + b" ".join(b'a%d=""' % n for n in range(1_100_000)) + b"/>",
            "values",
        ),
        "JSON, deep": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        "JSON, deep objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        "JSON, many": (b'{"a":[' + b"[]," * 2_000_000 + b"[]]}", "values"),
        "JSON, 5,000 digits": (b'{"a":' + b"9" * 5000 + b"}", "5,000 digits"),
        "XInclude": (includes % (namespace, http), ""),
    }


def test_no_document_does_harm(tmp_path: Path) -> None:
    """Each is refused at once or read as nothing: no file, no network, little memory, a row that says why."""
    visits: list[object] = []

    class Visit(BaseRequestHandler):
        def handle(self) -> None:
            visits.append(self.client_address)

    # A reader of this would wait for ever.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with TCPServer(("127.0.0.1", 0), Visit) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        bodies = documents(f"http://127.0.0.1:{server.server_address[1]}/evil.dtd", pipe)
        harmless = bodies.pop("XInclude")[0]
        with Watch(cdnetworks={"size": len(bodies) * 3}) as sandbox:
            certificates = sandbox["cdnetworks"].inventory.keys()
            # Between each and the next two that are right: many in a row would be a failure of the stream.
            for key, (body, _) in zip(certificates[::3], bodies.values(), strict=True):
                sandbox.faults.add(Fault("body", DETAIL, key, body=body))
            result = run(sandbox, tmp_path, config=sandbox.config())
            assert result.returncode == 0
            assert len(result.errors) == len(bodies)
            # A detail may hold less than a list.
            for key, (_, words) in zip(certificates[::3], bodies.values(), strict=True):
                message = result.errors["ssl_certificate", key]["message"]
                assert result.errors["ssl_certificate", key]["code"] == "HostileAnswer"
                assert words in message or "2 MiB" in message or "values" in message
                assert sandbox.count(DETAIL, key) == 1
            for name, (body, words) in {**bodies, "XInclude": (harmless, "")}.items():
                sandbox.faults.clear()
                sandbox.faults.add(Fault("body", LIST, body=body))
                error = None
                try:
                    client("cdnetworks").parse(Answer(200, CaseInsensitiveDict(), body))
                except APIError as raised:
                    error = raised
                assert (error.code if error else "") == ("HostileAnswer" if words else ""), name
                assert words in (error.message if error else "")
        server.shutdown()
    assert not visits


@pytest.mark.parametrize("name", ["bomb", "many", "many attributes"])
def test_a_list_in_xml_that_does_harm_is_refused_in_little_memory(tmp_path: Path, name: str) -> None:
    """Both streams of the account are refused."""
    body, words = documents("http://127.0.0.1:1/", tmp_path)[name]
    with only("cdnetworks", 6) as sandbox:
        sandbox.faults.add(Fault("body", LIST, body=body))
        result = run(sandbox, tmp_path)
    assert result.returncode == 1
    assert_refused(result, "cdnetworks_certificates", "*", words)
    assert_refused(result, "ssl_certificate", "*", words)


TAP = TapCDNCerts(config=CONFIG)
XML = st.recursive(
    st.text().map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))
    | st.sampled_from(["&x;", "&#0;", "<![CDATA[<]]>", "<!-- -->", "<?p i?>"]),
    lambda inner: st.builds(
        "<{0}{1}>{2}</{0}>".format,
        st.sampled_from(
            [
                "ssl-certificates",
                "ssl-certificate",
                "domain-list",
                "domain-summary",
                "certificate-id",
                "dns-names",
                "related-domains",
                "domain-id",
                "x:name",
                "name",
                "code",
            ]
        ),
        st.sampled_from(["", ' a="b"', ' xmlns="http://example.com/"', ' xmlns:x="urn:x"']),
        st.lists(inner, max_size=3).map("".join),
    ),
    max_leaves=12,
)


@given(
    st.binary()
    | XML.map(str.encode)
    | st.tuples(st.sampled_from(["UTF-8", "UTF-16", "GBK", "UTF-7", "x"]), XML).map(
        lambda pair: f'<?xml version="1.0" encoding="{pair[0]}"?>{pair[1]}'.encode(
            "utf-16" if pair[0] == "UTF-16" else "utf-8"
        )
    )
)
@example(b'<ssl-certificates xmlns="urn:x"><ssl-certificate/></ssl-certificates>')
@example(b"<response><code>&#xD800;</code></response>")
@example(b"<ssl-certificate><a::b>1</a::b></ssl-certificate>")
def test_whatever_bytes_arrive_xml_is_an_object_or_an_error(content: bytes) -> None:
    """Anything else than the provider's documents is an APIError; what they hold is records or errors."""
    with suppress(APIError):
        value = client("cdnetworks").parse(Answer(200, CaseInsensitiveDict(), content))
        client("cdnetworks").refusal(value)
        read_all(TAP.streams, value)
