"""Judges through the command line: against a server on loopback, and over words that were kept."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.models.loopback import Loopback

PUBLISHED = {
    "mamba_0_5_dpo_ep1": 7.12,
    "mamba_0_5_dpo_ep3": 7.31,
    "mamba_0_75_dpo_ep1": 7.03,
    "mamba_0_75_dpo_ep3": 6.58,
    "mamba_0_875_dpo_ep1": 6.39,
    "mamba_0_875_dpo_ep3": 6.37,
}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("REGRADE_WORKSPACE", str(folder))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    return folder


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """What two systems said to three questions."""
    return write(
        tmp_path / "answers.jsonl",
        [
            {"id": str(n), "model": model, "question": f"question {n}?", "answer": f"{model} says {n}{'!' * extra}"}
            for model, extra in (("otter", 0), ("heron", 4))
            for n in range(3)
        ],
    )


def rows(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def asked_for(server: Loopback) -> int:
    return sum(server.counts()["asked"].values())


def values(out: str, key: str) -> dict[str, Any]:
    """The values of a metric, by system."""
    found = json.loads(out)
    return {run["run"]: found["results"][name][key] for name, run in found["runs"].items()}


# -- published judgements ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def mt_bench(shared_data: Path) -> Path:
    return shared_data / "mt_bench"


def fastchat(mt_bench: Path) -> list[Any]:
    official = mt_bench / "fastchat_official"
    return [
        *("--questions", official / "mt_bench" / "question.jsonl"),
        *("--references", official / "mt_bench" / "reference_answer" / "gpt-4.jsonl"),
        *("--judge-prompts", official / "judge_prompts.jsonl"),
    ]


def test_kept_ratings_give_the_published_averages(
    cli: Callable[..., Any], mt_bench: Path, workspace: Path, tmp_path: Path
) -> None:
    folder = mt_bench / "jxiw_mambainllama"
    file = folder / "model_judgment" / "gpt-4_single.jsonl"
    judged = sorted(folder.glob("model_answer/*mamba_0_*_dpo_ep*.jsonl"))
    judged = [path for path in judged if path.stem in PUBLISHED]
    done = cli(
        "judge", *judged, "--with", "mt_bench.rating", *fastchat(mt_bench), "--judge", f"fastchat:{file}", "--json"
    )
    assert done.code == 0, done.err
    averages = values(done.out, "judge_rating,verdict")
    assert {model: round(value + 1e-9, 2) for model, value in averages.items()} == PUBLISHED
    recorded = rows(file)
    run = next(workspace.glob("judge--mt_bench.rating--*"))

    by = json.loads(cli("score", run, "--by", "doc.turn", "--by", "doc.category", "--json").out)
    categories = {row["question_id"]: row["category"] for row in rows(fastchat(mt_bench)[1])}
    for name, source in by["runs"].items():
        for group in by["by"][name]:
            want = group["by"]
            scores = [
                row["score"]
                for row in recorded
                if row["model"] == source["run"]
                and row["turn"] == want["doc.turn"]
                and categories[row["question_id"]] == want["doc.category"]
            ]
            assert group["results"]["judge_rating,verdict"] == pytest.approx(statistics.fmean(scores), abs=1e-12)

    filters = write(tmp_path / "filters.json", [])
    filters.write_text(
        json.dumps({"whole": [{"function": "regex", "regex_pattern": r"Rating: \[\[(\d+)\]\]"}, "take_first"]})
    )
    before = (run / "answers.jsonl").read_bytes()
    again = cli("judge", run, "--filters", filters, "--json")
    assert again.code == 3, "ratings with a fraction are no whole numbers"
    total = json.loads(again.out)["judging"]["total"]
    whole = [row for row in recorded if re.search(r"Rating: \[\[\d+\]\]", row["judgment"])]
    assert 900 < len(whole) < 960
    assert total == {"system": "all", "asked": 960, "failed": 0, "unparsed": 960 - len(whole), "parsed": len(whole)}
    assert (run / "answers.jsonl").read_bytes() == before, "no call was made"


def test_the_prompts_are_those_that_were_sent(cli: Callable[..., Any], mt_bench: Path, workspace: Path) -> None:
    from regrade.store.judge_run import JudgeRun

    judged = mt_bench / "jxiw_mambainllama" / "model_answer" / "mamba_0_5_dpo_ep1.jsonl"
    file = mt_bench / "jxiw_mambainllama" / "model_judgment" / "gpt-4_single.jsonl"
    cli("judge", judged, "--with", "mt_bench.rating", *fastchat(mt_bench), "--judge", f"fastchat:{file}")
    sent = {
        f"{row['model']}/{row['question_id']}.{row['turn']}": (row["judge"][1], row["user_prompt"])
        for row in rows(file)
    }
    asked = JudgeRun(next(workspace.glob("judge--*"))).read_questions()
    assert len(asked) == 160
    for question in asked:
        system, user = json.loads(question.messages_json)
        assert system["role"] == "system"
        assert (question.metadata["prompt"], user["content"]) == sent[question.sample_id]


def test_kept_comparisons_give_the_published_counts(cli: Callable[..., Any], mt_bench: Path, workspace: Path) -> None:
    folder = mt_bench / "stefanstud_phi3"
    file = folder / "model_judgment" / "gpt-4_pair.jsonl"
    judged = [folder / "model_answer" / f"{name}.jsonl" for name in ("phi-3", "phi-3-dpo")]
    command = ["judge", *judged, "--with", "mt_bench.pairwise", *fastchat(mt_bench), "--judge", f"fastchat:{file}"]
    done = cli(*command, "--name", "pairs", "--json")
    assert done.code == 3, "second turns were never judged, and two comparisons have no verdict"
    counts = {name: values(done.out, f"{name},verdict") for name in ("wins", "losses", "ties")}
    assert counts == {
        "wins": {"phi-3": 18, "phi-3-dpo": 20},
        "losses": {"phi-3": 20, "phi-3-dpo": 18},
        "ties": {"phi-3": 35, "phi-3-dpo": 35},
    }
    positions = json.loads(done.out)["judging"]["standings"]["positions"]
    assert (positions["consistent"]["count"], positions["unread"]) == (46, 87)

    from regrade.store.judge_run import JudgeRun

    shown = {question.sample_id: question for question in JudgeRun(workspace / "pairs").read_questions()}
    for row in rows(file):
        one = f"phi-3~phi-3-dpo/{row['question_id']}.1"
        for name, prompt in ((one, "g1_user_prompt"), (f"{one}/swapped", "g2_user_prompt")):
            assert json.loads(shown[name].messages_json)[-1]["content"] == row[prompt]

    agreed = json.loads(cli("agree", workspace / "pairs", file, "--json").out)
    assert agreed["setups"][0]["agreement"]["count"] == agreed["setups"][0]["agreement"]["n"] == 73


# -- a judge that is asked -----------------------------------------------------------------------------------------


def tool(**arguments: Any) -> dict[str, Any]:
    function = {"name": "give_verdict", "arguments": json.dumps(arguments)}
    return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": function}]}


def test_ratings_by_tool_and_in_words(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path
) -> None:
    server = start_server(
        said={
            "otter says 0": tool(explanation="fine", rating=8),
            "otter says 1": "Quite good. [[6]]",
            "otter says 2": '{"name": "give_verdict", "arguments": {"rating": 4}}',
            "heron": tool(explanation="", rating=11),
        }
    )
    done = cli(
        "judge", answers, "--with", "rating", "--judge", "openai:big", "--base-url", server.url, "--json", "--name", "j"
    )
    assert done.code == 3, "ratings out of the scale are none"
    assert values(done.out, "judge_rating,verdict") == {"otter": 6.0, "heron": None}
    assert json.loads(done.out)["judging"]["verdicts"] == [
        {"system": "otter", "asked": 3, "failed": 0, "unparsed": 0, "parsed": 3},
        {"system": "heron", "asked": 3, "failed": 0, "unparsed": 3, "parsed": 0},
    ]
    manifest = json.loads((workspace / "j" / "run.json").read_text())
    assert manifest["judge_of"] == [str(answers)]
    assert "sk-secret" not in (workspace / "j" / "run.json").read_text()
    assert (workspace / "j" / "scores" / "default" / "judging.json").is_file()
    assert len(rows(workspace / "j" / "answers.jsonl")) == 6, "what cannot be read was paid for, and is kept"


def test_a_server_that_refuses_tools_is_asked_in_words(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path
) -> None:
    for form, refused in (("tool", "tools"), ("json_schema", "response_format")):
        said = "[[7]]" if form == "tool" else '```json\n{"explanation": "", "rating": 7}\n```'
        server = start_server(refused=[refused], said={"says": said})
        done = cli(
            "judge", answers, "--with", "rating", "--form", form, "--judge", "big", "--base-url", server.url, "--json"
        )
        assert done.code == 0, done.err
        assert values(done.out, "judge_rating,verdict") == {"otter": 7.0, "heron": 7.0}


def test_pairs_in_both_orders_and_their_standings(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path
) -> None:
    """The judge likes otter's 0 wherever it stands, always the first in 1, and says nothing of use about 2."""
    server = start_server(
        said={
            "Assistant A: otter says 0": "[[A]]",
            "Assistant A: heron says 0": "[[B]]",
            "says 1": "[[A]]",
            "says 2": "I cannot say.",
        }
    )
    command = ["judge", answers, "--with", "pairwise", "--form", "text", "--judge", "big", "--base-url", server.url]
    done = cli(*command, "--both-orders", "--json", "--name", "j")
    assert done.code == 3
    found = json.loads(done.out)["judging"]
    assert found["total"] == {"system": "all", "asked": 6, "failed": 0, "unparsed": 2, "parsed": 4}
    standings = found["standings"]
    otter, heron = standings["systems"]
    assert (otter["system"], otter["wins"], otter["ties"], otter["losses"], otter["unread"]) == ("otter", 1, 1, 0, 1)
    assert (heron["win_rate"], heron["win_rate_decided"]) == (0.25, 0.0)
    assert otter["elo"] > 1000 > heron["elo"]
    assert otter["elo"] + heron["elo"] == pytest.approx(2000)
    assert standings["positions"]["consistent"]["count"] == 1
    assert standings["positions"]["first"]["count"] == 1
    assert standings["first_shown"]["count"], standings["first_shown"]["n"] == (3, 4)
    assert values(done.out, "position_consistency,verdict") == {"otter": 0.5, "heron": 0.5}
    assert asked_for(server) == 6

    one = cli(*command, "--order", "content", "--json")
    sent = [row["sample_id"] for row in rows(next(workspace.glob("judge--pairwise*")) / "answers.jsonl")]
    assert len(sent) == 3
    assert asked_for(server) == 6, "every one of them is known from before"
    assert "position_consistency,verdict" not in next(iter(json.loads(one.out)["results"].values()))
    assert json.loads(one.out)["judging"]["standings"]["positions"] is None


