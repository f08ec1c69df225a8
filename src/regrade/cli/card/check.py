"""``regrade card check``."""

from __future__ import annotations

import argparse
import json

from regrade.cli.catalog import add_catalogs
from regrade.errors import Exit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "Say what is wrong with artifacts, as file:line:column: unknown types and arguments, wrong and missing values,"
        " references that lead nowhere, fields that no step produces. Nothing is run."
    )
    parser.add_argument("paths", nargs="+", metavar="FILE", help="an artifact as YAML or JSON, or a folder of them")
    add_catalogs(parser)
    parser.add_argument("--json", action="store_true", help="every problem as a line of JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print what is wrong."""
    import msgspec

    from regrade.api.artifacts import check_artifacts

    checked, problems = check_artifacts(arguments.paths, arguments.catalog)
    for problem in problems:
        print(json.dumps(msgspec.to_builtins(problem), ensure_ascii=False) if arguments.json else problem)
    wrong = any(problem.severity == "error" for problem in problems)
    if not arguments.json and not wrong:
        print(f"nothing is wrong with {'the artifact' if checked == 1 else f'{checked} artifacts'}")
    return Exit.ERROR if wrong else Exit.DONE
