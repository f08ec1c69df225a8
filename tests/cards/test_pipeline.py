"""Cards from rows to samples: steps and their account, ids, choices, demonstrations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import regrade
from regrade.artifacts import ArtifactError
from regrade.artifacts.identity import Ids, content_id
from regrade.errors import InputError, RecipeError, RegradeError, UsageError

TASK = {
    "__type__": "task",
    "input_fields": {"question": "str"},
    "reference_fields": {"answer": "Union[int, str]"},
    "prediction_type": "str",
    "metrics": ["metrics.accuracy"],
}
TEMPLATE = {
    "__type__": "input_output_template",
    "input_format": "{question}",
    "output_format": "{answer}",
    "postprocessors": ["processors.to_string_stripped"],
}
ROWS = [{"question": f"1+{n}?", "answer": n + 1, "level": n % 2, "id": f"q{n}"} for n in range(6)]


def card(rows: Any = None, **more: Any) -> dict[str, Any]:
    streams = rows if isinstance(rows, dict) else {"test": rows or ROWS}
    loader = {"__type__": "load_from_dictionary", "data": streams}
    return {"__type__": "task_card", "loader": loader, "task": TASK, "templates": [TEMPLATE], **more}


def counts(samples: Any) -> list[tuple[Any, ...]]:
    return [
        (c.name.split()[0], c.stream, c.rows_in, c.rows_out, sum(c.dropped.values()), sum(c.failed.values()))
        for c in samples.account.counts
    ]


# -- steps and their account ---------------------------------------------------------------


def test_every_step_tells_what_it_did() -> None:
    steps = [
        {"__type__": "rename", "field_to_field": {"level": "difficulty"}},
        {"__type__": "filter_by_condition", "values": {"difficulty": 1}, "condition": "eq"},
    ]
    samples = regrade.load_card(card(preprocess_steps=steps)).samples()
    assert [sample.doc["id"] for sample in samples] == ["q1", "q3", "q5"]
    assert counts(samples) == [
        ("loaded", "test", 6, 6, 0, 0),
        ("rename", "test", 6, 6, 0, 0),
        ("filter_by_condition", "test", 6, 3, 3, 0),
        ("task", "test", 3, 3, 0, 0),
        ("input_output_template", "test", 3, 3, 0, 0),
    ]
    (dropped,) = [count.dropped for count in samples.account.counts if count.dropped]
    assert list(dropped) == ["filter_by_condition values={difficulty: 1}, condition=eq"]


def test_a_row_that_cannot_be_processed_is_put_aside() -> None:
    rows = [*ROWS[:2], {**ROWS[2], "answer": None}, {**ROWS[3], "level": {}}, *ROWS[4:]]
    steps = [{"__type__": "map_instance_values", "mappers": {"level": {"0": "easy", "1": "hard"}}}]
    samples = regrade.load_card(card(rows, preprocess_steps=steps)).samples()
    assert [sample.doc["id"] for sample in samples] == ["q0", "q1", "q4", "q5"]
    first, second = samples.account.failures
    assert (first.step, first.stream, first.row) == (1, "test", 4)
    assert (second.step, second.stream, second.row) == (2, "test", 3)
    assert second.reason.startswith("the reference field 'answer' must be")
    assert samples.account.failed == 2
    assert sum(samples.account.reasons.values()) == 2
    list(samples)
    assert samples.account.failed == 2, "going through again counts anew"


def test_strict_makes_it_an_error() -> None:
    rows = [ROWS[0], {**ROWS[1], "answer": None}]
    with pytest.raises(InputError, match=r"step 1 \(task\), stream 'test', row 2: the reference field 'answer'"):
        list(regrade.load_card(card(rows)).samples(strict=True))


def test_no_row_left_is_an_error_that_names_the_first() -> None:
    rows = [{**row, "answer": None} for row in ROWS]
    with pytest.raises(RecipeError, match=r"stream 'test', row 1: no row could be processed; the reference field"):
        list(regrade.load_card(card(rows)).samples())


def test_a_filter_that_leaves_nothing_is_an_error_unless_it_may() -> None:
    step = {"__type__": "filter_by_condition", "values": {"level": 7}, "condition": "eq"}
    with pytest.raises(RecipeError, match=r"step 1 .*: no row of the stream 'test' meets the condition; 6 came in"):
        list(regrade.load_card(card(preprocess_steps=[step])).samples())
    step["error_on_filtered_all"] = False
    assert list(regrade.load_card(card(preprocess_steps=[step])).samples()) == []


def test_what_goes_wrong_in_a_step_of_whole_streams_names_it() -> None:
    step = {
        "__type__": "join_streams",
        "left_stream": "test",
        "right_stream": "none",
        "how": "inner",
        "on": ["id"],
        "new_stream_name": "test",
    }
    with pytest.raises((RecipeError, UsageError), match="none"):
        list(regrade.load_card(card(preprocess_steps=[step])).samples())


def test_a_row_of_which_no_rows_can_be_made_is_put_aside() -> None:
    rows = [{"question": "q", "answer": answer} for answer in ([1, 2], 7, [], [3])]
    step = {"__type__": "explode", "field": "answer"}
    samples = regrade.load_card(card({"test": rows}, preprocess_steps=[step])).samples()
    assert [sample.doc["answer"] for sample in samples] == [1, 2, 3]
    (failure,) = samples.account.failures
    assert (failure.row, failure.reason) == (2, "'answer' is the int 7, and no list")
    assert [(count.rows_in, count.rows_out) for count in samples.account.counts if count.step == 1] == [(4, 3)]


def test_steps_of_sequences_count_by_themselves_and_streams_that_are_left_alone_do_not() -> None:
    inner = [
        {"__type__": "set", "fields": {"seen": True}, "apply_to_streams": ["test"]},
        {"__type__": "set", "fields": {"seen": False}, "apply_to_streams": ["train"]},
    ]
    data = card({"test": ROWS, "train": ROWS}, preprocess_steps=[{"__type__": "sequential_operator", "steps": inner}])
    samples = regrade.load_card(data).samples()
    assert all(sample.doc["seen"] is True for sample in samples)
    assert [line[:2] for line in counts(samples)] == [
        ("loaded", "test"),
        ("set", "test"),
        ("task", "test"),
        ("input_output_template", "test"),
    ]


def test_rows_are_read_as_far_as_they_are_wanted() -> None:
    samples = regrade.load_card(card()).samples(limit=2)
    assert len(list(samples)) == 2
    assert counts(samples)[0] == ("loaded", "test", 2, 2, 0, 0)


# -- samples ---------------------------------------------------------------


def test_a_sample() -> None:
    sample = next(iter(regrade.load_card(card(sample_id="id", group="level")).samples()))
    assert sample.sample_id == "q0"
    assert sample.doc == ROWS[0]
    assert sample.prompt is not None
    assert sample.prompt.strip() == "1+0?"
    assert (sample.target, sample.references, sample.group) == ("1", ["1"], "0")
    assert (sample.input_fields, sample.reference_fields) == ({"question": "1+0?"}, {"answer": 1})
    assert sample.metadata == {"split": "test", "template": "0"}
    assert sample.postprocessors == ["processors.to_string_stripped"]
    assert sample.metrics == ["metrics.accuracy"]


def test_artifacts_among_metrics_and_postprocessors_are_data() -> None:
    task = {**TASK, "metrics": [{"__type__": "accuracy"}]}
    sample = next(iter(regrade.load_card(card(task=task)).samples()))
    assert sample.metrics == [{"__type__": "accuracy"}]
    json.dumps(sample.metrics)


def test_equal_rows_have_different_ids() -> None:
    ids = [sample.sample_id for sample in regrade.load_card(card([ROWS[0]] * 3)).samples()]
    assert ids == [content_id(ROWS[0]), f"{ids[0]}-2", f"{ids[0]}-3"]


def test_an_id_does_not_depend_on_the_order_of_fields_or_on_the_template() -> None:
    again = [dict(reversed(row.items())) for row in ROWS]
    other = {**TEMPLATE, "input_format": "Say {question}"}
    one = [sample.sample_id for sample in regrade.load_card(card()).samples()]
    assert one == [sample.sample_id for sample in regrade.load_card(card(again)).samples(template=other)]


@pytest.mark.parametrize("value", [None, True, "", 1.5, [1]])
def test_what_is_no_id(value: Any) -> None:
    with pytest.raises(ValueError, match="'id', which identifies rows, holds"):
        Ids("id").of({"id": value})


def test_several_fields_identify_a_row_together() -> None:
    rows = [{**ROWS[n], "level": n // 2, "id": f"q{n % 2}"} for n in range(4)] * 2
    ids = [sample.sample_id for sample in regrade.load_card(card(rows, sample_id=["level", "id"])).samples()]
    assert ids == ["0/q0", "0/q1", "1/q0", "1/q1", "0/q0-2", "0/q1-2", "1/q0-2", "1/q1-2"]
    with pytest.raises(ArtifactError, match="names no field"):
        regrade.load_card(card(sample_id=[]))


@given(st.lists(st.sampled_from(["a", "a-2", "a-2-2", "b", "a-3"])))
def test_ids_are_unique_whatever_they_are(names: list[str]) -> None:
    ids = Ids("id")
    found = [ids.of({"id": name}) for name in names]
    assert len(set(found)) == len(found)
    assert [one for one, name in zip(found, names, strict=True) if one == name][:1] == [
        one for one in found if one in names
    ][:1]


# -- choices ---------------------------------------------------------------


def test_templates_by_number_name_and_data() -> None:
    loud = {**TEMPLATE, "input_format": "{question}!"}
    several = regrade.load_card(card(templates={"calm": TEMPLATE, "loud": loud}))

    def first(**choices: Any) -> tuple[str, str]:
        sample = next(iter(several.samples(**choices)))
        return str(sample.prompt).strip(), sample.metadata["template"]

    assert first() == ("1+0?", "calm")
    assert first(template="loud") == ("1+0?!", "loud")
    assert first(template=1) == first(template="1") == ("1+0?!", "1")
    assert first(template={**TEMPLATE, "input_format": "{question}..."})[0] == "1+0?..."
    with pytest.raises(ArtifactError, match="nothing"):
        first(template="nothing")
    with pytest.raises(ArtifactError, match=r"no template 7|has no template '?7"):
        first(template=7)
    with pytest.raises(ArtifactError, match="is no template"):
        first(template=TASK)
    with pytest.raises(ArtifactError, match="neither card nor task has a template"):
        regrade.load_card(card(templates=None)).samples()


def test_messages() -> None:
    sample = next(iter(regrade.load_card(card()).samples(format="chat_api")))
    assert sample.prompt is None
    assert sample.messages == [{"role": "user", "content": "1+0?"}]


def test_splits() -> None:
    streams = {"train": ROWS[:2], "validation": ROWS[2:]}
    chosen = regrade.load_card(card(streams))
    with pytest.raises(UsageError, match="several streams and none is called test"):
        list(chosen.samples())
    with pytest.raises(UsageError, match="no split 'dev'"):
        list(chosen.samples(split="dev"))
    assert [sample.doc["id"] for sample in chosen.samples(split="train")] == ["q0", "q1"]
    assert len(list(regrade.load_card(card({"train": ROWS})).samples())) == 6, "the only one needs no name"


def test_what_is_no_choice() -> None:
    with pytest.raises(UsageError, match="nothing is called 'tempalte'"):
        regrade.load_card(card()).samples(tempalte=1)


def test_missing_values_are_nan_for_unitxts_sake_only(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("question,answer,note\nq,1,\nr,2,x\n")
    data = {**card(), "loader": {"__type__": "load_csv", "files": {"test": "rows.csv"}}}
    ours = regrade.load_card(data, data=tmp_path)
    assert [sample.doc["note"] for sample in ours.samples()] == [None, "x"]
    note = next(iter(ours.samples(compat="unitxt"))).doc["note"]
    assert note != note


# -- demonstrations ---------------------------------------------------------------


def test_demonstrations_come_from_train() -> None:
    data = card({"train": ROWS[:4], "test": ROWS[4:]})
    samples = list(regrade.load_card(data).samples(num_demos=2))
    assert len(samples) == 2
    for sample in samples:
        assert sample.metadata["num_demos"] == 2
        shown = [row["question"] for row in ROWS if row["question"] in str(sample.prompt)]
        assert len(shown) == 3
        assert sample.doc["question"] in shown
    assert samples == list(regrade.load_card(data).samples(num_demos=2)), "drawn by content, not by chance"


def test_the_pool_is_no_sample_where_it_is_of_the_same_stream() -> None:
    recipe = {
        "__type__": "dataset_recipe",
        "card": card(),
        "num_demos": 1,
        "demos_pool_size": 3,
        "demos_taken_from": "test",
    }
    samples = list(regrade.load_card(recipe).samples())
    assert [sample.doc["id"] for sample in samples] == ["q3", "q4", "q5"]
    kept = regrade.load_card({**recipe, "demos_removed_from_data": False})
    assert len(list(kept.samples())) == 6


def test_the_pool_is_taken_before_the_rest_is_refined() -> None:
    recipe = {
        "__type__": "dataset_recipe",
        "card": card(task={**TASK, "input_fields": {"question": "str", "level": "int"}}),
        "num_demos": 1,
        "demos_pool_size": 3,
        "demos_taken_from": "test",
        "test_refiner": {"__type__": "deterministic_balancer", "fields": ["input_fields/level"]},
    }
    samples = regrade.load_card(recipe).samples()
    made = list(samples)
    assert {sample.doc["level"] for sample in made} == {0, 1}
    assert len(made) == 2, "q3, q4 and q5 are left, with the levels 1, 0 and 1"
    assert {sample.doc["id"] for sample in made} < {"q3", "q4", "q5"}
    assert [row[:4] for row in counts(samples)][1:3] == [
        ("task", "test", 6, 6),
        ("balance", "test", 3, 2),
    ]


def test_demonstrations_are_augmented_as_samples_are() -> None:
    recipe = {
        "__type__": "dataset_recipe",
        "card": card(ROWS[:2], task={**TASK, "augmentable_inputs": ["question"]}),
        "num_demos": 1,
        "demos_pool_size": -1,
        "demos_taken_from": "test",
        "demos_removed_from_data": False,
        "augmentor": {"__type__": "augment_prefix_suffix", "prefixes": ["> "], "prefix_len": 1, "suffixes": None},
    }
    prompts = [sample.prompt for sample in regrade.load_card(recipe).samples()]
    assert prompts == ["> 1+1?\n2\n\n> 1+0?\n", "> 1+0?\n1\n\n> 1+1?\n"], "and none is its own demonstration"


def test_what_demonstrations_want() -> None:
    with pytest.raises(UsageError, match="demonstrations come from the stream 'train', and there is none"):
        list(regrade.load_card(card()).samples(num_demos=1))
    with pytest.raises(RecipeError, match="3 demonstrations are wanted, and the stream 'train' has 2"):
        list(regrade.load_card(card({"train": ROWS[:2], "test": ROWS})).samples(num_demos=3))
    with pytest.raises(ArtifactError, match="5 demonstrations need a pool of more than 5"):
        regrade.load_card({"__type__": "dataset_recipe", "card": card(), "num_demos": 5, "demos_pool_size": 5})


# -- recipes ---------------------------------------------------------------


def test_a_recipe_overrides() -> None:
    recipe = {
        "__type__": "standard_recipe",
        "card": card(),
        "template": {**TEMPLATE, "input_format": "Q: {question}"},
        "metrics": ["metrics.f1_macro"],
        "postprocessors": ["processors.lower_case"],
        "max_test_instances": 2,
        "loader_limit": 4,
    }
    samples = regrade.load_card(recipe).samples()
    made = list(samples)
    assert len(made) == 2
    assert str(made[0].prompt).startswith("Q: 1+0?")
    assert (made[0].metrics, made[0].postprocessors) == (["metrics.f1_macro"], ["processors.lower_case"])
    with pytest.raises(ArtifactError, match="not both"):
        regrade.load_card({**recipe, "template_card_index": 0})
    with pytest.raises(ArtifactError, match="max_test_instances"):
        regrade.load_card({**recipe, "loader_limit": 1})


# -- loading and scoring ---------------------------------------------------------------


def test_cards_in_files(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("question,answer\nq,1\n")
    data = {**card(), "loader": {"__type__": "load_csv", "files": {"test": "rows.csv"}}}
    path = tmp_path / "my_card.json"
    path.write_text(json.dumps(data))
    loaded = regrade.load_card(path)
    assert loaded.name == "my_card"
    assert [sample.doc for sample in loaded.samples()] == [{"question": "q", "answer": 1}]
    path.write_text(json.dumps({**data, "tempaltes": []}))
    with pytest.raises(ArtifactError, match=r"my_card\.json: tempaltes: task_card has no argument"):
        regrade.load_card(path)
    with pytest.raises(ArtifactError, match="no such file"):
        regrade.load_card(tmp_path / "none.yaml")
    with pytest.raises(ArtifactError, match="this is a task, no card"):
        regrade.load_card(TASK)


def test_scores() -> None:
    chosen = regrade.load_card(card())
    samples = list(chosen.samples())
    answers = {sample.sample_id: " 1 " for sample in samples}
    scores = chosen.score(answers, by="doc.level")
    values = {tuple(result.group.values()): (result.value, result.n) for result in scores.results}
    assert values == {(): (pytest.approx(1 / 6), 6), (0,): (pytest.approx(1 / 3), 3), (1,): (0.0, 3)}
    with pytest.raises(UsageError, match="never by position"):
        chosen.score(["1"] * 6)


def test_answers_are_matched_by_id_and_missing_ones_are_told() -> None:
    chosen = regrade.load_card(card(sample_id="id"))
    rows = [{"sample_id": f"q{n}", "answer": str(n + 1)} for n in (3, 0, 1)] + [{"sample_id": "q9", "answer": "x"}]
    scores = chosen.score(rows)
    (part,) = scores.parts
    assert (part.counts.expected, part.counts.samples, part.counts.missing) == (6, 3, 3)
    assert part.results[0].value == 1.0
    assert "3 samples have no answer: q2, q4, q5" in part.notes
    assert "1 answers belong to no sample: q9" in part.notes
    assert scores.exit_code == 3


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([], "there are no answers"),
        (5, "never by position"),
        ({"zz": "x"}, r"score\(answers\): there is nothing to score\n(.|\n)*1 answers belong to no sample: zz"),
        ({"q0": {"no": "text"}}, r"nothing to score\n(.|\n)*6 samples have no answer(.|\n)*1 rows hold an error or no"),
    ],
)
def test_answers_that_answer_nothing(answers: object, message: str) -> None:
    with pytest.raises(RegradeError, match=message):
        regrade.load_card(card(sample_id="id")).score(answers)


def test_answers_of_one_sample_are_repeats_and_told() -> None:
    rows = [{"sample_id": "q0", "answer": text, "repeat": "first"} for text in ("1", "no")]
    (part,) = regrade.load_card(card(sample_id="id")).score(rows).parts
    assert any(
        note.startswith("1 answers are to samples that had one already: they are repeats") for note in part.notes
    )
    assert part.results[0].value == 1.0


# -- in batches and row by row ---------------------------------------------------------------


def test_a_bad_row_is_told_the_same_however_rows_are_read() -> None:
    rows = [{**ROWS[n % 6], "n": n, **({"answer": None} if n % 400 == 399 else {})} for n in range(1200)]
    steps = [
        {"__type__": "filter_by_condition", "values": {"level": 1}, "condition": "eq"},
        {"__type__": "map_instance_values", "mappers": {"n": {"7": {}}}, "strict": False},
        {"__type__": "execute_expression", "expression": "10 / (n - 801)", "to_field": "ratio"},
    ]
    loaded = regrade.load_card(card(rows, preprocess_steps=steps))
    at_once = loaded.samples()
    one_by_one = loaded.samples(limit=10_000)  # with a limit no row is read that is not wanted
    assert list(at_once) == list(one_by_one)
    assert counts(at_once) == counts(one_by_one)
    assert [str(each) for each in at_once.account.failures] == [str(each) for each in one_by_one.account.failures]
    assert [(each.step, each.row) for each in at_once.account.failures] == [
        (3, 8), (3, 802), (4, 400), (4, 800), (4, 1200),
    ]  # fmt: skip


def test_with_a_limit_no_row_is_read_that_is_not_wanted() -> None:
    samples = regrade.load_card(card(ROWS)).samples(limit=2)
    assert len(list(samples)) == 2
    assert counts(samples)[0] == ("loaded", "test", 2, 2, 0, 0)


def test_a_regular_expression_that_never_ends_costs_its_row_only() -> None:
    rows = [*ROWS[:2], {**ROWS[2], "question": "a" * 60 + "b"}, *ROWS[3:]]
    steps = [{"__type__": "extract_with_regex", "field": "question", "to_field": "found", "regex": "^(a+)+$"}]
    for choices in ({}, {"limit": 10}):
        samples = regrade.load_card(card(rows, preprocess_steps=steps)).samples(**choices, time_limit=0.1)
        assert [sample.doc["id"] for sample in samples] == ["q0", "q1", "q3", "q4", "q5"]
        (failure,) = samples.account.failures
        assert (failure.row, failure.reason) == (3, "exceeded --time-limit 0.1 (CPU s)")


# -- what cannot be meant ---------------------------------------------------------------


@pytest.mark.parametrize("given", [5, None, ["cards.x"]])
def test_what_is_no_card_in_any_form_is_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="a card is a name of a catalog, a file or data"):
        regrade.load_card(given)


@pytest.mark.parametrize(
    ("choices", "what"),
    [
        ({"num_demos": "x"}, "num_demos='x': Expected `int | null`, got `str`"),
        ({"num_demos": -1}, "num_demos=-1: must be at least 0"),
        ({"compat": "harness"}, "compat='harness': Invalid enum value 'harness'"),
        ({"demos": 3}, "nothing is called 'demos'"),
        ({"data": 5}, "data=5: is no folder"),
        ({"data": "nowhere"}, "data='nowhere': is no folder"),
    ],
)
def test_choices_that_cannot_be_are_refused(choices: dict[str, Any], what: str) -> None:
    with pytest.raises(UsageError) as refused:
        regrade.load_card(card()).samples(**choices)
    assert str(refused.value).startswith(what)


def test_a_source_without_rows_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("question,answer\n")
    loader = {"__type__": "load_csv", "files": {"test": str(tmp_path / "empty.csv")}}
    with pytest.raises(RecipeError, match="the loader gave no row"):
        list(regrade.load_card({**card(), "loader": loader}, allow_paths=[tmp_path]).samples())


def test_an_answer_may_repeat_the_words_that_it_was_begun_with() -> None:
    template = {**TEMPLATE, "target_prefix": "{question} = "}
    asked = regrade.load_card(card(templates=[template])).samples()
    answers = {sample.sample_id: f" {sample.prompt.splitlines()[-1]} {sample.target}" for sample in asked}
    assert next(iter(answers.values())) == " 1+0? =  1"
    assert asked.score(answers).results[0].value == 1.0
