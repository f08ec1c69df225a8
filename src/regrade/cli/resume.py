"""``regrade resume``."""

from __future__ import annotations

import argparse
from functools import partial

from regrade.cli.asking import add_connection, add_limits, asking_options, connection_options
from regrade.cli.run import print_result


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
    from regrade.api.resume import resume
    from regrade.cli.display import Display

    with Display(finished=partial(print_result, as_json=arguments.json)) as display:
        result = resume(
            arguments.run,
            retry_failed=arguments.retry_failed,
            trust_code=arguments.trust_code,
            score=not arguments.no_score,
            progress=display,
            **connection_options(arguments),
            **asking_options(arguments),
        )
    return int(result.exit_code)
