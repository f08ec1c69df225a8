"""Expressions over rows: equal to Python's own where they are allowed, refused where they are not."""

from __future__ import annotations

import copy
import itertools
import json
import math
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from regrade.artifacts.python_expressions import ExpressionRefused, PythonExpression, translate_lambda

ROW: dict[str, Any] = {
    "a": 2,
    "b": 3,
    "f": 1.5,
    "text": "hello big world",
    "items": [1, 2, 3],
    "names": ["x", "y", "x"],
    "deep": {"x": {"y": 5}, "l": [[1, 2], [3]]},
    "pairs": [["k", 1], ["l", 2]],
    "nothing": None,
    "id": 7,
    "tools": [{"parameters": {"properties": {"p": {"type": "str, optional"}, "q": {"type": "int"}}}}],
    "ground_truth": [{"f": {"a": [1, 2], "b": ["x"]}}],
    "test": "def check(candidate):\n    assert candidate(1) == 2\n    assert candidate(2) == 3",
}
MODULES = {"re": re, "json": json, "math": math, "itertools": itertools}

EXPRESSIONS = [
    "a + b",
    "f'{a} {text}'",
    "f'{f:>6.2f}|{text!r}|{a:{b}d}'",
    "int(a)",
    "['yes' if a else 'no']",
    "(f - 1) / 4",
    "len(text.split()) < 543",
    "str(id)",
    "int(round((a + b) / 2))",
    "text.split(' ')[0]",
    "[x * y for x in items for y in items if x != y]",
    "{k: v for k, v in pairs}",
    "{x for x in names}",
    "deep['x']['y'] - 1 if deep['l'] else None",
    "sorted(items, key=lambda v: -v)",
    "max(names, key=len) + min(names)",
    "list(map(str.upper, names))",
    "sum([[1], [2]], [])",
    "sum(x for x in items if x > 1)",
    "'%05d|%s|%5.1f' % (a, text, f)",
    "1 < a < 3 <= b",
    "text[::-1][1:4]",
    "[*items, 4, *names]",
    "{**deep, 'z': 1}",
    "isinstance(a, (int, float)) and not isinstance(text, list)",
    "any(x > 2 for x in items) or all(items)",
    "nothing is None and nothing not in names",
    "'-'.join(str(x) for x in items)",
    "dict(zip(names, items))",
    "[i for i, (k, v) in enumerate(pairs)]",
    "[[p for p, c in t['parameters']['properties'].items() if 'optional' not in c['type'].lower()] for t in tools]",
    "text.replace('l', 'L').title().center(30, '*')",
    "a ** b // 2 % 5 | 8 & ~1 ^ 3",
    "-a + +b",
    "'x' * 3 + text",
    "items * 2",
    "not (a or b)",
    "deep.get('none', []) == []",
    "set(names) == {'x', 'y'}",
    "list(reversed(items)) + list(range(3))",
    "[x for x in names if x in text]",
    "a, b",
    "text.partition(' ')[2].count('o')",
    "[(x, y) for x in items if x % 2 for y in names if y == 'x']",
    "[each for each in items]",
    "repr(text)",
    "divmod(7, a)[1]",
]
WITH_MODULES = [
    ("re", r're.search(r"(\w+)\s(\w+)", text).group(2)'),
    ("re", "re.sub('o', lambda m: m.group(0).upper(), text)"),
    ("re", r"re.sub(r'(\w+) (\w+)', r'\2 \1', text)"),
    ("re", 're.findall(r"assert.*?(?=\\n\\s*assert|$)", test.replace("candidate", "f"), re.DOTALL)'),
    ("json", "json.loads(json.dumps(deep))['x']"),
    ("math", "math.floor(math.sqrt(b)) + math.pi"),
    (
        "itertools",
        """[{'name': k, 'arguments': dict(zip(v.keys(), vals))}
            for d in ground_truth for k, v in d.items() for vals in itertools.product(*v.values())]""",
    ),
    ("itertools", "list(itertools.chain.from_iterable(deep['l']))"),
]


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_values_are_those_of_python(text: str) -> None:
    row = copy.deepcopy(ROW)
    assert PythonExpression(text).evaluate(row) == eval(text, copy.deepcopy(ROW))
    assert row == ROW


