"""The tap, judged by others' emulators of AWS: moto has ACM and IAM, ministack has CloudFront."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.session import get_session
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from moto.server import ThreadedMotoServer
from process import Run, run_tap
from test_sdk import free_port
from watched import catalog

from sandbox.chains import Leaf, make, private_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STREAM = "aws_certificates"
ACTIONS = {
    "acm:ListCertificates",
    "acm:DescribeCertificate",
    "acm:GetCertificate",
    "iam:ListServerCertificates",
    "iam:GetServerCertificate",
    "cloudfront:ListDistributions",
    "cloudfront:ListDistributionTenants",
}
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
KEYS = ("rsa-2048", "p-256", "p-384")
LEAVES = [
    Leaf(f"www{number}.example.com", -9 * DAY, (20 + number) * DAY, (f"www{number}.example.com",), key=key)
    for number, key in enumerate(KEYS * 2)
]


def sdk(service: str, url: str) -> Any:
    """The official client of a service, as who may do everything."""
    login = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return get_session().create_client(service, region_name="us-east-1", endpoint_url=url, **login)


def material(leaf: Leaf) -> tuple[str, str, str]:
    """A certificate, its chain and its key."""
    chain = make(leaf, NOW, random.Random(leaf.common_name)).pem
    head, end, rest = chain.partition("-----END CERTIFICATE-----\n")
    key = private_key(leaf.key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return head + end, rest, key


def policy(actions: set[str]) -> str:
    """What allows some things only."""
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def reader(iam: Any, name: str, actions: set[str]) -> dict[str, str]:
    """The settings of a user who may do some things only."""
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="read", PolicyDocument=policy(actions))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"access_key_id": key["AccessKeyId"], "access_key_secret": key["SecretAccessKey"]}


def sync(folder: Path, *streams: str, **settings: str) -> Run:
    """A sync of some streams, whose output holds no secret."""
    alone = catalog(folder, *streams, "sync_errors", "syncs")
    result = run_tap(folder, {"aws": settings}, "--catalog", alone, env={"LOGLEVEL": "DEBUG"})
    for output in (result.stdout, result.stderr):
        assert settings["access_key_secret"] not in output
        assert "PRIVATE KEY" not in output
        assert "Traceback" not in output, output[-9000:]
    return result


@pytest.fixture(scope="module")
def moto() -> Iterator[dict[str, Any]]:
    """An account of moto, its readers, and what it holds, by ARN."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"

    def check_from(count: int) -> None:
        requests.post(f"{url}/moto-api/reset-auth", data=str(count), timeout=10)

    acm, iam = sdk("acm", url), sdk("iam", url)
    held: dict[str, str] = {}
    for leaf in LEAVES:
        body, chain, key = material(leaf)
        made = acm.import_certificate(Certificate=body, CertificateChain=chain, PrivateKey=key)
        held[made["CertificateArn"]] = body + chain
    body, chain, key = material(Leaf("old.example.com", -9 * DAY, 9 * DAY, ("old.example.com",)))
    login = {"CertificateBody": body, "CertificateChain": chain, "PrivateKey": key}
    made = iam.upload_server_certificate(Path="/cloudfront/", ServerCertificateName="old", **login)
    held[made["ServerCertificateMetadata"]["Arn"]] = body + chain
    readers = {"all": reader(iam, "all", ACTIONS)}
    for action in ACTIONS:
        readers[action] = reader(iam, action.replace(":", "-"), ACTIONS - {action})
    trust = json.loads(policy({"sts:AssumeRole"}))
    trust["Statement"][0] |= {"Principal": {"AWS": "*"}}
    made = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))
    role = made["Role"]["Arn"]
    iam.put_role_policy(RoleName="reader", PolicyName="read", PolicyDocument=policy(ACTIONS))
    readers["role"] = {**reader(iam, "assumes", {"sts:AssumeRole"}), "role_arn": role}
    readers["no role"] = {**readers["all"], "role_arn": role}
    check_from(0)
    yield {"url": url, "readers": readers, "held": held}
    check_from(10**9)
    server.stop()


