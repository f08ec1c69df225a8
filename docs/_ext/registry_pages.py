"""Reference pages of what cards and commands name: one page per kind, a section per type, made from the registry.

The pages are written into ``reference/generated/types`` before Sphinx looks for its files. What stands in them comes
from the classes: names, arguments with types and defaults, docstrings and their examples. A type that no page takes is
an error, so none can be forgotten.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from regrade.artifacts.artifact import Artifact, type_name
from regrade.artifacts.walk import arguments
from regrade.registry import iterate_registered

_SHARED_BY = 3
"""Arguments that a base class gives to so many types of a page are described once, above them."""

_LONGEST_DEFAULT = 60


class Page(NamedTuple):
    """A page.

    Attributes:
        name: Of its file.
        title: Its heading.
        about: What stands below the heading.
        kinds: The kinds of artifacts that it takes.
        modules: The modules and packages whose artifacts it takes; all, if none is named.
        registry: Where it takes other plugins than artifacts: their kind.
    """

    name: str
    title: str
    about: str
    kinds: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    registry: str = "artifact"


def _within(package: str, names: str) -> tuple[str, ...]:
    return tuple(f"{package}.{name}" for name in names.split())


#: A type is on the first page that takes it.
PAGES = (
    Page(
        "processors",
        "Processors",
        "What takes the answer out of what a model said. A template names them under ``postprocessors``. Each one "
        "works on a field, as operators do, so that it can be a step of a card as well; every operator on fields can "
        "be a processor, and these are made for it.",
        kinds=("operator",),
        modules=(
            *_within("regrade.cards.operators.texts", "processors extraction yes_no normal_forms"),
            *_within("regrade.cards.operators.dialogs", "judgments tool_calls"),
        ),
    ),
    Page(
        "model-metrics",
        "Metrics that ask a model",
        "They are read, checked and listed, and a card that names one can be processed; scoring says that they need a "
        "model. Here a judge is a run of its own, which can be resumed and scored again.",
        kinds=("metric", "engine", "criteria", "criteria option", "operator"),
        modules=("regrade.metrics.described",),
    ),
    Page(
        "operators",
        "Operators",
        "The steps of a card, under ``preprocess_steps``. Each goes from rows to rows. A path such as ``a/b/0`` leads "
        "into a value, and ``*`` to each of its items.",
        kinds=("operator", "augmentor"),
        modules=("regrade.artifacts", "regrade.cards", "regrade.rows.loaders"),
    ),
    Page(
        "cards",
        "Cards, recipes and tasks",
        "An evaluation, what is chosen of it, and what is asked. See :doc:`/guides/cards`.",
        kinds=("card", "recipe", "task"),
    ),
    Page(
        "templates",
        "Templates",
        "From a row's fields to the text that the model sees, and to the text that it should say.",
        kinds=("template", "templates", "dialog_fields"),
    ),
    Page(
        "formats",
        "Formats and system prompts",
        "How instruction, demonstrations and question become one prompt.",
        kinds=("format", "system_prompt"),
    ),
    Page("serializers", "Serializers", "From a field's value to its text in a prompt.", kinds=("serializer",)),
    Page("samplers", "Samplers", "Which demonstrations a sample gets.", kinds=("sampler",)),
    Page("loaders", "Loaders", "Where a card's rows come from.", kinds=("loader",)),
    Page(
        "card-metrics",
        "Metrics of cards",
        "What a card's task names under ``metrics``, mostly by an entry of the catalog.",
        kinds=("metric", "reduction", "metrics_list", "operator"),
    ),
    Page(
        "judges",
        "Judges",
        "Who judges answers, by which prompts and criteria.",
        kinds=("judge", "judge prompt", "judge option", "judge criterion"),
    ),
    Page("models", "Models", "What stands before the colon in ``--model``; see :doc:`/guides/run`.", registry="model"),
    Page("filters", "Filters", "What a filter pipeline is made of; see :doc:`/guides/filters`.", registry="filter"),
    Page(
        "metrics",
        "Metrics of logs",
        "What ``regrade score --metric`` and task files name. Names and values are lm-evaluation-harness's, where it "
        "has them.",
        registry="metric",
    ),
)


class Argument(NamedTuple):
    """An argument as people see it; ``default`` is None where it must be given, empty where the class has its way."""

    name: str
    type: str
    default: str | None
    text: str
    owner: type


class Type(NamedTuple):
    """A registered class with all its names, the first its own."""

    cls: type
    names: list[str]

    @property
    def name(self) -> str:
        return self.names[0]


def types_of(page: Page) -> list[Type]:
    """The types on a page, by name."""
    found = _named(iterate_registered(page.registry))
    return [one for one in found if page_of(one.cls) is page] if page.registry == "artifact" else found


def _named(pairs: Iterable[tuple[str, type]]) -> list[Type]:
    """Classes with their names; of names for each number (``pass@5``) only the one for any (``pass@k``)."""
    names: dict[type, list[str]] = {}
    for name, cls in pairs:
        if not re.search(r"[@^]\d+$", name):
            names.setdefault(cls, []).append(name)
    found = [Type(cls, sorted(known, key=lambda name: (name != _own_name(cls), name))) for cls, known in names.items()]
    return sorted(found, key=lambda one: one.name)


def _own_name(cls: type) -> str | None:
    return type_name(cls) if issubclass(cls, Artifact) else None


def page_of(cls: type[Artifact]) -> Page:
    """The page that a type of artifact is on.

    Raises:
        ExtensionError: on none.
    """
    for page in PAGES:
        if page.registry == "artifact" and cls.kind in page.kinds and _is_in(cls.__module__, page.modules):
            return page
    raise ExtensionError(f"no reference page takes {cls.__qualname__} (kind {cls.kind!r}): docs/_ext/registry_pages.py")


def _is_in(module: str, wanted: tuple[str, ...]) -> bool:
    return not wanted or any(f"{module}.".startswith(f"{name}.") for name in wanted)


# -- what classes say of themselves ------------------------------------------------------------------------------------


def sections(cls: type) -> tuple[str, dict[str, str], dict[str, str]]:
    """A class's own docstring: its prose and examples, its arguments, and what it raises."""
    doc = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    tables: dict[str, dict[str, str]] = {"Args": {}, "Attributes": {}, "Raises": {}}
    for found in re.finditer(r"^(Args|Attributes|Raises):\n((?:[ ]+.*\n?|\n)*)", doc, re.MULTILINE):
        for entry in re.finditer(r"^ {4}(\w+):[ ]*((?:.*\n?)(?:^ {5,}.*\n?)*)", found[2], re.MULTILINE):
            tables[found[1]][entry[1]] = " ".join(entry[2].split())
    described = tables["Args"] if not issubclass(cls, Artifact) else {**tables["Attributes"], **tables["Args"]}
    prose = re.sub(r"^(?:Args|Attributes|Raises):\n(?:[ ]+.*\n?|\n)*", "", doc, flags=re.MULTILINE).strip()
    return prose, described, tables["Raises"]


