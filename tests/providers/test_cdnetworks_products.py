"""What CDNetworks' other products say: domains, what each is configured with, and CDN Pro."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pytest
from answers import CONFIG
from cases import assert_everything_arrived, only
from expected import blank, time
from singer_sdk.exceptions import ConfigValidationError
from Tea.model import TeaModel
from wangsu.certificationmanage.models import (
    QueryCertificateListResponseSslCertificates,
    QueryDomainMultiCertConfigResponse,
)
from wangsu.domainmanagement.models import QueryApiDomainListServiceResponseDomainList
from wangsu.ngcertificate.models import GetACertificateResponse, GetListOfCertificatesResponseCertificates
from watched import Watch, run

from sandbox import Fault, Limit
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.cdnetworks.domains import Domain
    from sandbox.cdnetworks.pro import ProCertificate, Usage

DETAILS = ("QueryCertificate", "QueryDomainMultiCertConfig", "GetACertificate")


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account with all products."""
    with only("cdnetworks", 12) as sandbox:
        yield sandbox


def asked(sandbox: Watch, operation: str) -> list[str]:
    """The keys that an operation was asked for."""
    return [request.key for request in sandbox.requests if request.operation == operation]


def test_a_configuration_without_products_asks_for_what_it_always_did(tmp_path: Path) -> None:
    """The list once, and each certificate."""
    with Watch(cdnetworks={"size": 6}) as sandbox:
        config = sandbox.config()
        del config["cdnetworks"]["products"]
        result = run(sandbox, tmp_path, config=config)
        requests = Counter((request.operation, request.key) for request in sandbox.requests)
        keys = sandbox["cdnetworks"].inventory.keys()
    assert requests == {("QueryCertificateList", ""): 1} | {("QueryCertificate", key): 1 for key in keys}
    assert result.syncs.keys() == {"cdnetworks_certificates", "ssl_certificate"}


def expected_domain(domain: Domain) -> dict[str, Any]:
    """The record of `cdnetworks_domains`."""
    return {
        "account": "default",
        "domain_name": domain.domain_name,
        "domain_id": str(domain.domain_id),
        "service_type": domain.service_type,
        "cname": domain.cname,
        "status": domain.status,
        "cdn_service_status": domain.cdn_service_status,
        "enabled": domain.enabled,
        "last_modified": time(domain.last_modified),
    }


def expected_usage(used: Usage) -> list[dict[str, Any]]:
    """Who uses a certificate of CDN Pro."""
    return [
        {"property_id": name, "hostnames": hosts, "origins": ["origin-1"] if len(hosts) > 1 else None}
        for name, hosts in used
    ]


def expected_pro(certificate: ProCertificate) -> dict[str, Any]:
    """The record of `cdnetworks_pro_certificates`."""
    ends: dict[int | None, str | None] = {None: None}
    ends |= {number: time(each.expires) for number, each in enumerate(certificate.versions, 1)}
    return {
        "account": "default",
        "certificate_id": certificate.certificate_id,
        "name": certificate.name,
        "description": blank(certificate.description),
        "ca_only": certificate.ca_only,
        "auto_renew": certificate.auto_renew,
        "force_renew": certificate.force_renew,
        "creation_time": time(certificate.created),
        "last_update_time": time(certificate.updated),
        "latest_version": len(certificate.versions),
        "expiration_time": ends[len(certificate.versions)],
        "version_in_production": certificate.in_production,
        "production_expiration_time": ends[certificate.in_production],
        "version_in_staging": certificate.in_staging,
        "staging_expiration_time": ends[certificate.in_staging],
        "versions": [
            {
                "version": number,
                "type": version.kind,
                "fingerprint": version.fingerprint,
                "creation_time": time(version.created),
                "expiration_time": time(version.expires),
                "comments": blank(version.comments),
            }
            for number, version in enumerate(certificate.versions, 1)
        ],
        "usage_in_production": expected_usage(certificate.used),
        "usage_in_staging": expected_usage(certificate.tried),
    }


