"""The emulators of warehouses, each started once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import emulators
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def bigquery_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[emulators.Emulator]:
    """BigQuery, on loopback."""
    with emulators.bigquery(tmp_path_factory.mktemp("bigquery")) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def snowflake_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[emulators.Emulator]:
    """Snowflake, on loopback."""
    with emulators.snowflake(tmp_path_factory.mktemp("snowflake")) as emulator:
        yield emulator
