"""``regrade run``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from regrade.cli.asking import add_limits, add_model, model_options, without_keeping
from regrade.cli.card.options import access_from, add_access, add_choices, choices_from
from regrade.cli.catalog import add_catalogs

if TYPE_CHECKING:
    from regrade.api.outcome import RunResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s CARD --model NAME [options]\n       %(prog)s --task TASK --model NAME [options]"
    parser.description = (
        "Ask a model every question of a card or task, keep every word, and score the answers. Killed at any moment, "
        "regrade resume asks for what is missing and nothing else."
    )
    parser.epilog = (
        "Prices come from the bundled table; put your own into the file that REGRADE_PRICES names, or into "
        "prices.yaml in the configuration folder (~/.config/regrade on Linux)."
    )
    what = parser.add_argument_group("what is asked")
    what.add_argument("card", nargs="?", metavar="CARD", help="a card's name in a catalog, or its file")
    what.add_argument(
        "--task", metavar="NAME|FILE", help="a task of lm-evaluation-harness instead: its file, or its name"
    )
    what.add_argument(
        "--data", type=Path, metavar="PATH", help="files in place of the remote ones: a folder (card), a file (task)"
    )
    add_access(what)
    add_catalogs(parser)
    add_choices(what)
    what.add_argument("--limit", type=int, metavar="N", help="at most N samples")
    what.add_argument(
        "--send-as",
        choices=["chat", "completion"],
        default="chat",
        help="send texts as a chat of one message (default), or to be continued by a base model",
    )
    what.add_argument("--strict", action="store_true", help="stop at the first row that cannot be read or processed")
    what.add_argument("--trust-code", action="store_true", help="run Python functions from task files")
    add_model(parser)
    add_limits(parser)
    out = parser.add_argument_group("what comes out")
    out.add_argument("--name", metavar="NAME", help="name of the run (default: card and model)")
    out.add_argument(
        "--dry-run", action="store_true", help="print the first prompts and the estimated price, ask nothing"
    )
    out.add_argument("--no-score", action="store_true", help="ask only; regrade score RUN scores")
    out.add_argument("--json", action="store_true", help="print the scores as JSON in the harness's results layout")


def run(arguments: argparse.Namespace) -> int:
    """Prepare, ask, score; each task of a group is a run of its own."""
    from regrade.api.run import estimate, run
    from regrade.cli.display import Display

    what = {
        "task": arguments.task,
        "model": arguments.model,
        "catalog": arguments.catalog,
        "data": arguments.data,
        "send_as": arguments.send_as,
        "trust_code": arguments.trust_code,
        **access_from(arguments),
        **choices_from(arguments),
        **model_options(arguments),
    }
    with Display(finished=partial(print_result, as_json=arguments.json)) as display:
        if not arguments.dry_run:
            results = run(arguments.card, name=arguments.name, score=not arguments.no_score, progress=display, **what)
            return int(results.exit_code)
        estimates = estimate(arguments.card, progress=display, **without_keeping(what))
    for one in estimates:
        print(one.summary())
    return int(estimates.exit_code)


def print_result(result: RunResult, *, as_json: bool) -> None:
    """Print what came out of a run, below what its display said."""
    if result.remark is not None:
        print(result.remark, file=sys.stderr)
    if result.kept:
        folder = result.run.folder / "scores" / "default"
        print(f"regrade: no answer is new; the scores are those in {folder}", file=sys.stderr)
    if result.scores is None:
        return
    if as_json:
        from regrade.reports.layout import encode

        sys.stdout.write(encode(result.to_dict()).decode() + "\n")
        return
    print(result.scores.summary())
    if result.judging is not None:
        from regrade.reports.judging import render_judging

        print("\n" + render_judging(result.judging))
