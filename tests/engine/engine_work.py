"""Functions for engines to run, in a module that the workers of every engine can import; and a cluster."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from regrade.errors import InputError
from regrade.memory_limit import limited_memory

POISON = 5


def square(number: int) -> int:
    return number * number


def refuse_poison(number: int) -> int:
    """Raises for the item POISON."""
    if number == POISON:
        raise InputError("is poison", where=f"item {number}", hint="choose another")
    return number


class Stubborn(Exception):
    """Pickles, but cannot be unpickled: its constructor wants more than it says."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what)
        self.why = why


def raise_stubborn(number: int) -> int:
    raise Stubborn(f"no {number}", "because")


def return_lambda(number: int) -> Any:
    return lambda: number


def large(number: int) -> bytes:
    """Much more than a pipe holds."""
    return bytes([number]) * 3_000_000


def die_by_signal(number: int) -> int:
    if number == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def exit_hard(number: int) -> int:
    if number == POISON:
        os._exit(3)
    return number


class Wait(NamedTuple):
    """Item 0 ends after item 1: it opens a FIFO that item 1 opens at the other end. Neither sleeps."""

    fifo: str

    def __call__(self, number: int) -> int:
        if number in (0, 1):
            with Path(self.fifo).open("rb" if number == 0 else "wb"):
                pass
        return number


class Item(NamedTuple):
    """An item of which pieces can be left out: one with a time limit."""

    number: int

    def without(self, piece: int) -> Item:
        return self


def process_of(item: Item) -> int:
    return os.getpid()


def place_of(item: Item) -> tuple[str, str | None]:
    return str(Path.cwd()), os.environ.get("REGRADE_TEST")


def take_memory(item: Item) -> int | str:
    with limited_memory():
        try:
            return len(bytes(item.number))
        except MemoryError:
            return "MemoryError"


class Leave(NamedTuple):
    """Leaves a file for every item that was begun."""

    folder: str

    def __call__(self, number: int) -> int:
        Path(self.folder, str(number)).touch()
        return number


class BlockAfter(NamedTuple):
    """From item ``first`` on says through one FIFO that it was begun, then waits at another for ever."""

    first: int
    begun: str
    never: str

    def __call__(self, number: int) -> int:
        if number >= self.first:
            with Path(self.begun).open("wb") as begun:
                begun.write(b".")
            with Path(self.never).open("rb"):
                pass
        return number


class DieOnce(NamedTuple):
    """Runs ``function``; the first worker that is given item ``number`` is killed over it."""

    number: int
    marker: str
    function: Callable[[Any], Any]

    def __call__(self, numbered: tuple[int, Any]) -> Any:
        number, item = numbered
        if number == self.number:
            try:
                Path(self.marker).touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.function(item)


class LoseNode(NamedTuple):
    """Runs ``function``; from item ``number`` on the node ``victim`` says that it may go, and waits for its end.

    Until it is gone, no other node goes beyond that item, so that the victim is given one.
    """

    number: int
    victim: str
    marker: str
    begun: str
    gone: str
    function: Callable[[Any], Any]

    def __call__(self, numbered: tuple[int, Any]) -> Any:
        import ray

        number, item = numbered
        if number >= self.number:
            if ray.get_runtime_context().get_node_id() == self.victim:
                Path(self.marker).touch()
                with Path(self.begun).open("wb") as begun:
                    begun.write(b".")
            with Path(self.gone).open("rb"):  # opens when the other end is, which it stays
                pass
        return self.function(item)


def start_cluster() -> Any:
    """A Ray cluster of two nodes on this machine, with one CPU each and little memory."""
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 80 * 1024 * 1024}
    cluster = Cluster(initialize_head=True, head_node_args=small)
    cluster.add_node(**small)
    return cluster
