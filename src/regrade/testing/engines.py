"""``check_engine``: the contract of engines."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from regrade.engine import Engine
from regrade.registry import lookup
from regrade.testing.contract import ContractError, Words, check_same

_ITEMS = 25
_BAD = 17


class ItemError(ValueError):
    """What the function of :func:`check_engine` raises for one item."""


def square(item: int) -> int:
    """The square of a number."""
    return item * item


def square_or_raise(item: int) -> int:
    """The square of a number; one of them raises."""
    if item == _BAD:
        raise ItemError(f"item {item}")
    return item * item


def check_engine(engine: str | Callable[..., Engine]) -> None:
    """Check that an engine keeps to its contract.

    Results come in the order of the items, one for each, whatever the number of workers; no item is no result; what
    the function raises comes in the item's place, after the results before it; a caller that wants no more may close
    the generator; ``regrade.score`` gives what it gives without the engine.

    Args:
        engine: Its registered name, or its class.

    Raises:
        ContractError: it does not.
    """
    make: Callable[..., Engine] = lookup("engine", engine) if isinstance(engine, str) else engine
    subject = f"engine {engine if isinstance(engine, str) else getattr(engine, '__name__', engine)!r}"
    wanted = [square(item) for item in range(_ITEMS)]
    for workers in (None, 1, 2):
        made = make(workers=workers, address=None, debug=False)
        rule = f"gives each item's result, in their order (workers={workers})"
        check_same(subject, rule, wanted, list(made.run(square, list(range(_ITEMS)))))
        check_same(subject, "no item is no result", [], list(made.run(square, [])))
        _check_error(subject, made)
        results = made.run(square, list(range(_ITEMS)))
        check_same(subject, "gives the first result first", 0, next(results))
        results.close()
        check_same(subject, "works again after it was closed", wanted, list(made.run(square, list(range(_ITEMS)))))
    _check_scored(subject, make)


def _check_error(subject: str, made: Engine) -> None:
    seen: list[Any] = []
    try:
        for result in made.run(square_or_raise, list(range(_ITEMS))):
            seen.append(result)  # noqa: PERF402 - what came before the exception counts
    except ItemError as error:
        check_same(subject, "raises what the function raised", f"item {_BAD}", str(error))
        check_same(
            subject, "results before the one that raised are given", [square(item) for item in range(_BAD)], seen
        )
        return
    except Exception as error:
        raise ContractError(
            subject, "raises what the function raised", Words("ItemError"), Words(f"{type(error).__name__}: {error}")
        ) from error
    raise ContractError(subject, "raises what the function raised", Words("ItemError"), Words(f"{len(seen)} results"))


def _check_scored(subject: str, make: Callable[..., Engine]) -> None:
    import regrade

    rows = [{"id": n, "answer": str(n % 3), "expected": "1"} for n in range(40)]
    with tempfile.TemporaryDirectory(prefix="regrade-check-") as folder:
        table = Path(folder) / "answers.jsonl"
        table.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        found = []
        for engine in (None, make(workers=2, address=None, debug=False)):
            scores = regrade.score(
                table,
                metric="exact_match",
                engine=engine,
                answer="answer",
                expected="expected",
                id="id",
                chunk_bytes=256,
            )
            found.append([(one.sample_id, one.values) for one in scores.per_sample()])
    check_same(subject, "regrade.score gives what it gives in one process", found[0], found[1])
