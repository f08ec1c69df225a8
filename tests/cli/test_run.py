"""``regrade run``, ``resume`` and ``runs``, against a server on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.faults.kills import CARD
from tests.models.loopback import Behaviour, Loopback, serving

from regrade.cli import main

# The server echoes, so that the first, third and fifth answers are right.
QUESTIONS = """\
question,answer,topic
one,echo one,odd
two,TWO,even
three,echo three,odd
four,FOUR,even
five,echo five,odd
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a card and its questions, to work in."""
    (tmp_path / "card.yaml").write_text(CARD)
    (tmp_path / "questions.csv").write_text(QUESTIONS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGRADE_WORKSPACE", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key")
    return tmp_path


@pytest.fixture(scope="module")
def echo() -> Any:
    with serving() as server:
        yield server


def ask(server: Loopback, *more: str, name: str = "r") -> int:
    return main(["run", "card.yaml", "--model", "m", "--base-url", server.url, "--name", name, "--retries", "1", *more])


def answers(run: Path) -> dict[tuple[str, int], Any]:
    rows = [json.loads(line) for line in (run / "answers.jsonl").read_text().splitlines()]
    return {(row["sample_id"], row.get("repeat", 0)): row for row in rows}


def results(run: Path) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((run / "scores" / "default" / "results.json").read_text())
    return kept


def test_from_card_to_scores(folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(echo) == 0
    out = capsys.readouterr()
    assert "0.6000" in out.out
    assert "5 of 5 answers (5 answered)" in out.err
    run = folder / "runs" / "r"
    assert {row["text"] for row in answers(run).values()} == {
        f"echo {word}" for word in ["one", "two", "three", "four", "five"]
    }
    assert (run / "scores" / "default" / "scores.parquet").is_file()
    (values,) = results(run)["results"].values()
    assert 0.6 in values.values()
    manifest = json.loads((run / "run.json").read_text())
    assert manifest["status"] == "complete"
    assert manifest["samples"] == 5
    assert manifest["schema_version"] == 1
    assert manifest["model"]["identity"] == {"type": "openai", "base_url": echo.url, "model": "m"}


def test_a_run_is_scored_broken_down_shown_and_compared(
    folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(echo)
    capsys.readouterr()
    assert main(["score", "runs/r", "--by", "doc.topic", "--json"]) == 0
    groups = json.loads(capsys.readouterr().out)
    text = json.dumps(groups)
    assert '"odd"' in text
    assert '"even"' in text
    assert main(["show", "runs/r", "--failed"]) == 0
    shown = capsys.readouterr().out
    assert "echo two" in shown
    assert "echo one" not in shown
    ask(echo, "--fresh", name="again")
    assert main(["compare", "runs/r", "runs/again"]) == 0
    capsys.readouterr()
    assert main(["compare", "r", "again"]) == 0
    assert main(["score", "r"]) == 0
    assert main(["show", "r", "--failed"]) == 0
    assert "echo two" in capsys.readouterr().out


def test_no_secret_reaches_the_disk_or_the_screen(
    folder: Path, start_server: Callable[..., Loopback], capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server(key="sk-very-secret-key")
    assert ask(server) == 0
    wrong = start_server(key="another")
    assert ask(wrong, name="wrong") == 1
    said = capsys.readouterr()
    assert "401" in said.err
    assert "OPENAI_API_KEY" in said.err
    assert "sk-very-secret-key" not in said.err + said.out
    for file in folder.rglob("*"):
        if file.is_file():
            assert b"sk-very-secret-key" not in file.read_bytes(), file


def test_resume_asks_for_what_failed_and_nothing_else(
    folder: Path, start_server: Callable[..., Loopback], capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server(fail_texts={"three": 500})
    assert ask(server) == 3
    said = capsys.readouterr().err
    assert "4 of 5 answers" in said
    assert "1 server" in said
    run = folder / "runs" / "r"
    assert json.loads((run / "run.json").read_text())["status"] == "incomplete"
    healed = start_server()
    assert main(["resume", "r", "--base-url", healed.url]) == 0
    assert healed.counts()["asked"] == {"three": 1}
    assert "0.6000" in capsys.readouterr().out
    assert main(["resume", "runs/r", "--base-url", healed.url]) == 0
    assert sum(healed.counts()["asked"].values()) == 1


def test_a_second_run_costs_nothing_and_fresh_asks_anew(
    folder: Path, start_server: Callable[..., Loopback], capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server()
    assert ask(server, "--limit", "3") == 0
    assert ask(server, name="more") == 0
    assert "3 known from before" in capsys.readouterr().err
    assert set(server.counts()["asked"].values()) == {1}
    assert ask(server, "--fresh", name="anew") == 0
    assert set(server.counts()["asked"].values()) == {2}


def test_repeats_have_seeds_of_their_own(folder: Path, echo: Loopback) -> None:
    assert ask(echo, "--repeats", "3", "--param", "seed=7", "--param", "temperature=1", "--limit", "1") == 0
    kept = answers(folder / "runs" / "r")
    assert sorted(repeat for _, repeat in kept) == [0, 1, 2]
    assert len({row["request_hash"] for row in kept.values()}) == 3


def test_the_users_limit_stands_in_for_the_recipes() -> None:
    from regrade.asking.requests import merge_parameters

    assert merge_parameters({"max_tokens": 5, "stop": ["x"]}, {"max_completion_tokens": 9}) == {
        "stop": ["x"],
        "max_completion_tokens": 9,
    }
    assert merge_parameters({"max_tokens": 5}, {"temperature": 0}) == {"max_tokens": 5, "temperature": 0}


def test_names_do_not_collide(folder: Path, echo: Loopback) -> None:
    for _ in range(2):
        assert main(["run", "card.yaml", "--model", "org/m:x", "--base-url", echo.url, "--no-score"]) == 0
    assert sorted(path.name for path in (folder / "runs").iterdir() if path.is_dir()) == [
        "card--org-m-x",
        "card--org-m-x--2",
    ]


def test_a_dry_run_asks_and_writes_nothing(
    folder: Path, start_server: Callable[..., Loopback], capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server()
    command = ["run", "card.yaml", "--model", "gpt-4o-mini", "--base-url", server.url, "--param", "max_tokens=100"]
    assert main([*command, "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "one" in out
    assert "5 samples, 5 requests" in out
    # 5 answers of 100 tokens at $0.60 per million
    assert "at most $0.0003 out" in out
    assert server.counts()["asked"] == {}
    assert not (folder / "runs").exists()


def test_ones_own_prices_come_first(
    folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "prices.yaml").write_text("prices: {m: [1000000, 0]}\n")
    monkeypatch.setenv("REGRADE_PRICES", str(folder / "prices.yaml"))
    assert ask(echo) == 0
    # the server counts one token for every four letters, and one more: 1+1+2+2+2
    assert "8 tokens in, 25 out, $8.00" in capsys.readouterr().err


def test_replayed_answers_are_matched_by_id(folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(echo) == 0
    assert main(["run", "card.yaml", "--model", "replay:runs/r/answers.jsonl", "--name", "replayed"]) == 0
    assert "0.6000" in capsys.readouterr().out
    ours, theirs = (answers(folder / "runs" / name) for name in ("replayed", "r"))
    assert {key: row["text"] for key, row in ours.items()} == {key: row["text"] for key, row in theirs.items()}


def test_the_same_from_python(folder: Path, echo: Loopback) -> None:
    import regrade

    card = regrade.load_card("card.yaml")
    run = card.ask("m", base_url=echo.url, concurrency=4, parameters={"temperature": 0}, name="py")
    assert run.manifest.status == "complete"
    assert regrade.score(run.folder).results[0].value == pytest.approx(0.6)


def test_a_notebook_may_ask_too(folder: Path, echo: Loopback) -> None:
    import asyncio

    import regrade

    async def cell() -> str:
        return regrade.load_card("card.yaml").ask("m", base_url=echo.url, name="cell").manifest.status

    assert asyncio.run(cell()) == "complete"


def test_runs_are_listed(folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs"]) == 0
    assert "no runs" in capsys.readouterr().out
    ask(echo)
    capsys.readouterr()
    assert main(["runs", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["status"], row["answered"], row["wanted"]) == ("r", "complete", 5, 5)
    assert row["score"] == "accuracy 0.6"
    assert main(["runs"]) == 0
    assert "5/5" in capsys.readouterr().out
    for _ in range(2):
        assert main(["run", "card.yaml", "--model", "m", "--base-url", echo.url, "--limit", "1"]) == 0
    assert "regrade: 1 sample in runs/card--m\n" in capsys.readouterr().err
    assert main(["runs"]) == 0
    assert "(" not in capsys.readouterr().out, "the folder is the name of a run that nobody named"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["run", "--model", "m"], "name a card"),
        (["run", "nothing.yaml", "--model", "m"], "no such file"),
        (["run", "card.yaml", "--model", "m", "--base-url", "localhost:1"], "expected an address"),
        (["run", "card.yaml", "--model", "m", "--repeats", "0"], "at least 1"),
        (["run", "card.yaml", "--model", "m", "--param", "temperature"], "NAME=VALUE"),
        (["run", "card.yaml", "--model", "m", "--model-option", "device=cuda"], "has no option"),
        (["run", "card.yaml", "--model", "replay:nothing.jsonl"], "nothing.jsonl"),
        (["run", "card.yaml", "--model", "m", "--timeout", "0"], "more than 0"),
        (["resume", "nothing"], "no such run"),
    ],
)
def test_mistakes_are_told(folder: Path, command: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) in (1, 2)
    assert said in capsys.readouterr().err
    assert not list((folder / "runs").glob("*/answers.jsonl")) if (folder / "runs").exists() else True


def test_a_killed_run_is_said_to_be_killed(folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str]) -> None:
    ask(echo)
    file = folder / "runs" / "r" / "run.json"
    file.write_text(file.read_text().replace('"complete"', '"running"'))
    capsys.readouterr()
    assert main(["runs"]) == 0
    assert "killed" in capsys.readouterr().out


def test_a_server_that_is_slow_at_first_is_waited_for(folder: Path) -> None:
    with serving(Behaviour(failures=[503, 503, 429])) as server:
        assert ask(server, "--retries", "5") == 0


def test_who_interrupts_a_notebook_ends_the_asking(folder: Path, start_server: Callable[..., Loopback]) -> None:
    import asyncio
    import signal
    import threading
    from contextlib import closing

    server = start_server(hang_texts=["three"])

    def interrupt(tally: Any) -> None:
        if tally.answered == 4:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    async def cell() -> None:
        from regrade.asking.launch import Asked, ask_all, create
        from regrade.cards.prepare import prepare_card
        from regrade.models.named import named_model

        asked = Asked(model="m", options={"base_url": server.url})
        model = named_model(asked.model, asked.options)
        (folder / "r").mkdir()
        ask_all(create(folder / "r", prepare_card("card.yaml"), asked, model), model, told=interrupt)

    with closing(asyncio.new_event_loop()) as loop, pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(cell())
    assert len(answers(folder / "r")) == 4
    assert json.loads((folder / "r" / "run.json").read_text())["status"] == "stopped"


@pytest.mark.parametrize(
    "secret",
    [
        ["--model-option", "api_key=sk-live-0123456789"],
        ["--param", "api_key=sk-live-0123456789"],
        ["--param", "extra_headers={Authorization: Bearer sk-live-0123456789}"],
        ["--api-key-env", "sk-live-0123456789"],
    ],
)
def test_a_key_on_the_command_line_is_refused(
    folder: Path, echo: Loopback, secret: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(echo, *secret) == 2
    said = capsys.readouterr()
    assert "--api-key-env" in said.err
    assert "sk-live" not in said.err + said.out
    assert not any(b"sk-live" in file.read_bytes() for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    "table", ["prices: {m: [1]}", "prices: {m: [-1, 2]}", "prices: {m: [.nan, 2]}", "prices: {", ""]
)
def test_mistakes_in_prices_are_told_before_anything_is_made(
    folder: Path, echo: Loopback, table: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "own.yaml").write_text(table)
    monkeypatch.setenv("REGRADE_PRICES", "own.yaml")
    assert ask(echo) == 1
    assert "own.yaml" in capsys.readouterr().err
    assert not (folder / "runs").exists()


def test_a_run_that_cannot_be_read_does_not_hide_the_others(
    folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(echo)
    (folder / "runs" / "broken").mkdir()
    (folder / "runs" / "broken" / "run.json").write_text("{")
    capsys.readouterr()
    assert main(["runs"]) == 0
    said = capsys.readouterr()
    assert "5/5" in said.out
    assert "broken" in said.err


def test_a_card_without_a_metric_is_not_scored_by_another(
    folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "card.yaml").write_text(CARD.replace("[metrics.accuracy]", "[]"))
    assert ask(echo) == 0
    assert "names no metric" in capsys.readouterr().err
    assert main(["score", "runs/r"]) == 3
    out = capsys.readouterr().out
    assert "names no metric" in out
    assert "exact_match" not in out


def test_a_dry_run_counts_every_turn(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "card.yaml").write_text(CARD + "follow_ups: topic\n")
    assert main(["run", "card.yaml", "--model", "m", "--dry-run"]) == 0
    assert "5 samples, 10 requests" in capsys.readouterr().out


def test_half_an_emoji_in_the_data_ends_nothing(
    folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"question": "half \ud83d", "answer": "echo half ?"}, {"question": "fine", "answer": "echo fine"}]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    card = CARD.replace(
        "load_csv, files: {test: questions.csv}", "load_json_file, lines: true, files: {test: rows.jsonl}"
    )
    (folder / "card.yaml").write_text(card)
    assert ask(echo) == 0
    assert "1.0000" in capsys.readouterr().out
    assert main(["show", "r"]) == 0
    assert "half \\ud83d" in capsys.readouterr().out
    assert main(["show", "r", "--json"]) == 0
    assert "half \\ud83d" in capsys.readouterr().out


def test_choices_of_cards_are_those_of_card_run(cli: Callable[..., Any], tmp_path: Path) -> None:
    table = tmp_path / "questions.jsonl"
    table.write_text("".join(json.dumps({"q": f"1+{n}?", "a": str(n + 1)}) + "\n" for n in range(8)))
    card = tmp_path / "sums.json"
    task = {"__type__": "task", "input_fields": {"q": "str"}, "reference_fields": {"a": "str"}, "metrics": []}
    template = {"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}
    loader = {"__type__": "load_json_file", "files": {"test": "questions.jsonl"}, "lines": True}
    card.write_text(json.dumps({"__type__": "task_card", "loader": loader, "task": task, "templates": [template]}))
    chosen = ["--num-demos", "2", "--demos-from", "test", "--demos-pool-size", "3", "--loader-limit", "5"]
    asked = ["--model", "openai:m", "--base-url", "http://localhost:1/v1", "--dry-run"]
    done = cli("run", card, *chosen, "--system-prompt", "Add.\nBe brief.", *asked)
    assert done.code == 0, done.err
    assert "2 samples, 2 requests" in done.out, "three of five rows are demonstrations"
    assert done.out.count("Be brief.") == 2
    for wrong, said in [
        (["--demos-pool-size", "-2"], "--demos-pool-size -2: must be at least -1"),
        (["--data", tmp_path / "nowhere"], "is no folder"),
        (["--system-prompt", "nobody"], "nobody"),
    ]:
        refused = cli("run", card, *wrong, *asked)
        assert refused.code in (1, 2)
        assert said in refused.err


def test_choices_that_tasks_do_not_leave_open_are_refused(cli: Callable[..., Any]) -> None:
    refused = cli("run", "--task", "gsm8k", "--template", "1", "--model", "openai:m")
    assert (refused.code, "--template: is for cards" in refused.err) == (2, True)


def test_resuming_a_finished_run_shows_its_scores_without_making_them_again(
    folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(echo) == 0
    first = capsys.readouterr().out
    asked = echo.counts()

    def score_paths(*_: object, **__: object) -> None:
        raise AssertionError("scored again")

    monkeypatch.setattr("regrade.scoring.score.score_paths", score_paths)
    assert main(["resume", "r"]) == 0
    again = capsys.readouterr()
    assert again.out == first
    assert "no answer is new" in again.err
    assert main(["resume", "r", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"] == results(folder / "runs" / "r")["results"]
    assert echo.counts() == asked


def test_a_run_with_a_new_answer_is_scored_again(
    folder: Path, echo: Loopback, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(echo)
    journal = folder / "runs" / "r" / "answers.jsonl"
    *lines, _ = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines))
    capsys.readouterr()
    assert main(["resume", "r"]) == 0
    assert "no answer is new" not in capsys.readouterr().err


def test_a_second_run_of_which_only_refused_rows_are_left_is_not_given_up(
    folder: Path, start_server: Callable[..., Loopback], capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server(fail_texts={"poison": 400})
    rows = ["one", "two", *(f"poison {number}" for number in range(25))]
    (folder / "questions.csv").write_text("question,answer\n" + "".join(f"{row},x\n" for row in rows))
    assert ask(server, "--concurrency", "1") == 3
    capsys.readouterr()
    assert ask(server, name="second") == 3
    said = capsys.readouterr().err
    assert "2 of 27 answers (0 answered, 2 known from before, 25 failed)" in said
    assert server.counts()["statuses"] == {"200": 2, "400": 50}


def test_runs_shows_the_names_that_people_gave(folder: Path, cli: Callable[..., Any], echo: Loopback) -> None:
    asking = ["run", "card.yaml", "--model", "m", "--base-url", echo.url, "--name"]
    (folder / "answers.jsonl").write_text('{"id": "1", "question": "q", "answer": "a"}\n')
    for _ in range(2):
        assert cli(*asking, "Grüße, Welt").code == 0
    assert cli(*asking, "第二次 run").code == 0
    assert cli("judge", "answers.jsonl", "--judge", "big", "--with", "rating", "--base-url", echo.url).code in (0, 3)
    shown = cli("runs").out
    assert "Grüße, Welt (Gr-e-Welt)" in shown
    assert "Grüße, Welt (Gr-e-Welt--2)" in shown
    assert "第二次 run " in shown
    assert "openai_in_words" not in shown
    rows = {row["name"]: row["title"] for row in json.loads(cli("runs", "--json").out)}
    assert rows == {
        "Gr-e-Welt": "Grüße, Welt",
        "Gr-e-Welt--2": "Grüße, Welt",
        "run": "第二次 run",
        "judge--rating--big": "",
    }
    assert cli("resume", "第二次 run").code == 0
    done = cli("resume", "Grüße, Welt")
    assert done.code == 1
    assert "Gr-e-Welt, Gr-e-Welt--2" in done.err


def test_what_takes_long_is_read_where_it_can_be_interrupted(
    folder: Path, echo: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a loop of events an interruption waits for whatever waits for nobody: journals and stored answers are read
    before it begins.
    """
    from regrade.models.replay import Replay
    from regrade.store.run import Run

    assert ask(echo) == 0
    told = (folder / "runs" / "r" / "answers.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "some.jsonl").write_text("".join(told[:2]), encoding="utf-8")
    read = []

    def outside_of_a_loop(name: str, function: Any) -> Any:
        def checked(self: Any) -> Any:
            with pytest.raises(RuntimeError, match="no running event loop"):
                asyncio.get_running_loop()
            read.append(name)
            return function(self)

        return checked

    monkeypatch.setattr("regrade.asking.ask._PASSED", 1)  # others have their turn after each request
    for cls, name in ((Run, "find_answered"), (Replay, "check_ready")):
        monkeypatch.setattr(cls, name, outside_of_a_loop(name, getattr(cls, name)))
    assert main(["run", "card.yaml", "--model", "replay:some.jsonl", "--name", "s", "--no-score"]) == 3
    assert {"find_answered", "check_ready"} == set(read)
    read.clear()
    assert main(["resume", "s", "--no-score"]) == 3
    assert read.count("check_ready") == 1
    assert main(["resume", "r", "--no-score"]) == 0
    assert read.count("check_ready") == 1, "nothing is to be asked"
