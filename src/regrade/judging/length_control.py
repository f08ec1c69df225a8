"""Win rates of AlpacaEval's annotations with the length of the outputs taken out of them.

They read preferences and outputs from the document: ``preference`` (1 to 2), ``output_1`` (the baseline's) and
``output_2`` (the model's).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from regrade.metrics.aggregation.aggregation import Aggregation
from regrade.metrics.metric import Metric
from regrade.registry import register
from regrade.rows.readers.alpaca_eval import win_rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regrade.metrics.case import Case
    from regrade.metrics.column import Column
    from regrade.metrics.resampler import Resampler


@register("metric", "win_rate_at_equal_length")
class WinRateAtEqualLength(Metric):
    """The win rate, in percent, that the annotations foretell for outputs of the baseline's length.

    A regression over these annotations alone; AlpacaEval's own number is ``length_controlled_win_rate``.
    """

    worst: ClassVar[float | None] = None
    aggregation: ClassVar[str] = "win_rate_at_equal_length"

    def measure(self, case: Case) -> list[float]:
        """The preference from 0 to 1, and the baseline's length less the model's, in characters.

        Raises:
            ValueError: there is no preference, or no two outputs.
        """
        doc = case.record.doc
        rates = win_rates(doc.get("preference"))
        if rates is None:
            raise ValueError("the annotation holds no preference")
        one, other = doc.get("output_1"), doc.get("output_2")
        if not isinstance(one, str) or not isinstance(other, str):
            raise ValueError("there are no two outputs")
        return [rates["win_rate"] / 100, float(len(one) - len(other))]


@register("metric", "length_controlled_win_rate")
class LengthControlledWinRate(WinRateAtEqualLength):
    """AlpacaEval's length-controlled win rate, in percent.

    Args:
        calibration: AlpacaEval's ``df_gamed.csv``, from the Hugging Face dataset ``tatsu-lab/alpaca_eval``.
    """

    aggregation: ClassVar[str] = "length_controlled_win_rate"

    def __init__(self, calibration: str) -> None:
        super().__init__()
        self.calibration = calibration

    def measure(self, case: Case) -> list[float]:
        """As its parent, and the instruction's place among AlpacaEval's: its ``index``, else the row's number."""
        place = case.record.doc.get("index", case.record.line - 1)
        return [*super().measure(case), float(place)]


@register("aggregation", "win_rate_at_equal_length")
class AtEqualLength(Aggregation):
    """The mean prediction at no difference in length."""

    width: ClassVar[int] = 2

    def statistics(self, value: Any) -> tuple[float, ...]:
        return tuple(float(number) for number in value)

    def shown(self, value: Any) -> Any:
        return value[0] * 100

    def reduce(self, column: Column) -> float:
        from regrade.judging.length_controlled import at_equal_length

        values = column.numpy()
        return 100 * at_equal_length(values[:, 0], values[:, 1])

    def resampler(self, column: Column) -> Resampler:
        from regrade.judging.length_controlled import at_equal_length
        from regrade.metrics import resampler

        values = column.numpy()

        def reduce(rows: Sequence[int]) -> dict[str, float]:
            return {"": 100 * at_equal_length(values[rows, 0], values[rows, 1])}

        return resampler.Resampler(range(len(values)), reduce, [""], undefined=())


@register("aggregation", "length_controlled_win_rate")
class LengthControlled(AtEqualLength):
    """AlpacaEval's regression. Its cross-validation makes intervals by resampling slow, so that there are none.

    Args:
        calibration: The table that it leans on.
    """

    width = 3

    def __init__(self, calibration: str) -> None:
        self.calibration = calibration

    @classmethod
    def of(cls, arguments: dict[str, Any]) -> Aggregation:
        return cls(str(arguments.get("calibration")))

    def reduce(self, column: Column) -> float:
        from regrade.judging.length_controlled import alpaca_eval, read_calibration

        values = column.numpy()
        return 100 * alpaca_eval(
            values[:, 0], values[:, 1], values[:, 2].astype("int64"), read_calibration(self.calibration)
        )

    def resampler(self, column: Column) -> Resampler:
        return self.by_reducing(column)

    def has_interval(self, column: Column) -> bool:
        return False
