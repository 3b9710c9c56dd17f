"""What is wrong with the certificates, and what of it is news to somebody who was told before."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cdn_certs_report.inventory import STATES, ending
from cdn_certs_report.words import account, place, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from cdn_certs_report.database import Row
    from cdn_certs_report.inventory import Certificate, Inventory

    Key = tuple[str, str, str, str]
    Problems = Mapping[Key, "Problem"]

_LINES = 10
"""How many changes a message names: with as many characters each, it fits wherever 2,000 do."""
_LINE = 160

_COUNTS = {
    "Expired": "{} expired",
    "Served otherwise": "{} served otherwise",
    "Critical": "{} critical",
    "Not whole": "inventory not whole",
    "Recovered": "{} recovered",
}
"""How a line of a message begins, the worst first, and what its title says of such lines."""

_VERDICTS = {
    "renewed_not_served": "it was renewed, and the edge does not serve that",
    "other_certificate": "the edge serves another certificate",
    "untrusted": "what the edge serves is not trusted",
    "name_mismatch": "what the edge serves is for other names",
    "expired": "what the edge serves has ended",
    "unreachable": "the edge does not answer",
}

_URGENCY = (
    {"expired"},
    {"domain expired", "domain name_mismatch", "domain untrusted"},
    {"critical", "domain renewed_not_served"},
    {"domain unreachable"},
    {"domain other_certificate"},
)
"""Kinds, and verdicts on domains, those first by which visitors are turned away, now or soon."""

_GONE = {"certificate": "no longer in use", "domain": "no longer listed", "stream": "no longer read"}

_LISTED = {"ok", "partial"}
"""The states of a sync that has read the whole list, so that what is not there is no more."""


class Problem(NamedTuple):
    """What is wrong with a certificate, with a domain at the edge, or with the sync of a stream."""

    about: str
    provider: str
    account: str
    name: str
    """The provider's identifier of it."""
    kind: str
    """What is wrong: another kind is another problem."""
    label: str
    detail: str = ""
    urgency: tuple[int, str] = (len(_URGENCY), "")
    """The place of its kind, and when the certificate ends: the smallest is told first."""

    @property
    def key(self) -> Key:
        """What it is about, from one sync to the next."""
        return self.about, self.provider, self.account, self.name

    @property
    def heading(self) -> str:
        """What people call its kind."""
        named = {"domain": "Served otherwise", "stream": "Not whole"}
        return named.get(self.about) or STATES[self.kind]


@dataclass(frozen=True)
class Present:
    """What is wrong now, and what is well."""

    problems: Problems
    others: Mapping[Key, str | None]
    """Of what else there is, how it is, in words; none of what nobody knows to be well."""
    listed: Collection[tuple[str, str]]
    """The accounts of which everything is known that they have."""
    in_use: int

    def over(self, problem: Problem) -> str | None:
        """Say how a problem of before has ended; nothing where it has not, or nobody knows."""
        if problem.key in self.problems:
            return None
        if problem.key in self.others:
            return self.others[problem.key]
        return _GONE.get(problem.about) if (problem.provider, problem.account) in self.listed else None


class Message(NamedTuple):
    """What people are told; `weight` is the word that Apprise has for it."""

    title: str
    body: str
    weight: str


def present(inventory: Inventory) -> Present:
    """Return what is wrong with what there is, and what is well."""
    problems: dict[Key, Problem] = {}
    others: dict[Key, str | None] = {}
    in_use = [each for each in inventory.certificates if each.in_use]
    for found in (*_certificates(in_use), *_domains(inventory.edge.rows), *_streams(inventory.syncs)):
        if isinstance(found, Problem):
            problems[found.key] = found
        else:
            others |= found
    states: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in inventory.syncs:
        states[account(row)].add(row["state"])
    listed = {each for each, known in states.items() if known <= _LISTED}
    return Present(problems, others, listed, len(in_use))


def news(now: Present, told: Problems | None) -> tuple[Message | None, Problems]:
    """Return what to tell somebody, and what they have been told then; nobody told before is told all."""
    before = told or {}
    new = [each for key, each in now.problems.items() if key not in before or before[key].kind != each.kind]
    over = [(each, how) for each in before.values() if (how := now.over(each))]
    new.sort(key=lambda each: each.urgency)
    lines = [(each.heading, f"{each.label}: {each.detail}") for each in new]
    lines += [("Recovered", f"{each.label}: {how}") for each, how in over]
    ended = {each.key for each, _ in over}
    known = {key: each for key, each in before.items() if key not in ended} | dict(now.problems)
    if lines:
        return _message(lines), known
    return (_all_well(now) if told is None else None), known


