"""What there is to an answer's text: where the thinking ends, and whether it is the whole of an answer at all."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

_NATIVE: Final = ("think", "thinking", "thought", "thoughts", "seed:think")
"""Tags that models put around their thinking by themselves."""

_PROMPTED: Final = (*_NATIVE, "reasoning", "scratchpad")
"""... and those that prompts ask for."""

_FINAL_CHANNEL: Final = re.compile(r"<\|channel\|>\s{0,8}final\b[^<]{0,80}<\|message\|>")
_NAME: Final = re.compile(r"(?:begin_of_|end_of_)?([^\W_][\w:.-]*)")
_MARK: Final = re.compile(r"<\|[a-z_]{1,40}\|>")


@cache
def thinking_tags(names: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of tags of these names, groups ``open`` and ``close``; what stands in quotation or code marks is none.

    The marks of models that write other brackets (``[THINK]``, ``◁think▷``, ``<|begin_of_thought|>``) are among them.
    """
    name = "|".join(re.escape(one) for one in names)
    return re.compile(
        rf"""(?<![`"'\u201c])(?:
            (?P<open><(?:{name})(?:\s[^<>]{{0,80}})?>|\[THINK\]|\u25c1think\u25b7|<\|begin_of_thought\|>)
            |(?P<close></(?:{name})\s{{0,8}}>|\[/THINK\]|\u25c1/think\u25b7|<\|end_of_thought\|>)
        )(?![`"'\u201d])""",
        re.VERBOSE | re.IGNORECASE,
    )


class Parts(NamedTuple):
    """What a text holds.

    Attributes:
        thinking: What was thought, without tags; None where nothing was.
        answer: The rest, without white space around it; the text as it is where nothing was thought.
        ended: Whether the thinking comes to an end.
    """

    thinking: str | None
    answer: str
    ended: bool = True


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


def split_thinking(text: str, *, strict: bool = False) -> Parts:
    """Tell the thinking in a text from its answer: ``<think>...</think>answer``.

    Tags may be nested, and of several thoughts none is the answer. The opening tag may stand in the prompt, so that a
    closing tag alone ends the thinking, too. Thinking that never ends leaves no answer. The channels of gpt-oss are
    read likewise: the answer is what the last ``final`` one says.

    Args:
        text: What a model said.
        strict: For verdicts, which must not come out of a thought: a tag in the middle of the text that is never closed
            begins thinking, too (else it is spoken of), and so do tags that prompts ask for (``<reasoning>``).

    >>> split_thinking("<think>2 + 2</think> 4")
    Parts(thinking='2 + 2', answer='4', ended=True)
    >>> split_thinking("so 4</think>4").answer
    '4'
    >>> split_thinking("<think>hm")
    Parts(thinking='hm', answer='', ended=False)
    >>> split_thinking("<think>the answer's <think>x</think> is odd, [[3]]").answer
    ''
    """
    if "<|channel|>" in text:
        *before, last = _FINAL_CHANNEL.split(text)
        thought = _MARK.sub("\n", "\n".join(before) if before else last).strip()
        return Parts(thought, _MARK.split(last, maxsplit=1)[0].strip()) if before else Parts(thought, "", ended=False)
    if text.startswith("analysis") and "assistantfinal" in text:  # the same, its marks lost
        thought, _, answer = text.rpartition("assistantfinal")
        return Parts(thought.removeprefix("analysis").strip(), answer.strip())
    return split_at_tags(text, thinking_tags(_PROMPTED if strict else _NATIVE), strict=strict)


def split_at_tags(text: str, tags: re.Pattern[str], *, strict: bool = True) -> Parts:
    """Tell thinking from answer by tags alone; ``tags`` is a pattern of :func:`thinking_tags`, the rest as there."""
    if "<" not in text and "[" not in text and "\u25c1" not in text:  # most answers; the search costs more
        return Parts(None, text)
    thoughts: list[str] = []
    said: list[str] = []
    depth = start = opened = 0
    inside = ""
    for tag in tags.finditer(text):
        name = _NAME.search(tag[0])[1].lower()  # type: ignore[index]
        if depth and name != inside:
            continue  # what is thought ends as it began
        if tag["open"]:
            if depth == 0:
                said.append(text[start : tag.start()])
                opened, start, inside = tag.start(), tag.end(), name
            depth += 1
        elif depth > 1:
            depth -= 1
        else:  # at depth 0 the opening tag stood in the prompt, and all before was thought
            if depth == 0:
                thoughts, said, start = [], [], 0
            thoughts.append(text[start : tag.start()].strip())
            depth, start = 0, tag.end()
    if depth and not strict and "".join(said).strip():
        depth, start = 0, opened
    if depth:
        return Parts("\n".join([*thoughts, text[start:].strip()]), "".join(said).strip(), ended=False)
    if not thoughts:
        return Parts(None, text)
    return Parts("\n".join(thoughts), "".join([*said, text[start:]]).strip())


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
    if text and split_thinking(text).answer.strip():
        return None
    return "called a tool" if tool_calls else "empty"
