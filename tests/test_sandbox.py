"""Templates and expressions from data are stopped before they make what does not fit into memory."""

from __future__ import annotations

import resource
from typing import Any

import jinja2
import pytest

from regrade.artifacts.python_expressions import PythonExpression
from regrade.budget import ExpressionRefused
from regrade.cards.prompting.format_strings import FormatString
from regrade.errors import ExpressionError
from regrade.expressions import Expression
from regrade.jinja import compile_template
from regrade.schema import Record

DOCUMENT: dict[str, Any] = {"a": "ab", "n": 3, "items_": ["x", "y"], "long": "m" * 200_000}

TOO_MUCH = [
    "{{ 'ab' * 500000000 }}",
    "{{ 500000000 * a }}",
    "{{ [1] * 100000000 }}",
    "{{ (a * 4000000) * 4000000 }}",
    "{{ 2 ** (10 ** 9) }}",
    "{{ (10 ** 20000) * (10 ** 20000) }}",
    "{{ '%1000000000d' % n }}",
    "{{ '%*d' % (1000000000, n) }}",
    "{{ '%.1000000000f' % 1.5 }}",
    "{{ '%1000000000d'|format(n) }}",
    "{{ '{:1000000000d}'.format(n) }}",
    "{{ '{:{w}d}'.format(n, w=1000000000) }}",
    "{{ '{x:1000000000d}'.format_map({'x': n}) }}",
    "{{ a.center(10 ** 9) }}",
    "{{ a.ljust(10 ** 9) }}",
    "{{ a.rjust(10 ** 9) }}",
    "{{ '7'.zfill(10 ** 9) }}",
    "{{ ('\\t' * 1000000).expandtabs(9999) }}",
    "{{ '\\t'.expandtabs(10 ** 9) }}",
    "{{ n.to_bytes(10 ** 9, 'big') }}",
    "{{ a|center(10 ** 9) }}",
    "{{ (a + '\\n') * 3000000 | indent }}{{ long|indent(10 ** 9) }}",
    "{{ ('a\\n' * 100000)|indent('x' * 100000) }}",
    "{{ [a]|batch(10 ** 9, 'x')|list }}",
    "{{ [a]|slice(10 ** 9, 'x')|list }}",
    "{{ 1.5|round(10 ** 9) }}",
    "{{ {'a': [1]}|tojson(indent=10 ** 9) }}",
    "{{ long.replace('m', long) }}",
    "{{ long|replace('m', long) }}",
    "{{ long|regex_replace('m', long) }}",
    "{{ long.join(long) }}",
    "{{ long|join(long) }}",
    "{{ long|list|join(long) }}",
    "{{ long.translate({109: long}) }}",
    "{{ (long * 40)|list }}",
    "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|string }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ '%s' % ns.x }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}{% endfor %}{{ ns.x.values() }}",  # noqa: E501
    "{% set l = [] %}{% for i in range(9999) %}{% if l.append('x' * 1000000) %}{% endif %}{% endfor %}",
    "{% for i in range(99999) %}{{ long }}{% endfor %}",
    "{% set x %}{% for i in range(99999) %}{{ long }}{% endfor %}{% endset %}",
    "{% macro m() %}{% for i in range(99999) %}{{ long }}{% endfor %}{% endmacro %}{{ m()|length }}",
    "{% filter upper %}{% for i in range(99999) %}{{ long }}{% endfor %}{% endfilter %}",
    "{{ range(99999)|map('center', 9999)|list|join }}",
    "{{ range(10 ** 9)|list }}",
    "{{ long|list|map('center', 9999)|list }}",
]


