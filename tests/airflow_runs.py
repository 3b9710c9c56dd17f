"""What `make test-airflow` runs: a real Airflow into a real PostgreSQL; ten minutes, some of them waiting."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import requests
import yaml
from cases import APIS, streams
from process import KEYS
from psycopg.conninfo import conninfo_to_dict

from sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Tasks = dict[tuple[str, str], dict[str, Any]]

ROOT = Path(__file__).parents[1]
AIRFLOW = ROOT / ".venv-airflow" / "bin" / "airflow"
INFO = "DescribeDomainCertificateInfo"
PROVIDER = "alicloud"
# The last has wrong credentials; the second one's machine is lost on the way.
ACCOUNTS = ("shop", "group-cn", "closed")
LOST = ACCOUNTS[1]
# Of it nothing is known but its label: a provider's own tools could find anybody's credentials.
FORGOTTEN = "forgotten"


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    """The provider's side of each account; of one, an answer does not come, once."""
    options = {"limit": None, "products": APIS[PROVIDER].products}
    with ExitStack() as stack:
        sandboxes = {
            name: stack.enter_context(Sandbox(**{PROVIDER: {**options, "size": 60 + 20 * seed}}, seed=seed))
            for seed, name in enumerate(ACCOUNTS, 1)
        }
        sandboxes[LOST].faults.add(Fault("timeout", INFO, last(sandboxes[LOST]), times=1))
        yield sandboxes


def last(sandbox: Sandbox) -> str:
    """The domain of which the answer does not come."""
    return sandbox[PROVIDER].keys(INFO)[-1]


def checkout(project: Path) -> Path:
    """A checkout with the accounts, and with what is installed in this one."""
    for name in ("meltano.yml", "scripts", "orchestrate"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, project / name)
    for name in (".venv-meltano", "transform"):
        (project / name).symlink_to(ROOT / name)
    (project / ".meltano").mkdir()
    for kind in ("extractors", "loaders", "utilities"):
        (project / ".meltano" / kind).symlink_to(ROOT / ".meltano" / kind)
    extractors = [
        {
            "name": f"tap-cdn-certs--{name}",
            "inherit_from": "tap-cdn-certs-base",
            "config": {f"{PROVIDER}.account": name},
        }
        for name in (*ACCOUNTS, FORGOTTEN)
    ]
    accounts = {"plugins": {"extractors": extractors}}
    (project / "accounts.meltano.yml").write_text(yaml.safe_dump(accounts, sort_keys=False))
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout of which Airflow runs the DAG."""
    return checkout(tmp_path_factory.mktemp("project"))


def machine(project: Path) -> dict[str, str]:
    """What a machine has in its environment, whichever account it reads, and no secret."""
    others = re.compile("TAP_CDN_CERTS|TARGET_|CDN_CERTS_|CERTS_|DBT_|MELTANO_|AIRFLOW")
    return {
        **{name: value for name, value in os.environ.items() if not others.match(name)},
        "MELTANO_PROJECT_ROOT": str(project),
        "MELTANO_AUTO_INSTALL": "false",
        "CDN_CERTS_REPORT_HTML": str(project / "report.html"),
        "DBT_TARGET_PATH": str(project / "dbt"),
        "DBT_LOG_PATH": str(project / "dbt"),
        "DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test",
    }


def shared(certs: str, meltano: str) -> dict[str, Any]:
    """What the connection of all accounts has, as somebody would write it: a port is a number."""
    server = conninfo_to_dict(certs)
    return {
        "TARGET_POSTGRES_HOST": server["host"],
        "TARGET_POSTGRES_PORT": int(str(server["port"])),
        "TARGET_POSTGRES_USER": server["user"],
        "TARGET_POSTGRES_PASSWORD": "s3cr3t-of-the-database",
        "TARGET_POSTGRES_DATABASE": server["dbname"],
        "CDN_CERTS_REPORT_DATABASE": certs,
        "MELTANO_DATABASE_URI": meltano.replace("postgresql:", "postgresql+psycopg:"),
    }


def own(name: str, sandbox: Sandbox) -> dict[str, Any]:
    """What an account's connection has."""
    prefix = f"TAP_CDN_CERTS__{name.upper().replace('-', '_')}_ALICLOUD_"
    settings = {f"{prefix}{key.upper()}": value for key, value in sandbox.config()[PROVIDER].items()}
    if name == ACCOUNTS[-1]:
        settings[f"{prefix}ACCESS_KEY_SECRET"] = "s3cr3t-of-yesterday"
    return settings