@pytest.mark.parametrize(
    ("login", "form", "size"),
    [
        ("api_key", "domain-list", 12),
        ("aksk", "domain-summary", 1),
        ("aksk", "xml", 12),
        ("api_key", "xml", 0),
    ],
)
def test_each_field_is_what_the_account_holds(tmp_path: Path, login: str, form: str, size: int) -> None:
    """In both forms of JSON, one that is no list for one domain, and in XML."""
    with only("cdnetworks", size) as sandbox:
        api: Any = sandbox["cdnetworks"]
        api.domains_as = form
        result = run(sandbox, tmp_path, config=sandbox.config(cdnetworks=login))
        assert_everything_arrived(sandbox, result)
        for key, record in result.by_key("cdnetworks_domains").items():
            assert record == expected_domain(api.domains[key]) | {"synced_at": record["synced_at"]}
        for key, record in result.by_key("cdnetworks_pro_certificates").items():
            assert record == expected_pro(api.pro[key]) | {"synced_at": record["synced_at"]}
        for key, record in result.by_key("cdnetworks_domain_certificates").items():
            domain = api.domains[key]
            told = {
                "tls_version": domain.tls_version,
                "enable_ocsp": domain.enable_ocsp,
                "cipher_suites": domain.cipher_suites,
                "domain_cert_configs": [
                    {
                        "cert_usage": usage,
                        "cert_infos": [
                            {
                                "certificate_id": held.certificate_id,
                                "certificate_name": blank(held.name),
                                "comment": blank(held.comment),
                                "serial": held.serial,
                            }
                            for held in (api.inventory[each] for each in identifiers)
                        ],
                    }
                    for usage, identifiers in domain.certificates or ()
                ],
            }
            assert record == expected_domain(domain) | told | {"synced_at": record["synced_at"]}


def test_pages_of_cdn_pro_are_as_large_as_they_may_be(tmp_path: Path) -> None:
    """200 certificates each."""
    with only("cdnetworks", 450, products=("pro",)) as sandbox:
        config = sandbox.config()
        config["cdnetworks"]["max_details"] = 0
        result = run(sandbox, tmp_path, config=config)
        assert len(result.records["cdnetworks_pro_certificates"]) == 450
        assert len(asked(sandbox, "GetListOfCertificates")) == len(sandbox.requests) == 3


def test_a_list_without_items_and_total_is_no_empty_list(tmp_path: Path) -> None:
    """Or all certificates would be gone."""
    with only("cdnetworks", 3, products=("pro",)) as sandbox:
        sandbox.faults.add(Fault("body", "GetListOfCertificates", body="{}"))
        result = run(sandbox, tmp_path)
    assert result.returncode == 1
    assert result.errors["cdnetworks_pro_certificates", "*"]["message"] == "certificates is missing."


@pytest.mark.parametrize("body", ['{"code": "0"}', '{"code": 0, "message": "success", "data": null}'])
def test_a_domain_of_which_nothing_is_said_is_not_one_without_a_certificate(
    sandbox: Watch, tmp_path: Path, body: str
) -> None:
    """It could not be read; one of which the code says so is refused, and one that is gone is skipped."""
    first, second, gone, *_ = sandbox["cdnetworks"].keys("QueryDomainMultiCertConfig")
    sandbox.faults.add(
        Fault("body", "QueryDomainMultiCertConfig", first, body=body),
        Fault("body", "QueryDomainMultiCertConfig", second, body='{"code": "1", "message": "No."}'),
        Fault("error", "QueryDomainMultiCertConfig", gone, status=404, code="NoSuchDomain"),
    )
    result = run(sandbox, tmp_path)
    codes = {key: row["code"] for (_, key), row in result.errors.items()}
    assert codes == {first: "InvalidValue", second: "1"}
    assert result.syncs["cdnetworks_domain_certificates"]["skipped"] == 1


def test_what_changed_is_asked_for_and_each_stream_has_its_own_memory(sandbox: Watch, tmp_path: Path) -> None:
    """Also when a product was not read meanwhile, and with the state of a version that knew one product."""
    api: Any = sandbox["cdnetworks"]
    some, every = sandbox.config(), sandbox.config()
    some["cdnetworks"]["products"] = ["certificates"]
    one = run(sandbox, tmp_path, config=some)
    assert one.state
    assert one.state["bookmarks"].keys() >= {"ssl_certificate"}
    sandbox.reset()
    first = run(sandbox, tmp_path, config=every, state=one.state)
    assert_everything_arrived(sandbox, first)
    assert [len(asked(sandbox, operation)) for operation in DETAILS] == [0, 12, 12]
    domain, pro = api.domains.keys()[3], api.pro.keys()[5]
    api.domains[domain].status = "InProgress"
    api.pro[pro].in_staging, api.pro[pro].tried = 1, [("p", ["new.example.org"])]
    between = run(sandbox, tmp_path, config=some, state=first.state)
    sandbox.reset()
    second = run(sandbox, tmp_path, config=every, state=between.state)
    assert_everything_arrived(sandbox, second)
    assert [asked(sandbox, operation) for operation in DETAILS] == [[], [domain], [pro]]
    (used,) = second.by_key("cdnetworks_pro_certificates")[pro]["usage_in_staging"]
    assert used["hostnames"] == ["new.example.org"]


