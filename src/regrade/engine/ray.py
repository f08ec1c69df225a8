"""The Ray engine: the same function on a Ray cluster, by Ray Data over descriptions of the items."""

from __future__ import annotations

import logging
import math
import os
import pickle
import socket
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any

from regrade import extras
from regrade.engine.local import available_cpus
from regrade.engine.outcome import outcome_of, value_of
from regrade.errors import EngineError, UnavailableError
from regrade.plugin_files import load_in_worker, loaded_plugins
from regrade.registry import register

_RETRIES = 5
"""How often an item is run again after its worker or node was lost. Not without end, as is Ray Data's default: an item
that kills its worker would do so for ever."""

_TASKS_PER_CPU = 16
_MOST_ITEMS = 16
"""A task runs several items where there are many, because every task costs some 15 ms of the driver's time; so few that
the work is spread evenly, and that little is done again when a task is lost."""

_OBJECT_STORE_BYTES = 512 * 1024 * 1024
"""Shared memory of a cluster that is started here; what does not fit is spilled to disk."""

_QUIET_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_PROMPT_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # Under `uv run` Ray would pack up the working directory, logs and all, and unpack it for every worker.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}


@register("engine", "ray")
class RayEngine:
    """A Ray cluster.

    Ray puts in order what finishes out of order, keeps results that wait in its object store, and runs the items of a
    lost worker or node again. Where the calling process is connected to a cluster already, that one is used and left
    as it is.

    Args:
        workers: How many items may be run at a time; None takes every CPU of the cluster.
        address: Address of a cluster; None takes the one that the environment variable ``RAY_ADDRESS`` names, else
            starts one on this machine and stops it at the end.
        debug: Let Ray log and show its progress.

    Raises:
        UnavailableError: Ray Data is not installed.
    """

    def __init__(self, workers: int | None = None, address: str | None = None, debug: bool = False) -> None:
        self.workers = workers
        self.address = address or os.environ.get("RAY_ADDRESS") or None
        self.debug = debug
        _import_ray()

    def run(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Generator[Any, None, None]:
        """Yield ``function(item)`` in order."""
        if not items:
            return
        with self._cluster(len(items)):
            yield from self._results(function, items)

    @contextmanager
    def _cluster(self, tasks: int) -> Iterator[None]:
        """Connect to a cluster; on the way out undo what was done."""
        ray = _import_ray()
        if ray.is_initialized():
            yield
            return
        try:
            self._connect(ray, tasks)
            yield
        finally:
            ray.shutdown()  # a cluster that was only connected to goes on

    def _connect(self, ray: Any, tasks: int) -> None:
        quiet = {} if self.debug else {"logging_level": logging.ERROR, "log_to_driver": False}
        if self.address is None:
            cpus = min(self.workers or available_cpus(), tasks)
            memory = {"object_store_memory": _OBJECT_STORE_BYTES}
            ray.init("local", num_cpus=cpus, num_gpus=0, include_dashboard=False, **memory, **quiet)
            return
        try:
            _knock(self.address)
            ray.init(self.address, **quiet)
        except Exception as error:
            reason = f"no Ray cluster answers: {_first_line(error)}"
            raise EngineError(reason, where=self.address, hint="is it running? try: ray status") from error

    def _results(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Generator[Any, None, None]:
        early: dict[int, bytes] = {}
        wanted = 0
        batches = iter(self._dataset(function, items).iter_batches(batch_size=None, batch_format="pyarrow"))
        try:
            while wanted < len(items):
                early.update(_next(batches))
                while wanted in early:
                    yield value_of(early.pop(wanted))
                    wanted += 1
        finally:
            batches.close()

    def _dataset(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Any:
        ray = _import_ray()
        folder = os.getcwd()  # noqa: PTH109 - the text is sent to other machines

        plugins = loaded_plugins()
        given = pickle.dumps(function, 5) if plugins else b""

        def work(rows: Any) -> Any:
            if not plugins:
                return _run_rows(function, folder, rows)
            load_in_worker(plugins)  # before anything that is made of their classes
            return _run_rows(pickle.loads(given), folder, rows)

        described = [{"number": number, "item": pickle.dumps(item, 5)} for number, item in enumerate(items)]
        dataset = ray.data.from_items(described, override_num_blocks=self._tasks(ray, len(items)))
        takes_options = any(p.kind is p.VAR_KEYWORD for p in signature(dataset.map_batches).parameters.values())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Ray means to drop task options without offering another way to set this
            dataset = dataset.map_batches(
                work,
                batch_size=1,
                batch_format="pyarrow",
                compute=ray.data.TaskPoolStrategy(self.workers),
                num_cpus=1,
                **({"max_retries": _RETRIES} if takes_options else {}),
            )
        dataset.context.execution_options.preserve_order = True
        if not self.debug:
            dataset.context.enable_progress_bars = False
            dataset.context.print_on_execution_start = False
            logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        return dataset

    def _tasks(self, ray: Any, items: int) -> int:
        cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
        wanted = _TASKS_PER_CPU * min(cpus, self.workers or cpus)
        return min(items, max(wanted, math.ceil(items / _MOST_ITEMS)))


def _knock(address: str) -> None:
    """Try a cluster's port, if the address names one: Ray would try for many minutes."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _next(batches: Iterator[Any]) -> list[tuple[int, bytes]]:
    """The next numbers and outcomes; what goes wrong there is Ray's, since the function's own errors are outcomes."""
    try:
        table = next(batches)
    except StopIteration:
        raise EngineError("the Ray cluster lost results", hint="--engine local works on this machine") from None
    except Exception as error:
        if "No module named 'regrade" in str(error):
            raise UnavailableError(
                "Regrade is not installed on the Ray cluster",
                hint="install the same version of Regrade on every node",
            ) from error
        raise EngineError(f"the Ray cluster gave up: {_first_line(error)}", hint="--debug says more") from error
    return list(zip(table["number"].to_pylist(), table["outcome"].to_pylist(), strict=True))


def _run_rows(function: Callable[[Any], Any], folder: str, rows: Any) -> Any:
    """What a worker does with a table of numbers and pickled items."""
    import pyarrow as pa

    if os.path.isdir(folder) and os.getcwd() != folder:  # noqa: PTH109, PTH112
        os.chdir(folder)  # relative paths mean what they mean to the caller
    outcomes = [outcome_of(_unpickled(function), item) for item in rows["item"].to_pylist()]
    return pa.table({"number": rows["number"], "outcome": pa.array(outcomes, pa.large_binary())})


def _unpickled(function: Callable[[Any], Any]) -> Callable[[bytes], Any]:
    return lambda data: function(pickle.loads(data))


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _import_ray() -> Any:
    for name, value in _QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    extras.require("ray.data", to="--engine ray")
    return extras.require("ray", to="--engine ray")
