"""The CDN: https://www.alibabacloud.com/help/en/cdn/developer-reference/api-cdn-2018-05-10-overview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.alicloud.domains import DomainProduct, common_data, common_info, iso
from sandbox.alicloud.inventory import CDNDomain, cdn_domains
from sandbox.messages import Refusal

if TYPE_CHECKING:
    from sandbox.alicloud.inventory import DomainCertificate
    from sandbox.inventory import Inventory


class CDN(DomainProduct):
    """The CDN of an account."""

    name = "cdn"
    code = "Cdn"
    version = "2018-05-10"
    setting = "api_url"
    paths = ("/",)
    domains = "DescribeUserDomains"
    https = "DescribeCdnHttpsDomainList"
    info = "DescribeDomainCertificateInfo"
    lists = (domains, https)
    details = (info,)
    never = frozenset(
        {
            "DescribeCdnCertificateDetail",
            "DescribeCdnCertificateDetailById",
            "DescribeCdnSMCertificateDetail",
        }
    )
    hidden = ("checking", "check_failed")
    inactive = Refusal(status=403, code="CdnServiceNotFound", message="The CDN service is not found.")

    def stock(self, size: int) -> Inventory[CDNDomain]:
        """Return an inventory of so many domains."""
        return cdn_domains(size, self.state.seed, self.state.now)

    def page_data(self, domain: CDNDomain) -> dict[str, Any]:
        """Return an item of DescribeUserDomains."""
        return {
            **common_data(domain),
            "CdnType": domain.cdn_type,
            "SourceType": domain.source_type,
            "SslProtocol": domain.ssl_protocol,
            "Coverage": domain.coverage,
        }

    def certificate_info(self, name: str, certificate: DomainCertificate) -> dict[str, str]:
        """Return an item of DescribeDomainCertificateInfo."""
        return {
            **common_info(name, certificate),
            "CertStartTime": iso(certificate.cert_start_time),
            "CertUpdateTime": iso(certificate.cert_update_time),
            "DomainCnameStatus": certificate.domain_cname_status,
            "ServerCertificateStatus": certificate.server_certificate_status,
            "ServerCertificate": certificate.server_certificate,
        }

    def no_certificate(self, name: str) -> dict[str, str]:
        """Return the item of a domain without a certificate."""
        fields = (
            "CertName CertId CertLife Status CertUpdateTime CertDomainName CertOrg CertStartTime "
            "CertExpireTime CertType DomainCnameStatus ServerCertificate CertRegion"
        )
        return {"DomainName": name, "ServerCertificateStatus": "off"} | dict.fromkeys(fields.split(), "")
