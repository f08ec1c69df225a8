"""``python -m unittest`` and ``pytest`` run this."""

import unittest

import regrade_set_f1  # noqa: F401 - registers the metric

from regrade.testing import check_metric


class SetF1(unittest.TestCase):
    def test_contract(self) -> None:
        samples = [("oak, elm", "Elm,oak"), ("oak", "oak, elm, ash"), ("fig", "oak"), ("", "oak")]
        check_metric("set_f1", samples, values=[1.0, 0.5, 0.0, 0.0], score=0.375)
