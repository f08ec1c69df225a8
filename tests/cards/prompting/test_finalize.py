"""Rows as Unitxt's datasets hold them. The expected row is Unitxt 1.26.10's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from regrade.artifacts import build, default_catalog
from regrade.cards.prompting.finalize import FinalizeDataset, data_of
from regrade.cards.prompting.template import Template
from regrade.cards.prompting.text_templates import InputOutputTemplate

TEMPLATE = InputOutputTemplate(input_format="{q}", output_format="{a}")


def row() -> dict[str, Any]:
    fields = {"input_fields": {"q": "x"}, "reference_fields": {"a": 1}, "data_classification_policy": ["p"]}
    return {
        **fields,
        "metrics": ["m"],
        "media": {},
        "recipe_metadata": {"num_demos": 1, "demos_pool_size": 3, "template": TEMPLATE},
        "source": [{"role": "user", "content": "x"}],
        "target": "1",
        "references": ["1"],
        "postprocessors": ["p"],
        "junk": 2,
        "demos": [fields],
    }


def test_a_row_of_unitxts() -> None:
    template = '{"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}'
    assert FinalizeDataset(group_by=["q", ["a", "num_demos"]]).process_row(row()) == {
        "metrics": ["m"],
        "data_classification_policy": ["p"],
        "media": {"images": [], "audios": []},
        "source": '[{"role": "user", "content": "x"}]',
        "target": "1",
        "references": ["1"],
        "postprocessors": ["p"],
        "task_data": '{"q": "x", "metadata": {"data_classification_policy": ["p"], "num_demos": 1, '
        f'"demos_pool_size": 3, "template": {template}}}, "a": 1, '
        '"demos": [{"q": "x", "metadata": {"data_classification_policy": ["p"]}, "a": 1}]}',
        "groups": ['{"q": "x"}', '{"a": 1, "num_demos": 1}'],
        "subset": [],
    }


def test_all_fields_on_request() -> None:
    assert FinalizeDataset(group_by=[], remove_unnecessary_fields=False).process_row(row())["junk"] == 2


def test_artifacts_are_written_as_data() -> None:
    given = {**row(), "metrics": [TEMPLATE], "media": {"images": [{"image": "i", "format": "png"}, "j"]}}
    got = FinalizeDataset(group_by=[]).process_row(given)
    assert json.loads(got["metrics"][0]) == data_of(TEMPLATE)
    assert got["media"]["images"] == ["i", "j"]


def test_what_a_catalog_holds_is_named() -> None:
    catalog = default_catalog()
    named = build("templates.qa.open", Template, catalog=catalog)
    changed = build("templates.qa.open[instruction=Say it.]", Template, catalog=catalog)
    for template, written in ((named, "templates.qa.open"), (changed, data_of(changed))):
        given = {**row(), "recipe_metadata": {"num_demos": 0, "demos_pool_size": 0, "template": template}}
        data = json.loads(FinalizeDataset(group_by=[]).process_row(given)["task_data"])
        assert data["metadata"]["template"] == written
    assert data_of(changed)["instruction"] == "Say it."


def test_rows_that_were_not_rendered_are_refused() -> None:
    given = row()
    del given["target"]
    with pytest.raises(ValueError, match="lacks target"):
        FinalizeDataset(group_by=[]).process_row(given)
