"""The SDK's standard tests of a tap, on the stream of what hosts serve."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from sandbox import Sandbox
from sandbox.edge import AS_CONFIGURED, Edge
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator

# The configuration is needed when the tests are collected, before a server runs.
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    PORT = free.getsockname()[1]


@pytest.fixture(scope="module", autouse=True)
def _edge() -> Iterator[None]:
    with Edge(Sandbox(), port=PORT):
        yield


TestEdge = get_tap_test_class(
    TapCDNCerts,
    config={"edge": {"domains": [*AS_CONFIGURED], "connect_to": f"127.0.0.1:{PORT}"}},
    suite_config=SuiteConfig(ignore_no_records_for_streams=["sync_errors"]),
)
