"""Reader of Inspect's logs: ``.eval`` archives and ``.json`` files of every version."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from regrade.errors import InputError
from regrade.files import json_lines
from regrade.files import reading as files
from regrade.files.chunk import CHUNK_BYTES, Chunk
from regrade.files.guard import malformed_row
from regrade.files.zip_members import Archive
from regrade.registry import register
from regrade.rows.readers.inspect_ai_scores import View, reduce_epochs, views_of
from regrade.rows.source import Reader, Run, Source
from regrade.schema import FilterPipeline, FilterStep, Malformed, MetricSpec, Recipe, Record

_REASON = "scored by Inspect's own scorer"
_MEMBER = re.compile(r"samples/(.*)_epoch_(\d+)\.json", re.DOTALL)
_ATTACHMENT = "attachment://"


class _Sample(msgspec.Struct):
    """What is read of a sample; its events, which are most of it, are skipped."""

    id: Any
    epoch: int = 1
    input: Any = None
    choices: Any = None
    target: Any = None
    messages: Any = None
    output: Any = None
    scores: Any = None
    score: Any = None
    metadata: Any = None
    error: Any = None
    limit: Any = None
    attachments: Any = None
    total_time: Any = None


class _Log(msgspec.Struct):
    """What is read of a log."""

    eval: dict[str, Any]
    version: Any = None
    status: str | None = None
    results: Any = None
    samples: list[msgspec.Raw] | None = None
    reductions: Any = None
    error: Any = None


_decode_sample = msgspec.json.Decoder(_Sample).decode
_decode_log = msgspec.json.Decoder(_Log).decode


@register("reader", "inspect")
class InspectReader(Reader):
    """Inspect's logs, ``.eval`` (a zip archive) and ``.json``, from the first version to now.

    Every scorer of the log is a filter: a sample has one row per scorer, named after it, whose recorded values are what
    that scorer said, as numbers (C, I, P and N are 1, 0, 0.5 and 0, as in Inspect). So ``accuracy,match`` is Inspect's
    ``accuracy`` of its scorer ``match``. A scorer whose values are objects gives one recorded value per key. Scorers
    are not run again.

    The epochs of a sample are repeats of one answer. Where the log reduces them in several ways there is a row for
    each, named ``scorer/reducer``; mean, median, mode, max, at_least_k, pass_at_k and pass_k are carried out.

    A sample that failed has no answer and no recorded value; ``doc.error`` and ``doc.limit`` say why, ``doc.epochs``
    holds every epoch's scores with answers and explanations. ``doc`` also holds input, choices, target and metadata.

    A log that was cut down says so only here and there: samples missing by its own count, epochs missing, or averages
    that its own per-sample values contradict. ``options["incomplete"]`` of the source then says why.
    """

    title: ClassVar[str] = "Inspect logs (.eval, .json)"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b"PK\x03\x04",), (b'"eval"', b'"task"', b'"model"', b'"status"'))
    whole_doc: ClassVar[bool] = False

    def matches(self, path: Path, head: bytes) -> str | None:
        if head.startswith(b"PK\x03\x04"):
            return _matches_archive(path, head)
        start = head.lstrip()
        if not start.startswith(b"{") or not re.search(rb'"eval"\s*:\s*\{', start[:4096]):
            return None
        if re.search(rb'"task"\s*:', start) and re.search(rb'"model"\s*:', start) and b'"status"' in start[:4096]:
            return "an object with status, eval, task and model"
        return None

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        if files.read_head(path, 4) == b"PK\x03\x04":
            with Archive(path) as archive:
                log = _header(archive)
                groups = _groups(archive)
                chunks = _plan(archive, groups, int(options.get("chunk_bytes") or CHUNK_BYTES))
                runs = {key: len(names) for key, names in groups.items()}
                first = next((sample for names in groups.values() if (sample := _first(archive, names[:1]))), None)
        else:
            log = _read_log(str(path))
            by_id = _by_id(log, str(path))
            chunks = [Chunk(str(path))] if by_id else []
            runs = {key: len(samples) for key, samples in by_id.items()}
            first = next((s for samples in by_id.values() for s in samples if isinstance(s, _Sample)), None)
        return [_source(path, log, chunks, runs, first)]

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        views = msgspec.convert(source.options["views"], list[View])
        for line, samples in enumerate(self._samples(chunk), 1):
            self.lines_read = line
            good = []
            for sample in samples:
                if isinstance(sample, _Sample):
                    good.append(sample)
                else:
                    yield Malformed(chunk.path, line, sample)
            try:
                good.sort(key=lambda sample: sample.epoch)
                records = list(_records(good, line, views)) if good else []
            except Exception as error:
                yield malformed_row(chunk.path, line, error)
            else:
                yield from records

    def _samples(self, chunk: Chunk) -> Iterator[list[_Sample | str]]:
        """The epochs of each sample of a chunk; in place of one that cannot be read, why."""
        if chunk.part is None:
            yield from _by_id(_read_log(chunk.path), chunk.path).values()
            return
        start, _, stop = str(chunk.part).partition(":")
        with Archive(chunk.path) as archive:
            for names in list(_groups(archive).values())[int(start) : int(stop)]:
                yield [_read_sample(archive, name) for name in names]


def _matches_archive(path: Path, head: bytes) -> str | None:
    try:
        with files.open_bytes(path) as stream, zipfile.ZipFile(stream) as archive:
            names = set(archive.NameToInfo)
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
        return "a damaged zip archive that begins like one of Inspect" if first == b"_journal/start.json" else None
    if "header.json" in names or "_journal/start.json" in names:
        return "a zip archive with header.json or _journal/start.json"
    return None


def _header(archive: Archive) -> _Log:
    """The log without its samples; of a run that broke off, what it wrote at its start."""
    name = "header.json" if "header.json" in archive.sizes else "_journal/start.json"
    content = _json_member(archive, name)
    if not isinstance(content, dict):
        raise InputError(f"{name} is no JSON object", where=archive.path)
    if "reductions.json" in archive.sizes:
        content["reductions"] = _json_member(archive, "reductions.json")
    content.pop("samples", None)
    return _log_of(content, archive.path)


def _json_member(archive: Archive, name: str) -> Any:
    try:
        return json_lines.decode_any(archive.read(name))
    except (KeyError, ValueError) as error:
        raise InputError(f"{name}: {error}", where=archive.path) from None


def _read_log(path: str) -> _Log:
    data = files.read_all(path)
    try:
        return _decode_log(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        try:
            content = json_lines.decode_any(data)
        except ValueError as error:
            raise InputError(str(error), where=path) from None
        if not isinstance(content, dict):
            raise InputError("is no JSON object", where=path) from None
        samples = content.get("samples")
        if isinstance(samples, list):
            content["samples"] = [json.dumps(sample).encode() for sample in samples]
        return _log_of(content, path)


def _log_of(content: dict[str, Any], path: str) -> _Log:
    samples = content.pop("samples", None)
    try:
        log = msgspec.convert(content, _Log)
    except msgspec.ValidationError as error:
        raise InputError(f"is no log of Inspect: {error}", where=path) from None
    if isinstance(samples, list):
        log.samples = [msgspec.Raw(sample) for sample in samples]
    elif samples is not None:
        raise InputError("is no log of Inspect: its samples are no list", where=path)
    return log


def _by_id(log: _Log, path: str) -> dict[str, list[_Sample | str]]:
    """The samples of a JSON log by id, epochs together; what cannot be read under an id of its own."""
    groups: dict[str, list[_Sample | str]] = {}
    for position, raw in enumerate(log.samples or [], 1):
        sample = _sample_of(raw)
        if isinstance(sample, str):
            groups[f"\0{position}"] = [f"sample {position}: {sample}"]
        else:
            groups.setdefault(f"{type(sample.id).__name__}:{sample.id}", []).append(sample)
    return groups


def _groups(archive: Archive) -> dict[str, list[str]]:
    """Member names of each sample, its epochs in order; numbered samples by number, then the others by name."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for name in archive.sizes:
        if match := _MEMBER.fullmatch(name):
            groups.setdefault(match[1], []).append((int(match[2]), name))
    order = sorted(groups, key=lambda key: (0, int(key), key) if key.isdecimal() else (1, 0, key))
    return {key: [name for _, name in sorted(groups[key])] for key in order}


