"""What is wrong with artifacts, and where."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regrade.artifacts import Catalogs
from regrade.artifacts.catalogs import bundled_folder
from regrade.artifacts.check import check_catalog, check_file
from regrade.artifacts.coverage import coverage
from regrade.artifacts.field_flow import missing_fields

Add = Callable[..., Path]

YAML = """\
__type__: sequential_operator
steps:
- __type__: renam
  field: a
- __type__: rename
  field: 7
  filed: b
- __type__: select_fields
- steps.nowhere
- steps.broken[a=
- __type__: set
  fields: {a: {__type__: mystery}}
"""

WRONG = [
    (3, "unknown-type", "'renam' is no known type"),
    (6, "wrong-value", "Expected `str | array | null`, got `int`"),
    (7, "unknown-argument", "rename has no argument 'filed'"),
    (8, "missing-argument", "select_fields needs the argument 'fields'"),
    (9, "unresolved-reference", "no catalog has 'steps.nowhere'"),
    (10, "unresolved-reference", "'steps.broken[a=' has a bracket without its other half"),
    (12, "unknown-type", "'mystery' is no known type"),
]


def test_everything_wrong_in_yaml_is_told(add: Add, catalog: Catalogs) -> None:
    path = add("card", YAML, ".yaml")
    found = check_file(path, catalog)
    assert [(problem.line, problem.code, problem.message) for problem in found] == WRONG
    assert [problem.column for problem in found] == [13, 10, 3, 3, 3, 3, 26]
    assert str(found[0]) == f"{path}:3:13: 'renam' is no known type (did you mean rename?)"
    assert found[6].path == "steps[5].fields.a.__type__"


def test_everything_wrong_in_json_is_told(add: Add, catalog: Catalogs) -> None:
    import yaml

    data = yaml.safe_load(YAML)
    found = check_file(add("card", json.dumps(data, indent=1)), catalog)
    assert [(problem.code, problem.message) for problem in found] == [wrong[1:] for wrong in WRONG]
    lines = json.dumps(data, indent=1).split("\n")
    told = [lines[(problem.line or 0) - 1][(problem.column or 0) - 1 :] for problem in found]
    assert [text.partition(":")[0].rstrip(",") for text in told] == [
        '"renam"', "7", '"filed"', "{", '"steps.nowhere"', '"steps.broken[a="', '"mystery"',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "suffix", "place"),
    [("{", ".json", "1:2"), ('{"__type__": "lower"\n"a": 1}', ".json", "2:1"), ("a: [\n", ".yaml", "2:1")],
)
def test_syntax(content: str, suffix: str, place: str, add: Add, catalog: Catalogs) -> None:
    path = add("card", content, suffix)
    [problem] = check_file(path, catalog)
    assert problem.code == "syntax"
    assert str(problem).startswith(f"{path}:{place}: this is no ")


def test_arguments_that_do_not_fit_each_other(add: Add, catalog: Catalogs) -> None:
    path = add(
        "card",
        '{"__type__": "sequential_operator",\n"steps": [\n{"__type__": "apply", "function": "eval", "to_field": "b"}]}',
    )
    [problem] = check_file(path, catalog)
    assert problem.line == 3
    assert "eval" in problem.message


def test_what_is_wrong_behind_a_reference_is_told_at_the_reference(add: Add, catalog: Catalogs) -> None:
    add("steps.bad", {"__type__": "sequential_operator", "steps": [{"__type__": "renam"}, {"__type__": "x"}]})
    path = add("card", '{"__type__": "sequential_operator",\n"steps": ["steps.bad"]}')
    [problem] = check_file(path, catalog)
    assert (problem.line, problem.column, problem.code) == (2, 11, "unknown-type")
    assert problem.message == "steps.bad: steps[0].__type__: 'renam' is no known type (and 1 more)"


def test_a_circle_is_told(add: Add, catalog: Catalogs) -> None:
    add("a", {"__type__": "sequential_operator", "steps": ["b"]})
    add("b", {"__type__": "sequential_operator", "steps": ["a"]})
    report = check_catalog(catalog)
    assert set(report.problems) == {"a", "b"}
    assert all("circle" in problem.message for found in report.problems.values() for problem in found)


def test_one_of_several_types_fits(add: Add, catalog: Catalogs) -> None:
    """Templates are a list of them, a mapping of them, or a reference; what is told is about the one that is meant."""
    path = add(
        "card",
        {
            "__type__": "task_card",
            "loader": {"__type__": "load_from_dictionary", "data": {"test": [{"a": "x"}]}},
            "task": {"__type__": "task", "input_fields": {"a": "str"}, "reference_fields": {"a": "str"}, "metrics": []},
            "templates": [{"__type__": "input_output_template", "input_frmat": "{a}"}],
        },
    )
    assert [problem.message for problem in check_file(path, catalog)] == [
        "input_output_template needs the argument 'input_format'",
        "input_output_template has no argument 'input_frmat'",
    ]


# -- fields that no step produces --------------------------------------------------------------------------------------


def steps(*given: dict[str, Any], fields: Any = ("a",), loader: Any = None, **task: Any) -> dict[str, Any]:
    task = {"reference_fields": {}, "metrics": [], **task}
    return {
        "__type__": "task_card",
        "loader": loader or {"__type__": "load_json_file", "files": {"test": "x.json"}},
        "preprocess_steps": list(given),
        "task": {"__type__": "task", "input_fields": dict.fromkeys(fields, "str"), **task},
        "templates": [{"__type__": "input_output_template", "input_format": "{a}", "output_format": "{a}"}],
    }


def rename(field: str, to: str, **more: Any) -> dict[str, Any]:
    return {"__type__": "rename", "field": field, "to_field": to, **more}


ROWS = {"__type__": "load_from_dictionary", "data": {"test": [{"a": 1, "b": 2}]}}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (steps(rename("a", "b")), "the task asks for the field 'a'"),
        (steps({"__type__": "remove_fields", "fields": ["a"]}), "the task asks for the field 'a'"),
        (steps({"__type__": "select_fields", "fields": ["b"]}), "the task asks for the field 'a'"),
        (steps(rename("c", "b"), {"__type__": "copy", "field": "c", "to_field": "d"}), "copy asks for the field 'c'"),
        (steps({"__type__": "sequential_operator", "steps": [rename("a", "b")]}), "the task asks for the field 'a'"),
        (steps(loader=ROWS, fields=("a", "c")), "the task asks for the field 'c'"),
        (steps(fields=("b",)), "the template's input_format names the field 'a'"),
    ],
)
def test_fields_that_certainly_are_missing(data: dict[str, Any], told: str, catalog: Catalogs) -> None:
    errors = missing_fields(data, catalog)
    assert errors
    assert {error.code for error in errors} == {"missing-field"}
    assert told in errors[0].what


@pytest.mark.parametrize(
    "data",
    [
        steps(),
        steps(rename("a", "b"), rename("b", "a")),
        steps(rename("a", "b"), {"__type__": "set", "fields": {"a": 1}}),
        steps(rename("a", "b"), {"__type__": "some_step_of_somebody"}),
        steps(rename("a", "b", apply_to_streams=["train"])),
        steps(rename("a/x", "b")),
        steps(rename("a", "b"), defaults={"a": "x"}),
        steps({"__type__": "select_fields", "fields": ["a"]}, {"__type__": "shuffle"}),
        steps({"__type__": "select_fields", "fields": ["b"]}, {"__type__": "copy", "field": "b", "to_field": "a"}),
        steps({"__type__": "execute_expression", "expression": "1", "to_field": "a"}, loader=ROWS),
        steps(rename("a", "b"), rename("a", "c", not_exist_ok=True), {"__type__": "set", "fields": {"a": 1}}),
        steps(loader=ROWS),
        steps("steps.nowhere"),  # type: ignore[arg-type]
    ],
)
def test_fields_that_may_be_there(data: dict[str, Any], catalog: Catalogs) -> None:
    assert missing_fields(data, catalog) == []


# -- whole catalogs ----------------------------------------------------------------------------------------------------


def test_unitxts_catalogue(unitxt: Catalogs) -> None:
    """All of its 4,922 artifacts parse; what is told of them was looked at one by one, and is so."""
    report = check_catalog(unitxt)
    assert report.total == 4922
    codes = Counter(problem.code for found in report.problems.values() for problem in found)
    assert codes["syntax"] == codes["unknown-argument"] == codes["missing-argument"] == codes["missing-field"] == 0
    unresolved = {name for name, found in report.problems.items() for p in found if p.code == "unresolved-reference"}
    assert all(name.startswith("metrics.llm_as_judge.") for name in unresolved), "engines.ibm_gen_ai.* is not there"
    wrong = {name for name, found in report.problems.items() for p in found if p.code == "wrong-value"}
    assert all(name.startswith("cards.dynamic_cards_for_llm_judges.") for name in wrong), "cards without a loader"
    assert set(report.unknown_types) <= {name for name in unitxt.names() if name.startswith("benchmarks.")}


def test_coverage_of_unitxts_catalogue(unitxt: Catalogs) -> None:
    found = coverage(unitxt)
    assert found.cards.total == 3257
    assert found.families.total == 134
    assert found.cards.parsed_share == 1
    assert found.cards.processable_share >= 0.98
    assert found.families.processable_share >= 0.90
    assert found.cards.scorable_share >= 0.95
    assert all(card.reasons for card in found.each if not card.scorable)
    assert not any(card.scorable and not card.processable for card in found.each)


def test_coverage(add: Add, catalog: Catalogs) -> None:
    add("cards.good.one", steps())
    add("cards.good.two", steps({"__type__": "mystery"}))
    add("cards.judged", steps(metrics=["metrics.judge"]))
    add("metrics.judge", {"__type__": "mysterious_judge"})
    add("cards.code", steps({"__type__": "apply", "function": "eval", "to_field": "b", "a": "b"}))
    add("cards.broken", "{")
    add("cards.lost", steps(default_template="templates.nowhere"))
    add("cards.link", {"__type__": "artifact_link", "to": "cards.good.one"})
    found = coverage(catalog, Catalogs([*catalog.folders, bundled_folder()]))
    assert not next(card.reasons for card in found.each if card.name == "cards.good.one")
    each = {card.name.removeprefix("cards."): card for card in found.each}
    assert {name for name, card in each.items() if card.parsed} == {"good.one", "good.two", "judged", "code", "link"}
    assert {name for name, card in each.items() if card.processable} == {"good.one", "judged", "link"}
    assert {name for name, card in each.items() if card.scorable} == {"good.one", "link"}
    assert found.missing == {"mysterious_judge": 1, "mystery": 1}
    assert found.families.total == 6
    assert found.families.processable_share == pytest.approx(2 / 6), "not all cards of the family good are"
