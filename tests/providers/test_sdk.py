"""The SDK's standard tests of a tap, on every stream of each provider."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from sandbox import PROVIDERS, Sandbox
from sandbox.providers import load
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


# The configurations are needed when the tests are collected, before the sandbox runs.
OPTIONS: dict[str, Any] = {
    name: {"size": 20, "limit": None, "port": free_port(), "products": load(name).products}
    for name in PROVIDERS
}
SANDBOX = Sandbox(**OPTIONS)


@pytest.fixture(scope="module", autouse=True)
def _sandbox() -> Iterator[None]:
    with SANDBOX:
        yield


for provider, settings in SANDBOX.config().items():
    globals()[f"Test_{provider}"] = get_tap_test_class(
        TapCDNCerts,
        config={provider: settings},
        suite_config=SuiteConfig(ignore_no_records_for_streams=["sync_errors"]),
    )
