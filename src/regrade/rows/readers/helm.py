"""Reader of HELM's run folders: per-instance statistics, with the completions where they are there."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from regrade.addition import add_up
from regrade.errors import InputError
from regrade.files import json_lines
from regrade.files import reading as files
from regrade.files.chunk import Chunk
from regrade.files.location import locate
from regrade.registry import register
from regrade.rows.guard import each_record
from regrade.rows.source import Reader, Run, Source
from regrade.schema import FilterPipeline, FilterStep, Malformed, Recipe, Record

#: Statistics of what a run cost and how its requests ended, not of how good its answers are.
_BOOKKEEPING = re.compile(
    r"num_|finish_reason_|training_|inference_|batch_size$|prompt_truncated$|max_prob$|predicted_index$"
)


class _Group(NamedTuple):
    """Which instances are averaged together: those of one split, as they are or perturbed in one way."""

    split: str | None
    perturbation: str | None


class _StatName(msgspec.Struct):
    name: str
    split: str | None = None
    sub_split: str | None = None
    perturbation: dict[str, Any] | None = None


class _Stat(msgspec.Struct):
    name: _StatName
    count: int = 0
    sum: float = 0.0
    mean: float | None = None

    @property
    def value(self) -> float:
        return self.mean if self.mean is not None else self.sum / self.count

    @property
    def key(self) -> str:
        return self.name.name if self.name.sub_split is None else f"{self.name.name}/{self.name.sub_split}"


class _Instance(msgspec.Struct):
    instance_id: str
    stats: list[_Stat]
    train_trial_index: int = 0
    perturbation: dict[str, Any] | None = None

    @property
    def group(self) -> _Group:
        split = next((stat.name.split for stat in self.stats if stat.name.split is not None), None)
        return _Group(split, _name(self.perturbation))


@register("reader", "helm")
class HelmReader(Reader):
    """HELM's ``per_instance_stats.json``; ``scenario_state.json``, ``run_spec.json`` and ``stats.json`` beside it.

    One source per split and perturbation, as HELM averages them. A sample is an instance; its recorded values are the
    means of its statistics over the training trials, but for what they say of cost and requests (``num_output_tokens``,
    ``inference_runtime``, ...), which stands in ``doc.stats``. Answers, references and prompts come from the scenario
    state; its several completions of a request are repeats, HELM's own metrics but ``@k`` take the first. Of
    multiple-choice requests the target is the letter of the right reference.

    Statistics that HELM derives from sums over the whole run (perplexity, bits_per_byte) are recorded for the run only.
    """

    title: ClassVar[str] = "HELM per-instance stats"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b'"instance_id"', b'"stats"', b'"name"'),)
    whole_doc: ClassVar[bool] = False

    def matches(self, path: Path, head: bytes) -> str | None:
        start = head.lstrip()
        if start[:1] == b"[" and b'"instance_id"' in start[:200] and b'"stats"' in start and b'"name"' in start:
            return "an array of instance_id and stats"
        return None

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        groups: dict[_Group, set[str]] = {}
        for item in _instances(str(path)):
            if not isinstance(item, Malformed):
                groups.setdefault(item[1].group, set()).add(item[1].instance_id)
        if not groups:
            raise InputError("holds no instance that can be read", where=str(path))
        spec = _object(_beside(path, "run_spec.json"))
        stats = _stats(path)
        return [self._source(path, group, ids, spec, stats, len(groups)) for group, ids in groups.items()]

    def _source(self, path: Path, group: _Group, ids: set[str], spec: Any, stats: list[_Stat], groups: int) -> Source:
        adapter = _object(spec.get("adapter_spec"))
        model = adapter.get("model") or adapter.get("model_deployment")
        name = str(spec.get("name") or path.parent.name)
        own = [stat for stat in stats if _Group(stat.name.split, _name(stat.name.perturbation)) == group and stat.count]
        recorded = {f"{stat.key},none": stat.value for stat in own if not _BOOKKEEPING.match(stat.name.name)}
        expected = next((round(stat.value) for stat in own if stat.name.name == "num_instances"), None)
        label = "/".join(part for part in group if part)
        notes = []
        if not stats:
            notes.append("no stats.json beside it: there are no recorded averages to compare with")
        if not path.with_name("scenario_state.json").exists():
            notes.append("no scenario_state.json beside it: there are no answers to score again")
        return Source(
            reader="helm",
            path=str(path),
            task=f"{_task(name)}/{label}" if groups > 1 and label else _task(name),
            run=Run(name=name, model=model),
            recipe=Recipe(
                task=_task(name),
                filters=[FilterPipeline("none", [FilterStep("remove_whitespace"), FilterStep("take_first")])],
                metadata={
                    "inferred": True,
                    "recorded_metrics": [key.removesuffix(",none") for key in recorded],
                    "stats": {stat.key: stat.value for stat in own if _BOOKKEEPING.match(stat.name.name)},
                    "run_spec": spec,
                },
            ),
            chunks=[Chunk(str(path), part=json.dumps(list(group)))],
            expected=expected if expected is not None else len(ids),
            recorded=recorded,
            notes=notes,
        )

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        wanted = _Group(*json.loads(str(chunk.part)))
        found: dict[str, tuple[int, list[_Instance]]] = {}
        for item in _instances(source.path):
            if isinstance(item, Malformed):
                yield item
            elif item[1].group == wanted:
                found.setdefault(item[1].instance_id, (item[0], []))[1].append(item[1])
        requests = _requests(locate(source.path), wanted.perturbation)

        def make(_line: int, entry: tuple[str, tuple[int, list[_Instance]]]) -> Record:
            sample_id, (line, trials) = entry
            return _record(sample_id, line, trials, requests.get(sample_id, []), wanted)

        yield from each_record(source.path, ((entry[1][0], entry) for entry in found.items()), make)


def _record(
    sample_id: str, line: int, trials: list[_Instance], requests: list[dict[str, Any]], group: _Group
) -> Record:
    values: dict[str, list[float]] = {}
    for trial in trials:
        for stat in trial.stats:
            if stat.count:
                values.setdefault(stat.key, []).append(stat.value)
    means = {key: add_up(several) / len(several) for key, several in values.items()}
    recorded = {key: value for key, value in means.items() if not _BOOKKEEPING.match(key)}
    doc: dict[str, Any] = {
        "id": sample_id,
        "split": group.split,
        "perturbation": group.perturbation,
        "stats": {key: value for key, value in means.items() if key not in recorded},
    }
    instance_id = zlib.crc32(sample_id.encode("utf-8", "surrogatepass"))
    if not requests:
        return Record(sample_id, line, [[]], doc=doc, recorded=recorded, fingerprint=instance_id)
    instance = requests[0].get("instance") or {}
    mapping = requests[0].get("output_mapping")
    references = [
        {"text": (reference.get("output") or {}).get("text"), "correct": "correct" in (reference.get("tags") or [])}
        for reference in instance.get("references") or []
    ]
    doc |= {"input": (instance.get("input") or {}).get("text"), "references": references, "output_mapping": mapping}
    right = [reference["text"] for reference in references if reference["correct"]]
    if mapping:
        right = [letter for letter, text in mapping.items() if text in right] or right
    completions = [
        completion.get("text", "")
        for request in requests
        for completion in (request.get("result") or {}).get("completions") or []
    ]
    return Record(
        sample_id,
        line,
        [completions],
        doc=doc,
        target=right[0] if len(right) == 1 else right,
        arguments=[[(requests[0].get("request") or {}).get("prompt")]],
        recorded=recorded,
        fingerprint=instance_id,
    )


def _instances(path: str) -> Iterator[tuple[int, _Instance] | Malformed]:
    for item in json_lines.decode_array(path):
        if isinstance(item, Malformed):
            yield item
            continue
        try:
            yield item[0], msgspec.convert(item[1], _Instance)
        except msgspec.ValidationError as error:
            yield Malformed(path, item[0], f"is no instance of HELM: {error}")


def _requests(path: Path, perturbation: str | None) -> dict[str, list[dict[str, Any]]]:
    """The requests of each instance, in order of trial; none where the scenario state is not there.

    Requests that score one reference each (``multiple_choice_separate``) hold no answer and are left out.
    """
    state = _beside(path, "scenario_state.json")
    requests: dict[str, list[dict[str, Any]]] = {}
    for request in (state or {}).get("request_states") or []:
        instance = request.get("instance") or {}
        if _name(instance.get("perturbation")) == perturbation and request.get("reference_index") is None:
            requests.setdefault(str(instance.get("id")), []).append(request)
    for several in requests.values():
        several.sort(key=lambda request: request.get("train_trial_index") or 0)
    return requests


def _stats(path: Path) -> list[_Stat]:
    stats = _beside(path, "stats.json") or []
    try:
        several = msgspec.convert(stats, list[_Stat])
    except msgspec.ValidationError as error:
        raise InputError(f"is no statistics file of HELM: {error}", where=str(path.with_name("stats.json"))) from None
    # Besides each perturbation's own values HELM records them on the originals, and the worst over all perturbations.
    return [stat for stat in several if (stat.name.perturbation or {}).get("computed_on", "perturbed") == "perturbed"]


def _beside(path: Path, name: str) -> Any:
    """The content of a file beside ``path``, of the same compression or none; None where it is not there."""
    for candidate in (path.with_name(name), path.with_name(name + path.suffix)):
        if candidate.exists():
            try:
                return json_lines.decode_any(files.read_all(candidate))
            except ValueError as error:
                raise InputError(str(error), where=str(candidate)) from None
    return None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(perturbation: dict[str, Any] | None) -> str | None:
    return None if perturbation is None else str(perturbation.get("name"))


def _task(name: str) -> str:
    """A run's name without the model: of ``mmlu:subject=x,model=openai_gpt2`` it leaves ``mmlu:subject=x``."""
    scenario, colon, arguments = name.partition(":")
    kept = [argument for argument in arguments.split(",") if not argument.startswith("model=")]
    return scenario + (colon + ",".join(kept) if any(kept) else "")
