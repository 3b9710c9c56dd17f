"""The report in other people's places: their schemas, disks, schedules and installations."""

from __future__ import annotations

import json
import os
import resource
import shlex
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import pytest
from reported import NOW, load, models

from cdn_certs_report import database as databases
from cdn_certs_report import installation, output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reported import Run


FORMATS = ("html", "csv", "ics", "json", "metrics")
YESTERDAY = "yesterday\n" * 9
needs_a_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has one")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A DuckDB file of the models."""
    path = tmp_path_factory.mktemp("source") / "certs.duckdb"
    load(f"duckdb:///{path}", models())
    return str(path)


# Schemas.


def test_finds_the_schema(report: Run, tmp_path: Path) -> None:
    """The only schema with the models is read; with several or none, stderr names them and `--schema`."""
    path = tmp_path / "certs.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create schema acme; create table acme.sync_health (state text)")
    code, _, said = report(path)
    assert (code, said.count("\n")) == (1, 1)
    assert f"No schema of duckdb:///{path} has the models" in said
    assert "--schema" in said
    assert 'schema "acme" lacks algorithm_inventory, ' in said

    load(f"duckdb:///{path}", models(), "acme_certs")
    found = report(path, "--json", "-")
    assert found[0] == 0
    assert found == report(path, "--json", "-", "--schema", "acme_certs")
    code, _, said = report(path, "--schema", "elsewhere")
    assert "They are in acme_certs: see --schema." in said

    load(f"duckdb:///{path}", models(), "dev")
    code, _, said = report(path)
    assert (code, said.count("\n")) == (1, 1)
    assert "2 schemas" in said
    assert "--schema: acme_certs, dev." in said
    assert report(path, "--json", "-", "--schema", "dev") == found

    # A second copy of the models breaks nobody's schedule.
    load(f"duckdb:///{path}", models(), "cdn_certs_marts")
    assert report(path, "--json", "-") == found


def test_the_order_of_a_database_does_not_matter(report: Run, tmp_path: Path) -> None:
    """What is alike in all that it is sorted by has its place too, in every output and on stderr."""
    copies = [
        {**row, "account": f"copy {n}", "state": "partial", "failed": 1}
        for n in range(3)
        for row in models()["sync_health"]
    ]
    given = models() | {"sync_health": copies}
    said = []
    for name, step in (("one", 1), ("other", -1)):
        path = tmp_path / f"{name}.duckdb"
        load(f"duckdb:///{path}", {model: rows[::step] for model, rows in given.items()})
        said.append([report(path, f"--{form}", "-") for form in FORMATS])
    assert said[0] == said[1]


# Disks.


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user reaches."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def full_disk() -> Iterator[None]:
    """No file grows beyond a few bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python would cut the bytecode of what it imports, and read that the next time.
    writes_bytecode = not sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        sys.dont_write_bytecode = not writes_bytecode


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Nothing can be made in a folder; root has to be somebody else for that."""
    user = os.geteuid()
    folder.chmod(0o555)
    try:
        if user == 0:
            os.seteuid(65534)
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


@pytest.mark.parametrize("form", FORMATS)
def test_keeps_the_old_file_on_a_full_disk(source: str, report: Run, tmp_path: Path, form: str) -> None:
    """What was there stays whole, nothing is left beside it, and the message names the file."""
    page = tmp_path / f"report.{form}"
    page.write_text(YESTERDAY)
    with full_disk():
        code, _, said = report(source, f"--{form}", page)
    assert (code, said) == (1, f"cdn-certs-report: Cannot write {page}: File too large\n")
    assert page.read_text() == YESTERDAY
    assert list(tmp_path.iterdir()) == [page]
    assert report(source, f"--{form}", page)[0] == 0
    assert page.stat().st_size > 512


def test_keeps_the_old_file_where_it_cannot_be_replaced(open_folder: Path) -> None:
    """In a folder where nothing can be made, a file is written into, once there is room for it."""
    page = open_folder / "report.html"
    page.write_text(YESTERDAY)
    page.chmod(0o666)
    with unwritable(open_folder):
        with full_disk(), pytest.raises(OSError, match="too large"):
            output.write(str(page), b"today\n" * 200)
        assert page.read_text() == YESTERDAY
        output.write(str(page), b"today\n")
        assert page.read_text() == "today\n"
    page.chmod(0o444)
    with unwritable(open_folder), pytest.raises(PermissionError):
        output.write(str(page), b"today\n")


