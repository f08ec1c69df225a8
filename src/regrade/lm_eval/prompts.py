"""Prompts of a task of lm-evaluation-harness, equal to the harness's own to the character.

The rules are those of 0.4.13: ``fewshot_context``, ``build_qa_turn`` and ``construct_requests`` of its
``ConfigurableTask`` (lm_eval/api/task.py). Where the harness asserts, a document is refused with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from regrade.errors import RecipeError, UnavailableError
from regrade.jinja import compile_template
from regrade.lm_eval.fewshot import Draws, Shots
from regrade.lm_eval.templates import TaskTemplates
from regrade.schema import FunctionRef, Recipe, Record, Sample

Resolve = Callable[[FunctionRef], Callable[..., Any]]


class Part(NamedTuple):
    """A piece of a prompt.

    Attributes:
        role: Who says it, where it goes out as a chat.
        text: What is said.
        end: What follows it, where it goes out as text.
    """

    role: str
    text: str
    end: str = ""


class TaskPrompts:
    """Makes samples of a task's documents.

    Args:
        recipe: The task.
        shots: How its examples are written.
        draws: Where they come from; None where there are none.
        first: The first document; it decides whether the task has several inputs.
        resolve: Finds the task's functions.
        system_prompt: Stands before the task's description.
        chat: Ask for a message; else for the continuation of a text. Likelihoods are always asked of text.
        multiturn: In a chat, each example is a turn of its own; else all is one message.

    Raises:
        RecipeError: a part of the task is missing, or of a kind that no prompt can be made of.
        UnavailableError: it is made by a function that may not run here.
    """

    def __init__(
        self,
        recipe: Recipe,
        shots: Shots,
        draws: Draws | None,
        first: dict[str, Any],
        resolve: Resolve,
        *,
        system_prompt: str | None = None,
        chat: bool = False,
        multiturn: bool = True,
    ) -> None:
        refuse(recipe)
        self.recipe = recipe
        self.shots = shots
        self.draws = draws
        self.system_prompt = system_prompt
        self.chat = chat and recipe.output_type == "generate_until"
        self.multiturn = multiturn
        self.own = self._templates(recipe, first, resolve)
        example = msgspec.structs.replace(
            recipe,
            doc_to_text=shots.doc_to_text,
            doc_to_choice=shots.doc_to_choice,
            doc_to_target=shots.doc_to_target,
        )
        self.examples = self._templates(example, first, resolve) if shots.count else self.own
        self.mutual_info = any(metric.name == "acc_mutual_info" for metric in recipe.metrics)
        # The documents that are asked about may be the ones that examples come from.
        self.excluding = shots.split == recipe.metadata.get("test_split")

    def _templates(self, recipe: Recipe, first: dict[str, Any], resolve: Resolve) -> TaskTemplates:
        templates = TaskTemplates(recipe, Record(0, 0, [], doc=first), resolve=resolve)
        for part, origin in templates.origins.items():
            if origin == "recorded":
                if reason := templates.reasons.get(part):
                    raise UnavailableError(
                        f"{part}: {reason}", where=f"task {recipe.task}", hint="--trust-code runs it"
                    )
                raise RecipeError(f"there is no {part} to make prompts of", where=f"task {recipe.task}")
        return templates

    def samples(self, doc_id: int, doc: dict[str, Any]) -> list[Sample]:
        """What is asked about a document: one sample, or several where its requests differ in their prompts.

        Call it for every document in order: the examples of each depend on the draws before.

        Raises:
            RecipeError: the document does not fit the task.
        """
        shown = self.draws.take(self.shots.count, doc if self.excluding else None) if self.draws is not None else []
        try:
            asked, target = self._requests(doc, shown)
        except (ValueError, TypeError, LookupError) as error:
            raise RecipeError(f"{type(error).__name__}: {error}", where=f"task {self.recipe.task}") from error
        several = len(asked) > 1
        made = []
        for number, (prompt, continuations) in enumerate(asked):
            metadata: dict[str, Any] = {"doc_id": doc_id}
            if several:
                metadata |= {"request": number, "requests": len(asked)}
            made.append(
                Sample(
                    sample_id=f"{doc_id}/{number}" if several else str(doc_id),
                    doc=doc,
                    prompt=prompt if isinstance(prompt, str) else None,
                    messages=prompt if isinstance(prompt, list) else None,
                    continuations=continuations,
                    target=target,
                    metadata=metadata,
                )
            )
        return made

    def _requests(
        self, doc: dict[str, Any], shown: Iterable[Any]
    ) -> tuple[list[tuple[str | list[dict[str, Any]], list[str] | None]], str]:
        """Prompt and continuations of each request, and the target as text."""
        record = Record(0, 0, [], doc=doc)
        prefix = self._field(doc, self.recipe.metadata.get("gen_prefix"))
        before = [*self._opening(doc), *(part for example in shown for part in self._example(example))]
        target = self.own.target(record)
        choices = self.own.choices(record) if self.recipe.doc_to_choice is not None else None
        delimiter = self.recipe.target_delimiter
        if self.own.multiple_input:
            if choices is None or self.recipe.output_type != "multiple_choice":
                raise RecipeError("a prompt that is a number needs choices", where=f"task {self.recipe.task}")
            prompts = [self._prompt([*before, *_question(choice, prefix, "")]) for choice in choices]
            asked: list[Any] = [(prompt, [f"{delimiter}{target}"]) for prompt in prompts]
        else:
            question = self.own.text(record)
            if not isinstance(question, str):
                raise RecipeError(f"the prompt is {question!r:.60}, not a text", where=f"task {self.recipe.task}")
            prompt = self._prompt([*before, *_question(question, prefix, delimiter)])
            match self.recipe.output_type:
                case "multiple_choice":
                    asked = [(prompt, [f"{delimiter}{choice}" for choice in choices or ()])]
                case "loglikelihood":
                    if not isinstance(target, str):
                        raise RecipeError(f"the target is {target!r:.60}, not a text", where=f"task {self.recipe.task}")
                    asked = [(prompt, [target])]
                case _:
                    asked = [(prompt, None)]
        if self.mutual_info and choices is not None and self.recipe.output_type == "multiple_choice":
            asked.append(("", [f"{delimiter}{choice}" for choice in choices]))
        return asked, str(target)

    def _opening(self, doc: dict[str, Any]) -> list[Part]:
        """What stands before everything: the system prompt and the task's description."""
        description = self._field(doc, self.recipe.metadata.get("description")) or ""
        text = join_texts(self.system_prompt, description, self.recipe.metadata.get("fewshot_delimiter", "\n\n"))
        return [Part("system", text)] if text else []

    def _field(self, doc: dict[str, Any], named: str | None) -> Any:
        """A field of the document by its name, or a template's text; None where nothing is named."""
        if not named:
            return None
        return doc[named] if named in doc else compile_template(str(named))(doc)

    def _example(self, doc: Any) -> list[Part]:
        """An example: question and answer."""
        record = Record(0, 0, [], doc=doc)
        question = self.examples.text(record)
        choices = self.examples.choices(record) if self.shots.doc_to_choice else None
        answer = self.examples.target(record)
        prefix = self._field(doc, self.shots.gen_prefix)
        if self.own.multiple_input:
            assert choices is not None
            question, choices = choices[question], None
        if not isinstance(question, str):
            raise RecipeError(f"an example's question is {question!r:.60}, not a text")
        if answer is None or answer == "":
            return _question(question, prefix, self.shots.target_delimiter)
        if choices and isinstance(answer, int):
            text = choices[answer]
        else:
            text = answer[0] if isinstance(answer, list) else answer
        if not isinstance(text, str):
            raise RecipeError(f"an example's answer is {answer!r:.60}, not a text")
        end = "" if prefix and not _delimited(question, prefix) else self.shots.target_delimiter
        return [
            Part("user", question, end),
            Part("assistant", join_texts(prefix, text, " "), self.shots.fewshot_delimiter),
        ]

    def _prompt(self, parts: list[Part]) -> str | list[dict[str, Any]]:
        if not self.chat:
            return "".join(part.text + part.end for part in parts)
        if self.multiturn:
            return [{"role": part.role, "content": part.text} for part in parts]
        return _one_turn(parts)


