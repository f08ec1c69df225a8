from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import RecipeError, UnavailableError
from regrade.lm_eval import index as index_module
from regrade.lm_eval.groups import Group
from regrade.lm_eval.index import (
    Entry,
    TaskIndex,
    find_group,
    find_task,
    find_tasks,
    installed_index,
    naming_keys,
)
from regrade.lm_eval.task_yaml import load_yaml

TASK = "doc_to_text: q\ndoc_to_target: a\n"
TREE = {
    "a/one.yaml": f"task: one\ntag: [x, 'y']\n{TASK}",
    "a/two.yaml": f'"task": "two"\n"tag":\n  - x  # a comment\n  # another\n  - z\n{TASK}',
    "a/three.yaml": "include: _base\ntask: three\n",
    "a/_base": f"tag: x\ntask: overridden\ngroup_alias: no\n{TASK}",
    "a/group.yaml": "group: all\ntask:\n  - one\n  - task: two\n    repeats: 7\n  - x\n  - inner\nrepeats: 3\n",
    "b/inner.yaml": "group: inner\ntask: [four]\naggregate_metric_list: {metric: acc}\n",
    "b/four.yaml": f"task: four\nclass: !function t.Four\n{TASK}",
    "b/again.yaml": f"task: one\n{TASK}",
    "b/same_name_as_tag.yaml": f"task: z\n{TASK}",
    "b/number.yaml": f"task: 12\n{TASK}",
    "b/none.yaml": TASK,
    "b/broken.yaml": "task: [oops\n",
    "b/absent.yaml": "include: not_there\n",
    "b/__pycache__/cached.yaml": f"task: cached\n{TASK}",
    "b/anchored.yaml": f"task: &name anchored\ntag: [*name]\n{TASK}",
    "b/block.yaml": f"description: |\n  x\ntask: >-\n  folded\n{TASK}",
    "b/tricky.yaml": f'description: "a\n\ntask: not this"\ntask: tricky\n{TASK}',
}


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "lm_eval" / "tasks"
    for name, text in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def installed(tree, tmp_path, monkeypatch):
    """The tree in place of the installed package, with a cache of its own."""
    monkeypatch.setattr(index_module, "package_root", lambda package="lm_eval": tree.parent)
    monkeypatch.setattr(index_module, "_version", lambda: "1.2.3")
    monkeypatch.setattr(index_module, "in_install_directory", lambda path: True)
    monkeypatch.setattr(index_module, "_installed", None)
    monkeypatch.setenv("REGRADE_CACHE_DIR", str(tmp_path / "cache"))
    return tree


def forget(monkeypatch):
    monkeypatch.setattr(index_module, "_installed", None)


def test_scan(tree):
    index = TaskIndex.scan(tree)
    assert index.entries == {
        "one": Entry("task", "a/one.yaml", ("x", "y")),
        "two": Entry("task", "a/two.yaml", ("x", "z")),
        "three": Entry("task", "a/three.yaml", ("x",)),
        "all": Entry("group", "a/group.yaml"),
        "inner": Entry("group", "b/inner.yaml"),
        "four": Entry("class", "b/four.yaml"),
        "z": Entry("task", "b/same_name_as_tag.yaml"),
        "anchored": Entry("task", "b/anchored.yaml", ("anchored",)),
        "folded": Entry("task", "b/block.yaml"),
        "tricky": Entry("task", "b/tricky.yaml"),
        "x": Entry("tag", "", ("one", "three", "two")),
        "y": Entry("tag", "", ("one",)),
    }
    assert set(index.skipped) == {"b/again.yaml", "b/number.yaml", "b/none.yaml", "b/broken.yaml", "b/absent.yaml"}


def test_look_up(installed):
    assert find_task("three").doc_to_target == "a"
    assert find_task("three").task == "three"
    assert list(find_tasks("x")) == ["one", "three", "two"]
    tasks = find_tasks("all")
    assert list(tasks) == ["one", "two", "three", "four"]
    assert [recipe.repeats for recipe in tasks.values()] == [3, 3, 3, 3]  # the tag's turn comes last, without overrides
    assert "Python class" in tasks["four"].needs["process_results"]
    assert isinstance(find_group("all"), Group)


def test_errors_suggest(installed):
    with pytest.raises(RecipeError, match="did you mean three") as caught:
        find_task("thre")
    assert caught.value.hint == "did you mean three?"
    with pytest.raises(RecipeError, match="is a group, not a task"):
        find_task("all")
    with pytest.raises(RecipeError, match="is a tag, not a task"):
        find_task("x")
    with pytest.raises(RecipeError, match="is a task, not a group"):
        find_group("one")


def test_not_installed(monkeypatch):
    monkeypatch.setattr(index_module, "package_root", lambda package="lm_eval": None)
    with pytest.raises(UnavailableError, match=r"pip install 'regrade\[lm-eval\]'"):
        find_task("gsm8k")


