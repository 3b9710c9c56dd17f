"""The dbt project on what real targets load, in DuckDB and in PostgreSQL."""

from __future__ import annotations

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml
from warehouses import NOW, PROJECT, QUESTIONS, ROOT, SCHEMAS, SYNCS, Warehouse, duckdb_warehouse, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Row = dict[str, Any]


FIXTURES = ROOT / "tests/fixtures/transform"

# The models are built once for all tests, by one worker.
pytestmark = pytest.mark.xdist_group("transform")


@dataclass
class Built:
    """The warehouses with all three syncs, and what their models held after the second."""

    warehouses: list[Warehouse]
    stopped: list[dict[str, list[Row]]]


@pytest.fixture(scope="module")
def built(new_warehouses: Callable[[], list[Warehouse]]) -> Built:
    """The models of the made-up accounts, in both databases."""

    def load_and_build(warehouse: Warehouse) -> dict[str, list[Row]]:
        complete, stopped, last = SYNCS
        now = ("--vars", f"{{now: '{NOW}'}}")
        warehouse.load(complete, stopped)
        shown = ("certificates", "sync_health")
        # The snapshot is of the certificates.
        selected = ("--select", *(f"+{name}" for name in ("certificates_history", *shown)))
        warehouse.build("build", "--exclude-resource-type", "test", "unit_test", *selected, *now)
        before = {model: warehouse.rows(model) for model in shown}
        warehouse.load(last)
        warehouse.build("build", *now)
        return before

    warehouses = new_warehouses()
    with ThreadPoolExecutor() as threads:
        return Built(warehouses, list(threads.map(load_and_build, warehouses)))


def test_both_databases_agree(built: Built) -> None:
    """Every model has the same columns and rows in both databases."""
    one, other = built.warehouses
    assert one.columns() == other.columns()
    for model in one.columns():
        assert one.rows(model) == other.rows(model), model
    assert built.stopped[0] == built.stopped[1]


def test_everything_is_described(built: Built) -> None:
    """Every model, seed, snapshot and column has a description, and none describes what is not there."""
    warehouse = built.warehouses[0]
    manifest = json.loads((warehouse.folder / "dbt_target_path/manifest.json").read_text())
    nodes = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] in {"model", "seed", "snapshot"}
    }
    # What a provider maps itself to is in no table.
    mappings = {name for name, node in nodes.items() if node["config"]["materialized"] == "ephemeral"}
    assert all(nodes.pop(name)["description"] for name in mappings)
    columns = warehouse.columns()
    assert set(nodes) == set(columns)
    for name, node in nodes.items():
        assert node["description"], name
        assert set(node["columns"]) == columns[name], name
        assert all(column["description"] for column in node["columns"].values()), name


def test_a_stopped_sync_removes_nothing(built: Built) -> None:
    """After a sync that was stopped, every certificate is there, and the sync is known to be incomplete."""
    certificates = {row["certificate_key"]: row for row in built.stopped[0]["certificates"]}
    assert set(certificates) == {
        "alicloud/main/1111",
        "alicloud/main/14",
        "alicloud/main/2222",
        "alicloud/main/3333",
        "alicloud/main/4444",
        "alicloud/main/never-2026",
        "cdnetworks/main/1001",
        "cdnetworks/main/1002",
        "cdnetworks/main/1003",
        "cdnetworks/main/1004",
    }
    assert not any(row["stale"] for row in certificates.values())
    health = {row["stream"]: (row["state"], row["read"]) for row in built.stopped[0]["sync_health"]}
    # It is 88 hours since the last complete sync.
    assert health["certificate_info"] == ("stale", 1)


