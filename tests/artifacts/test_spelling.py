"""The spelling of Unitxt's documentation pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.artifacts import Artifact, ArtifactError, build, open_catalogs
from regrade.artifacts.files import parse
from regrade.artifacts.spelling import SpellingNote, respell, type_named
from regrade.cli import main
from regrade.registry import lookup

PAGE = """\
type: TaskCard
loader:
  type: MultipleSourceLoader
  sources:
    - type: LoadFromDictionary
      data:
        test:
          - {question: q1, answer: a1, kind: x, type: Cast}
          - {question: q2, answer: a2, kind: null, type: Cast}
    - type: LoadFromDictionary
      data: {test: [{question: q3, answer: 'None', kind: x, type: Cast}]}
preprocess_steps:
  - type: SequentialOperator
    steps:
      - type: Rename
        field_to_field: {kind: group}
      - type: FilterByCondition
        values: {group: None}
        condition: ne
task:
  type: Task
  input_fields: {question: str}
  reference_fields: {answer: str}
  prediction_type: str
  augmentable_inputs: []
  defaults: None
  metrics:
    - type: Accuracy
templates:
  type: TemplatesDict
  items:
    plain:
      type: InputOutputTemplate
      input_format: '{question}'
      output_format: '{answer}'
      postprocessors:
        - type: PostProcess
          operator: {type: Lower, field: prediction}
"""


def test_a_page_is_read_wherever_an_artifact_stands(tmp_path: Path) -> None:
    (tmp_path / "page.yaml").write_text(PAGE)
    card = regrade.load_card(tmp_path / "page.yaml")
    samples = list(card.samples())
    assert [sample.target for sample in samples] == ["a1", "None"]  # what has no group is left out; quotes mean a text
    assert [sample.doc["type"] for sample in samples] == ["Cast", "Cast"]  # a row's own field is none of ours
    assert samples[0].metrics == [{"__type__": "accuracy"}]
    assert card.score({sample.sample_id: sample.target.upper() for sample in samples}).results[0].value == 1.0
    assert [warning.partition(": ")[2] for warning in card.loaded.warnings] == [
        'preprocess_steps[0].steps[1].values.group: None is read as null; put it in quotes if the text "None" is meant',
        'task.defaults: None is read as null; put it in quotes if the text "None" is meant',
    ]


def test_catalogs_and_data_may_be_spelled_so(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "renames.yaml").write_text("type: unitxt.operators.Rename\nfield_to_field: {a: b}\n")
    operator = build("steps.renames", catalog=open_catalogs([tmp_path]))
    assert type(operator).__name__ == "Rename"
    assert build({"type": "Rename", "field_to_field": {"a": "b"}}) == operator
    assert (
        build({"__type__": {"module": "unitxt.operators", "name": "Rename"}, "field_to_field": {"a": "b"}}) == operator
    )
    data = {"type": "SequentialOperator", "steps": [{"__type__": "Rename", "field_to_field": {"a": "b"}}]}
    assert parse(json.dumps(data).encode(), json_syntax=True) == {
        "__type__": "sequential_operator", "steps": [{"__type__": "rename", "field_to_field": {"a": "b"}}]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value", "note"),
    [
        ("__type__: filter_by_condition\nvalues: {a: None}\ncondition: ne\n", {"a": "None"}, "is here the text"),
        ("__type__: filter_by_condition\nvalues: {a: 'None'}\ncondition: ne\n", {"a": "None"}, None),
        ("__type__: filter_by_condition\nvalues: {a: null}\ncondition: ne\n", {"a": None}, None),
        ("type: FilterByCondition\nvalues: {a: None}\ncondition: ne\n", {"a": None}, "is read as null"),
        ('type: FilterByCondition\nvalues: {a: "None"}\ncondition: ne\n', {"a": "None"}, None),
        ("__type__: set\nfields: {a: None}\n", {"a": "None"}, "is here the text"),
        ("type: Set\nfields: {a: [None, True]}\n", {"a": [None, True]}, "is read as null"),
    ],
)
def test_the_word_none(text: str, value: Any, note: str | None) -> None:
    notes: list[SpellingNote] = []
    data = parse(text.encode(), json_syntax=False, notes=notes)
    assert data.get("values", data.get("fields")) == value
    assert all(type(item) in (str, type(None), list) for item in value.values())
    assert [note] == [found.text.partition("None ")[2].partition(' "')[0].partition(";")[0] for found in notes] or (
        note is None and not notes
    )
    assert isinstance(build(data), Artifact)


def test_none_is_nothing_where_an_argument_may_be_nothing() -> None:
    notes: list[SpellingNote] = []
    text = b"__type__: rename\nfield: a\nto_field: None\n"
    assert parse(text, json_syntax=False, notes=notes)["to_field"] is None
    assert [note.path for note in notes] == [("to_field",)]


def test_types_by_class_name() -> None:
    for name in ("LoadHF", "LoadFromHFSpace", "LoadCSV", "InputOutputTemplate", "ToolCallPostProcessor", "TaskCard"):
        named = type_named(name)
        assert named is not None
        assert named.replace("_", "") == name.lower()
        assert isinstance(lookup("artifact", named), type)
    assert type_named("set") == "set"
    assert type_named("no_such_type") is None
    assert type_named(3) is None
    with pytest.raises(ArtifactError, match=r"'task_crad' is no known type\n.*task_card"):
        build({"type": "TaskCrad"})


def test_many_notes_are_counted() -> None:
    rows = "".join(f"    - {{a: None, b: {n}}}\n" for n in range(9))
    _, notes = respell({"__type__": "x"})
    assert notes == []
    parse(f"__type__: load_from_dictionary\ndata:\n  test:\n{rows}".encode(), json_syntax=False, notes=notes)
    assert len(notes) == 6
    assert str(notes[-1]) == "and so 4 more times"


def test_check_warns_with_line_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "step.yaml"
    file.write_text("__type__: filter_by_condition\nvalues:\n  kind: None\ncondition: ne\n")
    assert main(["card", "check", str(file)]) == 0
    shown = capsys.readouterr().out
    assert f'{file}:3:9: warning: None is here the text "None"' in shown
    assert "nothing is wrong" in shown
    assert main(["card", "check", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["severity"] == "warning"
