"""A run's folder is scored like a log: what failed or was never answered is missing, not wrong."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import regrade
from regrade.api.card import load_card
from regrade.errors import Exit, InputError
from regrade.rows.discover import discover
from regrade.schema import Answer, AnswerError, Sample, Usage
from regrade.scoring.compare import compare_paths
from regrade.scoring.options import Options
from regrade.store import samples as sample_file
from regrade.store.answers import JournalAnswers, journal_answers
from regrade.store.manifest import Manifest
from regrade.store.run import Run, now

CARD = {
    "__type__": "task_card",
    "loader": {
        "__type__": "load_from_dictionary",
        "data": {
            "test": [
                {"id": f"q{n}", "q": f"{n}+1?", "a": str(n + 1), "kind": "odd" if n % 2 else "even"} for n in range(4)
            ]
        },
    },
    "task": {
        "__type__": "task",
        "input_fields": {"q": "str"},
        "reference_fields": {"a": "str"},
        "prediction_type": "str",
        "metrics": ["metrics.accuracy"],
    },
    "templates": [{"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}],
}


def card_run(folder: Path, answers: Iterable[Answer], repeats: int = 1, status: str = "complete") -> Path:
    """A run of the card with these answers; ``sample_id`` is the sample's place, as text."""
    made = load_card(CARD).samples()
    made.write(folder / "samples.parquet")
    ids = [sample.sample_id for sample in made]
    manifest = Manifest(
        name=folder.name,
        created=now(),
        recipe={"dialect": "card"},
        recipe_name="sums",
        repeats=repeats,
        samples=len(ids),
        model={"identity": {"type": "openai", "model": "m"}, "asked": {"model": "openai:m"}},
    )
    run = Run(folder, manifest)
    run.set_status(status)  # type: ignore[arg-type]
    encoder = msgspec.json.Encoder()
    placed = (
        msgspec.structs.replace(one, sample_id=ids[int(one.sample_id)], position=int(one.sample_id)) for one in answers
    )
    run.answers.write_bytes(b"".join(encoder.encode(one) + b"\n" for one in placed))
    return folder


def said(place: int, text: str, **more: Any) -> Answer:
    return Answer(sample_id=str(place), text=text, **more)


def failed(place: int, kind: Any = "server", **more: Any) -> Answer:
    return Answer(sample_id=str(place), error=AnswerError(kind, "no"), **more)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "runs" / "sums--m"
    made.mkdir(parents=True)
    return made


def test_a_whole_run(folder: Path) -> None:
    run = card_run(folder, [said(0, "1"), said(1, "2"), said(2, "3"), said(3, "5")])
    scores = regrade.score(run)
    (result,) = scores.results
    assert (result.task, result.run, result.value, result.n) == ("sums", "sums--m", 0.75, 4)
    assert scores.exit_code is Exit.DONE
    assert scores.sources[0].run.model == "m"


def test_what_failed_or_was_not_answered_is_missing_and_not_wrong(folder: Path) -> None:
    run = card_run(folder, [said(0, "1"), failed(1, "rate_limit"), failed(1, "server")], status="stopped")
    scores = regrade.score(run)
    assert (scores.results[0].value, scores.results[0].n) == (1.0, 1)
    assert scores.exit_code is Exit.INCOMPLETE
    counts = scores.parts[0].counts
    assert (counts.expected, counts.samples, counts.missing) == (4, 1, 3)
    assert any("3 samples have no answer (errors: server 1)" in note for note in scores.parts[0].notes)


def test_an_answer_wins_over_an_error_and_the_latest_over_earlier_ones(folder: Path) -> None:
    lines = [failed(0), said(0, "no"), said(0, "1"), failed(0), said(1, "2"), said(2, "3"), said(3, "4")]
    assert regrade.score(card_run(folder, lines)).results[0].value == 1.0


