"""What the products that serve domains have in common: three operations, whose names and fields differ."""

from __future__ import annotations

from abc import abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.alicloud.product import Asked, Product, page
from sandbox.messages import Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.alicloud.inventory import Domain, DomainCertificate
    from sandbox.inventory import Inventory

GONE = Refusal(
    status=404, code="InvalidDomain.NotFound", message="The domain provided does not belong to you."
)


def iso(time: datetime | None) -> str:
    """Return a time as most operations say it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if time else ""


def naive(time: datetime | None) -> str:
    """Return a time as the list of HTTPS domains says it: without its zone."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if time else ""


class DomainProduct(Product):
    """A product that serves domains, each with one certificate or none."""

    key = "DomainName"
    domains: ClassVar[str]
    """The operation that lists all domains."""
    https: ClassVar[str]
    """The one that lists those that have HTTPS on."""
    info: ClassVar[str]
    """The one that tells the certificate of a domain."""
    hidden: ClassVar[tuple[str, ...]]
    """The statuses of the domains that are listed with CheckDomainShow only."""
    inventory: Inventory[Any]

    @property
    def operations(self) -> Mapping[str, Callable[[Asked], dict[str, Any]]]:
        """What answers each of the operations."""
        return {self.domains: self.user_domains, self.https: self.https_domains, self.info: self.infos}

    def keys(self, operation: str) -> list[str]:
        """Return the domains that an operation lists, or may be asked for."""
        if operation == self.https:
            return [domain.domain_name for domain in self.inventory if domain.certificate]
        return super().keys(operation)

    def shown(self, parameters: Mapping[str, str]) -> list[Any]:
        """Return the domains that a list shows."""
        if parameters.get("CheckDomainShow") == "true":
            return list(self.inventory)
        return [domain for domain in self.inventory if domain.domain_status not in self.hidden]

    def user_domains(self, asked: Asked) -> dict[str, Any]:
        """Answer a page of all domains."""
        rows, paging = page(asked, self.shown(asked.parameters))
        return {**paging, "Domains": {"PageData": [self.page_data(domain) for domain in rows]}}

    def https_domains(self, asked: Asked) -> dict[str, Any]:
        """Answer a page of the domains that have HTTPS on."""
        domains = [domain for domain in self.inventory if domain.certificate]
        if not domains:
            raise RefusedError(400, "NoHttpsDomain", "The account has no HTTPS domain.")
        rows, paging = page(asked, domains)
        items = [https_domain(domain.domain_name, domain.certificate) for domain in rows]
        return {**paging, "CertInfos": {"CertInfo": items}}

    def infos(self, asked: Asked) -> dict[str, Any]:
        """Answer the certificate of a domain, in whichever way the API says that there is none."""
        name = asked.parameters.get("DomainName")
        if not name:
            raise RefusedError(400, "MissingDomainName", "DomainName is mandatory for this action.")
        domain = self.inventory.get(name)
        if domain is None:
            raise RefusedError(**GONE)
        if domain.certificate:
            return {"CertInfos": {"CertInfo": [self.certificate_info(name, domain.certificate)]}}
        answers: dict[str | None, dict[str, Any]] = {
            "off": {"CertInfos": {"CertInfo": [self.no_certificate(name)]}},
            "missing": {},
            "null": {"CertInfos": None},
        }
        return answers.get(domain.absent, {"CertInfos": {"CertInfo": []}})

    @abstractmethod
    def page_data(self, domain: Any) -> dict[str, Any]:
        """Return an item of the list of all domains."""

    @abstractmethod
    def certificate_info(self, name: str, certificate: DomainCertificate) -> dict[str, str]:
        """Return the certificate of a domain."""

    @abstractmethod
    def no_certificate(self, name: str) -> dict[str, str]:
        """Return the item of a domain that has none."""


def common_data(domain: Domain) -> dict[str, Any]:
    """Return the fields that both products have in an item of the list of all domains."""
    modified = iso(domain.gmt_modified)
    return {
        "DomainName": domain.domain_name,
        "DomainId": domain.domain_id,
        "Cname": domain.cname,
        "DomainStatus": domain.domain_status,
        "GmtCreated": iso(domain.gmt_created),
        # The documents have a sample without seconds.
        "GmtModified": modified if domain.gmt_modified.second else modified[:-4] + "Z",
        "Description": domain.description,
        "ResourceGroupId": domain.resource_group_id,
        "Sandbox": domain.sandbox,
        "Sources": {
            "Source": [
                {
                    "Type": source.type,
                    "Content": source.content,
                    "Port": source.port,
                    "Priority": source.priority,
                    "Weight": source.weight,
                }
                for source in domain.sources
            ],
        },
    }


def https_domain(name: str, certificate: DomainCertificate) -> dict[str, str]:
    """Return an item of the list of HTTPS domains."""
    return {
        "DomainName": name,
        "CertName": certificate.cert_name,
        "CertCommonName": certificate.cert_common_name,
        "CertType": certificate.cert_type,
        "CertStatus": certificate.cert_status,
        "CertStartTime": naive(certificate.cert_start_time),
        "CertExpireTime": naive(certificate.cert_expire_time),
        "CertUpdateTime": naive(certificate.cert_update_time),
    }


def common_info(name: str, certificate: DomainCertificate) -> dict[str, str]:
    """Return the fields that both products have of a certificate."""
    return {
        "DomainName": name,
        "CertName": certificate.cert_name,
        "CertId": certificate.cert_id,
        "CertLife": certificate.cert_life,
        "Status": certificate.status,
        "CertDomainName": certificate.cert_domain_name,
        "CertOrg": certificate.cert_org,
        "CertExpireTime": iso(certificate.cert_expire_time),
        "CertType": certificate.cert_type,
        "CertRegion": certificate.cert_region,
    }
