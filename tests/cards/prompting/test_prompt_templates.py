"""Templates: what they write, and what they refuse. Expected values of whole rows are Unitxt 1.26.10's."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.cards.prompting.template import Template

CHOICES = ["bb", "a", "cccc", "dd"]
TOOL = {"name": "now", "description": "d", "parameters": {"type": "object", "properties": {}}}
CALL = {"name": "now", "arguments": {"z": 1}}
VALUES: dict[str, tuple[Any, str]] = {
    "text": ("words", "words"),
    "integer": (3, "3"),
    "number": (2.345, "2.345"),
    "nothing": (None, "None"),
    "list": (["a", 1], "a, 1"),
    "empty": ([], ""),
    "mapping": ({"k": 1}, "{'k': 1}"),
    "table": ({"header": ["a", "b"], "rows": [[1, "x,y"], [2.5, None]]}, 'a,b\n1,"x,y"\n2.5,'),
    "dialog": ([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}], "user: Hi\nassistant: Yo"),
    "call": (CALL, '{"name": "now", "arguments": {"z": 1}}'),
    "document": ({"title": "T", "body": "B"}, "{'title': 'T', 'body': 'B'}"),
}


def made(kind: str, **arguments: Any) -> Template:
    return build({"__type__": kind, **arguments}, Template)


def filled(template: Template, inputs: dict[str, Any], references: dict[str, Any], **more: Any) -> dict[str, Any]:
    return template.process_row({"input_fields": inputs, "reference_fields": references, **more})


@pytest.mark.parametrize("name", VALUES)
def test_values_are_written_by_their_type(name: str) -> None:
    value, text = VALUES[name]
    row = filled(made("input_output_template", input_format="<{v}>", output_format="{w}"), {"v": value}, {"w": value})
    assert (row["source"], row["target"], row["references"]) == (f"<{text}>", text, [text])
    assert row["input_fields"] == {"v": value}


def test_quantized_numbers() -> None:
    template = made("output_quantizing_template", input_format="{a} {b}", output_format="{c}", quantum=0.5)
    assert filled(template, {"a": 3, "b": 2.345}, {"c": 2.26})["source"] == "3.0 2.5"
    whole = made("output_quantizing_template", input_format="{a}", output_format="{c}", quantum=2)
    assert filled(whole, {"a": 3.2}, {"c": 5.1})["target"] == "6"


def test_the_instruction_of_a_row_goes_first() -> None:
    template = made("input_output_template", input_format="{q}", output_format="{a}", instruction="Be {q}.")
    assert filled(template, {"q": "x"}, {"a": 1})["instruction"] == "Be x."
    assert filled(template, {"q": "x"}, {"a": 1}, instruction="Do {q}!")["instruction"] == "Do x!"


def test_titles_are_capitalised_in_the_row_too() -> None:
    template = made("input_output_template", input_format="{q}", output_format="{a}", title_fields=["q"])
    row = filled(template, {"q": "hello big world"}, {"a": 1})
    assert (row["source"], row["input_fields"]) == ("Hello Big World", {"q": "Hello Big World"})
    with pytest.raises(ValueError, match="'q' must be a text"):
        filled(template, {"q": 1}, {"a": 1})


def test_a_rendered_row_is_left_alone_unless_asked() -> None:
    row = {"input_fields": {"q": "x"}, "reference_fields": {"a": 1}, "source": "s", "target": "t", "references": []}
    arguments = {"input_format": "{q}", "output_format": "{a}"}
    assert made("input_output_template", **arguments).process_row(row) is row
    anew = made("input_output_template", skip_rendered_instance=False, **arguments).process_row(row)
    assert (anew["source"], anew["references"]) == ("x", ["1"])


def test_a_row_without_references_is_only_asked() -> None:
    template = made("input_output_template", input_format="{q}", output_format="{a}")
    row = template.process_row({"input_fields": {"q": "x"}}, "__INFERENCE_STREAM__")
    assert row["source"] == "x"
    assert "references" not in row


def test_images_are_stored_and_referred_to() -> None:
    image = {"image": "https://example.com/1.png", "format": "png"}
    row = {"input_fields": {"a": image, "v": [image, image]}, "reference_fields": {"x": 1}, "media": {"images": ["z"]}}
    got = made("input_output_template", input_format="{a}|{v}", output_format="{x}").process_row(row)
    tags = [f'<unitxt-img src="media/images/{number}">' for number in (1, 2, 3)]
    assert got["source"] == f"{tags[0]}|{tags[1]}{tags[2]}"
    assert got["media"] == {"images": ["z", image, image, image]}
    assert [held["image"] for held in got["input_fields"]["v"]] == ["media/images/2", "media/images/3"]
    assert row["media"] == {"images": ["z"]}


def test_tools_are_stored() -> None:
    row = filled(made("input_output_template", input_format="{t}", output_format="{c}"), {"t": [TOOL]}, {"c": CALL})
    assert row["__tools__"] == [{"type": "function", "function": TOOL}]
    assert row["target"] == '{"name": "now", "arguments": {"z": 1}}'


def test_several_references() -> None:
    template = made("multi_reference_template", input_format="{q}", references_field="r")
    row = filled(template, {"q": ["x", "y"]}, {"r": [CALL, {"a": 1}]})
    assert row["source"] == "['x', 'y']"  # Unitxt's default for this template writes lists as Python does
    assert row["references"] == ['{"name": "now", "arguments": {"z": 1}}', "{'a': 1}"]
    assert filled(template, {"q": "x"}, {"r": []})["references"] == []
    with pytest.raises(ValueError, match="list of texts"):
        made(
            "multi_reference_template", input_format="", references_field="r"
        ).reference_fields_to_target_and_references({"r": "text"})


def test_a_random_reference_is_the_contents() -> None:
    template = made("multi_reference_template", input_format="{q}", references_field="r", random_reference=True)
    row = filled(template, {"q": "x"}, {"r": ["a", "b", "c", 4]})
    assert row["target"] in row["references"]
    assert row["target"] == filled(template, {"q": "y"}, {"r": ["a", "b", "c", 4]})["target"]
    assert len({filled(template, {"q": ""}, {"r": ["a", "b", str(n)]})["target"] for n in range(30)}) > 2


def test_yes_and_no_for_whole_rows() -> None:
    template = made("yes_no_template", input_format="{class}?", class_field="class", label_field="labels")
    inputs = {"class": "news"}
    assert filled(template, inputs, {"labels": ["news", "sports"], "class": "news"})["target"] == "Yes"
    assert filled(template, inputs, {"labels": [], "class": "news"})["references"] == ["No"]
    for references, wrong in (
        ({"labels": "news", "class": "news"}, "a list of classes"),
        ({"labels": ["news"], "class": ""}, "name of a class"),
        ({"labels": ["news"]}, "'class' is missing"),
    ):
        with pytest.raises(ValueError, match=wrong):
            filled(template, inputs, references)


@pytest.mark.parametrize(
    ("arguments", "source", "target"),
    [
        ({}, "q? A. bb, B. a, C. cccc, D. dd", "C"),
        ({"enumerator": "roman"}, "q? I. bb, II. a, III. cccc, IV. dd", "III"),
        ({"enumerator": "xyzw"}, "q? x. bb, y. a, z. cccc, w. dd", "z"),
        ({"shuffle_choices": True, "shuffle_choices_seed": 7}, None, None),
        ({"sort_choices_by_length": True}, "q? A. a, B. bb, C. dd, D. cccc", "D"),
        ({"sort_choices_alphabetically": True, "reverse_choices": True}, "q? A. dd, B. cccc, C. bb, D. a", "B"),
        ({"place_correct_choice_position": -1}, "q? A. bb, B. a, C. dd, D. cccc", "D"),
        (
            {"target_choice_format": "{choice_text}", "choices_separator": "\n"},
            "q? A. bb\nB. a\nC. cccc\nD. dd",
            "cccc",
        ),
    ],
)
@pytest.mark.parametrize("label", [2, "cccc"])
def test_multiple_choice(arguments: dict[str, Any], source: str | None, target: str | None, label: Any) -> None:
    template = made("multiple_choice_template", input_format="{question} {choices}", **arguments)
    row = filled(template, {"question": "q?", "choices": CHOICES}, {"choices": CHOICES, "label": label})
    if source is not None:
        assert (row["source"], row["target"]) == (source, target)
    shown = row["input_fields"]["choices"]
    assert shown[row["reference_fields"]["label"] if isinstance(row["reference_fields"]["label"], int) else 2] == "cccc"
    assert len(row["input_fields"]["options"]) == 4


@pytest.mark.parametrize("label", ["none of them", 4, None])
def test_a_choice_that_is_none_is_refused(label: Any) -> None:
    with pytest.raises(ValueError, match=r"none of the choices|no choice number"):
        filled(
            made("multiple_choice_template", input_format="{choices}"),
            {"choices": CHOICES},
            {"choices": CHOICES, "label": label},
        )


def test_more_choices_than_numerals_are_refused() -> None:
    with pytest.raises(ValueError, match="3 choices and 2 numerals"):
        filled(
            made("multiple_choice_template", input_format="{choices}", enumerator="xy"),
            {"choices": ["1", "2", "3"]},
            {"choices": ["1", "2", "3"], "label": 0},
        )


@pytest.mark.parametrize(
    "arguments",
    [
        {"shuffle_choices": True, "reverse_choices": True},
        {"shuffle_choices": True, "place_correct_choice_position": 0},
        {"sort_choices_by_length": True, "sort_choices_alphabetically": True},
        {"reverse_choices": True, "place_correct_choice_position": 0},
    ],
)
def test_orders_that_contradict_each_other_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError, match="choices are"):
        made("multiple_choice_template", input_format="{choices}", **arguments)


@pytest.mark.parametrize("labels", [["x", "y"], [], "x"])
def test_labels(labels: Any) -> None:
    template = made(
        "multi_label_template", input_format="{t}", labels_field="l", output_format="{l}", labels_separator="; "
    )
    if labels == "x":
        with pytest.raises(ValueError, match="list of labels"):
            filled(template, {"t": ""}, {"l": labels})
    else:
        assert filled(template, {"t": ""}, {"l": labels})["target"] == ("; ".join(labels) or "None")


def test_spans_and_labels_go_together() -> None:
    template = made("span_labeling_template", input_format="{text}")
    spans = {"text": "Ann in Oslo", "spans_starts": [7, 0], "spans_ends": [11, 3], "labels": ["LOC", "PER"]}
    assert filled(template, {"text": ""}, spans)["target"] == "Ann: PER, Oslo: LOC"
    with pytest.raises(ValueError, match="zip"):
        filled(template, {"text": ""}, {**spans, "labels": ["LOC"]})


def test_dialogs_are_written_and_strangers_are_not_passed_over() -> None:
    fields = [
        {
            "__type__": "dialog_fields_data",
            "dialog_field": "d",
            "user_role_label": "U:",
            "assistant_role_label": "A:",
            "system_role_label": "S:",
        }
    ]
    template = made("dialog_template", dialog_fields=fields, input_format="{d}", output_format="{s}")
    turns = [("system", "be"), ("user", "hi")]
    written = filled(template, {"d": turns}, {"s": 1})
    assert written["source"] == written["input_fields"]["d"] == "S: be\n\nU: hi"
    messages = [{"role": role, "content": text} for role, text in turns]
    assert filled(template, {"d": messages}, {"s": 1})["source"] == "S: be\n\nU: hi"
    for dialog in ([("tool", "7")], [("user", None)], [("user",)], "hi", [7]):
        with pytest.raises(ValueError, match="'d'"):
            filled(template, {"d": dialog}, {"s": 1})


@pytest.mark.parametrize(
    ("kind", "arguments", "wrong"),
    [
        ("input_output_template", {"input_format": "{", "output_format": ""}, "input_format"),
        ("input_output_template", {"input_format": "{a.b}", "output_format": ""}, "no name of a field"),
        ("input_output_template", {"input_format": "{a[0]}", "output_format": ""}, "no name of a field"),
        ("input_output_template", {"input_format": "{}", "output_format": ""}, "no name of a field"),
        ("input_output_template", {"output_format": ""}, "needs the argument 'input_format'"),
        ("key_val_template", {"instruction": "{0}"}, "no name of a field"),
    ],
)
def test_format_strings_are_checked_when_a_template_is_built(kind: str, arguments: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ArtifactError, match=wrong):
        made(kind, **arguments)


def test_a_missing_field_is_named() -> None:
    template = made("input_output_template", input_format="{q} {context}", output_format="{a}")
    with pytest.raises(ValueError, match=r"input_format .* wants the field 'context', and there are q"):
        filled(template, {"q": "x"}, {"a": 1})
    unset = made("input_output_template", input_format="{q}")
    with pytest.raises(ValueError, match="'output_format' is not set"):
        filled(unset, {"q": "x"}, {"a": 1})


@pytest.mark.parametrize("row", [{}, {"input_fields": {"q": 1}}])
def test_rows_of_no_task_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="fields'"):
        made("input_output_template", input_format="{q}", output_format="{a}").process_row(row)


def test_collections_of_templates() -> None:
    plain = {"__type__": "key_val_template"}
    listed: Any = build({"__type__": "templates_list", "items": [plain, {"__type__": "null_template"}]})
    named: Any = build({"__type__": "templates_dict", "items": {"plain": plain}})
    assert (len(listed), listed.keys(), type(listed[1]).__name__) == (2, [0, 1], "NullTemplate")
    assert (len(named), list(named), named["plain"].pairs_separator) == (1, ["plain"], ", ")
