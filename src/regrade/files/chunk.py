"""A part of a file that is read and scored in one go."""

from __future__ import annotations

import msgspec

CHUNK_BYTES = 8 * 1024 * 1024
"""Size of a chunk of a line-oriented file, before it is moved to the next newline."""


class Chunk(msgspec.Struct, frozen=True):
    """A part of a file that is read and scored in one go.

    Attributes:
        path: The file.
        start: First byte; a line belongs to the chunk in which its first byte stands.
        stop: One past the last byte in which a line of this chunk may start; -1 for all the rest.
        part: What else a reader needs to find its part (a row group, a zip member, a JSON path).
        encoding: How its text is encoded, where a person said that it is not UTF-8.
    """

    path: str
    start: int = 0
    stop: int = -1
    part: str | int | None = None
    encoding: str | None = None
