"""Servers whose answers a test writes, however odd; they check no signature."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Item = dict[str, Any]
    # Status, headers and body.
    Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def listening(
    answer: Callable[[BaseHTTPRequestHandler], Answer], protocol: str = "HTTP/1.0"
) -> Iterator[str]:
    """A server that answers each request as it is told: its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = protocol

        def do_GET(self) -> None:
            status, headers, content = answer(self)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - as the library calls it

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def answering(
    certificates: dict[str, Item], domains: list[Item] | None = None, https: list[Item] | None = None
) -> Iterator[Item]:
    """Serve the items of the three operations, and give the settings of the account."""
    listed = domains if domains is not None else [{"DomainName": name} for name in certificates]

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        parameters = parse_qs(urlsplit(request.path).query)
        page = int(parameters.get("PageNumber", ["1"])[0])
        match request.headers["x-acs-action"]:
            case "DescribeUserDomains":
                body = {"Domains": {"PageData": listed if page == 1 else []}, "TotalCount": len(listed)}
            case "DescribeCdnHttpsDomainList":
                rows = https or []
                body = {"CertInfos": {"CertInfo": rows if page == 1 else []}, "TotalCount": len(rows)}
            case _:
                body = {"CertInfos": {"CertInfo": [certificates[parameters["DomainName"][0]]]}}
        return 200, {}, json.dumps(body).encode()

    with listening(answer, "HTTP/1.1") as url:
        yield {
            "access_key_id": "LTAI5tExample",
            "access_key_secret": "s3cr3t-of-nobody-at-all",
            "api_url": url,
            "rate_limit_requests": 1000,
        }


@contextmanager
def serving(
    status: int, content: bytes = b"", headers: dict[str, str] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything alike: its address, and what was asked of it."""
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        asked.append(request.path)
        return status, headers or {}, content

    with listening(answer) as url:
        yield url, asked
