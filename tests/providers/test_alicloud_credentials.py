"""Credentials as Alibaba Cloud's own tools take them, got on loopback with its own library."""

from __future__ import annotations

import configparser
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import alibabacloud_credentials.utils.auth_util as library_environment
import pytest
from alibabacloud_credentials.models import Config
from authority import ALTERNATIVE_NAMES, names
from authority import Issuer as CertificateAuthority
from cases import assert_everything_arrived, assert_others_complete, only, pair, streams
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from issuing import EXTERNAL_ID, IDENTITY_PROVIDER, OIDC_TOKEN, ROLE, Issuer, refusal
from singer_sdk.exceptions import ConfigValidationError
from stopping import assert_stopped
from Tea.core import TeaCore
from Tea.response import TeaResponse
from watched import Watch, run, start

from sandbox import Fault
from sandbox.alicloud.signature import KEY, STS
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.providers.alicloud.credentials import KINDS, SETTINGS
from tap_cdn_certs.providers.alicloud.login import Login
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator


# Of a function that the library calls, and newer Pythons advise against.
pytestmark = pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")

DOMAINS = "DescribeUserDomains"
INFO = "DescribeDomainCertificateInfo"
PAIR = {"access_key_id": KEY.id, "access_key_secret": KEY.secret}
ROLES = {"role_arn": ROLE, "external_id": EXTERNAL_ID}
SDK_LOG = {"DEBUG": "sdk"}  # the library's own switch, with which it logs whole requests


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """An account of Alibaba Cloud, without limits."""
    with only("alicloud", 20) as sandbox:
        yield sandbox


def config(sandbox: Watch, **login: str) -> dict[str, Any]:
    """The sandbox's configuration, with another login."""
    whole = sandbox.config()
    whole["alicloud"] = {
        **{name: value for name, value in whole["alicloud"].items() if name not in PAIR},
        **login,
    }
    return whole


def roles(issuer: Issuer, **more: str) -> dict[str, str]:
    """The settings of a role that is assumed with the account's own key."""
    return {"credentials": "ram_role_arn", **PAIR, **ROLES, "sts_endpoint": issuer.url, **more}


def oidc(issuer: Issuer, tmp_path: Path) -> dict[str, str]:
    """The settings of a role that is assumed with a token in a file."""
    (tmp_path / "token").write_text(OIDC_TOKEN)
    return {
        "credentials": "oidc_role_arn",
        "role_arn": ROLE,
        "oidc_provider_arn": IDENTITY_PROVIDER,
        "oidc_token_file_path": str(tmp_path / "token"),
        "sts_endpoint": issuer.url,
    }


def home(
    tmp_path: Path, *profiles: dict[str, Any], ini: dict[str, dict[str, str]] | None = None
) -> dict[str, str]:
    """The environment of a home with the files that the provider's tools have there."""
    (tmp_path / ".aliyun").mkdir(exist_ok=True)
    content = {"current": "main", "profiles": profiles}
    (tmp_path / ".aliyun" / "config.json").write_text(json.dumps(content))
    (tmp_path / ".alibabacloud").mkdir(exist_ok=True)
    parser = configparser.ConfigParser()
    parser.read_dict(ini or {})
    with (tmp_path / ".alibabacloud" / "credentials.ini").open("w") as file:
        parser.write(file)
    return {"HOME": str(tmp_path), **SDK_LOG}


def test_a_role_is_assumed(sandbox: Watch, tmp_path: Path) -> None:
    """With a permanent key and with a temporary one; one question each, by the name of the tap."""
    temporary = {"access_key_id": STS.id, "access_key_secret": STS.secret, "security_token": str(STS.token)}
    with Issuer(sandbox) as issuer:
        for more in ({}, {**temporary, "role_session_name": "nightly"}):
            given = config(sandbox, **roles(issuer, **more))
            assert_everything_arrived(sandbox, run(sandbox, tmp_path, config=given, env=SDK_LOG))
    assert [asked["RoleSessionName"] for asked in issuer.asked] == ["tap-cdn-certs", "nightly"]


