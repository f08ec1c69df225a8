"""MT-Bench's prompts, equal to the character to what Unitxt makes of the same fields.

The words of the judge's instruction are taken from the recorded prompts; the frame is MT-Bench's.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from regrade.cards.prompting.chat_formats import ChatAPIFormat
from regrade.cards.prompting.dialog_templates import DialogFieldsData
from regrade.cards.prompting.pairwise_templates import DialogPairwiseChoiceTemplate
from regrade.cards.prompting.rendering import render
from regrade.cards.prompting.task import Task
from regrade.cards.prompting.text_templates import InputOutputTemplate

LABELS = {
    "reference_dialog": "### Reference answer:",
    "dialog_a": "### Assistant A:",
    "dialog_b": "### Assistant B:",
}
WINNERS = {"A": "choice_a", "B": "choice_b", "C": "tie"}
PAIRWISE = "pairwise_comparison.multi_turn_with_reference"
FRAME = "<|The Start of {0}|>\n\n{{{1}}}\n\n<|The End of {0}|>"
INPUT_FORMAT = "\n\n\n".join(
    [
        FRAME.format("Reference Answer", "reference_dialog"),
        FRAME.format("Assistant A's Conversation with User", "dialog_a"),
        FRAME.format("Assistant B's Conversation with User", "dialog_b"),
    ]
)


def recorded(conformance: Path, name: str) -> list[dict[str, Any]]:
    text = (conformance / "unitxt_mt_bench" / "expected" / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def turns(text: str, label: str) -> list[tuple[str, str]]:
    """A dialog, from how it is written in a prompt."""
    heads = {"### User:": "user", label: "assistant"}
    pieces = re.split(rf"(?:\A|\n\n)(### User:|{re.escape(label)})\n", text)[1:]
    return [(heads[head], said) for head, said in zip(pieces[::2], pieces[1::2], strict=True)]


@pytest.fixture(scope="module")
def chats(conformance: Path) -> list[dict[str, Any]]:
    return recorded(conformance, f"{PAIRWISE}.chat_api")


@pytest.fixture(scope="module")
def rows(conformance: Path) -> list[dict[str, Any]]:
    """The rows of the card as they come to its task."""
    return [
        {
            **{name: turns(row["task_data"][name], label) for name, label in LABELS.items()},
            "winner": WINNERS[row["task_data"]["winner"]],
        }
        for row in recorded(conformance, f"{PAIRWISE}.no_shuffle")
    ]


@pytest.fixture(scope="module")
def task() -> Task:
    dialog = "List[Tuple[str, str]]"
    return Task(input_fields=dict.fromkeys(LABELS, dialog), reference_fields={"winner": "str"}, metrics=["accuracy"])


def judge(instruction: str, *, shuffle: bool) -> DialogPairwiseChoiceTemplate:
    return DialogPairwiseChoiceTemplate(
        dialog_fields=[
            DialogFieldsData(
                dialog_field=name,
                user_role_label="### User:",
                assistant_role_label=label,
                system_role_label="### System:",
            )
            for name, label in LABELS.items()
        ],
        label_separator="\n",
        choice_a_field="dialog_a",
        choice_b_field="dialog_b",
        answer_field="winner",
        choice_a_label="A",
        choice_b_label="B",
        choice_tie_label="C",
        shuffle=shuffle,
        instruction=instruction,
        input_format=INPUT_FORMAT,
        output_format="[[{winner}]]",
    )


def test_texts_of_pairs(conformance: Path, rows: list[dict[str, Any]], chats: list[dict[str, Any]], task: Task) -> None:
    template = judge(chats[0]["source"][0]["content"], shuffle=False)
    expected = recorded(conformance, f"{PAIRWISE}.no_shuffle")
    assert len(rows) == len(expected) > 200
    for row, want in zip(rows, expected, strict=True):
        got = render(row, task, template)
        assert got["source"] == want["source"]
        assert (got["target"], got["references"]) == (want["target"], want["references"])
        assert got["metadata"] == {}


def test_chats_of_pairs(rows: list[dict[str, Any]], chats: list[dict[str, Any]], task: Task) -> None:
    template = judge(chats[0]["source"][0]["content"], shuffle=False)
    for row, want in zip(rows, chats, strict=True):
        assert render(row, task, template, ChatAPIFormat())["source"] == want["source"]


def test_shuffled_pairs_where_the_recorded_draw_is_given(
    conformance: Path, rows: list[dict[str, Any]], chats: list[dict[str, Any]], task: Task
) -> None:
    template = judge(chats[0]["source"][0]["content"], shuffle=True)
    expected = recorded(conformance, f"{PAIRWISE}.card_default")
    assert {want["swapped"] for want in expected} == {True, False}
    for row, want in zip(rows, expected, strict=True):
        got = render(row, task, template, arrangement={"swapped": want["swapped"]})
        assert (got["source"], got["references"]) == (want["source"], want["references"])
        assert got["metadata"] == {"swapped": want["swapped"]}


def test_our_own_draw_is_recorded_and_undone(
    rows: list[dict[str, Any]], chats: list[dict[str, Any]], task: Task
) -> None:
    template = judge(chats[0]["source"][0]["content"], shuffle=True)
    swapped = 0
    for row in rows:
        got = render(row, task, template)
        assert template.restore(got["target"].strip("[]"), got["metadata"]) == row["winner"]
        swapped += got["metadata"]["swapped"]
    assert 70 <= swapped <= 134  # of 204; a fair coin leaves these bounds once in 80,000 times


def test_texts_of_ratings(conformance: Path) -> None:
    expected = recorded(conformance, "rating.single_turn.card_default")
    first, answer = expected[0]["source"], expected[0]["task_data"]["answer"]
    instruction, _, rest = first.partition("\n[Question]\n")
    start, end = rest.split(answer)
    question = expected[0]["task_data"]["question"]
    template = InputOutputTemplate(
        instruction=instruction,
        input_format="[Question]\n" + start.replace(question, "{question}") + "{answer}" + end.rstrip("\n"),
        output_format="[[{rating}]]",
    )
    task = Task(
        input_fields={"question": "str", "answer": "str"}, reference_fields={"rating": "float"}, metrics=["spearman"]
    )
    for want in expected:
        got = render({name: want["task_data"][name] for name in ("question", "answer", "rating")}, task, template)
        assert (got["source"], got["references"]) == (want["source"], want["references"])
