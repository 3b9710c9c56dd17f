"""The DAG of orchestrate/ without Airflow: what it imports and asks for. `make test-airflow` runs it."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
DAG = ast.parse((ROOT / "orchestrate" / "dags" / "cdn_certs.py").read_text())


def test_the_dag_imports_airflow_and_nothing_of_the_tap() -> None:
    """Airflow has an environment of its own, in which there is no tap."""
    imported = {
        name
        for node in ast.walk(DAG)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [n.name for n in node.names]
        )
    }
    assert {name.partition(".")[0] for name in imported} - sys.stdlib_module_names == {"airflow"}


def test_the_dag_runs_what_the_project_has() -> None:
    """Each of the plugins that it names, and each of their commands."""
    plugins = {
        plugin["name"]: plugin
        for kind in yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"].values()
        for plugin in kind
    }
    texts = {str(node.value) for node in ast.walk(DAG) if isinstance(node, ast.Constant)}
    named = [
        re.fullmatch(r"((?:tap|target|dbt|cdn-certs)(?:-[a-z-]+[a-z])?)(?::([a-z-]+))?", text)
        for text in texts
    ]
    used = {(match[1], match[2]) for match in named if match}
    assert len(used) == 5
    for name, command in used:
        assert command is None or command in plugins[name]["commands"], name
