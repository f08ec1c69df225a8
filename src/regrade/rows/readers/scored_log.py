"""What readers of other tools' scored results share: a row is a sample with its answers and the tool's own scores."""

from __future__ import annotations

import json
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from regrade.errors import InputError
from regrade.files import json_lines
from regrade.files import reading as files
from regrade.files.chunk import Chunk
from regrade.files.guard import malformed_row
from regrade.files.location import exists, locate
from regrade.recorded_values import as_score
from regrade.rows.score_columns import AGGREGATION
from regrade.rows.source import Reader, Run, Source
from regrade.schema import RECORDED, Malformed, MetricSpec, Recipe, Record


class Entry(NamedTuple):
    """One sample as a tool recorded it.

    Attributes:
        sample_id: Its id in the tool's own terms; several of one id are told apart by ``#2``, ``#3``, ...
        scores: The tool's values by metric; None where it recorded that there is none.
        doc: What ``--where`` and ``--by`` see.
        answers: What the model said; several are repeats.
        target: The reference, or several that will do.
        prompt: What was asked, a text or messages.
        task: The task it belongs to, where a file holds several.
        model: Who answered, where the row says it.
    """

    sample_id: int | str
    scores: dict[str, Any]
    doc: dict[str, Any]
    answers: list[str]
    target: Any = None
    prompt: Any = None
    task: str | None = None
    model: str | None = None


class About(NamedTuple):
    """What is known of a whole file.

    Attributes:
        task: The task, where the rows do not say it.
        model: Who answered, where the rows do not say it.
        version: The tool's version.
        date: When it ran.
        recorded: Averages that the tool recorded, by metric, of a file that holds one task of one model.
        expected: How many samples there should be.
        notes: What a person should know.
    """

    task: str
    model: str | None = None
    version: str | None = None
    date: str | None = None
    recorded: dict[str, float] = {}  # noqa: RUF012 - never changed
    expected: int | None = None
    notes: tuple[str, ...] = ()


class _Group(msgspec.Struct):
    """What is found of one task of one model."""

    samples: int = 0
    most: int = 1
    ids: dict[int | str, int] = msgspec.field(default_factory=dict)
    metrics: dict[str, bool] = msgspec.field(default_factory=dict)


class ScoredLog(Reader):
    """A reader of results in which a tool recorded a score per sample.

    A subclass says how rows are found (:meth:`rows`) and what each holds (:meth:`entry`); there is one source per task
    and model. The scores are averaged as they stand; with ``--metric`` or ``--filters`` answers are measured anew.

    Attributes:
        registered: The name that the reader is registered under.
        complete: Whether each sample should have every metric; one that lacks a value has failed then. Otherwise a
            metric may apply to some samples only.
    """

    registered: ClassVar[str]
    complete: ClassVar[bool] = True
    whole_doc: ClassVar[bool] = False

    @abstractmethod
    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        """Every row of a file with its number, in order; what is no row as Malformed."""

    @abstractmethod
    def entry(self, row: Any) -> Entry | None:
        """The sample that a row holds; None for a row that is about something else. What it raises costs the row."""

    def about(self, path: Path) -> About:
        """What is known of the whole file."""
        return About(stem(path))

    def entries(self, path: Path) -> Iterator[tuple[int, Entry] | Malformed]:
        """Every sample of a file."""
        for item in self.rows(path):
            if isinstance(item, Malformed):
                yield item
                continue
            line, row = item
            try:
                entry = self.entry(row)
            except Exception as error:
                yield malformed_row(str(path), line, error)
                continue
            if entry is not None:
                yield line, entry

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        about = self.about(path)
        groups: dict[tuple[str, str | None], _Group] = {}
        first: Malformed | None = None
        for item in self.entries(path):
            if isinstance(item, Malformed):
                first = first or item
                continue
            entry = item[1]
            group = groups.setdefault(_place(entry, about), _Group())
            group.samples += 1
            count = group.ids[entry.sample_id] = group.ids.get(entry.sample_id, 0) + 1
            group.most = max(group.most, count)
            for name, value in entry.scores.items():
                group.metrics[name] = group.metrics.get(name, False) or not isinstance(value, (dict, list))
        if not groups:
            reason = f"holds no sample that can be read: {first.reason}" if first else "holds no sample"
            raise InputError(reason, where=f"{path}:{first.line}" if first else str(path))
        return [self._source(path, place, group, about, len(groups)) for place, group in groups.items()]

    def _source(self, path: Path, place: tuple[str, str | None], group: _Group, about: About, groups: int) -> Source:
        task, model = place
        metrics = [name for name, is_number in group.metrics.items() if is_number]
        notes = list(about.notes)
        if whole := [name for name, is_number in group.metrics.items() if not is_number]:
            notes.append(f"not averaged, since samples hold parts of it and no number: {', '.join(whole)}")
        if group.most > 1:
            notes.append(f"ids come again, up to {group.most} times: each answer is a sample of its own")
        if not metrics:
            notes.append("the file records no score of a sample")
        return Source(
            reader=self.registered,
            path=str(path),
            task=task,
            run=Run(name=model or stem(path), model=model, date=about.date, harness_version=about.version),
            recipe=Recipe(
                task=task,
                metrics=[MetricSpec(RECORDED, AGGREGATION, label=name) for name in metrics],
                needs=dict.fromkeys(metrics, f"the score is that of {self.title}"),
                metadata={"recorded_metrics": metrics},
            ),
            chunks=[Chunk(str(path))],
            expected=about.expected,
            recorded={f"{name},none": value for name, value in about.recorded.items()} if groups == 1 else {},
            options={"default": [about.task, about.model]},
            notes=notes,
        )

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        about = About(*source.options["default"])
        wanted = (source.task, source.run.model)
        assert source.recipe is not None
        names: list[str] = source.recipe.metadata["recorded_metrics"]
        seen: dict[int | str, int] = {}
        for item in self.entries(locate(source.path)):
            if isinstance(item, Malformed):
                yield item
            elif _place(item[1], about) == wanted:
                yield self._record(item[0], item[1], names, seen)

    def _record(self, line: int, entry: Entry, names: list[str], seen: dict[int | str, int]) -> Record:
        count = seen[entry.sample_id] = seen.get(entry.sample_id, 0) + 1
        scores = {name: as_score(entry.scores.get(name)) for name in names if self.complete or name in entry.scores}
        asked = json.dumps([entry.prompt, entry.target], default=str, sort_keys=True)
        return Record(
            entry.sample_id if count == 1 else f"{entry.sample_id}#{count}",
            line,
            [entry.answers],
            doc=entry.doc,
            target=entry.target,
            arguments=[[entry.prompt]],
            recorded=scores,
            fingerprint=zlib.crc32(asked.encode("utf-8", "surrogatepass")),
        )


