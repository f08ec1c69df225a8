"""What combines must agree: subsets, groups, chunks, workers and limits, on logs that hypothesis makes."""

from __future__ import annotations

import itertools
import json
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import regrade
from regrade.errors import UsageError
from regrade.scoring.selection import NothingSelectedError

FILTERS = [
    {"name": "strict", "filter": [{"function": "regex", "regex_pattern": "#(\\d)"}, {"function": "take_first"}]},
    {
        "name": "last",
        "filter": [{"function": "regex", "regex_pattern": "(\\d)", "group_select": -1}, {"function": "take_first"}],
    },
]
ANSWERS = ["#1", "it is 1", "#2 or 1", "", "no", "1 é 漢", "#\u20281"]

samples = st.lists(
    st.tuples(
        st.sampled_from(ANSWERS), st.sampled_from(["1", "2"]), st.sampled_from(["a", "b", None, 3]), st.booleans()
    ),
    min_size=1,
    max_size=25,
)


def write_log(folder: Path, rows: list[Any], name: str = "log") -> Path:
    """A log of two filters with doubled rows, some of them malformed."""
    target = folder / name
    target.mkdir()
    date = "2025-03-01T10-00-00.000000"
    config = {
        "task": "sums", "output_type": "generate_until", "doc_to_text": "q", "doc_to_target": "{{gold}}",
        "filter_list": FILTERS, "metric_list": [{"metric": "exact_match"}],
    }  # fmt: skip
    results = {"results": {"sums": {}}, "configs": {"sums": config}, "config": {}, "lm_eval_version": "0.4.9"}
    (target / f"results_{date}.json").write_text(json.dumps(results), encoding="utf-8")
    lines = []
    for pipeline in ("strict", "last"):
        for number, answer, gold, level in rows:
            doc = {"gold": gold, **({} if level is None else {"level": level})}
            row = {"doc_id": number, "doc": doc, "target": gold, "resps": [[answer]], "filter": pipeline}
            lines.append(json.dumps(row, ensure_ascii=False))
    path = target / f"samples_sums_{date}.jsonl"
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


def numbered(rows: list[Any]) -> list[Any]:
    return [(number, answer, gold, level) for number, (answer, gold, level, _) in enumerate(rows)]


def facts(scores: Any) -> list[Any]:
    """Everything of the results but where they come from."""
    return [
        (r.filter, r.metric, r.value, r.stderr, r.interval, r.n, r.scored, r.unparsed, r.failed, tuple(r.group.items()))
        for r in scores.results
    ]


def by_hand(rows: list[Any], pipeline: str) -> tuple[int, int, int]:
    """Right, unparsed and all, by an extraction written anew."""
    right = unparsed = 0
    for _, answer, gold, _ in rows:
        digits = [c for c in answer if c in "0123456789"]
        found = None
        if pipeline == "last" and digits:
            found = digits[-1]
        elif pipeline == "strict":
            found = next((b for a, b in itertools.pairwise(answer) if a == "#" and b.isdigit()), None)
        unparsed += found is None
        right += found == gold
    return right, unparsed, len(rows)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples)
