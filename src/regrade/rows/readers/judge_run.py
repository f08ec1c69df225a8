"""Reader of a judge's run: what a judge said about each system's answers."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from regrade.errors import InputError
from regrade.files.chunk import Chunk
from regrade.registry import register
from regrade.rows.readers.mt_bench import PAIR_METRICS
from regrade.rows.source import Reader, Run, Source
from regrade.schema import FilterPipeline, FilterStep, Malformed, MetricSpec, Recipe, Record
from regrade.store.judge_run import AskedAbout, JudgeRun, Reading
from regrade.store.manifest import MANIFEST, SAMPLES


@register("reader", "judge-run")
class JudgeRunReader(Reader):
    """What ``regrade judge`` makes; told by its ``run.json``: one source per judged system and criterion.

    A sample is one judgement (of a pair: all orders in which it was shown, one request each), and the judge's words are
    the answers, so that verdicts are read again by other filters without a call. A judgement whose call failed is
    missing; one from which no verdict can be read is unparsed and counts as failed.

    A comparison counts for both of its systems: it is a sample of each, with the other as ``doc.opponent``. A sample's
    id is ``ITEM.TURN``, of a comparison ``ITEM.TURN.OPPONENT``.
    """

    title: ClassVar[str] = "a judge's run"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b'"dialect": "judge"', b'"readings"'),)
    whole_doc: ClassVar[bool] = False
    priority: ClassVar[int] = 30

    def matches(self, path: Path, head: bytes) -> str | None:
        told = path.name == MANIFEST and b'"dialect": "judge"' in head and b'"readings"' in head
        return "the manifest of a judge's run" if told and path.with_name(SAMPLES).is_file() else None

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        run = JudgeRun(path.parent)
        manifest = run.manifest
        groups = _by_source(run)
        answered = {key: [found for found in items if _said(run, found)] for key, items in groups.items()}
        if not any(answered.values()):
            failed = run.answers()
            kinds = Counter(kind for one in (failed.failed if failed else {}).values() for kind in one.values())
            told = ", ".join(f"{kind} {count:,}" for kind, count in kinds.most_common())
            raise InputError(
                f"the judge has answered nothing{f' (errors: {told})' if told else ''}",
                where=str(path.parent),
                hint=f"regrade resume {path.parent}",
            )
        task = str(options.get("task_name") or f"{manifest.recipe_name}/{run.judge}")
        return [
            Source(
                reader="judge-run",
                path=str(run.samples),
                task=f"{task}/{criterion}" if criterion else task,
                run=Run(name=system, model=system, date=manifest.created),
                recipe=_recipe(run, task, criterion, items),
                chunks=[Chunk(str(run.samples))],
                expected=len(items),
                options={"folder": str(run.folder), "criterion": criterion, "system": system},
                notes=_notes(run, system, criterion, len(items), len(answered[criterion, system])),
            )
            for (criterion, system), items in groups.items()
        ]

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        run = JudgeRun(Path(source.options["folder"]))
        system = source.options["system"]
        for orders in _by_source(run)[source.options["criterion"], system]:
            self.lines_read = max(self.lines_read, *(one.line for one in orders))
            said = _said(run, orders)
            if said:
                yield _record(orders, said, system)


def recipes_of(run: JudgeRun) -> list[Recipe]:
    """How the verdicts of a judge's run are read and scored, by criterion and system."""
    return [
        _recipe(run, run.manifest.recipe_name, criterion, items) for (criterion, _), items in _by_source(run).items()
    ]


def _by_source(run: JudgeRun) -> dict[tuple[str, str], list[list[AskedAbout]]]:
    """The judgements of each criterion and system: of a pair every order in which it was shown."""
    groups: dict[tuple[str, str], dict[Any, list[AskedAbout]]] = {}
    for asked in run.read_questions():
        about = asked.metadata
        item = tuple(about["models"]), about["item"], about["turn"], about["repeat"]
        for system in about["models"]:
            groups.setdefault((asked.criterion, system), {}).setdefault(item, []).append(asked)
    return {key: list(items.values()) for key, items in groups.items()}


def _said(run: JudgeRun, orders: list[AskedAbout]) -> list[list[str]] | None:
    """What was said, per order and repeat; None where an order has no answer."""
    said = [run.answers_to(one.sample_id) for one in orders]
    return said if all(said) else None


def _record(orders: list[AskedAbout], said: list[list[str]], system: str) -> Record:
    first = orders[0]
    about = first.metadata
    sample_id = f"{about['item']}.{about['turn']}" + (f"#{about['repeat']}" if about["repeat"] else "")
    own: dict[str, Any] = {}
    if len(about["models"]) == 2:
        opponent = next(model for model in about["models"] if model != system)
        own = {"model": system, "opponent": opponent, "orders": [bool(one.metadata["swapped"]) for one in orders]}
        sample_id += f".{opponent}"
    return Record(
        sample_id,
        first.line,
        list(said),
        doc=lambda: {**first.doc, **own},
        target=first.references,
        arguments=lambda: [[msgspec.json.decode(one.messages_json)] for one in orders],
        fingerprint=zlib.crc32(f"{about['item']}.{about['turn']}".encode("utf-8", "surrogatepass")),
        metadata=about,
    )


def _recipe(run: JudgeRun, task: str, criterion: str, items: list[list[AskedAbout]]) -> Recipe:
    reading = run.readings[criterion]
    steps = [
        FilterStep(step["function"], {name: value for name, value in step.items() if name != "function"})
        for step in reading.steps
    ]
    return Recipe(
        task=task,
        filters=[FilterPipeline("verdict", steps)],
        metrics=_metrics(run.mode, run.label, reading, items),
        metadata={"source": "judge"},
    )


def _metrics(mode: str, label: str | None, reading: Reading, items: list[list[AskedAbout]]) -> list[MetricSpec]:
    if mode == "pairwise":
        both = all(len(orders) == 2 for orders in items)
        return [MetricSpec(name) for name in PAIR_METRICS if both or name != "position_consistency"]
    if mode == "choice":
        return [MetricSpec("judge_score", arguments={"scores": reading.scores}, label=label)]
    return [MetricSpec("judge_rating", label=label)]


def _notes(run: JudgeRun, system: str, criterion: str, asked: int, answered: int) -> list[str]:
    if asked == answered:
        return []
    about = f"{system}, {criterion}" if criterion else system
    lacking = f"{about}: {asked - answered:,} of {asked:,} judgements have no answer of the judge"
    return [f"{lacking}; regrade resume {run.manifest.name} asks for them"]
