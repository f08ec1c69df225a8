"""``fastchat:FILE``: a judge's words that FastChat kept, in place of a judge."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, ClassVar

from regrade.errors import InputError
from regrade.files.tables import Row, all_rows, open_table
from regrade.models.model import Model
from regrade.models.request import address_answer, request_hash
from regrade.registry import register
from regrade.schema import Answer, AnswerError, Malformed, Request


@register("model", "fastchat")
class FastChatJudgements(Model):
    """Gives the judgements of FastChat's ``model_judgment/*_single.jsonl`` or ``*_pair.jsonl``.

    They are matched by question, turn, model and, of pairs, which of the two was shown first: by the ids of a judge's
    samples (``MODEL/QUESTION.TURN``, ``MODEL_1~MODEL_2/QUESTION.TURN``, and ``/swapped`` after it). Which model a pair
    names first makes no difference.

    Args:
        name: Path of the file.

    Raises:
        InputError: it holds no such judgements.
    """

    costs: ClassVar[bool] = False

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._said: dict[str, str] = {}
        for item in all_rows(open_table(name)):
            if isinstance(item, Malformed):
                raise InputError(item.reason, where=f"{item.file}:{item.line}")
            line, row = item
            try:
                self._said |= _said(row)
            except KeyError as error:
                raise InputError(
                    f"is no judgement of FastChat's: it has no {error}",
                    where=f"{name}:{line}",
                    hint="regrade score reads files that keep verdicts without words",
                ) from None

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "fastchat", "file": self.name}

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        identity = self.identity
        async for request in requests:
            text = self._said.get(request.sample_id)
            error = None if text is not None else AnswerError("reply", f"{self.name} has no judgement of it")
            answer = Answer(sample_id="", text=text, error=error, model=self.name, at=time.time())
            yield address_answer(answer, request, request_hash=request_hash(request, identity))


def _said(row: Row) -> dict[str, str]:
    place = f"{row['question_id']}.{row.get('turn', 1)}"
    if "model_1" not in row:
        return {f"{row['model']}/{place}": row["judgment"]}
    one, other = row["model_1"], row["model_2"]
    forward, backward = row["g1_judgment"], row["g2_judgment"]
    return {
        f"{one}~{other}/{place}": forward,
        f"{one}~{other}/{place}/swapped": backward,
        f"{other}~{one}/{place}": backward,
        f"{other}~{one}/{place}/swapped": forward,
    }
