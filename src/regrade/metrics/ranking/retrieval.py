"""Metrics of retrieval: lists of retrieved ids against relevant ones, and scores that rank."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from regrade.addition import add_up
from regrade.artifacts import ArtifactError, artifact
from regrade.metrics.card_metric import GlobalMetric, InstanceMetric, Scores
from regrade.metrics.ranking.ranks import at_k, average_precision, ndcg, reciprocal_rank, relevance
from regrade.metrics.reductions import nan_mean
from regrade.metrics.resampler import Resampler

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RetrievalMetric(InstanceMetric):
    """A list of retrieved ids against the ids that are relevant, the one reference."""

    prediction_type: str = "Union[List[str], List[int]]"
    single_reference_per_prediction: bool = True

    def score(self, hits: list[int], relevant: int) -> Scores:
        """The scores of a ranking.

        Args:
            hits: For each retrieved id 1 if it is relevant, else 0.
            relevant: How many ids are relevant.
        """
        raise NotImplementedError

    def measure(self, prediction: list[Any], references: list[Any], task_data: dict[str, Any]) -> Scores:
        relevant = dict.fromkeys(references[0])
        return self.score(relevance(prediction, list(relevant)), len(relevant))


@artifact("mrr")
class MRR(RetrievalMetric):
    """Mean reciprocal rank of the first relevant item.

    >>> MRR().measure(["a", "b", "c"], [["c", "b"]], {})
    {'mrr': 0.5}
    """

    main_score: str = "mrr"

    intervals_of: ClassVar[tuple[str, ...]] = ("mrr",)

    def score(self, hits: list[int], relevant: int) -> Scores:
        return {"mrr": reciprocal_rank(hits)}


@artifact("map")
class MAP(RetrievalMetric):
    """Mean average precision, over the relevant items that were retrieved.

    >>> MAP().measure(["a", "b", "c", "d"], [["b", "d"]], {})
    {'map': 0.5}
    """

    main_score: str = "map"

    intervals_of: ClassVar[tuple[str, ...]] = ("map",)

    def score(self, hits: list[int], relevant: int) -> Scores:
        return {"map": average_precision(hits)}


@artifact("retrieval_at_k")
class RetrievalAtK(RetrievalMetric):
    """Precision, recall and match of the first k retrieved items: ``match_at_5`` is 1 where any of 5 is relevant.

    The main score is the match at the first of ``k_list``.

    Args:
        k_list: The k.

    >>> RetrievalAtK(k_list=[2]).measure(["a", "b", "c"], [["b", "c"]], {})
    {'precision_at_2': 0.5, 'recall_at_2': 0.5, 'match_at_2': 1.0}
    """

    k_list: list[int]

    def verify(self) -> None:
        if not self.k_list:
            raise ArtifactError("'k_list' must hold one k at least", path=("k_list",))
        self.main_score = f"match_at_{self.k_list[0]}"
        super().verify()

    @cached_property
    def _names(self) -> list[str]:
        return [f"{measure}_at_{k}" for measure in ("precision", "recall", "match") for k in self.k_list]

    @cached_property
    def reduced_by(self) -> dict[str, list[str]]:
        return self.reduction_map or {"mean": self._names}

    def interval_names(self, scores: Scores) -> list[str]:
        return super().interval_names(scores) or (self._names if self.confidence_interval_calculation else [])

    def score(self, hits: list[int], relevant: int) -> Scores:
        found = {k: at_k(hits, relevant, k) for k in self.k_list}
        values = [found[k][place] for place in range(3) for k in self.k_list]
        return dict(zip(self._names, values, strict=True))


@artifact("ndcg")
class NDCG(GlobalMetric):
    """Normalised discounted cumulative gain: how well predicted scores rank the items of a query, 0 to 1.

    Samples of one query have the same field ``query``; references say what an item is worth, and the value is the
    mean over the queries with two items or more. A prediction of None ranks last, and a query with fewer than two
    predictions scores 0.

    >>> metric = NDCG()
    >>> rows = [(0.2, 3.0), (0.9, 1.0)]
    >>> metric.reduce([metric.measure(score, [gain], {"query": "q"}) for score, gain in rows])
    {'nDCG': 0.7967075809905066}
    """

    main_score: str = "nDCG"
    prediction_type: str = "Optional[float]"
    single_reference_per_prediction: bool = True

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> tuple[Any, ...]:
        return self.measure(None, references, task_data)

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> tuple[Any, ...]:
        return task_data.get("query"), prediction, references[0]

    def reduce(self, statistics: Sequence[tuple[Any, ...]]) -> Scores:
        queries: dict[Any, list[tuple[Any, ...]]] = {}
        for query, *item in statistics:
            queries.setdefault(query, []).append(tuple(item))
        return {"nDCG": nan_mean([_query_ndcg(items) for items in queries.values()])}

    def resampler(self, statistics: Sequence[tuple[Any, ...]], names: list[str]) -> Resampler:
        return _Queries(statistics, self.reduce, names)


def _query_ndcg(items: Sequence[tuple[Any, ...]]) -> float:
    """The nDCG of (score, gain) pairs; nan for less than two."""
    if len(items) < 2:
        return math.nan
    scores = [score for score, _ in items if score is not None]
    if len(scores) < len(items) and len(scores) < 2:
        return 0.0
    last = min(scores) - 1
    return ndcg([gain for _, gain in items], [last if score is None else score for score, _ in items])


class _Queries(Resampler):
    """Resamples of (query, score, gain): without a sample only its own query's score is another."""

    def jackknife(self) -> NDArray[np.float64]:
        import numpy as np

        queries: dict[Any, list[int]] = {}
        for place, (query, *_) in enumerate(self.units):
            queries.setdefault(query, []).append(place)
        scores = {query: _query_ndcg([self.units[p][1:] for p in places]) for query, places in queries.items()}
        counted = [score for score in scores.values() if not math.isnan(score)]
        total, count = math.fsum(counted), len(counted)
        values = np.full((len(self), len(self.names)), math.nan)
        for place, (query, *_) in enumerate(self.units):
            own = scores[query]
            others, number = (total, count) if math.isnan(own) else (total - own, count - 1)
            left = _query_ndcg([self.units[p][1:] for p in queries[query] if p != place])
            if not math.isnan(left):
                others, number = others + left, number + 1
            values[place] = others / number if number else math.nan
        return values


