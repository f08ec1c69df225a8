"""A plugin in a process of its own: what a worker process will see of it.

There nothing is loaded but what the plugin's module loads, hashes of texts are other ones, and what ``prepare`` did not
import is noticed when it is imported later.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, NamedTuple

from regrade.plugin_files import load_in_worker, loaded_plugins
from regrade.registry import plugin_modules
from regrade.testing.contract import ContractError, Words, check_same, outcome

_BOOT = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); import regrade.testing.processes as p; p.main()"
)


class Observed(NamedTuple):
    """What a plugin did.

    Attributes:
        values: What each case gave; what it raised, as text.
        late: Modules that were imported by then, and not by ``prepare``.
    """

    values: list[Any]
    late: list[str]


def observe(prepare: Callable[[], object], cases: Iterable[Callable[[], Any]]) -> Observed:
    """Prepare, then run each case."""
    prepare()
    made = list(cases)
    before = set(sys.modules)
    values = [outcome(case) for case in made]
    return Observed(values, sorted(set(sys.modules) - before))


def check_elsewhere(
    subject: str, function: Callable[..., Observed], arguments: tuple[Any, ...], here: list[Any], method: str
) -> None:
    """Run a function of this package in a new interpreter; it must find what this process found.

    Args:
        subject: The plugin.
        function: Makes and observes the plugin.
        arguments: Of the function; they are pickled.
        here: What the cases gave in this process.
        method: The method whose imports count.

    Raises:
        ContractError: the other process cannot load the plugin, finds other values, or imports something late.
    """
    found = run_elsewhere(subject, function, arguments)
    check_same(subject, f"{method} gives the same in every process", here, found.values)
    if found.late:
        raise ContractError(
            subject,
            f"{method} imports nothing, since its time is limited: prepare() does",
            Words("no import"),
            Words(", ".join(found.late[:10])),
        )


def run_elsewhere(subject: str, function: Callable[..., Observed], arguments: tuple[Any, ...]) -> Observed:
    """What a function returns in a new interpreter.

    Raises:
        ContractError: it fails there.
    """
    work = (plugin_modules(), loaded_plugins(), pickle.dumps((function, arguments), 5))
    done = subprocess.run(
        [sys.executable, "-c", _BOOT],
        input=pickle.dumps([*sys.path], 5) + pickle.dumps(work, 5),
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"},
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it ended without a word"]
        raise ContractError(subject, "can be loaded by a worker process", Words("the same plugin"), Words(said[-1]))
    result: Observed = pickle.loads(done.stdout)
    return result


def main() -> None:
    """What the new interpreter does: load the plugins, run the function that arrives by standard input."""
    modules, files, given = pickle.load(sys.stdin.buffer)
    answer, sys.stdout = sys.stdout.buffer, sys.stderr  # what a plugin prints is no answer
    load_in_worker(files)
    missing = []
    for name in modules:
        try:
            import_module(name)
        except ImportError as error:  # of other plugins, perhaps; this one is missed by name
            missing.append(str(error))
    try:
        function, arguments = pickle.loads(given)
        answer.write(pickle.dumps(function(*arguments), 5))
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {error}" + "".join(f"; {reason}" for reason in missing))
