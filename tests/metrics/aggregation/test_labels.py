"""F1 scores and Matthews' correlation equal scikit-learn's."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regrade.metrics.aggregation import FunctionAggregation
from regrade.metrics.column import Column
from regrade.registry import lookup

sklearn = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here and is not installed")

ALPHABETS = [
    [0, 1],
    [1],
    [0],
    [0, 1, 2],
    [True, False],
    ["a", "b", "c"],
    list(range(20)),
    [0, 2],
    [-100, 0, 1],
    ["1", "0"],
]
ORACLES = {
    "f1": sklearn.f1_score,
    "micro_f1": lambda gold, said: sklearn.f1_score(gold, said, average="micro"),
    "macro_f1": lambda gold, said: sklearn.f1_score(gold, said, average="macro"),
    "weighted_f1": lambda gold, said: sklearn.f1_score(gold, said, average="weighted"),
    "matthews_corrcoef": sklearn.matthews_corrcoef,
}


def pairs() -> st.SearchStrategy[list[tuple[Any, Any]]]:
    return st.sampled_from(ALPHABETS).flatmap(
        lambda labels: st.lists(st.tuples(st.sampled_from(labels), st.sampled_from(labels)), min_size=1, max_size=40)
    )


def reduce(name: str, values: list[Any]) -> float:
    aggregation = lookup("aggregation", name)()
    column = Column(aggregation.width, labelled=True)
    for value in values:
        column.append(aggregation.statistics(value))
    return float(aggregation.reduce(column))


@pytest.mark.parametrize("name", list(ORACLES))
@given(values=pairs())
@example(values=[(0, 0)])
@example(values=[(1, 0), (1, 0)])
def test_equal_to_sklearn(name: str, values: list[tuple[Any, Any]]) -> None:
    gold, said = zip(*values, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wanted = float(ORACLES[name](gold, said))
        except ValueError:
            with pytest.raises(ValueError, match=r"f1|labels"):
                reduce(name, values)
            return
    assert reduce(name, values) == pytest.approx(wanted, rel=0, abs=1e-12)


def test_errors_say_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"these are 3: .*macro_f1"):
        reduce("f1", [(0, 1), (2, 1)])
    with pytest.raises(ValueError, match="label 1, but the labels are 'yes', 'no'"):
        reduce("f1", [("yes", "no")])
    with pytest.raises(ValueError, match="both texts and numbers"):
        reduce("macro_f1", [("yes", 1)])
    with pytest.raises(ValueError, match=r"whole numbers, not 0\.5"):
        reduce("macro_f1", [(0.5, 1)])
    with pytest.raises(TypeError, match="unhashable"):
        reduce("f1", [([1], 1)])
    with pytest.raises(TypeError, match="pair"):
        reduce("f1", [1])


def macro_f1_score(items: list[Any]) -> Any:
    unzipped = list(zip(*items))  # noqa: B905
    return f1_score(unzipped[0], unzipped[1], average="macro")


def local_f1_score(items: list[Any]) -> Any:
    """As lm_eval.utils has it."""
    from sklearn.metrics import f1_score

    unzipped = list(zip(*items, strict=True))
    return f1_score(unzipped[0], unzipped[1], average="weighted")


def labelled_f1_score(items: list[Any]) -> Any:
    unzipped = list(zip(*items))  # noqa: B905
    return f1_score(unzipped[0], unzipped[1], average="macro", labels=[0, 1])


def swapped_f1_score(items: list[Any]) -> Any:
    unzipped = list(zip(*items))  # noqa: B905
    return f1_score(unzipped[1], unzipped[0], average="weighted")


def cased_f1_score(items: list[Any]) -> Any:
    unzipped = list(zip(*items))  # noqa: B905
    return f1_score([g.lower() for g in unzipped[0]], unzipped[1], average="macro")


f1_score = sklearn.f1_score


def test_functions_that_only_average_f1_become_ours() -> None:
    assert type(FunctionAggregation(macro_f1_score)) is lookup("aggregation", "macro_f1")
    assert type(FunctionAggregation(local_f1_score)) is lookup("aggregation", "weighted_f1")
    for other in (labelled_f1_score, swapped_f1_score, cased_f1_score, max):
        assert type(FunctionAggregation(other)) is FunctionAggregation
