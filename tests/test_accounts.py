"""Many accounts: their list, their tables before they load, and one DuckDB file for all of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from process import KEYS, run_tap, start_tap
from warehouses import SYNCS, messages, postgres_warehouse

from sandbox import PROVIDERS, Sandbox
from scripts.accounts import AccountsError, read_accounts, without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
BASE = "tap-cdn-certs-base"
DOCUMENT = (ROOT / "docs" / "accounts.md").read_text()


def extractor(name: str, *, parent: str = BASE, **config: Any) -> dict[str, Any]:
    """An account in accounts.meltano.yml."""
    return {"name": f"tap-cdn-certs--{name}", "inherit_from": parent, "config": config}


def write(folder: Path, *extractors: Mapping[str, Any]) -> Path:
    """A file of accounts."""
    path = folder / "accounts.meltano.yml"
    path.write_text(yaml.safe_dump({"plugins": {"extractors": [*extractors]}}))
    return path


# The list of the accounts.


def test_an_account_is_a_line(tmp_path: Path) -> None:
    """The providers and labels of the document's accounts, in either way that Meltano writes settings."""
    path = tmp_path / "accounts.meltano.yml"
    path.write_text(DOCUMENT.partition("```yaml\n")[2].partition("```")[0])
    assert {account.name: account.labels for account in read_accounts(path)} == {
        "shop": {"alicloud": "shop", "fastly": "shop"},
        "group": {"cdnetworks": "group"},
        "group-cn": {"cdnetworks": "group-cn"},
    }
    nested = extractor(
        "a", alicloud={"account": "a", "products": ["cdn"]}, strict=True, stream_maps={"syncs": {}}
    )
    (account,) = read_accounts(write(tmp_path, nested, {"name": "tap-other"}))
    assert (account.extractor, account.labels) == ("tap-cdn-certs--a", {"alicloud": "a"})


@pytest.mark.parametrize(
    ("extractors", "mistake"),
    [
        ([extractor("a", parent="tap-cdn-certs", **{"aws.account": "a"})], "has to inherit from"),
        ([extractor("A_b", **{"aws.account": "a"})], "small letters"),
        ([extractor("a")], "names no provider"),
        ([extractor("a", **{"aws.profile": "a"})], "aws.account, its rows' label, is missing"),
        ([extractor("a", aws={"account": 1})], "or no text"),
        ([extractor("a", **{"aws.account": "a/1"})], "may not hold a slash"),
        ([extractor("a", **{"aws.account": "x"}), extractor("b", aws={"account": "x"})], "Several accounts"),
        ([extractor("a", **{"aws.account": each}) for each in "xy"], "tap-cdn-certs--a stands there 2 times"),
        ([{"name": "tap-cdn-certs"}], "has no extractor tap-cdn-certs--<account>"),
        ([{"nom": "a"}], "is not of the form"),
        ([extractor("a", aws=1)], "names no provider"),
    ],
)
def test_what_would_mix_accounts_up_is_refused(
    extractors: list[dict[str, Any]], mistake: str, tmp_path: Path
) -> None:
    """Another's credentials, another's variables, another's rows."""
    with pytest.raises(AccountsError, match=mistake):
        read_accounts(write(tmp_path, *extractors))


def test_a_list_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """No file, and no YAML."""
    path = tmp_path / "accounts.meltano.yml"
    with pytest.raises(AccountsError, match="cannot be read: "):
        read_accounts(path)
    path.write_text("a: {\ns3cr3t: ]")
    with pytest.raises(AccountsError, match="is not YAML: see line 2") as error:
        read_accounts(path)
    assert "s3cr3t" not in str(error.value)


def test_nobodys_credentials_are_found_in_place_of_an_accounts_own(tmp_path: Path) -> None:
    """A label alone is too little: a provider's own tools find the same credentials for every account."""
    path = write(
        tmp_path,
        extractor("a-b", **{"aws.account": "x", "edge.account": "x"}),
        extractor("c", **{"aws.account": "c", "aws.profile": "c"}),
    )
    accounts = read_accounts(path)
    others = {
        "AWS_ACCESS_KEY_ID": "x",
        "TAP_CDN_CERTS_AWS_ACCESS_KEY_ID": "x",
        "TAP_CDN_CERTS__A_B_AWS_ACCOUNT": "x",
        "TAP_CDN_CERTS__A_B_AWS_MAX_CONNECTIONS": "4",
        "TAP_CDN_CERTS__A_B_AWS_ROLE_ARN": "",
        # Of an account a-b-aws.
        "TAP_CDN_CERTS__A_B_AWS_AWS_ACCESS_KEY_ID": "x",
    }
    (mistake,) = without_credentials(accounts, others)
    assert mistake.startswith(
        "tap-cdn-certs--a-b has no credentials at aws: no variable is TAP_CDN_CERTS__A_B_AWS_"
    )
    assert not [*without_credentials(accounts, {"TAP_CDN_CERTS__A_B_AWS_ACCESS_KEY_ID": "x"})]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two accounts, and a Meltano that writes down what it is told, and fails where told."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "accounts.py", tmp_path / "scripts")
    shutil.copy(ROOT / "meltano.yml", tmp_path)
    write(tmp_path, extractor("a", **{"aws.account": "a"}), extractor("b", **{"fastly.account": "b"}))
    (tmp_path / ".env").write_text(
        "export TAP_CDN_CERTS__A_AWS_ROLE_ARN=x\nTAP_CDN_CERTS__B_FASTLY_API_TOKEN=x\n"
    )
    program = tmp_path / ".venv-meltano" / "bin" / "meltano"
    program.parent.mkdir(parents=True)
    program.with_name("python").symlink_to(sys.executable)
    program.write_text('#!/bin/sh\necho "$@"\n[ "$2" != "$FAILS" ]\n')
    program.chmod(0o755)
    return tmp_path


