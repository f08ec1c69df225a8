from __future__ import annotations

import json
from pathlib import Path

import pytest

from regrade.errors import RecipeError, TimeLimitExceeded, UnavailableError
from regrade.lm_eval.results import recipe_from_config
from regrade.lm_eval.templates import TaskTemplates
from regrade.schema import FunctionRef, MetricSpec, Recipe, Record


def record(doc=None, **parts):
    return Record(0, 1, [], doc=doc, **parts)


def templates(doc, resolve=None, first=None, **parts):
    return TaskTemplates(Recipe(task="t", **parts), first or record(doc), resolve=resolve)


QUOTED = FunctionRef("make")
CHOICES = ["A", "B", "C"]


@pytest.mark.parametrize(
    ("target", "choices", "doc", "expected"),
    [
        (0, None, {}, 0),
        ("answer", None, {"answer": 7}, 7),
        ("answer", None, {"answer": ["x"]}, ["x"]),
        ("answer", None, {"other": 1}, "answer"),  # no column: a template without expressions
        ("{{answer}}", None, {"answer": 3}, "3"),
        ("{{answer}}", CHOICES, {"answer": 2}, 2),
        ("{{answer}}", CHOICES, {"answer": "02"}, RecipeError),  # the harness fails on such digits
        ("{{answer}}", CHOICES, {"answer": "²"}, RecipeError),
        ("{{answer}}", CHOICES, {"answer": -1}, "-1"),
        ("{{answer}}", None, {"answer": ["a", "b"]}, ["a", "b"]),
        ("{{answer}}", None, {"answer": "[1, 2]"}, [1, 2]),
        ("{{answer}}", None, {"answer": "[citation needed]"}, "[citation needed]"),
        ("{{answer}}", None, {"answer": [1.5, {"k": None}]}, [1.5, {"k": None}]),
        ("{{answer}}", None, {"answer": [float("nan")]}, "[nan]"),
        ("{{[a, b]}}", None, {"a": "x", "b": 'y"'}, ["x", 'y"']),
        ("{{answer.split(' (')[0]}}", None, {"answer": "9 (apples)"}, "9"),
        (["x", "y"], None, {}, ["x", "y"]),
        ("{{['yes', 'no'].index(a)}}", CHOICES, {"a": "no"}, 1),
    ],
)
def test_target(target, choices, doc, expected):
    made = templates(doc, doc_to_target=target, doc_to_choice=choices)
    if expected is RecipeError:
        with pytest.raises(RecipeError, match="doc_to_target"):
            made.target(record(doc))
    else:
        found = made.target(record(doc))
        assert found == expected
        assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("choice", "doc", "expected"),
    [
        (CHOICES, {}, CHOICES),
        ({"a": "x", "b": "y"}, {}, ["x", "y"]),
        ("choices", {"choices": ["p", "q"]}, ["p", "q"]),
        ("{{choices.text}}", {"choices": {"text": ["p", "q"]}}, ["p", "q"]),
        ("{{[a, b]}}", {"a": "it's", "b": 'a "b"'}, ["it's", 'a "b"']),
        ("['no', 'yes']", {}, ["no", "yes"]),
        ("{{choices}}", {"choices": "text"}, RecipeError),
        ("choices", {"choices": "text"}, RecipeError),
    ],
)
def test_choices(choice, doc, expected):
    made = templates(doc, doc_to_choice=choice, output_type="multiple_choice")
    if expected is RecipeError:
        with pytest.raises(RecipeError, match="doc_to_choice"):
            made.choices(record(doc))
    else:
        assert made.choices(record(doc)) == expected


def test_the_first_document_decides():
    made = templates({"a": ["x", "y"]}, doc_to_target="a")
    assert made.multiple_target == 2
    assert made.target(record({"a": "z"})) == "z"
    assert templates({"a": "x"}, doc_to_target="a").multiple_target == 0
    winogrande = {"doc_to_text": "{{answer}}", "doc_to_choice": "{{[one, two]}}", "doc_to_target": "{{rest}}"}
    assert templates({"answer": 1, "one": "p", "two": "q", "rest": "r"}, **winogrande).multiple_input == 2
    assert templates({"n": 1}, doc_to_text="n", doc_to_choice=CHOICES, doc_to_target=0).multiple_input == 3
    assert templates({"n": 1}, doc_to_text="Q{{n}}", doc_to_choice=CHOICES, doc_to_target=0).multiple_input == 0
    assert TaskTemplates(Recipe(task="t", doc_to_target="a"), None).features == frozenset()


