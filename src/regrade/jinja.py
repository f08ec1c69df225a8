"""Jinja templates over documents, as lm-evaluation-harness renders them, without importing Jinja for the simple ones.

Importing Jinja costs about a tenth of a second, more than the rest of a start. Nearly all target and choice templates
only put fields of the document in place (``{{answer}}``, ``{{choices[0]}}``); these become string joins here.
Everything else, and everything about a document that is not plain (a missing field, a key that is also an attribute),
goes to Jinja in a sandbox with limits (:mod:`regrade.sandbox`): templates come from files and logs, and data never runs
code, and makes no more than a row may.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from jinja2 import Template

    from regrade.sandbox import Limited

Render: TypeAlias = Callable[[Mapping[str, Any]], str]
"""Renders a document; raises whatever Jinja raises."""

_ACCESS = r"""(?:\.[A-Za-z_][A-Za-z0-9_]*|\[\s*(?:'[^'\\\r\n]*'|"[^"\\\r\n]*"|(?:0|[1-9][0-9]{0,8}))\s*\])"""
_EXPRESSION = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)(" + _ACCESS + r"*)\s*\}\}", re.ASCII)
_STEP = re.compile(r"""\.(\w+)|\[\s*(?:'([^']*)'|"([^"]*)"|([0-9]+))\s*\]""", re.ASCII)
_NAME_PATH = r"([A-Za-z_][A-Za-z0-9_]*)(" + _ACCESS + "*)"
_INDEX = re.compile(r"\{\{\s*" + _NAME_PATH + r"\.index\(\s*" + _NAME_PATH + r"\s*\)\s*\}\}", re.ASCII)
_SYNTAX = re.compile(r"\{[{%#]")

#: Names that mean something else than a field to Jinja: its keywords, constants, special variables and globals.
_NOT_FIELDS = frozenset(
    {"and", "else", "if", "import", "in", "is", "not", "or", "recursive"}
    | {"true", "false", "none", "True", "False", "None", "self", "super", "loop", "caller", "varargs", "kwargs"}
    | {"range", "dict", "lipsum", "cycler", "joiner", "namespace"}
)

_Path: TypeAlias = tuple[str | int, ...]


def _steps(accesses: str) -> _Path | None:
    """Keys and indices of ``.a['b'][0]``; None where Jinja might prefer an attribute of a dict to its key."""
    steps: list[str | int] = []
    for attribute, single, double, index in _STEP.findall(accesses):
        if attribute:
            if hasattr(dict, attribute):
                return None
            steps.append(attribute)
        else:
            steps.append(int(index) if index else single or double)
    return tuple(steps)


def _parse(source: str) -> tuple[list[str], list[_Path]] | None:
    """Split a trivial template into its texts and the paths between them (one text more than paths)."""
    if "\r" in source:  # Jinja normalises line ends
        return None
    texts: list[str] = []
    paths: list[_Path] = []
    end = 0
    for match in _EXPRESSION.finditer(source):
        path = _steps(match[2])
        if path is None or match[1] in _NOT_FIELDS:
            return None
        texts.append(source[end : match.start()])
        paths.append((match[1], *path))
        end = match.end()
    texts.append(source[end:])
    for position, text in enumerate(texts):
        if (
            _SYNTAX.search(text)
            or (position < len(paths) and text.endswith("{"))
            or (position and text.startswith("}"))
        ):
            return None
    return texts, paths


def _parse_index(source: str) -> tuple[_Path, _Path] | None:
    """The two paths of ``{{choices.label.index(answerKey)}}``, the commonest target of multiple-choice tasks."""
    match = _INDEX.fullmatch(source)
    if match is None or match[1] in _NOT_FIELDS or match[3] in _NOT_FIELDS:
        return None
    options, wanted = _steps(match[2]), _steps(match[4])
    return None if options is None or wanted is None else ((match[1], *options), (match[3], *wanted))


def _follow(document: Mapping[str, Any], path: _Path) -> Any:
    """The value at ``path``; raises LookupError unless it is to be had exactly as Jinja has it."""
    value: Any = document
    for step in path:
        kind = type(value)
        if (kind is dict and type(step) is str) or (kind is list and type(step) is int):
            value = value[step]
        else:
            raise LookupError
    return value


