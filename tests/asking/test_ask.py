"""Asking what is missing: journal first, then the cache, then the model."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from regrade.asking.ask import Again, Tally, ask
from regrade.asking.launch import asked_of
from regrade.errors import InputError, RegradeError, UsageError
from regrade.models.model import Model
from regrade.models.request import address_answer, request_hash
from regrade.schema import Answer, AnswerError, ErrorKind, Request
from regrade.store.cache import AnswerCache
from regrade.store.manifest import Manifest
from regrade.store.run import Run, now
from regrade.store.workspace import Workspace


class Canned(Model):
    """Says back what it is asked, and counts it; texts in ``failing`` fail, ``fatal`` ends everything."""

    def __init__(
        self,
        failing: set[str] | None = None,
        fatal: str | None = None,
        name: str = "canned",
        kind: ErrorKind = "server",
        drawing: bool = False,
    ) -> None:
        super().__init__(name)
        self.failing, self.fatal, self.kind, self.drawing = failing or set(), fatal, kind, drawing
        self.asked: list[tuple[str, int]] = []

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "canned", "name": self.name}

    def draws(self, request: Request) -> bool:
        return self.drawing

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        async for request in requests:
            text = request.prompt or ""
            self.asked.append((text, request.repeat))
            if text == self.fatal:
                raise RegradeError("no such model")
            failed = text in self.failing
            answer = Answer(
                sample_id="",
                text=None if failed else f"{text}!{len(self.asked)}" if self.drawing else f"{text}!",
                error=AnswerError(self.kind, "down") if failed else None,
            )
            yield address_answer(answer, request, request_hash=request_hash(request, self.identity))


def questions(texts: list[str], repeats: int = 1) -> Iterator[Request]:
    for place, text in enumerate(texts):
        for repeat in range(repeats):
            yield Request(sample_id=f"s{place}", position=place, repeat=repeat, kind="completion", prompt=text)


def new_run(folder: Path, samples: int, repeats: int = 1) -> Run:
    return Run.create(folder, Manifest(name=folder.name, created=now(), samples=samples, repeats=repeats))


def go(run: Run, model: Model, texts: list[str], repeats: int = 1, cache: AnswerCache | None = None) -> Tally:
    return asyncio.run(ask(run, model, list(questions(texts, repeats)), cache=cache))


def texts_of(run: Run) -> dict[tuple[str, int], str | None]:
    return {(item.sample_id, item.repeat): item.text for item in run.read_answers() if isinstance(item, Answer)}


def test_every_answer_once(tmp_path: Path) -> None:
    run, model = new_run(tmp_path / "r", 3, repeats=2), Canned()
    tally = go(run, model, ["a", "b", "c"], repeats=2)
    assert texts_of(run) == {(f"s{n}", r): f"{t}!" for n, t in enumerate("abc") for r in (0, 1)}
    assert (tally.wanted, tally.answered, tally.missing) == (6, 6, 0)
    assert Run(run.folder).manifest.status == "complete"
    again = go(run, model, ["a", "b", "c"], repeats=2)
    assert (again.before, again.answered) == (6, 0)
    assert len(model.asked) == 6


def test_failures_are_recorded_and_only_they_are_asked_again(tmp_path: Path) -> None:
    run = new_run(tmp_path / "r", 3)
    tally = go(run, Canned(failing={"b"}), ["a", "b", "c"])
    assert (tally.answered, tally.failed, tally.missing) == (2, 1, 1)
    assert tally.errors == {"server": 1}
    assert Run(run.folder).manifest.status == "incomplete"
    assert run.find_answered() == bytearray([1, 2, 1])
    healed = Canned()
    tally = go(run, healed, ["a", "b", "c"])
    assert healed.asked == [("b", 0)]
    assert (tally.before, tally.answered, tally.missing) == (2, 1, 0)
    assert Run(run.folder).manifest.status == "complete"


def test_two_samples_that_ask_the_same_are_asked_once(tmp_path: Path) -> None:
    run, model = new_run(tmp_path / "r", 4, repeats=2), Canned()
    go(run, model, ["a", "b", "a", "a"], repeats=2)
    assert len(texts_of(run)) == 8
    assert texts_of(run)["s3", 1] == "a!"
    # Twins wait for the one in flight; without a cache a later one may be asked anew.
    with_cache = Canned()
    other = new_run(tmp_path / "o", 4, repeats=2)
    cache = AnswerCache(tmp_path / "answers.sqlite")
    go(other, with_cache, ["a", "b", "a", "a"], repeats=2, cache=cache)
    go(new_run(tmp_path / "p", 4, repeats=2), with_cache, ["a", "b", "a", "a"], repeats=2, cache=cache)
    assert {("a", 0), ("a", 1), ("b", 0), ("b", 1)} == set(with_cache.asked)


def test_an_overlapping_run_is_free(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    first, second = Canned(), Canned()
    go(new_run(tmp_path / "a", 3), first, ["a", "b", "c"], cache=cache)
    run = new_run(tmp_path / "b", 3)
    tally = go(run, second, ["b", "c", "d"], cache=cache)
    assert second.asked == [("d", 0)]
    assert (tally.cached, tally.answered) == (2, 1)
    assert texts_of(run) == {("s0", 0): "b!", ("s1", 0): "c!", ("s2", 0): "d!"}


def test_another_model_parameter_or_repeat_is_another_question(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    go(new_run(tmp_path / "a", 1), Canned(), ["a"], cache=cache)
    other = Canned(name="other")
    go(new_run(tmp_path / "b", 1), other, ["a"], cache=cache)
    assert other.asked == [("a", 0)]
    more = Canned()
    go(new_run(tmp_path / "c", 1, repeats=2), more, ["a"], repeats=2, cache=cache)
    assert more.asked == [("a", 1)]
    warm = Request(sample_id="x", kind="completion", prompt="a", parameters={"temperature": 1})
    cold = Request(sample_id="y", kind="completion", prompt="a", parameters={"temperature": 0})
    assert request_hash(warm, {}) != request_hash(cold, {})


def test_the_order_of_parameters_does_not_matter() -> None:
    one = Request(sample_id="x", prompt="a", parameters={"temperature": 1, "stop": ["\n"]})
    two = Request(sample_id="y", prompt="a", parameters={"stop": ["\n"], "temperature": 1})
    assert request_hash(one, {"a": 1, "b": 2}) == request_hash(two, {"b": 2, "a": 1})


def test_errors_are_not_cached(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    go(new_run(tmp_path / "a", 1), Canned(failing={"a"}), ["a"], cache=cache)
    healed = Canned()
    go(new_run(tmp_path / "b", 1), healed, ["a"], cache=cache)
    assert healed.asked == [("a", 0)]


def test_a_model_that_gives_up_leaves_what_came(tmp_path: Path) -> None:
    run = new_run(tmp_path / "r", 3)
    with pytest.raises(RegradeError, match="no such model"):
        go(run, Canned(fatal="c"), ["a", "b", "c"])
    assert texts_of(run) == {("s0", 0): "a!", ("s1", 0): "b!"}
    assert Run(run.folder).manifest.status == "stopped"
    rest = Canned()
    go(run, rest, ["a", "b", "c"])
    assert rest.asked == [("c", 0)]


def test_two_processes_may_use_one_cache(tmp_path: Path) -> None:
    one, two = AnswerCache(tmp_path / "answers.sqlite"), AnswerCache(tmp_path / "answers.sqlite")
    answer = Answer(sample_id="s", text="x", request_hash="ab" * 16)
    one.keep([answer])
    assert one.flush()
    found = two.find("ab" * 16, 0)
    assert found is not None
    assert found.text == "x"


def test_a_file_that_is_no_cache_is_told(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(RegradeError, match="cannot be used as the cache"):
        AnswerCache(path)


def test_a_folder_that_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no run"):
        Run(tmp_path)


def test_a_run_does_not_overwrite_another(tmp_path: Path) -> None:
    new_run(tmp_path / "r", 1)
    with pytest.raises(UsageError, match="is there already"):
        new_run(tmp_path / "r", 1)


class Talker(Model):
    """Answers a conversation with the number of its messages and the last of them."""

    def __init__(self, failing: str | None = None) -> None:
        super().__init__("talker")
        self.failing = failing
        self.asked: list[list[str]] = []

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "talker"}

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        async for request in requests:
            said = [str(message["content"]) for message in request.messages or ()]
            self.asked.append(said)
            failed = said[-1] == self.failing
            answer = Answer(
                sample_id="",
                text=None if failed else f"{len(said)}:{said[-1]}",
                error=AnswerError("server", "down") if failed else None,
            )
            yield address_answer(answer, request, request_hash=request_hash(request, self.identity))


def conversations(*turns: list[str]) -> list[Request]:
    return [
        Request(
            sample_id=f"s{place}",
            position=place,
            messages=[{"role": "user", "content": first}],
            follow_ups=rest or None,
        )
        for place, (first, *rest) in enumerate(turns)
    ]


def test_conversations_of_several_turns(tmp_path: Path) -> None:
    manifest = Manifest(name="r", created=now(), samples=3, turns=3, wanted=6)
    run = Run.create(tmp_path / "r", manifest)
    requests = conversations(["a", "b", "c"], ["d"], ["e", "f"])
    model = Talker(failing="b")
    tally = asyncio.run(ask(run, model, requests))
    assert (tally.answered, tally.failed, tally.missing) == (4, 1, 2)
    healed = Talker()
    tally = asyncio.run(ask(run, healed, requests))
    assert (tally.before, tally.answered, tally.missing) == (4, 2, 0)
    assert healed.asked == [["a", "1:a", "b"], ["a", "1:a", "b", "3:b", "c"]]
    texts = {
        (item.sample_id, item.turn): item.text
        for item in run.read_answers()
        if isinstance(item, Answer) and item.error is None
    }
    assert texts == {
        ("s0", 0): "1:a",
        ("s0", 1): "3:b",
        ("s0", 2): "5:c",
        ("s1", 0): "1:d",
        ("s2", 0): "1:e",
        ("s2", 1): "3:f",
    }


def test_a_cache_that_cannot_be_written_costs_nothing_but_itself(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    cache._base.execute("PRAGMA query_only=ON")
    run = new_run(tmp_path / "r", 3)
    tally = go(run, Canned(), ["a", "b", "c"], cache=cache)
    assert (tally.answered, tally.missing) == (3, 0)
    assert "readonly" in (cache.trouble or "")


def test_a_full_disk_under_the_cache_costs_nothing_but_itself(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    (pages,) = cache._base.execute("PRAGMA page_count").fetchone()
    cache._base.execute(f"PRAGMA max_page_count={pages}")
    run = new_run(tmp_path / "r", 1)
    assert go(run, Canned(), ["a" * 100_000], cache=cache).missing == 0
    assert "full" in (cache.trouble or "")


def test_a_damaged_cache_is_told_and_not_paid_for_again(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    go(new_run(tmp_path / "one", 1), Canned(), ["a"], cache=cache)
    cache._base.execute("UPDATE answers SET answer = 'no answer'")
    model = Canned()
    with pytest.raises(RegradeError, match="cannot be read"):
        go(new_run(tmp_path / "two", 1), model, ["a"], cache=cache)
    assert model.asked == []


def test_a_damaged_line_is_told_and_asked_again(tmp_path: Path) -> None:
    run = new_run(tmp_path / "r", 3)
    go(run, Canned(), ["a", "b", "c"])
    lines = run.answers.read_bytes().splitlines(keepends=True)
    run.answers.write_bytes(lines[0] + b'{"sample_id": "s1\n' + lines[2])
    model = Canned()
    tally = go(run, model, ["a", "b", "c"])
    assert model.asked == [("b", 0)]
    assert (tally.damaged, tally.before, tally.missing) == (1, 2, 0)


def test_a_wait_is_told_of_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regrade.asking.ask._TOLD_EVERY_S", 0.001)
    told = asyncio.Event()

    class Waiting(Canned):
        async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
            await told.wait()
            async for answer in super().answer(requests):
                yield answer

    run = new_run(tmp_path / "r", 1)
    tally = asyncio.run(ask(run, Waiting(), questions(["a"]), told=lambda tally: told.set()))
    assert tally.missing == 0


def test_what_was_never_asked_comes_before_what_failed(tmp_path: Path) -> None:
    run = new_run(tmp_path / "r", 4)
    with pytest.raises(RegradeError):
        go(run, Canned(failing={"a", "b"}, fatal="c"), ["a", "b", "c", "d"])
    model = Canned()
    tally = asyncio.run(ask(run, model, list(questions(["a", "b", "c", "d"]))))
    assert [text for text, _ in model.asked] == ["c", "d", "a", "b"]
    assert tally.missing == 0


def test_what_the_server_refused_is_asked_again_on_request_only(tmp_path: Path) -> None:
    run, texts = new_run(tmp_path / "r", 3), ["a", "b", "c"]
    go(run, Canned(failing={"a"}, kind="bad_request"), texts)
    model = Canned()
    left = asyncio.run(ask(run, model, list(questions(texts))))
    assert (model.asked, left.refused, left.missing) == ([], 1, 1)
    done = asyncio.run(ask(run, model, list(questions(texts)), again=Again(refused=True)))
    assert (model.asked, done.refused, done.missing) == ([("a", 0)], 0, 0)


def test_a_model_that_answered_before_is_proven(tmp_path: Path) -> None:
    run, model = new_run(tmp_path / "r", 2), Canned(failing={"b"})
    go(run, model, ["a", "b"])
    assert not model.proven
    go(run, model, ["a", "b"])
    assert model.proven


def test_samples_that_ask_the_same_draw_their_own_answers_and_a_second_run_gets_the_same_ones(tmp_path: Path) -> None:
    cache, texts = AnswerCache(tmp_path / "answers.sqlite"), ["a", "b", "a", "a"]
    run, model = new_run(tmp_path / "r", 4), Canned(drawing=True)
    go(run, model, texts, cache=cache)
    assert sorted(model.asked) == [("a", 0), ("a", 0), ("a", 0), ("b", 0)]
    assert len(set(texts_of(run).values())) == 4
    second, again = new_run(tmp_path / "s", 4), Canned(drawing=True)
    go(second, again, texts, cache=cache)
    assert again.asked == []
    assert texts_of(second) == texts_of(run)


def test_draws_are_counted_the_same_when_a_run_is_resumed(tmp_path: Path) -> None:
    run = new_run(tmp_path / "r", 4)
    with pytest.raises(RegradeError):
        go(run, Canned(drawing=True, fatal="b"), ["a", "a", "b", "a"])
    go(run, Canned(drawing=True), ["a", "a", "b", "a"])
    draws = {item.sample_id: item.draw for item in run.read_answers() if isinstance(item, Answer)}
    assert draws == {"s0": 0, "s1": 1, "s2": 0, "s3": 2}


def test_one_answer_may_be_shared_by_those_who_ask_the_same(tmp_path: Path) -> None:
    run, model = new_run(tmp_path / "r", 3), Canned(drawing=True)
    asyncio.run(ask(run, model, questions(["a", "a", "a"]), again=Again(shared=True)))
    assert model.asked == [("a", 0)]
    assert len(set(texts_of(run).values())) == 1


def test_a_lost_cache_is_made_again_from_the_journals(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    go(new_run(tmp_path / "w" / "one", 2), Canned(), ["a", "b"], cache=workspace.cache())
    for file in (tmp_path / "w").glob("answers.sqlite*"):
        file.unlink()
    model = Canned()
    go(new_run(tmp_path / "w" / "two", 3), model, ["a", "b", "c"], cache=workspace.cache())
    assert model.asked == [("c", 0)]


def test_a_cache_that_is_locked_holds_up_nothing_and_catches_up_later(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    cache = workspace.cache()
    other = sqlite3.connect(tmp_path / "w" / "answers.sqlite", isolation_level=None)
    cache._base.execute("PRAGMA busy_timeout=1")
    other.execute("BEGIN EXCLUSIVE")
    run = new_run(tmp_path / "w" / "one", 2)
    assert go(run, Canned(), ["a", "b"], cache=cache).missing == 0
    assert "locked" in (cache.trouble or "")
    other.execute("ROLLBACK")
    other.close()
    model = Canned()
    go(new_run(tmp_path / "w" / "two", 2), model, ["a", "b"], cache=workspace.cache())
    assert model.asked == []


def test_a_run_knows_its_workspace_wherever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_run(tmp_path / "w" / "one", 1)
    monkeypatch.chdir(tmp_path / "w")
    assert Workspace.of(Run(Path("one"))).folder == tmp_path / "w"


@pytest.mark.parametrize("made_before", [False, True])
def test_a_cache_that_is_locked_from_the_start_is_made_anew_from_the_journals(
    tmp_path: Path, made_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regrade.store.cache._OPENING_S", 0.001)
    workspace = Workspace(tmp_path / "w")
    go(new_run(tmp_path / "w" / "one", 2), Canned(), ["a", "b"])
    if made_before:  # with none of the answers in it
        AnswerCache(tmp_path / "w" / "answers.sqlite").close()
    other = sqlite3.connect(tmp_path / "w" / "answers.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    model = Canned()
    cache = workspace.cache()
    assert go(new_run(tmp_path / "w" / "two", 3), model, ["a", "b", "c"], cache=cache).missing == 0
    cache.close()
    assert model.asked == [("c", 0)]
    assert "locked" in (cache.trouble or "")
    other.close()
    later = workspace.cache()
    go(new_run(tmp_path / "w" / "three", 3), model, ["a", "b", "c"], cache=later)
    later.close()
    assert model.asked == [("c", 0)]
    assert later.trouble is None


def test_looking_into_the_cache_does_not_wait_for_what_is_being_written(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "answers.sqlite")
    cache.keep([Answer(sample_id="s", text="x", request_hash="ab" * 16)])
    assert cache.flush()
    found: list[Answer | None] = []
    looking = threading.Thread(target=lambda: found.append(cache.find("ab" * 16, 0)), daemon=True)
    other = sqlite3.connect(tmp_path / "answers.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with cache._lock:  # the writing thread has it while it waits for the other process
        looking.start()
        looking.join(30)
    assert [answer.text for answer in found if answer is not None] == ["x"]
    other.close()
    cache.close()


def test_a_run_that_takes_the_place_of_another_is_read_from_its_beginning(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    go(new_run(tmp_path / "w" / "r", 1), Canned(), ["first"], cache=workspace.cache())
    shutil.rmtree(tmp_path / "w" / "r")
    go(new_run(tmp_path / "w" / "r", 3), Canned(), ["a", "b", "c"])  # killed before the cache had them
    model = Canned()
    go(new_run(tmp_path / "w" / "s", 3), model, ["a", "b", "c"], cache=workspace.cache())
    assert model.asked == []


def test_the_limits_of_a_run_made_when_they_were_called_manners_are_kept(tmp_path: Path) -> None:
    run = new_run(tmp_path / "r", 1)
    run.manifest.model = {"asked": {"model": "openai:m", "manners": {"concurrency": 3}}}
    run.save()
    assert asked_of(Run(tmp_path / "r", run.manifest)).limits == {"concurrency": 3}
