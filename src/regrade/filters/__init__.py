"""Filters: from what a model said to the answer in it.

Names and behaviour are lm-evaluation-harness's; ``strip_thinking`` is Regrade's own. A filter of your own is one
class: see `Filter`, or `ElementFilter` where it treats each repeat by itself.
"""

from regrade.filters.filter import ElementFilter, Filter, Unparsed, UnparsedList, is_unparsed, map_text
from regrade.filters.pipeline import Pipeline

__all__ = [
    "ElementFilter",
    "Filter",
    "Pipeline",
    "Unparsed",
    "UnparsedList",
    "is_unparsed",
    "map_text",
]
