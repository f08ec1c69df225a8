"""From samples to the requests of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from regrade.errors import UsageError
from regrade.models.model import Model
from regrade.schema import Request, RequestKind, Sample


def requests_of(
    samples: Iterable[Sample],
    parameters: dict[str, Any],
    repeats: int,
    kind: RequestKind | None = None,
    *,
    own: dict[str, Any] | None = None,
    fit: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Iterator[Request]:
    """Every request of a run, in order of sample and repeat.

    A sample with continuations asks how likely they are; one with messages is a chat; a text is continued, or becomes a
    chat of one message where ``kind`` is ``chat``. A sample's tools are sent with a chat. What a sample's
    ``metadata["parameters"]`` says wins over ``parameters``, and ``own`` over both. A seed goes up by one with each
    repeat, or repeats would all be the same.

    Args:
        samples: The samples.
        parameters: Generation parameters of all.
        repeats: Answers per sample.
        kind: ``chat`` or ``completion``, where a text is to be sent; None: as the sample is.
        own: What the user sets; a parameter set to None is left out. It reaches log-likelihoods, too.
        fit: Makes of a recipe's parameters what the model takes: :meth:`regrade.models.model.Model.fit`.
    """
    own = own or {}
    for position, sample in enumerate(samples):
        of_sample = sample.metadata.get("parameters")
        wanted = fit({**parameters, **of_sample} if of_sample else parameters)
        messages, prompt = sample.messages, sample.prompt
        if sample.continuations is not None:
            how: RequestKind = "loglikelihood"
            wanted = {}
        elif messages is not None:
            how = "chat"
        elif kind == "chat":
            how, messages, prompt = "chat", [{"role": "user", "content": prompt or ""}], None
        else:
            how = "completion"
        if sample.tools and how == "chat":
            wanted = {"tools": sample.tools, **wanted}
        wanted = merge_parameters(wanted, own)
        for repeat in range(repeats):
            seeded = {**wanted, "seed": wanted["seed"] + repeat} if repeat and "seed" in wanted else wanted
            yield Request(
                sample_id=sample.sample_id,
                position=position,
                repeat=repeat,
                follow_ups=sample.follow_ups,
                kind=how,
                messages=messages,
                prompt=prompt,
                continuations=sample.continuations,
                parameters=seeded,
            )


def merge_parameters(recipe: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The recipe's generation parameters with the user's own over them; the two names of one limit count as one.

    A parameter that the user sets to nothing (``--param stop=``) is left out.
    """
    limits = ("max_tokens", "max_completion_tokens")
    kept = {name: value for name, value in recipe.items() if name not in limits} if own.keys() & set(limits) else recipe
    return {name: value for name, value in {**kept, **own}.items() if value is not None}


def next_turn(request: Request, said: list[str]) -> Request:
    """The request that follows when the first questions were answered.

    Args:
        request: The first request of its sample.
        said: The answers so far, one or more.
    """
    messages = list(request.messages or ())
    for text, more in zip(said, request.follow_ups or (), strict=False):
        messages += [{"role": "assistant", "content": text}, {"role": "user", "content": more}]
    return msgspec.structs.replace(request, messages=messages, turn=len(said))


def check(model: Model, request: Request, where: str) -> None:
    """Say before anything is asked that a model cannot be asked this.

    Raises:
        UsageError: it cannot.
    """
    if request.follow_ups and request.kind != "chat":
        raise UsageError(f"{where} has conversations of several turns", where="--send-as", hint="--send-as chat")
    if request.kind not in model.kinds:
        raise UsageError(
            f"{where} asks for {request.kind}, and {model.name} can be asked for {', '.join(model.kinds)}",
            where="--model",
            hint="--model openai:NAME asks a server for any of them",
        )
