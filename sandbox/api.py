"""What every API does with a request: log, authenticate, limit, answer, and go wrong where told to."""

from __future__ import annotations

import asyncio
import base64
import math
import re
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NoReturn

from sandbox.delivery import deliver
from sandbox.faults import throttle
from sandbox.inventory import Inventory, Item
from sandbox.limits import Limit, RateLimits, worst, worst_window
from sandbox.messages import Answer, Call, Refusal, RefusedError, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from sandbox.state import State

LOOPBACK = "127.0.0.1"
UNLIMITED = Limit(100_000, 1)


class API(ABC, Generic[Item]):
    """One provider's API, and an account of it."""

    provider: ClassVar[str]
    size: ClassVar[int]
    """How many keys an inventory has if nobody says it."""
    holds: ClassVar[str]
    """What its keys are, for people: domains on Alibaba Cloud."""
    demo: ClassVar[Mapping[str, Any]] = {"size": 24}
    """The options of an account that a demonstration reads in a moment."""
    products: ClassVar[tuple[str, ...]] = ()
    """The products that the tap's setting of that name may name; the first is read where none is given."""
    lists: ClassVar[tuple[str, ...]]
    """Operations that list keys."""
    details: ClassVar[tuple[str, ...]]
    """Operations that are asked for one key."""
    nested: ClassVar[Mapping[str, str]] = {}
    """Operations that list something of one key each, with the operation that lists those keys."""
    supplements: ClassVar[tuple[str, ...]] = ()
    """Operations whose answers are in the records of others."""
    optional: ClassVar[tuple[str, ...]] = ()
    """Operations that many accounts may not call: to be refused them is no failure."""
    never: ClassVar[frozenset[str]]
    """Operations that return private keys: nobody should call them."""
    logins: ClassVar[Mapping[str, Mapping[str, str]]]
    """The ways to log in, by name, as the tap's settings; the first is the usual one."""
    ambient: ClassVar[bool] = False
    """Whether the tap may find a login that no setting names."""
    secrets: tuple[str, ...]
    """What only the account's owner and the provider know."""
    refusals: ClassVar[Mapping[str, Refusal]]
    """The provider's errors, by what they mean."""
    throttled: Refusal
    """The error of a call beyond the rate limit."""
    hints: Mapping[str, str] = {"Retry-After": "{seconds:.0f}"}
    """The headers that say how long to wait, with "{seconds}", "{milliseconds}" or "{epoch}" in them."""
    more: Mapping[str, Mapping[str, Any]] = {}
    """What errors of some codes hold beside code and message."""
    unseen: Mapping[str, str] = {}
    """The fields, as "stream.field", that no answer of the sandbox holds, each with the reason."""
    limits: Mapping[str, Limit]
    """The rate limits, by name: the documented ones, the provider's main one first, or what a test says."""

    def __init__(
        self,
        state: State,
        *,
        size: int | None = None,
        limit: tuple[int, float] | Literal["documented"] | None = "documented",
        limits: Mapping[str, Limit] | None = None,
        products: Sequence[str] | None = None,
        port: int = 0,
    ) -> None:
        self.state = state
        self.port = port
        self.asked_for = [*(self.products[:1] if products is None else products)]
        self.inventory = self.stock(self.size if size is None else size)
        if limits is not None:
            self.limits = limits
        elif limit is None:
            self.limits = {}
        elif limit != "documented":
            main, other = next(iter(self.limits.items()))
            self.limits = {**self.limits, main: other._replace(requests=limit[0], seconds=limit[1])}
        self._rate_limits = RateLimits(self.limits)
        self._seen: OrderedDict[str, float] = OrderedDict()

    @property
    def url(self) -> str:
        """Where the API is, once it listens."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def requests(self) -> list[Request]:
        """The requests that arrived here."""
        return [request for request in self.state.requests if request.provider == self.provider]

    def config(self, login: str | None = None) -> dict[str, Any]:
        """Return the tap's settings of this provider, with the login named or the usual one."""
        limit = next(iter(self.limits.values()), UNLIMITED)
        return {
            **self.logins[login or next(iter(self.logins))],
            "api_url": self.url,
            **({"products": self.asked_for} if self.products else {}),
            "rate_limit_requests": limit.requests,
            "rate_limit_period": limit.seconds,
        }

    def keys(self, operation: str) -> list[str]:
        """Return the keys that an operation lists, or may be asked for."""
        return self.inventory_of(operation).keys()

    def records(self, operation: str) -> list[str]:
        """Return the keys of what an operation lists, and of what others list of the same kind."""
        return self.keys(operation)

    def hint(self, header: str, seconds: float) -> str:
        """Return what a header says of a wait."""
        until = math.ceil(self.state.time() + seconds)
        return self.hints[header].format(seconds=seconds, milliseconds=seconds * 1000, epoch=until)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        body = await request.read()
        # From here to the latency nothing waits, so calls are logged and limited in their order.
        entry = Request(time.monotonic(), self.provider, "", "")
        path, _, query = request.raw_path.partition("?")
        call = Call(request, path, query, body, entry)
        entry.operation, entry.key = self.recognise(call)
        self.state.requests.append(entry)
        try:
            answer = self.answer(call)
        except RefusedError as error:
            answer = self.error(call, error)
        if self.state.latency:
            await asyncio.sleep(self.state.latency)
        answer.headers.setdefault("Date", formatdate(self.state.time(), usegmt=True))
        entry.status, entry.code = answer.status, answer.code
        return await deliver(request, answer, entry)

    def answer(self, call: Call) -> Answer:
        """Return the answer to a call, with the faults that strike it."""
        self.authenticate(call)
        faults = self.state.faults
        if not self._rate_limits.accepts(call.entry.operation, call.entry.time):
            refusals = faults.of(call.entry, refusal=True)
            raise throttle(self, call, refusals[0].options if refusals else {})
        try:
            answer = self.operate(call)
        except RefusedError as error:
            answer = self.error(call, error)
        for fault in faults.of(call.entry):
            answer = fault.apply(self, call, answer)
        return answer

    def error(self, call: Call, error: RefusedError) -> Answer:
        """Return an error in the provider's format, with its code for the log and its own headers."""
        answer = self.render(call, error)
        answer.code = error.code
        answer.headers |= error.headers
        return answer

    def inventory_of(self, operation: str) -> Inventory[Any]:  # noqa: ARG002 - a provider may have several
        """Return what an operation lists."""
        return self.inventory

    def listed(self, operation: str) -> None:
        """Run what a test wants to happen, once, after the first page of a list."""
        happening, of = self.state.during_listing, self.state.listing
        if happening and of in {operation, ""}:
            self.state.during_listing = None
            happening()

    def refuse(self, meaning: str) -> NoReturn:
        """Refuse a call with the provider's error of that meaning."""
        raise RefusedError(**self.refusals[meaning])

    def once(self, token: str, seconds: float) -> bool:
        """Whether a token was not seen in so many seconds."""
        now = time.monotonic()
        # Tokens are in the order of their arrival: the oldest are forgotten first.
        while self._seen and next(iter(self._seen.values())) < now:
            self._seen.popitem(last=False)
        if token in self._seen:
            return False
        self._seen[token] = now + seconds
        return True

    def sent(self, call: Call) -> set[str]:
        """Return what of a call no log should hold: passwords, tokens and signatures."""
        authorization = call.header("Authorization")
        secrets = {*re.findall(r"(?i)signature=(\S+)", authorization)}
        scheme, _, value = authorization.partition(" ")
        if scheme in {"Basic", "Bearer"}:
            secrets.add(value)
        if scheme == "Basic":
            secrets.add(base64.b64decode(value).decode().partition(":")[2])
        return secrets

    def worst(self, operation: str) -> int:
        """Return the largest number of calls of an operation in any window of its first limit's period."""
        times = [request.time for request in self.requests if request.operation == operation]
        limits = (limit.seconds for limit in self.limits.values() if limit.counts(operation))
        return worst_window(times, next(limits, 1.0))

    def most(self) -> dict[str, int]:
        """Return for each limit the largest number of calls that counted against it in any window."""
        calls = [(request.operation, request.time) for request in self.requests]
        return {name: worst(limit, calls) for name, limit in self.limits.items()}

    def reset(self) -> None:
        """Forget the calls so far, for the rate limits."""
        self._rate_limits.reset()

    @abstractmethod
    def stock(self, size: int) -> Inventory[Item]:
        """Return an inventory of so many keys."""

    @abstractmethod
    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation and the key of a call."""

    @abstractmethod
    def authenticate(self, call: Call) -> None:
        """Refuse a call that is not signed as the provider's documents say."""

    @abstractmethod
    def operate(self, call: Call) -> Answer:
        """Return the right answer to a call."""

    @abstractmethod
    def render(self, call: Call, error: RefusedError) -> Answer:
        """Return an error in the provider's format."""