def arguments_of(cls: type) -> list[Argument]:
    """A class's arguments, its parents' among them, in order."""
    if not issubclass(cls, Artifact):
        return _arguments_of_constructor(cls)
    texts = _texts(cls)
    return [
        Argument(name, type_text(field.type), _default(field), texts.get(name, ""), _owner(cls, name, field.name))
        for name, field in arguments(cls).items()
    ]


def _arguments_of_constructor(cls: type) -> list[Argument]:
    """What a plain class is made with; where it passes arguments on, those that its parents describe too."""
    parameters = inspect.signature(cls, eval_str=True).parameters.values()
    texts, own = _texts(cls), sections(cls)[1]
    found = {
        parameter.name: Argument(
            parameter.name,
            "" if parameter.annotation is parameter.empty else type_text(parameter.annotation),
            None if parameter.default is parameter.empty else repr(parameter.default),
            texts.get(parameter.name, ""),
            cls,
        )
        for parameter in parameters
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    passes_on = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    unnamed = {name: text for name, text in (texts if passes_on else own).items() if name not in found}
    return [*found.values(), *(Argument(name, "", "", text, cls) for name, text in unnamed.items())]


def _texts(cls: type) -> dict[str, str]:
    """What is said of each argument, by the class or else by a parent."""
    texts: dict[str, str] = {}
    for parent in reversed(cls.__mro__):
        texts |= sections(parent)[1]
    return texts


def _owner(cls: type, name: str, attribute: str) -> type:
    """The nearest class that declares an argument or describes it."""
    for parent in cls.__mro__:
        if attribute in inspect.get_annotations(parent) or name in sections(parent)[1]:
            return parent
    return cls


def type_text(kind: Any) -> str:
    """A type as a reader of cards sees it: artifacts by their kind."""
    if kind is None or kind is type(None):
        return "None"
    if kind is Any:
        return "anything"
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(map(type_text, inner)))
    if origin is Literal:
        return " | ".join(repr(value) for value in inner)
    if inner:
        parts = ", ".join("..." if part is ... else type_text(part) for part in inner)
        return f"{getattr(origin, '__name__', origin)}[{parts}]"
    if isinstance(kind, type) and issubclass(kind, Artifact):
        return kind.kind or "artifact"
    return getattr(kind, "__name__", str(kind))


def _default(field: msgspec.structs.FieldInfo) -> str | None:
    if field.required:
        return None
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if isinstance(value, Artifact):
        return type_name(type(value))
    if isinstance(value, type):
        return value.__name__
    text = repr(value)
    return text if len(text) <= _LONGEST_DEFAULT else "..."


