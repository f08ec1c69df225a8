"""The artifacts that describe an evaluation whole: a card, and a recipe that says how to use one."""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

import msgspec

from regrade.artifacts.artifact import Artifact, ArtifactError, artifact
from regrade.artifacts.operator import Operator
from regrade.cards.operators.texts.augment import Augmentor
from regrade.cards.prompting.formats import Format
from regrade.cards.prompting.samplers import RandomSampler, Sampler
from regrade.cards.prompting.serializers import SingleTypeSerializer
from regrade.cards.prompting.system_prompts import SystemPrompt
from regrade.cards.prompting.task import Task
from regrade.cards.prompting.template import Template
from regrade.cards.prompting.template_choice import TemplatesDict, TemplatesList
from regrade.rows.loaders import Loader

Templates: TypeAlias = TemplatesList | TemplatesDict | list[Template | TemplatesList] | dict[str, Template]


@artifact("task_card")
class TaskCard(Artifact, kw_only=True):
    """An evaluation: where rows come from, what is done with them, what is asked, and in which words.

    Args:
        loader: Where rows come from.
        preprocess_steps: What makes of the loader's streams the streams that the task wants, in order.
        task: The fields that make the input and the reference, and the metrics.
        templates: The words to ask in; the first one is taken unless another is named. The task's own if not given.
        sampler: Which demonstrations a sample gets, where some are wanted.
        sample_id: Path of a field that identifies a row, where the source has one, or paths of several that do so
            together (``81/gpt-4/claude-v1``); else the row's content does.
        group: Path of a field whose text groups the samples; ``group`` if the rows have that field.
        follow_ups: Path of a field with what the user says after the first answer: a text, or a list of them (in a list
            that is all turns, ``turns/1`` is the second alone). Each is asked when the answer before it is there.

    >>> from regrade.rows.loaders.memory import LoadFromDictionary
    >>> from regrade.cards.prompting.text_templates import InputOutputTemplate
    >>> card = TaskCard(
    ...     loader=LoadFromDictionary(data={"test": [{"question": "1+1?", "answer": "2"}]}),
    ...     task=Task(input_fields={"question": "str"}, reference_fields={"answer": "str"}, prediction_type="str",
    ...               metrics=["metrics.accuracy"]),
    ...     templates=[InputOutputTemplate(input_format="{question}", output_format="{answer}")])
    >>> len(card.templates)
    1
    """

    kind: ClassVar[str] = "card"
    loader: Loader
    preprocess_steps: list[Operator] | None = None
    task: Task
    templates: Templates | None = None
    sampler: Sampler = msgspec.field(default_factory=RandomSampler)
    sample_id: str | list[str] | None = None
    group: str | None = None
    follow_ups: str | None = None

    def verify(self) -> None:
        if self.sample_id == []:
            raise ArtifactError("names no field: leave it out, and the content identifies rows", path=("sample_id",))
        if isinstance(self.templates, list):  # a list within the list is as many templates
            self.templates = [
                template
                for item in self.templates
                for template in (item.items if isinstance(item, TemplatesList) else [item])
            ]

    def template_keys(self) -> list[str | int]:
        """By what its templates are chosen: numbers, or names."""
        templates = self.templates
        if templates is None:
            return []
        if isinstance(templates, TemplatesList | TemplatesDict):
            return list(templates.keys())
        return list(templates) if isinstance(templates, dict) else list(range(len(templates)))

    def template(self, key: str | int) -> Template:
        """The template of a number or name; numbers count in a card whose templates have names too.

        Raises:
            ArtifactError: there is none.
        """
        keys = self.template_keys()
        chosen: Any = key
        if isinstance(key, str) and key not in keys and key.lstrip("-").isdecimal():
            chosen = int(key)
        if isinstance(chosen, int) and chosen not in keys and -len(keys) <= chosen < len(keys):
            chosen = keys[chosen]
        if chosen not in keys:
            raise ArtifactError(
                f"the card has no template {key!r}", hint=f"it has {', '.join(map(str, keys)) or 'none'}"
            )
        templates: Any = self.templates
        found: Template = templates[chosen]
        return found


