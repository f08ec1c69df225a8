"""What an artifact is: a class whose arguments are data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ClassVar, Final, TypeVar, dataclass_transform

import msgspec

from regrade.errors import RecipeError
from regrade.registry import register

_Class = TypeVar("_Class", bound=type)

Path = tuple[str | int, ...]
"""Where inside an artifact's data: keys and positions from the top."""


#: The codes of errors in cards and catalogs: what each means, and what to do about it.
ARTIFACT_CODES: Final[Mapping[str, tuple[str, str]]] = {
    "missing-argument": ("An argument without which an artifact cannot be built is not given.", "Give the argument."),
    "missing-field": (
        "A step, task or template reads a field that the rows do not have.",
        "Correct the field's name, or add a step before it that makes the field.",
    ),
    "spelling": (
        "A type, argument or value is written in a way that Unitxt does not know.",
        "Write it as the message shows; here both are read.",
    ),
    "syntax": ("A file of a card or catalog is not valid JSON or YAML.", "Correct the file at the line that is named."),
    "unknown-argument": (
        "An artifact has no argument of that name.",
        "Correct the name; the reference lists each type's arguments.",
    ),
    "unknown-type": ("No artifact is of that type.", "Correct the type; `regrade catalog list` shows what there is."),
    "unresolved-reference": (
        "A name leads to no artifact of a catalog.",
        "Correct the name, or add the folder that holds it: `--catalog FOLDER`.",
    ),
    "wrong-value": (
        "A value is not of the type that an argument takes.",
        "Give a value of the type that the message names.",
    ),
}


class ArtifactError(RecipeError):
    """An artifact that cannot be built of its data.

    Attributes:
        path: Where inside the data.
        code: What kind of error: one of :data:`ARTIFACT_CODES`.
    """

    code = "artifact"
    mend = "Correct the card at the place that the message names; `regrade catalog show NAME` shows an artifact."

    def __init__(
        self,
        what: str,
        *,
        path: Path = (),
        where: str | None = None,
        hint: str | None = None,
        code: str = "wrong-value",
    ) -> None:
        super().__init__(what, where=where or format_path(path) or None, hint=hint)
        self.path = path
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.what, self.path, self.where, self.hint, self.code))


def _rebuild(what: str, path: Path, where: str | None, hint: str | None, code: str) -> ArtifactError:
    return ArtifactError(what, path=path, where=where, hint=hint, code=code)


class _KeywordsOnly(msgspec.StructMeta):
    """Arguments are given by name in every subclass, so that one without a default may follow those of its parent."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        options.setdefault("kw_only", True)
        return super().__new__(cls, name, bases, namespace, **options)


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class Artifact(msgspec.Struct, dict=True, metaclass=_KeywordsOnly):
    """Something that a card names by ``__type__``; its fields are the arguments, checked when it is built.

    Subclasses are registered by :func:`artifact` under Unitxt's name of theirs. They hold data and what follows from
    it (``functools.cached_property`` works), and never change once built.

    Attributes:
        kind: What it is good for: operator, loader, task, template, metric, ...
        named: Arguments that hold names of artifacts which stay names (a task's metrics go into every row by name),
            with the kind they lead to.
        imports: Modules that its methods import, and :meth:`prepare` before them.
        data_classification_policy: Kept for whoever audits; nothing depends on it.
    """

    kind: ClassVar[str] = ""
    named: ClassVar[Mapping[str, str]] = {}
    imports: ClassVar[tuple[str, ...]] = ()
    data_classification_policy: list[str] | None = None

    def __post_init__(self) -> None:
        self.verify()

    def verify(self) -> None:
        """Raise ArtifactError where arguments do not fit each other."""

    def needs(self) -> str | None:
        """Why it cannot run here, whatever the rows are: code, a model, a network, a package; None if it can.

        An artifact that is described but not carried out says so here, so that coverage can be counted and a card
        is refused before any row is read.
        """
        return None

    def prepare(self) -> None:
        """Do once what would take its time at the first row: import, load a model, fill a cache.

        It is called before rows are timed, at every reading, so it must be cheap when called again. The artifacts that
        this one is made of are prepared here; what overrides it calls it too.

        Raises:
            UnavailableError: something is not here.
        """
        for module in self.imports:
            import_module(module)
        for name in self.__struct_fields__:
            _prepare(getattr(self, name))


def _prepare(value: Any) -> None:
    if isinstance(value, Artifact):
        value.prepare()
    elif isinstance(value, list | tuple):
        for item in value:
            _prepare(item)
    elif isinstance(value, dict):
        for item in value.values():
            _prepare(item)


def artifact(*names: str) -> Callable[[_Class], _Class]:
    """Register an Artifact class under its ``__type__`` (the first name; more are aliases)."""

    def add(cls: _Class) -> _Class:
        _type_names[cls] = names[0]
        return register("artifact", *names)(cls)

    return add


_type_names: dict[type, str] = {}


def type_name(cls: type[Artifact]) -> str:
    """The ``__type__`` of an artifact class; the class's own name if it was never registered."""
    return _type_names[cls] if cls in _type_names else str(cls.__name__)


def format_path(path: Path) -> str:
    """A path as people write it: ``preprocess_steps[3].values``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def is_artifact(value: Any) -> bool:
    """Whether data describes an artifact."""
    return isinstance(value, dict) and "__type__" in value
