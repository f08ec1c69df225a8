"""Turn chat data of any format into OpenAI messages, or another format; say which format files are of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regrade.api.views import Page, Tabular
from regrade.chat.convert.convert import Request, Summary
from regrade.chat.convert.convert import convert as convert_files
from regrade.chat.convert.scan import Scanned, scan
from regrade.chat.converter import Options
from regrade.chat.mapping import Mapping, load_dataset_info, load_mapping, parse_mapping
from regrade.engine import LocalEngine
from regrade.errors import Exit, UsageError
from regrade.progress import Remark, by_bytes, cancelling

if TYPE_CHECKING:
    import pyarrow

    from regrade.engine import Engine
    from regrade.progress import CancelToken, Progress


class Converted(Page, Summary, kw_only=True):
    """What became of the rows, as ``regrade.convert`` gives it: a sequence of the inputs' files.

    ``len(converted)`` is how many rows were written.
    """

    def __len__(self) -> int:
        return self.rows

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Converted: {self.rows:,} of {self.total.read:,} rows in {', '.join(self.outputs[:3])}>"

    @property
    def exit_code(self) -> Exit:
        """3 where rows could not be converted."""
        return Exit.INCOMPLETE if self.total.bad else Exit.DONE

    def summary(self) -> str:
        """The counts, on one screen."""
        from regrade.reports.conversion import render_conversion

        return render_conversion(self)


class Detected(Tabular):
    """What files are, a sequence of :class:`regrade.chat.convert.scan.Scanned`."""

    def __init__(self, files: list[Scanned]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Scanned]:
        return iter(self.files)

    def __getitem__(self, place: int) -> Scanned:
        return self.files[place]

    def __repr__(self) -> str:
        return f"<Detected: {', '.join(f'{one.file}: {one.detection.format}' for one in self.files[:5])}>"

    def _repr_html_(self) -> str:
        from regrade.reports.html import html_table

        header = ("file", "format", "rows", "fit", "because")
        rows = [
            (one.file, one.detection.format, one.counts.read, one.counts.converted, one.detection.reason)
            for one in self.files
        ]
        return html_table(header, rows)

    def to_arrow(self) -> pyarrow.Table:
        """A row per file: what it is, why, and how many of its rows were looked at and fit."""
        import pyarrow as pa

        schema = pa.schema(
            [
                *((name, pa.string()) for name in ("file", "format", "reason", "problem")),
                *((name, pa.int64()) for name in ("looked_at", "fit")),
                ("whole", pa.bool_()),
            ]
        )
        rows = [
            {
                "file": one.file,
                "format": one.detection.format,
                "reason": one.detection.reason,
                "problem": one.detection.problem,
                "looked_at": one.counts.read,
                "fit": one.counts.converted,
                "whole": one.whole,
            }
            for one in self.files
        ]
        return pa.Table.from_pylist(rows, schema=schema)

    @property
    def convertible(self) -> bool:
        """Whether every file can be converted as it is."""
        return all(one.detection.problem is None for one in self.files)

    @property
    def exit_code(self) -> Exit:
        """1 where a file cannot be converted as it is, 3 where rows do not fit."""
        if not self.convertible:
            return Exit.ERROR
        return Exit.INCOMPLETE if any(one.counts.bad for one in self.files) else Exit.DONE

    def summary(self) -> str:
        """What each file is, in a few lines."""
        from regrade.reports.conversion import render_scanned

        return "\n\n".join(map(render_scanned, self.files))


def convert(
    *inputs: str | PathLike[str],
    output: str | PathLike[str],
    columns: str | None = None,
    roles: str | None = None,
    format: str | None = None,
    mapping: str | PathLike[str] | Mapping | None = None,
    workers: int | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> Converted:
    """Turn chat data of any format into OpenAI messages, or another format, and mix inputs.

    Args:
        inputs: Files, folders, URLs, ``hf://datasets/...``, ``-``; with a share before it (``0.7:a.jsonl``) or without.
        output: The file to write, or ``-``.
        columns: Which column holds what: ``"system=sys,prompt=q,completion=a"``.
        roles: What roles mean: ``"bot=assistant,visitor=user"``.
        format: Take rows for this format wherever they match it.
        mapping: Columns and roles in a file, or LLaMA-Factory's ``dataset_info.json``.
        workers: How many processes.
        engine: Where the work is done.
        progress: Called with events while it works.
        cancel: Ends the work from another thread; nothing half-written is left.
        options: The other attributes of :class:`regrade.chat.convert.convert.Request`: ``to``, ``output_format``,
            ``mix``, ``seed``, ``limit``, ``shards``, ``shard_bytes``, ``on_bad``, ``merge_turns``,
            ``require_alternation``, ``max_row``, ``encoding``.

    Raises:
        RegradeError: an input cannot be read, the output not be written, or an option not be meant.
    """
    known = set(Request.__struct_fields__) - {"inputs", "output", "mapping", "mappings", "workers"}
    if unknown := [name for name in options if name not in known]:
        raise UsageError(f"no option is named {unknown[0]!r}", hint=f"options: {', '.join(sorted(known))}")
    names = [str(one) for one in inputs]
    general, single = choose_mapping(names, columns, roles, format, mapping)
    request = Request(
        inputs=names, output=str(output), mapping=general, mappings=single, workers=_workers(workers), **options
    )
    report = cancelling(progress, cancel)
    found = convert_files(
        request,
        engine=_engine(engine, workers),
        progress=by_bytes("converting", report),
        say=lambda text: report(Remark(text=text)),
    )
    return Converted(**{name: getattr(found, name) for name in Summary.__struct_fields__})


def detect(
    *inputs: str | PathLike[str],
    sample: int | None = None,
    columns: str | None = None,
    roles: str | None = None,
    format: str | None = None,
    mapping: str | PathLike[str] | Mapping | None = None,
    merge_turns: bool = False,
    require_alternation: bool = False,
    workers: int | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> Detected:
    """Say which chat format files are of and why, and how many rows fit. Nothing is written.

    Args:
        inputs: As for :func:`convert`.
        sample: Look at so many rows spread through each file; None looks at all.
        columns: As for :func:`convert`.
        roles: Likewise.
        format: Likewise.
        mapping: Likewise.
        merge_turns: Make one message of messages of one role that follow each other.
        require_alternation: Conversations in which user and assistant do not take turns do not fit.
        workers: How many processes.
        engine: Where the work is done.
        progress: Called with events while it works.
        cancel: Ends the work from another thread.
        options: ``chunk_bytes``, ``max_row``, ``encoding``.

    Raises:
        RegradeError: an input cannot be read.
    """
    if sample is not None and sample < 1:
        raise UsageError("must be at least 1", where=f"--sample {sample}")
    names = [str(one) for one in inputs]
    general, single = choose_mapping(names, columns, roles, format, mapping)
    found = scan(
        names,
        mapping=general,
        mappings=single,
        options=Options(merge_turns=merge_turns, require_alternation=require_alternation),
        sample=sample,
        engine=_engine(engine, workers),
        workers=_workers(workers),
        progress=by_bytes("looking", cancelling(progress, cancel)),
        **options,
    )
    return Detected(found)


def _workers(workers: int | None) -> int | None:
    if workers is not None and workers < 1:
        raise UsageError("must be at least 1", where=f"--workers {workers}")
    return workers


def _engine(engine: Engine | None, workers: int | None) -> Engine | None:
    """The engine that was asked for; None leaves the choice."""
    return LocalEngine(workers=workers) if engine is None and workers is not None else engine


def choose_mapping(
    inputs: Sequence[str],
    columns: str | None,
    roles: str | None,
    format: str | None,
    mapping: str | PathLike[str] | Mapping | None,
) -> tuple[Mapping | None, dict[str, Mapping]]:
    """What was said about columns and roles: for all inputs, and for single ones.

    Raises:
        UsageError: it means nothing, or a dataset_info.json knows none of the inputs.
    """
    said = columns or roles or format
    if mapping is None:
        return (parse_mapping(columns, roles, format) if said else None), {}
    if said:
        raise UsageError("say it in the file or on the command line, not in both", where=f"--mapping {mapping}")
    if isinstance(mapping, Mapping):
        return mapping, {}
    if Path(mapping).name != "dataset_info.json":
        return load_mapping(str(mapping)), {}
    known = {entry.file_name: entry.mapping for entry in load_dataset_info(str(mapping)).values() if entry.file_name}
    names = [re.sub(r"^\d*\.?\d+:", "", name) for name in inputs]
    found = {name: known[Path(name).name] for name in names if Path(name).name in known}
    if not found:
        raise UsageError(
            "describes none of the inputs", where=f"--mapping {mapping}", hint=f"files: {', '.join(known)}"
        )
    return None, found
