"""Which sample of one run is which of another: by id, as long as the ids stand for the same documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from regrade.errors import InputError

Documents = Callable[[], tuple[Sequence[int] | None, Sequence[int] | None]]
"""Reads checksums of both sides' documents that do not depend on how these are written; None: not comparable."""


class Samples(NamedTuple):
    """The samples of one side, in the order of its log.

    Attributes:
        ids: Their ids.
        documents: Checksums of their documents, as written.
    """

    ids: Sequence[Any]
    documents: Sequence[int]


class Pairing(NamedTuple):
    """Which samples belong together.

    Attributes:
        pairs: Positions of the samples in the first and in the second run, in the order of the first.
        note: How they were paired, where not simply by id.
    """

    pairs: list[tuple[int, int]]
    note: str | None = None


def _spelled_alike(a: Samples, b: Samples) -> tuple[Samples, Samples]:
    """The same samples; where one side's ids are numbers and the other's texts, as formats have it, all are texts."""
    kinds = {frozenset(map(type, side.ids)) for side in (a, b)}
    if kinds != {frozenset((int,)), frozenset((str,))}:
        return a, b
    return a._replace(ids=[str(one) for one in a.ids]), b._replace(ids=[str(one) for one in b.ids])


def pair_samples(a: Samples, b: Samples, read: Documents) -> Pairing:
    """Pair the samples of two runs, each with one at most.

    By id, where an id is that of one sample in each run and stands for the same document in both. Else by document,
    where these are those of one sample in each; or by both. No pair is made of different documents.

    Args:
        a: The first run's samples.
        b: The second's.
        read: Called where checksums of the documents as written differ.

    Raises:
        InputError: there are common ids, and no two samples that are known to be the same.
    """
    a, b = _spelled_alike(a, b)
    unique = len(set(a.ids)) == len(a.ids) and len(set(b.ids)) == len(b.ids)
    pairs = _matched(a.ids, b.ids)
    if unique and all(a.documents[i] == b.documents[j] for i, j in pairs):
        return Pairing(pairs)
    first, second = read()
    if first is None or second is None:
        if not unique:
            raise InputError("an id stands for several samples, and documents cannot be compared between these formats")
        return Pairing(pairs, "paired by id; whether the documents are the same cannot be told between these formats")
    changed = sum(first[i] != second[j] for i, j in pairs)
    if unique and not changed:
        return Pairing(pairs)
    both = _matched(list(zip(a.ids, first, strict=True)), list(zip(b.ids, second, strict=True)))
    by_document = _matched(first, second)
    best = max(by_document, both, key=len)
    common = len(set(a.ids) & set(b.ids))
    if not best and common:
        raise InputError(
            f"{common:,} ids are in both runs and stand for different documents, so no samples can be paired",
            hint="compare runs of the same version of a task",
        )
    why = (
        "an id stands for several samples"
        if not unique
        else f"{changed:,} of {len(pairs):,} common ids stand for different documents"
    )
    how = "their documents" if best is by_document else "id and document"
    return Pairing(best, f"paired by {how}: {why}" if best else None)


def _matched(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Positions of the keys that are there once on each side, in the order of the first."""
    once_a, counts_b = _once(a), Counter(b)
    where = {key: position for position, key in enumerate(b) if counts_b[key] == 1}
    return [(position, where[key]) for position, key in enumerate(a) if key in where and key in once_a]


def _once(keys: Sequence[Hashable]) -> set[Hashable]:
    return {key for key, count in Counter(keys).items() if count == 1}
