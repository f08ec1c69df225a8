"""Steps applied to streams: row-wise ones together, batch by batch or row by row, each with its account.

A row that a row-wise step cannot process is put aside, with step, stream and number, and the others go on; so is one
of which a step makes several. A batch in which anything goes wrong is gone through once more row by row, so that what
is told of a row does not depend on how it was read. Where a step that sees whole streams (a join, a shuffle) fails, it
is done again without the rows that it cannot process by themselves; what several rows are at fault for together ends
the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from regrade.artifacts.operator import Operator, RowOperator, RowsOperator, StreamOperator
from regrade.artifacts.streams import Batch, Row, Stream, Streams, in_batches
from regrade.cards.account import Account, Failure, StepCount, describe, reason_of
from regrade.cards.bad_rows import Guarded, Step, WithoutBadRows
from regrade.errors import RecipeError, RegradeError, UnavailableError
from regrade.time_limit import TimeLimit

T = TypeVar("T")

RowFunction = Callable[[Row, str | None], Row | None]
"""What a row-wise step does with a row of a stream; None leaves it out."""

BatchFunction = Callable[[Batch, str | None], Batch]
"""The same for a batch of rows."""


class Part(NamedTuple):
    """A row-wise step.

    Attributes:
        step: The step.
        of_row: What it does with a row.
        of_batch: The same for a batch; None where it goes row by row.
    """

    step: Step
    of_row: RowFunction
    of_batch: BatchFunction | None = None


def steps_of(operators: Iterable[Operator], first: int = 1) -> list[Step]:
    """Operators as numbered steps; those within sequences of operators count by themselves."""
    return [Step(number, describe(one), one) for number, one in enumerate(flatten(operators), first)]


def flatten(operators: Iterable[Operator]) -> Iterator[Operator]:
    """Operators, with the steps of sequences in their place."""
    for operator in operators:
        inner = getattr(operator, "steps", None)
        if type(operator).__name__ == "SequentialOperator" and inner is not None:
            yield from flatten(inner[: getattr(operator, "max_steps", None)])
        else:
            yield operator


def apply_steps(steps: Sequence[Step], streams: Streams, account: Account) -> Streams:
    """The streams after some steps; nothing is read yet.

    Args:
        steps: The steps.
        streams: What comes in.
        account: What counts the rows, as they are read.
    """
    for step in steps:
        operator = step.operator
        if isinstance(operator, StreamOperator) and (function := row_function(operator)) is not None:
            part = Part(step, function, batch_function(operator))
            streams = {
                name: then(stream, name, part, account) if operator.applies_to(name) else stream
                for name, stream in streams.items()
            }
        elif isinstance(operator, RowsOperator):
            streams = {
                name: _spread(stream, name, step, operator, account) if operator.applies_to(name) else stream
                for name, stream in streams.items()
            }
        else:
            streams = _whole(step, streams, account)
    return streams


def row_function(operator: Operator) -> RowFunction | None:
    """What an operator does with one row of a stream, if what it does depends on no other."""
    if not isinstance(operator, StreamOperator):
        return None
    keeps = getattr(operator, "keeps", None)
    if keeps is not None:
        return lambda row, stream: row if keeps(row) else None
    if isinstance(operator, RowOperator) and type(operator).process is RowOperator.process:
        return operator.process_row
    return None


def batch_function(operator: Operator) -> BatchFunction | None:
    """What an operator does with a batch of rows, if it has a way of its own to do it."""
    if not getattr(operator, "by_column", False):
        return None
    if _has_own(operator, "keeps_of", "keeps"):
        keeps_of = operator.keeps_of  # type: ignore[attr-defined]
        return lambda batch, stream: batch.keep_rows(keeps_of(batch))
    if _has_own(operator, "process_batch", "process_row", "process_value_of"):
        process: BatchFunction = operator.process_batch  # type: ignore[attr-defined]
        return process
    return None


def _has_own(operator: Operator, method: str, *others: str) -> bool:
    """Whether an operator has a method, and none of its classes changes what others do after the one that wrote it."""
    for one in type(operator).__mro__:
        if method in vars(one):
            return True
        if any(other in vars(one) for other in others):
            return False
    return False


def then(stream: Stream, name: str, part: Part, account: Account) -> Stream:
    """A stream after one more row-wise step."""
    if isinstance(stream, RowWise) and stream.account is account and stream.name == name:
        return RowWise(stream.source, name, [*stream.parts, part], account)
    return RowWise(stream, name, [part], account)


class RowWise(Stream):
    """A stream whose rows go through row-wise steps, all of them before the next row or batch is looked at."""

    __slots__ = ("account", "name", "parts", "source")

    def __init__(self, source: Stream, name: str, parts: Sequence[Part], account: Account) -> None:
        self.source = source
        self.name = name
        self.parts = parts
        self.account = account

    def __iter__(self) -> Iterator[Row]:
        with _Reading(self) as reading:
            yield from reading.one_by_one(self.source)

    def batches(self) -> Iterator[Batch]:
        for rows, batches in self._read():
            yield from in_batches(rows)
            yield from batches

    def blocks(self) -> Iterator[list[Row]]:
        for rows, batches in self._read():
            if rows:
                yield rows
            for batch in batches:
                yield batch.rows()

    def _read(self) -> Iterator[tuple[list[Row], list[Batch]]]:
        """For each batch that comes in what comes out: either as rows or as batches."""
        with _Reading(self) as reading:
            for batch in self.source.batches():
                try:
                    made = reading.at_once(batch)
                except UnavailableError:
                    raise
                except Exception:
                    made = list(reading.one_by_one(batch.rows())), []
                yield made


class _Reading:
    """One reading of a stream's rows through row-wise steps; what becomes of them is kept when it ends."""

    def __init__(self, stream: RowWise) -> None:
        self.name = stream.name
        self.parts = stream.parts
        self.account = stream.account
        self.number = 0
        self.ends = [_Ends() for _ in stream.parts]
        self.limit = TimeLimit(stream.account.row_limit_s)
        for part in stream.parts:
            part.step.operator.prepare()

    def __enter__(self) -> _Reading:
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        try:
            if kind is None:
                self._check_dropped()
        finally:
            self._keep()

    def at_once(self, batch: Batch) -> tuple[list[Row], list[Batch]]:
        """A batch after the steps: as rows where the last step gives such, else as batches.

        Raises:
            Exception: something is wrong with a row. Nothing was counted.
        """
        name, limit = self.name, self.limit
        rows: list[Row] = []
        batches = [batch]
        sizes = [batch.size]
        with limit:
            limit.start()
            for part in self.parts:
                if part.of_batch is not None:
                    batches, rows = [*batches, *in_batches(rows)], []
                    batches = [after for before in batches if (after := part.of_batch(before, name)).size]
                else:
                    of_row = part.of_row
                    rows = rows or [row for each in batches for row in each.rows()]
                    rows, batches = [made for row in rows if (made := of_row(row, name)) is not None], []
                sizes.append(len(rows) + sum(each.size for each in batches))
            limit.finish()
        self.number += batch.size
        for end, (coming, going) in zip(self.ends, pairwise(sizes), strict=True):
            end.dropped += coming - going
        return rows, batches

    def one_by_one(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Rows after the steps; those that cannot be processed are put aside."""
        name, ends, limit = self.name, self.ends, self.limit
        numbered = list(enumerate(part.of_row for part in self.parts))
        for row in rows:
            self.number += 1
            result: Row | None = row
            place = 0
            try:
                with limit:
                    limit.start()
                    for place, function in numbered:
                        result = function(result, name)  # type: ignore[arg-type]
                        if result is None:
                            ends[place].dropped += 1
                            break
                    limit.finish()
            except UnavailableError:
                raise
            except Exception as error:
                step = self.parts[place].step
                reason = reason_of(limit.error() if limit.exceeded else error)
                self.account.put_aside(Failure(step.number, step.name, name, self.number, reason))
                ends[place].failed[reason] = ends[place].failed.get(reason, 0) + 1
                continue
            if result is not None:
                yield result

    def _check_dropped(self) -> None:
        """Raise for a filter that promises not to leave everything out, and did."""
        coming = self.number
        for part, end in zip(self.parts, self.ends, strict=True):
            step = part.step
            if coming and end.dropped == coming and getattr(step.operator, "error_on_filtered_all", False):
                raise RecipeError(
                    f"no row of the stream {self.name!r} meets the condition; {coming:,} came in",
                    where=f"step {step.number} ({step.name})",
                    hint="the values may be spelled otherwise; error_on_filtered_all: false lets it pass",
                )
            coming -= end.dropped + sum(end.failed.values())

    def _keep(self) -> None:
        coming = self.number
        for part, end in zip(self.parts, self.ends, strict=True):
            step = part.step
            going = coming - end.dropped - sum(end.failed.values())
            dropped = {step.name: end.dropped} if end.dropped else {}
            self.account.keep(StepCount(step.number, step.name, self.name, coming, going, dropped, end.failed))
            coming = going


class _Ends:
    """Rows that did not get beyond a step."""

    __slots__ = ("dropped", "failed")

    def __init__(self) -> None:
        self.dropped = 0
        self.failed: dict[str, int] = {}


class _Counted(Stream):
    """A stream whose rows are counted as they are read."""

    __slots__ = ("_around", "_stream", "_told")

    def __init__(
        self,
        stream: Stream,
        told: Callable[[int], None],
        around: Callable[[], AbstractContextManager[Any]] = nullcontext,
    ) -> None:
        """Args:
        stream: The stream.
        told: Is told, at the end of each reading, how many rows were read.
        around: Gives the context that rows are read in.
        """
        self._stream = stream
        self._told = told
        self._around = around

    def __iter__(self) -> Iterator[Row]:
        return self._counting(self._stream, lambda row: 1)

    def batches(self) -> Iterator[Batch]:
        return self._counting(self._stream.batches(), lambda batch: batch.size)

    def blocks(self) -> Iterator[list[Row]]:
        return self._counting(self._stream.blocks(), len)

    def _counting(self, items: Iterable[T], size: Callable[[T], int]) -> Iterator[T]:
        number = 0
        try:
            with self._around():
                for item in items:
                    number += size(item)
                    yield item
        finally:
            self._told(number)


def count_rows(stream: Stream, name: str, account: Account, step: int = 0, label: str = "loaded") -> Stream:
    """A stream whose rows are counted as what a step (or, with 0, the loader) gave."""
    return _Counted(stream, lambda number: account.keep(StepCount(step, label, name, number, number)))


def _spread(stream: Stream, name: str, step: Step, operator: RowsOperator, account: Account) -> Stream:
    """A stream after a step that makes several rows of one; a row of which not all can be made is put aside."""

    def rows() -> Iterator[Row]:
        coming = going = 0
        failed: dict[str, int] = {}
        limit = TimeLimit(account.row_limit_s)
        operator.prepare()
        try:
            for row in stream:
                coming += 1
                try:
                    with limit:
                        limit.start()
                        made = list(operator.process_to_rows(row, name))
                        limit.finish()
                except UnavailableError:
                    raise
                except Exception as error:
                    reason = reason_of(limit.error() if limit.exceeded else error)
                    account.put_aside(Failure(step.number, step.name, name, coming, reason))
                    failed[reason] = failed.get(reason, 0) + 1
                    continue
                going += len(made)
                yield from made
        finally:
            account.keep(StepCount(step.number, step.name, name, coming, going, {}, failed))

    return Stream(rows)


def _whole(step: Step, streams: Streams, account: Account) -> Streams:
    """The streams after a step that sees them whole; rows that it cannot process are put aside."""
    seen: dict[str, int] = {}

    def watched(name: str, stream: Stream) -> Stream:
        def told(number: int) -> None:
            seen[name] = max(number, seen.get(name, 0))

        return _Counted(stream, told)

    inputs = {name: watched(name, stream) for name, stream in streams.items()}
    without = WithoutBadRows(step, inputs, account)

    def after(name: str, stream: Stream, sources: list[str], *, accounts: bool) -> Stream:
        def told(number: int) -> None:
            coming = sum(seen.get(source, 0) for source in sources)
            failed = without.failed if accounts else {}
            account.keep(StepCount(step.number, step.name, name, coming, number, {}, failed))

        return _Counted(Guarded(stream, lambda: without.result(name)), told, lambda: _told(step, name))

    with _told(step, ", ".join(streams)):
        results = step.operator.apply(inputs)
    changed: Streams = {}
    accounted = False
    for name, stream in results.items():
        passed = next((old for old, given in inputs.items() if given is stream), None)
        if passed is not None:  # it was not touched, perhaps renamed
            changed[name] = streams[passed]
        elif name in inputs and isinstance(step.operator, StreamOperator):
            changed[name] = after(name, stream, [name], accounts=True)
        else:
            changed[name] = after(name, stream, list(inputs), accounts=not accounted)
            accounted = True
    return changed


class _told(AbstractContextManager[None]):
    """A context in which what goes wrong is told with its step."""

    def __init__(self, step: Step, stream: str) -> None:
        self.step = step
        self.stream = stream

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, error: BaseException | None, _traceback: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, RegradeError):
            raise RecipeError(
                reason_of(error),
                where=f"step {self.step.number} ({self.step.name}), stream {self.stream!r}",
                hint="this step sees the stream as a whole, and no row by itself is at fault",
            ) from error