def test_certificates(built: Built) -> None:
    """A complete sync removes what left, and keeps what failed as it was last known."""
    certificates = {row["certificate_key"]: row for row in built.warehouses[0].rows("certificates")}
    shown = ("certificate_id", "issuer", "not_after", "domain_count", "stale", "synced_at")
    last, first = "2026-05-04T12:00:00", "2026-05-01T00:00:00"
    assert {key: tuple(row[name] for name in shown) for key, row in certificates.items()} == {
        "alicloud/main/1111": ("11", "Example CA R1", "2026-06-29T23:59:59", 3, False, last),
        "alicloud/main/14": ("14", "Example CA Ltd", "2026-05-04T15:59:59", 1, False, last),
        "alicloud/main/2222": ("12", "Example Org", "2030-05-01T00:00:00", 1, False, last),
        "alicloud/main/3333": ("13", "Example CA R1", "2026-05-05T15:00:00", 1, True, first),
        "alicloud/main/5555": ("21", "Example CA R1", "2026-07-31T23:59:59", 1, False, last),
        "alicloud/main/6666": ("61", None, "2026-09-01T00:00:00", 1, False, last),
        "alicloud/main/77aa": ("77", None, "2026-10-01T00:00:00", 1, False, last),
        # The day begins in China.
        "alicloud/main/90ab": ("90", None, "2026-05-09T16:00:00", 0, False, last),
        "alicloud/main/never-2026": (None, None, "2026-08-01T00:00:00", 1, False, last),
        "cdnetworks/main/1001": ("1001", "Example CA G2", "2027-04-22T16:00:00", 3, False, last),
        "cdnetworks/main/1002": ("1002", None, None, 0, False, last),
        "cdnetworks/main/1004": ("1004", None, "2026-11-01T16:00:00", 0, False, last),
        "cdnetworks/main/5dca": ("5dca", None, "2027-05-01T00:00:00", 1, False, last),
        "cdnetworks/main/5dcb": ("5dcb", None, None, 0, False, last),
        "cdnetworks/main/9": ("9", None, None, 1, False, last),
        "cloudflare/main/s/ec": ("ec", None, "2026-07-30T00:00:00", 1, False, last),
        "cloudflare/main/universal/ec": ("ec", "Example CA", "2026-07-21T00:00:00", 1, False, last),
        "cloudflare/main/universal/rsa": ("rsa", "Example CA", "2026-07-20T00:00:00", 1, False, last),
    }
    renewed = {key: row["renews_itself"] for key, row in certificates.items()}
    assert (renewed["cdnetworks/main/5dca"], renewed["cdnetworks/main/5dcb"]) == (True, False)
    assert certificates["cdnetworks/main/1001"]["serial_number"] == "5a3f"
    assert certificates["alicloud/main/1111"]["identity"] == "1111"
    # A serial number as short as its own is others' too.
    assert certificates["cdnetworks/main/1001"]["identity"] == "cdnetworks/main/1001"
    assert certificates["cdnetworks/main/1002"]["name"] == "<script>"
    # A domain is configured with it, and no list shows it.
    assert [key for key, row in certificates.items() if row["only_named"]] == ["cdnetworks/main/9"]
    assert all(row["use_known"] for row in certificates.values())


def test_certificate_expiry(built: Built) -> None:
    """Certificates end by the instant, in any zone."""
    rows = {row["certificate_key"]: row for row in built.warehouses[1].rows("certificate_expiry")}
    assert {row["as_of"] for row in rows.values()} == {"2026-05-04T16:00:00"}
    assert {key: (row["state"], row["hours_left"]) for key, row in rows.items()} == {
        "alicloud/main/1111": ("ok", 1351.999722),
        "alicloud/main/14": ("expired", -0.000278),
        "alicloud/main/2222": ("ok", 34976.0),
        "alicloud/main/3333": ("critical", 23.0),
        "alicloud/main/5555": ("ok", 2119.999722),
        "alicloud/main/6666": ("ok", 2864.0),
        "alicloud/main/77aa": ("ok", 3584.0),
        "alicloud/main/90ab": ("critical", 120.0),
        "alicloud/main/never-2026": ("ok", 2120.0),
        "cdnetworks/main/1001": ("ok", 8472.0),
        "cdnetworks/main/1002": ("unknown", None),
        "cdnetworks/main/1004": ("not_yet_valid", 4344.0),
        "cdnetworks/main/5dca": ("ok", 8672.0),
        "cdnetworks/main/5dcb": ("unknown", None),
        "cdnetworks/main/9": ("unknown", None),
        "cloudflare/main/s/ec": ("ok", 2072.0),
        "cloudflare/main/universal/ec": ("ok", 1856.0),
        "cloudflare/main/universal/rsa": ("ok", 1832.0),
    }


