"""``regrade explain CODE``: what an error's code means, and what to do about it."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.description = "Say what an error's code means and what to do about it; without a code, list them."
    parser.add_argument("code", nargs="?", metavar="CODE", help="as it stands behind a message: input, [usage]")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from regrade.api.explain import explain, explanations
    from regrade.errors import Exit

    if arguments.code is not None:
        print(explain(arguments.code))
        return Exit.DONE
    found = explanations()
    width = max(len(each.code) for each in found)
    for each in found:
        print(f"{each.code:{width}}  {each.meaning}")
    return Exit.DONE
