"""Files to files: the same rows whatever the number of processes and the size of chunks, and nothing lost."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import zstandard
from chat_rows import as_messages, messages, read, sharegpt, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from regrade.chat.convert.convert import Request, convert
from regrade.chat.convert.table_schema import read_metadata, unfold_row
from regrade.chat.mapping import Mapping, parse_mapping
from regrade.chat.message import validate
from regrade.errors import InputError, RegradeError, UsageError

Run = Any


def table_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a Parquet or Arrow output, as they were before."""
    if path.suffix == ".parquet":
        table = parquet.read_table(path)
    else:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
    said = read_metadata(table.schema.metadata)
    assert said is not None
    return [unfold_row(row, said) for row in table.to_pylist()]


# -- TRL's issue ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["sharegpt", "messages"])
@pytest.mark.parametrize("output", ["out.jsonl", "out.parquet", "out.arrow"])
def test_the_mixture_that_started_it(tmp_path: Path, run: Run, first: str, output: str) -> None:
    ours = write(tmp_path / "sharegpt.jsonl", [sharegpt(n) for n in range(50)])
    theirs = write(tmp_path / "messages.jsonl", [messages(n) for n in range(50)])
    paths = [ours, theirs] if first == "sharegpt" else [theirs, ours]
    summary = run(*paths, output=output)
    path = tmp_path / output
    rows = read(path) if path.suffix == ".jsonl" else table_rows(path)
    expected = [as_messages(sharegpt(n)) for n in range(50)], [messages(n) for n in range(50)]
    assert rows == [*expected[first != "sharegpt"], *expected[first == "sharegpt"]]
    assert all(validate(row["messages"]) is None for row in rows)
    assert summary.total.formats == {"sharegpt": 50, "messages": 50}
    assert [one.detection.format for one in summary.sources] == [
        first,
        "messages" if first == "sharegpt" else "sharegpt",
    ]


# -- the same whatever the machine ------------------------------------------------------------------------------------

DIRTY: list[Any] = [
    b'{"id": "cut", "conversations": [{"from": "human", "val',
    b"not JSON",
    b"",
    b"   ",
    b'["a", "list"]',
    b'{"conversations": [{"from": "human", "value": "caf\xe9"}]}',
    {"id": "empty", "conversations": []},
    {"id": "null", "conversations": None},
    {"id": "number", "conversations": [{"from": "human", "value": 5}]},
    {"id": "who", "conversations": [{"from": "Customer", "value": "q"}]},
    b'{"deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    sharegpt(1, added_late={"a": [1, None]}),
    sharegpt(2, tags="a text where lists were"),
    {**sharegpt(3), "score": "a text where numbers were"},
    {**sharegpt(4), "score": 10**40},
    b'{"id": "nan", "conversations": [{"from": "human", "value": "q"}], "score": NaN}',
    b'{"id": "huge", "conversations": [{"from": "human", "value": "q"}], "score": 1e400}',
    b'{"id": "lone", "conversations": [{"from": "human", "value": "\\ud83d alone"}]}',
    {"id": "nul", "conversations": [{"from": "human", "value": "a\0b"}]},
    {"id": "weighed", "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a", "weight": 0}]},
    messages(5),
]
GOOD_DIRTY, BAD_DIRTY = 10, 9


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """A file with all kinds of dirt in its last part."""
    rows: list[Any] = [sharegpt(n) for n in range(3000)]
    for place, line in enumerate(DIRTY):
        rows.insert(2000 + 41 * place, line)
    return write(tmp_path / "dirty.jsonl", rows)


def test_dirty_rows_cost_themselves(dirty: Path, run: Run, tmp_path: Path) -> None:
    summary = run(dirty)
    rows = read(tmp_path / "out.jsonl")
    assert summary.rows == len(rows) == 3000 + GOOD_DIRTY
    assert summary.total.bad == BAD_DIRTY
    assert summary.total.read == 3000 + GOOD_DIRTY + BAD_DIRTY
    assert summary.total.lines == 3000 + len(DIRTY)
    assert summary.total.formats == {"sharegpt": 3000 + GOOD_DIRTY - 1, "messages": 1}
    by_id = {row["id"]: row for row in rows if isinstance(row["id"], str)}
    assert [row for row in rows if row["id"] == "s7"] == [as_messages(sharegpt(7))]
    assert {"a": [1, None]} in [row.get("added_late") for row in rows]
    assert "a text where lists were" in [row["tags"] for row in rows if "tags" in row]
    assert 10**40 in [row.get("score") for row in rows]
    text = (tmp_path / "out.jsonl").read_text("utf-8")
    assert '"score":NaN' in text
    assert '"score":1e400' in text
    assert r"\ud83d alone" in text
    assert by_id["nul"]["messages"][0]["content"] == "a\0b"
    assert by_id["weighed"]["messages"][1] == {"role": "assistant", "content": "a", "weight": 0}
    assert by_id["m5"] == messages(5)


