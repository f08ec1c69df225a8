"""``regrade detect``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from regrade.cli.convert import add_mapping, add_workers, as_json, engine, mapping_of, reading, workers_of
from regrade.errors import Exit, UsageError

if TYPE_CHECKING:
    from regrade.chat.convert.scan import Scanned


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "Say which chat format files are of and why, how many rows fit, and of those that do not the first of each "
        "kind. Every row is looked at; nothing is written."
    )
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="as for regrade convert")
    parser.add_argument("--sample", type=int, metavar="N", help="look at N rows spread through each file only")
    parser.add_argument("--merge-turns", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--require-alternation",
        action="store_true",
        help="conversations in which user and assistant do not take turns do not fit",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if any row does not fit")
    add_mapping(parser)
    add_workers(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look, and say what was found."""
    from regrade.chat.convert.scan import scan
    from regrade.chat.converter import Options
    from regrade.cli.progress import progress

    if arguments.sample is not None and arguments.sample < 1:
        raise UsageError("must be at least 1", where=f"--sample {arguments.sample}")
    mapping, mappings = mapping_of(arguments)
    with progress("looking") as report:
        found = scan(
            arguments.inputs,
            mapping=mapping,
            mappings=mappings,
            options=Options(merge_turns=arguments.merge_turns, require_alternation=arguments.require_alternation),
            sample=arguments.sample,
            engine=engine(arguments),
            workers=workers_of(arguments),
            progress=report,
            **reading(arguments),
        )
    if arguments.json:
        print(as_json(found))
    else:
        print("\n\n".join(told(one) for one in found))
    if any(one.detection.problem is not None for one in found):
        print("regrade: not every input can be converted as it is", file=sys.stderr)
        return Exit.ERROR
    bad = any(one.counts.bad for one in found)
    return Exit.DONE if not bad else Exit.ERROR if arguments.strict else Exit.INCOMPLETE


def told(found: Scanned) -> str:
    """What a file is, in a few lines."""
    from regrade.reports.text import clip, mark, plural, printable, table

    detection, counts = found.detection, found.counts
    lines = [mark(printable(found.file), "bold")]
    looked = "" if found.whole else ", spread through the file"
    if detection.problem is not None:
        lines.append(f"  cannot be converted as it is: {printable(detection.problem)}")
        if detection.hint:
            lines.append(f"  {printable(detection.hint)}")
    else:
        lines.append(f"  {detection.format}: {printable(detection.reason)}")
    lines.append(f"  {plural(counts.read, 'row')} looked at{looked}: {counts.converted:,} fit, {counts.bad:,} do not")
    formats = sorted(counts.formats.items(), key=lambda entry: -entry[1])
    if len(formats) > 1:
        lines.append("  " + ", ".join(f"{count:,} {name}" for name, count in formats))
    if detection.roles:
        lines.append("  roles: " + clip(", ".join(detection.roles), 100))
    lines += [f"  {printable(note)}" for note in detection.notes]
    if counts.reasons:
        reasons = sorted(counts.reasons.values(), key=lambda reason: -reason.rows)
        rows = [
            [f"{r.rows:,}", f"{r.line}" if r.line else "", clip(r.example, 70), clip(r.hint or "", 90)] for r in reasons
        ]
        shown = table(["rows", "first", "reason", "what to do"], rows, ">><<")
        lines += [f"  {line}" for line in shown.split("\n")]
    return "\n".join(lines)
