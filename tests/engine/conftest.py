"""What the tests of engines share: engines by name, a Ray cluster on this machine, and scores as bytes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.engine import Engine
from regrade.registry import lookup
from regrade.reports.scores_folder import write

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

Make = Callable[[int], Engine]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "ray: starts a Ray cluster on this machine; run with `pytest -m ray`")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A Ray cluster takes seconds to start: such tests are slow. Ray warns of what is its own affair."""
    for item in items:
        if item.get_closest_marker("ray"):
            item.add_marker("slow")
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session")
def ray_environment() -> Iterator[None]:
    """Ray's processes can import the functions of these tests, and say nothing to the outside."""
    if find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'regrade[ray]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH")])))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.delenv("RAY_ADDRESS", raising=False)
        yield


@pytest.fixture(scope="session")
def ray_cluster(ray_environment: None) -> Iterator[Any]:
    from engine_work import start_cluster

    cluster = start_cluster()
    yield cluster
    cluster.shutdown()


@pytest.fixture
def make_engine(request: pytest.FixtureRequest) -> Make:
    """Makes the engine whose name is the parameter, with so many workers."""
    name = request.param
    address = request.getfixturevalue("ray_cluster").address if name == "ray" else None
    return lambda workers: lookup("engine", name)(workers=workers, address=address)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    """Scores, writes them, and gives the files' bytes by name."""

    def score(path: Path, engine: Any, **options: Any) -> dict[str, bytes]:
        folder = tmp_path / f"scores-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        write(regrade.score(path, engine=engine, **options), folder)
        return {file.name: file.read_bytes() for file in folder.iterdir()}

    return score
