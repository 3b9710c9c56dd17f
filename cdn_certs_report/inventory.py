"""The certificates, seen at one instant."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cdn_certs_report.edge import Edge, edge, ending_before, is_drift
from cdn_certs_report.words import age_in_words, left_in_words, place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdn_certs_report.database import Row

STATES = {
    "expired": "Expired",
    "critical": "Critical",
    "warning": "Warning",
    "not_yet_valid": "Not yet valid",
    "unknown": "Unknown",
    "ok": "OK",
}
"""The states of a certificate, the worst first, in words."""

_WITHDRAWN = {"revoked", "inactive"}
"""The statuses of certificates that are not valid any more before they end."""

_ERROR = ("provider", "account", "stream", "key", "operation", "code", "occurred_at")

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate in an account, and the domains that depend on it."""

    row: Row
    state: str
    left: timedelta | None
    lifetime_left: float | None
    lifetime_days: float | None
    limit_days: float | None
    too_long: bool
    deprecated: bool
    used_by: tuple[str, ...]
    """The domains it serves."""
    covers: tuple[str, ...]
    """The account's domains that its names cover."""
    not_covered: tuple[str, ...]
    """Those it serves that its names do not cover."""
    off: tuple[str, ...]
    """The domains that the provider has it for, but does not serve: they are stopped, or have HTTPS off."""
    disowned: tuple[str, ...]
    """Those it serves of which the provider says that it does not match them, though its names cover them."""
    renewed_by_domain: bool
    """Whether a renewal brings its domains another certificate, rather than this one another content."""
    elsewhere: tuple[Row, ...] | None
    """The same certificate in other places, which a renewal has to reach as well; none when nobody knows."""
    served: tuple[Row, ...] = ()
    """What the edge serves at each of its domains, the worst first; nothing when it was not asked."""
    edge_not_after: datetime | None = None
    """The first end of what the edge serves in its stead, if that is before its own."""

    @property
    def use_unknown(self) -> bool:
        """Whether a domain may go down with it that nobody has read."""
        return not self.used_by and self.row["use_known"] is False

    @property
    def in_use(self) -> bool:
        """Whether a domain goes down with it, or may."""
        return bool(self.used_by) or self.use_unknown

    @property
    def domain_count(self) -> int | str:
        """How many domains go down with it."""
        return "unknown" if self.use_unknown else len(self.used_by)

    @property
    def withdrawn(self) -> bool:
        """Whether the provider says that it is not valid any more, whatever its dates."""
        return self.row["provider_status"] in _WITHDRAWN

    @property
    def serves_nothing(self) -> bool:
        """Whether no domain goes down with it, in whatever place it is held."""
        known: bool | None = self.row["serves_nothing"]
        return not self.in_use if known is None else known

    @property
    def unused(self) -> str:
        """What is said of one that serves no domain here."""
        if self.use_unknown:
            return "perhaps in use"
        return "not in use" if self.serves_nothing else "in use elsewhere"

    @property
    def ends_at(self) -> datetime | None:
        """When it stops working: with itself, its intermediates, by the provider's word, or at the edge."""
        end: datetime | None = self.row["ends_at"]
        return end

    @property
    def chain_ends_first(self) -> bool:
        """Whether an intermediate that is sent with it ends before it does."""
        row = self.row
        return bool(row["chain_not_after"] and row["not_after"] and row["chain_not_after"] < row["not_after"])

    @property
    def edge_verdict(self) -> str | None:
        """The worst of the verdicts on its domains."""
        return self.served[0]["verdict"] if self.served else None

    @property
    def served_otherwise(self) -> tuple[Row, ...]:
        """What the edge serves at those of its domains that are not served as configured."""
        return tuple(row for row in self.served if is_drift(row))

    @property
    def title(self) -> str:
        """The name people know it by."""
        return title(self.row)

    @property
    def label(self) -> str:
        """Its title, and whose it is."""
        return f"{self.title} ({place(self.row)})"

    @property
    def also_held_by(self) -> list[str]:
        """The other places that have it, and how people know it there."""
        return [f"{place(row)}: {title(row)}" for row in self.elsewhere or ()]

    @property
    def key(self) -> str | None:
        """Its public key's algorithm and size: `RSA 2048`, `EC secp256r1`."""
        row = self.row
        size = row["public_key_curve"] or row["public_key_bits"]
        return " ".join(str(part) for part in (row["public_key_algorithm"], size) if part) or None


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """All that the models say at `now`."""

    now: datetime
    as_of: datetime | None
    """The oldest of the streams' last complete syncs; none when a stream has none."""
    warnings: tuple[str, ...]
    """Why this inventory may not be the whole truth."""
    certificates: tuple[Certificate, ...]
    """The soonest to end first, the unknown last."""
    domains_without_certificate: tuple[Row, ...]
    algorithms: tuple[Row, ...]
    syncs: tuple[Row, ...]
    errors: tuple[Row, ...]
    edge: Edge

    @property
    def states(self) -> Counter[str]:
        """How many certificates are in each state."""
        return Counter(certificate.state for certificate in self.certificates)

    @property
    def states_in_use(self) -> Counter[str]:
        """How many certificates in use are in each state."""
        return Counter(certificate.state for certificate in self.certificates if certificate.in_use)

    @property
    def unknown_in_use(self) -> list[Certificate]:
        """The certificates in use of which nobody knows when they end."""
        unknown = [each for each in self.certificates if each.left is None and each.state != "expired"]
        return [each for each in unknown if each.in_use]

    def ending_within(self, within: timedelta) -> list[Certificate]:
        """Return the certificates in use which end within a time, have ended, or were withdrawn."""
        in_use = [each for each in self.certificates if each.in_use]
        return [
            each
            for each in in_use
            if each.state == "expired" or each.withdrawn or (each.left is not None and each.left <= within)
        ]


