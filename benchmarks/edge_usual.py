"""The certificates that hosts serve, read as most scripts do it: with `ssl`, in a loop or in many threads."""

from __future__ import annotations

import json
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509


def certificate(address: tuple[str, int], context: ssl.SSLContext, host: str) -> dict[str, Any]:
    """The end of a host's certificate; nothing of its chain, and nothing at all if it is not trusted."""
    with (
        socket.create_connection(address, timeout=10) as connection,
        context.wrap_socket(connection, server_hostname=host) as secured,
    ):
        leaf = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
        return {"host": host, "not_after": leaf.not_valid_after_utc.isoformat()}


def main(config: dict[str, Any], threads: int) -> None:
    """Prints a line of JSON for each host."""
    context = ssl.create_default_context(cafile=config["ca_bundle"])
    name, _, port = config["connect_to"].partition(":")
    read = partial(certificate, (name, int(port)), context)
    with ThreadPoolExecutor(threads) as pool:
        for row in pool.map(read, config["domains"]) if threads > 1 else map(read, config["domains"]):
            print(json.dumps(row))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8")), int(sys.argv[1]))
