"""Files that are whole or not there: written beside their name, flushed to disk, then renamed.

No output takes the place of an input. Within :func:`protecting_inputs` every file that is opened to be read, because
the user named it or because data did, is noted by :func:`note_input`, and :func:`replacing` refuses its place, whatever
name or link leads there.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from os import PathLike
from pathlib import Path

from regrade.errors import UsageError

_inputs: ContextVar[set[tuple[int, int]] | None] = ContextVar("inputs", default=None)


@contextmanager
def protecting_inputs(*paths: str | PathLike[str]) -> Iterator[None]:
    """A context in which no input is replaced: neither ``paths`` nor what is opened to be read meanwhile.

    Within another such context the inputs are those of both.
    """
    known = _inputs.get()
    token = _inputs.set(set() if known is None else known)
    try:
        for path in paths:
            note_input(path)
        yield
    finally:
        _inputs.reset(token)


def note_input(path: str | PathLike[str]) -> None:
    """Note that a file is read; what is no file of this machine is not noted."""
    known = _inputs.get()
    if known is not None and (identity := _identity(path)) is not None:
        known.add(identity)


def noted_inputs() -> frozenset[tuple[int, int]]:
    """The files that were noted, for another process to :func:`add_inputs`."""
    return frozenset(_inputs.get() or ())


def add_inputs(identities: Iterable[tuple[int, int]]) -> None:
    """Note the files that another process noted."""
    known = _inputs.get()
    if known is not None:
        known.update(identities)


def _identity(path: str | PathLike[str]) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - of a text, too
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def refuse_inputs(path: Path) -> None:
    """Raise for an output that is one of the inputs.

    Raises:
        UsageError: it is, by its name or by a link.
    """
    if _identity(path) in (_inputs.get() or ()):
        raise UsageError(
            "is read as an input, and would be replaced", where=str(path), hint="name another file for the output"
        )


def refuse_unwritable(path: Path, option: str, *suffixes: str) -> None:
    """Refuse an output that could not be written, before any work is done for it.

    Args:
        path: The file that is to be written.
        option: Where it was named, for the message.
        suffixes: What its name may end in; anything if none is given.

    Raises:
        UsageError: there is no such folder, it cannot be written to, or the file is a folder, an input, or of no such
            kind.
    """
    where = f"{option} {path}"
    if suffixes and path.suffix not in suffixes:
        hint = f"for example: samples{suffixes[0]}"
        raise UsageError(f"is neither {' nor '.join(suffixes)}", where=where, hint=hint)
    if not path.parent.is_dir():
        raise UsageError("there is no such folder", where=f"{option} {path.parent}")
    if path.is_dir():
        raise UsageError("is a folder, not a file", where=where)
    refuse_inputs(path)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=where) from None
    os.close(handle)
    Path(name).unlink()


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[Path]:
    """A temporary path in the same folder; it takes ``path``'s place when the block ends without an exception.

    Until then ``path`` is as it was, and after an exception nothing is left behind.

    Args:
        path: The file.
        private: Only its owner may read it, as everything in a workspace: what a model was asked and said is private.
            Such files are the program's own and may be read and written again.

    Raises:
        UsageError: it is one of the inputs.
    """
    if not private:
        refuse_inputs(path)
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
        if not private:
            refuse_inputs(path)
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
