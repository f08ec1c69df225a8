"""What Inspect's scorers said of samples, as numbers: its conversions, its reducers of epochs, its averages.

After inspect_ai 0.3.285: ``scorer/_metric.py`` (``value_to_float``) and ``scorer/_reducer/reducer.py``.
"""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from regrade.addition import add_up

#: Averages over samples, by their names in Inspect.
_MEANS = ("accuracy", "mean")
#: Averages of one key of an object, by the names that packages of tasks gave them.
_MEANS_OF_KEYS = {"prompt_strict_acc": "prompt_level_strict", "prompt_loose_acc": "prompt_level_loose"}
_NAN = float("nan")


class View(msgspec.Struct, frozen=True):
    """One column of an Inspect log's results: what a scorer said, its epochs reduced in one way.

    Attributes:
        filter: Its name here: the scorer's, with the key of its values and the reducer where that is needed.
        scorer: The scorer's name in the samples.
        key: The key or position of its values that is meant, where they are objects or lists.
        reducer: How epochs are reduced; None is the mean.
        means: Metrics that are the mean over the samples.
        recorded: The log's own averages, as ``metric,filter``.
    """

    filter: str
    scorer: str
    key: str | None = None
    reducer: str | None = None
    means: list[str] = msgspec.field(default_factory=list)
    recorded: dict[str, float] = msgspec.field(default_factory=dict)

    def names(self, scores: Any) -> list[str]:
        """The recorded values that a row of this view has, seen from one sample's scores."""
        score = scores.get(self.scorer) if isinstance(scores, dict) else None
        value = score.get("value") if isinstance(score, dict) else None
        own = value.keys() if isinstance(value, dict) and self.key is None else ()
        known = [name for name, key in _MEANS_OF_KEYS.items() if key in own]
        return [*(self.means if not own else ()), *known, *own]

    def contradiction(self, reductions: Any) -> str | None:
        """What this view's recorded average is, and what the log's own values per sample give, if that is different."""
        values = self._reduction(reductions)
        for name in (*self.means, *_MEANS_OF_KEYS):
            recorded = self.recorded.get(f"{name},{self.filter}")
            key = _MEANS_OF_KEYS.get(name, self.key)
            own = [value for each in values if not math.isnan(value := _value_at(each, key))]
            if recorded is None or not own or math.isnan(recorded):
                continue
            mean = add_up(own) / len(own)
            if abs(mean - recorded) > 1e-9 * max(1.0, abs(recorded)):
                return f"{name},{self.filter} is {recorded:.6g}, its {len(own)} samples give {mean:.6g}"
        return None

    def _reduction(self, reductions: Any) -> list[Any]:
        for entry in reductions if isinstance(reductions, list) else []:
            if isinstance(entry, dict) and entry.get("scorer") == self.scorer:
                samples = entry.get("samples")
                if entry.get("reducer") in (self.reducer, None) and isinstance(samples, list):
                    return [sample.get("value") for sample in samples if isinstance(sample, dict)]
        return []


def views_of(results: dict[str, Any], scores: dict[str, Any]) -> list[View]:
    """The views of a log's results; where it has none, of what its first sample's scorers said.

    Args:
        results: ``results`` of the log, of any version: with ``scores``, ``scorers``, or one ``scorer`` and metrics.
        scores: ``scores`` of a sample.
    """
    entries = results.get("scores") or results.get("scorers")
    if not isinstance(entries, list):
        scorer = results.get("scorer")
        entries = [{**scorer, "metrics": results.get("metrics")}] if isinstance(scorer, dict) else []
    entries = [entry for entry in entries if isinstance(entry, dict) and entry.get("name")]
    if not entries:
        return [View(name, name, means=["accuracy"]) for name in scores]
    names = Counter((entry.get("scorer"), entry["name"]) for entry in entries)
    return [_view(entry, several=names[entry.get("scorer"), entry["name"]] > 1) for entry in entries]


