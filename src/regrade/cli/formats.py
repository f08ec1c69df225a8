"""``regrade formats``."""

from __future__ import annotations

import argparse
import inspect

from regrade.errors import Exit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "List the formats of logs and tables that can be read; a file's format is found by its content."
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="say of these files which format they are, and why")


def run(arguments: argparse.Namespace) -> int:
    """Print the table of readers, or what files are."""
    from regrade.registry import iterate_registered
    from regrade.reports.text import table

    if arguments.paths:
        return _detect(arguments.paths)
    rows = [
        [name, cls.title, (inspect.getdoc(cls) or "").partition("\n")[0].rstrip(".").replace("``", "")]
        for name, cls in iterate_registered("reader")
    ]
    print(table(["name", "logs and tables", "what it reads"], rows))
    chats = [
        [name, cls.title, cls.shape, "read and written" if cls.writes else "read"]
        for name, cls in iterate_registered("chat_format")
    ]
    print("\n" + table(["name", "chat datasets", "a row", ""], chats))
    return Exit.DONE


def _detect(paths: list[str]) -> int:
    from regrade.files.location import locate
    from regrade.reports.text import table
    from regrade.rows.discover import detect

    rows, unknown = [], False
    for path in paths:
        match = detect(locate(path))
        unknown = unknown or match is None
        rows.append([path, match.reader, match.reason] if match else [path, "–", "of no known format"])
    print(table(["file", "format", "because"], rows))
    return Exit.ERROR if unknown else Exit.DONE
