"""What every record must have, whichever reader made it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
