"""Domains of Tencent Cloud's EdgeOne: https://www.tencentcloud.com/document/product/1145/50456."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, Offset
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach
from tap_cdn_certs.records.seen import words
from tap_cdn_certs.records.values import (
    end,
    identifier,
    inner,
    mapping,
    objects,
    required_identifier,
    taken,
    text,
    texts,
    utc,
)
from tap_cdn_certs.streams.nested_stream import NestedStream
from tap_cdn_certs.streams.stream import Alike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap

    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.records.values import Item, Record
    from tap_cdn_certs.streams.run import Run


def listed(operation: str, items: str, key: str, size: int, noun: str, **more: Any) -> Listing:
    """A list of EdgeOne."""
    paging = Offset("Offset", size=("Limit", size), start=0)
    return Listing(
        operation=operation,
        items=f"Response.{items}",
        key=key,
        paging=paging,
        total="Response.TotalCount",
        noun=noun,
        **more,
    )


ZONES = listed(
    *("DescribeZones", "Zones", "ZoneId", 100, "zones"),
    selected_by="zones",
    named="ZoneName",
    nowhere="no zone of the account matches",
)
DOMAINS = listed("DescribeAccelerationDomains", "AccelerationDomains", "DomainName", 200, "domains")
DEFAULTS = listed("DescribeDefaultCertificates", "DefaultServerCertInfo", "CertId", 100, "certificates")

# EdgeOne's own, which are in no other list.
OWN = "teo-"
UNSAID = "Nobody says when EdgeOne's own certificates end."


class TencentCloudEdgeOneDomains(NestedStream):
    """Domains of the zones of EdgeOne, each with the certificates that it is configured with."""

    name = "tencentcloud_edgeone_domains"
    provider = "tencentcloud"
    product = "edgeone"
    primary_keys = ("account", "zone_id", "domain_name")
    domain_fields = ("domain_name",)
    listing = ZONES
    items = DOMAINS
    some_refused = True  # those of Pages and AI
    other_operations = (DEFAULTS.operation,)
    proofs = ("certificate_list",)
    # Of origins, whose passwords are there, and what proves whose a domain is.
    left_out = words(
        "ComplianceRestrictions HttpOriginPort HttpsOriginPort IPv6Status OriginDetail OriginProtocol "
        "OwnershipVerification ZoneId Certificate.List.Message"
    )

    def __init__(self, tap: Tap, run: Run) -> None:
        super().__init__(tap, run)
        self._zone = ""
        self._own: dict[str, Item] = {}  # EdgeOne's certificates of that zone
        self._unsaid: dict[str, APIError] = {}  # why nobody says when those of a zone end
        self._alike = Alike()
        self._given_up: APIError | None = None

    @override
    def parameters(self, key: str) -> Parameters:
        return {"ZoneId": key}

    @override
    def items_of(self, key: str) -> Iterator[Any]:
        return map(partial(self.dated, key), super().items_of(key))

    def dated(self, zone: str, item: Any) -> Any:
        """A domain, with what the zone says of EdgeOne's certificates that the domain only names."""
        # What is wrong with it, its record will say.
        with suppress(InvalidValueError):
            certificate = inner(mapping(item, "The item"), "Certificate")
            listed = objects(certificate, "List")
            if any(is_undated(each) for each in listed):
                own = self.own(zone)
                whole = [
                    {**own[each["CertId"]], **{name: value for name, value in each.items() if value}}
                    if is_undated(each) and each["CertId"] in own
                    else each
                    for each in listed
                ]
                return {**item, "Certificate": {**certificate, "List": whole}}
        return item

    def own(self, zone: str) -> dict[str, Item]:
        """EdgeOne's certificates of a zone by their identifiers, as far as they may be read."""
        if self._zone != zone:
            self._zone, self._own = zone, {}
            try:
                if self._given_up:
                    raise self._given_up
                for each in self.client.listing(replace(DEFAULTS, parameters=self.parameters(zone))):
                    self._own[str(DEFAULTS.identify(each))] = each
                self._alike.count = 0
            except APIError as error:
                if error.reach in {Reach.HOST, Reach.PROVIDER}:
                    raise
                self._unsaid[zone] = error.but(f"{UNSAID} {error.message}", Reach.KEY)
                if error.reach is not Reach.GONE and self._alike.failed(error):
                    why = f"No more zones are asked, because {Alike.WHY}."
                    self._given_up = error.but(f"{why} {error.message}")
        return self._own

    @override
    def fields(self, key: str, answer: Item) -> Record:
        certificate = inner(answer, "Certificate")
        client, upstream = inner(certificate, "ClientCertInfo"), inner(certificate, "UpstreamCertInfo")
        mutual, verify = inner(upstream, "UpstreamMutualTLS"), inner(upstream, "UpstreamCertificateVerify")
        named = objects(certificate, "List")
        if key in self._unsaid and any(map(is_undated, named)):
            self.doubt(self._unsaid[key])
        return {
            "zone_id": key,
            "domain_name": required_identifier(answer, "DomainName"),
            **taken(text, answer, "DomainStatus", "Cname", "IdentificationStatus"),
            **taken(utc, answer, "CreatedOn", "ModifiedOn"),
            "certificate_mode": text(certificate, "Mode"),
            "certificate_list": [
                {
                    **fields_of(each),
                    "effective_time": utc(each, "EffectiveTime"),
                    "common_name": text(each, "CommonName"),
                    "subject_alt_name": texts(each, "SubjectAltName"),
                }
                for each in named
            ]
            or None,
            "client_cert_switch": text(client, "Switch"),
            "client_cert_infos": certificates(client, "CertInfos"),
            "upstream_mutual_tls_switch": text(mutual, "Switch"),
            "upstream_mutual_tls_cert_infos": certificates(mutual, "CertInfos"),
            "upstream_verification_mode": text(verify, "VerificationMode"),
            "upstream_custom_ca_certs": certificates(verify, "CustomCACerts"),
        }


def is_undated(certificate: Item) -> bool:
    """Whether a certificate is EdgeOne's own, and nobody has said when it ends."""
    name = certificate.get("CertId")
    return isinstance(name, str) and name.startswith(OWN) and not certificate.get("ExpireTime")


def fields_of(certificate: Item) -> Record:
    """What a domain says of a certificate."""
    return {
        "cert_id": identifier(certificate, "CertId"),
        **taken(text, certificate, "Alias", "Type", "Status"),
        "expire_time": end(certificate, "ExpireTime"),
        "deploy_time": utc(certificate, "DeployTime"),
        "sign_algo": text(certificate, "SignAlgo"),
    }


def certificates(item: Item, name: str) -> list[Record] | None:
    """What a domain says of several."""
    return [fields_of(each) for each in objects(item, name)] or None


STREAMS = (TencentCloudEdgeOneDomains,)
