"""Mixtures and shards: which rows, in which order, whatever the number of processes and the size of chunks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from chat_rows import as_messages, messages, read, sharegpt, write
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from regrade.chat.convert import mix
from regrade.errors import UsageError

Run = Any


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """200 rows of one format and 100 of another."""
    return (
        write(tmp_path / "a.jsonl", [sharegpt(n) for n in range(200)]),
        write(tmp_path / "b.jsonl", [messages(n) for n in range(100)]),
    )


def ids(path: Path) -> list[str]:
    return [row["id"] for row in read(path)]


counts = st.lists(st.integers(0, 30), min_size=1, max_size=4)


@given(counts=counts, limit=st.none() | st.integers(1, 60))
def test_inputs_take_turns(counts: list[int], limit: int | None) -> None:
    order = list(mix.interleave(counts, None, 0, limit))
    taken = Counter(order)
    assert len(order) == min(sum(counts), limit or 10**9)
    if limit is None:
        assert [taken[place] for place in range(len(counts))] == counts
    left = list(counts)
    last = -1
    for place in order:  # the next in turn that has any
        after = [(last + step) % len(counts) for step in range(1, len(counts) + 1)]
        assert place == next(one for one in after if left[one])
        left[place] -= 1
        last = place


@given(counts=counts, seed=st.integers(0, 5))
def test_drawing_takes_every_row_once(counts: list[int], seed: int) -> None:
    order = list(mix.draw_inputs(counts, seed, None))
    assert Counter(order) == {place: count for place, count in enumerate(counts) if count}
    assert order == list(mix.draw_inputs(counts, seed, None))


def test_shares_are_kept_until_one_has_no_more() -> None:
    order = list(mix.interleave([100_000, 100_000], [7, 3], 1, 50_000))
    assert len(order) == 50_000
    assert abs(Counter(order)[0] / 50_000 - 0.7) < 0.01
    ended = list(mix.interleave([100, 100_000], [0.5, 0.5], 1, None))
    assert Counter(ended)[0] == 100
    assert 100 <= len(ended) < 400
    assert ended != list(mix.interleave([100, 100_000], [0.5, 0.5], 2, None))


@given(
    available=st.lists(st.integers(0, 1000), min_size=1, max_size=4),
    data=st.data(),
    limit=st.none() | st.integers(1, 2000),
)
def test_quotas_are_shares(available: list[int], data: Any, limit: int | None) -> None:
    shares = data.draw(
        st.lists(st.sampled_from([0.1, 0.25, 0.5, 1, 3]), min_size=len(available), max_size=len(available))
    )
    found = mix.quotas(available, shares, limit)
    total = sum(found)
    assert all(0 <= count <= have for count, have in zip(found, available, strict=True))
    assert total <= (limit or 10**9)
    for count, share in zip(found, shares, strict=True):
        assert abs(count - total * share / sum(shares)) <= 1 + 1e-6
    assert mix.quotas(available, None, limit) == available


def test_a_shuffle_is_a_permutation_that_the_buckets_do_not_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [b"%d %s\n" % (number, b"x" * (number % 50)) for number in range(5000)]
    orders = []
    for name, size in (("whole", 10**9), ("small", 20_000), ("tiny", 100)):
        monkeypatch.setattr(mix, "BUCKET_BYTES", size)
        monkeypatch.setattr(mix, "_MOST_BUCKETS", 8)
        parts = [tmp_path / f"{name}-{part}" for part in range(3)]
        for part, path in enumerate(parts):
            path.write_bytes(b"".join(lines[part * 2000 : part * 2000 + 2000]))
        orders.append(list(mix.lines_of(mix.shuffle_files(parts, 7, 0, tmp_path / name))))
    assert sorted(orders[0]) == sorted(lines)
    assert orders[0] == orders[1] == orders[2] != lines
    first = [int(line.split()[0]) for line in orders[0][:1000]]
    assert 2200 < sum(first) / 1000 < 2800  # rows come from everywhere


@pytest.mark.parametrize("kind", ["interleave", "shuffle", "concat"])
@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("limit", [None, 90])
def test_a_mixture_depends_on_rows_and_seed_only(
    two: tuple[Path, Path], run: Run, tmp_path: Path, kind: str, shares: bool, limit: int | None
) -> None:
    given = [f"0.7:{two[0]}", f"0.3:{two[1]}"] if shares else list(two)
    outputs = []
    for name, more in (("x", {}), ("y", {"workers": 2, "chunk_bytes": 700}), ("z", {"seed": 5})):
        summary = run(*given, output=f"{name}.jsonl", mix=kind, limit=limit, **{"seed": 1, **more})
        rows = read(tmp_path / f"{name}.jsonl")
        assert summary.rows == len(rows)
        assert len({row["id"] for row in rows}) == len(rows)
        assert summary.total.converted == summary.rows + summary.unused
        outputs.append(rows)
    assert outputs[0] == outputs[1]
    random = kind == "shuffle" or (kind == "interleave" and shares)
    assert (outputs[0] == outputs[2]) is not random
    taken = Counter(row["id"][0] for row in outputs[0])
    if limit is None and not shares:
        assert taken == {"s": 200, "m": 100}
    elif shares and kind != "interleave":
        assert taken == ({"s": 63, "m": 27} if limit else {"s": 200, "m": 85})
    elif limit:
        assert sum(taken.values()) == 90
    everything = {
        row["id"]: row for row in [*(as_messages(sharegpt(n)) for n in range(200)), *(messages(n) for n in range(100))]
    }
    assert all(everything[row["id"]] == row for row in outputs[0])


def test_rows_keep_their_order_within_an_input(two: tuple[Path, Path], run: Run, tmp_path: Path) -> None:
    run(*two, mix="interleave")
    found = ids(tmp_path / "out.jsonl")
    assert found[:6] == ["s0", "m0", "s1", "m1", "s2", "m2"]
    assert [one for one in found if one[0] == "s"] == [f"s{n}" for n in range(200)]
    assert found[-1] == "s199"


def test_a_mixture_as_a_table(two: tuple[Path, Path], run: Run, tmp_path: Path) -> None:
    for name in ("out.jsonl", "out.parquet"):
        run(*two, mix="shuffle", seed=3, output=name)
    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.column("id").to_pylist() == ids(tmp_path / "out.jsonl")


def test_one_input_can_be_shuffled(two: tuple[Path, Path], run: Run, tmp_path: Path) -> None:
    run(two[0], mix="shuffle")
    found = ids(tmp_path / "out.jsonl")
    assert sorted(found) == sorted(f"s{n}" for n in range(200))
    assert found != [f"s{n}" for n in range(200)]


def test_bad_rows_of_mixtures_are_kept_too(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "bad.jsonl", [sharegpt(0), b"{", sharegpt(1), {"conversations": []}])
    summary = run(path, write(tmp_path / "good.jsonl", [messages(0)]), mix="interleave")
    kept = read(summary.quarantine)
    assert [(entry["file"], entry["line"]) for entry in kept] == [(str(path), 2), (str(path), 4)]
    assert ids(tmp_path / "out.jsonl") == ["s0", "m0", "s1"]


def test_a_folder_is_one_input_of_a_mixture(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    for shard in range(2):
        write(folder / f"{shard}.jsonl", [sharegpt(shard * 2 + n) for n in range(2)])
    run(folder, write(tmp_path / "b.jsonl", [messages(n) for n in range(4)]), mix="interleave")
    assert ids(tmp_path / "out.jsonl") == ["s0", "m0", "s1", "m1", "s2", "m2", "s3", "m3"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["0.7:{a}", "{b}"], "has no share"),
        (["0:{a}", "1:{b}"], "a share must be more than 0"),
        (["-", "-"], "standard input can be read once only"),
    ],
)
def test_shares_that_mean_nothing(
    two: tuple[Path, Path], run: Run, inputs: list[str], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(UsageError, match=message):
        run(*(one.format(a=two[0], b=two[1]) for one in inputs))


# -- shards -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["jsonl", "parquet"])
@pytest.mark.parametrize("shards", [1, 3, 7])
def test_shards_are_of_about_the_same_size(
    two: tuple[Path, Path], run: Run, tmp_path: Path, end: str, shards: int
) -> None:
    run(*two, output="whole.jsonl")
    summary = run(*two, output=f"train.{end}", shards=shards, chunk_bytes=900)
    names = [f"train-{n:05d}-of-{shards:05d}.{end}" for n in range(shards)]
    assert [Path(path).name for path in summary.outputs] == names
    parts = [
        ids(tmp_path / name) if end == "jsonl" else parquet.read_table(tmp_path / name).column("id").to_pylist()
        for name in names
    ]
    assert [one for part in parts for one in part] == ids(tmp_path / "whole.jsonl")
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_more_shards_than_rows(tmp_path: Path, run: Run) -> None:
    summary = run(write(tmp_path / "in.jsonl", [sharegpt(0)]), shards=3)
    assert sorted(len(read(path)) for path in summary.outputs) == [0, 0, 1]


def test_shards_of_a_size(two: tuple[Path, Path], run: Run, tmp_path: Path) -> None:
    run(*two, output="whole.jsonl")
    summary = run(*two, shard_bytes=10_000)
    sizes = [Path(path).stat().st_size for path in summary.outputs]
    assert all(size <= 10_000 for size in sizes)
    assert len(sizes) >= 4
    assert b"".join(Path(path).read_bytes() for path in summary.outputs) == (tmp_path / "whole.jsonl").read_bytes()
    tiny = run(*two, output="tiny.jsonl", shard_bytes=1)
    assert len(tiny.outputs) == 300  # a row is never cut


def test_shards_that_mean_nothing(two: tuple[Path, Path], run: Run) -> None:
    with pytest.raises(UsageError, match="not both"):
        run(*two, shards=2, shard_bytes=100)
    with pytest.raises(UsageError, match="standard output cannot be sharded"):
        run(*two, shards=2, output="-")
