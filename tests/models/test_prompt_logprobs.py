"""Log-likelihoods over HTTP: for every shape of reply and tokenizer what the model itself says, or refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.models import toy_prompts as toy
from tests.models.asking import HASTY, answers

from regrade.models.asking import ModelError
from regrade.models.openai import OpenAIModel
from regrade.models.prompt_logprobs import UnverifiedError, read_echo, read_prompt_logprobs
from regrade.models.spelling import Cut, SpellingError, StraddlingError, cut_tokens
from regrade.schema import Answer, Request

TEXTS = [
    ("Question: is it?\nA:", " yes"),
    ("Q:", "no"),
    ("Wie schön ist Köln? Antwort:", " sehr schön"),
    ("So 😀😀 x:", " 😀 ok"),
    ("Trailing space ", "yes no"),
    ("Line\n", "next"),
    ("x:", "yes, it is"),
    ("日本:", "語です"),
    ("Antwort ü", "über"),
    ("<s>:", " yes"),
    ("", "yes"),
    ("", " yes"),
    ("", "über"),
]


class ToyServer(OpenAIModel):
    """A model behind a server that is played in this process.

    Attributes:
        posted: The bodies it got.
    """

    def __init__(self, reply: Any, tokenize: toy.Tokenizer = toy.words, bos: str | None = None, **options: Any) -> None:
        super().__init__("toy", base_url="http://toy.example/v1", limits=HASTY, **options)
        self.reply, self.tokenize, self.bos = reply, tokenize, bos
        self.posted: list[dict[str, Any]] = []

    async def _post(self, path: str, body: dict[str, Any]) -> bytes:
        self.posted.append(body)
        made = self.reply(toy.Scored(self.tokenize, self.bos, body["prompt"]))
        return made if isinstance(made, bytes) else json.dumps(made).encode()


def asked(*pairs: tuple[str, str], **parameters: Any) -> list[Request]:
    return [
        Request(
            sample_id=f"s{place}",
            position=place,
            kind="loglikelihood",
            prompt=context,
            continuations=[continuation],
            parameters=parameters,
        )
        for place, (context, continuation) in enumerate(pairs)
    ]


SHAPES = {
    **{name: ("echo", reply) for name, reply in toy.ECHOING.items()},
    **{name: ("prompt_logprobs", reply) for name, reply in toy.PROMPT_LOGPROBS.items()},
}


def may_be_refused(shape: str, context: str, continuation: str) -> bool:
    """What a shape leaves open: characters or spaces that it drops right where the continuation begins."""
    if not context:  # a first token without a text is a special one, or the beginning of what is shown with the next
        return not continuation[0].isascii() or (continuation[0] == " " and "spaces lost" in shape)
    return shape == "Xinference" and not continuation[0].isascii()


@pytest.mark.parametrize("beginning", toy.BEGINNINGS)
@pytest.mark.parametrize("tokenizer", toy.TOKENIZERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_value_is_the_models_own_or_refused(shape: str, tokenizer: str, beginning: str) -> None:
    way, reply = SHAPES[shape]
    tokenize, bos = toy.TOKENIZERS[tokenizer], toy.BEGINNINGS[beginning]
    got = answers(ToyServer(reply, tokenize, bos, loglikelihood=way), asked(*TEXTS))
    for (context, continuation), answer in zip(TEXTS, got, strict=True):
        expected = toy.truth(tokenize, bos, context, continuation)
        if answer.choices is None:
            assert answer.error is not None
            assert "no log-likelihood from toy at http://toy.example/v1" in answer.error.message
            assert expected is None or may_be_refused(shape, context, continuation), (context, answer.error.message)
            continue
        assert expected is not None, (context, continuation)
        ((value, greedy),) = answer.choices
        assert value == pytest.approx(expected[0], abs=1e-9), (context, continuation)
        assert greedy == expected[1] or (shape == "no ranks" and greedy is None)


def echoing(**lists: Any) -> Any:
    """A server that echoes "a b c" with log-probabilities -1 and -2, but for what ``lists`` says."""
    usual = {
        "tokens": ["a", " b", " c"],
        "token_logprobs": [None, -1.0, -2.0],
        "top_logprobs": [None, {" b": -1.0}, {" d": -0.5}],
    }
    return lambda _: toy.completion({**usual, **lists})


def vllm(*entries: Any) -> Any:
    return lambda _: toy.completion(None, prompt_logprobs=list(entries))


def loglikelihood(server: ToyServer) -> Answer:
    (answer,) = answers(server, asked(("a", " b c")))
    return answer


def test_a_reply_as_it_should_be() -> None:
    assert loglikelihood(ToyServer(echoing())).choices == [(-3.0, False)]


REFUSED = [
    ("not echoed", {"tokens": [" and", " so"], "token_logprobs": [-1.0, -1.0], "top_logprobs": None}, "do not spell"),
    ("cut short", {"tokens": ["a", " b"], "token_logprobs": [None, -1.0], "top_logprobs": None}, "end before"),
    ("another text", {"tokens": ["a", " B", " c"]}, "' B' stands where it has ' b c'"),
    ("no tokens", {"tokens": []}, "no log-probabilities of the prompt"),
    ("lengths differ", {"token_logprobs": [None, -1.0]}, "another number of tokens than of log-prob"),
    ("lengths of the likeliest differ", {"top_logprobs": [None]}, "another number of tokens than of top_logprobs"),
    ("null", {"token_logprobs": [None, -1.0, None]}, r"token 3 \(' c'\) has no log-probability"),
    ("a text", {"token_logprobs": [None, -1.0, "-2"]}, "has no log-probability"),
    ("NaN", {"token_logprobs": [None, -1.0, float("nan")]}, "is nan"),
    ("probabilities", {"token_logprobs": [None, 0.5, 0.2]}, r"is 0\.5"),
    ("ids", {"tokens": [5, 6, 7]}, "not a text: 5"),
    ("ids as texts", {"tokens": ["token_id:5", "token_id:6", "token_id:7"]}, "do not spell"),
]


@pytest.mark.parametrize(("lists", "why"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_an_echo_that_cannot_be_verified_is_refused_with_what_to_do(lists: dict[str, Any], why: str) -> None:
    answer = loglikelihood(server := ToyServer(echoing(**lists)))
    assert answer.choices is None
    assert answer.error is not None
    assert len(server.posted) == 1  # the same again would cost the same
    assert re.search(why, answer.error.message)
    assert "toy at http://toy.example/v1" in answer.error.message
    assert "--model-option loglikelihood=prompt_logprobs" in answer.error.message


def test_minus_infinity_is_a_value() -> None:
    answer = loglikelihood(ToyServer(echoing(token_logprobs=[None, -1.0, float("-inf")])))
    assert answer.choices == [(float("-inf"), False)]


def test_whether_it_is_the_likeliest_is_unknown_where_the_server_does_not_say() -> None:
    assert loglikelihood(ToyServer(echoing(top_logprobs=None))).choices == [(-3.0, None)]
    assert loglikelihood(ToyServer(echoing(top_logprobs=[None, {" b": -1.0}, None]))).choices == [(-3.0, None)]
    assert loglikelihood(ToyServer(echoing(top_logprobs=[None, None, {" d": -0.5}]))).choices == [(-3.0, False)]


@pytest.mark.parametrize(
    "choice",
    [
        {"logprobs": None, "text": " yes"},  # TGI: no log-probabilities of completions
        {  # llama.cpp: of what it generated, and no echo
            "text": " and",
            "logprobs": {"content": [{"id": 7, "token": " and", "bytes": [32, 97, 110, 100], "logprob": -0.1}]},
        },
    ],
)
def test_servers_that_do_not_echo_are_refused(choice: dict[str, Any]) -> None:
    answer = loglikelihood(ToyServer(lambda _: toy.completion(**{"logprobs": None, **choice})))
    assert answer.choices is None
    assert answer.error is not None


def test_vllm_of_old_with_the_likeliest_first_and_of_new_with_the_prompts_own_first() -> None:
    own, best = {"logprob": -2.0, "rank": 3, "decoded_token": " c"}, {"logprob": -0.5, "rank": 1, "decoded_token": " d"}
    middle = {"9": {"logprob": -1.0, "rank": 1, "decoded_token": " b"}}
    for entry in ({"7": own, "8": best}, {"8": best, "7": own}):
        server = ToyServer(vllm(None, middle, entry), loglikelihood="prompt_logprobs")
        assert loglikelihood(server).choices == [(-3.0, False)]


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([], "no prompt_logprobs"),
        ([None, {}], "cannot be read"),
        ([None, None, None], "cannot be read"),
        ([None, {"1": {"logprob": -1.0, "rank": 1}}], "cannot be read"),
        ([None, {"1": {"logprob": -1.0, "rank": 1, "decoded_token": " x"}}], "do not spell"),
        (  # two tokens of one text, and nothing that tells them apart
            [
                None,
                {"1": {"logprob": -1.0, "decoded_token": " b"}, "2": {"logprob": -2.0, "decoded_token": " b"}},
                {"3": {"logprob": -1.0, "decoded_token": " c"}},
            ],
            "which of several tokens",
        ),
    ],
)
def test_prompt_logprobs_that_cannot_be_verified_are_refused(entries: list[Any], why: str) -> None:
    answer = loglikelihood(ToyServer(vllm(*entries), loglikelihood="prompt_logprobs"))
    assert answer.error is not None
    assert why in answer.error.message
    assert "loglikelihood=echo" in answer.error.message


def test_a_run_against_a_server_that_never_echoes_ends_early_with_what_to_do() -> None:
    server = ToyServer(lambda _: toy.completion(None))
    with pytest.raises(ModelError, match="--model-option loglikelihood=prompt_logprobs"):
        answers(server, asked(*[("a", " b")] * 200))
    assert len(server.posted) < 60


def test_parameters_of_the_user_reach_these_requests_and_cannot_change_what_is_asked() -> None:
    server = ToyServer(toy.ECHOING["vLLM"])
    request = asked(
        ("a", " b"), max_tokens=512, n=3, temperature=0.7, user="me", extra_body={"add_special_tokens": False}
    )
    answers(server, request)
    (body,) = server.posted
    assert body["user"] == "me"
    assert body["add_special_tokens"] is False
    assert (body["max_tokens"], body["temperature"], body["logprobs"], body["echo"]) == (1, 0, 1, True)
    assert "n" not in body
    answers(server, asked(("a", " b"), max_tokens=0, logprobs=5))
    assert (server.posted[1]["max_tokens"], server.posted[1]["logprobs"]) == (0, 5)


def test_a_context_is_asked_for_once_where_tokens_cross_its_end() -> None:
    server = ToyServer(toy.ECHOING["vLLM"], toy.merging)
    request = Request(sample_id="s", kind="loglikelihood", prompt="x:", continuations=["yes", "no"])
    (answer,) = answers(server, [request])
    assert [body["prompt"] for body in server.posted] == ["x:yes", "x:", "x:no"]
    assert answer.choices is not None
    for (value, _), continuation in zip(answer.choices, ["yes", "no"], strict=True):
        expected = toy.truth(toy.merging, None, "x:", continuation)
        assert expected is not None
        assert value == pytest.approx(expected[0])


def test_a_stream_of_pieces_is_one_echo() -> None:
    def streamed(scored: toy.Scored) -> bytes:
        whole = toy.ECHOING["vLLM"](scored)["choices"][0]["logprobs"]
        pieces = [{name: values[place : place + 1] for name, values in whole.items()} for place in range(3)]
        events = [json.dumps({"choices": [{"index": 0, "text": "", "logprobs": piece}]}) for piece in pieces]
        return "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]).encode()

    expected = toy.truth(toy.words, None, "a", " b c")
    assert expected is not None
    assert loglikelihood(ToyServer(streamed)).choices == [(pytest.approx(expected[0]), expected[1])]


# -- the tokens themselves


@pytest.mark.parametrize(
    ("tokens", "text", "border", "start"),
    [
        (["a", "b"], "ab", 1, 1),
        (["<s>", "a", "b", "</s>", "x"], "ab", 1, 2),
        (["[gMASK]", "<sop>", "▁a", "▁b"], "a b", 1, 3),
        (["<s>", "<s>", "a", "b"], "<s>ab", 4, 3),
        (["<s>", "a", "b"], "<s>ab", 4, 2),
        (["a", "bytes: \\xe2\\x96", "bytes:\\x81"], "a ▁", 1, 1),
        (["a", "<0xE2>", "<0x96>", "<0x81>"], "a▁", 1, 1),
        (["Ġa", "Ċ", "b"], " a\nb", 2, 1),
        (["Ã¼", "x"], "üx", 1, 1),
        (["ü", "x"], "üx", 1, 1),
        (["a", "\ufffd", "\ufffd", "\ufffd", "b"], "a😀b", 2, 4),
        (["a", "\ufffd", "b"], "a\ufffdb", 2, 2),
        (["a", "", "", "😀", "b"], "a😀b", 1, 1),
        ([b"a", b"\xf0\x9f", b"\x98\x80"], "a😀", 1, 1),
        (["bytes:", "x"], "bytes:x", 6, 1),
        (["<0x41>", "x"], "<0x41>x", 6, 1),
    ],
)
def test_tokens_are_cut_where_they_spell_the_context(tokens: list[Any], text: str, border: int, start: int) -> None:
    found = cut_tokens([(token,) for token in tokens], text, border)
    assert found.start == start
    assert found.end == len(tokens) - 2 * (tokens[-1] == "x" and tokens[-2] == "</s>")


def test_what_cannot_be_cut_beyond_doubt_is_refused() -> None:
    with pytest.raises(SpellingError, match="which tokens are the continuation's"):
        cut_tokens([("\ufffd",)] * 5, "😀😀", 1, whole=True)  # 2 + 3 or 3 + 2
    with pytest.raises(SpellingError, match="where the prompt ends"):
        cut_tokens([("a",), *[("\ufffd",)] * 4], "a😀", 1)  # 4, or 3 and one generated
    assert cut_tokens([("\ufffd",)] * 4, "😀😀", 1) == Cut(2, 4, ((0,), (0,)))
    with pytest.raises(StraddlingError):
        cut_tokens([("ab",)], "ab", 1)


def test_replies_without_a_choice_are_errors() -> None:
    for read in (read_echo, read_prompt_logprobs):
        with pytest.raises(ValueError, match="no choices"):
            read(b'{"choices": []}')
    with pytest.raises(UnverifiedError, match="cannot be read"):
        read_echo(json.dumps(toy.completion({"content": [7]})).encode())
