"""Metrics of texts: equality, overlap, edits, translation.

============================  ==========================================================================================
:mod:`.rouge`                 ROUGE
:mod:`.bleu`                  BLEU: evaluate's and sacrebleu's; :mod:`.normalized_sacrebleu`
:mod:`.meteor`                METEOR
:mod:`.edits`                 edits of characters and words, by :mod:`.levenshtein`
:mod:`.hugging_face`          the evaluate library's metrics by name, computed by :mod:`.hub_scores`
:mod:`.short_answers`         answers read off charts and pages; :mod:`.shared_words`
:mod:`.accuracy`              a prediction is one of the references
:mod:`.containment`           shared text, words, items; edits
:mod:`.exact_match`           exact_match: whether answer and reference are the same text, after what should not count
                              is taken out of both
:mod:`.hub_scores`            scores that Hugging Face's evaluate library names, computed here: its own run code
                              downloaded from the hub
:mod:`.levenshtein`           levenshtein's edit distance between two sequences
:mod:`.normalized_sacrebleu`  BLEU by sacrebleu, on a scale of 0 to 1, with a tokenizer for each language
:mod:`.overlap`               how much of a reference an answer holds: containment, shared words, ROUGE
:mod:`.porter`                porter's stemmer of English words, with the deviations that NLTK makes by default and
                              ROUGE is computed with
:mod:`.rouge_scores`          ROUGE F-measures of texts, float for float those of the package rouge-score, without its
                              dependencies
:mod:`.shared_words`          f1 of the words that a prediction shares with its references, by spaCy's English
                              tokenizer
:mod:`.squad`                 SQuAD's comparison of an answer with a reference: lower case, no punctuation, no English
                              articles
:mod:`.translation`           metrics over texts that only a whole corpus has: each value is the reference and the
                              answer
============================  ==========================================================================================
"""
