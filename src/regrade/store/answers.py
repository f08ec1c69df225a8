"""What a run's journal says of every sample: the last answer of each repeat and turn.

A journal (``RUN/answers.jsonl``) has a line for each thing that came back, errors included, in the order it came. An
answer wins over an error, a later answer over an earlier one, and a last line that breaks off was never counted.

The journal holds what was received; what a model thought in its text, between ``<think>`` tags, is told from its answer
here.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from regrade.answer_texts import Shortfall, find_shortfall, split_thinking
from regrade.errors import InputError
from regrade.files.location import locate
from regrade.schema import Answer, Loglikelihood
from regrade.store.journal import read_at, read_with_places

Said: TypeAlias = str | list[Loglikelihood]
"""What is scored of an answer: a text, or per continuation how likely it is."""


_decode_any: Final = msgspec.json.Decoder().decode
_KEPT: Final = ("thinking", "tool_calls", "finish_reason", "usage", "latency_s", "attempts", "model", "cached", "extra")


class JournalAnswers:
    """The answers of a journal.

    Attributes:
        path: The journal.
        said: By sample id, repeat and turn: what is scored of the answer, and the byte where its line begins.
        failed: By sample id, repeat and turn the kind of error, where there are only errors.
        damaged: Lines that are no answer.
        models: How the servers called the models that answered.
        shortfalls: By sample id, repeat and turn how an answer falls short (cut off, empty, ...).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: dict[str, dict[tuple[int, int], tuple[Said, int]]] = {}
        self.failed: dict[str, dict[tuple[int, int], str]] = {}
        self.damaged = 0
        self.models: set[str] = set()
        self.shortfalls: dict[tuple[str, int, int], Shortfall] = {}
        for place, answer in read_with_places(path):
            if isinstance(answer, Answer):
                self._add(answer, place)
            else:
                self.damaged += 1

    def _add(self, answer: Answer, place: int) -> None:
        which = answer.repeat, answer.turn
        if answer.error is not None:
            self.failed.setdefault(answer.sample_id, {})[which] = answer.error.kind
            return
        self.said.setdefault(answer.sample_id, {})[which] = _said(answer), place
        if answer.model:
            self.models.add(answer.model)
        self._note_shortfall(answer)

    def _note_shortfall(self, answer: Answer) -> None:
        if answer.choices is not None or answer.embedding is not None:
            return
        found = find_shortfall(answer.text, answer.tool_calls, answer.finish_reason, answer.extra.get("refusal"))
        key = answer.sample_id, answer.repeat, answer.turn
        if found is not None:
            self.shortfalls[key] = found
        elif self.shortfalls:
            self.shortfalls.pop(key, None)

    def count_shortfalls(self, *, with_tools: bool) -> dict[Shortfall, tuple[int, str]]:
        """How many answers fall short, by kind, with the first one's sample id.

        Args:
            with_tools: Whether the model was given tools, so that to call one is an answer.
        """
        counts: dict[Shortfall, tuple[int, str]] = {}
        for (sample_id, _, _), kind in self.shortfalls.items():
            if not (with_tools and kind == "called a tool"):
                count, first = counts.get(kind, (0, sample_id))
                counts[kind] = count + 1, first
        return counts

    def repeats(self, sample_id: str, turn: int = 0) -> dict[int, Said]:
        """What was said to a sample at one turn, by repeat."""
        found = self.said.get(sample_id)
        if found is None:
            return {}
        return {repeat: value for (repeat, at), (value, _) in sorted(found.items()) if at == turn}

    def repeats_or_wrong(self, sample_id: str, turn: int = 0) -> dict[int, Said]:
        """The same, with an empty text, which is wrong, for those of which the request failed, if there are others."""
        there = self.repeats(sample_id, turn)
        if there and all(isinstance(value, str) for value in there.values()):
            lost = {repeat for repeat, at in self.failed.get(sample_id, {}) if repeat not in there}
            return dict(sorted([*there.items(), *((repeat, "") for repeat in lost)]))
        return there

    def details(self, sample_id: str, turn: int = 0) -> list[dict[str, Any]]:
        """Everything else about the answers to a sample at one turn, in order of repeat; read anew from the journal.

        Returns:
            Per repeat ``repeat``, ``thinking``, ``tool_calls``, ``finish_reason``, ``usage``, ``latency_s``,
            ``attempts``, ``model``, ``cached`` and ``extra``, None where nothing is known; and, of conversations of
            several turns, ``turns``: the texts of all turns up to this one.
        """
        found = self.said.get(sample_id, {})
        wanted = {repeat: place for (repeat, at), (_, place) in sorted(found.items()) if at == turn}
        details = []
        for repeat, answer in zip(wanted, read_at(self.path, wanted.values()), strict=True):
            known = msgspec.to_builtins(answer)
            one = {"repeat": repeat, **{name: known.get(name) for name in _KEPT}}
            if one["thinking"] is None:
                one["thinking"] = split_thinking(answer.text or "").thinking
            if turn:
                one["turns"] = [found[repeat, n][0] if (repeat, n) in found else None for n in range(turn + 1)]
            details.append(one)
        return details

    def failures(self, sample_id: str) -> Counter[str]:
        """The kinds of errors of a sample's answers that are not there."""
        there = self.said.get(sample_id, {})
        return Counter(kind for which, kind in self.failed.get(sample_id, {}).items() if which not in there)


def _said(answer: Answer) -> Said:
    """The likelihoods, or the text; a call of a tool is told as JSON, ``{"name": ..., "arguments": {...}}``.

    Of several calls it is the first, as in Unitxt. Who answers with nothing at all has said the empty text.
    """
    if answer.choices is not None:
        return answer.choices
    if answer.tool_calls:
        call = answer.tool_calls[0]
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            arguments = function.get("arguments")
            if isinstance(arguments, str):
                with suppress(msgspec.DecodeError):  # what is no JSON is told as it is
                    arguments = _decode_any(arguments)
            return msgspec.json.encode({"name": function.get("name"), "arguments": arguments}).decode()
    return split_thinking(answer.text).answer if answer.text else ""


def journal_answers(path: str) -> JournalAnswers:
    """The answers of a journal; read once per process as long as it does not change.

    Raises:
        InputError: it cannot be read.
    """
    try:
        stat = locate(path).stat()
        return _journal(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", where=path) from None


@lru_cache(maxsize=2)
def _journal(path: str, mtime: int, size: int) -> JournalAnswers:
    return JournalAnswers(locate(path))
