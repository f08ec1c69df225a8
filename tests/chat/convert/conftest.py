"""What the tests of conversion share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regrade.chat.convert.convert import Request, Summary, convert

sys.path.insert(0, str(Path(__file__).parent))  # for chat_rows

Run = Callable[..., Summary]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Convert files to ``out.jsonl``, or to ``output``, in a folder of the test's own."""

    def run(*inputs: Path | str, output: str = "out.jsonl", **more: Any) -> Summary:
        target = output if output == "-" else str(tmp_path / output)
        return convert(Request(inputs=[str(one) for one in inputs], output=target, **more))

    return run
