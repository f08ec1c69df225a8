"""Damaged inputs of every kind: a row is malformed or an error names the file, and nothing else is ever raised."""

from __future__ import annotations

import shutil
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.faults.inputs import BUILDERS, Kind, kinds
from tests.faults.mutations import mutated

from regrade.errors import RegradeError

QUICK = 8
"""Mutations of each kind in the suite."""
SLOW = 500
"""And in ``make test-slow``: more than 20,000 in all."""
LONGEST_S = 60
GROUPS = ("log", "table", "inspect", "helm", "mt", "judged", "card", "run", "judge:", "filters", "task", "chat")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The undamaged folders."""
    made = {}
    for name, build in BUILDERS.items():
        made[name] = tmp_path_factory.mktemp(name)
        build(made[name])
    return made


def failures(folders: dict[str, Path], work: Path, count: int, only: str | None = None) -> Iterator[str]:
    """What raised anything but an error of Regrade's: the kind, the seed, and the traceback."""
    for name, source, kind in kinds(folders):
        if only is not None and not name.startswith(only):
            continue
        for number in range(count):
            if (failure := failed(kind, folders[source], work / "case", f"{name}#{number}")) is not None:
                yield failure


def failed(kind: Kind, source: Path, folder: Path, seed: str) -> str | None:
    """The traceback of a damaged input that raised what it must not; None if it did not."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    for file, written in kind.files.items():
        path = folder / file
        path.write_bytes(mutated(path.read_bytes(), f"{seed}:{file}", written))
    try:
        with at_most(LONGEST_S):
            kind.use(folder)
    except RegradeError:
        return None
    except Exception:
        return f"{seed}\n{traceback.format_exc()}"
    return None


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Fail what goes on for ever."""

    def late(*_: Any) -> None:
        raise AssertionError(f"still at it after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_undamaged_inputs_are_read(folders: dict[str, Path], tmp_path: Path) -> None:
    for number, (_, source, kind) in enumerate(kinds(folders)):
        folder = tmp_path / str(number)
        shutil.copytree(folders[source], folder)
        kind.use(folder)


@pytest.mark.parametrize("only", GROUPS)
def test_damaged_inputs(folders: dict[str, Path], tmp_path: Path, only: str) -> None:
    found = list(failures(folders, tmp_path, QUICK, only))
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("only", GROUPS)
def test_many_damaged_inputs(folders: dict[str, Path], tmp_path: Path, only: str) -> None:
    found = list(failures(folders, tmp_path, SLOW, only))
    assert not found, "\n".join(found[:20])
