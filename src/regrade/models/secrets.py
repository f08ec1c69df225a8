"""Secrets stay in the environment: what a run keeps of how it was asked must hold none.

A run's folder says who was asked and how, so that it can be resumed and shown around. Keys are therefore named by their
variable, and whatever looks like one among options and parameters is refused before anything is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from regrade.errors import UsageError

_HINT = "put the key into OPENAI_API_KEY (litellm: the provider's variable), or name its variable by --api-key-env"

_SECRET = re.compile(
    r"(.*_)?api_?key|(.*_)?authorization|(.*_)?(password|secret|access_key|access_token|auth_token)|token|hf_token|cookie"
)
"""Names of what is a secret if it is a text; ``api_key_env`` and ``max_tokens`` are not among them."""

_VARIABLE = re.compile(r"(.*_)?(KEY|TOKEN|SECRET|PASSWORD)", re.IGNORECASE)
SHORTEST = 8
"""Shorter keys are not struck out: 'x', which servers without keys are given, stands in ordinary words."""


def refuse_secrets(given: Mapping[str, Any], where: str) -> None:
    """Refuse options or parameters that hold a key; it is not repeated in the message. ``env:NAME`` holds none.

    Args:
        given: Names and values, at any depth (``headers``, ``extra_body``).
        where: What they are, for the message.

    Raises:
        UsageError: there is a key among them.
    """
    for name, value in given.items():
        if isinstance(value, Mapping):
            refuse_secrets(value, f"{where} {name}")
        elif (
            isinstance(value, str)
            and not value.startswith("env:")
            and _SECRET.fullmatch(str(name).lower().replace("-", "_"))
        ):
            raise UsageError(f"{name} would be written to disk with the run", where=where, hint=_HINT)
    if isinstance(url := given.get("base_url"), str):
        refuse_password(url)
    if (variable := given.get("api_key_env")) is not None and variable not in os.environ:
        raise UsageError("names a variable of the environment, and that is not set", where="--api-key-env")


def refuse_password(url: str) -> None:
    """Refuse an address with a password in it, or with a key in its query.

    Raises:
        UsageError: it has one.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise UsageError("an address with a password in it would be written to disk", where="--base-url", hint=_HINT)
    for name, _ in parse_qsl(parts.query):
        if _SECRET.fullmatch(name.lower().replace("-", "_")) or name.lower() in ("key", "sig"):
            raise UsageError(f"{name} in an address would be written to disk", where="--base-url", hint=_HINT)


_IN_URL = re.compile(r"(?<=://)[^/\s@'\"]+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_KEY = re.compile(r"\b(sk|pk|rk|gsk|hf|xai|ghp|github_pat|AIza)[-_]?[A-Za-z0-9_-]{16,}")


def without_secrets(text: str) -> str:
    """A text in which nothing is left that may be a secret, whoever put it there; for all that is shown or stored.

    Struck out are the values of the environment's keys, credentials in addresses, tokens of an authorization, and what
    has the form of a provider's key.
    """
    values = (value for name, value in os.environ.items() if _VARIABLE.fullmatch(name) and len(value) >= SHORTEST)
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "***")
    text = _IN_URL.sub("***@", text)
    text = _BEARER.sub(r"\1 ***", text)
    return _KEY.sub("***", text)
