"""What goes wrong in the sandbox when it is told to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests
from callers import INFO, LIST, XML, acs3, basic, code, send
from lxml import etree

from sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox without rate limits."""
    with Sandbox(alicloud={"size": 60, "limit": None}, cdnetworks={"limit": None}) as sandbox:
        yield sandbox


def test_a_refusal_is_as_told() -> None:
    """A fault says how a call beyond the limit is refused, and leaves the others alone."""
    with Sandbox(alicloud={"size": 30, "limit": (1, 60)}, cdnetworks={"limit": (1, 60)}) as sandbox:
        sandbox.faults.add(
            Fault("refusal", INFO, code="Throttling.Api", status=503, hint="Retry-After", wait=7)
        )
        sandbox.faults.add(Fault("refusal", "QueryCertificateList", status=429))
        assert send(acs3(sandbox)).status_code == 200
        response = send(acs3(sandbox))
        assert (response.status_code, code(response), response.headers["Retry-After"]) == (
            503,
            "Throttling.Api",
            "7",
        )
        assert [send(basic(sandbox)).status_code for _ in "12"] == [202, 429]


@pytest.mark.parametrize("kind", ["reset_before", "reset_within", "short"])
def test_a_broken_connection_is_an_error_of_the_client(
    sandbox: Sandbox,
    kind: str,
) -> None:
    """The connection ends before the answer does, once; the next request is answered."""
    sandbox.faults.add(Fault(kind, INFO, times=1))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        send(acs3(sandbox))
    assert sandbox.requests[-1].code == kind
    assert send(acs3(sandbox)).status_code == 200
    sandbox.faults.add(Fault(kind, "QueryCertificateList", times=1))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        send(basic(sandbox))
    assert send(basic(sandbox)).status_code == 202


def test_a_timeout_lasts_as_long_as_the_client_waits(sandbox: Sandbox) -> None:
    """No answer comes, and the sandbox ends nevertheless."""
    sandbox.faults.add(Fault("timeout"))
    with pytest.raises(requests.ReadTimeout):
        send(acs3(sandbox), timeout=0.2)
    assert (sandbox.requests[-1].status, sandbox.requests[-1].code) == (0, "timeout")


def test_a_slow_answer_drips_and_is_right(sandbox: Sandbox) -> None:
    """The body takes its time, and is whole in the end."""
    sandbox.faults.add(Fault("slow", seconds=0.3))
    begin = time.monotonic()
    assert send(acs3(sandbox)).json()["CertInfos"]
    assert 0.25 < time.monotonic() - begin < 20


@pytest.mark.parametrize(("kind", "status"), [("html_502", 502), ("html_503", 503)])
def test_a_gateway_answers_with_a_page(
    sandbox: Sandbox,
    kind: str,
    status: int,
) -> None:
    """The page is HTML, whatever was asked for."""
    sandbox.faults.add(Fault(kind))
    for request in (acs3(sandbox), basic(sandbox, **XML)):
        response = send(request)
        assert (response.status_code, response.headers["Content-Type"]) == (status, "text/html")
        assert response.text.startswith("<html>")


@pytest.mark.parametrize("kind", ["truncated", "garbage"])
def test_a_body_that_cannot_be_parsed_has_the_right_length(
    sandbox: Sandbox,
    kind: str,
) -> None:
    """Nothing but the syntax tells that the body is broken."""
    sandbox.faults.add(Fault(kind))
    response = send(acs3(sandbox))
    assert response.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        response.json()
    response = send(basic(sandbox, **XML))
    assert response.status_code == 202
    assert int(response.headers["Content-Length"]) == len(response.content)
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(response.content)


def test_an_error_is_the_one_told(sandbox: Sandbox) -> None:
    """Errors have the format of their provider."""
    sandbox.faults.add(
        Fault("error", INFO, code="Forbidden.RAM", status=403, message="No permission."),
        Fault("error", "DescribeCdnHttpsDomainList", code="CdnServiceNotFound", status=403),
        Fault("error", "QueryCertificate", code="DecryptFailError", status=400, message="a < b"),
        Fault("error", "DescribeUserDomains", **sandbox["alicloud"].refusals["repeated"]),
    )
    denied = send(acs3(sandbox))
    assert denied.status_code == 403
    content = denied.json()
    assert content.keys() == {"Code", "Message", "RequestId", "HostId", "Recommend", "AccessDeniedDetail"}
    assert code(send(acs3(sandbox, "DescribeCdnHttpsDomainList", {}))) == "CdnServiceNotFound"
    assert code(send(acs3(sandbox, "DescribeUserDomains", {}))) == "SignatureNonceUsed"
    root = etree.fromstring(send(basic(sandbox, f"{LIST}/100166", **XML)).content)
    assert (root.tag, root.findtext("code"), root.findtext("message")) == (
        "response",
        "DecryptFailError",
        "a < b",
    )


