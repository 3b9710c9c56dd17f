"""The certificates that hosts serve, whatever their providers say."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.fan_out import fan_out
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach
from tap_cdn_certs.providers.edge.client import HANDSHAKE
from tap_cdn_certs.providers.edge.hosts import host_name, is_glob, matches
from tap_cdn_certs.streams.stream import CDNStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from singer_sdk import Tap

    from tap_cdn_certs.providers.edge.visit import Visit
    from tap_cdn_certs.records.values import Record
    from tap_cdn_certs.streams.run import Run

TESTED = 10  # hosts that are asked for a test


class EdgeCertificates(CDNStream):
    """What hosts show in a TLS handshake: a row for each, also for one that shows no certificate."""

    name = "edge_certificates"
    provider = "edge"
    primary_keys = ("account", "domain_name")
    operation = HANDSHAKE
    request_per_key = True
    # One host that cannot be reached says nothing of the others, which in a test are few.
    sample = None
    last = True

    def __init__(self, tap: Tap, run: Run) -> None:
        super().__init__(tap, run)
        self._listed = run.follow()

    @override
    def results(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        self.progress.limit = self.client.limits[self.operation]
        is_reached, errors = False, Counter[str]()
        for host, answer in fan_out(
            self.client.visit,
            self.hosts(),
            connections=self.client.connections,
            ahead=self.room,
            over=self.over,
        ):
            visit = answer.result()
            is_reached |= visit.is_connected
            errors.update([visit.error] if visit.error else [])
            yield host, partial(self.record, host, visit)
        self._conclude(errors, is_reached=is_reached)

    def hosts(self) -> Iterator[str]:
        """The names of hosts to ask: who only tests asks a few."""
        return islice(self._hosts(), None if self.client.patience is None else TESTED)

    def _hosts(self) -> Iterator[str]:
        """The names of hosts, each once: those of the settings, and those that the others list."""
        given: list[str] = self.run.settings[self.provider]["domains"]
        globs = dict.fromkeys((each for each in given if is_glob(each)), 0)
        asked: set[str] = set()
        for name in (each for each in given if not is_glob(each)):
            yield from self._new(host_name(name), asked)
        for name in self._listed:
            try:
                host = host_name(name)
            except InvalidValueError as error:
                self.counts.listed += 1
                self.failed(name, error)
                continue
            selecting = [glob for glob in globs if host and matches(host, glob)]
            globs.update((glob, globs[glob] + 1) for glob in selecting)
            if selecting or not globs:
                yield from self._new(host, asked)
        self.progress.total = self.counts.listed
        for glob in (glob for glob, found in globs.items() if not found):
            self.logger.warning("edge.domains names %s, which no domain that is listed matches.", glob)

    def _new(self, host: str | None, asked: set[str]) -> Iterator[str]:
        if host and host not in asked:
            asked.add(host)
            self.counts.listed += 1
            yield host

    def record(self, host: str, visit: Visit) -> Record:
        """The record of a visit to a host."""
        chain, leaf = self.x509(visit.chain or "", served=True)
        return self.whole(
            {
                "domain_name": host,
                "address": visit.address,
                "port": visit.port,
                "tls_version": visit.tls_version,
                "cipher_suite": visit.cipher_suite,
                "certificate_chain": chain,
                **leaf,
                "trusted": visit.trusted,
                "trust_error": visit.trust_error,
                "name_matches": is_for(host, leaf),
                "ocsp_stapled": visit.ocsp_stapled,
                "error": visit.error,
                "answered_at": visit.answered_at,
            }
        )

    @override
    def has_certificate(self, record: Record) -> bool:
        return record["error"] is None

    def _conclude(self, errors: Counter[str], *, is_reached: bool) -> None:
        """Says what kept certificates from being seen.

        Raises:
            APIError: Nothing at all could be reached.
        """
        if errors:
            codes = ", ".join(f"{count:,} {code}" for code, count in errors.most_common())
            self.logger.info("%s: no certificate was seen of %s.", self.name, codes)
        if private := errors.pop("not_public", 0):
            self.logger.warning(
                "%s: %s not connected to: no address is public. If they are yours, set edge.allow_private.",
                self.name,
                "one host was" if private == 1 else f"{private:,} hosts were",
            )
        if errors and not is_reached:
            code, _ = errors.most_common()[0]
            message = (
                f"None of {errors.total():,} hosts was reached, mostly with {code}. May this machine "
                "connect to them? Proxies are not used; edge.connect_to names another way."
            )
            raise APIError("NothingReached", message, Reach.STREAM)


def is_for(host: str, leaf: Record) -> bool | None:
    """Whether a certificate's alternative names are for a host: RFC 6125; None if that is not known."""
    # Imported late: cryptography takes long, and --version does without.
    from tap_cdn_certs.records import x509  # noqa: PLC0415

    names: Any = leaf["x509_subject_alternative_names"]
    is_covered = x509.covers(names or (), host)
    known = is_covered or leaf["x509_subject_alternative_names_complete"]
    return is_covered if known else None


STREAMS = (EdgeCertificates,)