def test_why_verdicts_cannot_be_read_is_counted(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path
) -> None:
    said = {
        "otter says 0": "Hm.",
        "otter says 1": "[[11]]",
        "otter says 2": "<think>surely [[3]]",
        "heron says 0": "[[3]] or [[9]]",
        "heron says 1": "[[12]]",
        "heron says 2": "<think>it says <think>x</think> [[4]]</think>[[8]]",
    }
    server = start_server(said=said)
    command = ("judge", answers, "--with", "rating", "--form", "text", "--judge", "big", "--base-url", server.url)
    done = cli(*command, "--json", "--name", "j")
    assert done.code == 3
    found = json.loads(done.out)["judging"]
    assert found["total"]["parsed"] == 1
    assert {one["reason"]: (one["count"], one["first"]) for one in found["unread"]} == {
        "beyond the scale of 1 to 10": (2, "otter/1.1"),
        "no verdict was found": (1, "otter/0.1"),
        "the answer is empty, or nothing but thinking": (1, "otter/2.1"),
        "different verdicts": (1, "heron/0.1"),
    }
    again = cli("judge", "j")
    assert "unparsed: beyond the scale of 1 to 10: 2 (first otter/1.1)" in again.out


def test_only_unparsed_and_failed_ones_are_asked_again(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path
) -> None:
    server = start_server(said={"otter says 0": ["Hm.", "[[5]]"], "says": "[[9]]"}, fail_texts={"heron says 2": 400})
    done = cli(
        *("judge", answers, "--with", "rating", "--form", "text", "--judge", "big", "--base-url", server.url),
        *("--json", "--name", "j"),
    )
    assert done.code == 3
    found = json.loads(done.out)["judging"]["total"]
    assert (found["asked"], found["failed"], found["unparsed"], found["parsed"]) == (6, 1, 1, 4)
    assert asked_for(server) == 5

    again = cli("judge", "j", "--again", "unparsed", "--json")
    assert again.code == 3, "one call still fails"
    found = json.loads(again.out)["judging"]["total"]
    assert (found["failed"], found["unparsed"], found["parsed"]) == (1, 0, 5)
    assert asked_for(server) == 6
    kept = [row.get("text") for row in rows(workspace / "j" / "answers.jsonl") if row["sample_id"] == "otter/0.1"]
    assert kept == ["Hm.", "[[5]]"], "the first answer was paid for, and is kept"

    second = start_server(said={"says": "[[1]]"})
    resumed = cli("resume", "j", "--retry-failed", "--base-url", second.url, "--json")
    assert resumed.code == 0
    assert asked_for(second) == 1
    assert values(resumed.out, "judge_rating,verdict") == {"otter": (5 + 9 + 9) / 3, "heron": (9 + 9 + 1) / 3}
    assert cli("judge", "j", "--fail-under", "judge_rating=7").code == 100
    assert cli("judge", "j", "--fail-under", "judge_rating=6").code == 0