def test_the_cache(installed, tmp_path, monkeypatch):
    reads = []
    real = index_module._Scan.run
    monkeypatch.setattr(index_module._Scan, "run", lambda self: reads.append(1) or real(self))
    first = installed_index().entries
    (cache,) = (tmp_path / "cache").iterdir()
    assert "1.2.3" in cache.name
    forget(monkeypatch)
    assert installed_index().entries == first
    assert len(reads) == 1

    forget(monkeypatch)
    cache.write_bytes(cache.read_bytes()[:100])  # damaged
    assert installed_index().entries == first
    assert len(reads) == 2

    forget(monkeypatch)
    (installed / "a" / "new.yaml").write_text(f"task: new\n{TASK}")  # the tree has changed
    os.utime(installed / "a", ns=(1, 1))
    assert "new" in installed_index().entries
    assert len(reads) == 3

    forget(monkeypatch)
    monkeypatch.setattr(index_module, "_version", lambda: "1.2.4")
    assert "new" in installed_index().entries
    assert len(reads) == 4


def test_a_cache_that_cannot_be_written(installed, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REGRADE_CACHE_DIR", str(tmp_path / "file" / "below"))
    assert find_task("one").task == "one"


def test_a_working_copy_is_read_again_for_unknown_names(installed, monkeypatch):
    monkeypatch.setattr(index_module, "in_install_directory", lambda path: False)
    assert find_task("one")
    (installed / "a" / "one.yaml").write_text(f"task: renamed\n{TASK}")
    assert find_task("renamed").task == "renamed"


words = st.sampled_from(
    ["name", "a b", "x-1", "12", "true", "null", "1e3", "a#b", "a #b", "", "'q'", '"q"', "[a, b]", "y"]
)
words |= st.sampled_from(
    ["[]", "['a', b]", "{a: b}", "a: b", "&x a", "!function a.b", "|", "- a", '"a\\nb"', "0x1", "é"]
)
lines = st.builds(
    lambda key, colon, value: f"{key}{colon}{value}",
    st.sampled_from(["task", "'tag'", '"group"', "tag", "include", "other", "class"]),
    st.sampled_from([": ", ":", ":  ", " : ", ":\n  - ", ":\n- "]),
    words,
)


@given(st.lists(lines, min_size=1, max_size=3).map("\n".join))
def test_lines_say_what_yaml_says(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "lines.yaml"
    path.write_text(text)
    keys = naming_keys(text.encode())
    if keys is None:
        return
    try:
        parsed = load_yaml(path)
    except RecipeError:
        return
    if not isinstance(parsed, dict):
        return
    named = {key: value for key, value in parsed.items() if key in ("task", "group", "tag", "include", "class")}
    assert keys.keys() == named.keys()
    for key, value in keys.items():
        if value is not True:
            assert value == named[key]


def test_the_installed_harness(harness, tmp_path, monkeypatch):
    """Names, kinds, files and tags equal those of ``lm_eval.tasks.TaskManager`` (recorded: a digest of them)."""
    if harness != "0.4.13":
        pytest.skip(f"recorded with lm-eval 0.4.13, installed is {harness}")
    monkeypatch.setenv("REGRADE_CACHE_DIR", str(tmp_path))
    forget(monkeypatch)
    entries = installed_index().entries
    kinds = [entry.kind for entry in entries.values()]
    assert len(entries) == 14_683
    assert (kinds.count("group"), kinds.count("tag"), kinds.count("task") + kinds.count("class")) == (855, 705, 13_123)
    rows = sorted(f"{name}\t{e.kind}\t{e.path}\t{' '.join(sorted(e.tags))}" for name, e in entries.items())
    assert hashlib.sha256("\n".join(rows).encode()).hexdigest() == RECORDED
    forget(monkeypatch)
    start = time.process_time()
    assert find_task("gsm8k").metrics[0].name == "exact_match"
    assert time.process_time() - start < 1
    assert len(find_tasks("mmlu")) == 57
    ifeval = find_task("ifeval")
    assert ifeval.process_results.origin == "package"
    assert not ifeval.needs
    assert "code execution" in find_task("humaneval").needs["build_predictions"]


RECORDED = "563524109f59a8da8e3bf6a8f3205173914b2ec858fcac6c5afbd7b0a7b4f4e4"


def test_the_harness_is_not_imported(harness):
    program = (
        "import sys\n"
        "from regrade.lm_eval.index import find_task\n"
        "find_task('gsm8k')\n"
        "assert 'lm_eval' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.slow
def test_equals_the_task_manager(harness, tmp_path, monkeypatch):
    manager = pytest.importorskip("lm_eval.tasks").TaskManager()
    monkeypatch.setenv("REGRADE_CACHE_DIR", str(tmp_path))
    forget(monkeypatch)
    index = installed_index()
    assert sorted(index.entries) == manager.all_tasks
    kinds = {"TASK": "task", "PY_TASK": "class", "GROUP": "group", "TAG": "tag"}
    for name, theirs in manager.task_index.items():
        ours = index.entries[name]
        assert ours.kind == kinds[theirs.kind.name], name
        if theirs.yaml_path:
            assert index.root / ours.path == theirs.yaml_path, name
        elif ours.kind == "tag":
            assert set(ours.tags) == theirs.tags, name
