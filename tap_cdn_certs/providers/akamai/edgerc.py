"""Credentials in a file, as Akamai's own tools have them: https://techdocs.akamai.com/developer/docs/edgerc."""

from __future__ import annotations

import re
from configparser import DuplicateOptionError, DuplicateSectionError, Error, RawConfigParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_cdn_certs.api.settings import url_mistakes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VALUE = re.compile("[!-~]+")
TOKENS = ("client_token", "client_secret", "access_token")
LOGINS = ((*TOKENS, "api_url"), ("edgerc",))


def mistakes(settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the credentials in the settings, or in the file that they name."""
    path = settings.get("edgerc")
    if path is None:
        needed = (name for name in LOGINS[0] if name not in settings)
        yield from (f"akamai.{name} is missing, or akamai.edgerc in place of it." for name in needed)
    elif any(name in settings for name in TOKENS):
        yield f"akamai takes either edgerc, or {', '.join(TOKENS)}: both are given."
    elif isinstance(path, str) and path.strip():
        try:
            there = read(settings)
        except ValueError as error:
            yield str(error)
            return
        if "api_url" not in settings:
            yield from url_mistakes("The host in the file of akamai.edgerc", there["api_url"])


def read(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with what the file has of them that they name, if they do.

    Raises:
        ValueError: It has not all of it. Says what is missing, not what is there: that is secret.
    """
    if "edgerc" not in settings:
        return {**settings}
    where, section = f"akamai.edgerc names {settings['edgerc']}", settings["section"]
    file = RawConfigParser()
    try:
        file.read_string(Path(settings["edgerc"]).expanduser().read_text(encoding="utf-8-sig"))
        there = dict(file[section])
    except OSError as error:
        raise ValueError(f"{where}, which cannot be read: {error.strerror}.") from None
    except (DuplicateSectionError, DuplicateOptionError) as error:
        raise ValueError(f"{where}, where line {error.lineno} says again what is there already.") from None
    except (Error, UnicodeDecodeError):
        raise ValueError(f"{where}, which is no file of sections such as [default].") from None
    except RuntimeError:
        raise ValueError(f"{where}, whose home directory is not known.") from None
    except KeyError:
        raise ValueError(f"{where}, which has no section [{section}]: set akamai.section.") from None
    needed = TOKENS if "api_url" in settings else (*TOKENS, "host")
    if missing := [name for name in needed if not there.get(name)]:
        raise ValueError(f"{where}, whose section [{section}] has no {', '.join(missing)}.")
    # As Akamai's own parser has it, a comment has a line of its own: after a value it is a part of it.
    held = [name for name in (*needed, "account_key") if there.get(name)]
    if odd := [name for name in held if not VALUE.fullmatch(there[name])]:
        verb = "holds white space, a comment or characters that no such value has"
        raise ValueError(f"{where}: in section [{section}] {', '.join(odd)} {verb}.")
    host = there.get("host", "").strip("/")
    url = host if "://" in host else f"https://{host}"
    account = {"account_switch_key": there["account_key"]} if "account_key" in held else {}
    return {"api_url": url, **account, **settings, **{name: there[name] for name in TOKENS}}
