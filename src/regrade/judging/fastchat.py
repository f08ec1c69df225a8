"""MT-Bench as FastChat runs it: its published prompts, from the user's own copy of ``judge_prompts.jsonl``.

The text of the prompts is FastChat's and no part of this package. Which prompt is used when, and the parameters, are
as in FastChat 0.2.36, ``llm_judge/gen_judgment.py`` and ``common.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from regrade.errors import InputError
from regrade.files.tables import all_rows, open_table
from regrade.judging.judge import Judge, Prompt
from regrade.schema import Malformed

REFERENCE_CATEGORIES: Final = ["math", "reasoning", "coding", "arena-hard-200"]
"""Categories in which FastChat's judge sees GPT-4's answer as a reference."""

PROMPTS: Final = {
    "rating": ("single-v1", "single-math-v1", "single-v1-multi-turn", "single-math-v1-multi-turn"),
    "pairwise": ("pair-v2", "pair-math-v1", "pair-v2-multi-turn", "pair-math-v1-multi-turn"),
}
_FILTERS: Final = {"rating": "fastchat_rating", "pairwise": "fastchat_choice"}


def published_judge(path: Path, mode: Literal["rating", "pairwise"]) -> Judge:
    """MT-Bench's judge with the prompts of a file.

    Args:
        path: FastChat's ``judge_prompts.jsonl``: ``name``, ``system_prompt``, ``prompt_template``.
        mode: ``rating`` (single answers) or ``pairwise``.

    Raises:
        InputError: the file lacks one of the four prompts.
    """
    found: dict[str, dict[str, Any]] = {}
    for item in all_rows(open_table(path)):
        if isinstance(item, Malformed):
            raise InputError(item.reason, where=f"{item.file}:{item.line}")
        found[str(item[1].get("name"))] = item[1]
    lacking = [name for name in PROMPTS[mode] if name not in found]
    if lacking:
        raise InputError(
            f"has no prompt {lacking[0]!r}",
            where=str(path),
            hint=f"FastChat's judge_prompts.jsonl has {', '.join(PROMPTS[mode])}",
        )
    return Judge(
        mode=mode,
        prompts=[
            Prompt(
                name=name,
                system=found[name]["system_prompt"],
                user=found[name]["prompt_template"],
                reference="-math-" in name,
                conversation=name.endswith("-multi-turn"),
                language="braces",
            )
            for name in PROMPTS[mode]
        ],
        filters=[{"function": _FILTERS[mode]}],
        reference_categories=REFERENCE_CATEGORIES,
        parameters={"temperature": 0, "max_tokens": 2048},
    )
