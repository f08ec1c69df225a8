"""What a comparison of two runs says: differences by metric, their tests and verdicts, and the samples that flipped."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from regrade.errors import Exit


class Flip(msgspec.Struct, frozen=True):
    """A sample to which the two runs' values differ.

    Attributes:
        sample_id: Its id.
        a: The first run's value.
        b: The second's.
        line_a: Line in the first run's log.
        line_b: Line in the second's.
    """

    sample_id: Any
    a: Any
    b: Any
    line_a: int
    line_b: int


class ComparedMetric(msgspec.Struct, kw_only=True):
    """Two runs compared by one metric over the samples that both answered.

    Attributes:
        task: The task.
        filter: The filter pipeline.
        metric: The metric.
        a: The first run's value over the common samples.
        b: The second's.
        whole_a: The first run's value over all its samples.
        whole_b: The second's.
        difference: ``b - a``.
        stderr: Standard error of the difference: Miller's paired one for means (clustered where asked for), the
            standard deviation of the paired bootstrap otherwise.
        interval: Confidence interval of the difference: Tango's for values 0 and 1, Student's t for other means, BCa
            otherwise.
        level: Its confidence level; 1 less the level of the test.
        p_value: Two-sided p-value of no difference.
        adjusted_p: The same, corrected for all tests of the comparison (Holm); None where it is not.
        test: ``mcnemar exact`` for values 0 and 1, ``sign flip`` for other means, ``bootstrap`` otherwise.
        n: Common samples, of which both have a value.
        n_a: Samples of the first run.
        n_b: Samples of the second.
        only_a: Samples that only the first run has.
        only_b: Samples that only the second has.
        unscored: Common samples that lack a value on one side or both.
        better: Samples that the second run got better.
        worse: Samples that it got worse.
        flips: The samples that differ, in the first log's order.
        higher_is_better: Which way is better.
    """

    task: str
    filter: str
    metric: str
    a: float
    b: float
    whole_a: Any = None
    whole_b: Any = None
    difference: float
    stderr: float
    interval: tuple[float, float]
    level: float = 0.95
    p_value: float
    adjusted_p: float | None = None
    test: str
    n: int
    n_a: int = 0
    n_b: int = 0
    only_a: int = 0
    only_b: int = 0
    unscored: int = 0
    better: int = 0
    worse: int = 0
    flips: list[Flip] = msgspec.field(default_factory=list)
    higher_is_better: bool = True

    @property
    def inside_noise(self) -> bool:
        """Whether the two cannot be told apart: by the test, at the interval's level, or by the interval.

        The test is the corrected one, where there is a correction. Where test and interval disagree there is no
        verdict; without a p-value the interval alone decides.
        """
        low, high = self.interval
        contains = not (low > 0 or high < 0)
        p_value = self.p_value if self.adjusted_p is None else self.adjusted_p
        if math.isnan(p_value):
            return contains
        return p_value >= 1 - self.level or (contains and not math.isnan(low + high))

    @property
    def verdict(self) -> Literal["better", "worse", "inside the noise"]:
        """What the test says of the second run."""
        if self.inside_noise:
            return "inside the noise"
        return "better" if (self.difference > 0) == self.higher_is_better else "worse"

    @property
    def whole(self) -> bool:
        """Whether all samples of both runs were compared."""
        return not (self.only_a or self.only_b or self.unscored)


class ComparedRuns(msgspec.Struct, kw_only=True):
    """Two runs compared.

    Attributes:
        name_a: The first run.
        name_b: The second.
        level: Confidence level of the intervals.
        metrics: By task, filter and metric.
        losses: What is missing, malformed, failed or has no counterpart: why the comparison is not of the whole runs.
        notes: What a person should know.
        stopped: Whether a metric was left out because its pipeline was stopped over answers that took too long.
    """

    name_a: str
    name_b: str
    level: float
    metrics: list[ComparedMetric] = msgspec.field(default_factory=list)
    losses: list[str] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    stopped: bool = False

    @property
    def exit_code(self) -> Exit:
        """DONE, or INCOMPLETE where samples are missing, malformed, failed or without a counterpart."""
        return Exit.INCOMPLETE if self.losses or not all(metric.whole for metric in self.metrics) else Exit.DONE
