"""Folders that are whole or not there: filled beside their name, then renamed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from regrade.errors import OutputError, UsageError


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to write into; it gets its name when the block ends without an exception.

    After an exception nothing is left behind.

    Raises:
        UsageError: there is something of that name, or its place cannot be written to.
        RegradeError: the disk is full, or the like.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError("is there already", where=f"-o {path}", hint="name a folder that is not there, or is empty")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    except OSError as error:
        raise UsageError(f"cannot be made: {error.strerror}", where=f"-o {path}") from None
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            path.rmdir()
        temporary.rename(path)
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror or error}", where=f"-o {path}", hint="nothing was left behind"
        ) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
