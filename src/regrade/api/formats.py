"""List the formats that can be read, and say of files which format they are."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from regrade.files.location import files_below, locate
from regrade.files.reading import is_zip, read_head
from regrade.files.unpacking import unpack
from regrade.registry import iterate_registered
from regrade.rows.discover import detect


class LogFormat(NamedTuple):
    """A format of logs and tables.

    Attributes:
        name: What ``--reader`` takes.
        title: What people call it.
        summary: What is read.
    """

    name: str
    title: str
    summary: str


class ChatFormat(NamedTuple):
    """A format of chat datasets.

    Attributes:
        name: What ``--format`` takes.
        title: What people call it.
        shape: What a row looks like.
        writes: Whether it can be written.
    """

    name: str
    title: str
    shape: str
    writes: bool


class FileFormat(NamedTuple):
    """The format of a file.

    Attributes:
        path: The file.
        reader: The format; None where it is of no known one.
        reason: Why.
    """

    path: str
    reader: str | None
    reason: str


def log_formats() -> list[LogFormat]:
    """The formats of logs and tables that can be read."""
    return [
        LogFormat(name, cls.title, (inspect.getdoc(cls) or "").partition("\n")[0].rstrip(".").replace("``", ""))
        for name, cls in iterate_registered("reader")
    ]


def chat_formats() -> list[ChatFormat]:
    """The formats of chat datasets."""
    return [ChatFormat(name, cls.title, cls.shape, cls.writes) for name, cls in iterate_registered("chat_format")]


def detect_logs(paths: Iterable[str | PathLike[str]]) -> list[FileFormat]:
    """Say of files which format they are, and why; by their content."""
    found = []
    for path in paths:
        place = locate(path)
        match = detect(place)
        if match is None and is_zip(read_head(place, 4)):
            folder = unpack(place)
            found += [_format_of(file, f"{path}/{file.relative_to(folder)}") for file in sorted(files_below(folder))]
        else:
            found.append(_format_of(place, str(path)))
    return found


def _format_of(file: Path, name: str) -> FileFormat:
    match = detect(file)
    return FileFormat(name, *((match.reader, match.reason) if match is not None else (None, "of no known format")))
