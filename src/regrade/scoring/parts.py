"""Which rows of a file belong together: runs one after the other, filters without names, and repeated rows.

The harness opens its samples files for appending; and up to 0.4.6 it writes a task's rows once per filter, in the
order of the filter list, without saying which is which. A judge's file grows when judging is taken up again. So one
file may hold several runs: where the sequence of ids begins again, and never because of a single row. A row that is
equal to an earlier one is a repetition and left out; an id that comes again with something else is a row of its own.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from regrade.scoring.block import Block

_MOST = 0.8
"""Share of the ids of a block that must come again for it to have begun again; rows may be lost on both sides."""


class Rows(NamedTuple):
    """The rows of a file, before any condition, as far as their order matters.

    Attributes:
        ids: Sample ids.
        filters: Names of the filters under which they were recorded; None where the log names none.
        lines: 1-based line numbers.
        documents: Checksums of the documents.
        answers: Checksums of the answers and of what the log recorded of them.
    """

    ids: list[Any]
    filters: list[str | None]
    lines: array[int]
    documents: array[int]
    answers: array[int]


class Part(NamedTuple):
    """One run's rows of a file.

    Attributes:
        label: What tells it from the others; None when there is one part.
        rows: By pipeline the positions in that pipeline's rows that belong here; None for all.
        notes: What a person should know about it.
        main: Whether the task's plain name stands for it: the largest part, the last of equally large ones.
        repeated: Rows of the file that are equal to earlier ones and were left out; told of the main part.
        reused: Rows whose id an earlier row has, too, with another document or answer; each of them counts.
    """

    label: str | None
    rows: dict[str, list[int]] | None
    notes: tuple[str, ...] = ()
    main: bool = True
    repeated: int = 0
    reused: int = 0


def main_part(parts: Sequence[Part]) -> Part:
    """The part that the task's plain name stands for."""
    return next(part for part in parts if part.main)


def parts_of(
    block: Block, pipelines: list[str], recorded_filters: int, own_rows: bool, read: Callable[[], Rows]
) -> list[Part]:
    """Split the rows of a source into the runs that wrote them, in order.

    Args:
        block: The rows as scored.
        pipelines: Names of the pipelines applied.
        recorded_filters: How many filters the run recorded, for logs that do not name them in the rows.
        own_rows: Whether each row counts under the filter it was recorded with only.
        read: Reads the whole file's rows; called where an id comes again.
    """
    named = any(code >= 0 for code in block.filters)
    if len(set(zip(block.ids, block.filters, strict=True))) == len(block.ids) and (
        named or not own_rows or recorded_filters == 1 or len(pipelines) == 1
    ):
        return [Part(None, None)]
    layout = _Layout(read(), recorded_filters)
    places = layout.places()
    runs = sorted({place.run for place in places.values() if place.run >= 0})
    sizes = Counter(place.run for place in places.values() if place.run >= 0 and place.filter == 0)
    main = max(runs, key=lambda run: (sizes[run], run), default=0)
    members = _members(block, pipelines, places, own_rows and not layout.named)
    notes = layout.notes(len(runs))
    label = "documents" if layout.is_mixed() else "run"
    parts = []
    for number, run in enumerate(runs or [0], 1):
        is_main = run == main
        parts.append(
            Part(
                f"{label} {number} of {len(runs)}" if len(runs) > 1 else None,
                {name: members[name].get(run, []) for name in pipelines},
                tuple(notes) if is_main else (),
                is_main,
                len(layout.repeated) if is_main else 0,
                sum(place.run == run and place.reused for place in places.values()),
            )
        )
    return parts


class _Place(NamedTuple):
    """Where a row of the file belongs: its run (-1: left out), the filter's number where filters have no names."""

    run: int
    filter: int
    reused: bool