def _certificates(in_use: Iterable[Certificate]) -> Iterable[Problem | dict[Key, str | None]]:
    """Yield how the certificates are that serve domains, the soonest to end first."""
    groups: defaultdict[Key, list[Certificate]] = defaultdict(list)
    for each in in_use:
        row = each.row
        name = row["certificate_id"] or row["certificate_key"]
        groups["certificate", *account(row), name].append(each)
    order = list(STATES)
    for key, group in groups.items():
        worst = min(group, key=lambda each: order.index(each.state))
        if worst.state in {"expired", "critical"}:
            detail = f"{ending(worst)}, domains: {worst.domain_count}"
            yield Problem(*key, worst.state, worst.label, detail, _urgency([worst.state], worst.ends_at))
        else:
            unknown = any(each.state == "unknown" or each.row["stale"] for each in group)
            yield {key: None if unknown else ending(worst)}


def _domains(drift: Iterable[Row]) -> Iterable[Problem | dict[Key, str | None]]:
    """Yield how the edge serves each domain: by all certificates that a provider has for it."""
    groups: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in drift:
        groups["domain", *account(row), row["domain_name"]].append(row)
    for key, rows in groups.items():
        verdicts = {row["verdict"] for row in rows}
        if wrong := sorted(verdicts - {"same", "not_compared"}):
            ends = [row["not_after"] for row in rows if row["verdict"] in wrong and row["not_after"]]
            detail = "; ".join(_VERDICTS.get(each, each.replace("_", " ")) for each in wrong)
            until = f" (the earlier end: {min(ends):%Y-%m-%d %H:%M} UTC)" if ends else ""
            urgency = _urgency([f"domain {each}" for each in wrong], min(ends, default=None))
            yield Problem(*key, " ".join(wrong), f"{key[3]} ({place(rows[0])})", detail + until, urgency)
        else:
            yield {key: "served as configured" if "same" in verdicts else None}


def _urgency(kinds: Iterable[str], end: datetime | None) -> tuple[int, str]:
    """Return how soon a problem is to be told of."""
    places = (place for place, known in enumerate(_URGENCY) if not known.isdisjoint(kinds))
    return min(places, default=len(_URGENCY)), end.isoformat() if end else "9999"


def _streams(syncs: Sequence[Row]) -> Iterable[Problem | dict[Key, str | None]]:
    """Yield how the sync of each stream is; its state changes while it is not whole, which is no news."""
    none = "stream", "", "", ""
    if syncs:
        yield {none: "there are some"}
    else:
        yield Problem(*none, "not whole", "syncs", "none is recorded, and certificates may be missing")
    for row in syncs:
        key = "stream", *account(row), row["stream"]
        completed = row["last_complete_sync_at"]
        if row["state"] == "ok":
            yield {key: "whole again"}
        else:
            when = f"{completed:%Y-%m-%d %H:%M} UTC" if completed else "never"
            detail = f"{row['state']}; last read completely: {when}"
            yield Problem(*key, "not whole", f"{row['stream']} ({place(row)})", detail)


def _message(lines: list[tuple[str, str]]) -> Message:
    counts = Counter(heading for heading, _ in lines)
    title = ", ".join(words.format(counts[heading]) for heading, words in _COUNTS.items() if counts[heading])
    order = list(_COUNTS)
    shown = [_cut(printable(f"{heading}: {text}")) for heading, text in lines[:_LINES]]
    more = [f"and {len(lines) - _LINES:,} more"] if len(lines) > _LINES else []
    weights = ("failure", "failure", "warning", "warning", "success")
    worst = min(map(order.index, counts))
    return Message(f"CDN certificates: {title}", "\n".join((*shown, *more)), weights[worst])


def _all_well(now: Present) -> Message:
    unknown = sum(how is None for (about, *_), how in now.others.items() if about == "certificate")
    doubt = f", {unknown:,} of them with an end that nobody knows" if unknown else ""
    body = f"Certificates in use: {now.in_use:,}{doubt}. From now on, you are told what changes."
    return Message("CDN certificates: none expired, none critical", body, "info")


def _cut(text: str) -> str:
    return text if len(text) <= _LINE else f"{text[: _LINE - 1]}\N{HORIZONTAL ELLIPSIS}"
