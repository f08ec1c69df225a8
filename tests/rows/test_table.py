import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regrade.errors import InputError
from regrade.files import reading as files
from regrade.files.columns import MISSING, guess_pair, value_at
from regrade.files.tables import recognise
from regrade.rows.readers.table import TableReader

ROWS = [
    {"id": "a", "generated_answer": "4", "expected_answer": "4", "meta": {"level": 1}},
    {"id": "b", "generated_answer": 'he said "x, y"\nand left', "expected_answer": "5", "meta": {"level": 2}},
    {"id": "c", "generated_answer": "日本語\u2028z", "expected_answer": "6", "meta": {"level": 3}},
]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)
        return path
    if name.endswith(".jsonl"):
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    elif name.endswith(".json"):
        data = json.dumps(rows, indent=1)
    else:
        with path.open("w", newline="", encoding="utf-8-sig") as out:
            writer = csv.DictWriter(out, list(rows[0]), delimiter="\t" if name.endswith(".tsv") else ",")
            writer.writeheader()
            writer.writerows({**row, "meta": json.dumps(row.get("meta"))} for row in rows)
        return path
    path.write_bytes(gzip.compress(data.encode()) if path.name.endswith(".gz") else data.encode())
    return path


@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.csv", "t.tsv", "t.parquet", "t.jsonl.gz", "t.json.gz"])
def test_every_kind_of_table_gives_the_same_records(tmp_path: Path, read: Callable[..., Any], name: str) -> None:
    got = read(write(tmp_path / name, ROWS))
    assert not got.malformed
    assert [(r.sample_id, r.answers, r.target) for r in got.records] == [
        (row["id"], [[row["generated_answer"]]], row["expected_answer"]) for row in ROWS
    ]
    assert got.records[1].doc["id"] == "b"
    assert any("'generated_answer'" in note and "'expected_answer'" in note for note in got.source.notes)
    assert got.source.task == "t"


def test_columns_by_name_dotted_paths_and_repeats(tmp_path: Path, read: Callable[..., Any]) -> None:
    rows = [
        {"n": 1, "out": {"texts": ["a", "b", None]}, "gold": {"x": [3, True]}, "out.plain": "p"},
        {"n": 2, "out": {"texts": []}, "gold": {"x": 5.5}, "out.plain": None},
    ]
    path = write(tmp_path / "t.jsonl", rows)
    got = read(path, answer="out.texts", expected="gold.x", id="n")
    assert [(r.sample_id, r.answers, r.target) for r in got.records] == [
        (1, [["a", "b", ""]], ["3", "True"]),  # what was not said is an empty answer
        (2, [[""]], "5.5"),
    ]
    assert got.source.recipe.repeats == 3
    plain = read(path, answer="out.plain", expected="gold.x")
    assert [r.answers for r in plain.records] == [[["p"]], [[""]]]
    assert [r.sample_id for r in plain.records] == [1, 2]


def test_what_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    reader = TableReader()
    unknown = write(tmp_path / "u.jsonl", [{"q": "1", "a1": "2"}])
    with pytest.raises(InputError) as caught:
        reader.sources(unknown, {})
    assert "--answer" in str(caught.value)
    assert "--expected" in str(caught.value)
    assert "q, a1" in str(caught.value)
    twofold = write(tmp_path / "v.jsonl", [{"output": "1", "prediction": "1", "target": "2"}])
    with pytest.raises(InputError, match="ambiguous"):
        reader.sources(twofold, {})
    with pytest.raises(InputError, match="no row has the column 'nope'") as caught:
        reader.sources(twofold, {"answer": "nope", "expected": "target"})
    assert "output, prediction, target" in str(caught.value)
    with pytest.raises(InputError, match="'no'"):
        reader.sources(twofold, {"answer": "output", "expected": "no"})


def test_answers_alone_are_read_when_asked_for_by_name(tmp_path: Path, read: Callable[..., Any]) -> None:
    got = read(write(tmp_path / "t.jsonl", [{"prompt": "p", "text": "x"}]), answer="text")
    assert (got.records[0].answers, got.records[0].target) == ([["x"]], None)
    assert any("no column of references" in note for note in got.source.notes)