def _members(
    block: Block, pipelines: list[str], places: dict[tuple[int, str | None], _Place], by_filter: bool
) -> dict[str, dict[int, list[int]]]:
    """By pipeline and run the positions in the pipeline's rows.

    Args:
        by_filter: Whether the rows of filter n belong to pipeline n; else the first filter's belong to all.
    """
    names = block.filter_names
    found: dict[str, dict[int, list[int]]] = {}
    for number, name in enumerate(pipelines):
        wanted = number if by_filter else 0
        mine = found[name] = {}
        for position, row in enumerate(block.pipelines[name].rows):
            code = block.filters[row]
            place = places.get((block.lines[row], names[code] if code >= 0 else None))
            if place is not None and place.run >= 0 and place.filter == wanted:
                mine.setdefault(place.run, []).append(position)
    return found


class _Layout:
    """The runs, filters and repetitions of a file's rows."""

    def __init__(self, rows: Rows, recorded_filters: int) -> None:
        self.rows = rows
        self.named = any(name is not None for name in rows.filters)
        keys = list(zip(rows.ids, rows.filters, strict=True))
        self.filters: Sequence[int] = [0] * len(keys)
        if self.named or recorded_filters == 1:
            self.runs = _numbered(block_starts(keys), len(keys))
        else:
            self.runs, self.filters = _unnamed(keys, recorded_filters)
        self.repeated: list[tuple[int, int]] = []  # positions: a row that is left out, and the one it is equal to
        self.reused: list[tuple[int, int]] = []  # a row whose id was used for another before, and that one
        self._look_for_repetitions(keys)

    def _look_for_repetitions(self, keys: list[Any]) -> None:
        """Find the rows that are equal to earlier ones: in the same run, and runs that are wholly in another one."""
        left_out = self._copied_runs(keys)
        first: dict[Any, int] = {}
        equal: dict[Any, int] = {}
        for position, key in enumerate(keys):
            run, filter = self.runs[position], self.filters[position]
            same = self._content(position)
            if run in left_out:
                self.repeated.append((position, left_out[run].get((key, filter, same), position)))
                continue
            earlier = equal.setdefault((run, filter, key, same), position)
            if earlier != position:
                self.repeated.append((position, earlier))
            elif first.setdefault((run, filter, key), position) != position:
                self.reused.append((position, first[run, filter, key]))

    def _copied_runs(self, keys: list[Any]) -> dict[int, dict[Any, int]]:
        """Runs every row of which is equal to one of another run: by run, where that one has them."""
        count = max(self.runs, default=-1) + 1
        if count < 2:
            return {}
        rows: list[dict[Any, int]] = [{} for _ in range(count)]
        for position, key in enumerate(keys):
            rows[self.runs[position]].setdefault((key, self.filters[position], self._content(position)), position)
        copied: dict[int, dict[Any, int]] = {}
        holders: dict[Any, list[int]] = {}
        for run in sorted(range(count), key=lambda run: (-len(rows[run]), run)):
            common: set[int] | None = None
            for key in rows[run]:
                having = holders.get(key, [])
                common = set(having) if common is None else common.intersection(having)
                if not common:
                    break
            if common:
                copied[run] = rows[min(common)]
            else:
                for key in rows[run]:
                    holders.setdefault(key, []).append(run)
        return copied

    def _content(self, position: int) -> tuple[int, int]:
        return self.rows.documents[position], self.rows.answers[position]

    def places(self) -> dict[tuple[int, str | None], _Place]:
        """By line and filter where each row of the file belongs."""
        repeated = {position for position, _ in self.repeated}
        reused = {position for position, _ in self.reused}
        kept = sorted({run for position, run in enumerate(self.runs) if position not in repeated})
        number = {run: place for place, run in enumerate(kept)}
        return {
            (line, name): _Place(
                -1 if position in repeated else number[self.runs[position]], self.filters[position], position in reused
            )
            for position, (line, name) in enumerate(zip(self.rows.lines, self.rows.filters, strict=True))
        }

    def is_mixed(self) -> bool:
        """Whether the same ids stand for other documents in the second run, for most of them."""
        first: dict[Any, int] = {}
        same = different = 0
        for sample_id, document, run in zip(self.rows.ids, self.rows.documents, self.runs, strict=True):
            if run == 0:
                first.setdefault(sample_id, document)
            elif run == 1 and sample_id in first:
                if first[sample_id] == document:
                    same += 1
                else:
                    different += 1
        return different > same

    def notes(self, runs: int) -> list[str]:
        """What a person should know about a file that holds ``runs`` runs."""
        notes, lines = [], self.rows.lines
        if runs > 1:
            repeated = {position for position, _ in self.repeated}
            spans: dict[int, list[int]] = {}
            for position, run in enumerate(self.runs):
                if position not in repeated:
                    spans.setdefault(run, []).append(lines[position])
            where = " and ".join(f"lines {min(span):,} to {max(span):,}" for span in spans.values())
            notes.append(
                f"line {min(spans[sorted(spans)[1]]):,} begins other documents under the same ids: the file mixes "
                "tasks or datasets, scored apart"
                if self.is_mixed()
                else f"the file holds {runs} runs, {where}, in which the same ids come again; they are scored apart"
            )
        if self.repeated:
            row, earlier = self.repeated[0]
            what = "1 repeated row is" if len(self.repeated) == 1 else f"{len(self.repeated):,} repeated rows are"
            notes.append(f"{what} left out (line {lines[row]:,} is equal to line {lines[earlier]:,})")
        if self.reused:
            row, earlier = self.reused[0]
            count = len({self.rows.ids[position] for position, _ in self.reused})
            what = "1 id comes" if count == 1 else f"{count:,} ids come"
            notes.append(
                f"{what} again with another document or answer and each row counts: {self.rows.ids[row]} in lines "
                f"{lines[earlier]:,} and {lines[row]:,}"
            )
        return notes


