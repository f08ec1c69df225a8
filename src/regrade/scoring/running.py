"""The jobs of sources on their way through an engine: in one run, which ends where the rest of them changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from regrade.scoring.block import Block
from regrade.scoring.breaker import find_end, stop
from regrade.scoring.chunk import score_chunk
from regrade.scoring.plan import Job
from regrade.scoring.planned import Planned, jobs_of

if TYPE_CHECKING:
    from regrade.engine import Engine
    from regrade.progress import CancelToken


class Running:
    """The jobs of all sources on their way through an engine, in order.

    All are run in one go; where what is still to come changes, the run is ended and another one begun with the rest.
    """

    def __init__(
        self,
        planned: list[Planned],
        engine: Engine,
        *,
        one_source_at_a_time: bool,
        cancel: CancelToken | None = None,
    ) -> None:
        self._engine = engine
        self._score: Callable[[Job], Block] = score_chunk if cancel is None else partial(score_chunk, cancel=cancel)
        self._one = one_source_at_a_time
        self._waiting = deque((id(item), job) for item in planned for job in jobs_of(item))
        self._blocks: Generator[Block, None, None] | None = None
        self._left = 0

    def blocks_of(self, item: Planned) -> Iterator[tuple[Job, Block]]:
        """The source's jobs that are still to come, each with its block."""
        while self._waiting and self._waiting[0][0] == id(item):
            if self._blocks is None or not self._left:
                self.close()
                jobs = [job for of, job in self._waiting if not self._one or of == id(item)]
                self._blocks, self._left = self._engine.run(self._score, jobs), len(jobs)
            block = next(self._blocks)
            self._left -= 1
            yield self._waiting.popleft()[1], block

    def leave(self, item: Planned) -> None:
        """Leave the rest of a source."""
        while self._waiting and self._waiting[0][0] == id(item):
            self._waiting.popleft()
            self.close()

    def stop(self, item: Planned, pipelines: tuple[str, ...]) -> None:
        """Try these pipelines no more on the rest of a source."""
        if self._waiting and self._waiting[0][0] == id(item):
            self._waiting = deque(
                (of, msgspec.structs.replace(job, stopped=pipelines) if of == id(item) else job)
                for of, job in self._waiting
            )
            self.close()

    def close(self) -> None:
        """End the run."""
        if self._blocks is not None:
            self._blocks.close()
            self._blocks = None


def stop_pipelines(item: Planned, block: Block) -> tuple[str, ...]:
    """Stop the pipelines whose answers take too long again and again; all that are stopped, if there is a new one."""
    kept = {metric.name for metric in item.plan.metrics if metric.method == "re-aggregated"}
    new = False
    for out in block.pipelines.values():
        if out.stopped is None and (end := find_end(out.late)) is not None:
            stop(block, out, end, item.plan.answer_limit_s, kept)
            new = True
    return tuple(name for name, out in block.pipelines.items() if out.stopped is not None) if new else ()