@artifact("rerank_recall")
class RerankRecall(GlobalMetric):
    """Recall of the k passages that score highest for a query, averaged over queries.

    Samples are pairs of a query and a passage; the reference is 1 for a relevant passage and 0 for others. Passages
    of equal score are ordered by their id, the last first, as trec_eval does; a prediction that is no number ranks
    last.

    Args:
        query_id_field: Field of the task that holds the id of the query.
        passage_id_field: Field of the task that holds the id of the passage.
        at_k: The k.

    >>> metric = RerankRecall(at_k=[1, 2], main_score="recall_at_1")
    >>> rows = [("a", 0.9, 0), ("b", 0.8, 1), ("c", 0.1, 0)]
    >>> data = {"query_id": "q"}
    >>> metric.reduce([metric.measure(score, [gold], data | {"passage_id": passage}) for passage, score, gold in rows])
    {'recall_at_1': 0.0, 'recall_at_2': 1.0}
    """

    main_score: str = "recall_at_5"
    n_resamples: int | None = None
    query_id_field: str = "query_id"
    passage_id_field: str = "passage_id"
    at_k: list[int] = msgspec.field(default_factory=lambda: [1, 2, 5])

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> tuple[str, str, float, int]:
        try:
            score = float(prediction)
        except (TypeError, ValueError):
            score = math.nan
        query, passage = task_data[self.query_id_field], task_data[self.passage_id_field]
        return str(query), str(passage), -math.inf if math.isnan(score) else score, int(references[0])

    def reduce(self, statistics: Sequence[tuple[str, str, float, int]]) -> Scores:
        queries: dict[str, dict[str, tuple[float, int]]] = {}
        for query, passage, score, relevant in statistics:
            queries.setdefault(query, {})[passage] = (score, relevant)
        recalls = [_recalls(passages, self.at_k) for passages in queries.values()]
        return {f"recall_at_{k}": nan_mean([found[k] for found in recalls]) for k in self.at_k}


def _recalls(passages: dict[str, tuple[float, int]], ks: Sequence[int]) -> dict[int, float]:
    ranked = sorted(passages, key=lambda passage: (passages[passage][0], passage), reverse=True)
    hits = [passages[passage][1] > 0 for passage in ranked]
    return {k: add_up(hits[:k]) / add_up(hits) if any(hits) else 0.0 for k in ks}
