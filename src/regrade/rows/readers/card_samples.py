"""Reader of a card's samples, with the answers to them in another file."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from regrade.errors import InputError
from regrade.files import json_lines
from regrade.files import tables as table_files
from regrade.files.chunk import CHUNK_BYTES, Chunk
from regrade.files.columns import MISSING, list_names, names_of, require, value_at
from regrade.files.guard import reading, reading_parquet
from regrade.files.json_lines import decode_text
from regrade.files.location import locate
from regrade.files.tables import Row
from regrade.registry import register
from regrade.rows.guard import each_record
from regrade.rows.source import Reader, Run, Source
from regrade.schema import Malformed, Record

ANSWER_COLUMNS: Final = (
    *("answer", "answers", "prediction", "predictions", "text", "response", "responses", "completion", "output"),
    *("generated_text", "model_output"),
)
"""Names of the column that holds what a model said, the likeliest first."""
_METADATA_KEY: Final = b"regrade"
_COLUMNS: Final = frozenset(("sample_id", "references", "input_fields", "postprocessors", "metrics"))
_decode: Final = decode_text


@register("reader", "card-samples")
class CardSamplesReader(Reader):
    """What ``regrade card run`` writes, and ``--answers FILE``: what a model said, by ``sample_id``.

    The answers are JSON lines, CSV or Parquet with a column ``sample_id`` and one of answers (``answer``,
    ``prediction``, ``text``, ...; ``--answer`` names another). A list holds repeats, and so do several rows of one id,
    in the order of their ``repeat`` where they have one. Answers are kept in memory; samples are not. A sample without
    an answer is missing, and the result says so.
    """

    title: ClassVar[str] = "a card's samples"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b"PAR1",), (b'"sample_id"', b'"doc"', b'"metrics"'))

    def matches(self, path: Path, head: bytes) -> str | None:
        if head.startswith(b"PAR1"):
            return "samples of a card, in Parquet" if _is_parquet_of_samples(path) else None
        first = head.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0]
        if first.startswith(b'{"sample_id"') and b'"doc"' in first and b'"metrics"' in head[:65536]:
            return "samples of a card, one per line"
        return None

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        given = options.get("answers")
        if not given:
            raise InputError(
                "these are samples without answers", where=str(path), hint="name the answers: --answers FILE"
            )
        table = table_files.open_table(path)
        about = about_of(path)
        card: dict[str, Any] = dict(about["card"]) if isinstance(about.get("card"), dict) else {}
        answers = answers_of(str(given), options.get("answer"))
        wanted: set[str] = set()
        lacking: list[str] = []
        for row in _ids(path, table):
            if "metrics" in row and "metrics" not in card:
                card |= {"metrics": row["metrics"], "postprocessors": row.get("postprocessors", [])}
            wanted.add(str(row.get("sample_id")))
            if str(row.get("sample_id")) not in answers.texts and len(lacking) < 3:
                lacking.append(str(row.get("sample_id")))
        name = str(options.get("task_name") or about.get("name") or path.name.partition(".")[0])
        return [
            Source(
                reader="card-samples",
                path=str(path),
                task=name,
                run=Run(name=answers.model or locate(str(given)).name.partition(".")[0], model=answers.model),
                chunks=table_files.plan(table, int(options.get("chunk_bytes") or CHUNK_BYTES)),
                expected=len(wanted),
                options={
                    "format": table.format,
                    "answers": str(given),
                    "answer": options.get("answer"),
                    "card": card,
                },
                notes=_notes(answers, wanted, lacking),
            )
        ]

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        answers = answers_of(source.options["answers"], source.options["answer"]).texts
        several = have_own(source.options["card"])
        if source.options["format"] == "parquet":
            yield from self._parquet(source.path, chunk, answers, several)
            return
        lines = json_lines.ObjectLines(chunk)

        def make(line: int, row: Row) -> Record | Malformed | None:
            if not isinstance(row.get("sample_id"), str) or not isinstance(row.get("doc"), dict):
                return Malformed(source.path, line, "is no sample: it has no sample_id and doc")
            texts = answers.get(row["sample_id"])
            return None if texts is None else _record(row, line, texts, several)

        yield from each_record(source.path, lines, make)
        self.lines_read = lines.lines

    def _parquet(self, path: str, chunk: Chunk, answers: dict[str, list[str]], several: bool) -> Iterator[Record]:
        line = 0
        file = table_files.open_parquet(path)
        for batch in _batches(file, path, chunk.start):
            columns = {name: batch.column(name) for name in batch.schema.names}
            with reading_parquet(path):
                ids = columns["sample_id"].to_pylist()
                docs, inputs = columns["doc"].to_pylist(), columns["input_fields"].to_pylist()
                references, fields = columns["references"].to_pylist(), columns["reference_fields"].to_pylist()
                metadata, groups = columns["metadata"].to_pylist(), columns["group"].to_pylist()
                prompts, messages = columns["prompt"], columns["messages"]
                tools = columns["tools"].to_pylist() if "tools" in columns else [None] * len(ids)
            own = columns["postprocessors"].to_pylist() if several else [None] * len(ids)
            for place, sample_id in enumerate(ids):
                line += 1
                if (texts := answers.get(sample_id)) is not None:
                    yield Record(
                        sample_id,
                        line,
                        [texts],
                        doc=partial(_decode, docs[place]),
                        target=references[place],
                        arguments=partial(_prompt, prompts, messages, place),
                        fingerprint=zlib.crc32(docs[place].encode()),
                        metadata=partial(_metadata, metadata[place], groups[place]),
                        fields=partial(_fields, inputs[place], fields[place], tools[place], own[place]),
                    )
        self.lines_read = line


def have_own(card: dict[str, Any]) -> bool:
    """Whether a card's samples have postprocessors of their own, each those of its template."""
    given = card.get("postprocessors") or ()
    return any(isinstance(item, dict) and item.get("__type__") == "postprocessors_by_template" for item in given)