def _view(entry: dict[str, Any], *, several: bool) -> View:
    name = str(entry["name"])
    scorer = str(entry.get("scorer") or name)
    key = name if name != scorer else None
    reducer = entry.get("reducer")
    label = scorer if key is None else f"{scorer}/{key}"
    if several and reducer:
        label = f"{label}/{reducer}"
    metrics = entry.get("metrics")
    values = {
        str(metric): float(said["value"])
        for metric, said in (metrics.items() if isinstance(metrics, dict) else ())
        if isinstance(said, dict) and isinstance(said.get("value"), (int, float))
    }
    means = [metric for metric in values if metric in _MEANS]
    clustered = isinstance(metrics, dict) and bool(_options(metrics.get("stderr")).get("cluster"))
    recorded = {f"{_own_name(metric, means, clustered)},{label}": value for metric, value in values.items()}
    return View(label, scorer, key, reducer, means, recorded)


def _options(said: Any) -> dict[str, Any]:
    options = (said.get("params") or said.get("options")) if isinstance(said, dict) else None
    return options if isinstance(options, dict) else {}


def _own_name(metric: str, means: list[str], clustered: bool) -> str:
    """The name of a metric here: standard errors are named after what they belong to."""
    if metric == "stderr" and means:
        return f"{means[0]}_clustered_stderr" if clustered else f"{means[0]}_stderr"
    if metric.endswith("_stderr") and f"{metric.removesuffix('_stderr')}_acc" in _MEANS_OF_KEYS:
        return f"{metric.removesuffix('_stderr')}_acc_stderr"
    return metric


def values_of(value: Any) -> dict[str | None, Any]:
    """A score's value by key: one for each key of an object or place in a list, else the one under None."""
    if isinstance(value, dict):
        return {str(key): part for key, part in value.items()}
    if isinstance(value, list):
        return {str(place): part for place, part in enumerate(value)}
    return {None: value}


def reduce_epochs(scores: list[dict[str, Any]], view: View) -> dict[str, float]:
    """The values of one sample in a view, by metric: its epochs' scores reduced; nothing where it was not scored."""
    parts: dict[str | None, list[Any]] = {}
    for score in scores:
        for key, value in values_of(score.get("value")).items():
            parts.setdefault(key, []).append(value)
    by_key = {key: value for key, several in parts.items() if not math.isnan(value := _reduce(several, view.reducer))}
    if view.key is not None or None in by_key:
        value = by_key.get(view.key)
        return {} if value is None else dict.fromkeys(view.means, value)
    named = {str(key): value for key, value in by_key.items()}
    return {name: named[key] for name, key in _MEANS_OF_KEYS.items() if key in named} | named


def to_float(value: Any) -> float:
    """A score's value as Inspect counts it; NaN where it is none. What Inspect cannot convert counts 0, as there."""
    if value is None or isinstance(value, (dict, list)):
        return _NAN
    if isinstance(value, (bool, int, float)):
        return float(value)
    text = str(value)
    if text in _LETTERS:
        return _LETTERS[text]
    text = text.lower()
    if text in ("yes", "true"):
        return 1.0
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}


def _value_at(value: Any, key: str | None) -> float:
    return to_float(values_of(value).get(key))


def _reduce(values: list[Any], reducer: str | None) -> float:
    """Reduce the values of a sample's epochs; NaN where none can be counted or the reducer is not known."""
    raw = [value for value in values if not math.isnan(to_float(value))]
    numbers = [to_float(value) for value in raw]
    if not numbers:
        return _NAN
    match = re.fullmatch(r"(at_least|pass_at|pass_k)_(\d+)", reducer or "mean")
    if match is not None:
        return _of_k(match[1], sum(number >= 1 for number in numbers), len(numbers), int(match[2]))
    simple: dict[str, Callable[[], float]] = {
        "mean": lambda: statistics.mean(numbers),
        "median": lambda: statistics.median(numbers),
        "max": lambda: max(numbers),
        "mode": lambda: to_float(Counter(raw).most_common(1)[0][0]),
    }
    return simple.get(reducer or "mean", lambda: _NAN)()


def _of_k(reducer: str, right: int, n: int, k: int) -> float:
    if reducer == "at_least":
        return float(right >= k)
    if n < k:
        return _NAN
    if reducer == "pass_at":
        return 1.0 - math.comb(n - right, k) / math.comb(n, k)
    return math.comb(right, k) / math.comb(n, k)
