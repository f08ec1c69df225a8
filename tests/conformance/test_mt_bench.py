"""MT-Bench's cards: the samples that Unitxt 1.26.10 made of the same files, and the scores of the same predictions."""

from __future__ import annotations

import json
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.api.scores import Scores
from regrade.schema import Sample

PAIRS, RATINGS = "pairwise_comparison.multi_turn_with_reference", "rating.single_turn"
CARDS = {
    PAIRS: "cards.mt_bench.response_assessment.pairwise_comparison.multi_turn_with_reference_gpt4_judgement",
    RATINGS: "cards.mt_bench.response_assessment.rating.single_turn_gpt4_judgement",
}
BUNDLED = {
    PAIRS: "cards.mt_bench.pairwise.multi_turn_with_reference",
    RATINGS: "cards.mt_bench.rating.single_turn",
}
TEMPLATES = {
    PAIRS: "templates.response_assessment.pairwise_comparison.mt_bench_multi_turn_with_reference",
    RATINGS: "templates.response_assessment.rating.mt_bench_single_turn",
}
RUNS: dict[str, dict[str, Any]] = {
    f"{PAIRS}.no_shuffle": {"template": TEMPLATES[PAIRS]},
    f"{PAIRS}.chat_api": {"template": TEMPLATES[PAIRS], "format": "formats.chat_api"},
    f"{RATINGS}.card_default": {"template": TEMPLATES[RATINGS]},
}


@pytest.fixture(scope="module")
def folder(conformance: Path) -> Path:
    return conformance / "unitxt_mt_bench"


@pytest.fixture(scope="module", autouse=True)
def _catalog() -> None:
    if find_spec("unitxt") is None:
        pytest.skip("the data of the package unitxt is not installed: its templates are wanted")


def card_of(run: str, names: dict[str, str], folder: Path) -> regrade.Card:
    name = PAIRS if run.startswith(PAIRS) else RATINGS
    return regrade.load_card(names[name], "unitxt", data=folder / "input")


def recorded(folder: Path, run: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "expected" / f"{run}.jsonl").read_text("utf-8").splitlines()]


def compared(sample: Sample) -> dict[str, Any]:
    return {
        "source": sample.prompt if sample.messages is None else sample.messages,
        "target": sample.target,
        "references": sample.references,
        "task_data": {**sample.input_fields, **sample.reference_fields},
        "metrics": sample.metrics,
        "postprocessors": sample.postprocessors,
    }


def expected_of(row: dict[str, Any]) -> dict[str, Any]:
    names = ("source", "target", "references", "metrics", "postprocessors")
    data = {name: value for name, value in row["task_data"].items() if name != "metadata"}
    return {**{name: row[name] for name in names}, "task_data": data}


@pytest.mark.parametrize("run", RUNS)
def test_samples(folder: Path, run: str) -> None:
    samples = card_of(run, CARDS, folder).samples(**RUNS[run])
    assert [compared(sample) for sample in samples] == [expected_of(row) for row in recorded(folder, run)]
    assert not samples.account.failures
    assert not samples.malformed


@pytest.mark.parametrize("run", RUNS)
def test_samples_of_our_own_cards(folder: Path, run: str) -> None:
    samples = card_of(run, BUNDLED, folder).samples(**RUNS[run])
    rated = [row for row in recorded(folder, run) if row["target"] != "[[-1.0]]"]  # -1 is no rating, so it is left out
    assert [compared(sample) for sample in samples] == [expected_of(row) for row in rated]


def test_the_usual_template_is_the_cards_own(folder: Path) -> None:
    samples = card_of(RATINGS, CARDS, folder).samples()
    rows = recorded(folder, f"{RATINGS}.card_default")
    assert [compared(sample) for sample in samples] == [expected_of(row) for row in rows]


def test_shuffled_samples_are_equal_where_the_draw_is(folder: Path) -> None:
    samples = list(card_of(PAIRS, CARDS, folder).samples())
    rows = recorded(folder, f"{PAIRS}.card_default")
    assert len(samples) == len(rows)
    same = [(s, row) for s, row in zip(samples, rows, strict=True) if s.metadata["swapped"] is row["swapped"]]
    assert [compared(sample) for sample, _ in same] == [expected_of(row) for _, row in same]
    # The draw is a fair coin per row, so neither all nor none agree with another fair coin; and it is no constant.
    assert 0.3 < len(same) / len(rows) < 0.7
    assert 0.3 < sum(sample.metadata["swapped"] for sample in samples) / len(samples) < 0.7


@pytest.mark.parametrize("swapped", [False, True])
def test_shuffled_samples_are_equal_where_the_draw_is_given(folder: Path, swapped: bool) -> None:
    samples = card_of(PAIRS, CARDS, folder).samples(arrangement={"swapped": swapped})
    rows = recorded(folder, f"{PAIRS}.card_default")
    for sample, row in zip(samples, rows, strict=True):
        if row["swapped"] is swapped:
            assert compared(sample) == expected_of(row)


