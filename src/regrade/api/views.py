"""How what the functions give looks in a notebook, and how it becomes a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from regrade import extras

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


class Page:
    """Has ``summary()``, the text that the command prints; a notebook shows it."""

    __slots__ = ()

    def summary(self) -> str:
        """The text that the command prints."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        from regrade.reports.html import html_text
        from regrade.reports.text import without_colours

        return html_text(without_colours(self.summary()))


class _HasArrow(Protocol):
    @property
    def to_arrow(self) -> Callable[..., pyarrow.Table]: ...


class Tabular:
    """Has ``to_arrow()``, and with it the tables of other packages."""

    __slots__ = ()

    def to_polars(self: _HasArrow, **options: Any) -> polars.DataFrame:
        """``to_arrow()``, with the same arguments, as a Polars frame (extra ``polars``)."""
        package = extras.require("polars", to="to_polars()")
        frame: polars.DataFrame = package.from_arrow(self.to_arrow(**options))
        return frame

    def to_pandas(self: _HasArrow, **options: Any) -> pandas.DataFrame:
        """``to_arrow()``, with the same arguments, as a pandas frame (extra ``pandas``)."""
        extras.require("pandas", to="to_pandas()")
        return self.to_arrow(**options).to_pandas()
