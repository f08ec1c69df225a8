"""The examples in docstrings: all of them run, and every operator and template has one."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import regrade
from regrade.artifacts.artifact import Artifact
from regrade.registry import iterate_registered

ROOT = Path(__file__).resolve().parent.parent


def _modules() -> Iterator[str]:
    """The modules with examples."""
    package = Path(regrade.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            yield ".".join(["regrade", *path.relative_to(package).with_suffix("").parts]).removesuffix(".__init__")


def _shown_types() -> list[tuple[str, type[Artifact]]]:
    rooms = ("regrade.cards.operators.", "regrade.cards.prompting.")
    return sorted((name, cls) for name, cls in iterate_registered("artifact") if cls.__module__.startswith(rooms))


@pytest.mark.parametrize("module", list(_modules()))
def test_examples_give_what_they_say(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert failed == 0
    assert tried, "what looks like an example is none"


@pytest.mark.parametrize(("name", "cls"), [pytest.param(name, cls, id=name) for name, cls in _shown_types()])
def test_every_operator_and_template_has_an_example(name: str, cls: type[Artifact]) -> None:
    assert cls.__doc__ is not None, name
    assert ">>>" in cls.__doc__, name
