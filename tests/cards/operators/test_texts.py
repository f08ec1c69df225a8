"""Operators on texts: cutting, joining, replacing, normal forms, what is taken out of them."""

from __future__ import annotations

import difflib
import importlib.util
import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts import ArtifactError, build
from regrade.cards.operators import FieldOperator
from regrade.cards.operators.texts.cutting import FormatText
from regrade.cards.operators.texts.extraction import MatchClosestOption
from regrade.cards.operators.texts.normal_forms import LowerCaseTillPunc, RemovePunctuations
from regrade.cards.operators.texts.sql import GetSQL
from regrade.errors import UnavailableError


def result(kind: str, value: Any, **arguments: Any) -> Any:
    """What a field operator makes of a value."""
    return build({"__type__": kind, "field": "a", **arguments}, FieldOperator).process_row({"a": value})["a"]


@pytest.mark.parametrize(
    ("kind", "value", "expected", "arguments"),
    [
        ("split", "a,b", ["a", "b"], {"by": ","}),
        ("regex_split", "a1b22c", ["a", "1", "b", "22", "c"], {"by": r"(\d+)"}),
        ("join", ["a", "b"], "a-b", {"by": "-"}),
        ("strip", " a ", "a", {}),
        ("replace", "aXbX", "a.b.", {"old": "X", "new": "."}),
        ("map_replace", "ab", "cc", {"mapping": {"a": "b", "b": "c"}}),
        ("regex_replace", "a1", "1a", {"pattern": r"(\w)(\d)", "replacement": r"\2\1"}),
        ("regex_replace", 7, 7, {"pattern": "a", "replacement": "b"}),
        ("split_strip", "a ; b", ["a ", " b"], {"delimiter": ";"}),
        ("to_list_by_comma", " cat,dog , ", ["cat", "dog", ""], {}),
        ("to_list_by_comma_space", "1,000, 2", ["1,000", "2"], {}),
        ("to_string", None, "None", {}),
        ("to_string_stripped", [" a "], "[' a ']", {}),
        ("upper", 1.5, "1.5", {}),
        ("capitalize", "heLLO world", "Hello world", {}),
        ("lower_case_till_punc", "Yes! No.", "yes", {}),
        ("remove_articles", "The theatre and a cat", "The theatre and   cat", {}),
        ("fix_white_space", "\t a \n", "a", {}),
        ("add_prefix", " SELECT 1 ", "SELECT 1", {"prefix": "SELECT"}),
        ("add_prefix", " 1 ", "SELECT 1", {"prefix": "SELECT "}),
        ("substring", "abc", "bc", {"begin": 1}),
        ("str_to_float_format", "1e3", "1000.0", {}),
        ("str_to_float_format", None, "None", {}),
        ("get_string_after", "a: b: c", "b: c", {"substring": ":"}),
        ("get_string_after", " abc ", "abc", {"substring": ":"}),
        ("take_first_non_empty_line", "\n\n a \n b", "a", {}),
        ("take_last_non_empty_line", "a\n b \n\n", "b", {}),
        ("take_first_word", " -12.5.1abc", "-12.5.1", {}),
        ("take_first_word", " - yes", "yes", {}),
        ("first_character", " (b)", "b", {}),
        ("first_character", "", "", {}),
        ("regex_parser", "None", [], {"regex": ".+", "termination_regex": "None"}),
        ("regex_parser", "a:b", [("a", "b")], {"regex": "(.):(.)"}),
        ("extract_with_regex", "[[x]] [[y]]", "x", {"regex": r"\[\[(.*?)\]\]"}),
        ("extract_with_regex", "ab", ("a", "b"), {"regex": "(a)(b)"}),
        ("extract_with_regex", "b", "", {"regex": "(a)?b"}),
        ("group_dict_with_regex", "xa", {}, {"pattern": "(?P<n>a)"}),
        ("group_dict_with_regex", "A", {"n": "A"}, {"pattern": "(?P<n>a)", "flags": 2}),
        ("convert_to_boolean", "It is wrong, yes", "FALSE", {}),
        ("yes_no_to_int", "maybe", "maybe", {}),
        ("stance_to_pro_con", "suggestion", "CON", {}),
        ("stance_to_pro_con", "neutral", "none", {}),
        ("string_equals", "NOT Toxic", "not toxic", {"string": "toxic"}),
        ("string_or_not_string", "fine", "fine", {"string": "toxic"}),
        ("lower_case", "A", "a", {}),
    ],
)
def test_what_becomes_of_a_text(kind: str, value: Any, expected: Any, arguments: dict[str, Any]) -> None:
    assert result(kind, value, **arguments) == expected


