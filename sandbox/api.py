"""What both APIs do with a request: log, authenticate, limit, answer, and go wrong where told to."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from email.utils import formatdate
from typing import TYPE_CHECKING

from sandbox.faults import deliver, throttle
from sandbox.limits import Limit, RateLimit
from sandbox.messages import Answer, Call, RefusedError, Request

if TYPE_CHECKING:
    from aiohttp import web

    from sandbox.server import Sandbox


class API(ABC):
    """One provider's API."""

    provider: str
    throttled: tuple[int, str, str]
    """Status, code and message of a call beyond the rate limit."""
    secrets: tuple[str, ...]
    """What only the account's owner and the provider know."""
    never: frozenset[str]
    """Operations that return private keys: nobody should call them."""

    def __init__(self, sandbox: Sandbox, limit: Limit | None) -> None:
        self.sandbox = sandbox
        self.rate_limit = RateLimit(limit)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        body = await request.read()
        # From here to the latency nothing waits, so calls are logged and limited in their order.
        entry = Request(time.monotonic(), self.provider, "", "")
        path, _, query = request.raw_path.partition("?")
        call = Call(request, path, query, body, entry)
        entry.operation, entry.key = self.recognise(call)
        self.sandbox.requests.append(entry)
        try:
            answer = self.answer(call)
        except RefusedError as error:
            answer = self.error(call, error)
        if self.sandbox.latency:
            await asyncio.sleep(self.sandbox.latency)
        answer.headers.setdefault("Date", formatdate(self.sandbox.time(), usegmt=True))
        entry.status, entry.code = answer.status, answer.code
        return await deliver(request, answer, entry)

    def answer(self, call: Call) -> Answer:
        """Return the answer to a call, with the faults that strike it."""
        self.authenticate(call)
        faults = self.sandbox.faults
        if not self.rate_limit.accepts(call.entry.operation, call.entry.time):
            refusals = faults.of(call.entry, refusal=True)
            raise throttle(self, call, refusals[0].options if refusals else {})
        try:
            answer = self.operate(call)
        except RefusedError as error:
            answer = self.error(call, error)
        for fault in faults.of(call.entry):
            answer = fault.apply(self, call, answer)
        return answer

    def listed(self) -> None:
        """Run what a test wants to happen, once, after the first page of a listing."""
        happening, self.sandbox.during_listing = self.sandbox.during_listing, None
        if happening:
            happening()

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
    def error(self, call: Call, error: RefusedError) -> Answer:
        """Return an error in the provider's format."""
