"""``regrade card``: what can be done with a card."""

from __future__ import annotations

import argparse

from regrade.cli import subcommands

#: Commands by name: the module that holds ``add_arguments`` and ``run``, and a line of help.
SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "run": ("regrade.cli.card.process", "process a card's rows into prepared samples"),
    "show": ("regrade.cli.card.show", "show a row after each step of a card"),
    "check": ("regrade.cli.card.check", "say what is wrong with a card, by line and column"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's commands."""
    parser.description = "Process, look at and check cards: evaluations as data."
    subcommands.add(parser, SUBCOMMANDS)


def run(arguments: argparse.Namespace) -> int:
    """Run the one that was asked for."""
    return subcommands.run(arguments, SUBCOMMANDS)
