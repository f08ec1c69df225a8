"""Reader of lm-evaluation-harness's per-sample logs, whatever version wrote them.

Rows are read by what they contain, not by version: ``samples_TASK_DATE.jsonl`` lines (0.4.3 and later), JSON arrays
under a ``.jsonl`` name (0.4.0 to 0.4.2), and ``*_write_out_info.json`` (0.3). The results file written beside them
gives the recipe, the recorded values and the number of samples.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from regrade.errors import InputError
from regrade.files import json_lines
from regrade.files import reading as files
from regrade.files.chunk import CHUNK_BYTES, Chunk
from regrade.files.guard import malformed_row
from regrade.registry import register
from regrade.rows.guard import each_record, first_record
from regrade.rows.lm_eval_results import ResultsFile, date_of, results_folder, results_for, task_names
from regrade.rows.source import Reader, Run, Source
from regrade.schema import Malformed, OutputType, Recipe, Record

#: What the harness writes into a row besides the values of metrics.
ROW_KEYS = frozenset(
    "doc_id doc target arguments resps filtered_resps filter metrics doc_hash prompt_hash target_hash "  # noqa: SIM905
    "prompt_0 logit_0 truth task_name schema_version".split()
)


_UNREAD: Any = object()


class _Row(msgspec.Struct):
    """The parts of a row that every scoring needs; the others stay undecoded."""

    doc_id: Any
    resps: Any
    doc: msgspec.Raw = msgspec.Raw(b"null")
    target: Any = None
    filter: str | None = None
    arguments: msgspec.Raw = msgspec.Raw(b"null")
    filtered_resps: msgspec.Raw = msgspec.Raw(b"null")


_decode_row = msgspec.json.Decoder(_Row).decode


class _LogRecord(Record):
    """A record that keeps its undecoded row; made once per line, so it does nothing that nobody has asked for yet."""

    __slots__ = ("_line", "_row")

    def __init__(self, row: _Row, number: int, line: bytes, answers: list[list[Any]]) -> None:
        self.sample_id = row.doc_id
        self.line = number
        self.answers = answers
        self.target = row.target
        self.filter = row.filter
        self._row = row
        self._line = line
        self._doc = _UNREAD

    @property
    def doc(self) -> Any:
        if self._doc is _UNREAD:
            self._doc = json_lines.decode_any(self._row.doc)
        return self._doc

    @property
    def arguments(self) -> list[list[Any]]:
        return _arguments(self._row.arguments)

    @property
    def recorded(self) -> dict[str, Any]:
        return _recorded_of_dict(json_lines.decode_any(self._line))

    @property
    def extracted(self) -> Any:
        return json_lines.decode_any(self._row.filtered_resps)

    @property
    def hashes(self) -> dict[str, str]:
        return _hashes_of_dict(json_lines.decode_any(self._line))

    @property
    def metadata(self) -> dict[str, Any]:
        return {}

    @property
    def fields(self) -> None:
        return None

    @property
    def fingerprint(self) -> int:
        return zlib.crc32(self._row.doc)


@register("reader", "lm-eval")
class LmEvalReader(Reader):
    """lm-evaluation-harness ``--log_samples`` files, v0.3 to now."""

    title = "lm-evaluation-harness samples"

    def matches(self, path: Path, head: bytes) -> str | None:
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
        if start[:1] == b"[" and re.match(rb'\[\s*\{\s*"doc_id":\s*\d+,', start):
            if b'"logit_0"' in start or b'"prompt_0"' in start:
                return "an array of write-out rows (doc_id, prompt_0, logit_0)"
            return "an array of rows with doc_id" if b'"resps"' in start or b'"doc"' in start[:200] else None
        if any(_is_row(line) for line in _whole_lines(start)):
            return "rows hold doc_id and resps"
        return "a row begins with doc_id" if re.match(rb'\{"doc_id":\s*\d+,\s*"doc":', start) else None

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        head = files.read_head(path).lstrip(b"\xef\xbb\xbf \t\r\n")
        array = head[:1] == b"["
        results = results_for(path)
        task = task_of(path, results)
        damage = results_folder(path.parent).damage_of(path) if results is None or not results.same_run else None
        chunks = (
            [Chunk(str(path), part="array")]
            if array
            else files.plan_chunks(path, int(options.get("chunk_bytes") or CHUNK_BYTES))
        )
        source = Source(
            reader="lm-eval",
            path=str(path),
            task=task,
            run=_run(path, results, head, task),
            config=results.config(task) if results else None,
            chunks=chunks,
            expected=results.expected_samples(task) if results and results.same_run else None,
            recorded=results.recorded_values(task) if results and results.same_run else {},
            options={
                "bootstrap_iterations": results.bootstrap_iterations if results else 100_000,
                "chat_template": results is not None and bool(results.content.get("chat_template")),
                "groups": results.groups if results and results.same_run else {},
                "higher_is_better": _directions(results, task),
                "facts": results.facts(task) if results else {},
                "incomplete": _unread(results, damage),
                "damaged": damage.file if damage is not None else None,
            },
            notes=_notes(results, task),
        )
        if source.config is None:
            source = msgspec.structs.replace(source, recipe=_inferred_recipe(self, source))
        return [source]

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        output_type = source.recipe.output_type if source.recipe else (source.config or {}).get("output_type")
        convert = _answers_converter(output_type)
        if chunk.part == "array":
            make = partial(_record_of_dict, path=source.path, convert=convert)
            yield from each_record(source.path, json_lines.decode_array(source.path), make)
            return
        number = 0
        only = self.only_filter
        try:
            for number, line in enumerate(files.read_lines(chunk), 1):
                if not line or line.isspace():
                    continue
                try:
                    row = _decode_row(line)
                    if not line.isascii():
                        line.decode()  # parts that stay undecoded are not looked at otherwise
                    if only is not None and row.filter is not None and row.filter != only:
                        continue
                    record = _LogRecord(row, number, line, convert(row.resps))
                except Exception:
                    yield _record_of_line(line, number, source.path, convert)
                    continue
                yield record
        except InputError as error:  # a compressed file that breaks off
            number += 1
            yield Malformed(source.path, number, error.what)
        self.lines_read = number


def _directions(results: ResultsFile | None, task: str) -> dict[str, bool]:
    """Which way is better by metric, as a results file recorded it for a task (since 0.4.2)."""
    recorded = results.content.get("higher_is_better") if results is not None else None
    found = recorded.get(task) if isinstance(recorded, dict) else None
    return {name: way for name, way in found.items() if isinstance(way, bool)} if isinstance(found, dict) else {}


def _whole_lines(head: bytes) -> list[bytes]:
    """The lines of a file's head, less a last one that may be cut off."""
    *lines, last = head.split(b"\n")
    return lines if len(head) >= files.HEAD_BYTES - 16 else [*lines, last]


