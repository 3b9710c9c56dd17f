"""The installer of the Makefile: uv with what pip is told, or pip."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from scripts import install

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder that holds one package, and nothing else."""
    folder = tmp_path / "an index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "acme_cdn-1.0-py3-none-any.whl", "w") as wheel:
        about = "acme_cdn-1.0.dist-info"
        wheel.writestr("acme_cdn.py", "")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: acme-cdn\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return folder


@pytest.mark.parametrize("uv", ["there", "missing", "broken"])
def test_what_only_pip_is_told_of_is_installed(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], uv: str
) -> None:
    """From where pip's configuration says, into an environment without pip, by whichever can."""
    if uv == "there" and not install.UV.exists():
        pytest.skip("There is no uv.")
    if uv != "there":
        monkeypatch.setattr(install, "UV", tmp_path / "uv")
    if uv == "broken":
        install.UV.write_text("#!/bin/sh\nexit 2\n")
        install.UV.chmod(0o755)
    target = tmp_path / "an environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", target], check=True)
    (tmp_path / "pip.conf").write_text(f"[install]\nno-index = true\nfind-links = {index.as_uri()}\n")
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    assert install.packages(str(target), "acme-cdn") == 0
    said = {"broken": "uv could not install that: pip tries.\n"}
    assert capfd.readouterr().err == said.get(uv, "")
    (written,) = target.glob("lib/python*/site-packages/acme_cdn-1.0.dist-info/INSTALLER")
    assert written.read_text().strip() == ("uv" if uv == "there" else "pip")


def test_uv_is_told_what_pip_is() -> None:
    """Where packages are, by whom that is vouched for, and that the best version counts."""
    told = {
        "index-url": "https://pypi.example.com/simple",
        "extra-index-url": "\nhttps://a.example.com/simple\nhttps://b.example.com/simple",
        "find-links": "/a /b",
        "cert": "/etc/ca.pem",
        "timeout": "5",
    }
    assert install.as_uv_has_it(told) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_SYSTEM_CERTS": "true",
        "UV_VENV_SEED": "true",
        "UV_DEFAULT_INDEX": "https://pypi.example.com/simple",
        "UV_INDEX": "https://a.example.com/simple https://b.example.com/simple",
        "UV_FIND_LINKS": "/a,/b",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }
