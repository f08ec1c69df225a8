"""The Ray engine on two nodes on this machine: workers and nodes that are lost, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import engine_work as work
import pytest

from regrade.engine import Engine, LocalEngine
from regrade.engine.ray import RayEngine
from regrade.errors import EngineError, UnavailableError


class Through:
    """An engine that has another one run a wrapped function over numbered items."""

    def __init__(self, engine: Engine, wrap: Callable[[Callable[[Any], Any]], Callable[[Any], Any]]) -> None:
        self.engine = engine
        self.wrap = wrap

    def run(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Generator[Any, None, None]:
        yield from self.engine.run(self.wrap(function), list(enumerate(items)))


@pytest.mark.ray
def test_a_killed_worker_costs_nothing(
    ray_cluster: Any, tmp_path: Path, examples: Path, written: Callable[..., dict[str, bytes]]
) -> None:
    marker = tmp_path / "marker"
    engine = Through(RayEngine(address=ray_cluster.address), lambda function: work.DieOnce(8, str(marker), function))
    found = written(examples / "results", engine, chunk_bytes=5000)
    assert marker.exists()
    assert found == written(examples / "results", LocalEngine(1))


@pytest.mark.ray
def test_an_item_that_always_kills_its_worker_is_given_up(ray_cluster: Any) -> None:
    results = RayEngine(address=ray_cluster.address).run(work.die_by_signal, range(8))
    with pytest.raises(EngineError, match="the Ray cluster gave up"):
        list(results)


@pytest.fixture
def fading_cluster(ray_environment: None) -> Iterator[Any]:
    """A cluster of its own, for a test that takes a node from it."""
    cluster = work.start_cluster()
    yield cluster
    cluster.shutdown()


def remove_when_told(cluster: Any, node: Any, begun: Path, gone: Path) -> threading.Thread:
    """Takes a node away, without warning, as soon as it works on an item."""

    def remove() -> None:
        with begun.open("rb") as told:
            told.read(1)
        cluster.remove_node(node, allow_graceful=False)
        os.open(gone, os.O_RDWR)  # stays open until the tests end

    thread = threading.Thread(target=remove)
    thread.start()
    return thread


@pytest.mark.ray
@pytest.mark.parametrize("what", ["scores", "results that lie on the lost node"])
def test_a_lost_node_costs_nothing(
    fading_cluster: Any, what: str, tmp_path: Path, examples: Path, written: Callable[..., dict[str, bytes]]
) -> None:
    begun, gone, marker = tmp_path / "begun", tmp_path / "gone", tmp_path / "marker"
    os.mkfifo(begun)
    os.mkfifo(gone)
    (victim,) = fading_cluster.worker_nodes
    thread = remove_when_told(fading_cluster, victim, begun, gone)

    def losing(function: Callable[[Any], Any]) -> work.LoseNode:
        return work.LoseNode(6, victim.node_id, str(marker), str(begun), str(gone), function)

    engine = Through(RayEngine(address=fading_cluster.address), losing)
    if what == "scores":
        found = written(examples / "results", engine, chunk_bytes=5000)
        assert found == written(examples / "results", LocalEngine(1))
    else:
        results = engine.run(work.large, list(range(12)))
        first = next(results)
        thread.join()
        assert [first, *results] == [work.large(number) for number in range(12)]
    thread.join()
    assert marker.exists()


@pytest.mark.ray
def test_a_cluster_that_was_only_connected_to_goes_on(ray_cluster: Any) -> None:
    import ray

    for _ in range(2):
        assert list(RayEngine(address=ray_cluster.address).run(work.square, [3, 4])) == [9, 16]
        assert not ray.is_initialized()
    assert ray_cluster.remaining_processes_alive()


def processes_with(mark: str) -> list[int]:
    """The processes whose environment holds a mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def wait_until_gone(mark: str) -> None:
    end = time.monotonic() + 60
    while processes_with(mark):
        assert time.monotonic() < end, "processes are left"
        time.sleep(0.1)


@pytest.mark.ray
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_the_command_starts_a_cluster_says_nothing_and_leaves_nothing(ray_environment: None, examples: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "regrade",
        "score",
        "results",
        "--json",
        "--by",
        "doc.level",
        "--chunk-bytes",
        "9000",
    ]
    mark = f"REGRADE_TEST_MARK={os.getpid()}-quiet"
    environment = os.environ | dict([mark.split("=")])
    local = subprocess.run(command, cwd=examples, capture_output=True, check=True)
    found = subprocess.run(
        [*command, "--engine", "ray", "--workers", "2"], cwd=examples, env=environment, capture_output=True, check=False
    )
    assert found.stderr == b""
    assert found.stdout == local.stdout
    assert found.returncode == 0
    wait_until_gone(mark)


@pytest.mark.ray
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_ctrl_c_leaves_nothing(ray_environment: None, tmp_path: Path) -> None:
    begun, never = tmp_path / "begun", tmp_path / "never"
    os.mkfifo(begun)
    os.mkfifo(never)
    script = textwrap.dedent(f"""
        import engine_work as work
        from regrade.engine.ray import RayEngine

        list(RayEngine(2).run(work.BlockAfter(1, {str(begun)!r}, {str(never)!r}), range(20)))
    """)
    mark = f"REGRADE_TEST_MARK={os.getpid()}-interrupt"
    environment = os.environ | dict([mark.split("=")])
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE, start_new_session=True
    )
    told = os.open(begun, os.O_RDWR)
    assert os.read(told, 1) == b"."
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    os.close(told)
    assert err.splitlines()[-1].startswith(b"KeyboardInterrupt")
    wait_until_gone(mark)


@pytest.mark.ray
def test_no_cluster_answers(ray_environment: None) -> None:
    with pytest.raises(EngineError, match="no Ray cluster answers") as caught:
        list(RayEngine(address="127.0.0.1:1").run(work.square, [1, 2]))
    assert caught.value.where == "127.0.0.1:1"


def test_says_how_to_install_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ray", "ray.data"):
        monkeypatch.setitem(sys.modules, name, None)
    for variable in ("RAY_USAGE_STATS_ENABLED", "RAY_ENABLE_UV_RUN_RUNTIME_ENV"):
        monkeypatch.setenv(variable, "0")
    with pytest.raises(UnavailableError, match="--engine ray needs the package ray, which is not installed") as caught:
        RayEngine()
    assert caught.value.hint == "pip install 'regrade[ray]'"