def test_a_token_in_a_file_and_an_address_give_credentials(sandbox: Watch, tmp_path: Path) -> None:
    """AssumeRoleWithOIDC, which nobody signs, and a credentials URI."""
    with Issuer(sandbox) as issuer:
        address = {"credentials": "credentials_uri", "credentials_uri": f"{issuer.url}/credentials?a=s3cr3t"}
        for login in (oidc(issuer, tmp_path), address):
            given = config(sandbox, **login)
            assert_everything_arrived(sandbox, run(sandbox, tmp_path, config=given, env=SDK_LOG))
    assert len(issuer.asked) == 2


def test_credentials_come_over_tls(sandbox: Watch, tmp_path: Path) -> None:
    """From a host, as the provider's tools name it; whoever else answers there is not believed."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuing = CertificateAuthority("Authority")
    begin, end = "2020-01-01T00:00:00", "2120-01-01T00:00:00"
    pem = issuing.issue("x", {ALTERNATIVE_NAMES: names("localhost")}, begin=begin, end=end, key=key)
    files = {name: tmp_path / f"{name}.pem" for name in ("server", "key", "authority")}
    files["server"].write_text(pem)
    files["authority"].write_text(
        CertificateAuthority("Authority", key=issuing.key, begin=begin, end=end).pem
    )
    files["key"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with Issuer(sandbox, tls=(files["server"], files["key"])) as issuer:
        for endpoint in (f"localhost:{issuer.port}", f"https://localhost:{issuer.port}"):
            given = config(sandbox, **roles(issuer, sts_endpoint=endpoint))
            env = {"SSL_CERT_FILE": str(files["authority"])}
            assert_everything_arrived(sandbox, run(sandbox, tmp_path, config=given, env=env))
        assert issuer.hosts == [f"localhost:{issuer.port}"] * 2
        result = run(sandbox, tmp_path, config=given)
    assert result.returncode == 1
    (message,) = {row["message"] for row in result.records["sync_errors"]}
    assert "SSL_CERT_FILE" in message
    assert len(issuer.asked) == 2


PROFILES = {
    "main": {"mode": "AK", **PAIR},
    "temporary": {
        "mode": "StsToken",
        "access_key_id": STS.id,
        "access_key_secret": STS.secret,
        "sts_token": STS.token,
    },
    "ini": {"type": "access_key", **PAIR},
}


def test_profiles_of_the_providers_tools_are_read(sandbox: Watch, tmp_path: Path) -> None:
    """The current one and a named one of the command line, one of the SDKs' file, and the chain."""
    profiles = [{"name": name, **PROFILES[name]} for name in ("main", "temporary")]
    env = home(tmp_path, *profiles, ini={"ini": PROFILES["ini"]})
    for login in ({}, {"profile": "temporary"}, {"profile": "ini"}):
        given = config(sandbox, credentials="profile", **login)
        assert_everything_arrived(sandbox, run(sandbox, tmp_path, config=given, env=env))
    given = config(sandbox, credentials="default_chain")
    assert_everything_arrived(sandbox, run(sandbox, tmp_path, config=given, env=env))
    variables = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": STS.id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": STS.secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": str(STS.token),
        "HOME": str(tmp_path / "nobody"),
    }
    assert_everything_arrived(sandbox, run(sandbox, tmp_path, config=given, env=variables))


def test_keys_that_live_seconds_serve_a_long_sync(tmp_path: Path) -> None:
    """400 domains: another key is asked for in time, once for all threads, and nothing is lost."""
    slow: dict[str, Any] = {"latency": 0.5, "products": ("cdn",)}
    with only("alicloud", 400, **slow) as sandbox, Issuer(sandbox, 4) as issuer:
        result = run(sandbox, tmp_path, config=config(sandbox, **roles(issuer)))
        assert_everything_arrived(sandbox, result)
    # At half its time, which is said in whole seconds. On a busy machine one may come too late.
    assert 2 < len(issuer.asked) < result.seconds / 1.5 + 2
    assert sum(bool(request.code) for request in sandbox.requests) <= 32


