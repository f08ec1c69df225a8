"""Every registered metric of logs and tables, through every reader that can hold what it measures.

Values are worked out by hand beside each, or by the harness's own functions where it is installed. A metric that is
registered and stands in no table makes :func:`test_every_metric_is_here` fail.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.sources import KINDS, Question, write_source

import regrade
from regrade.registry import iterate_registered

TEXTS = [
    Question("red", ["red"]),
    Question("the cat sat", ["the cat sat down"]),
    Question("blue", ["green"]),
]
#: ROUGE-1 and -L of the second: precision 3/4, recall 3/3, so 6/7; ROUGE-2: 2/3 and 2/2, so 4/5. Words that SQuAD
#: counts are "cat sat" and "cat sat down": 4/5. TER: 0 + 1 + 1 edits of 5 words.
OF_TEXTS: dict[str, float] = {
    "exact_match": 1 / 3,
    "contains": 2 / 3,
    "token_f1": (1 + 4 / 5 + 0) / 3,
    "rouge1": (1 + 6 / 7 + 0) / 3,
    "rouge2": (0 + 4 / 5 + 0) / 3,
    "rougeL": (1 + 6 / 7 + 0) / 3,
    "rougeLsum": (1 + 6 / 7 + 0) / 3,
    "ter": 100 * 2 / 5,
}
OF_HARNESS = ("bleu", "chrf", "chrf++", "ter")

#: Gold 1 0 1 1, read 1 1 1 0: two of four; MCC (2·0 - 1·1) / √(3·3·1·1).
LABELS = [Question(gold, [said]) for gold, said in [("1", "1"), ("0", "1"), ("1", "1"), ("1", "0")]]
OF_LABELS = {"accuracy": 0.5, "mcc": -1 / 3}

#: 100 answers, every fourth right; the wrong ones differ from each other.
MANY = [Question("yes", ["yes" if place % 4 == 0 else f"no {place}" for place in range(100)])]
USUAL = (1, 2, 4, 5, 8, 10, 16, 32, 64, 100)


def _drawn(k: int, right: int) -> float:
    """The chance that k of the 100 answers hold so many right ones."""
    return math.comb(25, right) * math.comb(75, k - right) / math.comb(100, k) if 0 <= k - right <= 75 else 0.0


def _of_many() -> dict[str, float]:
    found = {}
    for k in USUAL:
        found[f"pass@{k}"] = 1 - math.comb(75, k) / math.comb(100, k)
        found[f"pass^{k}"] = math.comb(25, k) / math.comb(100, k)
        found[f"mean@{k}"] = math.ceil(k / 4) / k
        # Two right ones are more than any wrong one; one shares with the k - 1 others.
        found[f"maj@{k}"] = math.fsum(_drawn(k, right) for right in range(2, 26)) + _drawn(k, 1) / k
    return found


OF_MANY = _of_many()

#: Tested elsewhere, and why not here.
ELSEWHERE = {
    "card": "stands for a card's own metrics: tests/metrics and tests/conformance",
    "rouge": "several values at once: test_several_values_at_once",
    **dict.fromkeys(("pass@k", "pass^k", "maj@k", "mean@k"), "with k: test_several_values_at_once"),
    **dict.fromkeys(
        ("acc", "acc_norm", "acc_bytes", "acc_mutual_info", "brier_score", "f1", "likelihood", "perplexity"),
        "needs log-likelihoods: test_choices and test_continuations",
    ),
    **dict.fromkeys(("word_perplexity", "byte_perplexity", "bits_per_byte"), "whole documents: test_own_rules.py"),
    "acc_all": "questions with several answers: tests/metrics",
    "variance": "several questions with repeats: test_parts_of_the_variance",
    "bypass": "measures nothing: test_continuations",
    **dict.fromkeys(
        ("judge_rating", "judge_score", "wins", "losses", "ties", "win_rate", "loss_rate", "win_rate_adjusted"),
        "verdicts of judges: tests/judging and tests/cli/test_judge.py",
    ),
    **dict.fromkeys(
        ("position_consistency", "win_rate_at_equal_length", "length_controlled_win_rate"),
        "verdicts of judges: tests/judging and tests/rows/test_alpaca_eval.py",
    ),
}


def test_every_metric_is_here() -> None:
    here = {*OF_TEXTS, *OF_HARNESS, *OF_LABELS, *OF_MANY, *ELSEWHERE}
    assert {name for name, _ in iterate_registered("metric")} == here


def values(path: Path, metrics: list[str], **options: Any) -> dict[str, Any]:
    scores = regrade.score(path, metric=metrics, bootstrap_iterations=0, **options)
    assert not [failure for part in scores.parts for failure in part.failures]
    return {result.metric: result.value for result in scores.results}


@pytest.mark.parametrize("kind", KINDS)
def test_texts_and_labels(kind: str, tmp_path: Path) -> None:
    source = write_source(kind, tmp_path / "texts", TEXTS)
    found = values(source.path, [*OF_TEXTS, *OF_HARNESS], **source.options)
    assert {name: found[name] for name in OF_TEXTS} == pytest.approx(OF_TEXTS, rel=1e-12)
    source = write_source(kind, tmp_path / "labels", LABELS)
    assert values(source.path, list(OF_LABELS), **source.options) == pytest.approx(OF_LABELS, rel=1e-12)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("card", "run")])
def test_texts_as_the_harness_scores_them(kind: str, tmp_path: Path) -> None:
    # To a card these names are those of Unitxt's catalogue, which other functions stand behind.
    harness = pytest.importorskip("lm_eval.api.metrics")
    functions = {"bleu": harness.bleu, "chrf": harness.chrf, "chrf++": harness.chrfpp, "ter": harness.ter}
    pairs = [(one.gold, one.answers[0]) for one in TEXTS]
    wanted = {name: functions[name](pairs) for name in OF_HARNESS}
    source = write_source(kind, tmp_path / "texts", TEXTS)
    assert values(source.path, list(OF_HARNESS), **source.options) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "csv"])
def test_repeats(kind: str, tmp_path: Path) -> None:
    source = write_source(kind, tmp_path / "many", MANY)
    assert values(source.path, list(OF_MANY), **source.options) == pytest.approx(OF_MANY, rel=1e-9)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "csv"])
def test_parts_of_the_variance(kind: str, tmp_path: Path) -> None:
    """Two right of two, one of two, none of two: within (0 + 1/2 + 0) / 3; the means vary by 1/4, less 1/6 / 2."""
    asked = [Question("yes", ["yes", "yes"]), Question("no", ["no", "yes"]), Question("maybe", ["no", "yes"])]
    source = write_source(kind, tmp_path / "asked", asked)
    assert values(source.path, ["variance"], **source.options) == pytest.approx(
        {"variance": 1 / 3, "variance_between_questions": 1 / 6, "variance_within_questions": 1 / 6}, rel=1e-9
    )


@pytest.mark.parametrize("kind", ["log", "jsonl", "card"])
def test_several_values_at_once(kind: str, tmp_path: Path) -> None:
    source = write_source(kind, tmp_path / "texts", TEXTS)
    found = values(source.path, ["rouge"], **source.options)
    assert found == pytest.approx({name: OF_TEXTS[name] for name in ("rouge1", "rouge2", "rougeL", "rougeLsum")})
    source = write_source(kind, tmp_path / "many", MANY)
    for sign in ("pass@", "pass^", "maj@", "mean@"):
        wanted = {f"{sign}{k}": OF_MANY[f"{sign}{k}"] for k in (2, 8)}
        assert values(source.path, [f"{sign}k:k=[2,8]"], **source.options) == pytest.approx(wanted, rel=1e-9)
        assert values(source.path, [f"{sign}k:k=4"], **source.options) == {
            f"{sign}k": pytest.approx(OF_MANY[f"{sign}4"], rel=1e-9)
        }


@pytest.mark.parametrize("kind", ["log", "jsonl", "card"])
def test_on_the_command_line(kind: str, tmp_path: Path, cli: Callable[..., Any]) -> None:
    source = write_source(kind, tmp_path / "texts", TEXTS)
    chosen = ["--bootstrap-iters", "0", *(part for name in OF_TEXTS for part in ("--metric", name))]
    ran = cli("score", source.path, *source.arguments, *chosen, "--json")
    assert ran.code == 0
    (results,) = json.loads(ran.out)["results"].values()
    found = {key.partition(",")[0]: value for key, value in results.items()}
    assert {name: found[name] for name in OF_TEXTS} == pytest.approx(OF_TEXTS, rel=1e-12)
    shown = [
        json.loads(line) for line in cli("show", source.path, *source.arguments, *chosen, "--json").out.splitlines()
    ]
    each = [card["outcomes"][0]["values"] for card in shown]
    assert [one["exact_match"] for one in each] == [1.0, 0.0, 0.0]
    assert [one["rouge1"] for one in each] == pytest.approx([1.0, 6 / 7, 0.0], rel=1e-12)
    if kind == "card":
        answers = source.options.pop("answers")
        compared = cli("compare", answers, answers, "--samples", source.path, *chosen, "--json")
    else:
        compared = cli("compare", source.path, source.path, *source.arguments, *chosen, "--json")
    rows = {row["metric"]: (row["n"], row["a"], row["b"]) for row in json.loads(compared.out)["metrics"]}
    assert rows == {name: (3, pytest.approx(value), pytest.approx(value)) for name, value in OF_TEXTS.items()}


CHOICES = ["no", "yés"]
#: By document the gold choice, the log-likelihoods of both, and whether greedy decoding gives the gold one.
SCORED = [(1, (-2.0, -1.0), True), (0, (-1.0, -3.0), False), (1, (-1.0, -1.6), False)]
#: Without the prompt: what each gains by it is (1, 0), (0, -1) and (-0.5, 0.4).
ALONE = [(-3.0, -1.0), (-1.0, -2.0), (-0.5, -2.0)]


def _wrong(gap: float) -> float:
    """Probability of a choice whose log-likelihood is less by ``gap`` than the other's."""
    return 1 / (1 + math.exp(gap))