def _is_row(line: bytes) -> bool:
    """Whether a line is a row of a log; one that is malformed is not, and the next one may tell."""
    if line[:1] != b"{" or b'"doc_id"' not in line:
        return False
    try:
        row = json_lines.decode_any(line)
    except ValueError:
        return False
    return isinstance(row, dict) and {"doc_id", "resps"} <= row.keys()


def task_of(path: Path, results: ResultsFile | None) -> str:
    """The task a samples file belongs to: from its name, checked against the results file's tasks."""
    names = task_names(path.name)
    known = results.tasks if results else {}
    return next((name for name in names if name in known), names[0] or path.stem)


def _unread(results: ResultsFile | None, damage: Malformed | None) -> str | None:
    """What of a run's results file could not be read; None where all could, or there is none."""
    if damage is not None:
        return f"the run's results file {damage.file} cannot be read: {damage.reason}"
    if results is not None and results.faults:
        return f"the results file {results.path} cannot be read whole: {'; '.join(results.faults[:3])}"
    return None


def _notes(results: ResultsFile | None, task: str) -> list[str]:
    if results is None:
        return []
    stranger = f"{results.path.name}, of the same run, reports no task {task!r}: nothing is taken from it"
    return [*results.notes, *([stranger] if results.same_run and task not in results.tasks else [])]


