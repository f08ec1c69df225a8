"""What a user may ask of scoring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from regrade.errors import UsageError
from regrade.schema import FilterPipeline


class Options(msgspec.Struct, kw_only=True):
    """What to score, and how. Every option of ``regrade score`` that changes a number.

    Attributes:
        where: Expression that a sample must meet.
        filters: Filter pipelines to apply instead of the recorded ones.
        metrics: Names (and arguments) of metrics instead of the recorded ones.
        by: Expressions that results are broken down by.
        cluster: Expression whose value tells dependent samples.
        task: A task's name in an installed lm-eval, or a task file; its specification replaces the recorded one.
        limit: Samples per source at most.
        seed: Seed of the intervals.
        resamples: Resamples of an interval.
        level: Confidence level of the intervals.
        bootstrap_iterations: Resamples of the harness's bootstrap standard error; None takes the recorded number.
        compat: lm-evaluation-harness version to follow; None takes the recorded one.
        trust_code: Run Python from loose files.
        allow_paths: Folders below which a task file may include files, besides its own and the working folder.
        strict: Raise an error at the first malformed row or failed sample.
        keep: Keep per-sample values.
        check: Keep what a comparison with the recorded values needs.
        verify_hashes: Recompute the recorded hashes.
        answer_limit_s: CPU seconds that the scoring of one answer may take.
        read: What readers are told: ``answer``, ``expected``, ``id``, ``reader``, ``docs``, ``join_on``, ``score``, ...
    """

    where: str | None = None
    filters: list[FilterPipeline] | None = None
    metrics: list[tuple[str, dict[str, Any]]] | None = None
    by: list[str] = msgspec.field(default_factory=list)
    cluster: str | None = None
    task: str | None = None
    limit: int | None = None
    seed: int = 42
    resamples: int = 1000
    level: float = 0.95
    bootstrap_iterations: int | None = None
    compat: str | None = None
    trust_code: bool = False
    allow_paths: list[str] = msgspec.field(default_factory=list)
    strict: bool = False
    keep: bool = False
    check: bool = False
    verify_hashes: bool = False
    answer_limit_s: float = 5.0
    read: dict[str, Any] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot mean anything, whichever door it came through.

        Raises:
            UsageError: a number is outside its range, or a text is empty (a variable of a shell that is not set).
        """
        for name, text in (
            ("--where", self.where),
            ("--cluster", self.cluster),
            ("--task", self.task),
            ("--compat", self.compat),
            *(("--by", text) for text in self.by),
        ):
            if isinstance(text, str) and not text.strip():
                raise UsageError("is empty", where=f"{name} {text!r}", hint="leave the option out, or give it a value")
        _require_whole("--limit", self.limit, 1)
        _require_whole("--bootstrap-iters", self.bootstrap_iterations, 0, "0 is none")
        if not self.answer_limit_s >= 0:
            raise UsageError("must be at least 0", where=f"--time-limit {self.answer_limit_s}", hint="0 is no limit")
        if not 0 < self.level < 1:
            raise UsageError("must be between 0 and 1", where=f"--level {self.level}", hint="95 % is 0.95")


def _require_whole(option: str, number: int | None, least: int, hint: str | None = None) -> None:
    if number is not None and (not hasattr(number, "__index__") or number < least):
        kind = "" if hasattr(number, "__index__") else "a whole number, "
        raise UsageError(f"must be {kind}at least {least}", where=f"{option} {number}", hint=hint)


def pipelines_from(filters: Any, extract: Sequence[str]) -> list[FilterPipeline] | None:
    """The pipelines that a user gave: a file or a list of them, then quick extractors ``NAME=REGEX``; None if none."""
    if filters is None and not extract:
        return None
    from regrade.lm_eval.filter_file import load_filters, quick_extractor

    pipelines: list[FilterPipeline] = []
    if isinstance(filters, list | tuple):
        from regrade.lm_eval.configs import filter_pipelines

        given = [f if isinstance(f, FilterPipeline) else None for f in filters]
        pipelines += [p for p in given if p is not None] or filter_pipelines(list(filters))
    elif filters is not None:
        pipelines += load_filters(filters)
    return pipelines + [quick_extractor(text) for text in extract]


def parse_metric(text: str) -> tuple[str, dict[str, Any]]:
    """Parse ``name`` or ``name:argument=value,...``; values are YAML (``true``, ``3``, ``[a, b]``)."""
    name, colon, rest = text.partition(":")
    if not colon:
        return name, {}
    import yaml

    arguments: dict[str, Any] = {}
    for pair in _split_arguments(rest):
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} is no argument", where=f"--metric {text}", hint="write NAME:ARGUMENT=VALUE,...")
        arguments[key.strip()] = yaml.safe_load(value)
    return name, arguments


def _split_arguments(text: str) -> Iterator[str]:
    """Split at commas outside brackets."""
    depth, start = 0, 0
    for place, character in enumerate(text):
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]
