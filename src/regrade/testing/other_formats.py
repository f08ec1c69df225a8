"""Files and rows of other formats: a reader or chat format that claims one of them claims too much."""

from __future__ import annotations

from typing import Any, Final

#: How files of other formats begin, by what they are.
FILES: Final[dict[str, bytes]] = {
    "an empty file": b"",
    "a blank file": b"\n\n",
    "a text": b"The quick brown fox jumps over the lazy dog.\n",
    "a CSV table": b"id,question,answer,expected\n1,2 + 2?,4,4\n2,3 + 3?,7,6\n",
    "JSON lines of a table": b'{"id": 1, "question": "2 + 2?", "answer": "4", "expected": "4"}\n' * 2,
    "a JSON array of a table": b'[{"id": 1, "answer": "4", "expected": "4"}]',
    "an empty JSON object": b"{}",
    "a chat dataset": b'{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}\n',
    "a samples file of lm-evaluation-harness": (
        b'{"doc_id": 0, "doc": {"question": "2 + 2?"}, "target": "4", "arguments": {"gen_args_0": {"arg_0": "2?"}}, '
        b'"resps": [["4"]], "filtered_resps": ["4"], "filter": "none", "metrics": ["exact_match"], "exact_match": 1.0, '
        b'"doc_hash": "0", "prompt_hash": "0", "target_hash": "0"}\n'
    ),
    "results of lm-evaluation-harness": (
        b'{"results": {"sums": {"alias": "sums", "exact_match,none": 1.0}}, "configs": {"sums": {"task": "sums"}}, '
        b'"versions": {"sums": 1}, "config": {"model": "hf"}, "lm_eval_version": "0.4.9"}'
    ),
    "a Parquet file": b"PAR1\x15\x04\x15\x10\x15\x14\x4c\x15\x02\x15\x00\x12\x00\x00",
    "a zip archive": b"PK\x03\x04\x14\x00\x00\x00\x08\x00",
    "bytes of no text": bytes(range(256)),
}

#: Rows of other chat formats, by the registered name of each.
ROWS: Final[dict[str, dict[str, Any]]] = {
    "messages": {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]},
    "sharegpt": {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]},
    "alpaca": {"instruction": "Say hi.", "input": "", "output": "hi"},
    "prompt-completion": {"prompt": "hi", "completion": "ho"},
    "question-answer": {"question": "2 + 2?", "answer": "4"},
    "query-response": {"query": "hi", "response": "ho"},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}, {"role": "model", "parts": [{"text": "ho"}]}]},
    "preference": {
        "chosen": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}],
        "rejected": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "no"}],
    },
}

#: Rows of no format; whoever reads them says what is wrong with a row, by ChatRowError.
ODD_VALUES: Final[tuple[Any, ...]] = (None, "", 7, 1.5, True, [], {}, [None], [[]], {"a": 1}, "text", ["a", "b"])
