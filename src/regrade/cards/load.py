"""Cards by name, file or data."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from regrade.artifacts import Artifact, ArtifactError, Catalogs, build, open_catalogs
from regrade.artifacts.files import SUFFIXES, read
from regrade.artifacts.resolve import Resolved, resolve
from regrade.artifacts.spelling import respell
from regrade.cards.card import DatasetRecipe, TaskCard
from regrade.errors import UsageError


class LoadedCard(NamedTuple):
    """A card or recipe, and where it comes from.

    Attributes:
        name: What it is called.
        artifact: The card, or a recipe that uses one.
        data: What it was made of.
        catalogs: Where its names lead.
        folder: The folder of its file, for a file.
        warnings: What a reader should know of its spelling.
    """

    name: str
    artifact: TaskCard | DatasetRecipe
    data: Any
    catalogs: Catalogs
    folder: Path | None
    warnings: tuple[str, ...] = ()

    def resolve(self) -> Resolved:
        """The card without references, for its hash and for what it names."""
        return resolve(self.data, self.catalogs, lenient=True)


def load(given: Any, catalogs: Sequence[str | Path] | Catalogs = ()) -> LoadedCard:
    """Find and build a card.

    Args:
        given: The name of a card or recipe in a catalog (``cards.`` may be left out), a file (YAML or JSON), or data.
        catalogs: Folders to look for names in, before the usual ones.

    Raises:
        ArtifactError: there is none, or it is wrong.
        UsageError: what was given is no card in any form.
    """
    known = catalogs if isinstance(catalogs, Catalogs) else open_catalogs(catalogs)
    if isinstance(given, TaskCard | DatasetRecipe):
        return LoadedCard("card", given, given, known, None)
    if isinstance(given, dict):
        try:
            data, notes = respell(given)
        except RecursionError:
            raise ArtifactError("values are nested too deeply") from None
        return LoadedCard("card", _card(data, known, None), data, known, None, tuple(map(str, notes)))
    if not isinstance(given, str | PathLike):
        raise UsageError(
            f"a card is a name of a catalog, a file or data, not {given!r:.80}",
            hint='for example: load_card("mt_bench.rating.single_turn") or load_card("card.yaml")',
        )
    path = Path(given)
    if not isinstance(given, str) or path.suffix in SUFFIXES:
        if not path.is_file():
            raise ArtifactError("this is a folder, no card" if path.is_dir() else "no such file", where=str(path))
        notes = []
        data = read(path, notes)
        warnings = tuple(f"{path}: {note}" for note in notes)
        return LoadedCard(path.stem, _card(data, known, str(path)), data, known, path.parent, warnings)
    name = known.full_name(given, "card")
    return LoadedCard(name.removeprefix("cards."), _card(name, known, None), name, known, None)


def _card(data: Any, catalogs: Catalogs, where: str | None) -> TaskCard | DatasetRecipe:
    try:
        found = build(data, Artifact, catalog=catalogs)
    except ArtifactError as error:
        if where is None:
            raise
        place = f"{where}: {error.where}" if error.where else where
        raise ArtifactError(error.what, path=error.path, where=place, hint=error.hint) from None
    if not isinstance(found, TaskCard | DatasetRecipe):
        raise ArtifactError(f"this is a {found.kind or 'thing'}, no card", where=where or str(data)[:80])
    return found
