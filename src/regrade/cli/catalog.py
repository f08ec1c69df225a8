"""``regrade catalog``: what catalogs hold."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from regrade.cli import Parser, add_common
from regrade.errors import Exit, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's commands."""
    parser.description = "Look into catalogs: folders of cards, tasks, templates, operators and metrics as data."
    commands = parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True, parser_class=Parser)

    listing = commands.add_parser("list", help="list artifacts by name")
    listing.add_argument("--kind", metavar="KIND", help="only card, metric, operator, template, task, loader, ...")
    listing.add_argument(
        "--tag", action="append", default=[], metavar="NAME=VALUE", help="only those with this tag (repeatable)"
    )
    add_catalogs(listing)
    _add_json(listing, "every artifact as a line of JSON")
    listing.set_defaults(function=_list)

    show = commands.add_parser("show", help="show an artifact: what it is, its data and its hash")
    show.add_argument("name", metavar="NAME", help="a name, with arguments in brackets if wanted")
    show.add_argument("--resolved", action="store_true", help="put what it refers to in the place of references")
    add_catalogs(show)
    _add_json(show, "as JSON")
    show.set_defaults(function=_show)

    path = commands.add_parser("path", help="say where catalogs are looked for, in order")
    add_catalogs(path)
    path.set_defaults(function=_path)

    coverage = commands.add_parser("coverage", help="say how many cards can be parsed, processed and scored")
    coverage.add_argument("folder", metavar="DIR", help="a catalog; 'unitxt' is that of the installed package")
    _add_json(coverage, "as JSON")
    coverage.add_argument("--cards", action="store_true", help="name every card that cannot be scored, and why")
    coverage.set_defaults(function=_coverage)

    schema = commands.add_parser("schema", help="print the JSON Schema of artifacts, for editors")
    schema.set_defaults(function=_schema)
    for command in commands.choices.values():
        add_common(command)


def add_catalogs(parser: argparse.ArgumentParser) -> None:
    """Where artifacts are looked for; the commands on cards take it too."""
    parser.add_argument(
        "--catalog",
        action="append",
        default=[],
        metavar="DIR",
        help="look for names in this folder first (repeatable); 'unitxt' is the catalog of the installed package",
    )


def _add_json(parser: argparse.ArgumentParser, help_text: str) -> None:
    parser.add_argument("--json", action="store_true", help=help_text)


def run(arguments: argparse.Namespace) -> int:
    """Run the command that was asked for."""
    return int(arguments.function(arguments))


def _list(arguments: argparse.Namespace) -> int:
    from regrade.api.artifacts import list_artifacts
    from regrade.reports.text import table

    tags = [_tag(text) for text in arguments.tag]
    found = list(list_artifacts(arguments.catalog, kind=arguments.kind, tags=tags))
    if arguments.json:
        for entry in found:
            print(_json(entry.to_dict()))
        return Exit.DONE
    if not found:
        print("no artifact is like that")
        return Exit.DONE
    print(table(["name", "kind", "type", "description"], [[e.name, e.kind, e.type, e.summary] for e in found]))
    return Exit.DONE


def _tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError("is no NAME=VALUE", where=f"--tag {text}", hint="for example: --tag language=en")
    return name, value


def _show(arguments: argparse.Namespace) -> int:
    from regrade.api.artifacts import format_artifact, show_artifact

    entry = show_artifact(arguments.name, arguments.catalog)
    data = entry.resolved.data if arguments.resolved and entry.resolved else entry.data
    if arguments.json:
        print(_json({**entry.to_dict(), "data": data}, indent=2))
        return Exit.DONE
    lines = [("name", entry.name), ("file", _place(entry.path)), ("kind", entry.kind), ("title", entry.title)]
    lines += [("description", entry.description), *((f"tag {key}", _told(v)) for key, v in entry.tags.items())]
    lines += [("hash", entry.hash or ""), *(("note", note) for note in entry.notes)]
    lines += [("unknown type", name) for name in entry.unknown_types]
    width = max(len(label) for label, _ in lines) + 2
    print("\n".join(f"{label:{width}}{' '.join(str(text).split())}" for label, text in lines if text))
    shown = {key: value for key, value in data.items() if key not in ("__description__", "__tags__", "__title__")}
    sys.stdout.write("\n" + format_artifact(shown))
    if arguments.resolved and entry.resolved:
        for name, named in entry.resolved.named.items():
            sys.stdout.write(f"\n# {name}\n" + format_artifact(named))
    return Exit.DONE


def _place(path: str | Path) -> str:
    """A path, from the current folder on if it lies below."""
    path = Path(path)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _path(arguments: argparse.Namespace) -> int:
    from regrade.api.artifacts import catalog_folders

    for folder, label in catalog_folders(arguments.catalog):
        place = _place(folder)
        print(place if label == str(folder) else f"{place} ({label})")
    return Exit.DONE


def _coverage(arguments: argparse.Namespace) -> int:
    import msgspec

    from regrade.api.artifacts import cover_catalog

    found = cover_catalog(arguments.folder)
    short = [card for card in found.each if not card.scorable]
    if arguments.json:
        layout = msgspec.to_builtins(found)
        if arguments.cards:
            layout["not_scorable"] = msgspec.to_builtins(short)
        del layout["each"]
        print(_json(layout, indent=2))
        return Exit.DONE
    from regrade.reports.text import table

    rows = [
        [what, str(s.total), f"{s.parsed_share:.1%}", f"{s.processable_share:.1%}", f"{s.scorable_share:.1%}"]
        for what, s in (("cards", found.cards), ("families", found.families))
    ]
    print(table(["", "total", "parsed", "processable", "scorable"], rows))
    if found.missing:
        print("\n" + table(["missing or not to be run here", "cards"], [[k, str(n)] for k, n in found.missing.items()]))
    if arguments.cards and short:
        rows = [[card.name, "yes" if card.processable else "no", "; ".join(card.reasons)] for card in short]
        print("\n" + table(["not scorable", "processable", "because"], rows))
    return Exit.DONE


def _schema(arguments: argparse.Namespace) -> int:
    from regrade.api.artifacts import artifact_schema

    print(_json(artifact_schema(), indent=2))
    return Exit.DONE


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
