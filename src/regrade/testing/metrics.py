"""``check_metric``: the contract of metrics of logs and tables."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from regrade.metrics.case import Case
from regrade.metrics.metric import Metric
from regrade.registry import is_registered
from regrade.testing.contract import (
    TOLERANCE,
    ContractError,
    Words,
    check_pickles,
    check_same,
    find_class,
)
from regrade.testing.processes import Observed, check_elsewhere, observe
from regrade.versions import LATEST


def check_metric(
    metric: str | type[Metric],
    samples: Sequence[tuple[Any, Any]],
    *,
    arguments: dict[str, Any] | None = None,
    values: Sequence[Any] | None = None,
    score: float | None = None,
) -> None:
    """Check that a metric keeps to its contract on some samples.

    It names a registered aggregation and output types; ``measure`` is deterministic, leaves its case alone, gives the
    same in another process and imports nothing there; its values pickle, and where they are dicts, all have the same
    names; ``regrade.score`` finds the same score whatever the size of chunks and the number of workers.

    Args:
        metric: Its registered name, or its class (without what ``regrade.score`` finds, then).
        samples: Pairs of an answer (a list of texts holds repeats) and its reference.
        arguments: Keyword arguments.
        values: The right value of each sample.
        score: The right value of all samples together, in which those that cannot be measured are as the metric says.

    Raises:
        ContractError: it does not.
    """
    subject, cls = find_class("metric", metric, Metric)
    check_declared(subject, cls)
    check_pickles(subject, cls, "its class")
    case_data = [(answer, reference) for answer, reference in samples]
    here = measure_all(cls, arguments or {}, case_data).values
    check_same(subject, "measure is deterministic", here, measure_all(cls, arguments or {}, case_data).values)
    check_pickles(subject, here, "the value of a sample")
    names = {tuple(value) for value in here if isinstance(value, dict)}
    if len(names) > 1:
        first, second, *_ = sorted(names)
        raise ContractError(subject, "gives the same scores for every sample", list(first), list(second))
    check_elsewhere(subject, measure_all, (cls, arguments or {}, case_data), here, "measure")
    if values is not None:
        check_same(subject, "measures what its author says", list(values), here, TOLERANCE)
    if isinstance(metric, str):
        _check_scored(subject, metric, arguments or {}, case_data, score)


def check_declared(subject: str, cls: type[Metric]) -> None:
    """Check what a metric's class says of it.

    Raises:
        ContractError: it does not name what it has to.
    """
    if not is_registered("aggregation", cls.aggregation):
        raise ContractError(
            subject, "names a registered aggregation", Words("one of them"), getattr(cls, "aggregation", None)
        )
    if not cls.output_types:
        raise ContractError(subject, "output_types names the tasks it applies to", Words("one at least"), Words("none"))
    if cls.unanswered is not Metric.unanswered or cls.worst is None:
        return
    if not cls.higher_is_better and cls.worst <= 0:
        raise ContractError(
            subject,
            "the worst value of a metric of which less is better is no good one",
            Words("None (without bound), or a number above 0"),
            cls.worst,
        )


def make_case(answer: Any, reference: Any) -> Case:
    """One sample as metrics see it: an answer, or several repeats, and the reference."""
    from regrade.lm_eval.templates import TaskTemplates
    from regrade.schema import Recipe, Record

    recipe = Recipe(task="checked", doc_to_target="{{expected}}")
    repeats = answer if isinstance(answer, list) else [answer]
    record = Record(1, 1, [repeats], doc={"expected": reference}, target=reference)
    return Case(record, TaskTemplates(recipe, record), [answer])


def measure_all(cls: type[Metric], arguments: dict[str, Any], samples: list[tuple[Any, Any]]) -> Observed:
    """What a new metric measures of each sample."""
    metric = cls(**arguments)
    metric.compat = LATEST
    cases = [make_case(*sample) for sample in samples]
    for case in cases:
        _ = case.gold  # what the case loads is no import of the metric's
    return observe(metric.prepare, [partial(metric.measure, case) for case in cases])


def _check_scored(
    subject: str, metric: str, arguments: dict[str, Any], samples: list[tuple[Any, Any]], score: float | None
) -> None:
    import regrade

    spelled = metric + "".join(
        f"{':,'[place > 0]}{name}={json.dumps(value)}" for place, (name, value) in enumerate(arguments.items())
    )
    rows = [{"id": n, "answer": answer, "expected": gold} for n, (answer, gold) in enumerate(samples)]
    with tempfile.TemporaryDirectory(prefix="regrade-check-") as folder:
        table = Path(folder) / "answers.jsonl"
        table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        found = []
        cuts: tuple[dict[str, Any], ...] = (
            {"workers": 1},
            {"workers": 1, "chunk_bytes": 1},
            {"workers": 2, "chunk_bytes": 1},
        )
        for options in cuts:
            scores = regrade.score(
                table, metric=spelled, answer="answer", expected="expected", id="id", bootstrap_iterations=0, **options
            )
            found.append([(one.metric, one.value, one.n, one.scored) for one in scores.results])
    check_same(subject, "scores do not depend on where the file is cut into chunks", found[0], found[1])
    check_same(subject, "scores do not depend on the number of workers", found[0], found[2])
    if score is not None:
        values = [value for _, value, _, _ in found[0]]
        check_same(subject, "regrade.score gives what its author says", [score], values[:1], TOLERANCE)
