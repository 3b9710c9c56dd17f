"""Servers whose answers a test writes, however odd; they check no signature."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    Item = dict[str, Any]


@contextmanager
def answering(
    certificates: dict[str, Item], domains: list[Item] | None = None, https: list[Item] | None = None
) -> Iterator[Item]:
    """Serve the items of the three operations, and give the settings of the account."""
    listed = domains if domains is not None else [{"DomainName": name} for name in certificates]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            parameters = parse_qs(urlsplit(self.path).query)
            page = int(parameters.get("PageNumber", ["1"])[0])
            match self.headers["x-acs-action"]:
                case "DescribeUserDomains":
                    body = {"Domains": {"PageData": listed if page == 1 else []}, "TotalCount": len(listed)}
                case "DescribeCdnHttpsDomainList":
                    rows = https or []
                    body = {"CertInfos": {"CertInfo": rows if page == 1 else []}, "TotalCount": len(rows)}
                case _:
                    body = {"CertInfos": {"CertInfo": [certificates[parameters["DomainName"][0]]]}}
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "access_key_id": "LTAI5tExample",
            "access_key_secret": "s3cr3t-of-nobody-at-all",
            "api_url": f"http://127.0.0.1:{server.server_port}",
            "rate_limit_requests": 1000,
        }
        server.shutdown()


@contextmanager
def serving(
    status: int, content: bytes = b"", headers: dict[str, str] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything alike: its address, and what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - as the library calls it

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
