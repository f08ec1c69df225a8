"""From a card and choices to samples: load, step by step, task, prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from regrade.access import Access
from regrade.artifacts.artifact import Artifact, ArtifactError, type_name
from regrade.artifacts.build import Catalog, build
from regrade.artifacts.catalogs import default_catalog
from regrade.artifacts.data import to_data
from regrade.artifacts.identity import Ids, value_of
from regrade.artifacts.operator import Operator
from regrade.artifacts.paths import get_path
from regrade.artifacts.reaching import given_access
from regrade.artifacts.streams import Batch, Row, Stream, Streams
from regrade.cards.account import Account, Failure, StepCount, describe, reason_of
from regrade.cards.bad_rows import Step
from regrade.cards.card import DatasetRecipe, TaskCard
from regrade.cards.choices import Choices
from regrade.cards.demos import Pool, pool_of, without
from regrade.cards.elsewhere import Check, samples_elsewhere
from regrade.cards.prompting.formats import Format
from regrade.cards.prompting.rendering import Rendering
from regrade.cards.prompting.system_prompts import SystemPrompt
from regrade.cards.prompting.task import Task
from regrade.cards.prompting.template import Template
from regrade.cards.prompting.template_choice import TemplatesList
from regrade.cards.steps import Part, apply_steps, count_rows, flatten, steps_of, then
from regrade.cards.text_columns import text_columns
from regrade.errors import RecipeError, UsageError
from regrade.rows.loaders import Loading
from regrade.schema import Sample
from regrade.time_limit import DEFAULT_LIMIT_S, in_main_thread

DOC: Final = "__doc__"
"""Where a row keeps, from the task on, what it was before."""

_NO_DOC: Final = ("data_classification_policy", "recipe_metadata")
_DEMOS_POOL_SIZE: Final = 100
"""Rows that demonstrations are drawn from, where nobody says how many."""


class Pipeline:
    """A card and choices, ready to make samples.

    Args:
        card: The card, or a recipe that uses one.
        choices: What is chosen of it.
        catalog: Where names lead.
        data: A folder whose files stand in for remote ones.
        folder: The folder of the card's file.
        access: What the card may name; if not given, what a command line allows.

    Attributes:
        account: What the steps did, as far as rows have been read.
        loading: What was loaded: revisions, files, rows that could not be read.

    Raises:
        ArtifactError: a chosen template, format or system prompt does not exist or is none.
        RecipeError: something of the card cannot run here.
    """

    def __init__(
        self,
        card: TaskCard | DatasetRecipe,
        choices: Choices | None = None,
        *,
        catalog: Catalog | None = None,
        data: Path | None = None,
        folder: Path | None = None,
        access: Access | None = None,
    ) -> None:
        self.access = Access.of_user(data, folder) if access is None else access
        recipe = card if isinstance(card, DatasetRecipe) else DatasetRecipe(card=card)
        self.recipe: DatasetRecipe = given_access(recipe, self.access)
        self.card = self.recipe.card
        self.choices = choices = choices or Choices()
        self.catalog = catalog or default_catalog()
        limit_s = DEFAULT_LIMIT_S if choices.time_limit is None else choices.time_limit
        self.account = Account(strict=choices.strict, row_limit_s=limit_s)
        self.task: Task = self.recipe.task or self.card.task
        limits = [n for n in (choices.loader_limit, self.recipe.loader_limit) if n]
        self.loading = Loading(
            data,
            folder=folder,
            limit=min(limits, default=None),
            strict=choices.strict,
            nan_for_missing=choices.compat == "unitxt",
            access=self.access,
            texts=self._text_columns(),
        )
        self.templates, self.template_name = self._templates()
        self.format = self._chosen(choices.format, Format, "formats") or self.recipe.format
        self.system_prompt = self._chosen(choices.system_prompt, SystemPrompt, "system_prompts")
        self.system_prompt = self.system_prompt or self.recipe.system_prompt
        self.preprocessing = steps_of(self.card.preprocess_steps or [])
        self._refuse_what_cannot_run()

    def _text_columns(self) -> set[str]:
        """The columns of CSV files that are texts; as in Unitxt, none but those that look like texts."""
        steps = flatten(self.card.preprocess_steps or [])
        return set() if self.choices.compat == "unitxt" else text_columns(self.task, steps)

    # -- what was chosen -------------------------------------------------------------------------------------------

    def _templates(self) -> tuple[list[Template], str]:
        """The templates of which each sample gets one, and what they are called."""
        chosen, recipe, card = self.choices.template, self.recipe, self.card
        if chosen is None and recipe.template is not None:
            given = recipe.template.items if isinstance(recipe.template, TemplatesList) else recipe.template
            return (given if isinstance(given, list) else [given]), "the recipe's"
        if chosen is None and recipe.template_card_index is not None:
            chosen = recipe.template_card_index
        keys = card.template_keys()
        if chosen is None and keys:
            chosen = keys[0]
        if chosen is None:
            if self.task.default_template is None:
                raise ArtifactError("neither card nor task has a template", hint="name one: --template templates.NAME")
            return [self.task.default_template], "the task's"
        if isinstance(chosen, int) or chosen in keys or (isinstance(chosen, str) and chosen.lstrip("-").isdecimal()):
            return [card.template(chosen)], str(chosen)
        found = self._chosen(chosen, (Template, TemplatesList), "templates")
        if found is None:  # pragma: no cover - only for None, which was handled
            raise AssertionError
        return (found.items if isinstance(found, TemplatesList) else [found]), chosen if isinstance(chosen, str) else ""

    def _chosen(self, given: Any, kinds: Any, family: str) -> Any:
        """The artifact that was chosen by name or data; None where none was."""
        if given is None:
            return None
        data = given
        if isinstance(given, str):
            data = self._named(given, family)
        found = given_access(build(data, Artifact, catalog=self.catalog), self.access)
        if not isinstance(found, kinds):
            raise ArtifactError(f"{given!r} is no {family.removesuffix('s').replace('_', ' ')}")
        return found

    def _named(self, name: str, family: str) -> Any:
        """Data or a reference for a short or full name: of the catalog, or of a type that needs no arguments."""
        from regrade.registry import is_registered

        full_name = getattr(self.catalog, "full_name", None)
        full = full_name(name, family.removesuffix("s")) if full_name is not None else name
        try:
            self.catalog.fetch(full)
        except ArtifactError:
            for candidate in (name, f"{name}_{family.removesuffix('s')}"):
                if is_registered("artifact", candidate):
                    return {"__type__": candidate}
            raise
        return full

    def _refuse_what_cannot_run(self) -> None:
        """Raise, before any row is read, where an artifact says that it cannot run here."""
        parts: list[tuple[str, Artifact]] = [("loader", self.card.loader)]
        parts += [(f"step {step.number} ({step.name})", step.operator) for step in self.preprocessing]
        parts += [("task", self.task), *(("template", template) for template in self.templates)]
        for place, part in parts:
            if (reason := part.needs()) is not None:
                raise RecipeError(f"{type_name(type(part))} cannot run here: {reason}", where=place)

    # -- demonstrations --------------------------------------------------------------------------------------------

    @property
    def num_demos(self) -> int | list[int]:
        """Demonstrations per sample."""
        chosen = self.choices.num_demos if self.choices.num_demos is not None else self.recipe.num_demos
        return chosen or 0

    @property
    def _most_demos(self) -> int:
        wanted = self.num_demos
        return max(wanted, default=0) if isinstance(wanted, list) else wanted

    @property
    def demos_from(self) -> str:
        """The stream that demonstrations come from."""
        return self.choices.demos_from or self.recipe.demos_taken_from

    @property
    def demos_pool_size(self) -> int | None:
        """How many rows demonstrations are drawn from; None where none are, -1 for all."""
        size = self.choices.demos_pool_size if self.choices.demos_pool_size is not None else self.recipe.demos_pool_size
        if size is None and self._most_demos and not self.recipe.demos_pool:
            size = max(_DEMOS_POOL_SIZE, self._most_demos + 1)
        return size or None

    # -- the way -----------------------------------------------------------------------------------------------------

    @cached_property
    def loaded(self) -> Streams:
        """What the loader gives."""
        streams = self.card.loader.load(self.loading)
        return {name: count_rows(stream, name, self.account) for name, stream in streams.items()}

    @cached_property
    def streams(self) -> Streams:
        """The streams after the card's own steps: what the task takes."""
        return apply_steps(self.preprocessing, self.loaded, self.account)

    @cached_property
    def split(self) -> str:
        """The stream whose rows become samples: the one that was chosen, else ``test``, else the only one."""
        names = list(self.streams)
        wanted = self.choices.split
        if wanted is None:
            wanted = "test" if "test" in names else names[0] if len(names) == 1 else None
        if wanted is None or wanted not in names:
            raise UsageError(
                "the card has several streams and none is called test" if wanted is None else f"no split {wanted!r}",
                hint=f"name one of {', '.join(names)}: --split {names[0] if names else 'NAME'}",
            )
        return wanted

    @cached_property
    def task_steps(self) -> list[Part | Step]:
        """What follows the card's own steps: the task, and the recipe's augmentors."""
        task, given = self.task, self.recipe.augmentor
        number = len(self.preprocessing)

        def with_doc(row: Row, stream: str | None) -> Row:
            result = task.process_row(row, stream)
            result[DOC] = row
            return result

        def all_with_doc(batch: Batch, stream: str | None) -> Batch:
            return task.process_batch(batch, stream).with_columns({DOC: batch.rows()})

        part = Part(Step(number + 1, _called(task), task), with_doc, all_with_doc)
        augmentors = []
        for augmentor in given if isinstance(given, list) else [given]:
            if augmentor is not None and type_name(type(augmentor)) != "null_augmentor":
                if not task.augmentable_inputs:
                    raise ArtifactError("the task has no augmentable_inputs, so the augmentor has nothing to change")
                augmentors.append(given_access(augmentor.for_inputs(task.augmentable_inputs), self.access))
        return [part, *steps_of(augmentors, number + 2)]

    @cached_property
    def refining(self) -> list[Step]:
        """What the recipe does with the rows of the chosen split that are no demonstrations."""
        refiner = getattr(self.recipe, f"{self.split}_refiner", None)
        if refiner is None:
            return []
        number = len(self.preprocessing) + len(self.task_steps)
        refining = msgspec.structs.replace(refiner, apply_to_streams=[self.split])
        return steps_of([given_access(refining, self.access)], number + 1)

    def after_task(self, name: str) -> Stream:
        """The rows of a stream after the task and the augmentors."""
        stream = self.streams[name]
        for step in self.task_steps:
            if isinstance(step, Part):
                stream = then(stream, name, step, self.account)
            else:
                stream = apply_steps([step], {name: stream}, self.account)[name]
        return stream

    @cached_property
    def pool(self) -> Pool:
        """The rows that demonstrations are drawn from."""
        if self.recipe.demos_pool:
            return Pool(list(self.recipe.demos_pool), set())
        size = self.demos_pool_size
        if size is None:
            return Pool([], set())
        name = self.demos_from
        if name not in self.streams:
            raise UsageError(
                f"demonstrations come from the stream {name!r}, and there is none",
                hint=f"name another one: --demos-from {' or '.join(self.streams)}",
            )
        found = pool_of(enumerate(self.after_task(name)), size)
        if len(found.rows) < self._most_demos:
            raise RecipeError(
                f"{self._most_demos} demonstrations are wanted, and the stream {name!r} has {len(found.rows)} "
                "different rows for them"
            )
        return found

    @cached_property
    def rendering(self) -> Rendering:
        """What makes prompts."""
        given = self.recipe.serializer
        seed = self.choices.seed if self.choices.seed is not None else self.recipe.demos_sampling_seed
        return Rendering(
            self.templates,
            format=self.format,
            system_prompt=self.system_prompt,
            sampler=self.recipe.sampler or self.card.sampler,
            num_demos=self.num_demos,
            sampling_seed=seed,
            serializers=given if isinstance(given, list) else [] if given is None else [given],
            as_unitxt=self.choices.compat == "unitxt",
        )

    @cached_property
    def prompt_step(self) -> Part:
        """The last step: the row as the model is to see it."""
        rendering, arrangement = self.rendering, self.choices.arrangement
        pool = self.pool.rows if self._most_demos else []

        def rendered(row: Row, stream: str | None) -> Row:
            return rendering(row, pool=pool, stream=stream, arrangement=arrangement)

        number = len(self.preprocessing) + len(self.task_steps) + len(self.refining) + 1
        return Part(Step(number, _called(self.templates[0]), self.templates[0]), rendered)

    def render(self) -> Iterator[Row]:
        """The rows of the chosen split, as the model is to see them; ``limit`` of them at most.

        Raises:
            RecipeError: there is no row, or none could be processed.
        """
        name = self.split
        stream = self.after_task(name)
        if self.pool.positions and self.recipe.demos_removed_from_data and self.demos_from == name:
            positions, whole = self.pool.positions, stream
            stream = Stream(lambda: without(whole, positions))
        stream = apply_steps(self.refining, {name: stream}, self.account)[name]
        stream = then(stream, name, self.prompt_step, self.account)
        limits = [self.choices.limit, getattr(self.recipe, f"max_{name}_instances", None)]
        limit = min((n for n in limits if n is not None), default=None)
        blocks = stream.blocks() if limit is None else ([row] for row in islice(stream, limit))
        count = 0
        for block in blocks:
            count += len(block)
            yield from block
        if not count and (failures := self.account.failures):
            raise RecipeError(
                f"no row could be processed; {failures[0].reason}",
                where=f"step {failures[0].step} ({failures[0].name}), stream {failures[0].stream!r}, "
                f"row {failures[0].row}",
            )
        if not count and not any(each.rows_in for each in self.account.counts):
            raise RecipeError("the loader gave no row", where=", ".join(self.loading.files) or f"stream {name!r}")

    def samples(self, check: Check | None = None) -> Iterator[Sample]:
        """The samples, one at a time. In a thread that no signal reaches a worker process makes them.

        Args:
            check: What looks at them on their way, where they are made.
        """
        if self.account.row_limit_s > 0 and not in_main_thread():
            yield from samples_elsewhere(self, check)
        else:
            samples = (sample for _, sample in self.rows_and_samples())
            yield from samples if check is None else check(self, samples)

    def rows_and_samples(self) -> Iterator[tuple[Row, Sample]]:
        """The samples, each with the row that it was made of; rows that cannot become one are put aside.

        Raises:
            RecipeError: none could.
        """
        make = self.sample_maker()
        coming = 0
        failed: dict[str, int] = {}
        step = self.prompt_step.step.number + 1
        try:
            for row in self.render():
                coming += 1
                try:
                    sample = make(row)
                except Exception as error:
                    reason = reason_of(error)
                    failed[reason] = failed.get(reason, 0) + 1
                    self.account.put_aside(Failure(step, "sample", self.split, coming, reason))
                    continue
                yield row, sample
        finally:
            if failed:
                lost = sum(failed.values())
                self.account.keep(StepCount(step, "sample", self.split, coming, coming - lost, {}, failed))
        if failed and coming == sum(failed.values()):
            raise RecipeError(f"no row could become a sample; {next(iter(failed))}", where=f"split {self.split!r}")

    def sample_maker(self) -> Callable[[Row], Sample]:
        """What makes samples of rendered rows, in order; each call of it counts ids anew."""
        ids = Ids(self.card.sample_id)
        group_path, follow_ups = self.card.group, self.card.follow_ups
        postprocessors, metrics = self.recipe.postprocessors, self.recipe.metrics
        as_data = _AsData()
        usual: dict[str, Any] = {"split": self.split, "template": self.template_name}

        def make(row: Row) -> Sample:
            doc = row[DOC].copy()
            for name in _NO_DOC:
                doc.pop(name, None)
            source = row["source"]
            messages = None if isinstance(source, str) else source
            group = doc.get("group") if group_path is None else value_of(doc, group_path, "group")
            metadata = {**usual, **row.get("metadata", {})}
            if count := row.get("recipe_metadata", {}).get("num_demos"):
                metadata["num_demos"] = count
            return Sample(
                sample_id=ids.of(doc),
                doc=doc,
                messages=messages,
                prompt=source if messages is None else None,
                follow_ups=None if follow_ups is None else _texts(get_path(doc, follow_ups, not_exist_ok=True)),
                tools=row.get("__tools__"),
                target=row["target"],
                references=row["references"],
                input_fields=row["input_fields"],
                reference_fields=row["reference_fields"],
                group=None if group is None else str(group),
                metadata=metadata,
                postprocessors=as_data(row["postprocessors"] if postprocessors is None else postprocessors),
                metrics=as_data(row["metrics"] if metrics is None else metrics),
            )

        return make


def _texts(value: Any) -> list[str] | None:
    """A text or a list of texts as a list; None for nothing."""
    if not value:
        return None
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


class _AsData:
    """Lists of names and artifacts as names and data; the same list for the same list."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[list[Any], list[Any]]] = {}

    def __call__(self, given: list[Any]) -> list[Any]:
        known = self._known.get(id(given))
        if known is None or known[0] is not given:
            data = [to_data(item) if isinstance(item, Artifact) else item for item in given]
            known = self._known[id(given)] = given, data
        return known[1]


def _called(artifact: Artifact) -> str:
    return (
        describe(artifact)
        if isinstance(artifact, Operator) and artifact.kind == "operator"
        else type_name(type(artifact))
    )
