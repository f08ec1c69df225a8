"""From an artifact's data to the object: types looked up, references fetched, arguments checked."""

from __future__ import annotations

from typing import Any, TypeVar

from regrade.artifacts.artifact import Artifact, ArtifactError, Path
from regrade.artifacts.walk import Catalog, NoCatalog, Walk, arguments, holds_artifacts

__all__ = ["Catalog", "NoCatalog", "arguments", "build", "holds_artifacts"]

_Expected = TypeVar("_Expected", bound=Artifact)

ABOUT = "__about__"
"""Where an object keeps what its data says about it: description, tags, title."""
NAME = "__name__"
"""Where an object that a catalog holds keeps its name there."""


def build(
    data: Any,
    expected: type[_Expected] = Artifact,  # type: ignore[assignment]
    *,
    catalog: Catalog | None = None,
    path: Path = (),
) -> _Expected:
    """Build the artifact that ``data`` describes or refers to.

    Args:
        data: A dict with ``__type__``, the name of one in the catalog (with arguments in brackets), or an artifact.
        expected: What it has to be.
        catalog: Where references lead.
        path: Where ``data`` stands, for messages.

    Raises:
        ArtifactError: an unknown type or argument, a missing or wrong one, or a reference that leads nowhere.
    """
    try:
        built: _Expected = Builder(catalog).visit(data, expected, path)
    except RecursionError:
        raise ArtifactError("artifacts are nested too deeply", path=path) from None
    return built


class Builder(Walk):
    """Builds many artifacts; what several of them refer to is built once, and shared, since no artifact changes.

    Args:
        catalog: Where references lead.
    """

    def __init__(self, catalog: Catalog | None = None) -> None:
        super().__init__(catalog)
        self.shared: dict[tuple[str, type[Artifact]], Artifact] = {}

    def build(self, data: Any, expected: type[_Expected] = Artifact) -> _Expected:  # type: ignore[assignment]
        """Build the artifact that ``data`` describes or refers to.

        Raises:
            ArtifactError: as :func:`build`.
        """
        built: _Expected = self.visit(data, expected)
        return built

    def reference(self, text: str, expected: type[Artifact], path: Path) -> Any:
        key = (text, expected)
        built = self.shared.get(key)
        if built is None:
            built = self.shared[key] = super().reference(text, expected, path)
            if isinstance(built, Artifact) and "[" not in text:  # with arguments in brackets it is another one
                built.__dict__.setdefault(NAME, text)  # what a link leads to has its name already
        return built

    def make(self, cls: type[Artifact], data: dict[str, Any], values: dict[str, Any], path: Path) -> Artifact:
        try:
            built = cls(**values)
        except ArtifactError as error:
            what = f"{data['__type__']}: {error.what}"
            raise ArtifactError(what, path=(*path, *error.path), hint=error.hint) from None
        except (TypeError, ValueError, LookupError) as error:  # what a check of its arguments did not think of
            raise ArtifactError(f"{data['__type__']}: {error}", path=path) from error
        about = {key: value for key, value in data.items() if key.startswith("__") and key != "__type__" and value}
        if about:
            built.__dict__[ABOUT] = about
        return built
