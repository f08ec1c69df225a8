"""Sentences below a table: what a person must know besides the numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from regrade.reports.text import clip, mark, plural

if TYPE_CHECKING:
    from regrade.scoring.results import Result
    from regrade.scoring.scores import ScoredSources


def notes_on(scores: ScoredSources) -> list[str]:
    """Notes on files and tasks, the worst of each first, without repetition."""
    notes = [mark(f"unreadable: {bad.file}: {bad.reason}", "red") for bad in scores.unreadable]
    for part in scores.parts:
        name = part.task if len(scores.parts) > 1 else part.path
        notes += [mark(note, "red") for note in part.losses(name)]
        if scores.options.verify_hashes and not part.hash_mismatches:
            notes.append(f"{name}: the recorded hashes are those of the content")
        if part.counts.without_field:
            lacking = plural(part.counts.without_field, "sample")
            notes.append(mark(f"{name}: {lacking} without a field that --where names", "yellow"))
        notes += [f"{name}: {note}" for note in part.notes]
    for group in scores.task_groups:
        notes += [mark(f"{group.name}: {key}: {reason}", "red") for key, reason in group.reasons.items()]
    return list(dict.fromkeys(notes))


def methods_of(scores: ScoredSources) -> list[str]:
    """Which metrics have no value, or are not recomputed, a line per reason."""
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for part in scores.parts:
        told = {(result.filter, result.metric) for result in part.whole if result.reason}
        groups = (result for result in part.results if (result.filter, result.metric) not in told and result.scored)
        for result in (*part.whole, *groups):
            if result.reason and (result.method != "recomputed" or result.scored):
                reasons.setdefault((result.method, result.reason), {})[result.metric] = None
    verbs = {"re-aggregated": "values recorded in the log, aggregated again", "unavailable": "not to be had"}
    return [
        f"{clip(', '.join(names), 70)}: {verbs[method] + ': ' if method in verbs else ''}{reason}"
        for (method, reason), names in reasons.items()
    ]


def run_labels(scores: ScoredSources) -> dict[str, str]:
    """A short name per run: the model where that tells the runs apart, else the time, else both."""
    runs = {source.run.name: source.run for source in scores.sources}
    models = {name: (run.model or name).rstrip("/").rpartition("/")[2] for name, run in runs.items()}
    dates = {name: (run.date or name).partition(".")[0] for name, run in runs.items()}
    for labels in (models, dates):
        if len(set(labels.values())) == len(runs):
            return labels
    return {name: f"{models[name]} {dates[name]}" for name in runs}


def group_labels(results: Iterable[Result]) -> dict[tuple[Any, ...], str]:
    """How each group is shown, by what :func:`group_key` says of it: its values, separated by commas.

    Where two would read the same (null and the text ``None``), or one like the whole (``all``), texts are in quotes.
    """
    keys = dict.fromkeys(group_key(result.group) for result in results if result.group)
    plain = {key: ", ".join(str(value) for _, value in key) for key in keys}
    counts = Counter([*plain.values(), "all"])
    return {
        key: label if counts[label] == 1 else ", ".join(_quoted(value) for _, value in key)
        for key, label in plain.items()
    }


def group_key(group: dict[str, Any]) -> tuple[Any, ...]:
    """What tells a group from all others: the values of the ``--by`` expressions, and of which type they are."""
    return tuple((type(value), value) for value in group.values())


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
