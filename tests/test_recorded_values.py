"""Values of samples that a log holds as the texts Python prints of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from regrade.filters.filter import Unparsed, UnparsedNumber
from regrade.recorded_values import encode_other, plain, read_items, read_value, stands_for_value
from regrade.registry import lookup


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[0.7 0.2 0.1]", [0.7, 0.2, 0.1]),
        ("[0.7, 0.2, 0.1]", [0.7, 0.2, 0.1]),
        ("[[1 0]\n [0 1]]", [[1, 0], [0, 1]]),
        ("array([1., 2.], dtype=float32)", [1.0, 2.0]),
        ("tensor([0.5, 0.5], device='cuda:0')", [0.5, 0.5]),
        ("tensor(0.2500)", 0.25),
        ("np.float64(0.5)", 0.5),
        ("np.True_", True),
        ("False", False),
        ("-3", -3),
        ("1e-3", 0.001),
        ("(-1.5, 3)", [-1.5, 3]),
        ("(0, array([0.5, 0.5]))", [0, [0.5, 0.5]]),
        ("[None, 1]", [None, 1]),
    ],
)
def test_texts_that_stand_for_values(text: str, value: Any) -> None:
    assert read_value(text) == value
    assert stands_for_value(text) or text == "-3"


@pytest.mark.parametrize("text", ["", "cat", "[a b]", "[[", "1_0", "(1, 2", "1]", "the answer is 4", "v1.2.3"])
def test_other_texts_stay(text: str) -> None:
    assert read_value(text) == text
    assert not stands_for_value(text)


def test_nan_is_read() -> None:
    assert math.isnan(read_value("nan"))
    assert read_value("-inf") == -math.inf


def test_a_shortened_array_is_told() -> None:
    with pytest.raises(ValueError, match="shortened"):
        read_value("[0.1 0.2 ... 0.9]")


def test_the_items_of_a_pair_of_texts_stay_texts() -> None:
    assert read_items("('1', '0')") == ["1", "0"]
    assert read_items(["1", "0"]) == ["1", "0"]


def brier_rows(logs: Any, values: list[Any]) -> None:
    """Rows of a task whose functions a results file only quotes, so that its values are those of the rows."""
    rows = [
        logs.row(
            number,
            "",
            doc={"q": f"q{number}", "g": number % 2},
            target="0",
            resps=[[["-0.7", "False"]], [["-0.7", "False"]]],
            filtered_resps=[["-0.7", "False"], ["-0.7", "False"]],
            metrics=["shade"],
            shade=value,
        )
        for number, value in enumerate(values)
    ]
    for row in rows:
        del row["exact_match"]
    logs.write(rows, "shades")
    config = logs.config(
        "shades",
        output_type="multiple_choice",
        doc_to_text="{{q}}",
        process_results="def process_results(doc, results):\n    return {}",
        metric_list=[{"metric": "shade", "aggregation": "brier_score", "higher_is_better": False}],
    )
    logs.results({"shades": {}}, configs={"shades": config})


def test_arrays_written_as_text_are_scored(logs: Any, cli: Callable[..., Any]) -> None:
    # (0.3² + 0.2² + 0.1²) = 0.14 and (0.25² + 0.75² + 0.5²) = 0.875: their mean is 0.5075.
    brier_rows(logs, [[0, "[0.7 0.2 0.1]"], "(1, array([0.25, 0.25, 0.5]))"])
    ran = cli("score", logs.folder, "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["results"]["shades"]["shade,none"] == pytest.approx(0.5075, rel=1e-12)


@pytest.mark.parametrize("bad", [[0, "[0.7 0.2 ... 0.1]"], {"a": 1}, "unknown", None, [0]])
def test_what_cannot_be_read_is_named(logs: Any, cli: Callable[..., Any], bad: Any) -> None:
    brier_rows(logs, [[0, "[0.7 0.2 0.1]"], bad])
    ran = cli("score", logs.folder)
    assert ran.code == 3
    assert "0.1400" in ran.out
    assert "Traceback" not in ran.out + ran.err


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity", "1e308", "-1e308"])
def test_a_recorded_value_that_would_take_the_mean_with_it_is_a_failed_sample(
    logs: Any, cli: Callable[..., Any], bad: str
) -> None:
    path = logs.write(logs.rows(["1", "0", "1", "0"]))  # no results file: the values of the rows are averaged again
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for number, row in enumerate(rows):
        row["exact_match"] = float(number < 2)
    rows[3]["exact_match"] = json.loads(bad)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ran = cli("score", path, "--json")
    assert ran.code == 3
    [results] = json.loads(ran.out)["results"].values()
    assert results["exact_match,none"] == 0.5  # it counts as the metric's worst value
    assert f"{path}:4 (exact_match, none)" in cli("score", path).out


def test_scores_too_large_to_be_averaged_are_failed_samples(tmp_path: Any, cli: Callable[..., Any]) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"s": 1e308}\n{"s": 1e308}\n{"s": 4}\n{"s": 2e100}\n{"s": 1e100}\n', encoding="utf-8")
    ran = cli("score", path, "--score", "s", "--json")
    assert ran.code == 3
    assert json.loads(ran.out)["results"]["t"]["s,none"] == pytest.approx(5e99, rel=1e-12)


def test_minus_infinity_is_a_log_likelihood_and_nan_none() -> None:
    perplexity, weighted = lookup("aggregation", "perplexity")(), lookup("aggregation", "weighted_perplexity")()
    assert perplexity.read(-math.inf) == perplexity.read("-inf") == -math.inf
    assert list(weighted.read([-math.inf, 3])) == [-math.inf, 3]
    for aggregation, value in ((perplexity, math.nan), (weighted, [math.nan, 3])):
        with pytest.raises(ValueError, match="nan"):
            aggregation.read(value)


def test_what_numpy_and_filters_derive_of_numbers_and_texts_is_that() -> None:
    np = pytest.importorskip("numpy")
    given = [np.float64(0.25), np.bool_(True), np.int64(3), np.array([1, 2]), Unparsed("a"), UnparsedNumber(0.5)]
    assert plain(given) == [0.25, True, 3, [1, 2], "a", 0.5]
    assert [type(one) for one in plain(given)] == [float, bool, int, list, str, float]
    assert plain({"a": (np.float64(1.5), {2})}) == {"a": [1.5, [2]]}
    encoder = msgspec.json.Encoder(enc_hook=encode_other)
    assert encoder.encode(given) == b'[0.25,true,3,[1,2],"a",0.5]'
    assert encoder.encode(Path("/a")) == b'"/a"'
