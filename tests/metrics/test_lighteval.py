"""The metrics we share with lighteval give the values of its own test cases.

Of its 47 files these are comparable:

- exact_match, acc_golds_likelihood, loglikelihood_acc, rouge1, rouge2, rougeL, rougeLsum, rouge_t5 (in percent), mcc,
  f1_score (words, without normalisation), f1_score_macro and f1_score_micro (labels), pass_at_k, bleu: all cases;
- loglikelihood_f1: all, because the F1 of a single label is its accuracy;
- word_perplexity: all; the words counted are those of its query;
- g_pass_at_k: at the thresholds 0 and 1, which are pass@k and pass^k;
- maj_at_k: all, as the filter majority_vote and exact_match (our maj@k lets equally frequent answers share);
- avg_at_k: but the case with several references, of which lighteval takes the first alone;
- chrf and three of four of chrf_plus: on the first sample alone, since lighteval pairs all references with the first
  answer; the fourth expects "15 ± 10" where sacrebleu gives 3.8;
- ter: two of four; the other two are not what sacrebleu gives for their texts.

Different by definition are bleu_1 and bleu_4 (of a sentence, without brevity), multi_f1_numeric (fixed classes), and
byte_perplexity, bits_per_byte, prediction_perplexity and target_perplexity (their expected values are placeholders).
The rest are metrics that we do not have.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regrade.filters import Pipeline
from regrade.lm_eval.templates import TaskTemplates
from regrade.metrics.case import Case
from regrade.metrics.column import Column
from regrade.registry import lookup
from regrade.schema import FilterPipeline, FilterStep, Recipe, Record


def read(shared_data: Path, name: str) -> list[dict[str, Any]]:
    folder = shared_data / "lighteval_metric_cases"
    file = next(folder.rglob(f"{name}.json"), None)
    if file is None:
        pytest.skip("no lighteval_metric_cases in the shared data")
    cases: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["test_cases"]
    return cases


def references(doc: dict[str, Any]) -> Any:
    index = doc["gold_index"]
    return [doc["choices"][i] for i in index] if isinstance(index, list) else doc["choices"][index]


def text_case(gold: Any, extracted: Any) -> Case:
    record = Record(0, 1, [], doc={"q": "", "gold": gold})
    return Case(record, TaskTemplates(Recipe(task="t", doc_to_text="q", doc_to_target="gold"), record), [extracted])


def choice_case(doc: dict[str, Any], pairs: list[tuple[float, bool]]) -> Case:
    record = Record(0, 1, [], doc={"q": "", **doc})
    recipe = Recipe(
        task="t", output_type="multiple_choice", doc_to_text="q", doc_to_target="gold_index", doc_to_choice="choices"
    )
    return Case(record, TaskTemplates(recipe, record), pairs)


def over_corpus(aggregation: str, values: list[Any]) -> float:
    made = lookup("aggregation", aggregation)()
    column = Column(made.width, labelled=made.labelled)
    for value in values:
        column.append(made.statistics(value))
    return float(made.reduce(column))


def close(found: float, case: dict[str, Any], key: str | None = None) -> None:
    wanted = case["expected_output"] if key is None else case["expected_output"][key]
    assert found == pytest.approx(wanted, abs=case["tolerance"]), case["name"]


TEXTS: dict[str, tuple[str, dict[str, Any], str, int]] = {
    "exact_match": ("exact_match", {}, "em", 2),
    "f1_score": ("token_f1", {"normalise": False}, "f1", 7),
    "rouge1": ("rouge1", {}, "rouge1", 1),
    "rouge2": ("rouge2", {}, "rouge2", 3),
    "rougeL": ("rougeL", {}, "rougeL", 3),
    "rougeLsum": ("rougeLsum", {}, "rougeLsum", 3),
}


@pytest.mark.parametrize("name", list(TEXTS))
def test_texts(shared_data: Path, name: str) -> None:
    metric, options, key, count = TEXTS[name]
    cases = read(shared_data, name)
    assert len(cases) == count
    for case in cases:
        made = text_case(references(case["doc"]), case["model_response"]["text"][0])
        close(lookup("metric", metric)(**options).measure(made), case, key)


def test_rouge_in_percent(shared_data: Path) -> None:
    cases = read(shared_data, "rouge_t5")
    assert len(cases) == 3
    for case in cases:
        made = text_case(references(case["doc"]), case["model_response"]["text"][0])
        found = lookup("metric", "rouge")().measure(made)
        assert set(found) == set(case["expected_output"])
        for key, value in found.items():
            close(100 * value, case, key)


@pytest.mark.parametrize(("name", "key", "count"), [("loglikelihood_acc", "acc", 13), ("loglikelihood_f1", None, 14)])
def test_choices(shared_data: Path, name: str, key: str | None, count: int) -> None:
    cases = read(shared_data, name)
    assert len(cases) == count
    for case in cases:
        made = choice_case(case["doc"], [(value, False) for value in case["model_response"]["logprobs"]])
        close(lookup("metric", "acc")().measure(made), case, key or name)


def test_greedy_choices(shared_data: Path) -> None:
    cases = read(shared_data, "acc_golds_likelihood")
    assert len(cases) == 2
    for case in cases:
        pairs = [(0.0, bool(flag)) for flag in case["model_response"]["argmax_logits_eq_gold"]]
        close(lookup("metric", "exact_match")().measure(choice_case(case["doc"], pairs)), case, "acc")


def test_mcc(shared_data: Path) -> None:
    (case,) = read(shared_data, "mcc")
    values = []
    for doc, response in zip(case["docs"], case["model_responses"], strict=True):
        made = choice_case(doc, [(value, False) for value in response["logprobs"]])
        values.append(lookup("metric", "mcc")().measure(made))
    close(over_corpus("matthews_corrcoef", values), case)


CORPORA = {
    "f1_score_macro": ("macro_f1", False, 4, 4),
    "f1_score_micro": ("micro_f1", False, 4, 4),
    "bleu": ("bleu", False, 4, 4),
    "chrf": ("chrf", True, 5, 5),
    "chrf_plus": ("chrf++", True, 3, 4),
    "ter": ("ter", False, 2, 4),
}
"""Our aggregation, whether of the first sample alone, and how many of how many cases agree."""


@pytest.mark.parametrize("name", list(CORPORA))
def test_corpora(shared_data: Path, name: str) -> None:
    aggregation, first_alone, comparable, count = CORPORA[name]
    cases = read(shared_data, name)
    assert len(cases) == count
    agree = 0
    for case in cases:
        values = [
            [references(doc), response["text"][0]]
            for doc, response in zip(case["docs"], case["model_responses"], strict=True)
        ]
        found = over_corpus(aggregation, values[:1] if first_alone else values)
        agree += found == pytest.approx(case["expected_output"], abs=case["tolerance"])
    assert agree == comparable


def test_word_perplexity(shared_data: Path) -> None:
    cases = read(shared_data, "word_perplexity")
    assert len(cases) == 3
    for case in cases:
        values = []
        for doc, response in zip(case["docs"], case["model_responses"], strict=True):
            record = Record(0, 1, [], doc=doc)
            recipe = Recipe(task="t", output_type="loglikelihood_rolling", doc_to_target="query", doc_to_text="query")
            made = Case(record, TaskTemplates(recipe, record), [sum(response["logprobs"])])
            values.append(lookup("metric", "word_perplexity")().measure(made))
        close(over_corpus("weighted_perplexity", values), case)


@pytest.mark.parametrize(
    ("name", "metric", "count", "comparable"), [("pass_at_k", "pass@k", 3, 3), ("avg_at_k", "mean@k", 3, 2)]
)
def test_repeats(shared_data: Path, name: str, metric: str, count: int, comparable: int) -> None:
    cases = read(shared_data, name)
    assert len(cases) == count
    single = [case for case in cases if not isinstance(case["doc"]["gold_index"], list)]
    assert len(single) == comparable
    for case in single:
        made = text_case(references(case["doc"]), case["model_response"]["text"])
        (key,) = case["expected_output"]
        close(lookup("metric", metric)(k=case["metric_params"]["k"]).measure(made), case, key)


def test_pass_at_k_and_pass_all_k(shared_data: Path) -> None:
    cases = read(shared_data, "g_pass_at_k")
    assert len(cases) == 10
    for case in cases:
        k = case["metric_params"]["k"]
        made = text_case(references(case["doc"]), case["model_response"]["text"])
        close(lookup("metric", "pass@k")(k=k).measure(made), case, f"g-pass@{k}_0.0")
        close(lookup("metric", "pass^k")(k=k).measure(made), case, f"g-pass@{k}_1.0")


def test_majority(shared_data: Path) -> None:
    cases = read(shared_data, "maj_at_k")
    assert len(cases) == 4
    pipeline = Pipeline(FilterPipeline("maj", [FilterStep("majority_vote"), FilterStep("take_first")]))
    for case in cases:
        (answer,) = pipeline.apply([case["model_response"]["text"]], None)
        (key,) = case["expected_output"]
        close(lookup("metric", "exact_match")().measure(text_case(references(case["doc"])[0], answer)), case, key)
