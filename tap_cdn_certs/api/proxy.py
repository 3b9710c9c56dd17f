"""The proxy that the environment names for an address: one that can never work is named at once."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
import requests.utils
import urllib3
from requests.exceptions import InvalidProxyURL, InvalidSchema

from tap_cdn_certs.errors import APIError, Reach

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

_SCHEMES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})
_HOST = re.compile(r"\w[\w.-]*|\[[^\]]+\]", re.ASCII)


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
        Reach.HOST,
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
