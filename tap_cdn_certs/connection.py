"""The way to a provider: its address, and the proxy that the environment names. Some can never work."""

from __future__ import annotations

import os
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
import requests.utils
import urllib3
from requests.exceptions import (
    ConnectTimeout,
    InvalidProxyURL,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    ProxyError,
)
from urllib3.exceptions import LocationValueError, NewConnectionError, ProxySchemeUnsupported

from tap_cdn_certs.errors import APIError, Reach, UnreachableError

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

_SCHEMES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})
_HOST = re.compile(r"\w[\w.-]*|\[[^\]]+\]", re.ASCII)
# The rest of a redirect's address may hold a token.
_TARGET = re.compile(r"[a-z0-9_.:-]{1,253}")

# What no other attempt mends: addresses that no connection can be made to, and what a proxy forbids.
UNUSABLE = (InvalidSchema, InvalidURL, MissingSchema, LocationValueError, ProxySchemeUnsupported)
_FORBIDDEN = re.compile("Tunnel connection failed: 40[37]|SOCKS5 authentication|not allowed by ruleset")

# By what an error's text holds, which no name of a host does; the text itself holds addresses.
_REASONS = {
    "Failed to resolve": "the name cannot be resolved",
    "Connection refused": "connections are refused",
    "timed out": "nothing answers in time",
    "No route to host": "there is no route to it",
    "unreachable": "its network is unreachable",
    "Tunnel connection failed": "the proxy does not reach it",
}


def proxy_error(adapter: HTTPAdapter, url: str, proxies: dict[str, str]) -> APIError | None:
    """What is wrong with the proxy of an address, if it has one: each attempt would fail with it."""
    variable, host = proxy_variable(url, proxies), urlsplit(url).hostname
    if not variable:
        return None
    try:
        _check_proxy(requests.utils.select_proxy(url, proxies) or "")
        # Makes what a request goes through, and opens no connection.
        adapter.get_connection_with_tls_context(
            requests.Request("GET", url).prepare(), verify=True, proxies=proxies
        )
    except InvalidSchema:
        wrong = "names a SOCKS proxy, which needs the package PySocks. Install tap-cdn-certs[socks]"
    # A TypeError is what the libraries make of a user name without a host.
    except (ValueError, TypeError):
        wrong = (
            "does not hold the address of a proxy, such as http://proxy.example.com:3128 or "
            "socks5h://proxy.example.com:1080. Set it right (in a password, @ : / # are %40 %3A %2F %23)"
        )
    else:
        return None
    return APIError(
        "InvalidProxy",
        f"Nothing can be asked of {host}: {variable} {wrong}, unset {variable}, or name {host} in NO_PROXY.",
        Reach.PROVIDER,
    )


def _check_proxy(proxy: str) -> None:
    """Finds what the libraries would find out only from the network.

    Raises:
        ValueError: It has no scheme of a proxy, no name that a host can have, or a port that none has.
    """
    url = requests.utils.prepend_scheme_if_needed(proxy, "http")  # type: ignore[no-untyped-call]
    parsed = urllib3.util.parse_url(url)
    host = parsed.host or ""
    host.encode("idna")
    if parsed.scheme not in _SCHEMES or not _HOST.fullmatch(host) or parsed.port == 0:
        raise InvalidProxyURL


def proxy_variable(url: str, proxies: dict[str, str]) -> str | None:
    """Where the proxy of an address comes from, which may hold a password and is not shown itself."""
    proxy, scheme = requests.utils.select_proxy(url, proxies), urlsplit(url).scheme
    if not proxy:
        return None
    wanted = f"{scheme if scheme in proxies else 'all'}_proxy"
    names = [name for name, value in os.environ.items() if name.lower() == wanted and value == proxy]
    # As urllib has it: lower case comes first.
    return max(names, key=lambda name: name.endswith("_proxy"), default="the system's setting of a proxy")


def address(url: str) -> str:
    """The host and the port of an address."""
    parsed = urlsplit(url)
    port = parsed.port or {"http": 80}.get(parsed.scheme, 443)
    return parsed.netloc if parsed.port else f"{parsed.netloc}:{port}"


def connection_error(error: Exception, provider: str, url: str, proxies: dict[str, str]) -> APIError:
    """What a failed connection means, without the error's text: it holds addresses and whole requests."""
    reason = getattr(error.args[0], "reason", error) if error.args else error
    kind, text = type(reason).__name__, str(error)
    proxy = proxy_variable(url, proxies)
    through = f", through the proxy that {proxy} names," if proxy else ""
    failed = f"The connection to {address(url)}{through} failed"
    if proxy and _FORBIDDEN.search(text):
        refusal = "it asks for another user name and password, or forbids this"
        return APIError(kind, f"{failed}. The proxy refuses: {refusal}.", Reach.PROVIDER)
    if isinstance(error, UNUSABLE):
        remedy = f"There is no such address: set {proxy or f'{provider}.api_url'} right."
        return APIError(kind, f"{failed}. {remedy}", Reach.PROVIDER)
    message = f"{failed}: {next((words for part, words in _REASONS.items() if part in text), kind)}."
    if isinstance(error, ConnectTimeout):
        return UnreachableError("Timeout", message)
    if isinstance(error, ProxyError) or isinstance(reason, NewConnectionError):
        return UnreachableError(kind, message)
    return APIError(kind, message, Reach.ATTEMPT)


def bundle_error(path: str) -> APIError | None:
    """What is wrong with a bundle of CA certificates: each attempt would fail with it."""
    try:
        if not Path(path).is_dir():
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:
        return APIError(
            "TLSError",
            f"REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE, names {path}: there are no CA certificates in PEM.",
            Reach.PROVIDER,
        )
    return None


def redirect_host(location: str) -> str | None:
    """The host that a redirect leads to, if it says so."""
    try:
        host = urlsplit(location).hostname or ""
    except ValueError:
        return None
    return host if _TARGET.fullmatch(host) else None
