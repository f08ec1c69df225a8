"""From a card to what a run needs: its samples, and what is to be known of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from regrade.access import Access
from regrade.artifacts.resolve import content_hash
from regrade.cards.card import TaskCard
from regrade.cards.choices import Choices
from regrade.cards.load import LoadedCard, load
from regrade.cards.pipeline import Pipeline
from regrade.cards.record import about
from regrade.cards.trial import Trial
from regrade.dialect import Prepared
from regrade.schema import Sample


def prepare_card(
    card: Any,
    *,
    choices: Choices | None = None,
    catalogs: tuple[str, ...] = (),
    data: Path | None = None,
    access: Access | None = None,
    chat: bool = False,
) -> Prepared:
    """A card's samples.

    Args:
        card: The name of a card or recipe, a file, data, or a card that is loaded.
        choices: What is chosen of it.
        catalogs: Folders to look for names in, before the usual ones.
        data: A folder whose files stand in for remote ones.
        access: What the card may name; if not given, what a command line allows.
        chat: Lay the samples of a card out as chat messages, where no format is chosen.

    Raises:
        ArtifactError: there is no such card, or it, a metric or a postprocessor is wrong. That references cannot be
            scored is told when the samples are read.
    """
    loaded = card if isinstance(card, LoadedCard) else load(card, catalogs)
    choices = choices or Choices()
    if chat and choices.format is None and isinstance(loaded.artifact, TaskCard):
        choices = msgspec.structs.replace(choices, format="formats.chat_api")
    pipeline = Pipeline(
        loaded.artifact, choices, catalog=loaded.catalogs, data=data, folder=loaded.folder, access=access
    )
    trial = trial_of(pipeline)
    whole = loaded.resolve()
    chosen = {name: value for name, value in msgspec.to_builtins(pipeline.choices).items() if value is not None}

    def notes() -> list[str]:
        told = [f"{name} cannot be computed here: {reason}" for name, reason in trial.unavailable.items()]
        told += [f"{count} rows could not be processed: {reason}" for reason, count in pipeline.account.reasons.items()]
        if bad := pipeline.loading.malformed:
            told.append(f"{len(bad)} rows could not be read, the first {bad[0].file}:{bad[0].line}: {bad[0].reason}")
        return told

    return Prepared(
        name=loaded.name.removeprefix("cards."),
        dialect="card",
        samples=pipeline.samples(watched),
        recipe={"card": whole.data, "choices": chosen},
        recipe_hash=content_hash([whole.data, chosen]),
        data={"folder": str(data.absolute()) if data is not None else None},
        about=lambda: about(loaded, pipeline),
        notes=notes,
    )


def watched(pipeline: Pipeline, samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples, once it is known of the first ones that their references can be scored."""
    return trial_of(pipeline).check_references(samples)


def trial_of(pipeline: Pipeline) -> Trial:
    """What scores a card's samples, built before a model is asked.

    Raises:
        ArtifactError: a metric or postprocessor does not exist or is wrong.
    """
    recipe, template = pipeline.recipe, pipeline.templates[0]
    return Trial(
        pipeline.task.metrics if recipe.metrics is None else recipe.metrics,
        template.postprocessors if recipe.postprocessors is None else recipe.postprocessors,
        pipeline.catalog,
    )
