"""A card's samples, made by a worker process for a thread in which no limit of time would hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from regrade.access import Access
from regrade.artifacts.build import Catalog
from regrade.atomic import add_inputs, noted_inputs, protecting_inputs
from regrade.cards.card import DatasetRecipe
from regrade.cards.choices import Choices
from regrade.errors import UsageError
from regrade.schema import Sample

if TYPE_CHECKING:
    from regrade.cards.pipeline import Pipeline

Check = Callable[["Pipeline", Iterable[Sample]], Iterator[Sample]]
"""What looks at samples on their way, where they are made. A function of a module, so that a worker has it too."""


class _Request(NamedTuple):
    """What a pipeline is made of."""

    recipe: DatasetRecipe
    choices: Choices
    catalog: Catalog
    data: Path | None
    folder: Path | None
    access: Access
    check: Check | None


class _Maker:
    """Makes the samples in a worker."""

    def __init__(self, request: _Request) -> None:
        from regrade.cards.pipeline import Pipeline

        self._pipeline = Pipeline(
            request.recipe,
            request.choices,
            catalog=request.catalog,
            data=request.data,
            folder=request.folder,
            access=request.access,
        )
        self._check = request.check
        self._inputs: frozenset[tuple[int, int]] = frozenset()

    def values(self) -> Iterator[Sample]:
        with protecting_inputs():
            try:
                yield from self._pipeline.samples(self._check)
            finally:
                self._inputs = noted_inputs()

    def state(self) -> Any:
        pipeline = self._pipeline
        known = {name: vars(pipeline)[name] for name in ("split",) if name in vars(pipeline)}
        return vars(pipeline.account), pipeline.loading.found, known, self._inputs


def samples_elsewhere(pipeline: Pipeline, check: Check | None) -> Iterator[Sample]:
    """The samples of a pipeline, whose account and loading know in the end what became of the rows.

    Raises:
        UsageError: the card holds what cannot be sent to another process.
        RegradeError: the samples cannot be made.
    """
    from regrade.engine.streaming import stream_from_worker

    loading = pipeline.loading
    request = _Request(
        pipeline.recipe, pipeline.choices, pipeline.catalog, loading.data, loading.folder, pipeline.access, check
    )

    def know(state: Any) -> None:
        account, found, known, inputs = state
        vars(pipeline.account).update(account)
        loading.take(found)
        vars(pipeline).update(known)
        add_inputs(inputs)

    _check_sent(request)
    yield from stream_from_worker(partial(_Maker, request), know)


def _check_sent(request: _Request) -> None:
    import pickle

    try:
        pickle.dumps(request, 5)
    except Exception as error:
        raise UsageError(
            f"in a thread a worker process makes the samples, and the card cannot be sent to it: {error}",
            hint="make them in the main thread, or without a limit: samples(time_limit=0)",
        ) from error
