"""The sandbox's side of CDNetworks' other products, which the official SDK judges."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from callers import AKSK, aksk, basic, code, send
from wangsu.certificationmanage.models import QueryDomainMultiCertConfigResponse
from wangsu.common.auth.AkSkAuth import AkSkAuth
from wangsu.common.auth.AkSkConfig import AkSkConfig
from wangsu.common.Constant.Constant import Constant
from wangsu.domainmanagement.models import QueryApiDomainListServiceResponse
from wangsu.ngcertificate.models import GetACertificateResponse, GetListOfCertificatesResponse

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CERTIFICATES = "/cdn/certificates"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox without rate limits."""
    with Sandbox(cdnetworks={"size": 120, "limit": None}) as sandbox:
        yield sandbox


@pytest.fixture
def ask(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, type[Any]], Any]:
    """Asks with the official SDK, and reads the answer with its model."""
    # The SDK puts this before every host, and has no setting for it.
    monkeypatch.setattr(Constant, "HTTPS_REQUEST_PREFIX", "http://")

    def asked(uri: str, model: type[Any]) -> Any:
        config = AkSkConfig()
        (config.access_key, config.secret_key), config.method, config.uri = AKSK, "GET", uri
        config.end_point = sandbox["cdnetworks"].url.removeprefix("http://")
        return model().from_map(json.loads(AkSkAuth.invoke(config, None)))

    return asked


def test_the_official_sdk_reads_domains(sandbox: Sandbox, ask: Callable[[str, type[Any]], Any]) -> None:
    """The list, and the certificates of each; some have two and some none."""
    api: Any = sandbox["cdnetworks"]
    listed = ask("/api/domain", QueryApiDomainListServiceResponse).domain_list
    assert [item.domain_name for item in listed] == api.domains.keys()
    held = set()
    for item in listed[:20]:
        domain = api.domains[item.domain_name]
        assert item.domain_id == domain.domain_id
        assert item.enabled == {None: None, True: "true", False: "false"}[domain.enabled]
        if domain.last_modified:
            assert datetime.fromisoformat(item.last_modified) == domain.last_modified
        data = ask(f"/api/config/certificate/v2/{item.domain_name}", QueryDomainMultiCertConfigResponse).data
        ids = [
            str(info.certificate_id) for each in data.domain_cert_configs or () for info in each.cert_infos
        ]
        assert ids == [each for _, some in domain.certificates or () for each in some]
        assert not ids or item.domain_name in {
            name for each in ids for _, name in api.inventory[each].related_domains
        }
        held.add(len(ids))
    assert held == {0, 1, 2}


def test_the_official_sdk_reads_cdn_pro(sandbox: Sandbox, ask: Callable[[str, type[Any]], Any]) -> None:
    """In pages, sorted, and the details of each."""
    api: Any = sandbox["cdnetworks"]
    listed: list[Any] = []
    for offset in (0, 100):
        uri = f"{CERTIFICATES}?sortBy=creationTime&sortOrder=asc&offset={offset}"
        page = ask(uri, GetListOfCertificatesResponse)
        assert page.count == 120
        listed += page.certificates
    assert [item.certificate_id for item in listed] == api.pro.keys()
    for item in listed[:6]:
        detail = ask(f"{CERTIFICATES}/{item.certificate_id}", GetACertificateResponse)
        assert len(detail.versions) == item.latest_version
        assert detail.versions[-1].expiration_time == item.expiration_time
        shown = {each.version: each.expiration_time for each in detail.versions}
        assert shown.get(item.version_in_production) == item.production_expiration_time
        assert bool(detail.usage_in_production) == bool(item.version_in_production)
        assert bool(detail.usage_in_staging) == bool(item.version_in_staging)
    filters = {"target=production": 80, "target=staging": 60, "target=all": 100, "target=": 120}
    filters |= {"autoRenew=LE": 40, "autoRenew=Off": 80, "search=pro11": 11}
    for query, count in filters.items():
        assert ask(f"{CERTIFICATES}?{query}", GetListOfCertificatesResponse).count == count, query


REFUSED = {
    f"{CERTIFICATES}?limit=201": (400, "InvalidListLimit"),
    f"{CERTIFICATES}?limit=0": (400, "InvalidListLimit"),
    f"{CERTIFICATES}?offset=-1": (400, "InvalidListOffset"),
    f"{CERTIFICATES}?target=nowhere": (400, "InvalidTarget"),
    f"{CERTIFICATES}?sortBy=name": (400, "InvalidSortBy"),
    f"{CERTIFICATES}?page=1": (400, "InvalidParameter"),
    f"{CERTIFICATES}/0": (404, "InvalidCertId"),
    f"{CERTIFICATES}/0/csr": (403, "WRONG_OPERATOR"),
    "/api/config/certificate/v2/nobody.example.com": (404, "NoSuchDomain"),
    "/api/domains": (404, "NoSuchInterface"),
}


@pytest.mark.parametrize("path", REFUSED)
@pytest.mark.parametrize("signed", [basic, aksk])
def test_what_the_documents_do_not_have_is_refused(
    sandbox: Sandbox, path: str, signed: Callable[..., Any]
) -> None:
    """With either signature."""
    answer = send(signed(sandbox, path))
    assert (answer.status_code, code(answer)) == REFUSED[path]


def test_a_page_is_a_hundred_certificates_unless_it_is_said(sandbox: Sandbox) -> None:
    """And 200 at most."""
    assert len(send(basic(sandbox, CERTIFICATES)).json()["certificates"]) == 100
    assert len(send(basic(sandbox, f"{CERTIFICATES}?limit=200")).json()["certificates"]) == 120