def test_bad_rows_are_kept_with_their_reason(dirty: Path, run: Run, tmp_path: Path) -> None:
    summary = run(dirty)
    assert summary.quarantine == str(tmp_path / "out.jsonl.quarantine.jsonl")
    kept = read(summary.quarantine)
    lines = dirty.read_bytes().split(b"\n")
    assert len(kept) == BAD_DIRTY
    assert [entry["line"] for entry in kept] == sorted(entry["line"] for entry in kept)
    for entry in kept:
        assert entry["file"] == str(dirty)
        assert entry["raw"].encode("utf-8", "surrogateescape") == lines[entry["line"] - 1]
        assert entry["reason"]
    reasons = {reason.kind: (reason.rows, lines[reason.line - 1][:20]) for reason in summary.total.reasons.values()}
    assert reasons["the conversation is empty"] == (1, b'{"id": "empty", "con')
    assert reasons["malformed: not valid UTF-8"][0] == 1
    assert reasons["malformed: not valid JSON"] == (2, b'{"id": "cut", "conve')
    assert reasons["unknown role 'Customer'"][0] == 1


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("chunk_bytes", [300, 20_000, 8_000_000])
def test_nothing_depends_on_processes_or_chunks(
    dirty: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, chunk_bytes: int
) -> None:
    if chunk_bytes == 300 and workers == 3:
        pytest.skip("two are enough for thousands of chunks")
    one = run(dirty, output="one.jsonl", workers=1)
    monkeypatch.setattr("regrade.chat.convert.convert.SMALL_BYTES", 0)  # as large files are converted
    other = run(dirty, output="other.jsonl", workers=workers, chunk_bytes=chunk_bytes)
    for end in ("jsonl", "jsonl.quarantine.jsonl"):
        assert (tmp_path / f"one.{end}").read_bytes() == (tmp_path / f"other.{end}").read_bytes()
    assert one.total == other.total
    run(dirty, output="one.parquet", workers=1)
    run(dirty, output="other.parquet", workers=workers, chunk_bytes=chunk_bytes)
    ours, theirs = (parquet.read_table(tmp_path / f"{name}.parquet") for name in ("one", "other"))
    assert ours.schema.equals(theirs.schema, check_metadata=True)
    assert repr(ours.to_pylist()) == repr(theirs.to_pylist())


@pytest.mark.parametrize("output", ["out.parquet", "out.arrow"])
def test_tables_lose_nothing(dirty: Path, run: Run, tmp_path: Path, output: str) -> None:
    run(dirty, output="out.jsonl")
    summary = run(dirty, output=output)
    expected = read(tmp_path / "out.jsonl")
    found = table_rows(tmp_path / output)
    assert len(found) == len(expected)
    assert summary.total.overflow == 5
    for ours, theirs in zip(found, expected, strict=True):
        if theirs.get("id") == "nan":
            assert str(ours.pop("score")) == str(theirs.pop("score")) == "nan"
        assert ours == theirs
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_table_has_the_schema_that_all_tables_have(dirty: Path, run: Run, tmp_path: Path) -> None:
    run(dirty, output="a.parquet")
    plain = write(tmp_path / "plain.jsonl", [{"prompt": "p", "completion": "c"}] * 5)
    run(plain, output="b.parquet")
    ours, theirs = (parquet.read_schema(tmp_path / name) for name in ("a.parquet", "b.parquet"))
    assert ours.field("messages").type == theirs.field("messages").type
    names = [field.name for field in ours.field("messages").type.value_type]
    assert names == ["role", "content", "parts", "tool_calls", "name", "tool_call_id", "weight", "extra"]
    both = pa.concat_tables(
        [parquet.read_table(tmp_path / name) for name in ("a.parquet", "b.parquet")], promote_options="default"
    )
    assert both.num_rows == 3000 + GOOD_DIRTY + 5
    assert parquet.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_table_is_read_back_as_rows(dirty: Path, run: Run, tmp_path: Path) -> None:
    run(dirty, output="out.jsonl")
    for name in ("out.parquet", "out.arrow"):
        run(dirty, output=name)
        summary = run(tmp_path / name, output=f"{name}.jsonl")
        assert summary.total.bad == 0
        nulls = [row for row in read(tmp_path / "out.jsonl") if row.get("id") not in ("nan", "huge")]
        again = [row for row in read(tmp_path / f"{name}.jsonl") if row.get("id") not in ("nan", "huge")]
        assert again == nulls


message = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]), "content": st.text(max_size=5)},
    optional={
        "name": st.text(max_size=3),
        "weight": st.sampled_from([0, 1, 0.5]),
        "tool_call_id": st.text(max_size=3),
        "seen": st.sampled_from([True, [1], {"a": {"b": 2}}, "x", 3]),
        "tool_calls": st.lists(
            st.fixed_dictionaries(
                {
                    "function": st.fixed_dictionaries(
                        {"name": st.text(max_size=3), "arguments": st.sampled_from(["{}", {"a": 1}, {}])}
                    )
                },
                optional={"id": st.text(max_size=2), "type": st.just("function"), "index": st.integers(0, 2)},
            ),
            max_size=2,
        ),
    },
)
parts = st.lists(
    st.sampled_from(
        [{"type": "text", "text": "t"}, {"type": "image_url", "image_url": {"url": "u"}}, {"type": "image"}]
    ),
    min_size=1,
    max_size=3,
)
plain = st.one_of(st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=4))
column = st.one_of(plain, st.lists(plain, max_size=3), st.dictionaries(st.text(max_size=3), plain, max_size=2))
rows = st.lists(
    st.fixed_dictionaries(
        {
            "messages": st.lists(
                message | st.fixed_dictionaries({"role": st.just("user"), "content": parts}), min_size=1, max_size=3
            )
        },
        optional={"a": column, "b": st.integers(0, 5) | column, "c": st.text(max_size=3), "extra": st.integers(0, 2)},
    ),
    min_size=1,
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows)
def test_any_row_comes_back_from_a_table(tmp_path: Path, rows: list[Any]) -> None:
    path = write(tmp_path / "any.jsonl", rows)
    output = str(tmp_path / "any.parquet")
    summary = convert(Request(inputs=[str(path)], output=output))
    assert summary.total.bad == 0
    assert table_rows(tmp_path / "any.parquet") == rows


# -- inputs -----------------------------------------------------------------------------------------------------------

PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.ZstdCompressor().compress}


@pytest.mark.parametrize("end", PACKERS)
def test_compressed_files(tmp_path: Path, run: Run, end: str) -> None:
    plain_file = write(tmp_path / "plain.jsonl", [sharegpt(n) for n in range(500)])
    packed = tmp_path / f"packed.jsonl.{end}"
    packed.write_bytes(PACKERS[end](plain_file.read_bytes()))
    run(packed)
    assert read(tmp_path / "out.jsonl") == [as_messages(sharegpt(n)) for n in range(500)]


def test_a_truncated_file_gives_what_it_has(tmp_path: Path, run: Run) -> None:
    data = b"".join(json.dumps(sharegpt(n)).encode() + b"\n" for n in range(20_000))
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(data)[:-5000])
    summary = run(path)
    rows = read(tmp_path / "out.jsonl")
    assert 10_000 < len(rows) < 20_000
    assert rows == [as_messages(sharegpt(n)) for n in range(len(rows))]
    (reason,) = [one for one in summary.total.reasons.values() if "truncated" in one.kind]
    assert reason.rows == 1


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_one_json_array(tmp_path: Path, run: Run, indent: int | None, bom: bytes) -> None:
    path = tmp_path / "array.json"
    given = [sharegpt(n) for n in range(100)]
    given[50]["conversations"] = []
    path.write_bytes(bom + json.dumps(given, indent=indent, ensure_ascii=False).encode())
    summary = run(path)
    assert read(tmp_path / "out.jsonl") == [as_messages(sharegpt(n)) for n in range(100) if n != 50]
    (reason,) = summary.total.reasons.values()
    assert (reason.kind, reason.line) == ("the conversation is empty", 51)


