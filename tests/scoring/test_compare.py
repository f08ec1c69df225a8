"""Paired comparison: worked out by hand on small logs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest

import regrade
from regrade.errors import InputError


@pytest.fixture
def pair(tmp_path: Path, logs: Any) -> Callable[..., tuple[Path, Path]]:
    """Write two runs of a task: the answers of each, the reference being "1"."""

    def write(a: list[str], b: list[str], **more: Any) -> tuple[Path, Path]:
        folders = []
        for name, answers in (("a", a), ("b", b)):
            logs.results(folder=name, config={"model": name, "model_args": f"pretrained=model-{name}"})
            logs.write(logs.rows(answers, **more), folder=name)
            folders.append(logs.folder / name)
        return folders[0], folders[1]

    return write


# of 12 samples: 3 both right, 1 only a, 6 only b, 2 both wrong
A = ["1"] * 3 + ["1"] + ["0"] * 6 + ["0"] * 2
B = ["1"] * 3 + ["0"] + ["1"] * 6 + ["0"] * 2


def z_of_difference(supposed: float, wins: int, losses: int, n: int) -> float:
    """Tango's score statistic with the shares of discordant samples that are likeliest, found by trying many."""

    def likelihood(share: float) -> float:
        rest = 1 - 2 * share - supposed
        return wins * math.log(share + supposed) + losses * math.log(share) + (n - wins - losses) * math.log(rest)

    low, high = max(0.0, -supposed), (1 - supposed) / 2
    for _ in range(200):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (left, high) if likelihood(left) < likelihood(right) else (low, right)
    return (wins - losses - n * supposed) / math.sqrt(n * (2 * low + supposed * (1 - supposed)))


def test_zeros_and_ones(pair: Callable[..., tuple[Path, Path]]) -> None:
    [metric] = regrade.compare(*pair(A, B)).metrics
    assert (metric.a, metric.b, metric.n) == (pytest.approx(4 / 12), pytest.approx(9 / 12), 12)
    assert metric.difference == pytest.approx(5 / 12)
    assert (metric.better, metric.worse, metric.only_a, metric.only_b) == (6, 1, 0, 0)
    # McNemar's exact test: 1 or fewer of 7 either way
    assert metric.test == "mcnemar exact"
    assert metric.p_value == pytest.approx(2 * (1 + 7) / 2**7)
    # Miller's paired standard error: deviation of the differences over the root of n
    differences = [0] * 3 + [-1] + [1] * 6 + [0] * 2
    mean = sum(differences) / 12
    stderr = math.sqrt(sum((d - mean) ** 2 for d in differences) / 11 / 12)
    assert metric.stderr == pytest.approx(stderr, rel=1e-12)
    ends = [z_of_difference(end, 6, 1, 12) for end in metric.interval]
    z = NormalDist().inv_cdf(0.975)
    assert ends == pytest.approx([z, -z], rel=1e-6)
    assert metric.inside_noise
    assert [(flip.sample_id, flip.a, flip.b, flip.line_a, flip.line_b) for flip in metric.flips] == [
        (3, 1.0, 0.0, 4, 4),
        *((n, 0.0, 1.0, n + 1, n + 1) for n in range(4, 10)),
    ]


def test_interval_and_p_value_do_not_contradict_each_other(
    pair: Callable[..., tuple[Path, Path]], cli: Callable[..., Any]
) -> None:
    """5 to 0 is an exact p of 1/16, while Tango's score, the root of 5, is above 1.96."""
    a, b = pair(["0"] * 5 + ["1"], ["1"] * 6)
    [metric] = regrade.compare(a, b).metrics
    assert (metric.p_value, metric.interval[0], metric.verdict) == (1 / 16, 0, "inside the noise")
    ran = cli("compare", a, b)
    assert "+0.0000 – +" in ran.out
    assert "inside the noise" in ran.out


def test_the_other_way_round(pair: Callable[..., tuple[Path, Path]]) -> None:
    a, b = pair(A, B)
    [there], [back] = regrade.compare(a, b).metrics, regrade.compare(b, a).metrics
    assert back.difference == pytest.approx(-there.difference)
    assert back.interval == (pytest.approx(-there.interval[1]), pytest.approx(-there.interval[0]))
    assert (back.p_value, back.stderr, back.better, back.worse) == (
        pytest.approx(there.p_value), pytest.approx(there.stderr), there.worse, there.better,
    )  # fmt: skip


