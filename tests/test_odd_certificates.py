"""Certificates as nobody should have issued them, from the API to the report's exit code."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from answering import answering
from authority import ALTERNATIVE_NAMES, CONSTRAINTS, Issuer, names
from judge import all_judged, differences, judged
from process import Run, run_tap, start_tap
from warehouses import duckdb_warehouse

from cdn_certs_report.__main__ import main

if TYPE_CHECKING:
    from warehouses import Warehouse

    Item = dict[str, Any]
    Row = dict[str, Any]

CASES = Path(__file__).parents[2] / "shared" / "cases"
NOW = "2026-11-25T12:00:00Z"
END = "2026-12-29T23:59:59Z"
BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n")

needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason=f"Others' cases are not in {CASES.name}/.")


def cases(name: str) -> Any:
    """Return a file of the cases."""
    return json.loads((CASES / name).read_text())


def sha256(pem: str) -> str:
    """Return the fingerprint of a certificate."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def item(domain: str, chain: str, **fields: str) -> Item:
    """Return an item of DescribeDomainCertificateInfo."""
    return {
        "DomainName": domain,
        "ServerCertificateStatus": "on",
        "ServerCertificate": chain,
        "CertName": f"cert-{domain}",
        "CertStartTime": "2026-10-01T00:00:00Z",
        "CertExpireTime": END,
    } | fields


@pytest.fixture(scope="module")
def issuers() -> dict[str, Issuer]:
    """A root, its intermediate that lasts and one that has ended, and an authority of others."""
    long = {"begin": "2020-01-01T00:00:00", "end": "2031-01-01T00:00:00"}
    root = Issuer("root", **long)
    return {
        "root": root,
        "issuing": Issuer("issuing", root, **long),
        "ended": Issuer("ended", root, begin="2020-01-01T00:00:00", end="2026-11-01T00:00:00"),
        "unrelated": Issuer("unrelated", Issuer("unrelated root"), **long),
    }


def quirks(issuers: dict[str, Issuer]) -> dict[str, Item]:
    """Domains whose certificates have harmless quirks: nobody need be woken."""
    extensions = {
        # Written out, though it is the default.
        "bc.example.com": {CONSTRAINTS: bytes.fromhex("3003010100")},
        "latin1.example.com": {ALTERNATIVE_NAMES: names("latin1.example.com", "m\xfcller.example.com")},
        "x400.example.com": {ALTERNATIVE_NAMES: names("x400.example.com", b"\xa3\x02\x30\x00")},
        # Addresses of the authority that are cut off.
        "aia.example.com": {"1.3.6.1.5.5.7.1.1": bytes.fromhex("3005300306082b")},
    }
    issuing = issuers["issuing"]
    return {
        domain: item(
            domain, issuing.issue(domain, {ALTERNATIVE_NAMES: names(domain)} | extension) + issuing.pem
        )
        for domain, extension in extensions.items()
    }


def troubles(issuers: dict[str, Issuer]) -> dict[str, Item]:
    """Domains that are worse than they look, and two that are better."""
    issuing, ended, unrelated = (issuers[name] for name in ("issuing", "ended", "unrelated"))

    def chain(issuer: Issuer, domain: str, *others: str, **options: Any) -> str:
        return issuer.issue(domain, {ALTERNATIVE_NAMES: names(domain)}, **options) + "".join(others)

    old = {"begin": "2026-01-01T00:00:00", "end": "2026-03-31T23:59:59"}
    leaf = chain(issuing, "wrong-chain.example.com")
    nobody = issuing.issue("x", {ALTERNATIVE_NAMES: names("latin1.example.com", "m\xfcller.example.com")})
    found = {
        "ended-chain.example.com": chain(ended, "ended-chain.example.com", ended.pem),
        "wrong-chain.example.com": unrelated.pem + leaf,
        "no-chain.example.com": chain(issuing, "no-chain.example.com"),
        "disputed.example.com": chain(issuing, "disputed.example.com", issuing.pem),
        "unknown-names.example.net": nobody + issuing.pem,
        "https-off.example.com": chain(issuing, "https-off.example.com", issuing.pem, **old),
        "stopped.example.com": chain(issuing, "stopped.example.com", issuing.pem, **old),
    }
    changed = {
        "disputed.example.com": {"CertExpireTime": "2026-11-20T00:00:00Z"},
        "https-off.example.com": {
            "ServerCertificateStatus": "off",
            "CertExpireTime": "2026-03-31T23:59:59Z",
        },
        "stopped.example.com": {"CertExpireTime": "2026-03-31T23:59:59Z"},
    }
    return {domain: item(domain, pem, **changed.get(domain, {})) for domain, pem in found.items()}


