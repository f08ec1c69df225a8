"""Which rows of a file belong to which run and filter."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import pytest

import regrade
from regrade.scoring.block import Block, PipelineBlock
from regrade.scoring.parts import Part, Rows, block_starts, main_part, parts_of


def parts(
    rows: list[tuple[Any, str | None, int]],
    pipelines: dict[str, list[int]],
    filters: int,
    own_rows: bool,
    same: Any = (),
) -> list[Part]:
    """The parts of rows (id, recorded filter, document).

    Args:
        pipelines: By pipeline the rows it was applied to.
        same: Positions of rows that were answered as the first row of the same id was; all others differ.
    """
    block = Block()
    for line, (sample_id, name, document) in enumerate(rows, 1):
        block.ids.append(sample_id)
        block.lines.append(line)
        block.fingerprints.append(document)
        block.filters.append(block.filter_code(name))
    for name, positions in pipelines.items():
        out = block.pipelines[name] = PipelineBlock(keep=False)
        out.rows.extend(positions)
        out.unparsed.extend(bytes(len(positions)))
    ids = [row[0] for row in rows]
    answers = [ids.index(ids[place]) if place in same else place for place in range(len(rows))]
    whole = Rows(ids, [row[1] for row in rows], block.lines, block.fingerprints, array("Q", answers))
    return parts_of(block, list(pipelines), filters, own_rows, lambda: whole)


def every(rows: list[Any], *names: str) -> dict[str, list[int]]:
    return {name: list(range(len(rows))) for name in names}


def plain(ids: str | list[int]) -> list[tuple[Any, str | None, int]]:
    """Rows of these ids, whose document goes with the id."""
    return [(sample_id, None, ord(sample_id) if isinstance(sample_id, str) else sample_id) for sample_id in ids]


def test_ids_that_are_all_different_are_one_part() -> None:
    rows = plain([0, 1, 2, 3])
    assert parts(rows, every(rows, "a"), 1, False) == [Part(None, None)]


def test_blocks_without_names_are_the_filters_in_order() -> None:
    rows = plain([0, 1, 2] * 2)
    [part] = parts(rows, every(rows, "a", "b"), 2, True)
    assert part.rows == {"a": [0, 1, 2], "b": [3, 4, 5]}
    # when other pipelines are applied, each document counts once
    [part] = parts(rows, every(rows, "mine"), 2, False)
    assert part.rows == {"mine": [0, 1, 2]}


@pytest.mark.parametrize("own_rows", [True, False])
def test_ranks_one_after_the_other(own_rows: bool) -> None:
    rows = plain([0, 2, 0, 2, 1, 3, 1, 3])  # rank 0 under both filters, then rank 1
    [part] = parts(rows, every(rows, "a", "b"), 2, own_rows)
    second = [2, 3, 6, 7] if own_rows else [0, 1, 4, 5]
    assert part.rows == {"a": [0, 1, 4, 5], "b": second}


def test_two_runs_of_two_filters_without_names() -> None:
    rows = plain([0, 1] * 4)
    first, second = parts(rows, every(rows, "a", "b"), 2, True)
    assert (first.label, first.rows, first.main) == ("run 1 of 2", {"a": [0, 1], "b": [2, 3]}, False)
    assert (second.label, second.rows, second.main) == ("run 2 of 2", {"a": [4, 5], "b": [6, 7]}, True)


def test_a_repeated_row_among_filters_without_names_is_left_out() -> None:
    rows = plain([0, 0, 1, 2, 0, 1, 2])
    [part] = parts(rows, every(rows, "a", "b"), 2, True, same={1})
    assert (part.rows, part.repeated) == ({"a": [0, 2, 3], "b": [4, 5, 6]}, 1)


def test_two_runs_with_names() -> None:
    rows: list[tuple[Any, str | None, int]] = [(n, name, n) for _ in range(2) for name in ("a", "b") for n in range(2)]
    first, second = parts(rows, {"a": [0, 1, 4, 5], "b": [2, 3, 6, 7]}, 2, True)
    assert first.rows == {"a": [0, 1], "b": [0, 1]}  # positions in the pipeline's own rows
    assert second.rows == {"a": [2, 3], "b": [2, 3]}


def test_a_second_run_that_broke_off_leaves_the_name_to_the_first() -> None:
    rows = plain([0, 1, 2, 3, 0, 1])
    first, second = parts(rows, every(rows, "a"), 1, False)
    assert (first.rows, second.rows) == ({"a": [0, 1, 2, 3]}, {"a": [4, 5]})
    assert (first.main, second.main) == (True, False)
    assert first.notes == (
        "the file holds 2 runs, lines 1 to 4 and lines 5 to 6, in which the same ids come again; they are scored apart",
    )


def test_a_run_that_was_taken_up_again_from_the_start() -> None:
    rows = plain([0, 1, 0, 1, 2, 3])
    first, second = parts(rows, every(rows, "a"), 1, False)
    assert (first.rows, second.rows, main_part([first, second])) == ({"a": [0, 1]}, {"a": [2, 3, 4, 5]}, second)


def test_one_row_that_comes_again_is_no_run() -> None:
    rows = plain([0, 1, 2, 3, 2])
    [part] = parts(rows, every(rows, "a"), 1, False, same={4})
    assert (part.rows, part.repeated, part.reused) == ({"a": [0, 1, 2, 3]}, 1, 0)
    assert part.notes == ("1 repeated row is left out (line 5 is equal to line 3)",)
    [part] = parts(rows, every(rows, "a"), 1, False)  # with another answer
    assert (part.rows, part.repeated, part.reused) == ({"a": [0, 1, 2, 3, 4]}, 0, 1)
    assert part.notes == ("1 id comes again with another document or answer and each row counts: 2 in lines 3 and 5",)


def test_a_run_that_is_in_the_file_twice_counts_once() -> None:
    rows = plain([0, 1, 2, 0, 1, 2])
    [part] = parts(rows, every(rows, "a"), 1, False, same={3, 4, 5})
    assert (part.rows, part.repeated) == ({"a": [0, 1, 2]}, 3)
    # one answer is another one: it was run again
    assert len(parts(rows, every(rows, "a"), 1, False, same={3, 4})) == 2


def test_other_documents_under_the_same_ids() -> None:
    rows: list[tuple[Any, str | None, int]] = [(0, None, 1), (1, None, 2), (0, None, 3), (1, None, 4)]
    first, second = parts(rows, every(rows, "a"), 1, False)
    assert (first.label, second.label) == ("documents 1 of 2", "documents 2 of 2")
    assert "line 3 begins other documents" in second.notes[0]


def test_nothing_at_all() -> None:
    assert parts([], {"a": [], "b": []}, 2, True)[0].label is None


@pytest.mark.parametrize(
    ("ids", "starts"),
    [
        ("abcabcabc", [0, 3, 6]),
        ("abcdab", [0, 4]),
        ("cabbde", [0]),  # b comes again: not from the start, and not most of what was there
        ("abcdbcd", [0]),
        ("abcdefghba", [0]),  # two rows at the end, not the beginning
        ("bacabcde", [0, 3]),  # all of it in another order
        ("aabbccdd", [0]),
        ("abcdeabde", [0, 5]),  # c was lost the second time
    ],
)
def test_where_a_sequence_begins_again(ids: str, starts: list[int]) -> None:
    assert block_starts(ids) == starts


# -- through files -----------------------------------------------------------------------------------------------------


def test_a_condition_does_not_hide_that_there_are_two_runs(logs: Any) -> None:
    logs.results(n=3)
    path = logs.write(logs.rows(["1", "0", "0"]) + logs.rows(["1", "0", "1"]))
    scores = regrade.score(path, where="doc_id == 2")
    assert [(part.part, part.whole[0].value, part.main) for part in scores.parts] == [
        ("run 1 of 2", 0.0, False),
        ("run 2 of 2", 1.0, True),
    ]


def test_a_repeated_line_is_counted_and_left_out(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results(n=3)
    rows = logs.rows(["1", "0", "0"])
    path = logs.write([*rows, rows[0]])
    ran = cli("score", path)
    assert ran.code == 0
    assert "0.3333" in ran.out
    assert "1 repeated row is left out (line 4 is equal to line 1)" in ran.out
    [part] = regrade.score(path).parts
    assert (part.counts.selected, part.counts.repeated, part.counts.missing) == (3, 1, 0)


def test_an_answer_too_many_makes_a_log_incomplete(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results(n=3)
    path = logs.write([*logs.rows(["1", "0", "0"]), logs.row(1, "1")])
    ran = cli("score", path)
    assert ran.code == 3
    assert "4 rows count, but 3 samples were evaluated" in ran.out


def test_ids_of_a_table_that_come_again_are_rows_of_their_own(tmp_path: Any, cli: Callable[..., Any]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,answer,expected\n1,a,a\n2,b,b\n2,c,b\n3,d,d\n3,d,d\n")
    ran = cli("score", path, "--metric", "exact_match", "--id", "id")
    assert ran.code == 0
    assert "0.7500" in ran.out  # three of four; the row that is there twice counts once
    assert "1 id comes again with another document or answer and each row counts: 2 in lines 3 and 4" in ran.out
    assert "1 repeated row is left out" in ran.out
