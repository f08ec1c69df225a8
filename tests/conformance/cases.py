"""Cases recorded from Unitxt's own tests: what goes in, and what came out.

``python -m tests.conformance.cases [FILE] [--type NAME] [--kind KIND] [--verbose]`` runs them and says which differ.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.conformance.encoding import decode
from tests.conftest import SHARED

from regrade.artifacts import Catalog, build
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator
from regrade.errors import RegradeError

FILE = SHARED / "conformance" / "unitxt_cases.json"


class Mismatch(AssertionError):
    """What came out is not what was recorded."""


def load(file: Path = FILE) -> list[dict[str, Any]]:
    """The recorded cases."""
    cases: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["cases"]
    return cases


def catalog() -> Catalog:
    """Where references in cases lead: the bundled catalog."""
    from regrade.artifacts.catalogs import default_catalog

    return default_catalog()


def equal(ours: Any, theirs: Any) -> bool:
    """Whether two values are the same; floats to 12 digits, nan equals nan, 1 equals 1.0 and lists equal tuples."""
    if isinstance(ours, float) and isinstance(theirs, float | int) and not isinstance(theirs, bool):
        return (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-12)
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(equal(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(equal(a, b) for a, b in zip(ours, theirs, strict=True))
    if isinstance(theirs, float) and isinstance(ours, int) and not isinstance(ours, bool):
        return math.isclose(ours, theirs)
    return bool(ours == theirs)


def expect(ours: Any, theirs: Any) -> None:
    """Raise Mismatch unless the two are the same."""
    if not equal(ours, theirs):
        raise Mismatch(f"\n  ours   {ours!r}\n  theirs {theirs!r}")


def run_operator(case: dict[str, Any], known: Catalog) -> None:
    """Rows or streams through an operator."""
    operator = build(case["operator"], Operator, catalog=known)
    inputs, expected = decode(case["inputs"], known), decode(case.get("expected"), known)
    several = case["kind"] == "multi_stream"
    given = (inputs if several else {"test": inputs or []}) or {}  # nothing goes into what makes the first streams
    streams = {name: stream_of(rows) for name, rows in given.items()}
    produced = {name: list(rows) for name, rows in operator.apply(streams).items()}
    ours: Any = produced if several else produced["test"]
    if case.get("sort_outputs_by"):
        ours = sorted(ours, key=lambda row: row[case["sort_outputs_by"]])
        expected = sorted(expected, key=lambda row: row[case["sort_outputs_by"]])
    expect(ours, expected)


def run_operator_exception(case: dict[str, Any], known: Catalog) -> None:
    """Rows that an operator refuses: we refuse them too, in our own words."""
    try:
        operator = build(case["operator"], Operator, catalog=known)
        inputs = decode(case["inputs"], known)
        streams = (inputs or {}) if case["kind"] == "multi_stream_error" else {"test": inputs or []}
        for rows in operator.apply({name: stream_of(rows) for name, rows in streams.items()}).values():
            list(rows)
    except (RegradeError, ValueError, KeyError, TypeError):
        return
    raise Mismatch(f"nothing was refused; recorded: {case['actual_error']}")


def run_function(case: dict[str, Any], known: Catalog) -> None:
    """A function that Unitxt's documentation names, and ours for the same."""
    from tests.conformance.functions import FUNCTIONS

    name = case["type"].removeprefix("function:")
    FUNCTIONS[name](case, known)


def run_method(case: dict[str, Any], known: Catalog) -> None:
    """A method of an artifact."""
    from tests.conformance.methods import call

    expect(call(case, known), decode(case["result"], known))


def run_metric(case: dict[str, Any], known: Catalog) -> None:
    """Predictions and references through a metric, with its intervals."""
    from tests.conformance.metrics import evaluate

    totals, rows = evaluate(case, known)
    expect(totals, decode(case["expected_global"], known))
    expect(rows, decode(case["expected_instances"], known))


def refused(give: Callable[[dict[str, Any], Catalog], Any]) -> Callable[[dict[str, Any], Catalog], None]:
    """A case whose input is refused: we refuse it too, in our own words."""

    def check(case: dict[str, Any], known: Catalog) -> None:
        try:
            ours = give(case, known)
        except (RegradeError, ValueError, KeyError, TypeError, IndexError, ZeroDivisionError):
            return
        raise Mismatch(f"nothing was refused, but given {ours!r}; recorded: {case.get('actual_error')}")

    return check


def _call(case: dict[str, Any], known: Catalog) -> Any:
    from tests.conformance.methods import call

    return call(case, known)


def _evaluate(case: dict[str, Any], known: Catalog) -> Any:
    from tests.conformance.metrics import evaluate

    return evaluate(case, known)


KINDS: dict[str, Callable[[dict[str, Any], Catalog], None]] = {
    "check_operator": run_operator,
    "apply_operator": run_operator,
    "multi_stream": run_operator,
    "check_operator_exception": run_operator_exception,
    "multi_stream_error": run_operator_exception,
    "function": run_function,
    "function_error": run_function,
    "method": run_method,
    "method_error": refused(_call),
    "metric": run_metric,
    "metric_error": refused(_evaluate),
}


def run(case: dict[str, Any], known: Catalog) -> None:
    """Run one case.

    Raises:
        Exception: it does not come out as recorded.
    """
    KINDS[case["kind"]](case, known)


def outcomes(cases: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Exception | None]]:
    """Each case with what was wrong with it."""
    known = catalog()
    for case in cases:
        try:
            run(case, known)
        except Exception as error:  # whatever it is, it is told
            yield case, error
        else:
            yield case, None


def main() -> int:
    """Run cases from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", default=FILE)
    parser.add_argument("--type", action="append")
    parser.add_argument("--kind", action="append")
    parser.add_argument("--suite", action="append")
    parser.add_argument("--id", type=int, action="append")
    parser.add_argument("--verbose", action="store_true", help="tracebacks")
    args = parser.parse_args()
    wanted = [
        case
        for case in load(args.file)
        if (not args.type or case["type"] in args.type)
        and (not args.kind or case["kind"] in args.kind)
        and (not args.suite or case["suite"] in args.suite)
        and (not args.id or case["id"] in args.id)
    ]
    passed: Counter[tuple[str, bool]] = Counter()
    for case, error in outcomes(wanted):
        passed[case["suite"], error is None] += 1
        if error is not None:
            print(f"{case['id']} {case['kind']} {case['type']} {case['test']}: {type(error).__name__} {error}"[:2000])
            if args.verbose:
                traceback.print_exception(error)
    for suite in sorted({suite for suite, _ in passed}):
        print(f"{suite:18}{passed[suite, True]:5} equal{passed[suite, False]:5} different")
    different = sum(count for (_, ok), count in passed.items() if not ok)
    print(f"{sum(passed.values()) - different} of {len(wanted)} as recorded")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
