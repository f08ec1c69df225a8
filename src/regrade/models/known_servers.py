"""Servers that the user has named on this machine: what a run's folder says is asked again only there.

A run says in ``run.json`` which server it asks and which variable holds the key. A folder that came from elsewhere
could name its own server and any variable. So, as SSH does with hosts, what the user typed is remembered, and a server
that nobody typed here has to be typed once.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from regrade.atomic import make_folder, replacing
from regrade.errors import UsageError

_NAMED: Final = ("base_url", "api_key_env", "headers", "ca_file")
"""Options of a model that say where a key goes, or which."""

_USUAL: Final = {"api_key_env": "OPENAI_API_KEY"}


def remember(options: Mapping[str, Any]) -> None:
    """Note the server that the user named; where the user's folder cannot be written, it is not remembered."""
    named = _server(options)
    if not named or _is_here(named):
        return
    known = _read()
    if named not in known:
        with suppress(OSError):
            make_folder(_file().parent, private=True)
            with replacing(_file(), private=True) as temporary:
                temporary.write_bytes(msgspec.json.encode([*known, named]) + b"\n")


def check(options: Mapping[str, Any], *, run: str) -> None:
    """Refuse a server that a run names and the user never did.

    Args:
        options: Options of the run's model, as ``run.json`` has them.
        run: The run, for the message.

    Raises:
        UsageError: nobody named it on this machine.
    """
    named = _server(options)
    if not named or _is_here(named) or named in _read():
        return
    where = named.get("base_url", "the usual server")
    variables = [str(named["api_key_env"])] if "api_key_env" in named else []
    variables += [value.removeprefix("env:") for value in (named.get("headers") or {}).values() if "env:" in value]
    key = f" with the value of {', '.join(variables)}" if variables else ""
    raise UsageError(
        f"the run asks {where}{key}, which was never named on this machine",
        where=run,
        hint=f"if it is to be asked, name it once: regrade resume {run} --base-url {named.get('base_url', 'URL')}",
    )


def _server(options: Mapping[str, Any]) -> dict[str, Any]:
    """What is not usual about the way to a server."""
    given = {name: options[name] for name in _NAMED if options.get(name)}
    return {name: value for name, value in given.items() if _USUAL.get(name) != value}


def _is_here(named: Mapping[str, Any]) -> bool:
    """Whether it is a server on this machine."""
    parts = urlsplit(str(named.get("base_url") or ""))
    if parts.scheme == "http+unix" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _file() -> Path:
    from platformdirs import user_state_path

    return user_state_path("regrade") / "servers.json"


def _read() -> list[dict[str, Any]]:
    try:
        found = msgspec.json.decode(_file().read_bytes())
    except (OSError, msgspec.DecodeError):
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
