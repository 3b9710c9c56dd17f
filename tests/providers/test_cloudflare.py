"""Whole records of Cloudflare, what it alone does, and what others say of both sides of its API."""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, get_args, get_origin

import pytest
from answers import CONFIG, changed, client
from cases import assert_everything_arrived, only
from cloudflare import Cloudflare, PermissionDeniedError
from cloudflare._models import BaseModel
from cloudflare.types.custom_hostnames import CustomHostnameListResponse
from cloudflare.types.ssl import CertificatePackListResponse
from cloudflare.types.zones import Zone
from expected import time as written
from prisms import description, proxy
from requests.structures import CaseInsensitiveDict
from watched import Watch, run

from sandbox.cloudflare.api import pack_row
from tap_cdn_certs.api.answer import Answer
from tap_cdn_certs.errors import InvalidValueError, Reach
from tap_cdn_certs.providers.cloudflare import STREAMS, has_no_saas
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.cloudflare.inventory import CustomHostname, Pack
    from sandbox.messages import Call

ZONES, PACKS, HOSTNAMES = "ListZones", "ListCertificatePacks", "ListCustomHostnames"


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account of Cloudflare, without limits."""
    with only("cloudflare", 8) as sandbox:
        yield sandbox


def read(sandbox: Watch, **settings: Any) -> tuple[TapCDNCerts, dict[str, list[dict[str, Any]]]]:
    """What a sync reads, in this process: the tap after it, and the records of each stream."""
    config = sandbox.config()
    config["cloudflare"] |= settings
    tap = TapCDNCerts(config=config)
    return tap, {name: [*stream.get_records(None)] for name, stream in tap.streams.items()}


def expected_pack(pack: Pack) -> dict[str, Any]:
    """The record of `cloudflare_certificate_packs`."""
    ordered = pack.authority is not None
    return {
        "account": "default",
        "zone_id": pack.zone_id,
        "pack_id": pack.pack_id,
        "type": pack.type,
        "status": pack.status,
        "hosts": pack.hosts,
        "primary_certificate": pack.certificates[0].certificate_id if pack.certificates else None,
        "certificate_authority": pack.authority,
        "validation_method": "txt" if ordered else None,
        "validity_days": 90 if ordered else None,
        "cloudflare_branding": False,
        "validation_errors": pack.errors or None,
        "certificates": [
            {
                "id": certificate.certificate_id,
                "hosts": pack.hosts,
                "status": pack.status,
                "issuer": certificate.issuer,
                "signature": certificate.signature,
                "bundle_method": "ubiquitous",
                "expires_on": written(certificate.expires_on),
                "uploaded_on": written(certificate.issued_on),
                "modified_on": written(certificate.issued_on),
                "priority": 0,
                "zone_id": pack.zone_id,
                "geo_restrictions_label": certificate.region,
            }
            for certificate in pack.certificates
        ]
        or None,
    }


def expected_ends(hostname: CustomHostname) -> tuple[str | None, list[str | None]]:
    """When the uploaded certificate of a custom hostname ends, and the issued ones."""
    uploaded = hostname.uploaded
    return written(uploaded.expires_on) if uploaded else None, [
        written(each.expires_on) for each in hostname.issued
    ]


def test_the_records_are_what_the_account_holds(sandbox: Watch) -> None:
    """Of each pack and custom hostname, however many pages they are in."""
    tap, records = read(sandbox)
    account = sandbox["cloudflare"].account
    assert [{**row, "synced_at": None} for row in records["cloudflare_certificate_packs"]] == [
        {**expected_pack(pack), "synced_at": None} for pack in account.packs
    ]
    assert {
        (row["custom_hostname_id"], row["hostname"]): (
            row["ssl_expires_on"],
            [each["expires_on"] for each in row["ssl_certificates"] or ()],
        )
        for row in records["cloudflare_custom_hostnames"]
    } == {(each.custom_hostname_id, each.hostname): expected_ends(each) for each in account.hostnames}
    zones = [(row["name"], row["paused"], row["dns_only"]) for row in records["cloudflare_zones"]]
    assert zones == [(zone.name, zone.paused, zone.dns_only) for zone in account.zones]
    assert tap.run.report.success
    # The zones are listed once for all streams.
    assert sandbox.count(ZONES) == 1


@pytest.mark.parametrize("by", ["zone_id", "name"])
def test_zones_are_read_by_name_or_id(sandbox: Watch, caplog: pytest.LogCaptureFixture, by: str) -> None:
    """By globs; one that matches nothing is named, and nothing is asked of the others."""
    _, second, third, *_ = sandbox["cloudflare"].account.zones
    named = [getattr(second, by).upper(), f"{getattr(third, by)[:4]}*", "nobody.example"]
    _, records = read(sandbox, zones=named)
    ids = {second.zone_id, third.zone_id}
    assert {row["zone_id"] for row in records["cloudflare_certificate_packs"]} == ids
    assert {request.key for request in sandbox.requests} == {"", *ids}
    (warning,) = [line.getMessage() for line in caplog.records if line.levelno == logging.WARNING]
    assert warning == "cloudflare.zones names nobody.example, which no zone that the token may read matches."


def test_custom_hostnames_may_be_left_out(sandbox: Watch) -> None:
    """Then there is no such stream, and nothing is asked."""
    _, records = read(sandbox, custom_hostnames=False)
    assert records.keys() == {"cloudflare_zones", "cloudflare_certificate_packs", "sync_errors", "syncs"}
    assert sandbox.count(HOSTNAMES) == 0


def test_pages_smaller_than_asked_for_are_read(sandbox: Watch) -> None:
    """As many as the provider gives to who does not say how many, and no total."""
    account = sandbox["cloudflare"].account
    zone = next(iter(account.zones))
    packs = [pack for pack in account.packs if pack.zone_id == zone.zone_id]

    def twenty(call: Call, right: Any) -> Any:
        if call.entry.key != zone.zone_id:
            return right
        start = 20 * (int(call.request.query["page"]) - 1)
        return {
            **right,
            "result": [pack_row(pack) for pack in packs[start : start + 20]],
            "result_info": None,
        }

    changed(sandbox, "cloudflare", PACKS, twenty)
    _, records = read(sandbox)
    assert [row["pack_id"] for row in records["cloudflare_certificate_packs"]] == [
        pack.pack_id for pack in account.packs
    ]
    assert sandbox.count(PACKS, zone.zone_id) == 4


@pytest.mark.parametrize(("total", "size"), [(500, 50), (None, 50), (None, 63)])
def test_a_page_that_repeats_for_ever_ends(sandbox: Watch, total: int | None, size: int) -> None:
    """With a total that is never reached it costs its zone; without one, all came with the first page."""
    account = sandbox["cloudflare"].account
    zone, *others = account.zones
    packs = [pack for pack in account.packs if pack.zone_id == zone.zone_id][:size]

    def repeat(call: Call, right: Any) -> Any:
        if call.entry.key != zone.zone_id:
            return right
        info = {"page": 1, "per_page": 50, "total_count": total} if total else None
        return {**right, "result": [pack_row(pack) for pack in packs], "result_info": info}

    changed(sandbox, "cloudflare", PACKS, repeat)
    tap, records = read(sandbox)
    read_of = {row["zone_id"] for row in records["cloudflare_certificate_packs"]}
    assert read_of == {each.zone_id for each in others} | {zone.zone_id}
    own = [row for row in records["cloudflare_certificate_packs"] if row["zone_id"] == zone.zone_id]
    assert len(own) == size
    errors = [(row["key"], row["code"]) for row in records["sync_errors"]]
    assert errors == ([(zone.zone_id, "IncompleteList")] if total else [])
    assert tap.run.report.success
    assert sandbox.count(PACKS, zone.zone_id) == (6 if total else 2)


def test_numbers_may_be_written_as_fractions(sandbox: Watch) -> None:
    """As 90.0, and 63.0 items in all; a fraction is none."""
    first = next(iter(sandbox["cloudflare"].account.packs))

    def fractions(_: Call, right: Any) -> Any:
        info = {name: float(value) for name, value in right.get("result_info", {}).items()}
        for item in right["result"]:
            item["validity_days"] = 90.5 if item["id"] == first.pack_id else 90.0
        return {**right, "result_info": info}

    changed(sandbox, "cloudflare", PACKS, fractions)
    _, records = read(sandbox)
    days = [row["validity_days"] for row in records["cloudflare_certificate_packs"]]
    assert days == [90] * (len(sandbox["cloudflare"].account.packs) - 1)
    (error,) = records["sync_errors"]
    assert (error["key"], error["code"]) == (first.key, "InvalidValue")


ACTOR = "Actor 'com.cloudflare.api.token.s3cr3t' requires permission 'com.cloudflare.edge.saas.list'"
NO_QUOTA = "No quota has been allocated for this zone or for this account."
TOKEN = "cloudflare.api_token"
PERMISSION = "lacks the permission Zone → SSL and Certificates: Read"
# Of an operation, a status, a code and a message: how far it reaches, and what of these is advised.
MEANINGS: list[tuple[str, int, Any, str, Reach, str]] = [
    (ZONES, 403, 9109, "Invalid access token", Reach.PROVIDER, TOKEN),
    (ZONES, 403, 10000, "Authentication error", Reach.PROVIDER, TOKEN),
    (ZONES, 400, 6003, "Invalid request headers", Reach.PROVIDER, TOKEN),
    (ZONES, 200, 10000, "Authentication error", Reach.PROVIDER, TOKEN),
    (ZONES, 401, None, "", Reach.PROVIDER, TOKEN),
    (ZONES, 403, 1234, "The quota of requests is used up", Reach.KEY, ""),
    (PACKS, 403, 10000, "Authentication error", Reach.KEY, PERMISSION),
    (PACKS, 401, 1000, "Invalid API Token", Reach.KEY, PERMISSION),
    (PACKS, 404, 1001, "Invalid zone identifier", Reach.GONE, ""),
    (PACKS, 400, 7003, "Could not route to /zones/1, is your object identifier invalid?", Reach.GONE, ""),
    (PACKS, 429, 10000, "More than 1200 requests per 300 seconds reached", Reach.THROTTLED, ""),
    (PACKS, 520, 1001, "Web server is returning an unknown error", Reach.ATTEMPT, ""),
    (PACKS, 200, 1234, "Something else", Reach.KEY, ""),
    (HOSTNAMES, 403, 0, ACTOR, Reach.KEY, PERMISSION),
    (HOSTNAMES, 403, 1404, NO_QUOTA, Reach.KEY, ""),
    (HOSTNAMES, 400, 1404, NO_QUOTA, Reach.KEY, ""),
]


@pytest.mark.parametrize(("operation", "status", "code", "message", "reach", "advice"), MEANINGS)
def test_what_an_error_means(
    operation: str, status: int, code: Any, message: str, reach: Reach, advice: str
) -> None:
    """Of all zones it is the token; of one it may lack the permission, or there is no such zone any more."""
    asking = client("cloudflare")
    errors = [{"code": code, "message": message}] if code is not None else []
    body = json.dumps({"success": False, "errors": errors, "messages": [], "result": None}).encode()
    error = asking.fail(operation, asking.host(), Answer(status, CaseInsensitiveDict(), body))
    assert error.reach is reach
    said = asking.without_secrets(error.message)
    assert operation in said
    assert "s3cr3t" not in said
    assert {each for each in (TOKEN, PERMISSION) if each in said} == ({advice} if advice else set())
    assert has_no_saas(error.message) is ("quota" in message)


def test_messages_are_no_errors_and_a_success_may_have_no_items() -> None:
    """What counts is `success`, as a text too; null is no list unless it is said that there are no items."""
    asking = client("cloudflare")
    messages = [{"code": 10000, "message": "This API Token is valid and active"}]
    assert asking.refusal({"success": True, "errors": [], "messages": messages, "result": None}) is None
    assert asking.refusal({"result": []}) is None
    assert asking.refusal({"success": False, "errors": []}).code == "Unsuccessful"
    listing = STREAMS[0].listing
    none = {"success": True, "result": None, "result_info": {"total_count": 0}}
    assert listing.page(none, {}, None).items == []
    for body in ({"success": True}, {"success": True, "result": None}):
        with pytest.raises(InvalidValueError, match="result is missing"):
            listing.page(body, {}, None)
    assert asking.refusal({"success": "false", "errors": [{"code": 7}]}).code == "7"
    limited = b'{"success": false, "errors": [{"code": 10429, "message": "Rate limited."}]}'
    throttled = asking.fail("ListZones", asking.host(), Answer(200, CaseInsensitiveDict(), limited))
    assert throttled.reach is Reach.THROTTLED


def test_a_busy_zone_is_read(sandbox: Watch) -> None:
    """A page of 50 packs of 50 hosts, each with what proves whose it is; and thousands that come at once."""
    first, second, *_ = sandbox["cloudflare"].account.zones
    hosts = [f"host-{number}.a-rather-long-name.example.com" for number in range(50)]
    proof = {"status": "active", "txt_name": hosts[0], "txt_value": "v" * 43, "emails": ["a@example.com"]}
    packs = {
        first.zone_id: (50, {"hosts": hosts, "validation_records": [proof] * 50}),
        second.zone_id: (3000, {"hosts": hosts[:9], "validation_records": [proof] * 9}),
    }

    def many(call: Call, right: Any) -> Any:
        count, more = packs.get(call.entry.key, (0, {}))
        page = [{"id": f"p{number}", "status": "active", **more} for number in range(count)]
        return {**right, "result": page, "result_info": None} if count else right

    changed(sandbox, "cloudflare", PACKS, many)
    _, records = read(sandbox)
    assert not records["sync_errors"]
    counted = Counter(row["zone_id"] for row in records["cloudflare_certificate_packs"])
    assert {zone: counted[zone] for zone in packs} == {zone: count for zone, (count, _) in packs.items()}


def test_a_zone_is_named_in_any_letters(sandbox: Watch) -> None:
    """As DNS has its name, or as people write it, whichever the provider sends."""
    zone, *_ = sandbox["cloudflare"].account.zones

    def renamed(_: Call, right: Any) -> Any:
        rows = [
            {**row, "name": "café.example"} if row["id"] == zone.zone_id else row for row in right["result"]
        ]
        return {**right, "result": rows}

    changed(sandbox, "cloudflare", ZONES, renamed)
    for name in ("xn--caf-dma.example", "CAFÉ.example"):
        _, records = read(sandbox, zones=[name])
        assert [row["zone_id"] for row in records["cloudflare_zones"]] == [zone.zone_id]


def test_the_official_sdk_reads_the_account(sandbox: Watch) -> None:
    """Strictly: each enumeration, type and field that has to be there is as the SDK expects it."""
    api = sandbox["cloudflare"]
    (login,) = api.logins.values()
    sdk = Cloudflare(
        api_token=login["api_token"], base_url=api.url, max_retries=0, _strict_response_validation=True
    )
    zones = [*sdk.zones.list(per_page=50)]
    packs = [
        (zone.id, pack)
        for zone in zones
        for pack in sdk.ssl.certificate_packs.list(zone_id=zone.id, status="all", per_page=50)
    ]
    hostnames = [*sdk.custom_hostnames.list(zone_id=zones[0].id, per_page=50)]
    assert [zone.name for zone in zones] == [zone.name for zone in api.account.zones]
    assert [
        (f"{zone}/{pack.id}", [each.expires_on for each in pack.certificates]) for zone, pack in packs
    ] == [(pack.key, [each.expires_on for each in pack.certificates]) for pack in api.account.packs]
    own = [each for each in api.account.hostnames if each.zone_id == zones[0].id]
    assert [(each.id, each.hostname) for each in hostnames] == [
        (each.custom_hostname_id, each.hostname) for each in own
    ]
    with pytest.raises(PermissionDeniedError, match="No quota"):
        [*sdk.custom_hostnames.list(zone_id=zones[1].id)]


# What the SDK's models have and no record does, with the reason; of an object that is left out, all is.
OMITTED = {
    "cloudflare_zones": {
        "of people": ("account.name", "owner", "permissions", "tenant", "tenant_unit"),
        "of DNS": (
            *("cname_suffix", "name_servers", "original_dnshost", "original_name_servers"),
            *("original_registrar", "vanity_name_servers", "meta.foundation_dns"),
        ),
        "a secret": ("verification_key",),
        "of the plan's price": tuple(
            f"plan.{name}"
            for name in (
                *("id", "can_subscribe", "currency", "externally_managed", "frequency"),
                *("is_subscribed", "legacy_discount", "legacy_id", "price"),
            )
        ),
        "of neither certificates nor domains": (
            *("development_mode", "meta.page_rule_quota", "meta.phishing_detected", "meta.step"),
        ),
    },
    "cloudflare_certificate_packs": {
        "proves whose a domain is": ("validation_records", "dcv_delegation_records"),
    },
    "cloudflare_custom_hostnames": {
        "a private key, and the certificate beside it": ("ssl.custom_key", "ssl.custom_certificate"),
        "proves whose a hostname is": (
            *("ownership_verification", "ownership_verification_http"),
            *("ssl.validation_records", "ssl.dcv_delegation_records"),
        ),
        "what customers say of theirs": ("custom_metadata",),
        "of the way to the origin": ("custom_origin_sni",),
        "of a request for a certificate": ("ssl.custom_csr_id",),
        "of TLS, whichever the certificate": ("ssl.settings",),
    },
}


def filled(annotation: Any) -> Any:
    """An object that has each field of a model, in it those of other models; None for anything else."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {name: filled(field.annotation) for name, field in annotation.model_fields.items()}
    inner = [found for each in get_args(annotation) if (found := filled(each))]
    return [inner[0]] if inner and get_origin(annotation) is list else inner[0] if inner else None


