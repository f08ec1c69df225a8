"""From a task of lm-evaluation-harness to what a run needs: its samples, and what is to be known of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from regrade.access import Access
from regrade.dialect import Prepared
from regrade.errors import RecipeError, TimeLimitExceeded, UnavailableError, UsageError
from regrade.lm_eval.documents import TaskDocuments
from regrade.lm_eval.fewshot import DEFAULT_SEED, Draws, shots_of
from regrade.lm_eval.functions import resolve
from regrade.lm_eval.generation import generation_kwargs, parameters_of
from regrade.lm_eval.named import config_of, load_tasks, task_file
from regrade.lm_eval.prompts import TaskPrompts, refuse
from regrade.lm_eval.resolved import to_data
from regrade.lm_eval.scorable import check_scoring
from regrade.schema import Recipe, Sample
from regrade.time_limit import DEFAULT_LIMIT_S, TimeLimit

_encode = msgspec.json.Encoder(order="deterministic", enc_hook=repr).encode


class Choices(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is chosen of a task.

    Attributes:
        num_fewshot: Examples before each document; None for the task's own number.
        seed: Of the draws of examples.
        system_prompt: Stands before the task's description.
        chat: Ask for a message; else for the continuation of a text.
        fewshot_as_multiturn: In a chat, each example is a turn of its own.
        split: The split that is asked about; None for the task's own.
        limit: At most so many documents.
    """

    num_fewshot: int | None = None
    seed: int = DEFAULT_SEED
    system_prompt: str | None = None
    chat: bool = False
    fewshot_as_multiturn: bool = True
    split: str | None = None
    limit: int | None = None


def prepare_task(
    task: str,
    *,
    data: Path | None = None,
    limit: int | None = None,
    num_fewshot: int | None = None,
    seed: int | None = None,
    system_prompt: str | None = None,
    chat: bool = False,
    fewshot_as_multiturn: bool = True,
    split: str | None = None,
    trust_code: bool = False,
    access: Access | None = None,
) -> Prepared:
    """The samples of one task; its prompts are those of the harness.

    Args:
        task: A task file, or a name of the installed harness.
        data: A file that holds the documents, or a folder with a file per split; else they come from the task's data
            set.
        limit: At most so many documents.
        num_fewshot: Examples before each document; None for the task's own number.
        seed: Of the draws of examples; None for the harness's default, 1234.
        system_prompt: Stands before the task's description.
        chat: Ask for a message. Likelihoods are asked of text in any case.
        fewshot_as_multiturn: In a chat, each example is a turn of its own; else all is one message.
        split: The split that is asked about; None for the task's own.
        trust_code: Run functions of loose files.
        access: What the task may name, besides files below its own folder; if not given, what a command line allows.

    Raises:
        RecipeError: there is no such task, or no prompts can be made of it.
        UsageError: it is a group of several tasks: see :func:`prepare_tasks`.
        UnavailableError: it needs what is not here, or code that may not run.
        InputError: its documents are not to be had.
    """
    recipes = load_tasks(task, access)
    if len(recipes) != 1:
        raise UsageError(f"stands for {len(recipes)} tasks", where=f"--task {task}", hint=", ".join([*recipes][:8]))
    choices = Choices(
        num_fewshot=num_fewshot,
        seed=DEFAULT_SEED if seed is None else seed,
        system_prompt=system_prompt,
        chat=chat,
        fewshot_as_multiturn=fewshot_as_multiturn,
        split=split,
        limit=limit,
    )
    return _prepare(next(iter(recipes.values())), choices, data, task_file(task), trust_code, access)


def prepare_tasks(
    task: str,
    choices: Choices | None = None,
    *,
    data: Path | None = None,
    trust_code: bool = False,
    access: Access | None = None,
) -> list[Prepared]:
    """The samples of every task that a name stands for: each task of a group or tag is to be a run of its own.

    Args:
        task: A task or group file, or a name of the installed harness.
        choices: What is chosen of each task.
        data: As for :func:`prepare_task`; where there are several tasks, a folder, in which a task may have its own.
        trust_code: Run functions of loose files.
        access: As for :func:`prepare_task`.

    Raises:
        RegradeError: as for :func:`prepare_task`. Documents are read later, when the samples are gone through.
        UsageError: ``data`` is one file, and there are several tasks.
    """
    recipes = load_tasks(task, access)
    if len(recipes) > 1 and data is not None and not data.is_dir():
        raise UsageError(
            f"is one file, and {task} stands for {len(recipes)} tasks",
            where=f"--data {data}",
            hint="name a folder that has a folder for each task",
        )
    prepared = []
    for recipe in recipes.values():
        own = data / recipe.task if data is not None and (data / recipe.task).is_dir() else data
        prepared.append(_prepare(recipe, choices or Choices(), own, task_file(task), trust_code, access))
    return prepared


