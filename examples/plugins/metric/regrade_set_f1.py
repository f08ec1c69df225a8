"""``--metric set_f1``: how well the items of a list were named, in any order."""

from __future__ import annotations

from regrade.plugins import Case, Metric, register


@register("metric", "set_f1")
class SetF1(Metric):
    """F1 of the items that the answer names and those of the reference; order, case and repetition do not count.

    Args:
        separator: What stands between two items.
    """

    aggregation = "mean"
    worst = 0.0

    def __init__(self, separator: str = ",") -> None:
        super().__init__()
        self.separator = separator

    def measure(self, case: Case) -> float:
        found, wanted = self.items(str(case.extracted[0])), self.items(str(case.gold))
        if not found and not wanted:
            return 1.0
        return 2 * len(found & wanted) / (len(found) + len(wanted))

    def items(self, text: str) -> set[str]:
        """The items of a list."""
        return {item.strip().lower() for item in text.split(self.separator)} - {""}
