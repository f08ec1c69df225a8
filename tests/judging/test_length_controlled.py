"""Win rates with the length taken out, against scikit-learn's fit of the same model, as AlpacaEval calls it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regrade.judging.length_controlled import Calibration, alpaca_eval, at_equal_length, read_calibration
from regrade.statistics.logistic import fit, sigmoid


def calibration(seed: int, instructions: int) -> Calibration:
    """Two baselines whose preferences depend on length and difficulty, as AlpacaEval's table has them."""
    generator = np.random.default_rng(seed)
    hard = generator.normal(-1, 1, instructions)
    gaps = generator.normal(0, 1, 2 * instructions)
    odds = -1.5 * np.tanh(gaps) + 0.8 * np.tile(hard, 2)
    shares = np.clip(sigmoid(odds) + generator.normal(0, 0.2, len(gaps)), 0, 1)
    rows = zip(np.tanh(gaps).tolist(), np.tile(hard, 2).tolist(), shares.tolist(), strict=True)
    return Calibration(dict(enumerate(hard.tolist())), tuple(rows))


def annotations(shared_data: Path, model: str) -> tuple[Any, Any]:
    path = shared_data / "alpaca_eval" / model / "weighted_alpaca_eval_gpt4_turbo" / "annotations.json"
    rows = json.loads(path.read_text())
    preferences = np.array([row["preference"] - 1 for row in rows])
    return preferences, np.array([float(len(row["output_1"]) - len(row["output_2"])) for row in rows])


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("model", ["NullModel", "claude-2"])
def test_as_alpaca_eval_fits_it(shared_data: Path, model: str) -> None:
    """Its fit: each row twice, once per label, weighted by the preference; liblinear; folds that keep rows whole."""
    sklearn = pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.metrics import make_scorer
    from sklearn.model_selection import GroupKFold

    preferences, gaps = annotations(shared_data, model)
    table = calibration(7, len(preferences))
    hard = np.array([table.difficulty[n] for n in range(len(preferences))])
    gamed = np.array(table.rows)
    features = np.vstack(
        [
            np.column_stack([gamed[:, :2], np.zeros(len(gamed))]),
            np.column_stack([np.tanh(gaps / gaps.std(ddof=1)), hard, np.ones(len(hard))]),
        ]
    )
    shares = np.concatenate([gamed[:, 2], preferences])
    weights = np.concatenate([np.full(len(gamed), 0.1), np.ones(len(hard))])
    twice = np.concatenate([shares, 1 - shares])
    labels = np.concatenate([np.ones(len(shares)), np.zeros(len(shares))])

    def loss(truth: Any, foretold: Any, share: Any, weight: Any) -> float:
        one = np.where(truth == 1, share, 1 - share)
        foretold = np.clip(foretold, 1e-15, 1 - 1e-15)
        return float(-np.mean(weight * (one * np.log(foretold) + (1 - one) * np.log(1 - foretold))))

    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(loss, response_method="predict_proba", greater_is_better=False)
        model_fit = LogisticRegressionCV(
            cv=GroupKFold(5),
            scoring=scorer.set_score_request(share=True, weight=True),
            random_state=123,
            penalty="l1",
            solver="liblinear",
            fit_intercept=False,
            tol=1e-8,
        ).set_fit_request(sample_weight=True)
        model_fit.fit(
            np.vstack([features, features]),
            labels,
            sample_weight=twice * np.tile(weights, 2),
            groups=np.tile(np.arange(len(shares)), 2),
            share=twice,
            weight=np.tile(weights, 2),
        )
    same_length = np.column_stack([np.zeros(len(hard)), hard, np.ones(len(hard))])
    expected = model_fit.predict_proba(same_length)[:, 1].mean()
    found = alpaca_eval(preferences, gaps, np.arange(len(preferences)), table)
    assert found == pytest.approx(expected, abs=1e-5)


def test_at_equal_length_is_the_prediction_of_a_logistic_regression() -> None:
    statsmodels = pytest.importorskip("statsmodels.api")
    generator = np.random.default_rng(3)
    gaps = generator.normal(20, 100, 400)
    shares = sigmoid(0.4 - 0.02 * gaps).round(2)
    features = np.column_stack([np.tanh(gaps / gaps.std(ddof=1)), np.ones(len(gaps))])
    expected = statsmodels.GLM(shares, features, family=statsmodels.families.Binomial()).fit().params
    assert fit(features, shares) == pytest.approx(expected, abs=1e-7)
    assert at_equal_length(shares, gaps) == pytest.approx(1 / (1 + np.exp(-expected[1])), abs=1e-8)


def test_answers_of_one_length_keep_their_win_rate() -> None:
    assert at_equal_length(np.array([1.0, 0.0, 0.5, 1.0]), np.array([7.0] * 4)) == 0.625


def test_a_penalty_sets_useless_coefficients_to_zero() -> None:
    generator = np.random.default_rng(0)
    features = np.column_stack([generator.normal(size=200), generator.normal(size=200)])
    shares = sigmoid(2 * features[:, 0])
    found = fit(features, shares, penalty=5.0)
    assert found[1] == 0.0
    assert 0 < found[0] < 2


def test_shares_that_can_be_told_perfectly_come_to_an_end() -> None:
    found = fit(np.array([[1.0], [-1.0]]), np.array([1.0, 0.0]))
    assert found[0] > 10


def test_the_metric_reads_the_calibration(cli: Callable[..., Any], shared_data: Path, tmp_path: Path) -> None:
    preferences, gaps = annotations(shared_data, "claude-2")
    generator = np.random.default_rng(1)
    with (tmp_path / "df_gamed.csv").open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(
            ["model", "index", "instruction_difficulty", "std_delta_len", "preference", "not_gamed_baseline"]
        )
        for n in range(len(preferences)):
            for model in ("verbose", "concise"):
                gap = generator.normal()
                writer.writerow([model, n, generator.normal(), gap, sigmoid(np.array(-gap)).round(3), False])
    file = shared_data / "alpaca_eval" / "claude-2" / "weighted_alpaca_eval_gpt4_turbo" / "annotations.json"
    metric = f"length_controlled_win_rate:calibration={tmp_path / 'df_gamed.csv'}"
    done = cli("score", file, "--metric", metric, "--json")
    assert done.code == 0, done.err
    (values,) = json.loads(done.out)["results"].values()
    places = np.arange(len(preferences))
    expected = 100 * alpaca_eval(preferences, gaps, places, read_calibration(tmp_path / "df_gamed.csv"))
    assert values["length_controlled_win_rate,none"] == pytest.approx(expected)


def test_a_table_that_is_no_calibration_is_told(tmp_path: Path) -> None:
    from regrade.errors import InputError

    (tmp_path / "other.csv").write_text("index,name\n1,x\n")
    with pytest.raises(InputError, match="no row of AlpacaEval's calibration"):
        read_calibration(tmp_path / "other.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_calibration(tmp_path / "none.csv")
