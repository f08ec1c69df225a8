"""``regrade demo``: write the examples that come with Regrade, and say what to try on them."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Final

from regrade.api.examples import write_examples
from regrade.errors import Exit

#: What to try, in words; ``{}`` stands for the folder of the examples. The README shows the same three.
COMMANDS: Final = (
    ("score", "{}/results"),
    ("score", "{}/results", "--filters", "{}/my_filters.yaml", "--where", "doc.level >= 2"),
    ("compare", "{}/results/chatty", "{}/results/careful", "--metric", "exact_match", "--flips", "3"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``regrade demo``."""
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", default="examples", help="where to write them (default examples)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the examples and print the commands."""
    folder = Path(arguments.folder)
    written = write_examples(folder)
    news = f"{written} files written to {folder}" if written else f"the examples are in {folder} already"
    print(f"{news}; to try:\n")
    for command in COMMANDS:
        print("  regrade " + shlex.join(word.format(folder) for word in command))
    return Exit.DONE
