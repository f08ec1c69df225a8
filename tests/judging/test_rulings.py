"""Reading a judge's words takes no longer than any other answer may."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from regrade.errors import RecipeError
from regrade.judging import rulings
from regrade.judging.rulings import rulings_of
from regrade.schema import FilterPipeline, FilterStep

BOMB = "a" * 60 + "b"
SLOW = FilterPipeline("slow", [FilterStep("regex", {"regex_pattern": "(?:a+)+$|^([0-9])"}), FilterStep("take_first")])


def judged(words: list[str]) -> Any:
    about = {"item": "i", "turn": 1, "repeat": 0, "models": ["m"], "lengths": [1]}
    asked = [
        SimpleNamespace(sample_id=str(number), metadata=about, doc={}, criterion="") for number in range(len(words))
    ]
    return SimpleNamespace(
        readings={"": SimpleNamespace(steps=[])},
        mode="rating",
        read_questions=lambda: asked,
        answers_to=lambda name: [words[int(name)]] if words[int(name)] else [],
    )


def test_a_pattern_that_backtracks_costs_its_verdict_and_is_given_up_where_it_gets_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rulings, "DEFAULT_LIMIT_S", 0.03)
    found = rulings_of(judged(["7", BOMB, "", "8"]), filters=[SLOW])
    assert [(one.status, one.verdict) for one in found] == [
        ("parsed", 7.0),
        ("unparsed", None),
        ("call failed", None),
        ("parsed", 8.0),
    ]
    with pytest.raises(RecipeError, match="given up"):
        rulings_of(judged([BOMB] * 5), filters=[SLOW])
