"""The sandbox's side of Fastly, which the official SDK and recorded answers judge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import fastly
import pytest
import requests
from fastly.api.tls_activations_api import TlsActivationsApi
from fastly.api.tls_bulk_certificates_api import TlsBulkCertificatesApi
from fastly.api.tls_certificates_api import TlsCertificatesApi
from fastly.api.tls_domains_api import TlsDomainsApi
from fastly.api.tls_subscriptions_api import TlsSubscriptionsApi

from sandbox import Sandbox
from sandbox.fastly.api import FASTLY_KEY, LISTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECORDED = next(
    (
        path
        for folder in Path(__file__).parents
        if (path := folder / "shared/api/recorded/fastly.json").is_file()
    ),
    None,
)
HEADERS = {"Fastly-Key": FASTLY_KEY, "Accept": "application/vnd.api+json"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox without rate limits, which has more of each kind than a page."""
    with Sandbox(fastly={"size": 130, "limit": None}) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Iterator[fastly.ApiClient]:
    """The official SDK, with the token of the account."""
    configuration = fastly.Configuration(host=sandbox["fastly"].url)
    configuration.api_token = FASTLY_KEY
    with fastly.ApiClient(configuration) as client:
        yield client


def ask(sandbox: Sandbox, path: str, headers: dict[str, str] = HEADERS, **query: Any) -> requests.Response:
    """Ask for a path."""
    return requests.get(sandbox["fastly"].url + path, headers=headers, params=query, timeout=10)