def https_domain(domain: str, year: int, status: str) -> Item:
    """Return an item of DescribeCdnHttpsDomainList: certificates of one name that end in different years."""
    return {
        "DomainName": domain,
        "CertName": "wildcard-example",
        "CertCommonName": "*.example.com",
        "CertStatus": status,
        "CertStartTime": f"{year - 1}-11-01 00:00:00",
        "CertExpireTime": f"{year}-11-01 00:00:00",
    }


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog without `certificate_info`."""
    path = tmp_path_factory.mktemp("catalog")
    with answering({}) as settings, start_tap(path, {"alicloud": settings}, "--discover") as tap:
        found = json.loads(tap.communicate()[0])
    for stream in found["streams"]:
        if stream["tap_stream_id"] == "certificate_info":
            stream["metadata"][0]["metadata"]["selected"] = False
    written = path / "catalog.json"
    written.write_text(json.dumps(found))
    return written


@pytest.fixture(scope="module")
def warehouse(
    tmp_path_factory: pytest.TempPathFactory,
    issuers: dict[str, Issuer],
    catalog: Path,
    dbt: str,
    target_duckdb: str,
) -> tuple[Warehouse, list[Run], tuple[int, int]]:
    """A file with the quirks, of two syncs, then with all; the syncs, and the report's exit code for each."""
    folder = tmp_path_factory.mktemp("duckdb")
    warehouse = duckdb_warehouse(folder, target_duckdb, dbt)
    file = str(folder / "certs.duckdb")

    def sync(account: str, *arguments: str, **answers: Any) -> Run:
        with answering(**answers) as settings:
            config = {"alicloud": settings | {"account": account}, "strict": True}
            run = run_tap(folder, config, *arguments)
        warehouse.load_lines(run.stdout)
        return run

    def verdict() -> int:
        warehouse.build(
            "build", "--exclude-resource-type", "test", "unit_test", "--vars", f"{{now: '{NOW}'}}"
        )
        arguments = ("--json", str(folder / "report.json"), "--now", NOW, "--stale-after", "9999d")
        return main([file, *arguments, "--fail-within", "14d"])

    runs = [sync("quirks", certificates=quirks(issuers)) for _ in range(2)]
    harmless = verdict()
    troubled = troubles(issuers)
    domains = [
        {"DomainName": name, "DomainStatus": "offline" if name.startswith("stopped") else "online"}
        for name in troubled
    ]
    runs.append(sync("troubles", certificates=troubled, domains=domains))
    https = [
        https_domain("a.example.com", 2027, "ok"),
        https_domain("b.example.com", 2026, "expired"),
        https_domain("c.example.com", 2027, "expired"),
    ]
    runs.append(sync("labels", "--catalog", str(catalog), certificates={}, domains=[], https=https))
    return warehouse, runs, (harmless, verdict())


Loaded = tuple["Warehouse", list[Run], tuple[int, int]]


def by(rows: list[Row], key: str, *shown: str) -> dict[Any, tuple[Any, ...]]:
    """Return some columns of rows by another."""
    return {row[key]: tuple(row[name] for name in shown) for row in rows}


def test_a_quirk_turns_no_monitor_off(warehouse: Loaded) -> None:
    """What is read nearly whole is read, also the second time, also where everything has to be."""
    built, runs, (harmless, _) = warehouse
    assert [run.returncode for run in runs[:2]] == [0, 0]
    assert harmless == 0
    for run in runs[:2]:
        assert {key: error["reach"] for key, error in run.by_key("sync_errors").items()} == {
            "latin1.example.com": "field",
            "aia.example.com": "field",
        }
    errors = {row["key"]: row for row in built.rows("current_sync_errors") if row["account"] == "quirks"}
    assert errors.keys() == {"latin1.example.com", "aia.example.com"}
    assert "x509_ocsp_urls" in errors["aia.example.com"]["message"]
    (health,) = (
        row
        for row in built.rows("sync_health")
        if (row["account"], row["stream"]) == ("quirks", "certificate_info")
    )
    assert (health["state"], health["errors"], health["unreadable_fields"]) == ("ok", 0, 2)
    covered = by(built.rows("certificate_domains"), "domain_name", "covered")
    assert {covered[domain] for domain in quirks_of(runs[0])} == {(True,)}


def quirks_of(run: Run) -> list[str]:
    """Return the domains of a sync."""
    return [record["domain_name"] for record in run.records["certificate_info"]]