def test_a_run_is_judged_turn_by_turn(
    cli: Callable[..., Any], start_server: Any, workspace: Path, tmp_path: Path
) -> None:
    card = {
        "__type__": "task_card",
        "loader": {
            "__type__": "load_from_dictionary",
            "data": {"test": [{"id": "7", "input": "One?", "more": "Two?", "gold": "uno", "group": "math"}]},
        },
        "preprocess_steps": [],
        "task": {
            "__type__": "task",
            "input_fields": {"input": "str"},
            "reference_fields": {"gold": "str"},
            "prediction_type": "str",
            "metrics": [],
        },
        "sample_id": "id",
        "follow_ups": "more",
        "templates": [{"__type__": "input_output_template", "input_format": "{input}", "output_format": "{gold}"}],
    }
    (tmp_path / "card.json").write_text(json.dumps(card))
    server = start_server(said={"One?": "first answer", "Two?": "second answer"})
    asked = cli("run", tmp_path / "card.json", "--model", "m", "--base-url", server.url, "--no-score", "--name", "r")
    assert asked.code == 0, asked.err
    judge = start_server(said={"first answer": "[[3]]"})
    done = cli(
        *("judge", "mine=r", "--with", "mt_bench.rating", "--judge", "big", "--base-url", judge.url, "--json"),
        *("--name", "j"),
    )
    assert done.code == 0, done.err
    assert values(done.out, "judge_rating,verdict") == {"mine": 3.0}
    prompts = [json.loads(line)["sample_id"] for line in (workspace / "j" / "answers.jsonl").read_text().splitlines()]
    assert sorted(prompts) == ["mine/7.1", "mine/7.2"]
    manifest = json.loads((workspace / "j" / "run.json").read_text())
    assert manifest["judge_of"] == [str(workspace / "r")]


