"""Each verb from Python: what it gives is a sequence with a repr, a page for notebooks and tables."""

from __future__ import annotations

import json
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.models.loopback import Behaviour, serving

import regrade
from regrade.errors import Cancelled, InputError, RegradeError, UsageError
from regrade.progress import Asked, Asking, CancelToken, Created, Event, Finished, Working

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RESULTS = EXAMPLES / "results"


def card(rows: int, name: str = "") -> dict[str, Any]:
    """A card of so many questions; its name is part of each."""
    asked = [f"question {name}{row}" for row in range(rows)]
    return {
        "__type__": "task_card",
        "loader": {
            "__type__": "load_from_dictionary",
            "data": {"test": [{"q": question, "a": f"echo {question}"} for question in asked]},
        },
        "task": {
            "__type__": "task",
            "input_fields": {"q": "str"},
            "reference_fields": {"a": "str"},
            "prediction_type": "str",
            "metrics": ["metrics.accuracy"],
        },
        "templates": [{"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}],
    }


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; no setting of the person who runs the tests counts."""
    monkeypatch.chdir(tmp_path)
    for name in ("REGRADE_WORKSPACE", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def check_face(found: Any, *, columns: set[str] | None = None) -> None:
    """What every object of the Python face has."""
    assert type(found).__name__ in repr(found)
    assert "\n" not in repr(found)
    assert found._repr_html_().startswith("<")
    assert bool(found)
    if columns is not None:
        table = found.to_arrow()
        assert isinstance(table, pa.Table)
        assert columns <= set(table.column_names)
        assert found.to_pandas().shape == (table.num_rows, table.num_columns)
        assert found.to_polars().shape == (table.num_rows, table.num_columns)


def test_scores_have_question_answer_and_target_in_their_tables() -> None:
    scores = regrade.score(RESULTS / "chatty")
    assert len(scores) == len(list(scores)) == len(scores.results) > 0
    check_face(scores, columns={"question", "answer", "answers", "target", "value", "metric", "sample_id"})
    [first, *_] = scores.to_arrow().slice(0, 1).to_pylist()
    with next((RESULTS / "chatty").glob(f"*samples_{first['task']}_*.jsonl")).open(encoding="utf-8") as log:
        row = next(row for row in map(json.loads, log) if str(row["doc_id"]) == str(first["sample_id"]))
    assert first["answer"] == row["resps"][0][0]
    assert first["answers"] == [row["resps"][0][0]]
    assert first["target"] == str(row["target"])
    assert first["question"] == row["arguments"]["gen_args_0"]["arg_0"]
    assert "question" not in scores.to_arrow(texts=False).column_names


def test_looking_at_samples() -> None:
    views = regrade.show(RESULTS / "chatty", failed=True)
    assert len(views) == len(list(views)) > 0
    assert len(list(views)) == len(views), "gone through once more"
    check_face(views, columns={"question", "target", "answer", "filter", "extracted", "failed"})
    assert set(views.to_arrow().column("failed").to_pylist()) == {True, False} or all(views.to_arrow()["failed"])


def test_comparing_and_power() -> None:
    compared = regrade.compare(RESULTS / "chatty", RESULTS / "careful")
    assert len(compared) == len(list(compared)) == compared.to_arrow().num_rows
    check_face(compared, columns={"task", "metric", "a", "b", "p_value", "verdict"})
    planned = regrade.power(n=1000, baseline=0.7, effect=0.03, discordance=0.1)
    assert len(planned) == 1
    check_face(planned, columns={"n", "power", "needed"})
    seen = regrade.power(RESULTS / "chatty", RESULTS / "careful")
    assert len(seen) == len(compared)


def test_chat_formats(place: Path) -> None:
    visitors = EXAMPLES / "chat" / "visitors.csv"
    found = regrade.detect(visitors, columns="prompt=question,completion=reply")
    check_face(found, columns={"file", "format", "looked_at", "fit"})
    assert len(found) == 1
    written = regrade.convert(EXAMPLES / "chat" / "shop.jsonl", output="out.jsonl")
    check_face(written)
    lines = (place / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(written) == len(lines) > 0
    assert all("messages" in json.loads(line) for line in lines)


def test_saved_scores_are_those_that_were_printed(place: Path) -> None:
    with serving() as server:
        [result] = regrade.run(card(3), model="openai:m", base_url=server.url, name="r")
    check_face(result, columns={"question", "answer", "target"})
    loaded = regrade.load_scores("r")
    check_face(loaded, columns={"sample_id", "value"})
    assert result.scores is not None
    assert [(one.task, one.metric, one.value) for one in loaded if one.metric == "accuracy"] == [
        (one.task, one.metric, one.value) for one in result.scores if one.metric == "accuracy"
    ]
    assert loaded.summary() == result.scores.summary()
    assert loaded.exit_code == 0
    answers = sorted(answer.text for answer in result)
    assert answers == [f"echo question {row}" for row in range(3)]
    assert len(result) == 3


def test_saved_scores_that_lack_samples_say_so(place: Path, cli: Callable[..., Any]) -> None:
    shutil.copytree(RESULTS / "chatty", place / "log")
    log = next((place / "log").rglob("samples_*.jsonl"))
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    log.write_text("".join(lines[:-1]) + lines[-1][:40] + "\n", encoding="utf-8")
    assert cli("score", "log", "--out", "kept").code == 3
    assert regrade.load_scores("kept").exit_code == 3


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"results": {}}', '{"results": 1, "regrade": {"schema": 2}}', "{}"]
)
def test_what_is_no_results_file_is_refused(place: Path, content: str) -> None:
    (place / "results.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"results\.json"):
        regrade.load_scores("results.json")


def test_a_run_reports_while_it_goes_on(place: Path) -> None:
    events: list[Event] = []
    with serving() as server:
        results = regrade.run(card(5), model="openai:m", base_url=server.url, name="r", progress=events.append)
    kinds = [type(event) for event in events]
    assert kinds.index(Created) < kinds.index(Asking) < kinds.index(Asked) < kinds.index(Finished)
    assert Working in kinds
    assert [event.result for event in events if isinstance(event, Finished)] == list(results)
    [created] = [event for event in events if isinstance(event, Created)]
    assert (created.samples, Path(created.folder).name) == (5, "r")
    check_face(results, columns={"question"})
    check_face(regrade.runs(), columns={"name", "status", "answered"})
    [row] = regrade.runs()
    assert (row.name, row.answered, row.status) == ("r", 5, "complete")


def test_a_run_is_cancelled_from_another_thread_and_resumed(place: Path) -> None:
    token = CancelToken()

    def report(event: Event) -> None:
        if isinstance(event, Asking) and event.tally.answered >= 10:
            threading.Thread(target=token.cancel).start()

    with serving(Behaviour(hang_texts=["question 39"])) as server:
        with pytest.raises(Cancelled) as stop:
            regrade.run(
                *(card(40),),
                model="openai:m",
                base_url=server.url,
                name="r",
                concurrency=4,
                progress=report,
                cancel=token,
            )
        assert "regrade resume" in stop.value.__notes__[0]
        asked = server.counts()["asked"]
    before = regrade.runs()[0].answered
    assert 10 <= before < 40
    with serving() as server:
        result = regrade.resume("r", base_url=server.url)
        again = server.counts()["asked"]
    assert len(result) == 40
    assert sum(again.values()) == 40 - before
    assert all(count == 1 for count in again.values())
    assert sum(asked.values()) - before <= 4, "no more than were in flight"


def test_a_token_that_is_cancelled_ends_every_verb_before_it_works(place: Path) -> None:
    token = CancelToken()
    token.cancel()
    works: list[Callable[[], object]] = [
        lambda: regrade.score(RESULTS, cancel=token),
        lambda: regrade.compare(RESULTS / "chatty", RESULTS / "careful", cancel=token),
        lambda: regrade.show(RESULTS, cancel=token),
        lambda: regrade.power(RESULTS / "chatty", RESULTS / "careful", cancel=token),
        lambda: regrade.export(RESULTS / "chatty", to="csv", out="out.csv", cancel=token),
        lambda: regrade.run(card(3), model="replay:no.jsonl", cancel=token),
        lambda: regrade.convert(EXAMPLES / "chat" / "shop.jsonl", output="out.jsonl", cancel=token),
        lambda: regrade.detect(EXAMPLES / "chat" / "shop.jsonl", cancel=token),
    ]
    for work in works:
        with pytest.raises((Cancelled, RegradeError)) as stop:
            work()
        assert isinstance(stop.value, Cancelled) or "no.jsonl" in str(stop.value)
    assert not list(place.glob("out.*"))


def test_two_runs_with_other_keys_and_servers_go_on_at_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_A", "sk-a")
    monkeypatch.setenv("KEY_B", "sk-b")
    found: dict[str, Any] = {}
    met = threading.Barrier(2)

    def work(name: str, url: str) -> None:
        def report(event: Event) -> None:
            if isinstance(event, Created):
                met.wait(60)

        try:
            found[name] = regrade.run(
                *(card(20, name),),
                model=f"openai:m-{name}",
                base_url=url,
                api_key_env=f"KEY_{name.upper()}",
                name=name,
                progress=report,
            )[0]
        except BaseException as error:
            found[name] = error
            met.abort()

    with (
        serving(Behaviour(key="sk-a", model="m-a")) as one,
        serving(Behaviour(key="sk-b", model="m-b")) as other,
    ):
        threads = [
            threading.Thread(target=work, args=(name, server.url)) for name, server in (("a", one), ("b", other))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name, server in (("a", one), ("b", other)):
            assert isinstance(found[name], regrade.RunResult), found[name]
            assert set(server.counts()["asked"]) == {f"question {name}{row}" for row in range(20)}
            assert set(server.counts()["statuses"]) == {"200"}
            [accuracy] = [one for one in found[name].scores if one.metric == "accuracy"]
            assert accuracy.value == 1.0


def test_judging_from_python(place: Path) -> None:
    with serving(Behaviour(said={"question": "[[7]]"})) as server:
        regrade.run(card(4), model="openai:m", base_url=server.url, name="r", score=False)
        estimated = regrade.estimate_judge("r", judge="rating", model="openai:judge", base_url=server.url)
        assert (estimated.samples, estimated.requests) == (4, 4)
        [of_card] = estimates = regrade.estimate(card(3), model="openai:m", base_url=server.url)
        assert of_card.requests == 3
        check_face(estimates)
        check_face(estimated)
        judged = regrade.judge("r", judge="rating", model="openai:judge", base_url=server.url, name="j")
        once_more = regrade.judge("r", judge="rating", model="openai:other", base_url=server.url, name="k")
    check_face(judged, columns={"value"})
    assert judged.exit_code == once_more.exit_code == 0
    report = regrade.agree("j", "k")
    check_face(report, columns={"a", "b", "count"})
    assert (report.items, len(report)) == (4, len(report.setups))


def test_a_name_that_is_no_option_is_refused() -> None:
    for work in (
        lambda: regrade.score(RESULTS, wher="1"),
        lambda: regrade.compare(RESULTS / "chatty", RESULTS / "careful", metrics="acc"),
        lambda: regrade.convert("a.jsonl", output="b.jsonl", shard=3),
        lambda: regrade.run(card(1), model="openai:m", tempreature=1),
    ):
        with pytest.raises(UsageError, match=r"wher|metrics|shard|tempreature"):
            work()


def test_a_choice_is_named_as_it_was_said(place: Path, cli: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="num_demos=-2: must be at least 0"):
        list(regrade.load_card(card(1)).samples(num_demos=-2))
    (place / "card.json").write_text(json.dumps(card(1)), encoding="utf-8")
    ran = cli("card", "run", "card.json", "--num-demos", "-2")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "regrade: --num-demos -2: must be at least 0 [usage]")


def test_the_process_is_left_as_it_was(place: Path) -> None:
    import os
    import signal
    import socket
    import sys
    import warnings

    import numpy as np

    def state() -> tuple[Any, ...]:
        return (
            Path.cwd(),
            dict(os.environ),
            random.getstate(),
            str(np.random.get_state()),
            socket.getdefaulttimeout(),
            socket.socket,
            {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM, signal.SIGVTALRM)},
            list(warnings.filters),
            list(sys.path),
            sys.getrecursionlimit(),
        )

    with serving(Behaviour(said={"question": "[[7]]"})) as server:
        regrade.score(RESULTS)  # what is loaded once has been
        before = state()
        regrade.score(RESULTS, metric=["exact_match", "rouge1"])
        regrade.compare(RESULTS / "chatty", RESULTS / "careful")
        regrade.run(card(2), model="openai:m", base_url=server.url, name="r")
        regrade.judge("r", judge="rating", model="openai:judge", base_url=server.url, name="j")
        regrade.convert(EXAMPLES / "chat" / "shop.jsonl", output="out.jsonl")
        assert state() == before