#: Likeliest are 1 0 0; per character (2 and 3) -1 -0.33, -0.5 -1, -0.5 -0.53: 1 0 0; per byte (2 and 4) the last is
#: -0.5 -0.4: 1 0 1. Of class 1 precision is 1/1 and recall 1/2.
OF_CHOICES = {
    "acc": 2 / 3,
    "acc_norm": 2 / 3,
    "acc_bytes": 1.0,
    "exact_match": 1 / 3,
    "f1": 2 / 3,
    "mcc": 0.5,
    "brier_score": 2 * (_wrong(1) ** 2 + _wrong(2) ** 2 + _wrong(-0.6) ** 2) / 3,
}


def choices_log(logs: Any, kind: str, pairs: list[tuple[float, ...]], metrics: list[str]) -> Path:
    rows = [
        {
            "doc_id": number,
            "doc": {"question": f"q{number}", "gold": gold},
            "target": str(gold),
            "arguments": {
                f"gen_args_{i}": {"arg_0": f"q{number}", "arg_1": f" {CHOICES[i % 2]}"} for i in range(len(lls))
            },
            "resps": [[[str(ll), str(greedy and i == gold)]] for i, ll in enumerate(lls)],
            "filtered_resps": [[str(ll), str(greedy and i == gold)] for i, ll in enumerate(lls)],
            "filter": "none",
            "metrics": [],
        }
        for number, ((gold, _, greedy), lls) in enumerate(zip(SCORED, pairs, strict=True))
    ]
    config = logs.config(
        "picks",
        output_type="multiple_choice",
        doc_to_text="{{question}}",
        doc_to_target="gold",
        doc_to_choice=CHOICES,
        metric_list=[{"metric": name} for name in metrics],
    )
    logs.results({"picks": {}}, configs={"picks": config}, version="0.4.13")
    if kind == "array":
        path = logs.write([], "picks")
        path.write_text(json.dumps(rows))
        return Path(path)
    return Path(logs.write(rows, "picks"))


