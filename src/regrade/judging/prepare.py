"""From runs and a judge to the judge's own run: whose answers, which questions to the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from regrade.artifacts.resolve import content_hash
from regrade.dialect import Prepared
from regrade.errors import InputError, UsageError
from regrade.jinja import compile_template, sole_value
from regrade.judging import autoevals
from regrade.judging.answer_tables import Questions, conversations_of_table, texts_of
from regrade.judging.conversation import Conversation
from regrade.judging.find import FoundJudge
from regrade.judging.judge import Judge
from regrade.judging.log_answers import conversations_of_logs
from regrade.judging.samples import Asking, samples_of
from regrade.judging.verdict_form import steps
from regrade.schema import Answer, Blank, Malformed, Sample
from regrade.store import samples as sample_file
from regrade.store.run import Run

Field = Callable[[Mapping[str, Any]], Any]
_OWN = ("question", "reference", "category")


class Judged(msgspec.Struct, kw_only=True):
    """Something whose answers are judged.

    Attributes:
        name: What the system is called; None for the model's own name.
        run: A run, or
        table: a file of answers, or
        log: a log of another tool, or a folder of logs.
        columns: Of a table, the columns of ``id``, ``question``, ``answer`` and ``reference`` that were named.
    """

    name: str | None = None
    run: Run | None = None
    table: Path | None = None
    log: Path | None = None
    columns: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it is."""
        return str(self.run.folder if self.run is not None else self.table or self.log)


def prepare_judge(
    judged: list[Judged],
    found: FoundJudge,
    *,
    asking: Asking,
    questions: Questions | None = None,
    fields: dict[str, str] | None = None,
    limit: int | None = None,
    repeats: int | None = None,
) -> Prepared:
    """A judge's samples.

    Args:
        judged: Whose answers.
        found: The judge.
        asking: How pairs are formed; takes the account of what was left out.
        questions: FastChat's questions, for its files of answers.
        fields: Where things stand in the judged samples: ``question``, ``reference``, ``category``, and what scorers of
            autoevals want (``context``, ``criteria``): texts, or templates over ``doc``, ``input_fields``, ... of the
            sample; a template that is one field gives its value.
        limit: At most so many items, the same of every system.
        repeats: How often each is asked, instead of what the judge says.

    Raises:
        UsageError: no such field, or systems that have one name.
        InputError: answers cannot be read.
    """
    judge = found.judge
    wanted = _fields(fields or {}, judge)
    conversations = _limited(_all(judged, questions, wanted, asking), limit)
    asked = repeats or judge.repeats
    recipe: dict[str, Any] = {"judge": found.data, "name": found.name, "fields": fields or {}}
    samples: Iterable[Sample]
    if isinstance(judge, Judge):
        samples = samples_of(judge, conversations, asking)
        recipe |= {"mode": judge.mode, "readings": _readings(judge, asked)}
        if judge.mode == "pairwise":
            recipe |= {"order": asking.order, "baseline": asking.baseline}
    else:
        samples = autoevals.samples_of(judge, conversations, asking)
        label = autoevals.snake_case(judge.scorer)
        recipe |= {"mode": "rating", "label": label, "readings": {"": {"steps": judge.filters(asked)}}}
    return Prepared(
        name=found.name,
        dialect="judge",
        samples=samples,
        recipe=recipe,
        recipe_hash=content_hash(recipe),
        data={"answers": [one.place for one in judged]},
        parameters=judge.parameters,
        repeats=judge.repeats,
        about=lambda: {"judge": found.data, "name": found.name},
        notes=lambda: [f"{count:,} left out: {reason}" for reason, count in asking.left_out.items()],
        judge_of=[one.place for one in judged],
    )


def _readings(judge: Judge, repeats: int) -> dict[str, Any]:
    readings = {}
    for criterion in judge.each_criterion():
        name = criterion.name if criterion is not None else ""
        options = judge.options_of(name or None)
        readings[name] = {
            "steps": steps(judge, options, repeats),
            "scores": {option.name: option.score for option in options},
        }
    return readings


def _fields(given: dict[str, str], judge: Judge | autoevals.AutoevalsJudge) -> dict[str, Field]:
    known = [*_OWN] if isinstance(judge, Judge) else [*_OWN, *autoevals.SCORERS[judge.scorer]]
    for name in given:
        if name not in known:
            raise UsageError(
                "is nothing that the judge asks for", where=f"--field {name}", hint=f"it may be {', '.join(known)}"
            )
    return {name: _field(text) for name, text in given.items()}


def _field(text: str) -> Field:
    if "{{" not in text and "{%" not in text:
        return lambda scope: text
    sole, render = sole_value(text), compile_template(text)

    def value(scope: Mapping[str, Any]) -> Any:
        if sole is not None:
            try:
                return sole(scope)
            except LookupError:
                pass
        return render(scope)

    return value