def test_a_key_that_ends_unforeseen_is_replaced(tmp_path: Path) -> None:
    """The provider says when it is over: one question for all threads, and nothing is lost."""
    # No limit is so low that a key could end twice while a request waits.
    products = ("cdn", "dcdn")
    with (
        only("alicloud", 300, latency=0.4, products=products) as sandbox,
        Issuer(sandbox, 2, 3600) as issuer,
    ):
        result = run(sandbox, tmp_path, config=config(sandbox, **roles(issuer)))
        assert_everything_arrived(sandbox, result)
    assert 2 <= len(issuer.asked) < result.seconds / 2 + 2
    refused = [request for request in sandbox.requests if request.code]
    assert {request.code for request in refused} == {"InvalidSecurityToken.Expired"}
    assert sandbox.count(INFO) <= 300 + 32 * len(issuer.asked)


def test_a_command_of_a_profile_is_run_again_when_its_key_ends(tmp_path: Path) -> None:
    """Nobody tells when that is: the API does."""
    with only("alicloud", 200, latency=0.4) as sandbox, Issuer(sandbox, 2) as issuer:
        program = tmp_path / "external"
        program.write_text(
            # Not that of the environment, whose path may have a space.
            f"#!{Path(sys.executable).resolve()} -IS\nimport json\nfrom urllib.request import urlopen\n"
            f"key = json.load(urlopen('{issuer.url}/credentials'))\n"
            "print(json.dumps({'mode': 'StsToken', 'access_key_id': key['AccessKeyId'],\n"
            "    'access_key_secret': key['AccessKeySecret'], 'sts_token': key['SecurityToken'],\n"
            "    'expiration': key['Expiration']}))\n"
        )
        program.chmod(0o700)
        env = home(tmp_path, {"name": "main", "mode": "External", "process_command": str(program)})
        result = run(sandbox, tmp_path, config=config(sandbox, credentials="profile"), env=env)
        assert_everything_arrived(sandbox, result)
    assert len(issuer.asked) > 1


def test_a_key_that_is_refused_as_soon_as_it_is_there_is_not_asked_for_for_ever(
    sandbox: Watch, tmp_path: Path
) -> None:
    """One other key is tried; then it is an error of the account."""
    ended = {"status": 400, "code": "InvalidSecurityToken.Expired", "message": "Ended."}
    sandbox.faults.add(Fault("error", **ended))
    with Issuer(sandbox) as issuer:
        result = run(sandbox, tmp_path, config=config(sandbox, **roles(issuer)))
    assert result.returncode == 1
    assert len(issuer.asked) == sandbox.count() == 2
    (message,) = {row["message"] for row in result.records["sync_errors"]}
    asked = sandbox.requests[0].operation
    assert message.startswith(f"alicloud refused {asked} with InvalidSecurityToken.Expired")
    assert "Check the settings alicloud.credentials, alicloud.access_key_id, " in message


def test_a_temporary_key_of_a_profile_that_has_ended_is_named(sandbox: Watch, tmp_path: Path) -> None:
    """There is no other one."""
    account: Any = sandbox["alicloud"]
    key = account.issue(-1)
    profile = {"name": "x", **PROFILES["temporary"], "access_key_id": key.id}
    profile |= {"access_key_secret": key.secret, "sts_token": key.token}
    given = config(sandbox, credentials="profile", profile="x")
    result = run(sandbox, tmp_path, config=given, env=home(tmp_path, profile))
    assert (result.returncode, sandbox.count()) == (1, 1)
    assert "Check the settings alicloud.credentials and alicloud.profile." in result.stderr


def test_credentials_that_are_refused_stop_that_provider_alone(tmp_path: Path) -> None:
    """One message, which names the settings; the other provider goes on; exit 1."""
    with pair("alicloud", 3) as sandbox, Issuer(sandbox) as issuer:
        given = config(sandbox, **roles(issuer, external_id="another"))
        result = run(sandbox, tmp_path, config=given, env=SDK_LOG)
        assert not sandbox["alicloud"].requests
        issuer.answer = (400, refusal("SignatureDoesNotMatch", json.dumps([{**PAIR, "more": "s3cr3t"}])))
        tested = run(sandbox, tmp_path, "--test", config=given, env=SDK_LOG)
    assert result.returncode == 1
    refused = [stream.name for stream in streams("alicloud")]
    assert_others_complete("alicloud", result, *refused)
    (row, *others) = result.records["sync_errors"]
    assert {(each["code"], each["message"]) for each in others} == {(row["code"], row["message"])}
    assert (row["code"], row["request_id"]) == ("NoPermission", "R-4711")
    assert row["message"] == (
        "alicloud.credentials is ram_role_arn, which gives no credentials: it is refused with NoPermission, "
        "the role does not trust who asks, or who asks lacks the permission sts:AssumeRole. Check the "
        "settings alicloud.credentials, alicloud.access_key_id, alicloud.access_key_secret, "
        "alicloud.role_arn, alicloud.external_id and alicloud.sts_endpoint."
    )
    assert len(result.logged("ERROR")) == len(refused)
    assert "SignatureDoesNotMatch" in tested.stderr


