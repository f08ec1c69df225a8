"""Compare the verdicts of two judges, or of a judge and people."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.api.views import Page, Tabular
from regrade.errors import UsageError
from regrade.judging.agreement import Agreement, Setup
from regrade.judging.agreement import agree as agree_votes
from regrade.judging.votes import read_votes
from regrade.store.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow


class AgreementReport(Page, Tabular, Agreement, frozen=True, kw_only=True):
    """How far two raters agree, as ``regrade.agree`` gives it: a sequence of setups (with ties, and without).

    Attributes:
        level: Confidence level of the intervals.
    """

    level: float

    def __len__(self) -> int:
        return len(self.setups)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Setup]:
        return iter(self.setups)

    def __repr__(self) -> str:
        return f"<AgreementReport: {self.items:,} items of {self.a.path} and {self.b.path}>"

    def summary(self) -> str:
        """The page that ``regrade agree`` prints."""
        from regrade.reports.agreement import render_agreement

        return render_agreement(self, self.level)

    def to_dict(self) -> dict[str, Any]:
        """The JSON that ``regrade agree --json`` prints."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        del found["level"]
        return found

    def to_arrow(self) -> pyarrow.Table:
        """The confusion matrix: a row per label of ``a`` and label of ``b``, with its count."""
        import pyarrow as pa

        schema = pa.schema([("a", pa.string()), ("b", pa.string()), ("count", pa.int64())])
        rows = [
            {"a": str(one), "b": str(other), "count": count}
            for one, counts in zip(self.labels, self.confusion, strict=True)
            for other, count in zip(self.labels, counts, strict=True)
        ]
        return pa.Table.from_pylist(rows, schema=schema)


def agree(
    a: str | PathLike[str],
    b: str | PathLike[str] | None = None,
    *,
    id: str | tuple[str, str] | None = None,
    verdict: str | tuple[str, str] | None = None,
    by: str | None = None,
    level: float = 0.95,
) -> AgreementReport:
    """Compare two raters' verdicts on the items that both judged.

    Args:
        a: A judge's run or log, or a table of verdicts.
        b: Another's, or people's; None compares the verdicts in ``a`` on the same item with each other.
        id: The column of ids; two names, or ``A_COLUMN=B_COLUMN``, where the files name it differently.
        verdict: The column of verdicts, likewise.
        by: Column of ``a``'s rows to break agreement down by.
        level: Confidence level of the intervals.

    Raises:
        UsageError: the level is outside 0 to 1.
        InputError: no item was judged by both, or ratings are to be compared with labels.
    """
    if not 0 < level < 1:
        raise UsageError("must be between 0 and 1", where=f"--level {level}", hint="95 % is 0.95")
    (id_a, id_b), (verdict_a, verdict_b) = _sides(id), _sides(verdict)
    first = read_votes(Workspace().path(a), id=id_a, verdict=verdict_a)
    second = read_votes(Workspace().path(b), id=id_b, verdict=verdict_b) if b is not None else None
    found = agree_votes(first, second, by=by, level=level)
    fields = {name: getattr(found, name) for name in Agreement.__struct_fields__}
    return AgreementReport(**fields, level=level)


def _sides(given: str | tuple[str, str] | None) -> tuple[str | None, str | None]:
    """The column in A and in B: of ``A_COLUMN=B_COLUMN``, or one name for both."""
    if given is None:
        return None, None
    if not isinstance(given, str):
        return given
    a, _, b = given.partition("=")
    return a, b or a
