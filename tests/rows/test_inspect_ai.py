import io
import json
import math
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from regrade.errors import InputError
from regrade.files.zip_members import Archive
from regrade.rows.discover import detect
from regrade.rows.readers.inspect_ai import InspectReader
from regrade.rows.readers.inspect_ai_scores import View, reduce_epochs, to_float

LOGS = "inspect_ai/tests/log/test_eval_log"


def log_files(shared_data: Path) -> list[Path]:
    files = [
        *(shared_data / "inspect_ai").rglob("*.*"),
        *(shared_data / "every_eval_ever/tests/data/inspect").iterdir(),
    ]
    return sorted(path for path in files if path.is_file() and path.name != "log_invalid.txt")


def header(**changes: Any) -> dict[str, Any]:
    log: dict[str, Any] = {
        "version": 2,
        "status": "success",
        "eval": {"task": "t", "model": "m/x", "created": "2025", "dataset": {}, "config": {}},
        "results": {
            "total_samples": 2,
            "scores": [
                {"name": "match", "scorer": "match", "metrics": {"accuracy": {"name": "accuracy", "value": 0.5}}}
            ],
        },
    }
    return log | changes


def sample(id: Any, value: Any, epoch: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "epoch": epoch,
        "input": "q",
        "target": "a",
        "output": {"choices": [{"message": {"content": f"said {id} {epoch}"}, "stop_reason": "stop"}]},
        "scores": {"match": {"value": value, "answer": str(value)}},
        "metadata": {"k": 1},
        **changes,
    }


def write_eval(path: Path, log: dict[str, Any], samples: list[dict[str, Any]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_journal/start.json", json.dumps({key: log[key] for key in ("version", "eval")}))
        for each in samples:
            archive.writestr(f"samples/{each['id']}_epoch_{each['epoch']}.json", json.dumps(each))
        archive.writestr("header.json", json.dumps(log))
    return path


def test_every_real_log_re_aggregates_or_says_it_is_not_whole(shared_data: Path, read: Callable[..., Any]) -> None:
    compared = 0
    for path in log_files(shared_data):
        got = read(path)
        assert got.source.reader == "inspect"
        assert not got.malformed
        if "incomplete" in got.source.options:
            continue
        assert len({r.sample_id for r in got.records}) == (got.source.expected or 0)
        for key, value in got.source.recorded.items():
            if not key.partition(",")[0].endswith("_stderr"):
                assert got.mean(key) == pytest.approx(value, abs=1e-12), (path.name, key)
                compared += 1
    assert compared >= 25


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("gsm8k", "accuracy,match", 1.0),
        ("humaneval", "accuracy,verify", 0.8),
        ("math", "accuracy,expression_equivalance", 0.2),
        ("math", "accuracy,expression_exact_match_sympy", 0.0),
        ("medqa", "accuracy,choice", 0.4),
    ],
)
def test_published_values(shared_data: Path, read: Callable[..., Any], name: str, key: str, value: float) -> None:
    got = read(shared_data / "inspect_ai" / "shortened" / f"{name}.json")
    assert "incomplete" not in got.source.options
    assert got.source.expected == 5
    assert got.mean(key) == got.source.recorded[key] == value


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("inspect_ai/shortened/drop.json", "mean,f1 is 0.784635, its 5 samples give 0.2"),
        (
            "inspect_ai/shortened/ifeval.json",
            "prompt_strict_acc,instruction_following is 0.720887, its 5 samples give 0.2",
        ),
        ("inspect_ai/shortened/mbpp.json", "5 of 25 epochs"),
        (f"{LOGS}/log_tool_call_error.json", "1 of 4 epochs"),
        ("every_eval_ever/tests/data/inspect/data_with_llm_scoring.json", "0 of 1000 samples"),
        ("inspect_ai/tests/analysis/test_logs/2025-05-12T20-28-13-04-00_no-samples.json", "0 of 3 samples"),
        (f"{LOGS}/log_valid.txt", "holds no samples"),
    ],
)
def test_logs_that_were_cut_down_are_incomplete(
    shared_data: Path, read: Callable[..., Any], path: str, why: str
) -> None:
    got = read(shared_data / path)
    assert why in got.source.options["incomplete"]
    assert any(why in note for note in got.source.notes)


