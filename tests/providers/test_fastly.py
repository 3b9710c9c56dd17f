"""Whole records of Fastly, its answers in all the forms that they may have, and those that were recorded."""

from __future__ import annotations

import json
import time as clock
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from answering import listening
from answers import changed, client
from cases import only
from expected import blank, time
from fastly.model.tls_activations_response import TlsActivationsResponse
from fastly.model.tls_bulk_certificates_response import TlsBulkCertificatesResponse
from fastly.model.tls_certificates_response import TlsCertificatesResponse
from fastly.model.tls_domains_response import TlsDomainsResponse
from fastly.model.tls_subscription_data import TlsSubscriptionData
from fastly.model.tls_subscriptions_response import TlsSubscriptionsResponse
from fastly.model_utils import OpenApiModel
from requests.structures import CaseInsensitiveDict
from watched import Watch, run

from sandbox import Fault
from tap_cdn_certs.api.answer import Answer
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler

    from sandbox.fastly.inventory import Activation, Certificate, Domain, Subscription
    from sandbox.messages import Call

    Item = dict[str, Any]

CERTIFICATES, SUBSCRIPTIONS, DOMAINS = (
    f"fastly_tls_{name}" for name in ("certificates", "subscriptions", "domains")
)
BULK = "ListTLSBulkCertificates"
ROOT = Path(__file__).parents[2]
# Answers of the live API, beside the checkout where somebody has them.
RECORDED = next(
    (path for folder in ROOT.parents if (path := folder / "shared/api/recorded/fastly.json").is_file()), None
)


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account of Fastly, without limits."""
    with only("fastly", 24) as sandbox:
        yield sandbox


def synced(settings: Item) -> tuple[dict[str, dict[str, Item]], dict[str, Item], list[Item]]:
    """The records of a sync in this process by stream and key, how each stream ended, and what failed."""
    tap = TapCDNCerts(config={"fastly": settings})
    found = {}
    for name in (CERTIFICATES, SUBSCRIPTIONS, DOMAINS):
        stream = tap.streams[name]
        records = list(stream.get_records(None))
        found[name] = {record[stream.primary_keys[1]]: record for record in records}
        assert len(found[name]) == len(records)
    return found, {row["stream"]: row for row in tap.run.report.syncs}, tap.run.report.errors


def expected_certificate(certificate: Certificate, kind: str, subscription: str | None = None) -> Item:
    """The record of `fastly_tls_certificates`."""
    texts = ("name", "issued_to", "issuer", "serial_number", "signature_algorithm")
    times = ("not_before", "not_after", "created_at", "updated_at")
    return {
        "certificate_id": certificate.certificate_id,
        "kind": kind,
        **{name: blank(getattr(certificate, name)) for name in texts},
        **{name: time(getattr(certificate, name)) for name in times},
        "replace": certificate.replace,
        "deleted_at": None,
        "tls_domains": certificate.domains or None,
        "tls_configurations": certificate.configurations or None,
        "tls_subscription": subscription,
    }


def expected_subscription(subscription: Subscription) -> Item:
    """The record of `fastly_tls_subscriptions`."""
    return {
        "subscription_id": subscription.subscription_id,
        "certificate_authority": subscription.certificate_authority,
        "state": subscription.state,
        "has_active_order": subscription.state in {"pending", "processing", "renewing"},
        "created_at": time(subscription.created_at),
        "updated_at": time(subscription.updated_at),
        "deleted_at": None,
        "common_name": subscription.domains[0],
        "tls_domains": subscription.domains,
        "tls_certificates": [each.certificate_id for each in subscription.certificates] or None,
        "tls_configuration": subscription.configuration,
        "tls_authorizations": subscription.authorizations,
    }


def expected_domain(domain: Domain, activations: list[Activation]) -> Item:
    """The record of `fastly_tls_domains`."""
    return {
        "domain_name": domain.domain_name,
        "tls_activations": [
            {
                "activation_id": activation.activation_id,
                "tls_certificate": activation.certificate_id,
                "tls_configuration": activation.configuration,
                "mutual_authentication": activation.mutual_authentication,
                "created_at": time(activation.created_at),
            }
            for activation in activations
            if activation.domain_name == domain.domain_name
        ]
        or None,
        "tls_certificates": domain.certificates or None,
        "tls_subscriptions": domain.subscriptions or None,
    }


def expected(sandbox: Watch) -> dict[str, dict[str, Item]]:
    """The records of all streams, by stream and key."""
    account = sandbox["fastly"].account  # type: ignore[attr-defined]
    certificates = [expected_certificate(each, "custom") for each in account.certificates]
    certificates += [expected_certificate(each, "bulk") for each in account.bulk]
    certificates += [
        expected_certificate(each, "managed", subscription.subscription_id)
        for subscription in account.subscriptions
        for each in subscription.certificates
    ]
    activations = list(account.activations)
    records = {
        CERTIFICATES: certificates,
        SUBSCRIPTIONS: [expected_subscription(each) for each in account.subscriptions],
        DOMAINS: [expected_domain(each, activations) for each in account.domains],
    }
    return {
        stream: {next(iter(row.values())): {"account": "default", **row} for row in rows}
        for stream, rows in records.items()
    }


@pytest.mark.parametrize("odd", [{}, {"bare": True}, {"linked": False}, {"together": True}])
def test_each_field_is_what_the_account_holds(sandbox: Watch, odd: Item) -> None:
    """Whatever answers lack: totals, what included activations name; or list twice."""
    vars(sandbox["fastly"]).update(odd)
    records, syncs, errors = synced(sandbox["fastly"].config())
    assert not errors
    assert all(row["complete"] for row in syncs.values())
    for stream, rows in expected(sandbox).items():
        assert records[stream] == {
            key: {**row, "synced_at": records[stream][key]["synced_at"]} for key, row in rows.items()
        }
    without = sum(not each.certificates for each in sandbox["fastly"].account.subscriptions)  # type: ignore[attr-defined]
    assert syncs[SUBSCRIPTIONS]["without_certificate"] == without > 0


@pytest.mark.parametrize("together", [True, False])
def test_what_an_answer_does_not_include_is_not_lost(sandbox: Watch, *, together: bool) -> None:
    """A subscription names its certificates: they are there, with all that another list says of them."""
    api: Any = sandbox["fastly"]
    api.including, api.together = False, together
    records, _, errors = synced(api.config())
    assert not errors
    for key, row in expected(sandbox)[CERTIFICATES].items():
        told = records[CERTIFICATES][key]
        assert told["kind"] == row["kind"]
        assert told["tls_subscription"] == row["tls_subscription"]
        assert told["not_after"] == (row["not_after"] if together or row["kind"] != "managed" else None)
    assert all(
        row["tls_certificate"] for each in records[DOMAINS].values() for row in each["tls_activations"] or []
    )


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("body", ['{"errors": [{"title": "Forbidden"}]}', '{"msg": "Record not found"}', ""])
def test_an_account_without_platform_tls_has_no_bulk_certificates(
    sandbox: Watch, tmp_path: Path, status: int, body: str
) -> None:
    """It is no failure, is said once, and asked once."""
    sandbox.faults.add(Fault("body", BULK, status=status, body=body))
    result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert sandbox.count(BULK) == 1
    assert not result.records["sync_errors"]
    assert {row["kind"] for row in result.records[CERTIFICATES]} == {"custom", "managed"}
    (said,) = (line for line in result.logged("INFO") if BULK in line)
    assert f"HTTP {status}" in said
    assert not result.logged("WARNING", "ERROR")


@pytest.mark.parametrize("operation", ["ListTLSCertificates", "ListTLSSubscriptions", BULK])
def test_a_list_that_fails_costs_its_own_certificates(sandbox: Watch, operation: str) -> None:
    """The others are read, the stream is not complete, and what nobody can tell is not told."""
    sandbox.faults.add(Fault("error", operation, status=400, code="Odd"))
    records, syncs, errors = synced(sandbox["fastly"].config())
    kinds = {row["kind"] for row in records[CERTIFICATES].values()}
    assert (
        kinds
        == {
            "ListTLSCertificates": {"managed", "bulk"},
            "ListTLSSubscriptions": {None, "bulk"},
            BULK: {None, "managed"},
        }[operation]
    )
    assert not syncs[CERTIFICATES]["complete"]
    assert {row["operation"] for row in errors} == {operation}
    assert syncs[DOMAINS]["complete"]


def test_a_subscription_that_cannot_be_read_leaves_a_gap_that_is_told(sandbox: Watch) -> None:
    """Nobody knows its certificates: they are not gone."""
    broken = sandbox["fastly"].keys("ListTLSSubscriptions")[0]
    sandbox.faults.add(Fault("field", "ListTLSSubscriptions", field="relationships", value=[1], item=broken))
    records, _, errors = synced(sandbox["fastly"].config())
    assert broken not in records[SUBSCRIPTIONS]
    keys = {row["stream"]: row["key"] for row in errors}
    assert keys[SUBSCRIPTIONS] == broken
    assert keys[CERTIFICATES].startswith("#")


@pytest.mark.parametrize(
    "body", ['{"errors": [{"title": "Forbidden", "detail": "Not yours"}]}', "<html>", ""]
)
def test_a_permission_that_is_missing_is_named(sandbox: Watch, body: str) -> None:
    """With the scope, and with what the provider says, if it says anything; it is asked once."""
    sandbox.faults.add(Fault("body", "ListTLSDomains", status=403, body=body))
    _, _, (row,) = synced(sandbox["fastly"].config())
    assert sandbox.count("ListTLSDomains") == 1
    assert (row["stream"], row["key"]) == (DOMAINS, "*")
    assert row["code"] in {"Forbidden", "HTTP 403"}
    for words in (
        "ListTLSDomains",
        "global:read",
        "fastly.api_token",
        *(["Not yours"] if "[" in body else []),
    ):
        assert words in row["message"]


def test_a_wait_is_what_an_answer_says_or_a_minute() -> None:
    """By the provider's clock; other errors than that of the limit are not waited out for so long."""
    now = clock.time()
    ahead = {"Date": "Thu, 01 Jan 2099 00:00:00 GMT", "Fastly-RateLimit-Reset": "4070908830"}
    waits = {
        (429, ()): 60,
        (429, tuple({"Retry-After": "7", "Fastly-RateLimit-Reset": f"{now + 99:.0f}"}.items())): 7,
        (429, (("Fastly-RateLimit-Reset", f"{now + 30:.0f}"),)): 30,
        (429, (("Fastly-RateLimit-Reset", f"{now - 30:.0f}"),)): 0,
        (429, (("Fastly-RateLimit-Reset", f"{now + 9999:.0f}"),)): 900,
        (429, (("Fastly-RateLimit-Reset", "soon"),)): 60,
        (429, tuple(ahead.items())): 30,
        (503, ()): None,
        (503, (("Fastly-RateLimit-Reset", f"{now + 30:.0f}"),)): None,
        (503, (("Retry-After", "7"),)): 7,
    }
    host = client("fastly").host()
    for (status, headers), wait in waits.items():
        for body in (b'{"errors": [{"title": "Too many"}]}', b"<html>Varnish</html>", b""):
            answer = Answer(status, CaseInsensitiveDict(headers), body)
            error = client("fastly").fail("ListTLSDomains", host, answer)
            assert error.wait == (wait if wait is None else pytest.approx(wait, abs=2))


