"""What the functions that ask a model share: from what is said to a model, to a run, and to its answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from regrade.api.outcome import AskOutcome
from regrade.asking.ask import Again, Tally
from regrade.asking.launch import Asked, ask_all, asked_of, create_in
from regrade.dialect import Prepared
from regrade.errors import Cancelled, UsageError
from regrade.models.known_servers import check, remember
from regrade.models.limits import RequestLimits
from regrade.models.model import Model
from regrade.models.named import named_model, split_name
from regrade.models.prices import price_of
from regrade.progress import Asked as AskedEvent
from regrade.progress import Asking, CancelToken, Created, Preparing, Progress, cancelling
from regrade.schema import RequestKind
from regrade.store.cache import AnswerCache
from regrade.store.journal_writer import Fsync
from regrade.store.run import Run
from regrade.store.workspace import Workspace

LIMITS: Final = frozenset(field.name for field in msgspec.structs.fields(RequestLimits))
"""Names of what a server may be burdened with."""

_NUMBERS: Final = {"temperature": 0.0, "top_p": 0.0, "top_k": None, "min_p": 0.0, "seed": None}
"""Parameters that are numbers, with the least that each may be."""

_COUNTS: Final = {"n": 1, "max_tokens": 0, "max_completion_tokens": 1, "logprobs": 0, "top_logprobs": 0}
"""Parameters that are whole numbers, likewise."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is asked, beside whom.

    Attributes:
        again: What is asked though something is known of it.
        fsync: When an answer counts: ``group``, when it would survive a power failure, or ``none``.
        report: Called with events.
        cancel: Ends the work.
    """

    again: Again
    fsync: Fsync
    report: Progress
    cancel: CancelToken | None


def conditions_of(
    *,
    fresh: bool = False,
    samples: frozenset[str] = frozenset(),
    retry_failed: bool = False,
    share_equal: bool = False,
    fsync: Fsync = "group",
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Conditions:
    """How a run is asked, of what is said."""
    again = Again(fresh=fresh or bool(samples), samples=samples, refused=retry_failed, shared=share_equal)
    return Conditions(again=again, fsync=fsync, report=cancelling(progress, cancel), cancel=cancel)


def choose_model(
    model: str | Model,
    options: Mapping[str, Any],
    *,
    parameters: Mapping[str, Any] | None = None,
    repeats: int | None = None,
    kind: RequestKind | None = None,
) -> Asked:
    """Whom to ask and how, of what is said.

    Args:
        model: ``[KIND:]NAME``, or a model.
        options: Of the model's kind; those that :class:`regrade.models.limits.RequestLimits` names are limits.
        parameters: Generation parameters, as the API names them; ``n`` is the same as ``repeats``.
        repeats: Answers per sample.
        kind: How a text is sent.

    Raises:
        UsageError: a parameter, limit or number of repeats cannot mean anything.
    """
    if repeats is not None and repeats < 1:
        raise UsageError("must be at least 1", where=f"--repeats {repeats}")
    chosen = dict(parameters or {})
    check_parameters(chosen)
    if (several := chosen.pop("n", None)) is not None:
        if repeats is not None and repeats != several:
            raise UsageError(f"says {several}, and --repeats {repeats}", where=f"--param n={several}")
        repeats = several
    given = {name: value for name, value in options.items() if value is not None}
    own = {name: value for name, value in given.items() if name not in LIMITS}
    remember(own)
    return Asked(
        model=model if isinstance(model, str) else model.name,
        options=own,
        parameters=chosen,
        repeats=repeats,
        kind=kind,
        limits=_limits(given),
    )


def choose_model_again(run: Run, options: Mapping[str, Any]) -> Asked:
    """Whom a run asks and how, with what is said otherwise now.

    Raises:
        UsageError: the run names a server that the user never did, here or before.
    """
    asked = asked_of(run)
    given = {name: value for name, value in options.items() if value is not None}
    whole = {**asked.options, **{name: value for name, value in given.items() if name not in LIMITS}}
    if "base_url" in given:
        remember(whole)
    else:
        check(whole, run=str(run.folder))
    return msgspec.structs.replace(asked, options=whole, limits={**asked.limits, **_limits(given)})


def _limits(options: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in options.items() if name in LIMITS}
    for name, value in found.items():
        if not isinstance(value, int | float) or not (value > 0 or (value == 0 and name == "retries")):
            least = "must not be negative" if name == "retries" else "must be more than 0"
            raise UsageError(least, where=name.replace("_", " "))
    return found


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Refuse values of the usual generation parameters that no server could mean anything by.

    Raises:
        UsageError: there is one.
    """
    for name, value in parameters.items():
        if value is None or (isinstance(value, bool) and name == "logprobs") or name not in {**_NUMBERS, **_COUNTS}:
            continue
        where = f"--param {name}={value}"
        kind: Any = int if name in _COUNTS else int | float
        if isinstance(value, bool) or not isinstance(value, kind) or math.isnan(value):
            raise UsageError(f"must be a {'whole ' if name in _COUNTS else ''}number", where=where)
        least = _COUNTS[name] if name in _COUNTS else _NUMBERS[name]
        if least is not None and value < least:
            raise UsageError(f"must be at least {least:g}", where=where)


