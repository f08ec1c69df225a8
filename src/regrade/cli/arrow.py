"""Arrow that does not load pandas, for processes of our own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


def leave_pandas_out() -> None:
    """Have Arrow not look for pandas with the first list that it is given.

    It would load pandas, where that is installed, to see whether a list is perhaps a series of pandas: half a second
    and 40 MB. What asks Arrow for pandas (``to_pandas``), or imports it, still gets it. Only the commands do this: in
    another's process a list may well be a series, or hold pandas' own nulls.
    """
    if "pandas" not in sys.modules and "pyarrow" not in sys.modules:
        sys.meta_path.insert(0, _ArrowFinder())


class _ArrowFinder:
    """Finds pyarrow where it is, and has it look for pandas once, in vain, when it is loaded."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "pyarrow":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_without_pandas(module: ModuleType) -> None:
                load(module)
                if "pandas" not in sys.modules:  # else it is pandas that loads Arrow, and is not whole yet
                    _look_for_pandas_in_vain(module)

            spec.loader.exec_module = load_without_pandas  # type: ignore[method-assign]
        return spec


class _NoPandas:
    """Finds no pandas. A ``None`` in ``sys.modules`` would do for Python, but not for Arrow's compiled code."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError("left out", name=name)
        return None


def _look_for_pandas_in_vain(pyarrow: ModuleType) -> None:
    """Arrow looks with its first list, and remembers that there is none until it is asked for pandas by name."""
    hidden = _NoPandas()
    sys.meta_path.insert(0, hidden)
    try:
        pyarrow.lib.array([0])
    finally:
        sys.meta_path.remove(hidden)
