"""Asking what is missing: from a run's samples to answers on disk.

Every wanted answer is looked for in three places, in this order: the run's own journal, the workspace's cache, the
model.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, nullcontext
from itertools import chain
from typing import Final

import msgspec

from regrade.answer_texts import Shortfall, find_shortfall
from regrade.asking.requests import next_turn
from regrade.models.model import Model
from regrade.models.request import address_answer, request_hash
from regrade.schema import Answer, Request
from regrade.store.cache import AnswerCache
from regrade.store.journal_writer import Fsync, Journal
from regrade.store.manifest import Status
from regrade.store.run import ANSWERED, FAILED, REFUSED, UNASKED, Run


class Tally(msgspec.Struct):
    """What has become of the wanted answers.

    Attributes:
        wanted: Answers that the run is to have.
        before: Of them, in the journal when the asking began.
        cached: Found in the workspace's cache.
        answered: Given by the model now, and on disk.
        failed: Ended with an error now.
        errors: Failures by kind.
        first_error: The first failure's message.
        refused: Of the missing, those whose request the server refused (400 and the like) and which were left alone.
        damaged: Lines of the journal that cannot be read; what they held is asked again.
        input_tokens: Of what was answered now.
        output_tokens: Likewise.
        cached_tokens: Likewise.
        latencies: Seconds of the latest 1,000 answers.
        shortfalls: How many of the answers that came now fall short, by kind, with the first one's sample id.
        with_tools: Whether the model is given tools, so that to call one is an answer.
        started: Clock time (monotonic) when the asking began.
    """

    wanted: int = 0
    before: int = 0
    cached: int = 0
    answered: int = 0
    failed: int = 0
    errors: Counter[str] = msgspec.field(default_factory=Counter)
    first_error: str | None = None
    refused: int = 0
    damaged: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    latencies: list[float] = msgspec.field(default_factory=list)
    shortfalls: dict[Shortfall, tuple[int, str]] = msgspec.field(default_factory=dict)
    with_tools: bool = False
    started: float = msgspec.field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """Answers that are on disk."""
        return self.before + self.cached + self.answered

    @property
    def missing(self) -> int:
        """Answers that are not there."""
        return self.wanted - self.done

    def count(self, answer: Answer) -> None:
        """Count an answer that is on disk."""
        if answer.error is not None:
            self.failed += 1
            self.errors[answer.error.kind] += 1
            self.first_error = self.first_error or answer.error.message
            return
        self._note_shortfall(answer)
        if answer.cached:
            self.cached += 1
            return
        self.answered += 1
        if answer.usage is not None:
            self.input_tokens += answer.usage.input_tokens
            self.output_tokens += answer.usage.output_tokens
            self.cached_tokens += answer.usage.cached_tokens
        if len(self.latencies) >= 1000:
            self.latencies[self.answered % 1000] = answer.latency_s
        else:
            self.latencies.append(answer.latency_s)

    def _note_shortfall(self, answer: Answer) -> None:
        if answer.choices is not None or answer.embedding is not None:
            return
        kind = find_shortfall(answer.text, answer.tool_calls, answer.finish_reason, answer.extra.get("refusal"))
        if kind is not None and not (kind == "called a tool" and self.with_tools):
            count, first = self.shortfalls.get(kind, (0, answer.sample_id))
            self.shortfalls[kind] = count + 1, first


class Again(msgspec.Struct, frozen=True):
    """What is asked though something is known of it.

    Attributes:
        fresh: What the cache knows.
        samples: These samples, though they have answers; the later answer counts, and all are kept.
        refused: What the server refused as wrong (400 and the like), which it would most likely refuse again.
        shared: Samples that ask exactly the same get one answer, even where the model draws its answers.
    """

    fresh: bool = False
    samples: frozenset[str] = frozenset()
    refused: bool = False
    shared: bool = False


NOTHING_AGAIN: Final = Again()
_PASSED: Final = 1000
"""Requests that are passed over before others have their turn."""


async def ask(
    run: Run,
    model: Model,
    requests: Iterable[Request],
    *,
    cache: AnswerCache | None = None,
    again: Again = NOTHING_AGAIN,
    fsync: Fsync = "group",
    told: Callable[[Tally], None] | None = None,
    there: bytearray | None = None,
) -> Tally:
    """Ask for every answer of a run that is missing; returns when each is on disk or has failed.

    What was never asked comes first, then what failed: a row that always fails stands in nobody's way.

    Args:
        run: The run; its lock is held while this works, by the caller where ``there`` is given.
        model: Who is asked.
        requests: The first request of every sample and repeat, in order; made lazily, read twice per turn.
        cache: Where answers may be known already, and are kept.
        again: What is asked though something is known of it.
        fsync: See :mod:`regrade.store.journal_writer`.
        told: Called whenever answers have come to be on disk, and every second, so that a wait can be seen.
        there: What the run's journal holds (``run.answered()``), where the caller has read it: in a loop of events
            nobody can interrupt that.

    Raises:
        RegradeError: the run is being asked by another process, the disk is full, or the model says that there is no
            point in going on. What came before is on disk.
    """
    with run.lock() if there is None else nullcontext():
        there = run.find_answered() if there is None else there
        before = there.count(ANSWERED)
        if again.samples:
            before -= sum(
                there[run.place(msgspec.structs.replace(first, turn=turn))] == ANSWERED
                for first in requests
                if first.sample_id in again.samples
                for turn in range(run.manifest.turns)
            )
        tally = Tally(wanted=run.wanted, before=before, damaged=run.damaged)
        tally.refused = 0 if again.refused else there.count(REFUSED)
        model.proven = before > 0
        run.set_status("running")
        status: Status = "stopped"
        try:
            model.attach(run.folder)
            for turn in range(run.manifest.turns if tally.missing else 0):
                missing = _missing(run, model, requests, there if turn == 0 else run.find_answered(), turn, again)
                await _Asking(run, model, cache, again, fsync, tally, told).go(missing)
            status = "waiting" if model.pending else "incomplete" if tally.missing else "complete"
        finally:
            run.set_status(status)
            if cache is not None and cache.flush() and run.answers.exists():
                cache.mark_absorbed(run.folder.name, run.answers)
        return tally


def _missing(
    run: Run, model: Model, requests: Iterable[Request], there: bytearray, turn: int, again: Again
) -> Iterator[Request | None]:
    """The requests of one turn that lack an answer, those never asked first; None now and then while others are passed.

    A later turn needs the answers to those before it.
    """
    said = run.texts_before(turn) if turn else {}
    tried = (FAILED, REFUSED) if again.refused else (FAILED,)

    def standing(wanted: tuple[int, ...], samples: frozenset[str]) -> Iterator[Request | None]:
        draws = _Draws(model, again)
        for number, first in enumerate(requests, 1):
            if number % _PASSED == 0:
                yield None
            request = first
            if turn:
                if (before := said.get((first.position, first.repeat))) is None or turn > len(first.follow_ups or ()):
                    continue
                request = next_turn(first, before)
            request = draws.number(request)
            if there[run.place(request)] in wanted or request.sample_id in samples:
                yield request

    first_asked = standing((UNASKED,), again.samples)
    if not any(code in there for code in tried):
        return first_asked
    return chain(
        first_asked,
        (one for one in standing(tried, frozenset()) if one is None or one.sample_id not in again.samples),
    )


class _Draws:
    """Numbers requests that ask exactly the same of a model that draws its answers, so that each gets its own."""

    def __init__(self, model: Model, again: Again) -> None:
        self.model = model
        self.shared = again.shared
        self.identity = model.identity
        self.seen: Counter[int] = Counter()

    def number(self, request: Request) -> Request:
        if self.shared or not self.model.draws(request):
            return request
        key = hash((request_hash(request, self.identity), request.repeat))
        draw = self.seen[key]
        self.seen[key] = draw + 1
        return msgspec.structs.replace(request, draw=draw) if draw else request


_TOLD_EVERY_S = 1.0


class _Asking:
    """One asking: what is in flight, and who waits for it."""

    def __init__(
        self,
        run: Run,
        model: Model,
        cache: AnswerCache | None,
        again: Again,
        fsync: Fsync,
        tally: Tally,
        told: Callable[[Tally], None] | None,
    ) -> None:
        self.model, self.tally, self.told = model, tally, told
        self.cache = cache
        self.known = None if again.fresh else cache
        self.identity = model.identity
        self.twins: dict[tuple[str, int, int], list[Request]] = {}
        """Requests that ask the same as one in flight, by what they ask: they get its answer."""
        self.said: dict[tuple[str, int, int], int] = {}
        """Where in the journal the answers stand that those who ask the same get, too."""
        self.shared = again.shared
        self.journal = Journal(run.answers, fsync, counted=self.count)

    async def go(self, missing: Iterator[Request | None]) -> None:
        ticking = asyncio.ensure_future(self.tick())
        try:
            async with aclosing(self.model.answer(self.to_ask(missing))) as answers:
                async for answer in answers:
                    self.take(answer)
                    await self.journal.room()
            await self.journal.flush()
        finally:
            ticking.cancel()
            try:  # whatever has come is paid for
                await asyncio.shield(self.journal.flush())
            finally:
                self.journal.close()

    async def to_ask(self, missing: Iterator[Request | None]) -> AsyncIterator[Request]:
        """The requests that only the model can answer; what is known already goes straight into the journal."""
        for request in missing:
            if request is None:
                await asyncio.sleep(0)  # who interrupts is heard
                continue
            self.tally.with_tools = self.tally.with_tools or "tools" in request.parameters
            key = request_hash(request, self.identity), request.repeat, request.draw
            if self.known is not None and (known := self.known.find(*key)) is not None:
                self.model.proven = True
                self.journal.put(_for(known, request, cached=True))
                await self.journal.room()
            elif not self.shared and self.model.draws(request):
                yield request
            elif key in self.said:
                self.journal.put(_for(self.journal.read_at(self.said[key]), request, cached=True))
                await self.journal.room()
            elif key in self.twins:
                self.twins[key].append(request)
            else:
                self.twins[key] = []
                yield request

    def take(self, answer: Answer) -> None:
        """Write an answer, and the same for whoever asks the same."""
        if not answer.request_hash:
            raise RuntimeError(f"{type(self.model).__name__} gave an answer without the hash of its request")
        start = self.journal.put(answer)
        key = answer.request_hash, answer.repeat, answer.draw
        if key not in self.twins:
            return
        if answer.error is None:
            self.said[key] = start
        for twin in self.twins.pop(key):
            self.journal.put(_for(answer, twin, cached=answer.error is None))

    async def tick(self) -> None:
        """Tell how it goes though nothing comes."""
        while self.told is not None:
            await asyncio.sleep(_TOLD_EVERY_S)
            self.told(self.tally)

    def count(self, group: list[Answer]) -> None:
        """Count answers that are on disk."""
        for answer in group:
            self.tally.count(answer)
        if self.cache is not None:
            self.cache.keep(group)
        if self.told is not None:
            self.told(self.tally)


def _for(answer: Answer, request: Request, *, cached: bool) -> Answer:
    """The answer as that to another request for the same."""
    return address_answer(answer, request, cached=cached)