def open_model(asked: Asked) -> Model:
    """The model that is to be asked."""
    return named_model(asked.model, asked.options, RequestLimits(**asked.limits))


def create_run(
    workspace: Workspace,
    names: list[str],
    prepared: Prepared,
    asked: Asked,
    model: Model,
    *,
    title: str,
    conditions: Conditions,
    check: Callable[[Run], object] | None = None,
) -> tuple[Run, AnswerCache | None]:
    """Make a run of prepared samples, and check all that can be before anybody is asked; what fails leaves no folder.

    Args:
        workspace: Where it is made.
        names: Make up the folder's name.
        prepared: What is to be asked.
        asked: Whom, and how.
        model: The model.
        title: What a person calls the run.
        conditions: How it is asked.
        check: Raises where the answers could not be scored.

    Returns:
        The run, and the cache of its workspace, where the model's answers are worth one.
    """
    caches: list[AnswerCache] = []

    def ready(made: Run) -> None:
        if check is not None:
            check(made)
        if model.costs:
            caches.append(workspace.cache())

    def count(rows: int) -> None:
        conditions.report(Preparing(rows=rows))

    made = create_in(workspace, names, prepared, asked, model, on_sample=count, title=title, ready=ready)
    manifest = made.manifest
    judge = prepared.dialect == "judge"
    conditions.report(
        Created(folder=str(made.folder), samples=manifest.samples, notes=list(manifest.notes), judge=judge)
    )
    return made, caches[0] if caches else None


def ask_run(
    run: Run, model: Model, asked: Asked, conditions: Conditions, cache: AnswerCache | None = None
) -> AskOutcome:
    """Ask for what a run lacks.

    The cache is closed at the end; if none is given, and the model's answers are worth one, it is the workspace's.
    """
    price = price_of(*split_name(asked.model))

    def cost(tally: Tally) -> float | None:
        if price is None:
            return None
        return price.of(tally.input_tokens, tally.output_tokens, tally.cached_tokens)

    def report(tally: Tally) -> None:
        conditions.report(Asking(tally=tally, status=model.status, cost=cost(tally)))

    if cache is None and model.costs:
        cache = Workspace.of(run).cache()
    try:
        with naming_what_is_kept(run):
            tally = ask_all(
                run,
                model,
                cache=cache,
                again=conditions.again,
                fsync=conditions.fsync,
                told=report,
                cancel=conditions.cancel,
            )
    finally:
        if cache is not None:
            cache.close()
    trouble = f"{cache.path}: {cache.trouble}" if cache is not None and cache.trouble is not None else None
    outcome = AskOutcome(run=run, tally=tally, pending=model.pending, cost=cost(tally), trouble=trouble)
    conditions.report(AskedEvent(outcome=outcome))
    return outcome


@contextmanager
def naming_what_is_kept(run: Run) -> Iterator[None]:
    """Note for whoever ends the work what is kept, and how to go on."""
    try:
        yield
    except (KeyboardInterrupt, Cancelled) as stop:
        stop.add_note(f"every answer that came is kept; regrade resume {run.folder} asks for the rest")
        raise
