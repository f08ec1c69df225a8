"""Reader of plain tables: any file of rows with a column of answers and, mostly, one of references."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from regrade.errors import InputError
from regrade.files import columns
from regrade.files import tables as table_files
from regrade.files.chunk import CHUNK_BYTES, Chunk
from regrade.files.columns import MISSING, value_at
from regrade.files.tables import Row, Table
from regrade.registry import register
from regrade.rows import joins
from regrade.rows.guard import each_record
from regrade.rows.lm_eval_results import looks_like_results
from regrade.rows.score_columns import ScoreColumns
from regrade.rows.source import Reader, Run, Source
from regrade.schema import Blank, Malformed, Recipe, Record


class _Columns(msgspec.Struct, frozen=True):
    """Which columns are what."""

    answer: str | None
    expected: str | None
    id: str | None
    question: str | None = None
    scores: ScoreColumns | None = None


@register("reader", "table")
class TableReader(Reader):
    """JSON lines or arrays of objects, CSV or TSV with a header, Parquet, Excel, or a JSON object of id → answers.

    ``--answer`` and ``--expected`` name the columns of answers and references (fields inside them by dots:
    ``output.text``); well-known pairs of names are found without. A column of answers that holds lists of texts holds
    repeats. ``--id`` names the column of ids; without any, line numbers are. The whole row is the document.

    ``--score`` names columns that already are scores (numbers, truth values, ``pass`` and ``fail``, or whatever
    ``--correct`` says is right); they are averaged as they stand, and nothing is measured.

    Where the answers' file lacks the documents, ``--docs FILE --join-on COLUMN|ANSWERS_COLUMN=DOCS_COLUMN|position``
    joins them; the documents are kept in memory, and rows without partner are reported.
    """

    title: ClassVar[str] = "table with named columns"
    priority: ClassVar[int] = 0
    whole_doc: ClassVar[bool] = False

    def matches(self, path: Path, head: bytes) -> str | None:
        if looks_like_results(head):  # of a harness's run, whose samples lie beside it
            return None
        table = table_files.recognise(path, head)
        return table.reason if table is not None else None

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        table = table_files.open_table(path, options.get("encoding"), options.get("rows"))
        rows = table_files.first_rows(table)
        if not rows:
            raise InputError("the table has no rows", where=str(path))
        join = joins.Join.parse(str(options["docs"]), options.get("join_on")) if options.get("docs") else None
        notes: list[str] = _where_rows_are(table)
        expected_samples = None
        document_rows: list[Row] = []
        if join is not None:
            expected_samples, more = joins.verify(table, join)
            notes += more
            document_rows = list(joins.documents(join).rows.values())[:100]
        chosen = _choose(rows, document_rows, options, str(path), notes)
        repeated = chosen.scores is not None and join is None and _repeats_ids(table, chosen, notes)
        if repeated or (join is not None and join.answers_column == joins.POSITION):
            chunks = [Chunk(str(path), part=0)]
        else:
            chunks = table_files.plan(table, int(options.get("chunk_bytes") or CHUNK_BYTES))
        name = _stem(path)
        return [
            Source(
                reader="table",
                path=str(path),
                task=str(options.get("task_name") or name),
                run=Run(name=name),
                recipe=_recipe(name, rows, chosen),
                chunks=chunks,
                expected=expected_samples,
                options={
                    "format": table.format,
                    "delimiter": table.delimiter,
                    "encoding": table.encoding,
                    "key": table.key,
                    "columns": msgspec.to_builtins(chosen),
                    "join": list(join) if join is not None else None,
                    "repeated_ids": repeated,
                },
                notes=notes,
            )
        ]

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        options = source.options
        table = Table(
            source.path, options["format"], "", options["delimiter"], encoding=options["encoding"], key=options["key"]
        )
        chosen = msgspec.convert(options["columns"], _Columns)
        docs = joins.documents(joins.Join(*options["join"])) if options.get("join") else None
        before = int(chunk.part or 0)
        repeated = options.get("repeated_ids")
        if repeated or (docs is not None and docs.join.answers_column == joins.POSITION):
            rows = table_files.all_rows(table)
            counter = None
        else:
            counter = table_files.Rows(table, chunk)
            rows = iter(counter)
        path = source.path
        if repeated:
            numbered = _numbered(chosen, path)
            yield from each_record(path, rows, numbered)
        elif docs is None:
            yield from each_record(path, rows, lambda line, row: _record(row, row, chosen, line, before, path))
        else:
            placed = (
                item if isinstance(item, Malformed) else (item[0], (position, item[1]))
                for position, item in enumerate(rows)
            )
            yield from each_record(path, placed, _joined(docs, chosen, before, path))
        self.lines_read = counter.lines if counter is not None else 0


def _repeats_ids(table: Table, chosen: _Columns, notes: list[str]) -> bool:
    """Whether ids come again, which are several scored answers to one question then; a note says so."""
    if chosen.id is None:
        return False
    counts: dict[Any, int] = {}
    for item in table_files.all_rows(table):
        if not isinstance(item, Malformed) and isinstance(found := value_at(item[1], chosen.id), (int, str)):
            counts[found] = counts.get(found, 0) + 1
    most = max(counts.values(), default=0)
    if most > 1:
        notes.append(
            f"{chosen.id!r} comes again, up to {most} times: each row is a sample of its own;"
            f" --cluster doc.{chosen.id} takes those of one id as dependent"
        )
    return most > 1


def _numbered(chosen: _Columns, path: str) -> Callable[[int, Row], Record | Malformed]:
    """Makes records of rows whose ids come again; the second of an id ``7`` is ``7#2``."""
    seen: dict[Any, int] = {}

    def make(line: int, row: Row) -> Record | Malformed:
        record = _record(row, row, chosen, line, 0, path)
        if isinstance(record, Record):
            place = seen[record.sample_id] = seen.get(record.sample_id, 0) + 1
            if place > 1:
                record.sample_id = f"{record.sample_id}#{place}"
        return record

    return make


