"""What can be known to be wrong is told before anybody is asked: no request, no folder of a run, no file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.models.loopback import Loopback, serving

CARD = """\
__type__: task_card
loader: {__type__: load_csv, files: {test: questions.csv}}
task:
  __type__: task
  input_fields: {question: str}
  reference_fields: {answer: str}
  prediction_type: str
  metrics: [metrics.accuracy]
templates:
  - {__type__: input_output_template, input_format: "{question}", output_format: "{answer}"}
"""

TASK = """\
task: sums
dataset_path: csv
dataset_kwargs: {data_files: {test: questions.csv}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
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

CONNECTION = ("--base-url", "URL", "--retries", "0")
RUN = ("run", "card.yaml", "--model", "m", *CONNECTION)
RUN_TASK = ("run", "--task", "task.yaml", "--model", "m", *CONNECTION)
JUDGE = ("judge", "answers.jsonl", "--judge", "m", *CONNECTION, "--with")
MAKE = ("card", "run", "card.yaml", "-o")


class Wrong(NamedTuple):
    """Something wrong, and what is said of it.

    Attributes:
        command: The command; ``URL`` stands for the server's.
        said: Part of the message.
        old: A part of the file that the command reads.
        new: What stands there instead.
        file: The file in which it stands.
    """

    command: tuple[str, ...]
    said: str
    old: str = ""
    new: str = ""
    file: str = "card.yaml"


def task(said: str, old: str, new: str) -> Wrong:
    return Wrong(RUN_TASK, said, old, new, "task.yaml")


CASES = [
    # -- a card's metrics, scores, types, fields
    Wrong(RUN, "did you mean metrics.accuracy", "metrics.accuracy", "metrics.acuracy"),
    Wrong(RUN, "'acuracy' is no known type", "[metrics.accuracy]", "[{__type__: acuracy}]"),
    Wrong(RUN, "no argument 'main_scor'", "metrics.accuracy", "'metrics.accuracy[main_scor=x]'"),
    Wrong(RUN, "no score named 'acuracy'", "[metrics.accuracy]", "[{__type__: accuracy, main_score: acuracy}]"),
    Wrong(RUN, "it gives rouge1, rouge2, rougeL", "metrics.accuracy", "'metrics.rouge[main_score=rougeX]'"),
    Wrong(RUN, "its references cannot be scored", "metrics.accuracy", "metrics.ner"),
    Wrong(RUN, "its references cannot be scored", "metrics.accuracy", "metrics.f1_micro_multi_label"),
    Wrong(RUN, "must be List[str]", "{answer: str}", '{answer: "List[str]"}'),
    Wrong(RUN, "no known type", "prediction_type: str", "prediction_type: strr"),
    Wrong(RUN, "'anser' (str) is missing", "{answer: str}", "{anser: str}"),
    Wrong(RUN, "wants the field 'qestion'", 'input_format: "{question}"', 'input_format: "{qestion}"'),
    Wrong(RUN, "processors.nope", '"{answer}"}', '"{answer}", postprocessors: [processors.nope]}'),
    # -- a task's metrics, filters, templates
    task("no metric is named 'exact_mach'", "metric: exact_match", "metric: exact_mach"),
    task("no aggregation is named 'meen'", "aggregation: mean", "aggregation: meen"),
    task("measures multiple_choice tasks", "metric: exact_match", "metric: acc_norm"),
    task(
        "no filter is named 'regexx'",
        "task: sums",
        "task: sums\nfilter_list: [{name: x, filter: [{function: regexx}]}]",
    ),
    task(
        "no regular expression",
        "task: sums",
        "task: sums\nfilter_list: [{name: x, filter: [{function: regex, regex_pattern: '(('}]}]",
    ),
    task(
        "unexpected keyword argument 'patern'",
        "task: sums",
        "task: sums\nfilter_list: [{name: x, filter: [{function: regex, patern: a}]}]",
    ),
    task("'qestion' is undefined", "{{question}}", "{{qestion}}"),
    task("'anser' is undefined", "{{answer}}", "{{anser}}"),
    # -- how it is asked
    Wrong((*RUN, "--param", "temperature=hot"), "--param temperature=hot: must be a number"),
    Wrong((*RUN, "--param", "temperature=.nan"), "must be a number"),
    Wrong((*RUN, "--param", "max_tokens=many"), "must be a whole number"),
    Wrong((*RUN, "--param", "max_tokens=-5"), "must be at least 0"),
    Wrong((*RUN, "--param", "n=two"), "must be a whole number"),
    Wrong((*RUN, "--param", "n=0"), "must be at least 1"),
    Wrong((*RUN, "--api-key-env", "NOT_SET"), "is not set"),
    Wrong((*RUN, "--header", "X=env:NOT_SET"), "NOT_SET is not set"),
    Wrong((*RUN, "--ca-file", "nothing.pem"), "there is no such file"),
    Wrong((*RUN, "--workspace", "card.yaml"), "cannot be made"),
    Wrong((*RUN, "--workspace", "damaged"), "cannot be used as the cache"),
    Wrong(("run", "card.yaml", "--model", "gpt-4o-mini"), "api.openai.com wants a key"),
    # -- judges
    Wrong((*JUDGE, "own.yaml"), "no filter is named 'regexx'", "function: regex,", "function: regexx,", "own.yaml"),
    Wrong((*JUDGE, "own.yaml"), "no regular expression", r"(\\d+)", "((", "own.yaml"),
    Wrong((*JUDGE, "own.yaml"), "'anwser'", "turn.answer", "turn.anwser", "own.yaml"),
    Wrong((*JUDGE, "own.yaml"), "'trun'", "in turns", "in trun", "own.yaml"),
    Wrong((*JUDGE, "own.yaml"), "cannot be rendered", "{{ turn.answer }}", "{{ turn.answer", "own.yaml"),
    Wrong((*JUDGE, "own.yaml"), "'ratting'", "mode: rating", "mode: ratting", "own.yaml"),
    Wrong((*JUDGE, "ratin"), "'ratin'"),
    Wrong((*JUDGE, "correctness"), "there is nothing to ask"),
    Wrong((*JUDGE, "correctness", "--field", "reference={{doc.gold"), "cannot be had of sample 0"),
    Wrong((*JUDGE, "correctness", "--field", "reference={{doc.gold}}"), "has no attribute 'gold'"),
    Wrong((*JUDGE, "rating", "--field", "refernce=x"), "is nothing that the judge asks for"),
    Wrong((*JUDGE, "rating", "--answer", "nope"), "no row has the column 'nope'"),
    Wrong((*JUDGE, "rating", "--fail-under", "ratin=3"), "names no metric that will be scored"),
    Wrong((*JUDGE, "rating", "--filters", "own.yaml"), "name the judge's run"),
    Wrong((*JUDGE, "rating", "--baseline", "otter"), "is about pairs"),
    Wrong((*JUDGE, "pairwise"), "there must be two systems"),
    # -- making samples
    Wrong((*MAKE, "made.parquet"), "metrics.acuracy", "metrics.accuracy", "metrics.acuracy"),
    Wrong(
        (*MAKE, "made.parquet"),
        "no score named 'acuracy'",
        "[metrics.accuracy]",
        "[{__type__: accuracy, main_score: acuracy}]",
    ),
    Wrong((*MAKE, "made.parquet"), "processors.nope", '"{answer}"}', '"{answer}", postprocessors: [processors.nope]}'),
    Wrong((*MAKE, "nowhere/made.parquet"), "there is no such folder"),
    Wrong((*MAKE, "made.txt"), "neither .parquet nor .jsonl"),
    Wrong((*MAKE, "made.jsonl"), "is a folder, not a file"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    """A well-behaved server."""
    with serving() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a card, a task and a table of answers, to work in."""
    (tmp_path / "card.yaml").write_text(CARD)
    (tmp_path / "own.yaml").write_text(OWN_JUDGE)
    (tmp_path / "task.yaml").write_text(TASK)
    (tmp_path / "questions.csv").write_text("question,answer\none,echo one\ntwo,TWO\nthree,echo three\n")
    rows = [{"id": str(n), "question": f"question {n}?", "answer": f"answer {n}"} for n in range(3)]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "answers.sqlite").write_bytes(b"this is no database" * 100)
    monkeypatch.chdir(tmp_path)
    for name in ("REGRADE_WORKSPACE", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if "answers.sqlite" not in path.name)


@pytest.mark.parametrize("wrong", CASES, ids=lambda wrong: f"{wrong.command[0]}: {wrong.said[:40]}")
def test_what_is_wrong_is_told_before_anybody_is_asked(
    wrong: Wrong, folder: Path, cli: Callable[..., Any], server: Loopback
) -> None:
    if wrong.old:
        file = folder / wrong.file
        assert wrong.old in file.read_text()
        file.write_text(file.read_text().replace(wrong.old, wrong.new))
    if wrong.said == "is a folder, not a file":
        (folder / "made.jsonl").mkdir()
    before, asked = files(folder), server.counts()["statuses"]
    done = cli(*(server.url if word == "URL" else word for word in wrong.command))
    assert done.code in (1, 2), done
    assert wrong.said in done.err
    assert "internal error" not in done.err
    assert files(folder) == before
    assert server.counts()["statuses"] == asked


@pytest.mark.parametrize("command", [RUN, RUN_TASK, (*JUDGE, "rating"), (*JUDGE, "own.yaml"), (*MAKE, "made.jsonl")])
def test_the_same_without_the_mistake_goes_through(
    command: tuple[str, ...], folder: Path, cli: Callable[..., Any], server: Loopback
) -> None:
    assert cli(*(server.url if word == "URL" else word for word in command)).code in (0, 3)


def test_runs_shows_the_names_that_people_gave(folder: Path, cli: Callable[..., Any], server: Loopback) -> None:
    for _ in range(2):
        assert cli(*RUN[:4], "--base-url", server.url, "--name", "Grüße, Welt").code == 0
    assert cli(*RUN[:4], "--base-url", server.url, "--name", "第二次 run").code == 0
    assert cli("judge", "answers.jsonl", "--judge", "big", "--with", "rating", "--base-url", server.url).code in (0, 3)
    shown = cli("runs").out
    assert "Grüße, Welt (Gr-e-Welt)" in shown
    assert "Grüße, Welt (Gr-e-Welt--2)" in shown
    assert "第二次 run " in shown
    assert "openai_in_words" not in shown
    rows = {row["name"]: row["title"] for row in json.loads(cli("runs", "--json").out)}
    assert rows == {
        "Gr-e-Welt": "Grüße, Welt",
        "Gr-e-Welt--2": "Grüße, Welt",
        "run": "第二次 run",
        "judge--rating--big": "",
    }
    assert cli("resume", "第二次 run").code == 0
    done = cli("resume", "Grüße, Welt")
    assert done.code == 1
    assert "Gr-e-Welt, Gr-e-Welt--2" in done.err
