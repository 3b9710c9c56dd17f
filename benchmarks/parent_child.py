"""The same API read as the Singer SDK's documentation shows it: a parent stream, a child stream, defaults.

https://sdk.meltano.com/en/latest/parent_streams.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BasePageNumberPaginator, SinglePagePaginator
from typing_extensions import override

from tap_cdn_certs.providers.alicloud.login import AccessKey
from tap_cdn_certs.providers.alicloud.signature import ACS3HMACSHA256

if TYPE_CHECKING:
    import requests
    from singer_sdk.helpers.types import Context
    from singer_sdk.streams.rest import HTTPRequest, PageContext

PAGE_SIZE = 500


class Pages(BasePageNumberPaginator):
    """The pages of a list, up to its last, which is short."""

    @override
    def has_more(self, response: requests.Response) -> bool:
        return len(response.json()["Domains"]["PageData"]) == PAGE_SIZE


class AlibabaCloudStream(RESTStream[int]):
    """A stream of an Alibaba Cloud account."""

    path = "/"
    operation: ClassVar[str]

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["api_url"])

    @property
    @override
    def authenticator(self) -> Any:
        return ACS3HMACSHA256(
            lambda: AccessKey(self.config["access_key_id"], self.config["access_key_secret"])
        )

    @override
    def get_http_request(self, *, page: PageContext[int]) -> HTTPRequest:
        request = super().get_http_request(page=page)
        request.method = "POST"
        request.headers |= {"x-acs-action": self.operation, "x-acs-version": "2018-05-10"}
        request.params = self.parameters(page)
        return request

    def parameters(self, page: PageContext[int]) -> dict[str, Any]:
        """The parameters of a request."""
        raise NotImplementedError


class Domains(AlibabaCloudStream):
    """The account's domains."""

    name = "domains"
    operation = "DescribeUserDomains"
    primary_keys = ("DomainName",)
    records_jsonpath = "$.Domains.PageData[*]"
    schema: ClassVar[Any] = th.PropertiesList(
        *(
            th.Property(name, th.StringType)
            for name in ("DomainName", "Cname", "CdnType", "DomainStatus", "GmtCreated", "GmtModified")
        )
    ).to_dict()

    @override
    def get_new_paginator(self) -> Pages:
        return Pages(start_value=1)

    @override
    def parameters(self, page: PageContext[int]) -> dict[str, Any]:
        return {"PageNumber": page.next_page_token, "PageSize": PAGE_SIZE}

    @override
    def get_child_context(self, record: dict[str, Any], context: Context | None) -> dict[str, Any]:
        return {"domain_name": record["DomainName"]}


class Certificates(AlibabaCloudStream):
    """The certificate of each domain."""

    name = "certificates"
    operation = "DescribeDomainCertificateInfo"
    parent_stream_type = Domains
    primary_keys = ("domain_name",)
    records_jsonpath = "$.CertInfos.CertInfo[*]"
    schema: ClassVar[Any] = th.PropertiesList(
        th.Property("domain_name", th.StringType),
        *(
            th.Property(name, th.StringType)
            for name in ("CertName", "CertId", "CertStartTime", "CertExpireTime", "ServerCertificate")
        ),
    ).to_dict()

    @override
    def get_new_paginator(self) -> SinglePagePaginator:
        return SinglePagePaginator()

    @override
    def parameters(self, page: PageContext[int]) -> dict[str, Any]:
        return {"DomainName": (page.stream_context or {})["domain_name"]}


class ParentChildTap(Tap):
    """The tap of both streams."""

    name = "tap-parent-child"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True),
        th.Property("access_key_id", th.StringType, required=True),
        th.Property("access_key_secret", th.StringType, required=True, secret=True),
    ).to_dict()

    @override
    def discover_streams(self) -> list[Any]:
        return [Domains(self), Certificates(self)]


if __name__ == "__main__":
    ParentChildTap.cli()
