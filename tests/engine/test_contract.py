"""What every engine must do; plugins' engines too, if any are installed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import engine_work as work
import pytest

from regrade.engine import LocalEngine
from regrade.engine.outcome import WorkerTraceback
from regrade.errors import InputError
from regrade.registry import iterate_registered

ENGINES = [
    pytest.param(name, marks=[pytest.mark.ray] if name == "ray" else []) for name, _ in iterate_registered("engine")
]
every_engine = pytest.mark.parametrize("make_engine", ENGINES, indirect=True)


@every_engine
@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("items", [1, 2, 25])
def test_results_come_in_the_order_of_the_items(make_engine: Any, workers: int, items: int) -> None:
    results = list(make_engine(workers).run(work.square, range(items)))
    assert results == [number * number for number in range(items)]


@every_engine
def test_an_item_that_ends_later_than_its_successors_keeps_its_place(make_engine: Any, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert list(make_engine(2).run(work.Wait(str(fifo)), range(6))) == list(range(6))


@every_engine
def test_nothing_to_do(make_engine: Any) -> None:
    assert list(make_engine(2).run(work.square, [])) == []


@every_engine
@pytest.mark.parametrize("workers", [1, 3])
def test_an_exception_is_raised_in_the_place_of_its_item(make_engine: Any, workers: int) -> None:
    results = make_engine(workers).run(work.refuse_poison, range(20))
    assert [next(results) for _ in range(work.POISON)] == list(range(work.POISON))
    with pytest.raises(InputError) as caught:
        next(results)
    assert (caught.value.what, caught.value.where, caught.value.hint) == ("is poison", "item 5", "choose another")
    if workers > 1:
        assert isinstance(caught.value.__cause__, WorkerTraceback)
        assert "in refuse_poison" in str(caught.value.__cause__)
    assert next(results, "nothing") == "nothing"


@every_engine
@pytest.mark.parametrize("function", [work.raise_stubborn, work.return_lambda])
def test_what_does_not_pickle_is_an_error_that_says_what_it_was(make_engine: Any, function: Any) -> None:
    with pytest.raises(Exception, match=r"Stubborn: no 0|lambda"):
        next(make_engine(2).run(function, range(4)))


@every_engine
def test_large_results(make_engine: Any) -> None:
    assert list(make_engine(2).run(work.large, range(9))) == [work.large(number) for number in range(9)]


@every_engine
def test_a_consumer_that_stops_stops_the_work(make_engine: Any, tmp_path: Path) -> None:
    results = make_engine(2).run(work.Leave(str(tmp_path)), range(3000))
    assert next(results) == 0
    results.close()
    begun = len(list(tmp_path.iterdir()))
    assert begun < 3000
    assert list(make_engine(2).run(work.square, [7])) == [49]
    assert len(list(tmp_path.iterdir())) == begun


@every_engine
@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("chunk_bytes", [700, 20_000])
def test_scores_do_not_depend_on_engine_workers_or_chunks(
    make_engine: Any, workers: int, chunk_bytes: int, examples: Path, written: Callable[..., dict[str, bytes]]
) -> None:
    options = {"by": "doc.level", "extract": {"last": r"(\d+)\D*$"}}
    expected = written(examples / "results", LocalEngine(1), **options)
    assert expected.keys() == {"results.json", "scores.parquet"}
    assert written(examples / "results", make_engine(workers), chunk_bytes=chunk_bytes, **options) == expected


@every_engine
@pytest.mark.parametrize(("workers", "chunk_bytes"), [(2, 300_000), (3, 1_000_000)])
@pytest.mark.parametrize("check", [False, True])
def test_scores_of_the_harness_own_logs(
    make_engine: Any,
    workers: int,
    chunk_bytes: int,
    check: bool,
    harness_log: Path,
    written: Callable[..., dict[str, bytes]],
) -> None:
    options = {"check": check, "bootstrap_iterations": 100}
    expected = written(harness_log, LocalEngine(1), **options)
    assert written(harness_log, make_engine(workers), chunk_bytes=chunk_bytes, **options) == expected
