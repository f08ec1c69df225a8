"""Generation settings of a task of lm-evaluation-harness, and what they are called by OpenAI's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from regrade.schema import Recipe

MAX_TOKENS: Final = 256
"""Tokens of an answer where a task says nothing, as in the harness's ``local-completions``."""
MOST_CHAT_STOPS: Final = 4
"""Stop texts that a chat may have, by OpenAI's API; the harness sends no more either."""
_LENGTHS: Final = ("max_tokens", "max_gen_toks", "max_new_tokens", "max_completion_tokens")
_OF_THE_API: Final = frozenset(
    {"temperature", "top_p", "seed", "n", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "user"}
    | {"top_logprobs", "response_format", "tools", "tool_choice", "reasoning_effort", "extra_body"}
)


def generation_kwargs(recipe: Recipe) -> dict[str, Any]:
    r"""A task's ``generation_kwargs`` with the harness's defaults: without any, greedy up to the few-shot delimiter.

    >>> generation_kwargs(Recipe(task="t", metadata={"generation_kwargs": {"temperature": "0.7"}}))
    {'temperature': 0.7, 'until': ['\n\n']}
    """
    delimiter = recipe.metadata.get("fewshot_delimiter", "\n\n")
    given = recipe.metadata.get("generation_kwargs")
    if not isinstance(given, Mapping):
        until = [] if delimiter is None else [delimiter]
        return {"temperature": 0.0, "do_sample": False, "max_gen_toks": MAX_TOKENS, "until": until}
    settings = dict(given)
    if "temperature" in settings:
        settings["temperature"] = float(settings["temperature"])
    settings.setdefault("until", [delimiter])
    return settings


def parameters_of(settings: Mapping[str, Any], *, chat: bool) -> dict[str, Any]:
    """Generation parameters as the API names them, equal to what the harness posts.

    Args:
        settings: What :func:`generation_kwargs` gives.
        chat: Whether a chat is asked; then the first four stop texts count.

    >>> parameters_of({"until": ["Q:"], "do_sample": False, "temperature": 0.0, "top_k": 5}, chat=False)
    {'max_tokens': 256, 'temperature': 0.0, 'stop': ['Q:'], 'extra_body': {'top_k': 5}}
    """
    rest = {key: value for key, value in settings.items() if key not in ("do_sample", "until", *_LENGTHS)}
    length = next((settings[key] for key in _LENGTHS if settings.get(key) is not None), MAX_TOKENS)
    until = settings.get("until") or []
    stop = [until] if isinstance(until, str) else list(until)
    parameters: dict[str, Any] = {"max_tokens": int(length), "temperature": rest.pop("temperature", 0)}
    if stop:
        parameters["stop"] = stop[:MOST_CHAT_STOPS] if chat else stop
    parameters |= {key: value for key, value in rest.items() if key in _OF_THE_API}
    if extra := {key: value for key, value in rest.items() if key not in _OF_THE_API}:
        parameters["extra_body"] = {**parameters.get("extra_body", {}), **extra}
    return parameters
