"""Metrics over groups of samples, and metrics made of several.

====================  ==========================================
:mod:`.win_rates`     battles of models
:mod:`.forests`       several metrics, judged by a random forest
:mod:`.groups`        scores by groups of samples
:mod:`.effect_sizes`  drop rate, Cohen's h, Hedges' g
====================  ==========================================
"""