def test_moto_gives_each_certificate(moto: dict[str, Any], tmp_path: Path) -> None:
    """Of ACM, of each type of key, and of IAM; signatures are checked, where it knows CloudFront's not."""
    result = sync(tmp_path, STREAM, api_url=moto["url"], **moto["readers"]["all"])
    records = result.by_key(STREAM)
    assert records.keys() == moto["held"].keys()
    # It puts a root of its own at the end.
    for key, chain in moto["held"].items():
        assert records[key]["certificate"].startswith(chain), key
    assert {record["x509_public_key_curve"] for record in records.values()} == {
        None,
        "secp256r1",
        "secp384r1",
    }
    of_acm = [record for key, record in records.items() if ":acm:" in key]
    assert all(record["not_after"] == record["x509_not_after"] for record in of_acm)
    assert {row["operation"] for row in result.records["sync_errors"]} == {"ListDistributions"}


@pytest.mark.parametrize("action", sorted(action for action in ACTIONS if action.startswith(("acm", "iam"))))
def test_moto_refuses_what_a_policy_does_not_allow(moto: dict[str, Any], tmp_path: Path, action: str) -> None:
    """Each operation, by its name; the rest is read, as far as it can be."""
    result = sync(tmp_path, STREAM, api_url=moto["url"], **moto["readers"][action])
    assert result.returncode == 1
    (row,) = result.records["sync_errors"]
    assert f"lacks the action {action}." in row["message"]
    assert "123456789012:user" not in result.stdout + result.stderr


def test_moto_lets_a_role_be_assumed(moto: dict[str, Any], tmp_path: Path) -> None:
    """By who may; the others are told whose credentials were refused."""
    result = sync(tmp_path, STREAM, api_url=moto["url"], **moto["readers"]["role"])
    assert result.by_key(STREAM).keys() == moto["held"].keys()
    result = sync(tmp_path, STREAM, api_url=moto["url"], **moto["readers"]["no role"])
    assert result.returncode == 1
    (row,) = result.records["sync_errors"]
    assert row["code"] == "AccessDenied"
    assert row["message"].startswith(
        "No credentials could be had from aws.role_arn, with those of aws.access_key_id"
    )


def test_moto_refuses_a_secret_that_is_wrong(moto: dict[str, Any], tmp_path: Path) -> None:
    """Once, by the settings to look at."""
    wrong = {**moto["readers"]["all"], "access_key_secret": "s3cr3t-wrong"}
    result = sync(tmp_path, STREAM, api_url=moto["url"], **wrong)
    assert result.returncode == 1
    (row,) = result.records["sync_errors"]
    assert row["code"] == "SignatureDoesNotMatch"
    assert "aws.access_key_secret" in row["message"]


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """An account of ministack, its readers, and the certificates of its distributions and tenants."""
    port, folder = free_port(), tmp_path_factory.mktemp("ministack")
    login = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    variables = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "AUTH": "true", "LOG_LEVEL": "ERROR"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            cwd=folder,
            env={**os.environ, **login, **variables, "STATE_DIR": str(folder), "TMPDIR": str(folder)},
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                requests.get(f"{url}/_ministack/health", timeout=1)
                break
            except requests.ConnectionError:
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
        yield stocked(url)
    finally:
        server.terminate()
        server.wait(10)