# -- pages -------------------------------------------------------------------------------------------------------------


def text_of(page: Page) -> str:
    """A page, in reStructuredText."""
    found = types_of(page)
    shared = _shared(found)
    return "\n".join([*_head(page, found), *_bases(page, shared), *_sections(page, found, shared)]) + "\n"


def _head(page: Page, found: list[Type]) -> Iterator[str]:
    yield from (page.title, "=" * len(page.title), "", page.about, "")
    by_module: dict[str, list[Type]] = {}
    for one in found:
        by_module.setdefault(one.cls.__module__, []).append(one)
    if len(by_module) < 2 or len(by_module) == len(found):
        return
    for module in sorted(by_module):
        subject = inspect.cleandoc(inspect.getmodule(by_module[module][0].cls).__doc__ or module).split("\n\n")[0]
        names = ", ".join(f":ref:`{one.name} <{_label(page, one.name)}>`" for one in by_module[module])
        yield from (" ".join(subject.split()), f"    {names}", "")


def _shared(found: list[Type]) -> dict[type, list[Type]]:
    """The base classes whose arguments several types have, with those types."""
    own = {one.cls for one in found}
    shared: dict[type, list[Type]] = {}
    for one in found:
        for owner in dict.fromkeys(argument.owner for argument in arguments_of(one.cls)):
            if owner not in own:
                shared.setdefault(owner, []).append(one)
    return {base: users for base, users in shared.items() if len(users) >= _SHARED_BY}


def _bases(page: Page, shared: dict[type, list[Type]]) -> Iterator[str]:
    if not shared:
        return
    heading = "Arguments that many of them take"
    yield from (heading, "-" * len(heading), "")
    for base in sorted(shared, key=lambda cls: len(cls.__mro__), reverse=True):
        given = [argument for argument in arguments_of(base) if argument.owner is base]
        yield from (f".. _{_label(page, base.__name__)}:", "", f".. rubric:: {base.__name__}", "")
        yield from (_first_paragraph(base), "")
        for argument in given:
            yield from _definition(argument)


def _sections(page: Page, found: list[Type], shared: dict[type, list[Type]]) -> Iterator[str]:
    for one in found:
        prose, _, raises = sections(one.cls)
        title = f"``{one.name}``"
        yield from (f".. _{_label(page, one.name)}:", "", title, "-" * len(title), "")
        if one.names[1:]:
            yield from ("Also " + ", ".join(f"``{name}``" for name in one.names[1:]) + ".", "")
        paragraphs, _, examples = prose.partition(">>> ")
        yield from (paragraphs.rstrip(), "")
        if model := next((other for parent in one.cls.__mro__[1:] for other in found if other.cls is parent), None):
            yield from (f"Built on :ref:`{model.name} <{_label(page, model.name)}>`.", "")
        given = arguments_of(one.cls)
        for argument in given:
            if argument.owner not in shared:
                yield from _definition(argument)
        bases = {base: [f"``{argument.name}``" for argument in given if argument.owner is base] for base in shared}
        inherited = [
            f":ref:`{base.__name__} <{_label(page, base.__name__)}>` ({', '.join(names)})"
            for base, names in sorted(bases.items(), key=lambda item: len(item[0].__mro__), reverse=True)
            if names
        ]
        if inherited:
            yield from (f"It also takes the arguments of {', '.join(inherited)}.", "")
        for name, text in raises.items():
            yield from (f"Raises ``{name}``: {text}", "")
        if examples:
            yield from (".. rubric:: Example", "", ">>> " + examples, "")
        yield from (f":class:`{one.cls.__module__}.{one.cls.__name__}`", "")


def _definition(argument: Argument) -> Iterator[str]:
    about = [f"``{argument.type}``"] if argument.type else []
    if argument.default != "":
        about.append("required" if argument.default is None else f"default ``{argument.default}``")
    head = f"``{argument.name}``" + (f" ({', '.join(about)})" if about else "")
    yield from (head, f"    {argument.text or 'Passed on as it is.'}", "")


def _first_paragraph(cls: type) -> str:
    return " ".join(sections(cls)[0].split("\n\n")[0].split())


def _label(page: Page, name: str) -> str:
    """Where a section is linked to; names that differ in a sign only have labels of their own."""
    return f"{page.name}-" + re.sub(r"[^a-z0-9_-]", lambda sign: f"-{ord(sign[0])}", name.lower()).replace("_", "-")


def write_pages(app: Sphinx) -> None:
    """Write every page whose text has changed."""
    folder = Path(app.srcdir) / "reference" / "generated" / "types"
    folder.mkdir(parents=True, exist_ok=True)
    for page in PAGES:
        file, text = folder / f"{page.name}.rst", text_of(page)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before the files are listed."""
    app.connect("builder-inited", write_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
