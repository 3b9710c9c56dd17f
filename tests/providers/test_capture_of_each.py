"""The shapes of each provider's answers say nothing of an account."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cases import EACH, only, operations, streams
from watched import forms, run

from tap_cdn_certs.api.capture import DEPTH, MOST, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def texts(value: Any) -> Iterator[str]:
    """The texts within a record."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


@EACH
def test_what_is_captured_names_no_value(tmp_path: Path, provider: str) -> None:
    """Each operation that the streams ask for has a file, and no record's name, number or time is in one."""
    folder = tmp_path / "shapes"
    with only(provider, 12) as sandbox:
        whole = run(sandbox, tmp_path)
        sandbox.reset()
        captured = run(sandbox, tmp_path, "--capture", str(folder))
        assert captured.returncode == 0, captured.stderr
        assert not captured.stdout
        asked = {request.operation for request in sandbox.requests}
    found = {path.stem.removeprefix(f"{provider}."): path.read_text() for path in folder.iterdir()}
    needed = set().union(*(operations(stream) for stream in streams(provider)))
    assert found.keys() == asked & needed
    values = {text for rows in whole.records.values() for row in rows for text in texts(row)}
    telling = {value for value in values if len(value) > 4 and any(not each.isalpha() for each in value)}
    assert len(telling) > 50
    for text in found.values():
        assert all(shape["answers"] for shape in json.loads(text)["by_status"].values())
        but_enumerations = re.sub(r'"= [a-zA-Z_-]+"', "", text)
        assert not [value for value in telling if value in but_enumerations]
        assert not [secret for secret in sandbox.sent for form in forms(secret) if form in text]


def test_a_shape_tells_forms_and_words_alone() -> None:
    """Times by their form, certificates by their number, words of fields that are enumerations."""
    shape = Shape()
    shape.add({"Status": "issued", "end": "2024-11-06 08:00:0", "shop.example.com": {"type": "a.example"}})
    shape.add(
        {"Status": 3, "end": "Nov 27 09:30:00 2026 GMT", "serial": "123456789012345", "names": ["s", None]}
    )
    shape.add(
        {"Status": "issued", "pem": "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n" * 2}
    )
    assert shape.described() == {
        "*?": {"type": "text of 9"},
        "Status": ["= 3", "= issued"],
        "end?": ["time 9999-99-99 99:99:9", "time Aaa 99 99:99:99 9999 GMT"],
        "names?": {"list of 2": ["null", "text of 1"]},
        "pem?": "PEM 2 CERTIFICATE",
        "serial?": "text of 15",
    }


def test_a_shape_is_bounded() -> None:
    """However deep an answer is, and however many names and words it has."""
    deep: dict[str, Any] = {}
    for _ in range(3 * DEPTH):
        deep = {"a": deep}
    wide = {f"name{number}": number for number in range(3 * MOST)}
    shape = Shape()
    shape.add(
        {
            "deep": deep,
            "wide": wide,
            "status": [f"word-{chr(97 + i % 26)}{'x' * (i % 20)}" for i in range(3 * MOST)],
        }
    )
    described = json.dumps(shape.described())
    assert "deeper than is looked" in described
    assert len(shape.fields["wide"].fields) == MOST + 1
    assert described.count("= word") <= MOST
