"""Aggregations: from the values of many samples to one. Names and values are lm-evaluation-harness's.

An aggregation turns each sample's value into a small fixed vector of sufficient statistics (`Aggregation.statistics`)
and reduces a column of them (`Aggregation.reduce`). Because of that split subsets, groups, parts of a distributed job,
resampling and paired comparison work alike, and exactly, for every metric.
"""

from regrade.metrics.aggregation.aggregation import Aggregation
from regrade.metrics.aggregation.function import FunctionAggregation

__all__ = ["Aggregation", "FunctionAggregation"]