def _limited(conversations: Iterable[Conversation], limit: int | None) -> Iterator[Conversation]:
    items: set[str] = set()
    for conversation in conversations:
        if limit is None or conversation.item in items or len(items) < limit:
            items.add(conversation.item)
            yield conversation


def _all(
    judged: list[Judged], questions: Questions | None, fields: dict[str, Field], asking: Asking
) -> Iterator[Conversation]:
    """The conversations of all that is judged; a row that cannot be used is left out, counted and named.

    Raises:
        InputError: no row of them can be used.
    """
    first: Malformed | None = None
    bad = 0
    seen: set[tuple[str, str, int]] = set()
    for one in judged:
        found: Iterator[Conversation | Malformed]
        if one.run is not None:
            found = conversations_of_run(one.run, one.name)
        elif one.log is not None:
            found = conversations_of_logs(one.log, system=one.name, asked_elsewhere="question" in fields)
        else:
            assert one.table is not None
            found = conversations_of_table(one.table, system=one.name, questions=questions, columns=one.columns)
        for conversation in found:
            if isinstance(conversation, Malformed):
                if not isinstance(conversation, Blank):
                    first, bad = first or conversation, bad + 1
                continue
            whole = _with_fields(conversation, fields, one.place)
            key = whole.system, whole.item, whole.repeat
            if key in seen:
                raise UsageError(
                    f"{whole.system} has answered sample {whole.item} twice",
                    where=one.place,
                    hint="tell systems of one name apart: NAME=RUN",
                )
            seen.add(key)
            yield whole
    if first is not None and not seen:
        raise InputError(first.reason, where=f"{first.file}:{first.line}")
    if first is not None and bad:
        named = "a row that cannot be judged" if bad == 1 else "rows that cannot be judged, the first"
        asking.left_out[f"{named} ({first.file}:{first.line}: {first.reason})"] = bad


def _with_fields(conversation: Conversation, fields: dict[str, Field], where: str) -> Conversation:
    if not fields:
        return conversation
    scope = {
        **conversation.doc,
        "doc": conversation.doc,
        "answer": conversation.answers[-1] if conversation.answers else "",
    }
    values: dict[str, Any] = {}
    for name, field in fields.items():
        try:
            values[name] = field(scope)
        except Exception as error:
            raise UsageError(f"cannot be had of sample {conversation.item}: {error}", where=f"--field {name}") from None
    own: dict[str, Any] = {f"judge_{name}": value for name, value in values.items() if name not in _OWN}
    changed = msgspec.structs.replace(conversation, doc={**conversation.doc, **own})
    if "question" in values:
        changed.questions = texts_of(values["question"])
        if len(changed.questions) < len(changed.answers):
            raise UsageError(
                f"gives fewer questions than sample {conversation.item} has answers", where="--field question"
            )
    if "reference" in values:
        changed.references = texts_of(values["reference"])
    if "category" in values:
        changed.category = str(values["category"])
    return changed


def conversations_of_run(run: Run, name: str | None = None) -> Iterator[Conversation]:
    """What was asked in a run, and what was said up to the first turn without an answer.

    Memory: the texts of all answers.

    Args:
        run: The run.
        name: What the system is called, if not as the model is.
    """
    system = name or _system(run)
    turns: dict[tuple[int, int], dict[int, str]] = {}
    for answer in run.read_answers():
        if isinstance(answer, Answer) and answer.error is None and answer.text is not None:
            turns.setdefault((answer.position, answer.repeat), {})[answer.turn] = answer.text
    if not turns:
        raise InputError("it has no answers that could be judged", where=str(run.folder))
    for position, sample in enumerate(sample_file.read(run.samples)):
        questions = [_question(sample), *(sample.follow_ups or ())]
        for repeat in range(run.manifest.repeats):
            said = turns.get((position, repeat), {})
            answered = next((turn for turn in range(len(questions)) if turn not in said), len(questions))
            yield Conversation(
                item=sample.sample_id,
                system=system,
                questions=questions,
                answers=[said[turn] for turn in range(answered)],
                references=_references(sample, len(questions)),
                repeat=repeat,
                category=sample.group,
                doc={**sample.doc, **sample.input_fields, **sample.reference_fields},
            )


def _system(run: Run) -> str:
    return run.manifest.model_name or run.folder.name


def _question(sample: Sample) -> str:
    """What the user said last before the answer."""
    for message in reversed(sample.messages or []):
        if message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            return "\n".join(part.get("text", "") for part in content or () if isinstance(part, dict))
    return sample.prompt or ""


def _references(sample: Sample, turns: int) -> list[str]:
    """A correct answer per turn: of several turns the row's own list, else the first reference."""
    own = sample.doc.get("reference")
    if turns > 1 and isinstance(own, list):
        return texts_of(own)
    first = next((text for text in sample.references if text), None)
    return texts_of(first if first is not None else sample.target)
