"""Reader of FastChat's judgement files, as MT-Bench's judge writes them: ratings and comparisons."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

from regrade.errors import InputError
from regrade.files import tables as table_files
from regrade.files.chunk import CHUNK_BYTES, Chunk
from regrade.files.tables import Row
from regrade.registry import register
from regrade.rows import joins
from regrade.rows.guard import each_record
from regrade.rows.source import Reader, Run, Source
from regrade.schema import FilterPipeline, FilterStep, Malformed, MetricSpec, Recipe, Record

Kind: TypeAlias = Literal["single", "pair"]

SINGLE_METRICS = ("judge_rating",)
PAIR_METRICS = (
    "wins",
    "losses",
    "ties",
    "win_rate",
    "loss_rate",
    "win_rate_adjusted",
    "position_consistency",
)
_QUESTIONS = "question.jsonl"
_FILTERS: dict[Kind, str] = {"single": "fastchat_rating", "pair": "fastchat_choice"}


@register("reader", "mt-bench")
class MtBenchReader(Reader):
    """FastChat's ``model_judgment/*_single.jsonl`` and ``*_pair.jsonl``: one source per judge and model.

    A sample is one judgement (of a pair: both orders). The judge's words are the answers, one request per order, so
    that verdicts are read out of them again; where a file keeps none, its verdicts stand in. ``--by doc.turn`` and
    ``--by doc.category`` break results down; the category comes from ``question.jsonl``, which FastChat keeps beside
    the folder of judgements, or from ``--docs FILE`` (joined by ``question_id``).

    A comparison counts for both of its models: it is a sample of each, with the other as ``doc.opponent``. A sample's
    id is ``QUESTION.TURN``, of a comparison ``QUESTION.TURN.OPPONENT``.
    """

    title: ClassVar[str] = "MT-Bench judgements (FastChat)"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b'"question_id"',),)
    whole_doc: ClassVar[bool] = False

    def matches(self, path: Path, head: bytes) -> str | None:
        first = head.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0]
        if not first.startswith(b"{") or b'"question_id"' not in first:
            return None
        if all(key in first for key in (b'"model_1"', b'"model_2"', b'"g1_winner"')):
            return "a comparison by a judge per line: model_1, model_2, g1_winner"
        words = b'"user_prompt"' in first or b'"score"' in first
        if words and re.search(rb'"model"\s*:', first) and re.search(rb'"judge"\s*:\s*\[', first):
            return "a rating by a judge per line: model, judge, score"
        return None

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        table = table_files.open_table(path)
        survey = _Survey()
        for item in table_files.all_rows(table):
            if not isinstance(item, Malformed):
                survey.add(item[1])
        if not survey.models:
            raise InputError("holds no judgement that can be read", where=str(path))
        join, beside = _questions(path, options)
        note = f"categories and questions are those of {join.docs}" if join is not None and beside else None
        chunks = table_files.plan(table, int(options.get("chunk_bytes") or CHUNK_BYTES))
        return [
            Source(
                reader="mt-bench",
                path=str(path),
                task=f"mt_bench_{kind}/{judge}",
                run=Run(name=model, model=model),
                recipe=_recipe(kind, survey.worded),
                chunks=chunks,
                options={
                    "format": table.format,
                    "delimiter": table.delimiter,
                    "who": [kind, judge, model],
                    "worded": survey.worded,
                    "join": list(join) if join is not None else None,
                    "lenient": beside,
                },
                notes=[text for text in (survey.note_on(kind, judge, model), note) if text],
            )
            for kind, judge, model in survey.models
        ]

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        options = source.options
        table = table_files.Table(source.path, options["format"], "", options["delimiter"])
        rows = table_files.Rows(table, chunk)
        kind, judge, model = options["who"]
        docs = joins.documents(joins.Join(*options["join"])) if options["join"] else None

        def make(line: int, row: Row) -> Record | Malformed | None:
            if (problem := _problem(row)) is not None:
                return Malformed(source.path, line, problem)
            if _kind(row) != kind or _judge(row) != judge or model not in _models(row):
                return None
            question = docs.of(row, line) if docs is not None else None
            if docs is not None and question is None and not options["lenient"]:
                return Malformed(source.path, line, docs.why_none(row, line))
            return _record(row, line, kind, model, question, options["worded"])

        yield from each_record(source.path, rows, make)
        self.lines_read = rows.lines


class _Survey:
    """What a file's rows are about: which judges and models, what they decided, and whether words were kept."""

    def __init__(self) -> None:
        self.models: dict[tuple[Kind, str, str], Counter[str]] = {}
        self.worded = True

    def add(self, row: Row) -> None:
        if _problem(row) is not None:
            return
        kind, judge = _kind(row), _judge(row)
        self.worded = self.worded and all(isinstance(text, str) for text in _words(row, kind))
        for model in _models(row):
            counts = self.models.setdefault((kind, judge, model), Counter())
            counts[_outcome(row, kind, model)] += 1

    def note_on(self, kind: Kind, judge: str, model: str) -> str | None:
        """What a person should know about a model's judgements."""
        counts = self.models[kind, judge, model]
        lost, total = counts["unread"], counts.total()
        if kind == "single":
            return f"{model}: {lost} of {total} judgements hold no rating (-1)" if lost else None
        text = f"{model}, by {judge}'s recorded verdicts: {counts['win']} wins, {counts['loss']} losses, "
        text += f"{counts['tie']} ties"
        return text + (f"; {lost} of {total} comparisons have no verdict in one order or both" if lost else "")


