"""How what the functions give looks in a notebook, and how it becomes a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from regrade import extras
from regrade.errors import Exit

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


class _OfOneTask(Protocol):
    @property
    def exit_code(self) -> Exit: ...

    def summary(self) -> str:
        """The text that the command prints."""
        ...


_One = TypeVar("_One", bound=_OfOneTask)


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


class ByTask(Page, Sequence[_One], Generic[_One]):
    """One of a kind per task: a card has one, a group of tasks several."""

    def __init__(self, items: Sequence[_One]) -> None:
        self._items = list(items)

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, place: int) -> _One: ...
    @overload
    def __getitem__(self, place: slice) -> list[_One]: ...
    def __getitem__(self, place: int | slice) -> _One | list[_One]:
        return self._items[place]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join(map(repr, self._items))}>"

    @property
    def exit_code(self) -> Exit:
        """The worst of them."""
        return max((one.exit_code for one in self._items), default=Exit.DONE)

    def summary(self) -> str:
        """The summaries, one after the other."""
        return "\n\n".join(one.summary() for one in self._items)
