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
        ("<think>a</think>use <think> as a tag", "a", "use <think> as a tag"),
        ("<think>the answer's <think>x</think> is odd, [[3]]", "the answer's <think>x</think> is odd, [[3]]", ""),
        ("<think>a <think>b</think> c</think> d", "a <think>b</think> c", "d"),
        ("a <think>b</think> c</think>d", "a <think>b</think> c", "d"),
        ("So <think>perhaps</think> 7", "perhaps", "So  7"),
        ('<think effort="high">a</think >b', "a", "b"),
        (" <THINK>a</Think>b", "a", "b"),
        ("[THINK]a[/THINK]b", "a", "b"),
        ("\u25c1think\u25b7a\u25c1/think\u25b7b", "a", "b"),
        ("<|begin_of_thought|>a<|end_of_thought|>b", "a", "b"),
        ("write `</think>` to end", None, "write `</think>` to end"),
        ("<reasoning>a</reasoning>b", None, "<reasoning>a</reasoning>b"),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>",
            "analysis\na\n\nassistant",
            "b",
        ),
        ("<|channel|>analysis<|message|>a", "analysis\na", ""),
        ("", None, ""),
    ],
)
def test_thinking_is_told_from_the_answer(text: str, thinking: str | None, answer: str) -> None:
    assert split_thinking(text)[:2] == (thinking, answer)
    assert split_thinking(text).ended == (bool(answer) or not text)


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


@pytest.mark.parametrize(
    ("text", "answer", "ended"),
    [
        ("yes", "yes", True),
        ("So <think> maybe [[3]]", "So", False),
        ("<reasoning>[[3]]</reasoning>[[8]]", "[[8]]", True),
        ("[[8]] <scratchpad>[[3]]", "[[8]]", False),
        ("say `<think>` [[3]]", "say `<think>` [[3]]", True),
        ("<|channel|>analysis<|message|>[[3]]", "", False),
    ],
)
def test_a_verdict_does_not_come_out_of_a_thought(text: str, answer: str, ended: bool) -> None:
    parts = split_thinking(text, strict=True)
    assert (parts.answer, parts.ended) == (answer, ended)
