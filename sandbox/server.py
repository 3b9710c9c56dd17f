"""The sandbox: providers' APIs, each on a port of the loopback address, in a thread of their own."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from sandbox.accounts import Accounts
from sandbox.api import LOOPBACK
from sandbox.control import CONTROL, control

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.api import API


class Sandbox(Accounts):
    """The providers' APIs on loopback, each with a made-up account, while the context lasts."""

    def __enter__(self) -> Self:
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        self._ready.result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - raised where the sandbox is entered
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        listening: list[tuple[web.Server, asyncio.Server]] = []
        try:
            for api in self.apis.values():
                # Without a cancellation, a client that left a slow answer would be served to its end.
                server = web.Server(self._control_or(api), handler_cancellation=True, access_log=None)
                listener = await self._loop.create_server(server, LOOPBACK, api.port, backlog=1024)
                listening.append((server, listener))
                api.port = listener.sockets[0].getsockname()[1]
            self._ready.set_result(None)
            await self._stop.wait()
        finally:
            # What is accepted becomes a connection before the end: Python 3.11 would not close it.
            for each in (each for _, listener in listening for each in listener.sockets):
                self._loop.remove_reader(each)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            for server, listener in listening:
                listener.close()
                await server.shutdown(0.1)

    def _control_or(self, api: API[Any]) -> Callable[[web.BaseRequest], Any]:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if request.path.startswith(CONTROL):
                return await control(self, request)
            return await api.handle(request)

        return handle