def test_certificate_domains(built: Built) -> None:
    """Domains belong to certificates as they are served, and as the certificates' names cover them."""
    rows = built.warehouses[0].rows("certificate_domains")
    domains: dict[tuple[str, str], dict[str, bool | None]] = {}
    for row in rows:
        found = domains.setdefault((row["certificate_key"], row["source"]), {})
        found[row["domain_name"]] = row["covered"]
    covered = ("B.example.com", ".example.com", "a.example.com", "flaky.example.com")
    covered += ("never.example.com", "plain.example.com", "unread.example.com")
    # What left is in no inventory any more.
    star = dict.fromkeys(covered, True)
    assert domains == {
        ("alicloud/main/1111", "served"): {
            "B.example.com": True,
            ".example.com": True,
            "mismatch.example.net": False,
        },
        ("alicloud/main/1111", "san"): star,
        ("alicloud/main/14", "served"): {"unread.example.com": None},
        ("alicloud/main/2222", "served"): {"例子.example.org": None},
        ("alicloud/main/3333", "served"): {"flaky.example.com": True},
        ("alicloud/main/3333", "san"): {"flaky.example.com": True},
        ("alicloud/main/5555", "served"): {"a.example.com": True},
        ("alicloud/main/5555", "san"): star,
        ("alicloud/main/6666", "served"): {"dyn.example.net": True},
        ("alicloud/main/6666", "san"): {"dyn.example.net": True},
        ("alicloud/main/77aa", "related"): {"www.edge.example.net": True},
        ("alicloud/main/77aa", "san"): {"www.edge.example.net": True},
        ("alicloud/main/never-2026", "served"): {"never.example.com": None},
        ("cdnetworks/main/1001", "related"): {
            "a.cdn.example.com": True,
            "x.y.cdn.example.com": False,
        },
        ("cdnetworks/main/1001", "san"): {"www.example.com": True, "a.cdn.example.com": True},
        ("cdnetworks/main/1001", "served"): {"www.example.com": True},
        ("cdnetworks/main/5dca", "served"): {"pro.example.net": None, "staging.example.net": None},
        ("cdnetworks/main/9", "served"): {"www.example.com": None},
        ("cloudflare/main/s/ec", "covers"): {"www.customer.example": True},
        ("cloudflare/main/s/ec", "san"): {"www.customer.example": True},
        ("cloudflare/main/universal/ec", "covers"): {"example.org": True},
        ("cloudflare/main/universal/ec", "san"): {"example.org": True},
        ("cloudflare/main/universal/rsa", "covers"): {"example.org": True},
        ("cloudflare/main/universal/rsa", "san"): {"example.org": True},
    }


def test_algorithm_inventory(built: Built) -> None:
    """Each algorithm is counted and classed, what nobody knows too."""
    inventory = {
        (row["algorithm"], row["bits"]): (row["class"], row["certificates"], row["domains"])
        for row in built.warehouses[0].rows("algorithm_inventory")
        if row["algorithm_kind"] == "public_key"
    }
    assert inventory == {
        ("RSA", 2048): ("quantum-vulnerable", 2, 4),
        ("RSA", 1024): ("deprecated", 1, 1),
        ("EC", 256): ("quantum-vulnerable", 1, 1),
        (None, None): ("unknown", 14, 10),
    }