def test_a_run_and_itself(pair: Callable[..., tuple[Path, Path]]) -> None:
    a, _ = pair(A, B)
    [metric] = regrade.compare(a, a).metrics
    assert (metric.difference, metric.stderr, metric.p_value, metric.flips) == (0.0, 0.0, 1.0, [])
    assert metric.inside_noise


def test_two_runs_of_one_model_are_called_by_their_folders(logs: Any, cli: Callable[..., Any]) -> None:
    for name in ("a", "b"):
        logs.results(folder=name, config={"model": "m", "model_args": "pretrained=one"})
        logs.write(logs.rows(A), folder=name)
    a, b = logs.folder / "a", logs.folder / "b"
    assert cli("compare", a, b).out.splitlines()[:2] == [f"a  {a}", f"b  {b}"]


def test_a_difference_inside_the_noise_is_said(pair: Callable[..., tuple[Path, Path]], cli: Callable[..., Any]) -> None:
    ran = cli("compare", *pair(["1", "0", "1", "0"], ["1", "1", "0", "0"]))
    assert ran.code == 0
    assert "inside the noise" in ran.out
    ran = cli("compare", *pair(A * 3, B * 3))
    assert "b is better" in ran.out
    ran = cli("compare", *pair(B * 3, A * 3))
    assert "b is worse" in ran.out


def test_samples_that_one_side_lacks(pair: Callable[..., tuple[Path, Path]], cli: Callable[..., Any]) -> None:
    a, b = pair(["1", "1", "0", "0", "1"], ["1", "0", "1"])
    [metric] = regrade.compare(a, b).metrics
    assert (metric.n, metric.only_a, metric.only_b) == (3, 2, 0)
    assert (metric.a, metric.b) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    out = cli("compare", a, b).out
    assert "2 samples only in a" in out


def test_what_is_missing_is_said_and_makes_the_comparison_incomplete(
    pair: Callable[..., tuple[Path, Path]], cli: Callable[..., Any]
) -> None:
    a, b = pair(["1", "1", "0", "0", "1"], ["1", "0", "1"])
    ran = cli("compare", a, b)
    assert ran.code == 3
    [row] = [line.split() for line in ran.out.splitlines() if line.startswith("sums  ")]
    # all of a: 3 of 5; all of b: 2 of 3
    assert row[-7:-3] == ["0.6000", "5", "0.6667", "3"]
    [metric] = regrade.compare(a, b).metrics
    assert (metric.whole_a, metric.n_a, metric.whole_b, metric.n_b) == (
        pytest.approx(3 / 5), 5, pytest.approx(2 / 3), 3,
    )  # fmt: skip


def test_malformed_rows_are_named(pair: Callable[..., tuple[Path, Path]], cli: Callable[..., Any]) -> None:
    a, b = pair(["1", "0", "1"], ["1", "0", "1"])
    [path] = b.glob("samples*")
    path.write_text(path.read_text(encoding="utf-8") + '{"doc_id": 3, "doc"\n', encoding="utf-8")
    ran = cli("compare", a, b)
    assert ran.code == 3
    assert "1 malformed row, first" in ran.out
    found = json.loads(cli("compare", a, b, "--json").out)
    assert any("malformed" in loss for loss in found["losses"])


def test_samples_in_another_order(logs: Any) -> None:
    logs.results(folder="a")
    logs.results(folder="b")
    rows_a, rows_b = logs.rows(["1", "0", "1"]), logs.rows(["1", "1", "0"])
    a, b = logs.write(rows_a, folder="a"), logs.write(rows_b[::-1], folder="b")
    [metric] = regrade.compare(a, b).metrics
    assert [(flip.sample_id, flip.line_a, flip.line_b) for flip in metric.flips] == [(1, 2, 2), (2, 3, 1)]
    assert (metric.better, metric.worse) == (1, 1)


