"""Cards of calls of tools, from card to score: tools are sent, kept, and there when the calls are scored."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.cli import main
from regrade.store import samples as sample_file

PARAMETERS = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "number"}}, "required": ["a"]}
ADD = {"name": "add", "description": "Adds.", "parameters": PARAMETERS}
SENT = [{"type": "function", "function": ADD}]


def row(query: str, **arguments: Any) -> dict[str, Any]:
    return {"query": query, "tools": [ADD], "reference_calls": [{"name": "add", "arguments": arguments}]}


CARD = {
    "__type__": "task_card",
    "loader": {
        "__type__": "load_from_dictionary",
        "data": {"test": [row("Add 1 and 2", a=1, b=2), row("Add 3 and 4", a=3, b=4), row("Add 5 and 6", a=5, b=6)]},
    },
    "task": {
        "__type__": "task",
        "input_fields": {"query": "str", "tools": "List[Tool]"},
        "reference_fields": {"reference_calls": "List[ToolCall]"},
        "prediction_type": "ToolCall",
        "metrics": [{"__type__": "tool_calling_metric"}],
    },
    "templates": [
        {
            "__type__": "multi_reference_template",
            "input_format": "{query}",
            "references_field": "reference_calls",
            "postprocessors": [
                {"__type__": "tool_call_post_processor", "field": "prediction"},
                {"__type__": "load_json", "field": "references", "process_every_value": True},
            ],
        }
    ],
}


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A model that calls ``add`` rightly, then with another number, then with a text; and the requests it was sent."""
    bodies: list[dict[str, Any]] = []
    calls = {"Add 1 and 2": {"a": 1, "b": 2}, "Add 3 and 4": {"a": 3, "b": 5}, "Add 5 and 6": {"a": "five"}}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            bodies.append(body)
            function = {"name": "add", "arguments": json.dumps(calls[body["messages"][-1]["content"].strip()])}
            message = {"role": "assistant", "content": None}
            message["tool_calls"] = [{"id": "c", "type": "function", "function": function}]  # type: ignore[assignment]
            reply = json.dumps(
                {"model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}/v1", bodies
        made.shutdown()
        thread.join()


def test_tools_are_sent_and_calls_are_scored(
    server: tuple[str, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    pytest.importorskip("jsonschema")
    url, bodies = server
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    Path("card.json").write_text(json.dumps(CARD))
    assert main(["run", "card.json", "--model", "m", "--base-url", url, "--workspace", "w", "--json"]) == 0
    assert [body["tools"] for body in bodies] == [SENT] * 3
    values = json.loads(capsys.readouterr().out)["results"]["card"]
    found = {name.partition(",")[0]: value for name, value in values.items() if "," in name}
    # By hand: the first call is the reference; the second has one of two values; the third lacks b, and its a is no
    # integer, so that the tool's schema refuses it.
    assert found["exact_match"] == pytest.approx(1 / 3)
    assert found["tool_name_accuracy"] == 1.0
    assert found["argument_name_recall"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert found["argument_name_precision"] == 1.0
    assert found["argument_value_precision"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert found["argument_schema_validation"] == pytest.approx(2 / 3)
    (samples,) = Path("w").rglob("samples.parquet")
    assert [sample.tools for sample in sample_file.read(samples)] == [SENT] * 3


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_tools_are_kept_with_the_samples(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("jsonschema")
    samples = regrade.load_card(CARD).samples()
    file = tmp_path / f"samples.{kind}"
    samples.write(file)
    read = list(sample_file.read(file))
    assert [sample.tools for sample in read] == [SENT] * 3
    answers = tmp_path / "answers.jsonl"
    rows = [{"sample_id": sample.sample_id, "answer": sample.target} for sample in read]
    answers.write_text("".join(json.dumps(one) + "\n" for one in rows))
    scores = regrade.score(file, answers=str(answers))
    assert {result.metric: result.value for result in scores.results}["argument_schema_validation"] == 1.0


def test_samples_of_before_tools_were_kept_are_read(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    plain = {
        **CARD,
        "loader": {"__type__": "load_from_dictionary", "data": {"test": [{"query": "q", "answer": "a"}]}},
        "task": {
            "__type__": "task",
            "input_fields": {"query": "str"},
            "reference_fields": {"answer": "str"},
            "prediction_type": "str",
            "metrics": ["metrics.accuracy"],
        },
        "templates": [{"__type__": "input_output_template", "input_format": "{query}", "output_format": "{answer}"}],
    }
    samples = regrade.load_card(plain).samples()
    (sample,) = samples
    assert sample.tools is None
    new, old = tmp_path / "new.parquet", tmp_path / "old.parquet"
    samples.write(new)
    table = pq.read_table(new)
    pq.write_table(table.drop_columns(["tools"]), old)
    assert [one.sample_id for one in sample_file.read(old)] == [sample.sample_id]
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps({"sample_id": sample.sample_id, "answer": "a"}) + "\n")
    assert regrade.score(old, answers=str(answers)).results[0].value == 1.0
