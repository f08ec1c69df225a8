"""Several metrics' scores of a sample, judged together by a random forest that somebody trained."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from regrade.addition import add_up
from regrade.artifacts import ArtifactError, artifact
from regrade.metrics.compose import MetricsEnsemble


@artifact("random_forest_metrics_ensemble")
class RandomForestMetricsEnsemble(MetricsEnsemble):
    """The class that a random forest puts a sample in, by the scores that several metrics give it.

    Args:
        metrics: The metrics, in the order of the forest's features.
        weights: The forest as data: ``classes_``, and under ``estimators_`` trees (``tree_``) of ``nodes`` (left,
            right, feature, threshold, impurity, samples, their weight, whether a missing value goes left) and
            ``values`` (per node the weight of each class), as scikit-learn holds them.
    """

    weights: dict[str, Any]  # type: ignore[assignment]

    def verify(self) -> None:
        super(MetricsEnsemble, self).verify()
        try:
            self._trees  # noqa: B018  a wrong forest is told now
            self.weights["classes_"][0]
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"this is no forest: {error!r}", path=("weights",)) from None

    @cached_property
    def _trees(self) -> list[tuple[list[Any], list[list[float]]]]:
        """Per tree its nodes, and the share of each class at each node."""
        trees = []
        for estimator in self.weights["estimators_"]:
            tree = estimator["tree_"]
            shares = []
            for (counts,) in tree["values"]:
                total = add_up(counts)
                shares.append([count / total for count in counts])
            if len(shares) != len(tree["nodes"]):
                raise ValueError("a tree needs a value for each of its nodes")
            trees.append((tree["nodes"], shares))
        if not trees:
            raise ValueError("a forest needs trees")
        return trees

    def _weighed(self, values: list[Any]) -> float:
        votes = [_at_leaf(nodes, shares, values) for nodes, shares in self._trees]
        means = [add_up(column) / len(votes) for column in zip(*votes, strict=True)]
        return float(self.weights["classes_"][means.index(max(means))])


def _at_leaf(nodes: Sequence[Any], shares: Sequence[list[float]], values: Sequence[float]) -> list[float]:
    """The shares of classes at the leaf where values lead."""
    place = 0
    while True:
        left, right, feature, threshold, *_, missing_left = nodes[place]
        if left == -1:
            return shares[place]
        value = values[feature]
        if math.isnan(value):
            place = left if missing_left else right
        else:
            # Trees compare in single precision.
            (single,) = struct.unpack("f", struct.pack("f", value))
            place = left if single <= threshold else right
