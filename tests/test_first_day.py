"""What somebody new does wrong, and reads: each mistake ends in a line that says what to do."""

from __future__ import annotations

import json
import logging
import re
import socket
import subprocess
from typing import TYPE_CHECKING, Any

import click
import pytest
from cases import read_streams
from process import TAP, environment, run_tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib import Catalog
from watched import Watch, run

from tap_cdn_certs.settings import EXPECTED, read_object
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DETAIL = "QueryCertificate"
SETTINGS = '{"username": "sandbox", "api_key": "s3cr3t", "api_url": "https://127.0.0.1:9"}'


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """A small account of each provider."""
    with Watch(alicloud={"size": 6}, cdnetworks={"size": 3}) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ('{"a": "s3cr3t"', "line 1, column 15", "Expecting ',' delimiter"),
        ('{\n  "a": "s3cr3t"\n  "b": 1\n}', "line 3, column 3", "Expecting ',' delimiter"),
        ('{"a" "s3cr3t"}', "line 1, column 6", "Expecting ':' delimiter"),
        ("{'a': 's3cr3t'}", "line 1, column 2", "Expecting property name"),
        ('{"a": s3cr3t}', "line 1, column 7", "Expecting value"),
        ('{"a": 1}\n"s3cr3t"', "line 2, column 1", "Extra data"),
        ('{"a": "\\s3cr3t"}', "line 1, column 8", "Invalid \\"),
        ('{"a": "s3cr3t\n"}', "line 1, column 14", "Invalid control character"),
        ('{"a": "s3cr3t}', "line 1, column 7", "Unterminated string"),
    ],
)
def test_a_mistake_in_json_is_given_with_its_place(text: str, place: str, expected: str) -> None:
    """Line, column and what is expected there; nothing of what is there."""
    with pytest.raises(click.ClickException) as caught:
        read_object(text, "config.json")
    assert caught.value.message == f"config.json, {place}: not JSON. Expected is {EXPECTED[expected]}."


@pytest.mark.parametrize("text", ["", " \n", "[1]", '"s3cr3t"', '{"a":' * 100_000, f'{{"a": {"9" * 5000}}}'])
def test_what_is_no_object_is_said(text: str) -> None:
    """In a line without its content."""
    with pytest.raises(click.ClickException) as caught:
        read_object(text, "config.json")
    assert re.fullmatch(r"config\.json is [^\n]+\.|config\.json is JSON, but [^\n]+\.", caught.value.message)
    assert "s3cr3t" not in caught.value.message


def test_a_mark_at_the_beginning_is_no_mistake() -> None:
    """Some editors write one."""
    assert read_object('\ufeff{"a": 1}', "config.json") == {"a": 1}


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (("--config", "broken.json"), {}, "broken.json, line 1, column 37: not JSON"),
        (("--config", "latin.json"), {}, "latin.json is not a text in UTF-8."),
        (("--config", "missing.json"), {}, "missing.json cannot be read: No such file or directory."),
        (("--state", "broken.json"), {}, "column 37: not JSON.*Delete it, or leave --state out"),
        (("--catalog", "broken.json"), {}, "broken.json, line 1, column 37: not JSON"),
        ((), {"TAP_CDN_CERTS_ALICLOUD": '{"access_key_id": "s3cr3t",}'}, "_ALICLOUD, line 1, column 28: "),
        ((), {"TAP_CDN_CERTS_FLATTENING_MAX_DEPTH": "s3cr3t"}, "MAX_DEPTH has to be a whole number."),
    ],
)
def test_a_file_or_variable_that_is_not_json_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    variables: dict[str, str],
    message: str,
) -> None:
    """By the option's file or the variable; with exit 1, and nothing of its content."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text('{"cdnetworks": {"api_key": "s3cr3t" "a": 1}}')
    (tmp_path / "latin.json").write_bytes(b'{"cdnetworks": "\xe4s3cr3t"}')
    for name, value in {"TAP_CDN_CERTS_CDNETWORKS": SETTINGS, **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        TapCDNCerts.get_singer_command()(["--config", "ENV", *arguments])
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert re.search(rf"^Error: .*{message}", error, flags=re.MULTILINE), error
    assert "s3cr3t" not in error


def test_variables_as_meltano_names_them_are_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """`--config=ENV` says what it takes instead: as a mistake, or beside another provider as a warning."""
    monkeypatch.setenv("TAP_CDN_CERTS_ALICLOUD_ACCESS_KEY_ID", "s3cr3t")
    hint = (
        "TAP_CDN_CERTS_ALICLOUD_ACCESS_KEY_ID is set, but --config=ENV takes TAP_CDN_CERTS_ALICLOUD: "
        'all settings of alicloud as one object in JSON, {"access_key_id": …}.'
    )
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(parse_env_config=True)
    assert len(caught.value.errors) == 2
    assert caught.value.errors[1] == hint
    monkeypatch.setenv("TAP_CDN_CERTS_CDNETWORKS", SETTINGS)
    assert TapCDNCerts(parse_env_config=True).configured == ["cdnetworks"]
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [hint]
    caplog.clear()
    # Meltano sets them too, and gives a file.
    TapCDNCerts(config={"cdnetworks": json.loads(SETTINGS)})
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_about_shows_each_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """As text too, by its path; the other forms are the SDK's."""
    TapCDNCerts.print_about()
    text = capsys.readouterr().out
    TapCDNCerts.print_about("markdown")
    table = re.findall(r"^\| ([a-z_.]+) \|", capsys.readouterr().out, flags=re.MULTILINE)
    assert re.findall(r"^  - Name: (\S+)$", text, flags=re.MULTILINE) == table
    assert "cdnetworks.max_details" in table
    assert "    Environment Variable: TAP_CDN_CERTS_STRICT\n" in text


