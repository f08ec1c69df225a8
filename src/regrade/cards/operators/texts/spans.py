"""Operators on spans of a text and their labels."""

from __future__ import annotations

from typing import Any

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator, RowOperator
from regrade.artifacts.paths import MISSING
from regrade.artifacts.streams import Row
from regrade.cards.operators.texts.extraction import Extraction


@artifact("iob_extractor")
class IobExtractor(RowOperator):
    """Makes spans of tokens that are labelled by the inside, outside, beginning scheme.

    A row has ``text``, ``tokens`` and ``labels``; ``spans`` holds what is found: start and end in characters, label
    and text. An inside label continues the span before it.

    >>> extract = IobExtractor(labels=["Person"], begin_labels=["B-PER"], inside_labels=["I-PER"], outside_label="O")
    >>> row = {"text": "John Doe ran", "tokens": ["John", "Doe", "ran"], "labels": ["B-PER", "I-PER", "O"]}
    >>> extract.process_row(row)["spans"]
    [{'start': 0, 'end': 8, 'label': 'Person', 'text': 'John Doe'}]

    Args:
        labels: What the kinds of spans are called in the result.
        begin_labels: The label of a first token, for each of them.
        inside_labels: The label of a further token, for each of them.
        outside_label: The label of a token outside of spans.
    """

    labels: list[str]
    begin_labels: list[Any]
    inside_labels: list[Any]
    outside_label: Any

    def verify(self) -> None:
        if len(self.begin_labels) > len(self.labels):
            raise ArtifactError("there are more 'begin_labels' than 'labels'", path=("begin_labels",))

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        text: str = row["text"]
        spans: list[tuple[int, int, str]] = []
        end = 0
        for label, token in zip(row["labels"], row["tokens"], strict=False):
            start = text.find(token, end)
            if start < 0:
                raise ValueError(f"the token {token!r} is not in the text from character {end} on: {text!r:.200}")
            end = start + len(token)
            if label in self.begin_labels:
                spans.append((start, end, self.labels[self.begin_labels.index(label)]))
            elif spans and label in self.inside_labels:
                spans[-1] = (spans[-1][0], end, spans[-1][2])
        found = [{"start": start, "end": end, "label": label, "text": text[start:end]} for start, end, label in spans]
        return {**row, "spans": found}


@artifact("list_to_empty_entities_tuples")
class ListToEmptyEntitiesTuples(FieldOperator):
    """Makes (text, no label) of each item of a list.

    >>> ListToEmptyEntitiesTuples(field="a").process_row({"a": ["Rome", 7]})
    {'a': [('Rome', ''), ('7', '')]}
    """

    def process_value(self, value: Any) -> Any:
        return [(str(item), "") for item in value]


@artifact("dict_of_lists_to_pairs")
class DictOfListsToPairs(Extraction):
    """Makes (key, text) of each text in the lists of a dict; nothing at all where one is no text.

    A dict in the place of a list counts as the list of its keys, as in Unitxt.

    >>> DictOfListsToPairs(field="a", position_key_before_value=False).process_row({"a": {"PER": ["Ann", "Bob"]}})
    {'a': [('Ann', 'PER'), ('Bob', 'PER')]}

    Args:
        position_key_before_value: Whether the key comes first.
    """

    position_key_before_value: bool = True

    def find(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return MISSING
        pairs = []
        for key, items in value.items():
            if not isinstance(items, list | tuple | set | dict | str):
                return MISSING
            for item in items:
                if not isinstance(item, str):
                    return MISSING
                pairs.append((key, item) if self.position_key_before_value else (item, key))
        return pairs

    def not_found(self) -> Any:
        return []