def _outcome(row: Row, kind: Kind, model: str) -> str:
    """What the file records: ``win``, ``loss``, ``tie`` or ``rated``; ``unread`` where it holds no verdict."""
    if kind == "single":
        score = row.get("score")
        return "rated" if isinstance(score, int | float) and score != -1 else "unread"
    first, second = row.get("g1_winner"), row.get("g2_winner")
    if not all(winner in ("model_1", "model_2", "tie") for winner in (first, second)):
        return "unread"
    if first == "tie" or first != second:
        return "tie"
    return "win" if row[str(first)] == model else "loss"


def _recipe(kind: Kind, worded: bool) -> Recipe:
    names = SINGLE_METRICS if kind == "single" else PAIR_METRICS
    steps = [FilterStep(_FILTERS[kind])] if worded else []
    if worded and kind == "single":
        steps.append(FilterStep("within_scale", {"lowest": 1, "highest": 10}))
    return Recipe(
        task=f"mt_bench_{kind}",
        filters=[FilterPipeline("verdict" if worded else "as recorded", [*steps, FilterStep("take_first")])],
        metrics=[MetricSpec(name) for name in names],
        metadata={"source": "FastChat"},
    )


def _questions(path: Path, options: dict[str, Any]) -> tuple[joins.Join | None, bool]:
    """Where the questions are, and whether that was found and not said."""
    if options.get("docs"):
        return joins.Join.parse(str(options["docs"]), options.get("join_on") or "question_id"), False
    for folder in (path.parent.parent, path.parent):
        if (folder / _QUESTIONS).is_file():
            return joins.Join(str(folder / _QUESTIONS), "question_id", "question_id"), True
    return None, False


def _kind(row: Row) -> Kind:
    return "pair" if "g1_winner" in row else "single"


def _judge(row: Row) -> str:
    """The judge's model: FastChat keeps it with the name of the prompt, as a pair."""
    judge = row.get("judge")
    return str(judge[0] if isinstance(judge, list) and judge else judge)


def _models(row: Row) -> list[str]:
    return [row["model_1"], row["model_2"]] if _kind(row) == "pair" else [row["model"]]


def _words(row: Row, kind: Kind) -> list[Any]:
    names = ("judgment",) if kind == "single" else ("g1_judgment", "g2_judgment")
    return [row.get(name) for name in names]


def _problem(row: Row) -> str | None:
    """Why a row is no judgement; None where it is one."""
    names = ("model_1", "model_2") if _kind(row) == "pair" else ("model",)
    for name in names:
        if not isinstance(row.get(name), str):
            return f"has no model's name in {name!r}"
    if not isinstance(row.get("question_id"), int | str):
        return "has no 'question_id'"
    return None


def _record(row: Row, line: int, kind: Kind, model: str, question: Row | None, worded: bool) -> Record:
    doc = dict(row)
    doc.setdefault("turn", 1)
    sample_id = f"{row['question_id']}.{doc['turn']}"
    if kind == "pair":
        doc["model"] = model
        doc["opponent"] = row["model_2"] if model == row["model_1"] else row["model_1"]
        sample_id += f".{doc['opponent']}"
        verdicts = [row.get("g1_winner"), row.get("g2_winner")]
        prompts = [row.get("g1_user_prompt"), row.get("g2_user_prompt")]
    else:
        verdicts, prompts = [row.get("score")], [row.get("user_prompt")]
    answers = _words(row, kind) if worded else [None if v is None else str(v) for v in verdicts]
    merged: Callable[[], Row] | Row = doc if question is None else partial(joins.merge, doc, question)
    return Record(
        sample_id,
        line,
        [[answer] for answer in answers],
        doc=merged,
        arguments=[[prompt] for prompt in prompts],
        recorded=_recorded(row, kind, model),
        fingerprint=zlib.crc32(str(row["question_id"]).encode("utf-8", "surrogatepass")),
    )


def _recorded(row: Row, kind: Kind, model: str) -> dict[str, float]:
    """The values of the metrics by the verdicts that the file records; none where it holds no verdict."""
    outcome = _outcome(row, kind, model)
    if outcome == "unread":
        return {}
    if kind == "single":
        return {"judge_rating": float(row["score"])}
    win, loss, tie = (float(outcome == name) for name in ("win", "loss", "tie"))
    consistent = float(row["g1_winner"] == row["g2_winner"])
    return dict(zip(PAIR_METRICS, (win, loss, tie, win, loss, win + tie / 2, consistent), strict=True))
