r"""Formats: system prompt, instruction, demonstrations and source as one text.

The format strings of a format may hold ``\N``, the *capital new line*: one line break, whatever line breaks stand
before it, and none at the start of the text. It lets parts be empty without leaving empty lines behind. (For a text
that is whole already there is :func:`regrade.artifacts.words.apply_capital_new_line_notation`.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from string import Formatter
from typing import Any, ClassVar, Final, Literal, TypeAlias

import msgspec

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import RowOperator
from regrade.artifacts.streams import Row
from regrade.cards.prompting.format_strings import FormatString

CAPITAL_NEW_LINE: Final = "\\N"

_PARTS: Final = ("source", "instruction", "system_prompt", "target_prefix")


class Format(RowOperator):
    """Makes ``source`` what the model is sent."""

    kind: ClassVar[str] = "format"


class Parts(msgspec.Struct):
    """What a prompt is made of.

    Attributes:
        system_prompt: What is said before the task.
        instruction: What is to be done.
        source: The row, in words.
        target_prefix: How the answer begins.
        demos: The demonstrations: their ``source``, ``target``, ``target_prefix``, and ``turns`` if they are dialogs.
        media: Images that texts refer to.
        turns: The row as chat messages, if it is a dialog.
    """

    system_prompt: str
    instruction: str
    source: str
    target_prefix: str
    demos: list[Row]
    media: Row
    turns: list[Any] | None = None


class BaseFormat(Format):
    """A format of a row's parts.

    The new row lacks ``instruction``, ``system_prompt`` and ``target_prefix``: they are in ``source`` now.

    Args:
        demos_field: The field with the demonstrations: rows that a template has been applied to.
    """

    demos_field: str | None = "demos"

    def format_prompt(self, parts: Parts) -> Any:
        """What the model is sent."""
        raise NotImplementedError

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        result = dict(row)
        texts = {name: _text(result, name) for name in _PARTS}
        demos = [_demo(demo) for demo in self._demos(row)] if self.demos_field in row else []
        parts = Parts(**texts, demos=demos, media=row.get("media") or {}, turns=row.get("__turns__"))
        result["source"] = self.format_prompt(parts)
        return result

    def _demos(self, row: Row) -> Sequence[Row]:
        demos = row[self.demos_field]  # type: ignore[index]  # it is in the row
        if not isinstance(demos, list) or not all(isinstance(demo, dict) for demo in demos):
            raise ValueError(f"the field {self.demos_field!r} must be a list of rows, not {demos!r:.80}")
        return demos


def _text(row: Row, name: str) -> str:
    """One part of the prompt, taken out of the row."""
    value = row.pop(name, "")
    if not isinstance(value, str):
        raise ValueError(f"the field {name!r} must be a text, not {value!r:.80}")
    return value


def _demo(demo: Row) -> Row:
    parts: Row = {name: demo.get(name, "") for name in ("source", "target", "target_prefix")}
    if None in parts.values():
        raise ValueError(f"a demonstration lacks its source, target or target_prefix: {demo!r:.80}")
    parts["turns"], parts["media"] = demo.get("__turns__"), demo.get("media")
    return parts


_Step: TypeAlias = tuple[Literal["text", "field", "break"], str]


def _steps(text: str, constants: Mapping[str, str], name: str, known: Sequence[str]) -> list[_Step]:
    """A format string as steps: texts, fields and capital new lines.

    Raises:
        ArtifactError: it is no format string, or has a field that is neither known nor a constant.
    """
    try:
        fields = FormatString(text).fields
    except ValueError as error:
        raise ArtifactError(str(error), path=(name,)) from None
    for field in fields:
        if field not in known and field not in constants:
            there_are = ", ".join([*known, *constants])
            raise ArtifactError(f"{text!r} has the field {field!r}, and there are {there_are}", path=(name,))
    steps: list[_Step] = []
    for literal, wanted, spec, conversion in Formatter().parse(text):
        if spec or conversion:
            raise ArtifactError(f"{text!r} shapes the field {wanted!r}, which formats cannot", path=(name,))
        steps += _broken(literal)
        if wanted is not None:
            steps += _broken(constants[wanted]) if wanted in constants else [("field", wanted)]
    return steps


def _broken(literal: str) -> Iterator[_Step]:
    for place, text in enumerate(literal.split(CAPITAL_NEW_LINE)):
        if place:
            yield "break", ""
        if text:
            yield "text", text


def _break(pieces: list[str]) -> None:
    """Carry out a capital new line at the end of a text that comes in pieces."""
    while pieces:
        last = pieces[-1].rstrip("\n")
        if last:
            pieces[-1] = last
            pieces.append("\n")
            return
        pieces.pop()


_AT_START: Final = re.compile(r"\A(?:\n|\\N)*\\N")
_INSIDE: Final = re.compile(r"[\n()\\N]*(?:\\N)+")


def unitxt_new_lines(text: str) -> str:
    r"""Carry out the capital new lines as Unitxt 1.26 does: parentheses, backslashes and Ns before them are lost.

    >>> unitxt_new_lines("Who (or what)\\NAnswer:")
    'Who (or what\nAnswer:'
    """
    return _INSIDE.sub("\n", _AT_START.sub("", text))


@artifact("system_format")
class SystemFormat(BaseFormat):
    r"""Writes everything into one text.

    Unitxt looks for capital new lines in the whole text, rows included, and eats a parenthesis, a backslash or an N
    before each (``Which one (or ones)`` loses its last character); here they count in the format's own strings only,
    unless ``as_unitxt``.

    Args:
        demo_format: One demonstration, a format string over its ``source``, ``target`` and ``target_prefix``, and
            ``instruction``.
        model_input_format: The whole, a format string over ``system_prompt``, ``instruction``, ``demos``, ``source``
            and ``target_prefix``.
        format_args: More names for the format strings, and the texts they stand for.
        as_unitxt: Carry out capital new lines as Unitxt does.

    >>> SystemFormat().process_row({
    ...     "instruction": "Add.", "source": "1+1", "target_prefix": "= ", "target": "2",
    ...     "demos": [{"source": "1+2", "target_prefix": "= ", "target": "3"}]})["source"]
    'Add.\n1+2\n= 3\n\n1+1\n= '
    """

    demo_format: str = "{source}\\N{target_prefix}{target}\n\n"
    model_input_format: str = "{system_prompt}\\N{instruction}\\N{demos}{source}\\N{target_prefix}"
    format_args: dict[str, str] = msgspec.field(default_factory=dict)
    as_unitxt: bool = False

    def verify(self) -> None:
        self._demo_steps, self._input_steps  # noqa: B018  # parsed once, and at once

    @cached_property
    def _demo_steps(self) -> list[_Step]:
        known = ("source", "target", "target_prefix", "instruction")
        return _steps(self.demo_format, self.format_args, "demo_format", known)

    @cached_property
    def _input_steps(self) -> list[_Step]:
        known = ("system_prompt", "instruction", "demos", "source", "target_prefix")
        return _steps(self.model_input_format, self.format_args, "model_input_format", known)

    def format_prompt(self, parts: Parts) -> Any:
        source = parts.source
        if parts.turns is not None and not source:
            source = json.dumps(parts.turns)
        texts = {
            "system_prompt": parts.system_prompt,
            "instruction": parts.instruction,
            "source": source,
            "target_prefix": parts.target_prefix,
        }
        if self.as_unitxt:
            return self._as_unitxt(texts, parts.demos)
        pieces: list[str] = []
        for kind, piece in self._input_steps:
            if kind == "break":
                _break(pieces)
            elif kind == "text":
                pieces.append(piece)
            elif piece == "demos":
                for demo in parts.demos:
                    self._write_demo(pieces, demo, parts.instruction)
            else:
                pieces.append(texts[piece])
        return "".join(pieces)

    def _write_demo(self, pieces: list[str], demo: Row, instruction: str) -> None:
        for kind, piece in self._demo_steps:
            if kind == "break":
                _break(pieces)
            elif kind == "text":
                pieces.append(piece)
            else:
                pieces.append(instruction if piece == "instruction" else demo[piece])

    def _as_unitxt(self, texts: dict[str, str], demos: list[Row]) -> str:
        shape, whole = FormatString(self.demo_format), FormatString(self.model_input_format)
        extra = {**self.format_args, "instruction": texts["instruction"]}
        shown = "".join([shape({**demo, **extra}) for demo in demos])
        return unitxt_new_lines(whole({**self.format_args, **texts, "demos": shown}))
