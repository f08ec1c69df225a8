"""Verdicts in a judge's words, as FastChat reads them."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.errors import RecipeError
from regrade.filters import Pipeline, is_unparsed
from regrade.schema import FilterPipeline, FilterStep


def take(name: str, text: Any) -> Any:
    return Pipeline(FilterPipeline("p", [FilterStep(name), FilterStep("take_first")])).apply([[text]], None)[0]


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("Good. Rating: [[8]]", 8.0),
        ("Rating: [[7.5]] not [[9]]", 7.5),
        ("[[10.]]", 10.0),
        ("as [1] says, [[6]]", 6.0),
        ("Rating: [5]", 5.0),
        ("a list [1] and a rating [9]", 1.0),
        ("[[8/10]] [3]", None),
        ("<think>could be [[3]]</think>Rating: [[8]]", 8.0),
        ("<think>maybe [[3]] or [[9]]", None),
        ("Rating: 8", None),
        ("[[-1]]", None),
        ("", None),
        (None, None),
    ],
)
def test_ratings(text: Any, rating: float | None) -> None:
    found = take("fastchat_rating", text)
    assert found == rating
    assert is_unparsed(found) == (rating is None)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("so [[A]]", "A"),
        ("[[B]]", "B"),
        ("[[C]] it is", "C"),
        ("not [[C]] nor [[B]], but [[A]]", "A"),
        ("[[C]], no: [[B]]", "B"),
        ("<think>[[A]]?</think>[[B]]", "B"),
        ("<think>[[A]]?", None),
        ("[A]", None),
        ("[[D]]", None),
        (None, None),
    ],
)
def test_choices(text: Any, choice: str | None) -> None:
    assert take("fastchat_choice", text) == choice


@pytest.mark.parametrize(
    ("arguments", "text", "verdict"),
    [
        ({"mode": "rating", "lowest": 1, "highest": 10}, "First [[3]], or rather [[ 7.5 ]].", None),
        ({"mode": "rating", "lowest": 1, "highest": 10}, "[[11]]", None),
        ({"mode": "rating"}, '{"rating": 7}', 7.0),
        ({"mode": "rating", "form": "tool"}, '{"rating": 7}', 7.0),
        ({"mode": "rating", "form": "tool"}, '{"name": "give_verdict", "arguments": {"rating": 7}}', 7.0),
        ({"mode": "rating", "form": "tool"}, "no tool here, [[7]]", 7.0),
        ({"mode": "rating", "form": "json_schema"}, "no object here, [[7]]", None),
        ({"mode": "rating", "form": "json_schema"}, '```json\n{"rating": "7"}\n```', 7.0),
        ({"mode": "rating", "form": "json_schema"}, '{"rating": true}', None),
        ({"mode": "rating", "form": "json_schema"}, '{"rating": NaN}', None),
        ({"mode": "rating", "form": "json_schema"}, '{"rating": 7', None),
        ({"mode": "rating", "form": "json_schema"}, "[7]", None),
        ({"mode": "rating", "form": "json_schema", "field": "score"}, '{"score": 0.5, "rating": 9}', 0.5),
        ({"mode": "pairwise"}, "[[A]] is what I said, but [[b]]", None),
        ({"mode": "pairwise"}, "[[Tie]]", "C"),
        ({"mode": "pairwise"}, "[[D]]", None),
        ({"mode": "pairwise", "form": "tool"}, '{"better": "tie"}', "C"),
        ({"mode": "choice", "options": ["very good", "bad"]}, "[[Very  Good]]", "very good"),
        ({"mode": "choice", "options": ["very good", "bad"]}, "[[good]]", None),
        ({"mode": "choice", "options": ["1", "2"], "form": "tool"}, '{"choice": "2"}', "2"),
        ({"mode": "pairwise"}, "", None),
        ({"mode": "pairwise"}, None, None),
    ],
)
def test_verdicts_of_any_judge(arguments: dict[str, Any], text: Any, verdict: Any) -> None:
    steps = [FilterStep("verdict", arguments), FilterStep("take_first")]
    found = Pipeline(FilterPipeline("p", steps)).apply([[text]], None)[0]
    assert found == verdict
    assert is_unparsed(found) == (verdict is None)


def test_wrong_arguments_of_verdicts_are_told() -> None:
    for arguments in ({"mode": "guess"}, {"mode": "rating", "form": "song"}):
        with pytest.raises(RecipeError, match="must be"):
            Pipeline(FilterPipeline("p", [FilterStep("verdict", arguments)]))


@pytest.mark.parametrize(
    ("name", "repeats", "verdict"),
    [
        ("mean_of_parsed", [7.0, None, 8.0], 7.5),
        ("mean_of_parsed", [None, None], None),
        ("majority_of_parsed", ["A", None, "A", "B"], "A"),
        ("majority_of_parsed", ["A", "B"], "C"),
        ("majority_of_parsed", ["good", "bad"], None),
        ("majority_of_parsed", [None], None),
    ],
)
def test_repeats_come_to_one_verdict(name: str, repeats: list[Any], verdict: Any) -> None:
    assert Pipeline(FilterPipeline("p", [FilterStep(name)])).apply([repeats], None)[0] == verdict
