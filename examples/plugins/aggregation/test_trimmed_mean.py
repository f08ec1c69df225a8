"""``python -m unittest`` and ``pytest`` run this."""

import unittest

import regrade_trimmed_mean  # noqa: F401 - registers the plugins

from regrade.testing import check_aggregation, check_metric


class TrimmedMean(unittest.TestCase):
    def test_contract(self) -> None:
        values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 1000.0]
        check_aggregation("trimmed_mean", values, score=4.5)

    def test_metric(self) -> None:
        check_metric("trimmed_length", [("one", ""), ("two words", "")], values=[1.0, 2.0], score=1.5)
