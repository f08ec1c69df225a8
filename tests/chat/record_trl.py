"""Record what TRL makes of chat rows: `maybe_convert_to_chatml`, as its trainers map it over a dataset.

    python tests/chat/record_trl.py

Run it with the Python of an environment where trl, transformers and datasets are installed. Writes ``trl.json`` beside
this file.
"""

from __future__ import annotations

import copy
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl.data_utils import is_conversational_from_value, maybe_convert_to_chatml


def turns(*said: tuple[str, str], keys: tuple[str, str] = ("from", "value")) -> list[dict[str, str]]:
    """A list of turns."""
    return [dict(zip(keys, one, strict=True)) for one in said]


TWO = (("human", "What color is the sky?"), ("gpt", "It is blue."))
OPENAI = (("user", "What color is the sky?"), ("assistant", "It is blue."))
OTHER = (("user", "What color is the sky?"), ("assistant", "It is green."))
SYSTEM = ("system", "Be kind.")
CALL = {"type": "function", "function": {"name": "f", "arguments": {"x": 1}}}
ROLE = ("role", "content")

CASES: dict[str, dict[str, Any]] = {
    "sharegpt": {"conversations": turns(*TWO), "id": 1},
    "sharegpt with a system turn": {"conversations": turns(SYSTEM, *TWO)},
    "sharegpt with OpenAI's roles": {"conversations": turns(*OPENAI)},
    "sharegpt with weights": {"conversations": [{**turns(TWO[0])[0], "weight": 0}, turns(TWO[1])[0]]},
    "sharegpt with declared tools": {"conversations": turns(*TWO), "tools": "[]"},
    "conversations of role and content": {"conversations": turns(*OPENAI, keys=ROLE)},
    "messages": {"messages": turns(SYSTEM, *OPENAI, keys=ROLE), "source": "x"},
    "messages of from and value": {"messages": turns(*TWO)},
    "messages with calls": {
        "messages": [
            *turns(OPENAI[0], keys=ROLE),
            {"role": "assistant", "tool_calls": [CALL]},
            {"role": "tool", "name": "f", "content": "1"},
        ]
    },
    "prompt and completion": {"prompt": turns(OPENAI[0], keys=ROLE), "completion": turns(OPENAI[1], keys=ROLE)},
    "prompt and completion of from and value": {"prompt": turns(TWO[0]), "completion": turns(TWO[1]), "label": True},
    "prompt alone": {"prompt": turns(*TWO[:1])},
    "preference": {
        "prompt": turns(OPENAI[0], keys=ROLE),
        "chosen": turns(OPENAI[1], keys=ROLE),
        "rejected": turns(OTHER[1], keys=ROLE),
    },
    "preference of from and value": {"prompt": turns(TWO[0]), "chosen": turns(TWO[1]), "rejected": turns(OTHER[1])},
    "whole conversations": {"chosen": turns(*OPENAI, keys=ROLE), "rejected": turns(*OTHER, keys=ROLE)},
}


def mixture(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Convert a mixture the way the trainer does: where the first row is of from and value, by mapping over all."""
    dataset = Dataset.from_list([{"conversations": None, "messages": None, **row} for row in rows])
    if is_conversational_from_value(next(iter(dataset))):
        columns = [name for name in dataset.column_names if name == "conversations"]
        dataset = dataset.map(maybe_convert_to_chatml, remove_columns=columns)
    return list(dataset)


def main() -> None:
    """Write the record."""
    sharegpt, openai = CASES["sharegpt with OpenAI's roles"], {"messages": turns(*OPENAI, keys=ROLE)}
    recorded = {
        "trl": version("trl"),
        "cases": {
            name: {"row": row, "converted": maybe_convert_to_chatml(copy.deepcopy(row))} for name, row in CASES.items()
        },
        "mixtures": [
            {"rows": rows, "converted": mixture(rows)}
            for rows in ([sharegpt, sharegpt, openai, openai], [openai, openai, sharegpt, sharegpt])
        ],
    }
    text = json.dumps(recorded, indent=1, ensure_ascii=False)
    Path(__file__).with_name("trl.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
