"""In a thread a worker process makes a card's samples, within the main thread's limits, and with the same account."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import regrade
from regrade.errors import RecipeError, RegradeError, UsageError

ROWS = [{"q": f"question {n}", "a": str(n)} for n in range(40)]
SLOW = "a" * 60 + "b"


def card(rows: list[dict[str, Any]], *steps: dict[str, Any]) -> regrade.api.card.Card:
    return regrade.load_card(
        {
            "__type__": "task_card",
            "loader": {"__type__": "load_from_dictionary", "data": {"test": rows}},
            "preprocess_steps": list(steps),
            "task": {
                "__type__": "task",
                "input_fields": {"q": "str"},
                "reference_fields": {"a": "str"},
                "prediction_type": "str",
                "metrics": ["metrics.accuracy"],
            },
            "templates": [{"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}],
        }
    )


def in_thread(work: Callable[[], Any]) -> Any:
    found: list[Any] = []

    def catching() -> None:
        try:
            found.append(work())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=catching)
    thread.start()
    thread.join()
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def account_of(samples: Any) -> Any:
    return msgspec.to_builtins(samples.account.counts), msgspec.to_builtins(samples.account.failures)


def split(by: str) -> dict[str, Any]:
    return {"__type__": "regex_split", "field": "q", "by": by, "to_field": "parts"}


def test_a_pattern_that_backtracks_costs_its_row_in_a_thread() -> None:
    samples = card([*ROWS[:3], {"q": SLOW, "a": "1"}], split("(a+)+$")).samples(time_limit=0.1)
    made = in_thread(lambda: list(samples))
    assert [sample.prompt for sample in made] == ["question 0\n", "question 1\n", "question 2\n"]
    assert [(failure.row, failure.reason) for failure in samples.account.failures] == [
        (4, "exceeded --time-limit 0.1 (CPU s)")
    ]


def test_samples_and_account_are_those_of_the_main_thread(tmp_path: Path) -> None:
    one = card(
        [*ROWS, {"q": "no answer", "a": 5}],
        {"__type__": "filter_by_condition", "values": {"a": "7"}, "condition": "ne"},
    )
    here, there = one.samples(), one.samples()
    assert list(here) == in_thread(lambda: list(there))
    assert account_of(here) == account_of(there)
    whole = [tmp_path / "here.jsonl", tmp_path / "there.jsonl"]
    assert (here.write(whole[0]), in_thread(lambda: there.write(whole[1]))) == (39, 39)
    first, second = (path.read_text().splitlines()[1:] for path in whole)
    assert first == second


def test_no_more_is_made_than_is_wanted() -> None:
    samples = card(ROWS).samples()
    first = in_thread(lambda: next(iter(samples)))
    assert first.prompt == "question 0\n"


def test_what_goes_wrong_is_told_in_a_thread_too() -> None:
    with pytest.raises(RecipeError, match="no row could be processed"):
        in_thread(lambda: list(card([{"q": "1"}]).samples()))


def test_an_input_is_not_replaced_from_a_thread(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(msgspec.json.encode(ROWS))
    one = regrade.load_card(
        {
            "__type__": "task_card",
            "loader": {"__type__": "load_json_file", "files": {"test": str(path)}},
            "task": card(ROWS).loaded.data["task"],
            "templates": card(ROWS).loaded.data["templates"],
        },
        allow_paths=[tmp_path],
    )
    output = tmp_path / "out.jsonl"
    output.symlink_to(path)
    with pytest.raises(UsageError, match="is read as an input"):
        in_thread(lambda: one.samples().write(output))
    assert msgspec.json.decode(path.read_bytes()) == ROWS


def test_a_card_that_cannot_be_sent_says_so() -> None:
    rows = [{"q": "1", "a": "1", "made": lambda: 1}]
    with pytest.raises(RegradeError, match="cannot be sent"):
        in_thread(lambda: list(card(rows).samples()))
    assert len(in_thread(lambda: list(card(rows).samples(time_limit=0)))) == 1
