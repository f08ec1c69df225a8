"""``python -m unittest`` and ``pytest`` run this."""

import unittest

from regrade_threads import ThreadEngine

from regrade.testing import check_engine


class Threads(unittest.TestCase):
    def test_contract(self) -> None:
        check_engine(ThreadEngine)