def every(read: Callable[..., Any]) -> list[Any]:
    """The resources of all pages, as the SDK reads them."""
    found: list[Any] = []
    pages = 1
    while pages:
        answer = read(page_number=len(found) // 100 + 1, page_size=100)
        found += [each.to_dict() for each in answer.data]
        pages = answer.meta.total_pages - answer.meta.current_page
    return found


def test_the_official_sdk_reads_the_inventory(sandbox: Sandbox, client: fastly.ApiClient) -> None:
    """Each list, all pages, by the types that it documents."""
    account: Any = sandbox["fastly"].account  # type: ignore[attr-defined]
    certificates = {each["id"]: each for each in every(TlsCertificatesApi(client).list_tls_certs)}
    assert certificates.keys() == {*account.certificates.keys()}
    for held in account.certificates:
        read = certificates[held.certificate_id]["attributes"]
        assert (read["not_before"], read["not_after"]) == (held.not_before, held.not_after)
        assert (read["issued_to"], read["serial_number"]) == (held.issued_to, held.serial_number)
    bulk = {each["id"]: each for each in every(TlsBulkCertificatesApi(client).list_tls_bulk_certs)}
    assert {key: each["attributes"]["not_after"] for key, each in bulk.items()} == {
        each.certificate_id: each.not_after for each in account.bulk
    }
    subscriptions = {each["id"]: each for each in every(TlsSubscriptionsApi(client).list_tls_subs)}
    assert {key: each["attributes"]["state"] for key, each in subscriptions.items()} == {
        each.subscription_id: each.state for each in account.subscriptions
    }
    domains = [each["id"] for each in every(TlsDomainsApi(client).list_tls_domains)]
    assert domains == sorted(account.domains.keys())
    activations = {each["id"]: each for each in every(TlsActivationsApi(client).list_tls_activations)}
    assert {
        key: each["relationships"]["tls_certificate"]["data"]["id"] for key, each in activations.items()
    } == {each.activation_id: each.certificate_id for each in account.activations}


def test_a_token_that_is_wrong_is_refused_as_the_sdk_expects(sandbox: Sandbox) -> None:
    """With 401, whatever is asked for."""
    configuration = fastly.Configuration(host=sandbox["fastly"].url)
    configuration.api_token = "s3cr3t-wrong"
    with fastly.ApiClient(configuration) as client, pytest.raises(fastly.ApiException) as refused:
        TlsDomainsApi(client).list_tls_domains()
    assert refused.value.status == 401


def test_pages_are_numbered_from_one_and_0_is_the_first_again(sandbox: Sandbox) -> None:
    """20 in each by default; the links name the provider's own host; after the last there is nothing."""
    first, zero, second, last, beyond = (
        ask(sandbox, "/tls/certificates", **{"page[number]": number}).json() for number in (1, 0, 2, 7, 8)
    )
    assert first["data"] == zero["data"] != second["data"]
    assert (len(first["data"]), len(last["data"]), len(beyond["data"])) == (20, 10, 0)
    assert first["meta"] == {"per_page": 20, "current_page": 1, "record_count": 130, "total_pages": 7}
    assert first["links"]["next"].startswith("https://api.fastly.com/tls/certificates?")
    assert (first["links"]["prev"], last["links"]["next"]) == (None, None)


def test_the_newest_comes_first_unless_another_order_is_asked_for(sandbox: Sandbox) -> None:
    """But for bulk certificates."""
    orders = {"/tls/certificates": -1, "/tls/subscriptions": -1, "/tls/bulk/certificates": 1}
    for path, step in orders.items():
        times = [each["attributes"]["created_at"] for each in ask(sandbox, path).json()["data"]]
        assert times == sorted(times)[::step]
        oldest = ask(sandbox, path, sort="created_at").json()["data"]
        assert [each["attributes"]["created_at"] for each in oldest] == sorted(
            each["attributes"]["created_at"] for each in oldest
        )


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ({"page[size]": 101}, HEADERS, 400),
        ({"page[size]": 0}, HEADERS, 400),
        ({"page[number]": "x"}, HEADERS, 400),
        ({"sort": "name"}, HEADERS, 400),
        ({"include": "everything"}, HEADERS, 400),
        ({"filter[has_active_order]": "false"}, HEADERS, 400),
        ({}, {**HEADERS, "Accept": "application/json"}, 406),
        ({}, {"Accept": HEADERS["Accept"]}, 401),
    ],
)
def test_what_is_not_documented_is_refused(
    sandbox: Sandbox, query: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    """In one of the two forms that errors have."""
    answer = ask(sandbox, "/tls/subscriptions", headers, **query)
    assert answer.status_code == status
    assert answer.json().keys() == ({"msg", "detail"} if status == 401 else {"errors"})
    assert ask(sandbox, "/tls/nothing").status_code == 404
    assert ask(sandbox, "/tls/private_keys").status_code == 404


def shape(tree: Any) -> Any:
    """What a tree is made of: the names, and the types of their values; of a list, of all its items."""
    if isinstance(tree, dict):
        return {name: shape(branch) for name, branch in tree.items()}
    if isinstance(tree, list):
        return {name: kind for each in tree for name, kind in shape(each).items()}
    return type(tree)


def test_answers_are_made_as_recorded_ones() -> None:
    """Each name that the live API sent, with a value of its type."""
    if not RECORDED:
        pytest.skip("The answers that others recorded are not beside the checkout.")
    with Sandbox(fastly={"size": 12, "limit": None}) as sandbox:
        for (recorded,) in json.loads(RECORDED.read_text())["answers"].values():
            sandbox["fastly"].bare = "meta" not in recorded["body"]  # type: ignore[attr-defined]
            path = urlsplit(recorded["url"]).path
            assert path in {each.path for each in LISTS.values()}
            answer = ask(sandbox, path, **{"page[size]": 100})
            assert answer.status_code == recorded["status"]
            assert contains(shape(answer.json()), shape(recorded["body"])), path


def contains(ours: Any, theirs: Any) -> bool:
    """Whether a shape has all of another, where an empty list says nothing of its items."""
    if not isinstance(theirs, dict):
        return bool(ours == theirs)
    return all(name in ours and contains(ours[name], theirs[name]) for name in theirs)
