"""Answers without the words that the prompt began them with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from regrade.cards.prompting.format_strings import FormatString
from regrade.filters.filter import ElementFilter, map_text
from regrade.registry import register


@register("filter", "delete_target_prefix")
class DeleteTargetPrefixFilter(ElementFilter):
    """Take what comes after a card's target prefix, where an answer begins by repeating it.

    Space before it and after it goes too. The filters of a card's samples begin with this one if its template has a
    target prefix.

    Args:
        prefixes: The prefixes, format strings over a sample's fields; the first that an answer begins with counts.

    >>> answers = DeleteTargetPrefixFilter(["The answer is "])
    >>> answers.apply(["The answer is B", " The answer is  C", "B"], None)
    ['B', 'C', 'B']
    """

    def __init__(self, prefixes: Sequence[str]) -> None:
        self._prefixes = [FormatString(prefix) for prefix in prefixes if prefix]
        self.uses_doc = any(prefix.fields for prefix in self._prefixes)  # type: ignore[misc]

    def apply_one(self, response: Any, doc: Any) -> Any:
        if not isinstance(response, str):
            return response
        fields = doc.get("task_data", doc) if isinstance(doc, dict) else {}
        for prefix in self._prefixes:
            try:
                text = prefix(fields)
            except KeyError:  # a field that this sample lacks
                continue
            if (found := re.match(rf"\s*{re.escape(text)}\s*", response)) is not None:
                end = found.end()
                return map_text(lambda whole, end=end: whole[end:], response)  # type: ignore[misc]
        return response
