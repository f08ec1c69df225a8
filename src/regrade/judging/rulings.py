"""What a judge's run came to, question by question: a verdict, nothing that can be read, or a call that failed."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from regrade.errors import RecipeError, RegradeError, TimeLimitExceeded
from regrade.filters import Pipeline, is_unparsed
from regrade.judging.metrics import verdict_of
from regrade.schema import FilterPipeline, FilterStep
from regrade.scoring.breaker import is_over
from regrade.store.judge_run import AskedAbout, JudgeRun, Reading
from regrade.time_limit import DEFAULT_LIMIT_S, TimeLimit

Status = Literal["parsed", "unparsed", "call failed"]


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one question to a judge.

    Attributes:
        sample_id: The question.
        item: The judged sample.
        turn: The judged turn, from 1.
        repeat: Which of several answers to the item.
        models: The judged system, or the two that are compared.
        status: Whether there is a verdict.
        reason: Why there is no verdict in an answer; None where there is one, and where there is no answer.
        verdict: A rating, an option, or of two answers ``first``, ``second`` or ``tie`` by their names, wherever they
            stood; None without one.
        lengths: Characters of the judged answers.
        swapped: Of a pair, whether the second was shown first; else None.
        category: What the item is grouped by.
        criterion: What was judged; empty where there are no criteria.
    """

    sample_id: str
    item: str
    turn: int
    repeat: int
    models: list[str]
    status: Status
    verdict: Any
    lengths: list[int]
    swapped: bool | None = None
    category: str | None = None
    criterion: str = ""
    reason: str | None = None


def rulings_of(run: JudgeRun, *, filters: list[FilterPipeline] | None = None) -> list[Ruling]:
    """Every question of a judge's run and its verdict, in order.

    Args:
        run: The run.
        filters: Pipelines to read the verdicts by, of which the first is taken; None for the run's own.

    Raises:
        RecipeError: the filters cannot be made, or one answer after the other takes too long.
    """
    pipelines = {name: Pipeline(_pipeline(reading, filters)) for name, reading in run.readings.items()}
    for pipeline in pipelines.values():
        pipeline.prepare()
    found: list[Ruling] = []
    late: list[int] = []
    with TimeLimit(DEFAULT_LIMIT_S) as limit:
        for number, asked in enumerate(run.read_questions()):
            begun = limit.count
            found.append(_ruling(run, asked, pipelines[asked.criterion], limit))
            if limit.exceeded and limit.count > begun:
                late.append(number)
                if is_over(late, from_start=True):
                    raise RecipeError(
                        f"the pattern of verdicts is given up: answer after answer took over {limit.limit_s:g} CPU s",
                        where=f"sample {asked.sample_id}",
                        hint="the answers are kept; name another pattern",
                    )
    return found


def _pipeline(reading: Reading, filters: list[FilterPipeline] | None) -> FilterPipeline:
    if filters:
        return filters[0]
    steps = [
        FilterStep(step["function"], {name: value for name, value in step.items() if name != "function"})
        for step in reading.steps
    ]
    return FilterPipeline("verdict", steps)


def _ruling(run: JudgeRun, asked: AskedAbout, pipeline: Pipeline, limit: TimeLimit) -> Ruling:
    about = asked.metadata
    swapped = about.get("swapped")
    said = run.answers_to(asked.sample_id)
    verdict: Any = None
    reason: str | None = None
    if said:
        try:
            limit.start()
            found = pipeline.apply([said], asked.doc if pipeline.uses_doc else None)[0]
            verdict = None if is_unparsed(found) else _meant(found, run.mode, swapped)
            if verdict is None:
                reason = _explain(said[0], found, pipeline)
            limit.finish()
        except TimeLimitExceeded as error:
            verdict, reason = None, error.what
        except (RegradeError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            verdict, reason = None, f"{type(error).__name__}: {error}"
        finally:
            limit.stop()
    return Ruling(
        sample_id=asked.sample_id,
        item=about["item"],
        turn=about["turn"],
        repeat=about["repeat"],
        models=about["models"],
        status="call failed" if not said else "unparsed" if verdict is None else "parsed",
        verdict=verdict,
        lengths=about["lengths"],
        swapped=swapped,
        category=about.get("category"),
        criterion=asked.criterion,
        reason=reason,
    )


def _explain(said: Any, found: Any, pipeline: Pipeline) -> str:
    """Why there is no verdict in an answer."""
    if isinstance(said, str) and not said.strip():
        return "the answer is empty, or nothing but thinking"
    return pipeline.explain(said) if is_unparsed(found) else f"not a verdict: {found!r:.40}"


def _meant(verdict: Any, mode: str, swapped: bool | None) -> Any:
    """The verdict as it is compared and counted; None where it is of no use."""
    if mode == "pairwise":
        return verdict_of(verdict, swapped=bool(swapped))
    if mode == "rating":
        try:
            rating = float(verdict)
        except (TypeError, ValueError):
            return None
        return None if rating == -1 or rating != rating else rating  # noqa: PLR0124 - nan
    return verdict