@needs_a_full_device
@pytest.mark.parametrize("form", FORMATS)
def test_writes_the_others_when_one_fails(source: str, report: Run, tmp_path: Path, form: str) -> None:
    """A missing folder, a folder and a full device are each a line; the others are written: exit 1."""
    for bad, reason in (
        (tmp_path / "missing/report", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (Path("/dev/full"), "No space left on device"),
    ):
        outputs = {each: tmp_path / f"report.{each}" for each in FORMATS} | {form: bad}
        arguments = [part for name, path in outputs.items() for part in (f"--{name}", path)]
        code, _, said = report(source, *arguments, "--fail-within", "14d")
        first, *verdict = said.splitlines()
        assert code == 1
        assert first == f"cdn-certs-report: Cannot write {bad}: {reason}"
        assert verdict
        written = {path.suffix[1:] for path in tmp_path.iterdir()}
        assert written == {*FORMATS} - {form}
        for path in tmp_path.iterdir():
            assert path.stat().st_size > 512
            path.unlink()


def test_keeps_modes_and_links(source: str, report: Run, tmp_path: Path) -> None:
    """A new file is as the umask says, an old one keeps its mode and owner, and a link stays one."""
    real, link, dangling = (tmp_path / name for name in ("real.json", "link.json", "dangling.json"))
    real.write_text(YESTERDAY)
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 65534, 65534)
    owner = real.stat().st_uid
    link.symlink_to("real.json")
    dangling.symlink_to("new.json")
    before = os.umask(0o027)
    try:
        for path in (link, dangling):
            assert report(source, "--json", path)[0] == 0
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert json.loads(real.read_text("utf-8"))["certificates"]
    assert (stat.S_IMODE(real.stat().st_mode), real.stat().st_uid) == (0o640, owner)
    assert dangling.is_symlink()
    assert stat.S_IMODE((tmp_path / "new.json").stat().st_mode) == 0o640
    assert len(list(tmp_path.iterdir())) == 4


