"""Samples at rest: a Parquet file, or JSON lines; whole or not there.

Parquet has a column per field of :class:`regrade.schema.Sample`; what is nested (``doc``, ``messages``,
``tools``, ``input_fields``, ``reference_fields``, ``metadata``, ``postprocessors``, ``metrics``) is JSON text. What is
to be known of the run stands in the file's metadata under ``regrade``, as JSON; beside JSON lines it stands in
``NAME.run.json``.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import msgspec

from regrade.artifacts.identity import as_json
from regrade.atomic import replacing
from regrade.errors import InputError, UsageError
from regrade.files.guard import reading, reading_parquet
from regrade.files.tables import open_parquet
from regrade.schema import Sample

METADATA_KEY: Final = b"regrade"
FORMATS: Final = (".parquet", ".jsonl", ".ndjson")
"""What a file of samples may end in."""
VERSION: Final = 1
"""Of the layout."""
_GROUP_ROWS: Final = 4096
_GROUP_BYTES: Final = 4 * 1024 * 1024
_JSON: Final = (
    "messages",
    "continuations",
    "follow_ups",
    "tools",
    "input_fields",
    "reference_fields",
    "doc",
    "metadata",
    "postprocessors",
    "metrics",
)
#: Columns with few different values: a dictionary of them is worth its price.
_FEW_VALUES: Final = ("group", "metadata", "postprocessors", "metrics", "target", "tools")
_SHARED: Final = ("postprocessors", "metrics")

_fast: Final = msgspec.json.Encoder(enc_hook=repr).encode


def encode(value: Any) -> bytes:
    """A value as JSON; what JSON has no form for is written as Python shows it."""
    try:
        return _fast(value)
    except UnicodeEncodeError:  # half of a surrogate pair, which files of other tools do hold, stays an escape
        return json.dumps(msgspec.to_builtins(value, enc_hook=repr), default=repr).encode()


def run_file(path: Path) -> Path:
    """Where the run's metadata stands beside JSON lines."""
    return path.with_name(f"{path.name}.run.json")


def write(samples: Iterable[Sample], path: Path, about: Callable[[], dict[str, Any]], *, private: bool = False) -> int:
    """Write samples to a file; memory stays within a group of rows.

    Args:
        samples: The samples.
        path: ``.parquet`` or ``.jsonl``.
        about: Gives the run's metadata, when all samples have been written.
        private: Only its owner may read it.

    Returns:
        How many were written.

    Raises:
        UsageError: the file's name tells neither format.
    """
    if path.suffix == ".parquet":
        with replacing(path, private=private) as temporary:
            return _write_parquet(samples, temporary, about)
    if path.suffix in (".jsonl", ".ndjson"):
        count = 0
        with replacing(run_file(path), private=private) as beside, replacing(path, private=private) as temporary:
            with temporary.open("wb") as file:
                for sample in samples:
                    file.write(encode(sample) + b"\n")
                    count += 1
            beside.write_bytes(encode(about()) + b"\n")
        return count
    raise UsageError("is neither .parquet nor .jsonl", where=str(path), hint="for example: -o samples.parquet")


def _write_parquet(samples: Iterable[Sample], path: Path, about: Callable[[], dict[str, Any]]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [field.name for field in msgspec.structs.fields(Sample)]
    types = {"references": pa.list_(pa.large_string())}
    schema = pa.schema([(name, types.get(name, pa.large_string())) for name in names])
    count = 0
    with (
        pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=list(_FEW_VALUES),
            write_statistics=False,
            write_page_checksum=True,  # what a disk changes in it is noticed, and not scored
        ) as writer,
        ThreadPoolExecutor(1) as behind,  # Arrow compresses one group while the next one is made
    ):
        writing: Future[None] | None = None
        for columns in _groups(samples):
            arrays = [_lists(columns[name]) if name in types else _texts(columns[name]) for name in names]
            table = pa.Table.from_arrays(arrays, schema=schema)
            count += table.num_rows
            if writing is not None:
                writing.result()
            writing = behind.submit(writer.write_table, table, row_group_size=table.num_rows)
        if writing is not None:
            writing.result()
        writer.add_key_value_metadata({METADATA_KEY.decode(): encode(about()).decode()})
    return count


