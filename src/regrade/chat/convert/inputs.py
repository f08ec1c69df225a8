"""What a person names: files, folders, standard input, URLs, data sets of a hub; and their shares of a mixture."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from regrade.chat.convert.blocks import spool
from regrade.errors import InputError, UsageError
from regrade.files import reading as files
from regrade.files.location import exists, files_below, is_folder, is_url, locate

STDIN: Final = "-"
_WEIGHTED: Final = re.compile(r"(\d+(?:\.\d+)?|\.\d+):(.+)", re.DOTALL)
_DATA: Final = re.compile(r"\.(jsonl?|ndjson|csv|tsv|tab|parquet|arrow|feather)(\.(gz|gzip|zst|zstd|bz2|xz))?$", re.I)
_NO_DATA: Final = frozenset(
    ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "package.json", "config.json")
)
_SKIPPED: Final = frozenset((".git", "__pycache__", "node_modules", ".venv"))


class Place(msgspec.Struct, frozen=True):
    """A file to read.

    Attributes:
        path: Where it is.
        label: What a person calls it.
    """

    path: str
    label: str


class Input(msgspec.Struct, frozen=True):
    """One thing that was named.

    Attributes:
        label: As it was written.
        share: Its part of the mixture; None where none was given.
        files: Its files, in order.
    """

    label: str
    share: float | None
    files: tuple[Place, ...]


def find_inputs(given: Sequence[str], folder: Path, encoding: str | None = None) -> list[Input]:
    """Find the files that are meant.

    Args:
        given: Paths, URLs, ``-``, ``hf://datasets/...``, each with ``0.7:`` before it or without.
        folder: For what has to be kept for a while: standard input, files of servers that give no parts, and text that
            is not UTF-8.
        encoding: How text is encoded, where it is not UTF-8.

    Raises:
        InputError: there is no such file.
        UsageError: some have a share and others not, or a share is 0.
    """
    inputs: list[Input] = []
    for text in given:
        share, name = _share(text)
        found = _files(name, folder)
        if encoding is not None:
            found = [_in_utf8(place, folder, encoding, len(inputs)) for place in found]
        inputs.append(Input(name, share, tuple(found)))
    shares = [one.share for one in inputs]
    if any(share is not None for share in shares):
        if any(share is None for share in shares):
            missing = next(one.label for one in inputs if one.share is None)
            raise UsageError(
                "has no share", where=missing, hint="give every input one, such as 0.7:a.jsonl 0.3:b.jsonl"
            )
        if any(share == 0 for share in shares):
            raise UsageError("a share must be more than 0", where=next(one.label for one in inputs if one.share == 0))
    if sum(one.label == STDIN for one in inputs) > 1:
        raise UsageError("standard input can be read once only", where=STDIN)
    return inputs


def _in_utf8(place: Place, folder: Path, encoding: str, number: int) -> Place:
    """A copy of a file in UTF-8, under a name that tells as much about what it holds."""
    head = files.read_head(place.path, 8)
    if head.startswith((b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")):
        return place
    copies = folder / f"utf8-{number}-{hashlib.sha256(place.path.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    copies.mkdir()
    target = copies / re.sub(r"\.(gz|gzip|zst|zstd|bz2|xz)$", "", Path(place.label).name or "input")
    with files.open_bytes(place.path, encoding) as stream:
        spool(stream, str(target))
    return Place(str(target), place.label)


def _share(text: str) -> tuple[float | None, str]:
    found = _WEIGHTED.fullmatch(text)
    if found is None or Path(text).exists():
        return None, text
    return float(found[1]), found[2]


def _files(name: str, folder: Path) -> list[Place]:
    if name == STDIN:
        path = folder / "stdin"
        spool(sys.stdin.buffer, str(path))
        return [Place(str(path), "standard input")]
    if name.startswith(("hf://", "http://", "https://")):
        from regrade.files.hub import dataset_files, reachable

        if name.startswith("hf://datasets/"):
            return [Place(path, label) for path, label in dataset_files(name)]
        if name.startswith("http"):
            return [Place(reachable(name, folder), name)]
    location = locate(name)
    if is_folder(location):
        found = [path for path in files_below(location) if _is_data(path, str(location))]
        if not found:
            raise InputError(
                "no file of rows in this folder", where=name, hint="looked for .jsonl, .json, .csv, .parquet, .arrow"
            )
        return [Place(str(path), str(path)) for path in found]
    if not exists(location):
        raise InputError("no such file or folder", where=name)
    return [Place(str(location) if is_url(location) else name, name)]


def _is_data(path: Path, folder: str) -> bool:
    below = str(path)[len(folder) :].strip("/").split("/")
    if _SKIPPED.intersection(below) or any(part.startswith((".", "_")) for part in below):
        return False
    name = below[-1]
    if name in _NO_DATA or name.endswith(".quarantine.jsonl"):
        return False
    return _DATA.search(name) is not None