def _prepare(
    recipe: Recipe, choices: Choices, data: Path | None, file: Path | None, trust_code: bool, access: Access | None
) -> Prepared:
    refuse(recipe)
    if choices.num_fewshot and recipe.metadata.get("num_fewshot") == 0:
        raise UsageError(
            "the task says itself that it has no examples (num_fewshot: 0), and the harness leaves it at that",
            where=f"task {recipe.task}: --num-demos {choices.num_fewshot}",
            hint="write a task file that includes it and says num_fewshot",
        )
    if choices.num_fewshot is not None:
        recipe = _with(recipe, num_fewshot=choices.num_fewshot)
    if choices.split is not None:
        recipe = _with(recipe, test_split=choices.split)
    lacking = check_scoring(recipe, partial(resolve, trust_code=trust_code))
    made = _Samples(recipe, choices, data, file, trust_code, access)
    config = to_data(config_of(recipe))
    chosen = msgspec.to_builtins(choices)
    settings = generation_kwargs(recipe) if recipe.output_type == "generate_until" else {}
    return Prepared(
        name=recipe.task,
        dialect="lm_eval",
        samples=made,
        recipe={"task": recipe.task, "config": config, "choices": chosen},
        recipe_hash=hashlib.sha256(_encode([config, chosen])).hexdigest(),
        data=made.data,
        parameters=parameters_of(settings, chat=choices.chat) if settings else {},
        repeats=recipe.repeats,
        about=lambda: {"name": recipe.task, "config": config, "choices": chosen, "arguments": to_data(settings)},
        notes=lambda: [*lacking, *made.notes()],
    )


def _with(recipe: Recipe, **settings: Any) -> Recipe:
    return msgspec.structs.replace(recipe, metadata={**recipe.metadata, **settings})


class _Samples:
    """A task's samples, made anew whenever they are gone through.

    Attributes:
        data: Where the documents come from; complete when the samples have been gone through.
    """

    def __init__(
        self,
        recipe: Recipe,
        choices: Choices,
        data: Path | None,
        file: Path | None,
        trust_code: bool,
        access: Access | None,
    ) -> None:
        self.recipe = recipe
        self.choices = choices
        self.data: dict[str, Any] = {}
        self._failed: list[tuple[int, str]] = []
        self._resolve = partial(resolve, trust_code=trust_code)
        folder = file.parent if file is not None else None
        allowed = None if access is None else access.below(data, folder)
        self._documents = TaskDocuments(
            recipe, self._resolve, data=data, folder=folder, split=choices.split, access=allowed
        )

    def __iter__(self) -> Iterator[Sample]:
        recipe, choices, documents = self.recipe, self.choices, self._documents
        self._failed.clear()
        shots = shots_of(recipe, choices.num_fewshot)
        docs = documents.select_documents()
        draws = None
        if shots.count:
            draws = Draws(documents.examples(shots), str(shots.sampler), choices.seed, recipe.task)
        prompts = TaskPrompts(
            recipe,
            shots,
            draws,
            docs[0],
            self._resolve,
            system_prompt=choices.system_prompt,
            chat=choices.chat,
            multiturn=choices.fewshot_as_multiturn,
        )
        content = hashlib.sha256()
        wanted = docs if choices.limit is None else docs[: choices.limit]
        for doc_id, doc in enumerate(wanted):
            content.update(_encode(doc) + b"\n")
            try:
                with TimeLimit(DEFAULT_LIMIT_S) as limit:
                    limit.start()
                    made = prompts.samples(doc_id, doc)
                    limit.finish()
                yield from made
            except UnavailableError:  # it will not be there for the next document either
                raise
            except (RecipeError, TimeLimitExceeded) as error:
                late = f"making its prompt took longer than {DEFAULT_LIMIT_S:g} s of CPU time"
                self._failed.append((doc_id, late if limit.exceeded else error.what))
        if len(self._failed) == len(wanted):
            raise RecipeError(
                f"none of its {len(wanted)} documents can be asked about: {self._failed[0][1]}",
                where=f"task {recipe.task}",
            )
        self.data |= {
            "dataset": recipe.metadata.get("dataset_path"),
            "split": documents.split,
            "documents": len(wanted),
            "of": len(docs),
            "documents_sha256": content.hexdigest(),
            "files": list(documents.loading.files),
            "revisions": documents.loading.revisions,
        }

    def notes(self) -> list[str]:
        """What went wrong with documents."""
        told = []
        if self._failed:
            doc_id, reason = self._failed[0]
            told.append(f"{len(self._failed)} documents cannot be asked about, the first doc_id {doc_id}: {reason}")
        if bad := self._documents.loading.malformed:
            told.append(f"{len(bad)} rows could not be read, the first {bad[0].file}:{bad[0].line}: {bad[0].reason}")
        return told
