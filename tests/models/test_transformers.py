"""A model in this process: a tiny one, made here, so that its answers can be computed by hand.

Needs torch and transformers, which development does not install: ``make test-transformers`` makes an environment.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.models import toy_prompts as toy
from tests.models.asking import answers, chat

from regrade.models.openai import OpenAIModel
from regrade.models.transformers import TransformersModel
from regrade.schema import Request

torch = pytest.importorskip("torch", reason="torch is not installed: make test-transformers")
transformers = pytest.importorskip("transformers", reason="transformers is not installed: make test-transformers")

LETTERS = " abcdefghijklmnopqrstuvwxyz.?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer model over letters, random but seeded, with its tokenizer and chat template."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    path = tmp_path_factory.mktemp("tiny")
    vocabulary = {"<s>": 0, "</s>": 1, "<unk>": 2, **{letter: place + 3 for place, letter in enumerate(LETTERS)}}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    fast.chat_template = (
        "{% for m in messages %}{{ m['role'] }}. {{ m['content'] }} {% endfor %}"
        "{% if add_generation_prompt %}assistant. {% endif %}"
    )
    fast.save_pretrained(path)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=1,
    )
    model = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # so that it has opinions
    model.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> TransformersModel:
    return TransformersModel(str(folder), device="cpu", dtype="float32", batch_size=3)


def by_hand(folder: Path, text: str, steps: int) -> str:
    """Greedy decoding, one token at a time, without cache, padding or batch."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tokens = tokenizer(text).input_ids
    made: list[int] = []
    for _ in range(steps):
        token = int(network(torch.tensor([tokens + made])).logits[0, -1].argmax())
        if token == 1:
            break
        made.append(token)
    return str(tokenizer.decode(made, skip_special_tokens=True))


def test_greedy_answers_are_those_of_decoding_by_hand(folder: Path, model: TransformersModel) -> None:
    texts = ["hello", "what is it?", "a", "the quick brown fox jumps", "no"]
    requests = [
        Request(sample_id=text, position=n, kind="completion", prompt=text, parameters={"max_tokens": 12})
        for n, text in enumerate(texts)
    ]
    got = answers(model, requests)
    assert [answer.text for answer in got] == [by_hand(folder, text, 12) for text in texts]
    assert all(answer.usage is not None and 0 < answer.usage.output_tokens <= 12 for answer in got)


def test_chat_goes_through_the_models_own_template(folder: Path, model: TransformersModel) -> None:
    (answer,) = answers(model, chat("hi", max_tokens=8))
    assert answer.text == by_hand(folder, "user. hi assistant. ", 8)


def test_an_answer_ends_before_its_stop_text(folder: Path, model: TransformersModel) -> None:
    whole = by_hand(folder, "hello", 12)
    request = Request(
        sample_id="s", kind="completion", prompt="hello", parameters={"max_tokens": 12, "stop": [whole[3]]}
    )
    (answer,) = answers(model, [request])
    assert answer.text == whole[: whole.index(whole[3])]
    assert answer.finish_reason == "stop"


@torch.no_grad()
def test_log_likelihoods_are_sums_of_log_softmax(folder: Path, model: TransformersModel) -> None:
    context, continuations = "q. which? ", ["yes", "no", "perhaps so"]
    (answer,) = answers(
        model, [Request(sample_id="s", kind="loglikelihood", prompt=context, continuations=continuations)]
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModelForCausalLM.from_pretrained(folder)
    expected: list[Any] = []
    for continuation in continuations:
        before, after = tokenizer(context.rstrip()).input_ids, tokenizer(" " + continuation).input_ids
        logits = torch.log_softmax(network(torch.tensor([before + after])).logits[0].float(), dim=-1)
        steps = [logits[len(before) + place - 1] for place in range(len(after))]
        total = sum(float(step[token]) for step, token in zip(steps, after, strict=True))
        greedy = all(int(step.argmax()) == token for step, token in zip(steps, after, strict=True))
        expected.append((total, greedy))
    assert answer.choices is not None
    for (value, greedy), (total, whether) in zip(answer.choices, expected, strict=True):
        assert value == pytest.approx(total, abs=1e-4)
        assert greedy == whether


def test_sampling_is_seeded(model: TransformersModel) -> None:
    request = Request(
        sample_id="s", kind="completion", prompt="hello", parameters={"max_tokens": 20, "temperature": 1.5, "seed": 7}
    )
    assert answers(model, [request])[0].text == answers(model, [request])[0].text


def test_a_request_that_cannot_be_answered_costs_itself_only(model: TransformersModel) -> None:
    bad = Request(sample_id="bad", position=1, messages=None)
    good = chat("a", "b")
    got = answers(model, [good[0], bad, Request(sample_id="c", position=2, messages=good[1].messages)])
    assert [answer.error is None for answer in got] == [True, False, True]


class _Handler(BaseHTTPRequestHandler):
    """Replies to completions as ``server.reply`` makes them of the tokens of a prompt."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = json.dumps(self.server.reply(self.server.score(body["prompt"]))).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def score(folder: Path) -> Any:
    """A function that makes of a prompt its tokens, with the network's own log-probabilities."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = transformers.AutoModelForCausalLM.from_pretrained(folder)

    def score(prompt: str, bos: str | None) -> toy.Scored:
        ids = [*([tokenizer.bos_token_id] if bos else []), *tokenizer(prompt).input_ids]
        with torch.no_grad():
            steps = torch.log_softmax(network(torch.tensor([ids])).logits[0].float(), dim=-1)
        scored = toy.Scored(toy.characters, bos, prompt)
        scored.logprobs = [None, *(float(steps[place, token]) for place, token in enumerate(ids[1:]))]
        scored.greedy = [None, *(int(steps[place].argmax()) == token for place, token in enumerate(ids[1:]))]
        return scored

    return score


@pytest.mark.parametrize("bos", [None, "<s>"])
@pytest.mark.parametrize(
    ("way", "reply"),
    [
        *(("echo", toy.ECHOING[name]) for name in ("vLLM", "SGLang", "Xinference", "GPT-2 alphabet", "objects")),
        *(("prompt_logprobs", toy.PROMPT_LOGPROBS[name]) for name in ("vLLM, own first", "vLLM, sorted")),
    ],
)
def test_a_servers_log_likelihoods_are_those_in_this_process(
    model: TransformersModel, score: Any, way: str, reply: Any, bos: str | None
) -> None:
    server: Any = HTTPServer(("127.0.0.1", 0), _Handler)
    server.reply, server.score = reply, lambda prompt: score(prompt, bos)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        request = Request(
            sample_id="s", kind="loglikelihood", prompt="q. which? ", continuations=["yes", "no", "perhaps so"]
        )
        asked = OpenAIModel("m", base_url=f"http://127.0.0.1:{server.server_port}/v1", loglikelihood=way)
        (got,) = answers(asked, [request])
    finally:
        server.shutdown()
        server.server_close()
    assert got.choices is not None, got.error
    if bos is None:
        (own,) = answers(model, [request])
        expected: Any = own.choices
    else:
        whole = [score(f"q. which? {continuation}", bos) for continuation in request.continuations or ()]
        before = 1 + len("q. which?")
        expected = [(sum(each.logprobs[before:]), all(each.greedy[before:])) for each in whole]
    for (value, greedy), (total, whether) in zip(got.choices, expected, strict=True):
        assert value == pytest.approx(total, abs=1e-4)
        assert greedy == whether