def test_scorers_are_filters(shared_data: Path, read: Callable[..., Any]) -> None:
    got = read(shared_data / "inspect_ai" / "shortened" / "math.json")
    assert len(got.records) == 15
    assert [pipeline.name for pipeline in got.source.recipe.filters] == [r.filter for r in got.records[:3]]
    assert got.records[0].doc is got.records[2].doc
    assert got.records[0].doc["metadata"]["level"] == "4"
    ifeval = read(shared_data / "inspect_ai" / "shortened" / "ifeval.json")
    assert ifeval.records[4].recorded == {
        "prompt_strict_acc": 0.0,
        "prompt_loose_acc": 0.0,
        "prompt_level_strict": 0.0,
        "inst_level_strict": 0.0,
        "prompt_level_loose": 0.0,
        "inst_level_loose": 2.0,
        "num_instructions": 3.0,
    }


def test_epochs_are_repeats(shared_data: Path, read: Callable[..., Any]) -> None:
    got = read(shared_data / LOGS / "log_streaming.eval")
    assert [(r.sample_id, r.answers, r.recorded) for r in got.records] == [
        (1, [["No", "Yes."]], {"accuracy": 0.5}),
        (2, [["No.", "No"]], {"accuracy": 1.0}),
    ]
    assert got.source.recipe.repeats == 2
    assert [epoch["epoch"] for epoch in got.records[0].doc["epochs"]] == [1, 2]
    assert got.mean("accuracy,match") == got.source.recorded["accuracy,match"] == 0.75


def test_both_formats_of_a_log_read_alike(shared_data: Path, read: Callable[..., Any]) -> None:
    one, other = (read(shared_data / LOGS / f"log_formats.{suffix}") for suffix in ("eval", "json"))
    assert [(r.sample_id, r.answers, r.target, r.recorded) for r in one.records] == [
        (r.sample_id, r.answers, r.target, r.recorded) for r in other.records
    ]
    assert one.source.recorded == other.source.recorded == {"accuracy,match": 0.0}


def test_attachments_are_put_back(shared_data: Path, read: Callable[..., Any]) -> None:
    record = read(shared_data / LOGS / "log_images.json").records[0]
    assert record.doc["input"][0]["content"][1]["image"].startswith("data:image/png;base64,")
    assert "attachment://" not in json.dumps(record.arguments)
    assert "data:image/png;base64," in json.dumps(record.arguments)
    assert record.target == ["bike", "bicycle"]


def test_nan_in_a_log(shared_data: Path, read: Callable[..., Any], tmp_path: Path) -> None:
    assert math.isnan(read(shared_data / LOGS / "log_with_nan.txt").source.recorded["accuracy,model_graded_fact"])
    path = tmp_path / "log.json"
    path.write_text(json.dumps(header(samples=[sample(1, float("nan")), sample(2, "C"), sample(3, None)])))
    got = read(path)
    assert [r.recorded for r in got.records] == [{}, {"accuracy": 1.0}, {}]
    assert len(got.records) == 3


def test_a_log_that_breaks_off_says_where(shared_data: Path) -> None:
    path = shared_data / LOGS / "log_invalid.txt"
    assert detect(path) is None
    with pytest.raises(InputError, match="not valid JSON: it breaks off"):
        InspectReader().sources(path, {})


def test_errors_limits_and_silence_are_kept(tmp_path: Path, read: Callable[..., Any]) -> None:
    failed = sample(1, "C", error={"message": "boom", "traceback": "..."}, output={"choices": []}, scores=None)
    limited = sample(2, "I", limit={"type": "token", "limit": 5})
    path = tmp_path / "log.json"
    path.write_text(json.dumps(header(samples=[failed, limited])))
    got = read(path)
    assert [(r.answers, r.recorded) for r in got.records] == [([[]], {}), ([["said 2 1"]], {"accuracy": 0.0})]
    assert got.records[0].doc["error"] == "boom"
    assert got.records[1].doc["limit"] == "token"


def test_old_and_bare_forms(tmp_path: Path, read: Callable[..., Any]) -> None:
    old = sample(1, "C")
    old["score"] = old.pop("scores")["match"]
    results = {"scorer": {"name": "match"}, "metrics": {"accuracy": {"name": "accuracy", "value": 1.0}}}
    path = tmp_path / "log.json"
    path.write_text(json.dumps(header(version=1, results=results, samples=[old])))
    got = read(path)
    assert got.records[0].recorded == {"accuracy": 1.0}
    assert got.source.recorded == {"accuracy,match": 1.0}
    path.write_text(json.dumps(header(status="error", results=None, samples=[sample(1, "P")])))
    got = read(path)
    assert got.records[0].recorded == {"accuracy": 0.5}
    assert "did not end" in got.source.options["incomplete"]


def test_content_in_parts_leaves_reasoning_out(tmp_path: Path, read: Callable[..., Any]) -> None:
    content = [
        {"type": "reasoning", "reasoning": "hm"},
        {"type": "text", "text": "one"},
        {"type": "text", "text": "attachment://x"},
    ]
    output = {"choices": [{"message": {"content": content}}]}
    path = tmp_path / "log.json"
    path.write_text(json.dumps(header(samples=[sample(1, 1, output=output, attachments={"x": "two"})])))
    assert read(path).records[0].answers == [["one\ntwo"]]


