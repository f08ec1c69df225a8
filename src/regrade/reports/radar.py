"""Radar charts: one axis per group, one outline per run."""

from __future__ import annotations

import math
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from regrade.errors import UsageError
from regrade.reports.drawing import (
    Anchor,
    Dot,
    Drawing,
    Path,
    Point,
    Shape,
    Text,
    require_png,
    text_width,
    to_png,
    to_svg,
)
from regrade.reports.summary import number
from regrade.reports.wide import Breakdown, Line, breakdowns

if TYPE_CHECKING:
    from regrade.scoring.scores import ScoredSources

#: Colours that people of all kinds of colour vision tell apart (after Okabe and Ito 2008), darker where lines are thin.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#b8488f", "#b88600", "#3fa0d8", "#4b5563", "#7b3ff2")
_DASHES: tuple[tuple[float, ...], ...] = ((), (7, 4), (2, 3), (9, 3, 2, 3))

_RADIUS = 210.0
_RINGS = 5
_MOST_RUNS = len(COLOURS) * len(_DASHES)


def write_radar(scores: ScoredSources, path: FilePath) -> None:
    """Write the radar chart of a scoring ``--by`` something to an ``.svg`` or ``.png`` file.

    Raises:
        UsageError: the file's name ends otherwise, its folder is missing, or the scores do not make one chart.
        UnavailableError: a PNG is asked for and matplotlib is not installed.
    """
    from regrade.atomic import replacing

    kind = refuse_other_kinds(path)
    drawing = radar(the_one_breakdown(scores))
    content = to_svg(drawing).encode() if kind == ".svg" else to_png(drawing)
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def refuse_other_kinds(path: FilePath) -> str:
    """``.svg`` or ``.png``, by a file's name.

    Raises:
        UsageError: its name ends otherwise, or its folder is not there.
        UnavailableError: a PNG is asked for and matplotlib is not installed.
    """
    kind = path.suffix.lower()
    if kind not in (".svg", ".png"):
        raise UsageError("is neither .svg nor .png", where=f"--radar {path}")
    if kind == ".png":
        require_png(path)
    if not path.parent.is_dir():
        raise UsageError("the folder is not there", where=f"--radar {path}")
    return kind


def the_one_breakdown(scores: ScoredSources) -> Breakdown:
    """The breakdown that a chart shows.

    Raises:
        UsageError: there are no groups, or several tasks, filters or metrics.
    """
    if not scores.options.by:
        raise UsageError("a radar chart needs groups", where="--radar", hint="add --by EXPR, such as --by doc.category")
    found = [item for item in breakdowns(scores) if any(_value(line.whole.value) is not None for line in item.lines)]
    if not found:
        raise UsageError("nothing was scored that a chart could show", where="--radar")
    for name, values, hint in (
        ("metrics", {item.metric for item in found}, "--metric NAME chooses one"),
        ("filters", {item.filter for item in found}, "name one by --filters or --extract"),
        ("tasks", {item.task for item in found}, "name the files of one task"),
    ):
        if len(values) > 1:
            listed = ", ".join(sorted(values))
            raise UsageError(f"a radar chart shows one of several {name}: {listed}", where="--radar", hint=hint)
    return found[0]


def radar(item: Breakdown, *, title: str | None = None) -> Drawing:
    """Draw a breakdown.

    Axes begin at 0 in the middle and end at the next 1, 10 or 100, or round number, above the largest value. A run that
    lacks a group has a gap in its outline there.

    Raises:
        UsageError: there are fewer than 3 groups, more runs than can be told apart, or negative values.
    """
    if len(item.columns) < 3:
        raise UsageError(f"a radar chart needs at least 3 groups; there are {len(item.columns)}", where="--radar")
    if len(item.lines) > _MOST_RUNS:
        raise UsageError(f"a radar chart shows up to {_MOST_RUNS} runs, not {len(item.lines)}", where="--radar")
    values = [v for line in item.lines for r in line.groups.values() if (v := _value(r.value)) is not None]
    if not values:
        raise UsageError("nothing was scored that a chart could show", where="--radar")
    if min(values) < 0:
        raise UsageError("a radar chart needs values of 0 and more", where="--radar")
    end = axis_end(max(values))
    margin = max(text_width(name, 13) for name in item.columns) + 34
    centre = (margin + _RADIUS, 64 + _RADIUS + 24)
    legend_at = centre[0] + _RADIUS + margin + 12
    labels = [line.label for line in item.lines]
    width = legend_at + 52 + max(text_width(label, 13) for label in labels) + 94
    height = max(centre[1] + _RADIUS + 50, 120 + 24 * len(labels))
    heading = title or f"{item.metric}, {item.task}"
    shapes: list[Shape] = [Text((28, 34), heading, 17, bold=True)]
    shapes += _web(item.columns, centre, end)
    for place, line in enumerate(item.lines):
        shapes += _outline(line, place, item.columns, centre, end, few=len(item.lines) <= 3)
    shapes += _legend(item.lines, (legend_at, max(96.0, centre[1] - 12 * len(labels))))
    told = "; ".join(f"{line.label} {number(line.whole.value, 2)}" for line in item.lines)
    return Drawing(width, height, f"{heading}, by group, for {told}", shapes)


