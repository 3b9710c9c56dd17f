"""An address of a provider: the way to it, and what was found out about it."""

from __future__ import annotations

import os
import re
import ssl
import time
from http import HTTPStatus
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests.exceptions
import requests.utils
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.exceptions import (
    ConnectTimeout,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    ProxyError,
    RequestException,
)
from urllib3.exceptions import HTTPError, LocationValueError, NewConnectionError, ProxySchemeUnsupported

from tap_cdn_certs.api.answer import Answer, read_content
from tap_cdn_certs.api.proxy import proxy_error, proxy_variable
from tap_cdn_certs.errors import APIError, Reach, UnreachableError, WrongAddressError

if TYPE_CHECKING:
    from requests import PreparedRequest

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0

# The rest of a redirect's address may hold a token.
_TARGET = re.compile(r"[a-z0-9_.:-]{1,253}")

# What no other attempt mends: addresses that no connection can be made to, and what a proxy forbids.
_UNUSABLE = (InvalidSchema, InvalidURL, MissingSchema, LocationValueError, ProxySchemeUnsupported)
_FORBIDDEN = re.compile("Tunnel connection failed: 40[37]|SOCKS5 authentication|not allowed by ruleset")

# By what an error's text holds, which no name of a host does; the text itself holds addresses.
REASONS = {
    "Failed to resolve": "the name cannot be resolved",
    "Connection refused": "connections are refused",
    "timed out": "nothing answers in time",
    "No route to host": "there is no route to it",
    "unreachable": "its network is unreachable",
    "Tunnel connection failed": "the proxy does not reach it",
}


class Host:
    """An address that requests are sent to, by several threads.

    Args:
        setting: The setting that names the address, for messages.
        connections: The most requests under way at once.
    """

    def __init__(self, provider: str, setting: str, url: str, connections: int) -> None:
        self.provider = provider
        self.setting = setting
        self.url = url
        # Whoever has one of them sends at once.
        self.connections = BoundedSemaphore(connections)
        # Whether the provider itself has ever answered: the address is right.
        self.answered = False
        self.heard = 0.0  # when anything last answered, of `time.monotonic`
        # The adapter alone: no cookies, no redirects, no look-up of proxies and of the CA bundle per request.
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, pool_block=True)
        self._proxies = requests.utils.get_environ_proxies(url)
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        # Once it is, nothing more is asked here.
        self.refused = proxy_error(self._adapter, url, self._proxies)
        if isinstance(self._verify, str) and url.startswith("https:"):
            self.refused = self.refused or _bundle_error(self._verify)

    def send(
        self, prepared: PreparedRequest, patience: float | None, max_bytes: int, max_tokens: int
    ) -> Answer:
        """Sends a request, and waits for the answer for some seconds, or as long as it takes.

        Raises:
            APIError: There is no answer.
        """
        seconds = patience or READ_TIMEOUT
        try:
            with self._adapter.send(
                prepared,
                stream=True,
                # A host may have several addresses: each has the time to connect.
                timeout=(min(CONNECT_TIMEOUT, seconds / 3), min(READ_TIMEOUT, seconds)),
                verify=self._verify,
                proxies=self._proxies,
            ) as response:
                content = read_content(response.raw, max_bytes)
                self.heard = time.monotonic()
                return Answer(response.status_code, response.headers, content, max_tokens)
        except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
            raise APIError(
                "TLSError",
                f"{urlsplit(self.url).netloc} does not show a certificate that this machine trusts, or its "
                "TLS was broken off. Behind an inspecting proxy, set REQUESTS_CA_BUNDLE to its CA "
                "certificate.",
                Reach.HOST if "CERTIFICATE_VERIFY_FAILED" in str(error) else Reach.ATTEMPT,
            ) from None
        except (requests.exceptions.ReadTimeout, urllib3.exceptions.TimeoutError):
            raise APIError("Timeout", f"{address(self.url)} did not answer in time.", Reach.ATTEMPT) from None
        except UnicodeError:
            raise APIError(
                "InvalidHeader",
                f"A setting of {self.provider} holds characters that no header has: was it copied whole?",
                Reach.PROVIDER,
            ) from None
        except (*_UNUSABLE, RequestException, HTTPError, OSError) as error:
            raise self._connection_error(error) from None

    def http_error(self, answer: Answer, wait: float | None) -> APIError:
        """The error of an answer that has no error code of the provider: something in between failed.

        Args:
            wait: Seconds that it asks to wait for, or None.
        """
        code, redirect = f"HTTP {answer.status}", answer.status < HTTPStatus.BAD_REQUEST
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            refusal = f"{self.provider} refuses so many requests."
            return APIError(code, refusal, Reach.THROTTLED, wait=wait)
        what = "a redirect, which is not followed" if redirect else "no error code"
        if self.answered or not (redirect or answer.status == HTTPStatus.NOT_FOUND):
            message = f"{self.provider} answered {code} with {what}."
            return APIError(code, message, Reach.ATTEMPT, wait=wait)
        to = f" It leads to {host}." if (host := _redirect_host(answer.headers.get("Location", ""))) else ""
        message = (
            f"{address(self.url)} answered {code} with {what}: this is not the API of {self.provider}.{to}"
        )
        return WrongAddressError(code, message)

    def advice(self) -> str:
        """What to look at where the provider is not at its address."""
        proxy = proxy_variable(self.url, self._proxies)
        named = f"{proxy}, NO_PROXY and " if proxy else ""
        return f"Check {named}the setting {self.setting}."

    def _connection_error(self, error: Exception) -> APIError:
        """What a failed connection means, without the error's text: it holds addresses and whole requests."""
        reason = getattr(error.args[0], "reason", error) if error.args else error
        kind, text = type(reason).__name__, str(error)
        proxy = proxy_variable(self.url, self._proxies)
        through = f", through the proxy that {proxy} names," if proxy else ""
        failed = f"The connection to {address(self.url)}{through} failed"
        if proxy and _FORBIDDEN.search(text):
            refusal = "it asks for another user name and password, or forbids this"
            return APIError(kind, f"{failed}. The proxy refuses: {refusal}.", Reach.HOST)
        if isinstance(error, _UNUSABLE):
            remedy = f"There is no such address: set {proxy or self.setting} right."
            return APIError(kind, f"{failed}. {remedy}", Reach.HOST)
        message = f"{failed}: {next((words for part, words in REASONS.items() if part in text), kind)}."
        if isinstance(error, ConnectTimeout):
            return UnreachableError("Timeout", message)
        if isinstance(error, ProxyError) or isinstance(reason, NewConnectionError):
            return UnreachableError(kind, message)
        return APIError(kind, message, Reach.ATTEMPT)


def address(url: str) -> str:
    """The host and the port of an address."""
    parsed = urlsplit(url)
    port = parsed.port or {"http": 80}.get(parsed.scheme, 443)
    return parsed.netloc if parsed.port else f"{parsed.netloc}:{port}"


def _bundle_error(path: str) -> APIError | None:
    """What is wrong with a bundle of CA certificates: each attempt would fail with it."""
    try:
        if not Path(path).is_dir():
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError:
        return APIError(
            "TLSError",
            f"REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE, names {path}: there are no CA certificates in PEM.",
            Reach.HOST,
        )
    return None


def _redirect_host(location: str) -> str | None:
    """The host that a redirect leads to, if it says so."""
    try:
        host = urlsplit(location).hostname or ""
    except ValueError:
        return None
    return host if _TARGET.fullmatch(host) else None
