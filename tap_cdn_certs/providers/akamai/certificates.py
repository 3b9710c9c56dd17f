"""Certificates that CPS has deployed, and their enrollments: https://techdocs.akamai.com/cps/reference/api."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach
from tap_cdn_certs.providers.akamai.client import ACTIVE, CONTRACTS, DEPLOYMENTS, ENROLLMENTS
from tap_cdn_certs.records.seen import words
from tap_cdn_certs.records.values import (
    boolean,
    elements,
    end,
    identifier,
    inner,
    integer,
    objects,
    required_identifier,
    taken,
    text,
    texts,
    unchecked_text,
    utc,
)
from tap_cdn_certs.streams.list_stream import ListStream
from tap_cdn_certs.streams.nested_stream import NestedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tap_cdn_certs.records.values import Item, Record
    from tap_cdn_certs.streams.inventory import Inventory

NETWORKS = ("production", "staging")
# Of a deployment: the certificate, and that of the other kind of key.
PRIMARY, STACKED = "primaryCertificate", "multiStackedCertificates"
ADDRESS = re.compile(r"[\d.]+|.*:.*")
UNKNOWN = "unknown"  # neither the provider nor the certificate says the kind of its key


def enrollments(body: Item) -> list[Any]:
    """The enrollments of a contract; one that does not say its identifier has it at the end of its location.

    Raises:
        InvalidValueError: There are none, not even no one.
    """
    if "enrollments" not in body:
        raise InvalidValueError("enrollments is missing.")
    return [
        {**item, "id": item.get("id") or str(item.get("location") or "").rpartition("/")[2]}
        if isinstance(item, Mapping)
        else item
        for item in elements(body, "enrollments")
    ]


def deployments(body: Item) -> list[Item]:
    """The certificates of an answer that is about one enrollment.

    Raises:
        InvalidValueError: It is about something else.
    """
    if body and body.keys().isdisjoint(NETWORKS):
        raise InvalidValueError("production and staging are missing.")
    return deployed(body)


def deployed(enrollment: Item) -> list[Item]:
    """The certificates on both networks, each with its deployment, and what tells it from the others."""
    found: dict[str, Item] = {}
    for network in NETWORKS:
        deployment = inner(enrollment, network)
        rest = {name: value for name, value in deployment.items() if name not in {PRIMARY, STACKED}}
        for kind in (PRIMARY, STACKED):
            for certificate in objects(deployment, kind):
                if all(value is None for value in certificate.values()):
                    continue
                algorithm = key_algorithm(certificate)
                # Two of one kind are not known to be there: but none is to be lost.
                while (key := f"{network}/{algorithm}") in found:
                    algorithm += "_2"
                found[key] = {
                    "key": key,
                    "network": network,
                    "key_algorithm": algorithm,
                    "primary_certificate": kind == PRIMARY,
                    "deployment": rest,
                    "certificate": certificate,
                }
    return [*found.values()]


def key_algorithm(certificate: Item) -> str:
    """The kind of a certificate's key: as the provider says, else as the certificate does."""
    # Imported late: cryptography takes long, and --version does without.
    from tap_cdn_certs.records import x509  # noqa: PLC0415

    if said := text(certificate, "keyAlgorithm"):
        return said
    pem = unchecked_text(certificate, "certificate") or ""
    algorithm = x509.leaf_fields(pem)[0]["x509_public_key_algorithm"] if pem.strip() else None
    return "ECDSA" if algorithm == "EC" else str(algorithm or UNKNOWN)


def listed(operation: str, path: str) -> Listing:
    """A list of enrollments, of which each contract has one."""
    sizes = (2**26, 10**6)  # with all certificates of all enrollments
    return Listing(
        operation=operation, path=path, items=enrollments, key="id", noun="enrollments", sizes=sizes
    )


ACTIVE_LIST = listed(ACTIVE, "/cps/v2/active-certificates")
ENROLLMENT_LIST = listed(ENROLLMENTS, "/cps/v2/enrollments")


