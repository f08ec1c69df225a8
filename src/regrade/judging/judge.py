"""Judges as data: what a judge is shown, how it gives its verdict, and how the verdict is read out of its words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import msgspec

from regrade.artifacts import Artifact, ArtifactError, artifact

Mode = Literal["rating", "pairwise", "choice"]
"""What a judge says of an answer: a number, or one of several options; or of two answers, which one is better."""

Form = Literal["text", "json_schema", "tool"]
"""How it says it: in words with double square brackets, as a JSON object of a schema, or by calling a tool."""


@artifact("judge_option")
class Option(Artifact):
    """One of the verdicts that a judge may choose.

    Args:
        name: What the judge says.
        score: What it is worth.
        description: When it is the right one, for the judge.
    """

    kind: ClassVar[str] = "judge option"

    name: str
    score: float
    description: str = ""


@artifact("judge_criterion")
class Criterion(Artifact):
    """One thing that an answer is judged by; a judge with several is asked about each by itself.

    Args:
        name: What it is called.
        description: What is asked about the answer.
        options: The verdicts; the judge's own if there are none.
    """

    kind: ClassVar[str] = "judge criterion"

    name: str
    description: str
    options: list[Option] = msgspec.field(default_factory=list)


@artifact("judge_prompt")
class Prompt(Artifact):
    """What a judge is shown.

    A template may use ``question``, ``answer``, ``reference`` (of the turn that is judged), ``turns`` (a list of them,
    up to that turn), ``category``, ``doc`` (the judged sample's row), ``criterion``, ``options``, ``lowest``,
    ``highest`` and ``verdict_format`` (how the verdict is to be given, in words). Of two answers there are ``answer_a``
    and ``answer_b``, in ``turns`` too, instead of ``answer``. In FastChat's names there are also ``question_1``,
    ``answer_1``, ``answer_a_1``, ``ref_answer_1`` and so on.

    Args:
        user: Template of the message.
        system: Template of the system prompt.
        reference: Whether it shows a correct answer; it is used for samples that have one, and no others.
        conversation: Whether it shows the turns before the judged one; it is used from the second turn on.
        language: ``jinja``, or ``braces``: ``{question}`` and nothing more, as in FastChat's files.
        name: What it is called.
    """

    kind: ClassVar[str] = "judge prompt"

    user: str
    system: str | None = None
    reference: bool = False
    conversation: bool = False
    language: Literal["jinja", "braces"] = "jinja"
    name: str = ""


@artifact("judge")
class Judge(Artifact):
    """A judge of answers.

    Args:
        mode: ``rating``, ``pairwise`` or ``choice``.
        prompts: What it is shown; the first that fits a sample is used. One without a reference fits every sample of
            its turn if none with a reference does.
        form: How it gives its verdict. Of ``json_schema`` and ``tool`` the schema follows from the mode, and words are
            understood too where the model cannot do it.
        filters: Steps of a filter pipeline that read the verdict, instead of those that follow from mode and form. They
            give a number, ``A``, ``B`` or ``C`` (a tie), or the name of an option.
        lowest: The lowest rating; a rating outside of the scale is none.
        highest: The highest.
        options: What may be chosen.
        criteria: What answers are judged by, one after the other.
        reference_categories: Categories in which a correct answer is shown; None for all that have one.
        judged_turns: Whether every turn of a conversation is judged, or the last.
        parameters: Generation parameters.
        repeats: How often each is asked. The verdict is then the mean of ratings, or what was said most often.
    """

    kind: ClassVar[str] = "judge"

    mode: Mode
    prompts: list[Prompt]
    form: Form = "text"
    filters: list[dict[str, Any]] | None = None
    lowest: float = 1
    highest: float = 10
    options: list[Option] = msgspec.field(default_factory=list)
    criteria: list[Criterion] = msgspec.field(default_factory=list)
    reference_categories: list[str] | None = None
    judged_turns: Literal["each", "last"] = "each"
    parameters: dict[str, Any] = msgspec.field(default_factory=lambda: {"temperature": 0})
    repeats: int = 1

    def verify(self) -> None:
        if not self.prompts:
            raise ArtifactError("there is no prompt", path=("prompts",))
        if self.repeats < 1:
            raise ArtifactError("must be at least 1", path=("repeats",))
        if self.mode == "rating" and not self.lowest < self.highest:
            raise ArtifactError("the lowest rating must be less than the highest", path=("lowest",))
        if self.mode != "choice":
            if self.options or self.criteria:
                raise ArtifactError(f"a {self.mode} judge has no options or criteria", path=("mode",))
            return
        if not self.options and not (self.criteria and all(criterion.options for criterion in self.criteria)):
            raise ArtifactError("there is nothing to choose from", path=("options",))
        for options in [self.options, *(criterion.options for criterion in self.criteria)]:
            names = [option.name.strip().lower() for option in options]
            if len(set(names)) < len(names):
                raise ArtifactError("two options have the same name", path=("options",))

    def options_of(self, criterion: str | None) -> list[Option]:
        """What may be chosen for a criterion, or where there are no criteria."""
        found = next((item for item in self.criteria if item.name == criterion), None)
        return found.options if found is not None and found.options else self.options

    def each_criterion(self) -> Sequence[Criterion | None]:
        """The criteria; None alone where there are none."""
        return self.criteria or [None]

    def prompt_for(self, *, reference: bool, conversation: bool) -> Prompt | None:
        """The prompt for a sample; None if none fits.

        Args:
            reference: Whether the sample has a correct answer to be shown.
            conversation: Whether turns before the judged one are to be shown.
        """
        fitting = [prompt for prompt in self.prompts if prompt.conversation == conversation]
        for wanted in [True, False] if reference else [False]:
            for prompt in fitting:
                if prompt.reference == wanted:
                    return prompt
        return None
