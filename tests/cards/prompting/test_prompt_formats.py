"""Formats: one text, or chat messages."""

from __future__ import annotations

import base64
import importlib.util
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts import ArtifactError
from regrade.artifacts.words import apply_capital_new_line_notation
from regrade.cards.prompting.chat_formats import ChatAPIFormat, GraniteDocumentsFormat, HFSystemFormat, image_address
from regrade.cards.prompting.formats import SystemFormat, unitxt_new_lines
from regrade.errors import UnavailableError

DIALOG = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}, {"role": "user", "content": "Bye"}]


def text(row: dict[str, Any], **arguments: Any) -> str:
    return str(SystemFormat(**arguments).process_row(row)["source"])


def chat(row: dict[str, Any], **arguments: Any) -> Any:
    return ChatAPIFormat(**arguments).process_row(row)["source"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"source": "1+1"}, "1+1\n"),
        ({"source": "1+1", "instruction": "Add.", "target_prefix": "= "}, "Add.\n1+1\n= "),
        ({"source": "1+1", "system_prompt": "Sys\n", "instruction": "Add.\n\n"}, "Sys\nAdd.\n1+1\n"),
        ({"source": "\n\nx\n\n", "instruction": "\n"}, "\n\nx\n"),
        ({"source": "", "__turns__": DIALOG[:1]}, '[{"role": "user", "content": "Hi"}]\n'),
        (
            {"source": "q", "demos": [{"source": "a", "target": "b", "target_prefix": "> "}, {"source": "c\n\n"}]},
            "a\n> b\n\nc\n\n\nq\n",
        ),
    ],
)
def test_one_text(row: dict[str, Any], expected: str) -> None:
    assert text(row) == expected
    assert text(row, as_unitxt=True) == expected


def test_what_is_in_the_text_leaves_the_row() -> None:
    row = {"source": "q", "instruction": "i", "system_prompt": "s", "target_prefix": "p", "target": "t", "demos": []}
    assert SystemFormat().process_row(row) == {"source": "s\ni\nq\np", "target": "t", "demos": []}
    assert "instruction" in row


@pytest.mark.parametrize("ending", ["Which (or whom)", "Plan\\", "PLAN", "(", "C:\\New\\Notes"])
def test_no_character_of_a_row_is_lost(ending: str) -> None:
    assert text({"source": ending, "target_prefix": "Answer:"}) == f"{ending}\nAnswer:"
    assert text({"source": ending, "target_prefix": "Answer:"}, as_unitxt=True) != f"{ending}\nAnswer:"


PIECES = st.lists(st.sampled_from(["\\N", "\n", "a", " ", "b c"])).map("".join)


@given(PIECES)
def test_capital_new_lines_are_unitxts_where_nothing_is_lost(given_text: str) -> None:
    assert apply_capital_new_line_notation(given_text) == unitxt_new_lines(given_text)


@given(PIECES, PIECES)
def test_a_format_carries_out_its_own_capital_new_lines(before: str, after: str) -> None:
    row = {"source": "<>"}
    shape = before + "{source}" + after
    assert text(row, model_input_format=shape) == unitxt_new_lines(shape.replace("{source}", "<>"))


def test_names_of_its_own() -> None:
    arguments = {
        "format_args": {"user": "User: ", "agent": "\\NAgent: "},
        "demo_format": "{user}{source}{agent}{target}\n",
        "model_input_format": "{demos}{user}{instruction} {source}{agent}",
    }
    row = {"source": "2+2", "instruction": "Add", "demos": [{"source": "1+1\n", "target": "2"}]}
    assert text(row, **arguments) == "User: 1+1\nAgent: 2\nUser: Add 2+2\nAgent: "


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ({"model_input_format": "{source"}, "model_input_format"),
        ({"model_input_format": "{sauce}"}, "has the field 'sauce'"),
        ({"demo_format": "{system_prompt}"}, "has the field 'system_prompt'"),
        ({"demo_format": "{source!r}"}, "shapes the field"),
    ],
)
def test_formats_are_checked_when_they_are_built(arguments: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ArtifactError, match=wrong):
        SystemFormat(**arguments)


@pytest.mark.parametrize("row", [{"source": None}, {"source": "q", "instruction": 7}, {"source": "q", "demos": "d"}])
def test_what_is_no_text_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be a"):
        SystemFormat().process_row(row)


