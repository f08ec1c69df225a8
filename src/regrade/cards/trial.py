"""Whether answers to a card's samples can be scored, found out before a model is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from regrade.access import Access
from regrade.artifacts import Artifact, ArtifactError, Catalog, build
from regrade.artifacts.data import to_data
from regrade.cards.card import TaskCard
from regrade.cards.fabricated import fabricate_rows
from regrade.cards.operators.texts.processors import Postprocessed, Postprocessors, postprocessor
from regrade.cards.pipeline import Pipeline
from regrade.cards.prompting.task import Task
from regrade.cards.prompting.template import Template
from regrade.cards.recipe import whole
from regrade.errors import RecipeError, RegradeError, TimeLimitExceeded
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.named import RegisteredMetric
from regrade.rows.loaders.memory import LoadFromDictionary
from regrade.schema import Sample
from regrade.time_limit import DEFAULT_LIMIT_S, TimeLimit

_TRIED: Final = 5
"""Samples whose references are looked at: where none of so many fits, none will."""


class Trial:
    """The metrics and postprocessors of a card, built.

    Args:
        metrics: The metrics: names, data or artifacts.
        postprocessors: The postprocessors, likewise.
        catalog: Where names lead.

    Attributes:
        unavailable: By metric, why it cannot be computed here.

    Raises:
        ArtifactError: a name leads nowhere, or what it leads to is wrong or no metric.
    """

    def __init__(self, metrics: Sequence[Any], postprocessors: Sequence[Any], catalog: Catalog) -> None:
        self.unavailable: dict[str, str] = {}
        self.metrics: list[tuple[str, CardMetric]] = []
        for item in metrics:
            name = item if isinstance(item, str) else str(getattr(item, "__type__", type(item).__name__))
            built = _built(item, "metrics", catalog)
            if built.kind != "metric":
                raise ArtifactError(f"{name} is no metric", where="the task's metrics")
            if (reason := built.needs()) is not None:
                self.unavailable[name] = reason
            elif isinstance(built, CardMetric) and not isinstance(built, RegisteredMetric):
                self.metrics.append((name, built))
        self.postprocessors = Postprocessors(
            [postprocessor(_data(item, "processors", catalog), catalog) for item in postprocessors]
        )

    def check_references(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """The samples, once it is known of the first ones that their references can be scored.

        Raises:
            RecipeError: the references of none of them are what a metric takes, or a metric has no such main score.
        """
        waiting: list[Sample] = []
        reason: str | None = None
        known = False
        for sample in samples:
            if known:
                yield sample
                continue
            waiting.append(sample)
            found = self.unfit(sample)
            reason = reason or found
            known = found is None
            if not known and len(waiting) == _TRIED:
                break
            if known:
                self.check_main_scores(sample)
                yield from waiting
        if not known and reason is not None:
            raise RecipeError(
                f"its references cannot be scored: {reason}",
                where=f"sample {waiting[0].sample_id}",
                hint="regrade card show shows how the row becomes a sample; mend its postprocessors or its metrics",
            )

    def unfit(self, sample: Sample) -> str | None:
        """Why the references of a sample cannot be scored by a metric; None if they can."""
        try:
            references = self.postprocess(sample).references
        except (ValueError, TypeError, KeyError, LookupError, ArithmeticError, TimeLimitExceeded) as error:
            return f"a reference cannot be processed: {error}"
        for name, metric in self.metrics:
            fits = getattr(metric, "_fits", None)
            if fits is None or metric.reference_field != "references":
                continue
            for reference in references:
                if not fits(reference):
                    return f"{name} takes {metric.prediction_type}, and a reference is {reference!r:.60}"
        return None

    def check_main_scores(self, sample: Sample) -> None:
        """Refuse a metric whose main score is another than its class's and is none of the scores that it makes.

        Raises:
            RecipeError: there is one.
        """
        for name, metric in self.metrics:
            if metric.main_score == type(metric).main_score:
                continue
            statistics: Any = None
            try:
                processed = self.postprocess(sample)
                statistics = metric.statistics(processed.prediction, processed.references, task_data(sample))
                made = {*metric.instance_scores(statistics), *metric.reduce([statistics])}
            except KeyError as error:
                if error.args != (metric.main_score,):
                    continue
                made = set(statistics) if isinstance(statistics, dict) else set()
            except Exception:
                continue
            if metric.main_score not in made:
                raise RecipeError(
                    f"{name} gives no score named {metric.main_score!r}",
                    where="the task's metrics: main_score",
                    hint=f"it gives {', '.join(sorted(made))}" if made else None,
                )

    def postprocess(self, sample: Sample) -> Postprocessed:
        """What the postprocessors make of the right answer and of the references.

        Raises:
            TimeLimitExceeded: they take longer than an answer may.
        """
        said = sample.target if isinstance(sample.target, str) else str(sample.target)
        with TimeLimit(DEFAULT_LIMIT_S) as limit:
            limit.start()
            made = self.postprocessors(said, sample.references, {"task_data": task_data(sample)})
            limit.finish()
        return made

    def score(self, sample: Sample) -> dict[str, dict[str, Any]]:
        """The scores of the right answer to a sample, by metric.

        It is the sample's target, or the reference itself where the template makes no answer of it.

        Raises:
            RegradeError: a metric cannot score it.
        """
        processed = self.postprocess(sample)
        scores = {}
        for name, metric in self.metrics:
            wrong: Exception | None = None
            for said in (processed.prediction, *processed.references[:1]):
                try:
                    statistics = metric.statistics(said, processed.references, task_data(sample))
                    scores[name] = dict(metric.instance_scores(statistics))
                    break
                except RegradeError:
                    raise
                except Exception as error:
                    wrong = wrong or error
            else:
                raise RecipeError(f"{name}: {type(wrong).__name__}: {wrong}") from wrong
        return scores


def why_not_scored(task: Task, template: Template, catalog: Catalog) -> str | None:
    """Why no row of a task can be put into words by a template and scored; None if one can.

    The rows are made up; the answer is the one that the row says is right.
    """
    reason = "no row of its task could be made up"
    try:
        trial = Trial(task.metrics, template.postprocessors, catalog)
        for row in fabricate_rows(task, template):
            try:
                rows = LoadFromDictionary(data={"test": [row]})
                card = TaskCard(loader=rows, task=task, templates=[template])
                (sample,) = Pipeline(card, catalog=catalog, access=Access()).samples()
                trial.score(sample)
            except (RegradeError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
                reason = error.what if isinstance(error, RegradeError) else f"{type(error).__name__}: {error}"
                continue
            return None
    except RegradeError as error:
        return error.what
    return reason


def task_data(sample: Sample) -> dict[str, Any]:
    """A sample's fields as metrics see them."""
    fields = {**sample.input_fields, **sample.reference_fields}
    return {**fields, "__tools__": sample.tools} if sample.tools else fields


def _data(item: Any, family: str, catalog: Catalog) -> Any:
    return whole(to_data(item) if isinstance(item, Artifact) else item, catalog, family)


def _built(item: Any, family: str, catalog: Catalog) -> Artifact:
    try:
        return build(_data(item, family, catalog), catalog=catalog)
    except ArtifactError as error:
        where = f"the task's {family}" if not error.path else f"the task's {family}: {error.where}"
        raise ArtifactError(error.what, where=where, hint=error.hint, code=error.code) from None
