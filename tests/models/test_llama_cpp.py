"""A real llama.cpp server with a tiny random model: log-likelihoods are those of a forward pass by NumPy.

Needs xllamacpp (llama.cpp's server as a wheel) and gguf: ``make test-llama-cpp`` makes an environment. What the server
replies is checked without it, too, by replies that were recorded from it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.models.asking import HASTY, answers

from regrade.models.llama_cpp import read_step, read_tokens
from regrade.models.openai import OpenAIModel
from regrade.models.prompt_logprobs import UnverifiedError
from regrade.schema import Request

PAIRS = [
    ("the cat:", [" yes", " no", " the cat"]),
    ("Is it über? ", ["yes", "no way"]),
    ("Line\n", ["no", "yes"]),  # "\nn" is one token: it crosses the end of the context, whose white space goes along
    ("x:n", ["ote", "yes"]),  # and so is "no"
    ("emoji 😀:", [" yes", "ü"]),
]


class Running:
    """A server, the model in it, and its addresses."""

    def __init__(self, address: str, model: Any) -> None:
        self.address, self.model = address, model

    def tokens(self, text: str) -> list[int]:
        body = json.dumps({"content": text, "add_special": True, "parse_special": True}).encode()
        request = urllib.request.Request(self.address + "/tokenize", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            tokens: list[int] = json.load(reply)["tokens"]
        return tokens

    def truth(self, context: str, continuation: str) -> tuple[float, bool]:
        """Of the tokens beyond as many as the context has without spaces at its end, as in lm-evaluation-harness."""
        whole, start = self.tokens(context + continuation), len(self.tokens(context.rstrip()))
        steps = self.model.logprobs(whole)[start - 1 : -1]
        values = [float(step[token]) for step, token in zip(steps, whole[start:], strict=True)]
        likeliest = [int(step.argmax()) == token for step, token in zip(steps, whole[start:], strict=True)]
        return sum(values), all(likeliest)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    xllamacpp: Any = pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: make test-llama-cpp")
    pytest.importorskip("gguf", reason="gguf is not installed: make test-llama-cpp")
    from tests.models.tiny_llama import TinyLlama

    path = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    model = TinyLlama()
    model.write(path)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx, parameters.n_parallel, parameters.n_gpu_layers = 512, 1, 0
    parameters.cpuparams.n_threads = 1
    parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED  # it rounds to 16 bits
    parameters.warmup, parameters.verbosity = False, 0
    server = xllamacpp.Server(parameters)
    yield Running(server.listening_address, model)
    del server


def requests() -> list[Request]:
    return [
        Request(
            sample_id=f"s{place}", position=place, kind="loglikelihood", prompt=context, continuations=continuations
        )
        for place, (context, continuations) in enumerate(PAIRS)
    ]


def test_log_likelihoods_are_those_of_the_model_in_this_process(running: Running) -> None:
    model = OpenAIModel("m", base_url=f"{running.address}/v1", limits=HASTY, loglikelihood="llama_cpp")
    got = answers(model, requests())
    for (context, continuations), answer in zip(PAIRS, got, strict=True):
        assert answer.choices is not None, answer.error
        for (value, greedy), continuation in zip(answer.choices, continuations, strict=True):
            expected = running.truth(context, continuation)
            assert value == pytest.approx(expected[0], abs=1e-3), (context, continuation)
            assert greedy == expected[1]


@pytest.mark.parametrize(
    ("continuation", "why"), [("o", "no token of its own"), ("x 😀", "no log-probability of token 240")]
)
def test_what_the_server_cannot_say_is_refused(running: Running, continuation: str, why: str) -> None:
    model = OpenAIModel("m", base_url=f"{running.address}/v1", limits=HASTY, loglikelihood="llama_cpp")
    request = Request(sample_id="s", kind="loglikelihood", prompt="x:n", continuations=[continuation])
    (answer,) = answers(model, [request])
    assert answer.error is not None
    assert why in answer.error.message


def test_one_token_that_is_the_likeliest_is_called_so(running: Running) -> None:
    tokens = running.tokens("the cat:")
    best = int(running.model.logprobs(tokens)[-1].argmax())
    letter = running.model.vocabulary[best].replace("Ġ", " ")
    if not letter.isascii():
        pytest.skip("the likeliest token is no letter")
    model = OpenAIModel("m", base_url=f"{running.address}/v1", limits=HASTY, loglikelihood="llama_cpp")
    request = Request(sample_id="s", kind="loglikelihood", prompt="the cat:", continuations=[letter])
    (answer,) = answers(model, [request])
    assert answer.choices is not None
    assert answer.choices[0][1] is True


@pytest.mark.parametrize("way", ["echo", "prompt_logprobs"])
def test_the_ways_that_it_does_not_know_are_refused(running: Running, way: str) -> None:
    model = OpenAIModel("m", base_url=f"{running.address}/v1", limits=HASTY, loglikelihood=way)
    for answer in answers(model, requests()):
        assert answer.choices is None
        assert answer.error is not None
        assert "llama_cpp" in answer.error.message


def test_a_task_is_run_by_the_command(running: Running, tmp_path: Path) -> None:
    rows = [{"q": f"the cat {number}:", "gold": number % 3} for number in range(6)]
    (tmp_path / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "task.yaml").write_text(
        "task: cats\ndataset_path: json\ndataset_kwargs: {data_files: {test: test.jsonl}}\ntest_split: test\n"
        'output_type: multiple_choice\ndoc_to_text: "{{q}}"\ndoc_to_choice: ["yes", "no", "the cat"]\n'
        "doc_to_target: gold\nmetric_list: [{metric: acc}, {metric: acc_norm}]\n"
    )
    command = [sys.executable, "-m", "regrade", "run", "--task", "task.yaml", "--model", "openai:m", "--json"]
    command += ["--base-url", f"{running.address}/v1", "--workspace", "w", "--model-option", "loglikelihood=llama_cpp"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"}
    )
    right = []
    for row in rows:
        values = [running.truth(str(row["q"]), f" {choice}")[0] for choice in ("yes", "no", "the cat")]
        right.append(values.index(max(values)) == row["gold"])
    assert json.loads(done.stdout)["results"]["cats"]["acc,none"] == pytest.approx(sum(right) / len(right))


# -- without the server: its replies, recorded from xllamacpp 2026.10

STEP: dict[str, Any] = {
    "id": 50,
    "token": "2",
    "bytes": [50],
    "logprob": -13.065716743469238,
    "top_logprobs": [{"id": 258, "token": " yes", "bytes": [32, 121, 101, 115], "logprob": -0.42970964312553406}],
}


def step(**changes: Any) -> bytes:
    logprobs = {"content": [{**STEP, **changes}]}
    return json.dumps({"choices": [{"text": "2", "index": 0, "logprobs": logprobs}]}).encode()


def test_a_step_is_the_token_that_was_asked_for() -> None:
    assert read_step(step(), 50, 3) == (-13.065716743469238, False)
    assert read_step(step(logprob=-0.1, top_logprobs=[{"logprob": -0.1}]), 50, 3) == (-0.1, True)
    with pytest.raises(UnverifiedError, match="token 50 where token 51"):
        read_step(step(), 51, 3)
    with pytest.raises(UnverifiedError, match="no log-probability"):
        read_step(step(logprob=None), 50, 3)
    with pytest.raises(UnverifiedError, match="no log-probability"):
        read_step(json.dumps({"choices": [{"text": "2", "logprobs": None}]}).encode(), 50, 3)


def test_tokens_and_their_texts() -> None:
    pieces = [{"id": 268, "piece": "<s>"}, {"id": 7, "piece": "a:"}, {"id": 8, "piece": [240, 159]}]
    tokens = read_tokens(json.dumps({"tokens": [*pieces, {"id": 9, "piece": [152, 128]}]}).encode())
    assert tokens.ids == [268, 7, 8, 9]
    assert tokens.continuation_start("a:😀", 2) == 2
    for reply in (b"{}", b'{"tokens": [1, 2]}', b'{"tokens": [{"id": "a", "piece": "b"}]}', b"<p>"):
        with pytest.raises(UnverifiedError, match="as llama"):
            read_tokens(reply)
