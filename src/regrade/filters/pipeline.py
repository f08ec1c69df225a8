"""A filter pipeline made ready to run: its filters looked up, constructed and set to one harness version."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from regrade.errors import RecipeError, RegradeError, UnavailableError
from regrade.filters.filter import ElementFilter, Filter
from regrade.filters.selection import TakeFirstFilter
from regrade.filters.transformation import one_result
from regrade.registry import lookup
from regrade.schema import FilterPipeline, FilterStep, FunctionRef
from regrade.versions import LATEST, Version

Resolve = Callable[[FunctionRef], Any]
"""From a reference to a function or class; raises ``UnavailableError`` where it may not or cannot be had."""


class Pipeline:
    """A chain of filters over the answers of one record.

    Args:
        spec: Name and steps.
        compat: The lm-evaluation-harness version to follow.
        resolve: Turns the functions that steps and arguments name into Python objects.

    Attributes:
        name: The pipeline's name.
        filters: Its filters in order.
        uses_doc: Whether any filter looks at the document; if not, `apply` may be given None for it.

    Raises:
        RecipeError: a step names no filter, or its arguments are wrong.
        UnavailableError: a step needs a function that cannot be had.
    """

    __slots__ = ("_take", "filters", "name", "uses_doc")

    def __init__(self, spec: FilterPipeline, compat: Version = LATEST, resolve: Resolve | None = None) -> None:
        self.name = spec.name
        self.filters = [
            _construct(step, compat, resolve, f"filter pipeline {spec.name!r}, step {number}")
            for number, step in enumerate(spec.steps, 1)
        ]
        self.uses_doc = any(step.uses_doc for step in self.filters)
        self._take = _compose(self.filters)

    def prepare(self) -> None:
        """Do once what would take its time at the first answer.

        Raises:
            RecipeError: a filter lacks something.
        """
        for step in self.filters:
            try:
                step.prepare()
            except RegradeError:
                raise
            except Exception as error:
                reason = f"{type(step).__name__} cannot be prepared: {type(error).__name__}: {error}"
                raise RecipeError(reason, where=f"filter pipeline {self.name!r}") from error

    def apply(self, answers: list[list[Any]], doc: Any) -> list[Any]:
        """Return per request what the filters take from its repeats.

        Args:
            answers: Per request the repeats the model gave.
            doc: The dataset's row.

        Raises:
            Exception: whatever a filter raises on these answers; the row is to be counted as failed.
        """
        take = self._take
        return [take(responses, doc) for responses in answers]

    def explain(self, response: Any) -> str:
        """Say why nothing is found in one response, in the words of the filter that knows."""
        return next((reason for step in self.filters if (reason := step.explain(response))), "nothing was found")


def _compose(filters: list[Filter]) -> Callable[[Any, Any], Any]:
    """One function for the whole chain.

    Where filters that treat every repeat alike stand before ``take_first``, only the first repeat goes through them,
    provided that nothing the others could do would change the outcome: they are texts and the filters are safe.
    """
    steps = [step.apply for step in filters]

    def all_steps(responses: Any, doc: Any) -> Any:
        for step in steps:
            responses = step(responses, doc)
        return responses

    if len(steps) == 1:
        return steps[0]
    ahead = next((i for i, step in enumerate(filters) if not (isinstance(step, ElementFilter) and step.safe)), 0)
    if ahead == 0 or type(filters[ahead]) is not TakeFirstFilter:
        return all_steps
    singles = [step.apply_one for step in filters[:ahead] if isinstance(step, ElementFilter)]
    rest = steps[ahead + 1 :]

    def first_only(responses: Any, doc: Any) -> Any:
        if type(responses) is not list or not responses:
            return all_steps(responses, doc)
        for response in responses:
            if type(response) is not str:
                return all_steps(responses, doc)
        response = responses[0]
        for single in singles:
            response = single(response, doc)
        for step in rest:
            response = step(response, doc)
        return response

    return first_only


class _HarnessFilter(Filter):
    """A filter written for the harness, which takes all requests at once, given one."""

    def __init__(self, function: Callable[[list[Any], list[Any]], Any]) -> None:
        self.function = function

    def apply(self, responses: Any, doc: Any) -> Any:
        return one_result(self.function([responses], [doc]))


def _construct(step: FilterStep, compat: Version, resolve: Resolve | None, where: str) -> Filter:
    name = step.function if isinstance(step.function, str) else step.function.name
    where = f"{where} ({name})"
    arguments = {
        key: _resolved(value, resolve, where) if isinstance(value, FunctionRef) else value
        for key, value in step.arguments.items()
    }
    found = lookup("filter", name) if isinstance(step.function, str) else _resolved(step.function, resolve, where)
    try:
        made = found(**arguments) if isinstance(found, type) else _HarnessFilter(partial(found, **arguments))
    except (TypeError, ValueError, KeyError, AssertionError) as error:
        problem = str(error).replace(f"{getattr(found, '__qualname__', name)}.__init__() ", "")
        raise RecipeError(f"cannot be made of these arguments: {problem}", where=where) from error
    ready = made if isinstance(made, Filter) else _HarnessFilter(made.apply)
    ready.compat = compat
    return ready


def _resolved(reference: FunctionRef, resolve: Resolve | None, where: str) -> Any:
    if resolve is None:
        raise UnavailableError(f"needs the Python function {reference.name}, which is not to be had here", where=where)
    return resolve(reference)
