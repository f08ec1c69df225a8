"""A limit on the memory that work on rows may take in a worker process: what a pattern or a metric makes of one row.

A worker has what it needs once a plan is prepared: modules, models, tables. From then on it may take
:data:`ROOM_BYTES` more. What wants more than that gets a MemoryError, which costs the row. The process that calls
Regrade is left as it is: its memory is not ours to limit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

ROOM_BYTES: Final = 2 << 30
"""Memory that a worker may take for rows, beyond what it has when it begins a chunk."""

_DATA_FIELD: Final = 5
"""Where ``/proc/self/statm`` gives the pages of data and stacks."""

_in_worker = False


def mark_worker() -> None:
    """From now on this process is a worker, whose memory is limited."""
    global _in_worker
    _in_worker = True


@contextmanager
def limited_memory(room_bytes: int = ROOM_BYTES) -> Iterator[None]:
    """A context in which a worker may take so much more memory than it has; in other processes nothing changes.

    Counted is what the process may write to and shares with no other (RLIMIT_DATA). Systems that do not count that
    know no limit.
    """
    data = _data_bytes() if _in_worker else None
    if data is None:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    given = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([data + room_bytes, *given]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data_bytes() -> int | None:
    """The memory that this process may write to and shares with no other; None where the system does not tell it."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123
            return int(file.read().split()[_DATA_FIELD]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return None