def test_values_are_those_counted_by_hand(rows: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scores = regrade.score(write_log(Path(folder), numbered(rows)))
        for result in scores.results:
            right, unparsed, n = by_hand(numbered(rows), result.filter)
            assert (result.value, result.n, result.unparsed) == (pytest.approx(right / n, rel=1e-15), n, unparsed)
            if n > 1:
                p = right / n
                assert result.stderr == pytest.approx(math.sqrt(p * (1 - p) / (n - 1)), abs=1e-12)
            else:
                assert result.stderr == "N/A"


@settings(max_examples=25)
@given(samples)
def test_a_subset_scores_as_a_file_of_its_rows_alone(rows: list[Any]) -> None:
    some = [(n, *rest[:2], "a" if keep else "b") for (n, *rest), (*_, keep) in zip(numbered(rows), rows, strict=True)]
    kept = [row for row in some if row[3] == "a"]
    with tempfile.TemporaryDirectory() as folder:
        path = write_log(Path(folder), some)
        if not kept:
            with pytest.raises(NothingSelectedError):
                regrade.score(path, where="doc.level == 'a'")
            return
        whole = regrade.score(path, where="doc.level == 'a'")
        assert whole.parts[0].counts.samples == len(rows)
        assert whole.parts[0].counts.selected == len(kept)
        if kept:
            assert facts(whole) == facts(regrade.score(write_log(Path(folder), kept, "kept")))


@settings(max_examples=25)
@given(samples)
def test_groups_partition_the_whole(rows: list[Any]) -> None:
    assume(any(level is not None for *_, level in numbered(rows)))
    with tempfile.TemporaryDirectory() as folder:
        path = write_log(Path(folder), numbered(rows))
        scores = regrade.score(path, by="doc.level")
        for pipeline in ("strict", "last"):
            [whole] = [r for r in scores.results if r.filter == pipeline and not r.group]
            groups = [r for r in scores.results if r.filter == pipeline and r.group]
            assert sum(group.n for group in groups) == whole.n
            assert sum(group.unparsed for group in groups) == whole.unparsed
            assert sum(group.n * group.value for group in groups) == pytest.approx(whole.n * whole.value)
            names = {level if level is not None else "(missing)" for _, _, _, level in numbered(rows)}
            assert {group.group["doc.level"] for group in groups} == names
        # each group is what --where says of it
        for group in (r for r in scores.results if r.group and r.group["doc.level"] in ("a", "b")):
            one = regrade.score(path, where=f"doc.level == {group.group['doc.level']!r}")
            [same] = [r for r in one.results if r.filter == group.filter]
            assert (same.value, same.stderr, same.interval, same.n) == (
                group.value, group.stderr, group.interval, group.n,
            )  # fmt: skip


@settings(max_examples=25)
@given(samples, st.integers(1, 30))
def test_a_limit_is_the_first_rows(rows: list[Any], limit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scores = regrade.score(write_log(Path(folder), numbered(rows)), limit=limit)
        first = regrade.score(write_log(Path(folder), numbered(rows)[:limit], "first"))
        assert facts(scores) == facts(first)
        ids = [row["sample_id"] for row in scores.to_arrow().to_pylist()]
        assert ids == [row["sample_id"] for row in first.to_arrow().to_pylist()]


def comparable(scores: Any) -> tuple[Any, Any]:
    return scores.to_dict(), scores.to_arrow().to_pylist()


@settings(max_examples=25)
@given(samples, st.integers(1, 2000), st.sampled_from([{}, {"check": True}, {"by": ["doc.level"]}, {"limit": 3}]))
def test_chunks_do_not_matter(rows: list[Any], chunk_bytes: int, options: dict[str, Any]) -> None:
    assume("by" not in options or any(level is not None for *_, level in numbered(rows)))
    with tempfile.TemporaryDirectory() as folder:
        path = write_log(Path(folder), numbered(rows))
        with path.open("ab") as file:
            file.write(b'{"oops\n\n[]\n')
        whole, cut = (
            comparable(regrade.score(path, **options)),
            comparable(regrade.score(path, chunk_bytes=chunk_bytes, **options)),
        )
        assert whole == cut


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_do_not_matter(tmp_path: Path, workers: int) -> None:
    rows = [(n, ANSWERS[n % 7], "12"[n % 2], "abc"[n % 3]) for n in range(200)]
    path = write_log(tmp_path, rows)
    options: dict[str, Any] = {"by": ["doc.level"], "chunk_bytes": 1000, "cluster": "doc.level"}
    one = regrade.score(path, workers=1, by=["doc.level"], cluster="doc.level", chunk_bytes=10**9)
    many = regrade.score(path, workers=workers, **options)
    first, second = comparable(one), comparable(many)
    assert first == second


@pytest.mark.parametrize("workers", [1, 2])
def test_a_real_log_in_small_chunks(harness_log: Path, workers: int) -> None:
    folder = harness_log / "gsm8k_1000"
    whole, cut = regrade.score(folder, workers=1), regrade.score(folder, workers=workers, chunk_bytes=100_000)
    assert whole.to_dict()["results"] == cut.to_dict()["results"]
    assert whole.to_dict()["intervals"] == cut.to_dict()["intervals"]
    assert whole.to_arrow().equals(cut.to_arrow())


def test_corpus_metrics_do_not_depend_on_chunks(tmp_path: Path) -> None:
    rows = [
        (n, f"the cat number {n} sat on the mat", f"the cat number {n + n % 2} sits on a mat", 1) for n in range(30)
    ]
    path = write_log(tmp_path, rows)
    for metric in ("bleu", "chrf", "ter"):
        whole = regrade.score(path, metric=metric, extract={"all": "(?s)(.*)"}, bootstrap_iterations=0)
        cut = regrade.score(path, metric=metric, extract={"all": "(?s)(.*)"}, bootstrap_iterations=0, chunk_bytes=1000)
        assert facts(whole) == facts(cut)


def test_the_layout_has_its_keys(tmp_path: Path) -> None:
    rows = [(0, "#1", "1", "a"), (1, "#2", "1", "b"), (2, "x", "1", "b")]
    layout = regrade.score(write_log(tmp_path, rows), by="doc.level").to_dict()
    assert set(layout) >= {
        "results",
        "intervals",
        "counts",
        "by",
        "methods",
        "runs",
        "notes",
        "malformed",
        "failures",
    }
    assert layout["results"] == {
        "sums": {
            "alias": "sums",
            "sample_len": 3,
            "exact_match,strict": pytest.approx(1 / 3),
            "exact_match_stderr,strict": pytest.approx(1 / 3),
            "exact_match,last": pytest.approx(1 / 3),
            "exact_match_stderr,last": pytest.approx(1 / 3),
        }
    }
    # Wilson's interval of 1 in 3
    z, p, n = 1.959963984540054, 1 / 3, 3
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    interval = layout["intervals"]["sums"]["exact_match,strict"]
    assert (interval["low"], interval["high"]) == (
        pytest.approx((middle - half) / (1 + z * z / n)), pytest.approx((middle + half) / (1 + z * z / n)),
    )  # fmt: skip
    assert (interval["level"], interval["method"]) == (0.95, "wilson")
    counts = layout["counts"]["sums"]
    assert (counts["samples"], counts["selected"], counts["missing"], counts["malformed"]) == (3, 3, 0, 0)
    assert counts["by_metric"]["exact_match,strict"] == {
        "n": 3, "scored": 3, "unparsed": 1, "failed": 0, "timed_out": 0,
    }  # fmt: skip
    assert [(group["by"], group["n"]["exact_match,strict"]) for group in layout["by"]["sums"]] == [
        ({"doc.level": "a"}, 1),
        ({"doc.level": "b"}, 2),
    ]


def test_frames_of_samples(tmp_path: Path) -> None:
    polars, pandas = pytest.importorskip("polars"), pytest.importorskip("pandas")
    scores = regrade.score(write_log(tmp_path, [(0, "#1", "1", "a"), ("x", "no", "1", "b")]), by="doc.level")
    arrow = scores.to_arrow()
    assert isinstance(scores.to_polars(), polars.DataFrame)
    assert isinstance(scores.to_pandas(), pandas.DataFrame)
    assert scores.to_polars().to_dicts() == arrow.to_pylist()
    assert len(scores.to_pandas()) == arrow.num_rows == 4
    found = [(s.sample_id, s.line, s.filter, s.extracted, s.unparsed, s.values) for s in scores.per_sample()]
    assert found == [
        (0, 1, "strict", ["1"], False, {"exact_match": 1.0}),
        ("x", 2, "strict", ["[invalid]"], True, {"exact_match": 0.0}),
        (0, 1, "last", ["1"], False, {"exact_match": 1.0}),
        ("x", 2, "last", ["[invalid]"], True, {"exact_match": 0.0}),
    ]


def test_per_sample_values_have_to_be_kept(tmp_path: Path) -> None:
    scores = regrade.score(write_log(tmp_path, [(0, "#1", "1", "a")]), keep=False)
    with pytest.raises(UsageError, match="not kept"):
        list(scores.per_sample())
    with pytest.raises(UsageError, match="not kept"):
        scores.to_arrow()


def test_seed_and_level_decide_intervals(tmp_path: Path) -> None:
    rows = [(n, f"#{n % 3}", str(n % 5), 1) for n in range(40)]
    path = write_log(tmp_path, rows)
    options: dict[str, Any] = {"metric": "bleu", "extract": {"all": "(?s)(.*)"}, "bootstrap_iterations": 0}
    first, again, other = (regrade.score(path, seed=seed, **options).results[0] for seed in (1, 1, 2))
    assert first.interval == again.interval
    assert first.value == other.value
    narrow, wide = (regrade.score(path, level=level).results[0].interval for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_unknown_options_of_python_are_refused(tmp_path: Path) -> None:
    path = write_log(tmp_path, [(0, "#1", "1", "a")])
    with pytest.raises((TypeError, UsageError), match="wheer"):
        regrade.score(path, wheer="doc.level == 'a'")


def test_nothing_to_score() -> None:
    with pytest.raises(UsageError, match="nothing to score"):
        regrade.score()


def test_repeats(tmp_path: Path) -> None:
    """pass@k of n repeats with c right is 1 - C(n-c, k) / C(n, k); maj@k asks the most frequent."""
    path = tmp_path / "table.jsonl"
    rows = [
        {"id": 0, "prediction": ["1", "1", "2", "3"], "reference": "1"},
        {"id": 1, "prediction": ["2", "2", "2", "1"], "reference": "1"},
        {"id": 2, "prediction": ["3", "3", "3", "3"], "reference": "1"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = {
        r.metric: r for r in regrade.score(path, extract={"all": "(.*)"}, metric=["pass@1", "pass@2", "maj@4"]).results
    }
    at_2 = [1 - math.comb(4 - right, 2) / math.comb(4, 2) for right in (2, 1, 0)]
    assert found["pass@1"].value == pytest.approx((2 / 4 + 1 / 4 + 0) / 3)
    assert found["pass@2"].value == pytest.approx(sum(at_2) / 3)
    assert found["maj@4"].value == pytest.approx(1 / 3)
    assert found["pass@1"].n == 3


def test_clustered_errors(tmp_path: Path) -> None:
    """The closed form of a mean's clustered standard error, by hand."""
    rows = [
        (n, "#1" if right else "#2", "1", level)
        for n, (right, level) in enumerate([(1, "a"), (1, "a"), (0, "b"), (1, "b"), (0, 3)])
    ]
    result = regrade.score(write_log(tmp_path, rows), cluster="doc.level").results[0]
    mean = 3 / 5
    sums = [(1 - mean) * 2, (0 - mean) + (1 - mean), 0 - mean]
    naive = math.sqrt(sum(s * s for s in sums)) / 5
    assert result.value == pytest.approx(mean)
    assert result.clustered_stderr is not None
    corrected = naive * math.sqrt(3 / 2)
    assert min(abs(result.clustered_stderr - naive), abs(result.clustered_stderr - corrected)) < 1e-12
    assert result.interval_method == "clustered"


def test_clusters_count_for_every_metric(tmp_path: Path) -> None:
    """Ten copies of a sample, told as such: errors and intervals are about those of the samples themselves."""
    words = ["the", "cat", "sat", "on", "a", "red", "mat", "and", "saw", "it", "all", "from", "there"]
    texts = [" ".join(words[n % 7 : n % 7 + 6]) for n in range(12)]
    lines = [
        f"{text},{text.replace('a', 'u') if n % 3 else text},{n}" for n, text in enumerate(texts) for _ in range(10)
    ]
    path = tmp_path / "answers.csv"
    path.write_text("\n".join(["expected,answer,story", *lines]), encoding="utf-8")
    clustered = regrade.score(path, metric="bleu", cluster="doc.story", bootstrap_iterations=0)
    [plain] = regrade.score(path, metric="bleu", bootstrap_iterations=0).results
    [result] = clustered.results
    assert (result.interval_method, plain.interval_method) == ("clustered bca", "bca")
    assert result.value == plain.value
    assert result.interval is not None
    assert plain.interval is not None
    width, narrow = result.interval[1] - result.interval[0], plain.interval[1] - plain.interval[0]
    assert width == pytest.approx(narrow * math.sqrt(10), rel=0.25)
    assert result.clustered_stderr == pytest.approx(width / 3.92, rel=0.15)
    assert "12 clusters by doc.story are few" in clustered.summary()


def test_one_cluster_has_no_error(tmp_path: Path) -> None:
    path = write_log(tmp_path, [(n, "#1" if n else "#2", "1", "a") for n in range(4)])
    scores = regrade.score(path, cluster="doc.level")
    assert scores.results[0].interval is None
    assert "all samples are of one cluster by doc.level" in scores.summary()


def test_a_function_may_return_a_number_of_numpys(logs: Any, cli: Callable[..., Any], tmp_path: Path) -> None:
    logs.write(logs.rows(["1", "0"]))
    (tmp_path / "own.py").write_text("import numpy\n\n\ndef third(items):\n    return numpy.float64(len(items)) / 3\n")
    task = tmp_path / "task.yaml"
    task.write_text(
        "task: sums\noutput_type: generate_until\ndoc_to_target: '1'\n"
        "metric_list:\n  - metric: exact_match\n    aggregation: !function own.third\n"
    )
    ran = cli("score", logs.folder, "--task", task, "--trust-code", "--json")
    (row,) = json.loads(ran.out)["results"].values()
    assert [value for key, value in row.items() if key.startswith("exact_match,")] == [2 / 3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"limit": -1}, "--limit -1: must be at least 1"),
        ({"limit": 2.5}, "--limit 2.5: must be a whole number, at least 1"),
        ({"bootstrap_iterations": -5}, "--bootstrap-iters -5: must be at least 0"),
        ({"answer_limit_s": float("nan")}, "--time-limit nan: must be at least 0"),
        ({"level": 95}, "--level 95: must be between 0 and 1"),
        ({"where": ""}, "--where '': is empty"),
        ({"by": ["answer", ""]}, "--by '': is empty"),
    ],
)
def test_options_that_mean_nothing_are_refused_in_python_as_on_the_command_line(
    logs: Any, options: dict[str, Any], said: str
) -> None:
    logs.results()
    path = logs.write(logs.rows(["1", "0", "1"]))
    with pytest.raises(UsageError) as refused:
        regrade.score(path, **options)
    assert str(refused.value).startswith(said)
