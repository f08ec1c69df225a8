"""Metrics of numbers: errors and correlations.

====================  ===============================
:mod:`.correlations`  the same for correlations
:mod:`.regression`    squared errors and correlations
====================  ===============================
"""
