"""Certificates that CPS has deployed, and their enrollments: https://techdocs.akamai.com/cps/reference/api."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing
from tap_cdn_certs.errors import APIError, InvalidValueError
from tap_cdn_certs.providers.akamai.client import ACTIVE, CONTRACTS, DEPLOYMENTS, ENROLLMENTS
from tap_cdn_certs.records.seen import words
from tap_cdn_certs.records.values import (
    boolean,
    elements,
    end,
    identifier,
    inner,
    integer,
    mapping,
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
    from collections.abc import Callable, Iterable, Iterator

    from tap_cdn_certs.records.values import Item, Record

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
    if body.get("enrollments") is None:
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


def active(body: Item) -> list[Any]:
    """The enrollments of a contract with what is deployed of them: their documents say little of their form.

    Raises:
        InvalidValueError: It is another one, which says nothing.
    """
    listed = enrollments(body)
    known = [item for item in listed if isinstance(item, Mapping) and item["id"]]
    if listed and not any(item.keys() & {*NETWORKS} for item in known):
        raise InvalidValueError("No enrollment says what it is, and what is deployed of it.")
    return listed


def deployed(enrollment: Item) -> list[Item]:
    """The certificates on both networks, each with its deployment, and what tells it from the others.

    A network of which they cannot be read has an `error` in their place.
    """
    found: list[Item] = []
    for network in NETWORKS:
        try:
            found += on_network(network, mapping(enrollment.get(network) or None, network))
        except InvalidValueError as error:
            found.append({"key": network, "error": error})
    return found


def on_network(network: str, deployment: Item) -> list[Item]:
    """The certificates that are deployed on a network.

    Raises:
        InvalidValueError: It is not what the provider documents.
    """
    rest = {name: value for name, value in deployment.items() if name not in {PRIMARY, STACKED}}
    held: dict[str, tuple[bool, Item]] = {}
    primary = mapping(deployment.get(PRIMARY) or None, PRIMARY)
    for is_primary, certificate in (
        (True, primary),
        *((False, each) for each in objects(deployment, STACKED)),
    ):
        if any(certificate.values()):
            held.setdefault(digest(certificate), (is_primary, certificate))
    algorithms = {name: key_algorithm(certificate) for name, (_, certificate) in held.items()}
    # Two of one kind are not known to be there, but none is to be lost; nor does their order tell them apart.
    several = {each for each, number in Counter(algorithms.values()).items() if number > 1}
    found: list[Item] = []
    for name, (is_primary, certificate) in held.items():
        named = not is_primary and algorithms[name] in several
        algorithm = f"{algorithms[name]}_{name[:8]}" if named else algorithms[name]
        found.append(
            {
                "key": f"{network}/{algorithm}",
                "network": network,
                "key_algorithm": algorithm,
                "primary_certificate": is_primary,
                "deployment": rest,
                "certificate": certificate,
            }
        )
    return found


def digest(certificate: Item) -> str:
    """What tells a certificate from others: of its PEM, or of all that is said where that is not shown."""
    pem = "".join((unchecked_text(certificate, "certificate") or "").split())
    said = pem or json.dumps(certificate, sort_keys=True)
    return hashlib.sha256(said.encode(errors="replace")).hexdigest()


def key_algorithm(certificate: Item) -> str:
    """The kind of a certificate's key: as the provider says, else as the certificate does."""
    # Imported late: cryptography takes long, and --version does without.
    from tap_cdn_certs.records import x509  # noqa: PLC0415

    if said := text(certificate, "keyAlgorithm"):
        return said
    pem = unchecked_text(certificate, "certificate") or ""
    algorithm = x509.leaf_fields(pem)[0]["x509_public_key_algorithm"] if pem.strip() else None
    return "ECDSA" if algorithm == "EC" else str(algorithm or UNKNOWN)


def listed(operation: str, path: str, items: Callable[[Item], list[Any]]) -> Listing:
    """A list of enrollments, of which each contract has one."""
    sizes = (2**26, 10**6)  # with all certificates of all enrollments
    return Listing(operation=operation, path=path, items=items, key="id", noun="enrollments", sizes=sizes)


ACTIVE_LIST = listed(ACTIVE, "/cps/v2/active-certificates", active)
ENROLLMENT_LIST = listed(ENROLLMENTS, "/cps/v2/enrollments", enrollments)


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
    # In the key, and of certificates that visitors show.
    left_out = words(
        "key certificate.keyAlgorithm deployment.networkConfiguration.clientMutualAuthentication"
    )

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
    def keys(self) -> Iterator[str]:
        failed: APIError | None = None
        try:
            yield from super().keys()
        except APIError as error:
            failed = error
        yield from self.unlisted()
        if failed:
            raise failed

    def unlisted(self) -> Iterator[str]:
        """The enrollments of the contracts that do not list what is deployed."""
        contracts: set[str] = self.client.unlisted
        if not contracts:
            return
        if not self.active:
            self.source = self.source._replace(operation=DEPLOYMENTS)
        for place, item in enumerate(self.run.inventory(self.provider, ENROLLMENT_LIST), 1):
            if isinstance(item, Mapping) and item["contractId"] not in contracts:
                continue
            key = ENROLLMENT_LIST.identify(item)
            if key in self.active and key:
                continue
            self.counts.listed += 1
            try:
                yield required_identifier(mapping(item, "The item"), "id")
            except InvalidValueError as error:
                self.failed(f"#{place}", error)

    @override
    def items_of(self, key: str) -> Iterator[Any]:
        return iter(deployed(self.active[key])) if key in self.active else super().items_of(key)

    @override
    def fields(self, key: str, answer: Item) -> Record:
        if error := answer.get("error"):
            raise error
        certificate, deployment = inner(answer, "certificate"), inner(answer, "deployment")
        network = inner(deployment, "networkConfiguration")
        pem, issuers = (unchecked_text(certificate, name) or "" for name in ("certificate", "trustChain"))
        chain, leaf = self.x509(pem, issuers=issuers)
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