def test_sync_health(built: Built) -> None:
    """What the last sync could not read cannot look fine."""
    shown = ("provider", "state", "listed", "read", "failed", "errors", "age_hours")
    health = built.warehouses[0].rows("sync_health")
    assert {row["stream"]: tuple(row[name] for name in shown) for row in health} == {
        "alicloud_domains": ("alicloud", "ok", 9, 9, 0, 0, 4.0),
        "alicloud_https_domains": ("alicloud", "ok", 2, 2, 0, 0, 4.0),
        "certificate_info": ("alicloud", "partial", 9, 6, 2, 3, 4.0),
        "alicloud_dcdn_domains": ("alicloud", "ok", 2, 2, 0, 0, 4.0),
        "alicloud_dcdn_certificates": ("alicloud", "ok", 2, 2, 0, 0, 4.0),
        "alicloud_dcdn_https_domains": ("alicloud", "ok", 1, 1, 0, 0, 4.0),
        "alicloud_cas_certificates": ("alicloud", "ok", 3, 3, 0, 0, 4.0),
        "alicloud_esa_sites": ("alicloud", "ok", 1, 1, 0, 0, 4.0),
        "alicloud_esa_certificates": ("alicloud", "ok", 2, 2, 0, 0, 4.0),
        "cdnetworks_certificates": ("cdnetworks", "ok", 3, 3, 0, 0, 4.0),
        "cdnetworks_domains": ("cdnetworks", "ok", 3, 3, 0, 0, 4.0),
        "cdnetworks_domain_certificates": ("cdnetworks", "ok", 3, 3, 0, 0, 4.0),
        "cdnetworks_pro_certificates": ("cdnetworks", "ok", 2, 2, 0, 0, 4.0),
        "ssl_certificate": ("cdnetworks", "stale", 3, 0, 3, 1, 88.0),
        "cloudflare_zones": ("cloudflare", "ok", 1, 1, 0, 0, 4.0),
        "cloudflare_certificate_packs": ("cloudflare", "ok", 3, 3, 0, 0, 4.0),
        "cloudflare_custom_hostnames": ("cloudflare", "ok", 1, 1, 0, 0, 4.0),
        "edge_certificates": ("edge", "ok", 10, 10, 0, 0, 4.0),
    }


def test_edge_drift(built: Built) -> None:
    """What every provider says of its domains is compared with what the edge serves, by what both show."""
    rows = built.warehouses[0].rows("edge_drift")
    compared = ("verdict", "not_compared_because", "compared_by", "serves")
    asked: dict[str, Row] = {}
    for row in rows:
        if row["synced_at"]:
            found = asked.setdefault(row["domain_name"], {})
            found[row["certificate_key"]] = tuple(row[name] for name in compared)
    assert asked == {
        "a.example.com": {"alicloud/main/5555": ("renewed_not_served", None, "fingerprint", False)},
        "B.example.com": {"alicloud/main/1111": ("untrusted", None, "fingerprint", True)},
        "mismatch.example.net": {"alicloud/main/1111": ("name_mismatch", None, "fingerprint", True)},
        "flaky.example.com": {"alicloud/main/3333": ("not_compared", "stale", "fingerprint", True)},
        "dyn.example.net": {"alicloud/main/6666": ("same", None, "fingerprint", True)},
        "plain.example.com": {None: ("not_compared", "off", None, None)},
        "www.example.com": {
            "cdnetworks/main/1001": ("same", None, "serial_number", True),
            "cdnetworks/main/9": ("same", None, None, None),
        },
        "x.y.cdn.example.com": {"cdnetworks/main/1001": ("unreachable", None, None, None)},
        "pro.example.net": {"cdnetworks/main/5dca": ("not_compared", "not_public", None, None)},
        "example.org": {
            "cloudflare/main/universal/ec": ("same", None, "not_after", True),
            "cloudflare/main/universal/rsa": ("same", None, None, None),
        },
    }
    others = {row["domain_name"]: row["not_compared_because"] for row in rows if not row["synced_at"]}
    assert others[".example.com"] == "wildcard"
    assert others["例子.example.org"] == "unicode"
    assert others["never.example.com"] == "not_asked"
    domains = {(row["provider"], row["domain_name"]) for row in built.warehouses[0].rows("int_domains")}
    assert {(row["provider"], row["domain_name"]) for row in rows} == domains


