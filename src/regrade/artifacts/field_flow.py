"""Fields that a card's task or steps ask for and that certainly are not there.

What a loader's rows hold is known only when they are read, so little is certain before: a field that a step took away
or renamed is gone until another one writes it, and after ``select_fields`` nothing else is there. A step that this
module does not know may write anything, and whatever was certain before it no longer is. So what is told is true, and
much is not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import Formatter
from typing import Any, Final

from regrade.artifacts.artifact import Artifact, ArtifactError, Path, format_path, is_artifact
from regrade.artifacts.paths import PathError, parse_path
from regrade.artifacts.walk import Catalog, arguments
from regrade.errors import RecipeError
from regrade.registry import lookup

_LEAVE_FIELDS_ALONE: Final = """
    deduplicate delete_splits duplicate_split filter_by_condition filter_by_condition_based_on_fields
    filter_by_expression rename_splits shuffle split_random_mix map_instance_values cast_fields limit length_balancer
    deterministic_balancer minimum_one_example_per_label_refiner fillna remove_values
"""
#: Steps that change which rows there are, in which streams, or what is in a field, and neither add nor take one.
_LEAVES_FIELDS_ALONE: Final = frozenset(_LEAVE_FIELDS_ALONE.split())

#: Templates whose texts are filled with the task's fields, and what else each may name.
_TEXT_TEMPLATES: Final[dict[str, frozenset[str]]] = {
    "input_output_template": frozenset(),
    "input_output_template_with_custom_target": frozenset(),
    "multi_reference_template": frozenset(),
    "output_quantizing_template": frozenset(),
    "multiple_choice_template": frozenset({"choices", "numerals", "options", "options_list"}),
}


def missing_fields(data: dict[str, Any], catalog: Catalog) -> list[ArtifactError]:
    """Find the fields of a card that certainly are not there when they are asked for.

    Args:
        data: The data of a card; of anything else, nothing is said.
        catalog: Where its references lead; those that lead nowhere are left out.
    """
    if data.get("__type__") != "task_card":
        return []
    flow = _Flow(catalog)
    flow.load(flow.data_of(data.get("loader")))
    for step, path in flow.steps(data.get("preprocess_steps") or [], ("preprocess_steps",)):
        flow.take(step, path)
    task = flow.data_of(data.get("task"))
    if task is not None and task.get("__type__") in ("task", "form_task"):
        fields = _fields_of_task(task)
        flow.ask((field for field in fields if field not in (task.get("defaults") or {})), ("task",), "the task")
        flow.ask_templates(data.get("templates"), set(fields), ("templates",))
    return flow.errors


def _fields_of_task(task: dict[str, Any]) -> list[str]:
    fields: list[str] = []
    for key in ("input_fields", "inputs", "reference_fields", "outputs"):
        given = task.get(key)
        if isinstance(given, dict | list):
            fields += [field for field in given if isinstance(field, str)]
    return fields


class _Flow:
    """The fields of rows on their way through steps."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.errors: list[ArtifactError] = []
        self.gone: dict[str, str] = {}
        self.only: set[str] | None = None

    def data_of(self, value: Any) -> dict[str, Any] | None:
        """An artifact's data; None if it is none, or a reference that leads nowhere."""
        if isinstance(value, str):
            try:
                return self.catalog.fetch(value)
            except ArtifactError:
                return None
        return value if is_artifact(value) else None

    def steps(
        self, given: Any, path: Path, within: tuple[str, ...] = ()
    ) -> Iterator[tuple[dict[str, Any] | None, Path]]:
        """Every step, those within sequences too; those of the card's own data keep their place."""
        for place, item in enumerate(given if isinstance(given, list) else []):
            if isinstance(item, str):
                if item in within:  # in a circle, which whoever follows references tells
                    continue
                inside = (*within, item)
            else:
                inside = within
            data, inner = self.data_of(item), (*path, place)
            if data is not None and data.get("__type__") == "sequential_operator" and "apply_to_streams" not in data:
                for step, deeper in self.steps(data.get("steps"), (*inner, "steps"), inside):
                    yield step, deeper if is_artifact(item) else inner
            else:
                yield data, inner

    def load(self, loader: dict[str, Any] | None) -> None:
        """Rows that stand in the card itself tell their fields."""
        if loader is None or loader.get("__type__") != "load_from_dictionary" or not isinstance(loader["data"], dict):
            return
        rows = [row for split in loader["data"].values() if isinstance(split, list) for row in split]
        if rows and all(isinstance(row, dict) for row in rows):
            self.only = {field for row in rows for field in row}

    def lacks(self, field: str) -> str | None:
        """Why a field certainly is not there."""
        if field in self.gone:
            return self.gone[field]
        if self.only is not None and field not in self.only:
            return f"the fields there are {', '.join(sorted(self.only)) or 'none'}"
        return None

    def ask(self, fields: Any, path: Path, who: str) -> None:
        """Tell of fields that are asked for and not there."""
        for field in fields:
            name = _first(field)
            why = self.lacks(name) if name is not None and field not in (self.only or ()) else None
            if why is not None:
                what = f"{who} asks for the field {field!r}, which no step produces: {why}"
                self.errors.append(ArtifactError(what, path=path, code="missing-field"))

    def write(self, fields: list[str]) -> None:
        for field in fields:
            name = _first(field)
            if name is not None:
                self.gone.pop(name, None)
                if self.only is not None:
                    self.only.add(name)

    def remove(self, field: str, how: str) -> None:
        self.gone[field] = how
        if self.only is not None:
            self.only.discard(field)

    def anything(self) -> None:
        """Nothing is certain any more."""
        self.gone.clear()
        self.only = None

    def take(self, step: dict[str, Any] | None, path: Path) -> None:
        """What a step asks for, and what is there after it."""
        name = step.get("__type__") if step is not None else None
        if step is None or not isinstance(name, str):
            return self.anything()
        everywhere = not step.get("apply_to_streams") and not step.get("dont_apply_to_streams")
        where = f"{name} at {format_path(path)}"
        if name in _LEAVES_FIELDS_ALONE:
            return None
        if name == "set" and isinstance(step.get("fields"), dict):
            return self.write(list(step["fields"]))
        if name == "select_fields" and isinstance(step.get("fields"), list) and everywhere:
            self.ask(step["fields"], path, name)
            self.gone.clear()
            self.only = {field for field in map(_first, step["fields"]) if field is not None}
            return None
        if name == "remove_fields" and isinstance(step.get("fields"), list) and everywhere:
            for field in step["fields"]:
                if isinstance(field, str) and _first(field) == field:
                    self.remove(field, f"{where} takes it away")
            return None
        pairs = _pairs(step) if _maps_fields(name) else None
        if pairs is None:
            return self.anything()
        if everywhere and not (step.get("not_exist_ok") or step.get("not_exist_do_nothing")):
            self.ask([source for source, _ in pairs], path, name)
        self.write([target for _, target in pairs])
        if name == "rename" and everywhere:
            self._rename(pairs, where)
        return None

    def _rename(self, pairs: Sequence[tuple[Any, Any]], where: str) -> None:
        """What is renamed stands under its old name no more, unless another took it."""
        targets = {_first(target) for _, target in pairs}
        for source, target in pairs:
            if _first(source) == source and source not in targets:
                self.remove(source, f"{where} renames it to {target!r}")

    def ask_templates(self, given: Any, fields: set[str], path: Path) -> None:
        """Tell of fields that templates name and the task does not have."""
        data = self.data_of(given)
        inline = not isinstance(given, str)
        if data is not None and data.get("__type__") in ("templates_list", "templates_dict"):
            given, path = data.get("items"), (*path, "items") if inline else path
        elif data is not None:
            return self.ask_template(data, fields, path)
        items = list(enumerate(given)) if isinstance(given, list) else []
        items = list(given.items()) if isinstance(given, dict) else items
        for place, item in items:
            template = self.data_of(item)
            if template is not None:
                self.ask_template(template, fields, (*path, place) if inline else path)
        return None

    def ask_template(self, template: dict[str, Any], fields: set[str], path: Path) -> None:
        allowed = _TEXT_TEMPLATES.get(str(template["__type__"]))
        if allowed is None or template.get("serializer"):
            return
        formats = ["input_format", "target_prefix"]
        if template["__type__"] in ("input_output_template", "output_quantizing_template"):
            formats.append("output_format")  # the others have one and do not use it
        for key in formats:
            named = _named_in(template.get(key))
            for field in sorted(named - fields - allowed):
                what = f"the template's {key} names the field {field!r}, which the task does not have"
                self.errors.append(ArtifactError(what, path=path, code="missing-field"))