def _texts(values: list[bytes | None]) -> Any:
    """A column of texts in UTF-8; ``pyarrow.array`` would load pandas, where it is installed, to make one."""
    import pyarrow as pa

    nulls = values.count(None)
    given = [value or b"" for value in values] if nulls else values
    offsets = array("q", accumulate(map(len, given), initial=0))  # type: ignore[arg-type]
    buffers = [_validity(values) if nulls else None, pa.py_buffer(offsets), pa.py_buffer(b"".join(given))]  # type: ignore[arg-type]
    return pa.Array.from_buffers(pa.large_string(), len(values), buffers, nulls)


def _validity(values: list[bytes | None]) -> Any:
    """A bit per value, the lowest one first: 1 where there is one."""
    import pyarrow as pa

    bits = "".join("0" if value is None else "1" for value in reversed(values))
    return pa.py_buffer(int(bits, 2).to_bytes((len(values) + 7) // 8, "little"))


def _lists(values: list[list[bytes | None]]) -> Any:
    """A column of lists of texts."""
    import pyarrow as pa

    offsets = array("i", accumulate(map(len, values), initial=0))
    inner = _texts([text for texts in values for text in texts])
    kind = pa.list_(pa.large_string())
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(offsets)], 0, children=[inner])


def _groups(samples: Iterable[Sample]) -> Iterator[dict[str, list[Any]]]:
    """Columns of groups of rows, their values as texts in UTF-8; of ``references`` lists of them."""
    names = [field.name for field in msgspec.structs.fields(Sample)]
    columns: dict[str, list[Any]] = {name: [] for name in names}
    appends = [(name, columns[name].append, name in _JSON) for name in names if name not in ("doc", "references")]
    add_doc, add_references = columns["doc"].append, columns["references"].append
    known: dict[int, tuple[Any, bytes]] = {}  # lists that all samples share are encoded once
    rows = size = 0
    for sample in samples:
        doc = as_json(sample.doc)
        add_doc(doc)
        add_references([_text(reference) for reference in sample.references])
        for name, append, is_json in appends:
            value = getattr(sample, name)
            if name in _SHARED:
                found = known.get(id(value))
                if found is None or found[0] is not value:
                    found = known[id(value)] = value, encode(value)
                append(found[1])
            else:
                append(None if value is None else encode(value) if is_json else _text(value))
        rows += 1
        size += len(doc)
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield columns
            for values in columns.values():
                values.clear()
            rows = size = 0
    if rows:
        yield columns


def _text(value: Any) -> bytes | None:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "replace")
    return None if value is None else encode(value)


def _decode(text: str) -> Any:
    """What :func:`encode` wrote."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace"))


def read_about(path: Path) -> dict[str, Any]:
    """The run's metadata of a file of samples; empty where there is none.

    Raises:
        InputError: it cannot be read.
    """
    if path.suffix == ".parquet":
        found = (open_parquet(str(path)).metadata.metadata or {}).get(METADATA_KEY)
    else:
        path = run_file(path)
        found = path.read_bytes() if path.is_file() else None
    with reading(path):
        about: dict[str, Any] = msgspec.json.decode(found, type=dict[str, Any]) if found else {}
    return about


def read(path: Path) -> Iterator[Sample]:
    """The samples of a file, in order; memory stays within a group of rows.

    Half of a surrogate pair, which can be sent to nobody, is read as ``?``.

    Raises:
        InputError: the file cannot be read, or is no file of samples.
    """
    if path.suffix != ".parquet":
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield msgspec.convert(_decode(line.decode()), Sample)
                except (msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
                    raise InputError(f"is no sample: {error}", where=f"{path}:{number}") from None
        return
    with reading_parquet(path), open_parquet(str(path)) as file:
        for batch in file.iter_batches(batch_size=1024):
            for row in batch.to_pylist():
                for name in _JSON:
                    if row.get(name) is not None:
                        row[name] = _decode(row[name])
                try:
                    sample = msgspec.convert({name: value for name, value in row.items() if value is not None}, Sample)
                except msgspec.ValidationError as error:
                    raise InputError(f"is no file of samples: {error}", where=str(path)) from None
                yield sample
