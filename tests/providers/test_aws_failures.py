"""What fails of AWS alone, and how far it reaches; and credentials from anywhere."""

from __future__ import annotations

from importlib import util
from typing import TYPE_CHECKING, Any

import pytest
from answers import changed, client
from cases import only
from requests.structures import CaseInsensitiveDict
from singer_sdk.exceptions import ConfigValidationError
from watched import catalog, run

from sandbox import Fault
from tap_cdn_certs.api.answer import Answer as Answered
from tap_cdn_certs.api.paging import read_all
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.providers.aws.cloudfront import DISTRIBUTIONS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.messages import Answer, Call
    from tap_cdn_certs.api.paging import Page, Parameters

STREAM = "aws_certificates"

JSON = '{{"__type": "{}", "message": "{}"}}'
XML = "<ErrorResponse><Error><Code>{}</Code><Message>{}</Message></Error></ErrorResponse>"
BARE = "<Error><Code>{}</Code><Message>{}</Message></Error>"
EXPIRED = "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z"
# Of a code and a message, in an answer of some form: how far it reaches, and what is advised.
MEANINGS = [
    ("com.amazon.coral.service#ThrottlingException", "Rate exceeded", JSON, Reach.THROTTLED, ""),
    ("ThrottledException:http://internal.amazon.com/x/", "Rate exceeded", JSON, Reach.THROTTLED, ""),
    ("Throttling", "Rate exceeded", XML, Reach.THROTTLED, ""),
    ("SlowDown", "Please", BARE, Reach.THROTTLED, ""),
    ("PriorRequestNotComplete", "Wait", XML, Reach.THROTTLED, ""),
    ("RequestTimeoutException", "Late", JSON, Reach.ATTEMPT, ""),
    ("ServiceFailure", "Oh", JSON, Reach.ATTEMPT, ""),
    ("UnrecognizedClientException", "The security token is invalid", JSON, Reach.PROVIDER, "access_key_id"),
    ("InvalidClientTokenId", "It is invalid", XML, Reach.PROVIDER, "access_key_id"),
    ("ExpiredToken", "It is expired", XML, Reach.PROVIDER, "session_token"),
    ("ExpiredTokenException", "It is expired", JSON, Reach.PROVIDER, "session_token"),
    ("SignatureDoesNotMatch", EXPIRED, XML, Reach.PROVIDER, "this clock is"),
    ("RequestTimeTooSkewed", "The difference is too large", BARE, Reach.PROVIDER, "this clock is"),
    ("AccessDeniedException", "User: arn:aws:iam::1:user/s3cr3t-user", JSON, Reach.STREAM, "acm:Describe"),
    ("UnauthorizedOperation", "User: arn:aws:iam::1:user/s3cr3t-user", XML, Reach.STREAM, "acm:Describe"),
    ("NoSuchEntity", "Cannot be found", XML, Reach.GONE, ""),
    ("com.amazon#ResourceNotFoundException", "Could not find it", JSON, Reach.GONE, ""),
    ("ValidationException", "1 validation error", JSON, Reach.KEY, ""),
]


@pytest.mark.parametrize(("code", "message", "form", "reach", "advice"), MEANINGS)
def test_what_an_error_means(code: str, message: str, form: str, reach: Reach, advice: str) -> None:
    """By its code alone, wherever that is, and without what says whose it is; who asked is not told."""
    asking = client("aws")
    content = Answered(400, CaseInsensitiveDict(), form.format(code, message).encode())
    error = asking.fail("DescribeCertificate", asking.host(), content)
    assert error.reach is reach
    assert error.code == code.rpartition("#")[2].partition(":")[0]
    assert advice in error.message
    assert "s3cr3t" not in error.message


LISTS = ("ListCertificates", "ListServerCertificates", "ListDistributions", "ListDistributionTenants")


