"""A log-likelihood that is NaN or plus infinity makes its sample fail, whatever metric asks for it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.models.local import LocalModel
from regrade.schema import Answer, Request

METRICS = {
    "multiple_choice": ["acc", "acc_norm", "brier_score"],
    "loglikelihood": ["acc", "perplexity"],
    "loglikelihood_rolling": ["word_perplexity", "bits_per_byte"],
}


@pytest.fixture
def log(logs: Any) -> Callable[..., Path]:
    """A log of four documents, all right, the last of which has the log-likelihood given; returns its folder."""

    def write(kind: str, last: Any, folder: str = ".") -> Path:
        rows = []
        for number in range(4):
            value = last if number == 3 else "-1.0"
            resps: list[Any] = [[value if kind == "loglikelihood_rolling" else [value, "True"]]]
            if kind == "multiple_choice":
                resps.append([["-2.0", "False"]])
            doc = {"question": f"q{number}", "answer": "a"}
            row = logs.row(number, "", doc=doc, target="a", resps=resps, filtered_resps=[one[0] for one in resps])
            rows.append({**row, "metrics": METRICS[kind], **dict.fromkeys(METRICS[kind], 1.0)})
        logs.write(rows, "likely", folder=folder)
        config = logs.config(
            "likely",
            output_type=kind,
            doc_to_choice=["a", "b"] if kind == "multiple_choice" else None,
            metric_list=[{"metric": name} for name in METRICS[kind]],
        )
        logs.results({"likely": {}}, configs={"likely": config}, folder=folder)
        return Path(logs.folder / folder)

    return write


@pytest.mark.parametrize("bad", ["nan", math.nan, "inf", math.inf])
@pytest.mark.parametrize("kind", METRICS)
def test_a_sample_with_such_a_log_likelihood_fails(
    kind: str, bad: Any, log: Callable[..., Path], cli: Callable[..., Any]
) -> None:
    folder = log(kind, bad)
    ran = cli("score", folder, "--json")
    assert ran.code == 3
    found = json.loads(ran.out)
    for name in METRICS[kind]:
        counts = found["counts"]["likely"]["by_metric"][f"{name},none"]
        assert (counts["n"], counts["scored"], counts["failed"]) == (4, 3, 1)
    if kind != "loglikelihood_rolling":
        assert found["results"]["likely"]["acc,none"] == 0.75  # it counts as the metric's worst value
    shown = cli("score", folder).out
    assert ":4 (" in shown
    assert f"is {float(bad)}" in shown
    result = regrade.score(folder)
    assert [metric.failed for metric in result.results] == [1] * len(METRICS[kind])


@pytest.mark.parametrize("kind", METRICS)
def test_minus_infinity_counts(kind: str, log: Callable[..., Path], cli: Callable[..., Any]) -> None:
    assert json.loads(cli("score", log(kind, "-inf"), "--json").out)["counts"]["likely"]["by_metric"] == {
        f"{name},none": {"n": 4, "scored": 4, "unparsed": 0, "failed": 0, "timed_out": 0} for name in METRICS[kind]
    }


def test_compare_names_it(log: Callable[..., Path], cli: Callable[..., Any]) -> None:
    first, second = log("multiple_choice", "-1.0", "a"), log("multiple_choice", "nan", "b")
    ran = cli("compare", first, second)
    assert ran.code == 3
    assert "log-likelihood 1 of 2 is nan" in ran.out + ran.err


class Overflowing(LocalModel):
    """A model whose half precision overflows."""

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "overflowing"}

    def load(self) -> None:
        pass

    def answer_batch(self, requests: list[Request]) -> list[Answer]:
        return [Answer(sample_id="", choices=[(-1.0, True), (math.nan, False)]) for _ in requests]


def test_a_model_in_this_process_that_says_so_has_not_answered() -> None:
    request = Request(sample_id="a", kind="loglikelihood", prompt="x", continuations=["a", "b"])
    [answer] = Overflowing("tiny")._answer_batch([request])
    assert answer.choices is None
    assert answer.error is not None
    assert answer.error.message == "the log-likelihood of continuation 2 is nan"
