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
        runners: list[web.ServerRunner] = []
        try:
            for api in self.apis.values():
                # Without a cancellation, a client that left a slow answer would be served to its end.
                server = web.Server(self._control_or(api), handler_cancellation=True, access_log=None)
                runner = web.ServerRunner(server, shutdown_timeout=0.1)
                await runner.setup()
                runners.append(runner)
                await web.TCPSite(runner, LOOPBACK, api.port, backlog=1024).start()
                api.port = runner.addresses[0][1]
            self._ready.set_result(None)
            await self._stop.wait()
        finally:
            for site in [site for runner in runners for site in runner.sites]:
                await site.stop()
            # What was accepted last becomes a connection, which is closed with the others.
            for _ in range(5):
                await asyncio.sleep(0)
            for runner in runners:
                await runner.cleanup()

    def _control_or(self, api: API[Any]) -> Callable[[web.BaseRequest], Any]:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if request.path.startswith(CONTROL):
                return await control(self, request)
            return await api.handle(request)

        return handle
