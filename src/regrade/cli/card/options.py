"""Options of the commands that run a card."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regrade.cli.catalog import add_catalogs

if TYPE_CHECKING:
    from regrade.api.card import Samples


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


def access_from(arguments: argparse.Namespace) -> dict[str, Any]:
    """What data may name beyond the usual, of a parsed command line."""
    return {
        "allow_paths": arguments.allow_path,
        "allow_env": arguments.allow_env,
        "allow_hosts": arguments.allow_host,
    }


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


def choices_from(arguments: argparse.Namespace) -> dict[str, Any]:
    """How the card of a parsed command line is to be used; what is not said is left out."""
    names = (
        "template",
        "format",
        "split",
        "num_demos",
        "demos_pool_size",
        "demos_from",
        "seed",
        "limit",
        "system_prompt",
    )
    chosen = {name: getattr(arguments, name, None) for name in (*names, "loader_limit", "compat", "time_limit")}
    if arguments.strict:
        chosen["strict"] = True
    return {name: value for name, value in chosen.items() if value is not None}


def samples_from(arguments: argparse.Namespace) -> Samples:
    """The samples of the card of a parsed command line; what words were taken for goes to standard error.

    Raises:
        UsageError: an option cannot mean anything.
        ArtifactError: there is no such card, or it is wrong.
    """
    from regrade.api.card import load_card

    card = load_card(arguments.card, arguments.catalog, data=arguments.data, **access_from(arguments))
    for warning in card.warnings:
        print(f"regrade: warning: {warning}", file=sys.stderr)
    return card.samples(**choices_from(arguments))