def test_nothing_a_row_held_is_lost(folder: Path) -> None:
    samples = list(card_of(PAIRS, BUNDLED, folder).samples())
    sample = samples[0]
    assert {"question_id", "model_1", "model_2", "judge_output_model_1_ordered_first", "turn"} <= sample.doc.keys()
    assert sample.doc["judge_model_id"] == "gpt-4"
    assert sample.group in {"roleplay", "writing", "coding", "extraction", "math", "reasoning", "stem", "humanities"}
    assert len({sample.sample_id for sample in samples}) == len(samples)
    assert [s.sample_id for s in card_of(PAIRS, BUNDLED, folder).samples()] == [s.sample_id for s in samples]


# -- scores ------------------------------------------------------------------------------------------------------------


def prediction(index: int, target: str, *, ratings: bool) -> str:
    """What README of the recorded cases says the predictions were."""
    choice = zlib.crc32(str(index).encode()) % 10
    if choice <= 5:
        return f"Both are fine. My verdict: {target}"
    others = (
        ("[[5]]", "Rating: [[7.5]]", "[[8/10]]", "Not rated.")
        if ratings
        else ("I pick [[A]]", "[[B]] wins", "Tie: [[C]]", "I cannot decide.")
    )
    return others[choice - 6]


def scored(run: str, folder: Path, **options: Any) -> tuple[Scores, dict[str, Any]]:
    rows = recorded(folder, run)
    samples = card_of(run, CARDS, folder).samples(**RUNS[run])
    ratings = run.startswith(RATINGS)
    answers = {
        sample.sample_id: prediction(index, row["target"], ratings=ratings)
        for index, (sample, row) in enumerate(zip(samples, rows, strict=True))
    }
    found: dict[str, Any] = json.loads((folder / "expected" / f"{run}.scores.json").read_text("utf-8"))
    assert list(answers.values()) == [instance["prediction"] for instance in found["instances"]]
    return samples.score(answers, **options), found


@pytest.mark.parametrize("run", [f"{PAIRS}.no_shuffle", f"{RATINGS}.card_default"])
def test_scores_and_intervals(folder: Path, run: str) -> None:
    scores, found = scored(run, folder, compat="unitxt")
    expected = found["global"]
    mine = {result.metric: result for result in scores.results}
    names = {"accuracy", "f1_micro", "f1_macro", "f1_A", "f1_B", "f1_C"} if run.startswith(PAIRS) else {"spearmanr"}
    assert mine.keys() >= names
    for name in names:
        result = mine[name]
        assert result.value == pytest.approx(expected[name], abs=1e-12)
        assert result.n == result.scored == expected["num_of_instances"]
        if f"{name}_ci_low" in expected:
            assert result.interval == pytest.approx(
                (expected[f"{name}_ci_low"], expected[f"{name}_ci_high"]), abs=1e-12
            )
        else:
            assert result.interval is None


def test_scores_of_single_samples(folder: Path) -> None:
    scores, found = scored(f"{PAIRS}.no_shuffle", folder, compat="unitxt")
    for sample, instance in zip(scores.per_sample(), found["instances"], strict=True):
        assert sample.extracted == [instance["processed_prediction"]]
        assert not sample.unparsed
        assert sample.values["accuracy"] == instance["score"]["accuracy"]


def test_verdicts_that_are_none_are_counted(folder: Path) -> None:
    scores, found = scored(f"{PAIRS}.no_shuffle", folder)
    none = sum(instance["processed_prediction"] == "None" for instance in found["instances"])
    accuracy = next(result for result in scores.results if result.metric == "accuracy")
    assert (accuracy.unparsed, accuracy.n) == (none, len(found["instances"]))
    assert accuracy.value == pytest.approx(found["global"]["accuracy"], abs=1e-12)


def test_a_missing_rating_is_no_zero(folder: Path) -> None:
    scores, found = scored(f"{RATINGS}.card_default", folder)
    spearman = next(result for result in scores.results if result.metric == "spearmanr")
    unrated = sum(instance["prediction"] == "Not rated." for instance in found["instances"])
    assert spearman.unparsed >= unrated > 0
    assert spearman.scored == spearman.n - spearman.unparsed


def test_results_by_position(folder: Path) -> None:
    samples = card_of(PAIRS, CARDS, folder).samples()
    answers = {sample.sample_id: "[[A]]" for sample in samples}
    scores = samples.score(answers, by=["metadata.swapped"], metric="metrics.accuracy")
    groups = {result.group["metadata.swapped"]: result for result in scores.results if result.group}
    assert groups.keys() == {True, False}
    swapped = [sample for sample in samples if sample.metadata["swapped"]]
    assert groups[True].n == len(swapped)
    assert groups[True].value == pytest.approx(sum(s.target == "[[A]]" for s in swapped) / len(swapped))
