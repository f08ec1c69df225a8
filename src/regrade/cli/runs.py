"""``regrade runs``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from regrade.errors import Exit

if TYPE_CHECKING:
    from regrade.store.run import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s [options]"
    parser.description = "List the runs of a workspace: what was asked of whom, how far it is, and its scores."
    parser.add_argument("--workspace", metavar="DIR", help="the folder of runs (default REGRADE_WORKSPACE, or runs)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print a table, or JSON."""
    from regrade.store.workspace import Workspace

    workspace = Workspace(arguments.workspace)
    rows = [_row(found) for found in workspace.runs(unreadable=lambda error: print(error, file=sys.stderr))]
    if arguments.json:
        import msgspec

        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode() + "\n")
        return Exit.DONE
    if not rows:
        print(f"no runs in {workspace.folder}")
        return Exit.DONE
    from regrade.reports.text import table

    header = ["run", "status", "model", "answers", "failed", "score", "created"]
    twice = {title for title, count in Counter(row["title"] for row in rows).items() if title and count > 1}
    cells = [
        [
            f"{row['title']} ({row['name']})" if row["title"] in twice else row["title"] or row["name"],
            row["status"],
            row["model"],
            f"{row['answered']:,}/{row['wanted']:,}",
            row["failed"] or "",
            row["score"],
            row["created"],
        ]
        for row in rows
    ]
    print(table(header, cells, "<<<>><<"))
    return Exit.DONE


def _row(found: Run) -> dict[str, Any]:
    from regrade.models.named import typed_name
    from regrade.store.run import ANSWERED, FAILED, REFUSED

    manifest = found.manifest
    there = found.find_answered()
    asked = manifest.model.get("asked")
    return {
        "name": found.folder.name,
        "title": manifest.title,
        "status": _status(found),
        "recipe": manifest.recipe_name,
        "model": typed_name(str(asked.get("model", ""))) if isinstance(asked, dict) else "",
        "wanted": found.wanted,
        "answered": there.count(ANSWERED),
        "failed": there.count(FAILED) + there.count(REFUSED),
        "score": _score(found),
        "created": manifest.created,
        "judge_of": manifest.judge_of,
    }


def _status(found: Run) -> str:
    """A run that says it is running is, if somebody holds its lock; else it was killed."""
    return "killed" if found.manifest.status == "running" and not found.is_locked() else found.manifest.status


def _score(found: Run) -> str:
    """The first score that was kept, as ``metric value``."""
    import msgspec

    file = found.folder / "scores" / "default" / "results.json"
    try:
        results = msgspec.json.decode(file.read_bytes())["results"]
        rows = [entry for values in results.values() for entry in values.items()]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
        return ""
    for key, value in rows:
        if isinstance(value, float) and "stderr" not in key:
            return f"{key.partition(',')[0]} {value:.4g}"
    return ""