def selection(sandbox: Watch, *streams: str, config: dict[str, Any] | None = None) -> TapCDNCerts:
    """The tap with a catalog that has some streams, and selects them."""
    entries = [
        {"tap_stream_id": name, "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}]}
        for name in streams
    ]
    return TapCDNCerts(config=config or sandbox.config(), catalog=Catalog.from_dict({"streams": entries}))


SYNCS = "syncs is not selected: the models cannot tell which rows are current."
SYNC_ERRORS = "sync_errors is not selected: the models cannot tell what could not be read, and why."
UNKNOWN = "The catalog names streams that do not exist: certificate_infos, domains."
NOT_CONFIGURED = "The catalog names streams of a provider that is not configured: ssl_certificate."


@pytest.mark.parametrize(
    ("streams", "warnings"),
    [
        (("certificate_info", "syncs", "sync_errors"), []),
        (("certificate_info", "sync_errors"), [SYNCS]),
        (("certificate_info",), [SYNC_ERRORS, SYNCS]),
        (("certificate_info", "domains", "certificate_infos", "sync_errors", "syncs"), [UNKNOWN]),
    ],
)
def test_a_selection_that_leaves_out_too_much_is_said(
    sandbox: Watch, caplog: pytest.LogCaptureFixture, streams: tuple[str, ...], warnings: list[str]
) -> None:
    """Streams that do not exist are named, and what follows from those that are missing, once."""
    selection(sandbox, *streams).check_selection()
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == warnings


def test_a_selection_of_all_is_not_warned_of(sandbox: Watch, caplog: pytest.LogCaptureFixture) -> None:
    """Of all streams of the products that the configuration names."""
    every = [stream.name for _, stream in read_streams(sandbox)]
    selection(sandbox, *every, "syncs", "sync_errors").check_selection()
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_streams_of_a_provider_that_is_not_configured_are_said(
    sandbox: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    """They exist, but not in this configuration."""
    config = {"alicloud": sandbox.config()["alicloud"]}
    selection(
        sandbox, "ssl_certificate", "certificate_info", "sync_errors", "syncs", config=config
    ).check_selection()
    assert NOT_CONFIGURED in [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("streams", [(), ("syncs", "sync_errors"), ("domains",)])
def test_nothing_to_read_is_a_failure(sandbox: Watch, streams: tuple[str, ...]) -> None:
    """An empty catalog, one of streams that do not exist, or of the report on nothing."""
    with pytest.raises(click.ClickException, match="No stream is selected") as caught:
        selection(sandbox, *streams).check_selection()
    assert "certificate_info" in caught.value.message


def test_nothing_to_read_ends_with_1(sandbox: Watch, tmp_path: Path) -> None:
    """Before any request and any message."""
    (tmp_path / "catalog.json").write_text('{"streams": [{"tap_stream_id": "domains"}]}')
    result = run_tap(tmp_path, sandbox.config(), "--catalog", str(tmp_path / "catalog.json"))
    assert (result.returncode, result.stdout, sandbox.requests) == (1, "", [])
    assert UNKNOWN.replace("certificate_infos, ", "") in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: No stream is selected")


def test_a_damaged_entry_of_the_state_costs_itself(sandbox: Watch, tmp_path: Path) -> None:
    """It is asked for again and named; those beside it are not."""
    state: Any = run(sandbox, tmp_path).state
    certificates = state["bookmarks"]["ssl_certificate"]["certificates"]
    first = next(iter(certificates))
    entry = certificates[first]
    sandbox.reset()
    damages: list[Any] = [None, 1, "s3cr3t", [], {}]
    damages += [
        {**entry, "digest": 1},
        {**entry, "certificate_update_time": 1},
        {**entry, "certificate_update_time": "s3cr3t"},
        {**entry, "dns_names": "s3cr3t"},
        {**entry, "account": "other"},
    ]
    for damaged in damages:
        asked, warnings = read_with(sandbox, state_of(state, certificates={**certificates, first: damaged}))
        assert asked == [first], damaged
        assert warnings == [f"ssl_certificate: the state of {first} is damaged: asked for again, as if new."]
    for damaged in ([1], "s3cr3t", 1, None):
        asked, warnings = read_with(sandbox, state_of(state, certificates=damaged))
        assert sorted(asked) == sorted(certificates)
        assert warnings == [
            "ssl_certificate: the state of all certificates is damaged: asked for again, as if new."
        ]
    for damaged in (1, "s3cr3t", {"a": 1}, ["s3cr3t"], [1.5], [10**400]):
        asked, warnings = read_with(sandbox, state_of(state, calls=damaged))
        assert asked == []
        assert warnings == [
            "ssl_certificate: calls in the state is damaged: the provider may refuse the first requests."
        ]


def state_of(state: Any, **changes: Any) -> Any:
    """A copy of a state with something else for `ssl_certificate`."""
    changed = json.loads(json.dumps(state))
    changed["bookmarks"]["ssl_certificate"].update(changes)
    return changed


def read_with(sandbox: Watch, state: Any) -> tuple[list[str], list[str]]:
    """The certificates that are asked for with a state, and what is warned of."""
    sandbox.reset()
    tap = TapCDNCerts(config=sandbox.config(), state=state)
    warned: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: warned.append(record.getMessage())  # type: ignore[method-assign]
    tap.logger.addHandler(handler)
    try:
        rows = [*tap.streams["ssl_certificate"].get_records(None)]
    finally:
        tap.logger.removeHandler(handler)
    assert len(rows) == 3
    assert tap.run.report.success
    return [request.key for request in sandbox.requests if request.operation == DETAIL], warned


def test_the_log_says_what_a_person_reads(sandbox: Watch, tmp_path: Path) -> None:
    """How each stream went, and nothing of the SDK's; all of it at DEBUG, or by a log configuration."""
    quiet = run_tap(tmp_path, sandbox.config())
    lines = [line.split(" | ")[-1] for line in quiet.stderr.splitlines()]
    assert len(lines) == 6
    assert all(re.match(r"\w+: \d", line) for line in lines)

    configuration = tmp_path / "log.json"
    configuration.write_text(
        json.dumps(
            {
                "version": 1,
                "disable_existing_loggers": False,
                "formatters": {"all": {"()": "singer_sdk.logging.StructuredFormatter"}},
                "handlers": {"all": {"class": "logging.StreamHandler", "formatter": "all"}},
                "root": {"level": "INFO", "handlers": ["all"]},
            }
        )
    )
    for variables in ({"TAP_CDN_CERTS_LOGLEVEL": "DEBUG"}, {"SINGER_SDK_LOG_CONFIG": str(configuration)}):
        whole = run_tap(tmp_path, sandbox.config(), env=variables).stderr
        for words in ("METRIC", "Beginning sync of", "Meltano SDK v", "alicloud_domains: 6 listed"):
            assert words in whole


def test_the_test_says_of_each_provider_what_keeps_it(
    sandbox: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Soon, also where nothing answers; the keys are not blamed for it, and the others are tried."""
    monkeypatch.setattr("tap_cdn_certs.tap.TEST_PATIENCE", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    config = sandbox.config()
    config["alicloud"]["api_url"] = f"http://127.0.0.1:{port}"
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(SystemExit) as ended:
        TapCDNCerts.get_singer_command()(["--config", str(tmp_path / "config.json"), "--test"])
    assert ended.value.code == 1
    verdicts = re.findall(r"^(?:alicloud|cdnetworks): .*", capsys.readouterr().err, flags=re.MULTILINE)
    assert re.fullmatch(
        "alicloud: NOT ready: alicloud_domains, alicloud_https_domains, certificate_info could not be read: "
        rf"[^:]*127\.0\.0\.1:{port}.*",
        verdicts[0],
    )
    assert "credentials" not in verdicts[0]
    assert verdicts[1:] == ["cdnetworks: the credentials and permissions suffice."]


def test_a_test_of_the_configuration_by_meltano_gets_no_record_if_nothing_was_read(
    sandbox: Watch, tmp_path: Path
) -> None:
    """It reads messages and log through one pipe, and takes any record for a success."""
    config = sandbox.config()
    config["alicloud"]["access_key_secret"] = config["cdnetworks"]["api_key"] = "s3cr3t-wrong"
    (tmp_path / "config.json").write_text(json.dumps(config))

    def output(**variables: str) -> str:
        done = subprocess.run(
            [TAP, "--config", str(tmp_path / "config.json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=environment(**variables),
        )
        assert done.returncode == 1
        assert "s3cr3t" not in done.stdout
        return done.stdout

    as_meltano = output(MELTANO_PROJECT_ROOT=str(tmp_path))
    assert '"type":"RECORD"' not in as_meltano
    assert re.match(
        "Nothing could be read. alicloud: alicloud_domains.*: alicloud refused .* cdnetworks: cdn",
        as_meltano.splitlines()[-1],
    )
    assert output().count('"type":"RECORD"') == 10
    # In a pipeline, the log is not among the messages.
    rows = run_tap(tmp_path, config, env={"MELTANO_PROJECT_ROOT": str(tmp_path)}).records
    assert {name: len(rows[name]) for name in rows} == {"sync_errors": 5, "syncs": 5}
