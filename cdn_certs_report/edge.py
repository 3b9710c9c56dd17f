"""What the edge serves, beside what the providers say."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdn_certs_report.database import Row

VERDICTS = {
    "name_mismatch": "For another name",
    "expired": "Expired",
    "renewed_not_served": "Renewed, not served",
    "untrusted": "Not trusted",
    "other_certificate": "Another certificate",
    "unreachable": "Not reached",
    "same": "As configured",
    "not_compared": "Not compared",
}
"""The verdicts, the worst first, in words."""

REASONS = {
    "wildcard": "a wildcard, which names no host",
    "unicode": "written in Unicode",
    "not_asked": "not asked",
    "off": "off: nothing need be served",
    "not_public": "an address that is not public",
    "not_resolved": "no address",
    "served_by_another": "served by another account or provider that lists it",
    "unknown_certificate": "the provider does not name its certificate",
    "stale": "not read lately",
    "nothing_to_compare_by": "too little is known of its certificate",
    "began_later": "its certificate began after the edge was asked",
    "may_serve_another": "the provider does not say that it serves what it has for it",
}
"""Why a domain was not compared, in words."""

_STANDING = {"renewed_not_served", "untrusted", "other_certificate", "same"}
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Edge:
    """The rows of `edge_drift`, as they are at one instant, the worst first."""

    rows: tuple[Row, ...]

    @cached_property
    def domains(self) -> list[Row]:
        """A row for each domain of an account, by the worst that is said of it: the worst first."""
        found: dict[Key, Row] = {}
        for row in self.rows:
            found.setdefault((row["provider"], row["account"], row["domain_name"]), row)
        return list(found.values())

    @property
    def drifted(self) -> list[Row]:
        """The domains that are served otherwise than configured, or not at all."""
        return [row for row in self.domains if is_drift(row)]

    @property
    def refused(self) -> list[Row]:
        """Those whose visitors are refused by their browsers."""
        return [row for row in self.drifted if is_refused(row)]

    @property
    def unreachable(self) -> list[Row]:
        """Those of which nobody knows what they serve."""
        return [row for row in self.drifted if row["verdict"] == "unreachable"]

    @property
    def same(self) -> int:
        """How many domains are served as configured."""
        return sum(row["verdict"] == "same" for row in self.domains)

    @property
    def not_compared(self) -> Counter[str]:
        """How many domains were not compared, by the reason."""
        return Counter(
            row["not_compared_because"] for row in self.domains if row["verdict"] == "not_compared"
        )

    def ending_by(self, when: datetime) -> list[Row]:
        """Return the domains whose end only the edge knows, and that end by then."""
        return [
            row
            for row in self.domains
            if row["configured_not_after"] is None
            and row["name_matches"]
            and row["not_compared_because"] in {None, "unknown_certificate", "nothing_to_compare_by"}
            and not is_refused(row)
            and row["served_not_after"]
            and row["served_not_after"] <= when
        ]

    @cached_property
    def shared(self) -> dict[str, list[Row]]:
        """The rows of each host that several accounts list, and that was asked."""
        hosts: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row["synced_at"]:
                hosts[_host(row)].append(row)
        return {
            host: rows
            for host, rows in sorted(hosts.items())
            if len({(row["provider"], row["account"]) for row in rows}) > 1
        }

    @cached_property
    def by_certificate(self) -> dict[Key, list[Row]]:
        """The rows of each certificate."""
        found: defaultdict[Key, list[Row]] = defaultdict(list)
        for row in self.rows:
            found[row["provider"], row["account"], row["certificate_key"]].append(row)
        return found


def edge(rows: Sequence[Row], now: datetime) -> Edge:
    """Return what the model says, at `now`: what is served may have ended since dbt ran."""
    return Edge(tuple(sorted((_at(row, now) for row in rows), key=_urgency)))


def is_drift(row: Row) -> bool:
    """Whether a domain is served otherwise than configured, or not at all."""
    return row["verdict"] not in {"same", "not_compared"}


def ending_before(rows: Sequence[Row], end: datetime) -> list[Row]:
    """Return those rows of drift that end before a certificate does by itself."""
    return [row for row in rows if is_drift(row) and row["not_after"] and row["not_after"] < end]


def is_refused(row: Row) -> bool:
    """Whether browsers refuse what is served."""
    return is_drift(row) and (row["verdict"] in {"expired", "name_mismatch"} or row["trusted"] is False)


def trouble(row: Row) -> str:
    """Return what is wrong beside the verdict: why nobody answered, or why it is not trusted."""
    if row["error"]:
        return str(row["error"]).replace("_", " ")
    if row["trusted"] is not False or row["verdict"] == "expired":
        return ""
    why = row["trust_error"] or "nobody says why"
    return str(why) if row["verdict"] == "untrusted" else f"not trusted: {why}"


def in_words(row: Row) -> str:
    """Return what is served at a domain, in a line."""
    end = row["served_not_after"]
    parts = (
        VERDICTS[row["verdict"]].lower(),
        trouble(row),
        f"what is served {'ended' if row['verdict'] == 'expired' else 'ends'} {end:%Y-%m-%d %H:%M} UTC"
        if end
        else "",
        "not seen lately" if row["stale"] else "",
    )
    return f"{row['domain_name']}: {'; '.join(filter(None, parts))}"


def summary(edge: Edge) -> str:
    """Return how many domains were compared, and why the others were not."""
    left = edge.not_compared
    why = "; ".join(f"{REASONS[reason]}: {count:,}" for reason, count in left.most_common())
    return f"Served as configured: {edge.same:,}. Not compared: {left.total():,}{f' ({why})' if why else ''}."


def _host(row: Row) -> str:
    return str(row["domain_name"]).lower().rstrip(".")


def _at(row: Row, now: datetime) -> Row:
    ended = row["served_not_after"] and row["served_not_after"] < now
    if ended and row["verdict"] in _STANDING:
        return row | {"verdict": "expired", "served_state": "expired"}
    return row


def _urgency(row: Row) -> tuple[object, ...]:
    place = [row[name] or "" for name in ("domain_name", "provider", "account", "certificate_key")]
    return list(VERDICTS).index(row["verdict"]), row["served_not_after"] or _END_OF_TIME, *place
