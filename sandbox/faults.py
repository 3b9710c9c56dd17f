"""What can go wrong, switched on one by one or together."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
from collections import Counter
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from aiohttp import web

from sandbox.messages import Answer, Call, RefusedError, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from sandbox.api import API

    Options = Mapping[str, Any]
    Change = Callable[[API, Call, Answer, Options], Answer]
    Delivery = Callable[[web.BaseRequest, Answer, Options], Awaitable[web.StreamResponse]]


class Fault:
    """A fault in the answers to an operation and key, or to all, as often and as likely as told."""

    def __init__(
        self,
        kind: str,
        operation: str | None = None,
        key: str | None = None,
        probability: float = 1.0,
        times: int | None = None,
        **options: Any,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"There is no fault {kind!r}, but {', '.join(KINDS)}")
        self.kind = kind
        self.operation = operation
        self.key = key
        self.probability = probability
        self.times = times
        self.options = options
        self.struck = 0
        self._attempts: Counter[tuple[str, str]] = Counter()

    def strikes(self, request: Request, seed: int) -> bool:
        """Whether the fault strikes this attempt, whatever else arrives meanwhile."""
        if self.operation not in (None, request.operation) or self.key not in (None, request.key):
            return False
        if self.times is not None and self.struck >= self.times:
            return False
        attempt = request.operation, request.key
        self._attempts[attempt] += 1
        chance = f"{seed} {self.kind} {attempt} {self._attempts[attempt]}"
        if self.probability < 1 and random.Random(chance).random() >= self.probability:
            return False
        self.struck += 1
        return True

    def apply(self, api: API, call: Call, answer: Answer) -> Answer:
        """Return the answer with this fault."""
        if self.kind in DELIVERIES:
            answer.delivery = self
            return answer
        return CHANGES[self.kind](api, call, answer, self.options)


class Faults:
    """The faults that are switched on."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._faults: tuple[Fault, ...] = ()

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def add(self, *faults: Fault) -> None:
        """Switch faults on."""
        self._faults += faults

    def clear(self) -> None:
        """Switch all faults off."""
        self._faults = ()

    def of(self, request: Request, *, refusal: bool = False) -> list[Fault]:
        """Return the faults that strike a request within the rate limit, or beyond it."""
        kinds = [fault for fault in self._faults if (fault.kind == "refusal") is refusal]
        return [fault for fault in kinds if fault.strikes(request, self._seed)]


def throttle(api: API, call: Call, options: Options) -> RefusedError:
    """Return the refusal of a call for its rate, with the hint how long to wait that is asked for."""
    call.entry.throttled = True
    status, code, message = api.throttled
    wait = options.get("wait", 1)
    hints = {
        "x-acs-retry-after": f"{wait * 1000:.0f}",
        "x-ratelimit-user-api": f"Limit:1,Remain:0,TimeLeft:{wait * 1000:.0f},Reset:1",
        "Retry-After": f"{wait:.0f}",
    }
    hint = options.get("hint")
    headers = {hint: hints[hint]} if hint else {}
    return RefusedError(options.get("status", status), options.get("code", code), message, headers)


def throttled(api: API, call: Call, _: Answer, options: Options) -> Answer:
    """Return the refusal of a call within the rate limit: another client of the account used it up."""
    return api.error(call, throttle(api, call, options))


def error(api: API, call: Call, _: Answer, options: Options) -> Answer:
    """Any error of the provider."""
    code = options.get("code", "InternalError")
    message = options.get("message", f"The sandbox answers {code}.")
    known = {"status", "code", "message", "headers"}
    details = {name: value for name, value in options.items() if name not in known}
    if code == "Forbidden.RAM":
        details.setdefault("AccessDeniedDetail", {"AuthPrincipalOwnerId": "1234567890", "PolicyType": "None"})
    refused = RefusedError(options.get("status", 500), code, message, options.get("headers"), **details)
    return api.error(call, refused)


def nonce_used(api: API, call: Call, _: Answer, __: Options) -> Answer:
    """Return the refusal of a nonce that was used."""
    return api.error(
        call, RefusedError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
    )


def echo(api: API, call: Call, _: Answer, options: Options) -> Answer:
    """Return an error whose message holds what no log should."""
    message = " ".join((call.header("Authorization"), *api.secrets))
    return api.error(call, RefusedError(options.get("status", 400), options.get("code", "Echo"), message))


def html(status: int, title: str) -> Change:
    """Return the page of a gateway."""
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1><hr></body></html>"

    def change(_: API, __: Call, answer: Answer, ___: Options) -> Answer:
        return Answer(status, page.encode(), "text/html", str(status), answer.headers)

    return change


