"""Texts about names and data; what is expected of names is what Unitxt 1.26.10 gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts.words import (
    apply_capital_new_line_notation,
    camel_to_snake_case,
    construct_dict_as_yaml_lines,
    is_camel_case,
    is_made_of_sub_strings,
    is_snake_case,
    nested_tuple_to_string,
    split_words,
    to_pretty_string,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TestAI2023", ["Test", "AI", "2023"]),
        ("stringWith1Number", ["string", "With", "1", "Number"]),
        ("kebab-case_and snake", ["kebab", "case", "and", "snake"]),
        ("123example456", ["123", "example", "456"]),
        ("mixedUPanddown", ["mixed", "U", "Panddown"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert split_words(text) == expected


@pytest.mark.parametrize(
    ("text", "camel", "snake", "snaked"),
    [
        ("HFLoader", True, False, "hf_loader"),
        ("camelCase", False, False, "camel_case"),
        ("CAMELCASE", True, False, "camelcase"),
        ("snake_case2", False, True, "snake_case2"),
        ("_private", False, False, "_private"),
        ("camelToSnakeCASE", False, False, "camel_to_snake_case"),
        ("F1Binary", True, False, "f1_binary"),
        ("", False, False, ""),
        ("Name\n", False, False, "name\n"),
    ],
)
def test_names(text: str, camel: bool, snake: bool, snaked: str) -> None:
    assert is_camel_case(text) is camel
    assert is_snake_case(text) is snake
    assert camel_to_snake_case(text) == snaked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\\N", ""),
        ("\n\n\\Na", "a"),
        ("a\n\n\\N\n\\Nb", "a\nb"),
        ("a\\N\nb", "a\n\nb"),
        ("a\n\nb", "a\n\nb"),
        ("a\n\nb\\Nc", "a\n\nb\nc"),
        ("a\\N", "a\n"),
        ("a \\N\\N b", "a \n b"),
        ("(Yes/N)\n\\NAnswer:", "(Yes/N)\nAnswer:"),  # Unitxt takes the bracket and the N away, too
        ("\\nabla", "\\nabla"),
    ],
)
def test_lines_that_collapse(text: str, expected: str) -> None:
    assert apply_capital_new_line_notation(text) == expected


@given(st.lists(st.sampled_from(["\n", "\\N", "a", "(", "N", " "]), max_size=8).map("".join))
def test_lines_that_collapse_lose_no_words(text: str) -> None:
    result = apply_capital_new_line_notation(text)
    assert "\\N" not in result
    assert result.replace("\n", "") == text.replace("\\N", "").replace("\n", "")


def test_data_for_people() -> None:
    value = {"words": "aaaa bbbb cccc", "list": [1, ("x", 2.5)], "none": None}
    assert to_pretty_string(value, max_chars=16) == (
        "words (str):\n    aaaa bbbb cc\n    cc\nlist (list):\n    [0] (int):\n        1\n    [1] (tuple):\n"
        "        (0) (str):\n            x\n        (1) (float):\n            2.5\nnone (NoneType):\n    None\n"
    )


def test_data_for_people_in_part() -> None:
    assert to_pretty_string({"a": 1 / 3, "b": 2}, keys=["a"], float_format=".2f", indent=2) == (
        "  a (float):\n      0.33\n"
    )
    with pytest.raises(ValueError, match="'c'"):
        to_pretty_string({"a": 1}, keys=["c"])


def test_data_for_people_where_there_is_no_room() -> None:
    assert to_pretty_string({"a": "xyz"}, max_chars=2).replace(" ", "").startswith("a(str):\n")


def test_data_in_the_manner_of_yaml() -> None:
    value = {"field": ["peace", {"earth": "land", "heavens": ["sky"]}, 9], "one": {"two": {"three": 3}}}
    assert construct_dict_as_yaml_lines(value, indent_delta=3) == [
        "field: ",
        "    - peace",
        "    - earth: land",
        "      heavens:  - sky",
        "    - 9",
        "one: two: three: 3",
    ]


def test_yaml_with_line_ends_and_nothing() -> None:
    assert construct_dict_as_yaml_lines({"a b": 'x\n"y"', "": "", "c": [], "d": {}}) == [
        '"a b": "x\\n\\"y\\""',
        '"": ""',
        "c: []",
        "d: {}",
    ]
    with pytest.raises(ValueError, match="two columns"):
        construct_dict_as_yaml_lines([], indent_delta=1)


def test_small_ones() -> None:
    assert nested_tuple_to_string(("a", ("b", ("c", 1)), 2.5)) == "a_b_c_1_2.5"
    assert is_made_of_sub_strings("List[int]", ["List", "int", "[", "]"])
    assert not is_made_of_sub_strings("List(int)", ["List", "int", "[", "]"])
    assert not is_made_of_sub_strings("", ["a"])
