"""Every account of accounts.meltano.yml, side by side, then the models and the report: docs/airflow.md."""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import Connection, chain, dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException
from airflow.sdk.log import mask_secret

# The checkout, which every machine has: the one that this file is in, or another.
PROJECT = Path(os.environ.get("MELTANO_PROJECT_ROOT") or Path(__file__).resolve().parents[2])
SCRIPT = runpy.run_path(str(PROJECT / "scripts" / "accounts.py"))
ACCOUNTS = {account.name: account for account in SCRIPT["read_accounts"]()}
VERDICTS = {
    2: "A certificate in use ends within `fail_within`, or has ended.",
    3: "Nobody can tell what ends: the inventory is stale or incomplete.",
}


def names() -> dict[str, list[str]]:
    """The accounts' names, by the first provider of each."""
    by_provider = defaultdict(list)
    for name, account in ACCOUNTS.items():
        by_provider[next(iter(account.labels))].append(name)
    return by_provider


def environment(*own: str) -> dict[str, str]:
    """The variables of this machine, without Airflow's, and what those connections that there are add."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    variables["PATH"] = f"{PROJECT}/.venv-meltano/bin:{variables['PATH']}"
    for connection in ("cdn_certs", *own):
        with suppress(AirflowNotFoundException):
            extra = Connection.get(connection).extra_dejson
            mask_secret(extra)
            for name, value in extra.items():
                variables[name] = value if isinstance(value, str) else json.dumps(value)
    return variables


def meltano(variables: dict[str, str], *arguments: str, expected: tuple[int, ...] = (0,)) -> int:
    """Run Meltano, and return its exit code.

    Raises:
        AirflowException: It is none of those that are expected.
    """
    # Out of Airflow's process group: a stop is told to Meltano alone, which ends tap and target in order.
    options = {"cwd": PROJECT, "env": variables, "stderr": subprocess.STDOUT, "start_new_session": True}
    process = subprocess.Popen(["meltano", *arguments], **options)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    if (code := process.wait()) not in expected:
        raise AirflowException(f"Exit code {code} of meltano {' '.join(arguments)}: the log above says why.")
    return code


@task
def tables(params: dict[str, Any]) -> None:
    """Make the tables, and Meltano's own, which syncs that begin together would make at the same time."""
    meltano(environment(), "run", "tap-cdn-certs-schemas", params["loader"])


@task(map_index_template="{{ task.op_kwargs['account'] }}")
def sync(account: str, params: dict[str, Any]) -> None:
    """Read an account."""
    variables = environment(f"cdn_certs_{account.replace('-', '_')}")
    if mistakes := [*SCRIPT["without_credentials"]([ACCOUNTS[account]], variables)]:
        raise AirflowFailException("\n".join(mistakes))
    meltano(variables, "run", ACCOUNTS[account].extractor, params["loader"])


@task(trigger_rule="all_done")
def models(params: dict[str, Any]) -> None:
    """Build the models of what there is."""
    meltano(environment(), "invoke", params["models"])


@task(trigger_rule="all_done")
def report() -> None:
    """Write the report."""
    meltano(environment(), "invoke", "cdn-certs-report:html")


@task(trigger_rule="all_done")
def verdict() -> None:
    """Say what ends next, and fail if that is soon; it will be the same in a few minutes."""
    if code := meltano(environment(), "invoke", "cdn-certs-report:verdict", expected=(0, *VERDICTS)):
        raise AirflowFailException(VERDICTS[code])


@task(trigger_rule="all_done", retries=0)
def outcome(ti: Any) -> None:
    """Fail if anything has, and say what."""
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
    syncs = {f"sync_{each}_{number}": name for each in names() for number, name in enumerate(names()[each])}
    failed = [syncs.get(key, key) for key, state in states.items() if state in {"failed", "upstream_failed"}]
    if failed:
        raise AirflowFailException(f"These failed: {', '.join(sorted(failed))}.")


@dag(
    schedule="0 5 * * *",
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=23),
    # Meltano lets nobody run what another runs, until the last sign of life of that one is 5 minutes old.
    default_args={"retries": 1, "retry_delay": timedelta(minutes=6)},
    params={"loader": "target-postgres", "models": "dbt:build-postgres"},
)
def cdn_certs() -> None:
    """Does all that it can, and has failed if any of it has."""
    syncs = [
        sync.override(task_id=f"sync_{provider}", pool=f"cdn_{provider}").expand(account=accounts)
        for provider, accounts in names().items()
    ]
    chain(tables(), syncs, models(), [report(), verdict()], outcome())


cdn_certs()
