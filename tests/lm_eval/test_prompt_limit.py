"""A prompt that takes too long to make costs its document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regrade.lm_eval import prepare

_BOMB = "{% if q == 'bad' %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endif %}"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_template_that_does_not_end_costs_its_document(
    place: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Any]
) -> None:
    monkeypatch.setattr(prepare, "DEFAULT_LIMIT_S", 0.1)
    questions = ["one", "two"]
    questions.insert(place, "bad")
    (tmp_path / "docs.jsonl").write_text("".join(json.dumps({"q": q, "a": "1"}) + "\n" for q in questions))
    task = {
        "task": "bomb",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(tmp_path / "docs.jsonl")}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": _BOMB + "Q: {{q}}",
        "doc_to_target": "{{a}}",
        "metric_list": [{"metric": "exact_match"}],
    }
    (tmp_path / "bomb.yaml").write_text(json.dumps(task))
    ran = cli("run", "--task", tmp_path / "bomb.yaml", "--model", "echo", "--dry-run")
    assert "Q: one" in ran.out
    assert "Q: two" in ran.out
    assert "Q: bad" not in ran.out
    assert "took longer than 0.1 s" in ran.out + ran.err