def test_a_byte_order_mark_before_lines(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "bom.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(sharegpt(0)).encode() + b"\r\n" + json.dumps(sharegpt(1)).encode())
    run(path)
    assert read(tmp_path / "out.jsonl") == [as_messages(sharegpt(n)) for n in range(2)]


def test_utf16_is_refused(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "utf16.jsonl"
    path.write_text(json.dumps(sharegpt(0)), "utf-16")
    with pytest.raises(InputError, match="encoded in UTF-16"):
        run(path)


def test_csv_with_a_mapping(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "data.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(
            [["sys", "q", "a", "id"], ["Be kind.", "one, two\nthree", "yes", "1"], ["", "four", "no", "2"]]
        )
    run(path, mapping=parse_mapping("system=sys,prompt=q,completion=a"))
    assert read(tmp_path / "out.jsonl") == [
        {
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "one, two\nthree"},
                {"role": "assistant", "content": "yes"},
            ],
            "id": "1",
        },
        {"messages": [{"role": "user", "content": "four"}, {"role": "assistant", "content": "no"}], "id": "2"},
    ]


def test_parquet_of_others(tmp_path: Path, run: Run) -> None:
    given = [sharegpt(n) for n in range(300)]
    parquet.write_table(pa.Table.from_pylist(given), tmp_path / "in.parquet", row_group_size=70)
    with pa.ipc.new_stream(tmp_path / "in.arrow", pa.Table.from_pylist(given).schema) as writer:
        writer.write_table(pa.Table.from_pylist(given))
    for name in ("in.parquet", "in.arrow"):
        run(tmp_path / name)
        assert read(tmp_path / "out.jsonl") == [as_messages(row) for row in given]


def test_values_that_json_does_not_have(tmp_path: Path, run: Run) -> None:
    import datetime

    given = {
        "prompt": ["p"] * 3,
        "completion": ["c"] * 3,
        "when": [datetime.datetime(2024, 5, 6, 7, 8)] * 3,
        "image": [b"\x00\xff"] * 3,
        "score": [float("nan"), float("inf"), 0.5],
    }
    parquet.write_table(pa.table(given), tmp_path / "in.parquet")
    run(tmp_path / "in.parquet")
    text = (tmp_path / "out.jsonl").read_text()
    assert '"when":"2024-05-06T07:08:00"' in text
    assert '"image":"AP8="' in text
    assert "NaN" in text
    assert "Infinity" in text
    run(tmp_path / "in.parquet", output="again.parquet")
    table = parquet.read_table(tmp_path / "again.parquet")
    assert table.column("when").to_pylist() == given["when"]
    assert table.column("image").to_pylist() == given["image"]
    assert str(table.column("score").to_pylist()) == "[nan, inf, 0.5]"


def test_a_folder_of_shards(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    for shard in range(3):
        write(folder / f"part-{shard}.jsonl", [sharegpt(n) for n in range(shard * 10, shard * 10 + 10)])
    (folder / "README.md").write_text("words")
    (folder / "dataset_infos.json").write_text("{}")
    write(folder / ".hidden.jsonl", [sharegpt(99)])
    summary = run(folder)
    assert [row["id"] for row in read(tmp_path / "out.jsonl")] == [f"s{n}" for n in range(30)]
    assert len(summary.sources) == 3


def test_a_folder_without_rows(tmp_path: Path, run: Run) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no file of rows in this folder"):
        run(tmp_path / "empty")


def test_empty_files_among_others(tmp_path: Path, run: Run) -> None:
    empty = write(tmp_path / "empty.jsonl", [])
    blank = write(tmp_path / "blank.jsonl", [b"", b" "])
    good = write(tmp_path / "good.jsonl", [sharegpt(0)])
    assert run(empty, good, blank).rows == 1
    for output in ("none.jsonl", "none.parquet", "none.arrow"):
        assert run(empty, output=output).rows == 0
    assert parquet.read_table(tmp_path / "none.parquet").num_rows == 0
    assert (tmp_path / "none.jsonl").read_bytes() == b""


def test_a_single_object_is_no_data_set(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"data": [sharegpt(0)]}, indent=1))
    with pytest.raises(InputError, match="is one JSON object, not rows"):
        run(path)


def test_nothing_there(run: Run) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        run("nothing.jsonl")