def test_other_documents_under_the_same_ids_are_said(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results(folder="a")
    logs.results(folder="b")
    a = logs.write(logs.rows(["1", "0", "1"]), folder="a")
    others = logs.rows(["1", "0", "1"])
    others[1]["doc"]["question"] = "another question"
    b = logs.write(others, folder="b")
    ran = cli("compare", a, b)
    assert ran.code == 3
    assert "paired by their documents: 1 of 3 common ids stand for different documents" in ran.out
    assert "1 sample only in a, 1 only in b" in ran.out
    # a bare NaN makes a row take another way through the parser, and nothing else
    same = logs.rows(["1", "0", "1"])
    same[2]["exact_match"] = math.nan
    assert "different documents" not in cli("compare", a, logs.write(same, folder="b")).out


def test_means_that_are_no_zeros_and_ones(logs: Any) -> None:
    """Recorded values of a metric that cannot be recomputed: sign flips, all of them for so few samples."""
    config = logs.config(metric_list=[{"metric": "<function score at 0x7f>", "aggregation": "mean"}])
    values = {"a": [0.5, 0.2, 0.9, 0.4], "b": [0.6, 0.5, 1.0, 0.8]}
    for name, found in values.items():
        logs.results(folder=name, configs={"sums": {**config, "process_results": "def process_results(): pass"}})
        rows = logs.rows(["x"] * 4, metrics=["score"])
        logs.write([{**row, "score": value} for row, value in zip(rows, found, strict=True)], folder=name)
    metrics = {m.metric: m for m in regrade.compare(logs.folder / "a", logs.folder / "b").metrics}
    metric = metrics["score"]
    assert metric.difference == pytest.approx(0.225)
    assert metric.test == "sign flip"
    # all four differences are positive: of 16 sign patterns 2 are as extreme
    assert metric.p_value == pytest.approx(2 / 16, abs=0.02)


def test_a_corpus_metric_by_paired_bootstrap(pair: Callable[..., tuple[Path, Path]]) -> None:
    import sacrebleu

    reference = [
        "the cat sat on the mat",
        "a dog lay in the sun",
        "birds fly over the house",
        "we ate bread and cheese",
    ]
    a = ["the cat sat on a mat", "a dog lay in sun", "birds fly over a house", "we ate some bread and cheese"]
    b = ["the cat is here", "dogs lie in the sun", "birds over the house", "bread and cheese"]
    first, second = pair(a, b)
    for folder in (first, second):
        [path] = folder.glob("samples*")
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for row, text in zip(rows, reference, strict=True):
            row["doc"]["answer"] = row["target"] = text
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options: dict[str, Any] = {"metric": "bleu", "bootstrap_iterations": 0}
    [metric] = regrade.compare(first, second, **options).metrics
    assert metric.test == "bootstrap"
    assert metric.a == pytest.approx(sacrebleu.corpus_bleu(a, [reference]).score)
    assert metric.b == pytest.approx(sacrebleu.corpus_bleu(b, [reference]).score)
    assert metric.difference == pytest.approx(metric.b - metric.a)
    assert metric.interval[0] <= metric.difference <= metric.interval[1]
    [again] = regrade.compare(first, second, **options).metrics
    assert (again.interval, again.p_value, again.stderr) == (metric.interval, metric.p_value, metric.stderr)


def test_clusters(pair: Callable[..., tuple[Path, Path]]) -> None:
    """Samples of a cluster that always move together are one sample."""
    a, b = pair(["0", "0", "1", "1", "0", "0"], ["1", "1", "1", "1", "0", "0"])
    for folder in (a, b):
        [path] = folder.glob("samples*")
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for row in rows:
            row["doc"]["story"] = row["doc_id"] // 2
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    [metric] = regrade.compare(a, b, cluster="doc.story").metrics
    assert metric.test == "clustered"
    differences = [1, 0, 0]  # per cluster, of two samples each
    mean = sum(differences) / 3
    naive = math.sqrt(sum((2 * (d - mean)) ** 2 for d in differences)) / 6
    assert metric.difference == pytest.approx(mean)
    assert min(abs(metric.stderr - naive), abs(metric.stderr - naive * math.sqrt(3 / 2))) < 1e-12
    [plain] = regrade.compare(a, b).metrics
    assert plain.stderr < metric.stderr


def with_stories(folders: tuple[Path, Path], size: int) -> tuple[Path, Path]:
    """The same logs, in which ``size`` rows after one another are about one story."""
    for folder in folders:
        [path] = folder.glob("samples*")
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for row in rows:
            row["doc"]["story"] = row["doc_id"] // size
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folders


def test_few_clusters_are_told_and_corrected_for(
    pair: Callable[..., tuple[Path, Path]], cli: Callable[..., Any]
) -> None:
    a, b = with_stories(pair(["0"] * 4 + ["1"] * 6, ["1"] * 4 + ["1"] * 2 + ["0", "1", "1", "1"]), 2)
    ran = cli("compare", a, b, "--cluster", "doc.story")
    assert "5 clusters by doc.story are few (fewer than 40)" in ran.out
    [metric] = regrade.compare(a, b, cluster="doc.story").metrics
    # differences by cluster 2, 2, 0, -1, 0 of mean 0.6: squares 1.96 twice, 0.36 twice, 2.56; CR1 has 5 / 4
    stderr = math.sqrt(5 / 4 * (2 * 1.96 + 2 * 0.36 + 2.56)) / 10
    assert metric.stderr == pytest.approx(stderr, rel=1e-12)
    assert metric.interval[1] == pytest.approx(0.3 + 2.7764451051977987 * stderr, rel=1e-9)  # t with 4 degrees


def test_clusters_that_all_differ_alike_are_no_proof(pair: Callable[..., tuple[Path, Path]]) -> None:
    """The standard error is 0, and yet three clusters would fall on one side by chance in a quarter of cases."""
    a, b = with_stories(pair(["0"] * 6, ["1"] * 6), 2)
    [metric] = regrade.compare(a, b, cluster="doc.story").metrics
    assert (metric.stderr, metric.test, metric.p_value) == (0, "clustered sign flip", 0.25)
    z = NormalDist().inv_cdf(0.975)
    assert metric.interval == (pytest.approx((3 - z**2) / (3 + z**2), rel=1e-9), 1)  # Tango's of 3 of 3
    assert metric.inside_noise


def test_clusters_of_a_corpus_metric(pair: Callable[..., tuple[Path, Path]]) -> None:
    """Every sample three times over, told as such: the errors are those of samples, not of copies."""
    words = ["the", "cat", "sat", "on", "a", "red", "mat", "and", "saw", "it", "all", "from", "there"]
    reference = [" ".join(words[n : n + 6]) for n in range(8) for _ in range(3)]
    a = [text.replace("a", "the") if n // 3 % 2 else text for n, text in enumerate(reference)]
    b = [text.replace("s", "z") if n // 3 % 3 else text for n, text in enumerate(reference)]
    first, second = with_stories(pair(a, b, targets=reference), 3)
    options: dict[str, Any] = {"metric": "bleu", "bootstrap_iterations": 0}
    [metric] = regrade.compare(first, second, cluster="doc.story", **options).metrics
    [naive] = regrade.compare(first, second, **options).metrics
    assert metric.test == "clustered bootstrap"
    assert metric.difference == naive.difference
    assert metric.stderr == pytest.approx(naive.stderr * math.sqrt(3), rel=0.2)
    assert metric.interval[0] < naive.interval[0]


def test_several_tests_are_corrected_for_their_number(
    pair: Callable[..., tuple[Path, Path]], cli: Callable[..., Any]
) -> None:
    """8 to 1 is a p of 0.0391, of which twice is 0.0781."""
    a, b = pair(["1"] * 3 + ["1"] + ["0"] * 8, ["1"] * 3 + ["0"] + ["1"] * 8)
    p_value = 2 * (1 + 9) / 2**9
    both = ("compare", a, b, "--extract", "first=(.*)", "--extract", "second=(.*)", "--metric", "exact_match", "--json")
    found = json.loads(cli(*both).out)
    assert [row["p_value"] for row in found["metrics"]] == pytest.approx([p_value] * 2)
    assert [row["adjusted_p"] for row in found["metrics"]] == pytest.approx([2 * p_value] * 2)
    assert [row["verdict"] for row in found["metrics"]] == ["inside the noise"] * 2
    assert any("2 tests" in note and "Holm" in note for note in found["notes"])
    plain = json.loads(cli(*both, "--no-correction").out)
    assert [row["verdict"] for row in plain["metrics"]] == ["better"] * 2
    assert [row["adjusted_p"] for row in plain["metrics"]] == [None, None]
    assert not any("Holm" in note for note in plain["notes"])
    ran = cli(*both[:-1])
    assert "p (Holm)" in ran.out
    assert "0.0391    0.0781" in ran.out
    alone = cli("compare", a, b, "--extract", "first=(.*)", "--metric", "exact_match")
    assert "Holm" not in alone.out
    assert "b is better" in alone.out


def test_runs_without_anything_in_common(logs: Any) -> None:
    logs.results({"sums": {}, "more": {}}, folder="a")
    a = logs.write(logs.rows(["1"]), "sums", folder="a")
    logs.write(logs.rows(["1"]), "more", folder="a")
    logs.results({"others": {}}, folder="b")
    b = logs.write(logs.rows(["1"]), "others", folder="b")
    with pytest.raises(InputError, match="no task and metric in common"):
        regrade.compare(a.parent, b.parent)
    # two single tasks of other names are compared, and that is said
    comparison = regrade.compare(a, b)
    assert comparison.metrics[0].n == 1
    assert "name their task differently: sums and others" in comparison.notes[0]


def test_several_runs_in_a_folder_are_refused(logs: Any, cli: Callable[..., Any]) -> None:
    for date in ("2025-03-01T10-00-00.0", "2025-03-02T10-00-00.0"):
        logs.results(name=f"results_{date}.json")
        path = logs.write(logs.rows(["1"]), date=date)
    ran = cli("compare", logs.folder, path)
    assert ran.code == 1
    assert "holds several runs of sums" in ran.err
    assert "name one log" in ran.err


def test_json(pair: Callable[..., tuple[Path, Path]], cli: Callable[..., Any]) -> None:
    found = json.loads(cli("compare", *pair(A, B), "--json").out)
    assert (found["name_a"], found["name_b"], found["level"]) == ("model-a", "model-b", 0.95)
    [metric] = found["metrics"]
    assert metric["p_value"] == pytest.approx(0.125)
    assert len(metric["flips"]) == 7
    assert (metric["inside_noise"], metric["verdict"]) == (True, "inside the noise")


def test_flips_that_are_listed(pair: Callable[..., tuple[Path, Path]], cli: Callable[..., Any]) -> None:
    a, b = pair(A, B)
    out = cli("compare", a, b, "--flips", "2").out
    assert "7 samples flipped: sums exact_match,none" in out
    assert "... and 5 more" in out
    assert "flipped" not in cli("compare", a, b, "--flips", "0").out


def test_where_and_limit(pair: Callable[..., tuple[Path, Path]]) -> None:
    a, b = pair(A, B)
    [metric] = regrade.compare(a, b, where="doc_id < 4").metrics
    assert (metric.n, metric.a, metric.b) == (4, 1.0, 0.75)
    [metric] = regrade.compare(a, b, limit=3).metrics
    assert (metric.n, metric.a, metric.b) == (3, 1.0, 1.0)


def test_the_last_of_appended_runs_is_compared(logs: Any) -> None:
    logs.results(folder="a")
    logs.results(folder="b")
    a = logs.write(logs.rows(["0", "0"]) + logs.rows(["1", "0"]), folder="a")
    b = logs.write(logs.rows(["1", "1"]), folder="b")
    [metric] = regrade.compare(a, b).metrics
    assert (metric.n, metric.a, metric.b) == (2, 0.5, 1.0)
    assert [(flip.sample_id, flip.line_a) for flip in metric.flips] == [(1, 4)]


def test_published_runs(lm_eval_logs: Path) -> None:
    folder = lm_eval_logs / "negotiationtom_v0.4.13"
    a, b = sorted(folder.glob("samples_negotiationtom_desire_*"))
    rows_a, rows_b = (
        {row["doc_id"]: row["acc"] for row in map(json.loads, path.read_text(encoding="utf-8").strip().split("\n"))}
        for path in (a, b)
    )
    [metric] = [m for m in regrade.compare(a, b).metrics if m.metric == "acc"]
    assert metric.difference == pytest.approx(sum(rows_b[i] - rows_a[i] for i in rows_a) / 20)
    assert {flip.sample_id for flip in metric.flips} == {i for i in rows_a if rows_a[i] != rows_b[i]}


def test_documents_that_are_spelt_otherwise_are_the_same(logs: Any) -> None:
    """Another tool has rewritten the log: other spaces, other order of keys."""
    for name in ("a", "b"):
        logs.results(folder=name)
    a, b = (logs.write(logs.rows(["1", "0", "1"]), folder=name) for name in ("a", "b"))
    rows = [json.loads(line) for line in b.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["doc"] = dict(reversed(row["doc"].items()))
    b.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows), encoding="utf-8")
    comparison = regrade.compare(a, b)
    assert (comparison.metrics[0].n, comparison.notes) == (3, [])


def test_ids_that_were_given_anew_are_no_pairs(logs: Any, cli: Callable[..., Any]) -> None:
    """Another shuffle of the dataset: the same ids, the same documents, put together otherwise."""
    for name in ("a", "b"):
        logs.results(folder=name)
    a = logs.write(logs.rows(["1", "0", "1"]), folder="a")
    others = logs.rows(["1", "0", "1"])
    for row, sample_id in zip(others, (1, 0, 2), strict=True):
        row["doc_id"] = sample_id
    b = logs.write(others, folder="b")
    [metric] = regrade.compare(a, b).metrics
    assert (metric.n, metric.better, metric.worse) == (3, 0, 0)
    # nothing but the ids is the same
    for row in others:
        row["doc"]["question"] += " (another one)"
    ran = cli("compare", a, logs.write(others, folder="b"))
    assert ran.code == 1
    assert "3 ids are in both runs and stand for different documents" in ran.err


def test_tables_whose_answers_and_latencies_differ(tmp_path: Path, cli: Callable[..., Any]) -> None:
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    a.write_text("id,question,expected,answer,seconds\n1,p,x,x,3\n2,q,y,n,4\n", encoding="utf-8")
    b.write_text("id,question,expected,answer,seconds\n1,p,x,n,8\n2,q,y,y,9\n", encoding="utf-8")
    ran = cli("compare", a, b, "--metric", "exact_match")
    assert ran.code == 0
    assert "different documents" not in ran.out
    b.write_text("id,question,expected,answer,seconds\n1,q,x,n,8\n2,p,y,y,9\n", encoding="utf-8")
    assert cli("compare", a, b, "--metric", "exact_match").code == 1


def test_a_verdict_needs_the_test_and_the_interval() -> None:
    from regrade.scoring.comparison import ComparedMetric

    def verdict(
        p: float, low: float, high: float, difference: float = 0.1, higher: bool = True, adjusted: float | None = None
    ) -> str:
        return ComparedMetric(
            task="t", filter="f", metric="m", a=0.0, b=0.0, difference=difference, stderr=0.0, interval=(low, high),
            p_value=p, adjusted_p=adjusted, test="", n=2, higher_is_better=higher,
        ).verdict  # fmt: skip

    assert verdict(0.01, 0.05, 0.15) == "better"
    assert verdict(0.01, 0.05, 0.15, higher=False) == "worse"
    assert verdict(0.0625, 0.05, 0.15) == "inside the noise"
    assert verdict(0.01, -0.05, 0.15) == "inside the noise"
    assert verdict(0.01, math.nan, math.nan) == "better"
    assert verdict(math.nan, 0.05, 0.15) == "better"
    assert verdict(math.nan, math.nan, math.nan) == "inside the noise"
    assert verdict(0.03, 0.05, 0.15, adjusted=0.06) == "inside the noise"
    assert verdict(0.01, 0.05, 0.15, adjusted=0.04) == "better"


def test_what_a_model_did_is_no_part_of_the_document(tmp_path: Path) -> None:
    """Readers whose documents hold results: repeats that passed, and AlpacaEval's annotations."""
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path, passed in zip(paths, (True, False), strict=True):
        path.write_text(json.dumps({"x": [passed, False], "y": [True, True]}), encoding="utf-8")
    comparison = regrade.compare(*paths)
    assert (comparison.metrics[0].n, comparison.metrics[0].worse) == (2, 1)
    assert not [note for note in comparison.notes if "document" in note]
    for path, model in zip(paths, ("m", "n"), strict=True):
        rows = [
            {"instruction": text, "output_1": "base", "generator_1": "base", "output_2": f"{model} {text}",
             "generator_2": model, "annotator": "judge", "preference": 1.0 + (model == "n") * place}
            for place, text in enumerate(("p", "q"))
        ]  # fmt: skip
        path.write_text(json.dumps(rows), encoding="utf-8")
    comparison = regrade.compare(*paths)
    assert (comparison.metrics[0].n, comparison.metrics[0].better) == (2, 1)
    assert not [note for note in comparison.notes if "document" in note]
