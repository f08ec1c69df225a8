"""Ask a model every question of a card or task, keep every word, and score the answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.access import Access
from regrade.api.asking import ask_run, choose_model, conditions_of, create_run, open_model
from regrade.api.estimate import Estimates, estimate_prepared
from regrade.api.outcome import RunResult, RunResults
from regrade.api.score_run import score_run
from regrade.cards.choices import Choices, choices_of
from regrade.dialect import Prepared
from regrade.errors import UsageError
from regrade.models.model import Model
from regrade.models.named import split_name
from regrade.models.prices import price_of
from regrade.progress import Finished, Remark, cancelling
from regrade.store.workspace import Workspace

if TYPE_CHECKING:
    from regrade.progress import CancelToken, Progress
    from regrade.schema import RequestKind
    from regrade.store.journal_writer import Fsync

CHOICES = frozenset(field.name for field in msgspec.structs.fields(Choices))
"""Names of what may be chosen of a card."""

_OF_TASKS = frozenset(("num_demos", "seed", "system_prompt", "split", "limit", "strict"))
"""Those of them that a task of lm-evaluation-harness leaves open."""


def run(
    card: Any = None,
    *,
    task: str | PathLike[str] | None = None,
    model: str | Model,
    parameters: Mapping[str, Any] | None = None,
    repeats: int | None = None,
    name: str | None = None,
    workspace: str | PathLike[str] | None = None,
    catalog: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    data: str | PathLike[str] | None = None,
    send_as: RequestKind = "chat",
    allow_paths: Iterable[str | PathLike[str]] = (),
    allow_env: Iterable[str] = (),
    allow_hosts: Iterable[str] = (),
    trust_code: bool = False,
    access: Access | None = None,
    fresh: bool = False,
    share_equal: bool = False,
    fsync: Fsync = "group",
    score: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> RunResults:
    """Ask a model every question of a card or task, keep every word, and score the answers.

    Every answer is on disk before it counts. Killed at any moment, :func:`regrade.resume` asks for what is missing and
    nothing else.

    Args:
        card: A card's name in a catalog, its file, its data, or a card that is loaded.
        task: A task of lm-evaluation-harness instead: its file, or its name; a group or tag stands for several.
        model: ``[KIND:]NAME`` (``gpt-4o-mini``, ``openai:qwen3-8b``, ``replay:answers.jsonl``), or a model.
        parameters: Generation parameters, as the API names them: ``{"temperature": 0.7}``.
        repeats: Answers per sample; else the recipe's number.
        name: The run's name; else made of card and model.
        workspace: The folder of runs; else ``REGRADE_WORKSPACE``, else ``runs``.
        catalog: A folder of artifacts, or several, to look for names in before the bundled catalog.
        data: Files in place of the remote ones: a folder for a card, a file or folder for a task.
        send_as: Send texts as a ``chat`` of one message, or as a ``completion`` to be continued by a base model.
        allow_paths: Folders below which card or task may name files, besides their own, ``data`` and the working one.
        allow_env: Environment variables that they may name, besides the hub's token.
        allow_hosts: Hosts that they may name, besides those of the public internet.
        trust_code: Run Python functions from task files.
        access: What they may name, whole; instead of the four before it.
        fresh: Ask anew what the workspace's cache knows.
        share_equal: Ask once for samples that ask exactly the same, even where answers are drawn.
        fsync: ``group``: an answer counts when it would survive a power failure; ``none``: the process.
        score: Score the answers.
        progress: Called with events while it works.
        cancel: Ends the work from another thread; what was answered is kept.
        options: Choices of a card (``template``, ``format``, ``system_prompt``, ``split``, ``num_demos``, ``limit``,
            ``seed``, ...; of a task those that it leaves open), limits (``concurrency``, ``requests_per_minute``,
            ``timeout_s``, ``retries``, ...: see :class:`regrade.models.limits.RequestLimits`), and of the model's kind
            (``base_url``, ``api_key_env``, ``headers``, ``device``, ...).

    Returns:
        A result per task; of a card there is one.

    Raises:
        RegradeError: the samples cannot be made, or there is no point in asking; what was answered is on disk.
        Cancelled: the work was ended.

    Example:
        >>> import regrade
        >>> result = regrade.run("mt_bench.rating", model="gpt-4o-mini", limit=10)[0]  # doctest: +SKIP
        >>> result.scores.summary(), regrade.resume(result.run.folder)  # doctest: +SKIP
    """
    conditions = conditions_of(
        fresh=fresh,
        share_equal=share_equal,
        fsync=fsync,
        progress=progress,
        cancel=cancel,
    )
    choices = {key: options.pop(key) for key in list(options) if key in CHOICES}
    asked = choose_model(model, options, parameters=parameters, repeats=repeats, kind=send_as)
    asker = open_model(asked) if isinstance(model, str) else model
    price_of(*split_name(asked.model))  # a mistake in one's own table is told before anything is made or asked
    prepared = _prepare(
        card,
        task,
        choices,
        catalog,
        data,
        send_as,
        (allow_paths, allow_env, allow_hosts),
        trust_code,
        access,
        conditions.report,
    )
    place = Workspace(workspace)
    results = []
    for one in prepared:
        names = [one.name, asker.name] if name is None else [name, one.name] if len(prepared) > 1 else [name]
        title = "--".join(names) if name is not None else ""
        made, cache = create_run(place, names, one, asked, asker, title=title, conditions=conditions)
        outcome = ask_run(made, asker, asked, conditions, cache)
        result = RunResult(made, outcome)
        if score and outcome.tally.done:
            result = score_run(made, outcome, trust_code=trust_code, report=conditions.report, cancel=cancel)
        conditions.report(Finished(result=result))
        results.append(result)
    return RunResults(results)


def estimate(
    card: Any = None,
    *,
    task: str | PathLike[str] | None = None,
    model: str | Model,
    parameters: Mapping[str, Any] | None = None,
    repeats: int | None = None,
    catalog: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    data: str | PathLike[str] | None = None,
    send_as: RequestKind = "chat",
    allow_paths: Iterable[str | PathLike[str]] = (),
    allow_env: Iterable[str] = (),
    allow_hosts: Iterable[str] = (),
    trust_code: bool = False,
    access: Access | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> Estimates:
    """Say what :func:`run` would ask and what that would take, with nobody asked: an estimate per task.

    Args:
        card: As for :func:`run`, as is all that follows.
        task: Likewise.
        model: Likewise.
        parameters: Likewise.
        repeats: Likewise.
        catalog: Likewise.
        data: Likewise.
        send_as: Likewise.
        allow_paths: Likewise.
        allow_env: Likewise.
        allow_hosts: Likewise.
        trust_code: Likewise.
        access: Likewise.
        progress: Likewise.
        cancel: Likewise.
        options: Likewise.

    Raises:
        RegradeError: the samples cannot be made, or the model cannot be asked this.
    """
    choices = {key: options.pop(key) for key in list(options) if key in CHOICES}
    asked = choose_model(model, options, parameters=parameters, repeats=repeats, kind=send_as)
    asker = open_model(asked) if isinstance(model, str) else model
    report = cancelling(progress, cancel)
    prepared = _prepare(
        card, task, choices, catalog, data, send_as, (allow_paths, allow_env, allow_hosts), trust_code, access, report
    )
    return Estimates([estimate_prepared(one, asked, asker) for one in prepared])


def _prepare(
    card: Any,
    task: str | PathLike[str] | None,
    choices: dict[str, Any],
    catalog: Any,
    data: str | PathLike[str] | None,
    send_as: RequestKind,
    allowed: tuple[Iterable[Any], Iterable[str], Iterable[str]],
    trust_code: bool,
    access: Access | None,
    report: Progress,
) -> list[Prepared]:
    """The samples that are asked for; several where a group or tag of tasks is named.

    Raises:
        UsageError: neither a card nor a task is named, or both; or something is chosen of a task that is for cards.
    """
    if (card is None) == (task is None):
        raise UsageError(
            "name a card, or a task by --task", where="regrade run", hint="regrade catalog list --kind card"
        )
    if (limit := choices.get("limit")) is not None and limit < 1:
        raise UsageError("must be at least 1", where=f"--limit {limit}")
    folder = None if data is None else Path(data)
    if task is not None:
        return _prepare_task(task, choices, folder, send_as, allowed, trust_code, access)
    from regrade.api.card import Card, folder_of
    from regrade.cards.load import load
    from regrade.cards.prepare import prepare_card

    chosen = choices_of(choices)
    folder = None if folder is None else folder_of(folder)
    folders: Any = [catalog] if isinstance(catalog, str | PathLike) else catalog
    loaded = card.loaded if isinstance(card, Card) else load(card, folders)
    if isinstance(card, Card):
        folder, access = folder or card.data, access or (card.access if folder is None else card.access.below(folder))
    for warning in loaded.warnings:
        report(Remark(text=f"warning: {warning}"))
    given = access or _access(allowed, trust_code, loaded.folder, folder)
    return [prepare_card(loaded, choices=chosen, data=folder, access=given, chat=send_as == "chat")]


def _prepare_task(
    task: str | PathLike[str],
    choices: dict[str, Any],
    data: Path | None,
    send_as: RequestKind,
    allowed: tuple[Iterable[Any], Iterable[str], Iterable[str]],
    trust_code: bool,
    access: Access | None,
) -> list[Prepared]:
    for name, value in choices.items():
        if value is not None and name not in _OF_TASKS:
            raise UsageError("is for cards; a task says that itself", where=f"--{name.replace('_', '-')}")
    from regrade.lm_eval.prepare import Choices as TaskChoices
    from regrade.lm_eval.prepare import prepare_tasks

    seed = choices.get("seed")
    chosen = TaskChoices(
        num_fewshot=choices.get("num_demos"),
        **({} if seed is None else {"seed": seed}),
        system_prompt=choices.get("system_prompt"),
        chat=send_as == "chat",
        split=choices.get("split"),
        limit=choices.get("limit"),
    )
    given = access or _access(allowed, trust_code)
    return prepare_tasks(str(task), chosen, data=data, trust_code=trust_code, access=given)


def _access(
    allowed: tuple[Iterable[Any], Iterable[str], Iterable[str]], trust_code: bool, *folders: Path | None
) -> Access:
    """What data may name.

    Raises:
        UsageError: a folder that is allowed is not there.
    """
    paths, env, hosts = allowed
    places = [Path(path) for path in paths]
    for path in places:
        if not path.expanduser().exists():
            raise UsageError("no such folder", where=f"--allow-path {path}")
    return Access.of_user(*folders, *places, env=env, hosts=hosts, trust_code=trust_code)
