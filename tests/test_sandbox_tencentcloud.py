"""The sandbox's side of Tencent Cloud, which the official SDKs judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from callers import TENCENT, tencentcloud
from tencentcloud.cdn.v20180606 import models as cdn
from tencentcloud.cdn.v20180606.cdn_client import CdnClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.ssl.v20191205 import models as ssl
from tencentcloud.ssl.v20191205.ssl_client import SslClient
from tencentcloud.teo.v20220901 import models as teo
from tencentcloud.teo.v20220901.teo_client import TeoClient

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGS, DEPLOYED = "DescribeDomainsConfig", "DescribeDeployedResources"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve an account without limits."""
    with Sandbox(tencentcloud={"size": 60, "limit": None}) as sandbox:
        yield sandbox


def test_the_official_sdks_read_the_sandbox(sandbox: Sandbox) -> None:
    """All of its lists, and what certificates are deployed to."""
    account, url = sandbox["tencentcloud"].account, sandbox["tencentcloud"].url
    of_ssl, of_cdn, of_teo = (tencentcloud(each, url) for each in (SslClient, CdnClient, TeoClient))
    asked = ssl.DescribeCertificatesRequest()
    asked.Offset, asked.Limit = 0, 1000
    certificates = of_ssl.DescribeCertificates(asked)
    assert certificates.TotalCount == len(certificates.Certificates) == len(account.certificates)
    assert certificates.Certificates[-1].CertificateId == account.certificates.keys()[0]
    deployed = ssl.DescribeDeployedResourcesRequest()
    domain = next(each for each in account.cdn if each.held == "listed")
    deployed.CertificateIds, deployed.ResourceType = [domain.certificate.certificate_id], "cdn"
    (resources,) = of_ssl.DescribeDeployedResources(deployed).DeployedResources
    assert domain.domain in resources.Resources
    configs = of_cdn.DescribeDomainsConfig(cdn.DescribeDomainsConfigRequest())
    assert {each.Domain for each in configs.Domains} == {*account.cdn.keys()}
    assert "s3cr3t" in configs.to_json_string()
    for zone in of_teo.DescribeZones(teo.DescribeZonesRequest()).Zones:
        domains = teo.DescribeAccelerationDomainsRequest()
        domains.ZoneId, domains.Limit = zone.ZoneId, 200
        listed = of_teo.DescribeAccelerationDomains(domains).AccelerationDomains or []
        held = [each.domain_name for each in account.edgeone if each.zone_id == zone.ZoneId]
        assert [each.DomainName for each in listed] == held


def refused(sdk: Any, operation: str, **parameters: Any) -> str:
    """The code that an official client is refused with."""
    with pytest.raises(TencentCloudSDKException) as caught:
        sdk.call_json(operation, parameters)
    return str(caught.value.get_code())


def test_the_sandbox_refuses_what_is_wrong(sandbox: Sandbox) -> None:
    """Signatures, parameters, sizes, what gives private keys; of certificates, a page too long is cut."""
    url = sandbox["tencentcloud"].url
    of_ssl, of_cdn = tencentcloud(SslClient, url), tencentcloud(CdnClient, url)
    wrong = tencentcloud(SslClient, url, (TENCENT[0], "s3cr3t-wrong", ""))
    assert refused(wrong, "DescribeCertificates") == "AuthFailure.SignatureFailure"
    unknown = tencentcloud(SslClient, url, ("AKIDnobody", "s3cr3t", ""))
    assert refused(unknown, "DescribeCertificates") == "AuthFailure.SecretIdNotFound"
    token = tencentcloud(SslClient, url, (*TENCENT[:2], "t0k3n"))
    assert refused(token, "DescribeCertificates") == "AuthFailure.TokenFailure"
    assert refused(of_cdn, "DescribeCertificates") == "AuthFailure.InvalidAuthorization"
    assert refused(of_ssl, "DescribeCertificateDetail", CertificateId="1") == "InvalidAction"
    assert refused(of_ssl, "DescribeCertificates", Size=1) == "UnknownParameter"
    assert refused(of_ssl, "DescribeCertificates", Limit="10") == "InvalidParameterValue"
    assert refused(of_cdn, CONFIGS, Limit=101) == "InvalidParameterValue"
    assert refused(of_ssl, DEPLOYED, CertificateIds=["1"]) == "MissingParameter"
    many = {"CertificateIds": ["1"] * 51, "ResourceType": "cdn"}
    assert refused(of_ssl, DEPLOYED, **many) == "FailedOperation.CertificateIdsOverLimit"
    sandbox.clock_offset = 301
    assert refused(of_ssl, "DescribeCertificates") == "AuthFailure.SignatureExpire"
    sandbox.clock_offset = 0
    assert of_ssl.call_json("DescribeCertificates", {"Limit": 5000})["Response"]["TotalCount"] == 60
    answer = requests.post(url, json={}, headers={"X-TC-Action": "DescribeCertificates"}, timeout=10)
    assert answer.json()["Response"]["Error"]["Code"] == "AuthFailure.InvalidAuthorization"
    assert answer.status_code == 200
