"""Templates of labels: several of them, or labelled spans of a text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import msgspec

from regrade.artifacts.artifact import artifact
from regrade.artifacts.streams import Row
from regrade.cards.prompting.format_strings import format_string
from regrade.cards.prompting.text_templates import InputOutputTemplate


@artifact("multi_label_template")
class MultiLabelTemplate(InputOutputTemplate):
    """Asks for any number of labels.

    Args:
        labels_field: The reference field with the list of labels.
        labels_separator: Stands between labels.
        empty_label: Stands for none.

    >>> template = MultiLabelTemplate(input_format="{text}")
    >>> template.process_row({"input_fields": {"text": "a"}, "reference_fields": {"labels": ["x", "y"]}})["target"]
    'x, y'
    """

    postprocessors: list[Any] = msgspec.field(default_factory=lambda: ["processors.to_list_by_comma"])
    output_format: str | None = "{labels}"
    labels_field: str = "labels"
    labels_separator: str = ", "
    empty_label: str = "None"

    def preprocess_reference_fields(self, reference_fields: Row) -> Row:
        labels = reference_fields[self.labels_field]
        if not isinstance(labels, list):
            raise ValueError(f"the reference field {self.labels_field!r} must be a list of labels, not {labels!r}")
        return {self.labels_field: self.labels_separator.join(labels or [self.empty_label])}


class SpanLabelingBaseTemplate(MultiLabelTemplate):
    """Asks for spans of a text and their labels.

    Args:
        spans_starts_field: The reference field with the places where spans start (0-based, characters).
        spans_ends_field: The reference field with the places after their last characters.
        text_field: The reference field with the text.
        labels_support: The labels that are asked for; all if not given.
    """

    spans_starts_field: str = "spans_starts"
    spans_ends_field: str = "spans_ends"
    text_field: str = "text"
    labels_support: list[Any] | None = None

    def extract_span_label_pairs(self, reference_fields: Row) -> Iterator[tuple[str, str]]:
        """The spans that are asked for with their labels, in order of their places."""
        starts, ends = reference_fields[self.spans_starts_field], reference_fields[self.spans_ends_field]
        text, labels = reference_fields[self.text_field], reference_fields[self.labels_field]
        wanted = self.labels_support
        spans = sorted(
            (start, end, text[start:end], label)
            for start, end, label in zip(starts, ends, labels, strict=True)
            if wanted is None or label in wanted
        )
        for _, _, span, label in spans:
            yield span, label

    def preprocess_reference_fields(self, reference_fields: Row) -> Row:
        targets = self.span_label_pairs_to_targets(self.extract_span_label_pairs(reference_fields))
        return super().preprocess_reference_fields({**reference_fields, self.labels_field: targets})

    def span_label_pairs_to_targets(self, span_label_pairs: Iterable[tuple[str, str]]) -> list[str]:
        """What is written of the pairs."""
        raise NotImplementedError


@artifact("span_labeling_template")
class SpanLabelingTemplate(SpanLabelingBaseTemplate):
    r"""Asks for labelled spans as a list.

    Args:
        span_label_format: One of them, a format string over ``span`` and ``label``.
        escape_characters: Characters that get a backslash where a span has them.

    >>> template = SpanLabelingTemplate(input_format="{text}")
    >>> row = template.process_row({"input_fields": {"text": "Ann met Bo."}, "reference_fields": {
    ...     "text": "Ann met Bo.", "spans_starts": [0, 8], "spans_ends": [3, 10], "labels": ["PER", "PER"]}})
    >>> row["target"]
    'Ann: PER, Bo: PER'
    """

    format_arguments: ClassVar[tuple[str, ...]] = ("input_format", "output_format", "span_label_format")
    postprocessors: list[Any] = msgspec.field(default_factory=lambda: ["processors.to_span_label_pairs"])
    span_label_format: str = "{span}: {label}"
    escape_characters: list[str] | None = msgspec.field(default_factory=lambda: [":", ","])

    def span_label_pairs_to_targets(self, span_label_pairs: Iterable[tuple[str, str]]) -> list[str]:
        shape = format_string(self.span_label_format)
        targets = []
        for span, label in span_label_pairs:
            for character in self.escape_characters or ():
                span = span.replace(character, f"\\{character}")  # noqa: PLW2901
            targets.append(shape({"span": span, "label": label}))
        return targets


@artifact("span_labeling_json_template")
class SpanLabelingJsonTemplate(SpanLabelingBaseTemplate):
    """Asks for labelled spans as a JSON object: the list of spans by label.

    >>> template = SpanLabelingJsonTemplate(input_format="{text}")
    >>> row = template.process_row({"input_fields": {"text": "Ann met Bo."}, "reference_fields": {
    ...     "text": "Ann met Bo.", "spans_starts": [0, 8], "spans_ends": [3, 10], "labels": ["PER", "PER"]}})
    >>> row["target"]
    '{"PER": ["Ann", "Bo"]}'
    """

    postprocessors: list[Any] = msgspec.field(
        default_factory=lambda: ["processors.load_json", "processors.dict_of_lists_to_value_key_pairs"]
    )

    def span_label_pairs_to_targets(self, span_label_pairs: Iterable[tuple[str, str]]) -> list[str]:
        spans: dict[str, list[str]] = {}
        for span, label in span_label_pairs:
            spans.setdefault(label, []).append(span)
        return [json.dumps(spans, ensure_ascii=False)] if spans else []
