"""``python -m unittest`` and ``pytest`` run this."""

import unittest

import regrade_transcript  # noqa: F401 - registers the format

from regrade.testing import check_chat_format


class Transcript(unittest.TestCase):
    def test_contract(self) -> None:
        row = {"id": 7, "transcript": "System: Be kind.\nUser: Hi!\nand more\nAssistant: Hello."}
        messages = [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Hi!\nand more"},
            {"role": "assistant", "content": "Hello."},
        ]
        check_chat_format("transcript", [row], messages=[messages])
