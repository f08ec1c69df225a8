"""Metrics weighed by a random forest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from regrade.artifacts import ArtifactError, build
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.evaluate import evaluate
from regrade.metrics.groups.forests import RandomForestMetricsEnsemble


def encoded(forest: RandomForestClassifier) -> dict[str, Any]:
    """A forest as the data that Unitxt stores."""
    estimators = []
    for tree in forest.estimators_:
        state = tree.tree_.__getstate__()
        estimators.append({"tree_": {"nodes": state["nodes"].tolist(), "values": state["values"].tolist()}})
    return {"estimators_": estimators, "classes_": forest.classes_.tolist()}


def ensemble(weights: dict[str, Any]) -> RandomForestMetricsEnsemble:
    metrics = [{"__type__": "string_containment"}, {"__type__": "token_overlap"}]
    data = {"__type__": "random_forest_metrics_ensemble", "metrics": metrics, "weights": weights}
    return build(data, RandomForestMetricsEnsemble)


def test_the_forest_is_scikit_learns() -> None:
    chance = np.random.default_rng(0)
    features = chance.random((200, 2))
    classes = (features.sum(axis=1) + 0.3 * chance.random(200) > 1.1).astype(int)
    forest = RandomForestClassifier(n_estimators=7, max_depth=4, random_state=0).fit(features, classes)
    ours = ensemble(encoded(forest))
    unseen = chance.random((300, 2))
    assert [ours._weighed(row) for row in unseen.tolist()] == forest.predict(unseen).tolist()


def test_scores() -> None:
    # One tree: does the prediction hold the reference?
    nodes = [
        [1, 2, 0, 0.5, 0.5, 2, 2.0, 0],
        [-1, -1, -2, -2.0, 0.0, 1, 1.0, 0],
        [-1, -1, -2, -2.0, 0.0, 1, 1.0, 0],
    ]
    tree = {"nodes": nodes, "values": [[[1, 1]], [[1, 0]], [[0, 1]]]}
    metric = ensemble({"estimators_": [{"tree_": tree}], "classes_": [0, 1]})
    totals, rows = evaluate([metric], ["the cat", "a dog"], [["cat"], ["cat"]])
    assert [row["ensemble_score"] for row in rows] == [1.0, 0.0]
    assert rows[0]["ensemble_1_f1"] == 1.0
    assert totals["score"] == 0.5


@pytest.mark.parametrize("weights", [{}, {"estimators_": [], "classes_": [0, 1]}, {"estimators_": [{"tree_": {}}]}])
def test_what_is_no_forest(weights: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError, match="no forest"):
        build(
            {"__type__": "random_forest_metrics_ensemble", "metrics": [{"__type__": "accuracy"}], "weights": weights},
            CardMetric,
        )
