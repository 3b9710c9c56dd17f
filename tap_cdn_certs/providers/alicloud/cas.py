"""Alibaba Cloud's Certificate Management Service: https://www.alibabacloud.com/help/en/ssl-certificate/developer-reference/api-cas-2020-04-07-overview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, PageNumber
from tap_cdn_certs.records.seen import words
from tap_cdn_certs.records.values import (
    boolean,
    day,
    end,
    identifier,
    required_identifier,
    separated,
    taken,
    text,
)
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from tap_cdn_certs.records.values import Item, Record

CERTIFICATES = Listing(
    operation="ListUserCertificateOrder",
    items="CertificateOrderList",
    key="CertificateId",
    # Certificates, both issued and uploaded; without it, orders are listed.
    parameters={"OrderType": "CERT"},
    # Without a status, those that have expired are left out.
    parts=({}, {"Status": "EXPIRED"}),
    # The greatest size is not documented: this one is known to work.
    paging=PageNumber("CurrentPage", size=("ShowSize", 100)),
    total="TotalCount",
    noun="certificates",
)

# What the operation documents for orders alone, and certificates come without.
OF_ORDERS = words(
    "Algorithm AliyunOrderId BuyDate CertEndTime CertStartTime CertType Domain DomainCount DomainType "
    "OrderId PartnerOrderId ProductCode ProductName RootBrand SourceType Status TrusteeStatus WildDomainCount"
)


class AlicloudCASCertificates(ListStream):
    """Certificates that an Alibaba Cloud account has bought or uploaded, whether or not they are served."""

    name = "alicloud_cas_certificates"
    provider = "alicloud"
    product = "cas"
    primary_keys = ("account", "certificate_id")
    listing = CERTIFICATES
    left_out = OF_ORDERS

    @override
    def fields(self, item: Item) -> Record:
        return {
            "certificate_id": required_identifier(item, "CertificateId"),
            **taken(text, item, "InstanceId", "Name", "CommonName"),
            "sans": separated(item, "Sans"),
            **taken(text, item, "OrgName", "Country", "Province", "City", "Issuer"),
            "serial_no": identifier(item, "SerialNo"),
            **taken(text, item, "Fingerprint", "Sha2"),
            # Days, of which nobody says in which zone they are.
            "start_date": day(item, "StartDate"),
            "end_date": end(item, "EndDate", day),
            **taken(boolean, item, "Expired", "Upload"),
            "resource_group_id": text(item, "ResourceGroupId"),
        }


STREAMS = (AlicloudCASCertificates,)
