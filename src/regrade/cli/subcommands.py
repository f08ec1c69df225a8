"""Commands that have commands of their own: ``regrade card run``, ``regrade catalog list``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from regrade.cli import Parser, add_common

Subcommands = Mapping[str, tuple[str, str]]
"""By name: the module that holds ``add_arguments`` and ``run``, and a line of help."""


class _LazyParser(Parser):
    """A parser whose module is imported when it is to parse something, so that a command loads what it uses."""

    def __init__(self, *given: Any, module: str = "", **options: Any) -> None:
        super().__init__(*given, **options)
        self._module = module

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        if self._module:
            module, self._module = self._module, ""
            import_module(module).add_arguments(self)
            add_common(self)
        return super().parse_known_args(args, namespace)


def add(parser: argparse.ArgumentParser, subcommands: Subcommands) -> None:
    """Give ``parser`` its commands; which of them was asked for is ``subcommand`` of the parsed arguments."""
    group = parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True, parser_class=_LazyParser)
    for name, (module, help_text) in subcommands.items():
        group.add_parser(name, help=help_text, module=module)


def run(arguments: argparse.Namespace, subcommands: Subcommands) -> int:
    """Run the one that was asked for."""
    return int(import_module(subcommands[arguments.subcommand][0]).run(arguments))