def run_accounts(project: Path, *arguments: str, fails: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the script on another's Meltano."""
    return subprocess.run(
        [project / ".venv-meltano" / "bin" / "python", project / "scripts" / "accounts.py", *arguments],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(yaml.__file__).parents[1]), "FAILS": fails},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


@pytest.mark.parametrize(
    ("fails", "asked", "said"),
    [
        ("", ["schemas", "-a", "-b"], ""),
        ("tap-cdn-certs--a", ["schemas", "-a", "-b"], "1 of 2 accounts failed: a.\n"),
        (
            "tap-cdn-certs-schemas",
            ["schemas"],
            "target-x could not make the tables: no account was synced.\n",
        ),
    ],
)
def test_a_failing_account_leaves_the_others_whole(
    fails: str, asked: list[str], said: str, project: Path
) -> None:
    """The tables come first; then every account has its turn, and the exit code says that one failed."""
    done = run_accounts(project, "target-x", fails=fails)
    assert (done.returncode, done.stderr) == (bool(said), said)
    assert done.stdout.splitlines() == [f"run tap-cdn-certs-{name} target-x" for name in asked]


def test_an_account_without_credentials_is_left_out_and_named(project: Path) -> None:
    """It would read with anybody's that its provider's tools find; the others have their turn."""
    (project / ".env").write_text("TAP_CDN_CERTS__B_FASTLY_API_TOKEN=x\n")
    done = run_accounts(project, "target-x", "--at-once", "2")
    assert done.stdout.splitlines() == ["run tap-cdn-certs-schemas target-x", "run tap-cdn-certs--b target-x"]
    missing, failed = done.stderr.splitlines()
    assert missing.startswith("tap-cdn-certs--a has no credentials at aws")
    assert (done.returncode, failed) == (1, "1 of 2 accounts failed: a.")


def test_the_document_shows_what_is_tested() -> None:
    """Its commands of Meltano are those of the CronJobs, or of jobs that other tests run."""
    manifests = [path.read_text() for path in (ROOT / "orchestrate" / "kubernetes").glob("*.yaml")]
    shown = re.findall(r"^(?:\| \d.*`)?(meltano (?:run|invoke) [^`\n]*)`?", DOCUMENT, re.MULTILINE)
    tested = re.findall(r"args: \[(.*)\]", "".join(manifests))
    known = {command.replace(",", "").replace('"', "") for command in tested}
    assert {*shown} - known == {"meltano invoke cdn-certs-report:html"}


def test_nothing_runs_while_the_list_is_wrong(project: Path) -> None:
    """Each mistake is named."""
    write(project, extractor("a", parent="tap-cdn-certs"))
    done = run_accounts(project, "target-x")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 2)


# The tables, before the accounts load.


def schemas(stdout: str) -> dict[str, str]:
    """The SCHEMA messages of each stream, as they are."""
    lines = [line for line in stdout.splitlines() if json.loads(line)["type"] == "SCHEMA"]
    return {json.loads(line)["stream"]: line for line in lines}


@pytest.mark.parametrize(
    "common",
    [{}, {"flattening_enabled": True, "flattening_max_depth": 1, "stream_maps": {"syncs": {"a": "'b'"}}}],
)
def test_schemas_are_those_of_a_sync(common: dict[str, Any], tmp_path: Path) -> None:
    """Byte by byte, of all providers' streams, without credentials, a request, a state or a warning."""
    with Sandbox(**{name: {"size": 2, "limit": None} for name in PROVIDERS}) as sandbox:
        synced = schemas(run_tap(tmp_path, {**common, **sandbox.config()}).stdout)
        sandbox.reset()
        # A provider without credentials, as an account that is yet to come.
        alone = run_tap(tmp_path, {**common, "fastly": {"account": "x"}}, "--schemas")
        assert not sandbox.requests
    assert (alone.returncode, alone.stderr) == (0, "")
    assert {*alone.types} == {"SCHEMA"}
    made = schemas(alone.stdout)
    assert made.keys() == KEYS.keys()
    assert len(synced) > len(PROVIDERS)
    assert {name: made[name] for name in synced} == synced