def test_certificates_history(built: Built) -> None:
    """The snapshot keeps what certificates were, and when they left."""
    versions: dict[str, list[Row]] = {}
    history = "select * from cdn_certs_marts.certificates_history order by dbt_valid_from"
    for row in built.warehouses[0].query(history):
        versions.setdefault(row["certificate_key"], []).append(row)
    assert [row["domain_count"] for row in versions["alicloud/main/1111"]] == [4, 3]
    assert [row["stale"] for row in versions["alicloud/main/3333"]] == [False, True]
    left = {key for key, rows in versions.items() if rows[-1]["dbt_valid_to"]}
    assert left == {"alicloud/main/4444", "cdnetworks/main/1003"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_have_answers(built: Built, question: str) -> None:
    """The questions of the documents have the same answer in both databases, and the one that is expected."""
    one, other = (
        [{name: plain(value) for name, value in row.items()} for row in warehouse.query(QUESTIONS[question])]
        for warehouse in built.warehouses
    )
    assert one == other
    columns, answers = ANSWERS[question]
    assert [tuple(row[name] for name in columns) for row in one] == answers


ANSWERS: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
    "ends_in_30_days": (
        ("name", "whole_days_left", "state"),
        [("flaky-2026", 0, "critical"), ("forgotten", 5, "critical")],
    ),
    "serve_nothing": (
        ("provider", "name", "state"),
        [
            ("alicloud", "forgotten", "critical"),
            ("cdnetworks", "future", "not_yet_valid"),
            ("cdnetworks", "<script>", "unknown"),
            ("cdnetworks", "deployed nowhere", "unknown"),
        ],
    ),
    "domains_that_share_a_certificate": (
        ("certificate_key", "domains", "domain_names"),
        [
            ("alicloud/main/1111", 3, ".example.com, B.example.com, mismatch.example.net"),
            ("cdnetworks/main/1001", 3, "a.cdn.example.com, www.example.com, x.y.cdn.example.com"),
        ],
    ),
    "domains_without_a_certificate": (
        ("domain_name", "reason", "cname"),
        [
            ("plain.example.com", "none", "plain.example.com.w.kunlunsl.example"),
            ("asked.example.net", "none", "asked.example.net.cdn.example"),
            ("bare.example.net", "none", "bare.example.net.cdn.example"),
            ("new.example.org", "not_issued", None),
        ],
    ),
    "weaker_than_rsa_2048": (
        ("name", "algorithm_kind", "algorithm", "bits"),
        [
            ("flaky-2026", "public_key", "RSA", 1024),
            ("flaky-2026", "signature", "sha1WithRSAEncryption", None),
        ],
    ),
    "longer_than_allowed": (("name", "lifetime_days", "limit_days"), [("long", 399, 200)]),
    "served_otherwise": (
        ("domain_name", "verdict", "whole_hours_left"),
        [
            ("B.example.com", "untrusted", 1351),
            ("a.example.com", "renewed_not_served", 1351),
            ("mismatch.example.net", "name_mismatch", 1351),
            ("x.y.cdn.example.com", "unreachable", None),
        ],
    ),
    "could_not_be_read": (
        ("stream", "key", "code"),
        [
            ("certificate_info", "flaky.example.com", "Throttling"),
            ("certificate_info", "never.example.com", "HTTP 502"),
            ("certificate_info", "unread.example.com", "InvalidCertificate"),
            ("ssl_certificate", "*", "Forbidden"),
        ],
    ),
}


def test_models_name_providers_only_in_their_folders() -> None:
    """Another provider costs a folder and its name in the list; nothing else names one, or its streams."""
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    folders = {path.name for path in PROJECT.glob("models/providers/*")}
    assert folders == set(project["vars"]["providers"])
    streams = {path.stem[4:] for path in PROJECT.glob("models/providers/*/stg_*.sql")}
    assert streams == set(SCHEMAS) - {"sync_errors", "syncs"}
    # What all are compared with is what the comparison is called after.
    naming = re.compile("|".join(folders - {"edge"} | streams), re.IGNORECASE)
    # The staging models repeat the streams' descriptions.
    common = {*PROJECT.glob("m*/**/*.*"), *PROJECT.glob("s*/*")} - {*PROJECT.glob("models/[ps]*/**/*")}
    assert common
    assert not [path.name for path in common if naming.search(path.read_text())]


def test_no_model_is_called_as_a_stream() -> None:
    """Streams and models may share a schema."""
    names = {path.stem for path in PROJECT.glob("**/*") if path.suffix in {".sql", ".csv"}}
    assert names.isdisjoint(SCHEMAS)


def test_every_question_has_an_answer() -> None:
    """No question goes without a test."""
    assert set(QUESTIONS) == set(ANSWERS)


OTHERS = {
    "globex_certificates": [
        {"certificate_id": "g", "hosts": ["a.example.com"], "expires_on": "2026-05-09T00:00:00Z"},
    ],
    "initech_domains": [
        {"domain_name": "asked.example.com", "certificate": "none"},
        {"domain_name": "a.example.com", "certificate": None},
    ],
}


