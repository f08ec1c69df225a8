from __future__ import annotations

import subprocess
import sys

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import safe_range

from regrade.jinja import _parse, compile_template, sole_value

# The harness's own environment, but for what the sandbox puts in place of ``range``.
HARNESS = {
    keep: jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=keep) for keep in (True, False)
}
for environment in HARNESS.values():
    environment.globals["range"] = safe_range

names = st.sampled_from(["a", "b", "items", "keys", "_x", "A1", "range", "self", "none", "class", "loop", "in", "ä"])
scalars = st.one_of(
    st.text(alphabet="ab1{}%# \n\"'[]<&", max_size=6), st.integers(), st.booleans(), st.none(), st.floats()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)
documents = st.dictionaries(names.filter(lambda name: name != "self"), values, max_size=4)
accesses = st.one_of(
    names.map(lambda name: f".{name}"),
    names.map(lambda name: f"['{name}']"),
    names.map(lambda name: f'[ "{name}" ]'),
    st.integers(0, 3).map(lambda index: f"[{index}]"),
    st.sampled_from(["[00]", "[-1]", ".0", "|upper", "[a]", " ", "()"]),
)
expressions = st.builds(
    lambda left, name, path, right: "{{" + left + name + "".join(path) + right + "}}",
    st.sampled_from(["", " ", "\n", "-", "  "]),
    names,
    st.lists(accesses, max_size=2),
    st.sampled_from(["", " ", "-", "\n"]),
)
texts = st.text(alphabet="ab {}%#\n\r-\"'", max_size=5)
templates = st.lists(st.one_of(expressions, texts), max_size=4).map("".join)


def outcome(make):
    try:
        return ("text", make())
    except Exception as error:
        return ("error", type(error).__name__)


@given(templates, documents, st.booleans())
def test_equals_jinja(template, document, keep):
    ours = outcome(lambda: compile_template(template, keep)(document))
    theirs = outcome(lambda: HARNESS[keep].from_string(template).render(**document))
    assert ours == theirs


@given(expressions, st.lists(accesses, max_size=2), names, documents)
def test_index_equals_jinja(options, accesses_of_wanted, wanted, document):
    template = options.removesuffix("}}").rstrip() + ".index(" + wanted + "".join(accesses_of_wanted) + ")}}"
    ours = outcome(lambda: compile_template(template)(document))
    theirs = outcome(lambda: HARNESS[True].from_string(template).render(**document))
    assert ours == theirs


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"choices": {"label": ["A", "B"]}, "answerKey": "B"}, ("text", "1")),
        ({"choices": {"label": ["A", "B"]}, "answerKey": "Z"}, ("error", "ValueError")),
        ({"choices": {"label": "AB"}, "answerKey": "B"}, ("text", "1")),
        ({"choices": {"label": ["A"]}}, ("error", "UndefinedError")),
    ],
)
def test_index_of_the_answer(document, expected):
    assert outcome(lambda: compile_template("{{choices.label.index(answerKey)}}")(document)) == expected


@given(expressions, documents)
def test_sole_value_is_what_is_printed(template, document):
    value = sole_value(template)
    if value is not None:
        try:
            found = value(document)
        except LookupError:
            return
        assert str(found) == HARNESS[True].from_string(template).render(**document)


@pytest.mark.parametrize(
    ("template", "trivial"),
    [
        ("{{answer}}", True),
        ("{{ answer }}", True),
        ("Question: {{question}}\nAnswer:", True),
        ("{{choices['text'][0]}} and {{a.b}}", True),
        ("", True),
        ("{ plain } text", True),
        ("{{a.items}}", False),
        ("{{range}}", False),
        ("{{{a}}}", False),
        ("{{a}}}", False),
        ("{{a|upper}}", False),
        ("{% if a %}x{% endif %}", False),
        ("{#a#}", False),
        ("a\r\nb", False),
    ],
)
def test_trivial(template, trivial):
    assert (_parse(template) is not None) == trivial


@pytest.mark.parametrize(
    ("template", "keep", "expected"),
    [("{{a}}\n", True, "1\n"), ("{{a}}\n", False, "1"), ("{{a}}\n\n", False, "1\n"), ("x\n", False, "x")],
)
def test_trailing_newline(template, keep, expected):
    assert compile_template(template, keep)({"a": 1}) == expected


def test_regex_replace():
    assert compile_template("{{a | regex_replace('[0-9]+', '#')}}")({"a": "x12y3"}) == "x#y#"
    assert compile_template("{{a | regex_replace('[0-9]', '#', 1)}}")({"a": "12"}) == "#2"


def test_sandbox():
    with pytest.raises(jinja2.exceptions.SecurityError):
        compile_template("{{ ''.__class__.__mro__ }}")({})


def test_undefined_is_an_error_in_both_ways():
    for template in ("{{missing}}", "{{missing|upper}}", "{{a.missing}}", "{{a[3]}}"):
        with pytest.raises(jinja2.UndefinedError):
            compile_template(template)({"a": {}})


def test_trivial_templates_do_not_import_jinja():
    program = (
        "import sys\n"
        "from regrade.jinja import compile_template\n"
        "from regrade.lm_eval.results import recipe_from_config\n"
        "from regrade.lm_eval.templates import TaskTemplates\n"
        "from regrade.schema import Record\n"
        "config = {'doc_to_text': 'Q: {{q}}', 'doc_to_target': '{{a}}', 'doc_to_choice': '{{c}}'}\n"
        "recipe = recipe_from_config('t', config)\n"
        "record = Record(0, 1, [], doc={'q': 'x', 'a': 1, 'c': ['u', 'v']})\n"
        "made = TaskTemplates(recipe, record)\n"
        "assert (made.target(record), made.choices(record), made.text(record)) == (1, ['u', 'v'], 'Q: x')\n"
        "assert not {'jinja2', 'yaml'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