def axis_end(largest: float) -> float:
    """Where an axis ends: 1, 10 or 100, whichever is the next, or the next 2, 5 or 10 times a power of ten.

    Example:
        >>> axis_end(0.7), axis_end(9.2), axis_end(76.9), axis_end(130.0)
        (1.0, 10.0, 100.0, 200.0)
    """
    for end in (1.0, 10.0, 100.0):
        if largest <= end:
            return end
    power = 10.0 ** math.floor(math.log10(largest))
    return next(step * power for step in (1, 2, 5, 10) if largest <= step * power)


def _value(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _at(centre: Point, angle: float, radius: float) -> Point:
    return centre[0] + radius * math.sin(angle), centre[1] - radius * math.cos(angle)


def _web(columns: list[str], centre: Point, end: float) -> list[Shape]:
    """Rings with their scale, axes, and the groups' names around them."""
    angles = [2 * math.pi * place / len(columns) for place in range(len(columns))]
    shapes: list[Shape] = []
    for ring in range(_RINGS, 0, -1):
        points = [_at(centre, angle, _RADIUS * ring / _RINGS) for angle in angles]
        outer = ring == _RINGS
        fill = "#f8fafb" if outer else ""
        shapes.append(Path(points, "#9aa5b1" if outer else "#d9dee4", 1.2 if outer else 1.0, fill, closed=True))
    shapes += [Path([centre, _at(centre, angle, _RADIUS)], "#d9dee4") for angle in angles]
    for ring in range(1, _RINGS + 1):
        x, y = _at(centre, 0, _RADIUS * ring / _RINGS)
        shapes.append(Text((x - 6, y + 13), f"{end * ring / _RINGS:g}", 10.5, "#7b8794", "end"))
    for angle, name in zip(angles, columns, strict=True):
        x, y = _at(centre, angle, _RADIUS + 18)
        side = math.sin(angle)
        anchor: Anchor = "middle" if abs(side) < 0.15 else "start" if side > 0 else "end"
        shapes.append(Text((x, y), name, 13, anchor=anchor))
    return shapes


def _style(place: int) -> tuple[str, tuple[float, ...]]:
    return COLOURS[place % len(COLOURS)], _DASHES[place // len(COLOURS)]


def _outline(line: Line, place: int, columns: list[str], centre: Point, end: float, *, few: bool) -> list[Shape]:
    colour, dashes = _style(place)
    points: list[Point | None] = []
    dots: list[Shape] = []
    for number_of, name in enumerate(columns):
        value = _value(line.groups[name].value) if name in line.groups else None
        if value is None:
            points.append(None)
            continue
        point = _at(centre, 2 * math.pi * number_of / len(columns), _RADIUS * value / end)
        points.append(point)
        dots.append(Dot(point, 3.2, colour, f"{line.label}, {name}: {number(value, 2)}"))
    if None not in points:
        whole = [point for point in points if point is not None]
        area = Path(whole, colour, 2.2, colour if few else "", 0.08, dashes, closed=True, title=line.label)
        return [area, *dots]
    return [*(Path(part, colour, 2.2, dashes=dashes, title=line.label) for part in _unbroken(points)), *dots]


def _unbroken(points: list[Point | None]) -> list[list[Point]]:
    """The stretches of a ring of points between its gaps, of two points and more."""
    gap = points.index(None)
    parts: list[list[Point]] = [[]]
    for point in [*points[gap:], *points[:gap]]:
        if point is None:
            parts.append([])
        else:
            parts[-1].append(point)
    return [part for part in parts if len(part) > 1]


def _legend(lines: list[Line], start: Point) -> list[Shape]:
    x, y = start
    end = x + 44 + max(text_width(line.label, 13) for line in lines) + 66
    shapes: list[Shape] = [Text((end, y - 22), "all", 11, "#7b8794", "end")]
    for place, line in enumerate(lines):
        colour, dashes = _style(place)
        here = y + 24 * place
        shapes.append(Path([(x, here), (x + 32, here)], colour, 2.6, dashes=dashes))
        if not dashes:
            shapes.append(Dot((x + 16, here), 4, colour))
        shapes.append(Text((x + 44, here), line.label, 13))
        shapes.append(Text((end, here), number(line.whole.value, 2), 13, anchor="end", bold=True))
    return shapes