def other_rows(synced_at: str) -> Iterator[Row]:
    """The messages of two providers that this project does not have."""
    text = {"type": ["string", "null"]}
    for stream, records in OTHERS.items():
        names = {*records[0], "account", "synced_at"}
        properties: Row = dict.fromkeys(names, text)
        properties["synced_at"] = {"type": "string", "format": "date-time"}
        if "hosts" in names:
            properties["hosts"] = {"type": ["array", "null"], "items": text}
        yield {
            "type": "SCHEMA",
            "stream": stream,
            "schema": {"type": "object", "properties": properties},
            "key_properties": ["account", next(iter(records[0]))],
        }
        for record in records:
            common = {"account": "main", "synced_at": synced_at}
            yield {"type": "RECORD", "stream": stream, "record": common | record}


def test_builds_with_other_providers(tmp_path: Path, target_duckdb: str, dbt: str) -> None:
    """A provider is a folder and a name in the list, also one that has only certificates, or only domains."""
    project = tmp_path / "transform"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copytree(FIXTURES / "providers", project / "models/providers", dirs_exist_ok=True)
    warehouse = duckdb_warehouse(tmp_path, target_duckdb, dbt)
    # The tables of a provider may be missing, and may keep old versions of rows.
    warehouse.settings["primary_key_required"] = False
    warehouse.load(*SYNCS, streams=("cdnetworks_certificates", "syncs"), keys=False)
    warehouse.load_lines("\n".join(map(json.dumps, other_rows(SYNCS[-1]["synced_at"]))))
    variables = json.dumps({"now": NOW, "providers": ["cdnetworks", "globex", "initech"]})
    warehouse.build("build", "--exclude-resource-type", "unit_test", "--vars", variables, project=project)
    models = ("certificates", "certificate_domains", "certificate_expiry", "domains_without_certificate")
    rows = {model: warehouse.rows(model) for model in models}
    *cdnetworks, globex = rows["certificate_expiry"]
    assert [row["certificate_id"] for row in cdnetworks] == ["1001", "1002", "1004"]
    shown = ("identity", "ends_at", "provider_not_after", "fingerprint_sha256", "domain_count", "state")
    assert tuple(globex[name] for name in shown) == (
        "globex/main/g",
        "2026-05-09T00:00:00",
        None,
        None,
        0,
        "critical",
    )
    assert [row["renews_itself"] for row in rows["certificates"]] == [None, None, None, True]
    assert {row["certificate_key"] for row in rows["certificate_domains"]} == {"cdnetworks/main/1001"}
    # Of the other domain nobody has said whether it has one.
    assert [(row["provider"], row["domain_name"]) for row in rows["domains_without_certificate"]] == [
        ("initech", "asked.example.com")
    ]


def test_tables_are_read_as_they_are_written(tmp_path: Path, target_duckdb: str, dbt: str) -> None:
    """Names may be in upper case; a table without what identifies its rows stops the build."""
    warehouse = duckdb_warehouse(tmp_path, target_duckdb, dbt)
    warehouse.load(SYNCS[0], streams=("syncs", "certificate_info"))
    with duckdb.connect(tmp_path / "certs.duckdb") as connection:
        names = [name for (name, *_) in connection.execute("describe cdn_certs.syncs").fetchall()]
        upper = ", ".join(f'{name} as "{name.upper()}"' for name in names)
        connection.execute(f"create table cdn_certs.other as select {upper} from cdn_certs.syncs")  # noqa: S608
        connection.execute("drop table cdn_certs.syncs")
        connection.execute("alter table cdn_certs.other rename to syncs")
        connection.execute("create or replace table cdn_certs.certificate_info as select '{}' as data")
    with pytest.raises(AssertionError) as stopped:
        warehouse.build("run", "--select", "stg_syncs", "stg_certificate_info")
    wanted = "none of the columns that identify the rows of certificate_info, account, domain_name, but:"
    assert wanted in " ".join(str(stopped.value).split())
    found = [row["stream"] for row in warehouse.rows("stg_syncs")]
    assert found
    assert None not in found
