"""``regrade export``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from regrade.cli.options import add_running, add_scoring, engine_of, scoring_options
from regrade.reports.export.targets import TARGETS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s RUN [RUN ...] --to FORMAT -o PATH [options]"
    parser.description = (
        "Write a run, or any log, with its scores, in the format of another tool: whole, or not at all. It is scored "
        "as regrade score would, so filters and metrics may be other ones than the recorded."
    )
    parser.epilog = "formats: " + "; ".join(f"{name}: {said}" for name, (*_, said) in TARGETS.items())
    parser.add_argument("paths", nargs="+", metavar="RUN", help="a run's folder or its name in the workspace, or a log")
    what = parser.add_argument_group("what comes out")
    what.add_argument("--to", required=True, choices=list(TARGETS), metavar="FORMAT", help=", ".join(TARGETS))
    what.add_argument(
        "-o", "--out", required=True, type=Path, metavar="PATH", help="the file (parquet, csv, jsonl) or folder"
    )
    what.add_argument("--workspace", metavar="DIR", help="the folder of runs (default REGRADE_WORKSPACE, or runs)")
    add_scoring(parser)
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Score, write."""
    from regrade.files.location import is_url
    from regrade.reports.export.targets import export
    from regrade.scoring.score import score_paths
    from regrade.store.workspace import Workspace

    workspace = Workspace(arguments.workspace)
    paths = [
        path if is_url(path) or Path(path).exists() else str(workspace.find(path).folder) for path in arguments.paths
    ]
    options = scoring_options(arguments, keep=True)
    scores = score_paths(paths, options, engine=engine_of(arguments), workers=arguments.workers)
    count = export(scores, arguments.to, arguments.out)
    kind = "rows" if TARGETS[arguments.to][2] else "samples"
    print(f"regrade: {count:,} {kind} in {arguments.out}", file=sys.stderr)
    for part in scores.parts:
        if not part.complete:
            lacking = f"{part.counts.missing:,} samples missing, " if part.counts.missing else ""
            print(f"regrade: {part.task} of {part.run} is not whole: {lacking}see regrade score", file=sys.stderr)
    return int(scores.exit_code)
