"""Agreement of judges: LLMBar's recorded statistics, MT-Bench's setups by hand, scikit-learn's kappa."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import InputError
from regrade.judging.agreement import agree
from regrade.judging.votes import Vote, Votes, read_votes
from regrade.statistics.agreement import cohen_kappa

LLMBAR = [
    "LLMBar/Natural/evaluators/GPT-4/Vanilla_NoRules",
    "LLMBar/Natural/evaluators/GPT-4/Vanilla",
    "LLMBar/Natural/evaluators/GPT-4/CoT",
    "LLMBar/Adversarial/Manual/evaluators/GPT-4/Vanilla_NoRules",
    "LLMBar/Adversarial/Manual/evaluators/GPT-4/Vanilla",
    "Processed/FairEval/evaluators/GPT-4/Vanilla_NoRules",
    "Processed/FairEval/evaluators/GPT-4/Metrics_Reference",
    "Processed/MT-Bench/evaluators/GPT-4/Vanilla_NoRules",
    "Processed/MT-Bench/evaluators/GPT-4/Metrics_Reference",
]


@pytest.mark.parametrize("name", LLMBAR)
def test_llmbars_recorded_accuracies_and_kappas(shared_data: Path, name: str) -> None:
    folder = shared_data / "llmbar" / "Dataset" / name
    recorded = json.loads((folder / "statistics.json").read_text())
    found = agree(read_votes(folder / "result.json"), read_votes(folder.parents[2] / "dataset.json"))
    assert found.orders is not None
    assert found.a.positions is not None

    def share(count: int, n: int) -> str:
        return f"{count} / {n} = {count / n * 100}%"

    orders, positions = found.orders, found.a.positions
    assert share(orders.forward.agreement.count, orders.forward.agreement.n) == recorded["correct_False"]
    assert share(orders.backward.agreement.count, orders.backward.agreement.n) == recorded["correct_True"]
    assert share(orders.both.count, orders.both.n) == recorded["correct_both"]
    assert share(positions.consistent.count, positions.consistent.n) == recorded["equal"]
    assert positions.kappa == pytest.approx(recorded["kappa_agreement"], abs=1e-12)


@pytest.mark.parametrize("name", LLMBAR)
def test_llmbars_kappa_with_people_took_verdict_2_for_another_label(shared_data: Path, name: str) -> None:
    """Its script reads only "0" and "1" as labels, so that a judge's "2" became 0 and met people's 2 nowhere."""
    folder = shared_data / "llmbar" / "Dataset" / name
    recorded = json.loads((folder / "statistics.json").read_text())
    rows = json.loads((folder / "result.json").read_text())
    for swap in (False, True):
        judge = [int(row["results"][-1][f"swap = {swap}"]["winner"]) for row in rows]
        people = [row["label"] for row in rows]
        as_recorded = cohen_kappa([1 if verdict == 1 else 0 for verdict in judge], people)
        assert as_recorded == pytest.approx(recorded[f"kappa_{swap}"], abs=1e-12)
        found = agree(read_votes(folder / "result.json"), read_votes(folder.parents[2] / "dataset.json"))
        assert found.orders is not None
        ours = found.orders.backward if swap else found.orders.forward
        assert ours.kappa == pytest.approx(cohen_kappa(judge, people), abs=1e-12)


def votes(labels: dict[str, Any], kind: Any = "pairs", path: str = "a") -> Votes:
    found = Votes(path=path, kind=kind, shape="made up")
    for key, label in labels.items():
        for one in label if isinstance(label, list) else [label]:
            found.items.setdefault(tuple(key.split("|")), []).append(Vote(one, None, {"turn": len(key)}))
    return found


def test_the_setups_of_mt_bench_by_hand() -> None:
    judge = votes({"a": "first", "b": "tie", "c": "second", "d": "first", "e": None, "alone": "tie"})
    people = votes({"a": ["first", "tie"], "b": ["tie", "first"], "c": "second", "d": "second", "e": "first"}, path="b")
    found = agree(judge, people)
    s1, s2 = found.setups
    # a: yes, no; b: yes, no; c: yes; d: no; e: no verdict of the judge.
    assert (s1.agreement.count, s1.agreement.n) == (3, 6)
    # Without ties: a/first, c, d.
    assert (s2.agreement.count, s2.agreement.n) == (2, 3)
    assert found.labels == ["first", "second", "tie"]
    assert found.confusion == [[1, 1, 1], [0, 1, 0], [1, 0, 1]]
    assert s1.kappa == pytest.approx((3 / 6 - (3 * 2 + 1 * 2 + 2 * 2) / 36) / (1 - 12 / 36))
    assert (found.items, found.a.alone, found.a.unread, found.b.votes) == (5, 1, 1, 7)
    assert not found.complete


def test_without_ties_there_is_one_setup() -> None:
    found = agree(votes({"a": "yes", "b": "no"}, "labels"), votes({"a": "yes", "b": "yes"}, "labels"))
    assert [setup.name for setup in found.setups] == ["S1"]
    assert found.complete


def test_people_among_themselves() -> None:
    found = agree(votes({"a": ["first", "first", "tie"], "b": "first", "c": ["second", "first"]}))
    [s1, s2] = found.setups
    assert (s1.agreement.count, s1.agreement.n) == (1, 4)
    assert (s2.agreement.count, s2.agreement.n) == (1, 2)
    assert found.confusion == [[2, 1, 2], [1, 0, 0], [2, 0, 0]]
    assert (found.items, found.a.alone) == (2, 1)
    with pytest.raises(InputError, match="no item was judged twice"):
        agree(votes({"a": "first"}))


def test_ratings_become_preferences_beside_votes_on_pairs() -> None:
    ratings = votes({"81|1|x": 7, "81|1|y": 9, "82|1|x": 5, "82|1|y": 5, "83|1|x": 5}, "ratings")
    people = votes({"81|1|x|y": "second", "82|1|x|y": "first", "83|1|x|y": "tie"}, path="b")
    for found in (agree(ratings, people), agree(people, ratings)):
        assert found.items == 2
        assert (found.setups[0].agreement.count, found.setups[0].agreement.n) == (1, 2)
    with pytest.raises(InputError, match="cannot be compared"):
        agree(ratings, votes({"81": "yes"}, "labels"))


def test_ratings_of_two_judges() -> None:
    found = agree(
        votes({"a": 1, "b": 5, "c": 9, "d": 9}, "ratings"), votes({"a": 2, "b": 5, "c": 8, "d": 10}, "ratings")
    )
    assert found.ratings is not None
    assert (found.ratings.n, found.ratings.difference, found.ratings.distance) == (4, -0.25, 0.75)
    # Ranks 1, 2, 3.5, 3.5 and 1, 2, 3, 4.
    assert found.ratings.spearman == pytest.approx(4.5 / math.sqrt(4.5 * 5))


def test_groups() -> None:
    found = agree(
        votes({"a": "x", "bb": "x", "cc": "y"}, "labels"), votes({"a": "x", "bb": "y", "cc": "y"}, "labels"), by="turn"
    )
    counts = {name: (g[0].agreement.count, g[0].agreement.n) for name, g in found.groups.items()}
    assert counts == {"1": (1, 1), "2": (1, 2)}
    missing = agree(votes({"a": "x"}, "labels"), votes({"a": "x"}, "labels"), by="nix")
    assert list(missing.groups) == ["(missing)"]


def test_no_common_item() -> None:
    with pytest.raises(InputError, match="no item was judged by both"):
        agree(votes({"a": "x"}, "labels"), votes({"b": "x"}, "labels"))


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("xyz")), min_size=1, max_size=40))
def test_agreement_and_kappa_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    found = agree(
        votes({str(n): x for n, x in enumerate(a)}, "labels"), votes({str(n): y for n, y in enumerate(b)}, "labels")
    )
    [setup] = found.setups
    assert setup.agreement.share == pytest.approx(metrics.accuracy_score(a, b))
    assert found.confusion == [[sum(pair == (x, y) for pair in pairs) for y in found.labels] for x in found.labels]
    if setup.kappa is None:
        assert len({*a, *b}) == 1
    else:
        assert setup.kappa == pytest.approx(metrics.cohen_kappa_score(a, b), abs=1e-12)


def test_groups_that_print_alike_are_not_one(tmp_path: Path) -> None:
    rows = [{"id": n, "verdict": "x", "turn": [1, "1", None, "None"][n % 4]} for n in range(8)]
    other = [{**row, "verdict": "y" if isinstance(row["turn"], str) else "x"} for row in rows]
    for name, content in (("a", rows), ("b", other)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
    groups = agree(read_votes(tmp_path / "a.jsonl"), read_votes(tmp_path / "b.jsonl"), by="turn").groups
    assert {name: (found[0].agreement.count, found[0].agreement.n) for name, found in groups.items()} == {
        "1": (2, 2), "None": (2, 2), '"1"': (0, 2), '"None"': (0, 2),
    }  # fmt: skip
