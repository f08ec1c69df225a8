"""What a metric is: the value of one sample. An aggregation makes one value of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from regrade.versions import LATEST, Version

if TYPE_CHECKING:
    from regrade.metrics.case import Case


class Metric:
    """One metric: how much an answer is worth.

    Arguments of a task's metric list become keyword arguments.

    Attributes:
        aggregation: Name of the aggregation used where a task names none.
        higher_is_better: Which way is better where a task does not say.
        output_types: The tasks it applies to.
        worst: The value of a sample whose answer cannot be read or whose scoring failed; None where values have no
            bound. Metrics whose values are no numbers override :meth:`unanswered`.
        over_repeats: Whether it wants all repeats of an answer, and not what a final ``take_first`` leaves of them.
        compat: The lm-evaluation-harness version to follow where its versions differ; set after construction.
    """

    aggregation: ClassVar[str] = "mean"
    higher_is_better: ClassVar[bool] = True
    output_types: ClassVar[tuple[str, ...]] = ("generate_until",)
    worst: ClassVar[float | None] = 0.0
    over_repeats: ClassVar[bool] = False
    compat: Version = LATEST

    def __init__(self, **arguments: Any) -> None:
        if arguments:
            raise TypeError(f"unknown argument {sorted(arguments)[0]!r}")

    def prepare(self) -> None:
        """Do once what would take its time at the first sample: import, load a model, fill a cache.

        It is called after construction, before any sample is timed; ``measure`` imports and loads nothing.

        Raises:
            Exception: something is not here. The metric is then unavailable, for that reason, and has no value.
        """

    def measure(self, case: Case) -> Any:
        """Return the value of this metric for one sample: what lm-evaluation-harness logs under the metric's name.

        A dict stands for several metrics measured at once; its keys become metric names.
        """
        raise NotImplementedError

    def unanswered(self, case: Case) -> Any:
        """The value of a sample whose scoring failed: the worst there is; None where there is none."""
        return self.worst


class Passthrough(Metric):
    """A metric whose arguments have no effect, as in the harness, which takes its value from elsewhere."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__()

    def measure(self, case: Case) -> Any:
        return gold_and_answer(case)


def gold_and_answer(case: Case) -> list[Any]:
    """The pair ``[gold, answer]`` that the harness logs for metrics which only their aggregation can compute.

    (Where a task has several references the harness logs 1.0, which no aggregation of pairs takes; here it is the list
    of references beside the answer.)
    """
    return [case.gold, case.extracted[0]]
