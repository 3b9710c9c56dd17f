"""The SDK's standard tests of a tap, on every stream."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from sandbox import Sandbox
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


# The configuration is needed when the tests are collected, before the sandbox runs.
SANDBOX = Sandbox(
    alicloud={"size": 40, "limit": None, "port": free_port()},
    cdnetworks={"size": 14, "limit": None, "port": free_port()},
)
CONFIG = SANDBOX.config()


@pytest.fixture(scope="module", autouse=True)
def _sandbox() -> Iterator[None]:
    with SANDBOX:
        yield


TestTapCDNCerts = get_tap_test_class(
    TapCDNCerts,
    config=CONFIG,
    suite_config=SuiteConfig(ignore_no_records_for_streams=["sync_errors"]),
)
