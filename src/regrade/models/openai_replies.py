"""What an OpenAI-compatible server replies, read into answers.

Only what is used is parsed; what else a reply's message holds is kept under ``extra``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from regrade.addition import add_up
from regrade.schema import Answer, Usage


class _Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class _Message(msgspec.Struct):
    content: str | list[Any] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[Any] | None = None
    refusal: str | None = None
    annotations: list[Any] | None = None
    audio: dict[str, Any] | None = None


class _Chat(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None
    logprobs: Any = None


class _ChatReply(msgspec.Struct):
    choices: list[_Chat]
    usage: _Usage | None = None
    model: str | None = None


class _Logprobs(msgspec.Struct):
    tokens: list[str] = []
    token_logprobs: list[float | None] = []
    top_logprobs: list[dict[str, float] | None] | None = None
    text_offset: list[int] | None = None


class _Completion(msgspec.Struct):
    text: str
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None
    prompt_logprobs: list[dict[str, Any] | None] | None = None


class _CompletionReply(msgspec.Struct):
    choices: list[_Completion]
    usage: _Usage | None = None
    model: str | None = None


class _Vector(msgspec.Struct):
    embedding: list[float]


class _EmbeddingReply(msgspec.Struct):
    data: list[_Vector]
    usage: _Usage | None = None
    model: str | None = None


_Reply = TypeVar("_Reply")

_CHAT = msgspec.json.Decoder(_ChatReply)
_COMPLETION = msgspec.json.Decoder(_CompletionReply)
_EMBEDDING = msgspec.json.Decoder(_EmbeddingReply)


def _read(decoder: msgspec.json.Decoder[_Reply], data: bytes) -> _Reply:
    """A reply; half of a surrogate pair, which servers send that cut an emoji in two, is read as ``?``."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError as error:
        try:
            mended = json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "replace")
        except ValueError:
            raise error from None
        return decoder.decode(mended)


def chat_answer(data: bytes) -> Answer:
    """The answer in a reply of ``/chat/completions``.

    Raises:
        msgspec.DecodeError, IndexError: it is none.
    """
    reply = _read(_CHAT, data)
    choice = reply.choices[0]
    message = choice.message
    extra = {
        name: value
        for name, value in (
            ("refusal", message.refusal),
            ("annotations", message.annotations),
            ("audio", message.audio),
            ("logprobs", choice.logprobs),
        )
        if value
    }
    content = message.content
    if isinstance(content, list):
        extra["content"] = content
        content = "".join(
            part.get("text", "") for part in content if isinstance(part, dict) and part.get("type") == "text"
        )
    return Answer(
        sample_id="",
        text=content if content is not None else "",
        thinking=message.reasoning_content or message.reasoning,
        tool_calls=message.tool_calls or None,
        finish_reason=choice.finish_reason,
        usage=_usage(reply.usage),
        model=reply.model,
        extra=extra,
    )


def completion_answer(data: bytes) -> Answer:
    """The answer in a reply of ``/completions``."""
    reply = _read(_COMPLETION, data)
    choice = reply.choices[0]
    extra = {"logprobs": msgspec.to_builtins(choice.logprobs)} if choice.logprobs is not None else {}
    return Answer(
        sample_id="",
        text=choice.text,
        finish_reason=choice.finish_reason,
        usage=_usage(reply.usage),
        model=reply.model,
        extra=extra,
    )


def embedding_answer(data: bytes) -> Answer:
    """The vector in a reply of ``/embeddings``."""
    reply = _read(_EMBEDDING, data)
    return Answer(sample_id="", embedding=reply.data[0].embedding, usage=_usage(reply.usage), model=reply.model)


def echoed_answer(data: bytes, context: str) -> Answer:
    """The log-likelihood of what follows ``context`` in an echoed prompt.

    A token belongs to the continuation if it starts at or after the context's end, as in lm-evaluation-harness.

    Raises:
        ValueError: the server did not echo, or gave no log-probabilities.
    """
    reply = _read(_COMPLETION, data)
    found = reply.choices[0].logprobs
    if found is None or not found.token_logprobs:
        raise ValueError("the server gives no log-probabilities of an echoed prompt: try prompt_logprobs")
    offsets = found.text_offset if found.text_offset is not None else _offsets(found.tokens)
    start = next((place for place, offset in enumerate(offsets) if offset >= len(context)), len(offsets))
    chosen = list(zip(found.tokens, found.token_logprobs, found.top_logprobs or (), strict=False))[start:]
    if not chosen:
        raise ValueError("the continuation has no token of its own in the echoed prompt")
    total = add_up(value for _, value, _ in chosen if value is not None)
    greedy = all(top is not None and value is not None and value >= max(top.values()) for _, value, top in chosen)
    return Answer(sample_id="", choices=[(total, greedy)], usage=_usage(reply.usage), model=reply.model)


def prompt_logprobs_answer(data: bytes, continuation: str) -> Answer:
    """The log-likelihood of a prompt's end, from vLLM's ``prompt_logprobs``.

    Each entry maps token ids to ``{"logprob", "rank", "decoded_token"}``; the prompt's own token comes first in it.
    """
    reply = _read(_COMPLETION, data)
    entries = reply.choices[0].prompt_logprobs
    if not entries:
        raise ValueError("the server gives no prompt_logprobs")
    total, greedy, left = 0.0, True, len(continuation)
    for entry in reversed(entries):
        if left <= 0 or not entry:
            break
        own = next(iter(entry.values()))
        total += own["logprob"]
        greedy = greedy and own.get("rank") == 1
        left -= len(own.get("decoded_token") or "")
    if left > 0:
        raise ValueError("the continuation is longer than the prompt that came back")
    return Answer(sample_id="", choices=[(total, greedy)], usage=_usage(reply.usage), model=reply.model)


def total_usage(answers: Iterable[Answer]) -> Usage | None:
    """The tokens of several answers together."""
    known = [answer.usage for answer in answers if answer.usage is not None]
    if not known:
        return None
    return Usage(*(sum(getattr(usage, name) for usage in known) for name in Usage.__struct_fields__))


def error_message(data: bytes) -> str:
    """What a server says is wrong, in whichever of the usual shapes."""
    try:
        said = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return " ".join(data[:300].decode("utf-8", "replace").split())
    if isinstance(said, dict):
        error = said.get("error", said)
        said = (error.get("message") or error.get("detail") or error) if isinstance(error, dict) else error
    return str(said)


def error_code(data: bytes) -> str | None:
    """OpenAI's code of an error."""
    try:
        error = msgspec.json.decode(data)["error"]
        return error.get("code") or error.get("type")  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
        return None


def _usage(usage: _Usage | None) -> Usage | None:
    if usage is None:
        return None
    given, made = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        input_tokens=usage.prompt_tokens or 0,
        output_tokens=usage.completion_tokens or 0,
        cached_tokens=(given.cached_tokens or 0) if given is not None else 0,
        thinking_tokens=(made.reasoning_tokens or 0) if made is not None else 0,
    )


def _offsets(tokens: list[str]) -> list[int]:
    place, offsets = 0, []
    for token in tokens:
        offsets.append(place)
        place += len(token)
    return offsets
