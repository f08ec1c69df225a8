"""lm-evaluation-harness's results files: which one belongs to a samples file, and what it says about a task."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from regrade.files import json_lines
from regrade.files import reading as files
from regrade.files.location import files_in, stamp
from regrade.schema import Malformed

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}[-:]\d{2}[-:]\d{2}(?:[.,]\d+)?")


class Date(NamedTuple):
    """A time stamp in a file's name: as written, and as ISO 8601."""

    raw: str
    iso: str


def date_of(name: str) -> Date | None:
    """The last time stamp in a file's name; the harness writes ``-`` or ``:`` between hours, minutes and seconds."""
    found = _DATE.findall(name)
    if not found:
        return None
    raw = found[-1]
    day, _, time = raw.partition("T")
    return Date(raw, f"{day}T{time.replace('-', ':')}")


class ResultsFile:
    """One results file, parsed.

    Attributes:
        path: Where it is.
        content: Its JSON.
        same_run: Whether it belongs to the run that wrote the samples file it was found for; if not, only the
            recipe is taken from it.
        notes: What a person should know about how it was chosen.
        faults: What of it has another shape than a results file's, and was not read.
    """

    def __init__(
        self, path: Path, content: dict[str, Any], *, same_run: bool = True, notes: tuple[str, ...] = ()
    ) -> None:
        self.path = path
        self.content = content
        self.same_run = same_run
        self.notes = notes
        self.faults = _faults(content)

    @cached_property
    def tasks(self) -> dict[str, None]:
        """The tasks it reports, groups included, in order."""
        return dict.fromkeys([*self._section("configs"), *self._section("results")])

    @property
    def configured(self) -> list[str]:
        """The tasks whose configuration it records; groups that have one are left out."""
        groups = self._section("group_subtasks")
        return [task for task in self._section("configs") if not groups.get(task)]

    def _section(self, name: str) -> dict[str, Any]:
        section = self.content.get(name)
        return section if isinstance(section, dict) else {}

    def _of(self, section: str, task: str) -> dict[str, Any]:
        entry = self._section(section).get(task)
        return entry if isinstance(entry, dict) else {}

    @property
    def model(self) -> str | None:
        """The model's name, from wherever this version keeps it."""
        config = self._section("config")
        arguments = config.get("model_args")
        if isinstance(arguments, dict):
            pretrained = arguments.get("pretrained") or arguments.get("model")
        else:
            match = re.search(r"(?:^|,)(?:pretrained|model)=([^,]+)", str(arguments or ""))
            pretrained = match[1] if match else None
        name = self.content.get("model_name") or pretrained or config.get("model")
        return name if isinstance(name, str) else None

    @property
    def date(self) -> str | None:
        """The run's time, from the file's name."""
        date = date_of(self.path.name)
        return date.iso if date else None

    @property
    def harness_version(self) -> str | None:
        """The harness's version; where the file does not say, the newest that wrote files without saying so."""
        version = self.content.get("lm_eval_version")
        if isinstance(version, str) and version:
            return version
        return "0.4.6" if "n-samples" in self.content or "task_hashes" in self.content else "0.4.2"

    @property
    def bootstrap_iterations(self) -> int:
        """How many resamples the harness's bootstrap took."""
        iterations = self._section("config").get("bootstrap_iters")
        return iterations if isinstance(iterations, int) else 100_000

    def config(self, task: str) -> dict[str, Any] | None:
        """The task's recorded configuration, or None."""
        return self._of("configs", task) or None

    def expected_samples(self, task: str) -> int | None:
        """How many samples of the task were evaluated, as the file says; it says so in one of three places."""
        counts = self._of("n-samples", task)
        for count in (counts.get("effective"), self._of("results", task).get("sample_len"), counts.get("original")):
            if isinstance(count, int | float) and not isinstance(count, bool) and 0 <= count < 2**53:
                return int(count)
        return None

    def facts(self, task: str) -> dict[str, Any]:
        """The task's ``version`` and ``n-shot``, where the file says."""
        found = {"version": self._section("versions").get(task), "n-shot": self._section("n-shot").get(task)}
        return {name: value for name, value in found.items() if isinstance(value, int | float | str)}

    def recorded_values(self, task: str) -> dict[str, Any]:
        """The task's recorded values by ``metric,filter``; early files name no filter and get ``none``."""
        values = {}
        for key, value in self._of("results", task).items():
            if key not in ("alias", "name", "sample_len", "sample_count") and not key.startswith(" "):
                values[key if "," in key else f"{key},none"] = value
        return values

    @cached_property
    def groups(self) -> dict[str, Any]:
        """What the file says of task groups: ``group_subtasks``, ``groups``, ``configs`` of the groups, and the
        ``results`` and ``sizes`` of their tasks. Empty where no group has values.
        """
        values = self._section("groups")
        subtasks = {
            group: [member for member in members if isinstance(member, str)]
            for group, members in self._section("group_subtasks").items()
            if isinstance(members, list | dict)
        }
        if not values or not any(subtasks.values()):
            return {}
        tasks = dict.fromkeys(task for members in subtasks.values() for task in members)
        return {
            "group_subtasks": subtasks,
            "groups": {group: found for group in values if (found := self._of("groups", group))},
            "configs": {group: found for group in subtasks if (found := self._of("configs", group))},
            "results": {task: self.recorded_values(task) for task in tasks},
            "sizes": {task: self.expected_samples(task) for task in tasks},
        }


