"""From prepared samples to a run on disk, and from a run on disk to its answers.

Whatever asks a model (a card, a task of lm-evaluation-harness, a judge) is prepared into the same things, and goes the
same way from here.
"""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from regrade import __version__
from regrade.asking.ask import NOTHING_AGAIN, Again, Tally, ask
from regrade.asking.requests import check, merge_parameters, requests_of
from regrade.dialect import Prepared
from regrade.errors import InputError
from regrade.models.model import Model
from regrade.models.secrets import refuse_secrets
from regrade.plugin_files import loaded_plugins, record_of
from regrade.progress import CancelToken
from regrade.schema import Request, RequestKind, Sample
from regrade.store import samples as sample_file
from regrade.store.cache import AnswerCache
from regrade.store.journal_writer import Fsync
from regrade.store.manifest import Manifest
from regrade.store.run import ANSWERED, Run, now
from regrade.store.workspace import Workspace


class Asked(msgspec.Struct, kw_only=True):
    """What the user says about the asking; kept in ``run.json`` so that ``regrade resume`` needs nothing said again.

    Attributes:
        model: The model as the user named it.
        options: Options of the model's class; no secret is among them.
        parameters: Generation parameters.
        repeats: Answers per sample; None for the recipe's.
        kind: ``chat`` or ``completion``, where a text is to be sent.
        limits: How many requests at once, how fast, how often again, as data.
    """

    model: str
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    repeats: int | None = None
    kind: RequestKind | None = None
    limits: dict[str, Any] = msgspec.field(default_factory=dict)


def create(
    folder: Path,
    prepared: Prepared,
    asked: Asked,
    model: Model,
    *,
    on_sample: Callable[[int], None] | None = None,
    title: str = "",
) -> Run:
    """Write a run's samples and manifest; nothing is asked yet.

    Args:
        folder: The run's folder, empty.
        prepared: What to ask.
        asked: Whom, and how.
        model: The model, which is checked for being able to answer this kind of request.
        on_sample: Called with the number of samples written so far.
        title: What a person calls the run.

    Raises:
        InputError: there are no samples.
        UsageError: the model cannot be asked this, or a secret would be written down.
    """
    refuse_secrets(asked.options, "--model-option")
    refuse_secrets(asked.parameters, "--param")
    ids = hashlib.sha256()
    parameters = merge_parameters(prepared.parameters, asked.parameters)
    counts = {"samples": 0, "turns": 1, "wanted": 0}
    repeats = asked.repeats or prepared.repeats

    def watched() -> Iterator[Sample]:
        for sample in prepared.samples:
            if not counts["samples"]:
                first = requests_of([sample], parameters, 1, asked.kind, own=asked.parameters, fit=model.fit)
                check(model, next(first), prepared.name)
            turns = 1 + len(sample.follow_ups or ())
            counts["samples"] += 1
            counts["turns"] = max(counts["turns"], turns)
            counts["wanted"] += turns * repeats
            ids.update(sample.sample_id.encode("utf-8", "surrogatepass") + b"\n")
            if on_sample is not None:
                on_sample(counts["samples"])
            yield sample

    sample_file.write(watched(), folder / "samples.parquet", prepared.about, private=True)
    if not counts["samples"]:
        why = "\n  ".join(prepared.notes()[:3])
        raise InputError("there is nothing to ask: no samples came out of it", where=prepared.name, hint=why or None)
    plugins = record_of(loaded_plugins())
    manifest = Manifest(
        name=folder.name,
        title=title,
        created=now(),
        status="stopped",
        recipe={"dialect": prepared.dialect, **prepared.recipe, **({"plugins": plugins} if plugins else {})},
        recipe_hash=prepared.recipe_hash,
        recipe_name=prepared.name,
        data=prepared.data,
        model={"identity": model.identity, "asked": msgspec.to_builtins(asked)},
        parameters=parameters,
        repeats=repeats,
        turns=counts["turns"],
        samples=counts["samples"],
        wanted=counts["wanted"],
        sample_ids_hash=ids.hexdigest(),
        versions={"regrade": __version__},
        notes=prepared.notes(),
        judge_of=prepared.judge_of,
    )
    run = Run(folder, manifest)
    run.save()
    return run