def test_an_echo_of_a_key_that_was_got_is_not_passed_on(sandbox: Watch, tmp_path: Path) -> None:
    """The API repeats the temporary key; `run` looks for it."""
    with Issuer(sandbox) as issuer:
        account: Any = sandbox["alicloud"]
        account.secrets = ()
        sandbox.faults.add(Fault("echo", DOMAINS), Fault("echo", INFO))
        result = run(sandbox, tmp_path, config=config(sandbox, **roles(issuer)))
    assert len(account.secrets) == 2
    assert "Echo" in {row["code"] for row in result.records["sync_errors"]}


def closed_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


UNREADABLE = "cannot be read|error retrieving credentials from"
ANSWERS = [
    (404, refusal("EntityNotExist.Role"), "is refused with EntityNotExist.Role, there is no such role"),
    (400, refusal("AuthenticationFail.OIDCToken.Expired"), "Expired, the OIDC token has ended"),
    (403, refusal("Odd", OIDC_TOKEN + KEY.secret), "is refused with Odd\\."),
    (403, "<html>s3cr3t</html>", "HTTP 403 was answered"),
    *((200, body, UNREADABLE) for body in ("<html>s3cr3t</html>", "", "[]", "12", '{"Code": "Success"}')),
]


@pytest.mark.parametrize("kind", ["ram_role_arn", "oidc_role_arn", "credentials_uri"])
def test_what_is_answered_instead_of_a_key_is_an_error_in_words(
    sandbox: Watch,
    tmp_path: Path,
    kind: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It says what happened and what to check, and nothing of what was answered."""
    with Issuer(sandbox) as issuer:
        login = {
            "ram_role_arn": roles(issuer),
            "oidc_role_arn": oidc(issuer, tmp_path),
            "credentials_uri": {"credentials": kind, "credentials_uri": f"{issuer.url}/credentials"},
        }[kind]
        for status, body, words in ANSWERS:
            issuer.answer = (status, body)
            assert re.search(words, refused(login).message), refused(login).message
        key = issuer.key()
        for name, value in (("SecurityToken", "s3cr3t\nb"), ("AccessKeyId", 12), ("AccessKeySecret", None)):
            answer = {"Code": "Success", "Credentials": {**key, name: value}, **key, name: value}
            issuer.answer = (200, json.dumps(answer))
            assert "no access key is among what was answered" in refused(login).message
    assert "s3cr3t" not in caplog.text + "".join(capfd.readouterr())


def refused(login: dict[str, str]) -> APIError:
    """The error of a login that gives no key."""
    with pytest.raises(APIError) as caught:
        Login(login, [])()
    assert caught.value.reach is Reach.PROVIDER
    shown = "".join(traceback.format_exception(caught.value))
    assert "s3cr3t" not in shown + repr(vars(caught.value))
    assert f"alicloud.credentials is {login['credentials']}, which" in caught.value.message
    assert "Check the settings alicloud.credentials" in caught.value.message
    return caught.value


def test_what_is_missing_on_this_machine_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile, a token's file, an instance's role, and everything that the chain looks at."""
    env = home(tmp_path, {"name": "odd", "mode": "Odd"}, {"name": "empty", "mode": "AK"})
    monkeypatch.setenv("HOME", env["HOME"])
    monkeypatch.setattr("alibabacloud_credentials.utils.auth_constant.HOME", env["HOME"])
    profile = {"credentials": "profile", "profile": "missing"}
    message = refused(profile).message
    assert "failed to get credential from credentials file" in message
    assert message.endswith("Profiles are in ~/.aliyun/config.json and ~/.alibabacloud/credentials.ini.")
    assert "unsupported profile mode 'Odd'" in refused({**profile, "profile": "odd"}).message
    assert "the access key id is empty" in refused({**profile, "profile": "empty"}).message
    (tmp_path / ".aliyun" / "config.json").write_text("{")
    assert "failed to get credential" in refused(profile).message
    role = {"role_arn": ROLE, "oidc_provider_arn": "x", "oidc_token_file_path": str(tmp_path / "missing")}
    assert "No such file" in refused({"credentials": "oidc_role_arn", **role}).message
    assert "IMDS credentials is disabled" in refused({"credentials": "ecs_ram_role"}).message
    assert "unable to load credentials from any" in refused({"credentials": "default_chain"}).message


def test_who_does_not_answer_is_asked_three_times(sandbox: Watch) -> None:
    """Nor who has too much to do; who answers in the end gives a key."""
    with Issuer(sandbox) as issuer:
        for status, code in ((503, "ServiceUnavailable"), (400, "Throttling.User")):
            issuer.answer, issuer.times = (status, refusal(code)), 1
            assert Login(roles(issuer), [])().token
        assert len(issuer.asked) == 4
    login = roles(issuer, sts_endpoint=f"http://127.0.0.1:{closed_port()}")
    assert "connections are refused" in refused(login).message


def test_all_threads_have_one_key(sandbox: Watch) -> None:
    """However many ask at once; what is still good is used while there is no other."""
    secrets: list[str] = []
    with Issuer(sandbox, 4) as issuer:
        login = Login(roles(issuer), secrets)
        threads = [Thread(target=login) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        first = login()
        assert len(issuer.asked) == 1
        assert {*secrets} == {*first}
        assert [login.renew(first.token) for _ in range(3)] == [True] * 3
        second = login()
        assert (len(issuer.asked), {*secrets}) == (2, {*first, *second})
        issuer.answer = (403, refusal("NoPermission"))
        until = time.time() + 6
        while time.time() < until:
            asked = len(issuer.asked)
            try:
                assert login() == second
            except APIError as error:
                assert error.code == "NoPermission"  # noqa: PT017 - there are keys before
                break
            time.sleep(0.05)
        assert 2 < len(issuer.asked) < 20
        with pytest.raises(APIError):
            login()
        assert len(issuer.asked) <= asked + 1


def test_the_metadata_of_the_instance_are_asked_where_they_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """At their address alone, by no thread of its own; nothing is sent here."""
    asked = []

    def answer(request: Any, _: Any) -> TeaResponse:
        asked.append((request.method, request.headers["host"], request.pathname))
        response = TeaResponse()
        response.status_code = 200
        key = {"AccessKeyId": "STS.x", "AccessKeySecret": "s3cr3t", "SecurityToken": "s3cr3t-t"}
        key |= {"Code": "Success", "Expiration": "2120-01-01T00:00:00Z"}
        response.body = (
            json.dumps(key).encode() if request.pathname.endswith("/certificates") else b"certificates"
        )
        return response

    monkeypatch.setattr(library_environment, "environment_ecs_metadata_disabled", "false")
    monkeypatch.setattr(TeaCore, "do_action", staticmethod(answer))
    for login, times in (({}, 4), ({"role_name": "certificates"}, 2)):
        asked.clear()
        assert Login({"credentials": "ecs_ram_role", **login}, [])() == ("STS.x", "s3cr3t", "s3cr3t-t")
        assert {host for _, host, _ in asked} == {"100.100.100.200"}
        assert len(asked) == times


def test_a_question_that_hangs_does_not_keep_the_tap(sandbox: Watch, tmp_path: Path) -> None:
    """SIGTERM ends it within the promised time."""
    with Issuer(sandbox) as issuer:
        issuer.delay = 30
        tap = start(sandbox, tmp_path, config=config(sandbox, **roles(issuer)))
        until = time.monotonic() + 20
        while not issuer.asked:
            assert time.monotonic() < until
            time.sleep(0.01)
        tap.stop(signal.SIGTERM)
        assert_stopped(tap.end(), signal.SIGTERM)


WATCHING = """
import json, socket, sys
asked, connect = set(), socket.socket.connect
def watching(self, address):
    asked.add(str(address))
    return connect(self, address)
socket.socket.connect = socket.socket.connect_ex = watching
sys.argv = ["tap-cdn-certs", *sys.argv[1:]]
from tap_cdn_certs.__main__ import main
try:
    main()
finally:
    library = [name for name in ("alibabacloud_credentials", "Tea", "apscheduler") if name in sys.modules]
    sys.stderr.write(json.dumps([sorted(asked), library]))
"""


def test_an_access_key_needs_nothing_else(sandbox: Watch, tmp_path: Path) -> None:
    """The library is not imported, and no address but the API's is asked, whatever the environment says."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(sandbox.config()))
    variables = {"ALIBABA_CLOUD_PROFILE": "x", "ALIBABA_CLOUD_CREDENTIALS_URI": "http://127.0.0.1:9/"}
    done = subprocess.run(
        [sys.executable, "-c", WATCHING, "--config", str(path)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    address = ("127.0.0.1", sandbox["alicloud"].port)
    assert json.loads(done.stderr.splitlines()[-1]) == [[str(address)], []]


MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["alicloud.access_key_id is missing.", "alicloud.access_key_secret is missing."]),
    (
        {"credentials": "key"},
        ["alicloud.credentials has to be access_key, profile, ram_role_arn, ecs_ram_role, "],
    ),
    (
        {"credentials": ["profile"]},
        ["alicloud.credentials has to be a text.", "alicloud.credentials has to be access_key, "],
    ),
    (
        {**PAIR, "profile": "x"},
        ["alicloud.profile is not read while alicloud.credentials is access_key. Leave it out, or set "],
    ),
    (
        {"credentials": "profile", **PAIR},
        ["alicloud.access_key_id is not read while", "alicloud.access_key_secret is not read while"],
    ),
    (
        {"credentials": "ram_role_arn", "access_key_id": KEY.id, "role_name": "x"},
        [
            "alicloud.access_key_secret is missing. alicloud.credentials is ram_role_arn, which needs it.",
            "alicloud.role_arn is missing.",
            "alicloud.role_name is not read while alicloud.credentials is ram_role_arn. Leave it out, ",
        ],
    ),
    (
        {"credentials": "oidc_role_arn", "external_id": "x"},
        [
            *(f"alicloud.{name} is missing." for name in KINDS["oidc_role_arn"].needs),
            "alicloud.external_id is not read",
        ],
    ),
    ({"credentials": "credentials_uri"}, ["alicloud.credentials_uri is missing."]),
    (
        {"credentials": "credentials_uri", "credentials_uri": "http://example.com/s3cr3t"},
        ["alicloud.credentials_uri has to be an address that begins with https://"],
    ),
    (
        {"credentials": "ram_role_arn", **PAIR, "role_arn": ROLE, "sts_endpoint": "http://sts.example.com"},
        ["alicloud.sts_endpoint has to be a host such as sts.cn-hangzhou.aliyuncs.com."],
    ),
]


@pytest.mark.parametrize(("given", "messages"), MISTAKES)
def test_a_mistake_is_named_by_its_setting(given: dict[str, Any], messages: list[str]) -> None:
    """What a way to get credentials needs, and what it does not read; one message each, without a secret."""
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"alicloud": given})
    for message in messages:
        assert len([error for error in caught.value.errors if error.startswith(message)]) == 1
    assert len(caught.value.errors) == len(messages)
    assert "s3cr3t" not in str(caught.value.errors)


def test_a_missing_extra_is_said_before_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it; an access key does without."""
    monkeypatch.setitem(sys.modules, "alibabacloud_credentials", None)
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"alicloud": {"credentials": "default_chain"}})
    (mistake,) = caught.value.errors
    assert "pip install 'tap-cdn-certs[alicloud]'" in mistake
    assert TapCDNCerts(config={"alicloud": PAIR}).configured == ["alicloud"]


def test_the_settings_have_the_names_of_the_providers_tools() -> None:
    """Of the library's configuration; a way is one of its types, or one of those that it finds by itself."""
    named = {setting.name for setting in SETTINGS} - {"credentials", "profile"}
    assert named <= vars(Config()).keys()
    assert set().union(*(kind.settings for kind in KINDS.values())) == named | {"profile"}
    for kind in KINDS.keys() - {"profile", "default_chain"}:
        assert f"`{kind}`" in str(Config.__init__.__doc__)
