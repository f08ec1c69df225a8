"""``regrade resume``."""

from __future__ import annotations

import argparse

from regrade.cli.asking import (
    add_connection,
    add_limits,
    again_of,
    ask_run,
    asked_again,
    exit_code,
    model_of,
    naming_what_is_kept,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s RUN [options]"
    parser.description = (
        "Ask for what a run lacks: what was not asked when it was stopped or killed, what failed, and what a batch has "
        "answered since. Nothing that was answered is asked again."
    )
    parser.add_argument("run", metavar="RUN", help="the run's folder, or its name in the workspace")
    add_connection(parser)
    parser.add_argument(
        "--retry-failed", action="store_true", help="ask also for what the server refused as wrong (400 and the like)"
    )
    parser.add_argument("--trust-code", action="store_true", help="run Python functions from task files")
    parser.add_argument("--no-score", action="store_true", help="ask only")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON in the harness's results layout")
    add_limits(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask what is missing, then score."""
    from regrade.cli.judge import report
    from regrade.cli.run import score_run
    from regrade.store.judge_run import judge_run_at
    from regrade.store.workspace import Workspace

    found = Workspace(arguments.workspace).find(arguments.run)
    asked = asked_again(found, arguments)
    model = model_of(asked)
    tally = ask_run(found, model, asked, again=again_of(arguments), fsync=arguments.fsync)
    code = int(exit_code(tally, model))
    if not arguments.no_score and tally.done:
        judge = judge_run_at(found.folder)
        with naming_what_is_kept(found):
            if judge is not None:
                code = max(code, report(judge, as_json=arguments.json))
            else:
                code = max(code, score_run(found, as_json=arguments.json, trust_code=arguments.trust_code))
    return code
