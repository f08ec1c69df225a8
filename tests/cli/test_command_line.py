"""The command line: its options, exit codes and messages."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.cli import COMMANDS, main
from regrade.errors import RegradeError

HARNESS = importlib.util.find_spec("lm_eval") is not None
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def log(logs: Any) -> Path:
    logs.results(n=4)
    rows = logs.rows(["1", "0", "the answer is 1", "x"])
    for row, level in zip(rows, (1, 1, 2, 2), strict=True):
        row["doc"]["level"] = level
    path: Path = logs.write(rows)
    return path


def help_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The help of a command and of its commands."""
    capsys.readouterr()
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    for inner in re.findall(r"^    ([a-z]+)  ", text.partition("\n  COMMAND\n")[2], re.MULTILINE):
        assert main([command, inner, "--help"]) == 0
        text += capsys.readouterr().out
    return text


def documented() -> str:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples" / "demo.sh"]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages if "_build" not in page.parts)


# -- help --------------------------------------------------------------------------------------------------------------


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], []):
        assert main(arguments) == 0
        out = capsys.readouterr().out
        assert all(re.search(rf"^ +{name} ", out, re.MULTILINE) for name in COMMANDS)


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"regrade {regrade.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_in_the_docs_use_options_that_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(command, capsys)
    listed = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text))
    lines = re.findall(rf"(?:regrade|\{{regrade\}}) {command} ([^\n`]*)", documented(), re.MULTILINE)
    commands = [line for line in lines if re.search(r"(?<![\w-])--[a-z]", line)]
    used = {option for line in commands for option in re.findall(r"(?<![\w'\"-])--[a-z][\w-]*", line)} - {"--help"}
    assert used <= listed


def test_every_option_in_the_docs_is_one_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    listed = {
        option for name in COMMANDS for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", help_of(name, capsys))
    } | {"--help", "--version", "--debug"}
    named = set(re.findall(r"`(--[a-z][\w-]*)", documented()))
    of_others = {"--log_samples", "--output_path", "--predict_only", "--log"}
    assert named - of_others <= listed, "an option that the documentation names does not exist"