def test_a_code_is_no_sentence() -> None:
    """What an older operation answers is a message: its status is the code."""
    host = client("fastly").host()
    for body, code, message in (
        ({"msg": "You are not authorized to do this"}, "HTTP 400", "with You are not authorized to do this."),
        ({"errors": [{"title": "Bad request", "detail": "Why"}]}, "Bad request", "with Bad request: Why."),
    ):
        answer = Answer(400, CaseInsensitiveDict(), json.dumps(body).encode())
        error = client("fastly").fail("ListTLSDomains", host, answer)
        assert error.code == code
        assert error.message.endswith(message)


@pytest.mark.parametrize("total", [100, None])
def test_a_list_that_ends_and_links_to_more_is_not_complete(sandbox: Watch, total: int | None) -> None:
    """Whatever it says how many there are, and though a page comes again."""

    def linked(_: Call, right: Any) -> Any:
        links = {"next": "https://api.fastly.com/tls/certificates?page[number]=2"}
        return {**right, "meta": {"record_count": total and len(right["data"])}, "links": links}

    changed(sandbox, "fastly", "ListTLSCertificates", linked)
    _, syncs, (error,) = synced(sandbox["fastly"].config())
    assert not syncs[CERTIFICATES]["complete"]
    assert (error["operation"], error["code"]) == ("ListTLSCertificates", "IncompleteList")


