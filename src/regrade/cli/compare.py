"""``regrade compare``."""

from __future__ import annotations

import argparse
import sys

from regrade.cli.options import add_running, add_scoring, engine_of, scoring_options
from regrade.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s A B [options]"
    parser.description = (
        "Compare two runs on the samples that both answered: the paired difference with its interval and p-value, and "
        "the samples that flipped."
    )
    parser.add_argument("a", metavar="A", help="the first run: a log, or a folder with one log per task")
    parser.add_argument("b", metavar="B", help="the second run")
    parser.add_argument("--samples", metavar="FILE", help="a card's samples; A and B are answers to them")
    add_scoring(parser)
    out = parser.add_argument_group("what comes out")
    out.add_argument("--filter", metavar="NAME", help="only this filter pipeline")
    out.add_argument(
        "--cluster", metavar="EXPR", help="samples with equal EXPR are dependent: clustered standard errors"
    )
    out.add_argument(
        "--no-correction",
        action="store_true",
        help="leave the p-values as they are; else those of several tests are corrected for their number (Holm)",
    )
    out.add_argument(
        "--flips", type=int, default=10, metavar="N", help="list N of the samples that flipped (default 10)"
    )
    out.add_argument("--json", action="store_true", help="print JSON")
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare and print."""
    from regrade.api.compare import compare
    from regrade.cli.display import Display

    if arguments.flips < 0:
        raise UsageError("must be at least 0", where=f"--flips {arguments.flips}")
    with Display() as display:
        comparison = compare(
            arguments.a,
            arguments.b,
            filter=arguments.filter,
            samples=arguments.samples,
            correction=not arguments.no_correction,
            engine=engine_of(arguments),
            workers=arguments.workers,
            progress=display,
            **scoring_options(arguments, cluster=arguments.cluster),
        )
    if arguments.json:
        from regrade.reports.layout import encode

        sys.stdout.write(encode(comparison.to_dict()).decode() + "\n")
    else:
        print(comparison.summary(flips=arguments.flips))
    return comparison.exit_code
