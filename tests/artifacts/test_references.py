"""References with arguments in brackets."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts import ArtifactError, Reference, parse_arguments, parse_reference


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("metrics.accuracy", "metrics.accuracy", None),
        ("metrics.accuracy[]", "metrics.accuracy", {}),
        ("a.b[c=1]", "a.b", {"c": 1}),
        (" a.b [ c = 1 , d = x y ] ", "a.b", {"c": 1, "d": "x y"}),
        ("a[b=[1,2.5,-3],c=[]]", "a", {"b": [1, 2.5, -3], "c": []}),
        ("a[b=[[x],[y,z]]]", "a", {"b": [["x"], ["y", "z"]]}),
        ("a[b={c=1,d={e=None}}]", "a", {"b": {"c": 1, "d": {"e": None}}}),
        ("a[b=c.d[e=f[g=1]],h=true]", "a", {"b": "c.d[e=f[g=1]]", "h": True}),
        ("a[b=[c[d=1], e]]", "a", {"b": ["c[d=1]", "e"]}),
        ("""a[b="x, [y]=z",c='1']""", "a", {"b": "x, [y]=z", "c": "1"}),
        ("""a[b="",c=it's]""", "a", {"b": "", "c": "it's"}),
        ("a=1,b=[2]", "a=1,b=[2]", None),
        (
            "tasks.qa.open[metrics=[metrics.rouge, metrics.bleu]]",
            "tasks.qa.open",
            {"metrics": ["metrics.rouge", "metrics.bleu"]},
        ),
    ],
)
def test_references(text: str, name: str, arguments: dict[str, Any] | None) -> None:
    assert parse_reference(text) == Reference(name, arguments)


@pytest.mark.parametrize(
    "text",
    ["a[", "a]", "a]b[", "a[b]", "a[b=]", "a[b=1", "a[b=1]]", "a[b=1]c", "a[b=1][c=2]", "1[b=1]", "[b=1]", "a[b={c}]"],
)
def test_malformed_references(text: str) -> None:
    with pytest.raises(ArtifactError) as error:
        parse_reference(text)
    assert text.strip() in str(error.value).replace("\\", "")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("None", None),
        ("none", "none"),
        ("-2", -2),
        ("2.50", 2.5),
        ("-.5", -0.5),
        ("1.2.3", "1.2.3"),
        ("1e5", "1e5"),
        ("-", "-"),
        ("train[5", ArtifactError),
    ],
)
def test_words(word: str, value: Any) -> None:
    if value is ArtifactError:
        with pytest.raises(ArtifactError):
            parse_arguments(f"a={word}")
        return
    found = parse_arguments(f"a={word}")["a"]
    assert (found, type(found)) == (value, type(value))


def test_an_error_says_where() -> None:
    with pytest.raises(ArtifactError, match="'=' is missing at character 5"):
        parse_reference("ab[c]")


words = st.from_regex(r"[A-Za-z_][\w. ]{0,8}[A-Za-z_]", fullmatch=True).filter(
    lambda word: word.lower() not in ("true", "false") and word != "None"
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}={written(item)}" for key, item in value.items()) + "}"
    return str(value)


@given(words, st.dictionaries(words, values, max_size=4))
def test_what_is_written_is_read(name: str, arguments: dict[str, Any]) -> None:
    text = f"{name}[{', '.join(f'{key}={written(value)}' for key, value in arguments.items())}]"
    assert parse_reference(text) == Reference(name, arguments)


@given(st.text(alphabet="ab1.-[]{},= '\"", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_reference, parse_arguments):
        with contextlib.suppress(ArtifactError):
            parse(text)
