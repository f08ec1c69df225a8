"""Members of zip archives, read within a limit, Zstandard-compressed ones included."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Self

from regrade.errors import InputError
from regrade.files import reading as files
from regrade.files.location import is_url

_ZSTANDARD = 93


class Archive:
    """A zip archive opened for reading.

    Attributes:
        sizes: Name of each member to its declared size in bytes; of several members of one name the last counts.

    Raises:
        InputError: the file cannot be opened, or is no whole zip archive.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        try:
            self._zip = zipfile.ZipFile(files.open_bytes(path) if is_url(path) else self.path)
        except zipfile.BadZipFile:
            raise InputError(
                "the zip archive is truncated or damaged: its directory, at the end, cannot be read",
                where=self.path,
                hint="`zip -FF FILE --out MENDED` recovers the members that are whole",
            ) from None
        except (OSError, NotImplementedError) as error:
            raise InputError(f"cannot be opened: {error}", where=self.path) from None
        self.sizes = {name: info.file_size for name, info in self._zip.NameToInfo.items()}

    def read(self, name: str, limit: int = files.MAX_LINE_BYTES) -> bytes:
        """Return a member's bytes.

        Raises:
            KeyError: there is none of that name.
            ValueError: it is damaged, encrypted, or holds more than ``limit`` bytes; the message says which.
        """
        info = self._zip.getinfo(name)
        if info.file_size > limit:
            raise ValueError(f"{name} declares {info.file_size:,} bytes, more than the {limit:,} that are read")
        try:
            if info.compress_type == _ZSTANDARD:
                return self._read_zstandard(info)
            # `zipfile` stops at the declared size and checks the checksum: a lying member cannot fill the memory.
            return self._zip.read(info)
        except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
            raise ValueError(f"{name} cannot be read: {error}") from None

    def _read_zstandard(self, info: zipfile.ZipInfo) -> bytes:
        import pyarrow as pa

        with files.open_bytes(self.path) as raw:
            raw.seek(info.header_offset)
            header = raw.read(30)
            if header[:4] != b"PK\x03\x04":
                raise zipfile.BadZipFile("no local header where the directory says")
            lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
            raw.seek(lengths, 1)
            packed = raw.read(info.compress_size)
        data: bytes = pa.CompressedInputStream(pa.BufferReader(packed), "zstd").read(info.file_size + 1)
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise zipfile.BadZipFile("size or checksum is not the recorded one")
        return data

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