def _unnamed(keys: list[Any], filters: int) -> tuple[Sequence[int], Sequence[int]]:
    """Run and filter of each row of a log that names no filters and was written once per filter.

    By how often an id has come before, where each comes as often as there are filters, or a multiple of it (the parts
    of several processes may stand one after the other); else by blocks.
    """
    counts = Counter(keys)
    if any(count % filters for count in counts.values()):
        starts = block_starts(keys)
        if len(starts) % filters == 0:
            blocks = _numbered(starts, len(keys))
            return [block // filters for block in blocks], [block % filters for block in blocks]
    seen: Counter[Any] = Counter()
    runs, places = array("q"), array("q")
    for key in keys:
        runs.append(seen[key] // filters)
        places.append(seen[key] % filters)
        seen[key] += 1
    return runs, places


def block_starts(keys: Sequence[Any]) -> list[int]:
    """Positions at which a sequence of ids begins again.

    A block begins where an id comes again, if what follows (up to the next repetition within it) has at least two of
    the ids before it, and these are most of them (taken up again from the start), or it begins with the same id and
    most of it is known (a second run that broke off).

    Example:
        >>> block_starts("abcabcd"), block_starts("abcdab"), block_starts("abccd"), block_starts("abcdb")
        ([0, 3], [0, 4], [0], [0])
    """
    count = len(keys)
    before = array("q", [-1]) * count
    end = array("q", [count]) * (count + 1)
    last: dict[Any, int] = {}
    for position, key in enumerate(keys):
        before[position] = last.get(key, -1)
        last[key] = position
        if before[position] >= 0:
            end[before[position]] = position
    for position in range(count - 1, -1, -1):  # the next repetition of any id that stands at this position or after it
        end[position] = min(end[position], end[position + 1])
    starts, start, different, position, barred = [0], 0, 0, 0, 0
    while position < count:
        if before[position] < start:
            different += 1
        elif position >= barred:
            length = end[position] - position
            shared = sum(before[place] >= start for place in range(position, end[position]))
            whole = shared >= _MOST * different
            broken_off = before[position] == start and shared >= _MOST * length
            if shared >= 2 and (whole or broken_off):
                starts.append(position)
                start, different = position, length
                position = end[position]
                continue
            barred = position + 1 + length // 16  # looking from every place of a long stretch would take too long
        position += 1
    return starts


def _numbered(starts: list[int], count: int) -> Sequence[int]:
    """The number of the block of each position."""
    numbers = array("q")
    for number, (start, stop) in enumerate(zip(starts, [*starts[1:], count], strict=True)):
        numbers.extend([number] * (stop - start))
    return numbers