class AkamaiEnrollments(ListStream):
    """Enrollments of CPS: what certificates are ordered and deployed by."""

    name = "akamai_enrollments"
    provider = "akamai"
    product = "cps"
    primary_keys = ("account", "enrollment_id")
    listing = ENROLLMENT_LIST
    other_operations = (CONTRACTS,)
    # Of people and where they are, and of certificates that visitors show.
    left_out = words(
        "adminContact techContact org csr.c csr.l csr.o csr.ou csr.st slots "
        "networkConfiguration.clientMutualAuthentication"
    )

    @override
    def fields(self, item: Item) -> Record:
        csr, network = inner(item, "csr"), inner(item, "networkConfiguration")
        names = inner(network, "dnsNameSettings")
        return {
            "enrollment_id": required_identifier(item, "id"),
            "contract_id": identifier(item, "contractId"),
            "location": text(item, "location"),
            "org_id": identifier(item, "orgId"),
            **taken(text, item, "certificateType", "validationType", "ra", "certificateChainType"),
            "signature_algorithm": text(item, "signatureAlgorithm"),
            "auto_renewal_start_time": utc(item, "autoRenewalStartTime"),
            **taken(boolean, item, "changeManagement", "enableMultiStackedCertificates"),
            **taken(integer, item, "maxAllowedSanNames", "maxAllowedWildcardSanNames"),
            **taken(slots, item, "assignedSlots", "productionSlots", "stagingSlots"),
            "pending_changes": [
                taken(text, each, "changeType", "location") for each in objects(item, "pendingChanges")
            ]
            or None,
            "exclude_sans": boolean(inner(item, "thirdParty"), "excludeSans"),
            "common_name": text(csr, "cn"),
            "subject_alternative_names": texts(csr, "sans"),
            "preferred_trust_chain": text(csr, "preferredTrustChain"),
            **of_network(network),
            "clone_dns_names": boolean(names, "cloneDnsNames"),
            "dns_names": texts(names, "dnsNames"),
        }


class AkamaiCertificates(NestedStream):
    """Certificates that CPS has deployed: on each network, of each kind of key.

    They come in one answer for each contract, where the provider knows that operation; else each enrollment
    is asked for its own.
    """

    name = "akamai_certificates"
    provider = "akamai"
    product = "cps"
    primary_keys = ("account", "enrollment_id", "network", "key_algorithm")
    domain_fields = ("dns_names",)
    operation = ACTIVE
    listing = ACTIVE_LIST
    path = "/cps/v2/enrollments/{key}/deployments"
    items = Listing(operation=DEPLOYMENTS, items=deployments, key="key", noun="certificates")
    other_operations = (CONTRACTS,)
    proofs = ("expiry", "certificate")
    # In the key.
    left_out = words("key certificate.keyAlgorithm")

    one_by_one = False  # whether each enrollment is asked for its own

    @property
    @override
    def inventory(self) -> Inventory:
        return self.run.inventory(self.provider, ENROLLMENT_LIST if self.one_by_one else ACTIVE_LIST)

    @cached_property
    def active(self) -> dict[str | None, Item]:
        """The enrollments with what is deployed of them."""
        found: dict[str | None, Item] = {}
        # What keeps others from being listed, the keys say.
        with suppress(APIError):
            for item in self.inventory:
                found[ACTIVE_LIST.identify(item)] = item
        return found

    @override
    def results(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        try:
            yield from super().results()
        except APIError as error:
            if error.reach is not Reach.GONE:
                raise
            self.logger.info("%s: %s", self.name, error)
            self.one_by_one = True
            self.source = self.source._replace(operation=DEPLOYMENTS)
            self.prepare()
            yield from super().results()

    @override
    def items_of(self, key: str) -> Iterator[Any]:
        return super().items_of(key) if self.one_by_one else iter(deployed(self.active[key]))

    @override
    def fields(self, key: str, answer: Item) -> Record:
        certificate, deployment = inner(answer, "certificate"), inner(answer, "deployment")
        network = inner(deployment, "networkConfiguration")
        sent = (unchecked_text(certificate, name) or "" for name in ("certificate", "trustChain"))
        chain, leaf = self.x509("".join(f"{part.strip()}\n" for part in sent if part.strip()))
        return {
            "enrollment_id": key,
            **taken(required_identifier, answer, "network", "key_algorithm"),
            "primary_certificate": boolean(answer, "primary_certificate"),
            "expiry": end(certificate, "expiry"),
            "signature_algorithm": text(certificate, "signatureAlgorithm"),
            "ocsp_stapled": boolean(deployment, "ocspStapled"),
            "ocsp_uris": texts(deployment, "ocspUris"),
            **of_network(network),
            "dns_names": texts(network, "dnsNames"),
            "certificate": chain,
            **leaf,
        }

    @override
    def domains(self, record: Record) -> Iterable[str]:
        """The names that visitors ask for: those that SNI selects it by, else those that it is for."""
        if record["network"] != NETWORKS[0]:
            return ()
        selected = super().domains(record) if record["sni_only"] else ()
        names = record["x509_subject_alternative_names"] or [record["x509_subject_common_name"]]
        return [*selected] or [name for name in names if name and not ADDRESS.fullmatch(name)]


def of_network(network: Item) -> Record:
    """How the certificates of an enrollment are served, or are to be."""
    return {
        **taken(boolean, network, "sniOnly", "quicEnabled"),
        **taken(text, network, "geography", "secureNetwork", "ocspStapling"),
        **taken(text, network, "mustHaveCiphers", "preferredCiphers"),
        "disallowed_tls_versions": texts(network, "disallowedTlsVersions"),
    }


def slots(item: Item, name: str) -> list[str] | None:
    """The numbers of slots, as identifiers."""
    return [number for each in elements(item, name) if (number := identifier({name: each}, name))] or None


STREAMS = (AkamaiEnrollments, AkamaiCertificates)
