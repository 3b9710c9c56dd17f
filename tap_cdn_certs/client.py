"""Requests to one account of a provider: signed, within its limits, retried."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from base64 import b64decode
from collections import defaultdict
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import requests
import requests.utils
import urllib3
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay, wait_exponential_jitter
from tenacity.nap import sleep_using_event
from urllib3.exceptions import HTTPError

from tap_cdn_certs.connection import (
    UNUSABLE,
    address,
    bundle_error,
    connection_error,
    proxy_error,
    proxy_variable,
    redirect_host,
)
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach, UnreachableError, WrongAddressError
from tap_cdn_certs.rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    from requests import PreparedRequest
    from requests.auth import AuthBase
    from requests.structures import CaseInsensitiveDict

    from tap_cdn_certs.values import Item

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0
ANSWER_TIMEOUT = 120.0  # from its first byte to its last
MAX_WAIT = 900.0  # that a provider may ask for where its limit was met
MAX_BACKOFF = 60.0
MAX_ATTEMPTS = 11  # with waits of 1, 2, 4 … 60 s between them: about 5 minutes
MAX_ATTEMPTS_ELSEWHERE = 2  # at an address that has not proved to be the provider's

# What a list of some 10,000 certificates needs. An answer within both takes less than 200 MB to parse.
MAX_BYTES = 32 * 2**20
MAX_TOKENS = 1_000_000
MAX_DIGITS = 100
MAX_WORDS = 500

# What separates words in headers: no such part of a signature or a token may be logged.
SEPARATORS = re.compile(r"[\s,;:]+|Signature=")
MIN_SECRET = 20
PRIVATE_KEY = re.compile(
    r"-----BEGIN[^-]*PRIVATE[^-]*KEY[^-]*-----.*?(-----END[^-]*KEY[^-]*-----|\Z)", re.DOTALL
)

AGAIN = frozenset({Reach.ATTEMPT, Reach.THROTTLED})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a provider, whatever its status."""

    status: int
    headers: CaseInsensitiveDict[str]
    content: bytes
    max_tokens: int = MAX_TOKENS

    @property
    def ok(self) -> bool:
        """Whether the status says that the request succeeded."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of HTTP statuses

    def skew(self) -> float:
        """Seconds that the provider's clock is ahead of this machine's, 0 if it does not say."""
        try:
            return parsedate_to_datetime(self.headers["Date"]).timestamp() - time.time()
        except (KeyError, ValueError, TypeError, OverflowError):
            return 0.0


class Client:
    """Requests to one account of a provider; may be used by several threads.

    A request that fails for the moment is made again for about 5 minutes, signed afresh each time.

    Args:
        settings: The provider's settings.
        stopped: Ends all waits when it is set.
    """

    provider: ClassVar[str]
    secret_settings: ClassVar[tuple[str, ...]]
    request_id_header: ClassVar[str]
    # The most bytes and values of one key's answer, by operation: many are held at once.
    sizes: ClassVar[Mapping[str, tuple[int, int]]] = {}

    # Seconds for all attempts of a request, where somebody waits for the outcome; None: as long as it takes.
    patience: float | None = None
    # Whether the provider itself has ever answered: its address is right.
    answered = False

    def __init__(self, settings: Mapping[str, Any], stopped: Event) -> None:
        self.url: str = settings["api_url"].rstrip("/")
        self.connections: int = settings.get("max_connections", 1)
        self.limits: defaultdict[str, RateLimit] = defaultdict(
            partial(RateLimit, settings["rate_limit_requests"], float(settings["rate_limit_period"]), stopped)
        )
        self._headers = {
            "User-Agent": f"tap-cdn-certs/{version('tap-cdn-certs')}",
            "Accept-Encoding": "gzip, deflate",
        }
        self._auth = self.auth(settings)
        self._secrets = [settings[name] for name in self.secret_settings if settings.get(name)]
        # The adapter alone: no cookies, no redirects, no look-up of proxies and of the CA bundle per request.
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=self.connections, pool_block=True)
        self._proxies = requests.utils.get_environ_proxies(self.url)
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        # Once the account is refused, nothing more is asked.
        self.refused = proxy_error(self._adapter, self.url, self._proxies)
        if isinstance(self._verify, str) and self.url.startswith("https:"):
            self.refused = self.refused or bundle_error(self._verify)
        self._heard = 0.0  # when anything last answered
        self._retry = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, APIError) and error.reach in AGAIN),
            wait=self._wait,
            sleep=sleep_using_event(stopped),
            stop=self._stop,
            before_sleep=self._announce,
            reraise=True,
        )

    def auth(self, settings: Mapping[str, Any]) -> AuthBase:
        """The signature that the settings ask for."""
        raise NotImplementedError

    def fail(self, operation: str, answer: Answer) -> APIError:
        """What an answer that is not a success means."""
        raise NotImplementedError

    def http_error(self, answer: Answer) -> APIError:
        """The error of an answer that has no error code of the provider: something in between failed."""
        code, redirect = f"HTTP {answer.status}", answer.status < HTTPStatus.BAD_REQUEST
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            refusal = f"{self.provider} refuses so many requests."
            return APIError(code, refusal, Reach.THROTTLED, wait=retry_after(answer))
        what = "a redirect, which is not followed" if redirect else "no error code"
        if self.answered or not (redirect or answer.status == HTTPStatus.NOT_FOUND):
            message = f"{self.provider} answered {code} with {what}."
            return APIError(code, message, Reach.ATTEMPT, wait=retry_after(answer))
        to = f" It leads to {host}." if (host := redirect_host(answer.headers.get("Location", ""))) else ""
        message = (
            f"{address(self.url)} answered {code} with {what}: this is not the API of {self.provider}.{to}"
        )
        return WrongAddressError(code, message)

    def request(
        self,
        operation: str,
        request: requests.Request,
        read: Callable[[Answer], Result],
    ) -> Result:
        """Makes a request, again where that may help, and reads its answer.

        Args:
            operation: The provider's name of what is asked for; the limit is counted by it.
            read: Reads an answer that succeeded. Called at each attempt.

        Raises:
            APIError: There was no answer, or the provider refused, or what it said cannot be read.
        """
        request.headers = {**self._headers, **request.headers}
        prepared = request.prepare()
        began = time.monotonic()
        try:
            result: Result = self._retry(self._attempt, operation, prepared, read)
        except APIError as error:
            error.operation = operation
            if error.reach in AGAIN:
                self._give_up(error, self._retry.statistics["attempt_number"], heard=self._heard > began)
            if error.reach is Reach.PROVIDER:
                # One error for all threads and streams, so that it is said once.
                self.refused = self.refused or error
                raise self.refused from None
            raise
        return result

    def bottleneck(self, operation: str) -> str | None:
        """What to change if the connections, and not the provider's limit, held an operation back."""
        limit = self.limits[operation]
        if limit.calls < 10 * self.connections or limit.delayed > limit.calls / 2:
            return None
        return (
            f"{self.provider}.max_connections ({self.connections}) held {operation} back, not the provider's "
            f"limit: at {limit.latency * 1000:.0f} ms an answer, "
            f"{limit.latency * limit.rate + 1:.0f} would reach it."
        )

    def _attempt(self, operation: str, prepared: PreparedRequest, read: Callable[[Answer], Result]) -> Result:
        if self.refused:
            raise self.refused
        limit = self.limits[operation]
        call = limit.acquire()
        answer = None
        try:
            answer = self._send(self._auth(prepared), *self.sizes.get(operation, (MAX_BYTES, MAX_TOKENS)))
            limit.answered(call)
            self._heard = time.monotonic()
            if not answer.ok:
                raise self.fail(operation, answer)
            result = read(answer)
            self.answered = True
            return result  # noqa: TRY300 - an answer that cannot be read is an error as well
        except APIError as error:
            if answer and not error.request_id:
                error.request_id = quoted(answer.headers.get(self.request_id_header, "")) or None
            error.change_texts(partial(self._without_secrets, prepared))
            raise

    def _send(self, prepared: PreparedRequest, max_bytes: int, max_tokens: int) -> Answer:
        host = urlsplit(self.url).netloc
        patience = self.patience or READ_TIMEOUT
        try:
            with self._adapter.send(
                prepared,
                stream=True,
                # A host may have several addresses: each has the time to connect.
                timeout=(min(CONNECT_TIMEOUT, patience / 3), min(READ_TIMEOUT, patience)),
                verify=self._verify,
                proxies=self._proxies,
            ) as response:
                content = _content(response.raw, max_bytes)
                return Answer(response.status_code, response.headers, content, max_tokens)
        except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
            raise APIError(
                "TLSError",
                f"{host} does not show a certificate that this machine trusts, or its TLS was broken off. "
                "Behind an inspecting proxy, set REQUESTS_CA_BUNDLE to its CA certificate.",
                Reach.PROVIDER if "CERTIFICATE_VERIFY_FAILED" in str(error) else Reach.ATTEMPT,
            ) from None
        except (requests.exceptions.ReadTimeout, urllib3.exceptions.TimeoutError):
            raise APIError("Timeout", f"{address(self.url)} did not answer in time.", Reach.ATTEMPT) from None
        except (*UNUSABLE, RequestException, HTTPError, OSError) as error:
            raise connection_error(error, self.provider, self.url, self._proxies) from None

    def _stop(self, retry: RetryCallState) -> bool:
        """Whether no other attempt is made."""
        assert retry.outcome  # noqa: S101 - there was an attempt
        elsewhere = isinstance(retry.outcome.exception(), WrongAddressError)
        return retry.attempt_number >= (MAX_ATTEMPTS_ELSEWHERE if elsewhere else MAX_ATTEMPTS) or (
            self.patience is not None and stop_before_delay(self.patience)(retry)
        )

    def _give_up(self, error: APIError, attempts: int, *, heard: bool) -> None:
        """Says how often a request was tried, and what to look at if all others would fail as well."""
        error.message += f" It was tried {attempts} times." if attempts > 1 else " It was tried once."
        # What is slow or broken off may be one request's alone; who is impatient does not find out.
        silent = isinstance(error, UnreachableError) or self.patience is not None
        if isinstance(error, WrongAddressError) or (silent and not heard):
            error.reach = Reach.PROVIDER
            proxy = proxy_variable(self.url, self._proxies)
            named = f"{proxy}, NO_PROXY and " if proxy else ""
            error.message += f" Check {named}the setting {self.provider}.api_url."

    def _wait(self, retry: RetryCallState) -> float:
        """Seconds to the next attempt; where the limit was met, the limiter makes everybody wait instead."""
        error = retry.outcome.exception() if retry.outcome else None
        assert isinstance(error, APIError)  # noqa: S101 - nothing else is retried
        operation, attempt = retry.args[0], retry.attempt_number
        limit = self.limits[operation]
        backoff = wait_exponential_jitter(initial=1, max=MAX_BACKOFF)(retry)
        if error.reach is Reach.ATTEMPT:
            return max(backoff, min(error.wait or 0.0, MAX_BACKOFF))
        wait = max(backoff, limit.period) if error.wait is None else error.wait
        if self.patience is not None:
            return max(backoff, wait)
        level = logging.INFO if attempt > 1 else logging.DEBUG
        logger.log(level, "%s: %s Everything waits for %.1f s.", operation, error, wait)
        limit.pause(wait)
        # A hint that did not help once is not all there is to wait for.
        return backoff if attempt > 1 and error.wait is not None else 0.0

    def _announce(self, retry: RetryCallState) -> None:
        error = retry.outcome.exception() if retry.outcome else None
        attempt, wait = retry.attempt_number, retry.upcoming_sleep
        # Of the others, `_wait` has said it.
        if isinstance(error, APIError) and error.reach is Reach.ATTEMPT:
            level = logging.INFO if attempt > 1 else logging.DEBUG
            logger.log(level, "%s: %s Attempt %d in %.1f s.", retry.args[0], error, attempt + 1, wait)

    def _without_secrets(self, prepared: PreparedRequest, text: str) -> str:
        scheme, *sent = SEPARATORS.split(prepared.headers.get("Authorization", ""))
        if scheme == "Basic":
            sent += b64decode(sent[0]).decode().split(":")
        for secret in (*self._secrets, *(part for part in sent if len(part) >= MIN_SECRET)):
            text = re.sub(_any_form(secret), "***", text, flags=re.IGNORECASE)
        return PRIVATE_KEY.sub("***", text)


