"""Rows that a step over whole streams cannot process: found, put aside, and the step done without them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from regrade.artifacts.operator import Operator, StreamOperator
from regrade.artifacts.streams import Batch, Row, Stream, Streams, in_batches, stream_of
from regrade.cards.account import Account, Failure, reason_of
from regrade.errors import RegradeError


class Step(NamedTuple):
    """A step of a card.

    Attributes:
        number: Its position, from 1.
        name: What it is called.
        operator: What it does.
    """

    number: int
    name: str
    operator: Operator


class Guarded(Stream):
    """What a step over whole streams gives; where it fails, what it gives without the rows that it cannot process.

    Up to the row where it failed it gives the same either way: a step reads what decides over a row before it gives it.

    Args:
        stream: What the step gives.
        again: Gives the same without those rows; None where there are none.
    """

    __slots__ = ("_again", "_stream")

    def __init__(self, stream: Stream, again: Callable[[], Stream | None]) -> None:
        self._stream = stream
        self._again = again

    def __iter__(self) -> Iterator[Row]:
        given = 0
        try:
            for row in self._stream:
                given += 1
                yield row
        except RegradeError:
            raise
        except Exception:
            if (rest := self._rest(given)) is None:
                raise
        else:
            return
        yield from rest

    def batches(self) -> Iterator[Batch]:
        given = 0
        try:
            for batch in self._stream.batches():
                given += batch.size
                yield batch
        except RegradeError:
            raise
        except Exception:
            if (rest := self._rest(given)) is None:
                raise
        else:
            return
        yield from in_batches(rest)

    def blocks(self) -> Iterator[list[Row]]:
        return (batch.rows() for batch in self.batches())

    def _rest(self, given: int) -> Iterator[Row] | None:
        again = self._again()
        return None if again is None else islice(again, given, None)


class WithoutBadRows:
    """A step over whole streams, done without the rows that it cannot process. They are looked for when it is asked.

    Args:
        step: The step.
        inputs: What comes in.
        account: Takes the rows that are put aside.

    Attributes:
        failed: How many rows were put aside, by reason.
    """

    def __init__(self, step: Step, inputs: Streams, account: Account) -> None:
        self.step = step
        self.inputs = inputs
        self.account = account
        self.failed: dict[str, int] = {}
        self._results: Streams | None = None

    def result(self, name: str) -> Stream | None:
        """What the step gives by that name; None where no row by itself is at fault."""
        if self._results is None:
            bad = {stream: self._bad(stream, rows) for stream, rows in self.inputs.items()}
            if any(bad.values()):
                inputs = {stream: _without(rows, bad[stream]) for stream, rows in self.inputs.items()}
                self._results = self.step.operator.apply(inputs)
            else:
                self._results = {}
        return self._results.get(name)

    def _bad(self, stream: str, rows: Stream) -> set[int]:
        found = set()
        reasons = Counter[str]()
        for number, row in enumerate(rows):
            if (reason := self._why_not(stream, row)) is not None:
                found.add(number)
                reasons[reason] += 1
                self.account.put_aside(Failure(self.step.number, self.step.name, stream, number + 1, reason))
        for reason, count in reasons.items():
            self.failed[reason] = self.failed.get(reason, 0) + count
        return found

    def _why_not(self, stream: str, row: Row) -> str | None:
        """Why the step cannot process a row where it is the only one; None if it can."""
        operator = self.step.operator
        try:
            if isinstance(operator, StreamOperator):
                if operator.applies_to(stream):
                    for _ in operator.process(stream_of([row]), stream):
                        pass
                return None
            alone = {name: stream_of([row] if name == stream else []) for name in self.inputs}
            for result in operator.apply(alone).values():
                for _ in result:
                    pass
        except RegradeError:  # about streams, not about the row: that nothing fits it, that there is nothing else
            return None
        except Exception as error:
            return reason_of(error)
        return None


def _without(rows: Stream, bad: set[int]) -> Stream:
    return Stream(lambda: (row for number, row in enumerate(rows) if number not in bad)) if bad else rows
