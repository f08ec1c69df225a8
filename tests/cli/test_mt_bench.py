"""MT-Bench through the command line: published numbers, breakdowns, charts, agreement."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PUBLISHED = {
    "mamba_0_5_dpo_ep1": 7.12,
    "mamba_0_5_dpo_ep3": 7.31,
    "mamba_0_75_dpo_ep1": 7.03,
    "mamba_0_75_dpo_ep3": 6.58,
    "mamba_0_875_dpo_ep1": 6.39,
    "mamba_0_875_dpo_ep3": 6.37,
}


@pytest.fixture(scope="session")
def mt_bench(shared_data: Path) -> Path:
    return shared_data / "mt_bench"


def rows(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def score(cli: Callable[..., Any], *arguments: Any) -> tuple[int, dict[str, Any]]:
    done = cli("score", *arguments, "--json")
    return done.code, json.loads(done.out)


def by_model(found: dict[str, Any], key: str, part: str = "results") -> dict[str, Any]:
    return {run["run"]: found[part][name][key] for name, run in found["runs"].items() if key in found[part][name]}


def test_published_averages(cli: Callable[..., Any], mt_bench: Path) -> None:
    code, found = score(cli, mt_bench / "jxiw_mambainllama")
    assert code == 0
    averages = by_model(found, "judge_rating,verdict")
    assert {model: round(value + 1e-9, 2) for model, value in averages.items()} == PUBLISHED


def test_the_verdicts_are_those_recorded(cli: Callable[..., Any], mt_bench: Path) -> None:
    done = cli("score", mt_bench, "--check")
    assert done.code == 3, "two comparisons have no verdict, in the log as here"
    assert "21 equal" in done.out
    assert "different" not in done.out


def test_wins_losses_ties_and_errors(cli: Callable[..., Any], mt_bench: Path) -> None:
    code, found = score(cli, mt_bench / "stefanstud_phi3" / "model_judgment" / "gpt-4_pair.jsonl")
    assert code == 3, "two comparisons have no verdict"
    counts = {name: by_model(found, f"{name},verdict") for name in ("wins", "losses", "ties")}
    assert counts == {
        "wins": {"phi-3": 18, "phi-3-dpo": 20},
        "losses": {"phi-3": 20, "phi-3-dpo": 18},
        "ties": {"phi-3": 35, "phi-3-dpo": 35},
    }
    assert by_model(found, "win_rate,verdict")["phi-3"] == pytest.approx(18 / 73)
    assert by_model(found, "loss_rate,verdict")["phi-3"] == pytest.approx(20 / 73)
    assert by_model(found, "win_rate_adjusted,verdict")["phi-3"] == pytest.approx((18 + 35 / 2) / 73)
    # Of the 73, both orders agree in 20 + 18 wins and 8 ties.
    assert by_model(found, "position_consistency,verdict")["phi-3"] == pytest.approx(46 / 73)
    lines = {failure["line"] for failure in found["failures"]}
    assert len(lines) == 2


def test_turns(cli: Callable[..., Any], mt_bench: Path) -> None:
    path = mt_bench / "stefanstud_phi3" / "model_judgment" / "gpt-4_single.jsonl"
    _, found = score(cli, path, "--by", "doc.turn")
    [groups] = found["by"].values()
    values = {group["by"]["doc.turn"]: group["results"]["judge_rating,verdict"] for group in groups}
    assert values == {1: 8.3625, 2: 8.0375}


def test_categories_come_from_the_questions(cli: Callable[..., Any], mt_bench: Path) -> None:
    questions = mt_bench / "fastchat_official" / "mt_bench" / "question.jsonl"
    path = mt_bench / "jxiw_mambainllama" / "model_judgment" / "gpt-4_single.jsonl"
    _, found = score(cli, path, "--docs", questions, "--by", "doc.category")
    category = {row["question_id"]: row["category"] for row in rows(questions)}
    expected: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows(path):
        expected[row["model"], category[row["question_id"]]].append(row["score"])
    got = {
        (found["runs"][name]["run"], group["by"]["doc.category"]): group["results"]["judge_rating,verdict"]
        for name, groups in found["by"].items()
        for group in groups
    }
    assert len(got) == 6 * 8
    assert got == pytest.approx({key: statistics.fmean(values) for key, values in expected.items()})


def test_a_row_per_model_and_a_column_per_category(cli: Callable[..., Any], mt_bench: Path, tmp_path: Path) -> None:
    questions = mt_bench / "fastchat_official" / "mt_bench" / "question.jsonl"
    chart = tmp_path / "chart.svg"
    arguments = ("--docs", questions, "--by", "doc.category", "--wide", "--radar", chart)
    done = cli("score", mt_bench / "jxiw_mambainllama", *arguments)
    assert done.code == 0
    shown = [line.split() for line in done.out.splitlines() if line.startswith("mamba")]
    assert [row[0] for row in shown] == sorted(PUBLISHED, key=lambda model: -PUBLISHED[model])
    assert shown[0][:2] == ["mamba_0_5_dpo_ep3", "7.31"]
    assert "coding" in done.out
    text = chart.read_text()
    assert all(model in text for model in PUBLISHED)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--radar", "x.svg"), "needs groups"),
        (("--wide",), "needs groups"),
        (("--by", "doc.turn", "--radar", "x.pdf"), "neither .svg nor .png"),
        (("--by", "doc.turn", "--radar", "nowhere/x.svg"), "folder is not there"),
        (("--by", "doc.turn", "--radar", "x.svg"), "at least 3 groups"),
    ],
)
def test_charts_that_cannot_be(
    cli: Callable[..., Any], mt_bench: Path, tmp_path: Path, monkeypatch: Any, arguments: Any, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("score", mt_bench / "jxiw_mambainllama", *arguments)
    assert done.code == 2
    assert message in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_chart_of_several_metrics_asks_for_one(cli: Callable[..., Any], mt_bench: Path, tmp_path: Path) -> None:
    questions = mt_bench / "fastchat_official" / "mt_bench" / "question.jsonl"
    pairs = mt_bench / "stefanstud_phi3" / "model_judgment" / "gpt-4_pair.jsonl"
    arguments = ("--docs", questions, "--by", "doc.category", "--radar", tmp_path / "x.svg")
    done = cli("score", pairs, *arguments)
    assert done.code == 2
    assert "--metric NAME chooses one" in done.err
    done = cli("score", pairs, *arguments, "--metric", "win_rate_adjusted")
    assert done.code == 3
    assert (tmp_path / "x.svg").exists()


def test_agreement_with_people(cli: Callable[..., Any], shared_data: Path) -> None:
    folder = shared_data / "llmbar" / "Dataset" / "Processed" / "MT-Bench"
    judge = folder / "evaluators" / "GPT-4" / "Vanilla_NoRules" / "result.json"
    done = cli("agree", judge, folder / "dataset.json", "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["orders"]["forward"]["agreement"]["count"] == 159
    assert found["orders"]["backward"]["agreement"]["count"] == 165
    assert found["orders"]["both"]["count"] == 149
    assert found["a"]["positions"]["consistent"]["count"] == 174
    assert round(found["a"]["positions"]["kappa"], 4) == 0.7401
    text = cli("agree", judge, folder / "dataset.json").out
    assert "0.7401" in text
    assert "79.5%" in text
    assert cli("agree", judge, folder / "dataset.json", "--fail-under", "0.9").code == 100


def test_agreement_of_a_judge_with_ratings_of_the_same_models(cli: Callable[..., Any], conformance: Path) -> None:
    folder = conformance / "unitxt_mt_bench" / "input" / "data" / "mt_bench" / "model_judgment"
    done = cli("agree", folder / "gpt-4_pair.jsonl", folder / "gpt-4_single.jsonl", "--by", "turn", "--json")
    assert done.code == 3, "both files hold judgements without a verdict"
    found = json.loads(done.out)
    ratings: dict[Any, float] = {}
    for row in rows(folder / "gpt-4_single.jsonl"):
        ratings[row["question_id"], row["turn"], row["model"].lower()] = row["score"]
    same = n = 0
    for row in rows(folder / "gpt-4_pair.jsonl"):
        one, other = (ratings.get((row["question_id"], row["turn"], row[f"model_{i}"].lower())) for i in (1, 2))
        winners = row["g1_winner"], row["g2_winner"]
        if one is None or other is None or -1 in (one, other) or "error" in winners:
            continue
        settled = winners[0] if winners[0] == winners[1] else "tie"
        n += 1
        same += settled == ("tie" if one == other else "model_1" if one > other else "model_2")
    assert n > 200
    agreement = found["setups"][0]["agreement"]
    assert (agreement["count"], agreement["n"]) == (same, n)
    assert set(found["groups"]) == {"1", "2"}


def test_agreement_of_tables(cli: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "judge.csv").write_text("id,verdict\n1,yes\n2,no\n3,yes\n4,\n")
    (tmp_path / "human.csv").write_text("item,answer\n1,Yes\n2,yes\n3,yes\n9,no\n")
    done = cli(
        "agree", tmp_path / "judge.csv", tmp_path / "human.csv", "--id", "id=item", "--verdict", "verdict=answer"
    )
    assert done.code == 3
    assert "66.7%" in done.out
    assert "1 without a verdict that can be read" in done.out
    done = cli("agree", tmp_path / "judge.csv", tmp_path / "human.csv")
    assert done.code == 1
    assert "--id names one of: item, answer" in done.err


def test_the_examples_are_what_their_script_makes(examples: Path, tmp_path: Path, monkeypatch: Any) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("make_judgements", examples / "make_judgements.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    module.main()
    made = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert len(made) == 4
    for path in made:
        assert path.read_bytes() == (examples / "mt_bench" / path.relative_to(tmp_path)).read_bytes()


def test_the_chart_in_the_guide_is_that_of_the_example(
    cli: Callable[..., Any], project_root: Path, tmp_path: Path
) -> None:
    chart = tmp_path / "chart.svg"
    log = project_root / "examples" / "mt_bench" / "model_judgment" / "toy-judge_single.jsonl"
    assert cli("score", log, "--by", "doc.category", "--radar", chart).code == 3
    assert chart.read_text() == (project_root / "docs" / "guides" / "mt_bench_radar.svg").read_text()
