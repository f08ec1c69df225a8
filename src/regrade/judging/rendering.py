"""A judge's prompt with everything in place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from regrade.budget import ExpressionRefused
from regrade.errors import RecipeError
from regrade.jinja import compile_template
from regrade.judging.conversation import Conversation
from regrade.judging.judge import Criterion, Judge, Prompt
from regrade.judging.verdict_form import wording

_BRACES = re.compile(r"\{\{|\}\}|\{(\w+)\}")
_SIDES = ("a", "b")


def messages(prompt: Prompt, scope: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conversation that is sent to a judge.

    Raises:
        RecipeError: a template names what is not there, or is no template.
    """
    given = [("system", prompt.system), ("user", prompt.user)]
    return [{"role": role, "content": _render(text, prompt, scope)} for role, text in given if text is not None]


def _render(text: str, prompt: Prompt, scope: Mapping[str, Any]) -> str:
    if prompt.language == "braces":
        return fill_braces(text, scope)
    from jinja2 import TemplateError

    try:
        return compile_template(text, keep_trailing_newline=False)(scope)
    except (TemplateError, ExpressionRefused) as error:
        raise RecipeError(
            f"cannot be rendered: {error}", where=f"prompt {prompt.name or '(without a name)'} of the judge"
        ) from None


def fill_braces(text: str, scope: Mapping[str, Any]) -> str:
    """Put values in place of ``{name}``; doubled braces are single ones. Nothing but names is understood.

    Raises:
        RecipeError: a name is not there.

    Example:
        >>> fill_braces("{question}: {{}}", {"question": "Why {x}?"})
        'Why {x}?: {}'
    """

    def one(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return match[0][0]
        if name not in scope:
            raise RecipeError(f"the judge's prompt wants {{{name}}}, which this sample does not have")
        return str(scope[name])

    return _BRACES.sub(one, text)


def scope_of(
    judge: Judge, sides: Sequence[Conversation], turn: int, criterion: Criterion | None, *, with_reference: bool
) -> dict[str, Any]:
    """What templates may name: of one conversation, or of two in the order in which they are shown.

    Args:
        turn: The judged turn, from 1.
        with_reference: Whether the correct answers may be shown.
    """
    first = sides[0]
    options = judge.options_of(criterion.name if criterion else None)
    turns = [_turn(sides, number, with_reference) for number in range(1, turn + 1)]
    scope: dict[str, Any] = {**turns[-1], "turns": turns}
    for number, one in enumerate(turns, 1):
        for name, value in one.items():
            scope[f"{'ref_answer' if name == 'reference' else name}_{number}"] = value  # FastChat's names
    return scope | {
        "category": first.category,
        "doc": first.doc,
        "criterion": {"name": criterion.name, "description": criterion.description} if criterion else None,
        "options": [
            {"name": option.name, "score": option.score, "description": option.description} for option in options
        ],
        "lowest": judge.lowest,
        "highest": judge.highest,
        "verdict_format": wording(judge, options),
    }


def _turn(sides: Sequence[Conversation], number: int, with_reference: bool) -> dict[str, Any]:
    one: dict[str, Any] = {"question": sides[0].questions[number - 1]}
    if len(sides) == 1:
        one["answer"] = sides[0].answers[number - 1]
    else:
        one |= {f"answer_{name}": side.answers[number - 1] for name, side in zip(_SIDES, sides, strict=True)}
    one["reference"] = (sides[0].reference(number) or "") if with_reference else ""
    return one
