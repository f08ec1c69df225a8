"""Samplers: which rows of a pool an instance gets as demonstrations.

A sampler never gives an instance itself: whoever has the same input fields is taken out of the pool first
(:meth:`Sampler.filter_source_by_instance`). What is drawn depends on the instance's input fields, the pool and a seed
only; the draws are Unitxt's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, ClassVar

from regrade.artifacts.artifact import Artifact, artifact
from regrade.artifacts.paths import get_path
from regrade.artifacts.streams import Row
from regrade.seeds import random_of


def random_of_instance(instance: Row, seed: int | None = None) -> Random:
    """The random generator that an instance's input fields seed."""
    content = dict(instance["input_fields"])
    if seed is not None:
        content["local_seed"] = seed
    return random_of(content)


class _Inputs:
    """Where in a pool rows of the same input fields stand: looked up by one field, if its values can be."""

    def __init__(self, pool: list[Row]) -> None:
        self.pool = pool
        self.size = len(pool)
        self._field: Any = next(iter(pool[0]["input_fields"]), None) if pool else None
        self._places: dict[Any, list[int]] | None = {}
        try:
            for place, row in enumerate(pool):
                self._places.setdefault(row["input_fields"].get(self._field), []).append(place)
        except TypeError:  # lists and dicts have no hash
            self._places = None

    def like(self, inputs: Row) -> Sequence[int]:
        """The places of the rows with these input fields, in order."""
        places: Sequence[int] = range(self.size)
        if self._places is not None:
            try:
                places = self._places.get(inputs.get(self._field), ())
            except TypeError:
                return ()
        return [place for place in places if self.pool[place]["input_fields"] == inputs]


class Sampler(Artifact):
    """Chooses demonstrations. Rows are as a task makes them."""

    kind: ClassVar[str] = "sampler"

    def sample(
        self, sample_size: int, instances_pool: list[Row], instance: Row, sampling_seed: int | None = None
    ) -> list[Row]:
        """The demonstrations of an instance.

        Args:
            sample_size: How many.
            instances_pool: Rows to choose from.
            instance: The row that they are for.
            sampling_seed: Another seed, another choice.

        Raises:
            ValueError: the pool is too small.
        """
        raise NotImplementedError

    def filter_source_by_instance(self, instances_pool: list[Row], instance: Row) -> list[Row]:
        """The pool without those that have the input fields of the instance."""
        if "input_fields" not in instance:
            raise ValueError("the row has no 'input_fields': it comes from no task")
        own = instance["input_fields"]
        known = self.__dict__.get("_known")  # the same pool is asked for every row
        if known is None or known.pool is not instances_pool or known.size != len(instances_pool):
            known = self.__dict__["_known"] = _Inputs(instances_pool)
        others = instances_pool.copy()
        for place in reversed(known.like(own)):
            del others[place]
        return others


@artifact("random_sampler")
class RandomSampler(Sampler):
    """Chooses at random.

    >>> pool = [{"input_fields": {"n": number}} for number in range(100)]
    >>> [row["input_fields"]["n"] for row in RandomSampler().sample(3, pool, {"input_fields": {"n": 100}})]
    [82, 43, 22]
    """

    def sample(
        self, sample_size: int, instances_pool: list[Row], instance: Row, sampling_seed: int | None = None
    ) -> list[Row]:
        return random_of_instance(instance, sampling_seed).sample(instances_pool, sample_size)


@artifact("fixed_indices_sampler")
class FixedIndicesSampler(Sampler):
    """Chooses the rows at fixed places of the pool.

    Args:
        indices: The places (0-based), in order; as many of them as are asked for are used.

    >>> pool = [{"input_fields": {"n": number}} for number in range(9)]
    >>> FixedIndicesSampler(indices=[8, 0, 5]).sample(2, pool, {"input_fields": {"n": 9}})
    [{'input_fields': {'n': 8}}, {'input_fields': {'n': 0}}]
    """

    indices: list[int]

    def sample(
        self, sample_size: int, instances_pool: list[Row], instance: Row, sampling_seed: int | None = None
    ) -> list[Row]:
        chosen = self.indices[:sample_size]
        if any(not -len(instances_pool) <= place < len(instances_pool) for place in chosen):
            raise ValueError(f"the indices {chosen} go beyond the {len(instances_pool)} rows of the pool")
        return [instances_pool[place] for place in chosen]