@pytest.fixture(autouse=True)
def little_memory() -> Any:
    """Half a gigabyte more than there is, so that what is not stopped fails at once and harms nobody."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with open("/proc/self/status") as status:  # noqa: PTH123
        used = next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmData")), 0)
    resource.setrlimit(resource.RLIMIT_DATA, (used + 512 * 1024 * 1024, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)


@pytest.mark.parametrize("template", TOO_MUCH)
def test_a_template_is_stopped_before_it_makes_too_much(template: str) -> None:
    with pytest.raises((ExpressionRefused, OverflowError)) as caught:
        compile_template(template)(DOCUMENT)
    assert "more than" in str(caught.value) or "at most" in str(caught.value) or "Range too big" in str(caught.value) \
        or "'*' is not allowed" in str(caught.value)  # fmt: skip


ORDINARY = [
    "{{ a * 3 }}{{ [1] * 2 }}{{ n * 4 }}{{ 2 ** 10 }}{{ n + 1 }}{{ 7 % 4 }}",
    "{{ '%5.2f|%-4s|%s%%' % (1.5, a, n) }}{{ '%s' % a }}{{ '%d-%s'|format(n, a) }}{{ '%(q)s'|format(q=a) }}",
    "{{ '{:>5}|{}|{k!r}'.format(a, n, k=a) }}{{ '{x}'.format_map({'x': 1}) }}",
    "{{ a.center(10) }}{{ a|center(8) }}{{ '7'.zfill(3) }}{{ 'a\\tb'.expandtabs(4) }}",
    "{{ ['a\\nb']|first|indent(2) }}{{ items_|batch(3, '-')|list }}{{ items_|slice(2)|list }}{{ 2.345|round(2) }}",
    "{{ items_|join(', ') }}{{ items_|join(d='-') }}{{ items_|map('upper')|join }}{{ '-'.join(items_) }}",
    "{{ [{'a': 1}, {'a': 2}]|join('+', attribute='a') }}{{ [{'a': 1}, {'a': 2}]|sum(attribute='a') }}{{ [1, 2]|sum }}",
    "{{ [[1], [2]]|sum(start=[]) }}{{ 'banana'|replace('a', 'o', 2) }}{{ 'banana'.replace('a', 'o') }}",
    "{{ {'b': [1, 'ü']}|tojson }}{{ {'b': 1}|tojson(indent=2) }}{{ a ~ n ~ items_ }}{{ 'abc'|list }}{{ (1, 2)|list }}",
    "{% set ns = namespace(x='') %}{% for i in items_ %}{% set ns.x = ns.x ~ i %}{% endfor %}{{ ns.x }}",
    "{% set l = [] %}{% for i in items_ %}{% if l.append(i) %}{% endif %}{% endfor %}{{ l }}",
    "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(a) }}{% set y %}{{ a }}!{% endset %}{{ y }}",
    "{% filter upper %}{{ a }}{% endfilter %}{{ a|upper }}",
    "{{ a.split('b') }}{{ 'a b c'.split() }}{{ a.translate({97: 'z'}) }}{{ items_|length }}{{ long|length }}",
    "{{ [3, 1]|sort }}{{ 'x'|default('y') }}{{ long[:3] }}{{ dict(a=1) }}{{ [1.5, 2]|max }}{{ range(3)|list }}",
]


@pytest.mark.parametrize("template", ORDINARY)
def test_what_templates_usually_do_is_done_as_jinja_does_it(template: str) -> None:
    plain = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    assert compile_template(template)(DOCUMENT) == plain.from_string(template).render(DOCUMENT)


def test_each_rendering_has_its_own_budget() -> None:
    render = compile_template("{{ (long * 40)|length }}")
    assert [render(DOCUMENT) for _ in range(8)] == ["8000000"] * 8


@pytest.mark.parametrize("text", ["'x' * 10 ** 9 == answer", "answer|center(10 ** 9)", "doc.a ~ doc.a * 10 ** 9"])
def test_an_expression_of_a_person_is_stopped_too(text: str) -> None:
    with pytest.raises(ExpressionError, match="more than"):
        Expression(text, "--where")(Record(1, 7, [["b"]], doc=DOCUMENT))


def test_a_format_string_of_a_card_is_refused_where_it_asks_for_gigabytes() -> None:
    assert FormatString("{a:>5}")({"a": "x"}) == "    x"
    with pytest.raises(ValueError, match="more than 10,000 columns"):
        FormatString("{a:>1000000000}")


@pytest.mark.parametrize(
    "text", ["'a' * 10**9", "''.join(['a' * 10**6] * 60)", "'%1000000000d' % 1", "a.center(10**9)"]
)
def test_an_expression_of_a_card_is_refused_where_it_makes_gigabytes(text: str) -> None:
    with pytest.raises(ExpressionRefused):
        PythonExpression(text).evaluate({"a": "x"})


def test_the_result_of_an_expression_of_a_card_has_a_largest_size() -> None:
    assert PythonExpression("a * 5").evaluate({"a": "x"}) == "xxxxx"
    with pytest.raises(ExpressionRefused, match="10,000,000"):
        PythonExpression("a * 10000001").evaluate({"a": "x"})
