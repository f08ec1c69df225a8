"""What every record must have, whichever reader made it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.sources import KINDS, Question, write_source

from regrade.registry import lookup
from regrade.rows.discover import detect, discover
from regrade.schema import RECORD_PARTS, Record

PUBLIC = sorted(
    {*RECORD_PARTS, *(name for name, value in vars(Record).items() if isinstance(value, property))}
    | {"sample_id", "line", "answers", "target", "filter"}
)


def test_a_record_class_that_leaves_parts_out_is_refused() -> None:
    with pytest.raises(TypeError, match=r"override doc, arguments, recorded, .*, fields, fingerprint"):

        class Hasty(Record):
            def __init__(self) -> None:
                self.sample_id = 1


def test_a_record_class_may_call_the_constructor_or_have_none() -> None:
    class Careful(Record):
        def __init__(self) -> None:
            super().__init__(1, 1, [["4"]])

    class Plain(Record):
        @property
        def doc(self) -> Any:
            return {"question": "2 + 2"}

    assert Careful().fields is None
    assert Plain(1, 1, [["4"]]).scope == {"question": "2 + 2"}


def test_every_part_of_a_log_row_can_be_read(examples: Path, read_all: Callable[..., Any]) -> None:
    [log] = (examples / "results" / "chatty").glob("samples_*.jsonl")
    for source in read_all(log):
        for record in source.records:
            parts = {name: getattr(record, name) for name in PUBLIC}
            assert parts["scope"] == parts["doc"]
            assert parts["metadata"] == {}
            assert parts["fields"] is None
            assert parts["hashes"].keys() <= {"doc_hash", "prompt_hash", "target_hash"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_of_every_source_can_be_read(kind: str, tmp_path: Path) -> None:
    source = write_source(kind, tmp_path / "made", [Question("red", ["red"]), Question("blue", ["green"])])
    records = [
        record
        for one in discover([source.path], dict(source.options))
        for chunk in one.chunks
        for record in lookup("reader", one.reader)().records(one, chunk)
    ]
    assert len(records) == 2
    for record in records:
        parts = {name: getattr(record, name) for name in PUBLIC}
        assert parts["answers"] in ([["red"]], [["green"]])
        assert isinstance(parts["fingerprint"], int)
        assert isinstance(parts["metadata"], dict)


PUBLISHED = {
    "alpaca-eval": ("alpaca_eval", "**/*.json"),
    "helm": ("every_eval_ever", "**/*.json"),
    "inspect": ("inspect_ai", "**/*.json"),
    "mt-bench": ("mt_bench", "**/*single*.jsonl"),
    "scored-repeats": ("pass_at_k", "**/*.json*"),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_part_of_published_files_can_be_read(name: str, shared_data: Path) -> None:
    """The first records of the first file that the reader recognises."""
    folder, pattern = PUBLISHED[name]
    files = (path for path in sorted((shared_data / folder).glob(pattern)) if path.stat().st_size < 20_000_000)
    path = next((path for path in files if (match := detect(path)) is not None and match.reader == name), None)
    if path is None:
        pytest.skip(f"no file that {name} reads")
    reader = lookup("reader", name)()
    for source in reader.sources(path, {})[:1]:
        for record in islice(reader.records(source, source.chunks[0]), 5):
            if isinstance(record, Record):
                assert {part: getattr(record, part) for part in PUBLIC}
