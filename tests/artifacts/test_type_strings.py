"""Type strings: parsed, named, checked, inferred; the values expected are Unitxt 1.26.10's where it has them."""

from __future__ import annotations

import typing
from typing import Any, Literal, NewType, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts.type_strings import (
    TypeStringError,
    fits,
    format_type_string,
    infer_type,
    infer_type_string,
    is_type,
    isoftype,
    misfit,
    parse_type_dict,
    parse_type_string,
    register_type,
    to_type_dict,
    to_type_string,
    verify_required_schema,
)
from regrade.artifacts.type_strings.names import Tool

_LEAVES = st.sampled_from(
    ["int", "str", "float", "bool", "Any", "Dialog", "Table", "Literal['a', 3, True]", "Dict", "List", "Image"]
)
TYPE_STRINGS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        inner.map("List[{}]".format),
        inner.map("Optional[{}]".format),
        inner.map("Dict[str, {}]".format),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"Tuple[{', '.join(parts)}]"),
        st.lists(inner, min_size=2, max_size=3).map(" | ".join),
    ),
    max_leaves=6,
)
PLAIN_DATA = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=2), inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("str", str),
        ("None", None),
        ("list", list),
        ("Dict", dict),
        ("typing.List[int]", list[int]),
        ("list[int | float]", list[int | float]),
        ("Optional[str]", str | None),
        ("dict[str, Optional[tuple[int, str]]]", dict[str, tuple[int, str] | None]),
        ("Tuple[str, ...]", tuple[str, ...]),
        ("Literal['a | b', \"[\", 3] | None", Literal["a | b", "[", 3] | None),
        ("\n List[\n  Any\n ] ", list[Any]),
    ],
)
def test_old_and_new_spellings_name_the_same_types(text: str, expected: Any) -> None:
    assert parse_type_string(text) == _old(expected)  # not their texts: typing remembers the first order of a union


def _old(kind: Any) -> Any:
    """A type in the spelling of ``typing``."""
    origin, parts = (
        typing.get_origin(kind),
        tuple(part if part is ... else _old(part) for part in typing.get_args(kind)),
    )
    if origin is Literal:
        return kind
    named = {list: typing.List, dict: typing.Dict, tuple: typing.Tuple}.get(origin, typing.Union)  # noqa: UP006
    return named[parts] if parts else kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Strin",
        "List[",
        "List[[]]",
        "List[]",
        "List[int, str]",
        "int[str]",
        "Literal[x]",
        "Literal[f()]",
        "__import__('os')",
        "().__class__",
        "os.path",
        "lambda: int",
        "int if int else str",
        "(" * 3000,
        "[" * 500 + "]" * 500,
        "3",
        "'int'",
        "Set[int]",
        "set[int]",
    ],
)
def test_what_is_no_type_is_refused(text: str) -> None:
    with pytest.raises(TypeStringError):
        parse_type_string(text)


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(TypeStringError, match="Dialog"):
        parse_type_string("List[Dialg]")


@given(TYPE_STRINGS)
def test_the_name_of_a_type_names_it(text: str) -> None:
    kind = parse_type_string(text)
    assert parse_type_string(to_type_string(kind)) == kind
    assert parse_type_string(format_type_string(text)) == kind


def test_types_that_have_no_name() -> None:
    class Own(TypedDict):
        a: int

    for kind in (Own, typing.Callable[[], int], NewType("Fresh", int), set[int], object, 3):
        with pytest.raises(TypeStringError):
            to_type_string(kind)


def test_a_type_can_be_registered() -> None:
    Celsius = NewType("Celsius", float)
    register_type(Celsius)
    assert parse_type_string("List[Celsius]") == typing.List[Celsius]  # noqa: UP006
    assert to_type_string(Celsius) == "Celsius"
    assert isoftype(1.5, Celsius)
    with pytest.raises(TypeError):
        register_type(int)


def test_types_in_dicts() -> None:
    types = parse_type_dict({"a": "int", "b": {"c": "List[str]"}})
    assert types == {"a": int, "b": {"c": typing.List[str]}}  # noqa: UP006
    assert to_type_dict(types) == {"a": "int", "b": {"c": "List[str]"}}
    for wrong in ({"a": ["int"]}, "int", ["int"]):
        with pytest.raises(TypeStringError):
            parse_type_dict(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int|List[int]", "Union[int,List[int]]"),
        ("typing.Optional[int|float|bool]", "Optional[Union[int,float,bool]]"),
        ("tuple[bool|[str]]", "Tuple[Union[bool,[str]]]"),
        ("Literal['a | b' , \"]\"] | None", "Union[Literal['a | b',\"]\"],None]"),
    ],
)
def test_formatting(text: str, expected: str) -> None:
    assert format_type_string(text) == expected


@pytest.mark.parametrize("text", ["List[int", "int]", "List[int]]", "Literal['a"])
def test_brackets_and_quotes_must_match(text: str) -> None:
    with pytest.raises(TypeStringError):
        format_type_string(text)


