"""``regrade power``: from two runs, and from numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# of 40 samples: 20 both right, 3 only a, 9 only b, 8 both wrong
A = ["1"] * 20 + ["1"] * 3 + ["0"] * 9 + ["0"] * 8
B = ["1"] * 20 + ["0"] * 3 + ["1"] * 9 + ["0"] * 8


@pytest.fixture
def runs(logs: Any) -> tuple[Path, Path]:
    """Two runs of a task."""
    for name, answers in (("a", A), ("b", B)):
        logs.results(folder=name, config={"model": name, "model_args": f"pretrained=model-{name}"})
        logs.write(logs.rows(answers), folder=name)
    return logs.folder / "a", logs.folder / "b"


def of(cli: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    ran = cli("power", *arguments, "--json")
    assert ran.code == 0, ran.err
    [row] = json.loads(ran.out)["rows"]
    return dict(row)


def test_two_runs(runs: tuple[Path, Path], cli: Callable[..., Any]) -> None:
    row = of(cli, *runs)
    assert (row["n"], row["baseline"], row["discordance"]) == (40, pytest.approx(23 / 40), pytest.approx(12 / 40))
    assert (row["effect"], row["observed"]) == (pytest.approx(6 / 40), True)
    by_hand = of(cli, "--n", 40, "--discordance", 12 / 40, "--effect", 6 / 40)
    assert {name: row[name] for name in ("power", "detectable", "needed")} == pytest.approx(
        {name: by_hand[name] for name in ("power", "detectable", "needed")}
    )
    page = cli("power", *runs).out
    assert "same samples, McNemar" in page
    assert "--effect names one that matters to you" in page


def test_other_samples_than_the_runs_have(runs: tuple[Path, Path], cli: Callable[..., Any]) -> None:
    row = of(cli, *runs, "--n", 4000, "--effect", 0.05, "--power", 0.9)
    assert (row["n"], row["effect"], row["observed"], row["target"]) == (4000, 0.05, False, 0.9)
    assert row["power"] > 0.99
    # Connor's normal formula says 1,257; the exact test is a little more careful
    assert row["needed"] == pytest.approx(1257, rel=0.05)


def test_unpaired(runs: tuple[Path, Path], cli: Callable[..., Any]) -> None:
    row = of(cli, *runs, "--unpaired", "--effect", 0.1)
    variance = 40 / 39 * (23 / 40 * 17 / 40 + 29 / 40 * 11 / 40)
    assert row["variance"] == pytest.approx(variance, rel=1e-9)
    assert row["needed"] == pytest.approx((1.959964 + 0.841621) ** 2 * variance / 0.01, abs=1)


def test_numbers_alone(cli: Callable[..., Any]) -> None:
    row = of(cli, "--n", 200, "--effect", 0.05, "--variance", 0.1, "--within", 0.15, "--repeats", 5)
    assert row["variance"] == pytest.approx(0.1 + 2 * 0.15 / 5)
    assert row["needed"] == 503  # ceil((1.959964 + 0.841621)^2 * 0.16 / 0.05^2)
    row = of(cli, "--effect", -0.05, "--baseline", 0.7, "--unpaired")
    assert (row["n"], row["power"], row["needed"]) == (None, None, 1377)
    ran = cli("power", "--n", 500, "--effect", 0.05, "--baseline", 0.7)
    assert ran.code == 0
    assert "they differ on 40.0% of the samples" in ran.out  # 0.7 * 0.25 + 0.75 * 0.3


def test_what_no_number_of_samples_could_show(runs: tuple[Path, Path], cli: Callable[..., Any]) -> None:
    ran = cli("power", *runs, "--effect", 0.5)
    assert ran.code == 1
    assert "the runs differ on 30.0% of the samples, too few for a difference of 50.0%" in ran.err
    ran = cli("power", runs[0], runs[0])
    assert ran.code == 1
    assert "agree on every sample" in ran.err


def test_runs_that_are_not_whole(runs: tuple[Path, Path], cli: Callable[..., Any]) -> None:
    [path] = runs[1].glob("samples*")
    path.write_text(path.read_text(encoding="utf-8") + '{"doc_id": 40, "doc"\n', encoding="utf-8")
    for more in ((), ("--unpaired",)):
        ran = cli("power", *runs, *more)
        assert ran.code == 3
        assert "malformed row" in ran.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to find out"),
        (["--n", "100"], "how much samples vary is not known"),
        (["x"], "two runs are wanted"),
        (["x", "y", "--baseline", "0.5"], "is told by the runs"),
        (["--n", "0", "--variance", "1"], "must be at least 1"),
        (["--n", "10", "--discordance", "0.2", "--unpaired"], "cannot be given with --unpaired"),
        (["--n", "10", "--repeats", "3"], "needs --variance"),
        (["--n", "10", "--variance", "1", "--repeats", "0"], "must be at least 1"),
        (["--n", "10", "--variance", "1", "--power", "80"], "must be between 0 and 1"),
        (["--n", "10", "--variance", "1", "--level", "95"], "must be between 0 and 1"),
        (["--n", "10", "--variance", "nan"], "variance"),
        (["--effect", "0", "--variance", "1"], "other than 0"),
        (["--effect", "0.4", "--baseline", "0.7"], "shares lie between 0 and 1"),
    ],
)
def test_wrong_usage(cli: Callable[..., Any], arguments: list[str], message: str) -> None:
    ran = cli("power", *arguments)
    assert ran.code == 2
    assert message in ran.err
    assert ran.out == ""
