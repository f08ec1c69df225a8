"""Metrics of rankings: what was retrieved, and in which order.

=================  =====================================================================================================
:mod:`.retrieval`  what was retrieved, and in which order, by :mod:`.ranks`
:mod:`.ranks`      how good a ranking is: reciprocal rank, average precision, precision and recall at k, discounted
                   gain
=================  =====================================================================================================
"""
