"""``regrade detect``."""

from __future__ import annotations

import argparse
import sys

from regrade.cli.convert import add_mapping, add_workers, as_json, reading_options
from regrade.errors import Exit


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
    from regrade.api.convert import detect
    from regrade.cli.display import Display

    with Display() as display:
        found = detect(
            *arguments.inputs,
            sample=arguments.sample,
            merge_turns=arguments.merge_turns,
            require_alternation=arguments.require_alternation,
            progress=display,
            **reading_options(arguments),
        )
    print(as_json(found.files) if arguments.json else found.summary())
    if not found.convertible:
        print("regrade: not every input can be converted as it is", file=sys.stderr)
    return Exit.ERROR if arguments.strict and found.exit_code else found.exit_code