def test_every_option_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """The reference page is generated from the help; a guide, too, has to say what an option is for."""
    text = documented()
    listed = {option for name in COMMANDS for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", help_of(name, capsys))}
    missing = {option for option in listed if option not in text} - {"--help"}
    assert not missing


def test_the_issues_commands_have_their_options(capsys: pytest.CaptureFixture[str]) -> None:
    score = help_of("score", capsys)
    options = (
        "where filters by extract metric task check expected answer json out limit seed workers engine ray-address "
        "compat cluster verify-hashes trust-code strict fail-under"
    )
    for option in [f"--{name}" for name in options.split(" ")]:
        assert option in score
    assert "--metric" in help_of("compare", capsys)
    for option in ("--failed", "--limit"):
        assert option in help_of("show", capsys)


def test_help_holds_no_doubled_percent_sign(capsys: pytest.CaptureFixture[str]) -> None:
    assert [name for name in COMMANDS if "%%" in help_of(name, capsys)] == []


def test_columns_with_commas_are_told_apart(tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "t.csv").write_text('No.,"Answer, A",Gold\n1,x,x\n')
    assert 'the columns are No., "Answer, A", Gold\n' in cli("score", tmp_path / "t.csv").err


# -- wrong usage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scor"], "did you mean score?"),
        (
            ["score", "{log}", "--metrik", "f1"],
            "regrade score: unrecognized arguments: --metrik f1 [usage]\n  did you mean --metric?",
        ),
        (["convert", "{log}", "-o", "x", "--on-bad", "dorp"], "did you mean drop?"),
        (["score", "{log}", "--by", "doc.A/B"], 'doc["the name"]'),
        (["score", "{log}", "--extract", r"x=(\d+"], r"in '(\d+'"),
        (["score"], "PATH"),
        (["score", "{log}", "--nonsense"], "--nonsense"),
        (["score", "{log}", "--limit", "0"], "--limit 0: must be at least 1"),
        (["score", "{log}", "--limit", "many"], "--limit"),
        (["score", "{log}", "--level", "95"], "--level 95.0: must be between 0 and 1"),
        (["score", "{log}", "--workers", "0"], "--workers 0: must be at least 1"),
        (["score", "{log}", "--fail-under", "exact_match"], "--fail-under exact_match: is no METRIC=VALUE"),
        (["score", "{log}", "--fail-under", "exact_match=nan"], "--fail-under exact_match=nan: is no METRIC=VALUE"),
        (["agree", "{log}", "{log}", "--fail-under", "nan"], "--fail-under nan: must be between 0 and 1"),
        (["score", "{log}", "--where", ""], "--where '': is empty"),
        (["score", "{log}", "--by", " "], "--by ' ': is empty"),
        (["compare", "{log}", "{log}", "--cluster", ""], "--cluster '': is empty"),
        (["score", "{log}", "--compat", ""], "--compat '': is empty"),
        (["score", "{log}", "--fail-under", "nonsense=0.5"], "names no metric that was scored"),
        (["score", "{log}", "--metric", "exact_match:ignore_case"], "'ignore_case' is no argument"),
        (["score", "{log}", "--where", "doc.nothing == 1"], "names a field that no sample has"),
        (["score", "{log}", "--extract", "no equals sign"], "--extract"),
        (["score", "{log}", "--extract", "broken=("], "broken is no regular expression: missing )"),
        (["score", "{log}", "--time-limit", "-1"], "--time-limit"),
        (["score", "{log}", "--bootstrap-iters", "-1"], "--bootstrap-iters"),
        (["score", "{log}", "--ray-address", "somewhere"], "--engine ray"),
        (["compare", "{log}"], "B"),
        (["compare", "{log}", "{log}", "--filter", "nonsense"], "no pipeline is named 'nonsense'"),
        (["compare", "{log}", "{log}", "--flips", "-1"], "--flips"),
        (["show", "{log}", "--filter", "nonsense"], "no pipeline is named 'nonsense'"),
    ],
)
def test_wrong_usage(log: Path, cli: Callable[..., Any], arguments: list[str], message: str) -> None:
    ran = cli(*(argument.format(log=log) for argument in arguments))
    assert ran.code == 2
    assert ran.out == ""
    assert message in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["--metric", "exact_mach"], ["no metric is named 'exact_mach'", "did you mean exact_match?"]),
        (["--task", "no_such_task_at_all"], ["no_such_task_at_all" if HARNESS else "lm-eval package"]),
        (["--task", "{folder}/missing.yaml"], ["missing.yaml"]),
        (["--filters", "{folder}/missing.yaml"], ["missing.yaml"]),
        (["--filters", "{folder}/unknown.yaml"], ["no filter is named 'regexp'", "did you mean regex"]),
        (["--filters", "{folder}/wrong.yaml"], ["wrong.yaml"]),
        (["--engine", "nonsense"], ["no engine is named 'nonsense'"]),
        (["--reader", "nonsense"], ["no reader is named 'nonsense'"]),
        (["--metric", "exact_match:nonsense=1"], ["exact_match", "nonsense"]),
    ],
)
def test_names_that_nothing_has(
    log: Path, tmp_path: Path, cli: Callable[..., Any], arguments: list[str], messages: list[str]
) -> None:
    unknown = "- name: a\n  filter:\n    - function: regexp\n"
    (tmp_path / "unknown.yaml").write_text(unknown, encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text("just a text", encoding="utf-8")
    ran = cli("score", log, *(argument.format(folder=tmp_path) for argument in arguments))
    assert ran.code in (1, 2)
    assert ran.out == ""
    for message in messages:
        assert message in ran.err
    assert ran.err.startswith("regrade: ")
    assert "Traceback" not in ran.err


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    for arguments in (["--debug", "score"], ["score", "--debug"]):
        with pytest.raises(RegradeError):
            main([*arguments, str(tmp_path / "nothing")])


# -- exit codes --------------------------------------------------------------------------------------------------------


def test_done(log: Path, cli: Callable[..., Any]) -> None:
    ran = cli("score", log)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        ("exact_match=0.25", 0),
        ("exact_match=0.26", 100),
        ("exact_match,none=0.25", 0),
        ("exact_match,none=1", 100),
    ],
)
def test_gates(log: Path, cli: Callable[..., Any], gate: str, code: int) -> None:
    ran = cli("score", log, "--fail-under", gate)
    assert ran.code == code
    assert "0.2500" in ran.out
    if code:
        assert f"gate missed: {gate.partition('=')[0]}" in ran.err


def test_a_gate_on_a_metric_of_which_less_is_better(logs: Any, cli: Callable[..., Any]) -> None:
    config = logs.config(
        output_type="loglikelihood_rolling",
        doc_to_text="",
        doc_to_target="{{text}}",
        metric_list=[{"metric": "bits_per_byte", "aggregation": "bits_per_byte", "higher_is_better": False}],
    )
    logs.results({"pages": {}}, configs={"pages": config})
    logs.write([logs.row(0, "", doc={"text": "ab"}, target="ab", resps=[["-2.0"]], metrics=["bits_per_byte"])], "pages")
    # 2 nats over 2 bytes: 1 / ln 2 = 1.4427 bits per byte
    assert cli("score", logs.folder, "--fail-under", "bits_per_byte=1.5").code == 0
    assert cli("score", logs.folder, "--fail-under", "bits_per_byte=1.4").code == 100


