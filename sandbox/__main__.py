"""Serve the sandbox until it is told to stop: python -m sandbox."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sandbox import PROVIDERS, Sandbox
from sandbox.edge import Edge
from sandbox.providers import load


def limit(text: str) -> tuple[int, float]:
    """Return a rate limit, as requests/seconds."""
    requests, _, seconds = text.partition("/")
    return int(requests), float(seconds)


def write(path: Path, content: object) -> None:
    """Write a file that is complete as soon as it is there."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def parse() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser("python -m sandbox", description=__doc__)
    parser.add_argument("providers", nargs="*", metavar="provider", help="all, if none is named")
    for provider in PROVIDERS:
        parser.add_argument(f"--{provider}-port", type=int, help="any free port, if it is not given")
        parser.add_argument(f"--{provider}-size", type=int, metavar="KEYS", help="as many domains, say")
        parser.add_argument(f"--{provider}-limit", type=limit, metavar="REQUESTS/SECONDS")
    parser.add_argument("--edge", action="store_true", help="what is served for some of the domains, too")
    parser.add_argument("--options", type=json.loads, default={}, help='others: {"provider": {"name": …}}')
    parser.add_argument("--unlimited", action="store_true", help="no rate limits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="milliseconds")
    parser.add_argument("--ready-file", type=Path, help="is written, with the URLs, when the sandbox listens")
    parser.add_argument("--config-file", type=Path, help="a configuration of the tap, written likewise")
    arguments = parser.parse_intermixed_args()
    for provider in arguments.providers:
        if provider not in PROVIDERS:
            parser.error(f"there is no provider {provider!r}, but {', '.join(PROVIDERS)}")
    return arguments


def options(arguments: argparse.Namespace, provider: str) -> dict[str, Any]:
    """Return the options of a provider: those that were given."""
    names = ("port", "size", "limit")
    given = {name: getattr(arguments, f"{provider}_{name}") for name in names}
    told = {name: value for name, value in given.items() if value is not None}
    told["products"] = load(provider).products
    told |= arguments.options.get(provider, {})
    return {**told, "limit": None} if arguments.unlimited else told


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    arguments = parse()
    providers = arguments.providers or PROVIDERS
    own: dict[str, Any] = {provider: options(arguments, provider) for provider in providers}
    # Blocked before there are threads, so that the signals wait for this one.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(seed=arguments.seed, latency=arguments.latency / 1000, **own))
        config = sandbox.config()
        if arguments.edge:
            config["edge"] = stack.enter_context(Edge(sandbox)).config()
        urls = {provider: api.url for provider, api in sandbox.apis.items()}
        sys.stdout.write(json.dumps(urls) + "\n")
        sys.stdout.flush()
        for path, content in ((arguments.ready_file, urls), (arguments.config_file, config)):
            if path:
                write(path, content)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
