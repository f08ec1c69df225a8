"""ROUGE and its stemmer: those of the packages rouge-score and NLTK, and values by hand."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import nltk
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer

from regrade.metrics.text.porter import _IRREGULAR, stem
from regrade.metrics.text.rouge_scores import rouge_scores

KINDS = ["rouge1", "rouge2", "rouge3", "rouge9", "rougeL", "rougeLsum"]
ENGLISH = [
    *("the", "The", "running", "runs", "dogs", "ran", "cat's", "Élan", "3,5", "¡x!", "national", "nationally", "flies"),
    *("İ", "ſ", "\t", "\n", "\n\n"),
]
TEXTS = (
    st.lists(st.sampled_from(ENGLISH), max_size=20).map(" ".join)
    | st.lists(st.sampled_from([*"abcd", "\n"]), max_size=30).map(" ".join)
    | st.text(max_size=40)
)
_SUFFIXES = """
sses ies ss s ied eed ed ing at bl iz y ational tional enci anci izer bli abli alli entli eli ousli
ization ation  ator alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize
iciti ical ful ness al ance  ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize
e ll l t
"""


def english_words() -> set[str]:
    """Words of the English that NLTK's own modules are written in: some 20,000."""
    files = sorted(Path(nltk.__file__).parent.rglob("*.py"))
    return {word for file in files for word in re.findall("[a-z0-9]+", file.read_text(encoding="utf-8").lower())}


def made_words() -> set[str]:
    """Beginnings of every shape with one, two and three suffixes that the rules know."""
    draw, suffixes = random.Random(7), _SUFFIXES.split()
    beginnings = ["".join(letters) for n in range(5) for letters in product("aeyblst", repeat=n)]
    return {begin + "".join(draw.choices(suffixes, k=k)) for begin in beginnings for k in (1, 2, 3)}


def test_the_stemmer_is_nltks() -> None:
    words = {*english_words(), *made_words(), *_IRREGULAR}
    assert len(words) > 25_000
    theirs = PorterStemmer()
    assert [word for word in sorted(words) if stem(word) != theirs.stem(word)] == []


@given(st.text(alphabet="aeiouybdlstz3", max_size=12))
def test_the_stemmer_is_nltks_for_anything(word: str) -> None:
    assert stem(word) == PorterStemmer().stem(word)


@pytest.mark.parametrize("stemming", [False, True])
@given(reference=TEXTS, answer=TEXTS)
@settings(max_examples=60)
@example(reference="a b\nc d", answer="c d\nb a\na b")
@example(reference="", answer="")
@example(reference="?!", answer="a\n\n")
def test_scores_are_those_of_rouge_score(stemming: bool, reference: str, answer: str) -> None:
    wanted = RougeScorer(KINDS, use_stemmer=stemming).score(reference, answer)
    assert rouge_scores(answer, [reference], KINDS, stem=stemming) == {k: wanted[k].fmeasure for k in KINDS}


@given(st.lists(TEXTS, min_size=1, max_size=3), TEXTS)
def test_several_references_are_those_of_rouge_score(references: list[str], answer: str) -> None:
    wanted = RougeScorer(KINDS).score_multi(references, answer)
    assert rouge_scores(answer, references, KINDS) == {k: wanted[k].fmeasure for k in KINDS}


def test_by_hand() -> None:
    # Lin (2004), section 3.2: reference w1 w2 w3 w4 w5, and two sentences that share w1 w2 and w1 w3 w5 with it. The
    # union has four words of five; the answer ten, of which four are hit.
    scores = rouge_scores("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", ["w1 w2 w3 w4 w5"], ["rougeLsum"])
    assert scores["rougeLsum"] == pytest.approx(2 * (4 / 10) * (4 / 5) / (4 / 10 + 4 / 5))
    # "police killed the gunman" and "police kill the gunman" share three words in order, "the gunman police" two.
    assert rouge_scores("police kill the gunman", ["police killed the gunman"], ["rougeL"])["rougeL"] == 0.75
    assert rouge_scores("the gunman kill police", ["police killed the gunman"], ["rougeL"])["rougeL"] == 0.5
    assert rouge_scores("police kill the gunman", ["police killed the gunman"], ["rougeL"], stem=True)["rougeL"] == 1.0


def test_what_is_no_rouge() -> None:
    with pytest.raises(ValueError, match="no kind of ROUGE"):
        rouge_scores("a", ["a"], ["rouge0"])
    with pytest.raises(ValueError, match="at least one reference"):
        rouge_scores("a", [])


def test_nothing_is_imported_while_it_measures() -> None:
    program = (
        "import sys\n"
        "from regrade.registry import lookup\n"
        "import regrade.metrics.text.rouge\n"
        "from regrade.metrics.text.rouge_scores import rouge_scores\n"
        "before = set(sys.modules)\n"
        "assert rouge_scores('running dogs', ['dogs run'], stem=True)['rouge1'] == 1.0\n"
        "assert set(sys.modules) == before, set(sys.modules) - before\n"
        "assert not {'nltk', 'rouge_score', 'numpy', 'absl'} & before\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