def truncated(_: API, __: Call, answer: Answer, ___: Options) -> Answer:
    """Half of the body, with the length of that half: only its syntax tells."""
    answer.body = answer.body[: len(answer.body) // 2]
    answer.code = "truncated"
    return answer


def garbage(_: API, __: Call, answer: Answer, ___: Options) -> Answer:
    """Bytes that are no text, as the right type."""
    answer.body = random.Random(len(answer.body)).randbytes(512)
    answer.code = "garbage"
    return answer


def content_type(_: API, __: Call, answer: Answer, options: Options) -> Answer:
    """Return the right body as another type."""
    answer.content_type = options.get("content_type", "text/html")
    return answer


def redirect(_: API, call: Call, answer: Answer, options: Options) -> Answer:
    """Return a redirection to another host, to which a client would send its signature."""
    port = call.request.host.rpartition(":")[2]
    location = options.get("location", f"http://127.0.0.2:{port}{call.request.raw_path}")
    return Answer(302, b"", "text/html", "redirect", {**answer.headers, "Location": location})


def body(_: API, __: Call, answer: Answer, options: Options) -> Answer:
    """Any answer."""
    status = options.get("status", answer.status)
    kind = options.get("content_type", answer.content_type)
    content = options["body"]
    octets = content if isinstance(content, bytes) else str(content).encode()
    return Answer(status, octets, kind, "body", {**answer.headers, **options.get("headers", {})})


def field(_: API, __: Call, answer: Answer, options: Options) -> Answer:
    """Another value in one field of all items, or of those in which some field is the option "item"."""
    name, value, item = options["field"], options["value"], options.get("item")
    if "json" in answer.content_type:
        answer.body = json.dumps(replaced(json.loads(answer.body), name, value, item)).encode()
    else:
        root = ET.fromstring(answer.body)  # noqa: S314 - the sandbox wrote it
        for parent in list(root.iter()):
            if item is None or any(child.text == item for child in parent):
                for child in parent.findall(name):
                    child.clear()
                    fill(child, value)
        answer.body = ET.tostring(root, "utf-8", xml_declaration=True)
    return answer


def replaced(tree: Any, name: str, value: Any, item: Any) -> Any:
    """Return the JSON with another value in the objects' fields of that name."""
    if isinstance(tree, list):
        return [replaced(branch, name, value, item) for branch in tree]
    if not isinstance(tree, dict):
        return tree
    here = name in tree and (item is None or item in tree.values())
    branches = {key: replaced(branch, name, value, item) for key, branch in tree.items()}
    return {**branches, name: value} if here else branches


def fill(element: ET.Element, value: Any) -> None:
    """Put a value of any type into an XML element."""
    if isinstance(value, dict):
        for name, child in value.items():
            fill(ET.SubElement(element, name), child)
    elif isinstance(value, list):
        for child in value:
            fill(ET.SubElement(element, "item"), child)
    elif value is not None:
        element.text = str(value)


def respond(answer: Answer) -> web.Response:
    """Return the answer as it should be sent."""
    headers = {**answer.headers, "Content-Type": answer.content_type}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def begin(request: web.BaseRequest, answer: Answer, length: int | None = None) -> web.StreamResponse:
    """Return a response whose body is still to be sent; in chunks if its length is not known."""
    headers = {**answer.headers, "Content-Type": answer.content_type}
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = length
    await response.prepare(request)
    return response


async def deliver(request: web.BaseRequest, answer: Answer, entry: Request) -> web.StreamResponse:
    """Send the answer, with the fault in its delivery."""
    if answer.delivery is None:
        return respond(answer)
    entry.code = answer.delivery.kind
    if answer.delivery.kind in ("reset_before", "timeout"):
        entry.status = 0
    try:
        return await DELIVERIES[answer.delivery.kind](request, answer, answer.delivery.options)
    except ConnectionError:
        # The client left, as it should.
        return web.Response()


def reset(request: web.BaseRequest) -> None:
    """Reset the connection."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        # Closing without lingering sends RST, not FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


async def reset_before(request: web.BaseRequest, _: Answer, __: Options) -> web.StreamResponse:
    """Nothing, and the connection is reset."""
    reset(request)
    return web.Response()


async def reset_within(request: web.BaseRequest, answer: Answer, _: Options) -> web.StreamResponse:
    """Half of the body, and the connection is reset."""
    response = await begin(request, answer, len(answer.body))
    await response.write(answer.body[: len(answer.body) // 2])
    # What the client has not read by then is lost with the connection.
    await asyncio.sleep(0.02)
    reset(request)
    return response


async def short(request: web.BaseRequest, answer: Answer, _: Options) -> web.StreamResponse:
    """Return the whole body, its length said to be greater, and the connection is closed."""
    response = await begin(request, answer, len(answer.body) + 1000)
    await response.write(answer.body)
    if request.transport is not None:
        request.transport.close()
    return response


async def timeout(request: web.BaseRequest, _: Answer, options: Options) -> web.StreamResponse:
    """Nothing, for as long as the client waits."""
    await asyncio.sleep(options.get("seconds", 3600))
    reset(request)
    return web.Response()


async def slow(request: web.BaseRequest, answer: Answer, options: Options) -> web.StreamResponse:
    """Return the right answer, in drips."""
    response = await begin(request, answer, len(answer.body))
    seconds = options.get("seconds", 5)
    drips = max(1, min(len(answer.body), round(seconds * 20)))
    for drip in range(drips):
        await response.write(
            answer.body[len(answer.body) * drip // drips : len(answer.body) * (drip + 1) // drips]
        )
        await asyncio.sleep(seconds / drips)
    return response


async def oversized(request: web.BaseRequest, answer: Answer, options: Options) -> web.StreamResponse:
    """Return the right body, and after it so many blanks that it should not be held in memory."""
    response = await begin(request, answer)
    await response.write(answer.body)
    blanks = b" " * 2**16
    for _ in range(options.get("bytes", 10**9) // len(blanks)):
        await response.write(blanks)
    return response


CHANGES: dict[str, Change] = {
    "throttle": throttled,
    "error": error,
    "nonce_used": nonce_used,
    "echo": echo,
    "html_502": html(502, "Bad Gateway"),
    "html_503": html(503, "Service Temporarily Unavailable"),
    "truncated": truncated,
    "garbage": garbage,
    "content_type": content_type,
    "redirect": redirect,
    "body": body,
    "field": field,
}
DELIVERIES: dict[str, Delivery] = {
    "reset_before": reset_before,
    "reset_within": reset_within,
    "short": short,
    "timeout": timeout,
    "slow": slow,
    "oversized": oversized,
}
KINDS = (*CHANGES, *DELIVERIES, "refusal")
"""All faults; "refusal" says how a call beyond the rate limit is refused, with the options of "throttle"."""
