"""Odd values at every place of a card: each is an error that is told, and never a crash."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.artifacts.catalogs import CatalogFolder, Catalogs, open_catalogs
from regrade.artifacts.check import check_catalog
from regrade.artifacts.coverage import coverage
from regrade.errors import RegradeError

CARD = {
    "__type__": "task_card",
    "loader": {"__type__": "load_csv", "files": {"test": "rows.csv"}},
    "preprocess_steps": [{"__type__": "rename", "field": "q", "to_field": "question"}],
    "task": {
        "__type__": "task",
        "input_fields": {"question": "str"},
        "reference_fields": {"answer": "str"},
        "prediction_type": "str",
        "metrics": ["metrics.accuracy"],
    },
    "templates": [
        {"__type__": "input_output_template", "input_format": "{question}", "output_format": "{answer}"},
    ],
}
ODD: list[Any] = [
    *(None, 5, 1.5, True, -1, "x", "", "x" * 300, "cards.x", "a[b", "a[b=]", float("nan")),
    *([], {}, [5], [[]], [None], {"": 1}),
    *({"__type__": 5}, {"__type__": []}, {"__type__": ""}, {"__type__": "rename"}, {"a": {"__type__": "x"}}),
    {"__type__": "artifact_link", "to": 5},
]


def places(data: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all values in some data."""
    yield place
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(value, (*place, key))


def put(data: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The data with another value at a place."""
    if not place:
        return value
    data = inner = copy.deepcopy(data)
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return data


@pytest.mark.parametrize("place", list(places(CARD)), ids=lambda place: ".".join(map(str, place)) or "card")
def test_odd_values_are_told(place: tuple[Any, ...], tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("q,answer\na,1\n")
    (tmp_path / "cards").mkdir()
    path = tmp_path / "cards" / "odd.json"
    folder, known = Catalogs([CatalogFolder(tmp_path)]), open_catalogs([tmp_path])
    attempts: list[Callable[[], object]] = [
        lambda: list(regrade.load_card(path, data=tmp_path).samples()),
        lambda: list(regrade.load_card(path).samples()),
        lambda: check_catalog(folder, known, built=True),
        lambda: coverage(folder, known),
    ]
    for value in ODD:
        path.write_text(json.dumps(put(CARD, place, value)))
        for attempt in attempts:
            try:
                attempt()
            except RegradeError as error:
                assert str(error)  # noqa: PT017 - no error is right as well


def test_files_outside_of_a_catalog_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("password")
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "card.yaml").symlink_to(tmp_path / "secret.yaml")
    [[problem]] = check_catalog(Catalogs([CatalogFolder(tmp_path / "catalog")])).problems.values()
    assert problem.message == "this is a link that leads out of the catalog"


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_an_empty_file_says_so(text: str, tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text(text)
    with pytest.raises(RegradeError, match=r"card\.yaml: the file is empty"):
        regrade.load_card(tmp_path / "card.yaml")
    with pytest.raises(RegradeError, match="this is a folder"):
        regrade.load_card(tmp_path)
