"""Options of the commands that run a card."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from regrade.cli.catalog import add_catalogs
from regrade.errors import UsageError

if TYPE_CHECKING:
    from regrade.access import Access
    from regrade.cards.choices import Choices
    from regrade.cards.load import LoadedCard
    from regrade.cards.pipeline import Pipeline


CARDS_ONLY: Final = ("template", "format", "demos_from", "demos_pool_size", "loader_limit", "compat")
"""Choices that tasks of lm-evaluation-harness do not leave open."""


def add_card(parser: argparse.ArgumentParser) -> None:
    """Which card, and how it is to be used."""
    parser.add_argument("card", metavar="NAME|FILE", help="a card of a catalog, or a file (YAML or JSON)")
    data = parser.add_argument_group("where rows come from")
    data.add_argument("--data", type=Path, metavar="DIR", help="a folder whose files stand in for remote ones")
    add_access(data)
    add_catalogs(parser)
    add_choices(parser.add_argument_group("what is asked"))
    parser.add_argument("--strict", action="store_true", help="stop at the first row that cannot be processed")
    parser.add_argument(
        "--time-limit", type=float, metavar="S", help="CPU seconds that one row may take; 0 for no limit (default 5)"
    )


def add_access(group: argparse._ArgumentGroup) -> None:
    """What the files of others may name beyond their own folder, the working folder and the public internet."""
    group.add_argument(
        "--allow-path",
        action="append",
        default=[],
        metavar="DIR",
        help="a card may name files below DIR (repeatable); else only below its own folder, --data and this folder",
    )
    group.add_argument(
        "--allow-env",
        action="append",
        default=[],
        metavar="NAME",
        help="a card may name this environment variable (repeatable); else only HF_TOKEN",
    )
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="a card may name this host (repeatable; s3://BUCKET for a store); else only those of the public internet",
    )


def access_from(arguments: argparse.Namespace, *folders: Path | None) -> Access:
    """What data may name, of a parsed command line.

    Args:
        arguments: The command line.
        folders: Folders that the user named: that of the card's file, that of ``--data``.

    Raises:
        UsageError: what ``--allow-path`` names is not there.
    """
    from regrade.access import Access

    for given in arguments.allow_path:
        if not Path(given).expanduser().exists():
            raise UsageError("no such folder", where=f"--allow-path {given}")
    return Access.of_user(
        *folders,
        *arguments.allow_path,
        env=arguments.allow_env,
        hosts=arguments.allow_host,
        trust_code=getattr(arguments, "trust_code", False),
    )


def add_choices(group: argparse._ArgumentGroup) -> None:
    """How a card is to be used."""
    group.add_argument("--split", metavar="NAME", help="the split whose rows become samples (default test)")
    group.add_argument(
        "--template", metavar="NAME|N", help="a template of the catalog, or the card's by name or number (from 0)"
    )
    group.add_argument(
        "--format",
        metavar="NAME",
        help="how it becomes one text, or chat messages: chat_api (as regrade run has it for cards if nothing is said)",
    )
    group.add_argument("--system-prompt", metavar="NAME|TEXT", help="a system prompt, by name or as it is")
    group.add_argument(
        "--num-demos", type=int, metavar="K", help="demonstrations per sample (default: as card or task say)"
    )
    group.add_argument("--demos-from", metavar="NAME", help="the stream they come from (default train)")
    group.add_argument("--demos-pool-size", type=int, metavar="N", help="draw them from the first N rows (-1: all)")
    group.add_argument("--seed", type=int, metavar="N", help="another seed, other demonstrations")
    group.add_argument("--loader-limit", type=int, metavar="N", help="load at most N rows per stream")
    group.add_argument("--compat", choices=["unitxt"], help="do what Unitxt does where Regrade does otherwise")


def choices_from(arguments: argparse.Namespace, limit: int | None = None) -> Choices:
    """How the card of a parsed command line is to be used.

    Raises:
        UsageError: an option cannot mean anything.
    """
    from regrade.cards.choices import LEAST, Choices

    for name, least in LEAST.items():
        value = limit if name == "limit" else getattr(arguments, name, None)
        if value is not None and not value >= least:
            raise UsageError(f"must be at least {least}", where=f"--{name.replace('_', '-')} {value}")
    return Choices(
        template=arguments.template,
        format=arguments.format,
        system_prompt=_system_prompt(arguments.system_prompt),
        split=arguments.split,
        num_demos=arguments.num_demos,
        demos_pool_size=arguments.demos_pool_size,
        demos_from=arguments.demos_from,
        seed=arguments.seed,
        limit=limit,
        loader_limit=arguments.loader_limit,
        compat=arguments.compat,
        strict=arguments.strict,
        time_limit=getattr(arguments, "time_limit", None),
    )


def folder_from(arguments: argparse.Namespace) -> Path | None:
    """The folder of ``--data``.

    Raises:
        UsageError: it is none.
    """
    folder: Path | None = arguments.data
    if folder is not None and not folder.is_dir():
        raise UsageError("is no folder", where=f"--data {folder}")
    return folder


def _system_prompt(given: str | None) -> Any:
    """A name in a catalog as it is; any other text (of several words, or in another script) as a prompt of its own."""
    if given is None or (given.isascii() and len(given.split()) == 1):
        return given
    return {"__type__": "textual_system_prompt", "text": given}


def warn_of_spelling(loaded: LoadedCard) -> None:
    """Say on standard error what words of a card were taken for."""
    for warning in loaded.warnings:
        print(f"regrade: warning: {warning}", file=sys.stderr)


def opened(arguments: argparse.Namespace, limit: int | None = None) -> tuple[LoadedCard, Pipeline]:
    """The card of a parsed command line, and what makes its samples.

    Raises:
        UsageError: an option cannot mean anything.
        ArtifactError: there is no such card, or it is wrong.
    """
    from regrade.cards.load import load
    from regrade.cards.pipeline import Pipeline

    choices, data = choices_from(arguments, limit), folder_from(arguments)
    loaded = load(arguments.card, arguments.catalog)
    warn_of_spelling(loaded)
    access = access_from(arguments, loaded.folder, data)
    pipeline = Pipeline(
        loaded.artifact, choices, catalog=loaded.catalogs, data=data, folder=loaded.folder, access=access
    )
    return loaded, pipeline
