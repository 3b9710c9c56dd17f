"""What a process other than the sandbox's own can ask it, at each provider's address."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.faults import Fault

if TYPE_CHECKING:
    from sandbox.accounts import Accounts

CONTROL = "/_sandbox/"


async def control(accounts: Accounts, request: web.BaseRequest) -> web.Response:
    """Return what was seen, switch a fault on or all off, or forget what was seen."""
    match request.method, request.path.removeprefix(CONTROL):
        case "GET", "statistics":
            return web.json_response(accounts.statistics())
        case "GET", "requests":
            fields = ("time", "provider", "operation", "key", "status", "code")
            return web.json_response(
                [{name: getattr(each, name) for name in fields} for each in list(accounts.requests)]
            )
        case "POST", "faults":
            try:
                accounts.faults.add(Fault(**json.loads(await request.read())))
            except (TypeError, ValueError) as error:
                return web.json_response({"error": str(error)}, status=400)
        case "DELETE", "faults":
            accounts.faults.clear()
        case "POST", "reset":
            accounts.reset()
        case _:
            return web.json_response({"error": "no such control"}, status=404)
    return web.json_response({})
