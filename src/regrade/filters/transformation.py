"""Filters that rewrite each repeat of an answer.

Behaviour: lm-evaluation-harness 0.4.0 to 0.4.13, ``lm_eval/filters/transformation.py`` and ``extraction.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from regrade.filters.filter import ElementFilter, Filter, Unparsed, as_unparsed, map_text
from regrade.registry import register


@register("filter", "lowercase")
class LowercaseFilter(ElementFilter):
    """Turn into lower case."""

    uses_doc = False

    def apply_one(self, response: Any, doc: Any) -> Any:
        return map_text(str.lower, response)


@register("filter", "uppercase")
class UppercaseFilter(ElementFilter):
    """Turn into upper case."""

    uses_doc = False

    def apply_one(self, response: Any, doc: Any) -> Any:
        return map_text(str.upper, response)


@register("filter", "remove_whitespace")
class WhitespaceFilter(ElementFilter):
    """Remove white space: at both ends since 0.4.9.2, at the start since 0.4.4, one leading space before."""

    uses_doc = False

    def apply_one(self, response: Any, doc: Any) -> Any:
        if self.compat >= (0, 4, 9, 2):
            return map_text(str.strip, response)
        if self.compat >= (0, 4, 4):
            return map_text(str.lstrip, response)
        return map_text(_without_leading_space, response)


def _without_leading_space(text: str) -> str:
    return text.removeprefix(" ")


@register("filter", "map")
class MapFilter(ElementFilter):
    """Look each answer up in a table.

    Args:
        mapping_dict: The table. Its keys meet texts, so a key that is a number in YAML never matches.
        default_value: Taken for an answer that the table does not hold; counted as unparsed where it is None, a text
            or a list.
    """

    uses_doc = False

    def __init__(self, mapping_dict: dict[Any, Any] | None = None, default_value: Any = None) -> None:
        if mapping_dict is not None and not isinstance(mapping_dict, dict):
            raise TypeError(f"mapping_dict must be a mapping, not {type(mapping_dict).__name__}")
        self.mapping = mapping_dict or {}
        self.default = as_unparsed(default_value)

    @property
    def safe(self) -> bool:
        return False

    def apply_one(self, response: Any, doc: Any) -> Any:
        found = self.mapping.get(response, self.default)
        return as_unparsed(found) if isinstance(response, Unparsed) else found


@register("filter", "format_span")
class SpanFilter(ElementFilter):
    """Bring a list of named entities into the form ``per: Ann $ loc: Kenya``, with four labels and no ``none``.

    Since 0.4.13 a label's name is rewritten only before a colon, before that anywhere in the text.
    """

    _LABELS: ClassVar[dict[str, str]] = {
        "person": "PER", "location": "LOC", "organization": "ORG", "counties": "LOC", "places": "LOC",
        "people": "PER", "persons": "PER", "company": "ORG", "country": "LOC", "continent": "LOC",
        "time": "DATE", "date": "DATE", "per": "PER", "loc": "LOC", "org": "ORG",
    }  # fmt: skip
    _BEFORE_COLON: ClassVar = [(re.compile(rf"\b{name}\s*:"), f"{label}:") for name, label in _LABELS.items()]
    _ENTITIES = re.compile(r"\b(PER|LOC|ORG|DATE):\s*([^$]+)")

    uses_doc = False

    def apply_one(self, response: Any, doc: Any) -> Any:
        return map_text(self._format, response)

    def _format(self, text: str) -> str:
        text = text.lower()
        if self.compat >= (0, 4, 13):
            for pattern, label in self._BEFORE_COLON:
                text = pattern.sub(label, text)
        else:
            for name, label in self._LABELS.items():
                text = text.replace(name, label)
        text = text.replace("$$", "$").rstrip("$").replace("\n", "$").strip()
        return " $ ".join(
            f"{label.lower()}: {entity}"
            for label, entities in self._ENTITIES.findall(text)
            for entity in map(str.strip, entities.split(","))
            if entity.lower() != "none"
        )


@register("filter", "custom")
class CustomFilter(Filter):
    """Apply a Python function of a task's own.

    Args:
        filter_fn: Called as the harness calls it, with a list of lists of repeats and a list of documents, here one of
            each; returns one result per request.
    """

    def __init__(self, filter_fn: Callable[[list[Any], list[Any]], Any]) -> None:
        if not callable(filter_fn):
            raise TypeError(f"filter_fn must be a function, not {type(filter_fn).__name__}")
        self.function = filter_fn

    def apply(self, responses: Any, doc: Any) -> Any:
        return one_result(self.function([responses], [doc]))


def one_result(results: Any) -> Any:
    """The only result of a harness filter that was given one request.

    Raises:
        ValueError: it returned none.
    """
    for result in results:
        return result
    raise ValueError("the filter function returned nothing")


@register("filter", "decontaminate")
class DecontaminationFilter(Filter):
    """Leave answers as they are: the harness names this filter but never wrote it.

    Args:
        path: Not used.
    """

    uses_doc = False

    def __init__(self, path: str | None = None) -> None:
        pass

    def apply(self, responses: Any, doc: Any) -> Any:
        return responses