def parse_json(content: bytes, max_tokens: int = MAX_TOKENS) -> Item:
    """The object of a JSON document.

    Raises:
        APIError: It is not JSON, which another attempt may mend, or is meant to exhaust the memory.
        InvalidValueError: It is not an object.
    """
    check_tokens(content, b"{[,", max_tokens)
    try:
        value = json.loads(content, parse_int=_integer)
    except RecursionError:
        raise hostile("is nested too deeply") from None
    except ValueError:
        raise unparsable("JSON") from None
    if not isinstance(value, dict):
        raise InvalidValueError("The answer is not an object.")
    return value


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise hostile(f"has a number of {len(digits):,} digits")
    return int(digits)


def check_tokens(content: bytes, tokens: bytes, most: int = MAX_TOKENS) -> None:
    """Refuses a document that would take too much memory.

    Raises:
        APIError: It has too many of the characters that begin a value.
    """
    if len(content) > most and sum(content.count(token) for token in tokens) > most:
        raise hostile(f"has more than {most:,} values")


def quoted(value: object) -> str:
    """A provider's own words, as they may stand in a message: one line, and not endless."""
    written = str(value) if isinstance(value, str | int) else "…"
    text = "".join(c if c.isprintable() else " " for c in written[:MAX_WORDS])
    if len(written) > MAX_WORDS:
        # To the last whole word: half a secret would not be recognized.
        text = text.rpartition(" ")[0] + " …"
    return " ".join(text.split())


