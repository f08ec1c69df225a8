"""The tasks of the installed ``lm-eval`` package by name, found without importing it.

Its tree holds some fourteen thousand task files, and the harness parses them all at each start. Here the tree is read
once: a scan of each file's top-level lines finds the names (files that are laid out unusually are parsed), and the
result is kept in a cache file. Only the file that is asked for is then parsed in full.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib.metadata
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from regrade.access import Access
from regrade.errors import RecipeError, UnavailableError
from regrade.lm_eval.functions import INSTALL_HINT, in_install_directory, package_root
from regrade.lm_eval.groups import Group
from regrade.lm_eval.task_yaml import group_of, is_group, load_config, task_of
from regrade.schema import Recipe

Kind: TypeAlias = Literal["task", "class", "group", "tag"]
"""``class``: a task that is a Python class of the harness. ``tag``: a word that stands for several tasks."""

_LAYOUT = 1
_SKIPPED = frozenset({"__pycache__", ".ipynb_checkpoints"})
_KEYS = ("task", "group", "tag", "class", "include")
_KEY = re.compile(rb"^([\"']?)(task|group|tag|class|include)\1[ \t]*:(?:[ \t]+(.*?)|)[ \t]*\r?$", re.MULTILINE)
_ITEM = re.compile(rb"[ \t]*-[ \t]+(.*?)[ \t]*\r?$")
_PLAIN = re.compile(r"[A-Za-z0-9_.+/(][^\n]*")


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A name in the index.

    Attributes:
        kind: What it names.
        path: Its file, relative to the tree; empty for a tag.
        tags: For a tag the tasks that have it; otherwise the tags of this name.
    """

    kind: Kind
    path: str = ""
    tags: tuple[str, ...] = ()


class _Stored(msgspec.Struct, array_like=True):
    """The cache file."""

    layout: int
    version: str
    root: str
    directories: dict[str, int]
    entries: dict[str, Entry]