def _checks() -> list[tuple[Any, str, bool, bool]]:
    """Value, type, whether it is of the type to the letter, whether it will do."""
    turn = {"role": "user", "content": "Hi"}
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": {}}}
    return [
        (1, "int", True, True),
        (True, "int", True, True),
        (1, "float", False, True),
        (True, "float", False, False),
        (1.0, "int", False, False),
        (1, "Number", True, True),
        ("1", "Union[int, float]", False, False),
        ([1, 2.5], "List[float]", False, True),
        ({"a": 1}, "Dict[str, float]", False, True),
        (("a", 1), "Tuple[str, int]", True, True),
        (["a", 1], "Tuple[str, int]", False, True),
        ([["a", 1], ["b", 2]], "List[Tuple[str, int]]", False, True),
        (("a", 1), "List[Any]", False, True),
        (("a",), "Tuple[str, int]", False, False),
        (("a", 1, 2), "Tuple[str, int]", False, False),
        (("a", 1, 2), "Tuple[Any]", True, True),
        ((), "Tuple[Any]", True, True),
        (["1"], "Tuple[Any]", False, True),
        ((1, 2, 3), "Tuple[int, ...]", True, True),
        (None, "Optional[str]", True, True),
        (None, "str", False, False),
        (None, "Any", True, True),
        ("a", "Literal['a', 'b']", True, True),
        (True, "Literal[1, 2]", False, False),
        ({1: "a"}, "Dict[str, str]", False, False),
        ([turn], "Dialog", True, True),
        ([{**turn, "role": "judge"}], "Dialog", False, False),
        ([{**turn, "more": 1}], "Dialog", True, True),
        ([{"role": "assistant", "tool_calls": [call]}], "Dialog", True, True),
        ([{"role": "assistant", "content": 3}], "Dialog", False, False),
        ({"header": ["a"], "rows": [[1], [None]]}, "Table", True, True),
        ({"header": ["a"]}, "Table", False, False),
        ({"image": b"", "format": "png"}, "Optional[Image]", True, True),
        ({"name": "f", "description": "", "parameters": {"type": "object"}}, "Tool", True, True),
        ({"name": "f", "description": "", "parameters": {"type": "Dict"}}, "Tool", False, False),
        ({"properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]}, "JsonSchema", True, True),
        ({"properties": {"a": {"items": {"type": "text"}}}}, "JsonSchema", False, False),
        ({"required": "a"}, "JsonSchema", False, False),
    ]


@pytest.mark.parametrize(("value", "text", "strictly", "leniently"), _checks())
def test_values_of_types(value: Any, text: str, strictly: bool, leniently: bool) -> None:
    kind = parse_type_string(text)
    assert isoftype(value, kind) is strictly
    assert fits(value, kind) is leniently
    assert (misfit(value, kind) is None) is leniently


@pytest.mark.parametrize("kind", [list[int], str | int, Literal[1], str, dict, Any, typing.Type, Tool])  # noqa: UP006
def test_types_are_types(kind: Any) -> None:
    assert is_type(kind)


@pytest.mark.parametrize(
    "value",
    [[1, 2], 3, "int", (int, int), {"a": int}, typing.List, typing.Tuple, typing.Optional, typing.Union],  # noqa: UP006
)
def test_values_and_types_without_their_parts_are_no_types(value: Any) -> None:
    assert not is_type(value)
    with pytest.raises(TypeStringError):
        isoftype(1, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], "List[Any]"),
        ({}, "Dict[Any,Any]"),
        ((), "Tuple[Any]"),
        ([[], [7], ["seven"]], "List[Union[List[int],List[str]]]"),
        ([{}, 7, True], "List[Union[Dict[Any,Any],int]]"),
        ([(2, 3, "four"), (6, 7, "eight", 9)], "List[Union[Tuple[int,int,str,int],Tuple[int,int,str]]]"),
        ([None, 1], "List[int]"),
        ([(), ("a",)], "List[Union[Tuple[Any],Tuple[str]]]"),
    ],
)
def test_inferred_types(value: Any, expected: str) -> None:
    assert infer_type_string(value) == expected


@given(PLAIN_DATA)
def test_a_value_is_of_the_type_that_is_inferred(value: Any) -> None:
    assert isoftype(value, infer_type(value))


def test_a_misfit_says_where_and_what() -> None:
    assert misfit([{"role": "user", "content": "a"}, 3], parse_type_string("Dialog")) == (
        "[1] is the int 3, where Union[TextTurn, ToolCallTurn, ToolOutputTurn] is wanted"
    )
    assert misfit({"a": ("x", 1)}, parse_type_string("Dict[str, Tuple[str, str]]")) == (
        "['a'][1] is the int 1, where str is wanted"
    )
    assert misfit("x" * 200, int) == f"it is the str '{'x' * 76}..., where int is wanted"


def test_required_fields() -> None:
    schema = {"score": float, "turns": typing.List[typing.Tuple[str, str]]}  # noqa: UP006
    verify_required_schema(schema, {"score": 3, "turns": [["user", "Hi"]], "more": None}, class_name="Task")
    with pytest.raises(ValueError, match=r"Task 'rate'.*misses the field 'turns'; it has score.*\(rates\)"):
        verify_required_schema(schema, {"score": 3}, class_name="Task", id="rate", description="rates")
    with pytest.raises(ValueError, match=r"'score' of another type: it is the str '3', where float is wanted"):
        verify_required_schema(schema, {"score": "3", "turns": []}, class_name="Task")