@pytest.mark.parametrize("kind", ["strip", "lower", "take_first_word", "fix_white_space"])
def test_what_is_no_text_is_refused(kind: str) -> None:
    with pytest.raises(TypeError, match="a text is wanted, not int"):
        result(kind, 5)


@pytest.mark.parametrize(
    ("kind", "argument"),
    [
        ("regex_split", "by"),
        ("regex_replace", "pattern"),
        ("regex_parser", "regex"),
        ("extract_with_regex", "regex"),
        ("group_dict_with_regex", "pattern"),
    ],
)
def test_a_broken_pattern_is_refused_when_the_card_is_read(kind: str, argument: str) -> None:
    with pytest.raises(ArtifactError, match=r"is no regular expression") as told:
        result(kind, "a", **{argument: "(", **({"replacement": ""} if kind == "regex_replace" else {})})
    assert told.value.path == (argument,)


def test_a_format_reads_fields_and_their_items() -> None:
    fill = FormatText(text="{{{a}}} {b[x]:>3} {c!r}", to_field="t")
    assert fill.process_row({"a": 1, "b": {"x": 2}, "c": "z"})["t"] == "{1}   2 'z'"
    with pytest.raises(KeyError):
        fill.process_row({"a": 1})


@pytest.mark.parametrize("text", ["{a.__class__}", "{a[x].y}", "{a:{b.c}}", "{a", "}"])
def test_a_format_reaches_for_no_attributes(text: str) -> None:
    with pytest.raises(ArtifactError):
        FormatText(text=text, to_field="t")


@given(st.text(alphabet=string.printable))
def test_punctuation_goes_and_nothing_else(text: str) -> None:
    kept = "".join(character for character in text if character not in set(string.punctuation))
    assert RemovePunctuations().process_value(text) == kept


@given(st.text(alphabet="aB .,!?;\n"))
def test_lower_case_ends_at_punctuation(text: str) -> None:
    found = LowerCaseTillPunc().process_value(text)
    assert text.lower().startswith(found)
    assert not re.search(r"[.,!?;]", found)
    assert len(found) == len(text) or text[len(found)] in ".,!?;"


@given(st.text(alphabet="abc", max_size=5), st.lists(st.text(alphabet="abc", max_size=5), min_size=1, max_size=5))
def test_the_closest_option_is_difflibs(text: str, options: list[str]) -> None:
    row = {"a": text, "task_data": {"options": options}}
    expected = difflib.get_close_matches(text, options, n=1, cutoff=0.0)[0]
    assert MatchClosestOption(field="a").process_row(row)["a"] == expected


def test_no_options_are_an_error() -> None:
    with pytest.raises(ValueError, match="there are no options"):
        MatchClosestOption(field="a").process_row({"a": "x", "task_data": {"options": []}})


@pytest.mark.skipif(importlib.util.find_spec("transformers") is not None, reason="transformers is installed")
@pytest.mark.parametrize("kind", ["tokens_split", "tokens_slice"])
def test_cutting_by_tokens_says_what_it_needs(kind: str) -> None:
    made = build({"__type__": kind, "field": "a", "model": "some/model"}, FieldOperator)
    needs = "cutting texts by the tokens of some/model needs the package transformers"
    assert made.needs() == f"{needs}: pip install 'regrade[transformers]'"
    with pytest.raises(UnavailableError, match="needs the package transformers"):
        made.process_row({"a": "text"})


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("```sql\nSELECT 1;\n```\n```sql\nSELECT 2; x\n```", "SELECT 2"),
        ("```\nSELECT 1\n```", "SELECT 1"),
        ("```\nnot sql\n``` then WITH x AS (y)", "WITH x AS (y)"),
        ("First SELECT 1; then DELETE FROM t; end", "DELETE FROM t"),
        ("```sql\nSELECT 1", "SELECT 1"),
        ("SELECTED", "No query found in generation"),
        (7, "Input must be a string"),
    ],
)
def test_the_query_in_an_answer(text: Any, query: str) -> None:
    assert GetSQL().process_value(text) == query