def test_rubrics_have_a_source_per_criterion(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path
) -> None:
    server = start_server(
        said={"easy to follow": tool(choice="Excellent"), "what was asked": tool(choice="good"), "criterion": "Well."}
    )
    done = cli("judge", f"all={answers}", "--with", "rubric", "--limit", "1", "--judge", "b", "--base-url", server.url)
    assert done.code == 1
    assert "several models" in done.err
    done = cli("judge", answers, "--with", "rubric", "--limit", "1", "--judge", "b", "--base-url", server.url, "--json")
    assert done.code == 3, "two criteria get no verdict"
    found = json.loads(done.out)
    by = {
        (run["run"], run["task"].rpartition("/")[2]): found["results"][name]["judge_score,verdict"]
        for name, run in found["runs"].items()
    }
    assert by["otter", "clarity"] == 1.0
    assert by["heron", "task"] == 0.67
    assert by["otter", "truth"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--with", "rating"], "--judge"),
        (["--judge", "m"], "say which judge"),
        (["--with", "no_such_judge", "--judge", "m"], "no_such_judge"),
        (["--with", "rubric", "--judge", "m", "--judge-prompts", "x.jsonl"], "published prompts"),
        (["--with", "pairwise", "--judge", "m", "--baseline", "nobody"], "--baseline nobody"),
        (["--with", "rating", "--judge", "m", "--field", "context=x"], "--field context"),
        (["--with", "rating", "--judge", "m", "--limit", "0"], "--limit 0"),
        (["--with", "rating", "--judge", "m", "--again", "unparsed"], "--again"),
    ],
)
def test_wrong_usage_is_told_and_leaves_nothing(
    cli: Callable[..., Any], workspace: Path, answers: Path, arguments: list[str], said: str
) -> None:
    done = cli("judge", answers, *arguments)
    assert done.code in (1, 2)
    assert said in done.err
    assert not list(workspace.glob("*/run.json"))


def test_a_dry_run_asks_nothing(cli: Callable[..., Any], workspace: Path, answers: Path) -> None:
    done = cli(
        "judge", answers, "--with", "pairwise", "--judge", "m", "--base-url", "http://127.0.0.1:9/v1", "--dry-run"
    )
    assert done.code == 0
    assert "6 samples, 6 requests" in done.out
    assert "otter says 0" in done.out
    assert not workspace.exists()


# -- logs of other tools -------------------------------------------------------------------------------------------


