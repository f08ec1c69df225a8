"""Whether what a row holds is what its recorded hashes are of."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from regrade.schema import Record


def wrong_hashes(record: Record) -> list[str]:
    """Which of the recorded ``doc_hash``, ``prompt_hash`` and ``target_hash`` are not those of the row's content.

    Each is the SHA-256 of a text: the document as JSON indented by two, the first request's prompt, the target as text.
    """
    texts: dict[str, Callable[[], str]] = {
        "doc_hash": lambda: json.dumps(record.doc, indent=2, ensure_ascii=False),
        "prompt_hash": lambda: _prompt(record.arguments[0][0]),
        "target_hash": lambda: str(record.target),
    }
    return [name for name, expected in record.hashes.items() if name in texts and _sha256(texts[name]) != expected]


def _sha256(text: Callable[[], str]) -> str:
    import hashlib

    try:
        return hashlib.sha256(text().encode("utf-8", "surrogatepass")).hexdigest()
    except (IndexError, KeyError, TypeError):  # the row does not have what was hashed
        return ""


def _prompt(prompt: Any) -> str:
    """A prompt as text; one in chat form stands in the log as a list that holds its JSON."""
    return str(prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt)
