"""Tencent Cloud's SSL Certificate Service: https://www.tencentcloud.com/document/product/1007/36739."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, Offset
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.providers.tencentcloud.client import DEPLOYED
from tap_cdn_certs.providers.tencentcloud.times import end_time, time, times
from tap_cdn_certs.records.seen import words
from tap_cdn_certs.records.values import (
    boolean,
    identifier,
    inner,
    integer,
    objects,
    required_identifier,
    taken,
    text,
    texts,
)
from tap_cdn_certs.streams.list_stream import ListStream
from tap_cdn_certs.streams.stream import Alike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cdn_certs.records.values import Item, Record

CERTIFICATES = Listing(
    operation="DescribeCertificates",
    items="Response.Certificates",
    key="CertificateId",
    # The newest comes first: one that is added moves all others, and the list is read again.
    paging=Offset("Offset", size=("Limit", 1000), start=0),
    total="Response.TotalCount",
    noun="certificates",
)

DEPLOYMENTS = "deployments"
RESOURCE_TYPES = ("cdn", "teo")
# Certificates in a request for what they are deployed to.
MOST = 50


class TencentCloudCertificates(ListStream):
    """Certificates that a Tencent Cloud account has bought or uploaded, and orders of them."""

    name = "tencentcloud_certificates"
    provider = "tencentcloud"
    product = "ssl"
    primary_keys = ("account", "certificate_id")
    domain_fields = ("deployed_resources.resources",)
    listing = CERTIFICATES
    other_operations = (DEPLOYED,)
    # Labels of the owner's own, people, what is not for use, and how a certificate may be downloaded.
    left_out = words(
        "BoundResource HostingConfig IsVip SupportDownloadType Tags PreAuditInfo.ManagerId "
        "ProjectInfo.ProjectCreatorUin ProjectInfo.ProjectCreateTime ProjectInfo.ProjectResume "
        "ProjectInfo.OwnerUin ProjectInfo.ProjectId DeployedResources.CertificateId"
    )

    _alike: Alike

    @classmethod
    @override
    def wanted(cls, settings: Item) -> bool:
        return super().wanted(settings) or DEPLOYMENTS in settings["products"]

    @override
    def items(self) -> Iterator[Any]:
        if DEPLOYMENTS not in self.run.settings[self.provider]["products"]:
            yield from super().items()
            return
        self._alike = Alike()
        certificates = self.listed_by(CERTIFICATES)
        while batch := [*islice(certificates, MOST)]:
            names = [self.listing.identify(item) for item in batch]
            deployed = self.deployed([*filter(None, names)])
            for name, item in zip(names, batch, strict=True):
                yield {**item, "DeployedResources": deployed.get(name)} if name else item

    def deployed(self, names: list[str]) -> dict[str | None, list[Item] | APIError]:
        """What certificates are deployed to, in lists that may be empty, or why that cannot be read.

        One that is gone, or cannot be read, keeps the answer from all that are asked for with it.
        """
        if self.failure or not names:
            return {}
        try:
            return self.ask_deployed(names)
        except APIError as error:
            if error.reach in {Reach.KEY, Reach.GONE} and len(names) > 1:
                half = len(names) // 2
                return {**self.deployed(names[:half]), **self.deployed(names[half:])}
            if self.client.patience is not None:
                raise
            if error.reach is Reach.KEY:
                if self._alike.failed(error):
                    self.failure = self.given_up(error, Alike.WHY)
                return {names[0]: error.but(error.message, Reach.FIELD)}
            if error.reach is not Reach.GONE:
                self.failure = error
            return {}

    def ask_deployed(self, names: list[str]) -> dict[str | None, list[Item] | APIError]:
        """What an answer for each type of resources says."""
        # Nothing is known of one that no answer names: it may be deployed nowhere.
        found: dict[str | None, list[Item]] = {}
        for kind in RESOURCE_TYPES:
            request = self.client.ask(DEPLOYED, parameters={"CertificateIds": names, "ResourceType": kind})
            for each in self.client.request(DEPLOYED, request, deployed_resources):
                found.setdefault(identifier(each, "CertificateId"), []).append({"Type": kind, **each})
        self._alike.count = 0
        return {**found}

    @override
    def fields(self, item: Item) -> Record:
        return {
            "certificate_id": required_identifier(item, "CertificateId"),
            **taken(identifier, item, "OwnerUin", "ProjectId"),
            "project_name": text(inner(item, "ProjectInfo"), "ProjectName"),
            **taken(text, item, "From", "CertificateType"),
            "package_type": identifier(item, "PackageType"),
            **taken(text, item, "PackageTypeName", "ProductZhName", "Domain", "Alias"),
            "status": integer(item, "Status"),
            **taken(text, item, "StatusName", "StatusMsg", "VerifyType", "VulnerabilityStatus"),
            "cert_begin_time": time(item, "CertBeginTime"),
            "cert_end_time": end_time(item, "CertEndTime"),
            "validity_period": identifier(item, "ValidityPeriod"),
            "insert_time": time(item, "InsertTime"),
            # The main domain is among them.
            "subject_alt_name": texts(item, "SubjectAltName"),
            "cert_sans": texts(item, "CertSANs"),
            "encrypt_algorithm": text(item, "EncryptAlgorithm"),
            **taken(texts, item, "CAEncryptAlgorithms", "CACommonNames"),
            "ca_end_times": times(item, "CAEndTimes"),
            **taken(boolean, item, "IsDv", "IsWildcard", "IsSM", "IsExpiring", "IsIgnore"),
            "is_vulnerability": boolean(item, "IsVulnerability"),
            **taken(boolean, item, "RenewAble", "Deployable", "AllowDownload", "IsDNSPODResolve"),
            **taken(boolean, item, "IsPackage", "KeyPasswordCustomFlag", "ReplaceOriCertIsDelete"),
            **order_fields(item),
            "deployed_resources": self.deployments(item),
        }

    def deployments(self, item: Item) -> list[Record] | None:
        """What a certificate is deployed to; None if nobody asked, or says it."""
        value = item.get("DeployedResources")
        if isinstance(value, APIError):
            self.doubt(value)
        if not isinstance(value, list):
            return None
        return [
            {
                "type": text(each, "Type"),
                "count": integer(each, "Count"),
                # Older answers have them in the other one.
                "resources": texts(each, "Resources") or texts(each, "ResourceIds"),
            }
            for each in objects(item, "DeployedResources")
        ]


def order_fields(item: Item) -> Record:
    """How a certificate is renewed and replaced, and what it was ordered with."""
    extra, audit = inner(item, "CertificateExtra"), inner(item, "PreAuditInfo")
    return {
        "auto_renew_flag": integer(item, "AutoRenewFlag"),
        "has_renew_order": identifier(item, "HasRenewOrder"),
        "hosting_status": integer(item, "HostingStatus"),
        "hosting_complete_time": time(item, "HostingCompleteTime"),
        "hosting_renew_cert_id": identifier(item, "HostingRenewCertId"),
        "hosting_resource_types": texts(item, "HostingResourceTypes"),
        "is_hosting_upload_renew_cert": boolean(item, "IsHostingUploadRenewCert"),
        **taken(time, item, "DVAuthDeadline", "ValidationPassedTime", "CertRevokedTime"),
        "awaiting_validation_msg": text(item, "AwaitingValidationMsg"),
        "service_id": identifier(item, "ServiceId"),
        "service_status": text(item, "ServiceStatus"),
        **taken(time, item, "CertServiceBeginTime", "CertServiceEndTime"),
        "cert_service_share_enabled": boolean(item, "CertServiceShareEnabled"),
        "cert_service_valid_certificate_count": integer(item, "CertServiceValidCertificateCount"),
        **taken(identifier, extra, "DomainNumber", "OriginCertificateId", "ReplacedBy", "ReplacedFor"),
        "renew_order": identifier(extra, "RenewOrder"),
        **taken(integer, extra, "SMCert", "CompanyType"),
        **taken(identifier, extra, "ServiceRenewCertificateId", "ServiceOriginCertificateId"),
        **taken(integer, audit, "TotalPeriod", "NowPeriod"),
    }


def deployed_resources(body: Item) -> list[Item]:
    """What an answer says of the certificates that were asked for."""
    return objects(inner(body, "Response"), "DeployedResources")


STREAMS = (TencentCloudCertificates,)
