"""Nothing that data holds steers the terminal, whatever field of whatever input it stands in and whoever prints it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade.cli
from regrade.errors import Exit, InputError
from regrade.reports.text import escape, printable, table

PAYLOAD = "\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\r\u202egnp.exe\u2066\x00"
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def poisoned(value: Any) -> Any:
    """The same with the payload behind every text and every key of a document."""
    if isinstance(value, str):
        return value + PAYLOAD
    if isinstance(value, list):
        return [poisoned(item) for item in value]
    if isinstance(value, dict):
        return {key: poisoned(item) for key, item in value.items()}
    return value


@pytest.fixture
def log(logs: Any) -> Path:
    """A log with the payload in every text that has no meaning of its own."""
    row = logs.row(0, "1")
    row |= {"doc": {**poisoned(row["doc"]), "k" + PAYLOAD: PAYLOAD}, "target": "1" + PAYLOAD, "filter": "none"}
    row["resps"] = [["1" + PAYLOAD]]
    row["filtered_resps"] = ["1" + PAYLOAD]
    bad = '{"doc_id": ["' + PAYLOAD.encode("unicode_escape").decode() + '"], "resps": [["1"]]}'
    rows = [row, {**row, "doc_id": "b" + PAYLOAD, "resps": [["2"]], "x" + PAYLOAD: 1.0}, bad, "{" + PAYLOAD]
    logs.results({"sums": {"exact_match,none": 0.9}}, name=f"results_{logs.DATE}.json")
    path: Path = logs.write(rows)
    results = path.with_name(f"results_{logs.DATE}.json")
    content = json.loads(results.read_text())
    content["model_name"] = "m" + PAYLOAD
    results.write_text(json.dumps(content))
    return path


def checked(cli: Callable[..., Any], *arguments: Any) -> Any:
    ran = cli(*arguments)
    for said in (ran.out, ran.err):
        assert not (found := STEERS.search(said)), (arguments, found and said[max(0, found.start() - 60) :][:120])
        assert "internal error" not in said
    return ran


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_logs(log: Path, tmp_path: Path, cli: Callable[..., Any], as_json: bool) -> None:
    more = ["--json"] if as_json else []
    other = tmp_path / f"other{PAYLOAD.replace(chr(0), '')}"
    shutil.copytree(log.parent, other)
    [copy] = other.glob("samples_*")
    copy.write_bytes(copy.read_bytes().replace(b'"2"', b'"1"'))
    for arguments in (
        ["score", log, "--by", "doc.question", "--by", "answer"],
        ["score", log, "--where", "doc.question", "--check"],
        ["score", log, "--verify-hashes"],
        ["score", other, "--by", "doc.question", "--wide"],
        ["score", log, "--extract", f"n=({re.escape(PAYLOAD)[:9]}"],
        ["show", log, "--full"],
        ["show", log, "--ids", "nosuch" + PAYLOAD],
        ["compare", log, other, "--flips", "5"],
    ):
        assert checked(cli, *arguments, *([] if "--wide" in arguments else more)).code in (0, 1, 2, 3)


def test_json_stays_json_and_means_the_same(log: Path, cli: Callable[..., Any]) -> None:
    shown = [json.loads(line) for line in checked(cli, "show", log, "--json").out.splitlines()]
    assert shown[0]["answers"] == ["1" + PAYLOAD]
    assert shown[1]["sample_id"] == "b" + PAYLOAD
    layout = json.loads(checked(cli, "score", log, "--json").out)
    assert len(layout["malformed"]) == 2


def test_tables_columns_and_paths(tmp_path: Path, cli: Callable[..., Any]) -> None:
    rows = [{"id": f"{n}{PAYLOAD}", "answer": f"a{PAYLOAD}", "expected": "4", "c" + PAYLOAD: n} for n in range(2)]
    folder = tmp_path / f"d{PAYLOAD.replace(chr(0), '')}"
    folder.mkdir()
    path = write(folder / "t.jsonl", rows)
    for arguments in (
        ["score", path, "--metric", "exact_match", "--by", "answer"],
        ["score", path, "--answer", "nosuch" + PAYLOAD, "--metric", "exact_match"],
        ["score", path, "--metric", "nosuch" + PAYLOAD],
        ["score", path, "--where", "doc.nosuch == '" + PAYLOAD + "'", "--metric", "exact_match"],
        ["score", path, "--where", "(" + PAYLOAD],
        ["score", folder / ("nosuch" + PAYLOAD.replace("\0", ""))],
        ["score", path, "--filters", folder / "nosuch.yaml"],
        ["score", path, "--task", "nosuch" + PAYLOAD],
        ["show", path, "--metric", "exact_match"],
        ["formats", path],
        ["detect", path],
        ["detect", path, "--json"],
        ["convert", path, "-o", tmp_path / "out.jsonl"],
        ["nosuch" + PAYLOAD],
        ["score", path, "--nosuch" + PAYLOAD],
        ["runs", "--workspace", folder],
    ):
        assert checked(cli, *arguments).code in (0, 1, 2, 3)


def test_chat(tmp_path: Path, cli: Callable[..., Any]) -> None:
    rows = [{"messages": [{"role": role, "content": PAYLOAD}]} for role in ("user", "assist" + PAYLOAD)]
    path = write(tmp_path / "chat.jsonl", [*rows, {"messages": PAYLOAD}])
    for arguments in (["detect", path], ["convert", path, "-o", tmp_path / "o.jsonl"], ["convert", path, "-o", "-"]):
        checked(cli, *arguments, *(["--roles", "assist=assistant"] if "-" in arguments else []))


def test_cards(tmp_path: Path, examples: Path, cli: Callable[..., Any]) -> None:
    shutil.copytree(examples / "card", tmp_path / "card")
    card = tmp_path / "card" / "card.yaml"
    questions = tmp_path / "card" / "questions.csv"
    text = questions.read_text(encoding="utf-8").split("\n", 2)
    questions.write_text("\n".join((text[0], text[1].replace(",", PAYLOAD.replace("\r", "") + ",", 2), text[2])))
    for arguments in (
        ["card", "show", card],
        ["card", "show", card, "--json"],
        ["card", "run", card],
        ["card", "check", card],
        ["run", card, "--model", "nosuch" + PAYLOAD, "--dry-run", "--workspace", tmp_path / "w"],
    ):
        checked(cli, *arguments)
    card.write_text(
        card.read_text(encoding="utf-8").replace("load_csv", '"load_' + PAYLOAD.encode("unicode_escape").decode() + '"')
    )
    for arguments in (["card", "check", card], ["card", "run", card]):
        assert checked(cli, *arguments).code in (1, 2)


def test_errors_of_every_kind(monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Any]) -> None:
    from regrade.cli import formats

    def raising(error: Exception) -> Callable[..., int]:
        def run(_: Any) -> int:
            raise error

        return run

    for error in (InputError("what " + PAYLOAD, where=PAYLOAD, hint=PAYLOAD), OSError(2, "no " + PAYLOAD, PAYLOAD)):
        monkeypatch.setattr(formats, "run", raising(error))
        assert checked(cli, "formats").code == Exit.ERROR
    monkeypatch.setattr(formats, "run", raising(ZeroDivisionError(PAYLOAD)))
    ran = cli("formats")
    assert ran.code == Exit.ERROR
    assert not STEERS.search(ran.err)
    assert ran.err.startswith("regrade: internal error: ZeroDivisionError: ")
    assert "please report" in ran.err
    assert "Traceback" not in ran.err
    monkeypatch.setenv("REGRADE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        regrade.cli.main(["formats"])


def test_what_is_escaped_and_what_stays() -> None:
    assert printable("a\x1b[31m\tb\nc\x9b\x7f\u202e") == "a\\x1b[31m\tb\nc\\u009b\\u007f\\u202e"
    assert escape("\x1b[31mred\x1b[0m \x1b[2J\x1b[38;5;1m", styles=True) == "\x1b[31mred\x1b[0m \\x1b[2J\\x1b[38;5;1m"
    assert printable("日本 é \u00a0 \u200d👩‍👧") == "日本 é \u00a0 \u200d👩‍👧"
    assert json.loads(printable(json.dumps("\x9b\u202e", ensure_ascii=False))) == "\x9b\u202e"
    assert table(["a"], [["x\ny\x1b"]]).splitlines()[1] == "x\\ny\\x1b"
