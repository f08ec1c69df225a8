"""Several sources made into one, split by split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from regrade.access import Access
from regrade.artifacts.artifact import Artifact, ArtifactError, artifact
from regrade.artifacts.operator import Operator
from regrade.artifacts.reaching import Reaching
from regrade.artifacts.streams import Row, Stream, Streams
from regrade.errors import RecipeError
from regrade.rows.loaders.loader import Loading
from regrade.seeds import random_of


def streams_of(subset: Artifact, access: Access | None = None) -> Streams:
    """The streams of a source: a loader, an operator that needs no input, a card, another fusion.

    Raises:
        RecipeError: it is no source of rows.
    """
    if isinstance(subset, Operator):
        return subset.apply({})
    for method in ("load", "streams"):
        give = getattr(subset, method, None)
        if callable(give):
            streams: Streams = give(Loading(access=access)) if method == "load" else give()
            return streams
    raise RecipeError(f"{type(subset).__name__} is no source of rows")


class BaseFusion(Reaching, Operator):
    """A source that is made of sources.

    Args:
        subsets: The sources. If they have names, each row's list ``subset`` starts with the name of its own.
        include_splits: The splits; train, test and validation if not given.
    """

    subsets: list[Artifact] | dict[str, Artifact]
    include_splits: list[str] | None = None

    def by_name(self) -> Mapping[Any, Artifact]:
        """The sources by name, or by number where they have no names."""
        subsets = self.subsets
        return subsets if isinstance(subsets, dict) else dict(enumerate(subsets))

    def apply(self, streams: Streams) -> Streams:
        splits = self.include_splits if self.include_splits is not None else ["train", "test", "validation"]
        return {split: Stream(lambda split=split: self.fuse(split)) for split in splits}  # type: ignore[misc]

    def fuse(self, split: str) -> Iterator[Row]:
        """The rows of one split."""
        raise NotImplementedError

    def rows(self, split: str) -> dict[str | int, Stream]:
        """The streams of one split, by source that has it."""
        found = {}
        for name, subset in self.by_name().items():
            streams = streams_of(subset, self.access)
            if split in streams:
                found[name] = streams[split]
        return found


def _marked(row: Row, name: str | int) -> Row:
    return {**row, "subset": [name, *row.get("subset", ())]} if isinstance(name, str) else row


@artifact("fixed_fusion")
class FixedFusion(BaseFusion):
    """Puts sources one after another, with so many rows of each at most.

    >>> from regrade.cards.operators.streams.splits import DuplicateSplit
    >>> FixedFusion(subsets={}, max_instances_per_subset=100).max_instances_per_subset
    100

    Args:
        subsets: The sources: a list, or by name. If they have names, each row's list ``subset`` starts with its own.
        max_instances_per_subset: Rows per split of a source at most.
        max_instances_per_split: The same, by split.
    """

    max_instances_per_subset: int | None = None
    max_instances_per_split: dict[str, int] | None = None

    def fuse(self, split: str) -> Iterator[Row]:
        limits = (self.max_instances_per_subset, (self.max_instances_per_split or {}).get(split))
        limit = min((each for each in limits if each is not None), default=None)
        for name, rows in self.rows(split).items():
            for row in islice(rows, limit):
                yield _marked(row, name)


@artifact("weighted_fusion")
class WeightedFusion(BaseFusion):
    """Mixes sources by chance, in proportion to weights, until all are read.

    The draws depend on the split's name only, as in Unitxt.

    >>> WeightedFusion(subsets={}, weights={}, max_total_samples=100).max_total_samples
    100

    Args:
        subsets: The sources: a list, or by name. If they have names, each row's list ``subset`` starts with its own.
        weights: How often each of them is drawn: a list, or by name.
        max_total_samples: Rows per split at most.
    """

    weights: list[float] | dict[str, float]
    max_total_samples: int | None = None

    def verify(self) -> None:
        subsets, weights = self.subsets, self.weights
        if isinstance(subsets, dict) != isinstance(weights, dict) or len(subsets) != len(weights):
            raise ArtifactError("give each subset its weight: a list for a list, names for names", path=("weights",))
        if isinstance(subsets, dict) and isinstance(weights, dict) and subsets.keys() != weights.keys():
            raise ArtifactError("the names of 'weights' are not those of 'subsets'", path=("weights",))

    def fuse(self, split: str) -> Iterator[Row]:
        weights: Mapping[Any, float] = self.weights if isinstance(self.weights, dict) else dict(enumerate(self.weights))
        left = {name: iter(rows) for name, rows in self.rows(split).items()}
        draw, given = random_of(f"weighted_fusion_{split}"), 0
        while left and (self.max_total_samples is None or given < self.max_total_samples):
            names = list(left)
            name = draw.choices(names, weights=[float(weights[name]) for name in names])[0]
            try:
                row = next(left[name])
            except StopIteration:
                del left[name]
                continue
            given += 1
            yield _marked(row, name)
