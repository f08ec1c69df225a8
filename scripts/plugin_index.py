"""Write ``src/regrade/plugin_index.py``: the module of each built-in plugin, found by importing every module."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

import regrade
from regrade import registry

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "src" / "regrade" / "plugin_index.py"

HEAD = '''"""Which module defines a built-in plugin: kind, name, module. Written by ``make index``; not to be edited."""

INDEX: dict[str, dict[str, str]] = {
'''

MARKS = """MARKS: dict[str, tuple[tuple[bytes, ...], ...]] = {
"""


def find() -> dict[str, dict[str, str]]:
    """Import every module of Regrade; return kind, name and module of all that is registered."""
    for module in pkgutil.walk_packages(regrade.__path__, "regrade."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return {
        kind: {name: cls.__module__ for name, cls in sorted(registry._classes[kind].items())}
        for kind in sorted(registry._classes)
    }


def render(index: dict[str, dict[str, str]]) -> str:
    """Return the text of the module."""
    lines = [HEAD]
    for kind, names in index.items():
        lines.append(f'    "{kind}": {{\n')
        lines += [f'        "{name}": "{module}",\n' for name, module in names.items() if module.startswith("regrade.")]
        lines.append("    },\n")
    lines.append(f"}}\n\n{MARKS}")
    for name, cls in sorted(registry._classes["reader"].items()):
        if cls.__module__.startswith("regrade.") and cls.marks:
            groups = [f"({', '.join(map(as_literal, group))}{',' * (len(group) == 1)})" for group in cls.marks]
            one, several = f"({groups[0]},)", "(\n" + "".join(f"        {group},\n" for group in groups) + "    )"
            lines.append(f'    "{name}": {several if groups[1:] else one},\n')
    return "".join([*lines, "}\n"])


def as_literal(mark: bytes) -> str:
    """Bytes as the formatter writes them."""
    text = repr(mark)
    return text if '"' in text else f'b"{text[2:-1]}"'


if __name__ == "__main__":
    text = render(find())
    if PAGE.read_text(encoding="utf-8") != text:
        PAGE.write_text(text, encoding="utf-8")
        sys.stderr.write(f"{PAGE.relative_to(ROOT)} is written\n")
