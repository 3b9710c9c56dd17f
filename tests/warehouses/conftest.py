"""The warehouses, each with the models of one output of the tap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import emulators
import loading
import pytest
from building import MARTS, build, ordered
from warehouses import NOW, duckdb_warehouse
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from building import Rows
    from emulators import Emulator
    from warehouses import Warehouse

# A build asks whether the models are as they say; here they have to be as in DuckDB.
FEWER = ("--exclude-resource-type", "test")


class OneWorkerForEach(LoadScopeScheduling):
    """Gives each warehouse to a worker of its own; xdist 3.8 does not see the groups of pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return next((kind for kind in ("bigquery", "snowflake", "spark") if kind in nodeid), nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneWorkerForEach:
    """Says to xdist who runs what."""
    return OneWorkerForEach(config, log)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the tap wrote."""
    return loading.tap_output(tmp_path_factory.mktemp("tap"))


@pytest.fixture(scope="session")
def duckdb_built(
    written: str, tmp_path_factory: pytest.TempPathFactory, target_duckdb: str, dbt: str
) -> Warehouse:
    """DuckDB, with the models."""
    warehouse = duckdb_warehouse(tmp_path_factory.mktemp("duckdb"), target_duckdb, dbt)
    warehouse.load_lines(written)
    warehouse.build("build", *FEWER, "unit_test", "--vars", f"{{now: '{NOW}'}}")
    return warehouse


@pytest.fixture(scope="session")
def expected(duckdb_built: Warehouse) -> Rows:
    """The marts in DuckDB, and what they were."""
    kept = (*MARTS, "certificates_history")
    return {name: ordered(duckdb_built.query(f"select * from cdn_certs_marts.{name}")) for name in kept}


@pytest.fixture(scope="session")
def bigquery_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """BigQuery, on loopback."""
    with emulators.bigquery(tmp_path_factory.mktemp("bigquery")) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def snowflake_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Snowflake, on loopback."""
    with emulators.snowflake(tmp_path_factory.mktemp("snowflake")) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def bigquery_built(bigquery_emulator: Emulator, written: str) -> Emulator:
    """BigQuery, with the models."""
    loading.load_bigquery(bigquery_emulator, written)
    own = {name: bigquery_emulator.connection[name] for name in ("project", "keyfile")}
    build(bigquery_emulator, {f"CERTS_BIGQUERY_{name.upper()}": value for name, value in own.items()}, *FEWER)
    return bigquery_emulator


@pytest.fixture(scope="session")
def snowflake_built(snowflake_emulator: Emulator, written: str) -> Emulator:
    """Snowflake, with the models."""
    loading.load_snowflake(snowflake_emulator, written)
    own = {name: snowflake_emulator.connection[name] for name in ("account", "user", "password", "database")}
    variables = {f"CERTS_SNOWFLAKE_{name.upper()}": value for name, value in own.items()}
    build(snowflake_emulator, variables, *FEWER)
    return snowflake_emulator


@pytest.fixture(scope="session")
def spark_built(written: str, tmp_path_factory: pytest.TempPathFactory, target_jsonl: str) -> Emulator:
    """Spark, with the models."""
    spark = emulators.spark(tmp_path_factory.mktemp("spark"))
    loading.load_spark(spark, written, target_jsonl)
    # A snapshot changes rows, which Spark's own files cannot.
    build(spark, {"CERTS_SPARK_METHOD": "session"}, *FEWER, "snapshot")
    return spark