def _plan(archive: Archive, groups: dict[str, list[str]], chunk_bytes: int) -> list[Chunk]:
    chunks = []
    start = size = 0
    for position, names in enumerate(groups.values(), 1):
        size += sum(archive.sizes[name] for name in names)
        if size >= chunk_bytes or position == len(groups):
            chunks.append(Chunk(archive.path, start, position, f"{start}:{position}"))
            start, size = position, 0
    return chunks


def _read_sample(archive: Archive, name: str) -> _Sample | str:
    try:
        data = archive.read(name)
    except (KeyError, ValueError) as error:
        return str(error)
    sample = _sample_of(data)
    return f"{name}: {sample}" if isinstance(sample, str) else sample


def _first(archive: Archive, names: list[str]) -> _Sample | None:
    samples = [_read_sample(archive, name) for name in names]
    return next((sample for sample in samples if isinstance(sample, _Sample)), None)


def _sample_of(data: bytes | msgspec.Raw) -> _Sample | str:
    try:
        sample = _decode_sample(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        try:
            sample = msgspec.convert(json_lines.decode_any(data), _Sample)
        except ValueError as error:
            return str(error)
    return sample if isinstance(sample.id, (int, str)) else "its id is no number and no text"


def _source(path: Path, log: _Log, chunks: list[Chunk], runs: dict[str, int], first: _Sample | None) -> Source:
    info = log.eval
    results = _object(log.results)
    task = str(info.get("task") or path.stem)
    views = views_of(results, _scores(first) if first else {})
    metrics = list(dict.fromkeys(name for view in views for name in view.names(first.scores if first else None)))
    expected, epochs = _expected(results, _object(info.get("config")), _object(info.get("dataset")))
    notes, incomplete = _notes(log, views, runs, expected, epochs)
    return Source(
        reader="inspect",
        path=str(path),
        task=task.rpartition("/")[2] or task,
        run=Run(
            name=f"{info.get('model')} {info.get('created') or path.stem}",
            model=info.get("model"),
            date=info.get("created"),
            harness_version=_object(info.get("packages")).get("inspect_ai"),
        ),
        recipe=Recipe(
            task=task,
            doc_to_text="{{input}}",
            filters=[FilterPipeline(view.filter, [FilterStep("take_first")]) for view in views]
            or [FilterPipeline("none", [FilterStep("take_first")])],
            metrics=[MetricSpec(name, aggregation="mean") for name in metrics],
            needs=dict.fromkeys(metrics, _REASON),
            repeats=max([epochs, *runs.values()], default=1),
            version=info.get("task_version"),
            metadata={"recorded_metrics": metrics, "inspect": {key: info.get(key) for key in ("task_args", "scorers")}},
        ),
        chunks=chunks,
        expected=expected,
        recorded={
            key: value
            for view in views
            for key, value in view.recorded.items()
            if expected != 1 or "_stderr," not in key  # Inspect writes 0 where one sample has none
        },
        options={"views": msgspec.to_builtins(views), **({"incomplete": incomplete} if incomplete else {})},
        notes=notes,
    )


def _expected(results: dict[str, Any], config: dict[str, Any], dataset: dict[str, Any]) -> tuple[int | None, int]:
    """How many samples the log says were evaluated, and in how many epochs each."""
    total = _count(results.get("total_samples"))
    ids = dataset.get("sample_ids")
    chosen = len(ids) if isinstance(ids, list) and ids else None
    epochs = _count(config.get("epochs")) or 1
    if total and chosen:
        epochs = max(epochs, -(-total // chosen))
    if chosen is None and total:
        chosen = max(-(-total // epochs), 1)
    return chosen, epochs


def _notes(
    log: _Log, views: list[View], runs: dict[str, int], expected: int | None, epochs: int
) -> tuple[list[str], str | None]:
    """What a person should know, and why the log is not whole, if it is not."""
    notes = []
    reasons = []
    if log.status not in (None, "success"):
        notes.append(f"the run's status is {log.status!r}")
        if log.status in ("started", "error") and log.results is None:
            reasons.append(f"the run did not end: its status is {log.status!r}")
    if not runs and expected is None:
        reasons.append("the log holds no samples")
    if expected is not None and len(runs) < expected:
        reasons.append(f"{len(runs)} of {expected} samples are in the log")
    total = sum(runs.values())
    if runs and total < len(runs) * epochs:
        reasons.append(f"{total} of {len(runs) * epochs} epochs of its samples are in the log")
    contradicted = [text for view in views if (text := view.contradiction(log.reductions))]
    if contradicted:
        reasons.append("its averages were made of other samples than it holds: " + "; ".join(contradicted))
    if len(views) > 1:
        notes.append("each row belongs to one scorer: " + ", ".join(view.filter for view in views))
    return notes + reasons, "; ".join(reasons) or None


def _records(epochs: list[_Sample], line: int, views: list[View]) -> Iterator[Record]:
    first = epochs[0]
    answers = [text for sample in epochs if (text := _completion(sample)) is not None]
    document: list[dict[str, Any]] = []  # made once, for all rows of the sample

    def doc() -> dict[str, Any]:
        if not document:
            document.append(_document(epochs))
        return document[0]

    target = _resolve(first.target, first.attachments)
    asked = _asked(first)
    if not views:
        arguments = partial(_arguments, first)
        yield Record(first.id, line, [answers], doc=doc, target=target, arguments=arguments, fingerprint=asked)
    for view in views:
        yield Record(
            first.id,
            line,
            [answers],
            doc=doc,
            target=target,
            filter=view.filter,
            extracted=partial(_extracted, epochs, view),
            arguments=partial(_arguments, first),
            recorded=partial(_recorded, epochs, view),
            fingerprint=asked,
        )


def _recorded(epochs: list[_Sample], view: View) -> dict[str, float]:
    return reduce_epochs([score for sample in epochs if (score := _score(sample, view)) is not None], view)


def _extracted(epochs: list[_Sample], view: View) -> list[Any] | None:
    answers = [score.get("answer") for sample in epochs if (score := _score(sample, view)) is not None]
    return answers if any(answer is not None for answer in answers) else None


def _score(sample: _Sample, view: View) -> dict[str, Any] | None:
    """What the view's scorer said of a sample; the oldest logs had one score without a name."""
    if isinstance(sample.scores, dict):
        score = sample.scores.get(view.scorer)
        return score if isinstance(score, dict) else None
    return sample.score if isinstance(sample.score, dict) else None


def _asked(sample: _Sample) -> int:
    """A checksum of what was asked: texts and roles, since messages bear ids of their own in each run."""
    texts = _resolve(sample.input, sample.attachments)
    if isinstance(texts, list):
        texts = [[m.get("role"), m.get("content")] if isinstance(m, dict) else m for m in texts]
    return zlib.crc32(msgspec.json.encode([sample.id, texts, sample.choices, sample.target], enc_hook=str))


def _document(epochs: list[_Sample]) -> dict[str, Any]:
    first = epochs[0]
    resolve = partial(_resolve, attachments=first.attachments)
    errors = [_message(sample.error) for sample in epochs if sample.error]
    limits = [_message(sample.limit) for sample in epochs if sample.limit]
    return {
        "id": first.id,
        "input": resolve(first.input),
        "choices": resolve(first.choices),
        "target": resolve(first.target),
        "metadata": resolve(first.metadata) or {},
        "scores": _resolve(_scores(first), first.attachments),
        "error": errors[0] if errors else None,
        "limit": limits[0] if limits else None,
        "epochs": [
            {
                "epoch": sample.epoch,
                "scores": _resolve(_scores(sample), sample.attachments),
                "error": _message(sample.error) if sample.error else None,
                "limit": _message(sample.limit) if sample.limit else None,
                "stop_reason": _choice(sample).get("stop_reason"),
                "total_time": sample.total_time,
            }
            for sample in epochs
        ],
    }


def _scores(sample: _Sample) -> dict[str, Any]:
    if isinstance(sample.scores, dict):
        return sample.scores
    return {"score": sample.score} if sample.score else {}


def _message(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("message") or value.get("type") or value)
    return str(value)


def _choice(sample: _Sample) -> dict[str, Any]:
    choices = sample.output.get("choices") if isinstance(sample.output, dict) else None
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def _completion(sample: _Sample) -> str | None:
    """What the model said in the end; None where it said nothing.

    The text of the first choice, its parts joined by newlines as Inspect joins them; reasoning is no part of it.
    """
    if isinstance(sample.output, dict) and isinstance(completion := sample.output.get("completion"), str):
        if completion or _choice(sample):
            return str(_resolve(completion, sample.attachments))
        return None
    message = _choice(sample).get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return str(_resolve(content, sample.attachments))
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        return "\n".join(str(_resolve(text, sample.attachments)) for text in texts if isinstance(text, str))
    return None


def _arguments(sample: _Sample) -> list[list[Any]]:
    """The prompt: the conversation up to the model's last message, else the sample's input."""
    messages = sample.messages if isinstance(sample.messages, list) else []
    last = max((n for n, m in enumerate(messages) if isinstance(m, dict) and m.get("role") == "assistant"), default=0)
    return [[_resolve(messages[:last] or sample.input, sample.attachments)]]


def _resolve(value: Any, attachments: Any) -> Any:
    """Put attachments back in their places; a reference without its attachment stays."""
    if not attachments or not isinstance(attachments, dict):
        return value
    if isinstance(value, str):
        if value.startswith(_ATTACHMENT):
            return attachments.get(value.removeprefix(_ATTACHMENT), value)
        return value
    if isinstance(value, list):
        return [_resolve(item, attachments) for item in value]
    if isinstance(value, dict):
        return {key: _resolve(item, attachments) for key, item in value.items()}
    return value


def _object(value: Any) -> dict[str, Any]:
    """A JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
