"""Objects of data, data of objects, and data without references."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regrade.artifacts import Artifact, ArtifactError, Catalogs, build
from regrade.artifacts.build import Builder
from regrade.artifacts.data import load, save, to_data
from regrade.artifacts.resolve import content_hash, resolve
from regrade.cards.operators import Operator
from regrade.cards.operators.fields.naming import Rename

Add = Callable[..., Path]

STEP = {"__type__": "rename", "field": "a", "to_field": "b"}


def card(**more: Any) -> dict[str, Any]:
    return {
        "__type__": "task_card",
        "loader": {"__type__": "load_from_dictionary", "data": {"test": [{"a": "x"}]}},
        "preprocess_steps": ["steps.rename"],
        "task": "tasks.one",
        "templates": ["templates.one"],
        **more,
    }


@pytest.fixture
def parts(add: Add, catalog: Catalogs) -> Catalogs:
    add("steps.rename", STEP)
    add(
        "tasks.one",
        {
            "__type__": "task",
            "input_fields": {"b": "str"},
            "reference_fields": {"b": "str"},
            "metrics": ["metrics.one"],
        },
    )
    add("metrics.one", {"__type__": "accuracy"})
    template = {"__type__": "input_output_template", "input_format": "{b}", "output_format": "{b}"}
    add("templates.one", template | {"postprocessors": ["processors.one"]})
    add("processors.one", {"__type__": "post_process", "operator": {"__type__": "lower"}})
    return catalog


# -- build -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("steps.nowhere", "no catalog has 'steps.nowhere'"),
        ({"__type__": "renam"}, "__type__: 'renam' is no known type"),
        ({"__type__": ["rename"]}, "__type__ must be a name"),
        ({"__type__": "rename", "filed": "a"}, "filed: rename has no argument 'filed'"),
        ({"__type__": "rename", "field": 7}, "field: Expected `str | array | null`, got `int`"),
        ({"__type__": "accuracy"}, "accuracy is no operator"),
        ({"no": "type"}, "{'no': 'type'} is no operator"),
        ({"__type__": "sequential_operator", "steps": [STEP, {"__type__": "x"}]}, "steps[1].__type__: 'x' is no known"),
    ],
)
def test_what_cannot_be_built(data: Any, message: str, parts: Catalogs) -> None:
    with pytest.raises(ArtifactError) as error:
        build(data, Operator, catalog=parts)
    assert message in str(error.value)
    again = pickle.loads(pickle.dumps(error.value))
    assert (str(again), again.path, again.code) == (str(error.value), error.value.path, error.value.code)


def test_references_in_a_circle(add: Add, catalog: Catalogs) -> None:
    add("a", {"__type__": "sequential_operator", "steps": ["b"]})
    add("b", {"__type__": "sequential_operator", "steps": ["a"]})
    with pytest.raises(ArtifactError, match="circle: a to b to a"):
        build("a", catalog=catalog)
    with pytest.raises(ArtifactError, match="circle"):
        resolve("a", catalog)


def test_a_builder_shares_what_several_refer_to(parts: Catalogs) -> None:
    builder = Builder(parts)
    assert builder.build("steps.rename") is builder.build("steps.rename")
    assert builder.build("steps.rename[to_field=c]") == Rename(field="a", to_field="c")


# -- save and load -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_save_and_load_are_inverse(suffix: str, tmp_path: Path, parts: Catalogs) -> None:
    built = build(card(__description__="One.", __tags__={"language": ["en", "de"]}), catalog=parts)
    save(built, tmp_path / f"card{suffix}")
    again = load(tmp_path / f"card{suffix}")  # without a catalog: what was referred to is there in full
    assert again == built
    assert to_data(again) == to_data(built)
    assert to_data(again)["__description__"] == "One."
    assert to_data(again)["__tags__"] == {"language": ["en", "de"]}


def test_every_artifact_of_unitxts_catalogue_survives_saving(unitxt: Catalogs, tmp_path: Path) -> None:
    """Each kind of artifact once per family, through YAML and JSON."""
    from regrade.artifacts.files import parse, write

    builder, families, failed = Builder(unitxt), set(), 0
    for name in unitxt.names():
        family = tuple(name.split(".")[:2])
        if family in families:
            continue
        families.add(family)
        try:
            built = builder.build(name)
        except ArtifactError:
            failed += 1
            continue
        data = to_data(built)
        for json_syntax in (True, False):
            again = parse(write(data, json_syntax=json_syntax).encode(), json_syntax=json_syntax)
            assert json.dumps(again) == json.dumps(data), name
        assert content_hash(to_data(build(data))) == content_hash(data), name
    assert len(families) > 400
    assert failed < 20


def test_arguments_that_have_their_default_are_not_saved() -> None:
    assert to_data(Rename(field="a", to_field="b", not_exist_ok=False)) == STEP


# -- resolve -----------------------------------------------------------------------------------------------------------


def test_resolved_data_has_no_references(parts: Catalogs) -> None:
    found = resolve(card(), parts)
    assert found.data["preprocess_steps"] == [STEP]
    assert found.data["task"]["metrics"] == ["metrics.one"], "names that rows carry stay names"
    assert found.named == {
        "metrics.one": {"__type__": "accuracy"},
        "processors.one": {"__type__": "post_process", "operator": {"__type__": "lower"}},
    }
    assert build(found.data) == build(card(), catalog=parts)


def test_texts_that_are_no_references_stay(parts: Catalogs, add: Add) -> None:
    add("word", STEP)
    data = {"__type__": "set", "fields": {"a": "word", "b": "steps.rename"}}
    assert resolve(data, parts).data == data


def test_notes_of_deprecated_artifacts(add: Add, parts: Catalogs) -> None:
    add("steps.old", {"__type__": "artifact_link", "to": "steps.rename", "__deprecated_msg__": "use steps.rename"})
    assert resolve(card(preprocess_steps=["steps.old", "steps.old"]), parts).notes == ["use steps.rename"]


def test_unknown_types_are_kept_where_that_is_allowed(parts: Catalogs) -> None:
    data = {"__type__": "sequential_operator", "steps": [{"__type__": "mystery", "x": "steps.rename"}, "steps.rename"]}
    with pytest.raises(ArtifactError, match="mystery"):
        resolve(data, parts)
    found = resolve(data, parts, lenient=True)
    assert found.data["steps"] == [{"__type__": "mystery", "x": "steps.rename"}, STEP]
    assert found.unknown_types == {"mystery": 1}


# -- hash --------------------------------------------------------------------------------------------------------------


def hash_of(data: Any, catalog: Catalogs | None = None) -> str:
    return resolve(data, catalog).hash


def test_two_spellings_of_one_card_have_one_hash(parts: Catalogs) -> None:
    plain = hash_of(card(), parts)
    assert len(plain) == 64
    assert hash_of(card(preprocess_steps=[STEP]), parts) == plain, "a reference, or what it leads to"
    assert hash_of(card(__description__="x", __tags__={"a": "b"}), parts) == plain, "what is for people"
    assert hash_of(dict(reversed(card().items())), parts) == plain, "order of arguments"
    assert hash_of(card(preprocess_steps=[{**STEP, "process_every_value": False}]), parts) == plain, "defaults"
    assert hash_of(card(preprocess_steps=["steps.rename[to_field=b]"]), parts) == plain
    assert content_hash(to_data(build(resolve(card(), parts).data)), resolve(card(), parts).named) == plain


def test_other_cards_have_other_hashes(parts: Catalogs, add: Add) -> None:
    hashes = [
        hash_of(card(), parts),
        hash_of(card(preprocess_steps=["steps.rename[to_field=c]"]), parts),
        hash_of(card(preprocess_steps=["steps.rename", "steps.rename"]), parts),
        hash_of(card(preprocess_steps=None), parts),
    ]
    add("metrics.one", {"__type__": "rouge"})
    hashes.append(hash_of(card(), parts))
    assert len(set(hashes)) == len(hashes)


def test_values_count_by_their_type() -> None:
    def of(value: Any) -> str:
        return content_hash({"__type__": "set", "fields": {"a": value}})

    assert len({of(1), of(1.0), of(True), of("1"), of(None)}) == 5
    assert of({"x": 1, "y": 2}) != of({"y": 2, "x": 1}), "operators go through mappings in order"
    assert content_hash({"__type__": "llm_as_judge", "x": 1}) != content_hash({"__type__": "llm_as_judge", "x": 2})


def test_aliases_of_a_type_are_the_same() -> None:
    assert content_hash({"__type__": "standard_recipe", "card": "c"}) == content_hash(
        {"__type__": "dataset_recipe", "card": "c"}
    )


def test_an_artifact_is_what_a_class_says_it_is() -> None:
    assert issubclass(Rename, Artifact)
    assert Rename(field="a", to_field="b").needs() is None