def test_chat_messages() -> None:
    row = {
        "system_prompt": "S",
        "instruction": "I",
        "source": "q",
        "target_prefix": "> ",
        "demos": [{"source": "a", "target": "b"}],
    }
    demo = {"role": "assistant", "content": "> b"}
    assert chat(row) == [
        {"role": "system", "content": "S\nI"},
        {"role": "user", "content": "a"},
        demo,
        {"role": "user", "content": "q"},
    ]
    assert chat(row, place_instruction_in_user_turns=True) == [
        {"role": "system", "content": "S\n"},
        {"role": "user", "content": "I\na"},
        demo,
        {"role": "user", "content": "I\nq"},
    ]
    assert chat({"source": "q"}) == [{"role": "user", "content": "q"}]


def test_dialogs_pass_through_with_their_instruction() -> None:
    row = {"source": "", "__turns__": DIALOG, "instruction": "I"}
    assert chat(row) == [{"role": "system", "content": "I"}, *DIALOG]
    placed = chat(row, place_instruction_in_user_turns=True)
    assert placed == [{"role": "user", "content": "I\nHi"}, *DIALOG[1:]]
    assert DIALOG[0]["content"] == "Hi"


def test_demonstrations_that_are_dialogs_are_dialogs() -> None:
    demo = {"source": "", "target": "Ciao", "__turns__": DIALOG}
    assert chat({"source": "q", "demos": [demo]}) == [
        *DIALOG,
        {"role": "assistant", "content": "Ciao"},
        {"role": "user", "content": "q"},
    ]


def test_images_become_parts_of_the_content() -> None:
    png = b"\x89PNG"
    row = {
        "source": "<unitxt-img src=\"media/images/0\">What is <unitxt-img src='https://example.com/2.png'>?",
        "media": {"images": [{"image": png, "format": "png"}], "audios": []},
    }
    got = ChatAPIFormat().process_row(row)
    address = "data:image/png;base64," + base64.b64encode(png).decode()
    assert got["source"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": address, "detail": "low"}},
        {"type": "text", "text": "What is "},
        {"type": "image_url", "image_url": {"url": "https://example.com/2.png", "detail": "low"}},
        {"type": "text", "text": "?"},
    ]
    assert got["media"] == {"images": [], "audios": []}
    assert len(row["media"]["images"]) == 1  # type: ignore[index]


def test_addresses_of_images() -> None:
    assert image_address({"image": "data:image/png;base64,AA==", "format": "png"}) == "data:image/png;base64,AA=="
    held = {"bytes": b"x", "path": None}
    assert image_address({"image": held, "format": None}) == "data:image/jpeg;base64,eA=="
    for image in ("/tmp/cat.png", None, {"path": "cat.png"}):
        with pytest.raises(ValueError, match="the image"):
            image_address({"image": image, "format": "png"})


@pytest.mark.skipif(importlib.util.find_spec("transformers") is not None, reason="transformers is installed")
def test_chat_templates_of_models_need_transformers() -> None:
    for made, row in (
        (HFSystemFormat(model_name="some/model"), {"source": "q"}),
        (GraniteDocumentsFormat(), {"input_fields": {"question": "q", "context": "c"}}),
    ):
        assert "transformers" in (made.needs() or "")
        with pytest.raises(UnavailableError, match="needs the package transformers"):
            made.process_row(row)


class _Tokenizer:
    def apply_chat_template(self, chat: list[dict[str, str]], **options: Any) -> str:
        assert options.pop("tokenize") is False
        assert options.pop("add_generation_prompt") is True
        return "".join(f"<{turn['role']}>{turn['content']}" for turn in chat) + f"<assistant>{options or ''}"


def test_chat_templates_of_models() -> None:
    made = HFSystemFormat(model_name="some/model", chat_kwargs_dict={"thinking": "no"})
    made.__dict__["tokenizer"] = _Tokenizer()
    row = {"source": "q", "instruction": "i", "target_prefix": "A:"}
    assert made.process_row(row)["source"] == "<system>i<user>q<assistant>{'thinking': 'no'}A:"


def test_granite_wants_a_question_and_contexts() -> None:
    with pytest.raises(ValueError, match="'question'"):
        GraniteDocumentsFormat().process_row({"input_fields": {"question": "q"}})