def _version(results: ResultsFile | None, head: bytes, task: str) -> str | None:
    """The harness's version, as the results file says or the log shows.

    0.4.3 to 0.4.6 wrote files alike, and say nothing; up to 0.4.3 templates lost the newline at their end.
    """
    version = results.harness_version if results else None
    if version is None and b'"filter":' not in head:
        version = "0.4.6" if b'"gen_args_0"' in head else "0.4.2"
    template = ((results.config(task) if results else None) or {}).get("doc_to_target")
    if version == "0.4.6" and isinstance(template, str) and template.endswith("\n"):
        rows = (json_lines.decode_any(line) for line in _whole_lines(head) if _is_row(line))
        target = next((row.get("target") for row in rows), None)
        if isinstance(target, str) and not target.endswith("\n"):
            return "0.4.3"
    return version


def _run(path: Path, results: ResultsFile | None, head: bytes, task: str) -> Run:
    date = date_of(path.name)
    model = results.model if results else None
    folder = path.parent.name
    name = " ".join(
        part for part in (model or folder, date.iso if date else (results.date if results else None)) if part
    )
    return Run(
        name=name or path.stem,
        model=model,
        date=date.iso if date else (results.date if results else None),
        results_file=str(results.path) if results and results.same_run else None,
        harness_version=_version(results, head, task),
    )


def _inferred_recipe(reader: LmEvalReader, source: Source) -> Recipe:
    """A recipe for a log without a results file: the kind of its answers, and the metrics its rows recorded."""
    first = first_record(source, reader)
    if first is None:
        return Recipe(task=source.task)
    one = first.answers[0][0] if first.answers and first.answers[0] else ""
    kind: OutputType = "generate_until"
    if isinstance(one, tuple):
        kind = "multiple_choice" if len(first.answers) > 1 else "loglikelihood"
    elif isinstance(one, float):
        kind = "loglikelihood_rolling"
    return Recipe(
        task=source.task,
        output_type=kind,
        doc_to_target="truth" if isinstance(first.doc, dict) and first.doc.keys() == {"truth"} else None,
        harness_version=source.run.harness_version,
        metadata={"inferred": True, "recorded_metrics": [*first.recorded]},
    )


def _answers_converter(output_type: str | None) -> Callable[[Any], list[list[Any]]]:
    """A function from a row's ``resps`` to answers per request and repeat, with numbers as numbers.

    Since 0.4.3 the harness writes every scalar as a string: ``[[["-1.5", "False"]]]``.
    """

    def pair(value: Any) -> Any:
        if isinstance(value, list | tuple) and len(value) == 2 and not isinstance(value[0], list):
            greedy = value[1]
            return (float(value[0]), greedy if isinstance(greedy, bool) else str(greedy) == "True")
        return value

    def texts(resps: Any) -> list[list[Any]]:
        if type(resps) is list and len(resps) == 1:
            request = resps[0]
            if type(request) is list and len(request) == 1 and type(request[0]) is str:
                return resps
        if not isinstance(resps, list):
            raise TypeError("they must be a list of lists")
        return [[pair(value) for value in request] if isinstance(request, list) else [request] for request in resps]

    def loglikelihoods(resps: Any) -> list[list[Any]]:
        return [[(float(value[0]), value[1] is True or value[1] == "True") for value in request] for request in resps]

    def rolling(resps: Any) -> list[list[Any]]:
        return [
            [
                float(value[0] if isinstance(value, list) else value)
                for value in (req if isinstance(req, list) else [req])
            ]
            for req in resps
        ]

    if output_type in ("multiple_choice", "loglikelihood"):
        return loglikelihoods
    return rolling if output_type == "loglikelihood_rolling" else texts


def _arguments(raw: msgspec.Raw | Any) -> list[list[Any]]:
    """``arguments`` of any version as a list of requests, each ``[prompt, continuation or parameters]``."""
    value = json_lines.decode_any(raw) if isinstance(raw, msgspec.Raw) else raw
    if isinstance(value, dict):  # since 0.4.3: {"gen_args_0": {"arg_0": ..., "arg_1": ...}}
        return [list(request.values()) if isinstance(request, dict) else [request] for request in value.values()]
    if isinstance(value, list):  # early logs hold the first request's arguments flat
        return value if all(isinstance(request, list) for request in value) else [value]
    return []


def _hashes_of_dict(row: dict[str, Any]) -> dict[str, str]:
    return {name: row[name] for name in ("doc_hash", "prompt_hash", "target_hash") if row.get(name)}


