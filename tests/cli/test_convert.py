"""``regrade convert`` and ``regrade detect``: what is said, where, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regrade.cli import main
from regrade.cli.convert import parse_size
from regrade.errors import UsageError

Said = tuple[int, str, str]
Command = Callable[..., Said]


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    """Run a command: its exit code and what it said on standard output and standard error."""

    def run(*arguments: str | Path) -> Said:
        code = main([str(one) for one in arguments])
        said = capfd.readouterr()
        return code, said.out, said.err

    return run


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    turns = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
    return lines(tmp_path / "chats.jsonl", [{"conversations": turns, "n": n} for n in range(30)])


@pytest.fixture
def dirty(tmp_path: Path, chats: Path) -> Path:
    path = tmp_path / "dirty.jsonl"
    path.write_text(
        chats.read_text() + '{"conversations": []}\nnot JSON\n{"conversations": [{"from": "Who", "value": "x"}]}\n'
    )
    return path


def test_says_what_it_takes_each_input_for(command: Command, chats: Path, tmp_path: Path) -> None:
    pairs = lines(tmp_path / "pairs.jsonl", [{"prompt": "p", "completion": "c"}] * 3)
    code, out, err = command("convert", chats, pairs, "-o", tmp_path / "out.jsonl")
    assert (code, out) == (0, "")
    said = err.splitlines()
    assert said[0] == f"{chats}: sharegpt: every row has `conversations` of from and value (all 30 rows)"
    assert said[1].startswith(f"{pairs}: prompt-completion: every row has")
    assert said[2] == f"33 rows written to {tmp_path / 'out.jsonl'}"
    assert said[3] == "33 rows read, 33 converted (30 sharegpt, 3 prompt-completion), 66 turns, 0 tool calls"


def test_bad_rows_end_with_3_and_are_listed(command: Command, dirty: Path, tmp_path: Path) -> None:
    code, _, err = command("convert", dirty, "-o", tmp_path / "out.jsonl")
    assert code == 3
    assert f"3 rows put into {tmp_path / 'out.jsonl'}.quarantine.jsonl:" in err
    assert f"{dirty}:31" in err
    assert "the conversation is empty" in err
    assert '--roles "Who=user"' in err
    code, _, err = command("convert", dirty, "-o", tmp_path / "out.jsonl", "--on-bad", "drop")
    assert code == 3
    assert "3 rows left out:" in err
    assert not (tmp_path / "out.jsonl.quarantine.jsonl").exists()


@pytest.mark.parametrize("option", [["--strict"], ["--on-bad", "error"]])
def test_strict_ends_with_1(command: Command, dirty: Path, tmp_path: Path, option: list[str]) -> None:
    code, _, err = command("convert", dirty, "-o", tmp_path / "out.jsonl", *option)
    assert code == 1
    assert err.endswith(f"regrade: {dirty}:31: the conversation is empty [input]\n")
    assert not (tmp_path / "out.jsonl").exists()


def test_counts_for_machines(command: Command, dirty: Path, tmp_path: Path) -> None:
    code, out, _ = command("convert", dirty, "-o", tmp_path / "out.jsonl", "--json")
    said = json.loads(out)
    assert code == 3
    assert said["rows"] == 30
    assert said["outputs"] == [str(tmp_path / "out.jsonl")]
    assert said["total"]["formats"] == {"sharegpt": 30}
    assert said["total"]["reasons"]["the conversation is empty"] == {
        "kind": "the conversation is empty",
        "rows": 1,
        "file": str(dirty),
        "line": 31,
        "example": "the conversation is empty",
        "hint": None,
    }
    assert said["sources"][0]["detection"]["format"] == "sharegpt"


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "arrow"])
def test_pipes(chats: Path, tmp_path: Path, kind: str) -> None:
    arguments = [sys.executable, "-m", "regrade", "convert", "-", "-o", "-", "--output-format", kind]
    with chats.open("rb") as file:
        done = subprocess.run(arguments, stdin=file, capture_output=True, check=True)
    assert b"standard input: sharegpt" in done.stderr
    assert b"30 rows written to standard output" in done.stderr
    piped = tmp_path / f"piped.{kind}"
    piped.write_bytes(done.stdout)
    assert main(["convert", str(piped), "-o", str(tmp_path / "again.jsonl")]) == 0
    assert main(["convert", str(chats), "-o", str(tmp_path / "straight.jsonl")]) == 0
    assert (tmp_path / "again.jsonl").read_text() == (tmp_path / "straight.jsonl").read_text()


def test_mappings(command: Command, tmp_path: Path) -> None:
    data = lines(
        tmp_path / "data.jsonl", [{"talk": [{"who": "visitor", "says": "q"}, {"who": "bot", "says": "a"}]}] * 9
    )
    options = ["--columns", "messages=talk,role=who,content=says", "--roles", "visitor=user"]
    assert command("convert", data, "-o", tmp_path / "a.jsonl", *options)[0] == 0
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("columns: {messages: talk, role: who, content: says}\nroles: {visitor: user}\n")
    assert command("convert", data, "-o", tmp_path / "b.jsonl", "--mapping", mapping)[0] == 0
    assert (tmp_path / "a.jsonl").read_text() == (tmp_path / "b.jsonl").read_text()
    code, _, err = command("convert", data, "-o", tmp_path / "c.jsonl", "--mapping", mapping, *options)
    assert (code, "not in both" in err) == (2, True)


def test_a_dataset_info_that_is_named(command: Command, tmp_path: Path) -> None:
    data = lines(tmp_path / "data.json", ['[{"q": "one", "a": "two"}]'])
    info = tmp_path / "info" / "dataset_info.json"
    info.parent.mkdir()
    info.write_text(json.dumps({"x": {"file_name": "data.json", "columns": {"prompt": "q", "response": "a"}}}))
    assert command("convert", data, "-o", tmp_path / "out.jsonl", "--mapping", info)[0] == 0
    assert json.loads((tmp_path / "out.jsonl").read_text())["messages"][1] == {"role": "assistant", "content": "two"}
    other = lines(tmp_path / "other.jsonl", [{"q": "one", "a": "two"}])
    code, _, err = command("convert", other, "-o", tmp_path / "out.jsonl", "--mapping", info)
    assert (code, "describes none of the inputs" in err) == (2, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--to", "nonsense"], "--to nonsense: cannot be written"),
        (["--limit", "0"], "--limit 0: must be at least 1"),
        (["--workers", "0"], "--workers 0: must be at least 1"),
        (["--shard-size", "big"], "--shard-size big: is no size"),
        (["--columns", "nonsense=x"], "nothing that a column can hold"),
        (["--roles", "x=nonsense"], "that is no role"),
        (["--output-format", "xml"], "--output-format xml: is no kind of output"),
        (["--on-bad", "ignore"], "invalid choice"),
    ],
)
def test_wrong_usage_ends_with_2(
    command: Command, chats: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    code, _, err = command("convert", chats, "-o", tmp_path / "out.jsonl", *options)
    assert code == 2
    assert message in err
    assert not (tmp_path / "out.jsonl").exists()


def test_what_cannot_be_told_ends_with_1_and_names_the_option(command: Command, tmp_path: Path) -> None:
    data = lines(tmp_path / "data.jsonl", [{"conversations": [{"from": "Customer", "value": "x"}]}] * 5)
    for name in ("convert", "detect"):
        code, out, err = command(name, data, *(["-o", tmp_path / "out.jsonl"] if name == "convert" else []))
        assert code == 1
        assert "unknown role 'Customer'" in out + err
        assert "--roles" in out + err


def test_detect_looks_at_every_row(command: Command, dirty: Path) -> None:
    code, out, _ = command("detect", dirty)
    assert code == 3
    assert "sharegpt: " in out
    assert "33 rows looked at: 30 fit, 3 do not" in out
    assert "roles: human, gpt, Who" in out
    assert "   1     31  the conversation is empty" in out
    assert command("detect", dirty, "--strict")[0] == 1


def test_detect_a_sample(command: Command, chats: Path) -> None:
    code, out, _ = command("detect", chats, "--sample", "10")
    assert code == 0
    assert "10 rows looked at, spread through the file: 10 fit, 0 do not" in out


def test_detect_for_machines(command: Command, dirty: Path, chats: Path) -> None:
    code, out, _ = command("detect", dirty, chats, "--json")
    assert code == 3
    first, second = json.loads(out)
    assert first["counts"]["converted"] == second["counts"]["converted"] == 30
    assert first["counts"]["reasons"]["malformed: not valid JSON"]["line"] == 32
    assert second["whole"]


def test_detect_writes_nothing(command: Command, dirty: Path) -> None:
    before = sorted(dirty.parent.iterdir())
    command("detect", dirty)
    assert sorted(dirty.parent.iterdir()) == before


def test_nothing_steers_the_terminal(command: Command, tmp_path: Path) -> None:
    path = lines(tmp_path / "x.jsonl", [{"conversations": [{"from": "\x1b[31mred", "value": "x"}]}] * 3)
    _, out, err = command("detect", path)
    assert "\x1b" not in out + err
    path = lines(tmp_path / "y.jsonl", [{"prompt": "p", "completion": "c"}] * 99 + [{"\x1b[2J": 1}])
    _, out, err = command("convert", path, "-o", tmp_path / "out.jsonl")
    assert "\x1b" not in out + err


@pytest.mark.parametrize(("text", "size"), [("10", 10), ("1kB", 1000), ("1.5 MiB", 1572864), ("2G", 2 * 10**9)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text, "--x") == size


def test_what_is_no_size() -> None:
    with pytest.raises(UsageError, match="--x many: is no size"):
        parse_size("many", "--x")


def test_pandas_is_left_out(chats: Path, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    script = (
        "import sys; from regrade.cli import main; code = main(sys.argv[1:]); "
        "assert 'pyarrow' in sys.modules and 'pandas' not in sys.modules; sys.exit(code)"
    )
    arguments = [sys.executable, "-c", script, "convert", str(chats), "-o", str(tmp_path / "out.parquet")]
    subprocess.run(arguments, check=True, capture_output=True)