def test_a_log_of_the_harness_is_judged(
    cli: Callable[..., Any], start_server: Any, workspace: Path, tmp_path: Path
) -> None:
    """The prompt is the question, the target the reference; rows of a second filter are the same answer."""
    log = write(
        tmp_path / "samples_tea_2026-01-01T00-00-00.000000.jsonl",
        [
            {
                "doc_id": n,
                "doc": {"text": f"tea {n}"},
                "target": f"cup {n}",
                "arguments": {"gen_args_0": {"arg_0": f"Q: how many {n}?", "arg_1": {"until": []}}},
                "resps": [[f"says {n}"]],
                "filtered_resps": [f"says {n}"],
                "filter": name,
                "metrics": ["exact_match"],
                "exact_match": 0.0,
                "doc_hash": "a",
                "prompt_hash": "b",
                "target_hash": "c",
            }
            for name in ("strict", "flexible")
            for n in range(2)
        ],
    )
    server = start_server(said={"says 0": "[[8]]", "says 1": "Rating: 6/10"})
    done = cli(
        "judge", f"plum={log}", "--with", "rating", "--judge", "big", "--base-url", server.url, "--json", "--name", "j"
    )
    assert done.code == 0, done.err
    assert values(done.out, "judge_rating,verdict") == {"plum": 7.0}
    asked = list(server.counts()["asked"])
    assert len(asked) == 2
    assert all(f"Q: how many {n}?" in text and f"cup {n}" in text for n, text in enumerate(sorted(asked)))


@pytest.mark.parametrize("kind", ["log", "table"])
def test_a_row_that_cannot_be_judged_costs_itself(
    cli: Callable[..., Any], start_server: Any, workspace: Path, tmp_path: Path, kind: str
) -> None:
    if kind == "log":
        name, good = (
            "samples_tea_2026-01-01T00-00-00.000000.jsonl",
            {"doc_id": 0, "doc": {"question": "tea?"}, "target": "a", "arguments": [["tea?", {}]], "exact_match": 0.0}
            | {"resps": [["yes"]], "filtered_resps": ["yes"], "filter": "none", "metrics": ["exact_match"]},
        )
        broken = json.dumps(good | {"doc_id": 1, "resps": [[[-1.0, False]]]})
    else:
        name, good = "answers.jsonl", {"id": "0", "question": "tea?", "answer": "yes"}
        broken = "{not JSON"
    path = tmp_path / name
    path.write_text("\n".join([json.dumps(good), broken, "{cut off"]) + "\n", encoding="utf-8")
    server = start_server(said={"yes": "[[8]]"})
    done = cli("judge", path, "--with", "rating", "--judge", "big", "--base-url", server.url, "--json")
    assert done.code == 3
    assert json.loads(done.out)["judging"]["total"]["parsed"] == 1
    assert f"2 left out: rows that cannot be judged, the first ({path}:2: " in done.err
    assert asked_for(server) == 1


def test_a_log_without_words_or_question_is_refused(cli: Callable[..., Any], workspace: Path, tmp_path: Path) -> None:
    row = {
        "doc_id": 0,
        "doc": {"text": "tea"},
        "target": "a",
        "arguments": [["", "x"], ["", "y"]],
        "resps": [[[-1.0, False]], [[-2.0, False]]],
        "filtered_resps": [[-1.0, False], [-2.0, False]],
        "acc": 1.0,
    }
    log = write(tmp_path / "samples_tea_2026-01-01T00-00-00.000000.jsonl", [row])
    done = cli("judge", log, "--with", "rating", "--judge", "big", "--base-url", "http://127.0.0.1:9/v1")
    assert done.code == 1
    assert "no answer in words" in done.err
    log = write(
        tmp_path / "samples_tea_2026-01-01T00-00-00.000000.jsonl",
        [row | {"arguments": [], "resps": [["yes"]], "filtered_resps": ["yes"]}],
    )
    done = cli("judge", log, "--with", "rating", "--judge", "big", "--base-url", "http://127.0.0.1:9/v1")
    assert done.code == 1
    assert "holds no question" in done.err
    assert "--field" in done.err


def test_columns_of_a_table_are_named(
    cli: Callable[..., Any], start_server: Any, workspace: Path, tmp_path: Path
) -> None:
    table = write(tmp_path / "plum.jsonl", [{"n": 7, "ask": "why tea?", "said": "warm", "gold": "hot"}])
    server = start_server(said={"why tea?": "[[8]]"})
    names = ["--id", "n", "--question", "ask", "--answer", "said", "--expected", "gold"]
    command = ["judge", table, "--with", "rating", "--judge", "big", "--base-url", server.url, "--json"]
    done = cli(*command, *names, "--name", "j")
    assert done.code == 0, done.err
    (asked,) = server.counts()["asked"]
    assert "warm" in asked
    assert "hot" in asked
    missing = cli(*command, "--answer", "word")
    assert missing.code != 0
    assert "--answer" in missing.err
