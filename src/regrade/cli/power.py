"""``regrade power``."""

from __future__ import annotations

import argparse
import sys

from regrade.cli.options import add_running, add_scoring, engine_of, scoring_options
from regrade.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s [A B] [options]"
    parser.description = (
        "Say what a number of samples can show: the power to find an effect, the smallest difference that is found "
        "with a power of 80 %, and how many samples an effect needs. From two runs, or from numbers."
    )
    parser.add_argument("runs", nargs="*", metavar="A B", help="two runs that tell how much samples vary")
    what = parser.add_argument_group("what is asked")
    what.add_argument("--n", type=int, metavar="N", help="samples (default: those of the runs)")
    what.add_argument(
        "--effect", type=float, metavar="D", help="the difference to find (default: the one that the runs show)"
    )
    what.add_argument("--power", type=float, default=0.8, metavar="P", help="the power to reach (default 0.8)")
    what.add_argument(
        "--unpaired", action="store_true", help="the two answer different samples, N each; else the same ones"
    )
    numbers = parser.add_argument_group("instead of runs")
    numbers.add_argument("--baseline", type=float, metavar="P", help="the first system's share of right answers")
    numbers.add_argument(
        "--discordance", type=float, metavar="P", help="share of samples that exactly one of the two gets right"
    )
    numbers.add_argument(
        "--variance",
        type=float,
        metavar="V",
        help="variance of a sample's difference; with --unpaired of one system's scores",
    )
    numbers.add_argument(
        "--within",
        type=float,
        metavar="V",
        help="variance of one answer about its question's mean, added to --variance",
    )
    numbers.add_argument(
        "--repeats", type=int, metavar="K", help="answers per question, over which --within is averaged"
    )
    add_scoring(parser)
    out = parser.add_argument_group("what comes out")
    out.add_argument("--filter", metavar="NAME", help="only this filter pipeline")
    out.add_argument("--cluster", metavar="EXPR", help="samples with equal EXPR are dependent")
    out.add_argument("--json", action="store_true", help="print JSON")
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Work it out and print."""
    from regrade.api.power import power

    if len(arguments.runs) not in (0, 2):
        raise UsageError("two runs are wanted, or none", where=" ".join(arguments.runs), hint="regrade power A B")
    report = power(
        *arguments.runs,
        n=arguments.n,
        effect=arguments.effect,
        target=arguments.power,
        paired=not arguments.unpaired,
        baseline=arguments.baseline,
        discordance=arguments.discordance,
        variance=arguments.variance,
        within=arguments.within,
        repeats=arguments.repeats,
        filter=arguments.filter,
        engine=engine_of(arguments),
        workers=arguments.workers,
        **scoring_options(arguments, cluster=arguments.cluster),
    )
    if arguments.json:
        from regrade.reports.layout import encode

        sys.stdout.write(encode(report.to_dict()).decode() + "\n")
    else:
        print(report.summary())
    return report.exit_code
