"""``python -m unittest`` and ``pytest`` run this."""

import json
import tempfile
import unittest
from pathlib import Path

import regrade_quizlog  # noqa: F401 - registers the reader

from regrade.testing import check_reader


class Quizlog(unittest.TestCase):
    def test_contract(self) -> None:
        row = {"quizlog": 2, "item": 1, "question": "2 + 2?", "reply": "4", "key": "4", "points": 1, "player": "ann"}
        rows = [row, {**row, "item": 2, "reply": "5", "points": 0}, {**row, "item": 3}]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "sums.jsonl"
            file.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
            check_reader("quizlog", file, samples=3, answers=["4", "5", "4"])
