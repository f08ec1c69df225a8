"""``check_filter``: the contract of filters."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from regrade.filters import ElementFilter, Filter, Pipeline, is_unparsed
from regrade.schema import FilterPipeline, FilterStep
from regrade.testing.contract import ContractError, Words, check_pickles, check_same, find_class, outcome
from regrade.testing.processes import Observed, check_elsewhere, observe

_PIPELINE = "checked"


def check_filter(
    name: str,
    answers: Sequence[str | list[str]],
    *,
    arguments: dict[str, Any] | None = None,
    docs: Sequence[dict[str, Any]] | None = None,
    extracted: Sequence[Any] | None = None,
) -> None:
    """Check that a filter keeps to its contract on some answers.

    It is deterministic, leaves what it gets alone, gives the same in another process and imports nothing there; one
    that treats each repeat by itself gives as many as it gets; one that says it does not look at the document gives
    the same without one, and one that says it is safe makes a text of every text; through ``regrade.score`` each
    answer keeps its row, and what was not found is counted.

    Args:
        name: Its registered name.
        answers: Answers; a list holds the repeats of one.
        arguments: Keyword arguments.
        docs: The documents of the answers; empty ones, if not given.
        extracted: What is taken from each answer: of one repeat the value, of several the list; None where nothing is
            found.

    Raises:
        ContractError: it does not.
    """
    subject, cls = find_class("filter", name, Filter)
    check_pickles(subject, cls, "its class")
    given = [list(one) if isinstance(one, list) else [one] for one in answers]
    documents: list[Any] = list(docs) if docs is not None else [{} for _ in given]
    step = (name, arguments or {}, given, documents)
    kept = copy.deepcopy(given)
    here = apply_all(*step).values
    check_same(subject, "the repeats that it gets are not changed", kept, given)
    check_same(subject, "is deterministic", here, apply_all(*step).values)
    check_pickles(subject, here, "what it takes")
    check_elsewhere(subject, apply_all, step, here, "apply")
    failed = next((one for one in here if isinstance(one, Words)), None)
    if failed is not None:
        raise ContractError(subject, "applies to the answers of its own test", Words("what is taken"), failed)
    _check_promises(subject, cls(**(arguments or {})), given, documents, here)
    if extracted is not None:
        found = [_plain(taken, many=isinstance(one, list)) for taken, one in zip(here, answers, strict=True)]
        check_same(subject, "takes what its author says (None: not found)", list(extracted), found)
    _check_scored(subject, name, arguments or {}, given, documents)


def apply_all(name: str, arguments: dict[str, Any], answers: list[list[str]], docs: list[dict[str, Any]]) -> Observed:
    """What a new pipeline of the filter takes from each answer."""
    pipeline = Pipeline(FilterPipeline(_PIPELINE, [FilterStep(name, arguments)]))

    def take(repeats: list[str], doc: dict[str, Any]) -> Any:
        return pipeline.apply([repeats], doc)[0]

    return observe(pipeline.prepare, [partial(take, *pair) for pair in zip(answers, docs, strict=True)])


def _check_promises(subject: str, made: Filter, given: list[list[str]], docs: list[Any], here: list[Any]) -> None:
    made.prepare()
    if isinstance(made, ElementFilter):
        for repeats, taken in zip(given, here, strict=True):
            if not isinstance(taken, list) or len(taken) != len(repeats):
                raise ContractError(subject, "gives one for each repeat", Words(f"{len(repeats)} of them"), taken)
            if made.safe and not all(isinstance(one, str) for one in taken):
                raise ContractError(subject, "makes a text of every text (safe)", Words("texts"), taken)
    if not made.uses_doc:
        without = [outcome(partial(made.apply, repeats, None)) for repeats in given]
        check_same(subject, "does not look at the document (uses_doc is False)", here, without)


def _plain(taken: Any, *, many: bool) -> Any:
    """What was taken, with None for what was not found; of one repeat without the list around it."""
    if isinstance(taken, list) and not is_unparsed(taken):
        each = [None if is_unparsed(one) else one for one in taken]
        return each[0] if len(each) == 1 and not many else each
    return None if is_unparsed(taken) else taken


def _check_scored(subject: str, name: str, arguments: dict[str, Any], given: list[list[str]], docs: list[Any]) -> None:
    import regrade

    pipelines = [{"name": _PIPELINE, "filter": [{"function": name, **arguments}, {"function": "take_first"}]}]
    rows = [
        {**doc, "regrade_id": n, "regrade_answer": repeats, "regrade_gold": ""}
        for n, (repeats, doc) in enumerate(zip(given, docs, strict=True))
    ]
    with tempfile.TemporaryDirectory(prefix="regrade-check-") as folder:
        table = Path(folder) / "answers.jsonl"
        table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        found = []
        cuts: tuple[dict[str, Any], ...] = ({"workers": 1}, {"workers": 2, "chunk_bytes": 1})
        for options in cuts:
            scores = regrade.score(
                table,
                filters=pipelines,
                metric="exact_match",
                answer="regrade_answer",
                expected="regrade_gold",
                id="regrade_id",
                bootstrap_iterations=0,
                **options,
            )
            found.append([(one.sample_id, one.extracted, one.unparsed) for one in scores.per_sample()])
    check_same(subject, "keeps every row", len(rows), len(found[0]))
    check_same(subject, "does not depend on chunks and workers", found[0], found[1])
