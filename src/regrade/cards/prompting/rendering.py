"""The whole way of a row from a card's task to what the model sees."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from regrade.artifacts.streams import Row
from regrade.cards.prompting.arrangement import Arrangement
from regrade.cards.prompting.demonstrations import chosen_demos, drawn_size
from regrade.cards.prompting.formats import Format, SystemFormat
from regrade.cards.prompting.samplers import Sampler
from regrade.cards.prompting.serializers import SingleTypeSerializer
from regrade.cards.prompting.system_prompts import SystemPrompt
from regrade.cards.prompting.task import Task
from regrade.cards.prompting.template import Template
from regrade.cards.prompting.template_choice import drawn_template


class Rendering:
    """Turns rows of a task into prompts: demonstrations, template, system prompt, format, in this order.

    Args:
        templates: The template; of several, each row gets the one that its content draws.
        format: How instruction, demonstrations and source become one text, or chat messages.
        system_prompt: What is said before all of it.
        sampler: Which demonstrations a row gets; needed if ``num_demos`` is not 0.
        num_demos: How many demonstrations a row gets; of several numbers, each row gets the one its content draws.
        sampling_seed: Other demonstrations for another seed.
        serializers: Tried before those of the templates.
        as_unitxt: Write texts to the character as Unitxt does, where that loses some (see :class:`.SystemFormat`).
    """

    def __init__(
        self,
        templates: Template | Sequence[Template],
        *,
        format: Format | None = None,
        system_prompt: SystemPrompt | None = None,
        sampler: Sampler | None = None,
        num_demos: int | Sequence[int] = 0,
        sampling_seed: int | None = None,
        serializers: Sequence[SingleTypeSerializer] = (),
        as_unitxt: bool = False,
    ) -> None:
        self.templates = [templates] if isinstance(templates, Template) else list(templates)
        if serializers:
            self.templates = [template.with_serializers(list(serializers)) for template in self.templates]
        self.format = format or SystemFormat()
        if as_unitxt and isinstance(self.format, SystemFormat):
            self.format = msgspec.structs.replace(self.format, as_unitxt=True)
        self.system_prompt = system_prompt
        self.sampler = sampler
        self.num_demos = num_demos if isinstance(num_demos, int) else list(num_demos)
        self.sampling_seed = sampling_seed
        if not self.templates:
            raise ValueError("there is no template")
        if self.num_demos and sampler is None:
            raise ValueError("a sampler is needed to choose demonstrations")
        self._rendered: dict[tuple[int, int], tuple[Row, Row]] = {}

    def __call__(
        self,
        row: Row,
        *,
        pool: Sequence[Row] = (),
        stream: str | None = None,
        arrangement: Arrangement | None = None,
    ) -> Row:
        """The prompt of one row.

        Args:
            row: What the task made of a row: ``input_fields``, ``reference_fields``, ``metrics``, ``media``,
                ``data_classification_policy``, ``recipe_metadata``.
            pool: Rows of the same kind to take demonstrations from (the row itself is never taken).
            stream: The name of its stream.
            arrangement: The order of choices to use instead of the one that the row's content draws:
                ``{"swapped": true}`` or ``{"choices_order": [2, 0, 1]}``.

        Returns:
            A new row with, besides what ``row`` has:

            - ``source``: the prompt, a text or (``chat_api``) a list of messages;
            - ``target``, ``references``: what the model should say;
            - ``postprocessors``: what makes a prediction of the model's words;
            - ``demos``: the demonstrations, if any, each a rendered row;
            - ``metadata``: the order in which choices were presented (see :mod:`.arrangement`), ``{}`` if none was
              changed. It belongs into the metadata of the sample;
            - ``recipe_metadata``: with ``template``, ``num_demos`` and ``demos_pool_size``.

            ``input_fields`` and ``reference_fields`` are as they were presented (choices in their new order, dialogs
            as text); the row before the task keeps what they were.

        Raises:
            KeyError, TypeError, ValueError: the row cannot be rendered.
        """
        template = self.templates[0] if len(self.templates) == 1 else drawn_template(self.templates, row)
        demos = self._demos(row, pool, template)
        recipe = {"template": template, "num_demos": len(demos), "demos_pool_size": len(pool) if demos else 0}
        given = {
            **row,
            "metadata": {**row.get("metadata", {}), **(arrangement or {})},
            "recipe_metadata": {**row.get("recipe_metadata", {}), **recipe},
        }
        if demos:
            given["demos"] = demos
        given = template.process_row(given, stream)
        if self.system_prompt is not None:
            given = self.system_prompt.process_row(given, stream)
        return self.format.process_row(given, stream)

    def _demos(self, row: Row, pool: Sequence[Row], template: Template) -> list[Row]:
        if "demos" in row:
            return [template.process_row(_with_metadata(demo)) for demo in row["demos"]]
        if not self.num_demos or self.sampler is None:
            return []
        size = self.num_demos if isinstance(self.num_demos, int) else drawn_size(self.num_demos, row)
        pool = pool if isinstance(pool, list) else list(pool)
        chosen = chosen_demos(row, pool, size, self.sampler, self.sampling_seed)
        return [self._demo(demo, template) for demo in chosen]

    def _demo(self, demo: Row, template: Template) -> Row:
        """A demonstration, rendered once for all rows that get it."""
        key = (id(demo), id(template))
        known = self._rendered.get(key)
        if known is None or known[0] is not demo:
            known = self._rendered[key] = (demo, template.process_row(_with_metadata(demo)))
        return known[1]


def _with_metadata(demo: Row) -> Row:
    """A demonstration with room for the arrangement of its own choices."""
    return demo if "metadata" in demo else {**demo, "metadata": {}}


def render(
    row: Row,
    task: Task,
    template: Template,
    format: Format | None = None,
    system_prompt: SystemPrompt | None = None,
    demos: Sequence[Row] = (),
    *,
    stream: str | None = None,
    arrangement: Arrangement | None = None,
) -> Row:
    r"""The prompt of one row of a dataset: the task, then :class:`Rendering`.

    Args:
        row: A row as a card's steps leave it.
        task: Sorts its fields.
        template: Puts them into words.
        format: Makes a text or messages of the words.
        system_prompt: What is said before all of it.
        demos: Demonstrations: rows that the task has been applied to.
        stream: The name of the row's stream.
        arrangement: The order of choices to use instead of the one that the row's content draws.

    >>> from regrade.cards.prompting.text_templates import InputOutputTemplate
    >>> task = Task(input_fields={"a": "int"}, reference_fields={"b": "int"}, metrics=[])
    >>> template = InputOutputTemplate(input_format="{a}+1=", output_format="{b}")
    >>> render({"a": 1, "b": 2}, task, template, demos=[task.process_row({"a": 5, "b": 6})])["source"]
    '5+1=\n6\n\n1+1=\n'

    Raises:
        KeyError, TypeError, ValueError: the row cannot be rendered.
    """
    rendering = Rendering(template, format=format, system_prompt=system_prompt)
    given = task.process_row(row, stream)
    if demos:
        given["demos"] = list(demos)
    return rendering(given, stream=stream, arrangement=arrangement)
