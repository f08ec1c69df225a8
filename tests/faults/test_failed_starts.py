"""What can be checked is checked before the first paid call: a wrong start asks nothing and leaves no run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults.kills import CARD
from tests.faults.server_faults import FaultyServer

TASK = """\
task: sums
dataset_path: json
dataset_kwargs: {data_files: {test: sums.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n"]}
filter_list:
  - name: first
    filter: [{function: regex, regex_pattern: "(\\\\d+)"}, {function: take_first}]
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""

OWN_JUDGE = """\
__type__: judge
mode: rating
form: text
prompts:
  - __type__: judge_prompt
    name: only
    user: "{% for turn in turns %}{{ turn.answer }}{% endfor %} {{ verdict_format }}"
filters: [{function: regex, regex_pattern: "(\\\\d+)"}, {function: take_first}]
"""

#: Files beside the good ones: which text of a good one is put in the place of which.
WRONG = {
    "metric.yaml": (CARD, "metrics.accuracy", "metrics.acuracy"),
    "metric_field.yaml": (CARD, "[metrics.accuracy]", "[{__type__: accuracy, main_scor: x}]"),
    "main_score.yaml": (CARD, "metrics.accuracy", "'metrics.rouge[main_score=rouge9]'"),
    "own_main_score.yaml": (CARD, "[metrics.accuracy]", "[{__type__: accuracy, main_score: acuracy}]"),
    "metric_type.yaml": (CARD, "[metrics.accuracy]", "[{__type__: acuracy}]"),
    "pairs.yaml": (CARD, "metrics.accuracy", "metrics.ner"),
    "labels.yaml": (CARD, "metrics.accuracy", "metrics.f1_micro_multi_label"),
    "type_string.yaml": (CARD, "prediction_type: str", "prediction_type: strr"),
    "types.yaml": (CARD, "{answer: str}", "{answer: float}"),
    "no_field.yaml": (CARD, "{answer: str}", "{anwser: str}"),
    "template_field.yaml": (CARD, '"{question}"', '"{quest}"'),
    "postprocessor.yaml": (CARD, '"{answer}"}', '"{answer}", postprocessors: [processors.no_such]}'),
    "loader.yaml": (CARD, "questions.csv", "no_such.csv"),
    "syntax.yaml": (CARD, "__type__: task\n", "__type__: [task\n"),
    "task_metric.yaml": (TASK, "metric: exact_match", "metric: exact_mach"),
    "task_likelihood.yaml": (TASK, "metric: exact_match", "metric: acc_norm"),
    "task_aggregation.yaml": (TASK, "aggregation: mean", "aggregation: meen"),
    "task_filter.yaml": (TASK, "function: take_first", "function: take_frist"),
    "task_pattern.yaml": (TASK, "(\\\\d+)", "(\\\\d+"),
    "task_argument.yaml": (TASK, "regex_pattern:", "regexpattern:"),
    "task_field.yaml": (TASK, "{{answer}}", "{{anwser}}"),
    "task_template.yaml": (TASK, "{{question}}", "{{question"),
    "task_data.yaml": (TASK, "sums.jsonl", "no_such.jsonl"),
    "judge_filter.yaml": (OWN_JUDGE, "function: regex,", "function: regexx,"),
    "judge_pattern.yaml": (OWN_JUDGE, "(\\\\d+)", "(("),
    "judge_field.yaml": (OWN_JUDGE, "turn.answer", "turn.anwser"),
    "judge_name.yaml": (OWN_JUDGE, "in turns", "in trun"),
    "judge_template.yaml": (OWN_JUDGE, "{{ turn.answer }}", "{{ turn.answer"),
    "judge_mode.yaml": (OWN_JUDGE, "mode: rating", "mode: ratting"),
}

RUN = ["run", "card.yaml", "--model", "m"]
JUDGE = ["judge", "answers.csv", "--judge", "m"]

#: The command, and what is said of it.
STARTS: list[tuple[list[str], str]] = [
    *(
        (["run", *(["--task"] if name.startswith("task") else []), name, "--model", "m", "--trust-code"], said)
        for name, said in {
            "metric.yaml": "acuracy",
            "metric_field.yaml": "main_scor",
            "main_score.yaml": "it gives rouge1, rouge2, rougeL",
            "own_main_score.yaml": "no score named 'acuracy'",
            "metric_type.yaml": "'acuracy' is no known type",
            "pairs.yaml": "its references cannot be scored",
            "labels.yaml": "its references cannot be scored",
            "type_string.yaml": "no known type",
            "types.yaml": "answer",
            "no_field.yaml": "anwser",
            "template_field.yaml": "quest",
            "postprocessor.yaml": "no_such",
            "loader.yaml": "no_such.csv",
            "syntax.yaml": "syntax.yaml",
            "task_metric.yaml": "exact_mach",
            "task_likelihood.yaml": "measures multiple_choice tasks",
            "task_aggregation.yaml": "meen",
            "task_filter.yaml": "take_frist",
            "task_pattern.yaml": "regex",
            "task_argument.yaml": "unexpected keyword argument 'regexpattern'",
            "task_field.yaml": "anwser",
            "task_template.yaml": "question",
            "task_data.yaml": "no_such.jsonl",
        }.items()
    ),
    ([*RUN, "--workspace", "card.yaml/runs"], "card.yaml/runs"),
    ([*RUN, "--workspace", "card.yaml"], "card.yaml"),
    ([*RUN, "--workspace", "/proc/runs"], "/proc/runs"),
    ([*RUN, "--workspace", "damaged"], "cannot be used as the cache"),
    ([*RUN, "--api-key-env", "NO_SUCH_VARIABLE"], "--api-key-env"),
    ([*RUN, "--header", "X-Key=env:NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE"),
    ([*RUN, "--header", "X-Key: a"], "--header"),
    ([*RUN, "--ca-file", "no_such.pem"], "no_such.pem"),
    ([*RUN, "--ca-file", "card.yaml"], "card.yaml"),
    ([*RUN, "--param", "temperature"], "NAME=VALUE"),
    ([*RUN, "--param", "temperature=hot"], "--param temperature=hot: must be a number"),
    ([*RUN, "--param", "temperature=.nan"], "must be a number"),
    ([*RUN, "--param", "top_p=-1"], "must be at least 0"),
    ([*RUN, "--param", "max_tokens=many"], "must be a whole number"),
    ([*RUN, "--param", "max_tokens=-5"], "must be at least 0"),
    ([*RUN, "--param", "n=x"], "n=x"),
    ([*RUN, "--param", "n=0"], "n=0"),
    ([*RUN, "--param", "n=1.5"], "n=1.5"),
    ([*RUN, "--max-reply", "0"], "max"),
    ([*RUN, "--max-reply", "-1"], "max"),
    ([*RUN, "--max-reply", "nan"], "max"),
    ([*RUN, "--concurrency", "0"], "concurrency"),
    ([*RUN, "--timeout", "nan"], "timeout"),
    ([*RUN, "--rpm", "0"], "requests per minute"),
    ([*RUN, "--retries", "-1"], "retries"),
    ([*RUN, "--repeats", "0"], "--repeats"),
    ([*RUN, "--limit", "0"], "--limit"),
    ([*RUN, "--split", "no_such"], "no_such"),
    ([*RUN, "--template", "templates.no_such"], "no_such"),
    ([*RUN, "--num-demos", "3"], "demos"),
    ([*RUN, "--data", "no_such"], "no_such"),
    ([*RUN, "--model-option", "device=cuda"], "device"),
    ([*RUN, "--model-option", "loglikelihood=ecco"], "ecco"),
    (["run", "card.yaml", "--model", "replay:no_such.jsonl"], "no_such.jsonl"),
    (["run", "no_such.yaml", "--model", "m"], "no_such.yaml"),
    (["run", "--task", "no_such.yaml", "--model", "m"], "no_such.yaml"),
    ([*JUDGE, "--with", "no_such"], "no_such"),
    *(
        ([*JUDGE, "--with", name], said)
        for name, said in {
            "judge_filter.yaml": "no filter is named 'regexx'",
            "judge_pattern.yaml": "no regular expression",
            "judge_field.yaml": "'anwser'",
            "judge_name.yaml": "'trun'",
            "judge_template.yaml": "cannot be rendered",
            "judge_mode.yaml": "'ratting'",
            "correctness": "there is nothing to ask",
            "pairwise": "there must be two systems",
        }.items()
    ),
    ([*JUDGE, "--with", "correctness", "--field", "reference={{doc.gold"], "cannot be had of sample"),
    ([*JUDGE, "--with", "correctness", "--field", "reference={{doc.gold}}"], "has no attribute 'gold'"),
    ([*JUDGE, "--with", "rating", "--fail-under", "ratin=3"], "names no metric that will be scored"),
    ([*JUDGE, "--with", "rating", "--baseline", "otter"], "is about pairs"),
    ([*JUDGE, "--with", "rating", "--order", "content"], "is about pairs"),
    ([*JUDGE, "--with", "rating", "--field", "context=x"], "context"),
    ([*JUDGE, "--with", "rating", "--question", "no_such"], "no_such"),
    ([*JUDGE, "--with", "rating", "--answer", "no_such"], "no_such"),
    ([*JUDGE, "--with", "rating", "--questions", "no_such.jsonl"], "no_such.jsonl"),
    ([*JUDGE, "--with", "rating", "--judge-prompts", "no_such.jsonl"], "no_such.jsonl"),
    ([*JUDGE, "--with", "rating", "--fail-under", "rating"], "--fail-under"),
    ([*JUDGE, "--with", "rating", "--fail-under", "rating=x"], "--fail-under"),
    ([*JUDGE, "--with", "rating", "--filters", "no_such.yaml"], "--filters"),
    ([*JUDGE, "--with", "rating", "--workspace", "card.yaml"], "card.yaml"),
    ([*JUDGE, "--with", "rating", "--api-key-env", "NO_SUCH_VARIABLE"], "--api-key-env"),
    (["judge", "no_such.csv", "--judge", "m", "--with", "rating"], "no_such.csv"),
    (["card", "run", "metric.yaml"], "acuracy"),
    (["card", "run", "own_main_score.yaml", "--out", "made.jsonl"], "no score named 'acuracy'"),
    (["card", "run", "pairs.yaml", "--out", "made.jsonl"], "its references cannot be scored"),
    (["card", "run", "card.yaml", "--out", "/proc/made.jsonl"], "cannot be written"),
    (["card", "run", "postprocessor.yaml"], "no_such"),
    (["card", "run", "types.yaml"], "answer"),
    (["card", "run", "loader.yaml"], "no_such.csv"),
    (["card", "run", "card.yaml", "--out", "no_such/samples.jsonl"], "no_such"),
    (["card", "run", "card.yaml", "--out", "samples.txt"], "samples.txt"),
    (["card", "run", "card.yaml", "--out", "folder.jsonl"], "folder.jsonl"),
    (["card", "run", "card.yaml", "--out", "card.yaml/samples.jsonl"], "card.yaml"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "card.yaml").write_text(CARD)
    (tmp_path / "task.yaml").write_text(TASK)
    (tmp_path / "questions.csv").write_text("question,answer\none,uno\ntwo,due\n")
    (tmp_path / "answers.csv").write_text("id,question,answer\n1,one,uno\n2,two,due\n")
    (tmp_path / "sums.jsonl").write_text('{"question": "1 + 1 =", "answer": "2"}\n{"question": "2 =", "answer": "2"}\n')
    (tmp_path / "own_judge.yaml").write_text(OWN_JUDGE)
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "answers.sqlite").write_bytes(b"this is no database" * 100)
    for name, (good, text, other) in WRONG.items():
        assert text in good
        (tmp_path / name).write_text(good.replace(text, other))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGRADE_WORKSPACE", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.mark.parametrize(("command", "said"), STARTS, ids=[" ".join(command) for command, _ in STARTS])
def test_a_wrong_start_asks_nothing_and_leaves_no_run(
    folder: Path, server: FaultyServer, cli: Callable[..., Any], command: list[str], said: str
) -> None:
    server.asked.clear()
    before = {path for path in folder.rglob("*") if path.name != "runs"}
    asking = ["--base-url", server.url] if "--model" in command or "--judge" in command else []
    done = cli(*command, *asking)
    assert done.code in (1, 2), done.out + done.err
    assert said in done.err
    assert "internal error" not in done.err
    assert not server.asked
    after = {path for path in folder.rglob("*") if path.name != "runs" and "config" not in path.parts}
    assert after <= before


@pytest.mark.parametrize(
    "command",
    [
        RUN,
        ["run", "--task", "task.yaml", "--model", "m"],
        [*JUDGE, "--with", "rating"],
        [*JUDGE, "--with", "own_judge.yaml"],
        ["card", "run", "card.yaml"],
    ],
    ids=" ".join,
)
def test_the_right_start_is_right(folder: Path, cli: Callable[..., Any], command: list[str]) -> None:
    with FaultyServer().running() as server:
        done = cli(*command, *(["--base-url", server.url, "--no-score"] if command[0] != "card" else []))
        assert done.code == 0, done.err
        assert len(server.asked) == (0 if command[0] == "card" else 2)


def test_a_metric_that_needs_what_is_not_here_prevents_no_run(folder: Path, cli: Callable[..., Any]) -> None:
    task = folder / "neural.yaml"
    task.write_text(TASK.replace("metric: exact_match", "metric: bleurt"))
    with FaultyServer().running() as server:
        done = cli("run", "--task", task, "--model", "m", "--base-url", server.url)
        assert done.code == 3
        assert "neural model" in done.out
        assert len(server.asked) == 2


def test_one_wrong_metric_of_two_is_told_before_anything_is_asked(folder: Path, cli: Callable[..., Any]) -> None:
    task = folder / "half.yaml"
    task.write_text(TASK.replace("higher_is_better: true}]", "higher_is_better: true}, {metric: exact_mach}]"))
    with FaultyServer().running() as server:
        done = cli("run", "--task", task, "--model", "m", "--base-url", server.url, "--no-score")
        assert done.code == 3
        assert "metric exact_mach: no metric is named 'exact_mach'" in done.err
        assert len(server.asked) == 2


def test_a_missing_key_is_told_before_anything_is_made(
    folder: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    done = cli("run", "card.yaml", "--model", "gpt-4o-mini")
    assert (done.code, "api.openai.com wants a key" in done.err) == (2, True), done.err
    assert not (folder / "runs").exists()
    assert cli("run", "card.yaml", "--model", "gpt-4o-mini", "--dry-run").code == 0