def test_a_right_answer_may_have_the_wrong_type(sandbox: Sandbox) -> None:
    """The body is right, and its type is not."""
    sandbox.faults.add(Fault("content_type"))
    response = send(acs3(sandbox))
    assert response.headers["Content-Type"] == "text/html"
    assert response.json()["CertInfos"]


def test_a_redirection_leads_to_another_host(sandbox: Sandbox) -> None:
    """The location is another loopback address by default."""
    sandbox.faults.add(
        Fault("redirect", INFO), Fault("redirect", "QueryCertificateList", location="http://x/")
    )
    response = send(acs3(sandbox))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("http://127.0.0.2:")
    assert send(basic(sandbox)).headers["Location"] == "http://x/"


def test_an_oversized_answer_is_streamed(sandbox: Sandbox) -> None:
    """The right body has as many blanks behind it as told, and no length in front; a client may leave."""
    sandbox.faults.add(Fault("oversized", times=1, bytes=5 * 2**20))
    response = send(acs3(sandbox))
    assert "Content-Length" not in response.headers
    assert len(response.content) > 5 * 2**20
    assert response.json()["CertInfos"]
    sandbox.faults.add(Fault("oversized"))
    with requests.Session() as session, session.send(acs3(sandbox), stream=True, timeout=10) as response:
        assert len(response.raw.read(10_000)) == 10_000


def test_a_body_is_the_one_told(sandbox: Sandbox) -> None:
    """Any hostile answer can be served."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ssl-certificates>&a;</ssl-certificates>'
    sandbox.faults.add(Fault("body", body=bomb, content_type="application/xml", status=200))
    response = send(basic(sandbox))
    assert (response.status_code, response.content) == (200, bomb)


@pytest.mark.parametrize("value", [None, 17, ["x"], {"a": "b"}])
def test_a_field_may_have_the_wrong_type(sandbox: Sandbox, value: object) -> None:
    """One field of the items told has another value, and the rest is right."""
    sandbox.faults.add(
        Fault("field", INFO, field="CertExpireTime", value=value),
        Fault("field", "QueryCertificateList", field="name", value=value, item="100166"),
    )
    item = send(acs3(sandbox)).json()["CertInfos"]["CertInfo"][0]
    assert item["CertExpireTime"] == value
    assert len(item) == 15
    items = send(basic(sandbox)).json()["ssl-certificate"]
    assert items[0]["name"] == value
    assert items[1]["name"] == sandbox["cdnetworks"].inventory["100173"].name
    name = etree.fromstring(send(basic(sandbox, **XML)).content).find("ssl-certificate/name")
    assert name is not None
    assert (name.text, len(name)) == (
        None if value != 17 else "17",
        len(value) if hasattr(value, "__len__") else 0,
    )


def test_an_echo_holds_what_no_log_should(sandbox: Sandbox) -> None:
    """The error's message has the Authorization header and the account's secrets."""
    sandbox.faults.add(Fault("echo"))
    for request in (acs3(sandbox), basic(sandbox)):
        text = send(request).text
        assert request.headers["Authorization"] in text
        assert "s3cr3t-" in text


def test_a_fault_strikes_as_told(sandbox: Sandbox) -> None:
    """A fault strikes its operation and key, so many times, or as likely as told; together with others."""
    sandbox.faults.add(Fault("html_502", INFO, "www.example.com", times=2), Fault("content_type", INFO))
    other = {"DomainName": "many.example.net"}
    assert send(acs3(sandbox, query=other)).status_code == 200
    assert [send(acs3(sandbox)).status_code for _ in "123"] == [502, 502, 200]
    assert send(acs3(sandbox)).headers["Content-Type"] == "text/html"
    sandbox.faults.clear()
    assert send(acs3(sandbox)).headers["Content-Type"].startswith("application/json")
    patterns = []
    for _ in "12":
        sandbox.faults.add(Fault("html_503", probability=0.5))
        patterns.append([send(acs3(sandbox)).status_code for _ in range(30)])
        sandbox.faults.clear()
    assert patterns[0] == patterns[1]
    assert set(patterns[0]) == {200, 503}
    with pytest.raises(ValueError, match="There is no fault"):
        Fault("typo")
