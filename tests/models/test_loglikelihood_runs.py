"""A task of choices, run by the command against servers of several shapes: the model's own scores, or an error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.models import toy_prompts as toy

from regrade.cli import main

CHOICES = ["ja", "nein, überhaupt nicht", "die Katze"]
QUESTIONS = [f"Ist in Kästchen {number} ein Öltropfen?" for number in range(12)]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = json.dumps(self.server.reply(body["prompt"])).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    servers = []

    def start(reply: Any) -> str:
        server: Any = HTTPServer(("127.0.0.1", 0), _Handler)
        server.reply = reply
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def run(folder: Path, url: str, *more: str) -> int:
    rows = [{"q": question, "gold": number % 3} for number, question in enumerate(QUESTIONS)]
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "task.yaml").write_text(
        "task: boxes\ndataset_path: json\ndataset_kwargs: {data_files: {test: test.jsonl}}\ntest_split: test\n"
        f'output_type: multiple_choice\ndoc_to_text: "{{{{q}}}}\\nA:"\ndoc_to_choice: {json.dumps(CHOICES)}\n'
        "doc_to_target: gold\nmetric_list: [{metric: acc}, {metric: acc_norm}]\n"
    )
    command = ["run", "--task", str(folder / "task.yaml"), "--model", "openai:toy", "--base-url", url, "--json"]
    return main([*command, "--workspace", str(folder / "w"), *more])


@pytest.mark.parametrize(
    ("reply", "tokenize", "bos"),
    [
        (toy.ECHOING["vLLM"], toy.words, "<s>"),
        (toy.ECHOING["offsets in bytes"], toy.words, None),
        (toy.ECHOING["OpenAI"], toy.byte_level, None),
        (toy.ECHOING["vLLM, generating"], toy.byte_level, "<|begin_of_text|>"),
    ],
)
def test_scores_are_those_of_the_model(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    serve: Callable[[Any], str],
    reply: Any,
    tokenize: toy.Tokenizer,
    bos: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(tmp_path, serve(lambda prompt: reply(toy.Scored(tokenize, bos, prompt)))) == 0
    right, normalised = [], []
    for number, question in enumerate(QUESTIONS):
        said = [toy.truth(tokenize, bos, f"{question}\nA:", f" {choice}") for choice in CHOICES]
        values = [value[0] for value in said if value is not None]
        right.append(values.index(max(values)) == number % 3)
        shares = [value / len(choice) for value, choice in zip(values, CHOICES, strict=True)]
        normalised.append(shares.index(max(shares)) == number % 3)
    found = json.loads(capsys.readouterr().out)["results"]["boxes"]
    assert found["acc,none"] == pytest.approx(sum(right) / 12)
    assert found["acc_norm,none"] == pytest.approx(sum(normalised) / 12)


def test_a_server_that_ignores_echo_ends_the_run_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], serve: Callable[[Any], str]
) -> None:
    monkeypatch.chdir(tmp_path)
    generated = {"tokens": [" and"], "token_logprobs": [-1.0], "top_logprobs": [{" and": -1.0}], "text_offset": [0]}
    url = serve(lambda _: toy.completion(generated))
    assert run(tmp_path, url) in (1, 3)
    said = capsys.readouterr()
    assert f"no log-likelihood from toy at {url}" in said.err
    assert "--model-option loglikelihood=prompt_logprobs" in said.err
    assert '"acc,none"' not in said.out