def test_bad_rows_keep_their_place_and_cost_only_themselves(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "t.jsonl"
    good = b'{"prediction": "a", "target": "a"}\n'
    path.write_bytes(
        good
        + b"\n"
        + b'{"prediction": "a", "target": \n'
        + b'{"prediction": "\xff", "target": "a"}\n'
        + b'["prediction"]\n'
        + b'{"target": "a"}\n'
        + b'{"prediction": {"text": "a"}, "target": "a"}\n'
        + b'{"prediction": NaN, "target": "a"}\n'
        + good
        + b'{"prediction": "a", "tar'
    )
    got = read(path)
    assert [(r.sample_id, r.line) for r in got.records] == [(1, 1), (8, 8), (9, 9)]
    reasons = {m.line: m.reason for m in got.malformed}
    assert list(reasons) == [3, 4, 5, 6, 7, 10]
    assert "UTF-8" in reasons[4]
    assert "no column 'prediction'" in reasons[6]
    assert "name a field inside it" in reasons[7]


@given(cut=st.integers(20, 400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_chunks_change_nothing(tmp_path: Path, read: Callable[..., Any], cut: int) -> None:
    path = tmp_path / "t.jsonl"
    lines = [json.dumps({"output": "x" * (n * 7 % 50), "target": str(n)}) for n in range(40)]
    lines[7] = lines[20] = ""
    lines[13] = "broken"
    path.write_text("\n".join(lines) + "\n")
    whole, cut_up = read(path), read(path, chunk_bytes=cut)
    assert [(r.sample_id, r.target) for r in cut_up.records] == [(r.sample_id, r.target) for r in whole.records]
    reader = TableReader()
    passed = 0
    for chunk in cut_up.source.chunks:
        assert chunk.part == passed
        list(reader.records(cut_up.source, chunk))
        passed += reader.lines_read
    assert passed == 40
    assert len(cut_up.malformed) == 1


def test_parquet_row_groups_are_chunks(tmp_path: Path, read: Callable[..., Any]) -> None:
    rows = [{"output": str(n), "target": "1"} for n in range(5)]
    got = read(write(tmp_path / "t.parquet", rows))
    assert len(got.source.chunks) == 3
    assert [r.sample_id for r in got.records] == [1, 2, 3, 4, 5]
    (tmp_path / "bad.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:100])
    with pytest.raises(InputError, match="damaged or cut off"):
        read(tmp_path / "bad.parquet")


def test_csv_rows_may_hold_newlines_and_long_fields(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(
        b"output;target\r\n"
        b'"two\r\nlines";a\r\n'
        b"too;many;fields\r\n"
        b"\r\n"
        b"bad \xff;a\r\n" + b"x" * 300_000 + b";b\r\n" + b'"never closed;c\r\n'
    )
    got = read(path)
    assert [(r.line, r.target) for r in got.records] == [(2, "a"), (7, "b")]
    assert len(got.records[1].answers[0][0]) == 300_000
    assert [m.line for m in got.malformed] == [4, 6, 8]
    assert "3 fields where the header names 2" in got.malformed[0].reason
    path.write_bytes(b"output,output\n1,2\n")
    with pytest.raises(InputError, match="two columns are named 'output'"):
        read(path)


def test_a_json_object_of_answers_is_a_table(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "gen.json").write_text(json.dumps({"s1": ["a", "b"], "s2": ["c", "d"]}))
    write(tmp_path / "docs.jsonl", [{"id": "s2", "gold": "c"}, {"id": "s1", "gold": "z"}])
    got = read(tmp_path / "gen.json", docs=tmp_path / "docs.jsonl", join_on="id", expected="gold")
    assert [(r.sample_id, r.answers, r.target) for r in got.records] == [
        ("s1", [["a", "b"]], "z"),
        ("s2", [["c", "d"]], "c"),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b'{"results": {"x": 1}}'),
        ("a.json", b'{\n "a": [1, 2],\n "b": {}\n}'),
        ("a.json", b"[1, 2, 3]"),
        ("a.jsonl", b'[{"role": "user"}]\n[{"role": "user"}]\n'),
        ("a.txt", b"Some text, with commas.\nAnd more, of it, here.\n"),
        ("a.bin", bytes(range(256))),
        ("a.json", b""),
        ("README.md", b"# Title\n\ntext\n"),
        ("a.json", b'{"languages": ["en", "fr"], "name": "x"}'),
    ],
)
def test_what_is_no_table_is_not_taken_for_one(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert recognise(path, files.read_head(path)) is None


def test_a_first_line_longer_than_the_head_is_still_recognised(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = write(tmp_path / "t.jsonl", [{"output": "x" * 200_000, "target": "1"}, {"output": "y", "target": "1"}])
    assert len(read(path).records) == 2
    path = write(tmp_path / "t.json", [{"output": "x" * 200_000, "target": "1"}, {"output": "y", "target": "1"}])
    assert len(read(path).records) == 2


def test_an_empty_table_says_so(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "t.json").write_text("[]")
    with pytest.raises(InputError, match="no rows"):
        read(tmp_path / "t.json")
    (tmp_path / "t.csv").write_text("output,target\n")
    with pytest.raises(InputError, match="no rows"):
        read(tmp_path / "t.csv")
    (tmp_path / "t.jsonl").write_text('{"a": \n{"b"\n')
    with pytest.raises(InputError, match="is no table"):
        TableReader().sources(tmp_path / "t.jsonl", {})


def test_paths_into_rows() -> None:
    row = {"a.b": 1, "a": {"b": 2, "c": [{"d": 3}]}, "n": None}
    assert value_at(row, "a.b") == 1
    assert value_at(row, "a.c.0.d") == 3
    assert value_at(row, "a.c.1.d") is MISSING
    assert value_at(row, "n") is None
    assert value_at(row, "n.x") is MISSING
    assert guess_pair(["Generated Answer", "expected-answer"], where="") == ("Generated Answer", "expected-answer")


def test_ifeval_joined_by_prompt_reports_the_row_that_does_not_match(
    shared_data: Path, read: Callable[..., Any]
) -> None:
    folder = shared_data / "ifeval"
    answers = next(folder.glob("input_response*.jsonl"))
    by_prompt = read(answers, docs=folder / "input_data.jsonl", join_on="prompt")
    assert (len(by_prompt.records), by_prompt.source.expected) == (540, 541)
    assert [m.line for m in by_prompt.malformed] == [340]
    assert "no document" in by_prompt.malformed[0].reason
    assert any("1 of 541 answers have no document by prompt: first line 340" in note for note in by_prompt.source.notes)
    assert any("1 of 541 documents have no answer by prompt: first line 340" in note for note in by_prompt.source.notes)


def test_ifeval_joined_by_position_is_whole_and_says_what_differs(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "ifeval"
    answers = next(folder.glob("input_response*.jsonl"))
    by_position = read(answers, docs=folder / "input_data.jsonl", join_on="position")
    assert not by_position.malformed
    assert len({r.sample_id for r in by_position.records}) == 541
    odd = by_position.records[339]
    assert odd.sample_id == 2785
    assert odd.doc["prompt"] != odd.doc["prompt (answers)"]
    assert sum("prompt (answers)" in r.doc for r in by_position.records) == 1
    assert all(r.doc["instruction_id_list"] for r in by_position.records)
    assert any("'prompt' differs between the two files in 1 of 541" in note for note in by_position.source.notes)


def test_joins_that_cannot_be_right_are_refused(tmp_path: Path, read: Callable[..., Any]) -> None:
    answers = write(tmp_path / "a.jsonl", [{"q": f"q{n}", "output": "x"} for n in range(4)])
    docs = tmp_path / "d.jsonl"
    write(docs, [{"q": f"q{n}", "gold": "g"} for n in range(1, 5)])
    with pytest.raises(InputError, match=r"does not belong to .* row by row: 'q' differs in 4 of 4"):
        read(answers, docs=docs, join_on="position", expected="gold")
    write(docs, [{"q": f"q{n}", "gold": "g"} for n in range(3)])
    with pytest.raises(InputError, match=r"4 answers, .* 3 documents"):
        read(answers, docs=docs, join_on="position", expected="gold")
    with pytest.raises(InputError, match="--join-on"):
        read(answers, docs=docs)
    write(docs, [{"q": "q1", "gold": "g"}, {"q": "q1", "gold": "h"}])
    with pytest.raises(InputError, match="the same as in line 1"):
        read(answers, docs=docs, join_on="q", expected="gold")
    with pytest.raises(InputError, match="has no 'nope'"):
        read(answers, docs=docs, join_on="nope", expected="gold")
    write(docs, [{"question": "q2", "gold": "g"}, {"question": "q9", "gold": "h"}])
    got = read(answers, docs=docs, join_on="q=question", expected="gold")
    assert [r.line for r in got.records] == [3]
    assert [m.line for m in got.malformed] == [1, 2, 4]


def test_position_joins_count_malformed_rows(tmp_path: Path, read: Callable[..., Any]) -> None:
    (tmp_path / "a.jsonl").write_text('{"output": "0"}\n\nbroken\n{"output": "2"}\n')
    write(tmp_path / "d.jsonl", [{"n": str(n)} for n in range(3)])
    got = read(tmp_path / "a.jsonl", docs=tmp_path / "d.jsonl", join_on="position", expected="n", answer="output")
    assert [(r.answers[0][0], r.target, r.line) for r in got.records] == [("0", "0", 1), ("2", "2", 4)]


def test_cruxeval_generations_join_their_problems(shared_data: Path, read: Callable[..., Any]) -> None:
    folder = shared_data / "pass_at_k" / "cruxeval"
    generations = folder / "samples/model_generations/sample_codellama-7b_temp0.2_output/generations.json"
    got = read(generations, docs=folder / "data/cruxeval.jsonl", join_on="id", expected="output")
    assert (len(got.records), len(got.malformed)) == (800, 0)
    assert all(len(r.answers[0]) == 10 and r.target == r.doc["output"] for r in got.records)


def test_a_field_of_a_list_of_objects_is_the_list_of_its_values(tmp_path: Path, read: Callable[..., Any]) -> None:
    rows = [
        {"outputs": [{"text": "a", "ok": {"n": 1}}, {"text": "b", "ok": {"n": 0}}], "gold": "a"},
        {"outputs": [{"text": "c"}, {"words": "d"}], "gold": "c"},
        {"outputs": [{"text": "e"}], "gold": "e"},
    ]
    got = read(write(tmp_path / "t.jsonl", rows), answer="outputs.text", expected="gold")
    assert [record.answers for record in got.records] == [[["a", "b"]], [["e"]]]
    assert [bad.line for bad in got.malformed] == [2]
    assert value_at(rows[0], "outputs.ok.n") == [1, 0]
    assert value_at(rows[0], "outputs.1.ok.n") == 0
    assert value_at({"outputs": []}, "outputs.text") is MISSING
    assert value_at({"outputs": ["a"]}, "outputs.text") is MISSING
