"""Values that a worker makes one after another, for a thread that no signal reaches: a limit of time holds there.

The worker makes them while it is asked for more, some at a time, so that whoever wants the first three gets three and
nothing is kept in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from regrade.engine.outcome import value_of
from regrade.errors import EngineError, TimeLimitExceeded
from regrade.memory_limit import limited_memory

if TYPE_CHECKING:
    from regrade.engine.worker import Worker

_MOST: Final = 256
_LONGEST_S: Final = 0.1
"""Values that are sent at once: so many, or what was made in so long."""

_WATCH_S: Final = 0.25
_MORE, _END = 0, 1


class Maker(Protocol):
    """What makes values in a worker."""

    def values(self) -> Iterator[Any]:
        """The values."""
        ...

    def state(self) -> Any:
        """What is to be known beside the values, as far as they were made."""
        ...


class _Turn(NamedTuple):
    """What a worker is asked for: more values, or their end.

    Attributes:
        number: Which stream; a worker makes one at a time.
        maker: Makes what makes the values.
        end: Whether no more are wanted.
    """

    number: int
    maker: Callable[[], Maker]
    end: bool


class _Stream:
    """The stream that a worker makes."""

    def __init__(self, turn: _Turn) -> None:
        self.number = turn.number
        self.maker = turn.maker()
        self.values = self.maker.values()
        self.error: Exception | None = None

    def more(self) -> tuple[list[Any], bool]:
        """Some values, and whether they were the last; what goes wrong is raised after the values before it."""
        if self.error is not None:
            raise self.error
        made: list[Any] = []
        until = time.monotonic() + _LONGEST_S
        try:
            with limited_memory():
                for value in self.values:
                    made.append(value)
                    if len(made) == _MOST or time.monotonic() > until:
                        return made, False
        except Exception as error:
            if not made:
                raise
            self.error = error
            return made, False
        return made, True

    def end(self) -> Any:
        """What is to be known when no more values are wanted."""
        close = getattr(self.values, "close", None)
        if close is not None:
            close()
        return self.maker.state()


_numbers = count(1)
_stream: _Stream | None = None


def _take_turn(turn: _Turn) -> Any:
    """What a worker does when it is asked."""
    global _stream
    if _stream is None or _stream.number != turn.number:
        _stream = _Stream(turn)
    if not turn.end:
        return _stream.more()
    ended, _stream = _stream, None
    return ended.end()


def stream_from_worker(maker: Callable[[], Maker], know: Callable[[Any], None]) -> Generator[Any, None, None]:
    """The values that a worker makes.

    Args:
        maker: Makes, in the worker, what makes the values.
        know: Takes its state, when the values are at an end or no more of them are wanted.

    Raises:
        TimeLimitExceeded: the worker went on with a piece of work beyond its limit, and was ended.
        EngineError: it died.
        Exception: what was raised over a value.
    """
    from regrade.engine.kept import keep_worker, take_worker
    from regrade.engine.local import available_cpus

    turn = partial(_Turn, next(_numbers), maker)
    worker = take_worker(_take_turn, [turn(False), turn(True)])
    try:
        done = False
        try:
            while not done:
                values, done = _ask(worker, _MORE)
                yield from values
        finally:
            if not worker.numbers:
                know(_ask(worker, _END))
    finally:
        keep_worker(worker, available_cpus())


def _ask(worker: Worker, number: int) -> Any:
    try:
        worker.pipe.send(number)
        worker.numbers.append(number)
        while not worker.pipe.poll(_WATCH_S):
            if worker.overrun() is not None:
                raise TimeLimitExceeded("a step exceeded --time-limit in code that nothing interrupts")
        worker.pipe.recv()
        outcome = worker.pipe.recv_bytes()
    except (EOFError, OSError):
        raise EngineError("the worker process that made the samples is gone", hint="memory may have run out") from None
    worker.numbers.popleft()
    return value_of(outcome)
