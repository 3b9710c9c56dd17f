"""A TLS server on loopback that any name leads to, each of whose handshakes takes a while."""

from __future__ import annotations

import asyncio
import random
import ssl
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox.chains import DAY, Leaf, make, private_key, root

LATENCY = 0.1


async def main(folder: Path) -> None:
    """Serve until the process ends; writes the port and the root's certificate into a folder."""
    now = datetime.now(UTC)
    leaf = Leaf("*.example.com", -DAY, 80 * DAY, ("*.example.com",), key="p-256", issuer="Example ECC CA 2")
    pem = private_key(leaf.key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (folder / "server.pem").write_text(pem + make(leaf, now, random.Random(1)).pem)  # noqa: S311 - no secret
    (folder / "root.pem").write_text(root(now))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    async def shake_hands(transport: asyncio.BaseTransport) -> None:
        await asyncio.sleep(LATENCY)
        with suppress(OSError):
            await loop.start_tls(transport, asyncio.Protocol(), context, server_side=True)  # type: ignore[arg-type]

    class Later(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.pause_reading()  # type: ignore[attr-defined]
            task = loop.create_task(shake_hands(transport))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await loop.create_server(Later, "127.0.0.1", 0, backlog=1024)
    (folder / "port.part").write_text(str(server.sockets[0].getsockname()[1]))
    (folder / "port.part").rename(folder / "port")
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