class TaskIndex:
    """Task, group and tag names of a tree of task files.

    Attributes:
        root: The tree.
        entries: What it defines, by name.
        skipped: Files that are no task files, with the reason.
    """

    def __init__(
        self,
        root: Path,
        entries: Mapping[str, Entry],
        skipped: Mapping[str, str] | None = None,
        access: Access | None = None,
    ) -> None:
        self.root = root
        self.access = access
        self.entries = entries
        self.skipped = dict(skipped or {})

    @classmethod
    def scan(cls, root: str | Path, access: Access | None = None) -> TaskIndex:
        """Read a tree of task files, of a package or one's own (the harness's ``--include_path``).

        Args:
            root: The tree.
            access: What its files may include, besides what lies below it; if not given, what a command line allows.
        """
        scan = _Scan(Path(root).resolve())
        return cls(scan.root, scan.run(), scan.skipped, access)

    def config(self, name: str) -> tuple[dict[str, Any], Path]:
        """The configuration that a task's or group's file holds, and the file.

        Raises:
            RecipeError: there is no such name, or its file cannot be read.
        """
        entry = self._entry(name)
        if entry.kind == "tag":
            raise RecipeError(f"{name!r} is a tag, not a task", hint=f"it stands for: {_few(sorted(entry.tags))}")
        path = self.root / entry.path
        access = Access.of_user(self.root) if self.access is None else self.access.below(self.root)
        return load_config(path, access), path

    def task(self, name: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
        """The recipe of a task.

        Args:
            name: Its name.
            overrides: Settings that take the place of its own.

        Raises:
            RecipeError: there is no such task (the nearest names are suggested), or it is a group or tag.
        """
        entry = self._entry(name)
        if entry.kind == "group":
            raise RecipeError(f"{name!r} is a group, not a task", hint=f"its tasks: {_few(list(self.tasks(name)))}")
        config, path = self.config(name)
        return task_of({**config, **(overrides or {}), "task": name}, path)

    def group(self, name: str) -> Group:
        """The group of that name.

        Raises:
            RecipeError: there is no such group.
        """
        config, path = self.config(name)
        if not self._entry(name).kind == "group" or not is_group(config):
            raise RecipeError(f"{name!r} is a task, not a group", where=str(path))
        return group_of(config, path)

    def tasks(self, name: str, overrides: Mapping[str, Any] | None = None) -> dict[str, Recipe]:
        """All tasks that a name stands for: the task itself, or those of a group or tag, through groups within it.

        Raises:
            RecipeError: a name is unknown, or a group contains itself.
        """
        entry = self._entry(name)
        if entry.kind == "tag":
            return {task: self.task(task, overrides) for task in sorted(entry.tags)}
        if entry.kind == "group":
            return self.members(self.group(name), overrides)
        return {name: self.task(name, overrides)}

    def members(self, group: Group, overrides: Mapping[str, Any] | None = None) -> dict[str, Recipe]:
        """All tasks of a group, by name; names that this index lacks are an error."""
        return dict(self._members(group, dict(overrides or {}), (group.name,)))

    def _members(self, group: Group, overrides: dict[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, Recipe]]:
        settings = {**group.overrides, **overrides}
        for member in group.members:
            if isinstance(member, Recipe):
                yield member.task, member
            elif isinstance(member, Group):
                yield from self._members(member, settings, (*above, member.name))
            elif member.name in above:
                raise RecipeError(f"group {group.name!r} contains itself ({' → '.join([*above, member.name])})")
            elif self._entry(member.name).kind == "group":
                yield from self._members(
                    self.group(member.name), {**settings, **member.overrides}, (*above, member.name)
                )
            else:
                yield from self.tasks(member.name, {**settings, **member.overrides}).items()

    def nearest(self, name: str) -> list[str]:
        """Names like this one."""
        return difflib.get_close_matches(name, self.entries, n=4, cutoff=0.6)

    def _entry(self, name: str) -> Entry:
        try:
            return self.entries[name]
        except KeyError:
            near = self.nearest(name)
            hint = f"did you mean {', '.join(near)}?" if near else f"{len(self.entries):,} names are known"
            raise RecipeError(f"no task, group or tag is named {name!r}", where=str(self.root), hint=hint) from None


# -- the installed package -------------------------------------------------------------------------------------------


_installed: TaskIndex | None = None


def installed_index(*, rebuild: bool = False) -> TaskIndex:
    """The index of the installed ``lm-eval``, from the cache where it fits the package.

    The cache is one file in ``$REGRADE_CACHE_DIR``, or else in the user's cache directory. It holds while version,
    place and directories of the package are unchanged; one that is damaged is made anew, one that cannot be written is
    done without.

    Raises:
        UnavailableError: ``lm-eval`` is not installed.
    """
    global _installed
    root = package_root("lm_eval")
    if root is None or not (root / "tasks").is_dir():
        raise UnavailableError("tasks by name come from the lm-eval package, which is not installed", hint=INSTALL_HINT)
    tasks = root / "tasks"
    if _installed is not None and _installed.root == tasks and not rebuild:
        return _installed
    version = _version()
    cache = _cache_file(version, tasks)
    stored = None if rebuild else _read(cache)
    if stored is not None and _fits(stored, version, tasks):
        _installed = TaskIndex(tasks, stored.entries)
        return _installed
    scan = _Scan(tasks)
    entries = scan.run()
    _write(cache, _Stored(_LAYOUT, version, str(tasks), scan.directories, entries))
    _installed = TaskIndex(tasks, entries, scan.skipped)
    return _installed


def find_task(name: str) -> Recipe:
    """The recipe of a task of the installed ``lm-eval``.

    Raises:
        RecipeError: there is no task of that name; the nearest names are suggested.
        UnavailableError: ``lm-eval`` is not installed.
    """
    return _index_with(name).task(name)


def find_tasks(name: str) -> dict[str, Recipe]:
    """The recipes of all tasks that a name of the installed ``lm-eval`` stands for: a task, a group or a tag.

    Raises:
        RecipeError: nothing has that name; the nearest names are suggested.
        UnavailableError: ``lm-eval`` is not installed.
    """
    return _index_with(name).tasks(name)


def find_group(name: str) -> Group:
    """A group of the installed ``lm-eval``.

    Raises:
        RecipeError: there is no group of that name; the nearest names are suggested.
        UnavailableError: ``lm-eval`` is not installed.
    """
    return _index_with(name).group(name)


def _index_with(name: str) -> TaskIndex:
    """The index; made anew for an unknown name where the package is a working copy, whose files change in place."""
    index = installed_index()
    if name not in index.entries and not in_install_directory(index.root):
        index = installed_index(rebuild=True)
    return index


def _version() -> str:
    for name in ("lm-eval", "lm_eval"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(name)
    return "unknown"


def _cache_file(version: str, root: Path) -> Path:
    directory = os.environ.get("REGRADE_CACHE_DIR")
    if not directory:
        from platformdirs import user_cache_dir

        directory = user_cache_dir("regrade", appauthor=False)
    place = hashlib.sha256(str(root).encode()).hexdigest()[:12]
    return Path(directory) / f"lm-eval-tasks-{version}-{place}.msgpack"


def _read(cache: Path) -> _Stored | None:
    try:
        return msgspec.msgpack.decode(cache.read_bytes(), type=_Stored)
    except (OSError, msgspec.MsgspecError):
        return None


def _fits(stored: _Stored, version: str, root: Path) -> bool:
    if (stored.layout, stored.version, stored.root) != (_LAYOUT, version, str(root)):
        return False
    try:
        return all(os.stat(root / path).st_mtime_ns == stamp for path, stamp in stored.directories.items())  # noqa: PTH116
    except OSError:
        return False


def _write(cache: Path, stored: _Stored) -> None:
    """Write the cache whole or not at all; without one, the next start is slower and nothing else."""
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=cache.name, dir=cache.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.msgpack.encode(stored))
            Path(name).replace(cache)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


# -- reading a tree ---------------------------------------------------------------------------------------------------


class _Scan:
    """One reading of a tree of task files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directories: dict[str, int] = {}
        self.skipped: dict[str, str] = {}
        self._own: dict[str, dict[str, Any]] = {}

    def run(self) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        tagged: dict[str, list[str]] = {}
        for path in sorted(self._files("")):
            try:
                keys = self._keys(path, ())
            except RecipeError as error:
                self.skipped[path] = str(error)
                continue
            self._enter(path, keys, entries, tagged)
        # A tag yields to a task or group of its name; the harness adds to whatever was there first.
        for tag, tasks in tagged.items():
            entries.setdefault(tag, Entry("tag", tags=tuple(tasks)))
        return entries

    def _enter(self, path: str, keys: dict[str, Any], entries: dict[str, Entry], tagged: dict[str, list[str]]) -> None:
        kind: Kind = "class" if "class" in keys else "group" if "group" in keys else "task"
        name = keys.get("group" if kind == "group" else "task")
        if not isinstance(name, str):
            self.skipped[path] = "it names no task or group"
            return
        if name in entries:
            self.skipped[path] = f"{name!r} is defined in {entries[name].path} already"
            return
        tags = keys.get("tag")
        names = (
            [str(tag) for tag in tags] if isinstance(tags, list) else [tags] if isinstance(tags, str) and tags else []
        )
        entries[name] = Entry(kind, path, tuple(names))
        if kind != "group":
            for tag in names:
                tagged.setdefault(tag, []).append(name)

    def _files(self, folder: str) -> Iterator[str]:
        """Task files below a folder, relative to the root; folders are noted with their times."""
        directory = os.path.join(self.root, folder)  # noqa: PTH118
        try:
            self.directories[folder] = os.stat(directory).st_mtime_ns  # noqa: PTH116
            with os.scandir(directory) as listing:
                children = list(listing)
        except OSError as error:
            self.skipped[folder] = str(error)
            return
        for child in children:
            path = f"{folder}/{child.name}" if folder else child.name
            if child.is_dir():
                if child.name not in _SKIPPED:
                    yield from self._files(path)
            elif child.name.endswith(".yaml"):
                yield path

    def _keys(self, path: str, above: tuple[str, ...]) -> dict[str, Any]:
        """The naming keys of a file, those it includes from others among them."""
        if path in above:
            raise RecipeError("the file includes itself", where=path)
        if path not in self._own:
            self._own[path] = self._read(path)
        own = self._own[path]
        if "include" not in own:
            return own
        merged: dict[str, Any] = {}
        includes = own["include"]
        for include in includes if isinstance(includes, list) else [includes]:
            place = os.path.normpath(os.path.join(os.path.dirname(path), str(include)))  # noqa: PTH118, PTH120
            merged.update(self._keys(place, (*above, path)))
        merged.pop("include", None)
        return {**merged, **{key: value for key, value in own.items() if key != "include"}}

    def _read(self, path: str) -> dict[str, Any]:
        file = os.path.join(self.root, path)  # noqa: PTH118
        try:
            with open(file, "rb") as handle:  # noqa: PTH123
                text = handle.read()
        except OSError as error:
            raise RecipeError(f"the file cannot be read: {error.strerror}", where=path) from None
        keys = naming_keys(text)
        if keys is None:
            from regrade.lm_eval.task_yaml import parse_file

            keys = {key: value for key, value in parse_file(Path(file)).items() if key in _KEYS}
        return keys


def naming_keys(text: bytes) -> dict[str, Any] | None:
    """The top-level ``task``, ``group``, ``tag``, ``class`` and ``include`` of a task file, by its lines.

    Returns:
        Their values: a text, a list of texts, or True for what is there but names nothing (a group's list of tasks).
        None where the lines do not tell for certain, and the file must be parsed.
    """
    keys: dict[str, Any] = {}
    for match in _KEY.finditer(text):
        key = match[2].decode()
        if key in keys:
            return None
        rest = (match[3] or b"").decode("utf-8", "replace")
        if key == "class" or (key == "task" and not _strip(rest)):
            keys[key] = True
            continue
        value = _value(rest) if _strip(rest) else _items(text, match.end())
        if value is None:
            return None
        keys[key] = value
    if not keys and b"{" in text[:3]:
        return None
    return keys


def _strip(text: str) -> str:
    """Without a comment."""
    return re.sub(r"(?:^|\s)#.*", "", text).strip()


def _value(text: str) -> str | list[str] | None:
    """A scalar, or a list in brackets, on one line; None where that needs a parser."""
    if text[0] in "\"'":
        match = re.fullmatch(r"\"([^\"\\]*)\"|'([^']*)'", _strip(text) if "#" not in text else text)
        return (match[1] if match[1] is not None else match[2]) if match else None
    text = _strip(text)
    if text.startswith("["):
        if not text.endswith("]") or re.search(r"[{}\"'\[\]#:&*!|>%@`]", text[1:-1]):
            return None
        items = [_scalar(item.strip()) for item in text[1:-1].split(",") if item.strip()]
        return [item for item in items if item is not None] if None not in items else None
    return _scalar(text)


def _scalar(text: str) -> str | None:
    """A plain scalar that is a text for certain."""
    if not _PLAIN.fullmatch(text) or ": " in text or text.endswith(":") or not re.search(r"[A-Za-z_]", text):
        return None
    if re.fullmatch(r"(?i)y|n|yes|no|true|false|on|off|null|~|\.inf|\.nan|[-+.0-9][-+.0-9eExXoa-fA-F_:]*", text):
        return None
    return text


def _items(text: bytes, start: int) -> list[str] | None:
    """A list of scalars, one per line from ``start`` on; None where that needs a parser."""
    items: list[str] = []
    for line in text[start:].split(b"\n")[1:]:
        if not line.strip() or line.lstrip().startswith(b"#"):
            continue
        match = _ITEM.match(line)
        if match is None:
            return items if items and not line[:1].isspace() else None
        value = _value(match[1].decode("utf-8", "replace")) if match[1] else None
        if not isinstance(value, str):
            return None
        items.append(value)
    return items or None


def _few(names: list[str], limit: int = 6) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