def _joined(
    docs: joins.Documents, chosen: _Columns, before: int, path: str
) -> Callable[[int, tuple[int, Row]], Record | Malformed]:
    """Makes records of rows, each with its position in the file, and the documents that they belong to."""

    def make(line: int, placed: tuple[int, Row]) -> Record | Malformed:
        position, row = placed
        document = docs.of(row, position)
        if document is None:
            return Malformed(path, line, docs.why_none(row, position))
        return _record(row, joins.merge(row, document), chosen, line, before, path)

    return make


def _record(row: Row, document: Row, chosen: _Columns, line: int, before: int, path: str) -> Record | Malformed:
    answer = value_at(row, chosen.answer) if chosen.answer is not None else None
    if answer is MISSING:
        if chosen.scores is None:
            return Malformed(path, line, f"has no column {chosen.answer!r}")
        answer = None
    if _is_blank(answer) and _all_blank(document, chosen):
        return Blank(path, line, "the row is blank")
    try:
        answers = _answers(answer)
    except TypeError as error:
        return Malformed(path, line, f"{chosen.answer!r} {error}")
    target = None
    if chosen.expected is not None:
        target = value_at(document, chosen.expected)
        if target is MISSING:
            if chosen.scores is None:
                return Malformed(path, line, f"has no column {chosen.expected!r}")
            target = None
    sample_id: Any = before + line
    if chosen.id is not None:
        sample_id = value_at(document, chosen.id)
        if not columns.is_id(sample_id):
            if sample_id is MISSING or sample_id is None or isinstance(sample_id, (dict, list)):
                return Malformed(path, line, f"has no number or text in the column of ids, {chosen.id!r}")
            sample_id = str(sample_id)
    question = document.get(chosen.question) if chosen.question is not None else None
    # of a person's columns only these are known to be the same whoever answers
    asked = zlib.crc32(f"{question}\0{target}".encode("utf-8", "surrogatepass"))
    record = Record(sample_id, line, [answers], doc=document, target=_reference(target), fingerprint=asked)
    if chosen.scores is None:
        return record
    return _with_scores(record, document, chosen.scores)


def _with_scores(record: Record, row: Row, scores: ScoreColumns) -> Record:
    """The same record with its scores, which are read when they are asked for."""
    return Record(
        record.sample_id,
        record.line,
        record.answers,
        doc=record.doc,
        target=record.target,
        recorded=partial(scores.scores_of, record, row),
        fingerprint=record.fingerprint,
    )