def _recorded_of_dict(row: dict[str, Any]) -> dict[str, Any]:
    named = row.get("metrics")
    extra = {key: value for key, value in row.items() if key not in ROW_KEYS}
    if isinstance(named, list) and named:
        return {key: extra[key] for key in named if key in extra}
    if not any(isinstance(value, str) for value in extra.values()):
        return extra
    from regrade.recorded_values import stands_for_value

    return {key: value for key, value in extra.items() if not isinstance(value, str) or stands_for_value(value)}


def _record_of_line(line: bytes, number: int, path: str, convert: Callable[[Any], Any]) -> Record | Malformed:
    """The slow way, for lines that the fast one refuses: says what is wrong, or reads what only Python writes."""
    try:
        return _record_of_dict(number, json_lines.decode_any(line), path, convert)
    except Exception as error:
        return malformed_row(path, number, error)


def _record_of_dict(number: int, row: Any, path: str, convert: Callable[[Any], Any]) -> Record | Malformed:
    if not isinstance(row, dict):
        return Malformed(path, number, f"a row must be an object, this is {_kind(row)}")
    if "doc_id" not in row:
        return Malformed(path, number, "the row has no doc_id")
    if "resps" not in row:
        if "logit_0" in row:
            return _record_of_write_out(row, number)
        return Malformed(path, number, "the row has no resps")
    try:
        answers = convert(row["resps"])
    except Exception as error:
        return Malformed(path, number, f"resps cannot be read: {error}")
    if not isinstance(row.get("filter"), str | None):
        return Malformed(path, number, f"its filter is {_kind(row['filter'])}, not a name")
    return Record(
        row["doc_id"],
        number,
        answers,
        doc=row.get("doc"),
        target=row.get("target"),
        filter=row.get("filter"),
        extracted=row.get("filtered_resps"),
        arguments=partial(_arguments, row.get("arguments")),
        recorded=partial(_recorded_of_dict, row),
        hashes=partial(_hashes_of_dict, row),
        fingerprint=_fingerprint(row.get("doc")),
    )


def _fingerprint(doc: Any) -> int:
    """The checksum of a document as the harness writes it: what :class:`_LogRecord` makes of the same document."""
    return zlib.crc32(json.dumps(doc, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))


def _record_of_write_out(row: dict[str, Any], number: int) -> Record:
    """A row of v0.3's ``*_write_out_info.json``: flat ``prompt_i`` and ``logit_i``, the truth, and metric values."""
    logits = [row[key] for key in _numbered(row, "logit_")]
    prompts = [str(row[key]) for key in _numbered(row, "prompt_")]
    answers: list[list[Any]] = []
    for logit in logits:
        if isinstance(logit, list) and len(logit) == 2:
            answers.append([(float(logit[0]), bool(logit[1]))])
        elif isinstance(logit, int | float):
            answers.append([(float(logit), False)])
        else:
            answers.append([logit])
    shared = _shared_length(prompts)
    known = {"doc_id", "truth", *_numbered(row, "logit_"), *_numbered(row, "prompt_")}
    recorded = {key: _number(value) for key, value in row.items() if key not in known}
    return Record(
        row["doc_id"],
        number,
        answers,
        doc={key: row[key] for key in ("truth",) if key in row},
        target=row.get("truth"),
        arguments=[[prompt[:shared], prompt[shared:]] for prompt in prompts],
        recorded=recorded,
    )


def _shared_length(prompts: list[str]) -> int:
    """Length of the prompt proper: what all requests begin with, less a space that belongs to the continuation."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts), max(prompts)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return length - first[:length].endswith(" ")


def _numbered(row: dict[str, Any], prefix: str) -> list[str]:
    keys = [key for key in row if key.startswith(prefix) and key[len(prefix) :].isdigit()]
    return sorted(keys, key=lambda key: int(key[len(prefix) :]))


def _number(value: Any) -> Any:
    """v0.3 wrote metric values as strings."""
    try:
        return {"True": 1.0, "False": 0.0}.get(value) if value in ("True", "False") else float(value)
    except (TypeError, ValueError):
        return value


def _kind(value: Any) -> str:
    return {dict: "an object", list: "an array", str: "a string", type(None): "null"}.get(type(value), "a number")
