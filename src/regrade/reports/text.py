"""Tables of text for terminals, and the few marks used in them.

A report of a few rows has to be there at once; a table of plain text costs no import.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Sequence
from typing import IO, Any, Literal

Align = Literal["<", ">"]

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

#: What steers a terminal or turns the order of a text around: controls (C0 but for tab and newline, DEL, C1), the
#: overrides and isolates of bidirectional text, and the separators that some terminals take for line ends.
_UNSAFE = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
_replace_unsafe = re.compile(_UNSAFE).sub
_replace_unsafe_but_styles = re.compile(rf"\x1b\[(?:0|{'|'.join(_CODES.values())})m|{_UNSAFE}").sub


def colours(stream: IO[str] | None = None) -> bool:
    """Whether a stream takes colours: a terminal, unless NO_COLOR or TERM=dumb says otherwise."""
    stream = stream or sys.stdout
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def mark(text: str, style: str, on: bool | None = None) -> str:
    """``text`` in a style (bold, dim, red, green, yellow, cyan) where colours are on."""
    if not (colours() if on is None else on):
        return text
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def without_colours(text: str) -> str:
    """A text without the styles that :func:`mark` puts around words."""
    return re.sub("\x1b\\[\\d+m", "", text)


def width(text: str) -> int:
    """Columns that a text takes in a terminal; escape codes take none, wide characters two."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    columns, escape = 0, False
    for character in text:
        if escape:
            escape = character != "m"
        elif character == "\x1b":
            escape = True
        elif not unicodedata.combining(character):
            columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return columns


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], align: str | None = None) -> str:
    """Rows under a header, columns two spaces apart.

    On a terminal that is too narrow, columns that say the same in every row stand in a line above, as many as it takes.

    Args:
        header: Titles; columns whose cells are all empty are left out.
        rows: Cells; None is an empty one.
        align: One of ``<`` and ``>`` per column; by default all are aligned left.
    """
    cells = [[("" if cell is None else _cell(str(cell))) for cell in row] for row in rows]
    shown = [place for place in range(len(header)) if any(row[place] for row in cells)]
    align = align or "<" * len(header)
    widths = {p: max(width(header[p]), *(width(row[p]) for row in cells)) for p in shown}
    above = _same_in_all_rows(header, cells, widths, align)
    shown = [place for place in shown if place not in above]

    def line(texts: Sequence[str]) -> str:
        parts = []
        for place in shown:
            space = " " * (widths[place] - width(texts[place]))
            parts.append(texts[place] + space if align[place] == "<" else space + texts[place])
        return "  ".join(parts).rstrip()

    said = [mark("  ".join(f"{header[place]}: {cells[0][place]}" for place in above), "dim")] if above else []
    return "\n".join([*said, mark(line(header), "bold"), *(line(row) for row in cells)])


def _same_in_all_rows(header: Sequence[str], cells: list[list[str]], widths: dict[int, int], align: str) -> list[int]:
    """The columns that are told above a table, so that a narrow terminal breaks no line: words first, then numbers."""
    if not sys.stdout.isatty():
        return []
    import shutil

    too_wide = sum(widths.values()) + 2 * (len(widths) - 1) - shutil.get_terminal_size().columns
    above: list[int] = []
    for place in sorted(widths, key=lambda place: align[place] == ">"):
        if too_wide <= 0 or (align[place] == ">" and len(cells) == 1):
            break
        if header[place] and len({row[place] for row in cells}) == 1 and len(above) < len(widths) - 1:
            above.append(place)
            too_wide -= widths[place] + 2
    return sorted(above)


def _cell(text: str) -> str:
    """A text within a line, with our own styles."""
    return text if text.isprintable() else escape(text, styles=True).replace("\n", "\\n").replace("\t", "\\t")


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 row``, ``2 rows``; thousands are separated."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def printable(text: str) -> str:
    """A text whose control characters are shown as escapes: what a model wrote must not steer the terminal."""
    return escape(text, styles=False)


def escape(text: str, *, styles: bool) -> str:
    r"""Show what would steer a terminal as ``\x1b`` or, beyond ASCII and so that JSON stays JSON, as ``\u009b``.

    Args:
        text: Any text; newlines and tabs stay.
        styles: Leave the codes of :func:`mark` as they are.
    """
    if text.isprintable():
        return text
    return (_replace_unsafe_but_styles if styles else _replace_unsafe)(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    text = found[0]
    if len(text) > 1:
        return text
    return f"\\x{ord(text):02x}" if text < " " else f"\\u{ord(text):04x}"


def clip(text: str, columns: int) -> str:
    """A text on one line, cut to ``columns`` with an ellipsis."""
    text = printable(" ".join(text.split()))
    return text if len(text) <= columns else text[: columns - 1] + "…"
