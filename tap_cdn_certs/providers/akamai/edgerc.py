"""Credentials in a file, as Akamai's own tools have them: https://techdocs.akamai.com/developer/docs/edgerc."""

from __future__ import annotations

from configparser import Error, RawConfigParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOKENS = ("client_token", "client_secret", "access_token")


def mistakes(settings: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the credentials in the settings, or in the file that they name."""
    path = settings.get("edgerc")
    if path is None:
        needed = (name for name in (*TOKENS, "api_url") if name not in settings)
        yield from (f"akamai.{name} is missing, or akamai.edgerc in place of it." for name in needed)
    elif any(name in settings for name in TOKENS):
        yield f"akamai takes either edgerc, or {', '.join(TOKENS)}: both are given."
    elif isinstance(path, str) and path.strip():
        try:
            read(settings)
        except ValueError as error:
            yield str(error)


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
    except (Error, UnicodeDecodeError):
        raise ValueError(f"{where}, which is no file of sections such as [default].") from None
    except RuntimeError:
        raise ValueError(f"{where}, whose home directory is not known.") from None
    except KeyError:
        raise ValueError(f"{where}, which has no section [{section}]: set akamai.section.") from None
    needed = TOKENS if "api_url" in settings else (*TOKENS, "host")
    if missing := [name for name in needed if not there.get(name)]:
        raise ValueError(f"{where}, whose section [{section}] has no {', '.join(missing)}.")
    host = there.get("host", "").removeprefix("https://").strip("/")
    return {"api_url": f"https://{host}", **settings, **{name: there[name] for name in TOKENS}}
