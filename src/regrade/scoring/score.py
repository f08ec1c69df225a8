"""Scoring saved answers: from paths and options to scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from regrade.engine.local import LocalEngine
from regrade.errors import InputError, RecipeError, RegradeError, UsageError
from regrade.expressions import Expression
from regrade.files.chunk import Chunk
from regrade.files.location import size as size_of
from regrade.registry import lookup
from regrade.rows.discover import discover
from regrade.rows.source import ReadOptions, Source
from regrade.schema import Malformed
from regrade.scoring.block import Block, PipelineBlock
from regrade.scoring.failures import settle_failures
from regrade.scoring.file_rows import read_rows
from regrade.scoring.options import Options
from regrade.scoring.parts import Part, parts_of
from regrade.scoring.planned import Planned, plan_source, with_recorded, without_unavailable
from regrade.scoring.running import Running, stop_pipelines
from regrade.scoring.scores import ScoredSources, SourceBlock
from regrade.scoring.selection import nothing_left
from regrade.scoring.summarise import Settings, summarise

if TYPE_CHECKING:
    from os import PathLike

    from regrade.engine import Engine
    from regrade.progress import CancelToken

FOR = {
    "answer": "tables, and answers to a card's samples",
    "expected": "tables",
    "id": "tables",
    "docs": "tables, and FastChat's files",
    "join_on": "tables with --docs",
    "answers": "a card's samples",
    "encoding": "tables",
    "rows": "tables",
    "score": "tables",
    "correct": "tables with --score",
    "lower_is_better": "tables with --score",
}
"""What a person may say of inputs, and the kinds of input that it is for."""

READ_OPTIONS = (*FOR, "reader", "chunk_bytes", "task_name", "failures_are_wrong")
"""What a person may say of inputs."""

SMALL_INPUT_BYTES = 24 * 1024 * 1024
"""Inputs up to this size are scored in this process: starting others would take longer."""


Progress = Callable[[int, int, int], None]
"""Called after each chunk with bytes done, bytes in all, and rows done."""


def score_paths(
    paths: Sequence[str | PathLike[str]],
    options: Options,
    *,
    engine: Engine | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> ScoredSources:
    """Score paths by options.

    Args:
        paths: Log files, tables, folders with logs, or URLs of them.
        options: What is scored, and how.
        engine: What runs the chunks; None for processes of this machine.
        workers: How many processes that takes.
        progress: Called after each chunk.
        cancel: Ends the work between two rows.

    Raises:
        RegradeError: an input, recipe or option is wrong.
        Cancelled: the work was ended.
    """
    if not paths:
        raise UsageError("nothing to score", hint="name a log file, a table or a folder")
    for text, option in (
        (options.where, "--where"),
        (options.cluster, "--cluster"),
        *((b, "--by") for b in options.by),
    ):
        if text:
            Expression(text, option)
    _refuse_measuring_scores(options)
    problems: list[Malformed] = []
    told = ReadOptions(options.read)
    sources = discover(paths, told, None if options.strict else problems)
    if idle := [name for name in told.idle if name in FOR]:
        raise UsageError(
            f"changes nothing: no input here is of a kind that it is for ({FOR[idle[0]]})",
            where=f"--{idle[0].replace('_', '-')}",
            hint="leave it out",
        )
    scores = score_sources(sources, options, engine=engine, workers=workers, progress=progress, cancel=cancel)
    scores.unreadable += problems
    return scores


def _refuse_measuring_scores(options: Options) -> None:
    """Refuse what contradicts the wish to take a column of a table as the score.

    Raises:
        UsageError: something else is to be measured, or what belongs to a score is said without one.
    """
    read = options.read
    if not read.get("score"):
        for name in ("correct", "lower_is_better"):
            if read.get(name):
                raise UsageError(
                    "says how a column of scores is read", where=f"--{name.replace('_', '-')}", hint="name it: --score"
                )
        return
    for name, given in (("--metric", options.metrics), ("--filters", options.filters), ("--task", options.task)):
        if given is not None:
            raise UsageError(
                "takes the scores that stand in the table, and measures nothing",
                where="--score",
                hint=f"leave out {name}{' and --extract' if name == '--filters' else ''}, or --score",
            )


def score_sources(
    sources: list[Source],
    options: Options,
    *,
    engine: Engine | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> ScoredSources:
    """Score sources that are already found; see :func:`score_paths`."""
    planned, problems = _plan(sources, options)
    size = sum(_chunk_bytes(item.source, chunk) for item in planned for chunk in item.source.chunks)
    if engine is None:
        engine = LocalEngine(1 if workers is None and size <= SMALL_INPUT_BYTES else workers, cancel=cancel)
    settings = Settings(
        limit=options.limit,
        seed=options.seed,
        resamples=options.resamples,
        level=options.level,
        bootstrap_iterations=options.bootstrap_iterations,
    )
    scores = ScoredSources(options=options, sources=[item.source for item in planned])
    scores.unreadable += problems
    lacking: list[RegradeError | None] = []
    lost: list[tuple[Source, RegradeError]] = []
    read = _Read(size, progress)
    with closing(Running(planned, engine, one_source_at_a_time=options.limit is not None, cancel=cancel)) as running:
        for item in planned:
            if cancel is not None:
                cancel.check()
            whole = item
            try:
                block, chunks = read.source(item, running, options)
            except (RecipeError, InputError) as error:  # of this source; the others are scored
                if options.strict:
                    raise
                running.leave(item)
                lost.append((item.source, error))
                continue
            lacking.append(nothing_left(item.source, block, item.plan))
            if (other := with_recorded(item, block)) is not None:
                whole, block = other, _score_again(other, chunks, engine, cancel)
            whole = without_unavailable(whole, block)
            for pipeline in whole.plan.recipe.filters:  # a source without chunks has no block that would know them
                block.pipelines.setdefault(pipeline.name, PipelineBlock(keep=whole.plan.keep))
            parts = _parts(whole, block)
            settle_failures(block, whole.plan)
            notes = [*whole.notes, *_untold_failures(whole.source, options)]
            scores.parts += summarise(whole.source, block, whole.plan, settings, parts, notes)
            if options.keep or options.check:
                scores.blocks.append(SourceBlock(whole.source, block, whole.plan, parts))
    if lost and not lacking:
        raise lost[0][1]
    scores.sources = [one for one in scores.sources if all(one is not source for source, _ in lost)]
    scores.unreadable += _not_scored(lost)
    if lacking and None not in lacking:
        raise next(error for error in lacking if error is not None)
    if any(source.options.get("groups") for source in sources):
        from regrade.lm_eval.task_groups import score_groups

        scores.task_groups = score_groups(scores.sources, scores.parts)
    _refuse_nothing(scores, sources)
    return scores


def _score_again(item: Planned, chunks: int, engine: Engine, cancel: CancelToken | None) -> Block:
    """Score the first chunks of a source by another plan."""
    block = Block()
    with closing(Running([item], engine, one_source_at_a_time=True, cancel=cancel)) as again:
        for _, (_, part) in zip(range(chunks), again.blocks_of(item), strict=False):
            block.extend(part)
            if part.late_pipelines and (ended := stop_pipelines(item, block)):
                again.stop(item, ended)
    return block


def _refuse_nothing(scores: ScoredSources, sources: list[Source]) -> None:
    if not any(part.counts.samples or part.malformed for part in scores.parts):
        raise InputError(
            "there is nothing to score" if any(source.notes for source in sources) else "there are no samples in it",
            where=", ".join(sorted({source.path for source in sources})),
            hint="\n  ".join(note for source in sources for note in source.notes) or None,
        )


class _Read:
    """How far the reading of all sources has come, which it reports."""

    def __init__(self, size: int, progress: Progress | None) -> None:
        self.size, self.progress = size, progress
        self.done = self.rows = 0

    def source(self, item: Planned, running: Running, options: Options) -> tuple[Block, int]:
        """Read and score a source as far as is asked for.

        Returns:
            Its block, and of how many chunks it is.

        Raises:
            RegradeError: it cannot be scored; with ``strict``, one of its rows cannot.
        """
        block, chunks = Block(), 0
        for job, part in running.blocks_of(item):
            chunks += 1
            block.extend(part)
            self.done, self.rows = self.done + _chunk_bytes(item.source, job.chunk), self.rows + len(part)
            if options.strict:
                _raise_first(item.source, block)
            if self.progress is not None:
                self.progress(self.done, self.size, self.rows)
            if options.limit is not None and _enough(item, block, options.limit):
                running.leave(item)
            elif part.late_pipelines and (ended := stop_pipelines(item, block)):
                running.stop(item, ended)
        return block, chunks


def _untold_failures(source: Source, options: Options) -> list[str]:
    """A note where failed requests are to count, and the format does not tell them."""
    if not options.read.get("failures_are_wrong") or lookup("reader", source.reader).tells_failures:
        return []
    return ["--failures-are-wrong changes nothing here: this format does not tell which requests failed"]


def _plan(sources: list[Source], options: Options) -> tuple[list[Planned], list[Malformed]]:
    """How each source is scored, and the sources whose specification is damaged, as long as there are others.

    Raises:
        RecipeError: none of the sources can be scored, or ``strict`` is asked for.
    """
    planned: list[Planned] = []
    errors: list[tuple[Source, RegradeError]] = []
    for source in sources:
        try:
            planned.append(plan_source(source, options))
        except RecipeError as error:
            if options.strict:
                raise
            errors.append((source, error))
    if errors and not planned:
        raise errors[0][1]
    return planned, _not_scored(errors)


def _not_scored(errors: list[tuple[Source, RegradeError]]) -> list[Malformed]:
    return [Malformed(source.path, 0, f"not scored: {error}") for source, error in errors]


def _parts(item: Planned, block: Block) -> list[Part]:
    """The runs that a source's file holds; where ids come again it is read once more to tell them apart."""
    plan = item.plan
    only, last = None if plan.own_rows else plan.primary, max(block.lines, default=0)
    return parts_of(
        block,
        [pipeline.name for pipeline in plan.recipe.filters],
        item.recorded_filters,
        plan.own_rows,
        lambda: read_rows(item.source, only, last),
    )


