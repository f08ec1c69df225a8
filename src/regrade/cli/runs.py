"""``regrade runs``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from regrade.errors import Exit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s [options]"
    parser.description = "List the runs of a workspace: what was asked of whom, how far it is, and its scores."
    parser.add_argument("--workspace", metavar="DIR", help="the folder of runs (default REGRADE_WORKSPACE, or runs)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print a table, or JSON."""
    from regrade.api.runs import runs

    found = runs(arguments.workspace)
    for error in found.unreadable:
        print(error, file=sys.stderr)
    if arguments.json:
        import msgspec

        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found.rows), indent=2).decode() + "\n")
        return Exit.DONE
    if not found.rows:
        print(f"no runs in {found.folder}")
        return Exit.DONE
    from regrade.reports.text import table

    header = ["run", "status", "model", "answers", "failed", "score", "created"]
    twice = {title for title, count in Counter(row.title for row in found).items() if title and count > 1}
    cells = [
        [
            f"{row.title} ({row.name})" if row.title in twice else row.title or row.name,
            row.status,
            row.model,
            f"{row.answered:,}/{row.wanted:,}",
            row.failed or "",
            row.score,
            row.created,
        ]
        for row in found
    ]
    print(table(header, cells, "<<<>><<"))
    return Exit.DONE
