"""The report's metrics, as Prometheus reads them."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from reported import NOTHING, NOW, certificate, domain, health, load, models, naive

from cdn_certs_report import metrics as report_metrics
from cdn_certs_report.__main__ import main
from cdn_certs_report.database import _plain
from cdn_certs_report.edge import Edge
from cdn_certs_report.inventory import inventory
from cdn_certs_report.metrics import to_metrics

if TYPE_CHECKING:
    from reported import Row

    from cdn_certs_report.inventory import Inventory

    Samples = dict[str, dict[tuple[str, ...], float]]

MONITORING = Path(__file__).parents[1] / "docs" / "monitoring.md"
DAY = timedelta(days=1)
OTHER = {"provider": "cdnetworks", "account": "games"}
ODD = ('"', "\\", "\\n", "a\nb", "\r\n", "中文", "\N{LOCK}", '{x="y"} 1', "", "#", "\x1b[31m", "x" * 5_000)
"""What is no plain label."""

# Beside Python is where scripts/promtool puts it.
PROMTOOL = shutil.which("promtool") or shutil.which("promtool", path=Path(sys.executable).parent)
needs_promtool = pytest.mark.skipif(
    not PROMTOOL,
    reason="there is no promtool: only the client's own parser judges",
)


def seen(**replaced: list[Row]) -> Inventory:
    """Return the inventory of the models, some of them replaced, as at NOW."""
    plain = {
        model: [{key: _plain(value) for key, value in row.items()} for row in rows]
        for model, rows in (models() | replaced).items()
    }
    return inventory(plain, NOW, timedelta(hours=48))


def at_the_edge(measured: Inventory, *verdicts: tuple[str, str]) -> Inventory:
    """Return an inventory with domains and verdicts on what is served there, the worst first."""
    rows = ({"domain_name": name, "verdict": verdict, **OTHER} for name, verdict in verdicts)
    return replace(measured, edge=Edge(tuple(rows)))


def samples(text: str) -> Samples:
    """Return each metric's values by their labels' values, in the labels' alphabetical order."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation.endswith(".")
        assert family.type == "gauge"
        values = found.setdefault(family.name.removeprefix("cdn_certs_"), {})
        for sample in family.samples:
            assert sample.timestamp is None
            labels = tuple(sample.labels[name] for name in sorted(sample.labels))
            assert labels not in values
            values[labels] = sample.value
    return found


