"""Syncs every account of accounts.meltano.yml, whatever becomes of another: see docs/accounts.md.

With Meltano's own Python: `.venv-meltano/bin/python scripts/accounts.py target-postgres --at-once 8`.
"""  # noqa: INP001

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
FILE = "accounts.meltano.yml"
BASE = "tap-cdn-certs-base"
PREFIX = "tap-cdn-certs--"


class AccountsError(Exception):
    """What is wrong with the accounts, a line for each mistake."""


@dataclass(frozen=True)
class Account:
    """An account: a run, a state and a label of its own at each of its providers.

    Attributes:
        name: What follows `tap-cdn-certs--` in its extractor's name.
        labels: The `account` of its records, by provider.
    """

    name: str
    labels: Mapping[str, str]

    @property
    def extractor(self) -> str:
        """Its extractor in Meltano."""
        return f"{PREFIX}{self.name}"

    @property
    def prefix(self) -> str:
        """How its variables begin."""
        return f"TAP_CDN_CERTS__{self.name.replace('-', '_').upper()}_"


def read_accounts(path: Path = ROOT / FILE) -> list[Account]:
    """The accounts in a file that Meltano reads, in its order.

    Raises:
        AccountsError: One could read as another, or write over its rows; or there is none.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise AccountsError(f"{path.name} cannot be read: {error}") from None
    try:
        extractors = [each for each in content["plugins"]["extractors"] if each["name"].startswith(PREFIX)]
    except (AttributeError, KeyError, TypeError):
        raise AccountsError(f"{path.name} has no list plugins.extractors of objects with names.") from None
    if not extractors:
        raise AccountsError(f"{path.name} has no extractor {PREFIX}<account>.")
    accounts = [
        Account(each["name"].removeprefix(PREFIX), _labels(each.get("config") or {})) for each in extractors
    ]
    if mistakes := [*_mistakes(extractors, accounts)]:
        raise AccountsError("\n".join(mistakes))
    return accounts


def _labels(config: Mapping[str, Any]) -> dict[str, str]:
    """The label of each provider that has settings: Meltano takes `a.b: 1` and `a: {b: 1}`."""
    labels: dict[str, str] = {}
    for setting, value in config.items():
        provider, dot, name = setting.partition(".")
        settings = {name: value} if dot else value
        if isinstance(settings, dict):
            labels[provider] = settings.get("account") or labels.get(provider, "")
    return labels


def _mistakes(extractors: list[dict[str, Any]], accounts: list[Account]) -> Iterator[str]:
    for extractor, account in zip(extractors, accounts, strict=True):
        if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", account.name):
            yield f"{account.extractor}: an account's name is of small letters, digits and single hyphens."
        if extractor.get("inherit_from") != BASE:
            yield (
                f"{account.extractor} has to inherit from {BASE}: from another extractor, it would read with "
                "that one's credentials wherever its own are missing."
            )
        if not account.labels:
            yield f"{account.extractor} names no provider: config: {{<provider>.account: <label>}} does."
        for provider in (name for name, label in account.labels.items() if not label):
            yield f"{account.extractor}: {provider}.account, the label of its rows, is missing."
    labels = Counter(item for account in accounts for item in account.labels.items() if item[1])
    for provider, label in (item for item, count in labels.items() if count > 1):
        yield f"Several accounts have {provider}.account {label}: each would write over the others' rows."


def main() -> int:
    """Makes the tables, then syncs the accounts; says which failed, and fails if one did."""
    parser = argparse.ArgumentParser(description="Sync every account of accounts.meltano.yml with Meltano.")
    parser.add_argument("loader", help="such as target-postgres")
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="how many syncs run at once")
    given = parser.parse_args()
    try:
        accounts = read_accounts()
    except AccountsError as error:
        sys.exit(str(error))
    if run("tap-cdn-certs-schemas", given.loader):
        sys.exit(f"The tables could not be made by {given.loader}: no account was synced.")
    with ThreadPoolExecutor(given.at_once) as threads:
        codes = threads.map(lambda account: run(account.extractor, given.loader), accounts)
        failed = [account.name for account, code in zip(accounts, codes, strict=True) if code]
    if failed:
        sys.exit(f"{len(failed)} of {len(accounts)} accounts failed: {', '.join(failed)}.")
    return 0


def run(extractor: str, loader: str) -> int:
    """The exit code of Meltano's run."""
    return subprocess.run(["meltano", "run", extractor, loader], cwd=ROOT, check=False).returncode  # noqa: S603, S607


if __name__ == "__main__":
    sys.exit(main())