def test_dataset_info_beside_the_file(tmp_path: Path, run: Run) -> None:
    rows_ = [{"a": [{"who": "visitor", "says": "hi"}, {"who": "host", "says": "yes"}], "k": n} for n in range(3)]
    (tmp_path / "mine.json").write_text(json.dumps(rows_))
    info = {
        "mine": {
            "file_name": "mine.json",
            "formatting": "sharegpt",
            "columns": {"messages": "a"},
            "tags": {"role_tag": "who", "content_tag": "says", "user_tag": "visitor", "assistant_tag": "host"},
        }
    }
    (tmp_path / "dataset_info.json").write_text(json.dumps(info))
    run(tmp_path / "mine.json")
    said = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]
    assert read(tmp_path / "out.jsonl") == [{"messages": said, "k": n} for n in range(3)]


def test_detection_looks_at_the_whole_file(tmp_path: Path, run: Run) -> None:
    """The first rows are of another format than nearly all others."""
    odd = [messages(n) for n in range(20)]
    path = write(tmp_path / "odd.jsonl", [*odd, *(sharegpt(n) for n in range(20_000))])
    summary = run(path)
    assert summary.sources[0].detection.format == "sharegpt"
    assert summary.total.formats == {"sharegpt": 20_000, "messages": 20}
    assert summary.total.bad == 0


def test_unknown_roles_name_the_option(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "who.jsonl", [{"conversations": [{"from": "Customer", "value": "x"}]}] * 30)
    with pytest.raises(InputError, match="unknown role 'Customer' in 30 of 30 rows") as caught:
        run(path)
    assert "--roles" in str(caught.value.hint)
    summary = run(path, mapping=Mapping(roles={"Customer": "user"}))
    assert summary.rows == 30


# -- what comes out ---------------------------------------------------------------------------------------------------


def test_messages_pass_byte_for_byte(tmp_path: Path, run: Run) -> None:
    lines = [
        b'{"messages": [{"role": "user", "content": "\\u00e9 \\/"}], "n": 1.50, "big": 123456789012345678901234567890}',
        b'{ "k" : 1e400, "messages":[ {"content":"x", "role":"user"} ] }',
        b'{"messages": [{"role": "assistant", "content": null, "tool_calls": [%s]}], "same": 1, "same": 2}'
        % b'{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}',
    ]
    path = write(tmp_path / "in.jsonl", lines * 20)
    summary = run(path)
    assert (tmp_path / "out.jsonl").read_bytes() == path.read_bytes()
    assert summary.total.tool_calls == 20


def test_columns_keep_their_place_and_bytes(tmp_path: Path, run: Run) -> None:
    line = (
        b'{"z": 1.50, "instruction": "i", "input": "", "output": "o", "a": [1,  2], '
        b'"b": 123456789012345678901234567890}'
    )
    path = write(tmp_path / "in.jsonl", [line] * 3)
    run(path)
    assert (tmp_path / "out.jsonl").read_bytes().split(b"\n")[0] == (
        b'{"z":1.50,"messages":[{"role":"user","content":"i"},{"role":"assistant","content":"o"}],'
        b'"a":[1,  2],"b":123456789012345678901234567890}'
    )


@pytest.mark.parametrize("to", ["sharegpt", "alpaca", "prompt-completion"])
@pytest.mark.parametrize("end", ["jsonl", "parquet"])
def test_other_formats_and_back(tmp_path: Path, run: Run, to: str, end: str) -> None:
    given = [sharegpt(n) for n in range(40)]
    path = write(tmp_path / "in.jsonl", given)
    summary = run(path, output=f"there.{end}", to=to)
    assert summary.rows == 40
    assert summary.total.losses == {}
    run(tmp_path / f"there.{end}", output="back.jsonl")
    back = [{name: row[name] for name in ("id", "messages")} for row in read(tmp_path / "back.jsonl")]
    assert back == [{name: as_messages(row)[name] for name in ("id", "messages")} for row in given]


