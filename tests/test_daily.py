"""What cron and systemd run, with a Meltano that does nothing but end as it is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

DAILY = Path(__file__).parents[1] / "scripts" / "daily"


def run(folder: Path, codes: str, environment: dict[str, str]) -> tuple[int, list[str]]:
    """The exit code, and each line: what is asked of Meltano, which ends as these cases say, and the end."""
    script = folder / "scripts" / "daily"
    program = folder / ".venv-meltano" / "bin" / "meltano"
    for path in (script, program):
        path.parent.mkdir(parents=True)
    script.write_bytes(DAILY.read_bytes())
    program.write_text(f'#!/bin/sh\necho "$@"\ncase $2 in {codes} esac\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", script], env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("sync", "models", "verdict", "expected"),
    [
        (0, 0, 0, 0),
        (1, 0, 0, 1),
        (0, 1, 0, 1),
        (1, 0, 3, 1),
        (1, 1, 1, 1),
        (0, 0, 3, 3),
        (0, 0, 2, 2),
        # That something ends is what cannot wait.
        (1, 0, 2, 2),
    ],
)
def test_what_cron_runs_goes_on_and_keeps_the_worst(
    sync: int, models: int, verdict: int, expected: int, tmp_path: Path
) -> None:
    """Every step runs, whatever became of the one before, and the exit code says what matters most."""
    codes = f"sync) exit {sync};; models) exit {models};; *) exit {verdict};;"
    asked = ["run sync", "run models", "invoke cdn-certs-report:verdict"]
    failed = " sync" * (sync > 0) + " models" * (models > 0)
    told = [f"Failed, see above:{failed}"] * bool(failed)
    assert run(tmp_path, codes, {}) == (expected, [*asked, *told])


@pytest.mark.parametrize(
    ("environment", "file", "commands", "expected"),
    [
        ({"CDN_CERTS_REPORT_NOTIFY": "json://s3cr3t"}, "", ["notify"], 1),
        ({"CDN_CERTS_REPORT_NOTIFY": ""}, "export CDN_CERTS_REPORT_METRICS=a.prom\n", ["metrics"], 0),
        (
            {"CDN_CERTS_REPORT_METRICS": "a.prom"},
            "CDN_CERTS_REPORT_NOTIFY='json://a'\n",
            ["metrics", "notify"],
            1,
        ),
        ({}, "#CDN_CERTS_REPORT_NOTIFY=json://a\nCDN_CERTS_REPORT_NOTIFIED=a\n", [], 0),
    ],
)
def test_what_cron_runs_tells_where_it_is_asked_to(
    environment: dict[str, str], file: str, commands: list[str], expected: int, tmp_path: Path
) -> None:
    """Metrics and messages come after the report, where the environment or `.env` names them."""
    (tmp_path / ".env").write_text(file)
    asked = [f"invoke cdn-certs-report:{command}" for command in (*commands, "verdict")]
    done = run(tmp_path, "*:notify) exit 1;;", environment)
    told = ["Failed, see above: notify"] * ("notify" in commands)
    assert done == (expected, ["run sync", "run models", *asked, *told])