def test_a_run_that_never_ended_has_only_its_journal(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "log.eval"
    log = header()
    log["eval"]["dataset"] = {"sample_ids": [1, 2, 3]}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("_journal/start.json", json.dumps({"version": 2, "eval": log["eval"]}))
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample(1, "C")))
    got = read(path)
    assert got.records[0].recorded == {"accuracy": 1.0}
    assert got.source.expected == 3
    assert "1 of 3 samples" in got.source.options["incomplete"]


def test_chunks_of_an_archive_give_the_same_records(tmp_path: Path, read: Callable[..., Any]) -> None:
    samples = [sample(f"a/b_{n}", "C" if n % 3 else "I", epoch) for n in (10, 2, 33) for epoch in (2, 1)]
    samples += [sample(n, "C", epoch) for n in (11, 9) for epoch in (1, 2)]
    path = write_eval(tmp_path / "log.eval", header(), samples)
    whole, cut = read(path), read(path, chunk_bytes=1)
    assert (len(whole.source.chunks), len(cut.source.chunks)) == (1, 5)
    assert [(r.sample_id, r.answers) for r in cut.records] == [(r.sample_id, r.answers) for r in whole.records]
    assert [r.sample_id for r in whole.records] == [9, 11, "a/b_10", "a/b_2", "a/b_33"]
    assert whole.records[0].answers == [["said 9 1", "said 9 2"]]


def test_reducers_get_rows_of_their_own(tmp_path: Path, read: Callable[..., Any]) -> None:
    scores = [
        {"name": "match", "scorer": "match", "reducer": reducer, "metrics": {"accuracy": {"value": value}}}
        for reducer, value in (("mean", 0.5), ("pass_at_2", 1.0), ("max", 1.0), ("custom", 0.3))
    ]
    log = header(results={"total_samples": 3, "scores": scores})
    log["eval"]["config"] = {"epochs": 3}
    path = write_eval(tmp_path / "log.eval", log, [sample(1, value, n) for n, value in enumerate("CIP", 1)])
    got = read(path)
    assert {r.filter: r.recorded for r in got.records} == {
        "match/mean": {"accuracy": 0.5},
        "match/pass_at_2": {"accuracy": pytest.approx(2 / 3)},
        "match/max": {"accuracy": 1.0},
        "match/custom": {},
    }


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("C", 1),
        ("I", 0),
        ("P", 0.5),
        ("N", 0),
        (True, 1),
        (0.25, 0.25),
        ("yes", 1),
        ("No", 0),
        ("0.5", 0.5),
        ("x", 0),
        ("inf", 0),
    ],
)
def test_values_count_as_in_inspect(value: Any, number: float) -> None:
    assert to_float(value) == number


@pytest.mark.parametrize(
    ("reducer", "number"),
    [
        (None, 0.5),
        ("mean", 0.5),
        ("median", 0.5),
        ("max", 1.0),
        ("mode", 1.0),
        ("at_least_2", 1.0),
        ("at_least_3", 0.0),
        ("pass_at_1", 0.5),
        ("pass_at_2", 1 - 1 / 6),
        ("pass_k_2", 1 / 6),
    ],
)
def test_reducers_count_as_in_inspect(reducer: str | None, number: float) -> None:
    # Unscored epochs (NaN) are left out; checked against inspect_ai 0.3.285 on 64,000 random cases.
    scores = [{"value": value} for value in ("C", "I", "C", float("nan"), "N")]
    assert reduce_epochs(scores, View("f", "f", None, reducer, ["accuracy"])) == {"accuracy": pytest.approx(number)}


def test_objects_and_lists_give_a_value_per_key() -> None:
    scores = [{"value": {"a": 1, "b": "C"}}, {"value": {"a": 0, "b": "I"}}]
    assert reduce_epochs(scores, View("f", "f", means=["mean"])) == {"a": 0.5, "b": 0.5}
    assert reduce_epochs(scores, View("f/a", "f", "a", means=["mean"])) == {"mean": 0.5}
    assert reduce_epochs([{"value": [1, 0]}], View("f", "f")) == {"0": 1.0, "1": 0.0}