@contextmanager
def serving(answers: dict[str, Item]) -> Iterator[Item]:
    """Serve an answer for each path, whatever else is asked for, and give the settings of the account."""

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        body = answers.get(urlsplit(request.path).path)
        content = json.dumps(body or {"errors": [{"title": "Not found"}]}).encode()
        return 200 if body else 404, {}, content

    with listening(answer) as url:
        yield {"api_token": "s3cr3t-of-nobody-at-all", "api_url": url}


def recorded() -> dict[str, Item]:
    """The recorded answers, by path."""
    if not RECORDED:
        pytest.skip("The answers that others recorded are not beside the checkout.")
    answers = json.loads(RECORDED.read_text())["answers"].values()
    return {urlsplit(each["url"]).path: each["body"] for (each,) in answers}


def test_recorded_answers_are_read() -> None:
    """Of the live API, each of which comes again for every page: nothing is lost, and nothing twice."""
    # Of domains there is none: it is as the documents say.
    activation = {"tls_activations": {"data": [{"id": "ACTIVATION_ID", "type": "tls_activation"}]}}
    domains = {"data": [{"id": "DOMAIN_NAME", "type": "tls_domain", "relationships": activation}]}
    with serving({**recorded(), "/tls/domains": domains}) as settings:
        records, syncs, errors = synced(settings)
    assert not errors
    assert all(row["complete"] for row in syncs.values())
    uploaded, bulk = records[CERTIFICATES]["ZwPwTJyjOePoOdUs0WvRO6"], records[CERTIFICATES]["CERTIFICATE_ID"]
    assert len(records[CERTIFICATES]) == 2
    assert (uploaded["kind"], uploaded["name"], uploaded["not_after"], uploaded["tls_domains"]) == (
        "custom",
        "My certificate",
        "2024-09-15T16:47:52Z",
        ["example.com"],
    )
    assert (bulk["kind"], bulk["not_after"], bulk["tls_domains"]) == (
        "bulk",
        "2019-06-06T18:14:32Z",
        ["DOMAIN_NAME"],
    )
    (subscription,) = records[SUBSCRIPTIONS].values()
    assert (subscription["state"], subscription["tls_certificates"]) == ("pending", None)
    assert subscription["common_name"] == "integ-test1.go-fastly-1.com"
    (served,) = records[DOMAINS]["DOMAIN_NAME"]["tls_activations"]
    assert (served["tls_certificate"], served["created_at"]) == ("CERTIFICATE_ID", "2020-10-15T15:50:17Z")


