"""Requests to one account of a provider: signed, within its limits, retried."""

from __future__ import annotations

import logging
import time
from functools import partial
from importlib.metadata import version
from itertools import chain, islice
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay, wait_exponential_jitter
from tenacity.nap import sleep_using_event

from tap_cdn_certs.api.answer import MAX_BYTES, MAX_TOKENS
from tap_cdn_certs.api.host import Host
from tap_cdn_certs.api.paging import read_all, read_places
from tap_cdn_certs.api.refusals import Refusals
from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.errors import APIError, Reach, UnreachableError, WrongAddressError
from tap_cdn_certs.records.values import elements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from requests import PreparedRequest
    from requests.auth import AuthBase

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.paging import Listing, Page, Parameters
    from tap_cdn_certs.api.rate_limit import OperationLimits
    from tap_cdn_certs.records.values import Item

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

MAX_BACKOFF = 60.0
MAX_ATTEMPTS = 11  # with waits of 1, 2, 4 … 60 s between them: about 5 minutes
MAX_ATTEMPTS_ELSEWHERE = 2  # at an address that has not proved to be the provider's

CONNECTIONS = 4  # of all streams together, where no setting says it: one that hangs leaves the others theirs
FIRST = 3.0  # seconds that others wait for the first request of an account
NOTICED = 10.0  # seconds of a wait that is said at once

AGAIN = frozenset({Reach.ATTEMPT, Reach.THROTTLED})


