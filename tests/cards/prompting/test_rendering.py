"""The whole way of a row: demonstrations, template, system prompt, format."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from regrade.artifacts import ArtifactError
from regrade.cards.prompting.chat_formats import ChatAPIFormat
from regrade.cards.prompting.choice_templates import MultipleChoiceTemplate
from regrade.cards.prompting.rendering import Rendering, render
from regrade.cards.prompting.samplers import RandomSampler
from regrade.cards.prompting.serializers import DefaultSerializer, DictAsJsonSerializer
from regrade.cards.prompting.system_prompts import EmptySystemPrompt, TextualSystemPrompt
from regrade.cards.prompting.task import Task
from regrade.cards.prompting.text_templates import InputOutputTemplate

TASK = Task(input_fields={"q": "Any"}, reference_fields={"a": "Any"}, metrics=["m"])
SUM = InputOutputTemplate(input_format="{q}=", output_format="{a}", instruction="Add.", postprocessors=["p"])


def rows(count: int) -> list[dict[str, Any]]:
    return [TASK.process_row({"q": f"{number}+1", "a": number + 1}) for number in range(count)]


def test_all_of_it() -> None:
    rendering = Rendering(
        SUM,
        system_prompt=TextualSystemPrompt(text="You are a calculator."),
        sampler=RandomSampler(),
        num_demos=2,
    )
    pool = rows(5)
    row = {**TASK.process_row({"q": "8+1", "a": 9}), "id": "kept"}
    got = rendering(row, pool=pool)
    shown = "".join(f"{demo['source']}\n{demo['target']}\n\n" for demo in got["demos"])
    assert got["source"] == f"You are a calculator.\nAdd.\n{shown}8+1=\n"
    assert (got["target"], got["references"], got["postprocessors"], got["metrics"]) == ("9", ["9"], ["p"], ["m"])
    assert got["recipe_metadata"] == {"template": SUM, "num_demos": 2, "demos_pool_size": 5}
    assert (got["metadata"], got["id"]) == ({}, "kept")
    assert pool == rows(5)
    assert "source" not in row


def test_no_row_is_its_own_demonstration_and_order_does_not_matter() -> None:
    pool = rows(8)
    rendering = Rendering(SUM, sampler=RandomSampler(), num_demos=3)
    got = [rendering(row, pool=pool) for row in pool]
    assert all(row["source"].count(row["input_fields"]["q"] + "=") == 1 for row in got)
    again = Rendering(SUM, sampler=RandomSampler(), num_demos=3)
    assert [again(row, pool=rows(8))["source"] for row in reversed(pool)] == [row["source"] for row in reversed(got)]


def test_another_seed_other_demonstrations() -> None:
    pool, row = rows(50), rows(60)[55]
    texts = {
        Rendering(SUM, sampler=RandomSampler(), num_demos=2, sampling_seed=seed)(row, pool=pool)["source"]
        for seed in (None, 1, 2)
    }
    assert len(texts) == 3


def test_numbers_of_demonstrations_vary() -> None:
    rendering = Rendering(SUM, sampler=RandomSampler(), num_demos=[0, 2])
    counts = [rendering(row, pool=rows(30))["recipe_metadata"]["num_demos"] for row in rows(30)]
    assert set(counts) == {0, 2}


def test_one_of_several_templates_by_content() -> None:
    several = [SUM, InputOutputTemplate(input_format="What is {q}?", output_format="{a}")]
    sources = [Rendering(several)(row)["source"] for row in rows(30)]
    assert 5 < sum(source.startswith("What") for source in sources) < 25
    assert sources == [Rendering(several)(row)["source"] for row in rows(30)]
    used = Rendering(several)(rows(1)[0])["recipe_metadata"]["template"]
    assert used in several


def test_arrangements_of_rows_and_demonstrations_are_recorded() -> None:
    task = Task(
        input_fields={"choices": "List[str]"}, reference_fields={"choices": "List[str]", "label": "int"}, metrics=[]
    )
    template = MultipleChoiceTemplate(input_format="{choices}", shuffle_choices=True)
    demo = task.process_row({"choices": ["x", "y", "z"], "label": 0})
    got = render(
        {"choices": ["a", "b", "c"], "label": 2}, task, template, demos=[demo], arrangement={"choices_order": [2, 0, 1]}
    )
    assert got["source"].endswith("A. c, B. a, C. b\n")
    assert got["metadata"] == {"choices_order": [2, 0, 1]}
    assert sorted(got["demos"][0]["metadata"]["choices_order"]) == [0, 1, 2]


def test_chats_and_empty_system_prompts() -> None:
    got = render({"q": "1", "a": 1}, TASK, SUM, ChatAPIFormat(), EmptySystemPrompt())
    assert got["source"] == [{"role": "system", "content": "Add."}, {"role": "user", "content": "1="}]


def test_other_serializers_go_first() -> None:
    rendering = Rendering(SUM, serializers=[DictAsJsonSerializer()])
    assert rendering(TASK.process_row({"q": {"x": None}, "a": 1}))["source"] == 'Add.\n{"x": null}=\n'
    fixed = InputOutputTemplate(input_format="{q}", output_format="{a}", serializer=DefaultSerializer())
    with pytest.raises(ArtifactError, match="multi_type_serializer"):
        Rendering(fixed, serializers=[DictAsJsonSerializer()])


def test_texts_as_unitxt_writes_them() -> None:
    row = TASK.process_row({"q": "N", "a": 1})
    template = InputOutputTemplate(input_format="{q} (or)", output_format="{a}")
    assert Rendering(template)(row)["source"] == "N (or)\n"
    assert Rendering(template, as_unitxt=True)(row)["source"] == "N (or\n"


def test_rows_to_ask() -> None:
    row = TASK.process_row({"q": "1"}, "__INFERENCE_STREAM__")
    got = Rendering(SUM)(row, stream="__INFERENCE_STREAM__")
    assert got["source"] == "Add.\n1=\n"
    assert "references" not in got


def test_it_travels_to_other_processes() -> None:
    rendering = Rendering(SUM, sampler=RandomSampler(), num_demos=1)
    row = rows(9)[8]
    before = rendering(row, pool=rows(3))["source"]
    assert pickle.loads(pickle.dumps(rendering))(row, pool=rows(3))["source"] == before


@pytest.mark.parametrize(("arguments", "wrong"), [({"templates": []}, "no template"), ({"num_demos": 1}, "a sampler")])
def test_what_is_missing_is_said(arguments: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        Rendering(**{"templates": SUM, **arguments})
