"""Input as it should not be: what is wrong is said with file and line, and nothing else is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.errors import InputError


@pytest.fixture
def layout(cli: Callable[..., Any]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Run ``regrade score ... --json`` and give the exit code and what it printed."""

    def run(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
        ran = cli("score", *arguments, "--json")
        assert "Traceback" not in ran.err
        return ran.code, json.loads(ran.out)

    return run


GOOD = 3  # rows 0, 1, 2: right, wrong, right


def good(logs: Any) -> list[dict[str, Any]]:
    return list(logs.rows(["1", "0", "1"]))


def value_and_n(layout: dict[str, Any]) -> tuple[float, int]:
    [values] = layout["results"].values()
    return values["exact_match,none"], values["sample_len"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"doc_id": 9, "doc": {"question": "q', "not valid JSON: it breaks off"),
        ('{"doc_id": 9,, "doc": {}}', "not valid JSON"),
        ("[1, 2]", "a row must be an object, this is an array"),
        ('"a text"', "a row must be an object, this is a string"),
        ("null", "a row must be an object, this is null"),
        ("17", "a row must be an object, this is a number"),
        ('{"doc": {}, "resps": [["1"]]}', "the row has no doc_id"),
        ('{"doc_id": 9, "doc": {}}', "the row has no resps"),
        ('{"doc_id": 9, "doc": {}, "resps": "1"}', "resps cannot be read"),
        ('{"doc_id": 9, "doc": {}, "resps": 1}', "resps cannot be read"),
        (b'{"doc_id": 9, "doc": {"answer": "\xff\xfe"}, "resps": [["1"]]}', "not valid UTF-8"),
        (b'{"doc_id": 9, "doc": {}, "resps": [["1"]], "arguments": "\xc3"}', "not valid UTF-8"),
        ("[" * 200_000, "not readable JSON: nested too deeply"),
        ("\x00\x00\x00", "not valid JSON"),
    ],
)
@pytest.mark.parametrize("place", [1, 3], ids=["in the middle", "last"])
def test_a_malformed_row_is_set_aside_and_named(
    logs: Any, layout: Callable[..., Any], bad: str | bytes, reason: str, place: int
) -> None:
    logs.results()
    rows: list[Any] = good(logs)
    rows.insert(place, bad)
    path = logs.write(rows)
    if place == 3:
        path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    code, found = layout(path)
    assert code == 3
    assert value_and_n(found) == (2 / 3, GOOD)
    [malformed] = found["malformed"]
    assert (malformed["file"], malformed["line"]) == (str(path), place + 1)
    assert malformed["reason"].startswith(reason)


def test_a_malformed_first_row(logs: Any, layout: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write(["{oops", *good(logs)])
    code, found = layout(logs.folder)
    assert (code, value_and_n(found)) == (3, (2 / 3, GOOD))
    assert [row["line"] for row in found["malformed"]] == [1]
    assert found["malformed"][0]["file"] == str(path)


def test_the_message_names_file_and_line(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write([*good(logs), '{"doc_id": 3, "doc'])
    ran = cli("score", path)
    assert ran.code == 3
    assert f"1 malformed row, first {path}:4: not valid JSON: it breaks off" in ran.out


def test_strict_stops_at_the_first_malformed_row(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write([*good(logs), "{oops", "{again"])
    ran = cli("score", path, "--strict")
    assert (ran.code, ran.out) == (1, "")
    assert f"{path}:4: not valid JSON" in ran.err


@pytest.mark.parametrize("chunk_bytes", ["300", "8000000"])
def test_lines_are_counted_through_chunks(logs: Any, cli: Callable[..., Any], chunk_bytes: str) -> None:
    logs.results()
    rows: list[Any] = logs.rows(["1"] * 20)
    rows.insert(7, "{oops")
    rows.insert(13, "")
    rows.insert(17, "{oops")
    path = logs.write(rows)
    ran = cli("score", path, "--json", "--chunk-bytes", chunk_bytes)
    assert [row["line"] for row in json.loads(ran.out)["malformed"]] == [8, 18]


def test_a_doc_that_is_a_text_costs_its_row_only(logs: Any, layout: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write([*good(logs), logs.row(3, "1", doc="question: what? answer: 1")])
    code, found = layout(path)
    assert code == 3
    assert value_and_n(found) == (0.5, 4)  # two right of four: the row stays in the denominator
    counts = found["counts"]["sums"]["by_metric"]["exact_match,none"]
    assert counts == {"n": 4, "scored": 3, "unparsed": 0, "failed": 1, "timed_out": 0}
    [failure] = found["failures"]
    assert (failure["line"], failure["sample_id"]) == (4, 3)
    assert "needs a document with fields" in failure["reason"]


def test_a_doc_that_is_a_text_in_the_first_row(logs: Any, layout: Callable[..., Any]) -> None:
    logs.results()
    code, found = layout(logs.write([logs.row(9, "1", doc="text"), *good(logs)]))
    assert (code, value_and_n(found)) == (3, (0.5, 4))


def test_expressions_over_a_doc_that_is_a_text(logs: Any, layout: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write([*good(logs), logs.row(3, "1", doc="text")])
    code, found = layout(path, "--where", "doc.answer == '1'", "--by", "doc.question")
    assert code == 3
    assert found["counts"]["sums"]["without_field"] == 1
    assert value_and_n(found) == (2 / 3, 3)
    code, found = layout(path, "--by", "doc.answer")
    assert [(group["by"], group["n"]["exact_match,none"]) for group in found["by"]["sums"]] == [
        ({"doc.answer": "(missing)"}, 1),
        ({"doc.answer": "1"}, 3),
    ]


def test_mixed_tasks_in_a_file_are_told_apart(logs: Any, layout: Callable[..., Any]) -> None:
    logs.results()
    others = [
        {**row, "doc": {"question": f"other {row['doc_id']}", "answer": "0"}, "target": "0"} for row in good(logs)
    ]
    _, found = layout(logs.write([*good(logs), *others]))
    assert {name: values["exact_match,none"] for name, values in found["results"].items()} == {
        "sums (documents 1 of 2)": 2 / 3,
        "sums": 1 / 3,
    }
    assert any("line 4 begins other documents under the same ids" in note for note in found["notes"])


def test_an_empty_file(logs: Any, cli: Callable[..., Any]) -> None:
    path = logs.write([])
    ran = cli("score", path)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"regrade: {path}: the file is empty [input]\n"


def test_an_empty_samples_file_is_not_passed_over(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results({"sums": {}, "more": {}}, n=3)
    logs.write(good(logs))
    empty = logs.write([], "more")
    ran = cli("score", logs.folder)
    assert ran.code == 3
    assert empty.name in ran.out + ran.err
    assert "0.6667" in ran.out


def test_a_file_of_blank_lines(logs: Any, cli: Callable[..., Any]) -> None:
    path = logs.write(["", " ", ""])
    ran = cli("score", path)
    assert ran.code == 1
    assert str(path) in ran.err


def test_a_file_of_malformed_rows_only(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write(['{"doc_id": 0, "doc": {"question": "q', '{"doc_id": 1, "doc": {"question": "q'])
    ran = cli("score", path)
    assert ran.code == 3
    assert f"2 malformed rows, first {path}:1" in ran.out


def test_a_folder_without_logs(tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "notes.txt").write_text("nothing here", encoding="utf-8")
    ran = cli("score", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert "no log of a known format below this folder" in ran.err
    assert "regrade formats" in ran.err


def test_no_such_file(tmp_path: Path, cli: Callable[..., Any]) -> None:
    ran = cli("score", tmp_path / "nothing")
    assert (ran.code, ran.out) == (1, "")
    assert f"{tmp_path / 'nothing'}: no such file or folder" in ran.err


def test_a_file_that_is_no_log(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    ran = cli("score", path)
    assert ran.code == 1
    assert f"{path}: the file is of no known format" in ran.err


def test_a_truncated_gzip_keeps_what_stands_before(logs: Any, layout: Callable[..., Any]) -> None:
    import gzip

    logs.results()
    path = logs.write(logs.rows(["1"] * 2000))
    data = gzip.compress(path.read_bytes())
    path.unlink()
    damaged = path.with_name(path.name + ".gz")
    damaged.write_bytes(data[: len(data) // 2])
    code, found = layout(damaged)
    assert code == 3
    [row] = found["malformed"]
    assert "truncated or damaged" in row["reason"]
    value, n = value_and_n(found)
    assert value == 1.0
    assert row["line"] == n + 1
    assert 0 < n < 2000


# -- a line of 100 MB --------------------------------------------------------------------------------------------------

MEASURE = """
import json, re, sys
import regrade
scores = regrade.score(sys.argv[1], keep=False)
[result] = scores.results
peak = re.search(r"VmHWM:\\s*([0-9]+)", open("/proc/self/status").read())
print(json.dumps([result.value, result.n, len(scores.parts[0].malformed), int(peak[1]) // 1024]))
"""  # rusage's peak would be the test process's own, which a child inherits


@pytest.mark.parametrize("where", ["arguments", "answer", "malformed"])
def test_a_line_of_100_megabytes(logs: Any, where: str) -> None:
    logs.results()
    first, _, last = (json.dumps(row).encode() for row in good(logs))
    path = logs.write([first])
    marker = json.dumps(logs.row(1, "1 @@" if where == "answer" else "0", arguments={"a": {"b": "@@"}})).encode()
    before, _, after = marker.rpartition(b"@@") if where != "answer" else marker.partition(b"@@")
    if where == "malformed":
        after = after.replace(b"}", b"")
    with path.open("ab") as file:
        file.write(before)
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(after + b"\n" + last + b"\n")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, check=True, text=True, env=os.environ
    )
    value, n, malformed, megabytes = json.loads(done.stdout)
    assert (value, n, malformed) == ((1.0, 2, 1) if where == "malformed" else (2 / 3, 3, 0))
    assert megabytes < 700  # the line, what is decoded of it, and the program


# -- expressions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--where", "--by", "--cluster"])
@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("level == 5", "there is no 'level'"),
        ("doc.level ==", "is not an expression"),
        ("doc.__class__.__mro__[1].__subclasses__()", "not allowed"),
        ("answer / 2", "fails on sample 0"),
    ],
)
def test_wrong_expressions_are_wrong_usage(
    logs: Any, cli: Callable[..., Any], option: str, expression: str, message: str
) -> None:
    logs.results()
    ran = cli("score", logs.write(good(logs)), option, expression)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert option in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("option", ["--where", "--by", "--cluster"])
def test_an_expression_that_fails_on_one_sample_costs_that_sample(
    tmp_path: Path, cli: Callable[..., Any], option: str
) -> None:
    path = tmp_path / "years.jsonl"
    rows = [("a", "a", 2001), ("b", "b", 2002), ("c", "d", "later"), ("d", "x", 1999)]
    lines = [json.dumps({"id": n, "expected": e, "answer": a, "year": y}) for n, (e, a, y) in enumerate(rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    ran = cli("score", path, option, "doc.year > 2000", "--json")
    assert ran.code == 3
    found = json.loads(ran.out)
    assert found["results"]["years"]["exact_match,none"] == (1.0 if option == "--where" else 0.5)
    assert [bad["line"] for bad in found["unevaluated"]] == [3]
    if option == "--by":
        assert "(cannot be evaluated)" in [one["by"]["doc.year > 2000"] for one in found["by"]["years"]]
    shown = cli("show", path, "--where", "doc.year > 2000")
    assert shown.code == 3
    assert "1 sample left open by an expression" in shown.err


def test_nothing_is_wrong_with_a_zero_where_lower_is_better(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("id,expected,answer\n1,the cat sat,the cat sat\n2,the cat sat,a dog\n", encoding="utf-8")
    assert cli("show", path, "--metric", "ter", "--failed").code == 3
    assert "sample 2" in cli("show", path, "--metric", "exact_match", "--failed").out


def test_where_on_a_field_that_no_sample_has(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write(good(logs))
    ran = cli("score", path, "--where", "doc.levl == 5")
    assert (ran.code, ran.out) == (2, "")
    assert f"{path}: --where 'doc.levl == 5' names a field that no sample has" in ran.err
    assert "fields of doc: question, answer" in ran.err


def test_cluster_on_a_field_that_no_sample_has(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write(good(logs))
    ran = cli("score", path, "--cluster", "doc.story")
    assert (ran.code, ran.out) == (2, "")
    assert f"{path}: --cluster 'doc.story' names a field that no sample has" in ran.err


def test_a_task_among_others_may_lack_a_field(logs: Any, layout: Callable[..., Any]) -> None:
    logs.results({"plain": {}, "levels": {}})
    rows = good(logs)
    for row in rows:
        row["doc"]["level"] = 5
    logs.write(good(logs), "plain")
    logs.write(rows, "levels")
    code, found = layout(logs.folder, "--where", "doc.level == 5")
    assert code == 3
    assert found["results"]["levels"]["exact_match,none"] == pytest.approx(2 / 3)
    assert (found["results"]["plain"]["sample_len"], found["counts"]["plain"]["without_field"]) == (0, 3)


def test_where_on_a_field_that_some_samples_lack(logs: Any, layout: Callable[..., Any]) -> None:
    logs.results(n=3)
    rows = good(logs)
    for row, level in zip(rows, (5, 5, None), strict=True):
        if level:
            row["doc"]["level"] = level
    code, found = layout(logs.write(rows), "--where", "doc.level == 5")
    assert (code, value_and_n(found)) == (3, (0.5, 2))
    counts = found["counts"]["sums"]
    assert (counts["samples"], counts["selected"], counts["without_field"], counts["missing"]) == (3, 2, 1, 0)


def test_where_that_holds_for_nothing(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results(n=3)
    ran = cli("score", logs.write(good(logs)), "--where", "doc.answer == 'nothing'", "--json")
    assert (ran.code, ran.out) == (3, "")
    assert "no sample meets --where" in ran.err


# -- filters and scorers that fail -------------------------------------------------------------------------------------


def test_a_regex_that_backtracks_is_stopped_and_counted(logs: Any, layout: Callable[..., Any]) -> None:
    logs.results()
    rows = logs.rows(["1", "a" * 40 + "b", "1"])
    code, found = layout(
        logs.write(rows), "--extract", "none=^(?:a+)+$|(1)", "--metric", "exact_match", "--time-limit", "0.2"
    )
    assert code == 3
    assert found["counts"]["sums"]["by_metric"]["exact_match,none"] == {
        "n": 3, "scored": 2, "unparsed": 0, "failed": 1, "timed_out": 1,
    }  # fmt: skip
    assert value_and_n(found) == (2 / 3, 3)
    [failure] = found["failures"]
    assert (failure["line"], failure["sample_id"]) == (2, 1)
    assert failure["reason"] == "exceeded --time-limit 0.2 (CPU s)"


TASK = """
task: sums
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
process_results: !function scorer.process_results
metric_list:
  - metric: right
    aggregation: mean
    higher_is_better: true
"""
SCORER = """
def process_results(doc, results):
    if results[0] == "boom":
        raise RuntimeError("cannot be judged")
    return {"right": float(results[0] == doc["answer"])}
"""


@pytest.fixture
def task(tmp_path: Path) -> Path:
    (tmp_path / "scorer.py").write_text(SCORER, encoding="utf-8")
    path = tmp_path / "sums.yaml"
    path.write_text(TASK, encoding="utf-8")
    return path


def test_a_scorer_that_raises_costs_one_row(
    logs: Any, layout: Callable[..., Any], cli: Callable[..., Any], task: Path
) -> None:
    path = logs.write(logs.rows(["1", "boom", "1", "0"]))
    code, found = layout(path, "--task", task, "--trust-code")
    assert code == 3
    [values] = found["results"].values()
    assert (values["right,none"], values["sample_len"]) == (0.5, 4)
    [failure] = found["failures"]
    assert failure == {
        "file": str(path), "line": 2, "sample_id": 1, "filter": "none", "metric": "right",
        "reason": "RuntimeError: cannot be judged",
    }  # fmt: skip
    assert found["counts"]["sums"]["by_metric"]["right,none"]["failed"] == 1
    ran = cli("score", path, "--task", task, "--trust-code")
    assert f"1 sample could not be scored, first {path}:2 (right, none): RuntimeError: cannot be judged" in ran.out
    ran = cli("show", path, "--task", task, "--trust-code", "--errors", "--json")
    assert [json.loads(line)["sample_id"] for line in ran.out.splitlines()] == [1]


def test_strict_stops_at_the_first_sample_that_fails(logs: Any, cli: Callable[..., Any], task: Path) -> None:
    path = logs.write(logs.rows(["1", "boom", "1", "boom"]))
    ran = cli("score", path, "--task", task, "--trust-code", "--strict")
    assert (ran.code, ran.out) == (1, "")
    assert f"{path}:2" in ran.err
    assert "cannot be judged" in ran.err


def test_python_of_a_loose_file_runs_with_trust_only(logs: Any, layout: Callable[..., Any], task: Path) -> None:
    (task.parent / "scorer.py").write_text(
        SCORER + f"\nopen({str(task.parent / 'ran')!r}, 'w').close()\n", encoding="utf-8"
    )
    code, found = layout(logs.write(logs.rows(["1"])), "--task", task)
    method = found["methods"]["sums"]["right,none"]
    assert method["method"] == "unavailable"
    assert "loose file" in method["reason"]
    assert not (task.parent / "ran").exists()
    assert code == 3


def test_quoted_functions_never_run(logs: Any, layout: Callable[..., Any], tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    source = f"def process_results(doc, results):\n    open({str(ran)!r}, 'w').close()\n    return {{'right': 1.0}}\n"
    config = logs.config(process_results=source, metric_list=[{"metric": "right", "aggregation": "mean"}])
    logs.results(configs={"sums": config})
    path = logs.write(logs.rows(["1", "0"], metrics=["right"], right=1.0))
    code, found = layout(path, "--trust-code")
    assert found["methods"]["sums"]["right,none"]["method"] == "re-aggregated"
    assert found["results"]["sums"]["right,none"] == 1.0
    assert not ran.exists()
    assert code == 0


def test_every_lost_row_is_accounted_for(logs: Any) -> None:
    logs.results(n=9)
    rows: list[Any] = [*good(logs), "{oops", logs.row(4, "1", doc="text"), '{"doc_id": 5}', logs.row(6, "1")]
    [part] = regrade.score(logs.write(rows)).parts
    [result] = part.whole
    assert (part.counts.expected, part.counts.samples, part.counts.malformed, part.counts.missing) == (9, 5, 2, 4)
    assert (result.n, result.scored, result.failed) == (5, 4, 1)
    assert result.n == result.scored + result.failed


def test_nothing_but_a_missing_doc(logs: Any) -> None:
    """A log whose rows lost their documents is scored by what it recorded of the reference."""
    logs.results(configs={"sums": logs.config(doc_to_target="{{gold}}")})
    path = logs.write([{key: value for key, value in row.items() if key != "doc"} for row in good(logs)])
    scores = regrade.score(path)
    [result] = scores.results
    assert (result.n, result.failed, scores.exit_code) == (3, 3, 3)


def test_an_error_in_python_has_where_and_hint(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        regrade.score(tmp_path)
    assert caught.value.where == str(tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize(
    "text", ["(" * 200 + "1" + ")" * 200, "(" * 10_000 + "1" + ")" * 10_000, "[" * 3000 + "]" * 3000]
)
@pytest.mark.parametrize("option", ["--where", "--by", "--cluster"])
def test_an_expression_nested_beyond_reason(logs: Any, cli: Callable[..., Any], text: str, option: str) -> None:
    logs.results()
    ran = cli("score", logs.write(good(logs)), option, text)
    assert ran.code == 2
    assert "is nested too deeply" in ran.err
    assert len(ran.err) < 400


def test_long_sums_are_no_reason_to_fall_over(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    ran = cli("score", logs.write(good(logs)), "--where", "+".join(["1"] * 20_000))
    assert ran.code in (0, 2)
    assert "internal error" not in ran.err


def test_a_pipe_is_not_waited_for(tmp_path: Path, cli: Callable[..., Any]) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    ran = cli("score", pipe)
    assert ran.code == 1
    assert "is a pipe or device" in ran.err
    folder = tmp_path / "folder.jsonl"
    folder.mkdir()
    (folder / "samples_x_2025-01-01T00-00-00.jsonl").mkdir()
    assert cli("score", folder).code == 1


@pytest.mark.parametrize("pattern", ["(x", "(" * 5000 + ")" * 5000, "a{99999999999}", "[z-a]"])
def test_patterns_that_are_none(logs: Any, tmp_path: Path, cli: Callable[..., Any], pattern: str) -> None:
    logs.results()
    path = logs.write(good(logs))
    filters = tmp_path / "f.json"
    filters.write_text(json.dumps([{"name": "n", "filter": [{"function": "regex", "regex_pattern": pattern}]}]))
    for arguments in (["--filters", filters], ["--extract", f"n={pattern}"]):
        ran = cli("score", path, *arguments)
        assert ran.code in (1, 2)
        assert "regular expression" in ran.err or "pattern" in ran.err
        assert "internal error" not in ran.err


def test_a_part_that_only_looking_needs_costs_nothing_else(logs: Any, tmp_path: Path, cli: Callable[..., Any]) -> None:
    logs.results(configs={"sums": logs.config(doc_to_target="1")})
    row = json.dumps(logs.row(3, "1")).replace('"question 3"', "1" + "0" * 5000)
    path = logs.write([*good(logs), row])
    assert cli("score", path).code in (0, 3)
    ran = cli("show", path)
    assert ran.out.count("sample ") >= 3
    assert "cannot be read: not readable JSON" in ran.out or "malformed" in ran.out
    ran = cli("export", path, "--to", "lm-eval", "-o", tmp_path / "out")
    assert "internal error" not in ran.err
