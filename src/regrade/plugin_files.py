"""Plugins of one file, which a person names on the command line (``--plugin FILE.py``): no package is needed.

A file that data names (a card, a log, a run's record) is never loaded. Workers get the code that this process loaded,
so that all of them run the same, on whatever machine they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from regrade.errors import InputError, RegradeError, RegradeWarning, UnavailableError
from regrade.registry import classes_of, is_registered, unregister


class PluginFile(msgspec.Struct, frozen=True):
    """A file that was loaded.

    Attributes:
        path: The file, absolute.
        module: The name of its module in this process and its workers.
        code: What stood in it.
        sha256: Of ``code``, in hexadecimal.
        provides: Kind and name of each plugin that it registers.
    """

    path: str
    module: str
    code: bytes
    sha256: str
    provides: tuple[tuple[str, str], ...] = ()


_loaded: dict[str, PluginFile] = {}


def load_plugin(path: Path | str) -> PluginFile:
    """Run a file, which registers its plugins; one that was loaded already is left as it is, unless it has changed.

    The file may import what is installed, and nothing that lies beside it.

    Raises:
        InputError: it cannot be read, fails (the message names the line), or registers nothing.
    """
    import hashlib

    file = Path(path).expanduser().absolute()
    try:
        code = file.read_bytes()
    except OSError as error:
        raise InputError(
            f"the plugin cannot be read: {(error.strerror or str(error)).lower()}",
            where=str(path),
            hint="--plugin takes a Python file; the plugins of installed packages are found without it",
        ) from None
    sha256 = hashlib.sha256(code).hexdigest()
    there = _loaded.get(str(file))
    if there is not None and there.sha256 == sha256:
        return there
    stem = "".join(sign if sign.isalnum() else "_" for sign in file.stem)
    module = f"regrade_plugin_{stem}_{hashlib.sha256(str(file).encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    plugin = PluginFile(str(file), module, code, sha256)
    _run(plugin, shown=str(path))
    provides = tuple(sorted(classes_of(plugin.module)))
    if not provides:
        _forget(plugin.module)
        raise InputError(
            "the file registers no plugin",
            where=str(path),
            hint='put @register("metric", "NAME") of regrade.plugins before its class',
        )
    plugin = _loaded[str(file)] = msgspec.structs.replace(plugin, provides=provides)
    return plugin


def unload_plugin(plugin: PluginFile) -> None:
    """Take back what a file has registered."""
    _loaded.pop(plugin.path, None)
    _forget(plugin.module)


def loaded_plugins() -> list[PluginFile]:
    """The files that were loaded, in order."""
    return list(_loaded.values())


def load_in_worker(plugins: Iterable[PluginFile]) -> None:
    """Load what another process has loaded, from the code that it sends."""
    for plugin in plugins:
        there = _loaded.get(plugin.path)
        if there is None or there.sha256 != plugin.sha256:
            _run(plugin, shown=plugin.path)
            _loaded[plugin.path] = plugin


def record_of(plugins: Iterable[PluginFile]) -> list[dict[str, Any]]:
    """What a run keeps of the files that it was made with, as JSON."""
    return [
        {"file": plugin.path, "sha256": plugin.sha256, "provides": [list(pair) for pair in plugin.provides]}
        for plugin in plugins
    ]


def check_recorded(recorded: Any, where: str) -> None:
    """See to it that the plugins which a run was made with are here; none is loaded because a run's record names it.

    A file that has changed since is a warning: it is the user's to say which one is meant.

    Args:
        recorded: What :func:`record_of` gave; anything else was not written by this program, and is left alone.
        where: The run, for the message.

    Raises:
        UnavailableError: a plugin is missing; the message says which, and how to name it.
    """
    for entry in recorded if isinstance(recorded, list) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
            continue
        pairs = [pair for pair in entry.get("provides") or () if isinstance(pair, list) and len(pair) == 2]
        missing = [f"{kind} {name!r}" for kind, name in pairs if not _is_known(kind, name)]
        if missing:
            raise UnavailableError(
                f"the run was made with the plugin {Path(entry['file']).name} ({', '.join(missing)}), "
                "which was not loaded",
                where=where,
                hint=f"add: --plugin {entry['file']}",
            )
        if any(
            plugin.sha256 != entry.get("sha256") and {tuple(pair) for pair in pairs} & set(plugin.provides)
            for plugin in _loaded.values()
        ):
            import warnings

            warnings.warn(
                f"{where}: the plugin {Path(entry['file']).name} has changed since the run was made",
                RegradeWarning,
                stacklevel=2,
            )


def _is_known(kind: object, name: object) -> bool:
    try:
        return isinstance(kind, str) and isinstance(name, str) and is_registered(kind, name)
    except KeyError:  # a kind of another version
        return False


def _run(plugin: PluginFile, shown: str) -> None:
    module = ModuleType(plugin.module)
    module.__file__ = plugin.path
    sys.modules[plugin.module] = module  # before it runs, so that its classes can be found by name
    try:
        exec(compile(plugin.code, plugin.path, "exec"), module.__dict__)
    except SyntaxError as error:
        _forget(plugin.module)
        line = error.lineno if error.filename == plugin.path else _line_of(error, plugin.path)
        raise _broken(shown, line, error) from error
    except (Exception, SystemExit) as error:
        _forget(plugin.module)
        raise _broken(shown, _line_of(error, plugin.path), error) from error


def _forget(module: str) -> None:
    sys.modules.pop(module, None)
    unregister(module)


def _broken(shown: str, line: int | None, error: BaseException) -> InputError:
    if isinstance(error, RegradeError):
        said, hint = error.what, error.hint
    else:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        said, hint = f"{type(error).__name__}: {(text.strip() or 'no message').splitlines()[0]}", None
    return InputError(f"the plugin cannot be loaded: {said}", where=f"{shown}:{line}" if line else shown, hint=hint)


def _line_of(error: BaseException, path: str) -> int | None:
    """The line of the file that led to an exception; None where it was raised before any ran."""
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
