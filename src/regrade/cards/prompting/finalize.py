"""A rendered row as Unitxt's datasets hold it."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from regrade.artifacts.artifact import Artifact, artifact, type_name
from regrade.artifacts.build import NAME
from regrade.artifacts.operator import RowOperator
from regrade.artifacts.paths import get_path
from regrade.artifacts.streams import Row
from regrade.cards.prompting.template import INFERENCE_STREAM

_FIELDS: Final = (
    "source", "metrics", "groups", "subset", "media", "postprocessors", "task_data", "data_classification_policy",
)  # fmt: skip
_REFERENCE_FIELDS: Final = ("target", "references")


@artifact("finalize_dataset")
class FinalizeDataset(RowOperator):
    """Makes a rendered row one of Unitxt's datasets: ``task_data`` is JSON, and so are chat messages.

    Regrade's own samples need it not; it is for exchange with Unitxt.

    Args:
        group_by: Fields of ``task_data`` (or lists of them) whose values make the row's groups.
        remove_unnecessary_fields: Whether only the fields of Unitxt's schema stay.

    >>> row = FinalizeDataset(group_by=["topic"]).process_row({
    ...     "input_fields": {"topic": "cats"}, "reference_fields": {}, "data_classification_policy": [],
    ...     "recipe_metadata": {"num_demos": 0, "demos_pool_size": 0, "template": "templates.empty"},
    ...     "source": "", "target": "", "references": [], "metrics": [], "postprocessors": []})
    >>> row["groups"]
    ['{"topic": "cats"}']
    """

    group_by: list[str | list[str]]
    remove_unnecessary_fields: bool = True

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        with_references = stream != INFERENCE_STREAM
        data = _task_data(row, with_references)
        recipe = row["recipe_metadata"]
        metadata = data["metadata"]
        metadata["num_demos"], metadata["demos_pool_size"] = recipe["num_demos"], recipe["demos_pool_size"]
        metadata["template"] = data_of(recipe["template"])
        if "criteria" in data:
            data["criteria"] = data_of(data["criteria"])
        if "demos" in row:
            data["demos"] = [_task_data(demo, True) for demo in row["demos"]]
        wanted = _FIELDS + _REFERENCE_FIELDS if with_references else _FIELDS
        kept = {name: value for name, value in row.items() if name in wanted or not self.remove_unnecessary_fields}
        kept["task_data"] = json.dumps(data)
        if not isinstance(row["source"], str):
            kept["source"] = json.dumps(row["source"])
        known = {**data, **metadata}
        kept["groups"] = [json.dumps({name: get_path(known, name) for name in _names(each)}) for each in self.group_by]
        kept["subset"] = []
        kept["media"] = _media(row.get("media") or {})
        for name in ("metrics", "postprocessors"):
            kept[name] = [json.dumps(data_of(each)) if isinstance(each, Artifact) else each for each in row[name]]
        missing = [name for name in wanted if name not in kept]
        if missing:
            raise ValueError(f"the row lacks {', '.join(missing)}: it has not been rendered")
        return kept


def _names(fields: str | list[str]) -> list[str]:
    return [fields] if isinstance(fields, str) else fields


def _task_data(row: Row, with_references: bool) -> Row:
    data = {
        **row["input_fields"],
        "metadata": {"data_classification_policy": row["data_classification_policy"]},
    }
    if with_references:
        data.update(row["reference_fields"])
    if "__tools__" in row:
        data["__tools__"] = row["__tools__"]
    return data


def _media(media: Row) -> Row:
    images = [image["image"] if isinstance(image, dict) else image for image in media.get("images") or ()]
    return {**media, "images": images, "audios": media.get("audios") or []}


def data_of(value: Any) -> Any:
    """An artifact as data: its name in the catalog, or else its type and those arguments that are not the defaults."""
    if isinstance(value, list):
        return [data_of(item) for item in value]
    if isinstance(value, dict):
        return {key: data_of(item) for key, item in value.items()}
    if not isinstance(value, Artifact):
        return value
    if NAME in value.__dict__:
        return value.__dict__[NAME]
    given = {"__type__": type_name(type(value))}
    for field in sorted(msgspec.structs.fields(type(value)), key=lambda field: field.encode_name):
        argument = getattr(value, field.name)
        if field.required or argument != _default(field):
            given[field.encode_name] = data_of(argument)
    return given


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if callable(field.default_factory) else field.default