@pytest.mark.parametrize("operation", LISTS)
def test_a_list_that_is_refused_does_not_cost_the_others(tmp_path: Path, operation: str) -> None:
    """All else is there; the stream is not complete, so that nothing counts as gone, nor is forgotten."""
    with only("aws", 12) as sandbox:
        api = sandbox["aws"]
        first = run(sandbox, tmp_path)
        sandbox.faults.add(Fault("error", operation, **api.refusals["permission"]))
        result = run(sandbox, tmp_path, state=first.state)
    assert result.returncode == 1
    assert not result.syncs[STREAM]["complete"]
    row = result.errors[STREAM, "*"]
    assert f"lacks the action {operation_action(operation)}" in row["message"]
    assert ACCOUNT_USER not in result.stdout + result.stderr
    everything, listed = {*api.records("DescribeCertificate")}, result.by_key(STREAM).keys()
    of_iam = {key for key in everything if ":iam:" in key}
    lost = {
        "ListServerCertificates": of_iam,
        "ListDistributions": {key for key in of_iam if "/legacy/" in key},
    }
    unlisted = everything - {*served(api)} - of_iam if operation == "ListCertificates" else set()
    assert listed == everything - lost.get(operation, unlisted)
    assert first.state
    assert result.state
    remembered = [each["bookmarks"][STREAM]["certificates"].keys() for each in (first.state, result.state)]
    assert remembered[0] <= remembered[1]


@pytest.mark.parametrize("operation", ["DescribeCertificate", "GetCertificate", "GetServerCertificate"])
def test_a_detail_that_is_refused_costs_what_it_alone_says(tmp_path: Path, operation: str) -> None:
    """Each row that a list or another detail gives is there; it is asked a few times, and again next time."""
    with only("aws", 12) as sandbox:
        api = sandbox["aws"]
        sandbox.faults.add(Fault("error", operation, **api.refusals["permission"]))
        result = run(sandbox, tmp_path)
        asked = sandbox.count(operation)
        assert 0 < asked <= 16
        everything, listed = {*api.records("DescribeCertificate")}, result.by_key(STREAM)
        assert listed.keys() <= everything
        # What no list has, nobody knows more of than its name.
        unknown = everything - listed.keys()
        assert {key for stream, key in result.errors if stream == STREAM} == {"*", *unknown}
        assert (operation == "DescribeCertificate") or not unknown
        sandbox.faults.clear()
        after = run(sandbox, tmp_path, state=result.state)
        assert after.returncode == 0
    assert result.returncode == 1
    assert not result.syncs[STREAM]["complete"]
    row = result.errors[STREAM, "*"]
    assert (row["operation"], row["code"]) == (operation, api.refusals["permission"].get("code"))
    held = {"Describe": "serial", "Get": "certificate", "GetServer": "certificate"}[
        operation.removesuffix("Certificate")
    ]
    service = ":iam:" if "Server" in operation else ":acm:"
    assert all(listed[key][held] is None for key in listed if service in key)
    ended = [row for key, row in after.by_key(STREAM).items() if service in key and row["x509_not_after"]]
    assert ended
    assert all(row[held] or "iam" in service for row in ended)


@pytest.mark.parametrize("refused", ["nothing", "ListCertificates"])
def test_a_certificate_that_is_known_is_not_got_again(tmp_path: Path, refused: str) -> None:
    """Also where no list has it: what describes it says whether it was renewed."""
    with only("aws", 12) as sandbox:
        api = sandbox["aws"]
        first = run(sandbox, tmp_path)
        asked = sandbox.count("GetCertificate")
        sandbox.faults.add(Fault("error", refused, **api.refusals["permission"]))
        second = run(sandbox, tmp_path, state=first.state)
        assert sandbox.count("GetCertificate") - asked <= len(first.records["sync_errors"])
    right = first.by_key(STREAM)
    for key, row in second.by_key(STREAM).items():
        assert row["certificate"] == right[key]["certificate"]
        assert row["x509_not_after"] == right[key]["x509_not_after"]


