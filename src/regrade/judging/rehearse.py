"""Whether a judge's verdicts can be read and scored, found out before it is asked."""

from __future__ import annotations

from collections.abc import Iterable

from regrade.errors import UsageError
from regrade.filters import Pipeline
from regrade.rows.readers.judge_run import recipes_of
from regrade.store.judge_run import JudgeRun
from regrade.versions import parse_version


def check_judge(run: JudgeRun, gates: Iterable[str] = ()) -> None:
    """Make the filters that read a judge's verdicts.

    Args:
        run: The judge's run, which nobody was asked for yet.
        gates: Metrics (``metric`` or ``metric,filter``) that are to be among its own.

    Raises:
        RecipeError: a filter does not exist, or cannot be made of its arguments.
        UsageError: a gate names no metric.
    """
    named: dict[str, None] = {}
    for recipe in recipes_of(run):
        compat = parse_version(recipe.harness_version)
        for pipeline in recipe.filters:
            Pipeline(pipeline, compat).prepare()
            for metric in recipe.metrics:
                named |= {metric.name: None, f"{metric.name},{pipeline.name}": None}
    for gate in gates:
        if gate not in named:
            hint = f"one of {', '.join(named)}"
            raise UsageError("names no metric that will be scored", where=f"--fail-under {gate}", hint=hint)