def _record(row: Row, line: int, texts: list[str], several: bool) -> Record:
    group = {"group": row["group"]} if row.get("group") is not None else {}
    return Record(
        row["sample_id"],
        line,
        [texts],
        doc=row["doc"],
        target=row.get("references", []),
        arguments=[[row.get("prompt") if row.get("messages") is None else row["messages"]]],
        metadata={**row.get("metadata", {}), **group},
        fields=task_data(
            row.get("input_fields", {}),
            row.get("reference_fields", {}),
            row.get("tools"),
            msgspec.json.encode(row.get("postprocessors")) if several else None,
        ),
    )


def _fields(inputs: str, references: str, tools: str | None, own: str | None) -> dict[str, Any]:
    # Read and written again: how the file spells JSON is not what samples are told apart by.
    key = None if own is None else msgspec.json.encode(_decode(own))
    return task_data(_decode(inputs), _decode(references), None if tools is None else _decode(tools), key)


def task_data(
    inputs: dict[str, Any], references: dict[str, Any], tools: Any, own: bytes | None = None
) -> dict[str, Any]:
    """The task's fields as metrics see them; the tools on offer are ``__tools__``, as in Unitxt.

    Args:
        own: The sample's postprocessors as JSON, where samples have different ones.
    """
    fields = {**inputs, **references}
    if own is not None:
        fields["__postprocessors__"] = own.decode()
    return {**fields, "__tools__": tools} if tools else fields


def _metadata(text: str, group: str | None) -> dict[str, Any]:
    found: dict[str, Any] = _decode(text)
    return found if group is None else {**found, "group": group}


def _prompt(prompts: Any, messages: Any, place: int) -> list[list[Any]]:
    text = messages[place].as_py()
    return [[prompts[place].as_py() if text is None else _decode(text)]]


def _is_parquet_of_samples(path: Path) -> bool:
    import pyarrow.parquet as pq

    from regrade.files import reading as files

    try:
        with files.open_bytes(path) as opened:
            return _COLUMNS.issubset(pq.read_schema(opened).names)
    except Exception:  # no whole Parquet file
        return False


def _batches(file: Any, path: str, group: int) -> Iterator[Any]:
    batches = file.iter_batches(batch_size=512, row_groups=[group])
    while True:
        with reading_parquet(path):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def about_of(path: Path) -> dict[str, Any]:
    """What the file, or the one beside it, says of the run that made the samples."""
    found: bytes | None = None
    about: Any = {}
    if path.suffix == ".parquet":
        with reading_parquet(path):
            found = (table_files.open_parquet(str(path)).metadata.metadata or {}).get(_METADATA_KEY)
            about = _decode(found) if found else {}
    elif (beside := path.with_name(f"{path.name}.run.json")).is_file():
        with reading(path := beside):
            about = _decode(beside.read_bytes())
    if not isinstance(about, dict):
        raise InputError("does not say what made the samples: expected a JSON object", where=str(path))
    return about


