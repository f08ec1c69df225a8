"""What an OpenAI-compatible server replies, read into answers.

The words decide: what stands beside them (counts of tokens, a reason, log-probabilities) is taken where it can be read
and left out where it cannot, for an answer that is there was paid for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from regrade.schema import Answer, Usage


class FailedGeneration(ValueError):
    """A reply with a status of success that says that there is no answer.

    Args:
        message: What the server says is wrong.
        status: The HTTP status that the server gives as the error's code; 502 where it gives none.
    """

    def __init__(self, message: str, status: int = 502) -> None:
        super().__init__(message)
        self.status = status


class _Choice(msgspec.Struct):
    message: Any = None
    text: Any = None
    finish_reason: Any = None
    logprobs: Any = None
    prompt_logprobs: Any = None
    error: Any = None


class _Reply(msgspec.Struct):
    choices: list[_Choice] | None = None
    data: list[Any] | None = None
    usage: Any = None
    model: Any = None
    error: Any = None
    prompt_logprobs: Any = None


_REPLY = msgspec.json.Decoder(_Reply)
_LINE_END = re.compile(r"\r\n|\n|\r")

_NO_QUOTA: Final = frozenset(
    ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "exceeded_current_quota_error")
)

ILL_FORMED: Final = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What reading a reply of an unknown build may raise."""


def explain_ill_formed(error: Exception) -> str:
    """Why a reply cannot be read, for people."""
    if isinstance(error, ValueError):
        return str(error)
    return "it is nested too deep" if isinstance(error, RecursionError) else "a field holds what is not known there"


def _read(data: bytes) -> _Reply:
    """A reply, whatever stands around it.

    Beside plain JSON: a stream of server-sent events, lines before the JSON, what only Python writes (``NaN``), bytes
    that are not UTF-8, and halves of surrogate pairs, which servers send that cut an emoji in two (both read as U+FFFD
    or ``?``).

    Raises:
        ValueError: it is not JSON, or no reply.
        FailedGeneration: the server says that it failed.
    """
    try:
        reply = _REPLY.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        reply = msgspec.convert(_parse(data.decode("utf-8", "replace")), _Reply)
    if reply.error:
        raise _failed(reply.error)
    return reply


def _parse(text: str) -> Any:
    events = list(_events(text))
    if events:
        reply = _joined([_whole(event) for event in events if event is not None])
        if None not in events and not ("error" in reply or any("finish_reason" in one for one in reply["choices"])):
            raise ValueError("the stream breaks off: neither a finish_reason nor [DONE] ends it")
        return reply
    start = text.find("{")
    if start < 0 or text.lstrip()[:1] == "<":
        raise ValueError("not JSON")
    return _whole(json.loads(text[start:]))


def _events(text: str) -> Iterator[Any]:
    """What the events of a stream hold; None for ``[DONE]``. What an event named ``error`` holds is an error."""
    name = ""
    for line in _LINE_END.split(text):
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:") and (data := line[5:].strip()):
            event: Any = None if data == "[DONE]" else json.loads(data)
            yield {"error": event} if name == "error" and event is not None else event
        elif not line:
            name = ""


