"""Feed answers to the parsers for a while, led by the code that they reach: python -m fuzz --seconds 600."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import atheris

with atheris.instrument_imports(include=["tap_cdn_certs"]):
    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.errors import APIError
    from tap_cdn_certs.providers import PROVIDERS
    from tap_cdn_certs.records import values, x509
    from tap_cdn_certs.tap import TapCDNCerts

from requests.structures import CaseInsensitiveDict

from fuzz.answers import read_all, seeds, take
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

HEADERS = CaseInsensitiveDict({"Date": "now", "Retry-After": "1"})


def target(tap: TapCDNCerts) -> Callable[[bytes], None]:
    """What is called with each input."""
    clients = [PROVIDERS[name].CLIENT(tap.config[name], Event()) for name in PROVIDERS]

    def test(data: bytes) -> None:
        kind, content = data[:1], data[1:]
        if kind == b"t":
            written = content.decode(errors="replace")
            take(lambda: values.utc({"time": written}, "time", values.CST))
        elif kind == b"x":
            pem = content.decode(errors="replace")
            take(lambda: [x509.certificates(pem), x509.leaf_fields(pem)[0]])
        else:
            answer = Answer(400, HEADERS, content)
            for client in clients:
                error = client.fail("Operation", client.host(), answer)
                if not f"{error.code}{error.message}{error.request_id}".isprintable():
                    raise AssertionError(error)
                try:
                    value = client.parse(answer)
                except APIError:
                    continue
                read_all(tap.streams, value)
            tap.run.report.errors.clear()

    return test


def main() -> None:
    """Run until the time is over, or something is wrong: its input is then in the working directory."""
    parser = argparse.ArgumentParser("python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="where inputs that reach new code are kept")
    arguments = parser.parse_args()
    logging.disable()
    with Sandbox() as sandbox:
        tap = TapCDNCerts(config=sandbox.config())
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds()):
            Path(folder, str(number)).write_bytes(seed)
        corpus = arguments.corpus or Path(folder, "corpus")
        corpus.mkdir(parents=True, exist_ok=True)
        options = {"max_total_time": arguments.seconds, "max_len": 2**16, "timeout": 10, "rss_limit_mb": 1000}
        flags = [f"-{name}={value}" for name, value in options.items()]
        atheris.Setup([sys.argv[0], str(corpus), folder, *flags], target(tap))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
