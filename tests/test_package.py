"""The dbt project as a package of somebody else's, in DuckDB and in PostgreSQL."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from warehouses import NOW, PROJECT, QUESTIONS, SYNCS

from cdn_certs_report.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from warehouses import Warehouse


def test_builds_as_a_package(
    new_warehouses: Callable[[], list[Warehouse]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Another project, whose own schema is another, builds the models where the questions look for them."""
    warehouses = new_warehouses()
    project = warehouses[0].folder / "other"
    (project / "models").mkdir(parents=True)
    (project / "models/soon.sql").write_text("select * from {{ ref('cdn_certs', 'certificate_expiry') }}")
    (project / "packages.yml").write_text(f"packages: [{{local: {PROJECT}}}]")
    variables = {"source_schema": "raw", "schema": "cdn_certs_marts", "now": NOW, "warning_days": 365}
    definition = {"name": "other", "profile": "cdn_certs", "vars": {"cdn_certs": variables}}
    (project / "dbt_project.yml").write_text(json.dumps(definition))
    profiles = (PROJECT / "profiles.yml").read_text().replace("schema: cdn_certs_marts", "schema: acme")
    (project / "profiles.yml").write_text(profiles)
    warehouses[0].build("deps", project=project)

    def load_and_build(warehouse: Warehouse) -> None:
        warehouse.settings["default_target_schema"] = "raw"
        warehouse.load(SYNCS[0], streams=("certificate_info", "syncs", "sync_errors"))
        # The tests are those that `built` runs on both; once shows that they run from elsewhere, too.
        tests = ("test", "unit_test") if warehouse.name == "postgres" else ("unit_test",)
        most = ("--exclude", "test_name:not_null")
        warehouse.build("build", *most, "--exclude-resource-type", *tests, project=project)

    with ThreadPoolExecutor() as threads:
        list(threads.map(load_and_build, warehouses))
    for warehouse in warehouses:
        places = warehouse.query("select table_schema, table_name from information_schema.tables")
        built = {row["table_name"]: row["table_schema"] for row in places if row["table_schema"] != "raw"}
        assert built["soon"] == "acme"
        named = {"certificates", "certificates_history", "sync_health", "stg_syncs", "algorithms", "streams"}
        assert {built[name] for name in named} == {"cdn_certs_marts"}
        states = warehouse.query("select certificate_key, state from acme.soon")
        assert {"certificate_key": "alicloud/main/3333", "state": "critical"} in states
        for question in QUESTIONS.values():
            warehouse.query(question)
        made = warehouse.settings
        source = made.get("path") or "postgresql://{user}:{password}@{host}:{port}/{database}".format(**made)
        assert main([source, "--json", "-"]) == 0
        assert "alicloud/main/3333" in capsys.readouterr().out
