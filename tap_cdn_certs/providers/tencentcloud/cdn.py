"""Domains of Tencent Cloud CDN: https://www.tencentcloud.com/document/product/228/33745."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, Offset
from tap_cdn_certs.providers.tencentcloud.times import end_time, time
from tap_cdn_certs.records.seen import words
from tap_cdn_certs.records.values import (
    identifier,
    inner,
    integer,
    required_identifier,
    taken,
    text,
    texts,
    unchecked_text,
)
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from tap_cdn_certs.records.values import Item, Record

DOMAINS = Listing(
    operation="DescribeDomainsConfig",
    items="Response.Domains",
    key="Domain",
    paging=Offset("Offset", size=("Limit", 100), start=0),
    total="Response.TotalNumber",
    noun="domains",
    selected_by="domains",
    nowhere="no domain of the account matches",
)


class TencentCloudCDNDomains(ListStream):
    """Domains of Tencent Cloud CDN, each with the certificate that it is configured with."""

    name = "tencentcloud_cdn_domains"
    provider = "tencentcloud"
    product = "cdn"
    primary_keys = ("account", "domain")
    domain_fields = ("domain",)
    listing = DOMAINS
    proofs = ("cert_id", "cert_name", "cert_expire_time", "certificate")
    # How a domain is asked for and cached: the client keeps their names alone.
    left_out = words(
        "AccessControl AccessPort Advance AdvanceSet AdvancedAuthentication Authentication AutoGuard "
        "AwsPrivateAccess BandwidthAlert Cache CacheKey Compatibility Compression DownstreamCapping "
        "ErrorPage FollowRedirect ForceRedirect GeoBlocker HttpsBilling HwPrivateAccess ImageOptimization "
        "IpFilter IpFreqLimit Ipv6 Ipv6Access MaxAge OfflineCache Origin OriginAuthentication "
        "OriginCombine OriginPullOptimization OriginPullTimeout OssPrivateAccess OthersPrivateAccess "
        "ParamFilter PostMaxSize QnPrivateAccess Quic RangeOriginPull Referer RemoteAuthentication "
        "RequestHeader ResponseHeader ResponseHeaderCache RuleEngine SecurityConfig Seo ShareCname "
        "SpecificConfig StatusCodeCache Tag UrlRedirect UserAgentFilter VideoSeek WebSocket "
        "Https.CertInfo.PrivateKey Https.ClientCertInfo.Certificate"
    )

    @override
    def fields(self, item: Item) -> Record:
        domain = required_identifier(item, "Domain")
        https = inner(item, "Https")
        hsts, served, client = inner(https, "Hsts"), inner(https, "CertInfo"), inner(https, "ClientCertInfo")
        chain, leaf = self.x509(unchecked_text(served, "Certificate") or "", domain=domain)
        return {
            "domain": domain,
            **taken(identifier, item, "ResourceId", "AppId", "ProjectId"),
            **taken(
                text, item, "Status", "Disable", "Readonly", "Area", "ServiceType", "Cname", "ParentHost"
            ),
            **taken(time, item, "CreateTime", "UpdateTime"),
            **taken(
                text,
                https,
                *("Switch", "SslStatus", "Http2", "Spdy", "OcspStapling", "VerifyClient"),
                prefix="https_",
            ),
            "https_tls_version": texts(https, "TlsVersion"),
            "hsts_switch": text(hsts, "Switch"),
            "hsts_max_age": integer(hsts, "MaxAge"),
            "hsts_include_sub_domains": text(hsts, "IncludeSubDomains"),
            # Null for what was uploaded to the CDN alone, and is in no list of certificates.
            "cert_id": identifier(served, "CertId"),
            "cert_name": text(served, "CertName"),
            **taken(text, served, "From", "Message", prefix="cert_"),
            "cert_expire_time": end_time(served, "ExpireTime"),
            "cert_deploy_time": time(served, "DeployTime"),
            "client_cert_name": text(client, "CertName"),
            "client_cert_expire_time": end_time(client, "ExpireTime"),
            "client_cert_deploy_time": time(client, "DeployTime"),
            "certificate": chain,
            **leaf,
        }


STREAMS = (TencentCloudCDNDomains,)
