"""Zip archives of logs: unpacked into a folder of this process, which is removed when it ends."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from regrade.errors import InputError
from regrade.files.location import is_url
from regrade.files.location import size as size_of
from regrade.files.reading import MAX_LINE_BYTES
from regrade.files.zip_members import Archive

MAX_BYTES: Final = 4 * MAX_LINE_BYTES
"""Most that an archive may declare to hold: a guard against bombs."""
MAX_MEMBERS: Final = 100_000


def unpack(path: Path) -> Path:
    """Unpack a zip archive; the folder bears the archive's name.

    Raises:
        InputError: it is damaged, holds too much, or a member's name leads out of the folder.
    """
    return _unpack(str(path), size_of(path), 0 if is_url(path) else path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _unpack(path: str, _size: int, _changed: int) -> Path:
    with Archive(path) as archive:
        members = {name: _safe(name, path) for name in archive.sizes if not name.endswith("/")}
        total = sum(archive.sizes.values())
        if total > MAX_BYTES or len(members) > MAX_MEMBERS:
            raise InputError(
                f"unpacks to {len(members):,} files of {total:,} bytes, more than are read",
                where=path,
                hint="unpack it, and name the folder",
            )
        folder = Path(tempfile.mkdtemp(prefix="regrade-")) / PurePosixPath(path).name
        atexit.register(_remove, folder.parent, os.getpid())
        folder.mkdir()
        for name, place in members.items():
            if place is None:
                continue
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.write_bytes(archive.read(name))
            except ValueError as error:
                raise InputError(str(error), where=path) from None
    return folder


def _safe(name: str, path: str) -> PurePosixPath | None:
    """A member's place in the folder; None for what file managers leave in archives.

    Raises:
        InputError: it would lie outside.
    """
    place = PurePosixPath(name.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or ":" in (place.parts or ("",))[0]:
        raise InputError(f"a member's name leads out of the archive: {name!r}", where=path)
    hidden = "__MACOSX" in place.parts or place.name.startswith(".") or not place.parts
    return None if hidden else place


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # a forked worker's end is not the end
        shutil.rmtree(folder, ignore_errors=True)