def test_a_first_document_that_takes_too_long_is_evaluated_once():
    calls = []

    def spin(doc):
        calls.append(doc)
        while True:
            pass

    recipe = Recipe(task="t", doc_to_target=QUOTED, doc_to_choice="{{a}}", doc_to_text="q")
    first = record({"a": ["x"], "q": "?"})
    made = TaskTemplates(recipe, first, resolve=lambda ref: spin, limit_s=0.05)
    for _ in range(3):
        with pytest.raises(
            TimeLimitExceeded, match=r"--time-limit 0.05 \(CPU s\) in doc_to_target of the first document"
        ):
            made.target(first)
    assert len(calls) == 1
    assert made.text(first) == "?"
    with pytest.raises(TimeLimitExceeded):
        made.choices(record({"a": ["y"]}))


def test_errors_name_template_and_field():
    made = templates({"a": 1}, doc_to_target="{{b}}", doc_to_choice="a")
    with pytest.raises(RecipeError, match=r"doc_to_target.*\{\{b\}\}.*'b' is undefined"):
        made.target(record({"a": 1}))
    with pytest.raises(RecipeError, match="doc_to_choice names the field 'a'"):
        made.choices(record({}))
    with pytest.raises(RecipeError, match="needs a document with fields; this one is str"):
        made.target(record("text"))
    assert "'b' is undefined" in made.reasons["doc_to_target"]
    with pytest.raises(RecipeError, match="which means nothing here"):
        templates({}, doc_to_target={"a": 1})


def test_functions():
    made = templates({"a": 2}, resolve=lambda ref: lambda doc: doc["a"] * 2, doc_to_target=QUOTED)
    assert made.target(record({"a": 2})) == 4
    assert made.origins["doc_to_target"] == "function"
    with pytest.raises(RecipeError, match="function 'make' failed: KeyError: 'a'"):
        made.target(record({}))


@pytest.mark.parametrize(
    ("recorded", "parts", "expected"),
    [
        ("2", {"output_type": "multiple_choice", "doc_to_choice": CHOICES}, 2),
        ("-1", {"output_type": "multiple_choice", "doc_to_choice": CHOICES}, -1),
        ("7", {"output_type": "multiple_choice", "doc_to_choice": ["6", "7"]}, "7"),  # a choice, as there is no eighth
        ("1", {"output_type": "multiple_choice", "doc_to_choice": ["1", "2"]}, 1),
        ("[0, 2]", {"output_type": "multiple_choice", "doc_to_choice": CHOICES}, [0, 2]),
        ("2", {"output_type": "generate_until"}, "2"),
        ("2", {"output_type": "generate_until", "doc_to_choice": CHOICES}, 2),
        ("['a', \"it's\"]", {}, ["a", "it's"]),
        ("[see below]", {}, "[see below]"),
        ("[1,2]", {}, "[1,2]"),  # str() of a list would have a space
        ("[1]", {"output_type": "loglikelihood"}, "[1]"),
        ("['a']", {"harness_version": "0.4.3"}, "['a']"),  # such logs keep the type
        (["a"], {}, ["a"]),
        (3, {}, 3),
    ],
)
def test_recorded_target(recorded, parts, expected):
    made = templates({}, doc_to_target=QUOTED, first=record({}, target=recorded), **parts)
    assert made.target(record({}, target=recorded)) == expected
    assert made.origins["doc_to_target"] == "recorded"
    assert "make" in made.reasons["doc_to_target"]
    assert made.multiple_target == (len(expected) if isinstance(expected, list) else 0)


def test_recorded_target_from_the_arguments():
    rolling = record({}, arguments=[["whole text"]])
    assert templates({}, doc_to_target=QUOTED, output_type="loglikelihood_rolling").target(rolling) == "whole text"
    pair = record({}, arguments=[["context", " rest"]])
    assert templates({}, doc_to_target=QUOTED, output_type="loglikelihood").target(pair) == " rest"
    with pytest.raises(UnavailableError, match="recorded no reference"):
        templates({}, doc_to_target=QUOTED).target(pair)


def test_recorded_choices():
    def made(**parts):
        return templates({}, doc_to_choice=QUOTED, output_type="multiple_choice", **parts)

    sent = record({}, arguments=[["Q", " yes"], ["Q", " no"]])
    assert made().choices(sent) == ["yes", "no"]
    assert made(metadata={"chat_template": True}).choices(sent) == [" yes", " no"]
    assert made(metadata={"chat_template": True, "gen_prefix": "So:"}).choices(sent) == ["yes", "no"]
    assert made(target_delimiter="").choices(sent) == [" yes", " no"]
    assert made(target_delimiter="\n").choices(sent) == [" yes", " no"]
    doubled = record({}, arguments=[["Q", " yes"], ["Q", " no"], ["", " yes"], ["", " no"]])
    assert made(metrics=[MetricSpec("acc_mutual_info")]).choices(doubled) == ["yes", "no"]
    inputs = record({}, arguments=[["Q a", " end"], ["Q b", " end"]])
    with pytest.raises(UnavailableError, match="parts of the prompts"):
        made().choices(inputs)
    with pytest.raises(UnavailableError, match="no continuations"):
        made().choices(record({}))