def _any_form(secret: str) -> str:
    """A pattern for a secret as it is, and as URLs, JSON and HTML hold it."""
    return "".join(
        c if c.isalnum() else rf"(?:\\?{re.escape(c)}|%{ord(c):02x}|\\u{ord(c):04x}|&#?\w+;)" for c in secret
    )


def retry_after(answer: Answer, header: str = "Retry-After", unit: float = 1.0) -> float | None:
    """Seconds that a header asks to wait for, or None; not more than a quarter of an hour."""
    written = answer.headers.get(header, "").strip()
    return min(float(written) * unit, MAX_WAIT) if written.isdecimal() else None


def hostile(what: str) -> APIError:
    """The error of an answer that is not parsed, and not asked for again."""
    return APIError("HostileAnswer", f"The answer {what}, and was refused: no provider sends that.")


def unparsable(form: str) -> APIError:
    """The error of an answer that was cut off or comes from something in between."""
    return APIError("UnparsableAnswer", f"The answer is not {form}, or only a part of it.", Reach.ATTEMPT)


def _content(raw: urllib3.BaseHTTPResponse, max_bytes: int) -> bytes:
    """The whole body, decoded, unless it is too large or takes too long."""
    content = bytearray()
    deadline = time.monotonic() + ANSWER_TIMEOUT
    while chunk := raw.read1(2**16, decode_content=True):
        content += chunk
        if len(content) > max_bytes:
            raise hostile(f"has more than {max_bytes / 2**20:g} MiB")
        if time.monotonic() > deadline:
            raise APIError("Timeout", f"The answer took more than {ANSWER_TIMEOUT:.0f} s.", Reach.ATTEMPT)
    return bytes(content)
