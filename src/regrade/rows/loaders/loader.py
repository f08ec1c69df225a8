"""What loaders are: artifacts that give streams of rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import ClassVar

from regrade.access import Access
from regrade.artifacts.artifact import Artifact
from regrade.artifacts.streams import Row, Stream, Streams
from regrade.errors import InputError
from regrade.schema import Malformed


class Loading:
    """How rows are to be loaded, and what was found out on the way.

    Args:
        data: A folder whose files stand in for remote ones.
        folder: The folder of the card's file; paths in a card may be relative to it.
        limit: Rows per stream at most.
        strict: Raise an error at the first row that cannot be read.
        nan_for_missing: Missing values of tables are NaN, and whole numbers beside them floats, as pandas has it
            (and with it Unitxt); else they are None.
        texts: Columns of CSV files whose cells stay texts, whatever they look like.
        access: What a loader's arguments may name; if not given, what a command line allows, below ``data`` and
            ``folder`` too.

    Attributes:
        revisions: By source, the commit that its files were read at.
        files: The files that were read.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        folder: Path | None = None,
        limit: int | None = None,
        strict: bool = False,
        nan_for_missing: bool = False,
        texts: Collection[str] = (),
        access: Access | None = None,
    ) -> None:
        self.access = Access.of_user(data, folder) if access is None else access
        self.texts = frozenset(texts)
        self.data = data
        self.folder = folder
        self.limit = limit
        self.strict = strict
        self.nan_for_missing = nan_for_missing
        self.revisions: dict[str, str] = {}
        self.files: dict[str, None] = {}
        self._malformed: dict[tuple[str, int], Malformed] = {}

    @property
    def malformed(self) -> list[Malformed]:
        """The rows that could not be read; each once, however often its stream was."""
        return list(self._malformed.values())

    @property
    def found(self) -> tuple[dict[str, str], dict[str, None], dict[tuple[str, int], Malformed]]:
        """What was found out on the way, for the loading of another process to :meth:`take`."""
        return self.revisions, self.files, self._malformed

    def take(self, found: tuple[dict[str, str], dict[str, None], dict[tuple[str, int], Malformed]]) -> None:
        """Take what the loading of another process found out."""
        for mine, other in zip(self.found, found, strict=True):
            mine.update(other)  # type: ignore[attr-defined]

    def put_aside(self, bad: Malformed) -> None:
        """Remember a row that cannot be read.

        Raises:
            InputError: loading is strict.
        """
        if self.strict:
            raise InputError(
                bad.reason, where=f"{bad.file}:{bad.line}", hint="without --strict the row is set aside and counted"
            )
        self._malformed[bad.file, bad.line] = bad


class Loader(Artifact, kw_only=True):
    """Where rows come from.

    Args:
        loader_limit: Rows per stream at most.
        streaming: Accepted for Unitxt's sake; files are always read as far as they are asked for, and no further.
        num_proc: Accepted for Unitxt's sake.
    """

    kind: ClassVar[str] = "loader"
    default_policy: ClassVar[str] = "proprietary"
    loader_limit: int | None = None
    streaming: bool | None = None
    num_proc: int | None = None

    def load(self, loading: Loading | None = None) -> Streams:
        """The streams: their names are known at once, their rows are read when they are asked for.

        Each row has its loader's ``data_classification_policy``.

        Args:
            loading: Where local files are, and whom to tell of rows that cannot be read.

        Raises:
            InputError: a source is not there.
        """
        using = Loading() if loading is None else loading
        limit = min((n for n in (self.loader_limit, using.limit) if n is not None), default=None)
        return {name: Stream(partial(self._limited, make, limit)) for name, make in self.readers(using).items()}

    def readers(self, loading: Loading) -> dict[str, Callable[[], Iterable[Row]]]:
        """By stream, what gives its rows from the first one on."""
        raise NotImplementedError

    @cached_property
    def policy(self) -> list[str]:
        """To whom its rows may be shown: as the card says, else what is usual for such a source."""
        return self.data_classification_policy or [self.default_policy]

    def _limited(self, make: Callable[[], Iterable[Row]], limit: int | None) -> Iterator[Row]:
        policy = self.policy
        for row in islice(make(), limit):
            yield {**row, "data_classification_policy": policy}
