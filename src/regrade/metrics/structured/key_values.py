"""Key-value extraction: each value is scored by another metric, and scores are averaged by key."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from regrade.addition import add_up
from regrade.artifacts import artifact
from regrade.metrics.card_metric import CardMetric, GlobalMetric, Scores

if TYPE_CHECKING:
    from regrade.metrics.resampler import Resampler

Found = tuple[str, bool, bool, float]
"""A key, whether the reference has it, whether the prediction has it, and the score of its value."""

_LARGEST_TABLE = 1 << 25
"""Numbers (256 MB) that resampling may hold as a table of samples and keys."""


@artifact("key_value_extraction")
class KeyValueExtraction(GlobalMetric):
    """How well the values of keys are extracted; a key that only one side has scores 0.

    Scores are named after the other metric's: ``accuracy_KEY`` for each key of any reference, ``accuracy_micro`` (the
    mean over all values), ``accuracy_macro`` (the mean over keys) and ``accuracy_legal_keys_in_predictions``, the
    share of predicted keys that occur in any reference.

    Args:
        metric: Scores a predicted value against the reference's.

    >>> from regrade.metrics.text.accuracy import Accuracy
    >>> extraction = KeyValueExtraction(metric=Accuracy())
    >>> found = extraction.measure({"name": "Jo", "age": "7"}, [{"name": "Jo", "town": "Ulm"}], {})
    >>> extraction.reduce([found])["accuracy_micro"]
    0.5
    """

    prediction_type: str = "Dict[str, str]"
    metric: CardMetric

    def __post_init__(self) -> None:
        self.main_score = f"{self.metric.main_score}_micro"
        super().__post_init__()

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> tuple[Found, ...]:
        reference = references[0]
        return tuple(
            (
                key,
                key in reference,
                key in prediction,
                self._score(prediction[key], reference[key]) if key in reference and key in prediction else 0.0,
            )
            for key in {**reference, **prediction}
        )

    def _score(self, value: Any, expected: Any) -> float:
        scores, _ = self.metric.evaluate([(value, [expected], {})], intervals=False)
        score: float = scores["score"]
        return score

    def reduce(self, statistics: Sequence[tuple[Found, ...]]) -> Scores:
        import numpy as np

        values: dict[str, list[float]] = {}
        totals: dict[str, list[int]] = {}
        for sample in statistics:
            for key, expected, predicted, score in sample:
                values.setdefault(key, []).append(score)
                known = totals.setdefault(key, [0, 0])
                known[0] += expected
                known[1] += predicted
        legal = {key: values[key] for key, (expected, _) in totals.items() if expected}
        return self._scores(
            {key: (float(np.mean(scores)), len(scores)) for key, scores in legal.items()},
            legal=add_up(predicted for expected, predicted in totals.values() if expected),
            predicted=add_up(predicted for _, predicted in totals.values()),
        )

    def _scores(self, means: Mapping[str, tuple[float, float]], *, legal: float, predicted: float) -> Scores:
        """Scores of the mean and number of values by key, and of how many predicted keys are any reference's."""
        if not means:
            raise ValueError("the references have no keys")
        name = self.metric.main_score
        return {
            **{f"{name}_{key}": mean for key, (mean, _) in means.items()},
            # The mean over values by way of the keys' means: rounded as in Unitxt.
            f"{name}_micro": add_up(mean * count for mean, count in means.values())
            / add_up(count for _, count in means.values()),
            f"{name}_macro": add_up(mean for mean, _ in means.values()) / len(means),
            f"{name}_legal_keys_in_predictions": legal / predicted if predicted else 0.0,
        }

    def resampler(self, statistics: Sequence[tuple[Found, ...]], names: list[str]) -> Resampler:
        keys = {key: None for sample in statistics for key, *_ in sample}
        if not 0 < len(statistics) * len(keys) * 4 <= _LARGEST_TABLE:
            return super().resampler(statistics, names)
        from regrade.metrics.resampler import RoundedSums
        from regrade.metrics.sums import rowwise

        places = {key: 4 * place for place, key in enumerate(keys)}
        table = []
        for sample in statistics:
            row = [0.0] * (4 * len(places))
            for key, expected, predicted, score in sample:
                row[places[key] : places[key] + 4] = [expected, predicted, 1, score]
            table.append(row)

        def scores(sums: Sequence[float]) -> Scores:
            parts = {key: sums[at : at + 4] for key, at in places.items()}
            found = self._scores(
                {key: (score / count, count) for key, (expected, _, count, score) in parts.items() if expected},
                legal=add_up(part[1] for part in parts.values() if part[0]),
                predicted=add_up(part[1] for part in parts.values()),
            )
            return {name: found.get(name, math.nan) for name in names}

        return RoundedSums(statistics, table, self.reduce, lambda sums: rowwise(scores, sums, names), names)


@artifact("tool_call_key_value_extraction")
class ToolCallKeyValueExtraction(KeyValueExtraction):
    """Key-value extraction of a call of a tool, whose nested arguments are keys like ``arguments.address.street``.

    Items of a list of mappings are numbered (``arguments.people.0.name``), unless each has one key, all of them
    different: these stand for themselves.

    Args:
        metric: Scores a predicted value against the reference's.
        flatten_list_of_dictionaries: Accepted for Unitxt's sake.

    >>> dict(flat({"name": "add", "arguments": {"who": {"first": "Jo"}, "tags": [{"a": 1}, {"b": 2}]}}))
    {'name': 'add', 'arguments.who.first': 'Jo', 'arguments.tags.a': 1, 'arguments.tags.b': 2}
    """

    prediction_type: str = "ToolCall"
    flatten_list_of_dictionaries: bool = False

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> tuple[Found, ...]:
        return self.measure({}, references, task_data)

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> tuple[Found, ...]:
        return super().measure(dict(flat(prediction)), [dict(flat(call)) for call in references[:1]], task_data)


def flat(nested: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings, each with its dotted path."""
    for key, value in nested.items():
        place = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from flat(value, place)
        elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
            keys = [next(iter(item)) for item in value if len(item) == 1]
            if len(set(keys)) == len(value):
                for item in value:
                    yield from flat(item, place)
            else:
                for number, item in enumerate(value):
                    yield from flat(item, f"{place}.{number}")
        else:
            yield place, value