def test_truncated_and_damaged_archives(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = write_eval(tmp_path / "log.eval", header(), [sample(n, "C") for n in range(3)])
    data = path.read_bytes()
    cut = tmp_path / "cut.eval"
    cut.write_bytes(data[: len(data) // 2])
    match = detect(cut)
    assert match is not None
    assert "damaged" in match.reason
    with pytest.raises(InputError, match="truncated or damaged"):
        read(cut)
    place = data.index(b"samples/1_epoch_1.json") + 60
    hurt = tmp_path / "hurt.eval"
    hurt.write_bytes(data[:place] + b"\0\0\0\0" + data[place + 4 :])
    got = read(hurt)
    assert [r.sample_id for r in got.records] == [0, 2]
    assert "samples/1_epoch_1.json" in got.malformed[0].reason


def test_bad_samples_cost_only_themselves(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps(header()))
        archive.writestr("samples/1_epoch_1.json", json.dumps(sample(1, "C")))
        archive.writestr("samples/2_epoch_1.json", b'{"id": 2, "broken')
        archive.writestr("samples/3_epoch_1.json", b'{"id": 3, "input": "\xff"}')
        archive.writestr("samples/4_epoch_1.json", b"[]")
        archive.writestr("samples/5_epoch_1.json", b'{"id": {}, "epoch": 1}')
        archive.writestr("samples/6_epoch_1.json", json.dumps({"id": 6, "scores": 3, "output": "x", "attachments": []}))
    got = read(path)
    assert [r.sample_id for r in got.records] == [1, 6]
    assert [m.line for m in got.malformed] == [2, 3, 4, 5]
    json_log = tmp_path / "log.json"
    json_log.write_text(json.dumps(header(samples=[sample(1, "C"), [], {"id": None}, sample(2, "I")])))
    got = read(json_log)
    assert [r.sample_id for r in got.records] == [1, 2]
    assert [m.line for m in got.malformed] == [2, 3]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"eval": 3}', b'{"eval": {"task": "t"}, "samples": 3}', b"PK\x03\x04"]
)
def test_what_is_no_log_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.json"
    path.write_bytes(content)
    with pytest.raises(InputError):
        InspectReader().sources(path, {})


def test_wrong_types_inside_a_log_are_survived(tmp_path: Path, read: Callable[..., Any]) -> None:
    log = header(
        results={"scores": [{"name": "match", "metrics": 3}, 5]}, reductions={"x": 1}, samples=[sample(1, {"a": [1]})]
    )
    log["eval"] |= {"dataset": [], "config": "none", "packages": None}
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log))
    got = read(path)
    assert got.records[0].recorded == {}


def zstd_zip(members: dict[str, bytes], *, crc_of: bytes | None = None) -> bytes:
    """A zip archive of Zstandard members (method 93), as newer Inspect versions write."""
    out, directory = io.BytesIO(), b""
    for name, data in members.items():
        half = len(data) // 2
        packed = zstandard.compress(data[:half]) + zstandard.compress(data[half:])
        fields = struct.pack("<HHHHHIII", 63, 0, 93, 0, 0x21, zlib.crc32(crc_of or data), len(packed), len(data))
        start = out.tell()
        out.write(b"PK\x03\x04" + fields + struct.pack("<HH", len(name), 0) + name.encode() + packed)
        directory += b"PK\x01\x02\x3f\x00" + fields
        directory += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, start) + name.encode()
    start = out.tell()
    out.write(
        directory + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), start, 0)
    )
    return out.getvalue()


def test_zstandard_members(tmp_path: Path, read: Callable[..., Any]) -> None:
    members = {
        "header.json": json.dumps(header()).encode(),
        "samples/1_epoch_1.json": json.dumps(sample(1, "C")).encode(),
    }
    path = tmp_path / "log.eval"
    path.write_bytes(zstd_zip(members))
    assert read(path).records[0].recorded == {"accuracy": 1.0}
    path.write_bytes(zstd_zip(members, crc_of=b"other"))
    with pytest.raises(InputError, match="checksum"):
        read(path)


def test_members_beyond_the_limit_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big", b"\0" * 5_000_000)
    with Archive(path) as opened:
        with pytest.raises(ValueError, match="declares 5,000,000 bytes"):
            opened.read("big", limit=1_000_000)
        assert len(opened.read("big")) == 5_000_000
    # A member that lies about its size is stopped at the size it declares.
    data = bytearray(path.read_bytes())
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 1000)
    path.write_bytes(bytes(data))
    with Archive(path) as opened, pytest.raises(ValueError, match="cannot be read"):
        opened.read("big")


def test_compressed_json_logs(shared_data: Path, tmp_path: Path, read: Callable[..., Any]) -> None:
    import gzip

    source = shared_data / "inspect_ai" / "shortened" / "gsm8k.json"
    path = tmp_path / "gsm8k.json.gz"
    with source.open("rb") as raw, gzip.open(path, "wb") as out:
        shutil.copyfileobj(raw, out)
    assert read(path).mean("accuracy,match") == 1.0
