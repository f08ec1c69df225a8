"""``python -m unittest`` and ``pytest`` run this."""

import unittest

import regrade_last_boxed  # noqa: F401 - registers the filter

from regrade.testing import check_filter


class LastBoxed(unittest.TestCase):
    def test_contract(self) -> None:
        answers = [r"\boxed{1} or rather \boxed{\frac{1}{2}}", "no box", r"cut off \boxed{12"]
        check_filter("last_boxed", answers, extracted=[r"\frac{1}{2}", None, None])