def promtool(*arguments: str | Path, text: str = "") -> None:
    """Let promtool judge; it says nothing of what is good."""
    assert PROMTOOL
    done = subprocess.run(
        [PROMTOOL, *arguments], input=text, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""


def test_measures_what_the_report_says() -> None:
    """Ends are timestamps, and absent where nobody knows; all else is counted, and nothing is 0."""
    found = samples(to_metrics(seen()))
    today = "default", "id-today", "today.example.com", "alicloud"
    unknown = "default", "id-unknown", "unknown.example.com", "alicloud"
    for name in ("not_after", "ends_at"):
        ends = found[f"certificate_{name}_timestamp_seconds"]
        assert ends[today] == (NOW + timedelta(hours=23)).timestamp()
        assert len(ends) == 8
        assert unknown not in ends
    assert found["certificate_domains"][today] == 1
    assert found["certificate_domains"][unknown] == 0
    assert found["certificates_end_unknown"] == {
        ("default", "true", "alicloud"): 0,
        ("default", "false", "alicloud"): 1,
        ("games", "true", "cdnetworks"): 0,
        ("games", "false", "cdnetworks"): 0,
    }
    assert sum(found["certificates"].values()) == len(models()["certificate_expiry"])
    assert found["certificates"]["default", "true", "alicloud", "critical"] == 2
    assert found["certificates"]["games", "false", "cdnetworks", "expired"] == 0
    assert found["domains_served"] == {("default", "alicloud"): 124, ("games", "cdnetworks"): 2}
    assert found["domains_without_certificate"] == {("default", "alicloud"): 1, ("games", "cdnetworks"): 0}
    assert found["inventory_complete"] == {(): 1}
    assert found["inventory_as_of_timestamp_seconds"] == {(): (NOW - timedelta(hours=1)).timestamp()}
    assert found["certificates_left_out"] == {(): 0}
    assert list(found["build_info"].values()) == [1]


def test_the_first_end_of_all_is_measured_beside_its_own() -> None:
    """An intermediate that ends first is seen in `ends_at`; of several with one identifier, the first."""
    rows = [
        certificate("one", 9 * DAY, "ok", ends_at=naive(NOW + DAY)),
        certificate("two", 5 * DAY, "ok", certificate_id="id-one", subject_common_name="one.example.com"),
        certificate("ever", None, "expired", certificate_id=None, subject_common_name=None),
    ]
    found = samples(to_metrics(seen(certificate_expiry=rows, certificate_domains=[])))
    one = "default", "id-one", "one.example.com", "alicloud"
    assert found["certificate_ends_at_timestamp_seconds"] == {one: (NOW + DAY).timestamp()}
    assert found["certificate_not_after_timestamp_seconds"] == {one: (NOW + 9 * DAY).timestamp()}
    assert found["certificate_domains"] == {one: 0, ("default", "ever", "", "alicloud"): 0}
    assert found["certificates_end_unknown"]["default", "false", "alicloud"] == 1


def test_measures_the_syncs() -> None:
    """What is partial, stale or was never read is not complete; what is not known is absent."""
    rows = [
        health(stream="good"),
        health(stream="partial", state="partial", errors=3),
        health(stream="old", last_complete_sync_at=naive(NOW - 3 * DAY)),
        health(stream="never", state="incomplete", last_complete_sync_at=None, errors=None),
        health(stream="nobody's", provider=None),
    ]
    found = samples(to_metrics(seen(sync_health=rows)))
    complete = {labels[2]: value for labels, value in found["sync_complete"].items()}
    assert complete == {"good": 1, "partial": 0, "old": 0, "never": 0, "nobody's": 1}
    completed = {labels[2]: value for labels, value in found["sync_last_complete_timestamp_seconds"].items()}
    assert completed.keys() == complete.keys() - {"never"}
    assert completed["old"] == (NOW - 3 * DAY).timestamp()
    errors = {labels[2]: value for labels, value in found["sync_errors"].items()}
    assert errors == {"good": 0, "partial": 3, "old": 0, "nobody's": 0}
    assert found["inventory_complete"] == {(): 0}
    assert "inventory_as_of_timestamp_seconds" not in found


def test_measures_what_the_edge_serves() -> None:
    """Domains are counted by the worst of their verdicts, each once however many certificates it has."""
    names = ("a", "untrusted"), ("a", "same"), ("b", "same"), ("b", "same"), ("c", "same")
    found = samples(to_metrics(at_the_edge(seen(), *names)))
    place = "games", "cdnetworks"
    assert found["edge_domains"] == {(*place, "same"): 2, (*place, "untrusted"): 1}
    assert samples(to_metrics(seen()))["edge_domains"] == {}


def test_only_so_many_certificates_have_series(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those in use and the soonest to end; how many have none is said."""
    monkeypatch.setattr(report_metrics, "_MOST", 3)
    found = samples(to_metrics(seen()))
    assert {labels[1] for labels in found["certificate_domains"]} == {"id-second", "id-today"}
    assert len(found["certificate_domains"]) == 3
    assert found["certificates_left_out"] == {(): 6}


def odd() -> Inventory:
    """Return an inventory of names that are no plain labels."""
    rows = [
        certificate(
            f"key-{number}",
            DAY,
            "ok",
            certificate_id=f"{number}{text}",
            subject_common_name=text,
            account=text,
        )
        for number, text in enumerate(ODD)
    ]
    return seen(certificate_expiry=rows, sync_health=[health(stream=text, account=text) for text in ODD])


def test_labels_are_whatever_providers_say() -> None:
    """Quotes, backslashes, line ends and all of Unicode come back as they were."""
    found = samples(to_metrics(odd()))
    assert {labels[2] for labels in found["certificate_domains"]} == set(ODD)
    assert {labels[2] for labels in found["sync_complete"]} == set(ODD)


@needs_promtool
@pytest.mark.parametrize("measured", [seen(), odd(), seen(**NOTHING)], ids=["usual", "odd", "nothing"])
def test_promtool_takes_the_metrics(measured: Inventory) -> None:
    """Names, types, help and labels keep the conventions."""
    promtool("check", "metrics", text=to_metrics(at_the_edge(measured, *((name, name) for name in ODD))))


def test_a_new_file_is_readable_for_the_node_exporter(tmp_path: Path) -> None:
    """Whatever the umask; an old one keeps its mode."""
    source, file = tmp_path / "certs.duckdb", tmp_path / "cdn_certs.prom"
    load(f"duckdb:///{source}", models())
    before = os.umask(0o077)
    try:
        for mode in (0o644, 0o640):
            assert main([str(source), "--metrics", str(file), "--now", NOW.isoformat()]) == 0
            assert stat.S_IMODE(file.stat().st_mode) == mode
            file.chmod(0o640)
    finally:
        os.umask(before)
    assert file.read_text("utf-8") == to_metrics(seen())
    assert {path.name for path in tmp_path.iterdir()} == {source.name, file.name}


# The alerts of the documents.


def rules() -> dict[str, Any]:
    """Return what Prometheus reads of the rules in the documents."""
    (block,) = re.findall(r"```yaml\n(.*?)```", MONITORING.read_text(), re.DOTALL)
    resource: dict[str, Any] = yaml.safe_load(block)
    assert resource["kind"] == "PrometheusRule"
    spec: dict[str, Any] = resource["spec"]
    return spec


def test_the_documents_name_every_metric() -> None:
    """The table has each metric with its labels, and the alerts ask for no other."""
    documented: dict[str, set[str]] = {}
    labels: set[str] = set()
    for names, said in re.findall(r"^\| (`.*?) \|(.*?)\|", MONITORING.read_text(), re.MULTILINE):
        labels = labels if said == " the same " else set(re.findall(r"\w+", said))
        documented |= dict.fromkeys(re.findall(r"`(\w+)`", names), labels)
    text = to_metrics(at_the_edge(seen(), ("a", "same")))
    families = list(text_string_to_metric_families(text))
    measured = {each.name.removeprefix("cdn_certs_"): set(each.samples[0].labels) for each in families}
    assert measured == documented
    asked = {
        name
        for group in rules()["groups"]
        for rule in group["rules"]
        for name in re.findall(r"cdn_certs_\w+", rule["expr"])
    }
    assert asked <= {family.name for family in families}


def firing(labels: str, number: int) -> dict[str, Any]:
    """Return promtool's question whether so many alerts fire, ten days after its time begins."""
    query = f'count(ALERTS{{alertstate="firing", {labels}}})'
    return {"expr": query, "eval_time": "10d", "exp_samples": [{"value": number, "labels": "{}"}]}


@needs_promtool
def test_the_alerts_say_what_is_wrong(tmp_path: Path) -> None:
    """Each fires for what it is named for, and none for a certificate that serves nothing."""
    measured = seen(
        certificate_expiry=[
            certificate("second", -DAY, "expired"),
            certificate("days", 3 * DAY, "critical"),
            certificate("unused", -DAY, "expired"),
            certificate("unknown", None, "unknown"),
            certificate("fine", 90 * DAY, "ok"),
        ],
        certificate_domains=[domain(name, name) for name in ("second", "days", "unknown", "fine")],
        sync_health=[health(), health(stream="broken", state="partial")],
    )
    text = to_metrics(at_the_edge(measured, ("a", "untrusted")))
    series = []
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            # A test's time begins in 1970.
            shift = NOW.timestamp() - 10 * 86_400 if "_timestamp_seconds" in name else 0
            series.append({"series": name, "values": f"{float(value) - shift:.0f}x20000"})
    assert "id-unused" in text
    fires = {
        "CDNCertificateExpired": ', certificate_id="id-second"',
        "CDNCertificateEndsSoon": ', certificate_id="id-days"',
        "CDNCertificateEndUnknown": "",
        "CDNServedOtherwise": ', verdict="untrusted"',
        "CDNInventoryNotWhole": ', stream="broken"',
        "CDNCertificatesNotMeasured": None,
    }
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules()))
    promtool("check", "rules", tmp_path / "rules.yml")
    (alerting,) = rules()["groups"]
    assert {rule["alert"] for rule in alerting["rules"]} == set(fires)
    counted = [
        *(firing(f'alertname="{name}"{labels}', 1) for name, labels in fires.items() if labels is not None),
        firing("", len(fires) - 1),
    ]
    tests = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1d",
        "tests": [{"interval": "1h", "input_series": series, "promql_expr_test": counted}],
    }
    (tmp_path / "tests.yml").write_text(json.dumps(tests))
    promtool("test", "rules", tmp_path / "tests.yml")
