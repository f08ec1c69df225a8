"""Judges as data, and the samples that they ask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts import ArtifactError, open_catalogs
from regrade.errors import InputError, RecipeError, RegradeError, UsageError
from regrade.filters import Pipeline
from regrade.judging.conversation import Conversation
from regrade.judging.fastchat import published_judge
from regrade.judging.find import find_judge
from regrade.judging.judge import Judge, Option, Prompt
from regrade.judging.rendering import fill_braces
from regrade.judging.samples import Asking, samples_of
from regrade.judging.verdict_form import steps, verdict_schema, wording
from regrade.schema import FilterPipeline, FilterStep


def judge(**given: Any) -> Judge:
    return Judge(**{"mode": "rating", "prompts": [Prompt(user="{{question}} {{answer}}", name="one")], **given})


def talk(item: str = "1", system: str = "m", turns: int = 1, **more: Any) -> Conversation:
    questions = [f"q{n}" for n in range(1, turns + 1)]
    return Conversation(
        item=item, system=system, questions=questions, answers=[f"{system} {q}" for q in questions], **more
    )


def asked(one: Judge, *talks: Conversation, **how: Any) -> tuple[list[Any], Asking]:
    asking = Asking(**how)
    return list(samples_of(one, talks, asking)), asking


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"prompts": []}, "no prompt"),
        ({"repeats": 0}, "at least 1"),
        ({"lowest": 5, "highest": 5}, "less than"),
        ({"mode": "choice"}, "nothing to choose"),
        ({"options": [Option(name="a", score=1)]}, "no options"),
        ({"mode": "choice", "options": [Option(name="a", score=1), Option(name=" A", score=2)]}, "same name"),
    ],
)
def test_what_does_not_fit_together_is_told(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ArtifactError, match=said):
        judge(**given)


def test_a_prompt_is_chosen_by_turn_and_reference() -> None:
    prompts = [
        Prompt(user="{{answer}}", name="plain"),
        Prompt(user="{{answer}} {{reference}}", name="referring", reference=True),
        Prompt(user="{{turns|length}} {{turns[0].answer}}", name="talk", conversation=True),
    ]
    one = judge(prompts=prompts, reference_categories=["math"])
    samples, _ = asked(
        one,
        talk("1", turns=2, references=["r1", "r2"], category="math"),
        talk("2", references=["r1"], category="art"),
        talk("3", references=[""], category="math"),
    )
    assert [(sample.sample_id, sample.metadata["prompt"]) for sample in samples] == [
        ("m/1.1", "referring"),
        ("m/1.2", "talk"),
        ("m/2.1", "plain"),
        ("m/3.1", "plain"),
    ]
    assert samples[0].messages == [{"role": "user", "content": "m q1 r1"}]
    assert samples[1].messages == [{"role": "user", "content": "2 m q1"}]


def test_a_correct_answer_is_not_shown_by_a_prompt_without_one() -> None:
    samples, _ = asked(judge(prompts=[Prompt(user="[{{reference}}]")]), talk(references=["secret"]))
    assert samples[0].messages[0]["content"] == "[]"


def test_samples_without_a_prompt_are_counted() -> None:
    one = judge(prompts=[Prompt(user="{{reference}}", reference=True)])
    samples, asking = asked(one, talk("1"), talk("2", references=["r"]))
    assert [sample.metadata["item"] for sample in samples] == ["2"]
    assert asking.left_out == {"the judge has no prompt for it": 1}


def test_turns_without_an_answer_are_counted() -> None:
    half = Conversation(item="1", system="m", questions=["q1", "q2"], answers=["a1"])
    none = Conversation(item="2", system="m", questions=["q1"], answers=[])
    prompts = [Prompt(user="{{answer}}"), Prompt(user="{{answer}}", conversation=True)]
    samples, asking = asked(judge(prompts=prompts), half, none)
    assert [sample.sample_id for sample in samples] == ["m/1.1"]
    assert asking.left_out == {"there is no answer to a later turn": 1, "there is no answer": 1}
    samples, asking = asked(judge(prompts=prompts, judged_turns="last"), half, none)
    assert not samples
    assert sum(asking.left_out.values()) == 2


def test_pairs_of_any_number_of_systems() -> None:
    one = judge(mode="pairwise", prompts=[Prompt(user="{{answer_a}} / {{answer_b}}")])
    talks = [talk(item, system) for system in "abc" for item in "12"][:-1]
    samples, asking = asked(one, *talks)
    assert [sample.sample_id for sample in samples] == [
        *("a~b/1.1", "a~b/1.1/swapped", "a~b/2.1", "a~b/2.1/swapped"),
        *("a~c/1.1", "a~c/1.1/swapped"),
        *("b~c/1.1", "b~c/1.1/swapped"),
    ]
    assert [sample.messages[0]["content"] for sample in samples[:2]] == ["a q1 / b q1", "b q1 / a q1"]
    assert asking.left_out == {"only one of two systems has answered": 2}
    assert samples[1].metadata == {
        "item": "1",
        "turn": 1,
        "repeat": 0,
        "category": None,
        "models": ["a", "b"],
        "lengths": [4, 4],
        "prompt": "",
        "swapped": True,
    }
    samples, _ = asked(one, *talks, baseline="b", order="given")
    assert [sample.metadata["models"] for sample in samples] == [["b", "a"], ["b", "a"], ["b", "c"]]


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=20, unique=True))
def test_one_order_is_drawn_by_content_alone(items: list[str]) -> None:
    one = judge(mode="pairwise", prompts=[Prompt(user="{{answer_a}}")])
    talks = [
        Conversation(item=item, system=system, questions=[item], answers=[system + item])
        for system in "ab"
        for item in items
    ]
    first, _ = asked(one, *talks, order="content")
    again, _ = asked(one, *reversed(talks), order="content")
    shown = {sample.metadata["item"]: sample.messages[0]["content"] for sample in first}
    assert len(shown) == len(items)
    assert {sample.metadata["item"]: sample.messages[0]["content"] for sample in again} == shown


def test_the_drawn_orders_are_about_even() -> None:
    one = judge(mode="pairwise", prompts=[Prompt(user="{{answer_a}}")])
    talks = [
        Conversation(item=str(n), system=system, questions=[f"q{n}"], answers=[f"{system}{n}"])
        for system in "ab"
        for n in range(400)
    ]
    swapped = sum(sample.metadata["swapped"] for sample in asked(one, *talks, order="content")[0])
    assert 160 < swapped < 240


def test_a_system_alone_cannot_be_compared() -> None:
    one = judge(mode="pairwise", prompts=[Prompt(user="{{answer_a}}")])
    with pytest.raises(UsageError, match="two systems"):
        asked(one, talk("1"), talk("2"))


def test_templates_run_in_a_sandbox() -> None:
    for text in ("{{ question.__class__.__mro__ }}", "{{ nothing }}", "{% for %}"):
        with pytest.raises(RegradeError):
            asked(judge(prompts=[Prompt(user=text)]), talk())


def test_braces_hold_names_and_nothing_else() -> None:
    assert fill_braces("{a} {{b}} {a!r} {0.x}", {"a": "{a}"}) == "{a} {b} {a!r} {0.x}"
    with pytest.raises(RecipeError, match="other"):
        fill_braces("{other}", {"a": 1})


@pytest.mark.parametrize("form", ["text", "json_schema", "tool"])
@pytest.mark.parametrize(
    ("given", "verdict", "field", "told"),
    [
        ({"mode": "rating", "lowest": 0, "highest": 5}, 4.0, 4, "0 to 5"),
        ({"mode": "pairwise"}, "A", "A", "A"),
        ({"mode": "choice", "options": [Option(name="Yes", score=1), Option(name="No", score=0)]}, "Yes", "Yes", "No"),
    ],
)
def test_what_is_asked_for_is_what_is_read(
    form: str, given: dict[str, Any], verdict: Any, field: Any, told: str
) -> None:
    """An answer by the schema, and one in brackets, are read as the judge was told to give them."""
    one = judge(**given, form=form)
    assert told in wording(one, one.options) or form == "text"
    made = [
        FilterStep(step["function"], {name: value for name, value in step.items() if name != "function"})
        for step in steps(one, one.options, 1)
    ]
    pipeline = Pipeline(FilterPipeline("verdict", made))
    name = next(name for name in verdict_schema(one, one.options)["properties"] if name != "explanation")
    in_json = f'{{"explanation": "", "{name}": {field if isinstance(field, int) else chr(34) + field + chr(34)}}}'
    in_words = f"Because. [[{field}]]"
    assert pipeline.apply([[in_json]], None)[0] == verdict
    assert pipeline.apply([[in_words]], None)[0] == (None if form == "json_schema" else verdict)


def test_the_bundled_judges_can_be_built_and_ask() -> None:
    names = [name for name in open_catalogs().names() if name.startswith("judges.")]
    assert len(names) >= 6
    for name in names:
        found = find_judge(name.removeprefix("judges."))
        assert isinstance(found.judge, Judge)
        systems = ["a", "b"] if found.judge.mode == "pairwise" else ["a"]
        talks = [talk("1", system, turns=2, references=["r1", "r2"], category="math") for system in systems]
        samples, asking = asked(found.judge, *talks)
        assert samples, name
        assert not asking.left_out, name
        for sample in samples:
            assert "a q" in sample.messages[-1]["content"], name


def test_published_prompts_lack_one(tmp_path: Path) -> None:
    (tmp_path / "judge_prompts.jsonl").write_text('{"name": "single-v1", "system_prompt": "", "prompt_template": ""}\n')
    with pytest.raises(InputError, match="single-math-v1"):
        published_judge(tmp_path / "judge_prompts.jsonl", "rating")


def test_a_judge_is_found_by_name_file_and_scorer(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("__type__: judge\nmode: rating\nprompts: [{__type__: judge_prompt, user: '{{answer}}'}]\n")
    assert find_judge(str(file)).name == "mine"
    assert find_judge("rating").data["mode"] == "rating"
    assert find_judge("AnswerCorrectness").name == "answer_correctness"
    with pytest.raises(ArtifactError, match="no_judge"):
        find_judge("no_judge")
    with pytest.raises(ArtifactError, match="no judge"):
        find_judge("metrics.accuracy")


@pytest.mark.parametrize(("said", "rating"), [("[[11]]", None), ("[[0]]", None), ("[[1]]", 1.0), ("[[10]]", 10.0)])
def test_a_rating_outside_of_the_scale_is_none_whatever_reads_it(said: str, rating: float | None) -> None:
    one = judge(filters=[{"function": "fastchat_rating"}])
    made = [
        FilterStep(step["function"], {k: v for k, v in step.items() if k != "function"}) for step in steps(one, [], 1)
    ]
    (found,) = Pipeline(FilterPipeline("verdict", made)).apply([[said]], None)
    assert found == rating
