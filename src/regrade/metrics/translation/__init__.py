"""BLEU, chrF and TER of a corpus from sums over its sentences, float for float those of sacrebleu.

========== ================================================================
module     subject
========== ================================================================
tokenizers texts to words: 13a, intl, char, zh, none; Tercom's normalisation
bleu       matching word n-grams, with a brevity penalty
chrf       matching character n-grams; with words, chrF++
ter        edits and shifts of words, per word of the reference
========== ================================================================

Each class has ``statistics(answer, references)``, what one sentence adds, and ``score(sums)``. Sums of floats are left
to the built-in ``sum`` where sacrebleu leaves them to it.
"""