def texts(settings: dict[str, Any]) -> dict[str, str]:
    """Settings as an environment has them."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in settings.items()}


class Airflow:
    """A running Airflow, asked by its API."""

    def __init__(self, url: str, home: Path, certs: str, meltano: str) -> None:
        self.url, self.home, self.certs, self.meltano = url, home, certs, meltano
        self.session = requests.Session()

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """What the API answers."""
        answer = self.session.request(method, f"{self.url}/api/v2/{path}", json=body or None, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def log_in(self) -> bool:
        """Whether all is up, and the DAG was read."""
        with suppress(requests.RequestException):
            token = self.session.get(f"{self.url}/auth/token", timeout=5).json()["access_token"]
            self.session.headers["Authorization"] = f"Bearer {token}"
            assert not self.ask("GET", "importErrors")["import_errors"]
            return "cdn_certs" in {dag["dag_id"] for dag in self.ask("GET", "dags")["dags"]}
        return False

    def run(self) -> None:
        """Begin a run, as somebody would who cannot wait for the schedule."""
        self.ask("PATCH", "dags/cdn_certs", is_paused=False)
        self.path = "dags/cdn_certs/dagRuns/test"
        self.ask("POST", "dags/cdn_certs/dagRuns", dag_run_id="test", logical_date=None)

    def state(self) -> str:
        """The state of the run."""
        return str(self.ask("GET", self.path)["state"])

    def tasks(self) -> Tasks:
        """The tasks of the run, by their names and accounts."""
        tasks = self.ask("GET", f"{self.path}/taskInstances")["task_instances"]
        names = {-1: "", **dict(enumerate((*ACCOUNTS, FORGOTTEN)))}
        return {(task["task_id"], names[task["map_index"]]): task for task in tasks}


@contextmanager
def started(environment: dict[str, str], home: Path, *names: str) -> Iterator[None]:
    """Run parts of Airflow, and end them, and what they began."""
    processes = []
    try:
        for name in names:
            with (home / f"{name.split()[0]}.log").open("wb") as log:
                command = [AIRFLOW, *name.split()]
                processes.append(
                    subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
                )
        yield
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for pid in meltano_runs(environment["MELTANO_PROJECT_ROOT"]):
            os.killpg(pid, signal.SIGKILL)


def meltano_runs(project: str | Path, extractor: str = "") -> list[int]:
    """The processes of Meltano in a project, each the leader of a group that has its tap and its target."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            command = path.read_bytes().decode(errors="replace").split("\0")
            if f"{project}/.venv-meltano/bin/meltano" in command and extractor in {"", *command}:
                found.append(int(path.parent.name))
    return found


def wait_for(holds: Callable[[], Any], seconds: float) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.5)


