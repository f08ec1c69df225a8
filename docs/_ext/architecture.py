"""The picture of ``rooms/architecture``: rooms, how large they are, and which imports which, read from the code."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from html import escape
from pathlib import Path

from sphinx.application import Sphinx

import regrade

PACKAGE = Path(regrade.__file__).parent
WIDTH, HEIGHT, GAP_X, GAP_Y = 132, 46, 34, 46


def rooms() -> list[str]:
    """The rooms, in the order of the line."""
    page = (Path(__file__).parents[1] / "rooms" / "index.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```text\n(statistics:.*?)```", page, re.DOTALL)
    return [line.partition(":")[0] for line in block.splitlines()]


def imports() -> dict[str, set[str]]:
    """By room the rooms that its modules import, late imports included, those for types not."""
    names = set(rooms())
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0]
        if room not in names:
            continue
        for node in _running(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("regrade."):
                other = str(node.module).split(".")[1]
                found[room] |= {other} & (names - {room})
    return found


def _running(tree: ast.AST) -> list[ast.AST]:
    """All nodes but those below ``if TYPE_CHECKING``."""
    nodes: list[ast.AST] = []
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING"):
            nodes += [child, *_running(child)]
    return nodes


def size(room: str) -> tuple[int, int]:
    """Modules and lines of a room."""
    files = [path for path in (PACKAGE / room).rglob("*.py") if path.name != "__init__.py"]
    return len(files), sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)


def layers(order: list[str], used: dict[str, set[str]]) -> list[list[str]]:
    """The rooms in rows: each below all that it imports, as far as they stand before it in the line."""
    depth: dict[str, int] = {}
    for place, room in enumerate(order):
        depth[room] = 1 + max((depth[other] for other in used[room] if other in order[:place]), default=-1)
    return [[room for room in order if depth[room] == row] for row in range(max(depth.values()) + 1)]


def direct(order: list[str], used: dict[str, set[str]]) -> dict[str, set[str]]:
    """The imports that do not follow from others: what a room reaches through another one it uses is left out."""
    before = {room: {other for other in used[room] if order.index(other) < order.index(room)} for room in order}
    reached: dict[str, set[str]] = {}
    for room in order:
        reached[room] = before[room].union(*(reached[other] for other in before[room]))
    return {
        room: {
            other
            for other in used[room]
            if other not in before[room] or not any(other in reached[third] for third in before[room])
        }
        for room in order
    }


def draw() -> str:
    """The picture as SVG. Arrows go from a room to those it imports; dashed ones go against the line."""
    order, used = rooms(), imports()
    rows, shown = layers(order, used), direct(order, used)
    across = max(map(len, rows)) * (WIDTH + GAP_X) - GAP_X
    places: dict[str, tuple[float, float]] = {}
    for row, names in enumerate(rows):
        left = (across - len(names) * (WIDTH + GAP_X) + GAP_X) / 2
        for column, name in enumerate(names):
            places[name] = (left + column * (WIDTH + GAP_X) + 10, row * (HEIGHT + GAP_Y) + 10)
    total = across + 20, len(rows) * (HEIGHT + GAP_Y) - GAP_Y + 20
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total[0]:.0f} {total[1]:.0f}" role="img" '
            'font-family="sans-serif" font-size="14">'
        ),
        "<title>Rooms of regrade and their imports</title>",
        (
            '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0L8 4L0 8z" fill="#7d8590"/></marker></defs>'
        ),
        f'<rect width="{total[0]:.0f}" height="{total[1]:.0f}" fill="#fff"/>',
    ]
    for room in order:
        for other in sorted(shown[room]):
            against = order.index(other) > order.index(room)
            parts.append(_arrow(places[room], places[other], against=against))
    for room, (x, y) in places.items():
        modules, lines = size(room)
        middle = x + WIDTH / 2
        parts.append(
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#eef4fb" stroke="#3b6ea5"/>'
        )
        parts.append(f'<text x="{middle}" y="{y + 20}" text-anchor="middle" font-weight="600">{escape(room)}</text>')
        told = f"{modules} modules, {lines:,} lines"
        parts.append(
            f'<text x="{middle}" y="{y + 36}" text-anchor="middle" font-size="10" fill="#57606a">{told}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _arrow(start: tuple[float, float], end: tuple[float, float], *, against: bool) -> str:
    x, y = start[0] + WIDTH / 2, start[1]
    to_x, to_y = end[0] + WIDTH / 2, end[1] + HEIGHT
    if against or to_y > y:
        y, to_y = start[1] + HEIGHT / 2, end[1] + HEIGHT / 2
        dashed = ' stroke-dasharray="5 4"'
    else:
        dashed = ""
    half = (y + to_y) / 2
    way = f"M{x:.0f} {y:.0f}C{x:.0f} {half:.0f} {to_x:.0f} {half:.0f} {to_x:.0f} {to_y:.0f}"
    return f'<path d="{way}" fill="none" stroke="#7d8590" stroke-opacity=".55" marker-end="url(#to)"{dashed}/>'


def write_picture(app: Sphinx) -> None:
    """Write the picture, if it has changed."""
    file = Path(app.srcdir) / "reference" / "generated" / "architecture.svg"
    file.parent.mkdir(parents=True, exist_ok=True)
    picture = draw()
    if not file.exists() or file.read_text(encoding="utf-8") != picture:
        file.write_text(picture, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the picture before the files are read."""
    app.connect("builder-inited", write_picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
