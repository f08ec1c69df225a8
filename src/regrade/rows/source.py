"""Where records come from: sources, their chunks, and the contract of readers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from regrade.files.chunk import Chunk
from regrade.schema import Malformed, Recipe, Record


class Run(msgspec.Struct, frozen=True):
    """One evaluation run: one model, at one time.

    Attributes:
        name: Tells the runs of one command apart: model and date, or the file's stem.
        model: The model's name as recorded.
        date: ISO 8601 time as recorded in the file's name or contents.
        results_file: Path of the results file that belongs to it.
        harness_version: Version of the tool that wrote it.
    """

    name: str
    model: str | None = None
    date: str | None = None
    results_file: str | None = None
    harness_version: str | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The records of one task of one run.

    Attributes:
        reader: Registered name of the reader that opens it.
        path: The file.
        task: The task's name.
        run: The run it belongs to.
        recipe: The task's specification, where the reader knows one.
        config: The task's recorded configuration in lm-evaluation-harness's own terms, for logs that hold one;
            the recipes room compiles it.
        chunks: The parts to read, in order.
        expected: How many samples the log says were evaluated; None when it does not say.
        recorded: Aggregated values that the log recorded, by ``"metric,filter"`` and ``"metric_stderr,filter"``.
        options: What the reader wants to remember (picklable).
        notes: What a person should know about how it was read.
    """

    reader: str
    path: str
    task: str
    run: Run
    recipe: Recipe | None = None
    config: dict[str, Any] | None = None
    chunks: list[Chunk] = msgspec.field(default_factory=list)
    expected: int | None = None
    recorded: dict[str, Any] = msgspec.field(default_factory=dict)
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    notes: list[str] = msgspec.field(default_factory=list)


class ReadOptions(dict[str, Any]):
    """What a person said about inputs, by option; it notes what readers ask for.

    Attributes:
        asked: The options that a reader asked for.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)

    @property
    def idle(self) -> list[str]:
        """The options that no reader asked for: they change nothing."""
        return sorted(name for name, value in self.items() if value and name not in self.asked)


class Reader:
    """A format of logs or tables. One class in one file; see :mod:`regrade.registry`.

    Attributes:
        title: The format's name for people.
        priority: Among several readers that match a file the highest wins; generic tables have 0, tools' logs 10.
        marks: What stands in the head of every file of this format, so that the reader need not be loaded to be asked
            about others: all texts of one of these groups. Empty where nothing does.
        whole_doc: Whether a record's document is a row of the dataset and nothing else, so that documents of different
            runs can be compared. Where it holds answers, too, the reader gives a ``fingerprint`` that leaves them out.
        tells_failures: Whether it can tell which requests failed, and yields :class:`.Unanswered` for those of a source
            whose options have ``failures_are_wrong``.
        lines_read: How many lines (or rows) the last call of ``records`` that came to its end has passed, blank ones
            included. Readers that cut a file into several chunks must set it; 0 stands for the last record's line.
        only_filter: Set by the caller: well-formed rows recorded under another filter may be left out.
    """

    title: ClassVar[str]
    priority: ClassVar[int] = 10
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ()
    whole_doc: ClassVar[bool] = True
    tells_failures: ClassVar[bool] = False
    lines_read: int = 0
    only_filter: str | None = None

    def matches(self, path: Path, head: bytes) -> str | None:
        """Say why ``path`` is of this format, or None if it is not.

        Args:
            head: The first 64 KiB of the file, decompressed.
        """
        raise NotImplementedError

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        """Open a file that matched: its sources, planned into chunks.

        Args:
            options: Column names and the like that the user gave: ``answer``, ``expected``, ``id``.

        Raises:
            InputError: nothing of the file can be read.
        """
        raise NotImplementedError

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        """Read one chunk. Lines are numbered from 1 at the chunk's start; the caller adds the chunk's offset.

        A row that cannot be read is yielded as Malformed, in its place.
        """
        raise NotImplementedError
