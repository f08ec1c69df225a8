"""What is wrong with a card or its rows: told with its place, counted, and before any money is spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.artifacts import ArtifactError, build, open_catalogs
from regrade.artifacts.operator import Operator
from regrade.artifacts.streams import stream_of
from regrade.cards.account import Account
from regrade.cards.bad_rows import Step
from regrade.cards.prepare import prepare_card
from regrade.cards.prompting.task import Task
from regrade.cards.prompting.template import Template
from regrade.cards.steps import apply_steps
from regrade.cards.trial import why_not_scored
from regrade.cli import main
from regrade.errors import InputError, RecipeError, RegradeError

TASK: dict[str, Any] = {
    "__type__": "task",
    "input_fields": {"question": "str"},
    "reference_fields": {"answer": "str"},
    "prediction_type": "str",
    "metrics": ["metrics.accuracy"],
}
TEMPLATE = {"__type__": "input_output_template", "input_format": "{question}", "output_format": "{answer}"}


def card(rows: Any, *steps: Any, **more: Any) -> dict[str, Any]:
    loader = rows if isinstance(rows, dict) and "__type__" in rows else None
    streams = rows if isinstance(rows, dict) else {"test": rows}
    return {
        "__type__": "task_card",
        "loader": loader or {"__type__": "load_from_dictionary", "data": streams},
        "preprocess_steps": list(steps),
        "task": TASK,
        "templates": [TEMPLATE],
        **more,
    }


def rows(*kinds: Any) -> list[dict[str, Any]]:
    return [{"question": f"q{n}", "answer": f"a{n}", "kind": kind} for n, kind in enumerate(kinds)]


# -- steps that see whole streams -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "arguments", "kinds", "kept", "reason"),
    [
        ("length_balancer", {"fields": ["kind"], "segments_boundaries": [2]}, ["a", 5, "abc", None], 2, "no len"),
        ("feature_grouped_shuffle", {"grouping_features": ["kind"]}, ["a", ["x"], "b", {"y": 1}], 2, "unhashable"),
        ("feature_grouped_shuffle", {"grouping_features": ["kind/0"]}, [["a"], 5, ["b"]], 2, "kind/0"),
        ("balance", {"fields": ["kind/x"]}, [{"x": 1}, 7, {"x": 2}, {"y": 1}], 2, "kind/x"),
        ("deduplicate", {"by": ["kind/x"]}, [{"x": 1}, 7, {"x": 2}], 2, "kind/x"),
        (
            "minimum_one_example_per_label_refiner",
            {"fields": ["kind/x"], "max_instances": 9},
            [{"x": 1}, 7],
            1,
            "kind/x",
        ),
        ("encode_labels", {"fields": ["kind"]}, ["a", {"x": 1}, "b"], 2, "unhashable"),
        ("perturb", {"field": "kind/x", "percentage_to_perturb": 0}, [{"x": 1}, 7, {"x": 2}], 2, "kind/x"),
        (
            "extract_field_values",
            {"field": "kind/x", "stream_name": "test", "to_field": "v"},
            [{"x": 1}, 7],
            1,
            "kind/x",
        ),
    ],
)
def test_a_bad_row_is_left_out_counted_and_named(
    step: str, arguments: dict[str, Any], kinds: list[Any], kept: int, reason: str
) -> None:
    data = {"__type__": step, **arguments}
    samples = regrade.load_card(card(rows(*kinds), data)).samples()
    made = list(samples)
    assert len(made) == kept
    account = samples.account
    assert account.failed == len(kinds) - kept
    assert all(failure.name.startswith(step) and failure.stream == "test" for failure in account.failures)
    assert reason in account.failures[0].reason
    there = {sample.input_fields["question"] for sample in made}
    assert [failure.row for failure in account.failures] == [n + 1 for n in range(len(kinds)) if f"q{n}" not in there]
    count = next(each for each in account.counts if each.step == 1)
    assert (count.rows_in, count.rows_out) == (len(kinds), kept)
    with pytest.raises(InputError, match="without --strict"):
        list(regrade.load_card(card(rows(*kinds), data)).samples(strict=True))


def test_the_others_come_as_if_the_bad_row_had_not_been_there() -> None:
    shuffle = {"__type__": "feature_grouped_shuffle", "grouping_features": ["kind"], "page_size": 3}
    good = rows(*"abcabcabc")
    without = [s.target for s in regrade.load_card(card(good[:6], shuffle)).samples()]
    found = [s.target for s in regrade.load_card(card([*good[:6], {**good[6], "kind": ["x"]}], shuffle)).samples()]
    assert found == without


class Odd:
    """A value that can be no key."""

    def __hash__(self) -> int:
        raise TypeError("it has no hash")


@pytest.mark.parametrize("how", ["inner", "left", "right", "outer"])
@pytest.mark.parametrize("odd", ["left", "right"])
def test_joins_go_on(how: str, odd: str) -> None:
    streams: dict[str, list[dict[str, Any]]] = {
        "left": [{"question": f"q{n}", "id": n} for n in range(3)],
        "right": [{"answer": f"a{n}", "id": n} for n in range(3)],
    }
    streams[odd].insert(1, {"id": Odd()})
    join = {"left_stream": "left", "right_stream": "right", "how": how, "on": ["id"], "new_stream_name": "test"}
    account = Account()
    step = Step(1, "join_streams", build({"__type__": "join_streams", **join}, Operator))
    made = apply_steps([step], {name: stream_of(each) for name, each in streams.items()}, account)["test"]
    want = [(f"q{n}", f"a{n}") for n in range(3)]
    assert [(row["question"], row["answer"]) for row in made] == want
    assert [(row["question"], row["answer"]) for batch in made.batches() for row in batch.rows()] == want
    assert [(failure.stream, failure.row, failure.reason) for failure in account.failures] == [
        (odd, 2, "it has no hash")
    ]
    assert account.failed == 1


def test_what_no_row_alone_is_at_fault_for_ends_the_run() -> None:
    step = {"__type__": "collate_instances_by_field", "by_field": "kind", "aggregate_fields": ["answer"]}
    with pytest.raises(RecipeError, match="no row by itself is at fault"):
        list(regrade.load_card(card(rows("x", "x"), step)).samples())


# -- ids --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("argument", ["sample_id", "group"])
def test_a_field_that_no_row_has(argument: str) -> None:
    with pytest.raises(
        RecipeError, match=f"no field 'uid', which '{argument}' names; the row has question, answer, kind"
    ):
        list(regrade.load_card(card(rows("x"), **{argument: "uid"})).samples())


def test_rows_without_an_id_are_counted() -> None:
    given = [{"question": "q", "answer": "a", "ids": {"uid": 1}}, {"question": "p", "answer": "b", "ids": {}}]
    samples = regrade.load_card(card(given, sample_id="ids/uid")).samples()
    assert [sample.sample_id for sample in samples] == ["1"]
    assert samples.account.failed == 1
    assert "which 'sample_id' names" in str(samples.account.failures[0])


# -- circles and depth ------------------------------------------------------------------------------------------------


def test_circles_are_told_by_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, other in (("a", "b"), ("b", "a")):
        for kind, data in (
            ("operators", {"__type__": "sequential_operator", "steps": [f"operators.{other}"]}),
            ("templates", {"__type__": "templates_list", "items": [f"templates.{other}"]}),
        ):
            (tmp_path / "cat" / kind).mkdir(parents=True, exist_ok=True)
            (tmp_path / "cat" / kind / f"{name}.json").write_text(json.dumps(data))
    (tmp_path / "cat" / "cards").mkdir()
    for file, more in (("steps", {"preprocess_steps": ["operators.a"]}), ("templates", {"templates": "templates.a"})):
        Path(f"{file}.json").write_text(json.dumps({**card(rows("x")), **more}))
        (tmp_path / "cat" / "cards" / f"{file}.json").write_text(Path(f"{file}.json").read_text())
        for command in ("check", "run", "show"):
            assert main(["card", command, f"{file}.json", "--catalog", "cat"]) in (1, 2)
            said = "".join(capsys.readouterr())
            assert "circle" in said or file == "templates"  # lists of lists of templates are no templates anyway
            assert "Traceback" not in said
    assert main(["catalog", "coverage", "cat"]) == 0
    assert main(["card", "check", "cat"]) == 1


def test_artifacts_nested_too_deeply(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    step: Any = {"__type__": "shuffle"}
    for _ in range(400):
        step = {"__type__": "sequential_operator", "steps": [step]}
    file = tmp_path / "card.json"
    file.write_text(json.dumps(card(rows("x"), step)))
    for command in ("check", "run", "show"):
        assert main(["card", command, str(file)]) == 1
        assert "nested too deeply" in "".join(capsys.readouterr())


# -- before anything is asked -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metrics": ["metrics.acuracy"]}, r"the task's metrics: no catalog has 'metrics.acuracy'\n.*metrics.accuracy"),
        ({"metrics": [{"__type__": "acuracy"}]}, "'acuracy' is no known type"),
        ({"metrics": [{"__type__": "accuracy", "no_such": 1}]}, "no argument 'no_such'"),
        ({"metrics": ["templates.empty"]}, "is no metric"),
    ],
)
def test_metrics_are_checked_before_anything_is_asked(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ArtifactError, match=said):
        prepare_card(card(rows("x"), task={**TASK, **change}))


def test_postprocessors_are_checked_before_anything_is_asked() -> None:
    with pytest.raises(ArtifactError, match="lower_cas"):
        prepare_card(card(rows("x"), templates=[{**TEMPLATE, "postprocessors": ["processors.lower_cas"]}]))


def test_references_are_checked_before_anything_is_asked(tmp_path: Path) -> None:
    task = {**TASK, "prediction_type": "float", "metrics": ["metrics.spearman"]}
    wrong = prepare_card(card(rows(*"abc"), task=task))
    with pytest.raises(RecipeError, match=r"its references cannot be scored: .*takes .*float"):
        list(wrong.samples)
    number = {**TEMPLATE, "postprocessors": ["processors.cast_to_float_return_zero_if_failed"]}
    assert len(list(prepare_card(card(rows(*"abc"), task=task, templates=[number])).samples)) == 3


def test_a_failed_start_leaves_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    task = {**TASK, "prediction_type": "float", "metrics": ["metrics.spearman"]}
    for name, one in (
        ("metric", card(rows("x"), task={**TASK, "metrics": ["metrics.acuracy"]})),
        ("references", card(rows("x"), task=task)),
        ("id", card(rows("x"), sample_id="uid")),
    ):
        Path(f"{name}.json").write_text(json.dumps(one))
        command = ["run", f"{name}.json", "--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--workspace", "w"]
        assert main(command) == 1
        assert not list(Path("w").glob("*")) if Path("w").exists() else True
    capsys.readouterr()


# -- cells of CSV files -----------------------------------------------------------------------------------------------


RENAMED = {"__type__": "rename", "field_to_field": {"answer": "b"}}


@pytest.mark.parametrize(
    ("steps", "cells", "targets"),
    [
        ([], ["4", "1e3", "007", "true"], ["4", "1e3", "007", "true"]),
        ([], ["4", "6"], ["4", "6"]),
        ([RENAMED, {"__type__": "copy", "field": "b", "to_field": "answer"}], ["4", "6"], ["4", "6"]),
        ([{"__type__": "shuffle"}], ["6", "4"], ["4", "6"]),
        ([{"__type__": "filter_by_condition", "values": {"question": "q0"}, "condition": "eq"}], ["4", "6"], ["4"]),
        ([{"__type__": "cast", "field": "answer", "to": "str"}], ["4.0", "6"], ["4.0", "6.0"]),
    ],
)
def test_cells_are_texts_where_the_task_wants_texts(
    steps: list[Any], cells: list[str], targets: list[str], tmp_path: Path
) -> None:
    lines = "".join(f"q{n},{cell}\n" for n, cell in enumerate(cells))
    (tmp_path / "t.csv").write_text(f"question,answer\n{lines}")
    file = tmp_path / "card.json"
    file.write_text(json.dumps(card({"__type__": "load_csv", "files": {"test": "t.csv"}}, *steps)))
    assert sorted(sample.target for sample in regrade.load_card(file).samples()) == sorted(targets)


def test_cells_that_a_step_looks_at_keep_their_types(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("question,answer\nq,4\np,6\n")
    file = tmp_path / "card.json"
    step = {"__type__": "filter_by_condition", "values": {"answer": 5}, "condition": "gt"}
    file.write_text(json.dumps(card({"__type__": "load_csv", "files": {"test": "t.csv"}}, step)))
    with pytest.raises(RecipeError, match=r"__type__: cast, field: answer, to: str"):
        list(regrade.load_card(file).samples())
    with pytest.raises(RecipeError, match=r"must be str.*cast"):
        list(
            regrade.load_card(
                {**card({"__type__": "load_from_dictionary", "data": {"test": [{"question": "q", "answer": 4}]}})}
            ).samples()
        )


# -- values of other types --------------------------------------------------------------------------------------------


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path] * bool(path) + [found for key, item in items for found in places(item, (*path, key))]


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = data.copy()
    copy[path[0]] = changed(data[path[0]], path[1:], value)
    return copy


RICH = card(
    {"train": rows(*"aabb"), "test": rows(*"abab")},
    {"__type__": "rename", "field_to_field": {"kind": "label"}},
    {"__type__": "balance", "fields": ["label"]},
    {"__type__": "filter_by_condition", "values": {"label": "a"}, "condition": "eq", "apply_to_streams": ["test"]},
    {"__type__": "set", "fields": {"more": [1, {"x": "y"}]}},
    {"__type__": "shuffle", "page_size": 2},
    sampler={"__type__": "random_sampler"},
    sample_id="question",
    group="label",
)


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, ["x", 1], {"__type__": "shuffle"}, True, "a[b=", [[[]]]])
def test_no_value_of_another_type_ends_in_a_bare_exception(value: Any) -> None:
    def goes(work: Callable[[], Any], path: tuple[Any, ...]) -> None:
        try:
            work()
        except RegradeError:
            return
        except Exception as error:
            raise AssertionError(f"{path} = {value!r}: {type(error).__name__}: {error}") from error

    for path in places(RICH):
        if path[:2] == ("loader", "data") and len(path) > 3:
            continue
        data = changed(RICH, path, value)
        goes(lambda data=data: list(regrade.load_card(data).samples(num_demos=1)), path)  # type: ignore[misc]


# -- rows that are made up, to know whether a card can be scored ------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "template", "reason"),
    [
        (TASK, TEMPLATE, None),
        ({**TASK, "prediction_type": "float", "metrics": ["metrics.spearman"]}, TEMPLATE, "must be of type float"),
        (
            {
                **TASK,
                "reference_fields": {"answer": "float"},
                "prediction_type": "float",
                "metrics": ["metrics.spearman"],
            },
            {**TEMPLATE, "postprocessors": ["processors.cast_to_float_return_zero_if_failed"]},
            None,
        ),
        (
            {**TASK, **{key: {**TASK[key], "choices": "List[str]"} for key in ("input_fields", "reference_fields")}},
            {
                "__type__": "multiple_choice_template",
                "input_format": "{question} {choices}",
                "target_field": "answer",
                "choices_field": "choices",
                "postprocessors": ["processors.to_string_stripped"],
            },
            None,
        ),
        (TASK, {**TEMPLATE, "output_format": "{no_such}"}, "no_such"),
        ({**TASK, "metrics": [{"__type__": "tool_calling_metric"}]}, TEMPLATE, "ToolCall"),
    ],
)
def test_a_task_is_tried_with_rows_of_its_types(
    task: dict[str, Any], template: dict[str, Any], reason: str | None
) -> None:
    catalog = open_catalogs()
    found = why_not_scored(build(task, Task), build(template, Template, catalog=catalog), catalog)
    assert found is None if reason is None else found is not None and reason in found


def test_coverage_counts_a_card_once_a_row_of_it_was_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cards").mkdir()
    wrong = {**TASK, "prediction_type": "float", "metrics": ["metrics.spearman"]}
    for name, one in (("good", card(rows("x"))), ("bad", card(rows("x"), task=wrong))):
        (tmp_path / "cards" / f"{name}.json").write_text(json.dumps(one))
    assert main(["catalog", "coverage", str(tmp_path), "--json", "--cards"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["cards"]["processable_share"] == 1.0
    assert found["cards"]["scorable_share"] == 0.5
    (one,) = found["not_scorable"]
    assert one["name"] == "cards.bad"
    assert "no row that was made up could be scored: metrics.spearman" in one["reasons"][0]