def test_schemas_are_those_of_a_selection(tmp_path: Path) -> None:
    """What a catalog leaves out gets no table."""
    catalog = json.loads(run_tap_text(tmp_path, "--discover"))
    for entry in catalog["streams"]:
        (root,) = (item for item in entry["metadata"] if not item["breadcrumb"])
        root["metadata"]["selected"] = entry["tap_stream_id"] in {"ssl_certificate", "syncs"}
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(catalog))
    assert schemas(run_tap_text(tmp_path, "--schemas", "--catalog", str(path))).keys() == {
        "ssl_certificate",
        "syncs",
    }


def run_tap_text(tmp_path: Path, *arguments: str) -> str:
    """What the tap writes without a configuration."""
    with start_tap(tmp_path, None, *arguments) as tap:
        stdout, _ = tap.communicate(timeout=60)
    assert tap.returncode == 0
    return stdout


def test_accounts_that_load_at_once_do_not_meet_in_making_tables(
    tmp_path: Path, postgres_url: str, target_postgres: str
) -> None:
    """Into an empty PostgreSQL: after the SCHEMA messages alone, all succeed, and each has its rows."""
    warehouse = postgres_warehouse(tmp_path, target_postgres, "", postgres_url)
    streams = ("alicloud_domains", "ssl_certificate", "syncs")
    made = schemas(run_tap_text(tmp_path, "--schemas"))
    warehouse.load_lines("\n".join(made[stream] for stream in streams))
    accounts = ["shop", "group", "games", "news"]

    def load(account: str) -> None:
        lines = map(json.dumps, messages(SYNCS[0], streams, keys=True))
        warehouse.load_lines("\n".join(lines).replace('"main"', f'"{account}"'))

    with ThreadPoolExecutor(len(accounts)) as threads:
        [*threads.map(load, accounts)]
    for stream in streams:
        counts = warehouse.query(f"select account, count(*) as rows from cdn_certs.{stream} group by 1")  # noqa: S608
        assert {row["account"]: row["rows"] for row in counts} == dict.fromkeys(
            accounts, len(SYNCS[0][stream])
        )


# One DuckDB file, one writer at a time.


@pytest.fixture
def in_turn(tmp_path: Path) -> list[str]:
    """What runs `target-duckdb` in turn: a program which says when it begins, and ends when told."""
    (tmp_path / "python").symlink_to(sys.executable)
    target = tmp_path / "target-duckdb"
    target.write_text('#!/bin/sh\necho "began $$ $*"\nread line\n')
    target.chmod(0o755)
    script = f"import sys; sys.path.insert(0, {str(ROOT / 'one_writer')!r}); import one_writer; "
    return [str(tmp_path / "python"), "-c", f"{script}one_writer.target_duckdb()", "--config", "x"]


def start(in_turn: list[str], folder: Path, account: str) -> subprocess.Popen[str]:
    """Starts a writer of an account."""
    variables = {"TARGET_DUCKDB_PATH": str(folder / "certs.duckdb"), "MELTANO_EXTRACTOR_NAME": account}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        in_turn, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env={**os.environ, **variables}
    )


@pytest.mark.parametrize("end", [signal.SIGKILL, None])
def test_a_writer_waits_for_another_and_says_for_whom(
    end: signal.Signals | None, in_turn: list[str], tmp_path: Path
) -> None:
    """It goes on as soon as the other ends, however that ends; a stop ends the wait at once."""
    with start(in_turn, tmp_path, "tap-a") as first:
        assert first.stdout
        assert first.stdout.readline() == f"began {first.pid} --config x\n"
        with start(in_turn, tmp_path, "tap-b") as second, start(in_turn, tmp_path, "tap-c") as third:
            for waiting in (second, third):
                assert waiting.stderr
                said = f"Waiting for {tmp_path}/certs.duckdb, which tap-a (process {first.pid}) has open.\n"
                assert waiting.stderr.readline() == said
            third.terminate()
            assert third.wait(5) == -signal.SIGTERM
            assert second.poll() is None
            if end:
                first.send_signal(end)
            else:
                first.communicate("\n")
            out, err = second.communicate("\n", timeout=5)
            assert (second.returncode, out) == (0, f"began {second.pid} --config x\n")
            assert err.startswith("Waited ")


def test_nobody_to_wait_for_is_not_spoken_of(in_turn: list[str], tmp_path: Path) -> None:
    """A lock of the past, or none to be had, holds nobody up; a missing folder is the program's affair."""
    (tmp_path / "other" / "certs.duckdb.lock").mkdir(parents=True)
    for folder in (tmp_path, tmp_path, tmp_path / "missing", tmp_path / "other"):
        with start(in_turn, folder, "tap-a") as writer:
            assert writer.communicate("\n", timeout=5) == (f"began {writer.pid} --config x\n", "")
