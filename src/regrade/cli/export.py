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
    from regrade.api.export import export
    from regrade.cli.display import Display

    with Display() as display:
        written = export(
            *arguments.paths,
            to=arguments.to,
            out=arguments.out,
            workspace=arguments.workspace,
            engine=engine_of(arguments),
            workers=arguments.workers,
            progress=display,
            **scoring_options(arguments),
        )
    print(f"regrade: {written.count:,} {written.counted} in {written.path}", file=sys.stderr)
    for line in written.incomplete:
        print(f"regrade: {line}", file=sys.stderr)
    return int(written.exit_code)
