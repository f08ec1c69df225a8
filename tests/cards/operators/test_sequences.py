"""Steps of steps, and steps that rows name."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build, catalogs
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator

STEPS: list[dict[str, Any]] = [
    {"__type__": "set", "fields": {"b": 1}},
    {"__type__": "copy", "field": "b", "to_field": "c"},
    {"__type__": "remove_fields", "fields": ["a"]},
]
NAMED: dict[str, dict[str, Any]] = {
    "steps.add": {"__type__": "add_constant", "field": "a", "add": 1},
    "steps.double": {"__type__": "execute_expression", "expression": "a * 2", "to_field": "a"},
    "steps.twice": {"__type__": "duplicate_instances", "num_duplications": 2},
}


class OwnCatalog:
    """A catalog of a few names."""

    def fetch(self, reference: str) -> dict[str, Any]:
        """The data of a name."""
        if reference not in NAMED:
            raise ArtifactError(f"no catalog has {reference!r}")
        return NAMED[reference]


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> OwnCatalog:
    """A catalog that rows' names are looked up in."""
    own = OwnCatalog()
    monkeypatch.setattr(catalogs, "default_catalog", lambda: own)
    return own


def after(step: dict[str, Any], rows: list[dict[str, Any]], known: Any = None) -> list[dict[str, Any]]:
    return list(build(step, Operator, catalog=known).apply({"test": stream_of(rows)})["test"])


@pytest.mark.parametrize(
    ("most", "expected"),
    [(None, {"b": 1, "c": 1}), (3, {"b": 1, "c": 1}), (1, {"a": 0, "b": 1}), (2, {"a": 0, "b": 1, "c": 1})],
)
def test_steps_one_after_the_other(most: int | None, expected: dict[str, int]) -> None:
    assert after({"__type__": "sequential_operator", "steps": STEPS, "max_steps": most}, [{"a": 0}]) == [expected]


@pytest.mark.parametrize("most", [0, 4])
def test_there_are_only_so_many_steps(most: int) -> None:
    with pytest.raises(ArtifactError, match="there are 3 steps"):
        build({"__type__": "sequential_operator", "steps": STEPS, "max_steps": most}, Operator)


def test_steps_by_name(catalog: OwnCatalog) -> None:
    step = {"__type__": "sequential_operator", "steps": ["steps.add", "steps.double"]}
    assert after(step, [{"a": 1}], catalog) == [{"a": 4}]
    with pytest.raises(ArtifactError, match=r"steps\.none") as error:
        after({**step, "steps": ["steps.none"]}, [], catalog)
    assert error.value.path == ("steps", 0)


@pytest.mark.usefixtures("catalog")
def test_steps_that_rows_name() -> None:
    step = {"__type__": "apply_operators_field", "operators_field": "do"}
    rows = [{"a": 1, "do": ["steps.add", "steps.double"]}, {"a": 1, "do": "steps.double"}, {"a": 1, "do": []}]
    assert [row["a"] for row in after(step, rows)] == [4, 2, 1]
    assert after(step, rows)[0]["do"] == ["steps.add", "steps.double"]
    with pytest.raises(ValueError, match="no field 'do', and there are no default operators"):
        after(step, [{"a": 1}])
    assert after({**step, "default_operators": "steps.add"}, [{"a": 1}]) == [{"a": 2}]
    with pytest.raises(ValueError, match="made 2 rows of one"):
        after(step, [{"a": 1, "do": "steps.twice"}])
    with pytest.raises(ArtifactError, match=r"os\.system"):
        after(step, [{"a": 1, "do": "os.system"}])


@pytest.mark.usefixtures("catalog")
def test_steps_that_the_first_row_names() -> None:
    step = {"__type__": "apply_stream_operators_field", "field": "do"}
    rows = [{"a": 1, "do": ["steps.add", "steps.double"]}, {"a": 2, "do": []}]
    assert [row["a"] for row in after(step, rows)] == [4, 6]
    assert [row["a"] for row in after({**step, "reversed": True}, rows)] == [3, 5]
    assert [row["a"] for row in after(step, [{"a": 1, "do": "steps.twice"}, {"a": 2}])] == [1, 1, 2, 2]
    assert after(step, [{"a": 1}]) == [{"a": 1}]
    assert after(step, []) == []