@artifact("dataset_recipe", "standard_recipe", "standard_recipe_with_indexes", "base_recipe")
class DatasetRecipe(Artifact, kw_only=True):
    """A card, and how it is to be used. What is not said is the card's choice.

    Args:
        card: The card.
        task: A task in place of the card's.
        template: The words to ask in; of several, each sample gets the one that its content draws.
        template_card_index: Which of the card's templates.
        system_prompt: What is said before all else.
        format: How instruction, demonstrations and question become one text, or chat messages.
        serializer: How fields become texts; tried before the template's own.
        metrics: Metrics in place of the task's.
        postprocessors: What makes a prediction of an answer, in place of the template's.
        group_by: Fields that results are broken down by.
        loader_limit: Rows per stream that are loaded at most.
        max_train_instances: Samples of the stream ``train`` at most.
        max_validation_instances: The same for ``validation``.
        max_test_instances: The same for ``test``.
        train_refiner: An operator for the stream ``train``, after the task.
        validation_refiner: The same for ``validation``.
        test_refiner: The same for ``test``.
        demos_pool_size: How many rows demonstrations are drawn from; -1 for the whole stream.
        demos_pool: Those rows themselves, as a task makes them.
        num_demos: Demonstrations per sample; of several numbers, each sample gets the one that its content draws.
        demos_removed_from_data: Whether rows of that pool are no samples.
        demos_taken_from: The stream that the pool comes from.
        demos_field: Accepted for Unitxt's sake.
        demos_pool_field_name: Accepted for Unitxt's sake.
        demos_sampling_seed: Another seed, other demonstrations.
        skip_demoed_instances: Accepted for Unitxt's sake.
        sampler: Which demonstrations a sample gets.
        augmentor: What changes the task's augmentable inputs.
    """

    kind: ClassVar[str] = "recipe"
    card: TaskCard
    task: Task | None = None
    template: Template | list[Template] | TemplatesList | None = None
    template_card_index: int | str | None = None
    system_prompt: SystemPrompt | None = None
    format: Format | None = None
    serializer: SingleTypeSerializer | list[SingleTypeSerializer] | None = None
    metrics: list[Any] | None = None
    postprocessors: list[Any] | None = None
    group_by: list[str | list[str]] = msgspec.field(default_factory=list)
    loader_limit: int | None = None
    max_train_instances: int | None = None
    max_validation_instances: int | None = None
    max_test_instances: int | None = None
    train_refiner: Operator | None = None
    validation_refiner: Operator | None = None
    test_refiner: Operator | None = None
    demos_pool_size: int | None = None
    demos_pool: list[dict[str, Any]] | None = None
    num_demos: int | list[int] | None = 0
    demos_removed_from_data: bool = True
    demos_taken_from: str = "train"
    demos_field: str = "demos"
    demos_pool_field_name: str = "_demos_pool_"
    demos_sampling_seed: int | None = None
    skip_demoed_instances: bool = False
    sampler: Sampler | None = None
    augmentor: Augmentor | list[Augmentor] | None = None

    def verify(self) -> None:
        if self.template is not None and self.template_card_index is not None:
            raise ArtifactError("give 'template' or 'template_card_index', not both")
        if self.metrics is not None and not isinstance(self.metrics, list):
            raise ArtifactError("'metrics' must be a list", path=("metrics",))
        size = len(self.demos_pool) if self.demos_pool else self.demos_pool_size
        wanted = max(self.num_demos, default=0) if isinstance(self.num_demos, list) else self.num_demos or 0
        if wanted and size is not None and size != -1 and size <= wanted:
            raise ArtifactError(
                f"{wanted} demonstrations need a pool of more than {wanted}, not {size}: a sample is no demonstration "
                "of itself",
                path=("demos_pool_size",),
            )
        for stream in ("train", "validation", "test"):
            most = getattr(self, f"max_{stream}_instances")
            if most and self.loader_limit and most > self.loader_limit:
                raise ArtifactError(
                    f"max_{stream}_instances ({most}) is more than loader_limit ({self.loader_limit}) loads",
                    path=(f"max_{stream}_instances",),
                )