def test_what_describes_another_certificate_is_not_taken(tmp_path: Path) -> None:
    """It costs its key; so does a page with fewer items than it says cost its list."""
    with only("aws", 6) as sandbox:
        api = sandbox["aws"]
        changed(
            sandbox,
            "aws",
            "DescribeCertificate",
            lambda _, tree: {"Certificate": {**tree["Certificate"], "CertificateArn": "arn:another"}},
        )
        result = run(sandbox, tmp_path)
        assert api.keys("ListCertificates")[0] not in result.by_key(STREAM)
    assert any("another certificate's" in row["message"] for row in result.errors.values())


def test_an_issuer_is_not_taken_for_a_leaf_that_is_missing(tmp_path: Path) -> None:
    """What is in its place is no certificate: the end is what the description says."""
    with only("aws", 6) as sandbox:
        changed(sandbox, "aws", "GetCertificate", lambda _, tree: {**tree, "Certificate": "MIIB"})
        rows = run(sandbox, tmp_path).by_key("aws_certificates")
        issued = [each.arn for each in sandbox["aws"].inventory if each.chain and each.arn in rows]
    assert issued
    for row in map(rows.__getitem__, issued):
        assert row["not_after"]
        assert not [name for name in row if name.startswith("x509_") and row[name] is not None]


@pytest.mark.parametrize(
    "page", [{"Quantity": "9"}, {"IsTruncated": "true", "Quantity": "1"}, {"IsTruncated": "true"}]
)
def test_a_page_that_contradicts_itself_is_not_the_whole_list(page: dict[str, str]) -> None:
    """It has fewer items than it says, or says that there are more and not how to ask for them."""
    body = {"DistributionList": {**page, "Items": {"DistributionSummary": {"Id": "E1"}}}}

    def ask(parameters: Parameters, before: Page | None) -> Page:
        return DISTRIBUTIONS.page(body, parameters, before)

    with pytest.raises(APIError) as raised:
        [*read_all(ask, DISTRIBUTIONS, "aws")]
    assert raised.value.code == "IncompleteList"


ACCOUNT_USER = "s3cr3t-user"


def operation_action(operation: str) -> str:
    """An operation as a policy names it."""
    services = {"ListCertificates": "acm", "ListServerCertificates": "iam"}
    return f"{services.get(operation, 'cloudfront')}:{operation}"


def served(api: Any) -> set[str]:
    """The certificates of ACM that distributions and tenants name."""
    return {each.acm for each in api.holdings.distributions} | {
        each.certificate for each in api.holdings.tenants
    }


def test_a_page_that_repeats_for_ever_is_not_the_whole_list(tmp_path: Path) -> None:
    """What it has is read, once; its streams are not complete."""
    with only("aws", 150) as sandbox:
        api = sandbox["aws"]
        page = api.page
        api.page = lambda call, held, _: page(call, held, "")
        alone = catalog(tmp_path, "aws_distributions", "sync_errors", "syncs")
        result = run(sandbox, tmp_path, "--catalog", alone)
        assert sandbox.count("ListDistributions") == 2
    assert result.errors["aws_distributions", "*"]["code"] == "IncompleteList"
    assert len(result.records["aws_distributions"]) == 100


def test_where_tenants_are_not_known_there_are_none(tmp_path: Path) -> None:
    """An older endpoint answers that there is no such page."""
    with only("aws", 6) as sandbox:
        page = {"body": b"<html>Not Found</html>", "status": 404, "content_type": "text/html"}
        sandbox.faults.add(Fault("body", "ListDistributionTenants", **page))
        result = run(sandbox, tmp_path)
        assert sandbox.count("ListDistributionTenants") <= 2
    assert result.returncode == 0
    assert all(row["complete"] for row in result.syncs.values())
    assert not result.records["aws_distribution_tenants"]


