"""Every case recorded from Unitxt's own tests comes out as recorded, but for those answered otherwise on purpose."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.conformance import cases

from regrade.artifacts import Catalog

DIFFERENCES: dict[str, str] = tomllib.loads(Path(__file__).with_name("differences.toml").read_text(encoding="utf-8"))
CASES = {case["id"]: case for case in cases.load()} if cases.FILE.is_file() else {}


@pytest.fixture(scope="module")
def known() -> Catalog:
    return cases.catalog()


@pytest.mark.skipif(not CASES, reason="no conformance/unitxt_cases.json in shared/ beside the checkout")
@pytest.mark.parametrize("suite", sorted({case["suite"] for case in CASES.values()}))
def test_a_suite_comes_out_as_recorded(suite: str, known: Catalog) -> None:
    wrong: list[str] = []
    for case in CASES.values():
        if case["suite"] != suite or str(case["id"]) in DIFFERENCES:
            continue
        try:
            cases.run(case, known)
        except Exception as error:  # all of them are told, not only the first
            wrong.append(f"{case['id']} {case['type']} {case['test']}: {type(error).__name__} {error}"[:600])
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("number", [number for number in DIFFERENCES if int(number) in CASES])
def test_what_is_answered_otherwise_is(number: str, known: Catalog) -> None:
    case: dict[str, Any] = CASES[int(number)]
    assert DIFFERENCES[number]
    with pytest.raises(Exception):  # noqa: B017, PT011 - whichever way it differs
        cases.run(case, known)


@pytest.mark.skipif(not CASES, reason="no conformance/unitxt_cases.json in shared/ beside the checkout")
def test_few_are_answered_otherwise() -> None:
    assert len(DIFFERENCES) <= 0.05 * len(CASES)
