"""Metrics: what an extracted answer is worth, and how many of them become one score.

===================  =================================================================================================
:mod:`.case`         one record under one pipeline, as metrics see it
:mod:`.column`       columns of sufficient statistics
:mod:`.aggregation`  from the values of many samples to one
:mod:`.translation`  BLEU, chrF and TER from sums over sentences
:mod:`.build`        from a recipe's names to metrics and aggregations that can run
:mod:`.card_metric`  what a metric is: the three families
:mod:`.evaluate`     from predictions to reported scores
:mod:`.named`        metrics by name, of both families
:mod:`.bridge`       card metrics among the others: recipes, cases, columns
:mod:`.intervals`    BCa intervals
:mod:`.resampler`    scores of resamples, many at once
:mod:`.rates`        precision, recall and F1 of counts
:mod:`.reductions`   means, maxima, and reductions as artifacts
:mod:`.compose`      metrics made of metrics
:mod:`.steps`        operators that score
:mod:`.defaults`     what is measured where a task names no metrics, or wants none
:mod:`.described`    metrics that ask a model: read, checked and listed, not carried out
:mod:`.groups`       metrics over groups of samples, and metrics made of several
:mod:`.labels`       metrics of labels: one class of several, two classes, sets and spans of labels
:mod:`.likelihood`   metrics over log-likelihoods: of choices, of a continuation, of a whole document
:mod:`.metric`       what a metric is: the value of one sample
:mod:`.numbers`      metrics of numbers: errors and correlations
:mod:`.ranking`      metrics of rankings: what was retrieved, and in which order
:mod:`.repeats`      metrics over several answers to one prompt: pass@k, pass^k, maj@k, mean@k
:mod:`.score_means`  metrics whose samples have scores and whose value is their means, with an interval for each
:mod:`.structured`   metrics of structured answers: values of keys, calls of tools, queries, programs
:mod:`.sums`         metrics of sums: each sample adds a few numbers, and the scores of many depend on the totals only
:mod:`.text`         metrics of texts: equality, overlap, edits, translation
===================  =================================================================================================
"""

from regrade.metrics.defaults import default_metrics
from regrade.metrics.metric import Metric

__all__ = [
    "Metric",
    "default_metrics",
]