def test_credentials_that_one_service_takes_are_not_wrong(tmp_path: Path) -> None:
    """Where another one refuses them, what is of it is not read; the rest is."""
    with only("aws", 6) as sandbox:
        sandbox.faults.add(
            Fault("error", "ListDistributions", status=403, code="SignatureDoesNotMatch", message="No.")
        )
        # Its first request is to ACM.
        alone = "--catalog", catalog(tmp_path, STREAM, "sync_errors", "syncs")
        result = run(sandbox, tmp_path, *alone)
        assert result.by_key(STREAM).keys() >= {*sandbox["aws"].keys("")}
    assert result.returncode == 1
    assert not result.syncs[STREAM]["complete"]
    assert "Check the settings aws.access_key_id" in result.errors[STREAM, "*"]["message"]


def test_what_is_of_origins_is_not_even_kept(tmp_path: Path) -> None:
    """Their headers are secret, and in each item of the list; the log does not say that they are new."""
    with only("aws", 6) as sandbox:
        answered: list[bytes] = []
        operate = sandbox["aws"].operate

        def answer(call: Call) -> Answer:
            given = operate(call)
            answered.append(given.body)
            return given

        sandbox["aws"].operate = answer  # type: ignore[method-assign]
        result = run(sandbox, tmp_path)
    # `run` looks for it in all that is said.
    assert any(b"s3cr3t-of-the-origin" in body for body in answered)
    assert "also sends" not in result.stderr


# Where credentials come from.


def test_credentials_are_found_where_the_sdk_looks_for_them(tmp_path: Path) -> None:
    """In the environment, and in a profile of the configuration files."""
    with only("aws", 2) as sandbox:
        config = sandbox.config()
        key_id, secret = (config["aws"].pop(name) for name in ("access_key_id", "access_key_secret"))
        variables = {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret}
        assert run(sandbox, tmp_path, config=config, env=variables).returncode == 0
        files = tmp_path / "credentials"
        files.write_text(f"[reader]\naws_access_key_id={key_id}\naws_secret_access_key={secret}\n")
        config["aws"]["profile"] = "reader"
        variables = {"AWS_SHARED_CREDENTIALS_FILE": str(files)}
        assert run(sandbox, tmp_path, config=config, env=variables).returncode == 0
        config["aws"]["profile"] = "writer"
        result = run(sandbox, tmp_path, config=config, env=variables)
    assert result.returncode == 1
    assert result.errors[STREAM, "*"]["code"] == "ProfileNotFound"
    assert "the profile that aws.profile names" in result.errors[STREAM, "*"]["message"]


def test_without_credentials_it_is_said_where_they_may_be(tmp_path: Path) -> None:
    """Once, before any request; an instance's metadata is not asked for unless a setting says so."""
    with only("aws", 2) as sandbox:
        config = sandbox.config()
        del config["aws"]["access_key_id"], config["aws"]["access_key_secret"]
        # Asking for the metadata would take seconds.
        variables = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "false"}
        result = run(sandbox, tmp_path, config=config, env=variables)
        assert not sandbox.requests
    assert result.returncode == 1
    (said,) = (line for line in result.logged("ERROR") if "There are no credentials" in line)
    assert "aws.access_key_id" in said
    assert "aws.instance_metadata" in said
    assert "169.254" not in result.stderr


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        ({"session_token": "t"}, "aws.access_key_id is missing."),
        ({"access_key_id": "AKIA", "access_key_secret": "s", "profile": "p"}, "aws takes either"),
        ({"partition": "aws-us-gov"}, "aws.partition has to be "),
    ],
)
def test_mistakes_in_the_settings(settings: dict[str, str], mistake: str) -> None:
    """Each by its setting."""
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"aws": settings})
    assert any(each.startswith(mistake) for each in caught.value.errors)


def test_the_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is asked for."""
    found = util.find_spec
    monkeypatch.setattr(
        "tap_cdn_certs.providers.aws.find_spec", lambda name: None if name == "botocore" else found(name)
    )
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"aws": {}})
    assert caught.value.errors == ["aws needs the package botocore: install tap-cdn-certs[aws]."]