class Client(Refusals):
    """Requests to one account of a provider; may be used by several threads.

    A request that fails for the moment is made again for about 5 minutes, signed afresh each time.

    Args:
        settings: The provider's settings.
        stopped: Ends all waits when it is set.
    """

    url_settings: ClassVar[tuple[str, ...]] = ("api_url",)
    accept: ClassVar[str] = "application/json"
    # Where an answer names the request, if it does so in a header.
    request_id_header: ClassVar[str] = ""

    def __init__(self, settings: Mapping[str, Any], stopped: Event) -> None:
        super().__init__(settings, stopped)
        self._urls = [(name, url.rstrip("/")) for name, url in self.urls(settings)]
        # Once the account is refused, nothing more is asked; until that is known, only one request is made.
        self.refused: APIError | None = None
        self._first = Lock()
        self._known = Event()
        self._refusing: set[str] = set()  # the addresses that do not know its credentials
        self._headers = {
            "User-Agent": f"tap-cdn-certs/{version('tap-cdn-certs')}",
            "Accept": self.accept,
            "Accept-Encoding": "gzip, deflate",
        }
        self._auth: Any = self.auth(settings)
        self._hosts = [
            Host(self.provider, f"{self.provider}.{name}", url, settings.get("max_connections", CONNECTIONS))
            for name, url in self._urls
        ]
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

    def log_in(self) -> None:
        """Gets credentials that are not in the settings: before a limit is waited for, as it takes long."""

    def renews(self, error: APIError, sent: Mapping[str, str]) -> bool:  # noqa: ARG002 - most have fixed ones
        """Whether a request that was refused may have other credentials, which have been got for it.

        Args:
            sent: Its headers.

        Raises:
            APIError: They cannot be got.
        """
        return False

    def urls(self, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """The addresses of the API, each with the setting to look at if it is wrong."""
        for name in self.url_settings:
            yield from ((name, url) for url in elements(settings, name))

    def address_setting(self, operation: str) -> str:  # noqa: ARG002 - most have one for all
        """The setting that has the address of an operation; where it has several, a list is read at each."""
        return self.url_settings[0]

    def addresses(self, operation: str) -> list[str]:
        """Where an operation is asked for."""
        return [url for name, url in self._urls if name == self.address_setting(operation)]

    def host(self, url: str | None = None) -> Host:
        """The host that a request goes to; without an address, or elsewhere, the first one."""
        there = (host for host in self._hosts if url and url.startswith(host.url))
        return max(there, key=lambda host: len(host.url), default=self._hosts[0])

    def ask(
        self, operation: str, path: str = "", parameters: Parameters | None = None, url: str | None = None
    ) -> requests.Request:
        """The request of an operation, at the first of its addresses if none is named."""
        url = url or self.addresses(operation)[0]
        return requests.Request("GET", f"{url}{path}", params=dict(parameters or {}))

    def listing(self, listing: Listing) -> Iterator[Any]:
        """The items of all pages of all parts of a list, at all of its addresses, each once.

        Raises:
            APIError: It cannot be read, or is shorter than it says: after what other addresses have.
        """
        places = [self._listing_at(url, listing) for url in self.addresses(listing.operation)]
        if self.patience is not None:
            # Who reads one item, for a test, wants to hear of every place.
            places = [chain([*islice(place, 1)], place) for place in places]
        return read_places(places, listing)

    def request(
        self,
        operation: str,
        request: requests.Request,
        read: Callable[[Item], Result],
        sizes: tuple[int, int] = (MAX_BYTES, MAX_TOKENS),
    ) -> Result:
        """Makes a request, again where that may help, and reads its answer.

        Args:
            operation: The provider's name of what is asked for; the limits are counted by it.
            read: Takes what is asked for out of an answer that succeeded. Called at each attempt.
            sizes: The most bytes and values of an answer.

        Raises:
            APIError: There was no answer, or the provider refused, or what it said cannot be read.
        """
        request.headers = {**self._headers, **request.headers}
        prepared = request.prepare()
        host = self.host(request.url)
        if not self._first.acquire(blocking=False):
            self._known.wait(FIRST)
        began = time.monotonic()
        try:
            result: Result = self._made(operation, host, prepared, read, sizes)
        except APIError as error:
            # One for all threads says what failed first.
            error.operation = error.operation or operation
            if error.reach in AGAIN:
                self._give_up(host, error, self._retry.statistics["attempt_number"], heard=host.heard > began)
            raise self._common(operation, host, error) from None
        finally:
            self._known.set()
        return result

    def _common(self, operation: str, host: Host, error: APIError) -> APIError:
        """The error of a request; of an account or a host that refuses all, the first, to be said once."""
        if error.code.partition(".")[0] in self.unknown and not self.refused:
            self._refusing.add(host.url)
            if {*self.addresses(operation)} - self._refusing:
                error.reach = Reach.HOST
        if error.reach is Reach.PROVIDER:
            self.refused = error = self.refused or error
        elif error.reach is Reach.HOST:
            host.refused = error = host.refused or error
        return error

    def _listing_at(self, url: str, listing: Listing) -> Iterator[Any]:
        """The items of all parts of a list at an address, which an error names if there are others."""
        try:
            for part in listing.parts:
                yield from read_all(partial(self._page, listing, url, part), listing, self.provider)
        except APIError as error:
            error.operation = error.operation or listing.operation
            if error.reach is Reach.PROVIDER or len(self.addresses(listing.operation)) == 1:
                raise
            setting = self.host(url).setting
            where = f"This was at {url}: leave it out of {setting} if the account has nothing there."
            raise error.but(f"{error.message} {where}") from None

    def _page(
        self, listing: Listing, url: str, part: Parameters, parameters: Parameters, before: Page | None
    ) -> Page:
        request = self.ask(listing.operation, listing.path, {**listing.parameters, **part, **parameters}, url)
        read = partial(listing.page, parameters=parameters, before=before)
        return self.request(listing.operation, request, read, listing.sizes)

    def _made(self, operation: str, host: Host, prepared: PreparedRequest, *how: Any) -> Any:
        """The outcome of all attempts; where the credentials have ended, once more with others."""
        attempts = partial(self._retry, self._attempt, operation, host, prepared, *how)
        try:
            return attempts()
        except APIError as error:
            if not self.renews(error, prepared.headers):
                raise
        return attempts()

    def _attempt(
        self,
        operation: str,
        host: Host,
        prepared: PreparedRequest,
        read: Callable[[Item], Result],
        sizes: tuple[int, int],
    ) -> Result:
        if refused := self.refused or host.refused:
            raise refused
        self.log_in()
        answer = body = None
        try:
            answer = self._sent(self.limits[operation], host, prepared, sizes)
            body = self.body(operation, answer) if answer.ok else None
            if body is None or self.refusal(body):
                raise self.fail(operation, host, answer)
            self._known.set()
            result = read(body)
            host.answered = True
            return result  # noqa: TRY300 - an answer that cannot be read is an error as well
        except APIError as error:
            if answer and not error.request_id:
                error.request_id = quoted(answer.headers.get(self.request_id_header, "")) or None
            error.change_texts(partial(self.without_secrets, sent=prepared.headers))
            # Others do not wait for the other attempts of this one, but where all would be lost.
            if error.reach in AGAIN and not isinstance(error, WrongAddressError):
                self._known.set()
            # An error may be kept for long, and would keep the answer, up to 64 MiB, in its traceback.
            answer = body = None
            raise error.with_traceback(None) from None

    def _sent(
        self, limit: OperationLimits, host: Host, prepared: PreparedRequest, sizes: tuple[int, int]
    ) -> Answer:
        """The answer to a request."""
        waited = limit.wait()
        # Not before it has a connection, which others may have taken, does a call leave.
        with host.connections:
            call = limit.acquire(waited=waited)
            answer = host.send(self._auth(prepared), self.patience, *sizes)
        limit.answered(call)
        return answer

    def _stop(self, retry: RetryCallState) -> bool:
        """Whether no other attempt is made."""
        assert retry.outcome  # noqa: S101 - there was an attempt
        elsewhere = isinstance(retry.outcome.exception(), WrongAddressError)
        return retry.attempt_number >= (MAX_ATTEMPTS_ELSEWHERE if elsewhere else MAX_ATTEMPTS) or (
            self.patience is not None and stop_before_delay(self.patience)(retry)
        )

    def _give_up(self, host: Host, error: APIError, attempts: int, *, heard: bool) -> None:
        """Says how often a request was tried, and what to look at if all others would fail as well."""
        error.message += f" It was tried {attempts} times." if attempts > 1 else " It was tried once."
        # What is slow or broken off may be one request's alone; who is impatient does not find out.
        silent = isinstance(error, UnreachableError) or self.patience is not None
        if isinstance(error, WrongAddressError) or (silent and not heard):
            error.reach = Reach.HOST
            error.message += f" {host.advice()}"

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
        level = logging.INFO if attempt > 1 or wait > NOTICED else logging.DEBUG
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