# What the SDK knows of a resource, and no record has.
OMITTED = {
    "cert_blob": "what is uploaded: no answer has it",
    "intermediates_blob": "what is uploaded: no answer has it",
    "allow_untrusted_root": "how something is uploaded: no answer has it",
    "tls_domain": "the key of the record that has the activation",
    "tls_activations.updated_at": "an activation is made and removed, not changed",
    "tls_activations.deleted_at": "an activation that was removed is not listed",
}
EXAMPLES: dict[str, Any] = {"datetime": "2026-01-01T00:00:00.000Z", "bool": True, "str": "text"}


def models(types: Any) -> Iterator[Any]:
    """The models in the types of a field."""
    for each in types if isinstance(types, tuple | list) else ():
        yield from models(each)
    if isinstance(types, type) and issubclass(types, OpenApiModel):
        yield types


def resource(model: Any) -> Item:
    """A resource in which there is a value for all that a model of the SDK documents."""
    item: Item = {}
    for name, types in model.openapi_types.items():
        inner = [resource(each) for each in models(types)]
        kinds = [each.__name__ for each in types if isinstance(each, type)]
        item[name] = inner[0] if inner else next((EXAMPLES[each] for each in kinds if each in EXAMPLES), None)
    for parts in (getattr(model, "_composed_schemas", None) or {}).values():
        for part in filter(None, map(resource, models(parts))):
            item |= part
    return item


@pytest.mark.parametrize(
    ("stream", "responses"),
    [
        (CERTIFICATES, [TlsCertificatesResponse, TlsBulkCertificatesResponse]),
        (SUBSCRIPTIONS, [TlsSubscriptionsResponse, TlsSubscriptionData]),
        (DOMAINS, [TlsDomainsResponse, TlsActivationsResponse]),
    ],
)
def test_each_documented_field_is_in_the_record(stream: str, responses: list[Any]) -> None:
    """Of all that the official SDK knows; what is left out has a reason."""
    settings = {"fastly": {"api_token": "s3cr3t-of-nobody-at-all"}}
    fields = TapCDNCerts(config=settings).streams[stream]
    for response in responses:
        item = resource(response)
        while "data" in item:
            item = item["data"]
        documented = {*item.get("attributes", {}), *item.get("relationships", {})}
        assert documented
        prefix = ""
        if response is TlsActivationsResponse:
            prefix = "tls_activations."
            item = {"id": "name", "relationships": {"tls_activations": {"data": [{**item, "id": "1"}]}}}
        record = fields.record({"id": "1", **item})
        record = record["tls_activations"][0] if prefix else record
        missing = {name for name in documented if record.get(name) is None}
        assert {name for name in missing if not {name, prefix + name} & OMITTED.keys()} == set()