_OBJECTS = ("results", "configs", "config", "groups", "group_subtasks", "n-samples", "versions")


def _faults(content: dict[str, Any]) -> tuple[str, ...]:
    """The parts of a results file that are not the objects they must be."""
    faults = []
    for name in _OBJECTS:
        section = content.get(name)
        if section is not None and not isinstance(section, dict):
            faults.append(f"{name!r} is {_kind(section)}, not an object")
    for name in ("results", "configs", "groups"):
        section = content.get(name)
        for task, entry in section.items() if isinstance(section, dict) else ():
            if not isinstance(entry, dict):
                faults.append(f"{name}[{task!r}] is {_kind(entry)}, not an object")
    return tuple(faults)


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a text", bool: "true or false", type(None): "null", dict: "an object"}
    return names.get(type(value), "a number")


class ResultsFolder:
    """The results files of a folder.

    Attributes:
        files: Those that could be read, in order of name.
        damaged: Those that could not, with the reason.
    """

    def __init__(self, files: list[ResultsFile], damaged: list[Malformed]) -> None:
        self.files = tuple(files)
        self.damaged = tuple(damaged)
        self._by_date: dict[str, list[ResultsFile]] = {}
        self._by_task: dict[str, list[ResultsFile]] = {}
        for results in files:
            if (date := results.date) is not None:
                self._by_date.setdefault(date, []).append(results)
            for task in results.tasks:
                self._by_task.setdefault(task, []).append(results)

    def of_date(self, date: str) -> list[ResultsFile]:
        """Those with this time in their names."""
        return self._by_date.get(date, [])

    def knowing(self, samples: str) -> list[ResultsFile]:
        """Those that report the task that a samples file's name ends with; of several tasks the longest name."""
        for name in task_names(samples):
            if name in self._by_task:
                return self._by_task[name]
        return []

    def damage_of(self, samples: Path) -> Malformed | None:
        """The damaged results file of the run that wrote a samples file, by the time in its name."""
        date = date_of(samples.name)
        for bad in self.damaged:
            other = date_of(Path(bad.file).name)
            if other is None or date is None or other.iso == date.iso:
                return bad
        return None


def task_names(samples: str) -> list[str]:
    """What the task of a samples file may be called, by the file's name; the first that is known is it.

    ``samples_TASK_DATE.jsonl`` names its task; before 0.4.3 the model's name and arguments come before it.

    Example:
        >>> task_names("samples_mmlu_math_2025-03-01T10-00-00.0.jsonl"), task_names("gpt2_arc_easy.jsonl")
        (['mmlu_math'], ['gpt2_arc_easy', 'arc_easy', 'easy'])
    """
    stem = samples
    for suffix in (".gz", ".zst", ".bz2", ".jsonl", ".json"):
        stem = stem.removesuffix(suffix)
    stem = stem.removesuffix("_write_out_info")
    if (date := date_of(stem)) is not None:
        stem = stem[: stem.rfind(date.raw)].rstrip("_")
    if stem.startswith("samples_"):
        return [stem.removeprefix("samples_")]
    return [stem, *(stem[found.end() :] for found in re.finditer(r"[_,=-]", stem))]


