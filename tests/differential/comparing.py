"""What two tools made of the same answers, side by side: numbers that differ, and which of them are meant."""

from __future__ import annotations

import contextlib
import io
import json
import math
import tomllib
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

TOLERANCE = 1e-9
"""Largest relative difference that is the same number: both add floats, not always in the same order."""


class Difference(NamedTuple):
    """One value that the tool and Regrade have otherwise."""

    where: str
    tool: Any
    regrade: Any

    def __str__(self) -> str:
        return f"{self.where}: the tool has {self.tool!r}, regrade {self.regrade!r}"


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same, numbers up to rounding; NaN, which JSON lacks, may be null."""
    if isinstance(one, bool) or isinstance(other, bool):
        return bool(one == other)
    if isinstance(one, float) and math.isnan(one):
        return other is None or (isinstance(other, float) and math.isnan(other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-12)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def differing(tool: dict[str, Any], regrade: dict[str, Any], where: str) -> list[Difference]:
    """The values of a tool's table that Regrade's lacks or has otherwise."""
    return [
        Difference(f"{where}: {key}", value, regrade.get(key, "(nothing)"))
        for key, value in tool.items()
        if not same(value, regrade.get(key, "(nothing)")) and not _rounding(key, tool, regrade)
    ]


def _rounding(key: str, tool: dict[str, Any], regrade: dict[str, Any]) -> bool:
    """Whether a standard error is, for both, nothing but the rounding of equal replicates of a large value."""
    value = tool.get(key.replace("_stderr,", ","))
    numbers = (tool[key], regrade.get(key), value)
    return (
        "_stderr," in key
        and all(isinstance(number, int | float) for number in numbers)
        and max(numbers[:2]) <= 1e-12 * abs(value)
    )


def run_regrade(*arguments: str | Path) -> tuple[int, str, str]:
    """Run the command in this process, as its door does; its exit code, output and what it said."""
    from regrade.cli import main

    out, told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, out.getvalue(), told.getvalue()


def score_json(*arguments: str | Path) -> tuple[dict[str, Any], str]:
    """What ``regrade score ... --json`` prints, and its exit code and messages as one text."""
    code, out, told = run_regrade("score", *arguments, "--json")
    try:
        return json.loads(out), f"exit {code} {told}".strip()
    except json.JSONDecodeError:
        return {}, f"exit {code} {told}".strip()


def compare_all(compare: Callable[[Path], list[Difference]], folders: list[Path]) -> Iterator[tuple[str, Any]]:
    """For each folder its name and the differences, or why the tool refused (``refused.txt``); in two processes."""
    with ProcessPoolExecutor(2) as pool:
        for folder, outcome in zip(folders, pool.map(_compare_one, [compare] * len(folders), folders), strict=True):
            yield folder.name, outcome


def _compare_one(compare: Callable[[Path], list[Difference]], folder: Path) -> str | list[Difference]:
    refused = folder / "refused.txt"
    if refused.is_file():
        return refused.read_text(encoding="utf-8").strip().rpartition("\n")[2]
    try:
        return compare(folder)
    except Exception:  # a traceback of Regrade's is a difference too
        return [Difference("regrade", "a result", traceback.format_exc()[-1500:])]


def tell(tool: str, outcomes: Iterator[tuple[str, Any]]) -> int:
    """Print the differences that are not meant, and a summary; 1 if there are any."""
    meant = meant_differences(tool)
    compared = refused = known = wrong = 0
    for name, outcome in outcomes:
        if isinstance(outcome, str):
            refused += 1
            print(f"{name}: refused by the tool: {outcome[:300]}", flush=True)
            continue
        compared += 1
        reports = [str(difference) for difference in outcome]
        new = [text for text in reports if reason_for(text, meant) is None]
        known += bool(reports) and not new
        wrong += bool(new)
        for text in new[:6]:
            print(f"{name}: {text[:1500]}", flush=True)
    print(f"{compared} compared, {wrong} differ, {known} differ as meant; {refused} refused by the tool")
    return int(wrong > 0)


def meant_differences(tool: str) -> list[dict[str, Any]]:
    """The entries of ``differences.toml`` for a tool: ``where`` (words that all stand in a report) and ``reason``."""
    path = Path(__file__).with_name("differences.toml")
    return list(tomllib.loads(path.read_text(encoding="utf-8")).get(tool, []))


def reason_for(report: str, meant: list[dict[str, Any]]) -> str | None:
    """Why a reported difference is meant; None for one that is not."""
    return next((entry["reason"] for entry in meant if all(words in report for words in entry["where"])), None)