def _is_blank(value: Any) -> bool:
    """Whether a cell has nothing in it: null, an empty text or list, or spaces."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _all_blank(row: Row, chosen: _Columns) -> bool:
    """Whether nothing stands in a row but its id; of scored rows, where each of its cells is empty text."""
    if chosen.scores is not None:
        return all(isinstance(value, str) and not value.strip() for value in row.values())
    return all(_is_blank(value) for name, value in row.items() if name != chosen.id)


def _answers(value: Any) -> list[str]:
    """The repeats of an answer; null is an empty one."""
    if isinstance(value, list):
        return [_text(item) for item in value] or [""]
    return [_text(value)]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return str(value)
    raise TypeError(f"holds {'an object' if isinstance(value, dict) else 'no text'}; name a field inside it by dots")


def _reference(value: Any) -> Any:
    """A reference as text; a list of alternatives as texts. None where there is none: null, blank, or a list of those.

    What is compared with a blank would be right for saying nothing.
    """
    if _is_blank(value) or (isinstance(value, list) and all(map(_is_blank, value))):
        return None
    if isinstance(value, list):
        value = [item for item in value if item is not None]
    if isinstance(value, (bool, int, float)):
        return str(value)
    if isinstance(value, list):
        return [_reference(item) for item in value]
    return value


def _choose(rows: list[Row], documents: list[Row], options: dict[str, Any], path: str, notes: list[str]) -> _Columns:
    """Decide which columns are what: as the person says, else by their names."""
    names = columns.names_of(rows)
    merged = [joins.merge(row, document) for row, document in zip(rows, documents, strict=False)] if documents else rows
    merged_names = columns.names_of(merged)
    answer, expected = options.get("answer"), options.get("expected")
    guessed = []
    scores = ScoreColumns.of(options)
    if scores is not None:
        scores.verify(merged, path)
        names = [name for name in names if name not in scores.names]
        merged_names = [name for name in merged_names if name not in scores.names]
    if answer is not None:
        columns.require(answer, rows, flag="--answer", where=path)
    if expected is not None:
        columns.require(expected, merged, flag="--expected", where=path)
    if answer is None and expected is None and (pair := _guess_pair(names, path, scores)):
        answer, expected = pair
        guessed = [f"answers in {answer!r}", f"references in {expected!r}"]
    if answer is None:
        answer = columns.guess_one([name for name in names if name != expected], 0)
        if scores is None and (answer is None or (expected is None and not documents and not options.get("task"))):
            raise InputError(
                "which columns hold answers and references cannot be told from their names",
                where=path,
                hint=f"name them: --answer COLUMN --expected COLUMN; the columns are {columns.list_names(names)}",
            )
        if answer is not None:
            guessed.append(f"answers in {answer!r}")
    if expected is None:
        expected = columns.guess_one([name for name in merged_names if name != answer], 1)
        if expected is not None:
            guessed.append(f"references in {expected!r}")
        elif scores is None:
            notes.append(
                "no column of references: only metrics that need none can score these answers (--expected COLUMN)"
            )
    if guessed:
        notes.append(f"{' and '.join(guessed)}, by their names (--answer and --expected say otherwise)")
    sample_id = _choose_id(merged, options.get("id"), path, notes)
    return _Columns(answer, expected, sample_id, columns.guess_question(merged_names), scores)


def _choose_id(rows: list[Row], given: str | None, path: str, notes: list[str]) -> str | None:
    if given is not None:
        columns.require(given, rows, flag="--id", where=path)
        return given
    sample_id = columns.guess_id(rows)
    notes.append(f"ids in {sample_id!r}" if sample_id else "no column of ids: line numbers stand for them")
    return sample_id


def _guess_pair(names: list[str], path: str, scores: ScoreColumns | None) -> tuple[str, str] | None:
    """The columns of answers and references; where nothing is measured it does not matter which of several they are."""
    try:
        return columns.guess_pair(names, where=path)
    except InputError:
        if scores is None:
            raise
        return None


def _recipe(name: str, rows: list[Row], chosen: _Columns) -> Recipe:
    if chosen.scores is None:
        return Recipe(task=name, repeats=_repeats(rows, chosen))
    return Recipe(
        task=name,
        metrics=chosen.scores.metrics,
        needs=chosen.scores.needs,
        metadata={"recorded_metrics": list(chosen.scores.names)},
    )


def _repeats(rows: list[Row], chosen: _Columns) -> int:
    assert chosen.answer is not None
    first = value_at(rows[0], chosen.answer)
    return max(len(first), 1) if isinstance(first, list) else 1


def _where_rows_are(table: Table) -> list[str]:
    kind = "sheet" if table.format == "xlsx" else "list"
    return [f"rows in the {kind} {table.key!r}"] if table.key is not None else []


def _stem(path: Path) -> str:
    stem = path.name
    for suffix in reversed(path.suffixes):
        if suffix.lower().lstrip(".") not in _SUFFIXES:
            break
        stem = stem[: -len(suffix)]
    return stem or path.name


_SUFFIXES = frozenset(
    ("json", "jsonl", "ndjson", "csv", "tsv", "tab", "parquet", "txt", "xlsx", "gz", "gzip", "zst", "zstd", "bz2", "xz")
)
