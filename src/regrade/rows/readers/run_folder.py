"""Reader of a run's folder: its prepared samples, with the answers of its journal.

What errors and what was never answered is missing, not wrong: the result says how many, and is incomplete.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from regrade.answer_texts import SHORTFALLS
from regrade.errors import InputError
from regrade.files import tables as table_files
from regrade.files.chunk import CHUNK_BYTES, Chunk
from regrade.files.guard import reading_parquet
from regrade.files.json_lines import decode_text
from regrade.registry import register
from regrade.rows.guard import each_record
from regrade.rows.readers.card_samples import about_of, have_own, task_data
from regrade.rows.source import Reader, Run, Source
from regrade.schema import Malformed, Record, Unanswered
from regrade.store.answers import JournalAnswers, Said, journal_answers
from regrade.store.manifest import ANSWERS, MANIFEST, SAMPLES, Manifest, read_manifest

_SHOWN: Final = 3
"""Ids that a note names."""
_BATCH: Final = 512
_ACCOUNTED: Final = ["sample_id", "metadata", "follow_ups", "tools"]
_ALWAYS: Final = frozenset((*_ACCOUNTED, "doc", "target", "references"))
"""Columns of which every value is asked for."""
_decode: Final = decode_text


@register("reader", "run-folder")
class RunFolderReader(Reader):
    """What ``regrade run`` makes; told by its ``run.json``.

    A sample is scored by the answers that it has: where some of its repeats are missing, over the others. In
    conversations of several turns what is said last is scored. Expressions find everything else about an answer under
    ``metadata.answer`` (``finish_reason``, ``thinking``, ``tool_calls``, ``latency_s``, ``usage``, ...), and under
    ``metadata.answers`` for each repeat.
    """

    title: ClassVar[str] = "a run of regrade"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b'"created"', b'"recipe"'),)
    tells_failures: ClassVar[bool] = True
    priority: ClassVar[int] = 20

    def matches(self, path: Path, head: bytes) -> str | None:
        whole = path.name == MANIFEST and b'"created"' in head and b'"recipe"' in head
        return "the manifest of a run" if whole and path.with_name(SAMPLES).is_file() else None

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        manifest = read_manifest(path)
        samples, journal = path.with_name(SAMPLES), path.with_name(ANSWERS)
        answers = journal_answers(str(journal)) if journal.is_file() else None
        if answers is None or not answers.said:
            failed = answers.failed if answers is not None else {}
            reasons = _reasons(Counter(kind for one in failed.values() for kind in one.values()))
            raise InputError(
                f"none of its {manifest.samples:,} samples has an answer{reasons}",
                where=str(path.parent),
                hint=f"regrade resume {path.parent}",
            )
        table = table_files.Table(str(samples), "parquet", "samples of a run")
        account = _account(samples, answers, manifest.repeats)
        about = about_of(samples)
        kind: dict[str, Any] = {"journal": str(journal), "model": manifest.model, "created": manifest.created}
        kind |= {"data": manifest.data, "parameters": manifest.parameters}
        if manifest.dialect == "lm_eval":
            kind |= {"resolved": about.get("config") or {}, "arguments": about.get("arguments") or {}}
            kind |= {"choices": about.get("choices") or {}, "of": manifest.data.get("of")}
            kind["bootstrap_iterations"] = 100_000
        else:
            kind["card"] = about.get("card") or {}
        notes = account.notes(answers, manifest)
        if options.get("failures_are_wrong"):
            kind["failures_are_wrong"] = True
            notes += _told_as_wrong(answers)
        if account.partial:
            kind["incomplete"] = f"{account.partial:,} samples lack some of their {manifest.repeats} answers"
        return [
            Source(
                reader="run-folder",
                path=str(samples),
                task=str(options.get("task_name") or manifest.recipe_name or about.get("name") or path.parent.name),
                run=Run(name=manifest.name, model=_model_of(manifest, answers), date=manifest.created),
                chunks=table_files.plan(table, int(options.get("chunk_bytes") or CHUNK_BYTES)),
                expected=account.samples,
                options=kind,
                notes=notes,
            )
        ]

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        answers = journal_answers(source.options["journal"])
        if "resolved" in source.options:
            yield from self._tasks(source, chunk, answers)
        else:
            yield from self._cards(source, chunk, answers)

    def _cards(self, source: Source, chunk: Chunk, answers: JournalAnswers) -> Iterator[Record | Malformed]:
        several = have_own(source.options.get("card") or {})

        wrong = source.options.get("failures_are_wrong", False)
        told = answers.repeats_or_wrong if wrong else answers.repeats

        def make(line: int, row: _Row) -> Record | None:
            self.lines_read = line
            said = list(told(row.sample_id, row.turn).values())
            failures = _failures([row], answers) if wrong and not said else None
            if not said and not failures:
                return None
            return _record(
                failures,
                row.sample_id,
                line,
                _by_request([said]) if said else [],
                doc=partial(_decode, row.doc),
                target=row.references,
                arguments=row.requests,
                fingerprint=zlib.crc32(row.doc.encode()),
                metadata=partial(_metadata, answers, row),
                fields=partial(row.fields, several),
            )

        rows = ((row.line, row) for row in _rows(source.path, chunk.start, chunk.start + 1))
        yield from each_record(source.path, rows, make)

    def _tasks(self, source: Source, chunk: Chunk, answers: JournalAnswers) -> Iterator[Record | Malformed]:
        """Documents of a task of lm-evaluation-harness; the requests of one stand in consecutive rows.

        A document belongs to the chunk in which its first request stands.
        """
        parameters, wrong = source.options["arguments"], source.options.get("failures_are_wrong", False)

        def documents() -> Iterator[tuple[int, list[_Row]]]:
            group: list[_Row] = []
            for row in _rows(source.path, chunk.start):
                first = row.first
                if first:
                    if group:
                        yield group[0].line, group
                    group = []
                    if not row.within:
                        break
                if row.within:
                    self.lines_read = row.line
                if first or group:
                    group.append(row)
            if group:
                yield group[0].line, group

        yield from each_record(
            source.path, documents(), lambda _line, group: _task_record(group, answers, parameters, wrong)
        )


class _Row:
    """A row of a file of samples; what is not asked for is not decoded.

    Attributes:
        line: 1-based, counted from the row group that was asked for.
        within: Whether it stands in that group, and not behind it.
    """

    def __init__(self, columns: dict[str, Any], place: int, line: int, within: bool) -> None:
        self._columns = columns
        self._place = place
        self.line = line
        self.within = within
        self.sample_id: str = columns["sample_id"][place]

    def _value(self, name: str) -> Any:
        column = self._columns.get(name)
        if column is None:
            return None
        return column[self._place] if type(column) is list else column[self._place].as_py()

    def _json(self, name: str) -> Any:
        text = self._value(name)
        return None if text is None else _decode(text)

    @property
    def doc(self) -> str:
        """The document, as JSON."""
        text: str = self._value("doc")
        return text

    @property
    def turn(self) -> int:
        """The last of its turns."""
        return len(self._json("follow_ups") or ())

    @property
    def has_tools(self) -> bool:
        """Whether the model may call tools."""
        return self._value("tools") is not None

    @property
    def references(self) -> list[Any]:
        return self._value("references") or []

    @property
    def target(self) -> str | None:
        text: str | None = self._value("target")
        return text

    @property
    def first(self) -> bool:
        """Whether it is the first request of its document; of cards' samples each is."""
        text = self._value("metadata")
        try:
            return not text or '"request":' not in text or _decode(text).get("request", 0) == 0
        except (AttributeError, ValueError):  # what cannot be read belongs to nothing before it
            return True

    @property
    def metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = self._json("metadata") or {}
        group = self._value("group")
        return found if group is None else {**found, "group": group}

    def requests(self) -> list[list[Any]]:
        """What is asked: per continuation prompt and continuation, else prompt or messages."""
        messages = self._json("messages")
        asked = self._value("prompt") if messages is None else messages
        continuations = self._json("continuations")
        return [[asked]] if continuations is None else [[asked, text] for text in continuations]

    def fields(self, several: bool) -> dict[str, Any]:
        """The task's fields, as they were presented; with the sample's own postprocessors where there are several."""
        inputs, references = self._json("input_fields") or {}, self._json("reference_fields") or {}
        own = msgspec.json.encode(self._json("postprocessors") or []) if several else None
        return task_data(inputs, references, self._json("tools"), own)