def test_recorded_text():
    made = templates({}, doc_to_text=QUOTED)
    assert made.text(record({}, arguments=[["prompt", {}]])) == "prompt"
    inputs = record({}, arguments=[["Q a", " end"], ["Q b", " end"]])
    several = templates({}, first=inputs, doc_to_text=QUOTED, doc_to_choice=CHOICES, doc_to_target="x")
    assert several.multiple_input == 3
    with pytest.raises(UnavailableError, match="multiple-input"):
        several.text(inputs)


def test_promptsource_prompts_are_recorded():
    made = templates({}, doc_to_target="x", metadata={"use_prompt": "promptsource:GPT"})
    assert made.target(record({}, target="Yes")) == "Yes"
    assert "promptsource" in made.reasons["doc_to_target"]


def test_a_table_has_no_templates():
    assert TaskTemplates(Recipe(task="t"), record("text", target="[1]")).target(record("x", target="[1]")) == "[1]"
    with pytest.raises(UnavailableError):
        TaskTemplates(Recipe(task="t"), None).target(record("x"))


def rows(path: Path, limit: int = 300):
    for number, line in enumerate(path.read_bytes().split(b"\n")[:limit], 1):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        arguments = row["arguments"]
        if isinstance(arguments, dict):
            arguments = [list(request.values()) for request in arguments.values()]
        yield Record(row["doc_id"], number, [], doc=row["doc"], target=row["target"], arguments=arguments)


def test_real_logs(lm_eval_logs):
    """Targets and choices equal what the harness recorded and sent, in every log that has a results file."""
    seen = 0
    for results in sorted(lm_eval_logs.rglob("results_*.json")):
        content = json.loads(results.read_bytes())
        chat = bool(content.get("chat_template"))
        for task, config in content["configs"].items():
            samples = results.with_name(f"samples_{task}_{results.stem.removeprefix('results_')}.jsonl")
            if not samples.is_file():
                continue
            recipe = recipe_from_config(task, config, content.get("lm_eval_version"), chat_template=chat)
            records = list(rows(samples))
            made = TaskTemplates(recipe, records[0])
            for one in records:
                assert str(made.target(one)) == str(one.target), (samples, one.sample_id)
                if recipe.doc_to_choice is not None:
                    delimiter = "" if chat else recipe.target_delimiter
                    assert [delimiter + choice for choice in made.choices(one)] == [sent[1] for sent in one.arguments]
            seen += 1
    assert seen >= 20


@pytest.mark.slow
def test_equals_the_harness(harness):
    """The same parts of the same documents, made by the harness's own class."""
    task_module = pytest.importorskip("lm_eval.api.task")
    docs = [
        {"a": 1, "b": "x", "c": ["p", "q"], "d": {"k": ["m"]}, "e": "[1, 'z']", "f": "7", "g": "[x]", "h": None},
        {"a": "0", "b": "", "c": [], "d": {}, "e": "[]", "f": 1.0, "g": ["s"], "h": True},
    ]
    pieces = ["a", "b", "c", "e", "f", "g", "h", 3, ["r"], "{{a}}", "{{b}}", "{{c}}", "{{d.k}}", "{{e}}", "{{f}}"]
    pieces += [
        "{{g}}",
        "{{h}}",
        "{{c[0]}}",
        "plain",
        "{{a}}{{f}}",
        "{{[a, b]}}",
        "{{z}}",
        "",
        "[{{f}}, {{a}}]",
        "{{b}}\n",
    ]
    for choice in (None, ["u", "v"], "c", "{{c}}", {"k": "u"}, "{{[a, b]}}"):
        for piece in pieces:
            stub = object.__new__(task_module.ConfigurableTask)
            stub._config = task_module.TaskConfig(doc_to_target=piece, doc_to_text="t", doc_to_choice=choice)
            stub.prompt, stub.features = None, list(docs[0])
            recipe = Recipe(task="t", doc_to_target=piece, doc_to_text="t", doc_to_choice=choice)
            ours = TaskTemplates(recipe, record(docs[0]))
            for doc in docs:
                pairs = [(lambda d=doc, s=stub: s.doc_to_target(d), lambda d=doc, o=ours: o.target(record(d)))]
                if choice is not None:
                    pairs.append((lambda d=doc, s=stub: s.doc_to_choice(d), lambda d=doc, o=ours: o.choices(record(d))))
                for theirs, own in pairs:
                    try:
                        expected = theirs()
                    except Exception:
                        with pytest.raises(RecipeError):
                            own()
                    else:
                        assert repr(own()) == repr(expected), (piece, choice, doc)
