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

    Attributes:
        code: What kind of error, in a short name that stays the same from version to version: the command line prints
            it behind the message, and ``regrade explain CODE`` says more.
        mend: What to do about errors of this kind.
    """

    exit_code: Exit = Exit.ERROR
    code: str = "error"
    mend: str = "The message says what is wrong and where; the line below it, if there is one, what to do."

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return self._text("")

    def with_code(self) -> str:
        """The message as the command line prints it: the code in brackets behind what is wrong."""
        return self._text(f" [{self.code}]")

    def _text(self, mark: str) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.what}{mark}{advice}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.hint))


def _rebuild(kind: type[RegradeError], what: str, where: str | None, hint: str | None) -> RegradeError:
    return kind(what, where=where, hint=hint)


class RegradeWarning(UserWarning):
    """Something was left out or set aside, and the rest went on; the command line prints it as one line."""


class UsageError(RegradeError):
    """An option or argument that cannot mean anything."""

    exit_code = Exit.USAGE
    code = "usage"
    mend = "Correct the option that the message names; `regrade COMMAND --help` lists what a command takes."

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

    code = "input"
    mend = (
        "Look at the file and line that the message names. `regrade formats` lists the formats that can be read, and "
        "`regrade detect FILE` says which one a chat file is of."
    )


class OutputError(RegradeError):
    """A result cannot be written: the place is taken, in use by another process, full or damaged."""

    code = "output"
    mend = "Name another place, or wait until the process that holds this one has ended. What stood there is unchanged."


class RecipeError(RegradeError):
    """A task, filter or metric description that cannot be carried out."""

    code = "recipe"
    mend = (
        "Correct the task, filter or metric at the place that the message names; `regrade catalog list` and the "
        "reference list the names and arguments that there are."
    )


class UnavailableError(RecipeError):
    """A recipe needs something that is not here: a dataset, a model, a network, code nobody trusted."""

    code = "unavailable"
    mend = "Supply what the message names: a file, an option, a connection. What needs it is left out until then."


class NoReferenceError(UnavailableError):
    """A sample has no reference, so nothing can be said of its answer."""

    code = "no-reference"
    mend = "Add references to the data, or choose a metric that needs none."


class MissingPackageError(UnavailableError):
    """An optional package is not installed; the hint is the command that installs it."""

    code = "missing-package"
    mend = "Run the command that the hint gives (`pip install 'regrade[EXTRA]'`)."


class ExpressionError(UsageError):
    """A ``--where``, ``--by`` or ``--cluster`` expression that is wrong or names no field."""

    code = "expression"
    mend = "Correct the expression; `regrade show RUN` shows a sample with the fields that it may name."


class RowExpressionError(ExpressionError):
    """An expression that cannot be evaluated on one sample; others may well be."""

    code = "row-expression"
    mend = "Look at the sample that the message names: a field may be missing there, or be of another type."


class EngineError(RegradeError):
    """A process or machine that was at work was lost, or a cluster cannot be reached."""

    code = "engine"
    mend = "Start the command again, with fewer `--workers` if memory ran out; of a cluster, check its address."


class TimeLimitExceeded(RegradeError):
    """The work on one answer or row took longer than the limit; it is counted as timed out, and the others go on."""

    code = "time-limit"
    mend = "Mend the pattern, template or function that takes so long, or raise the limit (`--time-limit SECONDS`)."


class Cancelled(RegradeError):
    """Whoever began the work has ended it; what came before is kept."""

    code = "cancelled"
    mend = "Nothing is wrong; `regrade resume RUN` goes on with a run."


class SystemCallError(RegradeError):
    """The operating system refused: no such file, no permission, no space."""

    code = "system"
    mend = "Check that the file exists and may be read or written, and that there is space."


class InternalError(RegradeError):
    """A fault of Regrade itself."""

    code = "internal"
    mend = "Report the line and the command; with `--debug`, or REGRADE_DEBUG=1, the traceback is printed."
