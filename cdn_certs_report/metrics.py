"""The report as metrics of Prometheus, for the node exporter's textfile collector: https://prometheus.io/docs/practices/naming/."""

from __future__ import annotations

from collections import Counter, defaultdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from cdn_certs_report.inventory import STATES
from cdn_certs_report.words import account

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdn_certs_report.database import Row
    from cdn_certs_report.inventory import Certificate, Inventory

    class _Make(Protocol):
        def __call__(self, name: str, documentation: str, *labels: str) -> Gauge: ...


_MOST = 5_000
"""How many certificates have series of their own, three each: those in use first, then the soonest to end."""

_PLACE = ("provider", "account")


def to_metrics(inventory: Inventory) -> str:
    """Return the inventory, and the verdict on each domain at the edge, in text format 0.0.4."""
    registry = CollectorRegistry()

    def gauge(name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(f"cdn_certs_{name}", documentation, labels, registry=registry)

    gauge("build_info", "The version of tap-cdn-certs that wrote this.", "version").labels(
        version("tap-cdn-certs")
    ).set(1)
    _inventory(inventory, gauge)
    _syncs(inventory.syncs, gauge)
    _accounts(inventory, gauge)
    _certificates(inventory.certificates, gauge)
    domains = gauge(
        "edge_domains",
        "Domains by what the edge serves: same, renewed_not_served and so on.",
        *_PLACE,
        "verdict",
    )
    verdicts = Counter((*account(row), row["verdict"]) for row in inventory.edge.domains)
    for values, count in sorted(verdicts.items()):
        domains.labels(*values).set(count)
    return generate_latest(registry).decode()


def _inventory(inventory: Inventory, gauge: _Make) -> None:
    gauge(
        "inventory_complete",
        "Whether all was read completely and recently, and no domain has a certificate unknown: 1 or 0.",
    ).set(not inventory.warnings)
    if inventory.as_of:
        gauge(
            "inventory_as_of_timestamp_seconds",
            "The oldest of the streams' last complete syncs; absent while a stream has none.",
        ).set(inventory.as_of.timestamp())


def _syncs(syncs: Iterable[Row], gauge: _Make) -> None:
    labels = (*_PLACE, "stream")
    completed = gauge(
        "sync_last_complete_timestamp_seconds",
        "When the last complete sync of a stream began; absent where there was none.",
        *labels,
    )
    complete = gauge("sync_complete", "Whether a stream was read completely and recently: 1 or 0.", *labels)
    errors = gauge("sync_errors", "What the last sync of a stream could not read.", *labels)
    for row in syncs:
        values = *account(row), row["stream"]
        if row["last_complete_sync_at"]:
            completed.labels(*values).set(row["last_complete_sync_at"].timestamp())
        complete.labels(*values).set(row["state"] == "ok")
        if row["errors"] is not None:
            errors.labels(*values).set(row["errors"])


def _accounts(inventory: Inventory, gauge: _Make) -> None:
    """Count what each account has; of nothing there is a 0, so that an alert has something to compare."""
    used = (*_PLACE, "in_use")
    certificates = gauge("certificates", "Certificates by their state in the report.", *used, "state")
    unknown = gauge("certificates_end_unknown", "Certificates of which nobody knows when they end.", *used)
    served = gauge("domains_served", "Domains that are served with a certificate.", *_PLACE)
    bare = gauge("domains_without_certificate", "Domains of which no certificate is known.", *_PLACE)
    domains: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for each in inventory.certificates:
        domains[account(each.row)].update(each.used_by)
    states = Counter((account(each.row), each.in_use, each.state) for each in inventory.certificates)
    endless = Counter((account(each.row), each.in_use) for each in inventory.certificates if not each.ends_at)
    without = Counter(map(account, inventory.domains_without_certificate))
    for owner in sorted({*domains, *without, *map(account, inventory.syncs)}):
        for in_use in (True, False):
            values = (*owner, str(in_use).lower())
            unknown.labels(*values).set(endless[owner, in_use])
            for state in STATES:
                certificates.labels(*values, state).set(states[owner, in_use, state])
        served.labels(*owner).set(len(domains[owner]))
        bare.labels(*owner).set(without[owner])


def _certificates(certificates: Iterable[Certificate], gauge: _Make) -> None:
    labels = (*_PLACE, "certificate_id", "common_name")
    not_after = gauge(
        "certificate_not_after_timestamp_seconds",
        "When a certificate's own validity ends; absent where nobody knows.",
        *labels,
    )
    ends_at = gauge(
        "certificate_ends_at_timestamp_seconds",
        "The earliest of its own end, its intermediates', the provider's word, and what the edge serves.",
        *labels,
    )
    domains = gauge("certificate_domains", "Domains that a certificate serves.", *labels)
    ordered = sorted(certificates, key=lambda each: not each.in_use)
    gauge(
        "certificates_left_out",
        f"Certificates without series of their own: only {_MOST:,} have them.",
    ).set(len(ordered[_MOST:]))
    # Backwards, so that of several with the same labels the first to end is what stays.
    for each in reversed(ordered[:_MOST]):
        row = each.row
        identity = row["certificate_id"] or row["certificate_key"]
        values = (*account(row), identity, row["subject_common_name"] or "")
        if row["not_after"]:
            not_after.labels(*values).set(row["not_after"].timestamp())
        if each.ends_at:
            ends_at.labels(*values).set(each.ends_at.timestamp())
        domains.labels(*values).inc(len(each.used_by))
