"""The sandbox: both APIs, each on a port of the loopback address, in a thread of their own."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections import Counter, OrderedDict
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from sandbox import alicloud, cdnetworks, inventory
from sandbox.faults import Fault, Faults
from sandbox.limits import Limit, worst_window

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.api import API
    from sandbox.messages import Request

LOOPBACK = "127.0.0.1"
CONTROL = "/_sandbox/"
UNLIMITED = (100_000, 1)


class Sandbox:
    """Both providers' APIs on loopback, with a made-up inventory, while its context lasts."""

    def __init__(  # noqa: PLR0913, PLR0917 - all have defaults
        self,
        domains: int = 1200,
        certificates: int = 24,
        seed: int = 1,
        latency: float = 0.0,
        alicloud_limit: tuple[int, float] | None = (100, 1),
        cdnetworks_limit: tuple[int, float] | None = (10, 300),
        now: datetime | None = None,
        alicloud_port: int = 0,
        cdnetworks_port: int = 0,
    ) -> None:
        self.now = now = (now or datetime.now(UTC)).replace(microsecond=0)
        self.alicloud = inventory.domains(domains, seed, now)
        self.cdnetworks = inventory.certificates(certificates, seed, now)
        self.latency = latency
        self.clock_offset = 0.0
        self.cdnetworks_json: str | None = None
        self.cdnetworks_encoding = "UTF-8"
        self.during_listing: Callable[[], object] | None = None
        self.requests: list[Request] = []
        self.faults = Faults(seed)
        self.alicloud_url = self.cdnetworks_url = ""
        self._random = random.Random(seed)
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._apis: tuple[API, API] = (
            alicloud.AlibabaCloud(self, Limit(*alicloud_limit) if alicloud_limit else None),
            cdnetworks.CDNetworks(self, Limit(*cdnetworks_limit) if cdnetworks_limit else None),
        )
        self.ports = alicloud_port, cdnetworks_port
        self._ready: Future[list[str]] = Future()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.alicloud_url, self.cdnetworks_url = self._ready.result()
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
        runners = []
        urls = []
        try:
            for api, port in zip(self._apis, self.ports, strict=True):
                handler = self._control_or(api) if api.provider == "alicloud" else api.handle
                # Without a cancellation, a client that left a slow answer would be served to its end.
                server = web.Server(handler, handler_cancellation=True, access_log=None)
                runner = web.ServerRunner(server, shutdown_timeout=0.1)
                await runner.setup()
                runners.append(runner)
                await web.TCPSite(runner, LOOPBACK, port, backlog=1024).start()
                urls.append(f"http://{LOOPBACK}:{runner.addresses[0][1]}")
            self._ready.set_result(urls)
            await self._stop.wait()
        finally:
            for runner in runners:
                await runner.cleanup()

    def config(self, *, sts: bool = False, aksk: bool = False) -> dict[str, Any]:
        """Return a configuration of the tap, with temporary credentials or an access key where told."""
        key = alicloud.STS if sts else alicloud.KEY
        settings: dict[str, dict[str, Any]] = {
            "alicloud": {"access_key_id": key.id, "access_key_secret": key.secret},
            "cdnetworks": {"username": cdnetworks.USERNAME, "api_key": cdnetworks.API_KEY},
        }
        if key.token:
            settings["alicloud"]["security_token"] = key.token
        if aksk:
            settings["cdnetworks"] = {
                "access_key_id": cdnetworks.ACCESS_KEY,
                "access_key_secret": cdnetworks.SECRET_KEY,
            }
        for api, url in zip(self._apis, (self.alicloud_url, self.cdnetworks_url), strict=True):
            requests, period = api.rate_limit.limit or UNLIMITED
            settings[api.provider] |= {
                "api_url": url,
                "rate_limit_requests": requests,
                "rate_limit_period": period,
            }
        return settings

    def time(self) -> float:
        """Return the time by the servers' clock."""
        return time.time() + self.clock_offset

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

    @property
    def refused(self) -> int:
        """How many calls were answered that they are too many."""
        return sum(request.throttled for request in self.requests)

    @property
    def forbidden(self) -> list[Request]:
        """The calls of operations that return private keys."""
        never = {name for api in self._apis for name in api.never}
        return [request for request in self.requests if request.operation in never]

    def worst(self, operation: str) -> int:
        """Return the largest number of calls of an operation in any window of its limit's period."""
        requests = [request for request in self.requests if request.operation == operation]
        if not requests:
            return 0
        api = next(api for api in self._apis if api.provider == requests[0].provider)
        seconds = api.rate_limit.limit.seconds if api.rate_limit.limit else 1.0
        return worst_window([request.time for request in requests], seconds)

    def rotate(self, certificate_id: str) -> None:
        """Renew a certificate of the CDNetworks account."""
        now = datetime.fromtimestamp(int(self.time()), UTC)
        inventory.rotate(self.cdnetworks[certificate_id], now, self._random)

    def reset(self) -> None:
        """Forget the requests so far, for the log and for the rate limits."""
        self.requests.clear()
        for api in self._apis:
            api.rate_limit.reset()

    def statistics(self) -> dict[str, Any]:
        """Return the log of requests in numbers."""
        requests = list(self.requests)
        operations = {}
        for operation in sorted({request.operation for request in requests}):
            own = [request for request in requests if request.operation == operation]
            operations[operation] = {
                "requests": len(own),
                "status": Counter(str(request.status) for request in own),
                "code": Counter(request.code for request in own if request.code),
                "refused": sum(request.throttled for request in own),
                "worst": self.worst(operation),
                "first": own[0].time,
                "last": own[-1].time,
            }
        return {
            "requests": len(requests),
            "refused": self.refused,
            "forbidden": len(self.forbidden),
            "operations": operations,
        }

    def _control_or(self, api: API) -> Callable[[web.BaseRequest], Any]:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if request.path.startswith(CONTROL):
                return await self._control(request)
            return await api.handle(request)

        return handle

    async def _control(self, request: web.BaseRequest) -> web.Response:
        """Return what a process other than the sandbox's own can ask it."""
        match request.method, request.path.removeprefix(CONTROL):
            case "GET", "statistics":
                return web.json_response(self.statistics())
            case "GET", "requests":
                fields = ("time", "provider", "operation", "key", "status", "code")
                return web.json_response([{f: getattr(r, f) for f in fields} for r in list(self.requests)])
            case "POST", "faults":
                try:
                    self.faults.add(Fault(**json.loads(await request.read())))
                except (TypeError, ValueError) as error:
                    return web.json_response({"error": str(error)}, status=400)
            case "DELETE", "faults":
                self.faults.clear()
            case "POST", "reset":
                self.reset()
            case _:
                return web.json_response({"error": "no such control"}, status=404)
        return web.json_response({})
