"""From paths that a person gives to sources: which reader opens which file, and why."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from regrade.errors import InputError, RegradeWarning
from regrade.files import json_lines
from regrade.files import reading as files
from regrade.files.location import exists, files_below, is_folder, is_url, locate, size
from regrade.files.reading import ZIP, is_tar, is_zip
from regrade.registry import lookup, readers_of
from regrade.rows.guard import open_sources, recognise
from regrade.rows.lm_eval_results import absent_tasks, looks_like_results, results_folder, samples_of
from regrade.rows.readers.lm_eval import LmEvalReader
from regrade.rows.source import Reader, Source
from regrade.schema import Malformed
from regrade.store.manifest import MANIFEST

#: Names under which the harness keeps samples; such a file that is empty has lost them.
_SAMPLES = re.compile(r"samples_.+\.jsonl$|.+_write_out_info\.json$")
_SKIPPED_FOLDERS = frozenset({".git", "__pycache__", "node_modules", ".venv"})


class Match(NamedTuple):
    """The reader chosen for a file, and the reason."""

    path: Path
    reader: str
    reason: str


def detect(path: Path) -> Match | None:
    """The reader with the highest priority that recognises ``path`` by its content; None if none does.

    The harness's own logs are recognised first, without loading the other readers; plugins are asked about all others.
    What an archive holds may stand in its head as it is: only readers that say by ``marks`` that they read zip archives
    are asked about those, and none about a tar archive.

    Raises:
        InputError: the file cannot be opened.
    """
    head = files.read_head(path)
    if is_tar(head):
        return None
    zipped = is_zip(head)
    if not zipped and (reason := recognise(LmEvalReader(), path, head)):
        return Match(path, "lm-eval", reason)
    if looks_like_results(head):
        return None
    best: Match | None = None
    best_priority = -1
    if path.name == MANIFEST:  # what this program wrote itself is told without the readers of other tools
        for name in ("judge-run", "run-folder"):
            own: Reader = lookup("reader", name)()
            if reason := recognise(own, path, head):
                return Match(path, name, reason)
    for name, cls in readers_of(head):
        reader: Reader = cls()
        if zipped and name != "table" and not any(ZIP in group for group in reader.marks):
            continue
        if reader.priority > best_priority and (reason := recognise(reader, path, head)):
            best, best_priority = Match(path, name, reason), reader.priority
    return best


def discover(
    paths: Sequence[str | PathLike[str]], options: dict[str, Any], problems: list[Malformed] | None = None
) -> list[Source]:
    """Open files, and every log below folders; either may be URLs.

    In a folder only tools' logs are taken (a table would be a guess), and a run's folder is one of them; a file given
    by name is opened as whatever it is, as a table if need be. A results file of the harness stands for the samples
    files of its run.

    Args:
        options: What the user said about columns and the like; ``reader`` forces a reader.
        problems: Takes the files in folders that cannot be read at all; without it they raise.

    Raises:
        InputError: a path does not exist, is of no known format, or a folder holds no log.
    """
    sources: list[Source] = []
    for path in _once(map(locate, paths)):
        if is_folder(path) and exists(path / MANIFEST) and (match := detect(path / MANIFEST)) is not None:
            sources += open_sources(match.reader, match.path, options)
        elif is_folder(path):
            before = len(problems or ())
            found = _in_folder(path, options, problems)
            if not found and len(problems or ()) == before:
                raise _nothing_below(path)
            sources += found
        elif exists(path):
            sources += _in_archive(path, options, problems) if _is_archive(path) else _open(path, options)
        else:
            raise InputError("no such file or folder", where=str(path))
    return sources


def _once(paths: Iterable[Path]) -> Iterator[Path]:
    """Each file or folder once, however often it is named; else its samples would count twice."""
    seen: set[str] = set()
    for path in paths:
        place = str(path) if is_url(path) else os.path.realpath(path)
        if place in seen:
            warnings.warn(f"{path}: is named twice, and read once", RegradeWarning, stacklevel=2)
            continue
        seen.add(place)
        yield path


def _is_archive(path: Path) -> bool:
    """Whether a file is a zip archive of files, and not a format (Inspect's, Excel's) that is written as one."""
    return is_zip(files.read_head(path, 4)) and detect(path) is None


def inside_archive(path: Path) -> Path:
    """What a zip archive holds: its only file, or the folder that it is unpacked into; any other path as it is.

    Raises:
        InputError: the archive is damaged or holds too much.
    """
    if not _is_archive(path):
        return path
    from regrade.files.unpacking import unpack

    folder = unpack(path)
    members = list(files_below(folder))
    return members[0] if len(members) == 1 else folder


def _in_archive(path: Path, options: dict[str, Any], problems: list[Malformed] | None) -> list[Source]:
    """What a zip archive holds: every log, or its only file, whatever it is."""
    place = inside_archive(path)
    if not is_folder(place):
        return _open(place, options)
    sources = _in_folder(place, options, problems)
    if not sources and not problems:
        raise InputError(
            "no log of a known format in this archive" if any(files_below(place)) else "the archive holds no file",
            where=str(path),
            hint="unpack it and name a file to read it as a table; `regrade formats` lists the formats",
        )
    return sources


def _open(path: Path, options: dict[str, Any]) -> list[Source]:
    chosen = dict.get(options, "reader")
    if any(dict.get(options, name) for name in ("encoding", "rows", "score")) and not chosen:
        return open_sources("table", path, options)  # of logs none of these is ever to be told
    if chosen:
        return open_sources(chosen, path, options)
    match = detect(path)
    if match is None and (samples := samples_of(path)):
        return [source for sample in samples for source in _open(sample, options)]
    if match is None and looks_like_results(files.read_head(path, 4096)):
        raise _without_samples(path)
    if match is None:
        if size(path) == 0:
            raise InputError("the file is empty", where=str(path))
        hint = "`regrade formats` lists the formats; --reader NAME forces one"
        if is_tar(files.read_head(path)):
            raise InputError("a tar archive is not read", where=str(path), hint="unpack it, and name the folder")
        if (likely := files.likely_encoding(files.read_head(path))) is not None:
            hint = f"it looks like text in another encoding: --encoding {likely}"
        raise InputError("the file is of no known format", where=str(path), hint=hint)
    return open_sources(match.reader, path, options)


def _in_folder(folder: Path, options: dict[str, Any], problems: list[Malformed] | None) -> list[Source]:
    sources: list[Source] = []
    run: Path | None = None
    holding: dict[Path, None] = {}  # folders that may hold results files
    for path in _run_first(folder):
        if _SKIPPED_FOLDERS.intersection(path.parts) or path.name.startswith("."):
            continue
        if run is not None and run in path.parents:
            continue  # a run's samples, answers and scores are no logs of their own
        if path.suffix == ".json":
            holding[path.parent] = None
        try:
            forced = dict.get(options, "reader")
            match = Match(path, forced, "forced") if forced else detect(path)
            if match and match.reader in ("run-folder", "judge-run"):
                run = path.parent
            if match and _reader(match.reader).priority > 0:
                sources += open_sources(match.reader, path, options)
            elif match is None and _SAMPLES.match(path.name) and size(path) == 0:
                raise InputError("the file is empty", where=str(path))
        except InputError as error:
            if problems is None:
                raise
            problems.append(Malformed(str(path), 0, error.what))
    told = {source.options.get("damaged") for source in sources}
    for bad in (bad for parent in holding for bad in results_folder(parent).damaged if bad.file not in told):
        if problems is None:
            raise InputError(bad.reason, where=bad.file)
        problems.append(bad)
    return _with_absent_tasks(sources)


def _with_absent_tasks(sources: list[Source]) -> list[Source]:
    """The same sources; the first of each run says which of the run's tasks have no samples here."""
    tasks: dict[str, set[str]] = {}
    for source in sources:
        if source.run.results_file is not None:
            tasks.setdefault(source.run.results_file, set()).add(source.task)
    for place, source in enumerate(sources):
        here = tasks.pop(source.run.results_file or "", None)
        if here is not None and (absent := absent_tasks(locate(str(source.run.results_file)), here)):
            names = f"{', '.join(absent[:5])}{', ...' if len(absent) > 5 else ''}"
            note = f"{len(absent)} of the run's tasks have no samples here, and are not scored: {names}"
            sources[place] = msgspec.structs.replace(source, notes=[*source.notes, note])
    return sources


