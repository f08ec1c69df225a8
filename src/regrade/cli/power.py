"""``regrade power``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from regrade.cli.options import add_running, add_scoring, engine_of, scoring_options
from regrade.errors import Exit, UsageError

if TYPE_CHECKING:
    from regrade.scoring.power import PowerReport, Question


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
    from regrade.scoring.power import Question, power_of_numbers

    _check(arguments)
    question = Question(
        n=arguments.n,
        effect=arguments.effect,
        paired=not arguments.unpaired,
        level=arguments.level,
        target=arguments.power,
    )
    if arguments.runs:
        report = _of_runs(arguments, question)
    else:
        report = power_of_numbers(
            question,
            baseline=arguments.baseline,
            discordance=arguments.discordance,
            variance=arguments.variance,
            within=arguments.within or 0.0,
            repeats=1 if arguments.repeats is None else arguments.repeats,
        )
    if arguments.json:
        import msgspec

        from regrade.reports.layout import encode

        sys.stdout.write(encode(msgspec.to_builtins(report)).decode() + "\n")
    else:
        from regrade.reports.power import render_power

        print(render_power(report))
    return Exit.INCOMPLETE if report.losses else Exit.DONE


def _check(arguments: argparse.Namespace) -> None:
    """Refuse options that say nothing together.

    Raises:
        UsageError: some do not.
    """
    numbers = [name for name in ("baseline", "discordance", "variance", "within", "repeats") if _given(arguments, name)]
    if len(arguments.runs) not in (0, 2):
        raise UsageError("two runs are wanted, or none", where=" ".join(arguments.runs), hint="regrade power A B")
    if arguments.runs and numbers:
        raise UsageError("is told by the runs", where=f"--{numbers[0]}", hint="leave it out, or the runs")
    if arguments.discordance is not None and (arguments.unpaired or arguments.variance is not None):
        other = "--unpaired" if arguments.unpaired else "--variance"
        raise UsageError(f"cannot be given with {other}", where="--discordance")
    if arguments.variance is None and (_given(arguments, "within") or _given(arguments, "repeats")):
        raise UsageError("needs --variance", where="--within" if _given(arguments, "within") else "--repeats")
    if arguments.within is not None and not arguments.within >= 0:
        raise UsageError("must be at least 0", where=f"--within {arguments.within}")
    if arguments.n is not None and arguments.n < 1:
        raise UsageError("must be at least 1", where=f"--n {arguments.n}")
    if not 0 < arguments.power < 1:
        raise UsageError("must be between 0 and 1", where=f"--power {arguments.power}", hint="80 % is 0.8")
    if not 0 < arguments.level < 1:
        raise UsageError("must be between 0 and 1", where=f"--level {arguments.level}", hint="95 % is 0.95")
    if arguments.effect == 0:
        raise UsageError("must be other than 0", where="--effect 0")


def _given(arguments: argparse.Namespace, name: str) -> bool:
    return getattr(arguments, name) is not None


def _of_runs(arguments: argparse.Namespace, question: Question) -> PowerReport:
    from regrade.scoring.power import power_of_comparison, power_of_scores
    from regrade.store.workspace import Workspace

    options = scoring_options(arguments, cluster=arguments.cluster, keep=question.paired)
    a, b = (Workspace().path(path) for path in arguments.runs)
    running = {"engine": engine_of(arguments), "workers": arguments.workers}
    if question.paired:
        from regrade.scoring.compare import compare_paths

        return power_of_comparison(compare_paths(a, b, options, filter=arguments.filter, **running), question)
    from regrade.scoring.score import score_paths

    first, second = (score_paths([path], options, **running) for path in (a, b))
    return power_of_scores(first, second, question, filter=arguments.filter)