def _rows(path: str, group: int, stop: int | None = None, columns: list[str] | None = None) -> Iterator[_Row]:
    """The rows of a file from a row group on; those of the groups behind it are not ``within``."""
    with reading_parquet(path), table_files.open_parquet(path) as file:
        wanted = None if columns is None else [name for name in columns if name in file.schema_arrow.names]
        line = 0
        for number in range(group, file.num_row_groups if stop is None else stop):
            for batch in file.iter_batches(batch_size=_BATCH, row_groups=[number], columns=wanted):
                named = {
                    name: batch.column(name).to_pylist() if name in _ALWAYS else batch.column(name)
                    for name in batch.schema.names
                }
                for place in range(batch.num_rows):
                    line += 1
                    yield _Row(named, place, line, number == group)


def _metadata(answers: JournalAnswers, row: _Row) -> dict[str, Any]:
    details = answers.details(row.sample_id, row.turn)
    return {**row.metadata, "answer": details[0] if details else None, "answers": details}


def _by_request(said: list[list[Said]]) -> list[list[Any]]:
    """From what was said to each sample of a document, per repeat, to answers per request and repeat.

    A sample with continuations is as many requests as it has continuations.
    """
    answers: list[list[Any]] = []
    for repeats in said:
        if isinstance(repeats[0], str):
            answers.append(list(repeats))
        else:
            pairs = [one for one in repeats if not isinstance(one, str)]
            answers += [
                [(float(one[place][0]), bool(one[place][1])) for one in pairs] for place in range(len(pairs[0]))
            ]
    return answers