@pytest.mark.parametrize(("module", "text"), WITH_MODULES)
def test_values_with_modules_are_those_of_python(module: str, text: str) -> None:
    assert PythonExpression(text, [module]).evaluate(ROW) == eval(text, {module: MODULES[module], **copy.deepcopy(ROW)})
    with pytest.raises(ExpressionRefused, match=f"needs '{module}' in imports_list"):
        PythonExpression(text)


_NUMBERS = st.recursive(
    st.one_of(st.integers(0, 9).map(str), st.sampled_from(["a", "b", "f"])),
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "<", "<=", "==", "!=", "and", "or"]), inner
        ).map(lambda parts: f"({' '.join(parts)})"),
        inner.map("(-{})".format),
        inner.map("(not {})".format),
        st.tuples(inner, inner, inner).map(lambda parts: "({} if {} else {})".format(*parts)),
        st.tuples(inner, inner).map(lambda parts: "max({}, {})".format(*parts)),
        st.tuples(inner, inner).map(lambda parts: "sum([x * {} for x in [1, 2, {}]])".format(*parts)),
    ),
    max_leaves=12,
)


@given(_NUMBERS)
def test_arithmetic_is_that_of_python(text: str) -> None:
    try:
        expected = eval(text, {"a": 2, "b": 3, "f": 1.5})
    except ZeroDivisionError:
        with pytest.raises(ValueError, match="ZeroDivisionError"):
            PythonExpression(text).evaluate(ROW)
        return
    assume(abs(expected) < 1e100)
    assert PythonExpression(text).evaluate(ROW) == expected


def test_what_is_lazy_becomes_a_list() -> None:
    for text in ("map(str, items)", "(x for x in items)", "deep.keys()", "range(3)", "zip(items, names)"):
        assert PythonExpression(text).evaluate(ROW) == list(eval(text, dict(ROW)))


def test_a_field_comes_before_a_function_of_its_name() -> None:
    assert PythonExpression("id + 1").evaluate(ROW) == 8
    assert PythonExpression("len(len)").evaluate({"len": "abc"}) == 3  # in Python, a text that is called


@pytest.mark.parametrize(
    "text",
    [
        "().__class__",
        "text.__class__",
        "''.__class__.__mro__[1].__subclasses__()",
        "'{0.__class__}'.format(a)",
        "'{}'.format_map(deep)",
        "eval('1')",
        "exec('1')",
        "compile('1', '', 'eval')",
        "__import__('os').system('true')",
        "open('/etc/passwd').read()",
        "getattr(a, 'real')",
        "vars()",
        "globals()",
        "type(a)",
        "print(a)",
        "input()",
        "(x := 1)",
        "items.append(4)",
        "items.sort()",
        "deep.update({})",
        "deep.pop('x')",
        "deep.x",
        "f.real",
        "text(1)",
        "items[0](1)",
        "(lambda: 1)()",
        "[x for x.y in items]",
        "[x for deep['a'] in items]",
        "(yield 1)",
        "await a",
        "lambda *x: 1",
        "f(**deep)",
        "isinstance(a, object)",
        "a @ b",
        "a << b",
        "import os",
        "a = 1",
        "a; b",
        "",
        "a +",
        "(" * 5000 + ")" * 5000,
        "1" + " + 1" * 9000,
        "-" * 9000 + "1",
        "[" * 150 + "]" * 150 + ".a",
    ],
)
def test_what_expressions_must_not_is_refused_before_the_first_row(text: str) -> None:
    with pytest.raises(ExpressionRefused):
        PythonExpression(text)


@pytest.mark.parametrize("module", ["os", "sys", "subprocess", "random", "time", "pathlib", "numpy", "builtins"])
def test_modules_that_cannot_be_had(module: str) -> None:
    with pytest.raises(ExpressionRefused, match=module):
        PythonExpression("1", [module])


