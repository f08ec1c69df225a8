"""Which tokens spell a text, and which of them spell what follows a place in it.

Servers write the same token in many ways. Each way is a reading of the token's text; the readings that together spell
the text, byte by byte, are found, and where two of them would cut it at different tokens, nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

Piece: TypeAlias = str | bytes | None
"""A token as a server writes it: a text, or its very bytes; None where it does not say (vLLM of the first token)."""

Style: TypeAlias = Literal["whole", "spaces dropped", "bytes dropped"]

_STYLES: Final[tuple[Style, ...]] = ("whole", "spaces dropped", "bytes dropped")
_SPECIAL: Final = re.compile(r"<[^<>\s]+>|\[[A-Za-z_]+\]|<｜[^<>]+｜>")
_MOST_SPECIALS: Final = 4
_ESCAPE: Final = re.compile(r"\\x([0-9a-fA-F]{2})")
_SENTENCEPIECE_BYTE: Final = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"
_SPACE_MARK: Final = "▁"
_LONGEST_CHARACTER: Final = 4
_LONGEST_TOKEN: Final = 256


class SpellingError(ValueError):
    """Tokens that do not spell a text, or do so in ways that would be cut at different tokens."""


class StraddlingError(SpellingError):
    """A token holds the end of what comes before and the beginning of what follows."""


class Cut(NamedTuple):
    """The tokens of a text.

    Attributes:
        start: The first token that belongs to what follows the border.
        end: One more than the text's last token; tokens beyond were generated.
        pieces: For each token from ``start`` to ``end`` which of its candidates spell the text.
    """

    start: int
    end: int
    pieces: tuple[tuple[int, ...], ...]


def _gpt2_alphabet() -> dict[str, int]:
    """The byte that each character of GPT-2's byte-level alphabet stands for (``bytes_to_unicode`` of its encoder)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}


_GPT2: Final = _gpt2_alphabet()


def cut_tokens(
    tokens: Sequence[Sequence[Piece]], text: str, border: int, *, start: int | None = None, whole: bool = False
) -> Cut:
    """Find the tokens that spell a text, and the first of them that belongs to what follows ``border``.

    Special tokens before the text (``<s>``, ``<|begin_of_text|>``, ``[gMASK]``) are left out. Tokens without a text
    belong to the one behind them: servers show a character that is split across tokens with its last one.

    Args:
        tokens: For each token the ways it may be written; one of them is the text's own.
        text: What was tokenized.
        border: The characters of ``text`` that come before the border.
        start: Cut before this token, wherever the border is.
        whole: Whether the tokens are the text's and no other; else generated ones may follow.

    Raises:
        StraddlingError: a token crosses the border, and ``start`` is None.
        SpellingError: the tokens do not spell the text, or it cannot be told which of them lie behind the border.
    """
    data = text.encode("utf-8", "replace")
    place = len(text[:border].encode("utf-8", "replace"))
    furthest = (-1, 0)
    for style in _STYLES:
        cuts, straddling = set(), False
        for first in _first_tokens(tokens):
            lattice = _Lattice(tokens, data, first, style, whole)
            furthest = max(furthest, lattice.furthest)
            if lattice.end is None:
                continue
            try:
                cuts.add(lattice.cut(place) if start is None else lattice.cut_before(start))
            except StraddlingError:
                straddling = True
        if len(cuts) + straddling > 1:
            raise SpellingError("the tokens spell the prompt in more ways than one")
        if straddling:
            raise StraddlingError("a token crosses the end of the context")
        if cuts:
            return cuts.pop()
    raise SpellingError(_difference(tokens, data, furthest))


def _first_tokens(tokens: Sequence[Sequence[Piece]]) -> Iterator[int]:
    """How many tokens may stand before the text."""
    yield 0
    for place, pieces in enumerate(tokens[:_MOST_SPECIALS], start=1):
        if not any(isinstance(piece, str) and (not piece or _SPECIAL.fullmatch(piece)) for piece in pieces):
            return
        yield place


def _difference(tokens: Sequence[Sequence[Piece]], data: bytes, furthest: tuple[int, int]) -> str:
    place, token = max(furthest[0], 0), furthest[1]
    before = data[max(0, place - 24) : place].decode("utf-8", "ignore")
    after = data[place : place + 24].decode("utf-8", "ignore")
    if token >= len(tokens):
        return f"the tokens that came back end before the prompt does, after {before!r}"
    return f"the tokens that came back do not spell the prompt: {tokens[token][0]!r} stands where it has {after!r}"


