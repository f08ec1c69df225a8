"""Files below ``--data``: which of them stand in for a remote one.

Whoever downloads a data set keeps the names of its files but not always the folders above them, so names are tried as
they are, then with one leading folder less, and so on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from regrade.errors import InputError
from regrade.files.location import is_url

ROW_FILES = ("jsonl", "json", "csv", "tsv", "parquet", "ndjson")
"""Kinds of files that hold rows."""
COMPRESSIONS = ("", ".gz", ".zst", ".bz2", ".xz")


def shorter_names(name: str) -> Iterator[str]:
    """``a/b/c``, ``b/c``, ``c``; of ``a/b/*.c`` not ``*.c``, which would mean too much."""
    parts = PurePosixPath(name).parts
    wild = next((place for place, part in enumerate(parts) if has_wildcard(part)), len(parts))
    for start in range(max(1, wild)):
        yield "/".join(parts[start:])


def has_wildcard(name: str) -> bool:
    """Whether a name is a pattern."""
    return any(mark in name for mark in "*?[")


def matching(pattern: str, files: Sequence[str]) -> list[str]:
    """The names that a pattern means (``*`` stands for slashes too, as on the hub); a plain name means itself."""
    if not has_wildcard(pattern):
        return [pattern] if pattern in files else []
    return [name for name in files if fnmatchcase(name, pattern)]


def below(folder: Path, pattern: str, files: Sequence[str]) -> list[Path]:
    """The files of a folder that a remote name or pattern means; none where nothing matches.

    Args:
        folder: The folder.
        pattern: Name or pattern in the remote repository.
        files: The names of the folder's files.
    """
    for candidate in shorter_names(pattern):
        found = matching(candidate, files)
        if found:
            return [folder / name for name in found]
    return []


def stand_in(data: Path, remote: str, stream: str) -> Path:
    """The file below ``data`` that stands in for a path or URL: of its name, else named after the stream.

    Raises:
        InputError: there is none.
    """
    name = unquote(urlsplit(remote).path) if is_url(remote) else remote
    for candidate in shorter_names(name.strip("/")):
        if os.path.isfile(data / candidate):  # noqa: PTH113 - that of paths fails for names that are too long
            return data / candidate
    if (found := named_after(data, stream)) is not None:
        return found
    raise InputError(
        f"no file stands in for {remote}",
        where=str(data),
        hint=f"put {PurePosixPath(name).name or 'it'} there, or {stream}.jsonl, .json, .csv or .parquet",
    )


def named_after(folder: Path, stream: str) -> Path | None:
    """The file of rows that is named after a stream (``test.jsonl``), compressed or not."""
    for kind in ROW_FILES:
        for compression in COMPRESSIONS:
            if (path := folder / f"{stream}.{kind}{compression}").is_file():
                return path
    return None


def dataset_folder(data: Path, path: str) -> Path:
    """The folder below ``data`` that holds the data set ``ORG/NAME``: ``ORG/NAME``, ``NAME``, or ``data`` itself."""
    for candidate in (*shorter_names(path), path.replace("/", "__"), path.replace("/", "--")):
        if (data / candidate).is_dir():
            return data / candidate
    return data
