"""BLEU: evaluate's, sacrebleu's, and the normalised one."""

from __future__ import annotations

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.bleu_score import corpus_bleu
from tests.closeness import RELATIVE, same

from regrade.artifacts import ArtifactError, build
from regrade.errors import UnavailableError
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.evaluate import evaluate
from regrade.metrics.text.bleu import bleu_scores, bleu_statistics
from regrade.metrics.text.hugging_face import HuggingfaceMetric
from regrade.metrics.text.normalized_sacrebleu import NormalizedSacrebleu

TEXTS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat,"]), min_size=4, max_size=12).map(" ".join)

PREDICTIONS = ["hello there general kenobi", "foo bar foobar"]
REFERENCES = [["hello there general kenobi", "hello there !"], ["foo bar foobar"]]


def test_the_hubs_own_example() -> None:
    # The card of the metric bleu on the hub.
    totals, _ = evaluate([HuggingfaceMetric(hf_metric_name="bleu", main_score="bleu")], PREDICTIONS, REFERENCES)
    assert totals["bleu"] == totals["score"] == 1.0
    assert totals["precisions"] == [1.0, 1.0, 1.0, 1.0]
    assert totals["brevity_penalty"] == 1.0
    assert totals["length_ratio"] == pytest.approx(1.1666666666666667)
    assert (totals["translation_length"], totals["reference_length"]) == (7, 6)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_bleu_is_nltks_where_there_is_one_reference(pairs: list[tuple[str, str]]) -> None:
    sums = [sum(column) for column in zip(*(bleu_statistics(p, [r]) for p, r in pairs), strict=True)]
    ours = bleu_scores(sums)["bleu"]
    tokens = [(p.replace(",", " ,").split(), [r.replace(",", " ,").split()]) for p, r in pairs]
    if ours > 0:  # NLTK takes a tiny number for 0
        theirs = corpus_bleu([references for _, references in tokens], [words for words, _ in tokens])
        assert ours == pytest.approx(theirs, rel=1e-12)


def test_smoothing_adds_one_to_each_order() -> None:
    sums = bleu_statistics("the cat", ["the dog"])
    assert bleu_scores(sums)["bleu"] == 0.0
    assert bleu_scores(sums, smooth=True)["precisions"] == [2 / 3, 1 / 2, 1.0, 1.0]


def test_a_prediction_without_words_has_no_bleu_of_its_own() -> None:
    metric = HuggingfaceMetric(hf_metric_name="bleu", main_score="bleu")
    totals, rows = evaluate([metric], [*PREDICTIONS, ""], [*REFERENCES, ["x"]])
    assert rows[2]["bleu"] is None
    assert totals["bleu_ci_low"] <= totals["bleu"] <= totals["bleu_ci_high"]


CATALOGUES_SACREBLEU = {
    "__type__": "huggingface_metric",
    "hf_metric_name": "sacrebleu",
    "hf_main_score": "score",
    "prediction_type": "str",
    "main_score": "sacrebleu",
    "scale": 1.0,
    "scaled_fields": ["sacrebleu", "precisions"],
    "hf_additional_input_fields_pass_one_value": ["tokenize"],
}


def test_sacrebleu_is_sacrebleus() -> None:
    predictions, references = ["the cat sat on the mat", "a dog"], [["the cat sat on a mat"], ["the dog ran"]]
    data = [{"tokenize": ""}] * 2
    totals, _ = evaluate([build(CATALOGUES_SACREBLEU, CardMetric)], predictions, references, data)
    theirs = sacrebleu.corpus_bleu(predictions, [[text for (text,) in references]])
    assert same(totals["sacrebleu"], theirs.score, relative=RELATIVE)
    assert totals["precisions"] == theirs.precisions
    assert (totals["counts"], totals["bp"]) == (theirs.counts, theirs.bp)
    assert "sacrebleu_ci_low" in totals


def test_scores_are_scaled() -> None:
    metric = build({**CATALOGUES_SACREBLEU, "scale": 100.0}, CardMetric)
    totals, _ = evaluate([metric], ["a b c d e"], [["a b c d e"]], [{"tokenize": "none"}])
    assert totals["sacrebleu"] == pytest.approx(1.0)
    assert totals["precisions"] == [1.0, 1.0, 1.0, 1.0]


def test_samples_must_agree_on_the_tokenizer() -> None:
    metric = build(CATALOGUES_SACREBLEU, CardMetric)
    with pytest.raises(ValueError, match="same tokenize"):
        evaluate([metric], ["a", "b"], [["a"], ["b"]], [{"tokenize": "char"}, {"tokenize": ""}])


def test_a_metric_of_the_hubs_that_is_not_here_says_so() -> None:
    metric = HuggingfaceMetric(hf_metric_name="comet", main_score="mean_score")
    assert "runs code from the hub" in (metric.needs() or "")
    with pytest.raises(UnavailableError, match="'comet' runs code"):
        metric.measure("a", ["a"], {})


def test_an_argument_that_a_metric_does_not_take() -> None:
    metric = HuggingfaceMetric(hf_metric_name="bleu", main_score="bleu", hf_compute_args={"ngrams": 2})
    with pytest.raises(ArtifactError, match="ngrams"):
        metric.measure("a", ["a"], {})


def test_normalised_is_rounded_and_summed_over_the_corpus() -> None:
    predictions, references = ["the cat sat on the mat", "a dog ran"], [["the cat sat on a mat"], ["the dog ran"]]
    totals, rows = evaluate([NormalizedSacrebleu()], predictions, references)
    theirs = sacrebleu.BLEU(effective_order=True).corpus_score(predictions, [[text for (text,) in references]])
    assert totals["sacrebleu"] == round(theirs.score / 100, 2)
    assert totals["counts"] == theirs.counts
    assert [type(row["sacrebleu"]) for row in rows] == [float, float]
    assert {name for name in totals if "_ci_" in name} == {
        "sacrebleu_ci_low",
        "sacrebleu_ci_high",
        "score_ci_low",
        "score_ci_high",
    }


def test_a_language_chooses_the_tokenizer() -> None:
    metric = NormalizedSacrebleu(language_to_tokenizer={"en": None, "zh": "char"})
    by_word = metric.measure("ab cd", ["ab ce"], {"target_language": "EN"})
    by_character = metric.measure("ab cd", ["ab ce"], {"target_language": "zh"})
    assert (by_word[0], by_character[0]) == (2, 4)
    with pytest.raises(ValueError, match="no tokenizer for 'fr'"):
        metric.measure("a", ["a"], {"target_language": "fr"})
    with pytest.raises(ValueError, match="must say how to tokenize"):
        NormalizedSacrebleu().measure("a", ["a"], {"target_language": "fr"})


def test_what_sacrebleu_does_not_know() -> None:
    with pytest.raises(ValueError, match="no tokenizer 'klingon'"):
        NormalizedSacrebleu(tokenize="klingon").measure("a", ["a"], {})
    with pytest.raises(ArtifactError, match="smooth_method"):
        NormalizedSacrebleu(smooth_method="sandpaper")
