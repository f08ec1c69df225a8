"""Columns of sufficient statistics: one small fixed vector per sample."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Column:
    """The statistics of one metric, sample after sample.

    A column is one of three kinds, by what an aggregation's ``statistics`` returns per sample: ``width`` floats
    (kept as a flat ``array('d')``); a tuple of ``width`` labels (str, int or bool; kept as codes beside a table of
    labels); or, with ``width`` 0, any object (kept as it is, for aggregations that are somebody else's function).
    """

    __slots__ = ("_codes", "data", "labels", "objects", "width")

    def __init__(self, width: int, *, labelled: bool = False) -> None:
        self.width = width
        self.data = array("d")
        self.labels: list[Any] | None = [] if labelled else None
        self._codes: dict[Any, int] = {}
        self.objects: list[Any] = []

    def __len__(self) -> int:
        return len(self.objects) if self.width == 0 else len(self.data) // self.width

    def append(self, statistics: Any) -> None:
        """Add one sample: a tuple of ``width`` floats or labels, or (width 0) an object."""
        if self.width == 0:
            self.objects.append(statistics)
        elif self.labels is None:
            self.data.extend(statistics)
        else:
            self.data.extend([self._code(label) for label in statistics])

    def _code(self, label: Any) -> float:
        key = (isinstance(label, str), label)
        code = self._codes.get(key)
        if code is None:
            assert self.labels is not None
            code = self._codes[key] = len(self.labels)
            self.labels.append(label)
        return float(code)

    def extend(self, other: Column) -> None:
        """Add all samples of ``other``, a column of the same kind."""
        if self.width == 0:
            self.objects.extend(other.objects)
        elif self.labels is None:
            self.data.extend(other.data)
        else:
            assert other.labels is not None
            codes = [self._code(label) for label in other.labels]
            self.data.extend(codes[int(code)] for code in other.data)

    def take(self, rows: Sequence[int]) -> Column:
        """The samples at ``rows``, in that order, as a new column."""
        taken = Column(self.width)
        taken.labels, taken._codes = self.labels, self._codes
        if self.width == 0:
            taken.objects = [self.objects[i] for i in rows]
        elif self.width == 1:
            taken.data = array("d", [self.data[i] for i in rows])
        else:
            width, data = self.width, self.data
            taken.data = array("d", [value for i in rows for value in data[i * width : (i + 1) * width]])
        return taken

    def rows(self) -> Iterable[tuple[Any, ...]]:
        """Per sample the tuple that was appended (labels decoded)."""
        width = self.width
        for start in range(0, len(self.data), width) if width else ():
            values = tuple(self.data[start : start + width])
            yield values if self.labels is None else tuple(self.labels[int(code)] for code in values)

    def numpy(self) -> NDArray[np.float64]:
        """The statistics as an array of shape (n, width); label columns give codes into ``labels``."""
        import numpy as np

        return np.frombuffer(self.data, dtype=np.float64).reshape(-1, self.width)
