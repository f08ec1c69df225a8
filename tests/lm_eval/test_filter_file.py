from __future__ import annotations

import json

import pytest

from regrade.errors import RecipeError, UsageError
from regrade.lm_eval.filter_file import load_filters, quick_extractor
from regrade.schema import FilterPipeline, FilterStep

STRICT = FilterPipeline("strict", [FilterStep("regex", {"regex_pattern": "#### (.*)"}), FilterStep("take_first")])

LIST = """
- name: strict
  filter:
    - function: regex
      regex_pattern: "#### (.*)"
    - function: take_first
"""
MAPPING = """
strict:
  - function: regex
    regex_pattern: "#### (.*)"
  - take_first
"""
TASK = "task: t\nfilter_list:\n" + LIST.replace("\n", "\n  ")
JSON = json.dumps([{"name": "strict", "filter": [{"function": "regex", "regex_pattern": "#### (.*)"}, "take_first"]}])


@pytest.mark.parametrize(
    ("name", "text"), [("a.yaml", LIST), ("a.yml", MAPPING), ("a.yaml", TASK), ("a.json", JSON), ("a.txt", JSON)]
)
def test_shapes(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    assert load_filters(path) == [STRICT]


@pytest.mark.parametrize(
    ("name", "text", "place", "message"),
    [
        ("a.yaml", "- name: x\n  filter: ]", ":2:11", "not YAML"),
        ("a.json", '[{"name": ]', ":1:11", "not JSON"),
        ("a.yaml", "", "", "no filter pipelines"),
        ("a.yaml", "3", "", "no filter pipelines"),
        ("a.yaml", "- filter: [take_first]", "", "'name'"),
        ("a.yaml", "- {name: x, filter: [{regex_pattern: x}]}", "", "'function'"),
        ("a.yaml", "x: []", "", "'x' has no steps"),
        ("a.yaml", "- {name: x, filter: [take_first]}\n- {name: x, filter: [take_first]}", "", "two filter pipelines"),
    ],
)
def test_errors_name_the_place(tmp_path, name, text, place, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(RecipeError, match=message) as caught:
        load_filters(path)
    assert caught.value.where == f"{path}{place}"


def test_missing_file(tmp_path):
    for name in ("none.yaml", "none.json"):
        with pytest.raises(RecipeError, match="cannot be read"):
            load_filters(tmp_path / name)


def test_quick_extractor():
    assert quick_extractor("strict=#### (.*)") == STRICT
    assert quick_extractor(r"mine=a=(\d+)").steps[0].arguments == {"regex_pattern": r"a=(\d+)"}
    for wrong in ("pattern", "=x", "name=", " =x"):
        with pytest.raises(UsageError, match="NAME=REGEX"):
            quick_extractor(wrong)
    with pytest.raises(UsageError, match="at position 1"):
        quick_extractor("name=((")
