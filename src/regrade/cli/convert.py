"""``regrade convert``."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regrade.errors import Exit, UsageError

if TYPE_CHECKING:
    from regrade.chat.convert.convert import Summary
    from regrade.chat.mapping import Mapping
    from regrade.engine import Engine

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_SHOWN = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "Turn chat data of any format into OpenAI messages, or another format: each input's format is detected, said, "
        "and checked on every row. Every other column is kept."
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="[SHARE:]INPUT",
        help="file (JSON lines, JSON array, CSV, Parquet, Arrow; compressed or not), folder, URL, "
        "hf://datasets/ORG/NAME[@REVISION][/CONFIG][:SPLIT], or - for standard input; with its share of the mixture "
        "before it (0.7:a.jsonl) or without",
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the output; - for standard output")
    out = parser.add_argument_group("what comes out")
    out.add_argument("--to", default="messages", metavar="FORMAT", help="format to write (default messages)")
    out.add_argument("--output-format", metavar="KIND", help="jsonl, parquet, arrow or csv (default: by the name)")
    out.add_argument("--shards", type=int, metavar="N", help="N files of about equally many rows")
    out.add_argument("--shard-size", metavar="SIZE", help="files of rows that as JSON lines take up to SIZE (500MB)")
    out.add_argument("--limit", type=int, metavar="N", help="at most N rows")
    out.add_argument("--json", action="store_true", help="print the counts as JSON (with -o -: on standard error)")
    add_mapping(parser)
    mix = parser.add_argument_group("several inputs")
    mix.add_argument(
        "--mix",
        default="concat",
        choices=("concat", "interleave", "shuffle"),
        help="one after the other, taking turns (with shares: drawn), or in random order (default concat)",
    )
    mix.add_argument("--seed", type=int, default=0, metavar="N", help="decides what is random (default 0)")
    dirty = parser.add_argument_group("rows that cannot be converted")
    dirty.add_argument(
        "--on-bad",
        default="quarantine",
        choices=("quarantine", "drop", "error"),
        help="put them into FILE.quarantine.jsonl with the reason (default), leave them out, or stop at the first",
    )
    dirty.add_argument("--strict", action="store_true", help="the same as --on-bad error")
    dirty.add_argument(
        "--merge-turns", action="store_true", help="make one message of messages of one role that follow each other"
    )
    dirty.add_argument(
        "--require-alternation",
        action="store_true",
        help="refuse conversations in which user and assistant do not take turns",
    )
    add_workers(parser)


def add_mapping(parser: argparse.ArgumentParser) -> None:
    """What a person says about columns and roles."""
    read = parser.add_argument_group("how inputs are read")
    read.add_argument(
        "--columns", metavar="X=NAME,...", help='which column holds what: "system=sys,prompt=q,completion=a"'
    )
    read.add_argument("--roles", metavar="NAME=ROLE,...", help='what roles mean: "bot=assistant,visitor=user"')
    read.add_argument("--format", metavar="FORMAT", help="take rows for this format wherever they match it")
    read.add_argument(
        "--encoding", metavar="NAME", help="how text is encoded, where it is not UTF-8 (cp1252, utf-16, ...)"
    )
    read.add_argument(
        "--mapping",
        metavar="FILE",
        help="columns and roles in a YAML or JSON file, or LLaMA-Factory's dataset_info.json (one that lies beside an "
        "input is used anyway)",
    )


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Where the work is done."""
    run_ = parser.add_argument_group("where it runs")
    run_.add_argument("--workers", type=int, metavar="N", help="processes (default: one per CPU for large inputs)")
    run_.add_argument("--max-row", metavar="SIZE", help="longest row (default 256MiB); longer ones are bad rows")
    run_.add_argument("--chunk-bytes", type=int, metavar="N", help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Convert, and say what became of the rows."""
    from regrade.chat.convert.convert import Request, convert
    from regrade.cli.progress import progress

    mapping, mappings = mapping_of(arguments)
    # Arrow's own allocators keep what was freed: 60 MB more over three processes, and no faster here.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    request = Request(
        inputs=arguments.inputs,
        output=arguments.output,
        to=arguments.to,
        output_format=arguments.output_format,
        mapping=mapping,
        mappings=mappings,
        mix=arguments.mix,
        seed=arguments.seed,
        limit=arguments.limit,
        shards=arguments.shards,
        shard_bytes=parse_size(arguments.shard_size, "--shard-size"),
        on_bad="error" if arguments.strict else arguments.on_bad,
        merge_turns=arguments.merge_turns,
        require_alternation=arguments.require_alternation,
        workers=workers_of(arguments),
        **reading(arguments),
    )
    with progress("converting") as report:
        summary = convert(request, engine=engine(arguments), progress=report, say=say)
    quiet = arguments.output == "-"
    if arguments.json:
        print(as_json(summary), file=sys.stderr if quiet else sys.stdout)
    else:
        print(told(summary), file=sys.stderr)
    return Exit.INCOMPLETE if summary.total.bad else Exit.DONE


def say(text: str) -> None:
    """Say something beside the output."""
    from regrade.reports.text import printable

    print(printable(text), file=sys.stderr, flush=True)


def reading(arguments: argparse.Namespace) -> dict[str, Any]:
    """How inputs are read, as far as it was said."""
    given: dict[str, Any] = {}
    if arguments.chunk_bytes is not None:
        given["chunk_bytes"] = arguments.chunk_bytes
    if (most := parse_size(arguments.max_row, "--max-row")) is not None:
        given["max_row"] = most
    if arguments.encoding is not None:
        given["encoding"] = arguments.encoding
    return given


def workers_of(arguments: argparse.Namespace) -> int | None:
    """How many processes were asked for."""
    if arguments.workers is not None and arguments.workers < 1:
        raise UsageError("must be at least 1", where=f"--workers {arguments.workers}")
    workers: int | None = arguments.workers
    return workers


def engine(arguments: argparse.Namespace) -> Engine | None:
    """The engine that was asked for; None leaves the choice."""
    if arguments.workers is None:
        return None
    from regrade.engine import LocalEngine

    return LocalEngine(workers=workers_of(arguments))


def mapping_of(arguments: argparse.Namespace) -> tuple[Mapping | None, dict[str, Mapping]]:
    """What was said about columns and roles: for all inputs, and for single ones.

    Raises:
        UsageError: it means nothing, or a dataset_info.json knows none of the inputs.
    """
    from regrade.chat.mapping import load_dataset_info, load_mapping, parse_mapping

    said = arguments.columns or arguments.roles or arguments.format
    if arguments.mapping is None:
        return (parse_mapping(arguments.columns, arguments.roles, arguments.format) if said else None), {}
    if said:
        raise UsageError(
            "say it in the file or on the command line, not in both", where=f"--mapping {arguments.mapping}"
        )
    if Path(arguments.mapping).name != "dataset_info.json":
        return load_mapping(arguments.mapping), {}
    known = {
        entry.file_name: entry.mapping for entry in load_dataset_info(arguments.mapping).values() if entry.file_name
    }
    names = [re.sub(r"^\d*\.?\d+:", "", name) for name in arguments.inputs]
    found = {name: known[Path(name).name] for name in names if Path(name).name in known}
    if not found:
        raise UsageError(
            "describes none of the inputs", where=f"--mapping {arguments.mapping}", hint=f"files: {', '.join(known)}"
        )
    return None, found


def parse_size(text: str | None, option: str) -> int | None:
    """``500MB`` as a number of bytes.

    Raises:
        UsageError: it is no size.
    """
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError("is no size", where=f"{option} {text}", hint="for example 500MB or 1GiB")
    step = 1024 if found[3] else 1000
    return int(float(found[1]) * step ** " kmgt".index(found[2].lower() or " "))


def told(summary: Summary) -> str:
    """The counts, on one screen."""
    from regrade.reports.text import clip, plural, printable, table

    total = summary.total
    names = ", ".join(summary.outputs[:3]) + (
        f" and {len(summary.outputs) - 3} more" if len(summary.outputs) > 3 else ""
    )
    lines = [f"{plural(summary.rows, 'row')} written to {'standard output' if names == '-' else names}"]
    formats = ", ".join(f"{count:,} {name}" for name, count in sorted(total.formats.items(), key=lambda e: -e[1]))
    lines.append(
        f"{plural(total.read, 'row')} read, {total.converted:,} converted"
        + (f" ({formats})" if formats else "")
        + f", {plural(total.turns, 'turn')}, {plural(total.tool_calls, 'tool call')}"
    )
    if summary.unused:
        lines.append(f"{plural(summary.unused, 'converted row')} left out by the mixture or the limit")
    if total.overflow:
        lines.append(f"{plural(total.overflow, 'value')} of another type than their column put into the column `extra`")
    for loss, count in sorted(total.losses.items(), key=lambda entry: -entry[1]):
        lines.append(f"{plural(count, 'row')} lost {loss}")
    if total.bad:
        where = f" put into {summary.quarantine}" if summary.quarantine else " left out"
        lines.append(f"{plural(total.bad, 'row')}{where}:")
        reasons = sorted(total.reasons.values(), key=lambda reason: -reason.rows)
        rows = [
            [
                f"{reason.rows:,}",
                clip(reason.kind, 60),
                printable(f"{reason.file}:{reason.line}"),
                clip(reason.hint or "", 90),
            ]
            for reason in reasons[:_SHOWN]
        ]
        lines.append(table(["rows", "reason", "first", "what to do"], rows, "><<<"))
        if len(reasons) > _SHOWN:
            lines.append(f"and {len(reasons) - _SHOWN} more reasons (--json has them all)")
    return "\n".join(lines)


def as_json(summary: Any) -> str:
    """The counts for machines."""
    import msgspec

    def plain(value: Any) -> Any:
        return str(value)

    return msgspec.json.format(msgspec.json.encode(summary, enc_hook=plain), indent=2).decode()
