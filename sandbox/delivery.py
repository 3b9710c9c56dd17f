"""How an answer is sent: as it should be, or with a fault on its way."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sandbox.messages import Answer, Request

    Options = Mapping[str, Any]
    Delivery = Callable[[web.BaseRequest, Answer, Options], Awaitable[web.StreamResponse]]


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
    if not answer.delivery:
        return respond(answer)
    entry.code = answer.delivery
    if answer.delivery in ("reset_before", "timeout"):
        entry.status = 0
    try:
        return await DELIVERIES[answer.delivery](request, answer, answer.options)
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


DELIVERIES: dict[str, Delivery] = {
    "reset_before": reset_before,
    "reset_within": reset_within,
    "short": short,
    "timeout": timeout,
    "slow": slow,
    "oversized": oversized,
}