def _nothing_below(folder: Path) -> InputError:
    """Why a folder holds no log: nothing at all, or results of the harness whose samples were not logged."""
    for path in files_below(folder):
        if path.suffix == ".json" and looks_like_results(files.read_head(path, 4096)):
            return _without_samples(path)
    return InputError(
        "no log of a known format below this folder",
        where=str(folder),
        hint="name a file to read it as a table; `regrade formats` lists the formats",
    )


def _without_samples(results: Path) -> InputError:
    """Why a results file cannot be scored: it holds values alone, of a scoring of Regrade's or of the harness.

    Raises:
        InputError: the file is cut off or damaged.
    """
    try:
        content = json_lines.decode_any(files.read_all(results))
    except ValueError as error:
        raise InputError(f"the results cannot be read: {error}", where=str(results)) from None
    if isinstance(content, dict) and "regrade" in content:
        return InputError(
            "these are scores that Regrade wrote, and no samples",
            where=str(results),
            hint="name the log, table or run that they are of; scores.parquet beside them has a row per sample",
        )
    return InputError(
        "this is a results file of lm-evaluation-harness, and no samples of its run are beside it",
        where=str(results),
        hint="scoring needs the samples: run lm_eval with --log_samples, and name the folder that it writes",
    )


def _run_first(folder: Path) -> list[Path]:
    """The files below a folder, in order of name; a run's manifest before what else its folder holds."""
    paths = list(files_below(folder))
    runs = {path.parent for path in paths if path.name == MANIFEST}
    if not runs:
        return paths

    def place(path: Path) -> tuple[tuple[str, ...], bool, tuple[str, ...]]:
        run = next((parent for parent in path.parents if parent in runs), path)
        return run.parts, path.name != MANIFEST, path.parts

    return sorted(paths, key=place)


def _reader(name: str) -> Reader:
    reader: Reader = lookup("reader", name)()
    return reader
