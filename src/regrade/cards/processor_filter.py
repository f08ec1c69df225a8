"""Postprocessors of cards as filters of answers."""

from __future__ import annotations

from typing import Any

from regrade.filters.filter import ElementFilter, UnparsedDict, UnparsedNumber, as_unparsed, is_unparsed
from regrade.registry import register


@register("filter", "processor")
class ProcessorFilter(ElementFilter):
    """Take what a card's postprocessors make of an answer.

    An answer that they cannot read, or find nothing in, gives their fallback and is counted as unparsed.

    Args:
        processor: A postprocessor, or a list of them: the name of one in the catalog (``take_first_word``), the
            type of a field operator (``lower``), or data (``{__type__: extract_with_regex, regex: ...}``).
        fallback: Take the fallback ("None", 0.0) for an answer that was read, and a rating beyond its scale as it is,
            as Unitxt does.
        as_references: Do with what other filters took from the answer only what is done with the references too; what
            that finds nothing in stays as it is.
    """

    def __init__(self, processor: Any, fallback: bool = False, as_references: bool = False) -> None:
        from regrade.artifacts.catalogs import default_catalog
        from regrade.cards.operators.texts.processors import Postprocessors, postprocessor

        catalog = default_catalog()
        given = processor if isinstance(processor, list) else [processor]
        self.process = Postprocessors([postprocessor(each, catalog) for each in given], as_unitxt=fallback)
        if as_references:
            self.process = self.process.of_both_sides
        self.as_references = as_references
        self.fallback = fallback
        self.uses_doc = not self.process.of_prediction_alone  # type: ignore[misc]

    def prepare(self) -> None:
        self.process.prepare()

    @property
    def safe(self) -> bool:
        return False

    def apply_one(self, response: Any, doc: Any) -> Any:
        row = doc if isinstance(doc, dict) and "task_data" in doc else {"task_data": doc}
        if self.as_references:
            return response if is_unparsed(response) else self.process(response, (), row, lenient=True).prediction
        result = self.process(response, (), row)
        if self.fallback or (result.unparsed is None and not is_unparsed(response)):
            return result.prediction
        return _marked(result.prediction)


def _marked(value: Any) -> Any:
    if isinstance(value, int | float):
        return UnparsedNumber(value)
    return UnparsedDict(value) if isinstance(value, dict) else as_unparsed(value)