def _first(field: Any) -> str | None:
    """The field of the row that a path leads through; None if it is no path."""
    try:
        first = parse_path(field)[0]
    except (PathError, AttributeError, TypeError):
        return None
    return first if isinstance(first, str) and first != "*" else None


def _maps_fields(name: str) -> bool:
    """Whether a type makes one field of another, and touches nothing else."""
    try:
        cls: type[Artifact] = lookup("artifact", name)
    except RecipeError:
        return False
    return {"field", "to_field", "field_to_field", "process_every_value"} <= set(arguments(cls))


def _pairs(step: dict[str, Any]) -> list[tuple[str, str]] | None:
    """(read, written) fields of a step; None if it does not say."""
    given = step.get("field_to_field")
    if isinstance(given, dict):
        pairs = list(given.items())
    elif isinstance(given, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in given):
        pairs = [(pair[0], pair[1]) for pair in given]
    elif isinstance(step.get("field"), str):
        pairs = [(step["field"], step.get("to_field") or step["field"])]
    else:
        return None
    return pairs if all(isinstance(part, str) for pair in pairs for part in pair) else None


def _named_in(text: Any) -> set[str]:
    """The fields that a format string names."""
    try:
        parts = list(Formatter().parse(text)) if isinstance(text, str) else []
    except ValueError:
        return set()
    names = {name for _, name, _, _ in parts if name}
    return {name for name in names if name.isidentifier()}