def test_what_ends_first_decides(warehouse: Loaded) -> None:
    """An intermediate that has ended, and the earlier of two ends, are what counts."""
    built, _, (_, troubled) = warehouse
    rows = [row for row in built.rows("certificate_expiry") if row["account"] == "troubles"]
    shown = ("state", "ends_at", "end_disputed", "chain_complete", "domain_count")
    own = END.removesuffix("Z")
    assert by(rows, "name", *shown) == {
        "cert-ended-chain.example.com": ("expired", "2026-11-01T00:00:00", False, True, 1),
        "cert-wrong-chain.example.com": ("ok", own, False, False, 1),
        "cert-no-chain.example.com": ("ok", own, False, False, 1),
        "cert-disputed.example.com": ("expired", "2026-11-20T00:00:00", True, True, 1),
        "cert-unknown-names.example.net": ("ok", own, False, True, 1),
        "cert-https-off.example.com": ("expired", "2026-03-31T23:59:59", False, True, 0),
        "cert-stopped.example.com": ("expired", "2026-03-31T23:59:59", False, True, 0),
    }
    assert troubled == 2


def test_unknown_is_not_no(warehouse: Loaded) -> None:
    """Where a name is missing, nobody knows of a domain that the others do not cover; that is a doubt."""
    built, runs, _ = warehouse
    rows = [row for row in built.rows("certificate_domains") if row["source"] == "served"]
    covered = by(rows, "domain_name", "covered", "in_use")
    assert covered["unknown-names.example.net"] == (None, True)
    assert covered["wrong-chain.example.com"] == (True, True)
    assert covered["https-off.example.com"] == (True, False)
    assert covered["stopped.example.com"] == (True, False)
    # Strict, and the names of one certificate are not known.
    assert runs[2].returncode == 1
    assert by(runs[2].records["sync_errors"], "key", "code", "reach") == {
        "unknown-names.example.net": ("InvalidCertificate", "key")
    }


def test_a_label_is_no_identity(warehouse: Loaded) -> None:
    """Certificates of one name that end at different times are two, and the provider's word is heard."""
    built, *_ = warehouse
    rows = [row for row in built.rows("certificate_expiry") if row["account"] == "labels"]
    shown = ("state", "not_after", "provider_status", "provider_says_worse", "domain_count")
    assert by(rows, "certificate_key", *shown) == {
        "alicloud/labels/wildcard-example": ("expired", "2027-11-01T00:00:00", "expired", True, 2),
        "alicloud/labels/wildcard-example/*.example.com/2025-11-01 00:00:00/2026-11-01 00:00:00": (
            "expired",
            "2026-11-01T00:00:00",
            "expired",
            False,
            1,
        ),
    }


@needs_cases
@pytest.mark.parametrize("name", ["odd_leaves", "names", "leaf_and_chain", "algorithms"])
def test_reads_the_cases_of_others(name: str, tmp_path: Path) -> None:
    """Every field of every record is what OpenSSL reads of the leaf, and no key counts as unread."""
    items = cases(f"{name}.json")
    with answering(items) as settings:
        run = run_tap(tmp_path, {"alicloud": settings, "strict": True})
    assert run.returncode == 0, run.stderr
    records = run.by_key("certificate_info")
    assert records.keys() == items.keys()
    for domain, record in records.items():
        # In one of them, an unrelated authority comes first.
        fingerprint = record["x509_fingerprint_sha256"]
        (leaf,) = (pem for pem in BLOCK.findall(record["server_certificate"]) if sha256(pem) == fingerprint)
        judgement = judged(leaf)
        assert judgement
        assert not [*differences(leaf, judgement)], domain
        assert record["x509_not_after"] == judgement["x509_not_after"]
        assert domain in (*record["x509_subject_alternative_names"], record["x509_subject_common_name"])


@needs_cases
def test_loses_nothing_of_the_certificates_of_zlint() -> None:
    """Of the certificates by which others test their linter, no value that OpenSSL reads is lost."""
    # A process of OpenSSL for each takes long.
    chains = dict([*cases("zlint.json")["certificates"].items()][::4])
    judgements = all_judged(chains)
    found = [
        (name, difference)
        for name, judgement in judgements.items()
        for difference in (differences(chains[name], judgement) if judgement else ())
    ]
    assert sum(judgement is not None for judgement in judgements.values()) > len(chains) * 0.9
    assert not [(name, difference) for name, difference in found if difference.lost]
    # Some are read differently, each by one in a hundred certificates at most.
    assert len(found) < len(chains) / 40
