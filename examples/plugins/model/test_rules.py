"""``python -m unittest`` and ``pytest`` run this."""

import json
import tempfile
import unittest
from pathlib import Path

import regrade_rules  # noqa: F401 - registers the model

from regrade.testing import check_model


class Rules(unittest.TestCase):
    def test_contract(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "rules.json"
            file.write_text(json.dumps([["refund|invoice", "billing"], ["parcel", "delivery"]]), encoding="utf-8")
            prompts = ["Where is my parcel?", "I want a refund.", "Hello?"]
            check_model(f"rules:{file}", prompts, answers=["delivery", "billing", None])
