"""``regrade convert``."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import Any

from regrade.errors import UsageError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)


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
    from regrade.api.convert import convert
    from regrade.cli.display import Display

    # Arrow's own allocators keep what was freed: 60 MB more over three processes, and no faster here.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    with Display(prefix="") as display:
        converted = convert(
            *arguments.inputs,
            output=arguments.output,
            to=arguments.to,
            output_format=arguments.output_format,
            mix=arguments.mix,
            seed=arguments.seed,
            limit=arguments.limit,
            shards=arguments.shards,
            shard_bytes=parse_size(arguments.shard_size, "--shard-size"),
            on_bad="error" if arguments.strict else arguments.on_bad,
            merge_turns=arguments.merge_turns,
            require_alternation=arguments.require_alternation,
            progress=display,
            **reading_options(arguments),
        )
    if arguments.json:
        print(as_json(converted), file=sys.stderr if arguments.output == "-" else sys.stdout)
    else:
        print(converted.summary(), file=sys.stderr)
    return converted.exit_code


def reading_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """How inputs are read, and by how many processes, as far as it was said."""
    names = ("columns", "roles", "format", "mapping", "workers", "chunk_bytes", "encoding")
    given = {name: getattr(arguments, name) for name in names}
    given["max_row"] = parse_size(arguments.max_row, "--max-row")
    return {name: value for name, value in given.items() if value is not None}


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


def as_json(summary: Any) -> str:
    """The counts for machines."""
    import msgspec

    def plain(value: Any) -> Any:
        return str(value)

    return msgspec.json.format(msgspec.json.encode(summary, enc_hook=plain), indent=2).decode()