def _ids(path: Path, table: table_files.Table) -> Iterator[Row]:
    """Of every sample the id, and of the first one what scores it."""
    if table.format != "parquet":
        for item in table_files.all_rows(table):
            if not isinstance(item, Malformed):
                yield item[1]
        return
    file = table_files.open_parquet(str(path))
    names = ["metrics", "postprocessors"]
    with reading_parquet(path):
        first = next(file.iter_batches(batch_size=1, columns=names), None)
        if first is None:
            return
        scoring = {name: _decode(first.column(name)[0].as_py()) for name in names}
        for batch in file.iter_batches(columns=["sample_id"]):
            for sample_id in batch.column(0).to_pylist():
                yield {"sample_id": sample_id, **scoring}


def _notes(answers: Answers, wanted: set[str], lacking: list[str]) -> list[str]:
    notes = []
    missing = len(wanted - answers.texts.keys())
    if missing:
        more = ", ..." if missing > len(lacking) else ""
        notes.append(f"{missing:,} samples have no answer: {', '.join(lacking)}{more}")
    unknown = [name for name in answers.texts if name not in wanted]
    if unknown:
        more = ", ..." if len(unknown) > 3 else ""
        notes.append(f"{len(unknown):,} answers belong to no sample: {', '.join(unknown[:3])}{more}")
    if answers.again:
        notes.append(
            f"{answers.again:,} answers are to samples that had one already: they are repeats, and metrics not made "
            "for repeats take the first"
        )
    if answers.empty:
        notes.append(f"{answers.empty:,} answers are empty and count as they are: as saying nothing")
    if answers.lost:
        notes.append(f"{answers.lost:,} rows hold an error or no text, and count as missing")
    if answers.malformed:
        notes.append(f"{answers.malformed:,} rows of the answers cannot be read")
    return notes


class Answers:
    """The answers of a file.

    Attributes:
        texts: The repeats, by sample id.
        model: Who said them, where the file names one model.
        empty: Rows whose answer is null or the empty text: nothing was said.
        lost: Rows that hold an error, no answer at all, or an object in its place.
        again: Rows of an id that had a row before, and that have no number of a repeat.
        malformed: Rows that cannot be read.
    """

    def __init__(self, path: str, column: str | None) -> None:
        self.texts: dict[str, list[str]] = {}
        self.model: str | None = None
        self.empty = self.lost = self.malformed = self.again = 0
        table = table_files.open_table(path)
        first = table_files.first_rows(table)
        names = names_of(first)
        key = next((name for name in ("sample_id", "id") if name in names), None)
        if key is None:
            raise InputError("the answers have no column sample_id", where=path, hint=f"they have {list_names(names)}")
        if column is not None:
            require(column, first, flag="--answer", where=path)
        chosen = column or next((name for name in ANSWER_COLUMNS if name in names), None)
        if chosen is None:
            raise InputError(
                "which column holds the answers cannot be told",
                where=path,
                hint=f"--answer names it; there are {list_names(names)}",
            )
        models = {str(row["model"]) for row in first if row.get("model")}
        self.model = models.pop() if len(models) == 1 else None
        self._read(table_files.all_rows(table), key, chosen)

    def _read(self, rows: Iterable[tuple[int, Row] | Malformed], key: str, column: str) -> None:
        numbered: dict[str, list[tuple[float, str]]] = {}
        for item in rows:
            if isinstance(item, Malformed) or item[1].get(key) is None:
                self.malformed += 1
                continue
            row = item[1]
            value = value_at(row, column)
            given = value if isinstance(value, list) else [value]
            if value is MISSING or row.get("error") or any(isinstance(text, dict) for text in given):
                self.lost += 1
                continue
            texts = ["" if text is None else str(text) for text in given] or [""]
            self.empty += not any(texts)
            known = numbered.setdefault(str(row[key]), [])
            repeat = row.get("repeat")
            try:
                place = float(repeat)  # type: ignore[arg-type]  # what is no number is no place
            except (TypeError, ValueError):
                place = float(len(known))
                self.again += bool(known)
            known += [(place, text) for text in texts]
        for name, texts_of_it in numbered.items():
            if len(texts_of_it) > 1:
                texts_of_it.sort(key=lambda numbered_text: numbered_text[0])
            self.texts[name] = [text for _, text in texts_of_it]


def answers_of(path: str, column: str | None) -> Answers:
    """The answers of a file; read once per process as long as it does not change.

    Raises:
        InputError: it cannot be read, or which columns are ids and answers cannot be told.
    """
    try:
        stat = locate(path).stat()
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror}", where=path) from None
    return _answers(path, column, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2)
def _answers(path: str, column: str | None, mtime: int, size: int) -> Answers:
    return Answers(path, column)