def _place(entry: Entry, about: About) -> tuple[str, str | None]:
    model = entry.model or about.model
    return entry.task or about.task, model if isinstance(model, str) else None


def stem(path: Path) -> str:
    """A file's name without what says how it is written."""
    name = path.name
    for suffix in (".gz", ".zst", ".bz2", ".xz", ".json", ".jsonl", ".parquet", ".html"):
        name = name.removesuffix(suffix)
    return name.removesuffix(".json") or path.name


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object that a file is.

    Raises:
        InputError: it is none.
    """
    try:
        content = json_lines.decode_any(files.read_all(path))
    except ValueError as error:
        raise InputError(str(error), where=str(path)) from None
    if not isinstance(content, dict):
        raise InputError(f"expected a JSON object, found {json_lines.kind_of(content)}", where=str(path))
    return content


def object_beside(path: Path, name: str) -> dict[str, Any]:
    """The JSON object in a file beside ``path``; empty where it is not there, or no such object."""
    other = path.with_name(name)
    try:
        return read_object(other) if exists(other) else {}
    except InputError:
        return {}


def number_objects(items: Any, path: Path, what: str) -> Iterator[tuple[int, dict[str, Any]] | Malformed]:
    """The objects of a list with their numbers.

    Raises:
        InputError: it is no list.
    """
    if not isinstance(items, list):
        raise InputError(f"has no list of {what}", where=str(path))
    for number, item in enumerate(items, 1):
        if isinstance(item, dict):
            yield number, item
        else:
            yield Malformed(str(path), number, f"expected a JSON object, found {json_lines.kind_of(item)}")


def lines_of(path: Path) -> Iterator[tuple[int, dict[str, Any]] | Malformed]:
    """The JSON objects of a file's lines."""
    return iter(json_lines.ObjectLines(Chunk(str(path))))


def first_object(head: bytes) -> dict[str, Any]:
    """The object on the first line of a head; empty where there is none, or it is longer than the head."""
    try:
        value = json_lines.decode_any(head.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0])
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def text_of(content: Any) -> str:
    """What a message's content says: a text, or the texts of its parts; data as JSON; nothing for null."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if isinstance(content, list) and all(isinstance(part, dict) and "type" in part for part in content):
        return "".join(str(part.get("text") or "") for part in content)
    return json.dumps(content, ensure_ascii=False, default=str)


def last_words(messages: Any) -> str:
    """What the assistant said last in a conversation; a text stands for itself."""
    if not isinstance(messages, list):
        return text_of(messages)
    said = [message for message in messages if isinstance(message, dict) and message.get("role") == "assistant"]
    return text_of(said[-1].get("content")) if said else ""


def one_or_all(values: list[Any]) -> Any:
    """References: the only one, all, or None where there is none."""
    return None if not values else values[0] if len(values) == 1 else values


def numbers_of(values: dict[str, Any], leaving_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The entries of an object that are numbers or truth values."""
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, (bool, int, float)) and name not in leaving_out
    }
