"""``python -m unittest`` and ``pytest`` run this."""

import unittest

import regrade_strip_html  # noqa: F401 - registers the step

from regrade.testing import check_operator


class StripHtml(unittest.TestCase):
    def test_contract(self) -> None:
        rows = [{"page": "<p>Tea &amp; <b>cake</b></p><script>x()</script>"}, {"page": "plain"}]
        expected = [{"page": "Tea & cake"}, {"page": "plain"}]
        check_operator({"__type__": "strip_html", "field": "page"}, rows, expected)