@pytest.mark.parametrize("kind", ["lines", "array"])
def test_choices(logs: Any, kind: str, cli: Callable[..., Any]) -> None:
    path = choices_log(logs, kind, [lls for _, lls, _ in SCORED], list(OF_CHOICES))
    assert values(path, list(OF_CHOICES)) == pytest.approx(OF_CHOICES, rel=1e-12)
    found = json.loads(cli("score", logs.folder, "--json").out)["results"]["picks"]
    assert {name: found[f"{name},none"] for name in OF_CHOICES} == pytest.approx(OF_CHOICES, rel=1e-12)
    rows = json.loads(cli("compare", path, path, "--json").out)["metrics"]
    assert {row["metric"]: row["a"] for row in rows} == pytest.approx(OF_CHOICES, rel=1e-12)


@pytest.mark.parametrize("kind", ["lines", "array"])
def test_choices_by_what_they_gain(logs: Any, kind: str) -> None:
    pairs = [(*lls, *alone) for (_, lls, _), alone in zip(SCORED, ALONE, strict=True)]
    path = choices_log(logs, kind, pairs, ["acc", "acc_mutual_info"])
    # Gains are greatest for 0, 0 and 1; gold is 1, 0 and 1.
    assert values(path, ["acc_mutual_info"]) == {"acc_mutual_info": pytest.approx(2 / 3, rel=1e-12)}


def test_what_has_no_aggregation_says_so(logs: Any) -> None:
    path = choices_log(logs, "lines", [lls for _, lls, _ in SCORED], ["likelihood"])
    [result] = regrade.score(path).results
    assert result.value is None
    assert "none of 3 samples could be scored" in result.reason


def test_continuations(logs: Any) -> None:
    rows = []
    for number, (value, greedy) in enumerate([(-1.0, "True"), (-2.0, "False")]):
        row = logs.row(number, "", target="x", resps=[[[str(value), greedy]]], filtered_resps=[[str(value), greedy]])
        rows.append(row)
    path = logs.write(rows)
    entries = [{"metric": name} for name in ("perplexity", "acc")]
    config = logs.config("sums", output_type="loglikelihood", metric_list=entries)
    logs.results({"sums": {}}, configs={"sums": config})
    assert values(path, ["perplexity", "acc"]) == {"perplexity": pytest.approx(math.exp(1.5), rel=1e-12), "acc": 0.5}
    assert values(path, ["bypass"]) == {"bypass": 999}
