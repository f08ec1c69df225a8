"""Thinking within a text, and answers that fall short."""

from __future__ import annotations

import pytest

from regrade.answer_texts import find_shortfall, split_thinking


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        ("yes", None, "yes"),
        ("  yes ", None, "  yes "),
        ("<think>\nno? or maybe?\n</think>\n\nyes", "no? or maybe?", "yes"),
        ("no? or maybe?\n</think>\n\nyes", "no? or maybe?", "yes"),
        ("<think>\nit could be yes", "it could be yes", ""),
        ("<think></think>yes", "", "yes"),
        ("<thinking>a</thinking>b", "a", "b"),
        ("<think>a</think>\n<think>b</think>c", "a\nb", "c"),
        ("use <think> as a tag", None, "use <think> as a tag"),
        ("", None, ""),
    ],
)
def test_thinking_is_told_from_the_answer(text: str, thinking: str | None, answer: str) -> None:
    assert split_thinking(text) == (thinking, answer)


@pytest.mark.parametrize(
    ("text", "calls", "reason", "refusal", "kind"),
    [
        ("yes", None, "stop", None, None),
        ("Let me see", None, "length", None, "cut off"),
        ("", None, "content_filter", None, "withheld"),
        ("", None, "stop", "I cannot", "refused"),
        ("", [{}], "tool_calls", None, "called a tool"),
        ("", None, "stop", None, "empty"),
        (" \n", None, None, None, "empty"),
        (None, None, None, None, "empty"),
        ("<think>only this</think>", None, "stop", None, "empty"),
        ("I will look it up", [{}], "tool_calls", None, None),
    ],
)
def test_how_an_answer_falls_short(
    text: str | None, calls: list[object] | None, reason: str | None, refusal: str | None, kind: str | None
) -> None:
    assert find_shortfall(text, calls, reason, refusal) == kind
