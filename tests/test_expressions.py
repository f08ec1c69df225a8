"""Expressions over records."""

from __future__ import annotations

import contextlib
import pickle
from typing import Any

import pytest

from regrade.errors import ExpressionError
from regrade.expressions import MISSING, Expression
from regrade.schema import Record

DOC = {
    "level": "Level 5",
    "n": 3,
    "tags": ["a", "b"],
    "meta": {"year": 1999},
    "some field": 1,
    "items": 7,
    "none": None,
}


def value(text: str, **more: Any) -> Any:
    record = Record(7, 1, [["It is 42", "no"]], doc=more.get("doc", DOC), target="42", recorded={"exact_match": 0.0})
    return Expression(text, "--where")(record)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("doc.level == 'Level 5'", True),
        ("doc.level == 'Level 5' and answer|length > 40", False),
        ("answer|length", 8),
        ("'42' in answer", True),
        ("answers[1]", "no"),
        ("answers|length", 2),
        ("target", "42"),
        ("sample_id + doc_id", 14),
        ("doc.meta.year < 2000", True),
        ("doc['some field']", 1),
        ("doc.tags[1] in ['b', 'c']", True),
        ("recorded.exact_match == 0", True),
        ("doc.n * 2 >= 6 and not doc.n == 4", True),
        ("doc.none", None),
        ("doc.none is none", True),
        ("doc.nothing", MISSING),
        ("doc.nothing.deeper == 1", MISSING),
        ("doc.nothing is defined", False),
        ("doc.nothing == 1 or doc.n == 3", MISSING),
        ("doc.tags[9]", MISSING),
        ("recorded.acc", MISSING),
        ("(doc.n, doc.level)", (3, "Level 5")),
    ],
)
def test_values(text: str, expected: Any) -> None:
    found = value(text)
    assert found is MISSING if expected is MISSING else found == expected


def test_a_doc_that_is_no_object() -> None:
    assert value("doc.level == 'Level 5'", doc="text") is MISSING
    assert value("'x' in doc", doc="text") is True
    assert value("doc", doc=None) is None


def test_fields_come_before_methods() -> None:
    assert value("doc['items']") == 7
    assert value("doc.items") == 7
    assert value("doc.get('n')") == 3


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("level == 5", "there is no 'level'", "doc.level"),
        ("doc.level ==", "is not an expression: it ends too early", "write Jinja expressions"),
        ("doc.level = 2", "is not an expression: something follows where it could end", "doc.level == 'Level 5'"),
        ("doc.Frage Nr.", "is not an expression", 'doc["the name"]'),
        ("", "is not an expression", "write Jinja expressions"),
        ("doc.level == 5 }} {{ 1", "is not an expression", "write Jinja expressions"),
        ("lipsum()", "there is no 'lipsum'", "names"),
        ("range(5)", "there is no 'range'", "names"),
    ],
)
def test_what_is_no_expression(text: str, message: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression(text, "--by")
    assert message in caught.value.what
    assert "--by" in caught.value.what
    assert hint in str(caught.value.hint)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        "doc.__class__",
        "doc.__class__.__mro__",
        "answer.__class__.__base__.__subclasses__()",
        "doc.tags.append('c')",
        "doc.update({'n': 1})",
        "answer.format(doc)|attr('__class__')",
        "range(10**9)|list",
    ],
)
def test_what_the_sandbox_refuses(text: str) -> None:
    before = repr(DOC)
    found: Any = MISSING
    with contextlib.suppress(ExpressionError):
        found = value(text)
    assert found is MISSING
    assert repr(DOC) == before


def test_types_that_do_not_fit() -> None:
    with pytest.raises(ExpressionError) as caught:
        value("doc.level > 5")
    assert "fails on sample 7" in caught.value.what
    assert "convert the field first" in str(caught.value.hint)


def test_expressions_travel_between_processes() -> None:
    expression = pickle.loads(pickle.dumps(Expression("doc.n + 1", "--where")))
    assert expression(Record(0, 1, [], doc=DOC)) == 4
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING


def test_a_record_without_answers() -> None:
    record = Record(0, 1, [], doc={})
    assert Expression("answer is none", "--where")(record) is True
    assert Expression("answers|length", "--where")(record) == 0