@pytest.mark.parametrize("number", range(3))
def test_each_field_of_the_sdk_is_read_or_left_out_for_a_reason(number: int) -> None:
    """A field that a newer SDK has is a decision; and what is left out is not said to be unread."""
    stream = TapCDNCerts(config=CONFIG).streams[STREAMS[number].name]
    model = (Zone, CertificatePackListResponse, CustomHostnameListResponse)[number]
    item = {**filled(model), "id": "1"}
    seen = stream.seen(item)
    stream.fields(seen) if number == 0 else stream.fields("1", seen)
    unread = stream._names.unread
    assert unread == {name for names in OMITTED[stream.name].values() for name in names}
    assert not stream.run.report.unsaid("cloudflare", unread, stream.left_out)


def test_prism_finds_nothing_wrong(sandbox: Watch, tmp_path: Path) -> None:
    """Between the tap and the sandbox, with the provider's own description of the API."""
    # It does not know that a hostname may have no TLS.
    for hostname in sandbox["cloudflare"].account.hostnames:
        hostname.ssl = hostname.ssl or "active"
    with proxy(description("cloudflare.json"), sandbox["cloudflare"].url) as url:
        config = sandbox.config()
        config["cloudflare"]["api_url"] = url
        assert_everything_arrived(sandbox, run(sandbox, tmp_path, config=config))
