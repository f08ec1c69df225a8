"""Artifacts in YAML and JSON."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts import ArtifactError
from regrade.artifacts.files import parse, write
from regrade.artifacts.positions import positions

#: Nine aliases of nine aliases, eight times over.
BOMB = "a: &a [x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{above}'] * 9)}]\n" for above, name in zip("abcdefg", "bcdefgh", strict=True)
)


def yaml(text: str) -> Any:
    return parse(text.encode(), json_syntax=False, where="card.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("true", True),
        ("2024-01-01", "2024-01-01"),
        ("12:30:45", "12:30:45"),
        ("010", "010"),
        ("0x1f", "0x1f"),
        ("-3", -3),
        ("2.5", 2.5),
        ("1.0e-05", 1e-5),
        ("1_000", "1_000"),
        ("~", None),
        ("null", None),
        ("'1'", "1"),
    ],
)
def test_what_words_of_yaml_mean(text: str, value: Any) -> None:
    found = yaml(f"a: {text}")["a"]
    assert (found, type(found)) == (value, type(value))


def test_keys_are_texts() -> None:
    assert yaml("{0: a, true: b, no: c, 1.50: d}") == {"0": "a", "true": "b", "no": "c", "1.50": "d"}


def test_anchors_and_merges() -> None:
    assert yaml("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}") == {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [1\n", "card.yaml:3:1: this is no YAML"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "card.yaml:4:3: this is no YAML: the key 'c' stands here a second time"),
        ("? [a]\n: 1", "card.yaml:1:3: this is no YAML: a key is no text"),
        ("a: !!python/object/apply:os.system [ls]", "card.yaml:1:4: this is no YAML"),
        ("a: &a [*a, *a]", "aliases multiply"),
        (BOMB, "multiply"),
    ],
)
def test_what_is_no_yaml(text: str, message: str) -> None:
    with pytest.raises(ArtifactError) as error:
        yaml(text)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"a": 1,\n "b"}', "card.json:2:5: this is no JSON"),
        (b'{"a": "\xff"}', "no UTF-8"),
        (b"[" * 100_000, "nested"),
    ],
)
def test_what_is_no_json(text: bytes, message: str) -> None:
    with pytest.raises(ArtifactError) as error:
        parse(text, json_syntax=True, where="card.json")
    assert message in str(error.value)


def test_json_may_hold_nan() -> None:
    """As Unitxt's own catalogue does (operators.cast_to_float_return_nan_if_failed)."""
    found = parse(b'{"a": NaN}', json_syntax=True)["a"]
    assert found != found


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t: #-'\""), max_size=20
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values, st.booleans())
def test_what_is_written_is_read(value: Any, json_syntax: bool) -> None:
    text = write({"value": value}, json_syntax=json_syntax)
    assert parse(text.encode(), json_syntax=json_syntax) == {"value": value}


def at(text: str, line: int, column: int) -> str:
    return text.split("\n")[line - 1][column - 1 :]


@given(values, st.booleans())
def test_every_value_has_its_place(value: Any, json_syntax: bool) -> None:
    text = write({"value": value}, json_syntax=json_syntax)
    places = positions(text, json_syntax=json_syntax)

    def look(inner: Any, path: tuple[str | int, ...]) -> None:
        assert path in places.values
        if isinstance(inner, dict):
            for key, item in inner.items():
                assert (*path, key) in places.keys
                look(item, (*path, key))
        elif isinstance(inner, list):
            for place, item in enumerate(inner):
                look(item, (*path, place))

    look({"value": value}, ())


@pytest.mark.parametrize("json_syntax", [True, False])
def test_places(json_syntax: bool) -> None:
    text = (
        '{"a": {"b c": [1,\n  "x\\"]y", {"d": null}]},\n\t"e": -2.5}'
        if json_syntax
        else "a:\n  b c:\n  - 1\n  - x\n  - d: ~\ne: -2.5\n"
    )
    places = positions(text, json_syntax=json_syntax)
    assert at(text, *places.find(("a", "b c", 0))).startswith("1")
    assert at(text, *places.find(("a", "b c", 1))).startswith('"x' if json_syntax else "x")
    assert at(text, *places.find(("a", "b c", 2, "d"))).startswith("null" if json_syntax else "~")
    assert at(text, *places.find(("e",))).startswith("-2.5")
    assert at(text, *places.find(("e",), key=True)).startswith('"e"' if json_syntax else "e")
    assert places.find(("a", "b c", 2, "d", "more", 7)) == places.find(("a", "b c", 2, "d"))
    assert places.find(("nowhere",)) == (1, 1)
