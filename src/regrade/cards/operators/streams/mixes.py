"""How splits are made of splits: ``train[90%]+test[0.1]`` (by chance), ``train[:100]+test[5:]`` (by position)."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, chain, islice
from typing import Final

from regrade.artifacts.streams import Row, Stream, Streams
from regrade.errors import RecipeError
from regrade.seeds import random_of

_SHARE: Final = re.compile(r"(\w+)(?:\[(\d*\.?\d*)(%?)\])?")
_SLICE: Final = re.compile(r"(\w+)(?:\[(\d*):(\d*)\])?")

Bounds = tuple[int | None, int | None]
"""Position of the first row taken, and of the first that is not taken any more."""


def parse_random_mix_string(mix: str) -> dict[str, float]:
    """By split, the share of it: ``name[90%]``, ``name[0.9]`` or ``name``, joined by ``+``.

    >>> parse_random_mix_string("dale[90%]+oren[0.7]+mike")
    {'dale': 0.9, 'oren': 0.7, 'mike': 1.0}

    Raises:
        ValueError: it is no such text.
    """
    shares: dict[str, float] = {}
    for part in mix.split("+"):
        match = _SHARE.fullmatch(part)
        try:
            if match is None:
                raise ValueError(part)
            name, number, percent = match.groups()
            shares[name] = 1.0 if number is None else float(number) / 100 if percent else float(number)
        except ValueError:
            raise ValueError(f"{part!r} in {mix!r} is no split with a share, as train[90%] or train[0.9]") from None
    return shares


def parse_slices_string(slices: str) -> dict[str, list[Bounds]]:
    """By split, the parts of it: ``name[5:10]``, ``name[:50]``, ``name[24:]`` or ``name``, joined by ``+``.

    >>> parse_slices_string("oren[:50]+jake[24:]+test+oren[5:10]")
    {'oren': [(None, 50), (5, 10)], 'jake': [(24, None)], 'test': [(None, None)]}

    Raises:
        ValueError: it is no such text.
    """
    parts: dict[str, list[Bounds]] = {}
    for part in slices.split("+"):
        match = _SLICE.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} in {slices!r} is no part of a split, as train[5:10] or train")
        name, start, stop = match.groups()
        parts.setdefault(name, []).append((int(start) if start else None, int(stop) if stop else None))
    return parts


def source(streams: Streams, name: str) -> Stream:
    """The stream of a name.

    Raises:
        RecipeError: there is none.
    """
    try:
        return streams[name]
    except KeyError:
        raise RecipeError(f"there is no split {name!r}", hint=f"there is {', '.join(map(str, streams))}") from None


def slice_streams(streams: Streams, mapping: Mapping[str, Mapping[str, list[Bounds]]]) -> Streams:
    """New streams made of parts of streams.

    Args:
        streams: The streams.
        mapping: By new stream, by old stream, the bounds of the parts.
    """

    def parts(sources: Mapping[str, list[Bounds]]) -> Iterable[Row]:
        return chain.from_iterable(
            islice(source(streams, name), start, stop) for name, bounds in sources.items() for start, stop in bounds
        )

    return {name: Stream(lambda sources=sources: parts(sources)) for name, sources in mapping.items()}  # type: ignore[misc]


def random_mix_streams(streams: Streams, mapping: Mapping[str, Mapping[str, float]]) -> Streams:
    """New streams made of rows of streams by chance; no row comes into two of them.

    Nothing is held in memory: each new stream reads its sources, and draws for each row what all of them draw.

    Args:
        streams: The streams.
        mapping: By new stream, by old stream, the share of its rows.
    """
    return {name: Stream(lambda name=name: _mixed(streams, mapping, name)) for name in mapping}  # type: ignore[misc]


def _mixed(streams: Streams, mapping: Mapping[str, Mapping[str, float]], wanted: str) -> Iterator[Row]:
    for name in mapping[wanted]:
        targets, weights = _routing(mapping, name)
        # What ``random.choices`` does, without doing its preparations for each row.
        cumulative = list(accumulate(weights))
        total, last = cumulative[-1] + 0.0, len(cumulative) - 1
        if total <= 0.0:
            raise RecipeError(f"the shares of {name!r} are all zero")
        place, draw = targets.index(wanted), random_of(name).random
        for row in source(streams, name):
            if bisect(cumulative, draw() * total, 0, last) == place:
                yield row


def _routing(mapping: Mapping[str, Mapping[str, float]], name: str) -> tuple[list[str | None], list[float]]:
    """Where the rows of a split go (None: nowhere) and how likely; the order decides what a draw means."""
    shares = {target: sources[name] for target, sources in mapping.items() if name in sources}
    total = 0.0
    for share in shares.values():
        total += share
    routes: dict[str | None, float] = {}
    for target, share in shares.items():
        routes[target] = share
        if total < 1:
            routes[None] = 1 - total
    return list(routes), list(routes.values())
