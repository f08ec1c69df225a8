"""Catalogs: names, search order, links, and the data of the installed unitxt."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from regrade.artifacts import ArtifactError, CatalogFolder, Catalogs, default_catalog, open_catalogs
from regrade.artifacts.catalogs import bundled_folder
from regrade.errors import UsageError

Add = Callable[..., Path]


def test_names_are_paths(add: Add, catalog: Catalogs) -> None:
    add("steps.lower", {"__type__": "lower"})
    add("steps.deep.er", "__type__: upper\n", ".yaml")
    add("steps.other", "__type__: strip\n", ".yml")
    add("steps.notes", "not an artifact", ".txt")
    assert list(catalog.names()) == ["steps.deep.er", "steps.lower", "steps.other"]
    assert catalog.fetch("steps.deep.er") == {"__type__": "upper"}
    assert "steps.lower" in catalog
    assert "steps" not in catalog


@pytest.mark.parametrize(
    "name", ["..secret", "../secret", "a/../../secret", "/etc/passwd", "steps..secret", "", ".", "a b"]
)
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path, add: Add, catalog: Catalogs) -> None:
    (tmp_path / "secret.json").write_text('{"__type__": "lower"}', encoding="utf-8")
    assert catalog.find(name) is None
    with pytest.raises(ArtifactError):
        catalog.fetch(name)


def test_no_link_of_the_file_system_leads_out_of_the_folder(tmp_path: Path, add: Add, catalog: Catalogs) -> None:
    (tmp_path / "secret.json").write_text('{"__type__": "lower"}', encoding="utf-8")
    (tmp_path / "catalog" / "inside.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(ArtifactError, match="leads out of the catalog"):
        catalog.fetch("inside")


def test_the_first_catalog_that_has_a_name_is_taken(tmp_path: Path) -> None:
    for folder, kind in (("first", "lower"), ("second", "upper")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "both.json").write_text(f'{{"__type__": "{kind}"}}', encoding="utf-8")
    (tmp_path / "second" / "one.json").write_text('{"__type__": "strip"}', encoding="utf-8")
    catalogs = Catalogs([CatalogFolder(tmp_path / "first"), CatalogFolder(tmp_path / "second")])
    assert catalogs.fetch("both")["__type__"] == "lower"
    assert catalogs.fetch("one")["__type__"] == "strip"
    assert catalogs.names()["both"] == tmp_path / "first" / "both.json"


def test_the_search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in "abc":
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("REGRADE_CATALOGS", os.pathsep.join([str(tmp_path / "b"), "", str(tmp_path / "c")]))
    folders = [folder.folder for folder in open_catalogs([tmp_path / "a"]).folders]
    assert folders == [tmp_path / "a", tmp_path / "b", tmp_path / "c", bundled_folder().folder]
    assert [folder.folder for folder in default_catalog().folders] == folders[1:]
    monkeypatch.setenv("REGRADE_CATALOGS", str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="is no folder"):
        open_catalogs()


def test_a_changed_file_is_read_again(add: Add, catalog: Catalogs) -> None:
    path = add("a", {"__type__": "lower"})
    assert catalog.fetch("a") is catalog.fetch("a")
    path.write_text('{"__type__": "upper", "field": "x"}', encoding="utf-8")
    assert catalog.fetch("a")["__type__"] == "upper"


def test_arguments_replace_those_of_the_artifact(add: Add, catalog: Catalogs) -> None:
    add("a", {"__type__": "rename", "field": "x", "to_field": "y"})
    assert catalog.fetch("a[to_field=z]") == {"__type__": "rename", "field": "x", "to_field": "z"}
    assert catalog.fetch("a")["to_field"] == "y", "the catalog's own data stays as it is"


def test_links(add: Add, catalog: Catalogs) -> None:
    add("old", {"__type__": "artifact_link", "to": "older[to_field=z]", "__deprecated_msg__": "use new"})
    add("older", {"__type__": "artifact_link", "to": "new[field=w]", "__deprecated_msg__": None})
    add("new", {"__type__": "rename", "field": "x", "to_field": "y"})
    found = catalog.follow("old[field=v]")
    assert found.name == "new"
    assert found.data == {"__type__": "rename", "field": "v", "to_field": "z"}, "the nearest to the user counts"
    assert found.notes == ("use new",)


def test_links_in_a_circle(add: Add, catalog: Catalogs) -> None:
    add("a", {"__type__": "artifact_link", "to": "b"})
    add("b", {"__type__": "artifact_link", "to": "a[x=1]"})
    with pytest.raises(ArtifactError, match="circle: a to b to a"):
        catalog.fetch("a")


def test_names_like_the_one_that_is_not_there(add: Add, catalog: Catalogs) -> None:
    add("metrics.accuracy", {"__type__": "accuracy"})
    add("processors.lower_case", {"__type__": "lower"})
    with pytest.raises(ArtifactError) as error:
        catalog.fetch("metrics.acuracy")
    assert error.value.hint == "did you mean metrics.accuracy?"
    with pytest.raises(ArtifactError) as error:
        catalog.fetch("postprocessing.lower_case")
    assert error.value.hint == "did you mean processors.lower_case?"
    with pytest.raises(ArtifactError) as error:
        catalog.fetch("lower_cas")
    assert error.value.hint == "did you mean processors.lower_case?"


def test_a_path_is_no_name(tmp_path: Path, catalog: Catalogs) -> None:
    (tmp_path / "mine.yaml").write_text("a: 1")
    (tmp_path / "mine.txt").write_text("a: 1")
    for given, what, hint in (
        (f"{tmp_path}/mine.yam", f"{tmp_path}/mine.yam: no such file", f"did you mean {tmp_path}/mine.yaml?"),
        (f"{tmp_path}/other", f"{tmp_path}/other: no such file", "such files end in .yaml, .yml, .json"),
        (f"{tmp_path}", f"{tmp_path} is a folder, and no file of it was named", None),
        (
            f"{tmp_path}/mine.txt",
            f"{tmp_path}/mine.txt: the file's name says neither YAML nor JSON",
            "its ending is one",
        ),
    ):
        with pytest.raises(ArtifactError) as error:
            catalog.fetch(given)
        assert error.value.what == what
        assert str(error.value.hint).startswith(str(hint))


def test_cards_may_be_named_without_their_folder(add: Add, catalog: Catalogs) -> None:
    add("cards.mine", {"__type__": "task_card"})
    assert catalog.full_name("mine", "card") == "cards.mine"
    assert catalog.full_name("mine[a=1]", "card") == "cards.mine[a=1]"
    assert catalog.full_name("cards.mine", "card") == "cards.mine"
    assert catalog.full_name("other", "card") == "other"


@pytest.mark.parametrize("content", ["[1]", '{"a": 1}', "{", '"text"'])
def test_a_file_that_holds_no_artifact(content: str, add: Add, catalog: Catalogs) -> None:
    path = add("a", content)
    with pytest.raises(ArtifactError) as error:
        catalog.fetch("a")
    assert str(path) in str(error.value)


def test_unitxts_catalogue_is_read_without_importing_it(unitxt: Catalogs) -> None:
    assert len(unitxt.names()) > 4900
    assert unitxt.fetch("cards.wnli")["task"] == "tasks.classification.multi_class.relation"
    assert "unitxt" not in sys.modules


def test_the_bundled_catalog_and_unitxts_mean_the_same_by_a_name(unitxt: Catalogs) -> None:
    """Formats, metrics and splitters are facts: the same name is the same artifact."""
    from regrade.artifacts.resolve import resolve

    bundled = Catalogs([bundled_folder()])
    names = [
        name for name in bundled.names() if name.split(".")[0] in ("formats", "metrics", "splitters", "serializers")
    ]
    both = [name for name in names if name in unitxt]
    assert len(both) > 90
    for name in both:
        assert resolve(name, bundled).hash == resolve(name, unitxt).hash, name