def test_nobody_answered(folder: Path) -> None:
    run = card_run(folder, [failed(0, "refused")])
    with pytest.raises(InputError, match=r"none of its 4 samples has an answer \(errors: refused 1\)"):
        regrade.score(run)
    (folder / "answers.jsonl").unlink()
    with pytest.raises(InputError, match="none of its 4 samples has an answer"):
        regrade.score(run)


def test_a_line_that_breaks_off_was_never_counted_and_a_damaged_one_is_told(folder: Path) -> None:
    run = card_run(folder, [said(0, "1"), said(1, "2"), said(2, "3"), said(3, "4")])
    journal = run / "answers.jsonl"
    journal.write_bytes(b'{"sample_id": 3}\n' + journal.read_bytes() + b'{"sample_id":"x","te')
    scores = regrade.score(run)
    assert scores.results[0].n == 4
    assert any("1 lines of the journal cannot be read" in note for note in scores.parts[0].notes)


def test_repeats_are_scored_as_far_as_they_are_there(folder: Path) -> None:
    lines = [said(place, str(place + 1), repeat=repeat) for place in range(4) for repeat in range(2)]
    whole = regrade.score(card_run(folder, lines, repeats=2))
    assert whole.exit_code is Exit.DONE
    assert whole.sources[0].options.get("incomplete") is None
    partial = regrade.score(card_run(folder, lines[1:], repeats=2, status="incomplete"))
    assert partial.exit_code is Exit.INCOMPLETE
    assert partial.parts[0].counts.incomplete == "1 samples lack some of their 2 answers"
    assert (partial.results[0].n, partial.results[0].value) == (4, 1.0)


def test_expressions_see_what_else_is_known_of_an_answer(folder: Path) -> None:
    lines = [
        said(0, "1", finish_reason="stop", thinking="hm", usage=Usage(3, 4)),
        said(1, "2", finish_reason="length"),
        said(2, "3", finish_reason="stop"),
        said(3, "5", finish_reason="stop"),
    ]
    scores = regrade.score(card_run(folder, lines), by="metadata.answer.finish_reason")
    by = {next(iter(r.group.values())): (r.value, r.n) for r in scores.results if r.group}
    assert by == {"stop": (pytest.approx(2 / 3), 3), "length": (1.0, 1)}
    thought = regrade.score(folder, where="metadata.answers[0].thinking == 'hm'")
    assert thought.results[0].n == 1


