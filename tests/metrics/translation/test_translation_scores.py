"""BLEU, chrF and TER, their tokenizers and options: sacrebleu's, to the last digit, and by hand."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF, TER
from tests.closeness import RELATIVE, same

from regrade.errors import UnavailableError
from regrade.metrics.translation.bleu import Bleu
from regrade.metrics.translation.chrf import Chrf
from regrade.metrics.translation.ter import Ter
from regrade.metrics.translation.tokenizers import tokenizer

PIECES = [
    *(
        "the",
        "The",
        "cat",
        "mat",
        ",",
        ".",
        "größer",
        "日本",
        "漢字かな",
        "カタカナ",
        "3,5",
        "don't",
        "it's",
        "x-y",
        "3-4",
        "a.b",
    ),
    *(
        "&quot;",
        "&amp;lt;",
        "a\nb",
        "-\nx",
        "\n-",
        "(hi)",
        "“q”",
        "€5",
        "½",
        "٣٫٤",
        "₁.",
        "!?",
        "<skipped>",
        "𝒳",
        "ㇰㇱ",
        "､",
    ),
    *("？", "1.", "\u2003", "\u2a00", "\u2f90", "\u00a0", "한국어", "\u3000", "【x】"),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=10).flatmap(
    lambda pieces: st.sampled_from(["", " "]).map(lambda space: space.join(pieces))
)
WORDS = st.lists(st.sampled_from("abcde"), max_size=14).map(" ".join)
REFERENCES = st.lists(TEXTS, min_size=1, max_size=3)


def theirs(metric: Any, answer: str, references: list[str]) -> list[float]:
    found: list[float] = metric._extract_corpus_statistics([answer], [[text] for text in references])[0]
    return found


@pytest.mark.parametrize("name", ["13a", "intl", "char", "zh", "none"])
@given(text=TEXTS | st.text(st.characters(max_codepoint=0x500, categories=("L", "N", "P", "S", "Z"))))
def test_tokenizers(name: str, text: str) -> None:
    assert tokenizer(name)(text) == BLEU(tokenize=name).tokenizer(text).split()


@given(text=TEXTS, options=st.tuples(*[st.booleans()] * 4))
def test_tercoms_tokenizer(text: str, options: tuple[bool, ...]) -> None:
    names = ("normalized", "no_punct", "asian_support", "case_sensitive")
    chosen = dict(zip(names, options, strict=True))
    assert Ter(**chosen).words(text) == TER(**chosen)._preprocess_segment(text).split()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"smooth_method": "floor"},
        {"smooth_method": "add-k"},
        {"smooth_method": "add-k", "smooth_value": 0.5},
        {"smooth_method": "none"},
        {"effective_order": True},
        {"lowercase": True, "max_ngram_order": 2, "tokenize": "intl"},
    ],
)
@given(answer=TEXTS, references=REFERENCES)
@settings(max_examples=40)
def test_bleu(options: dict[str, Any], answer: str, references: list[str]) -> None:
    metric = BLEU(**options)
    ours = Bleu(**{name.replace("max_ngram_order", "max_order"): value for name, value in options.items()})
    statistics = ours.statistics(answer, references)
    assert list(statistics) == theirs(metric, answer, references)
    wanted = metric._compute_score_from_stats(list(statistics))
    names = ("score", "counts", "totals", "precisions", "bp", "sys_len", "ref_len")
    # Its logarithms are added by sum(), which differs in the last digit between versions of Python.
    for name, value in ours.score(statistics)._asdict().items():
        assert same(value, getattr(wanted, name), relative=RELATIVE), name
    assert set(names) == set(ours.score(statistics)._asdict())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"word_order": 2},
        {"whitespace": True},
        {"eps_smoothing": True, "word_order": 1},
        {"lowercase": True, "char_order": 3, "beta": 3},
    ],
)
@given(answer=TEXTS, references=REFERENCES)
@settings(max_examples=40)
def test_chrf(options: dict[str, Any], answer: str, references: list[str]) -> None:
    metric, ours = CHRF(**options), Chrf(**options)
    statistics = ours.statistics(answer, references)
    assert list(statistics) == theirs(metric, answer, references)
    assert ours.score(statistics) == metric._compute_score_from_stats(list(statistics)).score


@given(answer=WORDS, references=st.lists(WORDS, min_size=1, max_size=2))
def test_ter(answer: str, references: list[str]) -> None:
    check_ter(answer, references)


@pytest.mark.parametrize(("n", "seed"), [(12, 1), (30, 2), (60, 3), (70, 4)])
def test_ter_of_long_texts_with_shifted_words(n: int, seed: int) -> None:
    draw = random.Random(seed)
    reference = draw.choices("abcdefghijklmnopq", k=n)
    answer = list(reference)
    for _ in range(3):
        start, target = draw.randrange(n - 5), draw.randrange(n - 5)
        run = answer[start : start + 4]
        del answer[start : start + 4]
        answer[target:target] = run
    answer[n // 2] = "x"
    check_ter(" ".join(answer), [" ".join(reference)])
    check_ter(" ".join(reference), ["q " * 3])  # beyond the beam about the diagonal
    check_ter("a b", [" ".join(reference)])


def check_ter(answer: str, references: list[str]) -> None:
    statistics = Ter().statistics(answer, references)
    assert list(statistics) == theirs(TER(), answer, references)
    wanted = TER()._compute_score_from_stats(list(statistics))
    assert Ter().score(statistics) == (wanted.score, wanted.num_edits, wanted.ref_length)


def test_by_hand() -> None:
    # One shift (b before a) makes the answer of four words the reference: one edit of four.
    assert Ter().statistics("b a c d", ["a b c d"]) == (1, 4.0)
    # Three of four words match, two of three pairs, one of two triples, and no four words: half of 1/1.
    score = Bleu().score(Bleu().statistics("a b c x", ["a b c d"]))
    assert score.score == pytest.approx(100 * (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** (1 / 4), rel=1e-14)
    # Of "ab" and "ac" one character of two is shared, and no pair.
    assert Chrf(char_order=2).score(Chrf(char_order=2).statistics("ab", ["ac"])) == pytest.approx(25.0)


def test_what_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    for metric in (Bleu(), Chrf(), Ter()):
        with pytest.raises(ValueError, match="at least one reference"):
            metric.statistics("a", [])
    with pytest.raises(ValueError, match="no tokenizer 'klingon'"):
        tokenizer("klingon")
    with pytest.raises(ValueError, match="smooths no BLEU"):
        Bleu(smooth_method="sandpaper")
    with pytest.raises(UnavailableError, match="'ja-mecab' is not here") as caught:
        tokenizer("ja-mecab")
    assert caught.value.hint == 'pip install "sacrebleu[ja]"'
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(UnavailableError, match="needs the package sacrebleu") as caught:
        tokenizer("flores200")
    assert "regrade[sacrebleu]" in (caught.value.hint or "")


def test_metrics_travel_to_other_processes() -> None:
    for metric in (Bleu("intl"), Chrf(word_order=2), Ter(normalized=True, no_punct=True)):
        again = pickle.loads(pickle.dumps(metric))
        assert again.statistics("It's 3,5 (a).", ["It is 3."]) == metric.statistics("It's 3,5 (a).", ["It is 3."])


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys\n"
        "from regrade.registry import lookup\n"
        "kinds = [lookup('aggregation', name)() for name in ('bleu', 'chrf', 'chrf++', 'ter')]\n"
        "print(*[kind.statistics(('a b', 'a c')) for kind in kinds])\n"
        "assert not {'sacrebleu', 'numpy', 'lxml', 'regex'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
