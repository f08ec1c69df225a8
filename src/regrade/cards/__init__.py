"""Cards: evaluations as data. A loader, steps, a task and templates, and what becomes of rows on that way.

========================  ==============================================================================================
:mod:`.operators`         the steps of a card
:mod:`.prompting`         tasks, templates, formats, demonstrations: what the model sees
:mod:`.card`              the artifacts: ``task_card`` and ``dataset_recipe``
:mod:`.account`           what every step did: rows in and out, dropped and why, put aside and why
:mod:`.steps`             steps applied to streams, one row at a time, with an account
:mod:`.choices`           what may be chosen of a card: template, format, split, demonstrations, ...
:mod:`.pipeline`          from a card and choices to samples
:mod:`.demos`             the pool that demonstrations are drawn from
:mod:`.trace`             one row after each step
:mod:`.prepare`           a card prepared for a run
:mod:`.bad_rows`          rows that a step over whole streams cannot process: found, put aside, and the step done
                          without them
:mod:`.elsewhere`         a card's samples, made by a worker process for a thread in which no limit of time would hold
:mod:`.fabricated`        rows made up of the types that a task declares: to try a card without its data
:mod:`.load`              cards by name, file or data
:mod:`.processor_filter`  postprocessors of cards as filters of answers
:mod:`.recipe`            from what a file of samples says of its card to a recipe: postprocessors as filters, and the
                          task's metrics
:mod:`.record`            what is recorded with samples: which card made them, of which data, and what every step did
:mod:`.references`        references of a card's samples, as its metrics see them: after the postprocessors that
                          answers go through too
:mod:`.target_prefix`     answers without the words that the prompt began them with
:mod:`.text_columns`      which columns of a CSV file a task wants as texts, whatever they look like
:mod:`.trial`             whether answers to a card's samples can be scored, found out before a model is asked
========================  ==============================================================================================
"""

from regrade.cards.card import DatasetRecipe, TaskCard
from regrade.cards.choices import Choices
from regrade.cards.pipeline import Pipeline

__all__ = ["Choices", "DatasetRecipe", "Pipeline", "TaskCard"]
