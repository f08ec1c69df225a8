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
    return "".join([*lines, "}\n"])


if __name__ == "__main__":
    text = render(find())
    if PAGE.read_text(encoding="utf-8") != text:
        PAGE.write_text(text, encoding="utf-8")
        sys.stderr.write(f"{PAGE.relative_to(ROOT)} is written\n")
