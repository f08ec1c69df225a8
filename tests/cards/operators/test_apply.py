"""Functions by name."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator
from regrade.cards.operators.streams.apply import FUNCTIONS


def applied(function: str, *values: Any, **named: Any) -> Any:
    row = {f"v{number}": value for number, value in enumerate(values)} | named
    step = {
        "__type__": "apply",
        "function": function,
        "to_field": "out/x",
        "_argv": [f"v{number}" for number in range(len(values))],
        "_kwargs": {name: name for name in named},
    }
    (result,) = build(step, Operator).apply({"test": stream_of([row])})["test"]
    return result["out"]["x"]


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        ("str.lower", ("GPT-4",), "gpt-4"),
        ("str.split", ("a,b", ","), ["a", "b"]),
        ("str.join", ("-", ["a", "b"]), "a-b"),
        ("builtins.len", ([1, 2],), 2),
        ("builtins.dict", (), {}),
        ("json.loads", ('{"a": [1]}',), {"a": [1]}),
        ("json.dumps", ({"a": 1},), '{"a": 1}'),
        ("sorted", ([2, 1],), [1, 2]),
        ("dict.keys", ({"a": 1},), ["a"]),
        ("ast.literal_eval", ("[1, (2,)]",), [1, (2,)]),
        ("html.unescape", ("&lt;a&gt;",), "<a>"),
    ],
)
def test_functions(function: str, values: tuple[Any, ...], expected: Any) -> None:
    assert applied(function, *values) == expected


def test_arguments_by_name() -> None:
    assert applied("json.dumps", {"ä": 1}, ensure_ascii=False) == '{"ä": 1}'


@pytest.mark.parametrize(
    "function",
    [
        "eval", "exec", "builtins.eval", "compile", "__import__", "open", "getattr", "setattr", "globals", "input",
        "print", "os.system", "os.remove", "subprocess.run", "shutil.rmtree", "pickle.loads", "yaml.load",
        "importlib.import_module",
        "str.format", "str.format_map", "object.__subclasses__", "time.time", "random.random", "uuid.uuid4", "sys.exit",
        "str.__class__", "", "lower",
    ],
)  # fmt: skip
def test_functions_that_cards_may_not_apply(function: str) -> None:
    with pytest.raises(ArtifactError, match="is not among those that cards may apply"):
        build({"__type__": "apply", "function": function, "to_field": "a"}, Operator)


def test_no_function_of_the_list_is_dangerous() -> None:
    dangerous = {"eval", "exec", "compile", "open", "__import__", "getattr", "setattr", "delattr", "vars", "input"}
    assert not {name.rsplit(".", 1)[-1] for name in FUNCTIONS} & dangerous


def test_values_that_a_function_does_not_take() -> None:
    with pytest.raises(ValueError, match=r"json.loads of '\{'"):
        applied("json.loads", "{")
    with pytest.raises(ValueError, match=r"str\.lower of 3"):
        applied("str.lower", 3)
    with pytest.raises(ValueError, match=r"ast\.literal_eval of '1 \+'"):
        applied("ast.literal_eval", "1 +")