def _enough(item: Planned, block: Block, limit: int) -> bool:
    """Whether ``limit`` samples and more were scored under every pipeline; never where rows do not name theirs."""
    named = all(code >= 0 for code in block.filters) or len(item.plan.recipe.filters) == 1
    pipelines = [block.pipelines.get(pipeline.name) for pipeline in item.plan.recipe.filters]
    return named and all(out is not None and len(out.rows) > limit for out in pipelines)


def _chunk_bytes(source: Source, chunk: Chunk) -> int:
    """Size of a chunk in its file, compressed or not."""
    size = size_of(chunk.path)
    return (min(chunk.stop, size) if chunk.stop >= 0 else size) - chunk.start


def _raise_first(source: Source, block: Block) -> None:
    """Raise for the first row of a block that could not be read or scored."""
    found = [(bad.line, bad.reason, "row") for bad in block.malformed[:1]]
    for out in block.pipelines.values():
        for metric in out.metrics.values():
            found += [(block.lines[out.rows[bad.row]], bad.reason, "sample") for bad in metric.failures[:1]]
    if found:
        line, reason, what = min(found)
        fate = "set aside" if what == "row" else "counted as wrong"
        raise InputError(reason, where=f"{source.path}:{line}", hint=f"without --strict the {what} is {fate} and named")