def inventory(models: dict[str, list[Row]], now: datetime, stale_after: timedelta) -> Inventory:
    """Return what the models say, at `now`."""
    served = edge(models["edge_drift"], now)
    certificates = _certificates(models, served, now)
    health = _sorted(models["sync_health"], "provider", "account", "stream")
    syncs = tuple(_sync(row, now, stale_after) for row in health)
    completed = [row["last_complete_sync_at"] for row in syncs]
    return Inventory(
        now=now,
        as_of=min(completed) if completed and all(completed) else None,
        warnings=(*_warnings(syncs, now), *_not_known(certificates, models["domains_without_certificate"])),
        # No two have the same place, so that every database gives the same report.
        certificates=tuple(
            sorted(certificates, key=lambda each: (each.ends_at or _END_OF_TIME, each.title, _key(each.row)))
        ),
        domains_without_certificate=_sorted(
            models["domains_without_certificate"], "domain_name", "provider", "account"
        ),
        algorithms=tuple(
            sorted(
                models["algorithm_inventory"],
                key=lambda row: (
                    row["class"] != "deprecated",
                    row["algorithm_kind"],
                    -row["certificates"],
                    _algorithm(row),
                ),
            )
        ),
        syncs=syncs,
        errors=_sorted(models["current_sync_errors"], *_ERROR),
        edge=served,
    )


def _sorted(rows: list[Row], *names: str) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: [str(row[name]) for name in names]))


def title(row: Row) -> str:
    """Return the name people know a certificate by."""
    return str(row["name"] or row["subject_common_name"] or row["certificate_id"] or row["certificate_key"])


def ending(certificate: Certificate) -> str:
    """Say when a certificate ends, or that it has ended."""
    if certificate.state == "expired" and (certificate.left is None or certificate.left >= timedelta()):
        return "ended, says the provider"
    if certificate.state != "expired" and certificate.withdrawn:
        return f"{certificate.row['provider_status']}, says the provider"
    end, left = certificate.row["ends_at"], left_in_words(certificate.left)
    return f"{'ended' if certificate.state == 'expired' else 'ends'} {end:%Y-%m-%d %H:%M} UTC ({left})"


def _key(row: Row) -> tuple[str, str, str]:
    # Two accounts can hold the same certificate.
    return row["provider"], row["account"], row["certificate_key"]


def _certificates(models: dict[str, list[Row]], served: Edge, now: datetime) -> list[Certificate]:
    domains: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in models["certificate_domains"]:
        domains[_key(row)].append(row)
    held: defaultdict[str, list[Row]] = defaultdict(list)
    for row in sorted(models["certificate_expiry"], key=_key):
        held[row["identity"]].append(row)
    lifetimes = {row["certificate_key"]: row for row in models["lifetime_compliance"]}
    deprecated = {_algorithm(row) for row in models["algorithm_inventory"] if row["class"] == "deprecated"}
    return [
        _at_the_edge(
            _certificate(
                row,
                domains[_key(row)],
                tuple(each for each in held[row["identity"]] if each is not row) if row["identity"] else None,
                lifetimes.get(row["certificate_key"]),
                not deprecated.isdisjoint(_algorithms(row)),
                now,
            ),
            tuple(served.by_certificate.get(_key(row), ())),
        )
        for row in models["certificate_expiry"]
    ]


