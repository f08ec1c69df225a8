"""Which room may import which: the block in ``docs/rooms/index.md``, lazy imports and those for types included."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "regrade"

#: Pairs of modules that do not keep to it: what imports, and what is imported. One that is needed no more is to go.
EXCEPTIONS = {
    ("lm_eval.task_groups", "scoring.check"),
    ("lm_eval.task_groups", "scoring.results"),
    ("metrics.bridge", "cards.references"),
    ("metrics.case", "lm_eval.templates"),
    ("scoring.browse", "cards.references"),
    ("scoring.check", "lm_eval.task_groups"),
    ("scoring.chunk", "cards.references"),
    ("scoring.chunk", "lm_eval.functions"),
    ("scoring.chunk", "lm_eval.templates"),
    ("scoring.options", "lm_eval.configs"),
    ("scoring.options", "lm_eval.filter_file"),
    ("scoring.plan", "cards.recipe"),
    ("scoring.plan", "lm_eval.adopt"),
    ("scoring.plan", "lm_eval.functions"),
    ("scoring.plan", "lm_eval.resolved"),
    ("scoring.plan", "lm_eval.results"),
    ("scoring.planned", "cards.recipe"),
    ("scoring.planned", "lm_eval.named"),
    ("scoring.score", "lm_eval.task_groups"),
    ("scoring.scores", "lm_eval.task_groups"),
    ("scoring.summarise", "lm_eval.functions"),
}


def allowed() -> dict[str, set[str]]:
    page = (ROOT / "docs" / "rooms" / "index.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```text\n(statistics:.*?)```", page, re.DOTALL)
    found: dict[str, set[str]] = {}
    for line in block.splitlines():
        room, _, rooms = line.partition(":")
        found[room] = {*found} if rooms.strip() == "*" else {*rooms.split()}
    return found


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
        if path != PACKAGE / "__init__.py"
    }


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("regrade."):
            module = node.module.removeprefix("regrade.")
            names = [whole if (whole := f"{module}.{one.name}") in known else module for one in node.names]
        elif isinstance(node, ast.Import):
            names = [one.name.removeprefix("regrade.") for one in node.names if one.name.startswith("regrade.")]
        yield from names


def violations() -> set[tuple[str, str]]:
    rooms, known = allowed(), modules()

    def room(module: str) -> str:
        name = module.partition(".")[0]
        return name if (PACKAGE / name).is_dir() else ""

    return {
        (module, imported)
        for module, path in known.items()
        if module not in ("__main__", "plugins")  # what plugins subclass, of every room
        for imported in imports(path, known)
        if room(imported) not in ("", room(module)) and room(imported) not in rooms.get(room(module), set())
    }


def test_every_room_stands_in_the_table() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(allowed())


def test_rooms_import_what_they_may() -> None:
    assert violations() == EXCEPTIONS


def test_no_room_imports_a_door() -> None:
    assert not [pair for pair in violations() if pair[1].startswith(("cli", "api", "testing"))]
    known = modules()
    assert not [name for name, path in known.items() if "plugins" in imports(path, known)]