def _whole(value: Any) -> Any:
    """The same without halves of surrogate pairs."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def _joined(events: list[Any]) -> dict[str, Any]:
    """The reply that the pieces of a stream make up; of the first choice."""
    reply: dict[str, Any] = {}
    message: dict[str, Any] = {}
    choice: dict[str, Any] = {}
    calls: dict[int, dict[str, Any]] = {}
    for event in events:
        if not isinstance(event, dict):
            continue
        reply |= {name: event[name] for name in ("model", "usage", "error") if event.get(name) is not None}
        for piece in event.get("choices") or ():
            if not isinstance(piece, dict) or piece.get("index") not in (0, None):
                continue
            choice |= {name: piece[name] for name in ("finish_reason", "error", "prompt_logprobs") if piece.get(name)}
            if piece.get("logprobs"):
                choice["logprobs"] = _join_logprobs(choice.get("logprobs"), piece["logprobs"])
            if isinstance(piece.get("text"), str):
                choice["text"] = choice.get("text", "") + piece["text"]
            delta = piece.get("delta") or {}
            for name in ("content", "reasoning_content", "reasoning", "refusal"):
                if isinstance(delta.get(name), str):
                    message[name] = message.get(name, "") + delta[name]
            for call in delta.get("tool_calls") or ():
                _join_call(calls.setdefault(call.get("index") or 0, {"type": "function", "function": {}}), call)
    if calls:
        message["tool_calls"] = [calls[place] for place in sorted(calls)]
    if message:
        choice["message"] = message
    return {**reply, "choices": [choice] if choice else []}


def _join_logprobs(before: Any, more: Any) -> Any:
    """The log-probabilities of two pieces of a stream: each list of the second goes behind that of the first."""
    if not isinstance(before, dict) or not isinstance(more, dict):
        return more
    joined = dict(before)
    for name, values in more.items():
        has = joined.get(name)
        joined[name] = [*has, *values] if isinstance(has, list) and isinstance(values, list) else values
    return joined


def _join_call(call: dict[str, Any], piece: dict[str, Any]) -> None:
    if piece.get("id"):
        call["id"] = piece["id"]
    function = piece.get("function") or {}
    if function.get("name"):
        call["function"]["name"] = function["name"]
    if isinstance(function.get("arguments"), str):
        call["function"]["arguments"] = call["function"].get("arguments", "") + function["arguments"]


def read_choice(data: bytes) -> tuple[_Reply, _Choice]:
    """A reply and its first choice; raises as :func:`chat_answer`."""
    reply = _read(data)
    if not reply.choices:
        raise ValueError("no choices")
    choice = reply.choices[0]
    if choice.error:
        raise _failed(choice.error)
    if choice.finish_reason == "error":
        raise FailedGeneration("the generation ended with an error (finish_reason error)")
    return reply, choice


def _failed(error: Any) -> FailedGeneration:
    status = error.get("code") if isinstance(error, dict) else None
    message = _message_of(error)
    if isinstance(status, str) and status.isdigit():
        status = int(status)
    return FailedGeneration(message, status if isinstance(status, int) and 400 <= status < 600 else 502)


def chat_answer(data: bytes) -> Answer:
    """The answer in a reply of ``/chat/completions``.

    Raises:
        ValueError: there is none in it.
        FailedGeneration: the server says so itself.
    """
    reply, choice = read_choice(data)
    message = choice.message
    if not isinstance(message, dict):
        raise ValueError("no message")
    extra = {name: message[name] for name in ("refusal", "annotations", "audio") if message.get(name)}
    if choice.logprobs:
        extra["logprobs"] = choice.logprobs
    content = message.get("content")
    if isinstance(content, list):
        extra["content"] = content
    thoughts = message.get("reasoning_content") or message.get("reasoning") or _thoughts(content)
    calls = message.get("tool_calls")
    return Answer(
        sample_id="",
        text=_text(content),
        thinking=_text(thoughts) or None,
        tool_calls=calls if isinstance(calls, list) and calls else None,
        finish_reason=_reason(choice.finish_reason),
        usage=read_usage(reply.usage),
        model=reply.model if isinstance(reply.model, str) else None,
        extra=extra,
    )


def _text(content: Any) -> str:
    """What a message says, as one text: a text, parts of one, or something that has one under ``text``."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_text(part) for part in content if isinstance(part, str) or _type(part) in ("text", None))
    if isinstance(content, dict):
        return _text(content.get("text"))
    return json.dumps(content)


def _thoughts(content: Any) -> str:
    parts = content if isinstance(content, list) else ()
    return "".join(_text(part.get("thinking")) for part in parts if _type(part) == "thinking")


def _type(part: Any) -> Any:
    return part.get("type") if isinstance(part, dict) else ""


def _reason(reason: Any) -> str | None:
    return reason if reason is None or isinstance(reason, str) else str(reason)


def completion_answer(data: bytes) -> Answer:
    """The answer in a reply of ``/completions``; raises as :func:`chat_answer`."""
    reply, choice = read_choice(data)
    if not isinstance(choice.text, str):
        raise ValueError("no text")
    return Answer(
        sample_id="",
        text=choice.text,
        finish_reason=_reason(choice.finish_reason),
        usage=read_usage(reply.usage),
        model=reply.model if isinstance(reply.model, str) else None,
        extra={"logprobs": choice.logprobs} if choice.logprobs is not None else {},
    )


def embedding_answer(data: bytes) -> Answer:
    """The vector in a reply of ``/embeddings``; raises as :func:`chat_answer`."""
    reply = _read(data)
    vector = reply.data[0].get("embedding") if reply.data and isinstance(reply.data[0], dict) else None
    if not isinstance(vector, list) or not all(isinstance(value, int | float) for value in vector):
        raise ValueError("no vector")
    model = reply.model if isinstance(reply.model, str) else None
    return Answer(
        sample_id="", embedding=[float(value) for value in vector], usage=read_usage(reply.usage), model=model
    )


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
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return " ".join(data[:300].decode("utf-8", "replace").split())
    if isinstance(said, list) and said:
        said = said[0]
    return _message_of(said.get("error", said) if isinstance(said, dict) else said)


def _message_of(error: Any) -> str:
    if isinstance(error, dict) and isinstance(error.get("error"), dict):
        error = error["error"]
    said = (error.get("message") or error.get("detail") or error) if isinstance(error, dict) else error
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, default=str)


def says_no_quota(data: bytes) -> bool:
    """Whether an error says that the account has nothing left, by its code or its type."""
    try:
        said = msgspec.json.decode(data)
        error = (said[0] if isinstance(said, list) else said)["error"]
        return not _NO_QUOTA.isdisjoint((error.get("code"), error.get("type")))
    except (msgspec.DecodeError, *ILL_FORMED):
        return False


def read_usage(usage: Any) -> Usage | None:
    """The tokens that a reply says it took; None where it does not."""
    if not isinstance(usage, dict):
        return None
    given, made = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    return Usage(
        input_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(given.get("cached_tokens")) if isinstance(given, dict) else 0,
        thinking_tokens=_count(made.get("reasoning_tokens")) if isinstance(made, dict) else 0,
    )


def _count(value: Any) -> int:
    """A number of tokens, however it was written; 0 where it cannot be one."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return int(number) if math.isfinite(number) and 0 <= number < 1e15 else 0
