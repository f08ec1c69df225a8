"""What there is to an answer's text: where the thinking ends, and whether it is the whole of an answer at all."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, TypeAlias

_OPENED: Final = re.compile(r"\s*<(think|thinking)>")
_CLOSED: Final = re.compile(r"</(think|thinking)>")

_TAG: Final = re.compile(
    r"""(?<![`"'\u201c])(?:
        (?P<open><(?:think|thinking|thought|thoughts|reasoning|scratchpad|seed:think)(?:\s[^<>]{0,80})?>
            |\[THINK\]|\u25c1think\u25b7|<\|begin_of_thought\|>)
        |(?P<close></(?:think|thinking|thought|thoughts|reasoning|scratchpad|seed:think)\s{0,8}>
            |\[/THINK\]|\u25c1/think\u25b7|<\|end_of_thought\|>)
    )(?![`"'\u201d])""",
    re.VERBOSE | re.IGNORECASE,
)
_CHANNEL: Final = "<|channel|>"
_FINAL_CHANNEL: Final = re.compile(r"<\|channel\|>\s{0,8}final\b[^<]{0,80}<\|message\|>")

Shortfall: TypeAlias = Literal["cut off", "withheld", "refused", "called a tool", "empty"]
"""How an answer falls short: it ended at the limit of tokens; a filter withheld it; the model declined in the field
for that; it called a tool in place of a text; it holds nothing, or nothing but thinking."""

SHORTFALLS: Final[dict[Shortfall, str]] = {
    "cut off": "cut off at the limit of tokens (finish_reason length; --param max_tokens=N)",
    "withheld": "withheld by a content filter",
    "refused": "refused by the model",
    "called a tool": "calls of a tool in place of a text",
    "empty": "empty",
}
"""What is said of them, after ``3 of 40 answers were``."""


def split_thinking(text: str) -> tuple[str | None, str]:
    """Thinking and answer of a text that holds both, ``<think>...</think>answer``.

    The opening tag may stand in the prompt, so that a closing tag alone ends the thinking, too. Thinking that never
    ends leaves no answer.

    Returns:
        The thinking without its tags, None where there is none; and the rest without white space around it, or the
        text as it is where nothing was thought.

    >>> split_thinking("<think>2 + 2</think> 4")
    ('2 + 2', '4')
    >>> split_thinking("so 4</think>4")
    ('so 4', '4')
    >>> split_thinking("<think>hm")
    ('hm', '')
    """
    thoughts: list[str] = []
    rest = text
    while (opened := _OPENED.match(rest)) is not None:
        closed = _CLOSED.search(rest, opened.end())
        if closed is None:
            thoughts.append(rest[opened.end() :].strip())
            return "\n".join(thoughts), ""
        thoughts.append(rest[opened.end() : closed.start()].strip())
        rest = rest[closed.end() :]
    if not thoughts and (closed := _CLOSED.search(rest)) is not None:
        thoughts.append(rest[: closed.start()].strip())
        rest = rest[closed.end() :]
    return ("\n".join(thoughts), rest.strip()) if thoughts else (None, text)


def remove_thinking(text: str) -> str | None:
    """What a text says outside of thinking, wherever that stands; None where a thinking part never ends.

    Stricter than :func:`split_thinking`, for a verdict must not come out of a thought: thinking may stand anywhere, its
    tags may have other names (``<thought>``, ``[THINK]``, channels of gpt-oss) and be nested. A tag in quotation marks
    or code marks is spoken of and begins nothing.

    >>> remove_thinking("So: <thinking>maybe [[3]]</thinking> [[8]]")
    'So:  [[8]]'
    >>> remove_thinking("<think>the answer's <think>x</think> is odd, [[3]]") is None
    True
    """
    if _CHANNEL in text:
        *_, last = ("", *_FINAL_CHANNEL.split(text))
        if not _FINAL_CHANNEL.search(text):
            return None
        text = last.partition("<|")[0]
    elif text.startswith("analysis") and "assistantfinal" in text:  # the same, its marks lost
        text = text.rpartition("assistantfinal")[2]
    said: list[str] = []
    depth = start = 0
    for tag in _TAG.finditer(text):
        if tag["open"]:
            if depth == 0:
                said.append(text[start : tag.start()])
            depth += 1
        elif depth:
            depth -= 1
        else:  # the opening tag stood in the prompt
            said.clear()
        start = tag.end()
    return None if depth else "".join([*said, text[start:]])


def find_shortfall(text: str | None, tool_calls: Any, finish_reason: Any, refusal: Any) -> Shortfall | None:
    """How an answer falls short of an answer; None where it does not.

    Args:
        text: Its text, with or without thinking.
        tool_calls: The tools that it calls.
        finish_reason: Why it ended, as the server said.
        refusal: What it said in the field for refusals.
    """
    if finish_reason in ("length", "max_tokens", "MAX_TOKENS"):
        return "cut off"
    if finish_reason in ("content_filter", "safety", "SAFETY"):
        return "withheld"
    if refusal:
        return "refused"
    if text and split_thinking(text)[1].strip():
        return None
    return "called a tool" if tool_calls else "empty"
