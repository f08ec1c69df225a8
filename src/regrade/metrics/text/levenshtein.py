"""Levenshtein's edit distance between two sequences."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def levenshtein(a: Sequence[Hashable], b: Sequence[Hashable]) -> int:
    """The least number of insertions, deletions and substitutions that make ``b`` of ``a``.

    A column of the distance matrix is held as differences in the bits of two integers, so that a step costs
    len(a) / 64 word operations instead of len(a) comparisons.

    Args:
        a: A text, or a list of words.
        b: Another.

    Returns:
        The distance: 0 where they are equal, at most the length of the longer one.

    Source: Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances" (2003).

    >>> levenshtein("kitten", "sitting")
    3
    """
    if a == b:
        return 0
    if not a or not b:
        return len(a) or len(b)
    places: dict[Hashable, int] = {}
    for place, item in enumerate(a):
        places[item] = places.get(item, 0) | 1 << place
    everywhere = (1 << len(a)) - 1
    last = 1 << (len(a) - 1)
    distance, rises, falls = len(a), everywhere, 0
    for item in b:
        same = places.get(item, 0)
        vertical = same | falls
        diagonal = (((same & rises) + rises) ^ rises) | same
        more = falls | ~(diagonal | rises) & everywhere
        less = rises & diagonal
        if more & last:
            distance += 1
        elif less & last:
            distance -= 1
        more = (more << 1 | 1) & everywhere
        less = less << 1 & everywhere
        rises = less | ~(vertical | more) & everywhere
        falls = more & vertical
    return distance
