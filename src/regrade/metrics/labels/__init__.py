"""Metrics of labels: one class of several, two classes, sets and spans of labels.

======================  ==============================================================================
:mod:`.confusion`       counts of pairs of labels: F1, precision, recall, Matthews' correlation, and their resamples
:mod:`.thresholds`      the same for two classes at every threshold
:mod:`.elements`        F1 of entities and key points
:mod:`.f1`              F1 and Matthews' correlation of labels
:mod:`.multi_label`     F1, precision and recall of sets of labels
:mod:`.binary`          two classes, predicted by a number
:mod:`.classification`  metrics over gold and predicted labels; their aggregations count confusions
:mod:`.tagging`         f1 of entities that are marked by IOB tags, as the package seqeval counts them
======================  ==============================================================================
"""
