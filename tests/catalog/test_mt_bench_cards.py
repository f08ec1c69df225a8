"""MT-Bench's bundled cards: nothing is wrong with them, and they take from the data what they say they take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regrade.artifacts.build import build
from regrade.artifacts.catalogs import default_catalog
from regrade.artifacts.check import check_file
from regrade.cards import Pipeline, TaskCard

CATALOG = Path(__file__).parents[2] / "src" / "regrade" / "catalog"
OURS = sorted(
    path
    for folder in ("cards/mt_bench", "operators/mt_bench", "tasks/response_assessment", "tasks/generation")
    for path in (CATALOG / folder).rglob("*.yaml")
) + sorted((CATALOG / "templates" / "response_assessment").rglob("*.yaml"))
ALIASES = {"vicuna-13b-hao-0515": "vicuna-13b-v1.3", "vicuna-30b-gpt4": "vicuna-33b-v1.3"}
VARIANTS = [(turn, reference) for turn in (1, 2) for reference in (False, True)]


def name_of(turn: int, reference: bool) -> str:
    return ("single_turn" if turn == 1 else "multi_turn") + ("_with_reference" if reference else "")


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(CATALOG)))
def test_nothing_is_wrong_with_it(path: Path) -> None:
    assert check_file(path, default_catalog()) == []


def test_there_are_eight_cards_that_assess_judges_and_two_that_ask_models() -> None:
    names = {
        ".".join(path.relative_to(CATALOG / "cards").with_suffix("").parts)
        for path in OURS
        if path.is_relative_to(CATALOG / "cards")
    }
    assert names == {
        *(f"mt_bench.{kind}.{name_of(*variant)}" for kind in ("pairwise", "rating") for variant in VARIANTS),
        "mt_bench.generation",
        "mt_bench.generation.japanese",
    }


# -- what the cards make of a folder of MT-Bench, counted in plain Python ---------------------------------------------


@pytest.fixture(scope="session")
def folder(conformance: Path) -> Path:
    return conformance / "unitxt_mt_bench" / "input"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


class Data:
    """The files, joined by hand."""

    def __init__(self, folder: Path) -> None:
        bench = folder / "data" / "mt_bench"
        self.questions = {row["question_id"]: row for row in rows(bench / "question.jsonl")}
        self.answers = {
            (row["question_id"], self.known(row["model_id"])): row["choices"][0]["turns"]
            for path in (bench / "model_answer").glob("*.jsonl")
            for row in rows(path)
        }
        self.pairs = rows(bench / "model_judgment" / "gpt-4_pair.jsonl")
        self.ratings = rows(bench / "model_judgment" / "gpt-4_single.jsonl")

    @staticmethod
    def known(model: str) -> str:
        return ALIASES.get(model.lower(), model.lower())

    def fits(self, row: dict[str, Any], turn: int, reference: bool, *models: str) -> bool:
        question = self.questions.get(row["question_id"])
        if question is None or row["turn"] != turn or (question.get("reference") is not None) != reference:
            return False
        return all((row["question_id"], self.known(row[name])) in self.answers for name in models)


@pytest.fixture(scope="session")
def data(folder: Path) -> Data:
    return Data(folder)


def process(name: str, folder: Path) -> tuple[list[Any], Pipeline]:
    catalog = default_catalog()
    pipeline = Pipeline(build(f"cards.{name}", TaskCard, catalog=catalog), catalog=catalog, data=folder)
    return list(pipeline.samples()), pipeline


@pytest.mark.parametrize(("turn", "reference"), VARIANTS)
def test_pairwise(data: Data, folder: Path, turn: int, reference: bool) -> None:
    samples, pipeline = process(f"mt_bench.pairwise.{name_of(turn, reference)}", folder)
    wanted = [
        row
        for row in data.pairs
        if row["g1_winner"] == row["g2_winner"] != "error" and data.fits(row, turn, reference, "model_1", "model_2")
    ]
    assert len(wanted) > 100
    assert len(samples) == len(wanted)
    assert pipeline.account.failures == []

    def key(row: dict[str, Any], known: bool) -> tuple[Any, ...]:
        one, other = (data.known(row[f"model_{i}"]) if known else row[f"model_{i}"] for i in (1, 2))
        return row["question_id"], one, other

    by_key = {key(sample.doc, False): sample for sample in samples}
    assert set(by_key) == {key(row, True) for row in wanted}
    for row in wanted:
        sample, question = by_key[key(row, True)], data.questions[row["question_id"]]
        # What a task would forget stays: category, models, the judge and its words.
        assert sample.group == question["category"]
        assert sample.doc["judge_model_id"] == "gpt-4"
        assert sample.doc["judge_prompt_id"] == row["judge"][1]
        assert sample.doc["judge_output_model_1_ordered_first"] == row["g1_judgment"]
        winner = {"model_1": "choice_a", "model_2": "choice_b", "tie": "tie"}[row["g1_winner"]]
        assert sample.doc["winner"] == winner
        one, other = (data.answers[row["question_id"], data.known(row[f"model_{i}"])] for i in (1, 2))
        text = sample.prompt
        if turn == 1:
            assert (sample.doc["question"], sample.doc["answer_a"]) == (question["turns"][0], one[0])
            assert one[0] in text
            assert other[0] in text
        else:
            dialog = [
                [role, turn]
                for pair in zip(question["turns"], one, strict=True)
                for role, turn in zip(("user", "assistant"), pair, strict=True)
            ]
            assert [list(turn) for turn in sample.doc["dialog_a"]] == dialog
            assert "### Assistant A:\n" in text
        if reference:
            assert question["reference"][turn - 1] in text


@pytest.mark.parametrize(("turn", "reference"), VARIANTS)
def test_rating(data: Data, folder: Path, turn: int, reference: bool) -> None:
    samples, pipeline = process(f"mt_bench.rating.{name_of(turn, reference)}", folder)
    wanted = [row for row in data.ratings if row["score"] != -1 and data.fits(row, turn, reference, "model")]
    assert len(samples) == len(wanted) > 100
    assert pipeline.account.failures == []
    got = {(s.doc["question_id"], s.doc["model_id"]): s for s in samples}
    expected = {(row["question_id"], data.known(row["model"])): row for row in wanted}
    assert {key: s.doc["rating"] for key, s in got.items()} == {key: row["score"] for key, row in expected.items()}
    for key, sample in got.items():
        assert data.answers[key][turn - 1] in sample.prompt
        assert float(sample.target.removeprefix("[[").removesuffix("]]")) == expected[key]["score"]


def test_generation(data: Data, folder: Path) -> None:
    samples, _ = process("mt_bench.generation", folder)
    assert [sample.prompt.strip() for sample in samples] == [row["turns"][0] for row in data.questions.values()]
    for sample, question in zip(samples, data.questions.values(), strict=True):
        assert sample.doc["turns"] == question["turns"]
        assert sample.group == question["category"]
        assert sample.doc["reference_answer"] == (question.get("reference") or [""])[0]


def test_the_published_prompts_are_not_ours(shared_data: Path) -> None:
    """The frame is the protocol; no sentence of the judge's instruction may be one of FastChat's."""
    prompts = rows(shared_data / "mt_bench" / "fastchat_official" / "judge_prompts.jsonl")
    published = " ".join(prompt["system_prompt"] + " " + prompt["prompt_template"] for prompt in prompts)
    for path in (CATALOG / "templates" / "response_assessment").rglob("mt_bench*.yaml"):
        instruction = (
            default_catalog().fetch(".".join(path.relative_to(CATALOG).with_suffix("").parts)).get("instruction")
        )
        assert instruction
        for sentence in instruction.replace("\n", " ").split(". "):
            assert not sentence or sentence.strip() not in published
