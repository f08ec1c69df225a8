"""From what systems said to what a judge is asked.

A sample asks about one turn of one conversation, or of two systems' conversations in one order. Its ``metadata`` tells
what is judged: ``item``, ``turn``, ``repeat``, ``category``, ``models`` (in the order of their names here, not as they
are shown), ``swapped`` (the second is shown first), ``lengths`` (characters of their answers), ``criterion``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any, Literal

import msgspec

from regrade.errors import UsageError
from regrade.judging.conversation import Conversation
from regrade.judging.judge import Criterion, Judge
from regrade.judging.rendering import messages, scope_of
from regrade.judging.verdict_form import parameters
from regrade.schema import Sample

Order = Literal["both", "content", "given"]
"""In which order two answers are shown: in both, one after the other; in one that is drawn by their content; in the
order in which their systems were named."""


class Asking(msgspec.Struct, kw_only=True):
    """What becomes of conversations on their way to a judge.

    Attributes:
        order: How pairs are shown.
        baseline: The system with which every other is compared; None for all pairs.
        left_out: How many could not be asked about, by reason.
    """

    order: Order = "both"
    baseline: str | None = None
    left_out: dict[str, int] = msgspec.field(default_factory=dict)

    def leave_out(self, reason: str) -> None:
        """Count a conversation or pair that is not asked about."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def samples_of(judge: Judge, conversations: Iterable[Conversation], asking: Asking) -> Iterator[Sample]:
    """The samples of a judge, in order of the conversations (of pairs: of their items).

    Raises:
        UsageError: there are no two systems to compare, or no baseline of that name.
        RecipeError: a template cannot be rendered.
    """
    if judge.mode != "pairwise":
        for conversation in conversations:
            yield from _about(judge, [conversation], asking)
        return
    for pair in _pairs(conversations, asking):
        yield from _about(judge, pair, asking)


def _pairs(conversations: Iterable[Conversation], asking: Asking) -> Iterator[tuple[Conversation, Conversation]]:
    items: dict[tuple[str, int], dict[str, Conversation]] = {}
    systems: dict[str, None] = {}
    for conversation in conversations:
        systems.setdefault(conversation.system)
        items.setdefault((conversation.item, conversation.repeat), {})[conversation.system] = conversation
    if len(systems) < 2:
        raise UsageError(
            f"to compare there must be two systems, and there is {' and '.join(systems) or 'none'}",
            where="regrade judge",
            hint="name two runs of different models, or call them apart: NAME=RUN",
        )
    if asking.baseline is not None and asking.baseline not in systems:
        raise UsageError(
            "is none of the systems", where=f"--baseline {asking.baseline}", hint=f"they are {', '.join(systems)}"
        )
    for one, other in combinations(systems, 2):
        if asking.baseline is not None and asking.baseline not in (one, other):
            continue
        first, second = (other, one) if asking.baseline == other else (one, other)
        for answers in items.values():
            if first in answers and second in answers:
                yield answers[first], answers[second]
            elif first in answers or second in answers:
                asking.leave_out("only one of two systems has answered")


def _about(judge: Judge, sides: Sequence[Conversation], asking: Asking) -> Iterator[Sample]:
    said = min(len(side.answers) for side in sides)
    if said < len(sides[0].questions):
        asking.leave_out("there is no answer" if not said else "there is no answer to a later turn")
    if not said:
        return
    if judge.judged_turns == "last" and said < len(sides[0].questions):
        return
    for turn in range(1 if judge.judged_turns == "each" else said, said + 1):
        for criterion in judge.each_criterion():
            for swapped in _orders(judge, sides, turn, asking.order):
                sample = _sample(judge, sides, turn, criterion, swapped)
                if sample is None:
                    asking.leave_out("the judge has no prompt for it")
                else:
                    yield sample


def _orders(judge: Judge, sides: Sequence[Conversation], turn: int, order: Order) -> list[bool]:
    if judge.mode != "pairwise" or order == "given":
        return [False]
    if order == "both":
        return [False, True]
    first, second = (side.answers[turn - 1] for side in sides)
    content = [sides[0].questions[turn - 1], *sorted((first, second))]
    drawn = bool(hashlib.blake2b(msgspec.json.encode(content), digest_size=1).digest()[0] & 1)
    return [drawn != (first <= second)]  # which system was named first makes no difference


def _sample(
    judge: Judge, sides: Sequence[Conversation], turn: int, criterion: Criterion | None, swapped: bool
) -> Sample | None:
    first = sides[0]
    referring = judge.reference_categories is None or first.category in judge.reference_categories
    with_reference = referring and first.reference(turn) is not None
    prompt = judge.prompt_for(reference=with_reference, conversation=turn > 1)
    if prompt is None:
        return None
    shown = [*reversed(sides)] if swapped else sides
    scope = scope_of(judge, shown, turn, criterion, with_reference=with_reference and prompt.reference)
    models = [side.system for side in sides]
    metadata: dict[str, Any] = {
        "item": first.item,
        "turn": turn,
        "repeat": first.repeat,
        "category": first.category,
        "models": models,
        "lengths": [len(side.answers[turn - 1]) for side in sides],
        "prompt": prompt.name,
    }
    if len(sides) == 2:
        metadata["swapped"] = swapped
    if criterion is not None:
        metadata["criterion"] = criterion.name
    options = judge.options_of(criterion.name if criterion else None)
    if own := parameters(judge, options):
        metadata["parameters"] = own
    return Sample(
        sample_id=sample_id(metadata),
        doc=_doc(sides, turn, criterion),
        messages=messages(prompt, scope),
        references=[text] if (text := first.reference(turn)) is not None else [],
        group=first.category,
        metadata=metadata,
    )


def sample_id(metadata: dict[str, Any]) -> str:
    """The id of a judge's sample, of what is judged: ``MODEL/ITEM.TURN`` or ``MODEL_1~MODEL_2/ITEM.TURN``.

    Example:
        >>> sample_id({"models": ["a", "b"], "item": "81", "turn": 2, "swapped": True, "repeat": 0})
        'a~b/81.2/swapped'
    """
    name = f"{'~'.join(metadata['models'])}/{metadata['item']}.{metadata['turn']}"
    if metadata["repeat"]:
        name += f"#{metadata['repeat']}"
    if "criterion" in metadata:
        name += f"/{metadata['criterion']}"
    return name + ("/swapped" if metadata.get("swapped") else "")


def _doc(sides: Sequence[Conversation], turn: int, criterion: Criterion | None) -> dict[str, Any]:
    """What people look at and break results down by."""
    first = sides[0]
    doc: dict[str, Any] = {"question_id": first.item, "turn": turn, "category": first.category}
    doc["question"] = first.questions[turn - 1]
    if len(sides) == 1:
        doc |= {"model": first.system, "answer": first.answers[turn - 1]}
    else:
        for number, side in enumerate(sides, 1):
            doc |= {f"model_{number}": side.system, f"answer_{number}": side.answers[turn - 1]}
    doc["reference"] = first.reference(turn)
    if criterion is not None:
        doc["criterion"] = criterion.name
    return doc | {"doc": first.doc}
