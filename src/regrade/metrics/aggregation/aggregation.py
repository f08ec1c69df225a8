"""What an aggregation is: from the values of many samples to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from regrade.versions import LATEST, Version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regrade.metrics.column import Column
    from regrade.metrics.intervals import IntervalPolicy
    from regrade.metrics.resampler import Resampler

_LARGEST_SLOW_INTERVAL = 5000
"""Samples up to which an interval is made for aggregations that are somebody's function and must be called anew."""

Stderr = Literal["closed", "bootstrap", "none"]

_SLOW_METRICS = ("bleu", "chrf", "chrf++", "ter")


class Aggregation:
    """From per-sample values to one value, by way of sufficient statistics.

    Attributes:
        width: How many statistics a sample has; 0 keeps the value itself, for functions that need it whole.
        labelled: The statistics are labels (str, int, bool), coded by the column.
        stderr: Where lm-evaluation-harness takes its standard error from: a closed form, its bootstrap, or nowhere.
        proportion: Values are 0 or 1 and the result is their mean, when they turn out to be; Wilson's interval fits.
        of_texts: Values may hold texts that mean themselves (labels, references), so that one that looks like a number
            stays a text when a log is read.
        compat: The lm-evaluation-harness version to follow where its versions differ; set after construction.
    """

    width: ClassVar[int] = 1
    labelled: ClassVar[bool] = False
    stderr: ClassVar[Stderr] = "none"
    proportion: ClassVar[bool] = False
    of_texts: ClassVar[bool] = False
    compat: Version = LATEST
    policy: str | None = None
    """Whose intervals are made, where another tool's differ; None: Regrade's."""

    @classmethod
    def of(cls, arguments: dict[str, Any]) -> Aggregation:
        """Make one for a metric with these arguments; most aggregations need none of them."""
        return cls()

    def statistics(self, value: Any) -> Any:
        """The statistics of one value: a tuple of ``width`` floats (or labels), or the object to keep (width 0).

        Raises:
            TypeError, ValueError: ``value`` cannot be aggregated this way; the sample is counted as failed.
        """
        return (number(value),)

    def worst(self, column: Column, higher_is_better: bool) -> Any:
        """The value of a sample that could not be scored, where no metric's class says so; None where there is none.

        Args:
            column: The samples that were scored.
            higher_is_better: Which way is better.
        """
        return None

    def worst_of(self, doc: Any) -> Any:
        """The same, where the document alone tells it."""
        return None

    def read(self, value: Any) -> Any:
        """The value of a sample as a log wrote it; numbers and arrays may stand there as texts.

        Raises:
            ValueError: it cannot be read; the sample is counted as failed.
        """
        if type(value) is float or type(value) is int:
            return value
        from regrade.recorded_values import read_items, read_value

        return read_items(value) if self.of_texts else read_value(value)

    def reduce(self, column: Column) -> Any:
        """The aggregated value, equal to the harness's own to the last digit. ``column`` has at least one sample.

        Raises:
            ValueError: these samples together cannot be aggregated.
        """
        raise NotImplementedError

    def shown(self, value: Any) -> Any:
        """What stands for a sample's value where people see it."""
        return value

    def averaged(self, column: Column) -> Sequence[float] | None:
        """The values, one per sample, whose plain mean the aggregated value is; None where it is no mean."""
        return column.data if self.proportion and column.width == 1 else None

    def others(self, column: Column) -> dict[str, Aggregation]:
        """What else the same statistics give, by the names it is reported under."""
        return {}

    def interval_policy(self, *, resamples: int, level: float, seed: int) -> IntervalPolicy | None:
        """The rules by which an interval is made, Regrade's but where a tool's are asked for; None for no interval."""
        from regrade.metrics.intervals import IntervalPolicy

        return IntervalPolicy(resamples, level, seed)

    def closed_stderr(self, column: Column) -> float:
        """The harness's closed-form standard error; only where ``stderr`` is ``closed``, for 2 samples or more."""
        raise NotImplementedError

    def bootstrap_iterations(self, requested: int, metric: str | None = None) -> int:
        """How many resamples the harness's bootstrap takes, where ``requested`` were asked for.

        Args:
            requested: The harness's ``bootstrap_iters``.
            metric: The name that the value is reported under: metrics named bleu, chrf, chrf++ and ter get 100 at
                most, whatever aggregates them. Where not given, the aggregation's own name decides.
        """
        limited = self._slow if metric is None else metric in _SLOW_METRICS
        return min(requested, 100) if limited else requested

    _slow: ClassVar[bool] = False

    def has_interval(self, column: Column) -> bool:
        """Whether an interval is made, unless samples are too few; somebody's function takes too long for many."""
        return column.width > 0 or len(column) <= _LARGEST_SLOW_INTERVAL

    def resampler(self, column: Column) -> Resampler:
        """What computes the aggregated values of resamples of a column; faster ones than ``reduce`` override this.

        What is drawn are samples, or groups of them where those are drawn as a whole.
        """
        return self.by_reducing(column)

    def by_reducing(self, column: Column) -> Resampler:
        """The resampler of samples that calls ``reduce`` for each resample."""
        from regrade.metrics.resampler import Resampler

        rows = range(len(column))
        return Resampler(rows, lambda drawn: {"": self.reduce(column.take(drawn))}, [""], undefined=())

    def sample_resampler(self, column: Column) -> Resampler:
        """The resampler of samples, by which metrics are compared sample by sample, and clusters of them drawn."""
        found = self.resampler(column)
        return found if len(found) == len(column) else self.by_reducing(column)


def number(value: Any) -> float:
    """A number, bool or numpy scalar as a float.

    Raises:
        TypeError: it is anything else; a text that looks like a number is none.
    """
    if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
        raise TypeError(f"a number is wanted, not {type(value).__name__} {value!r:.60}")
    return float(value)


def pair(value: Any) -> tuple[Any, Any]:
    """The two items of a pair.

    Raises:
        TypeError: it is none.
    """
    if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != 2:
        raise TypeError(f"a pair is wanted, not {value!r:.60}")
    first, second = value
    return first, second
