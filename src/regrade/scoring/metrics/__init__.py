"""Metrics: what an extracted answer is worth. Names and values are lm-evaluation-harness's, where it has them.

====================== =============================================================================================
module                 metrics; porter and rouge (ROUGE's stemmer and scores) have none of their own
====================== =============================================================================================
exact_match            exact_match
likelihood             acc, acc_norm, acc_bytes, acc_mutual_info, likelihood, brier_score, perplexity, word_perplexity,
                       byte_perplexity, bits_per_byte
classification         f1, mcc, accuracy, acc_all
translation            bleu, chrf, chrf++, ter
overlap                contains, token_f1, rouge, rouge1, rouge2, rougeL, rougeLsum
repeats                pass@k, pass^k, maj@k, mean@k
defaults               bypass, and which metrics a task has that names none
====================== =============================================================================================
"""

from regrade.scoring.metrics.defaults import default_metrics
from regrade.scoring.metrics.metric import Metric

__all__ = [
    "Metric",
    "default_metrics",
]
