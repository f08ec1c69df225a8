"""Expressions over a record, for ``--where``, ``--by`` and ``--cluster``: Jinja's expression language, sandboxed.

Names: ``doc`` (the dataset's row), ``answer`` (the first repeat of the first request), ``answers`` (all repeats of the
first request), ``target``, ``sample_id`` (also ``doc_id``), ``recorded`` (metric values the log recorded), ``metadata``
(of a card's samples: ``swapped``, ``choices_order``, ``split``, ``group``, ...).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from regrade.errors import ExpressionError, RowExpressionError

if TYPE_CHECKING:
    from regrade.schema import Record

NAMES = ("doc", "answer", "answers", "target", "sample_id", "doc_id", "recorded", "metadata")


class _Missing:
    """The value of an expression over a field that this record does not have."""

    def __repr__(self) -> str:
        return "(missing)"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = _Missing()


class _Scope(Mapping[str, Any]):
    """A record's names, made when an expression asks for them."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def __getitem__(self, name: str) -> Any:
        record = self._record
        match name:
            case "doc":
                return record.doc
            case "answers":
                return record.answers[0] if record.answers else []
            case "answer":
                return record.answers[0][0] if record.answers and record.answers[0] else None
            case "target":
                return record.target
            case "sample_id" | "doc_id":
                return record.sample_id
            case "recorded":
                return record.recorded
            case "metadata":
                return record.metadata
        raise KeyError(name)

    def __iter__(self) -> Any:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import StrictUndefined

    from regrade.sandbox import LimitedImmutable

    class Environment(LimitedImmutable):
        def getattr(self, obj: Any, attribute: str) -> Any:
            # A field comes before a method of its name: doc.items, doc.values.
            if isinstance(obj, dict) and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    environment = Environment(undefined=StrictUndefined)
    environment.globals.clear()  # a record's names, and nothing else
    return environment


_ODD_NAMES = 'one whose name has spaces or signs is doc["the name"]'
_JINJA_SAYS = {
    "unexpected 'end of template'": "it ends too early",
    "chunk after expression": "something follows where it could end",
}
"""What Jinja says in words of its own, in a person's."""


class Expression:
    """A compiled expression. Picklable: it is compiled again where it is unpickled."""

    def __init__(self, text: str, option: str, more: tuple[str, ...] = ()) -> None:
        """Compile ``text``.

        Args:
            text: The expression.
            option: What a person gave it under.
            more: Names besides those of a record, whose values come with each call.

        Raises:
            ExpressionError: it is not an expression, or names something else than a record has.
        """
        from jinja2 import TemplateError, meta

        self.text = text
        self.option = option
        self.more = more
        environment = _environment()
        self._environment = environment
        try:
            self._evaluate = environment.compile_expression(text, undefined_to_none=False)
            unknown = meta.find_undeclared_variables(environment.parse("{{ (" + text + ") }}")) - {*NAMES, *more}
        except (RecursionError, MemoryError):
            raise ExpressionError(f"{option} {text[:80]!r} is nested too deeply") from None
        except (TemplateError, SyntaxError, ValueError, OverflowError) as error:
            raise ExpressionError(
                f"{option} {text!r} is not an expression: {_JINJA_SAYS.get(str(error), error)}",
                hint=f"write Jinja expressions, such as: doc.level == 'Level 5' and answer|length > 40; {_ODD_NAMES}",
            ) from None
        if unknown:
            name = sorted(unknown)[0]
            raise ExpressionError(
                f"{option} {text!r}: there is no {name!r}",
                hint=f"names: {', '.join((*more, *NAMES))}; a field of the dataset is doc.{name}; {_ODD_NAMES}",
            )

    def __reduce__(self) -> tuple[type[Expression], tuple[str, str, tuple[str, ...]]]:
        return (Expression, (self.text, self.option, self.more))

    def __call__(self, record: Record, **more: Any) -> Any:
        """The value for ``record``; MISSING where a field it names is not there.

        Raises:
            RowExpressionError: the expression cannot be evaluated (a number compared with a text, say).
            ExpressionError: it wants what no expression may.
        """
        from jinja2 import StrictUndefined, UndefinedError
        from jinja2.exceptions import SecurityError

        scope = _Scope(record)
        self._environment.budget.renew()
        try:
            value = self._evaluate(**{name: scope[name] for name in NAMES if name in self.text}, **more)
        except UndefinedError:
            return MISSING
        except SecurityError as error:
            raise ExpressionError(f"{self.option} {self.text!r} is not allowed: {error}") from None
        except Exception as error:
            raise RowExpressionError(
                f"{self.option} {self.text!r} fails on sample {record.sample_id}: {error}",
                hint="convert the field first, as in: doc.year|int > 2000",
            ) from None
        return MISSING if isinstance(value, StrictUndefined) else value
