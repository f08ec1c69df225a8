"""Drawings of lines, areas and texts, written as SVG; as PNG with the extra ``plots``.

Coordinates are in pixels from the top left corner.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from regrade import extras

Point: TypeAlias = tuple[float, float]
Anchor: TypeAlias = Literal["start", "middle", "end"]

_PNG, _INSTEAD = "a PNG", "write an .svg, which needs nothing"
_FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"


class Path(NamedTuple):
    """A line through points, closed and filled where it is an area.

    Attributes:
        points: Its points.
        colour: Of the line, ``#rrggbb``; empty for none.
        width: Of the line.
        fill: Colour of the area; empty for a line alone.
        opacity: Of the area, 0 to 1.
        dashes: Lengths of strokes and gaps; empty for an unbroken line.
        closed: Whether the last point is joined to the first.
        title: What a viewer shows when the pointer rests on it.
    """

    points: Sequence[Point]
    colour: str = ""
    width: float = 1.0
    fill: str = ""
    opacity: float = 1.0
    dashes: tuple[float, ...] = ()
    closed: bool = False
    title: str = ""


class Dot(NamedTuple):
    """A filled circle."""

    centre: Point
    radius: float
    colour: str
    title: str = ""


class Text(NamedTuple):
    """A line of text; ``place`` is on its vertical middle."""

    place: Point
    text: str
    size: float = 12.0
    colour: str = "#1f2933"
    anchor: Anchor = "start"
    bold: bool = False


Shape: TypeAlias = Path | Dot | Text


class Drawing(NamedTuple):
    """Shapes on a white page, the first at the bottom.

    Attributes:
        width: In pixels.
        height: In pixels.
        title: What it shows, for those who cannot see it.
        shapes: What is on it.
    """

    width: float
    height: float
    title: str
    shapes: list[Shape]


def text_width(text: str, size: float) -> float:
    """About how wide a text is, in pixels: fonts differ, so it is taken a little too wide."""
    narrow = sum(letter in "ijl.,:;|!'()[]1 It-f" for letter in text)
    wide = sum(letter in "mwMW@%" or ord(letter) > 0x2E80 for letter in text)
    return size * (0.58 * (len(text) - narrow - wide) + 0.36 * narrow + 0.95 * wide)


def to_svg(drawing: Drawing) -> str:
    """The drawing as a self-contained SVG document."""
    width, height = _n(drawing.width), _n(drawing.height)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{_FONT}">',
        f"<title>{escape(drawing.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *map(_svg, drawing.shapes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _svg(shape: Shape) -> str:
    if isinstance(shape, Text):
        weight = ' font-weight="600"' if shape.bold else ""
        x, y = shape.place
        baseline = y + 0.35 * shape.size  # said in numbers, since not every viewer knows dominant-baseline
        return (
            f'<text x="{_n(x)}" y="{_n(baseline)}" font-size="{_n(shape.size)}" '
            f'fill="{shape.colour}" text-anchor="{shape.anchor}"{weight}>'
            f"{escape(shape.text)}</text>"
        )
    if isinstance(shape, Dot):
        x, y = shape.centre
        return _titled(
            f'circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(shape.radius)}" fill="{shape.colour}" stroke="#ffffff"',
            shape.title,
        )
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
    style = [f"fill={quoteattr(shape.fill or 'none')}"]
    if shape.fill and shape.opacity < 1:
        style.append(f'fill-opacity="{_n(shape.opacity)}"')
    if shape.colour:
        style.append(f'stroke="{shape.colour}" stroke-width="{_n(shape.width)}" stroke-linejoin="round"')
    if shape.dashes:
        style.append(f'stroke-dasharray="{" ".join(map(_n, shape.dashes))}"')
    name = "polygon" if shape.closed else "polyline"
    return _titled(f'{name} points="{points}" {" ".join(style)}', shape.title)


def _titled(element: str, title: str) -> str:
    name = element.partition(" ")[0]
    return f"<{element}><title>{escape(title)}</title></{name}>" if title else f"<{element}/>"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def require_png(path: object = None) -> None:
    """Raise UnavailableError where PNG images cannot be drawn here; ``path`` is for the message."""
    where = None if path is None else str(path)
    extras.check_installed("matplotlib", to=_PNG, where=where, hint=_INSTEAD)


def _matplotlib(module: str) -> Any:
    return extras.require(f"matplotlib.{module}", to=_PNG, hint=_INSTEAD)


def to_png(drawing: Drawing, scale: float = 2.0) -> bytes:
    """The drawing as a PNG image of ``scale`` times its size.

    Raises:
        UnavailableError: matplotlib, which draws it, is not installed.
    """
    dots = 100.0 * scale
    inches = (drawing.width / 100, drawing.height / 100)
    figure = _matplotlib("figure").Figure(figsize=inches, dpi=dots, facecolor="white")
    _matplotlib("backends.backend_agg").FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.axis("off")
    for layer, shape in enumerate(drawing.shapes):
        _plot(axes, shape, layer)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dots)
    return out.getvalue()


def _plot(axes: object, shape: Shape, layer: int) -> None:
    """Draw one shape with matplotlib; its unit is a point, 72 to the inch, ours a hundredth of an inch."""
    lines, patches = _matplotlib("lines"), _matplotlib("patches")
    unit, order = 0.72, layer + 2
    if isinstance(shape, Text):
        weight = "bold" if shape.bold else "normal"
        sides = {"start": "left", "middle": "center", "end": "right"}
        axes.text(  # type: ignore[attr-defined]
            *shape.place,
            shape.text.replace("$", r"\$"),
            fontsize=shape.size * unit,
            color=shape.colour,
            ha=sides[shape.anchor],
            va="center_baseline",
            weight=weight,
            zorder=order,
        )
    elif isinstance(shape, Dot):
        axes.add_patch(  # type: ignore[attr-defined]
            patches.Circle(
                shape.centre, shape.radius, facecolor=shape.colour, edgecolor="white", linewidth=unit, zorder=order
            )
        )
    else:
        style = (0, tuple(length / max(shape.width, 1.0) for length in shape.dashes)) if shape.dashes else "solid"
        if shape.fill:
            axes.add_patch(  # type: ignore[attr-defined]
                patches.Polygon(
                    shape.points, closed=True, facecolor=shape.fill, alpha=shape.opacity, linewidth=0, zorder=order
                )
            )
        if shape.colour:
            points = [*shape.points, shape.points[0]] if shape.closed else list(shape.points)
            axes.add_line(  # type: ignore[attr-defined]
                lines.Line2D(
                    [x for x, _ in points],
                    [y for _, y in points],
                    color=shape.colour,
                    linewidth=shape.width * unit,
                    linestyle=style,
                    solid_joinstyle="round",
                    zorder=order,
                )
            )
