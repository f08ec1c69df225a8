"""Operators on splits: renamed, left out, repeated, mixed, cut."""

from __future__ import annotations

from itertools import zip_longest

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import Operator
from regrade.artifacts.streams import Streams
from regrade.cards.operators.streams.mixes import (
    Bounds,
    parse_random_mix_string,
    parse_slices_string,
    random_mix_streams,
    slice_streams,
    source,
)


@artifact("rename_splits")
class RenameSplits(Operator):
    """Gives splits other names; they come after those that keep theirs.

    >>> from regrade.artifacts.streams import stream_of
    >>> list(RenameSplits(mapper={"dev": "validation"}).apply({"dev": stream_of([]), "test": stream_of([])}))
    ['test', 'validation']

    Args:
        mapper: The new name of each.
    """

    mapper: dict[str, str]

    def apply(self, streams: Streams) -> Streams:
        kept = dict(streams)
        renamed = {}
        for old, new in self.mapper.items():
            renamed[new] = source(kept, old)
            del kept[old]
        return {**kept, **renamed}


@artifact("delete_splits")
class DeleteSplits(Operator):
    """Leaves splits out.

    >>> from regrade.artifacts.streams import stream_of
    >>> list(DeleteSplits(splits=["train"]).apply({"train": stream_of([]), "test": stream_of([])}))
    ['test']

    Args:
        splits: Their names; those that are not there do not matter.
    """

    splits: list[str]

    def apply(self, streams: Streams) -> Streams:
        return {name: rows for name, rows in streams.items() if name not in self.splits}


@artifact("duplicate_split")
class DuplicateSplit(Operator):
    """Gives a split a second name.

    >>> from regrade.artifacts.streams import stream_of
    >>> list(DuplicateSplit(split="test", to_split="again").apply({"test": stream_of([])}))
    ['test', 'again']

    Args:
        split: The split.
        to_split: Its other name.
    """

    split: str
    to_split: str

    def apply(self, streams: Streams) -> Streams:
        return {**streams, self.to_split: source(streams, self.split)}


@artifact("split_random_mix")
class SplitRandomMix(Operator):
    """Makes splits of shares of splits, by chance; no row comes into two of them.

    A row's draw depends on its split's name and its place in it, as in Unitxt, whose splits these are.

    >>> from regrade.artifacts.streams import stream_of
    >>> mix = SplitRandomMix(mix={"train": "train[80%]", "validation": "train[20%]", "test": "test"})
    >>> splits = mix.apply({"train": stream_of([{"n": n} for n in range(100)]), "test": stream_of([])})
    >>> len(list(splits["train"])), len(list(splits["validation"]))
    (83, 17)

    Args:
        mix: By name of the new split, what it is made of: ``train[90%]+test[0.1]``; a name alone means all of it.
    """

    mix: dict[str, str]

    def verify(self) -> None:
        self._mapping()

    def _mapping(self) -> dict[str, dict[str, float]]:
        mapping = {}
        for name, mix in self.mix.items():
            try:
                mapping[name] = parse_random_mix_string(mix)
            except ValueError as error:
                raise ArtifactError(str(error), path=("mix", name)) from None
        return mapping

    def apply(self, streams: Streams) -> Streams:
        return random_mix_streams(streams, self._mapping())


@artifact("separate_split")
class SeparateSplit(Operator):
    """Cuts a split into several, of the sizes given; one without a size gets what is left.

    >>> from regrade.artifacts.streams import stream_of
    >>> cut = SeparateSplit(from_split="all", to_split_names=["a", "b"], to_split_sizes=[1])
    >>> {name: len(list(rows)) for name, rows in cut.apply({"all": stream_of([{}, {}, {}])}).items()}
    {'a': 1, 'b': 2}

    Args:
        from_split: The split.
        to_split_names: Names of its parts, in order.
        to_split_sizes: How many rows each has; the last may be left out.
        remove_targets_from_source_split: Whether the split itself goes.
    """

    from_split: str
    to_split_names: list[str]
    to_split_sizes: list[int]
    remove_targets_from_source_split: bool = True

    def verify(self) -> None:
        if len(self.to_split_names) - len(self.to_split_sizes) not in (0, 1):
            raise ArtifactError(
                f"{len(self.to_split_names)} splits need as many sizes, or one less, not {len(self.to_split_sizes)}",
                path=("to_split_sizes",),
            )

    def apply(self, streams: Streams) -> Streams:
        removed = self.remove_targets_from_source_split
        whole: Bounds = (None, None)
        mapping = {name: {name: [whole]} for name in streams if not removed or name != self.from_split}
        start = 0
        for name, size in zip_longest(self.to_split_names, self.to_split_sizes):
            if removed or name != self.from_split:
                mapping[name] = {self.from_split: [(start, None if size is None else start + size)]}
            start += size or 0
        return slice_streams(streams, mapping)


@artifact("slice_split")
class SliceSplit(Operator):
    """Makes splits of parts of splits, by position.

    ``train[5:10]`` is the rows from position 5 up to 9. (Unitxt documents that too, but takes ten rows.)

    >>> from regrade.artifacts.streams import stream_of
    >>> cut = SliceSplit(slices={"a": "all[:1]+all[2:]", "b": "all[1:2]"})
    >>> {name: list(rows) for name, rows in cut.apply({"all": stream_of([{"n": n} for n in range(3)])}).items()}
    {'a': [{'n': 0}, {'n': 2}], 'b': [{'n': 1}]}

    Args:
        slices: By name of the new split, what it is made of: ``train[:100]+test[5:]``; a name alone means all of it.
    """

    slices: dict[str, str]

    def verify(self) -> None:
        self._mapping()

    def _mapping(self) -> dict[str, dict[str, list[Bounds]]]:
        mapping = {}
        for name, slices in self.slices.items():
            try:
                mapping[name] = parse_slices_string(slices)
            except ValueError as error:
                raise ArtifactError(str(error), path=("slices", name)) from None
        return mapping

    def apply(self, streams: Streams) -> Streams:
        return slice_streams(streams, self._mapping())
