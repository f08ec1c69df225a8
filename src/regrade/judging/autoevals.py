"""Judges of the autoevals package: which there are, what they want to know, and the samples that ask them.

A sample holds what a scorer is given, as JSON; the scorer itself runs where models are asked
(:mod:`regrade.judging.autoevals_model`), for it asks several times, and what it asks next depends on what it was told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final

import msgspec

from regrade.artifacts import Artifact, ArtifactError, artifact
from regrade.judging.conversation import Conversation
from regrade.judging.samples import Asking, sample_id
from regrade.schema import Sample

#: What each scorer is given beside the output, as autoevals 0.4.1 names it.
SCORERS: Final[dict[str, tuple[str, ...]]] = {
    "AnswerCorrectness": ("input", "expected"),
    "AnswerRelevancy": ("input", "context"),
    "AnswerSimilarity": ("expected",),
    "Battle": ("instructions", "expected"),
    "ClosedQA": ("input", "criteria"),
    "ContextEntityRecall": ("expected", "context"),
    "ContextPrecision": ("input", "expected", "context"),
    "ContextRecall": ("input", "expected", "context"),
    "ContextRelevancy": ("input", "context"),
    "Factuality": ("input", "expected"),
    "Faithfulness": ("input", "context"),
    "Humor": (),
    "Possible": ("input",),
    "Security": (),
    "Sql": ("input", "expected"),
    "Summary": ("input", "expected"),
    "Translation": ("input", "expected", "language"),
}

_CONTEXTS: Final = ("context", "contexts", "retrieved_contexts", "passages", "documents")


@artifact("autoevals_judge")
class AutoevalsJudge(Artifact):
    """A scorer of the autoevals package as a judge of answers.

    Args:
        scorer: The class's name: ``AnswerCorrectness``, ``Factuality``, ...
        arguments: Keyword arguments of the class (``factuality_weight``, ``strictness``, ...).
        given: What it is told beside question, answer and reference: texts by name, such as
            ``{criteria: "Is it polite?"}``.
        parameters: Generation parameters of every call.
        repeats: How often each is scored; the mean counts.
    """

    kind: ClassVar[str] = "judge"

    scorer: str
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)
    given: dict[str, Any] = msgspec.field(default_factory=dict)
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    repeats: int = 1

    def verify(self) -> None:
        if self.scorer not in SCORERS:
            raise ArtifactError(
                f"autoevals has no scorer {self.scorer!r}", path=("scorer",), hint=f"it has {', '.join(SCORERS)}"
            )

    def filters(self, repeats: int) -> list[dict[str, Any]]:
        """The steps that read the score out of an answer."""
        read = {
            "function": "verdict",
            "mode": "rating",
            "form": "json_schema",
            "field": "score",
            "lowest": 0,
            "highest": 1,
        }
        return [read, {"function": "take_first" if repeats == 1 else "mean_of_parsed"}]


def scorer_named(name: str) -> AutoevalsJudge | None:
    """The scorer of a name, however it is written: ``AnswerCorrectness``, ``answer_correctness``, ``closed_qa``."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    found = next((scorer for scorer in SCORERS if scorer.lower() == plain), None)
    return AutoevalsJudge(scorer=found) if found is not None else None


def snake_case(scorer: str) -> str:
    """A scorer's name as metrics are named.

    Example:
        >>> snake_case("AnswerCorrectness"), snake_case("ClosedQA")
        ('answer_correctness', 'closed_qa')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", scorer).lower()


def samples_of(judge: AutoevalsJudge, conversations: Iterable[Conversation], asking: Asking) -> Iterator[Sample]:
    """A sample for the last answer of each conversation; those that lack something the scorer wants are left out."""
    for conversation in conversations:
        if len(conversation.answers) < len(conversation.questions) or not conversation.answers:
            asking.leave_out("there is no answer")
            continue
        turn = len(conversation.answers)
        given = _given(judge, conversation, turn)
        lacking = [name for name in SCORERS[judge.scorer] if given.get(name) in (None, "", [])]
        if lacking:
            asking.leave_out(f"{judge.scorer} wants {lacking[0]}: --field {lacking[0]}=... says where it is")
            continue
        metadata: dict[str, Any] = {
            "item": conversation.item,
            "turn": turn,
            "repeat": conversation.repeat,
            "category": conversation.category,
            "models": [conversation.system],
            "lengths": [len(conversation.answers[turn - 1])],
        }
        asked = {"scorer": judge.scorer, "arguments": judge.arguments, "given": given}
        yield Sample(
            sample_id=sample_id(metadata),
            doc={
                "question_id": conversation.item,
                "turn": turn,
                "category": conversation.category,
                "question": conversation.questions[turn - 1],
                "model": conversation.system,
                "answer": conversation.answers[turn - 1],
                "reference": conversation.reference(turn),
                "doc": conversation.doc,
            },
            messages=[{"role": "user", "content": msgspec.json.encode(asked, order="deterministic").decode()}],
            group=conversation.category,
            metadata=metadata,
        )


def _given(judge: AutoevalsJudge, conversation: Conversation, turn: int) -> dict[str, Any]:
    question = conversation.questions[turn - 1]
    doc = conversation.doc
    known = {
        "input": question,
        "instructions": question,
        "expected": conversation.reference(turn),
        "context": next((doc[name] for name in _CONTEXTS if doc.get(name)), None),
        "criteria": doc.get("criteria"),
        "language": doc.get("language"),
    }
    wanted = {name: known[name] for name in SCORERS[judge.scorer]}
    own = {name: doc[f"judge_{name}"] for name in wanted if f"judge_{name}" in doc}
    return {"output": conversation.answers[turn - 1], **wanted, **judge.given, **own}
