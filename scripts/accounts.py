"""Syncs every account of accounts.meltano.yml, whatever becomes of another: see docs/accounts.md.

With Meltano's own Python: `.venv-meltano/bin/python scripts/accounts.py target-postgres --at-once 8`.
"""  # noqa: INP001

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
FILE = "accounts.meltano.yml"
BASE = "tap-cdn-certs-base"
PREFIX = "tap-cdn-certs--"
# The runs of Meltano that have not ended.
RUNNING: set[subprocess.Popen[bytes]] = set()


class AccountsError(Exception):
    """What is wrong with the accounts, a line for each mistake."""


@dataclass(frozen=True)
class Account:
    """An account, with a run, a state and credentials of its own.

    Attributes:
        name: What follows `tap-cdn-certs--` in its extractor's name.
        settings: What the file says of it, by provider: `{"alicloud": {"account": "shop"}}`.
    """

    name: str
    settings: Mapping[str, Mapping[str, Any]]

    @property
    def extractor(self) -> str:
        """Its extractor in Meltano."""
        return f"{PREFIX}{self.name}"

    @property
    def labels(self) -> dict[str, str]:
        """The `account` of its records, by provider."""
        return {provider: settings.get("account", "") for provider, settings in self.settings.items()}

    def variables(self, provider: str) -> str:
        """How the names of its variables begin."""
        return f"TAP_CDN_CERTS__{self.name}_{provider}_".replace("-", "_").upper()


def read_accounts(path: Path = ROOT / FILE) -> list[Account]:
    """The accounts in a file that Meltano reads, in its order.

    Raises:
        AccountsError: One would read with another's credentials, or write over its rows; or there is none.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        extractors = [each for each in content["plugins"]["extractors"] if each["name"].startswith(PREFIX)]
        accounts = [
            Account(each["name"].removeprefix(PREFIX), _nested(each.get("config", {}))) for each in extractors
        ]
    except OSError as error:
        raise AccountsError(f"{path.name} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        # Not the line itself: it may hold what is secret.
        mark = getattr(error, "problem_mark", None)
        raise AccountsError(
            f"{path.name} is not YAML{f': see line {mark.line + 1}' if mark else ''}."
        ) from None
    except (AttributeError, KeyError, TypeError):
        raise AccountsError(f"{path.name} is not of the form that docs/accounts.md shows.") from None
    if not accounts:
        raise AccountsError(f"{path.name} has no extractor {PREFIX}<account>.")
    parents = {
        account.name: each.get("inherit_from") for account, each in zip(accounts, extractors, strict=True)
    }
    if mistakes := [*_mistakes(accounts, parents)]:
        raise AccountsError("\n".join(mistakes))
    return accounts


@cache
def _base() -> dict[str, Any]:
    """The tap's definition in meltano.yml."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    (base,) = (each for each in project["plugins"]["extractors"] if each["name"] == BASE)
    return dict(base)


def _nested(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The settings by provider: Meltano takes `a.b: 1` and `a: {b: 1}`; others are for the whole tap."""
    names = (each["name"] for each in _base()["settings"])
    providers = {name.partition(".")[0] for name in names if name.endswith(".account")}
    settings: dict[str, dict[str, Any]] = {}
    for name, value in config.items():
        provider, dot, setting = name.partition(".")
        if provider in providers and (dot or isinstance(value, dict)):
            settings.setdefault(provider, {}).update({setting: value} if dot else value)
    return settings


def _mistakes(accounts: list[Account], parents: Mapping[str, str | None]) -> Iterator[str]:
    for account in accounts:
        if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", account.name):
            yield f"{account.extractor}: an account's name is of small letters, digits and single hyphens."
        if parents[account.name] != BASE:
            yield (
                f"{account.extractor} has to inherit from {BASE}: from another extractor, it would read with "
                "that one's credentials wherever its own are missing."
            )
        if not account.settings:
            yield f"{account.extractor} names no provider: config: {{<provider>.account: <label>}} does."
        for provider, label in account.labels.items():
            if not label or not isinstance(label, str):
                yield f"{account.extractor}: {provider}.account, its rows' label, is missing, or no text."
            elif "/" in label:
                # A key of the models is provider/account/identifier.
                yield f"{account.extractor}: {provider}.account may not hold a slash."
    yield from _twice(accounts)


def _twice(accounts: list[Account]) -> Iterator[str]:
    for name, count in Counter(account.extractor for account in accounts).items():
        if count > 1:
            yield f"{name} stands there {count} times."
    labels = Counter(
        (provider, str(label)) for account in accounts for provider, label in account.labels.items()
    )
    for provider, label in (item for item, count in labels.items() if count > 1 and item[1]):
        yield f"Several accounts have {provider}.account {label}: each would write over the others' rows."


def without_credentials(accounts: list[Account], variables: Mapping[str, str | None]) -> Iterator[str]:
    """Those with no setting of any login at a provider, so that its own tools may find anybody's."""
    keyed = {each["name"].partition(".")[0] for each in _base()["settings"] if each.get("sensitive")}
    logins = {name for login in _base()["settings_group_validation"] for name in login}
    for account in accounts:
        for provider in account.settings.keys() & keyed:
            prefix = account.variables(provider)
            names = {name.partition(".")[2] for name in logins if name.startswith(f"{provider}.")}
            given = {name for name in names if variables.get(f"{prefix}{name.upper()}")}
            if not given | (names & account.settings[provider].keys()):
                yield f"{account.extractor} has no credentials at {provider}: no variable is {prefix}…"


def main() -> None:
    """Makes the tables, then syncs the accounts; says which failed, and fails if one did."""
    parser = argparse.ArgumentParser(description="Sync every account of accounts.meltano.yml with Meltano.")
    parser.add_argument("loader", help="such as target-postgres")
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="how many syncs run at once")
    given = parser.parse_args()
    if given.at_once < 1:
        parser.error("--at-once takes a number from 1 on")
    # Meltano reads the file by it; who only asks for the accounts need not have it.
    from dotenv import dotenv_values  # noqa: PLC0415

    variables = {**dotenv_values(ROOT / ".env"), **os.environ}
    try:
        accounts = read_accounts()
    except AccountsError as error:
        sys.exit(str(error))
    refused = {
        account.name: mistakes
        for account in accounts
        if (mistakes := [*without_credentials([account], variables)])
    }
    for mistake in chain.from_iterable(refused.values()):
        sys.stderr.write(f"{mistake}\n")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with ThreadPoolExecutor(given.at_once) as threads:
        try:
            if threads.submit(run, "tap-cdn-certs-schemas", given.loader).result():
                sys.exit(f"{given.loader} could not make the tables: no account was synced.")
            able = [account for account in accounts if account.name not in refused]
            codes = threads.map(lambda account: run(account.extractor, given.loader), able)
            failed = [*refused, *(account.name for account, code in zip(able, codes, strict=True) if code)]
        finally:
            # There are some after a stop only: each ends in order, and no other begins.
            threads.shutdown(wait=False, cancel_futures=True)
            for process in [*RUNNING]:
                process.terminate()
    if failed:
        sys.exit(f"{len(failed)} of {len(accounts)} accounts failed: {', '.join(failed)}.")


def run(extractor: str, loader: str) -> int:
    """The exit code of Meltano's run: of the Meltano beside this Python, or else on the path."""
    variables = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"}
    command = ["meltano", "run", extractor, loader]
    with subprocess.Popen(command, cwd=ROOT, env=variables) as process:  # noqa: S603
        RUNNING.add(process)
        code = process.wait()
    RUNNING.remove(process)
    return code


if __name__ == "__main__":
    main()