@lru_cache(maxsize=256)
def _results_in(folder: Path, _stamp: int) -> ResultsFolder:
    found: list[ResultsFile] = []
    damaged: list[Malformed] = []
    for path in files_in(folder):
        if (
            not path.name.endswith(".json")
            or path.name.endswith("_write_out_info.json")
            or path.name.startswith("samples_")
        ):
            continue
        named = re.match(r"results[_.]", path.name) is not None
        head = files.read_head(path, 4096)
        if not re.match(rb"\s*\{", head):
            if named:
                reason = "the file is empty" if not head.strip() else "it is no JSON object"
                damaged.append(Malformed(str(path), 0, reason))
            continue
        try:
            content = json_lines.decode_any(files.read_all(path))
        except ValueError as error:
            if named or looks_like_results(head):
                damaged.append(Malformed(str(path), 0, str(error)))
            continue
        if not isinstance(content, dict) or "regrade" in content:
            continue  # Regrade's own results are no record of the harness's
        if any(key in content for key in ("config", "configs", "versions")) and "results" in content:
            if isinstance(content["results"], dict):
                found.append(ResultsFile(path, content))
            else:
                damaged.append(Malformed(str(path), 0, f"'results' is {_kind(content['results'])}, not an object"))
    return ResultsFolder(found, damaged)


def looks_like_results(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a results file."""
    return re.match(rb'\s*\{\s*"results"\s*:\s*\{', head) is not None


def samples_of(path: Path) -> list[Path]:
    """The samples files of the run whose results file ``path`` is; empty where it is none, or has none."""
    date = date_of(path.name)
    if date is None or not looks_like_results(files.read_head(path, 4096)):
        return []
    return [
        sibling
        for sibling in files_in(path.parent)
        if fnmatchcase(sibling.name, "samples_*.jsonl*")
        and (other := date_of(sibling.name)) is not None
        and other.iso == date.iso
    ]


def results_folder(folder: Path) -> ResultsFolder:
    """The results files of a folder, read once as long as it does not change."""
    return _results_in(folder, stamp(folder))


def results_in(folder: Path) -> tuple[ResultsFile, ...]:
    """The results files of a folder that can be read, in order of name."""
    return results_folder(folder).files


def absent_tasks(path: Path, here: set[str]) -> list[str]:
    """The tasks that a results file has configurations of and that are not among ``here``."""
    for results in results_in(path.parent):
        if str(results.path) == str(path):
            return [task for task in results.configured if task not in here]
    return []


def results_for(samples: Path) -> ResultsFile | None:
    """The results file that belongs to a samples file, or failing that one whose recipe fits.

    The one with the same time stamp in its name; else, where the samples' name has no time stamp, one that knows the
    task; else the nearest in time that knows the task, for its recipe only.
    """
    date = date_of(samples.name)
    candidates = results_folder(samples.parent)
    fitting = candidates.knowing(samples.name)
    if date and (same := candidates.of_date(date.iso)):
        return min(same, key=lambda r: (r not in fitting, len(r.path.name)))
    if not fitting:
        return None
    if date:
        undated = [r for r in fitting if date_of(r.path.name) is None]
        if len(undated) == 1 and len(fitting) == 1:
            return undated[0]
        nearest = min(fitting, key=lambda r: abs(_ordinal(r.date) - _ordinal(date.iso)))
        note = f"no results file of the same run; the recipe is taken from {nearest.path.name}"
        return ResultsFile(nearest.path, nearest.content, same_run=False, notes=(note,))
    if len(fitting) > 1:
        newest = max(fitting, key=lambda r: r.date or "")
        return ResultsFile(
            newest.path, newest.content, notes=(f"several results files fit; {newest.path.name} is used",)
        )
    return fitting[0]


def _ordinal(iso: str | None) -> float:
    from datetime import datetime

    try:
        return datetime.fromisoformat(iso).timestamp() if iso else 0.0
    except ValueError:
        return 0.0