def create_in(
    workspace: Workspace,
    names: list[str],
    prepared: Prepared,
    asked: Asked,
    model: Model,
    *,
    on_sample: Callable[[int], None] | None = None,
    title: str = "",
    ready: Callable[[Run], object] | None = None,
) -> Run:
    """A run in a new folder of a workspace, called after ``names``; see :func:`create`.

    Args:
        workspace: The workspace.
        names: Make up the folder's name.
        prepared: What to ask.
        asked: Whom, and how.
        model: The model.
        on_sample: Called with the number of samples written so far.
        title: What a person calls the run.
        ready: Called with the run before anything is asked; what it raises leaves no folder behind.
    """
    model.check_ready()
    fresh = not workspace.folder.exists()
    folder = workspace.new_folder(*names)
    try:
        made = create(folder, prepared, asked, model, on_sample=on_sample, title=title)
        if ready is not None:
            ready(made)
        return made
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # nothing was asked yet
        if fresh:
            with suppress(OSError):  # a cache or another run is in it already
                workspace.folder.rmdir()
        raise


def ask_all(
    run: Run,
    model: Model,
    *,
    cache: AnswerCache | None = None,
    again: Again = NOTHING_AGAIN,
    fsync: Fsync = "group",
    told: Callable[[Tally], None] | None = None,
    cancel: CancelToken | None = None,
) -> Tally:
    """Ask for everything that a run lacks; see :func:`regrade.asking.ask.ask`.

    What takes long and waits for nobody (journal, stored answers) is read before the loop of events begins, in which
    an interruption would have to wait for it.

    Args:
        run: The run.
        model: Who is asked; it is closed at the end.
        cache: Where answers may be known already, and are kept.
        again: What is asked though something is known of it.
        fsync: See :mod:`regrade.store.journal_writer`.
        told: Called whenever answers have come to be on disk, and every second. What it raises ends the asking.
        cancel: Ends the asking: requests in flight are closed, what came is on disk.

    Raises:
        Cancelled: the asking was ended.
    """
    asked = asked_of(run)

    class Requests:
        """The run's requests, made anew for each turn."""

        def __iter__(self) -> Iterator[Request]:
            manifest = run.manifest
            samples = sample_file.read(run.samples)
            return requests_of(
                samples, manifest.parameters, manifest.repeats, asked.kind, own=asked.parameters, fit=model.fit
            )

    with run.lock():
        there = run.find_answered()
        if there.count(ANSWERED) < len(there) or again.samples:
            model.check_ready()

        if cancel is not None:
            cancel.check()

        async def work() -> Tally:
            with _ending(told, cancel) as report:
                try:
                    return await ask(
                        run, model, Requests(), cache=cache, again=again, fsync=fsync, told=report, there=there
                    )
                finally:
                    await model.close()

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(work())
        return _beside(work())


@contextmanager
def _ending(
    told: Callable[[Tally], None] | None, cancel: CancelToken | None
) -> Iterator[Callable[[Tally], None] | None]:
    """A callback like ``told`` for the task that asks, which ends where ``told`` raises or the token says so."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    faults: list[Exception] = []

    def report(tally: Tally) -> None:
        try:
            if told is not None:
                told(tally)
        except Exception as fault:  # a callback of the loop raises to nobody
            faults.append(fault)
            task.cancel()

    def end() -> None:
        with suppress(RuntimeError):  # it has just ended
            loop.call_soon_threadsafe(task.cancel)

    forget = cancel.notify(end) if cancel is not None else None
    try:
        yield report if told is not None else None
    except asyncio.CancelledError:
        if faults:
            raise faults[0] from None
        if cancel is not None:
            cancel.check()
        raise
    finally:
        if forget is not None:
            forget()


def _beside(work: Coroutine[Any, Any, Tally]) -> Tally:
    """Do it in another thread: a notebook has a loop of its own running. Who interrupts the wait ends the work."""
    begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = Future()

    async def watched() -> Tally:
        task = asyncio.current_task()
        assert task is not None
        begun.set_result((asyncio.get_running_loop(), task))
        return await work

    with ThreadPoolExecutor(1, thread_name_prefix="asking") as thread:
        ended = thread.submit(asyncio.run, watched())
        try:
            return ended.result()
        except KeyboardInterrupt:
            loop, task = begun.result()
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(task.cancel)
            raise


def asked_of(run: Run) -> Asked:
    """What was said when the run was made."""
    asked = run.manifest.model.get("asked", {"model": ""})
    if "manners" in asked:  # what older runs call the limits
        asked = {**asked, "limits": asked["manners"]}
    return msgspec.convert(asked, Asked)
