"""Loaders of the hub: local folders in place of data sets and spaces, and the cache without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.errors import InputError, UnavailableError
from regrade.rows.loaders import Loader, Loading

SHA = "c" * 40


def write(path: Path, *numbers: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"n": n}) + "\n" for n in numbers))


def numbers(data: dict[str, Any], loading: Loading | None = None) -> dict[str, list[int]]:
    return {name: [row["n"] for row in rows] for name, rows in build(data, Loader).load(loading).items()}


SPACE = {
    "__type__": "load_from_hf_space",
    "space_name": "org/arena",
    "revision": "v1",
    "data_files": {"questions": "data/bench/question.jsonl", "answers": ["data/bench/answers/*.jsonl"]},
}


@pytest.mark.parametrize("folder", ["data/bench", "bench", ""])
def test_a_folder_stands_in_for_a_space(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "question.jsonl", 1)
    write(tmp_path / folder / "answers/b.jsonl", 3)
    write(tmp_path / folder / "answers/a.jsonl", 2)
    assert numbers(SPACE, Loading(tmp_path)) == {"questions": [1], "answers": [2, 3]}
    assert numbers({**SPACE, "data_files": "question.jsonl"}, Loading(tmp_path / folder)) == {"train": [1]}


def test_what_is_missing_in_it_is_named(tmp_path: Path) -> None:
    write(tmp_path / "question.jsonl", 1)
    with pytest.raises(InputError, match=r"no file stands in for data/bench/answers/\*\.jsonl of the space org/arena"):
        numbers(SPACE, Loading(tmp_path))


def test_a_space_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    cached = tmp_path / "cache" / "spaces--org--arena"
    write(cached / "snapshots" / SHA / "data/bench/question.jsonl", 1)
    write(cached / "snapshots" / SHA / "data/bench/answers/a.jsonl", 2)
    (cached / "refs").mkdir()
    (cached / "refs" / "v1").write_text(SHA)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    loading = Loading()
    assert numbers(SPACE, loading) == {"questions": [1], "answers": [2]}
    assert loading.revisions == {"hf://spaces/org/arena": SHA}
    assert numbers({**SPACE, "loader_limit": 0}) == {"questions": [], "answers": []}
    with pytest.raises(InputError, match="the cache does not have the space") as caught:
        numbers({**SPACE, "space_name": "org/other"})
    assert caught.value.hint == "fetch it where there is a network: hf download --repo-type space org/other"


def test_a_data_set_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    cached = tmp_path / "cache" / "datasets--org--set"
    snapshot = cached / "snapshots" / SHA
    write(snapshot / "hard/train-0.jsonl", *range(10))
    write(snapshot / "hard/test-0.jsonl", 10, 11)
    write(snapshot / "extra/notes.jsonl", 99)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(SHA)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    data = {"__type__": "load_hf", "path": "org/set", "name": "hard"}
    loading = Loading()
    assert numbers(data, loading) == {"test": [10, 11], "train": list(range(10))}
    assert loading.revisions == {"hf://datasets/org/set/hard": SHA}
    assert numbers({**data, "splits": ["test"]}) == {"test": [10, 11]}
    assert numbers({**data, "split": "train[:3]"}) == {"train[:3]": [0, 1, 2]}
    assert numbers({**data, "split": "train[50%:80%]+test[-1:]"}) == {"train[50%:80%]+test[-1:]": [5, 6, 7, 11]}
    assert numbers({**data, "name": None, "data_dir": "extra"}) == {"train": [99]}
    files = {"a": "hard/t*-0.jsonl", "b": ["extra/notes.jsonl"]}
    assert numbers({**data, "data_files": files}) == {"a": [10, 11, *range(10)], "b": [99]}
    for more, message in (
        ({"split": "dev"}, "no split 'dev'"),
        ({"splits": ["train", "dev"]}, "no split 'dev'"),
        ({"data_files": "none.jsonl"}, "no file is what data_files names for 'train'"),
        ({"name": "soft"}, "no configuration 'soft'"),
    ):
        with pytest.raises(InputError, match=message):
            numbers({**data, **more})


@pytest.mark.parametrize(
    "names",
    [
        ("org/set/test.jsonl", "org/set/train.jsonl"),
        ("set/data/test-00000-of-00001.jsonl", "set/data/train-00000-of-00001.jsonl"),
        ("test.jsonl", "train.jsonl"),
        ("hard/test.jsonl", "hard/train.jsonl"),
        ("set/hard/test.jsonl", "set/hard/train.jsonl"),
    ],
)
def test_a_folder_stands_in_for_a_data_set(tmp_path: Path, names: tuple[str, str]) -> None:
    write(tmp_path / names[0], 1, 2)
    write(tmp_path / names[1], 3)
    data = {"__type__": "load_hf", "path": "org/set", "name": "hard"}
    assert numbers(data, Loading(tmp_path)) == {"test": [1, 2], "train": [3]}
    assert numbers({**data, "splits": ["test"]}, Loading(tmp_path)) == {"test": [1, 2]}


def test_splits_of_other_names(tmp_path: Path) -> None:
    write(tmp_path / "human_eval.jsonl", 1)
    write(tmp_path / "other.jsonl", 2)
    data = {"__type__": "load_hf", "path": "org/set", "splits": ["human_eval"]}
    assert numbers(data, Loading(tmp_path)) == {"human_eval": [1]}
    with pytest.raises(InputError, match="holds no rows of org/set, configuration x"):
        numbers({"__type__": "load_hf", "path": "org/set", "name": "x"}, Loading(tmp_path / "none"))


def test_every_row_has_every_column(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"a": 1}\n{"b": "x"}\n')
    rows = build({"__type__": "load_hf", "path": "org/set"}, Loader).load(Loading(tmp_path))["test"]
    assert [(row["a"], row["b"]) for row in rows] == [(1, None), (None, "x")]
    assert [row["data_classification_policy"] for row in rows] == [["public"]] * 2


@pytest.mark.parametrize(
    "data",
    [
        {"__type__": "load_from_kaggle", "url": "https://www.kaggle.com/datasets/someone/something"},
        {"__type__": "load_from_api", "urls": {"test": "https://example.org/rows"}},
    ],
)
def test_services_are_not_asked(tmp_path: Path, data: dict[str, Any]) -> None:
    with pytest.raises(UnavailableError, match="is not asked") as caught:
        numbers(data)
    assert "--data" in str(caught.value.hint)
    write(tmp_path / "test.jsonl", 7)
    assert numbers(data, Loading(tmp_path)) == {"test": [7]}


def test_sklearn_rows_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", 1)
    write(tmp_path / "test.jsonl", 2)
    data = {"__type__": "load_from_sklearn", "dataset_name": "20newsgroups"}
    assert numbers(data, Loading(tmp_path)) == {"train": [1], "test": [2]}


def test_tables_with_annotated_columns(tmp_path: Path) -> None:
    cells = [[[[0, 0], [1, "Rome"]], [[1, 0], [2, "Oslo"]], [[2, 0], [3, "Bern"]]], [[[1, 1], [4, "Norway"]]]]
    table = ["id", "Capitals", 7, "List", "All", ["City", "Land"], cells, [["location.city"], ["location.country"]]]
    (tmp_path / "dev.table_col_type.json").write_text(json.dumps([table]))
    loader = build({"__type__": "turl_column_type_annotation_loader"}, Loader)
    first, second = loader.load(Loading(tmp_path))["validation"]
    assert first == {
        "page_title": "Capitals",
        "section_title": "List",
        "table_caption": "All",
        "table": {"header": ["City", "Land"], "rows": [["Rome", ""], ["Oslo", "Norway"]]},
        "colname": "City",
        "annotations": ["location.city"],
        "data_classification_policy": ["public"],
    }
    assert (second["colname"], second["annotations"]) == ("Land", ["location.country"])


@pytest.mark.parametrize(
    "text", ["lambda x: __import__('os').system('id')", "lambda x, y: x", "x['n'] == 1", "lambda x:", "", "lambda: 1"]
)
def test_filters_that_are_no_condition_are_refused(text: str) -> None:
    data = {"__type__": "load_hf", "path": "org/data", "filtering_lambda": text}
    with pytest.raises(ArtifactError, match=r"load_hf: ") as caught:
        build(data, Loader)
    assert caught.value.path == ("filtering_lambda",)
    assert "code is never run" in (caught.value.hint or "")
