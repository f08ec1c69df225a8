"""Prompts equal the harness's own: those it recorded, and those that the installed one makes of small tasks."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import RecipeError, UnavailableError, UsageError
from regrade.lm_eval.fewshot import Draws
from regrade.lm_eval.generation import generation_kwargs, parameters_of
from regrade.lm_eval.named import config_of, load_tasks
from regrade.lm_eval.prepare import prepare_task
from regrade.lm_eval.resolved import resolved_recipe, to_data
from regrade.schema import Recipe, Sample

Asked = list[tuple[Any, ...]]


def asked_of(samples: Iterator[Sample] | list[Sample]) -> dict[int, Asked]:
    """By document the requests: prompt (or messages) and continuation."""
    found: dict[int, Asked] = {}
    for sample in samples:
        prompt = sample.prompt if sample.messages is None else sample.messages
        requests = found.setdefault(sample.metadata["doc_id"], [])
        if sample.continuations is None:
            requests.append((prompt,))
        else:
            requests += [(prompt, text) for text in sample.continuations]
    return found


# -- what the harness recorded -----------------------------------------------------------------------------------------


def recorded(folder: Path) -> list[dict[str, Any]]:
    """The rows of a log, one per document."""
    (log,) = folder.glob("samples_*.jsonl")
    rows = map(json.loads, log.read_text().strip().split("\n"))
    return list({row["doc_id"]: row for row in rows}.values())


def recorded_requests(row: dict[str, Any]) -> Asked:
    requests = row["arguments"].values()
    return [(one["arg_0"], one["arg_1"]) if isinstance(one["arg_1"], str) else (one["arg_0"],) for one in requests]


def write_rows(path: Path, rows: list[Any]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.usefixtures("harness")
@pytest.mark.parametrize(
    ("task", "split"), [("arc_local_1000", "test"), ("mmlu_local_1000", "test"), ("ifeval_local_540", "train")]
)
def test_recorded_prompts(task: str, split: str, harness_log: Path, tmp_path: Path) -> None:
    rows = recorded(harness_log / task.replace("_local", ""))
    write_rows(tmp_path / f"{split}.jsonl", [row["doc"] for row in rows])
    prepared = prepare_task(str(harness_log / "tasks" / f"{task}.yaml"), data=tmp_path)
    asked = asked_of(list(prepared.samples))
    assert asked == {row["doc_id"]: recorded_requests(row) for row in rows}
    assert {sample.metadata["doc_id"]: sample.target for sample in prepared.samples} == {
        row["doc_id"]: row["target"] for row in rows
    }
    assert prepared.notes() == []


@pytest.mark.usefixtures("harness")
def test_recorded_prompts_with_drawn_examples(harness_log: Path, tmp_path: Path) -> None:
    """GSM8K, 5 examples each. The 7,473 documents that they were drawn from are not recorded, but those that were drawn
    are, in the prompts; and the draws fit one order of the documents only.
    """
    rows = recorded(harness_log / "gsm8k_1000")
    pool: list[dict[str, str]] = [{"question": f"never drawn {n}", "answer": "?"} for n in range(7473)]
    draws = random.Random(1234)
    for row in rows:
        *examples, _ = row["arguments"]["gen_args_0"]["arg_0"].removeprefix("Question: ").split("\n\nQuestion: ")
        for place, text in zip(draws.sample(range(7473), 5), examples, strict=True):
            question, _, answer = text.partition("\nAnswer: ")
            pool[place] = {"question": question, "answer": answer}
    write_rows(tmp_path / "train.jsonl", pool)
    write_rows(tmp_path / "test.jsonl", [row["doc"] for row in rows])
    prepared = prepare_task(str(harness_log / "tasks" / "gsm8k_local_1000.yaml"), data=tmp_path)
    assert asked_of(list(prepared.samples)) == {row["doc_id"]: recorded_requests(row) for row in rows}
    settings = rows[0]["arguments"]["gen_args_0"]["arg_1"]
    assert prepared.about()["arguments"] == settings
    assert prepared.parameters == {"max_tokens": 256, "temperature": 0.0, "stop": settings["until"]}
    other = prepare_task(str(harness_log / "tasks" / "gsm8k_local_1000.yaml"), data=tmp_path, seed=7, limit=3)
    others = asked_of(list(other.samples))
    assert list(others) == [0, 1, 2]
    assert others[0] != recorded_requests(rows[0])


# -- what the installed harness makes ----------------------------------------------------------------------------------

DOCS = [
    {
        "q": f"What is {n} + {n}?",
        "a": str(2 * n),
        "options": [str(2 * n), str(n), f" {n} "],
        "label": n % 3,
        "s": "x y ",
    }
    for n in range(12)
]
TRAIN = [{**doc, "q": f"Train: {doc['q']}"} for doc in DOCS[:8]]
GENERATE = {"doc_to_text": "Q: {{q}}\nA:", "doc_to_target": "{{a}}", "output_type": "generate_until"}
CHOOSE = {
    "doc_to_text": "Q: {{q}}",
    "doc_to_choice": "options",
    "doc_to_target": "label",
    "output_type": "multiple_choice",
}
BLANK = {
    "doc_to_text": "{{label}}",
    "doc_to_choice": "{{['It is ' + options[0], 'It is ' + options[1], 'It is' + options[2]]}}",
    "doc_to_target": "{{a}} so",
    "output_type": "multiple_choice",
}
SHOTS = {"num_fewshot": 3, "fewshot_split": "train", "training_split": "train"}

TASKS: dict[str, dict[str, Any]] = {
    "zero shots": GENERATE,
    "a column as text": {**GENERATE, "doc_to_text": "q"},
    "description": {**GENERATE, "description": "About {{s}}: "},
    "description of a column": {**GENERATE, "description": "s", "num_fewshot": 1, "fewshot_split": "train"},
    "drawn": {**GENERATE, **SHOTS},
    "drawn from validation": {**GENERATE, "validation_split": "train", "num_fewshot": 2},
    "first": {**GENERATE, **SHOTS, "fewshot_config": {"sampler": "first_n"}},
    "delimiters": {**GENERATE, **SHOTS, "target_delimiter": "\t", "fewshot_delimiter": "\n###\n"},
    "drawn from themselves": {**GENERATE, "num_fewshot": 4, "fewshot_split": "test"},
    "first of themselves": {
        **GENERATE,
        "num_fewshot": 4,
        "fewshot_split": "test",
        "fewshot_config": {"sampler": "first_n"},
    },
    "no split named": {**GENERATE, "num_fewshot": 2},
    "inline": {**GENERATE, "num_fewshot": 2, "fewshot_config": {"sampler": "first_n", "samples": TRAIN[2:5]}},
    "inline, drawn": {**GENERATE, "num_fewshot": 2, "fewshot_config": {"samples": TRAIN[2:5]}},
    "examples otherwise": {
        **GENERATE,
        **SHOTS,
        "fewshot_config": {
            "doc_to_text": "Example {{q}}",
            "doc_to_target": "{{a}}!",
            "fewshot_delimiter": "\n",
            "target_delimiter": "->",
        },
    },
    "prefix": {**GENERATE, **SHOTS, "gen_prefix": "It is"},
    "prefix after white space": {**GENERATE, **SHOTS, "doc_to_text": "{{q}}\n", "gen_prefix": "It is "},
    "prefix of a column": {**GENERATE, "gen_prefix": "s"},
    "empty answers": {**GENERATE, **SHOTS, "doc_to_target": "{{''}}"},
    "several targets": {**GENERATE, **SHOTS, "doc_to_target": "{{[a, q]}}"},
    "choices": CHOOSE,
    "choices with examples": {**CHOOSE, **SHOTS},
    "choices by name": {**CHOOSE, **SHOTS, "doc_to_choice": {"x": "one", "y": "two", "z": "three"}},
    "choices by template": {**CHOOSE, **SHOTS, "doc_to_choice": "{{options}}"},
    "choices with prefix": {**CHOOSE, **SHOTS, "gen_prefix": "Answer:", "target_delimiter": " "},
    "choices without delimiter": {**CHOOSE, "target_delimiter": ""},
    "mutual information": {**CHOOSE, **SHOTS, "metric_list": [{"metric": "acc_mutual_info"}]},
    "several inputs": BLANK,
    "several inputs with examples": {**BLANK, **SHOTS},
    "several inputs and mutual information": {**BLANK, "metric_list": [{"metric": "acc_mutual_info"}]},
    "likelihood": {**GENERATE, **SHOTS, "output_type": "loglikelihood", "doc_to_target": " {{a}}"},
}


def harness_requests(
    file: Path, *, count: int | None = None, seed: int = 1234, limit: int | None = None, **how: Any
) -> dict[int, Asked]:
    """What the installed harness would ask, as its evaluator prepares a task."""
    task_module = pytest.importorskip("lm_eval.api.task")
    task = task_module.ConfigurableTask(config=yaml.safe_load(file.read_text()))
    if count is not None and task.config.num_fewshot != 0:
        task.set_config("num_fewshot", count)
    if task.config.num_fewshot is None:
        task.set_config("num_fewshot", 0)
    task.set_fewshot_seed(seed)
    chat = how.get("apply_chat_template", False)
    template = (lambda messages, add_generation_prompt=True: json.dumps(messages)) if chat else None
    task.build_all_requests(limit=limit, chat_template=template, **how)
    found: dict[int, Asked] = {}
    for instance in task.instances:
        prompt = json.loads(instance.args[0]) if chat else instance.args[0]
        continuation = () if task.OUTPUT_TYPE == "generate_until" else (instance.args[1],)
        found.setdefault(instance.doc_id, []).append((prompt, *continuation))
    return found


@pytest.fixture
def task_file(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    write_rows(tmp_path / "test.jsonl", DOCS)
    write_rows(tmp_path / "train.jsonl", TRAIN)

    def write(config: dict[str, Any]) -> Path:
        whole = {
            "task": "own",
            "dataset_path": "json",
            "dataset_kwargs": {
                "data_files": {"test": str(tmp_path / "test.jsonl"), "train": str(tmp_path / "train.jsonl")},
                "cache_dir": str(tmp_path / "cache"),
            },
            "test_split": "test",
            **config,
        }
        (tmp_path / "own.yaml").write_text(yaml.safe_dump(whole))
        return tmp_path / "own.yaml"

    return write


@pytest.mark.usefixtures("harness")
@pytest.mark.parametrize("name", TASKS)
def test_prompts_of_the_installed_harness(name: str, task_file: Callable[[dict[str, Any]], Path]) -> None:
    file = task_file(TASKS[name])
    assert asked_of(list(prepare_task(str(file)).samples)) == harness_requests(file)


@pytest.mark.usefixtures("harness")
@pytest.mark.parametrize("name", ["drawn", "description", "prefix", "prefix after white space", "inline", "zero shots"])
@pytest.mark.parametrize("multiturn", [True, False])
def test_chats_of_the_installed_harness(
    name: str, multiturn: bool, task_file: Callable[[dict[str, Any]], Path]
) -> None:
    file = task_file(TASKS[name])
    ours = prepare_task(str(file), chat=True, fewshot_as_multiturn=multiturn, system_prompt="Be brief.")
    theirs = harness_requests(
        file, apply_chat_template=True, fewshot_as_multiturn=multiturn, system_instruction="Be brief."
    )
    assert asked_of(list(ours.samples)) == theirs


@pytest.mark.usefixtures("harness")
def test_choices_of_the_user_follow_the_harness(task_file: Callable[[dict[str, Any]], Path]) -> None:
    file = task_file(TASKS["drawn"])
    ours = prepare_task(str(file), num_fewshot=5, seed=99, limit=4, system_prompt="Be brief. ")
    theirs = harness_requests(file, count=5, seed=99, limit=4, system_instruction="Be brief. ")
    assert asked_of(list(ours.samples)) == theirs
    assert len(theirs) == 4


def sampler_of(pool: list[Any], seed: int) -> Any:
    samplers = pytest.importorskip("lm_eval.api.samplers")
    return samplers.ContextSampler(pool, rnd=seed)


@pytest.mark.usefixtures("harness")
@given(
    pool=st.lists(st.integers(0, 9).map(lambda n: {"n": n}), min_size=6, max_size=30),
    seed=st.integers(0, 2**32),
    count=st.integers(0, 3),
    data=st.data(),
)
def test_draws_of_the_installed_harness(pool: list[Any], seed: int, count: int, data: st.DataObject) -> None:
    theirs, ours = sampler_of(pool, seed), Draws(pool, seed=seed)
    for _ in range(4):
        but = data.draw(st.one_of(st.none(), st.sampled_from(pool)))
        try:
            wanted = theirs.sample(count, eval_doc=but)
        except ValueError:
            with pytest.raises(UsageError, match="examples are wanted"):
                ours.take(count, but)
            return
        assert ours.take(count, but) == wanted


# -- what cannot be asked ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({**GENERATE, "output_type": "loglikelihood_rolling"}, "how likely whole documents are"),
        ({**GENERATE, "use_prompt": "promptsource:*"}, "promptsource"),
        ({**GENERATE, "doc_to_image": "image"}, "shows images"),
        ({"class": "Squad", "output_type": "generate_until"}, "Python class"),
    ],
)
def test_refused_with_a_reason(
    config: dict[str, Any], reason: str, task_file: Callable[[dict[str, Any]], Path]
) -> None:
    with pytest.raises(UnavailableError, match=reason):
        prepare_task(str(task_file(config)))


def test_too_few_examples_is_told_before_anything_is_asked(task_file: Callable[[dict[str, Any]], Path]) -> None:
    file = task_file(TASKS["drawn"])
    with pytest.raises(UsageError, match="9 examples are wanted, and there are 8 documents"):
        list(prepare_task(str(file), num_fewshot=9).samples)


def test_a_task_that_wants_no_examples_gets_none(task_file: Callable[[dict[str, Any]], Path]) -> None:
    file = task_file({**GENERATE, "num_fewshot": 0})
    with pytest.raises(UsageError, match="num_fewshot: 0"):
        prepare_task(str(file), num_fewshot=2)


def test_a_document_that_does_not_fit_is_named_and_the_others_are_asked(
    task_file: Callable[[dict[str, Any]], Path],
) -> None:
    file = task_file({**CHOOSE, "doc_to_choice": "{{options if label != 1 else 'none'}}"})
    prepared = prepare_task(str(file))
    assert sorted(asked_of(list(prepared.samples))) == [n for n in range(12) if n % 3 != 1]
    (note,) = prepared.notes()
    assert note.startswith("4 documents cannot be asked about, the first doc_id 1: doc_to_choice")
    nothing = prepare_task(str(task_file({**CHOOSE, "doc_to_choice": "{{nothing}}"})))
    with pytest.raises(RecipeError, match="none of its 12 documents can be asked about: doc_to_choice"):
        list(nothing.samples)


def test_code_of_a_loose_file_runs_only_with_trust(task_file: Callable[[dict[str, Any]], Path], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def text(doc):\n    return 'Mine: ' + doc['q']\n\n"
        "def only_even(dataset):\n    return dataset.filter(lambda doc: doc['label'] == 0)\n"
    )
    file = task_file(GENERATE)
    file.write_text(file.read_text() + "doc_to_text: !function mine.text\nprocess_docs: !function mine.only_even\n")
    with pytest.raises(UnavailableError, match="loose file"):
        list(prepare_task(str(file)).samples)
    pytest.importorskip("datasets")
    samples = list(prepare_task(str(file), trust_code=True).samples)
    assert [sample.prompt for sample in samples] == [f"Mine: What is {n} + {n}?" for n in (0, 3, 6, 9)]


# -- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kwargs",
    [
        None,
        {},
        {"until": ["a", "b", "c", "d", "e"], "max_gen_toks": 9},
        {"until": "\n", "temperature": "0.5", "do_sample": True, "top_p": 0.9},
        {"until": [], "max_tokens": 5, "min_p": 0.1},
    ],
)
@pytest.mark.parametrize("chat", [False, True])
@pytest.mark.usefixtures("harness")
def test_parameters_are_what_the_harness_posts(kwargs: dict[str, Any] | None, chat: bool) -> None:
    from lm_eval.config.task import TaskConfig
    from lm_eval.models import openai_completions

    settings = TaskConfig(task="t", output_type="generate_until", generation_kwargs=kwargs and dict(kwargs))
    recipe = Recipe(task="t", metadata={} if kwargs is None else {"generation_kwargs": kwargs})
    if kwargs == {}:  # falsy for the line above, not for the harness
        settings = TaskConfig(task="t", output_type="generate_until", generation_kwargs={})
    ours = generation_kwargs(recipe)
    assert ours == settings.generation_kwargs
    cls = openai_completions.LocalChatCompletion if chat else openai_completions.LocalCompletionsAPI
    model = cls.__new__(cls)
    model.model, model._max_gen_toks = "m", 256
    messages: Any = [{"role": "user", "content": "x"}] if chat else "x"
    payload = model._create_payload(messages, generate=True, gen_kwargs=dict(settings.generation_kwargs), eos=None)
    for key in ("messages", "prompt", "model", "seed"):
        payload.pop(key, None)
    parameters = parameters_of(ours, chat=chat)
    assert {**parameters, **parameters.pop("extra_body", {})} | {"extra_body": None} == {
        **{key: value for key, value in payload.items() if value != []},
        "extra_body": None,
    }


@pytest.mark.usefixtures("harness")
@pytest.mark.parametrize(
    "name", ["gsm8k", "ifeval", "arc_easy", "winogrande", "truthfulqa_gen", "wmt16-de-en", "mmlu_anatomy"]
)
def test_a_configuration_outlives_being_data(name: str) -> None:
    """What a run keeps of a task makes the same recipe again."""
    (recipe,) = load_tasks(name).values()
    data = json.loads(json.dumps(to_data(config_of(recipe))))
    assert resolved_recipe(recipe.task, data) == recipe
