"""The one error hierarchy: every error a user can cause says what is wrong, where, and what to do."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    INCOMPLETE = 3
    """Finished, but some rows failed or are missing."""
    GATE = 100
    """A ``--fail-under metric=value`` gate was not met."""


class RegradeError(Exception):
    """An error with a message for the person who can mend it.

    Args:
        what: What is wrong, in one sentence.
        where: The place: a file, ``file:line``, a field or an option.
        hint: What to do about it.
    """

    exit_code: Exit = Exit.ERROR

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.what}{advice}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.hint))


def _rebuild(kind: type[RegradeError], what: str, where: str | None, hint: str | None) -> RegradeError:
    return kind(what, where=where, hint=hint)


class RegradeWarning(UserWarning):
    """Something was left out or set aside, and the rest went on; the command line prints it as one line."""


class UsageError(RegradeError):
    """An option or argument that cannot mean anything."""

    exit_code = Exit.USAGE

    @classmethod
    def about(cls, parameter: str, value: object, what: str, *, hint: str | None = None) -> UsageError:
        """One about a parameter, which the command line names as its option."""
        error = cls(what, where=f"{parameter}={value!r:.80}", hint=hint)
        error.option = f"--{parameter.replace('_', '-')} {value!s:.80}"
        return error

    option: str | None = None
    """What stands for ``where`` on the command line."""


class InputError(RegradeError):
    """A file or row that cannot be read."""


class RecipeError(RegradeError):
    """A task, filter or metric description that cannot be carried out."""


class UnavailableError(RecipeError):
    """A recipe needs something that is not here: a dataset, a model, a network, code nobody trusted."""


class NoReferenceError(UnavailableError):
    """A sample has no reference, so nothing can be said of its answer."""


class MissingPackageError(UnavailableError):
    """An optional package is not installed; the hint is the command that installs it."""


class ExpressionError(UsageError):
    """A ``--where``, ``--by`` or ``--cluster`` expression that is wrong or names no field."""


class RowExpressionError(ExpressionError):
    """An expression that cannot be evaluated on one sample; others may well be."""


class EngineError(RegradeError):
    """A process or machine that was at work was lost, or a cluster cannot be reached."""


class TookTooLong(RegradeError):
    """The work on one answer or row took longer than the limit; it is counted as timed out, and the others go on."""


class Cancelled(RegradeError):
    """Whoever began the work has ended it; what came before is kept."""
