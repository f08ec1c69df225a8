"""Samples at rest: what goes in comes out, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.schema import Sample
from regrade.store import samples as sample_file
from regrade.store.samples import read_about, write

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
docs = st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), values, max_size=4)
samples = st.builds(
    Sample,
    sample_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=6),
    doc=docs,
    prompt=st.none() | st.text(st.characters(codec="utf-8"), max_size=8),
    messages=st.none() | st.just([{"role": "user", "content": "é"}]),
    target=st.none() | st.text(st.characters(codec="utf-8"), max_size=4),
    references=st.lists(st.text(st.characters(codec="utf-8"), max_size=4), max_size=3),
    input_fields=docs,
    reference_fields=docs,
    group=st.none() | st.sampled_from(["a", "b"]),
    metadata=docs,
    postprocessors=st.just(["processors.lower_case"]),
    metrics=st.sampled_from([["metrics.accuracy"], [{"__type__": "accuracy"}]]),
)
NESTED = ("doc", "messages", "input_fields", "reference_fields", "metadata", "postprocessors", "metrics")


def read(path: Path) -> list[Sample]:
    if path.suffix == ".jsonl":
        return [msgspec.convert(json.loads(line), Sample) for line in path.read_bytes().split(b"\n") if line]
    table = pq.read_table(path)
    table.validate(full=True)
    rows = []
    for row in table.to_pylist():
        decoded = {k: json.loads(v) if k in NESTED and v is not None else v for k, v in row.items()}
        rows.append(Sample(**{name: value for name, value in decoded.items() if name in Sample.__struct_fields__}))
    return rows


@given(
    rows=st.lists(samples, max_size=9), rows_per_group=st.integers(1, 4), suffix=st.sampled_from(["parquet", "jsonl"])
)
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Sample], rows_per_group: int, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("samples") / f"s.{suffix}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample_file, "_GROUP_ROWS", rows_per_group)
        assert write(iter(rows), path, lambda: {"name": "é", "n": len(rows)}) == len(rows)
    assert read(path) == rows
    assert read_about(path) == {"name": "é", "n": len(rows)}
    if suffix == "parquet":
        assert pq.read_metadata(path).num_row_groups == -(-len(rows) // rows_per_group)


def made(**fields: Any) -> Sample:
    return Sample(**{"sample_id": "a", "doc": {}, **fields})


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_an_error_leaves_what_was_there(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"s.{suffix}"
    write([made(doc={"old": 1})], path, dict)

    def breaking() -> Iterator[Sample]:
        yield made()
        raise RuntimeError("so far and no further")

    with pytest.raises(RuntimeError):
        write(breaking(), path, dict)
    assert [sample.doc for sample in read(path)] == [{"old": 1}]
    assert {found.name for found in tmp_path.iterdir()} <= {path.name, f"{path.name}.run.json"}


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_what_is_no_json_or_utf8_does_not_stop_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"s.{suffix}"
    odd = {"half": "a\ud800", "nan": float("nan"), "object": 1j, "bytes": b"x"}
    write([made(doc=odd, prompt="a\ud800", references=["\ud800"])], path, dict)
    (found,) = read(path)
    assert found.doc["half"] == "a\ud800"
    assert found.doc["object"] == "1j"


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_what_cannot_be_sent_is_read_as_a_question_mark(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"s.{suffix}"
    write([made(doc={"text": "a\ud800"}, messages=[{"role": "user", "content": "a\ud800b"}])], path, dict)
    (found,) = sample_file.read(path)
    assert found.messages == [{"role": "user", "content": "a?b"}]


def test_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"neither \.parquet nor \.jsonl"):
        write([], tmp_path / "samples.csv", dict)
    assert list(tmp_path.iterdir()) == []
