"""The share of right items over samples that have lists of them: IFEval's instruction-level accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regrade.addition import add_up
from regrade.metrics.aggregation.aggregation import Aggregation
from regrade.registry import register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.column import Column
    from regrade.metrics.resampler import Resampler


@register("aggregation", "inst_level_acc")
class InstructionLevelAccuracy(Aggregation):
    """The mean over all items of all samples, each item counting the same (Zhou et al. 2023, arXiv:2311.07911)."""

    width = 2

    def statistics(self, value: Any) -> tuple[float, float]:
        items = [float(item) for item in value]
        return add_up(items), float(len(items))

    def worst_of(self, doc: Any) -> list[float] | None:
        instructions = doc.get("instruction_id_list") if isinstance(doc, dict) else None
        return [0.0] * len(instructions) if isinstance(instructions, list) else None

    def reduce(self, column: Column) -> float:
        return add_up(column.data[::2]) / add_up(column.data[1::2])

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Sums

        return Sums(column.numpy(), _share, [""])


def _share(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return sums[:, 0] / sums[:, 1]