def stocked(url: str) -> dict[str, Any]:
    """What an account of ministack has, once it is there."""
    acm, iam, cloudfront = (sdk(name, url) for name in ("acm", "iam", "cloudfront"))
    arns = []
    for leaf in LEAVES[:3]:
        body, chain, key = material(leaf)
        made = acm.import_certificate(Certificate=body, CertificateChain=chain, PrivateKey=key)
        arns.append(made["CertificateArn"])
    served: dict[str, tuple[list[str] | None, str | None]] = {}
    for number, arn in enumerate((arns[0], None, arns[1])):
        aliases = [f"a{number}.example.com", f"b{number}.example.com"] if arn else []
        made = cloudfront.create_distribution(DistributionConfig=distribution(number, aliases, arn))
        served[made["Distribution"]["Id"]] = (aliases or None, arn)
    config = distribution(9, [], arns[0]) | {"ConnectionMode": "tenant-only"}
    many = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
    served[many] = (None, arns[0])
    tenants: dict[str, tuple[list[str], str | None]] = {}
    for number, arn in enumerate((arns[2], None)):
        own = {"Customizations": {"Certificate": {"Arn": arn}}} if arn else {}
        domain = f"t{number}.example.com"
        made = cloudfront.create_distribution_tenant(
            DistributionId=many, Name=f"tenant{number}", Domains=[{"Domain": domain}], **own
        )
        tenants[made["DistributionTenant"]["Id"]] = ([domain], arn)
    readers = {"all": reader(iam, "all", ACTIONS)}
    for action in ("cloudfront:ListDistributions", "cloudfront:ListDistributionTenants"):
        readers[action] = reader(iam, action.replace(":", "-"), ACTIONS - {action})
    return {"url": url, "readers": readers, "served": served, "tenants": tenants, "arns": arns}


def distribution(number: int, aliases: list[str], arn: str | None) -> dict[str, Any]:
    """What a distribution is made from, with a secret header to its origin."""
    header = {"HeaderName": "X-Key", "HeaderValue": "s3cr3t-of-the-origin"}
    origin = {
        "Id": "origin",
        "DomainName": "origin.example.com",
        "CustomHeaders": {"Quantity": 1, "Items": [header]},
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
    }
    own = {"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}
    return {
        "CallerReference": f"reference {number}",
        "Comment": "s3cr3t comment",
        "Enabled": True,
        "Aliases": {"Quantity": len(aliases), **({"Items": aliases} if aliases else {})},
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "origin",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
        "ViewerCertificate": own if arn else {"CloudFrontDefaultCertificate": True},
    }


def test_ministack_gives_each_distribution_and_tenant(ministack: dict[str, Any], tmp_path: Path) -> None:
    """With its domains and its certificate, which is there too; it checks the signatures."""
    streams = (STREAM, "aws_distributions", "aws_distribution_tenants")
    result = sync(tmp_path, *streams, api_url=ministack["url"], **ministack["readers"]["all"])
    distributions = result.by_key("aws_distributions")
    assert {
        key: (record["aliases"], record["acm_certificate_arn"]) for key, record in distributions.items()
    } == ministack["served"]
    tenants = result.by_key("aws_distribution_tenants")
    assert {
        key: ([domain["domain"] for domain in record["domains"]], record["certificate_arn"])
        for key, record in tenants.items()
    } == ministack["tenants"]
    assert {*ministack["arns"]} == result.by_key(STREAM).keys()
    assert "s3cr3t" not in result.stdout + result.stderr
    # It has no server certificates.
    assert {row["operation"] for row in result.records["sync_errors"]} == {"ListServerCertificates"}


@pytest.mark.parametrize("operation", ["ListDistributions", "ListDistributionTenants"])
def test_ministack_refuses_what_a_policy_does_not_allow(
    ministack: dict[str, Any], tmp_path: Path, operation: str
) -> None:
    """By the name of the action."""
    stream = {"ListDistributions": "aws_distributions"}.get(operation, "aws_distribution_tenants")
    login = ministack["readers"][f"cloudfront:{operation}"]
    result = sync(tmp_path, stream, api_url=ministack["url"], **login)
    assert result.returncode == 1
    (row,) = result.records["sync_errors"]
    assert f"lacks the action cloudfront:{operation}." in row["message"]