@needs_a_full_device
@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ('"$@" > /dev/full', 1, "Cannot write stdout: No space left on device"),
        ('"$@" --csv - > /dev/full', 1, "Cannot write stdout: No space left on device"),
        ('"$@" >&-', 1, "Cannot write stdout: it is closed"),
        ('"$@" --csv - >&-', 1, "Cannot write stdout: it is closed"),
        ('{ "$@" --csv - --json whole.json; echo $? >&2; } | true', 0, ""),
        ('"$@" --json /dev/stdout >> log', 0, ""),
    ],
)
def test_says_what_is_wrong_with_stdout(
    source: str, tmp_path: Path, script: str, code: int, said: str
) -> None:
    """It is full, closed, read by nobody, or the end of a log."""
    log = tmp_path / "log"
    log.write_text(YESTERDAY)
    command_line = [sys.executable, "-m", "cdn_certs_report", source, "--now", NOW.isoformat()]
    process = subprocess.run(
        ["sh", "-c", script, "sh", *command_line], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert process.returncode == code
    if "|" in script:
        assert process.stderr == "0\n"
        assert json.loads((tmp_path / "whole.json").read_text("utf-8"))["certificates"]
    else:
        assert process.stderr == (f"cdn-certs-report: {said}\n" if said else "")
    if "log" in script:
        assert log.read_text("utf-8").startswith(YESTERDAY + "{")


# Schedules.


def test_waits_while_the_warehouse_is_loaded(
    source: str, report: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that another process holds is waited for; after that, stderr says who holds it."""
    script = f"import duckdb; held = duckdb.connect({source!r}); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as loader:
        assert loader.stdin
        assert loader.stdout
        assert loader.stdout.readline() == "held\n"
        with monkeypatch.context() as patch:
            patch.setattr(databases, "_WAIT", 0.3)
            code, _, said = report(source)
        assert (code, said.count("\n")) == (1, 1)
        assert f"Another process (PID {loader.pid}) has been loading duckdb:///{source}, or has it " in said
        assert "try again when it is done." in said
        timer = threading.Timer(0.6, loader.terminate)
        timer.start()
        assert report(source)[0] == 0
        timer.join()


# Installations.


def test_a_format_needs_only_its_own(
    source: str, report: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing stops the output that needs it, and no other; stderr says how to get it."""
    for name in ("rich.console", "jinja2", "icalendar", "prometheus_client"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("terminal", "html", "exports", "metrics"):
        monkeypatch.delitem(sys.modules, f"cdn_certs_report.{name}", raising=False)
    monkeypatch.setattr(installation, "_requirement", lambda _extra: ["/a b[report]"])
    outputs = [part for form in FORMATS for part in (f"--{form}", tmp_path / f"report.{form}")]
    code, _, said = report(source, *outputs)
    remedy = f"{shlex.quote(sys.executable)} -m pip install '/a b[report]'"
    assert code == 1
    assert said.splitlines() == [
        f"cdn-certs-report: --html needs jinja2: {remedy}",
        f"cdn-certs-report: --ics needs icalendar: {remedy}",
        f"cdn-certs-report: --metrics needs prometheus_client: {remedy}",
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"report.csv", "report.json"}
    assert report(source) == (1, "", f"cdn-certs-report: The table needs rich: {remedy}\n")


def test_a_database_needs_only_its_own(source: str, report: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver is missed by those whose database needs it; one which the extra lacks is not promised."""
    monkeypatch.setattr(installation, "_requirement", lambda _extra: None)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert report(source)[0] == 0
    code, _, said = report("postgresql://user:s3cr3t@127.0.0.1:1/certs")
    assert (code, said.count("\n")) == (1, 1)
    assert "No driver for postgresql+psycopg" in said
    assert 'the extra "report" of tap-cdn-certs is not installed' in said
    assert "s3cr3t" not in said
    for name, module in (("bigquery", "sqlalchemy_bigquery"), ("snowflake", "snowflake")):
        monkeypatch.setitem(sys.modules, module, None)
        code, _, said = report(f"{name}://user:s3cr3t@127.0.0.1:1/certs?token=s3cr3t")
        assert (code, said.count("\n")) == (1, 1)
        assert f"No driver for {name}" in said
        assert f'the extra "{name}" of tap-cdn-certs is not installed' in said
        assert "s3cr3t" not in said
    code, _, said = report("mysql://user:s3cr3t@127.0.0.1:1/certs")
    assert (code, said.count("\n")) == (1, 1)
    assert "read from duckdb://, postgresql://, bigquery:// and snowflake:// databases" in said
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.delitem(sys.modules, "cdn_certs_report.database")
    monkeypatch.delattr("cdn_certs_report.database")
    assert report(source)[2].startswith("cdn-certs-report: A database needs sqlalchemy: the extra")


@pytest.mark.parametrize(
    ("origin", "requirement"),
    [
        (None, None),
        ({"url": "file://{}/a%20b", "dir_info": {"editable": True}}, ["-e", "{}/a b[report]"]),
        ({"url": "file://{}/a%20b", "dir_info": {}}, ["{}/a b[report]"]),
        ({"url": "file://{}/a.whl", "archive_info": {}}, ["{}/a.whl[report]"]),
        ({"url": "file://{}/gone.whl", "archive_info": {}}, None),
        ({"url": "https://example.com/a.whl", "archive_info": {}}, ["https://example.com/a.whl"]),
        ({"url": "https://user:s3cr3t@example.com/a.whl", "archive_info": {}}, None),
        (
            {"url": "https://example.com/a.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
            ["git+https://example.com/a.git@c0ffee"],
        ),
        (
            {
                "url": "ssh://git@example.com/a.git",
                "vcs_info": {"vcs": "git", "requested_revision": "v1", "commit_id": "c0ffee"},
                "subdirectory": "tap",
            },
            ["git+ssh://git@example.com/a.git@v1#subdirectory=tap"],
        ),
    ],
)
def test_the_remedy_fits_the_installation(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    origin: dict[str, object] | None,
    requirement: list[str] | None,
) -> None:
    """The extra is added to what was installed: a checkout, a wheel, a repository; never from an index."""
    installed = tmp_path / "tap_cdn_certs-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: tap-cdn-certs\nVersion: 0\n")
    if origin:
        written = json.dumps(origin).replace("{}/", f"{tmp_path}/")
        (installed / "direct_url.json").write_text(written)
    (tmp_path / "a b").mkdir()
    (tmp_path / "a.whl").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    expected = [each.replace("{}", str(tmp_path)) for each in requirement or ()]
    if expected and "://" in expected[0]:
        expected = [f"tap-cdn-certs[report] @ {expected[0]}"]
    assert installation._requirement("report") == (expected or None)
