"""``regrade card show``."""

from __future__ import annotations

import argparse
import shutil
import sys

from regrade.cli.card.options import add_card, samples_from
from regrade.errors import Exit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "Show one row after each step of a card, with what the step added (+), changed (~) and took away (-), and the "
        "sample that it becomes."
    )
    add_card(parser)
    parser.add_argument("--row", type=int, default=0, metavar="N", help="which sample, counted from 0 (default 0)")
    parser.add_argument("--full", action="store_true", help="show long values whole")
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Follow the row and print it."""
    found = samples_from(arguments).trace(arguments.row)
    if arguments.json:
        from regrade.api.card import encode_data

        stages = [
            {
                "step": stage.step.number if stage.step else 0,
                "name": stage.step.name if stage.step else "loaded",
                "rows": [{"stream": change.stream, "row": change.row} for change in stage.changes],
            }
            for stage in found.stages
        ]
        sys.stdout.write(encode_data({"stages": stages, "sample": found.sample}) + "\n")
    else:
        from regrade.reports.cards import render_trace

        print(render_trace(found, shutil.get_terminal_size().columns, arguments.full))
    return Exit.DONE
