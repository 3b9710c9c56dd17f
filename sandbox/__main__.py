"""Serve the sandbox until it is told to stop: python -m sandbox."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from sandbox import Sandbox


def limit(text: str) -> tuple[int, float]:
    """Return a rate limit, as requests/seconds."""
    requests, _, seconds = text.partition("/")
    return int(requests), float(seconds)


def write(path: Path, content: object) -> None:
    """Write a file that is complete as soon as it is there."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser("python -m sandbox", description=__doc__)
    parser.add_argument("--port-alicloud", type=int, default=0, help="0: any free port")
    parser.add_argument("--port-cdnetworks", type=int, default=0, help="0: any free port")
    parser.add_argument("--domains", type=int, default=1200)
    parser.add_argument("--certificates", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="milliseconds")
    parser.add_argument("--alicloud-limit", type=limit, default="100/1", metavar="REQUESTS/SECONDS")
    parser.add_argument("--cdnetworks-limit", type=limit, default="10/300", metavar="REQUESTS/SECONDS")
    parser.add_argument("--unlimited", action="store_true", help="no rate limits")
    parser.add_argument("--ready-file", type=Path, help="is written, with the URLs, when the sandbox listens")
    parser.add_argument("--config-file", type=Path, help="a configuration of the tap, written likewise")
    arguments = parser.parse_args()

    # Blocked before there are threads, so that the signals wait for this one.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with Sandbox(
        domains=arguments.domains,
        certificates=arguments.certificates,
        seed=arguments.seed,
        latency=arguments.latency / 1000,
        alicloud_limit=None if arguments.unlimited else arguments.alicloud_limit,
        cdnetworks_limit=None if arguments.unlimited else arguments.cdnetworks_limit,
        alicloud_port=arguments.port_alicloud,
        cdnetworks_port=arguments.port_cdnetworks,
    ) as sandbox:
        urls = {"alicloud_url": sandbox.alicloud_url, "cdnetworks_url": sandbox.cdnetworks_url}
        sys.stdout.write(json.dumps(urls) + "\n")
        sys.stdout.flush()
        for path, content in ((arguments.ready_file, urls), (arguments.config_file, sandbox.config())):
            if path:
                write(path, content)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
