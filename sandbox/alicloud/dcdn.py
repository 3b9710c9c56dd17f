"""DCDN: https://www.alibabacloud.com/help/en/dcdn/developer-reference/api-dcdn-2018-01-15-overview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.alicloud.domains import DomainProduct, common_data, common_info
from sandbox.alicloud.inventory import WEB_SITE_TYPES, DCDNDomain, dcdn_domains
from sandbox.limits import Limit
from sandbox.messages import Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.alicloud.inventory import DomainCertificate
    from sandbox.inventory import Inventory


class DCDN(DomainProduct):
    """The DCDN of an account."""

    name = "dcdn"
    code = "dcdn"
    version = "2018-01-15"
    setting = "dcdn_url"
    paths = ("/dcdn/",)
    domains = "DescribeDcdnUserDomains"
    https = "DescribeDcdnHttpsDomainList"
    info = "DescribeDcdnDomainCertificateInfo"
    lists = (domains, https)
    details = (info,)
    never = frozenset(
        {
            "DescribeDcdnCertificateDetail",
            "DescribeDcdnCertificateDetailById",
            "DescribeDcdnSMCertificateDetail",
            # It has secrets of origins.
            "DescribeDcdnDomainConfigs",
        }
    )
    # Of the list of HTTPS domains its page says 100, the table of quotas 50.
    limits: ClassVar[Mapping[str, Limit]] = {
        domains: Limit(80, 1, (domains,)),
        https: Limit(50, 1, (https,)),
    }
    hidden = ("checking", "check_failed", "configure_failed")
    inactive = Refusal(status=403, code="DcdnServiceNotFound", message="The DCDN service is not found.")

    def stock(self, size: int) -> Inventory[DCDNDomain]:
        """Return an inventory of so many domains."""
        return dcdn_domains(size, self.state.seed, self.state.now)

    def shown(self, parameters: Mapping[str, str]) -> list[Any]:
        """Return the domains of the types that are asked for: of one alone if nothing is said."""
        types = parameters.get("WebSiteType", "dynamic").split(",")
        if not {*types} <= {*WEB_SITE_TYPES}:
            message = "The specified WebSiteType is not valid."
            raise RefusedError(400, "InvalidWebSiteType.Malformed", message)
        return [domain for domain in super().shown(parameters) if domain.web_site_type in types]

    def page_data(self, domain: DCDNDomain) -> dict[str, Any]:
        """Return an item of DescribeDcdnUserDomains."""
        return {
            **common_data(domain),
            "SSLProtocol": domain.ssl_protocol,
            "Scene": domain.scene,
            "FunctionType": domain.function_type,
        }

    def certificate_info(self, name: str, certificate: DomainCertificate) -> dict[str, str]:
        """Return an item of DescribeDcdnDomainCertificateInfo."""
        return {
            **common_info(name, certificate),
            "SSLProtocol": certificate.server_certificate_status,
            "SSLPub": certificate.server_certificate,
        }

    def no_certificate(self, name: str) -> dict[str, str]:
        """Return the item of a domain without a certificate."""
        fields = (
            "CertName CertId CertLife Status CertDomainName CertOrg CertExpireTime CertType CertRegion SSLPub"
        )
        return {"DomainName": name, "SSLProtocol": "off"} | dict.fromkeys(fields.split(), "")
