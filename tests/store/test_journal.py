"""The journal: whole lines only, in groups, on disk before they count."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import RegradeError
from regrade.schema import Answer, AnswerError, Usage
from regrade.store.journal import Damaged, mend, read
from regrade.store.journal_writer import Journal

ANSWERS = st.builds(
    Answer,
    sample_id=st.text(max_size=20).filter(lambda text: text.isprintable()),
    position=st.integers(0, 10**9),
    repeat=st.integers(0, 100),
    text=st.none() | st.text().filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
    choices=st.none() | st.lists(st.tuples(st.floats(-1e9, 0), st.booleans()), max_size=4),
    usage=st.none() | st.builds(Usage, st.integers(0, 10**6), st.integers(0, 10**6)),
    error=st.none() | st.builds(AnswerError, st.just("server"), st.text(max_size=10).filter(str.isprintable)),
    latency_s=st.floats(0, 1e6),
)


def write(path: Path, answers: list[Answer]) -> list[Answer]:
    """Write answers; returns those that were counted."""
    counted: list[Answer] = []

    async def go() -> None:
        journal = Journal(path, "none", counted=counted.extend)
        for answer in answers:
            journal.put(answer)
            await journal.room(3)
        await journal.flush()
        journal.close()

    asyncio.run(go())
    return counted


@given(st.lists(ANSWERS, max_size=20))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, answers: list[Answer]) -> None:
    path = tmp_path_factory.mktemp("journal") / "answers.jsonl"
    assert write(path, answers) == answers
    assert list(read(path)) == answers


@given(st.lists(ANSWERS, min_size=1, max_size=5), st.data())
def test_a_journal_cut_anywhere_keeps_every_whole_line(
    tmp_path_factory: pytest.TempPathFactory, answers: list[Answer], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "answers.jsonl"
    write(path, answers)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    lines = whole[:cut].count(b"\n")
    assert list(read(path)) == answers[:lines]
    mend(path)
    assert path.read_bytes() == b"".join(whole.splitlines(keepends=True)[:lines])
    write(path, answers[lines:])
    assert list(read(path)) == answers


def test_a_damaged_line_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    write(path, [Answer(sample_id="a"), Answer(sample_id="b")])
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b'{"sample_id": 3}\n' + b"\xff\xfe\n" + second)
    items = list(read(path))
    assert [type(item) for item in items] == [Answer, Damaged, Damaged, Answer]
    assert [item.line for item in items if isinstance(item, Damaged)] == [2, 3]


def test_nothing_is_taken_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)

    async def go() -> None:
        journal = Journal(tmp_path / "answers.jsonl")
        journal.put(Answer(sample_id="a"))
        with pytest.raises(RegradeError, match="No space"):
            await journal.flush()
        with pytest.raises(RegradeError, match="No space"):
            journal.put(Answer(sample_id="b"))
        journal.close()

    asyncio.run(go())


def test_an_answer_is_in_the_file_at_once_and_counts_when_it_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, counted = tmp_path / "answers.jsonl", []
    disk, syncs = threading.Event(), []

    def slow(_: int) -> None:
        disk.wait(30)
        syncs.append(len(list(read(path))))

    monkeypatch.setattr(os, "fdatasync", slow)

    async def go() -> None:
        journal = Journal(path, counted=counted.extend)
        for name in "abc":
            journal.put(Answer(sample_id=name))
            assert [item.sample_id for item in read(path) if isinstance(item, Answer)][-1] == name
        assert counted == []
        disk.set()
        await journal.flush()
        journal.close()

    asyncio.run(go())
    assert [answer.sample_id for answer in counted] == ["a", "b", "c"]
    assert syncs == [3]  # one for all that came while the first one waited for others


def test_answers_come_to_count_without_being_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, counted, syncs = tmp_path / "answers.jsonl", [], []
    monkeypatch.setattr(os, "fdatasync", lambda _: syncs.append(len(list(read(path)))))

    async def go() -> None:
        every = asyncio.Event()

        def count(group: list[Answer]) -> None:
            counted.extend(group)
            if len(counted) % 2 == 0:
                every.set()

        journal = Journal(path, counted=count)
        for pair in ("ab", "cd"):
            every.clear()
            for name in pair:
                journal.put(Answer(sample_id=name))
            await asyncio.wait_for(every.wait(), 30)
        journal.close()

    asyncio.run(go())
    assert [answer.sample_id for answer in counted] == ["a", "b", "c", "d"]
    assert syncs == [2, 4]


def test_a_line_that_cannot_be_written_whole_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write_some = tmp_path / "answers.jsonl", os.write

    async def go() -> None:
        journal = Journal(path)
        journal.put(Answer(sample_id="a"))

        def full(handle: int, data: memoryview) -> int:
            if len(data) < 20:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write_some(handle, data[: len(data) - 10])

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(RegradeError, match="No space"):
            journal.put(Answer(sample_id="b"))
        monkeypatch.setattr(os, "write", write_some)
        with pytest.raises(RegradeError, match="No space"):
            await journal.flush()
        journal.close()

    asyncio.run(go())
    assert [item.sample_id for item in read(path) if isinstance(item, Answer)] == ["a"]
    assert path.read_bytes().endswith(b"\n")


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    answer = Answer(sample_id="a", text="17", finish_reason="stop")
    write(path, [answer])
    line = path.read_bytes()
    for place in range(len(line) - 1):
        for bit in range(8):
            flipped = bytearray(line)
            flipped[place] ^= 1 << bit
            path.write_bytes(flipped)
            # A flip within the checksum's own name leaves a line without one, whose answer is whole.
            assert all(isinstance(item, Damaged) or item == answer for item in read(path)), (place, bit)


def test_a_journal_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b'{"sample_id":"a","text":"x"}\n')
    write(path, [Answer(sample_id="b")])
    assert [item.sample_id for item in read(path) if isinstance(item, Answer)] == ["a", "b"]