def test_a_gate_on_a_value_that_is_not_to_be_had_is_missed(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write(logs.rows(["1"]))
    ran = cli("score", path, "--where", "doc.answer == 'none such'", "--fail-under", "exact_match=0.0")
    assert ran.code == 3
    assert "no sample meets --where" in ran.err


# -- what is printed ---------------------------------------------------------------------------------------------------


def test_the_table(log: Path, cli: Callable[..., Any]) -> None:
    header, row, *_ = cli("score", log).out.splitlines()
    for column in ("task", "filter", "metric", "value", "± stderr", "95% interval", "n", "unparsed", "malformed"):
        assert column in header
    # 1 of 4 right; stderr sqrt(.25 * .75 / 3); Wilson's interval of 1 in 4
    assert re.match(r"sums +none +exact_match +0\.2500 +± 0\.2500 +0\.0456 – 0\.6994 +4\b", row)


def test_by_and_limit_and_where_combine(log: Path, cli: Callable[..., Any]) -> None:
    ran = cli("score", log, "--json", "--by", "doc.level", "--where", "doc_id != 0", "--limit", "2")
    found = json.loads(ran.out)
    assert found["results"]["sums"]["sample_len"] == 2
    assert [(group["by"]["doc.level"], group["n"]["exact_match,none"]) for group in found["by"]["sums"]] == [
        (1, 1),
        (2, 1),
    ]
    assert found["options"]["limit"] == 2


def test_a_limit_is_said(log: Path, cli: Callable[..., Any]) -> None:
    ran = cli("score", log, "--limit", "2")
    assert ran.code == 0
    assert "only the first 2 samples (--limit)" in ran.out
    assert "--limit" not in cli("score", log, "--limit", "4").out


def test_extract_and_metric(log: Path, cli: Callable[..., Any]) -> None:
    extract = ["--extract", r"mine=answer is (\d)", "--extract", "any=([01])"]
    ran = cli("score", log, "--json", *extract, "--metric", "exact_match")
    found = json.loads(ran.out)["results"]["sums"]
    assert (found["exact_match,mine"], found["exact_match,any"]) == (0.25, 0.5)


def test_arguments_of_metrics(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write(logs.rows(["YES", "no.", "Yes"], ["yes", "no", "no"]))
    for metric, value in (
        ("exact_match", 0.0),
        ("exact_match:ignore_case=true", 1 / 3),
        ("exact_match:ignore_case=true,ignore_punctuation=true", 2 / 3),
        (r"exact_match:regexes_to_ignore=[\., S],ignore_case=true", 1 / 3),  # "no" only
    ):
        found = json.loads(cli("score", path, "--json", "--metric", metric).out)["results"]["sums"]
        assert found["exact_match,none"] == pytest.approx(value), metric


def test_a_plain_table(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = tmp_path / "answers.jsonl"
    rows = [{"expected_answer": e, "generated_answer": g} for e, g in (("4", "4"), ("5", "6"), ("a", "a"))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    arguments = ["--expected", "expected_answer", "--answer", "generated_answer", "--metric", "exact_match"]
    ran = cli("score", path, *arguments, "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["results"]["answers"]["exact_match,none"] == pytest.approx(2 / 3)


def test_formats(log: Path, cli: Callable[..., Any]) -> None:
    ran = cli("formats")
    assert ran.code == 0
    for name in ("lm-eval", "inspect", "alpaca", "helm", "table"):
        assert name in ran.out
    ran = cli("formats", log)
    assert ran.code == 0
    assert "lm-eval" in ran.out
    assert "doc_id" in ran.out
    (log.parent / "noise").write_bytes(bytes(range(256)))
    assert cli("formats", log.parent / "noise").code == 1


def test_show(log: Path, cli: Callable[..., Any]) -> None:
    ran = cli("show", log, "--failed", "--limit", "1")
    assert ran.code == 0
    assert f"sums  sample 1  ({log}:2)" in ran.out
    assert "sample 2" not in ran.out
    ran = cli("show", log, "--ids", "0,3", "--json")
    cards = [json.loads(line) for line in ran.out.splitlines()]
    assert [card["sample_id"] for card in cards] == [0, 3]
    assert cards[1]["answers"] == ["x"]
    none = cli("show", log, "--errors")
    assert (none.code, "no sample meets" in none.out) == (3, True)


def test_show_says_how_many_more_there_are(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write(logs.rows(["0"] * 13 + ["1"]))
    ran = cli("show", path, "--failed")
    assert (ran.code, ran.out.count("model says")) == (0, 10)
    assert ran.out.endswith("... and 3 more of 13; --limit N shows more\n")
    ran = cli("show", path, "--failed", "--json")
    assert (len(ran.out.splitlines()), "3 more of 13" in ran.err) == (10, True)
    assert "more of" not in cli("show", path, "--failed", "--limit", "13").out


def test_show_does_not_pass_control_characters_to_the_terminal(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write(logs.rows(["\x1b]0;owned\x07\x1b[2Jred\tend"]))
    out = cli("show", path).out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "owned" in out


def test_json_is_json_and_nothing_else(log: Path, cli: Callable[..., Any]) -> None:
    for arguments in (["score", log], ["score", log, "--check"], ["compare", log, log]):
        ran = cli(*arguments, "--json")
        assert isinstance(json.loads(ran.out), dict)
        assert ran.err == ""


def test_help_imports_little() -> None:
    """What ``--help`` imports decides how long it takes; none of the heavy packages is needed for it."""
    script = (
        "import sys; from regrade.cli import main; main(['--help']); main(['score', '--help']);"
        "heavy = {'numpy', 'pyarrow', 'scipy', 'rich', 'jinja2', 'msgspec', 'polars', 'pandas', 'yaml', 'ray'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


# -- the README's examples ---------------------------------------------------------------------------------------------


def commands_of_the_readme() -> list[str]:
    return re.findall(r"^\$ regrade (.*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_numbers_that_the_readme_shows(examples: Path, cli: Callable[..., Any]) -> None:
    """The recorded values of the example's own results files, as the harness wrote them."""
    found = json.loads(cli("score", examples / "results", "--json").out)["results"]
    recorded = {}
    for path in sorted(examples.glob("results/*/results_*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        recorded[path.parent.name] = content["results"]["word_problems"]
    assert len(found) == 2
    for key, values in found.items():
        [model] = [name for name in recorded if name in key]
        for name, value in values.items():
            if "," in name:
                assert value == pytest.approx(recorded[model][name], rel=1e-12), name


def test_the_readme_has_three_commands_that_run(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    monkeypatch.chdir(ROOT)
    commands = commands_of_the_readme()
    assert [command.split()[0] for command in commands] == ["score", "score", "compare"]
    for command in commands:
        assert cli(*shlex.split(command)).code == 0


def test_the_bundled_example_passes_its_check(examples: Path, cli: Callable[..., Any]) -> None:
    for folder in ("results", "results_choices"):
        ran = cli("score", examples / folder, "--check", "--verify-hashes")
        assert ran.code == 0, ran.out
        assert "different" not in ran.out


COLUMNS = "--expected expected --answer answer --metric exact_match"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (f"score {{table}} {COLUMNS} --json", 0),
        (f"score {{table}} {COLUMNS} --by doc.topic", 0),
        (f"show {{table}} {COLUMNS} --json", 0),
        ("score {folder}/fehlt-ä.csv", 1),
    ],
)
@pytest.mark.parametrize("encoding", ["ascii", "utf-16"])
def test_output_into_a_file_is_utf_8_whatever_the_locale(
    tmp_path: Path, arguments: str, code: int, encoding: str
) -> None:
    table = tmp_path / "größe.csv"
    table.write_text("id,topic,expected,answer\n1,日本語,ä,ä\n2,naïve,ß,ss\n", encoding="utf-8")
    command = [sys.executable, "-m", "regrade", *arguments.format(table=table, folder=tmp_path).split()]
    ran = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True, check=False)
    assert ran.returncode == code, ran.stderr
    text = (ran.stdout + ran.stderr).decode("utf-8")
    assert "ä" in text or "größe" in text
    assert "\\x" not in text
    if arguments.startswith("score") and "--json" in arguments:
        assert json.loads(ran.stdout)


@pytest.mark.skipif(os.name != "posix", reason="streams are closed by a shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_streams_that_the_caller_closed(tmp_path: Path, closed: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"s": 1}\n', encoding="utf-8")
    line = f'"$0" -m regrade score "$1" --score s --out "$2" {closed}'
    ran = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, path, tmp_path / "out"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["results"]["t"]["s,none"] == 1
    assert ("1.0000" in ran.stdout) == (not closed.startswith(">"))
