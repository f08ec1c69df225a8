"""Results of other tools: recognised by one reader each, their scores averaged, their answers measured anew."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import regrade
from regrade.cli import main
from regrade.errors import InputError
from regrade.files import reading as files
from regrade.registry import iterate_registered
from regrade.rows.source import Reader

ROOT = Path(__file__).parents[2]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scored_logs", Path(__file__).with_name("scored_logs.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made = _load()
MAKERS: dict[str, Callable[[Path], Path]] = made.MAKERS


def readers_of(path: Path) -> dict[str, int]:
    """The readers that recognise a file, with their priorities."""
    head = files.read_head(path)
    readers: dict[str, Reader] = {name: cls() for name, cls in iterate_registered("reader")}
    return {name: reader.priority for name, reader in readers.items() if reader.matches(path, head)}


OTHERS = {
    "helm": '[{"instance_id": "id1", "stats": [{"name": {"name": "em"}, "count": 1, "sum": 1.0}]}]',
    "alpaca-eval": '[{"instruction": "i", "output_1": "a", "generator_1": "x", "output_2": "b", "generator_2": "y",'
    ' "annotator": "z", "preference": 2.0}]',
    "scored-repeats": '{"0": [true, false], "1": [false, false]}',
    "table": '{"prompt": "p", "completion": "c", "reward": 1.0}\n{"prompt": "q", "completion": "d", "reward": 0.0}\n',
}


@pytest.mark.parametrize("name", [*MAKERS, "page", "predictions", *OTHERS, "lm-eval", "csv"])
def test_every_file_is_recognised_by_one_tools_reader_and_no_other(tmp_path: Path, name: str) -> None:
    if name in OTHERS:
        path = tmp_path / "file.json"
        path.write_text(OTHERS[name])
        expected = name
    elif name == "lm-eval":
        path, expected = next((ROOT / "examples" / "results").rglob("samples_*.jsonl")), name
    elif name == "csv":
        path, expected = ROOT / "examples" / "answers.csv", "table"
    else:
        make = {**MAKERS, "page": made.simple_evals_page, "predictions": made.opencompass_predictions}[name]
        path, expected = make(tmp_path), {"page": "simple-evals", "predictions": "opencompass"}.get(name, name)
    found = readers_of(path)
    assert [reader for reader, priority in found.items() if priority > 0] == [expected] * (expected != "table")
    assert "table" in found or expected != "table"


EXPECTED: dict[str, dict[str, tuple[float, int, int]]] = {  # value, samples, failed; computed by hand
    "every-eval-ever": {"score": (0.625, 4, 0), "is_correct": (0.5, 4, 0)},
    "verifiers": {"reward": (0.5, 4, 0), "correct": (0.5, 4, 0), "format": (1.0, 4, 0)},
    "evalscope": {"acc": (2 / 3, 4, 1)},
    "lighteval": {"em": (2 / 3, 3, 0)},
    "deepeval": {"success": (2 / 3, 3, 0), "Answer Relevancy": (0.5, 3, 1), "Faithfulness": (1.0, 3, 0)},
    "openai-evals": {"accuracy": (2 / 3, 4, 1)},
    "swe-bench": {"resolved": (0.25, 4, 0)},
    "simple-evals": {"score": (0.75, 4, 0)},
    "opencompass": {"accuracy": (0.75, 4, 0)},
    "bigcode": {"pass@1": (0.4, 4, 0), "pass@10": (0.75, 4, 0)},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_tools_own_scores_are_averaged(tmp_path: Path, name: str) -> None:
    scores = regrade.score(MAKERS[name](tmp_path))
    assert {result.metric: (result.value, result.n, result.failed) for result in scores.results} == {
        metric: (pytest.approx(value), n, failed) for metric, (value, n, failed) in EXPECTED[name].items()
    }
    assert all(result.interval is not None and result.method == "re-aggregated" for result in scores.results)


def test_prompts_and_providers_of_promptfoo_are_runs_of_their_own(tmp_path: Path) -> None:
    scores = regrade.score(made.promptfoo(tmp_path), by="doc.vars.n")
    whole = {(r.run, r.metric): (r.value, r.n, r.failed) for r in scores.results if not r.group}
    assert whole == {
        ("openai:m1", "success"): (0.5, 3, 1),
        ("openai:m1", "score"): (0.75, 3, 1),
        ("openai:m1", "tone"): (0.5, 3, 0),
        ("openai:m1, prompt 1", "success"): (1.0, 1, 0),
        ("openai:m1, prompt 1", "score"): (1.0, 1, 0),
    }
    assert scores.sources[0].task == "sums"


def test_promptfoo_writes_the_same_as_lines(tmp_path: Path) -> None:
    results = json.loads(made.promptfoo(tmp_path).read_text())["results"]["results"]
    path = tmp_path / "promptfoo.jsonl"
    path.write_text("".join(json.dumps(result) + "\n" for result in results))
    assert [name for name, priority in readers_of(path).items() if priority > 0] == ["promptfoo"]
    assert {r.metric: r.value for r in regrade.score(path).results if r.run == "openai:m1"} == {
        "success": 0.5,
        "score": 0.75,
        "tone": 0.5,
    }


MEASURED = {  # exact_match of the answers with the references, by hand: remove nothing, compare as they stand
    "evalscope": 0.0,
    "lighteval": 2 / 3,
    "promptfoo": 1.0,
    "deepeval": 1.0,
    "verifiers": 0.0,
    "simple-evals": 0.0,
    "opencompass": 0.75,
}


@pytest.mark.parametrize("name", MEASURED)
def test_answers_are_measured_anew(tmp_path: Path, name: str) -> None:
    first = regrade.score(MAKERS[name](tmp_path), metric="exact_match").results[0]
    assert (first.metric, first.value, first.method) == ("exact_match", pytest.approx(MEASURED[name]), "recomputed")


def test_filters_take_the_answer_out_of_what_was_said(tmp_path: Path) -> None:
    scores = regrade.score(made.evalscope(tmp_path), metric="exact_match", extract={"letter": "ANSWER: ([A-D])"})
    assert scores.results[0].value == 1.0


def test_a_metric_of_the_file_may_be_measured_by_the_registered_one_of_its_name(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in made.every_eval_ever(tmp_path).read_text().splitlines()]
    path = tmp_path / "reward.jsonl"
    path.write_text("".join(json.dumps({"answer": "a", "expected": "a", "exact_match": 0}) + "\n" for _ in rows))
    assert [r.value for r in regrade.score(path, score="exact_match").results] == [0.0]
    assert [r.value for r in regrade.score(path, score="exact_match", trust_code=True).results] == [0.0]
    assert [r.value for r in regrade.score(path, metric="exact_match").results] == [1.0]


def test_predictions_without_scores_are_measured(tmp_path: Path) -> None:
    path = made.opencompass_predictions(tmp_path)
    assert [(r.metric, r.value) for r in regrade.score(path).results] == [("exact_match", 0.5)]
    results = tmp_path / "results" / "m1" / path.name  # where the results hold the details, they stand for both
    results.parent.mkdir(parents=True)
    results.write_text(made.opencompass(tmp_path / "elsewhere").read_text())
    assert {Path(source.path).parts[-3] for source in regrade.score(tmp_path / "predictions" / "..").sources} == {
        "results"
    }


def test_what_is_not_averaged_and_what_is_missing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(made.lighteval(tmp_path))]) == 0
    assert "corpus_bleu" in capsys.readouterr().out
    assert main(["score", str(made.swe_bench(tmp_path))]) == 3
    out = capsys.readouterr().out
    assert "4 of 5" in out
    assert "1 of the instances ended as: error" in out


def test_recorded_averages_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(made.verifiers(tmp_path)), "--check"]) == 0
    metadata = tmp_path / "metadata.json"
    metadata.write_text(metadata.read_text().replace("0.5", "0.625"))
    assert main(["score", str(tmp_path / "results.jsonl"), "--check"]) == 1
    assert "0.625" in capsys.readouterr().out


def test_rollouts_of_one_example_are_samples_of_their_own(tmp_path: Path, read: Callable[..., Any]) -> None:
    got = read(made.verifiers(tmp_path))
    assert [record.sample_id for record in got.records] == [0, "0#2", 1, "1#2"]
    assert got.records[0].answers == [["say 1.0"]]
    assert (got.source.task, got.source.run.model) == ("gsm", "acme/m1")


def test_who_answered_is_read_from_the_path_or_the_rows(tmp_path: Path, read: Callable[..., Any]) -> None:
    models = {name: read(make(_below(tmp_path, name))).source.run.model for name, make in NAMED.items()}
    assert models == {
        "lighteval": "acme/m1",
        "evalscope": "m1",
        "openai-evals": "m1",
        "swe-bench": "acme/m1",
        "simple-evals": "m1",
        "opencompass": "m1",
        "every-eval-ever": "acme/m1",
    }


NAMED = {name: make for name, make in MAKERS.items() if name not in ("verifiers", "promptfoo", "deepeval", "bigcode")}


def _below(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def test_the_page_of_simple_evals_holds_what_its_json_does(tmp_path: Path, read: Callable[..., Any]) -> None:
    got = read(made.simple_evals_page(tmp_path))
    assert [(r.recorded, r.target, r.answers) for r in got.records] == [
        ({"score": 1.0}, "A", [["Answer: A"]]),
        ({"score": 0.0}, "A", [["Answer: B"]]),
    ]
    assert got.records[0].arguments == [["2 < 0?"]]


def test_a_broken_row_costs_itself(tmp_path: Path) -> None:
    path = made.every_eval_ever(tmp_path)
    lines = path.read_text().splitlines()
    del lines[1:2]
    lines.insert(1, lines[0].replace('"evaluation"', '"judgement"'))
    path.write_text("\n".join(lines))
    scores = regrade.score(path)
    assert [part.malformed for part in scores.parts if part.malformed]
    assert [r.n for r in scores.results] == [3, 3]
    path.write_text(lines[1])
    with pytest.raises(InputError, match="'evaluation' is not there"):
        regrade.score(path)


def test_runs_of_a_tool_are_compared(tmp_path: Path) -> None:
    for name in ("a", "b"):
        made.evalscope(tmp_path / name)
    path = tmp_path / "b" / "reviews" / "m1" / "arc_easy.jsonl"
    path.write_text(path.read_text().replace('"acc": 0.0', '"acc": 1.0'))
    [row] = regrade.compare(tmp_path / "a", tmp_path / "b").metrics
    assert (row.a, row.b, row.n) == (pytest.approx(2 / 3), 1.0, 3)
