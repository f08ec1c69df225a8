"""Where inputs are: paths of this machine, and URLs of object stores and servers (``s3://bucket/logs``).

A location is a :class:`pathlib.Path`, or for a URL a ``UPath`` with the same methods; as text it is what a person
writes. Credentials and the like are those of the store's own tools and of fsspec's configuration files and environment
variables (``FSSPEC_S3_ENDPOINT_URL``), so that workers find them too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import unquote, urlsplit

from regrade import extras
from regrade.errors import InputError, UnavailableError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FIRST_BYTES = 64 * 1024
_MOST_BYTES = 8 * 1024 * 1024


def is_url(path: str | PathLike[str]) -> bool:
    """Whether a location is a URL, as it was given or as :func:`locate` made it."""
    return not isinstance(path, Path) and _URL.match(str(path)) is not None


def locate(path: str | PathLike[str]) -> Path:
    """The location that a person named; ``file://`` URLs are paths of this machine.

    Returns:
        A Path, or for a URL a UPath, which works alike.

    Raises:
        UnavailableError: the package that knows the URL's scheme is not installed.
    """
    if isinstance(path, Path):
        return path
    text = str(path) if _is_upath(path) else fspath(path)
    if not _URL.match(text):
        return Path(text)
    parts = urlsplit(text)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(text.split("://", 1)[1].removeprefix("localhost")))
    if _is_upath(path):
        return cast("Path", path)
    upath = extras.require("upath", to="a URL", where=text)
    try:
        location = upath.UPath(text)
        location.fs  # noqa: B018 - loads what the scheme needs
    except ImportError as error:
        raise UnavailableError(
            f"{parts.scheme}:// needs a package that is not installed: {error}",
            where=text,
            hint=f"pip install {_PACKAGES.get(parts.scheme, 'the package that fsspec names')}",
        ) from None
    except ValueError as error:
        raise InputError(f"no such kind of URL: {error}", where=text) from None
    return cast("Path", location)


_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "hf": "'regrade[hf]'"}


def files_below(folder: Path) -> Iterator[Path]:
    """The files below a folder, folders and files in order of name.

    Raises:
        InputError: a URL cannot be listed.
    """
    if not is_url(folder):
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file())
        return
    remote: Any = folder
    with reaching(folder):
        found = remote.fs.find(remote.path)  # one listing, where a walk would ask about every file
        depth = len(remote.path.rstrip("/")) + 1
        below = sorted(name[depth:].split("/") for name in found)
    yield from (folder.joinpath(*parts) for parts in below)


def is_folder(location: Path) -> bool:
    """Whether a location is a folder. On a web server that is what ends with a slash: to ask would fetch the file."""
    if str(location).startswith(("http://", "https://")):
        return str(location).endswith("/")
    with reaching(location):
        return location.is_dir()


def exists(location: Path) -> bool:
    """Whether there is anything at a location.

    Raises:
        InputError: nothing answers there.
    """
    with reaching(location):
        return location.exists()


def files_in(folder: Path) -> list[Path]:
    """The files directly in a folder, in order of name; none where a server does not list them."""
    if not is_url(folder):
        return sorted(path for path in folder.iterdir() if path.is_file())
    names = (entry["name"].rsplit("/", 1)[-1] for entry in _entries(folder) if entry["type"] == "file")
    return [folder / name for name in sorted(names)]


def stamp(folder: Path) -> int:
    """A number that changes when files are added to a folder or taken from it."""
    if not is_url(folder):
        return folder.stat().st_mtime_ns
    return hash(tuple(sorted((entry["name"], entry.get("size") or 0) for entry in _entries(folder))))


def _entries(folder: Any) -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = folder.fs.ls(folder.path, detail=True)
    except Exception:  # a store may let read what it does not let list, and each has its own errors
        return []
    return entries


def size(location: str | Path) -> int:
    """The size of a file in bytes.

    Raises:
        InputError: there is no such file.
    """
    found = locate(location)
    with reaching(found):
        return found.stat().st_size


def open_url(url: str | Path, stop: int = -1) -> io.BufferedReader:
    """Open a URL's bytes for reading anywhere in them; a small part costs a small request.

    Args:
        url: The file.
        stop: Up to where it will be read: all that is before it may be asked for at once. -1 where that is not known.

    Raises:
        InputError: it cannot be opened.
        UnavailableError: the package that knows the URL's scheme is not installed.
    """
    location: Any = locate(url)
    with reaching(url):
        stream = location.fs.open(location.path, "rb", cache_type="none")
        if not stream.seekable():
            stream.close()
            raise InputError("the server gives no parts of a file", where=str(url), hint="download it first")
        return io.BufferedReader(_Ranges(stream, str(url), stop), _FIRST_BYTES)


class reaching:
    """A context in which what goes wrong on the way to a URL becomes an InputError."""

    def __init__(self, url: str | Path) -> None:
        self.url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        from regrade.errors import RegradeError

        if isinstance(error, FileNotFoundError):
            raise InputError("no such file or folder", where=str(self.url)) from error
        if isinstance(error, Exception) and not isinstance(error, RegradeError):
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(f"cannot be read: {reason}", where=str(self.url)) from error


class _Ranges(io.RawIOBase):
    """A remote file, read in requests that grow while it is read on: a look at a place is cheap, a scan is quick."""

    def __init__(self, stream: IO[bytes], url: str, stop: int) -> None:
        self._stop = stop
        self._stream = stream
        self._url = url
        self._position = 0
        self._ahead = b""
        self._used = 0
        self._request = _FIRST_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            with reaching(self._url):
                target = self._stream.seek(offset, io.SEEK_END)
        else:
            target = offset + (self._position if whence == io.SEEK_CUR else 0)
        within = self._used + target - self._position
        if 0 <= within <= len(self._ahead):
            self._used = within
        else:
            self._ahead, self._used, self._request = b"", 0, _FIRST_BYTES
        self._position = target
        return target

    def readinto(self, buffer: Any) -> int:
        if self._used >= len(self._ahead):
            with reaching(self._url):
                self._stream.seek(self._position)
                wanted = self._stop - self._position if self._stop > self._position else self._request
                self._ahead = self._stream.read(min(wanted, _MOST_BYTES))
            self._used = 0
            if self._stop < 0:
                self._request = min(2 * self._request, _MOST_BYTES)
        part = self._ahead[self._used : self._used + len(buffer)]
        buffer[: len(part)] = part
        self._used += len(part)
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        super().close()
        self._stream.close()


def _is_upath(path: object) -> bool:
    return hasattr(path, "fs") and hasattr(path, "protocol")