def _certificate(
    row: Row,
    domains: list[Row],
    elsewhere: tuple[Row, ...] | None,
    lifetime: Row | None,
    deprecated: bool,  # noqa: FBT001
    now: datetime,
) -> Certificate:
    covering = {"san", "covers"}
    # What is for a domain serves it where the provider says that it comes first.
    own = [each for each in domains if each["in_use"] or each["source"] not in covering]
    used_by = {each["domain_name"]: each["covered"] for each in own if each["in_use"]}
    begin, end = row["not_before"], row["ends_at"]
    lifetime_left = None
    if begin and end and end > begin:
        lifetime_left = round(min(max((end - now) / (end - begin), 0.0), 1.0), 4)
    return Certificate(
        row=row,
        state=_state(row, now),
        left=end - now if end else None,
        lifetime_left=lifetime_left,
        lifetime_days=lifetime["lifetime_days"] if lifetime else None,
        limit_days=lifetime["limit_days"] if lifetime else None,
        too_long=bool(lifetime and lifetime["compliant"] is False),
        deprecated=deprecated,
        used_by=tuple(sorted(used_by)),
        covers=tuple(sorted({each["domain_name"] for each in domains if each["source"] in covering})),
        not_covered=tuple(sorted(name for name, covered in used_by.items() if covered is False)),
        off=tuple(sorted(each["domain_name"] for each in own if not each["in_use"])),
        disowned=tuple(
            sorted(
                each["domain_name"]
                for each in own
                if each["in_use"] and each["covered"] and each["provider_status"] == "mismatch"
            )
        ),
        renewed_by_domain=any(each["source"] == "served" for each in domains),
        elsewhere=elsewhere,
    )


def _at_the_edge(certificate: Certificate, served: tuple[Row, ...]) -> Certificate:
    """Return a certificate with what the edge serves in its stead, whose end counts if it is earlier."""
    own_end, left = certificate.ends_at, certificate.left
    if own_end is None or left is None or not (sooner := ending_before(served, own_end)):
        # Of an unknown end nobody can tell whether another one is earlier.
        return replace(certificate, served=served)
    end = min(each["not_after"] for each in sooner)
    states = (certificate.state, *(each["served_state"] for each in sooner))
    return replace(
        certificate,
        row=certificate.row | {"ends_at": end},
        state=min(states, key=list(STATES).index),
        left=left - (own_end - end),
        served=served,
        edge_not_after=end,
    )


def _state(row: Row, now: datetime) -> str:
    """Return the model's state, unless the certificate has ended since dbt ran, or not yet."""
    state: str = row["state"] if row["state"] in STATES else "unknown"
    if row["ends_at"] is None:
        return state if state == "expired" or row["provider_status"] in _WITHDRAWN else "unknown"
    if row["ends_at"] < now:
        return "expired"
    # Seen from before dbt ran, it is about to end; unless it is the provider who says that it has.
    return "critical" if state == "expired" and row["provider_status"] != "expired" else state


def _algorithm(row: Row) -> tuple[str, ...]:
    """Return what identifies a row of the algorithms' inventory."""
    if row["algorithm_kind"].startswith("signature"):
        return "signature", str(row["algorithm"]), str(row["hash"])
    return "key", str(row["algorithm"]), str(row["bits"]), str(row["curve"])


def _algorithms(row: Row) -> set[tuple[str, ...]]:
    """Return what identifies a certificate's algorithms in their inventory."""
    key = row["public_key_algorithm"], row["public_key_bits"], row["public_key_curve"]
    signature = row["signature_algorithm"], row["signature_hash"]
    return {("signature", *map(str, signature)), ("key", *map(str, key))}


def _sync(row: Row, now: datetime, stale_after: timedelta) -> Row:
    """Return a stream's health, which is stale also when dbt has not run since."""
    completed = row["last_complete_sync_at"]
    if row["state"] in {"ok", "partial"} and completed is None:
        return row | {"state": "incomplete"}
    if row["state"] in {"ok", "partial"} and now - completed > stale_after:
        return row | {"state": "stale"}
    return row


def _warnings(syncs: Sequence[Row], now: datetime) -> list[str]:
    """Return, in words, what keeps the inventory from being whole and recent."""
    if not syncs:
        return ["No sync is recorded: certificates may be missing."]
    warnings = []
    for row in syncs:
        stream = f"{place(row)}: {row['stream']}"
        completed = row["last_complete_sync_at"]
        ago = f"{age_in_words(now - completed)} ago" if completed else None
        if row["state"] == "ok":
            continue
        if completed is None:
            warnings.append(f"{stream} was never read completely: certificates may be missing.")
        elif row["state"] == "incomplete":
            warnings.append(f"{stream} was not read to its end; the last complete sync was {ago}.")
        elif row["state"] == "stale":
            warnings.append(f"{stream} was last read completely {ago}.")
        else:
            failed = row["failed"] or row["errors"] or 0
            warnings.append(
                f"{stream}: {failed} could not be read; what is shown of them is old, or missing."
            )
    return warnings


def _not_known(certificates: list[Certificate], without: list[Row]) -> list[str]:
    """Return, in words, where domains are served with a certificate that nobody knows."""
    unknown = {
        (place(each.row), name) for each in certificates if each.row["only_named"] for name in each.used_by
    }
    unknown |= {(place(row), row["domain_name"]) for row in without if row["reason"] == "not_named"}
    return [
        f"{owner}: domains whose certificate is in no list, so that its end is not known: {count:,}."
        for owner, count in sorted(Counter(owner for owner, _ in unknown).items())
    ]