def test_what_the_target_cannot_hold_is_counted(tmp_path: Path, run: Run) -> None:
    tools = {
        "messages": [
            {"role": "user", "content": "q"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
        ]
    }
    path = write(
        tmp_path / "in.jsonl",
        [messages(0), tools, {"messages": [{"role": "developer", "content": "d"}, *messages(1)["messages"]]}],
    )
    summary = run(path, to="alpaca")
    assert (summary.rows, summary.total.bad) == (2, 1)
    assert summary.total.losses == {"the role developer (it becomes system)": 1}
    assert "Alpaca" in next(iter(summary.total.reasons))


def test_csv_where_it_can_be(tmp_path: Path, run: Run) -> None:
    path = write(
        tmp_path / "in.jsonl", [{"prompt": f"p,\n{n}", "completion": 'c"', "n": n, "ok": True} for n in range(30)]
    )
    with pytest.raises(UsageError, match="CSV cannot hold lists and objects: messages"):
        run(path, output="out.csv")
    with pytest.raises(UsageError, match="CSV cannot hold lists and objects: history"):
        run(path, output="out.csv", to="alpaca")


def test_csv_rows_that_do_not_fit(tmp_path: Path) -> None:
    from regrade.chat.convert.rows import DataFile
    from regrade.chat.convert.table_schema import Column, TableSchema
    from regrade.chat.convert.work import Job, SourceJob, Task, Work
    from regrade.chat.converter import Options
    from regrade.files.chunk import Chunk

    path = write(tmp_path / "in.jsonl", [{"a": 'x,"y"', "b": 1.5, "c": None}, {"a": ["list"]}, {"z": 1}, {"b": True}])
    schema = TableSchema((Column("a", "string"), Column("b", "float")))
    job = Job((SourceJob(DataFile(str(path), "lines"), None, Mapping()),), Options(), encoding="csv", schema=schema)
    result = Work(job)(Task(0, 0, Chunk(str(path), 0, path.stat().st_size)))
    assert result.part.read() == b'"x,""y""",1.5\n,true\n'
    assert result.counts.reasons["CSV cannot hold it"].rows == 2


@pytest.mark.parametrize("output", ["out.txt", "out", "out.json"])
def test_a_name_that_does_not_say_what_to_write(tmp_path: Path, run: Run, output: str) -> None:
    path = write(tmp_path / "in.jsonl", [sharegpt(0)])
    with pytest.raises(UsageError, match="the name does not say what to write"):
        run(path, output=output)
    assert run(path, output=output, output_format="jsonl").rows == 1


def test_outputs_that_cannot_be_written(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "in.jsonl", [sharegpt(0)])
    with pytest.raises(UsageError, match="no such folder"):
        run(path, output="none/out.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        run(path, output="folder.jsonl")
    with pytest.raises(UsageError, match="cannot be written"):
        run(path, to="nonsense")


def test_an_output_is_none_of_the_inputs(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "out.jsonl", [sharegpt(n) for n in range(30)])
    before = path.read_bytes()
    with pytest.raises(UsageError, match="is read as an input"):
        run(path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["out.jsonl"]


def test_text_in_another_encoding_is_read_as_it_is_said(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes("question,answer\ncafé?,naïve “yes”\n".encode("cp1252"))
    with pytest.raises(InputError, match="looks like cp1252: --encoding cp1252"):
        run(path)
    run(path, encoding="cp1252")
    [row] = read(tmp_path / "out.jsonl")
    assert [message["content"] for message in row["messages"]] == ["café?", "naïve “yes”"]


def test_objects_spread_over_lines_are_rows(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "in.json"
    path.write_text("\n".join(json.dumps(sharegpt(n), indent=2) for n in range(30)), encoding="utf-8")
    run(path)
    assert read(tmp_path / "out.jsonl") == [as_messages(sharegpt(n)) for n in range(30)]


# -- policies ---------------------------------------------------------------------------------------------------------


def test_drop_keeps_no_file_and_counts(dirty: Path, run: Run, tmp_path: Path) -> None:
    write(tmp_path / "out.jsonl.quarantine.jsonl", [b"of an earlier run"])
    summary = run(dirty, on_bad="drop")
    assert summary.quarantine is None
    assert summary.total.bad == BAD_DIRTY
    run(dirty, on_bad="quarantine")
    assert (tmp_path / "out.jsonl.quarantine.jsonl").exists()
    run(write(tmp_path / "good.jsonl", [sharegpt(0)]))
    assert not (tmp_path / "out.jsonl.quarantine.jsonl").exists()


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("output", ["out.jsonl", "out.parquet"])
def test_error_stops_at_the_first_bad_row(
    dirty: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, output: str
) -> None:
    monkeypatch.setattr("regrade.chat.convert.convert.SMALL_BYTES", 0)
    (tmp_path / output).write_text("as it was")
    with pytest.raises(InputError, match=r"dirty\.jsonl:2001: not valid JSON: it breaks off"):
        run(dirty, output=output, on_bad="error", workers=workers, chunk_bytes=30_000)
    assert (tmp_path / output).read_text() == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dirty.jsonl", output]


def test_turns_of_one_role(tmp_path: Path, run: Run) -> None:
    twice = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, {"role": "assistant", "content": "c"}]
    path = write(tmp_path / "in.jsonl", [{"messages": twice}] * 3)
    assert run(path).total.turns == 9
    assert run(path, merge_turns=True).total.turns == 6
    assert read(tmp_path / "out.jsonl")[0]["messages"][0] == {"role": "user", "content": "a\n\nb"}
    summary = run(path, require_alternation=True)
    assert (summary.rows, summary.total.bad) == (0, 3)
    assert run(path, require_alternation=True, merge_turns=True).rows == 3


# -- hostile rows -----------------------------------------------------------------------------------------------------


def test_hostile_rows_cost_themselves(tmp_path: Path, run: Run) -> None:
    many = {"conversations": [{"from": "human", "value": "x"}, {"from": "gpt", "value": "y"}] * 100_000}
    lines: list[Any] = [
        *(sharegpt(n) for n in range(40)),
        b'{"conversations": [' + b'{"from": "human", "value": ' * 50_000 + b"}" * 50_000 + b"]}",
        b'{"a": ' * 50_000,
        many,
        b'{"conversations": [{"from": "human", "value": "' + b"x" * 3_000_000 + b'"}]}',
        b'{"n": 1' + b"0" * 100_000 + b', "conversations": [{"from": "human", "value": "q"}]}',
        b"\x00" * 1000,
        sharegpt(40),
    ]
    path = write(tmp_path / "in.jsonl", lines)
    for output in ("out.jsonl", "out.parquet"):
        summary = run(path, output=output, max_row=8_000_000)
        assert summary.total.turns > 200_000
        assert summary.rows >= 43
        assert summary.total.bad <= 4
    limited = run(path, max_row=100_000)
    assert limited.total.reasons["the row is longer than 100,000 bytes"].rows == 5
    assert limited.rows == 41


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 5, 1999, 2010, 2999, 3010, 5000])
def test_a_limit_is_exact(dirty: Path, run: Run, tmp_path: Path, limit: int) -> None:
    run(dirty, output="all.jsonl")
    whole = (tmp_path / "all.jsonl").read_bytes().split(b"\n")
    found = [
        run(dirty, limit=limit, chunk_bytes=size, workers=n) for size, n in ((1000, 1), (40_000, 2), (9_000_000, 1))
    ]
    assert (tmp_path / "out.jsonl").read_bytes().split(b"\n")[:-1] == whole[:-1][:limit]
    assert found[0].total == found[1].total == found[2].total
    assert found[0].rows == min(limit, 3000 + GOOD_DIRTY)
    run(dirty, limit=limit, output="out.parquet", chunk_bytes=40_000)
    assert parquet.read_table(tmp_path / "out.parquet").num_rows == found[0].rows


def test_a_limit_with_processes_that_write_together(
    dirty: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(dirty, output="all.jsonl")
    whole = (tmp_path / "all.jsonl").read_bytes()
    monkeypatch.setattr("regrade.chat.convert.convert.SMALL_BYTES", 0)
    summary = run(dirty, limit=1234, workers=2, chunk_bytes=20_000)
    assert (tmp_path / "out.jsonl").read_bytes() == b"\n".join(whole.split(b"\n")[:1234]) + b"\n"
    assert summary.rows == summary.total.converted == 1234
    for size in (3_000, 20_000):
        run(dirty, limit=1234, workers=2, chunk_bytes=size, output="out.parquet")
        assert parquet.read_table(tmp_path / "out.parquet").num_rows == 1234


def test_a_limit_below_one(tmp_path: Path, run: Run) -> None:
    with pytest.raises(UsageError, match="--limit 0: must be at least 1"):
        run(write(tmp_path / "in.jsonl", [sharegpt(0)]), limit=0)


def test_errors_are_of_regrade(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "in.parquet"
    path.write_bytes(b"PAR1 but nothing more")
    with pytest.raises(RegradeError):
        run(path)
