"""Catalogs to test with: a small one, and the data of the installed unitxt package."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regrade.artifacts.catalogs import CatalogFolder, Catalogs, unitxt_folder


@pytest.fixture
def add(tmp_path: Path) -> Callable[..., Path]:
    """Write an artifact: ``add("steps.lower", {...})``; a text is written as it stands."""

    def write(name: str, content: Any, suffix: str = ".json") -> Path:
        path = tmp_path.joinpath("catalog", *name.split(".")[:-1], name.rpartition(".")[2] + suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    (tmp_path / "catalog").mkdir()
    return write


@pytest.fixture
def catalog(tmp_path: Path, add: Callable[..., Path]) -> Catalogs:
    """The catalog that ``add`` writes to."""
    return Catalogs([CatalogFolder(tmp_path / "catalog")])


@pytest.fixture(scope="session")
def unitxt() -> Catalogs:
    """The catalogue of the installed unitxt package."""
    from regrade.errors import UsageError

    try:
        return Catalogs([unitxt_folder()])
    except UsageError as error:
        pytest.skip(str(error))
