"""What every step of a card did with the rows, and what it could not do."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from regrade.artifacts.artifact import Artifact, type_name
from regrade.errors import InputError, RegradeError
from regrade.time_limit import DEFAULT_LIMIT_S


class Failure(msgspec.Struct, frozen=True):
    """A row that a step could not process.

    Attributes:
        step: Position of the step, from 1.
        name: What the step is called.
        stream: The stream's name.
        row: Number of the row in the stream as it came to the step (or to the row-wise steps it follows), from 1.
        reason: What is wrong with it.
    """

    step: int
    name: str
    stream: str
    row: int
    reason: str

    def __str__(self) -> str:
        return f"step {self.step} ({self.name}), stream {self.stream!r}, row {self.row}: {self.reason}"


class StepCount(msgspec.Struct):
    """What a step did with one stream.

    Attributes:
        step: Position of the step, from 1; 0 is the loader.
        name: What the step is called.
        stream: The stream's name after the step.
        rows_in: Rows that came in; over all streams, for a step that makes streams of streams.
        rows_out: Rows that went out.
        dropped: How many were left out on purpose, by condition.
        failed: How many could not be processed, by reason.
    """

    step: int
    name: str
    stream: str
    rows_in: int = 0
    rows_out: int = 0
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    failed: dict[str, int] = msgspec.field(default_factory=dict)


class Account:
    """The counts of a run of a card.

    A stream may be read several times (a join reads its right side for each reading of its left one), so what is kept
    of a step is the reading that went furthest.

    Args:
        strict: The first row that cannot be processed is an error.
        row_limit_s: CPU seconds that steps may take for one row; 0 is no limit.
    """

    MOST_FAILURES = 1000

    def __init__(self, *, strict: bool = False, row_limit_s: float = DEFAULT_LIMIT_S) -> None:
        self.strict = strict
        self.row_limit_s = row_limit_s
        self._counts: dict[tuple[int, str], StepCount] = {}
        self._failures: dict[tuple[int, str, int], Failure] = {}

    def keep(self, count: StepCount) -> None:
        """Keep a reading's count if it went further than those before."""
        key = count.step, count.stream
        known = self._counts.get(key)
        if known is None or (count.rows_in, count.rows_out) >= (known.rows_in, known.rows_out):
            self._counts[key] = count

    def put_aside(self, failure: Failure) -> None:
        """Keep a failure; of very many the first ones.

        Raises:
            InputError: the account is strict.
        """
        if self.strict:
            raise InputError(
                failure.reason,
                where=f"step {failure.step} ({failure.name}), stream {failure.stream!r}, row {failure.row}",
                hint="without --strict the row is put aside and counted",
            )
        if len(self._failures) < self.MOST_FAILURES:
            self._failures.setdefault((failure.step, failure.stream, failure.row), failure)

    @property
    def counts(self) -> list[StepCount]:
        """The counts, in the order of the steps."""
        return [self._counts[key] for key in sorted(self._counts, key=lambda key: key[0])]

    @property
    def failures(self) -> list[Failure]:
        """Rows that could not be processed: the first ones, in the order of the steps."""
        return [self._failures[key] for key in sorted(self._failures)]

    @property
    def failed(self) -> int:
        """How many rows could not be processed."""
        return sum(sum(count.failed.values()) for count in self._counts.values())

    @property
    def reasons(self) -> dict[str, int]:
        """Why rows could not be processed, the commonest reason first."""
        total: Counter[str] = Counter()
        for count in self._counts.values():
            total.update({f"step {count.step} ({count.name}): {reason}": n for reason, n in count.failed.items()})
        return dict(total.most_common())


_UNTOLD = frozenset(("apply_to_streams", "dont_apply_to_streams", "caching", "data_classification_policy"))
_LONGEST = 60


def describe(operator: Artifact) -> str:
    """A step in a few words: its type, and the arguments that are not the usual ones."""
    parts = [f"{name}={_short(value)}" for name, value in told_arguments(operator).items()]
    text = ", ".join(parts)
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    return f"{type_name(type(operator))} {text}".rstrip()


def told_arguments(operator: Artifact) -> dict[str, Any]:
    """The arguments of an artifact that differ from their defaults."""
    told = {}
    for field in msgspec.structs.fields(operator):
        if field.name in _UNTOLD:
            continue
        value = getattr(operator, field.name)
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        if value != default:
            told[field.encode_name] = value
    return told


def _short(value: Any) -> str:
    if isinstance(value, Artifact):
        return type_name(type(value))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_short, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_short(item)}' for key, item in value.items())}}}"
    return str(value)


def reason_of(error: Exception) -> str:
    """What an error says of a row, in one line."""
    if isinstance(error, RegradeError):
        return error.what
    if isinstance(error, KeyError) and error.args:
        text = error.args[0] if isinstance(error.args[0], str) and " " in error.args[0] else f"no {error.args[0]!r}"
    else:
        text = str(error)
    return (text.strip() or type(error).__name__).splitlines()[0]
