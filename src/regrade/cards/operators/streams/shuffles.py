"""Operators that draw: the order of rows or of a list, and slight changes of values. All draws are repeatable.

The seeds are Unitxt's (``regrade.seeds``), so that the draws are its own; but each stream has a generator of
its own, whatever is read before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from random import Random
from typing import Any

import msgspec

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator, StreamOperator
from regrade.artifacts.paths import get_path, set_path
from regrade.artifacts.streams import Row
from regrade.seeds import random_of


@artifact("shuffle")
class Shuffle(StreamOperator, kw_only=True):
    """Shuffles the rows of each stream, page by page.

    Args:
        page_size: How many rows are in memory at a time, and are shuffled among each other.

    >>> list(Shuffle(page_size=4).process([{"n": n} for n in range(4)]))
    [{'n': 3}, {'n': 2}, {'n': 1}, {'n': 0}]
    """

    page_size: int = 1000

    def verify(self) -> None:
        if self.page_size < 1:
            raise ArtifactError("a page has one row at least", path=("page_size",))

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        generator = random_of("shuffle")
        remaining = iter(rows)
        while page := list(islice(remaining, self.page_size)):
            yield from self.shuffle_page(page, generator)

    def shuffle_page(self, page: list[Row], generator: Random) -> Iterable[Row]:
        """A page's rows in another order."""
        generator.shuffle(page)
        return page


@artifact("feature_grouped_shuffle")
class FeatureGroupedShuffle(Shuffle, kw_only=True):
    """Shuffles groups of rows that are alike in some fields, page by page: rows of a group stay together.

    A group that lies in two pages is two groups.

    Args:
        grouping_features: Names of the fields; if not given, each row is a group.
        shuffle_within_group: Whether the rows of a group are shuffled too.
        page_size: How many rows are in memory at a time.

    >>> rows = [{"q": "a", "n": 0}, {"q": "b", "n": 1}, {"q": "a", "n": 2}]
    >>> list(FeatureGroupedShuffle(grouping_features=["q"]).process(rows))
    [{'q': 'b', 'n': 1}, {'q': 'a', 'n': 0}, {'q': 'a', 'n': 2}]
    """

    grouping_features: list[str] | None = None
    shuffle_within_group: bool = False

    def shuffle_page(self, page: list[Row], generator: Random) -> Iterable[Row]:
        if self.grouping_features is None:
            return super().shuffle_page(page, generator)
        groups: dict[Any, list[Row]] = {}
        for row in page:
            groups.setdefault(tuple(get_path(row, name) for name in self.grouping_features), []).append(row)
        blocks = list(groups.values())
        generator.shuffle(blocks)
        if self.shuffle_within_group:
            for block in blocks:
                generator.shuffle(block)
        return chain.from_iterable(blocks)


@artifact("shuffle_field_values")
class ShuffleFieldValues(FieldOperator):
    """Shuffles a list; how depends on what is in it, so that equal lists are shuffled alike.

    >>> ShuffleFieldValues(field="a").process_row({"a": [1, 2, 3, 4]})
    {'a': [3, 2, 4, 1]}
    """

    def process_value(self, value: Any) -> Any:
        items = list(value)
        random_of(items).shuffle(items)
        return items


@artifact("perturb")
class Perturb(FieldOperator, kw_only=True):
    """Changes some values a little, as if a model had got them wrong.

    A value of ``select_from`` becomes one of them in four of five cases; else a float is multiplied by 0.5 to 1.5, an
    int goes up or down by one, and a text loses a character.

    Args:
        select_from: The classes, for a classification.
        percentage_to_perturb: How many values of a hundred are changed.

    >>> Perturb(field="a", to_field="b", percentage_to_perturb=100).process_row({"a": "perturbation"})
    {'a': 'perturbation', 'b': 'peturbation'}
    """

    select_from: list[Any] = msgspec.field(default_factory=list)
    percentage_to_perturb: int = 1

    def verify(self) -> None:
        if not 0 <= self.percentage_to_perturb <= 100:
            raise ArtifactError("a percentage is between 0 and 100", path=("percentage_to_perturb",))

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        generator = self._generator()
        for row in rows:
            yield self._perturbed_row(row, generator)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        """The row, as if it were the first of a stream."""
        return self._perturbed_row(row, self._generator())

    def process_value(self, value: Any) -> Any:
        """The value, as if it were the first of a stream."""
        return self._perturbed(value, self._generator())

    def _generator(self) -> Random:
        return random_of("CopyWithPerturbation")

    def _perturbed_row(self, row: Row, generator: Random) -> Row:
        for source, target in self.pairs:
            value = get_path(row, source)
            every = self.process_every_value
            changed = [self._perturbed(v, generator) for v in value] if every else self._perturbed(value, generator)
            row = set_path(row, target, changed)
        return row

    def _perturbed(self, value: Any, generator: Random) -> Any:
        if generator.randint(1, 100) > self.percentage_to_perturb:
            return value
        if value in self.select_from and generator.random() < 0.8:
            return generator.choice(self.select_from)
        if isinstance(value, float):
            return value * (0.5 + generator.random())
        if isinstance(value, int):
            return value + (1 if generator.random() < 0.5 else -1)
        if isinstance(value, str) and len(value) > 1:
            place = generator.randint(1, len(value) - 1)
            return value[:place] + value[place + 1 :]
        return value
