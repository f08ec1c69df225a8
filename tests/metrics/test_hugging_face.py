"""Metrics of the evaluate library, by its own examples and by other packages."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import matthews_corrcoef

from regrade.artifacts import ArtifactError, build
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.evaluate import evaluate
from regrade.metrics.labels.tagging import entities_of_tags
from regrade.metrics.text.hub_scores import HUB_SCORES
from regrade.metrics.text.hugging_face import HuggingfaceMetric, Squad

LABELS = st.sampled_from("abc")


def scores(name: str, predictions: list[Any], references: list[Any], **arguments: Any) -> dict[str, Any]:
    score = HUB_SCORES[name](**arguments)
    return score.reduce([score.measure(p, r) for p, r in zip(predictions, references, strict=True)])


def test_squad_of_the_hubs_own_example() -> None:
    # The card of the metric squad on the hub.
    prediction = {"prediction_text": "1976", "id": "56e10a3be3433e1400422b22"}
    reference = {"answers": {"answer_start": [97], "text": ["1976"]}, "id": "56e10a3be3433e1400422b22"}
    assert scores("squad", [prediction], [reference]) == {"exact_match": 100.0, "f1": 100.0}


def test_squad_of_a_card_is_scaled_and_takes_the_best_answer() -> None:
    reference = {"answers": {"text": ["the Denver Broncos", "Broncos"], "answer_start": [0, 0]}, "id": "1"}
    predictions = [{"prediction_text": text, "id": "1"} for text in ("Denver", "broncos!", "no idea")]
    totals, rows = evaluate([Squad()], predictions, [reference] * 3)
    assert [row["f1"] for row in rows] == [pytest.approx(2 / 3), 1.0, 0.0]
    assert totals["exact_match"] == pytest.approx(1 / 3)
    assert totals["score"] == totals["f1"] == pytest.approx(5 / 9)
    assert totals["f1_ci_low"] < totals["f1"] < totals["f1_ci_high"]


def test_squad_wants_dicts() -> None:
    with pytest.raises(ValueError, match="must be of type"):
        Squad().statistics("Denver", {"answers": {"text": ["Denver"]}, "id": "1"}, {})  # type: ignore[arg-type]


def test_an_answer_to_another_question_is_wrong() -> None:
    prediction = {"prediction_text": "1976", "id": "2"}
    assert scores("squad", [prediction], [{"answers": {"text": ["1976"]}, "id": "1"}])["f1"] == 0.0


@pytest.mark.filterwarnings("ignore:A single label was found")
@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=20))
def test_matthews_is_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    predicted, true = zip(*pairs, strict=True)
    found = HUB_SCORES["matthews_correlation"]().reduce(pairs)["matthews_correlation"]
    assert found == pytest.approx(matthews_corrcoef(true, predicted), abs=1e-12)


def test_seqeval_of_its_own_example() -> None:
    # The card of the metric seqeval on the hub.
    predictions = [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    references = [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]]
    found = scores("seqeval", predictions, [[tags] for tags in references])
    assert found == {
        "MISC": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "number": 1},
        "PER": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "number": 1},
        "overall_precision": 0.5,
        "overall_recall": 0.5,
        "overall_f1": 0.5,
        "overall_accuracy": 0.8,
    }


@pytest.mark.parametrize(
    ("tags", "entities"),
    [
        (["I-PER", "I-PER", "B-PER"], {("PER", 0, 1), ("PER", 2, 2)}),  # IOB1
        (["S-LOC", "B-PER", "I-PER", "E-PER"], {("LOC", 0, 0), ("PER", 1, 3)}),  # IOBES
        (["B-PER", "I-LOC"], {("PER", 0, 0), ("LOC", 1, 1)}),  # another type is another entity
        (["E-PER", "E-PER"], {("PER", 0, 0), ("PER", 1, 1)}),  # IOE
        (["O", "O"], set()),
    ],
)
def test_entities_of_tags(tags: list[str], entities: set[tuple[str, int, int]]) -> None:
    assert entities_of_tags(tags) == entities
    turned = [tag if tag == "O" else "-".join(reversed(tag.split("-"))) for tag in tags]
    assert entities_of_tags(turned, suffix=True) == entities


def test_tags_must_be_as_many_as_words() -> None:
    with pytest.raises(ValueError, match="2 tags predicted for 1"):
        scores("seqeval", [["O", "O"]], [[["O"]]])


def test_chrf_and_ter_are_sacrebleus() -> None:
    import sacrebleu

    predictions, references = ["the cat sat on it", "a dog"], ["the cat sat", "the dog"]
    lists = [[text] for text in references]
    chrf = scores("chrf", predictions, lists)
    assert chrf["score"] == sacrebleu.corpus_chrf(predictions, [references]).score
    ter = scores("ter", predictions, lists)
    assert (ter["score"], ter["num_edits"]) == (sacrebleu.corpus_ter(predictions, [references]).score, 3.0)


def test_accuracy_and_wer() -> None:
    assert scores("accuracy", [1, 2, 3, 4], [[1], [2], [0], [4]]) == {"accuracy": 0.75}
    assert scores("wer", ["a b"], [["a c"]]) == {"wer": 0.5}


def test_a_metric_asked_for_each_sample() -> None:
    data = {
        "__type__": "huggingface_instance_metric",
        "hf_metric_name": "bleu",
        "hf_metric_fields": ["bleu"],
        "main_score": "bleu",
    }
    totals, rows = evaluate([build(data, CardMetric)], ["a b c d", ""], [["a b c d"], ["x"]])
    assert rows[0]["bleu"] == 1.0
    assert math.isnan(rows[1]["bleu"])
    assert totals["bleu"] == 1.0  # the mean of those that have one
    bulk, _ = evaluate(
        [build({**data, "__type__": "huggingface_bulk_metric"}, CardMetric)], ["a b c d", "x y"], [["a b c d"], ["x"]]
    )
    assert bulk["bleu"] == 0.5


def test_arguments_that_do_not_fit() -> None:
    with pytest.raises(ArtifactError, match="must name a metric"):
        HuggingfaceMetric(main_score="x")
    with pytest.raises(ArtifactError, match="scaled_fields"):
        HuggingfaceMetric(hf_metric_name="bleu", main_score="bleu", scale=100.0)
