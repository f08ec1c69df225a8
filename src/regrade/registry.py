"""The registry of plugins: a kind and a name lead to a class.

Built-ins register with :func:`register` beside their definition; :mod:`regrade.plugin_index`, made from these
registrations, names the module of each, so that a command imports what it uses. Third parties name a module in the
entry-point group ``regrade.plugins``; it is imported, once, when a name is not found among the built-ins, and registers
by the same decorator::

    from regrade.registry import register
    from regrade.metrics import Metric

    @register("metric", "starts_with")
    class StartsWith(Metric):
        '''1 where the answer starts with the reference.'''

        def measure(self, case):
            return float(case.extracted[0].startswith(case.gold))

A plugin that cannot be imported is named in a :class:`~regrade.errors.RegradeWarning` and skipped.

A file that a person names by ``--plugin`` registers the same way; see :mod:`regrade.plugin_files`.

Names in task files and logs are looked up here and never imported, so data cannot run code.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any, TypeVar

from regrade.errors import RecipeError, RegradeWarning
from regrade.plugin_index import INDEX, MARKS

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_Class = TypeVar("_Class", bound=type)

ENTRY_POINT_GROUP = "regrade.plugins"


_classes: dict[str, dict[str, type]] = {kind: {} for kind in INDEX}
_replaced = [0]
_complete: set[str] = set()
_plugins_loaded = False
_broken: list[str] = []


def register(kind: str, *names: str) -> Callable[[_Class], _Class]:
    """Register the decorated class under ``names`` of ``kind``.

    Raises:
        RecipeError: ``kind`` is unknown, or another class has the name already.
    """
    if kind not in _classes:
        raise RecipeError(f"unknown plugin kind {kind!r}", hint=f"kinds: {', '.join(sorted(_classes))}")

    def add(cls: _Class) -> _Class:
        for name in names:
            known = _classes[kind].get(name)
            owner = INDEX[kind].get(name)
            if owner is not None and not cls.__module__.startswith("regrade."):
                raise RecipeError(f"{kind} {name!r} is already registered by {owner}")
            if known is not None and _is_another(known, cls):
                raise RecipeError(f"{kind} {name!r} is already registered by {known.__module__}.{known.__qualname__}")
            _replaced[0] += known is not None
            _classes[kind][name] = cls
        return cls

    return add


def _is_another(known: type, cls: type) -> bool:
    """Whether two classes of one name are not the same one, defined anew as its module is loaded again."""
    return (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__)


def _load_builtins(kind: str, wanted: str | None = None) -> None:
    """Import the modules of a kind, or only the one that defines a name."""
    index = INDEX[kind]
    if wanted is not None:
        if wanted not in _classes[kind] and wanted in index:
            import_module(index[wanted])
    elif kind not in _complete:
        for module in dict.fromkeys(index.values()):
            import_module(module)
        _complete.add(kind)


def _load_plugins() -> None:
    global _plugins_loaded
    if not _plugins_loaded:
        _plugins_loaded = True
        if not _may_have_plugins():
            return
        from importlib.metadata import entry_points

        for point in entry_points(group=ENTRY_POINT_GROUP):
            try:
                point.load()
            except (Exception, SystemExit) as error:  # code of others: one that is broken may not take the rest with it
                _broken.append(_describe(point, error))
                warnings.warn(_broken[-1], RegradeWarning, stacklevel=2)


def _may_have_plugins() -> bool:
    """Whether a package that names plugins may be installed; false only where that is sure.

    ``importlib.metadata`` would know, and takes longer to load than a table to score.
    """
    group = ENTRY_POINT_GROUP.encode()
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return True
    for folder in dict.fromkeys(path or os.curdir for path in sys.path):
        try:
            names = os.listdir(folder)  # noqa: PTH208 - names, and no paths
        except FileNotFoundError:
            continue
        except OSError:  # an archive, which may hold packages
            return True
        for name in names:
            if name.endswith(".egg"):
                return True
            if name.endswith((".dist-info", ".egg-info")):
                try:
                    with open(f"{folder}/{name}/entry_points.txt", "rb") as file:  # noqa: PTH123 - half the time
                        if group in file.read():
                            return True
                except (FileNotFoundError, NotADirectoryError):
                    continue
    return False


def _describe(point: EntryPoint, error: BaseException) -> str:
    package = f" of the package {point.dist.name}" if point.dist is not None else ""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"the plugin {point.name!r}{package} ({point.value}) is skipped: {type(error).__name__}: {reason}"


def plugin_modules() -> list[str]:
    """The modules outside Regrade whose classes are registered here: another process that imports them has them too."""
    found = {cls.__module__ for classes in _classes.values() for cls in classes.values()}
    return sorted(name for name in found if name != "__main__" and not name.startswith(("regrade.", "regrade_plugin_")))


def classes_of(module: str) -> Iterator[tuple[str, str]]:
    """Kind and name of each class that a module has registered."""
    for kind, classes in _classes.items():
        for name, cls in classes.items():
            if cls.__module__ == module:
                yield kind, name


def times_replaced() -> int:
    """How often a class has given way to another of its name: what was made of classes before is of old ones."""
    return _replaced[0]


def unregister(module: str) -> None:
    """Forget the classes that a module has registered."""
    _replaced[0] += 1
    for kind, name in list(classes_of(module)):
        del _classes[kind][name]


def lookup(kind: str, name: str) -> type[Any]:
    """Return the class registered as ``name`` of ``kind``.

    Raises:
        RecipeError: no such name; the nearest names are suggested.
    """
    _load_builtins(kind, name)
    if name not in _classes[kind]:
        _load_plugins()
    try:
        return _classes[kind][name]
    except KeyError:
        import difflib

        _load_builtins(kind)

        near = difflib.get_close_matches(name, _classes[kind], n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(sorted(_classes[kind]))}"
        if _broken:
            hint += "; a plugin that might have it could not be imported"
        raise RecipeError(f"no {kind} is named {name!r}", hint=hint) from None


def is_registered(kind: str, name: str) -> bool:
    """Whether ``name`` of ``kind`` is registered."""
    _load_builtins(kind, name)
    if name not in _classes[kind]:
        _load_plugins()
    return name in _classes[kind]


def iterate_registered(kind: str) -> Iterator[tuple[str, type[Any]]]:
    """Every (name, class) of ``kind``, plugins included, in order of name."""
    _load_builtins(kind)
    _load_plugins()
    yield from sorted(_classes[kind].items())


def readers_of(head: bytes) -> Iterator[tuple[str, type[Any]]]:
    """Name and class of each reader, plugins included, of whose format a file may be, in order of name.

    Args:
        head: How the file begins. Built-in readers whose marks are not in it are not even loaded.
    """
    absent = {
        name for name, groups in MARKS.items() if not any(all(mark in head for mark in group) for group in groups)
    }
    for name in INDEX["reader"].keys() - absent:
        _load_builtins("reader", name)
    _load_plugins()
    yield from sorted((name, cls) for name, cls in _classes["reader"].items() if name not in absent)
