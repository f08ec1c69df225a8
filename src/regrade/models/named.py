"""From what a person calls a model to the model: ``gpt-4o-mini``, ``openai:qwen3-8b``, ``replay:answers.jsonl``."""

from __future__ import annotations

import inspect
import os
from typing import Any

from regrade.errors import UsageError
from regrade.models.limits import RequestLimits
from regrade.models.model import Model
from regrade.models.secrets import refuse_secrets
from regrade.registry import is_registered, iterate_registered, lookup

DEFAULT_KIND = "openai"

_OWN_KINDS = ("openai_in_words:", "autoevals:")
"""Kinds that a judge puts before the name that was typed."""


def split_name(text: str) -> tuple[str, str]:
    """``kind:name``; a name without a known kind before a colon is ``openai``'s."""
    kind, colon, name = text.partition(":")
    if colon and kind.isidentifier() and is_registered("model", kind):
        return kind, name
    return DEFAULT_KIND, text


def typed_name(text: str) -> str:
    """A model's name as a person typed it, of the one that a run keeps."""
    for kind in _OWN_KINDS:
        text = text.removeprefix(kind)
    return text


def named_model(text: str, options: dict[str, Any] | None = None, limits: RequestLimits | None = None) -> Model:
    """The model that is meant.

    Args:
        text: ``[KIND:]NAME``.
        options: Keyword arguments of the model's class (``base_url``, ``api_key_env``, ``device``, ...).
        limits: How many requests at once, how fast, how often again; models without a server do not need it.

    Raises:
        UsageError: an option that the model does not have (the ones it has are told), or one that holds a secret.
        UnavailableError: what it needs is not installed.
    """
    refuse_secrets(options or {}, "--model-option")
    kind, name = split_name(text)
    _refuse_unknown_kind(text, name, options or {})
    cls = lookup("model", kind)
    parameters = inspect.signature(cls).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    given = {key: value for key, value in (options or {}).items() if value is not None}
    for key in given:
        if key not in parameters and not takes_any:
            has = ", ".join(name for name in parameters if name not in ("name", "limits"))
            raise UsageError(
                f"the model {kind!r} has no option {key!r}", where=f"--model {text}", hint=f"it has {has or 'none'}"
            )
    if limits is not None and ("limits" in parameters or (takes_any and kind == "batch")):
        given["limits"] = limits
    try:
        model: Model = cls(name, **given)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error), where=f"--model {text}") from None
    return model


def _refuse_unknown_kind(text: str, name: str, options: dict[str, Any]) -> None:
    """Refuse ``nokind:model`` where it would go to OpenAI, whose models have no colon but for fine-tuned ones.

    Servers of one's own do name models so (``llama3:8b``).
    """
    kind, colon, _ = text.partition(":")
    own_server = options.get("base_url") or os.environ.get("OPENAI_BASE_URL")
    if colon and name == text and kind != "ft" and not own_server:
        raise UsageError(
            f"there is no kind of model {kind!r}",
            where=f"--model {text}",
            hint=f"kinds: {', '.join(known_kind for known_kind, _ in kinds())}; a model of that name at OpenAI or "
            f"--base-url: openai:{text}",
        )


def kinds() -> list[tuple[str, str]]:
    """Every kind of model, with the first line of its documentation."""
    return [(name, (cls.__doc__ or "").strip().splitlines()[0]) for name, cls in iterate_registered("model")]