def _trim(source: str, keep_trailing_newline: bool) -> str:
    return source if keep_trailing_newline else source.removesuffix("\n")


@lru_cache(maxsize=2)
def _environment(keep_trailing_newline: bool) -> Limited:
    from jinja2 import StrictUndefined

    from regrade.sandbox import Limited

    def regex_replace(string: str, pattern: str, repl: str, count: int = 0) -> str:
        return re.sub(pattern, repl, string, count=count)

    environment = Limited(undefined=StrictUndefined, keep_trailing_newline=keep_trailing_newline)
    environment.add_filter("regex_replace", regex_replace)
    return environment


@lru_cache(maxsize=256)
def _jinja(source: str, keep_trailing_newline: bool) -> Template:
    return _environment(keep_trailing_newline).from_string(source)


def template_fault(source: str, keep_trailing_newline: bool = True) -> str | None:
    """What is wrong with a template whatever the document; None where nothing is. Trivial ones are not parsed."""
    if sole_value(source, keep_trailing_newline) or _parse_index(_trim(source, keep_trailing_newline)) is not None:
        return None
    if "{" not in source:
        return None
    from jinja2 import TemplateSyntaxError

    try:
        _jinja(source, keep_trailing_newline)
    except TemplateSyntaxError as error:  # unknown filters and tests are among them
        return error.message or type(error).__name__
    return None


@lru_cache(maxsize=256)
def compile_template(source: str, keep_trailing_newline: bool = True) -> Render:
    """Compile a template into a function from document to text.

    Args:
        source: Jinja source. Undefined names are errors; the filter ``regex_replace`` is there.
        keep_trailing_newline: Whether one newline at the very end stays (the harness keeps it since 0.4.4).

    Raises:
        jinja2.TemplateError: the source is no template (only at the first rendering).
        ExpressionRefused: it makes too much of a document (at that document's rendering).
    """

    def with_jinja(document: Mapping[str, Any]) -> str:
        return _environment(keep_trailing_newline).render_within(_jinja(source, keep_trailing_newline), document)

    if (places := _parse_index(_trim(source, keep_trailing_newline))) is not None:
        return _index_renderer(*places, with_jinja)
    parsed = _parse(_trim(source, keep_trailing_newline))
    if parsed is None:
        return with_jinja
    texts, paths = parsed
    if not paths:
        return lambda document: texts[0]
    if len(paths) == 1:
        head, (path,), tail = texts[0], paths, texts[1]

        def render_one(document: Mapping[str, Any]) -> str:
            try:
                return f"{head}{_follow(document, path)!s}{tail}"
            except LookupError:
                return with_jinja(document)

        return render_one

    def render(document: Mapping[str, Any]) -> str:
        parts = [texts[0]]
        try:
            for path, text in zip(paths, texts[1:], strict=True):
                parts.append(str(_follow(document, path)))
                parts.append(text)
        except LookupError:
            return with_jinja(document)
        return "".join(parts)

    return render


def _index_renderer(options: Any, wanted: Any, with_jinja: Render) -> Render:
    """The place of a value in a list, ``{{choices.index(answer)}}``, without Jinja where it is one."""

    def render_index(document: Mapping[str, Any]) -> str:
        try:
            values, value = _follow(document, options), _follow(document, wanted)
        except LookupError:
            return with_jinja(document)
        return str(values.index(value)) if type(values) is list else with_jinja(document)

    return render_index


@lru_cache(maxsize=256)
def sole_value(source: str, keep_trailing_newline: bool = True) -> Callable[[Mapping[str, Any]], Any] | None:
    """For a template that is one field and nothing else, the function to that field's value; for any other, None.

    The function raises LookupError where the value is not to be had in the plain way.
    """
    parsed = _parse(_trim(source, keep_trailing_newline))
    if parsed is None or parsed[0] != ["", ""]:
        return None
    path = parsed[1][0]
    return lambda document: _follow(document, path)