def test_max_details_bounds_each_stream(sandbox: Watch, tmp_path: Path) -> None:
    """What is left is null: nobody knows, which is not that there is none. What ends first is asked first."""
    config = sandbox.config()
    config["cdnetworks"]["max_details"] = 5
    result = run(sandbox, tmp_path, config=config)
    assert [len(asked(sandbox, operation)) for operation in DETAILS] == [5, 5, 5]
    fields = {
        "cdnetworks_domain_certificates": "domain_cert_configs",
        "cdnetworks_pro_certificates": "usage_in_production",
    }
    for stream, field in fields.items():
        assert Counter(record[field] is None for record in result.records[stream]) == {False: 5, True: 7}
    pro = result.by_key("cdnetworks_pro_certificates")
    ends = [pro[key]["production_expiration_time"] for key in asked(sandbox, "GetACertificate")]
    assert ends == sorted(filter(None, (record["production_expiration_time"] for record in pro.values())))[:5]


def test_the_limit_of_the_account_is_kept_by_all_operations_together(tmp_path: Path) -> None:
    """However many each alone may ask."""
    limits = {"operation": Limit(1000, 1.0, each=True), "account": Limit(300, 1.0)}
    with only("cdnetworks", 200, limits=limits, products=("certificates", "pro")) as sandbox:
        result = run(sandbox, tmp_path)
        assert result.returncode == 0
        assert len(sandbox.requests) == 402
        assert sandbox.refused == 0
    assert result.seconds > 1


@pytest.mark.parametrize(
    ("message", "code"), [("CDN Pro has not been enabled.", 0), ("Please enter valid credentials.", 1)]
)
def test_an_account_without_cdn_pro_reads_all_else(
    sandbox: Watch, tmp_path: Path, message: str, code: int
) -> None:
    """It is empty only if the provider says so; else it is refused, and the message says what to do."""
    sandbox.faults.add(
        Fault("error", "GetListOfCertificates", status=403, code="AccessDenied", message=message)
    )
    result = run(sandbox, tmp_path)
    assert result.returncode == code
    (said,) = result.logged("WARNING" if code == 0 else "ERROR")
    assert ("not activated" if code == 0 else "or leave pro out of cdnetworks.products") in said
    assert {name for name, row in result.syncs.items() if not row["complete"]} == (
        {"cdnetworks_pro_certificates"} if code else set()
    )


@pytest.mark.parametrize("product", ["domains", "domain_certificates"])
def test_domains_are_not_read_with_some_certificates_only(product: str) -> None:
    """Those of the others would seem to have none."""
    given = CONFIG["cdnetworks"] | {"certificate_ids": ["1"], "products": ["certificates", product]}
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"cdnetworks": given})
    (mistake,) = caught.value.errors
    assert mistake.startswith("cdnetworks.certificate_ids leaves certificates out")
    assert mistake.endswith(f"or {product} out of cdnetworks.products.")
    TapCDNCerts(config={"cdnetworks": given | {"products": ["certificates", "pro"]}})


def filled(hint: Any) -> Any:
    """A value of a type of the official SDK's models, with all of its fields."""
    if issubclass(each := (get_args(hint) or (hint,))[0], TeaModel):
        value = each(**{name: filled(inner) for name, inner in get_type_hints(each.__init__).items()})
    else:
        value = {int: 1, bool: True, str: "true"}[each]
    return [value] if get_args(hint) else value


# The operations that each stream reads, with the models of their answers or, of a list, of its items.
MODELS: dict[str, tuple[type[TeaModel], type[TeaModel] | None]] = {
    "cdnetworks_certificates": (QueryCertificateListResponseSslCertificates, None),
    "ssl_certificate": (
        QueryCertificateListResponseSslCertificates,
        QueryCertificateListResponseSslCertificates,
    ),
    "cdnetworks_domains": (QueryApiDomainListServiceResponseDomainList, None),
    "cdnetworks_domain_certificates": (
        QueryApiDomainListServiceResponseDomainList,
        QueryDomainMultiCertConfigResponse,
    ),
    "cdnetworks_pro_certificates": (GetListOfCertificatesResponseCertificates, GetACertificateResponse),
}


@pytest.mark.parametrize("name", MODELS)
def test_each_field_of_the_official_sdk_is_read_or_left_out(name: str) -> None:
    """What `left_out` says has its reason beside it."""
    stream = TapCDNCerts(config={"cdnetworks": CONFIG["cdnetworks"]}).streams[name]
    item, detail = MODELS[name]
    listed = stream.seen(filled(item).to_map())
    record = stream.listed(listed) if detail else stream.fields(listed)
    if detail:
        record |= stream.fields("true", stream.detail(filled(detail).to_map()))
    names = stream._names
    assert names.unread <= stream.left_out
    assert len(names.read & names.sent) >= 8
    assert len(record) >= 8
