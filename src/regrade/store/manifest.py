"""``run.json``: what was asked of whom. Its only definition, for those who write it and those who read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from regrade.atomic import replacing
from regrade.errors import InputError
from regrade.files.guard import reason_of

SCHEMA_VERSION: Final = 1

MANIFEST: Final = "run.json"
SAMPLES: Final = "samples.parquet"
ANSWERS: Final = "answers.jsonl"
"""Files of a run's folder."""

Status = Literal["running", "stopped", "waiting", "incomplete", "complete"]
"""Being asked (or killed at it); stopped by a person or an error; handed in as a batch; ended with failed samples;
every answer is there."""


class Manifest(msgspec.Struct, kw_only=True):
    """``run.json``.

    Attributes:
        schema_version: Of this layout.
        name: The run's name: its folder's.
        title: What a person called it, where that was said.
        created: When it was made, ISO 8601 in UTC.
        status: Where it stands.
        recipe: What was asked, resolved, as data; enough to prepare and score it again.
        recipe_hash: Of ``recipe``.
        recipe_name: What people call it.
        data: Where the samples came from, with revisions or fingerprints.
        model: Who was asked: the model's identity, without secrets, and how it was named on the command line.
        parameters: Generation parameters.
        repeats: Answers per sample and turn.
        turns: Questions of the sample that has most.
        samples: How many samples there are.
        wanted: Answers that the run is to have; 0 for one per sample and repeat.
        sample_ids_hash: Of all samples' ids in order: a changed dataset is noticed.
        versions: Of regrade and what matters beside it.
        notes: What a reader should know (steps' counts, rows put aside).
        judge_of: For a judge's run: the runs whose answers it judges.
    """

    schema_version: int = SCHEMA_VERSION
    name: str
    title: str = ""
    created: str
    status: Status = "running"
    recipe: dict[str, Any] = msgspec.field(default_factory=dict)
    recipe_hash: str = ""
    recipe_name: str = ""
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    model: dict[str, Any] = msgspec.field(default_factory=dict)
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    repeats: int = 1
    turns: int = 1
    samples: int = 0
    wanted: int = 0
    sample_ids_hash: str = ""
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    notes: list[str] = msgspec.field(default_factory=list)
    judge_of: list[str] = msgspec.field(default_factory=list)

    @property
    def dialect(self) -> str:
        """What prepared the samples: ``card``, ``lm_eval``, ``judge``, ...; empty where the recipe does not say."""
        return str(self.recipe.get("dialect") or "")

    @property
    def model_name(self) -> str | None:
        """What the model is called: as its class names it, else as the user did; None where neither is known."""
        for told in (self.model.get("identity"), self.model.get("asked")):
            name = told.get("model") if isinstance(told, dict) else None
            if isinstance(name, str) and name:
                return name
        return None


def read_manifest(file: Path) -> Manifest:
    """Read a run's manifest.

    Args:
        file: ``run.json``.

    Raises:
        InputError: it is missing or damaged, or of a newer version.
    """
    try:
        manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
    except FileNotFoundError:
        hint = "regrade runs lists them"
        raise InputError(f"is no run: it has no {MANIFEST}", where=str(file.parent), hint=hint) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise InputError(f"is no manifest of a run: {reason_of(error)}", where=str(file)) from None
    if manifest.schema_version > SCHEMA_VERSION:
        raise InputError("was made by a newer regrade", where=str(file), hint="update regrade")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a run's manifest; it takes its place whole."""
    with replacing(folder / MANIFEST, private=True) as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
