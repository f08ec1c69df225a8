"""``regrade formats``."""

from __future__ import annotations

import argparse

from regrade.errors import Exit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "List the formats of logs and tables that can be read; a file's format is found by its content."
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="say of these files which format they are, and why")


def run(arguments: argparse.Namespace) -> int:
    """Print the table of readers, or what files are."""
    from regrade.api.formats import chat_formats, detect_logs, log_formats
    from regrade.reports.text import table

    if arguments.paths:
        found = detect_logs(arguments.paths)
        print(table(["file", "format", "because"], [[one.path, one.reader or "–", one.reason] for one in found]))
        return Exit.ERROR if any(one.reader is None for one in found) else Exit.DONE
    print(table(["name", "logs and tables", "what it reads"], log_formats()))
    chats = [[one.name, one.title, one.shape, "read and written" if one.writes else "read"] for one in chat_formats()]
    print("\n" + table(["name", "chat datasets", "a row", ""], chats))
    return Exit.DONE