class _Lattice:
    """All ways in which tokens spell a text, from one token on.

    Attributes:
        end: One more than the last token of the text; None if they do not spell it.
        furthest: How many bytes are spelled at most, and by how many tokens.
    """

    def __init__(self, tokens: Sequence[Sequence[Piece]], data: bytes, first: int, style: Style, whole: bool) -> None:
        self.tokens, self.data, self.first, self.style = tokens, data, first, style
        self.levels: list[set[int]] = [{0}]
        self.furthest = (0, first)
        ends = [first] if not data else []
        for place in range(first, len(tokens)):
            reached = {
                position + length
                for position in self.levels[-1]
                for piece in tokens[place]
                for length in self.lengths(piece, position)
            }
            if not reached:
                break
            self.levels.append(reached)
            self.furthest = max(self.furthest, (max(reached), place + 1))
            if len(data) in reached:
                ends.append(place + 1)
        self.end = self._one_end([end for end in ends if end == len(tokens)] if whole else ends)
        if self.end is not None:
            self._keep_whole_ways(self.end)

    def _one_end(self, ends: list[int]) -> int | None:
        """The fewest tokens that spell the text."""
        if len(ends) > 1 and self._is_filled(ends[0], ends[-1]):
            raise SpellingError("it cannot be told where the prompt ends among the tokens that came back")
        return ends[0] if ends else None

    def _is_filled(self, start: int, end: int) -> bool:
        """Whether tokens may hold a part of the text, so that it matters on which side they are."""
        return self.style == "bytes dropped" or any(any(pieces) for pieces in self.tokens[start:end])

    def _keep_whole_ways(self, end: int) -> None:
        """Leave out positions that do not lead to the end."""
        del self.levels[end - self.first + 1 :]
        self.levels[-1] = {len(self.data)}
        for place in range(end - 1, self.first - 1, -1):
            level = place - self.first
            self.levels[level] = {
                position for position in self.levels[level] if next(self.steps(place, position), None) is not None
            }

    def steps(self, place: int, position: int) -> Iterator[tuple[int, int]]:
        """The candidates of a token that lead from a position on to the end, and where to."""
        behind = self.levels[place - self.first + 1]
        for number, piece in enumerate(self.tokens[place]):
            for length in self.lengths(piece, position):
                if position + length in behind:
                    yield number, position + length

    def cut(self, border: int) -> Cut:
        """The cut at a position."""
        assert self.end is not None
        starts = [self.first + level for level, positions in enumerate(self.levels) if border in positions]
        crossed = any(
            position < border < behind
            for place in range(self.first, self.end)
            for position in self.levels[place - self.first]
            for _, behind in self.steps(place, position)
        )
        if not starts:
            raise StraddlingError("a token crosses the end of the context")
        if crossed or (len(starts) > 1 and self._is_filled(starts[0], starts[-1])):
            raise SpellingError("it cannot be told which tokens are the continuation's")
        if border == 0 and self.first == 0 and self.tokens and not any(self.tokens[0]) and len(starts) > 1:
            # With nothing before it, the first token may be a special one or the first piece of a split character.
            if self.style != "whole" or not self.data[:1].isascii():
                raise SpellingError("it cannot be told whether the first token, which has no text, is special")
            return self.cut_before(starts[-1])
        return self.cut_before(starts[0])

    def cut_before(self, start: int) -> Cut:
        """The cut before a token."""
        assert self.end is not None
        pieces = tuple(
            tuple(
                sorted(
                    {
                        number
                        for position in self.levels[place - self.first]
                        for number, _ in self.steps(place, position)
                    }
                )
            )
            for place in range(max(start, self.first), self.end)
        )
        return Cut(start, self.end, pieces)

    def lengths(self, piece: Piece, position: int) -> Iterable[int]:
        """How many bytes a token may spell from a position on."""
        if piece is None:
            return range(min(_LONGEST_TOKEN, len(self.data) - position) + 1)
        readings = [piece] if isinstance(piece, bytes) else _READINGS.get(piece) or _readings(piece)
        data = self.data
        found = set()
        for reading in readings:
            if data.startswith(reading, position):
                found.add(len(reading))
            if position == 0 and reading[:1] == b" " and data.startswith(reading[1:], position):
                found.add(len(reading) - 1)  # SentencePiece puts a space before the text
            if self.style == "spaces dropped" and data.startswith(b" " + reading, position):
                found.add(len(reading) + 1)
        if isinstance(piece, str):
            if _UNKNOWN in piece:
                found |= _decoded(piece, data, position, "replace")
            if self.style == "bytes dropped":
                found |= _decoded(piece, data, position, "ignore")
        return found


_READINGS: Final[dict[str, list[bytes]]] = {}
_MOST_READINGS: Final = 100_000


def _readings(text: str) -> list[bytes]:
    """The bytes that a token's text may stand for, remembered."""
    found = [text.encode("utf-8", "replace")]
    if text.startswith("bytes:"):  # OpenAI's: bytes:\xe2\x96
        escaped = text[6:].encode("utf-8", "replace").decode("latin-1")
        found.append(_ESCAPE.sub(lambda match: chr(int(match[1], 16)), escaped).encode("latin-1"))
    if byte := _SENTENCEPIECE_BYTE.fullmatch(text):
        found.append(bytes([int(byte[1], 16)]))
    if _SPACE_MARK in text:
        found.append(text.replace(_SPACE_MARK, " ").encode("utf-8", "replace"))
    if not text.isascii() and all(character in _GPT2 for character in text):
        found.append(bytes(_GPT2[character] for character in text))
    if len(_READINGS) >= _MOST_READINGS:
        _READINGS.clear()
    _READINGS[text] = found
    return found


def _decoded(text: str, data: bytes, position: int, errors: Literal["replace", "ignore"]) -> set[int]:
    """The lengths of those bytes at a position that a server would show as ``text``: halves of characters are lost."""
    size = len(text.replace(_UNKNOWN, "").encode("utf-8", "replace"))
    most = size + (_LONGEST_CHARACTER - 1) * (text.count(_UNKNOWN) if errors == "replace" else 2)
    return {
        length
        for length in range(max(size, 1), most + 1)
        if position + length <= len(data) and data[position : position + length].decode("utf-8", errors) == text
    }