def _failures(group: list[_Row], answers: JournalAnswers) -> str | None:
    """How the requests of a document failed; None if none did."""
    kinds = Counter[str]()
    for row in group:
        kinds.update(answers.failures(row.sample_id))
    return f"its request failed{_reasons(kinds)}" if kinds else None


def _record(failures: str | None, *parts: Any, **more: Any) -> Record:
    """A record, or that of a sample whose request failed."""
    if failures is None:
        return Record(*parts, **more)
    record = Unanswered(*parts, **more)
    record.reason = failures
    return record


def _told_as_wrong(answers: JournalAnswers) -> list[str]:
    """What counting failed requests as wrong comes to."""
    lost = sum(bool(answers.failures(sample_id)) for sample_id in answers.failed)
    if not lost:
        return []
    return [f"failed requests of {lost:,} {'sample' if lost == 1 else 'samples'} count as wrong (--failures-are-wrong)"]


def _task_record(
    group: list[_Row], answers: JournalAnswers, parameters: dict[str, Any], wrong: bool = False
) -> Record | None:
    """The record of a document, if every request of it was answered, or (``wrong``) failed."""
    told = answers.repeats_or_wrong if wrong and len(group) == 1 else answers.repeats
    said = [told(row.sample_id) for row in group]
    whole = sorted(set.intersection(*(set(repeats) for repeats in said)))
    failures = _failures(group, answers) if wrong and not whole else None
    if not whole and failures is None:
        return None
    first = group[0]

    def arguments() -> list[list[Any]]:
        return [[*asked, parameters] if len(asked) == 1 else asked for row in group for asked in row.requests()]

    return _record(
        failures,
        first.metadata.get("doc_id", first.sample_id),
        first.line,
        _by_request([[repeats[repeat] for repeat in whole] for repeats in said]) if whole else [],
        doc=partial(_decode, first.doc),
        target=first.target,
        arguments=arguments,
        fingerprint=zlib.crc32(first.doc.encode()),
        metadata=partial(_metadata, answers, first),
    )


class _Account(msgspec.Struct):
    """How many samples of a run have how many of their answers.

    Attributes:
        samples: Samples; documents, where several samples are one document's requests.
        missing: Of them, without an answer that can be scored.
        lacking: The first few of these.
        failed: Of those missing, the kinds of errors.
        partial: With some of their repeats.
        with_tools: Whether a sample has tools that the model may call.
    """

    samples: int = 0
    missing: int = 0
    lacking: list[str] = msgspec.field(default_factory=list)
    failed: Counter[str] = msgspec.field(default_factory=Counter)
    partial: int = 0
    with_tools: bool = False

    def add(self, group: list[_Row], answers: JournalAnswers, repeats: int) -> None:
        try:
            there = set.intersection(*(set(answers.repeats(row.sample_id, row.turn)) for row in group))
        except (TypeError, ValueError):  # a row that cannot be read; it comes as malformed
            there = set()
        self.samples += 1
        self.with_tools = self.with_tools or group[0].has_tools
        if there:
            self.partial += len(there) < repeats
            return
        self.missing += 1
        if len(self.lacking) < _SHOWN:
            self.lacking.append(group[0].sample_id)
        for row in group:
            self.failed.update(set(answers.failures(row.sample_id)))

    def notes(self, answers: JournalAnswers, manifest: Manifest) -> list[str]:
        notes = []
        if self.missing:
            more = ", ..." if self.missing > len(self.lacking) else ""
            reasons = _reasons(self.failed)
            notes.append(f"{self.missing:,} samples have no answer{reasons}: {', '.join(self.lacking)}{more}")
        if self.missing or self.partial:
            notes.append(f"the run is {manifest.status}; regrade resume {manifest.name} asks for what is missing")
        with_tools = self.with_tools or "tools" in manifest.parameters
        for kind, (count, first) in answers.count_shortfalls(with_tools=with_tools).items():
            notes.append(f"{count:,} of {len(answers.said):,} answers were {SHORTFALLS[kind]}, the first: {first}")
        if answers.damaged:
            notes.append(f"{answers.damaged:,} lines of the journal cannot be read")
        return notes


def _account(samples: Path, answers: JournalAnswers, repeats: int) -> _Account:
    account = _Account()
    group: list[_Row] = []
    for row in _rows(str(samples), 0, columns=_ACCOUNTED):
        if group and row.first:
            account.add(group, answers, repeats)
            group = []
        group.append(row)
    if group:
        account.add(group, answers, repeats)
    return account


def _reasons(failed: Counter[str]) -> str:
    told = ", ".join(f"{kind} {count:,}" for kind, count in failed.most_common())
    return f" (errors: {told})" if told else ""


def _model_of(manifest: Manifest, answers: JournalAnswers) -> str | None:
    """What the model is called: as its class names it, else as the user did, else as the one server did."""
    if manifest.model_name is not None:
        return manifest.model_name
    return next(iter(answers.models)) if len(answers.models) == 1 else None
