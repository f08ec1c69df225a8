"""How likely a continuation is by a llama.cpp server, which echoes no prompt: token by token.

The server tokenizes (``/tokenize``), and is then asked for one token after the context and each beginning of the
continuation. A bias makes it say the continuation's own token; the log-probabilities that it reports are those before
bias and sampling (since December 2024; ``post_sampling_probs`` is false), so that they are the model's own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from regrade.models.openai_replies import read_choice
from regrade.models.prompt_logprobs import PromptToken, UnverifiedError, checked_logprob, token_of_object
from regrade.models.spelling import Piece, cut_tokens

_BIAS = 10_000.0
"""Makes a token certain: logits are far smaller."""


class PromptTokens(NamedTuple):
    """A prompt as the server tokenizes it.

    Attributes:
        ids: The tokens' ids.
        pieces: Their texts; bytes where they are half a character.
    """

    ids: list[int]
    pieces: list[Piece]

    def continuation_start(self, prompt: str, border: int) -> int:
        """The first token of what follows ``border``; raises as :func:`regrade.models.spelling.cut_tokens`."""
        return cut_tokens([(piece,) for piece in self.pieces], prompt, border, whole=True).start


def tokenize_body(text: str) -> dict[str, Any]:
    """What is posted to ``/tokenize``, so that it does what the server does to a prompt."""
    return {"content": text, "add_special": True, "parse_special": True, "with_pieces": True}


def read_tokens(data: bytes) -> PromptTokens:
    """The reply of ``/tokenize``.

    Raises:
        UnverifiedError: there are no tokens with their texts in it.
    """
    try:
        tokens = msgspec.json.decode(data)["tokens"]
        ids = [token["id"] for token in tokens]
        pieces = [bytes(token["piece"]) if isinstance(token["piece"], list) else token["piece"] for token in tokens]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        raise UnverifiedError("/tokenize does not reply as llama.cpp does") from None
    if not all(type(number) is int for number in ids) or not all(isinstance(piece, str | bytes) for piece in pieces):
        raise UnverifiedError("/tokenize does not reply as llama.cpp does")
    return PromptTokens(ids, pieces)


def step_body(before: list[int], token: int) -> dict[str, Any]:
    """What is posted to ``/v1/completions`` to learn how likely a token is behind others."""
    return {
        "prompt": before,
        "max_tokens": 1,
        "logprobs": 1,
        "logit_bias": {str(token): _BIAS},
        "temperature": 0,
        "cache_prompt": True,
        "post_sampling_probs": False,
    }


def read_step(data: bytes, token: int, place: int) -> tuple[float, bool | None]:
    """The log-probability of the token that was asked for, and whether it is the likeliest.

    Raises:
        UnverifiedError: the reply is about another token, or says nothing of it.
        ValueError, FailedGeneration: there is no choice.
    """
    _, choice = read_choice(data)
    content = choice.logprobs.get("content") if isinstance(choice.logprobs, dict) else None
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], dict):
        raise UnverifiedError(
            f"it sent back no log-probability of token {token} (llama.cpp has none for half a character)"
        )
    if content[0].get("id") != token:
        raise UnverifiedError(f"it said token {content[0].get('id')} where token {token} was asked for")
    found: PromptToken = token_of_object(content[0])
    return checked_logprob(found.logprobs[0], found, place), found.greedy[0]
