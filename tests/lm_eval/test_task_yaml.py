from __future__ import annotations

import pytest

from regrade.errors import RecipeError
from regrade.lm_eval import functions, task_yaml
from regrade.lm_eval.groups import Group, GroupMetric, Member
from regrade.lm_eval.task_yaml import DUPLICATES, function_ref, load_config, load_task_file
from regrade.schema import FilterStep, FunctionRef, MetricSpec, Recipe


@pytest.fixture
def write(tmp_path):
    def make(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return make


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A stand-in for the installed harness."""
    root = tmp_path / "site" / "lm_eval"
    root.mkdir(parents=True)
    for cached in (functions.package_root, task_yaml._installed, task_yaml._in_installed_package):
        cached.cache_clear()
    monkeypatch.setattr(functions, "package_root", lambda package="lm_eval": root)
    yield root
    for cached in (task_yaml._installed, task_yaml._in_installed_package):
        cached.cache_clear()


def test_a_task(write):
    write("utils.py", "def process(doc, results): ...\ndef strip(x): ...\ndef agg(x): ...\n")
    path = write(
        "task.yaml",
        """
task: mine
dataset_path: some/data
doc_to_text: "{{question}}"
doc_to_target: !function utils.target
process_results: !function utils.process
fewshot_config: {sampler: first_n}
use_prompt: null
metric_list:
  - metric: score
    aggregation: !function utils.agg
    higher_is_better: true
    k: [1, 2]
filter_list:
  - name: cut
    filter:
      - function: custom
        filter_fn: !function utils.strip
      - function: take_first
metadata:
  version: 2
strange: !thing {a: 1}
""",
    )
    recipe = load_task_file(path)
    assert isinstance(recipe, Recipe)
    utils = str(path.with_name("utils.py"))
    assert recipe.process_results == FunctionRef("process", utils, "file")
    assert recipe.doc_to_target == FunctionRef("target", utils, "file")
    assert recipe.metrics == [MetricSpec("score", FunctionRef("agg", utils, "file"), True, {"k": [1, 2]})]
    assert recipe.filters[0].steps[0] == FilterStep("custom", {"filter_fn": FunctionRef("strip", utils, "file")})
    assert recipe.metadata["dataset_path"] == "some/data"
    assert recipe.metadata["fewshot_config"] == {"sampler": "first_n"}
    assert recipe.metadata["strange"] == {"a": 1}
    assert recipe.version == 2
    assert "--trust-code" in recipe.needs["process_results"]


def test_includes(write):
    write("deep/base.yaml", "doc_to_text: base\ndoc_to_target: base\nrepeats: 2\ntask_list: [1]\nf: !function fns.f\n")
    write("deep/fns.py", "def f(): ...\n")
    write("other_yaml", "doc_to_target: other\n")
    write("middle.yaml", "include:\n  - deep/base.yaml\n  - other_yaml\ntag: [x]\n")
    path = write("leaf.yaml", "include: middle.yaml\ntask: leaf\ndoc_to_text: leaf\n")
    config = load_config(path)
    assert "task_list" not in config
    assert config["f"] == FunctionRef("f", str(path.parent / "deep" / "fns.py"), "file")
    recipe = load_task_file(path, {"repeats": 5})
    assert (recipe.doc_to_text, recipe.doc_to_target, recipe.repeats) == ("leaf", "other", 5)
    assert recipe.metadata["tag"] == ["x"]


def test_a_task_without_a_name_has_its_files(write):
    assert load_task_file(write("nameless.yaml", "doc_to_target: a\n")).task == "nameless"


def test_groups(write):
    path = write(
        "group.yaml",
        """
group: all
group_alias: Everything
task:
  - first
  - task: second
    num_fewshot: 5
  - group: inner
    task: [third, fourth]
    aggregate_metric_list: {metric: acc, weight_by_size: false}
  - group: known
    num_fewshot: 1
  - task: own
    dataset_path: d
    doc_to_text: q
    doc_to_target: a
num_fewshot: 3
aggregate_metric_list:
  - metric: acc
    aggregation: mean
    filter_list: none
  - metric: exact_match
    weight_by_size: false
    filter_list: [strict, flexible]
metadata: {version: 1}
""",
    )
    group = load_task_file(path)
    assert isinstance(group, Group)
    assert (group.name, group.alias, group.version) == ("all", "Everything", 1)
    assert group.overrides == {"num_fewshot": 3}
    assert group.metrics == [
        GroupMetric("acc", ["none"], True),
        GroupMetric("exact_match", ["strict", "flexible"], False),
    ]
    first, second, inner, known, own = group.members
    assert (first, second) == (Member("first"), Member("second", {"num_fewshot": 5}))
    assert isinstance(inner, Group)
    assert (inner.name, inner.members) == ("all::inner", [Member("third"), Member("fourth")])
    assert inner.metrics == [GroupMetric("acc", None, False)]
    assert known == Member("known", {"num_fewshot": 1})
    assert isinstance(own, Recipe)
    assert own.task == "all::own"


def test_group_beside_a_task_was_a_tag(write):
    assert isinstance(load_task_file(write("old.yaml", "group: [x]\ntask: t\ndoc_to_target: a\n")), Recipe)


def test_python_classes(write):
    recipe = load_task_file(write("class.yaml", "task: squad\nclass: !function task.SQuAD\n"))
    assert "Python class of the harness (SQuAD)" in recipe.needs["process_results"]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("task: a\nb: [1, 2\nc: 3\n", "3:2", "not YAML"),
        ("a: 'x\n", "2:1", "not YAML"),
        ("- 1\n", None, "a task file is a mapping; this one holds list"),
        ("", None, "holds nothing"),
        ("task: t\ninclude: absent.yaml\n", None, "absent.yaml cannot be read"),
        ("task: t\nmetric_list: [{aggregation: mean}]\n", None, "metric_list"),
        ("group: g\ntask: [[1]]\n", None, "neither a name nor a mapping"),
        ("group: g\ntask: [a]\naggregate_metric_list: [{metric: acc, aggregation: max}]\n", None, "only 'mean'"),
    ],
)
def test_errors_name_the_place(write, text, place, message):
    path = write("bad.yaml", text)
    with pytest.raises(RecipeError, match=message) as caught:
        load_task_file(path)
    assert caught.value.where.startswith(f"{path}:{place}" if place else str(path))


def test_a_file_that_includes_itself(write):
    write("a.yaml", "include: b.yaml\n")
    path = write("b.yaml", "include: a.yaml\n")
    with pytest.raises(RecipeError, match="includes itself"):
        load_task_file(path)


def test_missing_file(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read"):
        load_task_file(tmp_path / "none.yaml")


def test_duplicate_keys_are_noted(write):
    path = write("twice.yaml", "task: a\ndoc_to_target: x\nm: {k: 1, k: 2}\ntask: b\n")
    recipe = load_task_file(path)
    assert recipe.task == "b"
    assert recipe.metadata[DUPLICATES] == [f"{path}:4: task", f"{path}:3: k"]


def test_where_functions_come_from(write, package, tmp_path):
    (package / "tasks" / "x").mkdir(parents=True)
    utils = package / "tasks" / "x" / "utils.py"
    utils.write_text("def f(): ...\n")
    assert function_ref("utils.f", utils.with_name("t.yaml")) == FunctionRef("f", str(utils), "package")
    assert function_ref("utils.Class.f", utils.with_name("t.yaml")).name == "Class.f"
    assert function_ref("absent.f", utils.with_name("t.yaml")).origin == "package"  # and its file does not exist
    # A loose task file reaches neither the standard library nor other installed packages without trust.
    for spec in ("os.system", "subprocess.getoutput", "numpy.load", "jinja2.utils.import_string"):
        ref = function_ref(spec, tmp_path / "t.yaml")
        assert ref.origin == "file", spec
    assert function_ref("jinja2.utils.import_string", tmp_path / "t.yaml").file.endswith("jinja2/utils.py")


def test_a_loose_file_may_name_the_harness(harness, tmp_path):
    ref = function_ref("lm_eval.tasks.ifeval.utils.process_results", tmp_path / "t.yaml")
    assert (ref.origin, ref.name) == ("package", "process_results")
