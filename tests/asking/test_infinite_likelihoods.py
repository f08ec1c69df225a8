"""Minus infinity, for which JSON has no word, survives the journal, the cache and scoring."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest

from regrade.answer_json import answer_decoder, encode_answer
from regrade.checksums import seal
from regrade.schema import Answer
from regrade.store import journal
from regrade.store.answers import JournalAnswers

NEVER = Answer(sample_id="a", choices=[(-math.inf, False), (-1.5, None)])


def test_an_answer_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(seal(encode_answer(NEVER)) + seal(encode_answer(Answer(sample_id="b", text="-Infinity"))))
    first, second = journal.read(path)
    assert first == NEVER
    assert isinstance(second, Answer)
    assert second.text == "-Infinity"
    assert JournalAnswers(path).said["a"][0, 0][0] == NEVER.choices
    assert JournalAnswers(path).damaged == 0


def test_what_is_no_log_likelihood_is_kept_as_it_is() -> None:
    told = Answer(sample_id="a", choices=[(math.nan, False), (math.inf, True)])
    (first, _), (second, _) = answer_decoder(Answer)(encode_answer(told)).choices or ()
    assert math.isnan(first)
    assert second == math.inf


def test_what_is_no_answer_is_still_refused() -> None:
    decode = answer_decoder(Answer)
    with pytest.raises(msgspec.ValidationError):
        decode(b'{"sample_id":"a","choices":[["x",false]]}')
    with pytest.raises(msgspec.ValidationError):
        decode(b'{"sample_id":"a","choices":[["-Infinity","perhaps"]]}')