@pytest.mark.parametrize("text", ["re.compile('a')", "re.template", "json.load(text)", "json.JSONDecoder()"])
def test_what_modules_do_not_offer(text: str) -> None:
    with pytest.raises(ExpressionRefused, match="cannot be had"):
        PythonExpression(text, ["re", "json"])


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("'a' * 10 ** 10", []),
        ("[0] * 10 ** 9", []),
        ("10 ** 10 ** 10", []),
        ("pow(10, 10 ** 6)", []),
        ("range(10 ** 9)", []),
        ("[x for x in range(2000) for y in range(2000)]", []),
        ("sum(x for x in range(10 ** 7))", []),
        ("f'{a:1000000000}'", []),
        ("format(a, '1000000000')", []),
        ("'%1000000000d' % a", []),
        ("'%*d' % (10 ** 9, a)", []),
        ("text.ljust(10 ** 9)", []),
        ("text.zfill(10 ** 9)", []),
        ("'a'.join(['x' * 1000] * 10 ** 6)", []),
        ("text.replace('l', 'x' * 10 ** 7).replace('x', text * 1000)", []),
        ("str([['x' * 10000] * 1000] * 1000)", []),
        ("[[text * 10 for _ in range(900)] for _ in range(900)]", []),
        ("list(map(lambda x: [x, x], " * 27 + "items" + "))" * 27, []),
        ("re.sub('.', 'x' * 9000, 'a' * 9000)", ["re"]),
        (r"re.sub('.', r'\g<0>' * 9000, text)", ["re"]),
        ("json.dumps([['x' * 1000] * 1000] * 1000)", ["json"]),
        ("json.dumps(deep, indent=10 ** 9)", ["json"]),
        ("list(itertools.product(range(100), range(100), range(100), range(100)))", ["itertools"]),
        ("list(itertools.permutations(range(20)))", ["itertools"]),
    ],
)
def test_what_takes_too_much_is_stopped(text: str, modules: list[str]) -> None:
    expression = PythonExpression(text, modules)
    with pytest.raises(ExpressionRefused):
        expression.evaluate(ROW)


def test_the_budget_is_that_of_one_row() -> None:
    expression = PythonExpression("len([x for x in range(600000)])")
    assert [expression.evaluate({}) for _ in range(3)] == [600_000] * 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nope + 1", "there is no field 'nope'; there are a, b"),
        ("1 / (a - 2)", "ZeroDivisionError"),
        ("items[9]", "IndexError"),
        ("deep['z']", "KeyError"),
        ("text + 1", "TypeError"),
        ("nothing.lower()", "NoneType has no 'lower'"),
        ("int(text)", "invalid literal"),
        ("lambda x: x", "gives no data"),
        ("map(int, names)", "invalid literal"),
    ],
)
def test_a_row_that_fails_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        PythonExpression(text).evaluate(ROW)


def test_a_match_is_true_but_no_data() -> None:
    expression = PythonExpression("re.search('big', text)", ["re"])
    assert expression.holds(ROW)
    with pytest.raises(ValueError, match="gives no data, but Match"):
        expression.evaluate(ROW)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("lambda x: x['language'] == 'en'", [0, 1]),
        ("lambda instance: instance['language']==\"fr\"", [2]),
        ("lambda x: x['n'] in [1, 3]", [0, 2]),
        ("lambda x: x['language'] == 'en' and x['n'] in [2]", [1]),
        ("lambda x: not x['language'].startswith('e')", [2]),
        ("lambda row: len(row['language']) == row['n']", [1]),
    ],
)
def test_lambdas_are_translated(text: str, kept: list[int]) -> None:
    rows = [{"language": "en", "n": 1}, {"language": "en", "n": 2}, {"language": "fr", "n": 3}]
    keep = translate_lambda(text)
    assert [place for place, row in enumerate(rows) if keep(row)] == kept


def test_a_lambda_over_a_missing_field_says_what_there_is() -> None:
    for text in ("lambda x: x['lang'] == 'en'", "lambda x: 'en' == x['lang']"):
        with pytest.raises(ValueError, match="lang"):
            translate_lambda(text)({"language": "en"})


@pytest.mark.parametrize(
    "text",
    [
        "x['a'] == 1",
        "lambda: True",
        "lambda x, y: x",
        "lambda x=1: x",
        "lambda *x: x",
        "lambda x: __import__('os').system('true')",
        "lambda x: x.__class__",
        "lambda x: open(x['path'])",
        "def f(x): return x",
    ],
)
def test_lambdas_that_are_refused(text: str) -> None:
    with pytest.raises(ExpressionRefused):
        translate_lambda(text)