@artifact("close_text_sampler")
class CloseTextSampler(Sampler):
    """Chooses the rows whose text is closest to the instance's, by ``difflib``'s ratio.

    Args:
        field: Path of the text in the input fields.

    >>> pool = [{"input_fields": {"q": text}} for text in ("What is a cat?", "Where is Oslo?", "Who is Ann?")]
    >>> CloseTextSampler(field="q").sample(1, pool, {"input_fields": {"q": "What is a bat?"}})
    [{'input_fields': {'q': 'What is a cat?'}}]
    """

    field: str

    def sample(
        self, sample_size: int, instances_pool: list[Row], instance: Row, sampling_seed: int | None = None
    ) -> list[Row]:
        from difflib import get_close_matches

        path = f"input_fields/{self.field}"
        texts = [get_path(row, path) for row in instances_pool]
        closest = set(get_close_matches(get_path(instance, path), texts, n=sample_size, cutoff=0))
        near = [row for row, text in zip(instances_pool, texts, strict=True) if text in closest]
        return random_of_instance(instance).sample(near, sample_size)


def _labels(row: Row, kind: str, name: str) -> list[Any]:
    """The labels in a field of a row; of a single choice a list of it."""
    if kind not in row:
        raise ValueError(f"a row of the pool has no {kind!r}")
    if name not in row[kind]:
        raise ValueError(f"a row of the pool has no {name!r} in its {kind}: {', '.join(row[kind])}")
    value = row[kind][name]
    if isinstance(value, str) and kind == "input_fields":
        return [value]
    if not isinstance(value, list):
        raise ValueError(f"the field {name!r} must be a list of labels, not {str(value)[:80]!r}")
    return value


@artifact("diverse_labels_sampler")
class DiverseLabelsSampler(Sampler):
    """Chooses rows so that each set of labels occurs as often as the others.

    Args:
        choices: The input field with the list of labels that count.
        labels: The reference field with a row's own labels, a list; those that are none of the choices are ignored.
        include_empty_label: Whether rows without any label that counts are a set of their own; else they are left
            out.

    >>> pool = [{"input_fields": {"choices": ["a", "b"], "n": number}, "reference_fields": {"labels": [label]}}
    ...         for number, label in enumerate("aaab")]
    >>> chosen = DiverseLabelsSampler().sample(2, pool, {"input_fields": {"choices": ["a", "b"], "n": 9}})
    >>> sorted(row["reference_fields"]["labels"] for row in chosen)
    [['a'], ['b']]
    """

    choices: str = "choices"
    labels: str = "labels"
    include_empty_label: bool = True

    def exemplar_repr(self, exemplar: Row) -> str:
        """The set of labels of a row, as text."""
        choices = _labels(exemplar, "input_fields", self.choices)
        labels = _labels(exemplar, "reference_fields", self.labels)
        return str([choice for choice in choices if choice in labels])

    def divide_by_repr(self, exemplars_pool: list[Row]) -> dict[str, list[Row]]:
        """The pool by sets of labels."""
        divided: dict[str, list[Row]] = {}
        for row in exemplars_pool:
            key = self.exemplar_repr(row)
            if key != "[]" or self.include_empty_label:
                divided.setdefault(key, []).append(row)
        return divided

    def sample(
        self, sample_size: int, instances_pool: list[Row], instance: Row, sampling_seed: int | None = None
    ) -> list[Row]:
        divided = self.divide_by_repr(instances_pool)
        there_are = sum(map(len, divided.values()))
        if sample_size > there_are:
            raise ValueError(f"{sample_size} demonstrations are wanted, and {there_are} rows have labels that count")
        random = random_of_instance(instance, sampling_seed)
        order = list(divided)
        random.shuffle(order)
        counts: Counter[str] = Counter()
        while counts.total() < sample_size:
            for key in order:
                if counts.total() < sample_size and counts[key] < len(divided[key]):
                    counts[key] += 1
        chosen = [row for key, count in counts.items() for row in random.sample(divided[key], count)]
        random.shuffle(chosen)
        return chosen