def test_a_call_of_a_tool_is_what_was_said(tmp_path: Path) -> None:
    calls = [
        {"type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
        {"type": "function", "function": {"name": "other", "arguments": "{}"}},
    ]
    broken = [{"type": "function", "function": {"name": "add", "arguments": "{a"}}]
    lines = [
        Answer(sample_id="a", tool_calls=calls),
        Answer(sample_id="b", tool_calls=broken, text="I call it"),
        Answer(sample_id="c", finish_reason="length"),
    ]
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    answers = journal_answers(str(path))
    assert answers.repeats("a") == {0: '{"name":"add","arguments":{"a":1}}'}
    assert answers.repeats("b") == {0: '{"name":"add","arguments":"{a"}'}
    assert answers.repeats("c") == {0: ""}  # it answered, with nothing
    assert [one["name"] for one in (call["function"] for call in answers.details("a")[0]["tool_calls"])] == [
        "add",
        "other",
    ]


def test_a_journal_that_grows_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(msgspec.json.encode(Answer(sample_id="a", text="x")) + b"\n")
    assert journal_answers(str(path)).repeats("a") == {0: "x"}
    with path.open("ab") as file:
        file.write(msgspec.json.encode(Answer(sample_id="a", repeat=1, text="yy")) + b"\n")
    assert journal_answers(str(path)).repeats("a") == {0: "x", 1: "yy"}


def test_the_last_turn_of_a_conversation_is_scored(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    lines = [Answer(sample_id="a", turn=0, text="first"), Answer(sample_id="a", turn=1, text="second")]
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    answers = JournalAnswers(path)
    assert answers.repeats("a", 1) == {0: "second"}
    assert answers.details("a", 1)[0]["turns"] == ["first", "second"]


def test_a_folder_of_runs_is_one_source_per_run(folder: Path) -> None:
    lines = [said(0, "1"), said(1, "2"), said(2, "3"), said(3, "4")]
    card_run(folder, lines)
    other = folder.with_name("sums--m--2")
    other.mkdir()
    card_run(other, lines[:2], status="stopped")
    scored = folder / "scores" / "default"
    scored.mkdir(parents=True)
    (scored / "results.json").write_text('{"results": {"a": {}}, "config": {}}')
    for place in (folder.parent, folder.parent.parent):
        sources = discover([place], {})
        assert [source.run.name for source in sources] == ["sums--m", "sums--m--2"]
        assert {source.reader for source in sources} == {"run-folder"}
    assert len(discover([folder / "run.json"], {})) == 1


def test_a_run_beside_other_logs(folder: Path, tmp_path: Path) -> None:
    card_run(folder, [said(0, "1")])
    log = folder.parent / "samples_a.jsonl"
    log.write_text('{"doc_id": 0, "doc": {}, "target": "a", "resps": [["a"]], "exact_match": 1.0}\n')
    assert [source.reader for source in discover([tmp_path], {})] == ["lm-eval", "run-folder"]


def test_two_runs_compared(folder: Path) -> None:
    card_run(folder, [said(n, str(n + 1)) for n in range(4)])
    other = folder.with_name("other")
    other.mkdir()
    card_run(other, [said(n, str(n + 1) if n else "no") for n in range(4)])
    comparison = compare_paths(folder, other, Options(keep=True))
    (metric,) = comparison.metrics
    assert (metric.task, metric.n, metric.difference) == ("sums", 4, -0.25)


def task_run(folder: Path, samples: list[Sample], answers: list[Answer], config: dict[str, Any]) -> Path:
    """A run of a task of the harness."""
    about = {"config": config, "arguments": {"until": ["\n"]}}
    sample_file.write(samples, folder / "samples.parquet", lambda: about)
    Run(
        folder,
        Manifest(
            name=folder.name,
            created=now(),
            recipe={"dialect": "lm_eval"},
            recipe_name=str(config["task"]),
            samples=len(samples),
        ),
    ).save()
    (folder / "answers.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in answers))
    return folder


def test_a_generation_task(folder: Path) -> None:
    config = {
        "task": "sums",
        "output_type": "generate_until",
        "doc_to_text": "{{q}}",
        "doc_to_target": "{{a}}",
        "filter_list": [
            {
                "name": "number",
                "filter": [{"function": "regex", "regex_pattern": "(\\d+)"}, {"function": "take_first"}],
            }
        ],
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    }
    samples = [
        Sample(sample_id=str(n), doc={"q": f"{n}+1", "a": str(n + 1)}, prompt=f"{n}+1", metadata={"doc_id": n})
        for n in range(3)
    ]
    answers = [Answer(sample_id=str(n), position=n, text=f"it is {n + 1}" if n else "none") for n in range(3)]
    scores = regrade.score(task_run(folder, samples, answers, config))
    (result,) = scores.results
    assert (result.key, result.value) == ("exact_match,number", pytest.approx(2 / 3))
    assert [one.sample_id for one in scores.per_sample()] == [0, 1, 2]
    again = regrade.score(folder, extract={"word": "(none)"})
    assert [(r.filter, r.value) for r in again.results] == [("word", 0.0)]


def test_a_document_of_several_requests_is_one_record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of one document may stand in two row groups; each document is read once, in one of them."""
    monkeypatch.setattr(sample_file, "_GROUP_ROWS", 3)
    config = {
        "task": "blank",
        "output_type": "multiple_choice",
        "doc_to_text": "{{label}}",
        "doc_to_choice": "{{[a, b]}}",
        "doc_to_target": "{{end}}",
        "metric_list": [{"metric": "acc"}],
    }
    docs = [{"label": n % 2, "a": f"{n} a", "b": f"{n} b", "end": "so"} for n in range(5)]
    samples = [
        Sample(
            sample_id=f"{n}/{k}",
            doc=doc,
            prompt=doc["ab"[k]],
            continuations=[" so"],
            metadata={"doc_id": n, "request": k},
        )
        for n, doc in enumerate(docs)
        for k in range(2)
    ]
    answers = [
        Answer(sample_id=sample.sample_id, choices=[(-1.0 if sample.metadata["request"] else -2.0, False)])
        for sample in samples
    ]
    run = task_run(folder, samples, answers, config)
    scores = regrade.score(run)
    assert len(scores.sources[0].chunks) == 4
    (result,) = scores.results
    assert (result.metric, result.n, result.value) == ("acc", 5, pytest.approx(2 / 5))
    assert [one.sample_id for one in scores.per_sample()] == [0, 1, 2, 3, 4]
    short = regrade.score(task_run(folder, samples, answers[:-1], config))
    assert (short.results[0].n, short.exit_code) == (4, Exit.INCOMPLETE)


def test_failed_requests_count_as_wrong_on_request(folder: Path, cli: Any) -> None:
    """Two right, one that failed, one that was never asked: 2 of 2, or 2 of 3; what was not asked stays missing."""
    run = card_run(folder, [said(0, "1"), said(1, "2"), failed(2, "timeout")], status="stopped")
    plain = cli("score", run, "--metric", "exact_match")
    assert plain.code == 3
    scores = regrade.score(run, metric="exact_match", failures_are_wrong=True)
    [result] = scores.results
    assert (result.value, result.n, result.scored, result.failed) == (pytest.approx(2 / 3), 3, 2, 1)
    assert scores.parts[0].counts.missing == 1
    ran = cli("score", run, "--metric", "exact_match", "--failures-are-wrong")
    assert ran.code == 3
    assert "0.6667" in ran.out
    assert "failed requests of 1 sample count as wrong (--failures-are-wrong)" in ran.out
    assert "its request failed (errors: timeout 1)" in ran.out
    [default] = regrade.score(run, metric="exact_match").results
    assert (default.value, default.n) == (1.0, 2)


def test_failed_repeats_count_as_wrong_on_request(folder: Path) -> None:
    answers = [said(0, "1"), failed(0, repeat=1), *(said(n, str(n + 1), repeat=r) for n in (1, 2, 3) for r in (0, 1))]
    run = card_run(folder, answers, repeats=2)
    [plain] = regrade.score(run, metric="pass@1").results
    [wrong] = regrade.score(run, metric="pass@1", failures_are_wrong=True).results
    assert (plain.value, wrong.value) == (1.0, pytest.approx(7 / 8))


def test_failed_requests_take_part_in_a_comparison(folder: Path, cli: Any, tmp_path: Path) -> None:
    whole = tmp_path / "runs" / "whole"
    whole.mkdir()
    first = card_run(folder, [said(0, "1"), said(1, "2"), failed(2), failed(3)])
    second = card_run(whole, [said(n, str(n + 1)) for n in range(4)])
    read: dict[str, Any] = {"failures_are_wrong": True}
    [row] = compare_paths(str(first), str(second), Options(keep=True, read=read)).metrics[:1]
    assert (row.n, row.a, row.b, row.better) == (4, pytest.approx(0.5), 1.0, 2)
    [plain] = compare_paths(str(first), str(second), Options(keep=True)).metrics[:1]
    assert (plain.n, plain.a) == (2, 1.0)
    assert "count as wrong" in cli("compare", first, second, "--failures-are-wrong").out


def test_formats_that_tell_no_failures_say_so(tmp_path: Path, cli: Any) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("expected,answer\n1,1\n", encoding="utf-8")
    ran = cli("score", path, "--metric", "exact_match", "--failures-are-wrong")
    assert ran.code == 0
    assert "this format does not tell which requests failed" in ran.out
