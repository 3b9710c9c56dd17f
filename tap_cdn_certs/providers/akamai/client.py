"""Requests to an Akamai account: https://techdocs.akamai.com/cps/reference/api."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from typing_extensions import override

from tap_cdn_certs.api.answer import MAX_BYTES, MAX_TOKENS
from tap_cdn_certs.api.client import Client
from tap_cdn_certs.api.paging import Listing, read_places
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.api.refusals import sentence
from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach, Refusal, TooLargeError
from tap_cdn_certs.providers.akamai import edgerc
from tap_cdn_certs.providers.akamai.signature import EdgeGrid
from tap_cdn_certs.records.values import mapping, required_identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.host import Host
    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.records.values import Item

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

ACTIVE, ENROLLMENTS, DEPLOYMENTS = "ListActiveCertificates", "ListEnrollments", "ListDeployments"
CONTRACTS, HOSTNAMES = "ListContracts", "ListHostnames"

# The version of an answer is in its type, exactly; the one before it, where either may be known.
CPS = {
    ACTIVE: ["application/vnd.akamai.cps.active-certificates.v2+json"],
    ENROLLMENTS: ["application/vnd.akamai.cps.enrollments.v11+json"],
    DEPLOYMENTS: [f"application/vnd.akamai.cps.deployments.v{version}+json" for version in (8, 7)],
}
PAPI = (CONTRACTS, HOSTNAMES)
UNPREFIXED = {"Accept": "application/json", "PAPI-Use-Prefixes": "false"}

CONTRACT_LIST = Listing(
    operation=CONTRACTS, path="/papi/v1/contracts", items="contracts.items", key="contractId"
)

# What does without an operation of PAPI.
WITHOUT = {
    CONTRACTS: " Or name them in akamai.contract_ids, and leave hostnames out of akamai.products.",
    HOSTNAMES: " Or leave hostnames out of akamai.products.",
}

# `https://problems.luna.akamaiapis.net/-/pep-authn/deny` is `pep-authn/deny`.
PROBLEM = re.compile(r"^https?://[^/]*/(?:-/)?")
# What is said of a detail, which may hold people's data.
OF_THE_SIGNATURE = re.compile(r"\b(?:timestamp|signature)\b", re.IGNORECASE)
NOT_THERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.NOT_ACCEPTABLE})
# An answer that is not as it is known to be, or too much.
UNUSABLE = (InvalidValueError, TooLargeError)
FIRST = 60.0  # seconds that others wait for the first answer, which says its version


class VersionError(APIError):
    """An answer that the provider does not give in the version that is asked for."""


class AkamaiClient(Client):
    """Requests to an Akamai account."""

    provider = "akamai"
    secret_settings = edgerc.TOKENS
    request_id_at = "requestId"
    # Of an account, whoever asks.
    rate_limits: ClassVar = {
        "active certificates": Limit(10, 60.0, (ACTIVE,)),
        "CPS at once": Limit(20, 2.0, (*CPS,)),
        "CPS": Limit(operations=(*CPS,)),
        "PAPI": Limit(100, 60.0, (*PAPI,)),
    }

    def __init__(self, settings: Mapping[str, Any], stopped: Any) -> None:
        self._settings = settings = edgerc.read(settings)
        self._contracts = [*dict.fromkeys(each.removeprefix("ctr_") for each in settings["contract_ids"])]
        self._odd: list[APIError] = []  # of the contracts that do not say what they are
        self._listing = Lock()
        self._lists_active = False  # whether it is known to
        self._unknown: APIError | None = None
        # The contracts whose enrollments have to be asked for what is deployed.
        self.unlisted: set[str] = set()
        self._types = {**CPS}
        self._asking, self._answered = Lock(), Event()
        super().__init__(settings, stopped)

    @override
    def auth(self, settings: Mapping[str, Any]) -> EdgeGrid:
        return EdgeGrid(*(settings[name] for name in edgerc.TOKENS))

    @property
    @override
    def credentials(self) -> str:
        named = "edgerc" in self._settings
        return "akamai.edgerc and akamai.section" if named else super().credentials

    @override
    def ask(
        self, operation: str, path: str = "", parameters: Parameters | None = None, url: str | None = None
    ) -> requests.Request:
        key = self._settings.get("account_switch_key")
        account = {"accountSwitchKey": key} if key else {}
        return super().ask(operation, path, {**(parameters or {}), **account}, url)

    @override
    def request(
        self,
        operation: str,
        request: requests.Request,
        read: Callable[[Item], Result],
        sizes: tuple[int, int] = (MAX_BYTES, MAX_TOKENS),
    ) -> Result:
        if operation in PAPI:
            request.headers = UNPREFIXED
            return super().request(operation, request, read, sizes)
        several = len(self._types[operation]) > 1
        if several and not self._asking.acquire(blocking=False):
            self._answered.wait(FIRST)
        newest, *older = self._types[operation]
        try:
            request.headers = {"Accept": newest}
            return super().request(operation, request, read, sizes)
        except VersionError:
            if not older:
                raise
            # The others begin with it from now on.
            self._types[operation] = older
            request.headers = {"Accept": older[0]}
            return super().request(operation, request, read, sizes)
        finally:
            if several:
                self._answered.set()

    def contracts(self) -> list[str]:
        """The contracts to read: those that the settings name, else all that may be seen.

        Raises:
            APIError: They cannot be listed, or there are none.
        """
        with self._listing:
            if not self._contracts:
                self._contracts = [*dict.fromkeys(self._listed())]
            if not (self._contracts or self._odd):
                message = f"{CONTRACTS} lists none for this API client. Name them in akamai.contract_ids."
                raise APIError("NoContracts", message, Reach.STREAM, operation=CONTRACTS)
            return self._contracts

    def _listed(self) -> Iterator[str]:
        """The contracts that may be seen."""
        for place, item in enumerate(super().listing(CONTRACT_LIST), 1):
            try:
                yield required_identifier(mapping(item, "The item"), "contractId").removeprefix("ctr_")
            except InvalidValueError as error:
                error.operation = CONTRACTS
                message = f"{error.message} This was of the contract #{place}, which is not read."
                self._odd.append(error.but(message, Reach.STREAM))

    @override
    def listing(self, listing: Listing) -> Iterator[Any]:
        if listing.operation not in CPS or listing.operation == DEPLOYMENTS:
            yield from super().listing(listing)
            return
        contracts, without = self.contracts(), list[APIError]()
        places = [self._of(contract, listing, without) for contract in contracts]
        yield from read_places([*places, *(failing(error) for error in self._odd)], listing)
        if len(without) < len(contracts):
            return
        if self._settings["contract_ids"]:
            # Nothing at all is rather a mistake in what was asked.
            message = f"{sentence(without[0].message)} No contract has CPS: check akamai.contract_ids."
            raise without[0].but(message, Reach.STREAM)
        logger.warning("%s: no contract of the account has CPS, so there is nothing.", listing.operation)

    def _of(self, contract: str, listing: Listing, without: list[APIError]) -> Iterator[Any]:
        """The items of a contract; one that has no CPS has none."""
        active = listing.operation == ACTIVE
        try:
            if active and self._unknown:
                raise self._unknown
            for item in super().listing(replace(listing, parameters={"contractId": contract})):
                yield {**item, "contractId": contract} if isinstance(item, Mapping) else item
            self._lists_active |= active
        except APIError as error:
            # Whether it has no CPS, or does not list this, the list of its enrollments says.
            if active and (error.reach in {Reach.GONE, Reach.INACTIVE} or isinstance(error, UNUSABLE)):
                self._leave_unlisted(contract, error)
            elif error.reach is Reach.INACTIVE:
                level = logging.WARNING if self._settings["contract_ids"] else logging.INFO
                logger.log(level, "The contract %s has no CPS: %s", quoted(contract), error)
                without.append(error)
            elif error.reach in {Reach.HOST, Reach.PROVIDER}:
                raise
            else:
                message = f"{sentence(error.message)} This was of the contract {quoted(contract)}."
                raise error.but(message, Reach.STREAM) from None

    def _leave_unlisted(self, contract: str, error: APIError) -> None:
        """Notes that a contract does not list what is deployed, or none does."""
        self.unlisted.add(contract)
        if error is self._unknown:
            return
        of = f" of the contract {quoted(contract)}"
        # What no contract has answered yet, the provider does not know.
        if error.reach is Reach.GONE and not self._lists_active:
            self._unknown, of = error, ""
        each = f"{DEPLOYMENTS} is asked for each enrollment{of}, within the limit of CPS."
        logger.info("%s: %s %s", ACTIVE, error, each)

    @override
    def refusal(self, body: Item) -> Refusal | None:
        kind, title, detail = (quoted(body.get(name) or "") for name in ("type", "title", "detail"))
        kind = "" if kind == "about:blank" else PROBLEM.sub("", kind, count=1)
        said = OF_THE_SIGNATURE.search(f"{title} {detail}")
        if not (kind or title):
            return None
        named = f"{title} ({said[0].lower()})" if said else title
        return Refusal(kind or title, named, quoted(body.get("requestId") or "") or None)

    @override
    def reach(self, refusal: Refusal, status: int) -> Reach:
        of_signature = status == HTTPStatus.BAD_REQUEST and OF_THE_SIGNATURE.search(refusal.message)
        if of_signature or "pep-authn" in refusal.code:
            return Reach.PROVIDER
        return Reach.STREAM if status == HTTPStatus.FORBIDDEN else super().reach(refusal, status)

    @override
    def is_of_the_clock(self, refusal: Refusal, skew: float) -> bool:
        return "(timestamp)" in refusal.message

    @override
    def explanation(self, operation: str, refusal: Refusal, reach: Reach, skew: float) -> str:
        said = super().explanation(operation, refusal, reach, skew)
        if reach is not Reach.STREAM:
            return said
        grant = "CPS READ-ONLY" if operation in CPS else "Property Manager (PAPI) READ-ONLY"
        lacking = f"The API client lacks the grant {grant}: give it to it."
        return f"{sentence(said)} {lacking}{WITHOUT.get(operation, '')}"

    @override
    def fail(self, operation: str, host: Host, answer: Answer) -> APIError:
        error, status = super().fail(operation, host, answer), answer.status
        if operation == ACTIVE and status in NOT_THERE:
            message = f"akamai does not answer it as {CPS[ACTIVE][0]} (HTTP {status})."
            return APIError(error.code, message, Reach.GONE, request_id=error.request_id)
        if status == HTTPStatus.NOT_ACCEPTABLE:
            form = " or ".join(CPS.get(operation, [UNPREFIXED["Accept"]]))
            message = f"akamai does not answer {operation} as {form} any more: see if there is a newer tap."
            return VersionError(error.code, message, Reach.STREAM, request_id=error.request_id)
        if operation == DEPLOYMENTS and status == HTTPStatus.NOT_FOUND:
            error.reach = Reach.GONE
        of_contract = operation in {ACTIVE, ENROLLMENTS} and status == HTTPStatus.BAD_REQUEST
        if of_contract and error.reach is not Reach.PROVIDER:
            # The contract has no CPS.
            error.reach = Reach.INACTIVE
        return error

    @override
    def wait_hint(self, answer: Answer) -> float | None:
        # As the documents write it, too.
        return answer.wait() if "Retry-After" in answer.headers else answer.wait("Retry-After-")


def failing(error: APIError) -> Iterator[Any]:
    """A part of a list that cannot be read."""
    raise error
    yield  # which makes it an iterator: it fails in its turn