def refuse(recipe: Recipe) -> None:
    """Say why no prompts can be made of a task.

    Raises:
        UnavailableError: its kind is none that can be asked for here.
    """
    config = recipe.metadata
    reasons = {
        "rolling": recipe.output_type == "loglikelihood_rolling"
        and "it asks how likely whole documents are (loglikelihood_rolling), which servers do not tell",
        "class": config.get("class") is not None and "it is a Python class of the harness, and makes its own prompts",
        "promptsource": config.get("use_prompt") and "its prompts are those of the promptsource package (use_prompt)",
        "media": (config.get("doc_to_image") or config.get("doc_to_audio")) and "it shows images or plays sounds",
    }
    for reason in reasons.values():
        if reason:
            raise UnavailableError(
                f"cannot be asked: {reason}",
                where=f"task {recipe.task}",
                hint="run it with lm-eval --log_samples; regrade score reads its log",
            )


def join_texts(before: str | None, after: str | None, delimiter: str) -> str:
    """Two texts with a delimiter between them, unless there is white space already or one is empty."""
    if not before or not after:
        return before or after or ""
    return before + (delimiter if _delimited(before, after) else "") + after


def _delimited(before: str, after: str) -> bool:
    """Whether no white space parts two texts."""
    return before != "" and not (before[-1].isspace() or after[0].isspace())


def _question(text: str, prefix: str | None, delimiter: str) -> list[Part]:
    """A question, and what the answer to it is to begin with."""
    if not prefix:
        return [Part("user", text)]
    return [Part("user", text, delimiter if _delimited(text, prefix) else ""), Part("assistant", prefix)]


def _one_turn(parts: list[Part]) -> list[dict[str, Any]]:
    """One message of the user, beside that of the system and the beginning of the answer."""
    opening = parts[:1] if parts[0].role == "system" else []
    rest = parts[len(opening) :]
    ending = rest[-1:] if rest[-1].role == "assistant" else []
    asked = rest[: len(rest) - len(ending)]
    text = "".join(part.text + part.end for part in asked[:-1]) + asked[-1].text
    middle = Part("user", text)
    return [{"role": part.role, "content": part.text} for part in (*opening, middle, *ending)]
