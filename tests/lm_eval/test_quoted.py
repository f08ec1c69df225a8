from __future__ import annotations

import pytest

from regrade.lm_eval.quoted import quoted_function
from regrade.schema import FunctionRef


@pytest.mark.parametrize(
    ("text", "name", "partial"),
    [
        ("def process_results(doc, results):\n    return {'acc': 1}\n", "process_results", {}),
        ("    def method(self, doc):\n        return doc\n", "method", {}),
        ("@cached\ndef f(doc: dict[str, Any]) -> str:\n    return doc\n", "f", {}),
        ("async def f(doc):\n    return doc\n", "f", {}),
        ("class Metric:\n    pass\n", "Metric", {}),
        ("def broken(doc):\n  if:\n", "broken", {}),
        ("    metric=lambda items: items,\n", "<lambda>", {}),
        ("lambda doc: doc['a']", "<lambda>", {}),
        ("<function exact at 0x7f65e0>", "exact", {}),
        ("<function outer.<locals>.inner at 0x7f>", "inner", {}),
        ("<bound method Task.f of <Task object at 0x1>>", "Task.f", {}),
        ("<built-in function len>", "len", {}),
        ("<class 'utils.MultiChoiceRegexFilter'>", "MultiChoiceRegexFilter", {}),
        ("<class '/srv/tasks/utils.Filter'>", "Filter", {}),
        ("<utils.Foo object at 0x7fbb>", "Foo", {}),
        (
            "functools.partial(<function process_docs at 0x7fa8>, subject='computer science')",
            "process_docs",
            {"subject": "computer science"},
        ),
        ("functools.partial(<function f at 0x7f>, n=2, g=<object object at 0x1>)", "f", {"n": 2}),
    ],
)
def test_recognised(text, name, partial):
    ref = quoted_function(text)
    assert ref is not None
    assert (ref.name, ref.origin, ref.file) == (name, "quoted", None)
    assert partial.items() <= ref.partial.items()


@pytest.mark.parametrize(
    "text",
    [
        "{{question}}",
        "answer",
        "",
        "def the following term: {{term}}",
        "def f(x):\n    {{body}}\nreturn",
        "Classify: <class> or not",
        "<class>",
        "Define lambda calculus: {{q}}",
        "class of {{a}}",
        3,
        None,
        ["def f(): pass"],
    ],
)
def test_templates_are_not_functions(text):
    assert quoted_function(text) is None


def test_only_reprs_where_asked():
    assert quoted_function("def f(x):\n    return x\n", source=False) is None
    assert quoted_function("<function f at 0x1>", source=False) == FunctionRef("f")