@pytest.fixture(scope="module")
def airflow(
    project: Path,
    sandboxes: dict[str, Sandbox],
    new_postgres_database: Callable[[], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Airflow]:
    """An Airflow that has the DAG, its connections and its pool, and two empty databases for it."""
    home = tmp_path_factory.mktemp("airflow")
    certs, meltano = new_postgres_database(), new_postgres_database()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    # Of the one with wrong credentials there is no connection, but what the machine has in its environment.
    *connected, (_, unconnected) = [(name, own(name, sandbox)) for name, sandbox in sandboxes.items()]
    connections = {"": shared(certs, meltano)}
    connections |= {f"_{name.replace('-', '_')}": extra for name, extra in connected}
    environment = {
        **machine(project),
        **texts(unconnected),
        **{
            f"AIRFLOW_CONN_CDN_CERTS{name.upper()}": json.dumps({"conn_type": "generic", "extra": extra})
            for name, extra in connections.items()
        },
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": url.rpartition(":")[2],
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": "of-the-test-and-of-as-many-bytes-as-are-asked-for-by-its-algorithm",
        "AIRFLOW__CORE__DAGS_FOLDER": str(project / "orchestrate" / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "true",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "false",
    }
    for command in ("db migrate", f"pools set cdn_{PROVIDER} 4 {PROVIDER}"):
        done = subprocess.run(
            [AIRFLOW, *command.split()], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    parts = ("api-server", "scheduler --skip-serve-logs", "dag-processor")
    with started(environment, home, *parts):
        airflow = Airflow(url, home, certs, meltano)
        wait_for(airflow.log_in, 120)
        yield airflow


@pytest.fixture(scope="module")
def lost(airflow: Airflow, project: Path, sandboxes: dict[str, Sandbox]) -> float:
    """When, in a run, an account's machine was lost: its task, its Meltano, its tap and its target."""
    airflow.run()
    key = last(sandboxes[LOST])
    wait_for(lambda: any(request.key == key for request in sandboxes[LOST].requests), 240)
    (run,) = meltano_runs(project, f"tap-cdn-certs--{LOST}")
    os.kill(airflow.tasks()["sync_alicloud", LOST]["pid"], signal.SIGKILL)
    os.killpg(run, signal.SIGKILL)
    return time.monotonic()


def rows(url: str, table: str) -> list[dict[str, Any]]:
    """The rows of a table."""
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(f"table {table}".encode()).fetchall()


def assert_whole(url: str, sandboxes: dict[str, Sandbox], *read: str) -> None:
    """Of the accounts that could be read all rows are there, apart, none twice; of the other none."""
    for stream in streams(PROVIDER):
        account, *key = KEYS[stream.name]
        found = Counter(
            (row[account], "/".join(row[name] for name in key))
            for row in rows(url, f"cdn_certs.{stream.name}")
        )
        held = {(name, key) for name in read for key in sandboxes[name][PROVIDER].records(stream.operation)}
        assert found == Counter(held), stream.name
    syncs = Counter((row["account"], row["complete"]) for row in rows(url, "cdn_certs.syncs"))
    assert {name for name, complete in syncs if complete} == set(read)


@pytest.mark.usefixtures("lost")
def test_ten_first_days_in_a_row_meet_nowhere(
    tmp_path: Path, sandboxes: dict[str, Sandbox], new_postgres_database: Callable[[], str]
) -> None:
    """What the DAG runs, into empty databases; without Airflow, which waits to run again what was lost."""
    project = checkout(tmp_path)

    def run(extractor: str, settings: dict[str, Any]) -> int:
        command = [project / ".venv-meltano" / "bin" / "meltano", "run", extractor, "target-postgres"]
        environment = machine(project) | texts(settings)
        return subprocess.run(command, env=environment, cwd=project, check=False).returncode

    with ThreadPoolExecutor(len(ACCOUNTS)) as threads:
        for _ in range(10):
            certs = new_postgres_database()
            settings = shared(certs, new_postgres_database())
            assert run("tap-cdn-certs-schemas", settings) == 0
            codes = threads.map(
                lambda name, settings=settings: run(
                    f"tap-cdn-certs--{name}", settings | own(name, sandboxes[name])
                ),
                ACCOUNTS,
            )
            assert [*codes] == [0, 0, 1]
            assert_whole(certs, sandboxes, *ACCOUNTS[:2])


@pytest.fixture(scope="module")
def ended(airflow: Airflow, lost: float) -> Tasks:
    """The tasks of the run, when it has ended."""
    wait_for(lambda: airflow.state() not in {"queued", "running"}, lost + 1200 - time.monotonic())
    return airflow.tasks()


def test_a_run_does_all_it_can_and_has_failed_if_anything_has(airflow: Airflow, ended: Tasks) -> None:
    """What was lost was run again, what was refused too, the models were built, and the verdict is in."""
    assert {key: (task["state"], task["try_number"]) for key, task in ended.items()} == {
        ("tables", ""): ("success", 1),
        ("sync_alicloud", "shop"): ("success", 1),
        ("sync_alicloud", "group-cn"): ("success", 2),
        ("sync_alicloud", "closed"): ("failed", 2),
        ("sync_alicloud", FORGOTTEN): ("failed", 1),
        ("models", ""): ("success", 1),
        ("report", ""): ("success", 1),
        # Some certificates of the sandbox have ended.
        ("verdict", ""): ("failed", 1),
        ("outcome", ""): ("failed", 1),
    }
    assert airflow.state() == "failed"
    for task, said in (
        ("verdict", "A certificate in use ends"),
        ("outcome", "These failed: closed, forgotten, verdict."),
    ):
        (log,) = airflow.home.glob(f"logs/dag_id=*/*/task_id={task}/*.log")
        assert said in log.read_text()


def test_accounts_are_read_side_by_side(airflow: Airflow, ended: Tasks) -> None:
    """All had begun before one had ended."""
    first = [
        airflow.ask("GET", f"{airflow.path}/taskInstances/sync_alicloud/{number}/tries")["task_instances"][0]
        for number, _ in enumerate(ACCOUNTS)
    ]
    assert max(task["start_date"] for task in first) < min(task["end_date"] for task in first)
    assert ended["models", ""]["start_date"] > ended["sync_alicloud", LOST]["end_date"]


@pytest.mark.usefixtures("ended")
def test_the_warehouse_holds_each_account_once(airflow: Airflow, sandboxes: dict[str, Sandbox]) -> None:
    """Also the one that was read for the second time, and the models have them."""
    assert_whole(airflow.certs, sandboxes, *ACCOUNTS[:2])
    accounts = {row["account"] for row in rows(airflow.certs, "cdn_certs_marts.certificates")}
    assert accounts == set(ACCOUNTS[:2])


@pytest.mark.usefixtures("ended")
def test_meltano_keeps_the_state_of_each_account_in_the_database(airflow: Airflow) -> None:
    """What was lost has failed there, and ran again; nothing runs."""
    runs = Counter((row["job_name"], row["state"]) for row in rows(airflow.meltano, "runs"))
    job = "dev:tap-cdn-certs--{}-to-target-postgres"
    assert runs == {
        ("dev:tap-cdn-certs-schemas-to-target-postgres", "SUCCESS"): 1,
        (job.format("shop"), "SUCCESS"): 1,
        (job.format("group-cn"), "FAIL"): 1,
        (job.format("group-cn"), "SUCCESS"): 1,
        (job.format("closed"), "FAIL"): 2,
    }


@pytest.mark.usefixtures("ended")
def test_airflow_remembers_no_secret(airflow: Airflow) -> None:
    """Neither in a log nor in its database."""
    files = [path for path in airflow.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    for path in files:
        assert b"s3cr3t" not in path.read_bytes(), path
