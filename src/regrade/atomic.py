"""Files that are whole or not there: written beside their name, flushed to disk, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[Path]:
    """A temporary path in the same folder; it takes ``path``'s place when the block ends without an exception.

    Until then ``path`` is as it was, and after an exception nothing is left behind.

    Args:
        path: The file.
        private: Only its owner may read it, as everything in a workspace: what a model was asked and said is private.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod((0o600 if private else 0o666) & ~mask)
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def make_folder(folder: Path, *, private: bool = False) -> None:
    """Make a folder and those above it that are not there; only its owner may open a private one."""
    if folder.is_dir():
        return
    if not folder.parent.exists():
        make_folder(folder.parent, private=private)
    folder.mkdir(mode=0o700 if private else 0o777, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the platform lets folders be synced."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
