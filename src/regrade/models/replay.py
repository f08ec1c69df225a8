"""``replay:FILE``: answers that exist already, in place of a model.

The file is a run's folder or journal, or any table (JSONL, CSV, Parquet) with the sample's id and the answer's text.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from regrade.errors import InputError
from regrade.files.tables import all_rows, open_table
from regrade.models.model import Model
from regrade.models.request import address_answer, request_hash
from regrade.registry import register
from regrade.schema import Answer, AnswerError, Malformed, Request, RequestKind

_IDS = ("sample_id", "id", "key", "doc_id")
_TEXTS = ("text", "answer", "prediction", "response", "output", "completion")


@register("model", "replay")
class Replay(Model):
    """Gives the answers of a file, by sample id and, where the file has them, repeat and turn; never by position.

    A sample with several rows and no ``repeat`` column has them in order as its repeats.

    Args:
        name: Path of the file, or of the run's folder.

    The file is read when the run is made, or at the first question: a run that lacks nothing reads nothing.

    Raises:
        InputError: the file cannot be read; on use: it has no column of ids, or none of texts.
    """

    kinds: ClassVar[tuple[RequestKind, ...]] = ("chat", "completion")
    costs: ClassVar[bool] = False

    def __init__(self, name: str) -> None:
        super().__init__(name)
        folder = Path(name)
        self._table = open_table(str(folder / "answers.jsonl") if folder.is_dir() else name)

    def check_ready(self) -> None:
        _ = self._answers

    @cached_property
    def _answers(self) -> dict[tuple[str, int, int], str]:
        """The texts by sample, repeat and turn."""
        answers: dict[tuple[str, int, int], str] = {}
        given: dict[tuple[str, int], int] = {}
        for item in all_rows(self._table):
            if isinstance(item, Malformed):
                raise InputError(item.reason, where=f"{item.file}:{item.line}")
            line, row = item
            if row.get("error"):  # of a journal: what failed is as good as not asked
                continue
            sample, text = _first(row, _IDS), _first(row, _TEXTS)
            if sample is None or text is None:
                lacking, names = ("id", _IDS) if sample is None else ("answer", _TEXTS)
                raise InputError(
                    f"the row has no {lacking}", where=f"{self.name}:{line}", hint=f"name its column {', '.join(names)}"
                )
            turn, repeat = int(row.get("turn") or 0), row.get("repeat")
            if repeat is None and "request_hash" in row:  # a journal leaves zeros out, and is in no order
                repeat = 0
            number = int(repeat) if repeat is not None else given.get((str(sample), turn), 0)
            given[str(sample), turn] = number + 1
            answers[str(sample), number, turn] = str(text)
        return answers

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "replay", "file": self.name}

    def draws(self, request: Request) -> bool:
        return True  # what is stored belongs to its sample, whoever else was asked the same

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        identity = self.identity
        async for request in requests:
            text = self._answers.get((request.sample_id, request.repeat, request.turn))
            error = None if text is not None else AnswerError("reply", f"{self.name} has no answer to this sample")
            answer = Answer(sample_id="", text=text, error=error, model=self.name, at=time.time())
            yield address_answer(answer, request, request_hash=request_hash(request, identity))


def _first(row: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)
