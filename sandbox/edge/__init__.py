"""What the edge serves for some of the domains that the accounts have: real TLS servers on loopback."""

from __future__ import annotations

import asyncio
import random
import ssl
import tempfile
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox.api import LOOPBACK
from sandbox.chains import DAY, ODDITIES, make, pool, private_key, root

if TYPE_CHECKING:
    from sandbox.state import State

AS_CONFIGURED = (
    *("www.example.com", "xn--fiq228c.example.com", "next.example.com"),
    *("expired.example.com", "self.example.net", "cn-only.example.org"),
)
# It was renewed, and the edge has the certificate from before, which ends in a few days.
NOT_RENEWED = "staple.example.org"
WITHOUT_INTERMEDIATE = "ip.example.net"
ANOTHER_NAMES = "days.example.com"
SILENT = "hours.example.com"
SECONDS = 2


class Edge:
    """Servers for domains that a sandbox's accounts have certificates for, while the context lasts."""

    def __init__(self, state: State, port: int = 0) -> None:
        self._port = port
        odd, _ = pool(state.seed, state.now)
        leaves = {leaf.common_name: leaf for leaf in ODDITIES}
        configured = {leaf.common_name: chain.pem for leaf, chain in zip(ODDITIES, odd, strict=True)}
        before = replace(leaves[NOT_RENEWED], starts=-85 * DAY, ends=5 * DAY)
        self.chains = {name: configured[name] for name in AS_CONFIGURED}
        """What is served, by name."""
        self.chains[NOT_RENEWED] = make(before, state.now, random.Random(state.seed)).pem
        end = "-----END CERTIFICATE-----\n"
        self.chains[WITHOUT_INTERMEDIATE] = configured[WITHOUT_INTERMEDIATE].partition(end)[0] + end
        self.chains[ANOTHER_NAMES] = configured["www.example.com"]
        self._keys = {name: leaves[name].key for name in self.chains}
        self._keys[ANOTHER_NAMES] = leaves["www.example.com"].key
        self._root = root(state.now)

    @property
    def names(self) -> list[str]:
        """The domains that it is asked for."""
        return [*self.chains, SILENT]

    def config(self) -> dict[str, Any]:
        """Return the tap's settings of the edge."""
        return {
            # Of what the accounts have, these alone, and none that they do not have: a glob for each.
            "domains": [f"{name}*" for name in self.names],
            "connect_to": {
                SILENT: f"{LOOPBACK}:{self._ports[1]}",
                "*": f"{LOOPBACK}:{self._ports[0]}",
            },
            "ca_bundle": str(self._folder / "root.pem"),
            "timeout": SECONDS,
        }

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="edge-")
        self._folder = Path(self._temporary.name)
        (self._folder / "root.pem").write_text(self._root)
        self._ready: Future[list[int]] = Future()
        self._thread = threading.Thread(target=self._run, name="edge", daemon=True)
        self._thread.start()
        self._ports = self._ready.result()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._temporary.cleanup()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - raised where the servers are entered
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        servers = [
            await self._loop.create_server(asyncio.Protocol, LOOPBACK, port, ssl=context)
            # The second one never speaks.
            for port, context in ((self._port, self._context()), (0, None))
        ]
        self._ready.set_result([server.sockets[0].getsockname()[1] for server in servers])
        await self._stop.wait()
        for server in servers:
            server.close()

    def _context(self) -> ssl.SSLContext:
        """Return a context that serves each name with its chain, and no other name."""
        contexts = {name: self._context_of(name) for name in self.chains}

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
            if name not in contexts:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = contexts[name]
            return None

        context = self._context_of("www.example.com")
        context.sni_callback = choose
        return context

    def _context_of(self, name: str) -> ssl.SSLContext:
        key = private_key(self._keys[name])
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        path = self._folder / "server.pem"
        path.write_text(pem + self.chains[name])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        path.unlink()
        return context
