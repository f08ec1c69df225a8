"""What a filter is: a function from the repeats of one answer to what is taken from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from regrade.versions import LATEST, Version


class Unparsed(str):
    """The fallback of a filter that found nothing; equal to its text, and counted as unparsed."""

    __slots__ = ()


class UnparsedList(list[Any]):
    """A fallback that is a list; equal to it, and counted as unparsed."""

    __slots__ = ()


class UnparsedNumber(float):
    """A fallback that is a number; equal to it, and counted as unparsed."""

    __slots__ = ()


class UnparsedDict(dict[str, Any]):
    """A fallback that is a dict; equal to it, and counted as unparsed."""

    __slots__ = ()


def is_unparsed(extracted: object) -> bool:
    """Whether a filter pipeline found nothing in an answer."""
    return extracted is None or isinstance(extracted, Unparsed | UnparsedList | UnparsedNumber | UnparsedDict)


def plain_type(value: Any) -> type[Any]:
    """The type of ``value``, less the mark of a fallback."""
    kind = type(value)
    return _MARKED.get(kind, kind)


_MARKED: dict[type[Any], type[Any]] = {
    Unparsed: str,
    UnparsedList: list,
    UnparsedNumber: float,
    UnparsedDict: dict,
}


def as_unparsed(value: Any) -> Any:
    """Mark ``value`` as a fallback, where it is a text or a list; any other value stays as it is."""
    if isinstance(value, str):
        return value if type(value) is Unparsed else Unparsed(value)
    if isinstance(value, list):
        return value if type(value) is UnparsedList else UnparsedList(value)
    return value


def map_text(function: Callable[[str], str], text: str) -> str:
    """Apply ``function``, keeping the mark of a text that is a fallback."""
    return Unparsed(function(text)) if isinstance(text, Unparsed) else function(text)


class Filter:
    """One step of a filter pipeline.

    A filter gets the repeats of one request as a list, or what the filter before it made of them, and the
    document; it returns what the next one gets. Arguments of the task's filter list become keyword arguments.

    Attributes:
        compat: The lm-evaluation-harness version to follow where its versions differ; the pipeline sets it.
        uses_doc: Whether ``apply`` looks at the document; where no filter does, it need not be decoded.
    """

    compat: Version = LATEST
    uses_doc: ClassVar[bool] = True

    def __init__(self, **arguments: Any) -> None:
        if arguments:
            raise TypeError(f"unknown argument {sorted(arguments)[0]!r}")

    def prepare(self) -> None:
        """Do once what would take its time at the first answer: import, fill a table. It is called before answers are.

        Raises:
            Exception: something is not here. The recipe cannot be carried out then.
        """

    def apply(self, responses: Any, doc: Any) -> Any:
        """Return what this filter takes from ``responses``."""
        raise NotImplementedError

    def explain(self, response: Any) -> str | None:
        """Say why this filter finds nothing in one response; None where it has nothing to say."""
        return None


class ElementFilter(Filter):
    """A filter that treats each repeat by itself."""

    @property
    def safe(self) -> bool:
        """Whether a text always gives a text and never raises, so that repeats nobody asks for can be left out."""
        return True

    def apply_one(self, response: Any, doc: Any) -> Any:
        """Return what this filter takes from one repeat."""
        raise NotImplementedError

    def apply(self, responses: Any, doc: Any) -> Any:
        return [self.apply_one(response, doc) for response in responses]
