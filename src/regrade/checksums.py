"""A checksum within each line of JSON, so that a line that was changed on its way is not taken for what was written.

``{"text":"yes"}`` becomes ``{"text":"yes","crc32":"738c2d36"}``: still JSON that any tool reads. The CRC-32 (zlib's) is
that of everything before it, and finds every single flipped bit.
"""

from __future__ import annotations

import zlib
from typing import Final

_MARK: Final = b',"crc32":"'
_END: Final = b'"}\n'
_TAIL: Final = len(_MARK) + 8 + len(_END)


def seal(line: bytes) -> bytes:
    r"""A line that holds one JSON object with at least one field, with its checksum as last field and a newline.

    >>> seal(b'{"text":"yes"}')
    b'{"text":"yes","crc32":"738c2d36"}\n'
    """
    body = line.removesuffix(b"\n").removesuffix(b"}")
    return b"%b%b%08x%b" % (body, _MARK, zlib.crc32(body), _END)


def is_intact(line: bytes) -> bool:
    """Whether a line is as it was sealed; a line without a checksum, as older versions wrote, passes."""
    if line[-_TAIL : -_TAIL + len(_MARK)] != _MARK:
        return True
    return line[-_TAIL + len(_MARK) : -len(_END)] == b"%08x" % zlib.crc32(line[:-_TAIL])
