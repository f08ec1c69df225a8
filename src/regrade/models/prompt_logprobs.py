"""How likely a prompt's end is, by the log-probabilities of the prompt that an OpenAI-compatible server sends back.

Servers count characters each in their own way (special tokens, bytes, ``-1``), ignore ``echo``, or generate although
nothing was asked for. So no position that they tell is believed: the tokens themselves must spell the prompt that was
sent (:mod:`regrade.models.spelling`), and are cut where they do.

The continuation's tokens are those of lm-evaluation-harness (``TemplateLM._encode_pair``): white space at the context's
end counts as the continuation's, and where one token holds the end of the context and the beginning of the
continuation, the continuation's tokens are those beyond as many as the context alone has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from regrade.addition import add_up
from regrade.models.openai_replies import read_choice, read_usage
from regrade.models.spelling import Cut, Piece, cut_tokens
from regrade.schema import Answer, Loglikelihood

_MOST_LOGPROB = 1e-3
"""Log-probabilities are at most 0, but for rounding."""


class UnverifiedError(ValueError):
    """A reply that does not say, or not beyond doubt, how likely the prompt's end is: asking again would not help."""


class PromptToken(NamedTuple):
    """What a server says of one place of a prompt; several tokens where it does not say which is the prompt's.

    Attributes:
        pieces: The ways each may be written.
        logprobs: Of each; None at the prompt's beginning.
        greedy: Of each, whether it is the likeliest token at this place; None where the server does not say.
    """

    pieces: tuple[Piece, ...]
    logprobs: tuple[float | None, ...]
    greedy: tuple[bool | None, ...]


class PromptReply(NamedTuple):
    """The tokens of a prompt, as a server sent them back.

    Attributes:
        tokens: The tokens.
        whole: Whether they are the prompt's and no other; else generated ones may follow.
        answer: What the reply says beside them.
    """

    tokens: list[PromptToken]
    whole: bool
    answer: Answer

    def loglikelihood(self, prompt: str, border: int, *, start: int | None = None) -> Loglikelihood:
        """How likely the end of the prompt is.

        Args:
            prompt: What was sent.
            border: The characters of the context.
            start: The first token of the continuation, where a token crosses the border.

        Raises:
            UnverifiedError: it cannot be told.
            StraddlingError: a token crosses the border.
        """
        cut = self.cut(prompt, border, start=start)
        if cut.start >= cut.end:
            raise UnverifiedError("the continuation has no token of its own")
        values, likeliest = [], []
        for place, numbers in enumerate(cut.pieces, start=cut.start):
            token = self.tokens[place]
            found = {(token.logprobs[number], token.greedy[number]) for number in numbers}
            if len(found) != 1:
                raise UnverifiedError("it cannot be told which of several tokens is the prompt's")
            value, greedy = found.pop()
            values.append(checked_logprob(value, token, place))
            likeliest.append(greedy)
        return add_up(values), all_likeliest(likeliest)

    def cut(self, prompt: str, border: int, *, start: int | None = None) -> Cut:
        """The tokens that spell the prompt; raises as :func:`regrade.models.spelling.cut_tokens`."""
        return cut_tokens([token.pieces for token in self.tokens], prompt, border, start=start, whole=self.whole)


def all_likeliest(greedy: list[bool | None]) -> bool | None:
    """Whether every token is the likeliest at its place; None where that is not known."""
    return False if False in greedy else None if None in greedy else True


def checked_logprob(value: float | None, token: PromptToken, place: int) -> float:
    """A token's log-probability.

    Raises:
        UnverifiedError: there is none, or it cannot be one.
    """
    where = f"token {place + 1} ({token.pieces[0]!r})"
    if value is None:
        raise UnverifiedError(
            f"the continuation's {where} has no log-probability"
            + (": nothing stands before it, since the server puts no token at the beginning" if place == 0 else "")
        )
    if math.isnan(value) or value > _MOST_LOGPROB:
        raise UnverifiedError(f"the log-probability of the continuation's {where} is {value}")
    return value


def continuation_border(context: str) -> int:
    """Where the continuation begins: before the white space at the context's end, as in lm-evaluation-harness."""
    return len(context.rstrip())


def read_echo(data: bytes) -> PromptReply:
    """The echoed tokens of a prompt: lists (``tokens``, ``token_logprobs``, ``top_logprobs``), or a list of objects.

    Raises:
        UnverifiedError: there are none, or their lists do not fit each other.
        ValueError, FailedGeneration: there is no choice.
    """
    reply, choice = read_choice(data)
    logprobs = choice.logprobs
    if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
        tokens = [token_of_object(each) for each in logprobs["content"]]
    elif isinstance(logprobs, dict) and logprobs.get("tokens"):
        tokens = _tokens_of_lists(logprobs)
    else:
        raise UnverifiedError("it sent back no log-probabilities of the prompt")
    return PromptReply(tokens, False, _answer(reply))


def _tokens_of_lists(logprobs: dict[str, Any]) -> list[PromptToken]:
    texts, values, tops = logprobs["tokens"], logprobs.get("token_logprobs"), logprobs.get("top_logprobs")
    if not isinstance(texts, list) or not isinstance(values, list) or len(texts) != len(values):
        raise UnverifiedError("it sent back another number of tokens than of log-probabilities")
    if not isinstance(tops, list) or not tops:
        tops = [None] * len(texts)
    if len(tops) != len(texts):
        raise UnverifiedError("it sent back another number of tokens than of top_logprobs")
    return [
        _token(text, value, list(top.values()) if isinstance(top, dict) else _values(top))
        for text, value, top in zip(texts, values, tops, strict=True)
    ]


def token_of_object(each: Any) -> PromptToken:
    """A token in the form of chat completions: ``{"token", "bytes", "logprob", "top_logprobs"}``."""
    if not isinstance(each, dict):
        raise UnverifiedError(f"it sent back a token that cannot be read: {each!r}")
    octets = each.get("bytes")
    text: Any = each.get("token")
    if isinstance(octets, list) and octets and all(isinstance(byte, int) and 0 <= byte < 256 for byte in octets):
        text = bytes(octets)
    return _token(text, each.get("logprob"), _values(each.get("top_logprobs")))


def _values(top: Any) -> list[Any]:
    return [each.get("logprob") for each in top if isinstance(each, dict)] if isinstance(top, list) else []


def _token(text: Any, value: Any, top: Sequence[Any]) -> PromptToken:
    if not isinstance(text, str | bytes):
        raise UnverifiedError(f"it sent back a token that is not a text: {text!r}")
    number = _number(value)
    others = [_number(other) for other in top]
    known = [other for other in others if other is not None]
    greedy = number >= max(known) if number is not None and known else None
    return PromptToken((text,), (number,), (greedy,))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def read_prompt_logprobs(data: bytes) -> PromptReply:
    """The prompt's tokens in vLLM's ``prompt_logprobs``.

    Each entry maps token ids to ``{"logprob", "rank", "decoded_token"}``: the prompt's own token, and the likeliest one
    where that is another. vLLM puts the prompt's own first; what stands between may sort them, so the rank decides:
    of two, the prompt's own is the one that is not the likeliest.

    Raises:
        UnverifiedError: there are none.
        ValueError, FailedGeneration: there is no choice.
    """
    reply, choice = read_choice(data)
    entries = choice.prompt_logprobs or reply.prompt_logprobs
    if not isinstance(entries, list) or not entries:
        raise UnverifiedError("it sent back no prompt_logprobs")
    return PromptReply(
        [_token_of_entry(entry, first=not place) for place, entry in enumerate(entries)], True, _answer(reply)
    )


def _token_of_entry(entry: Any, *, first: bool) -> PromptToken:
    if entry is None and first:
        return PromptToken((None,), (None,), (None,))
    found = list(entry.values()) if isinstance(entry, dict) else []
    if not found or not all(isinstance(each, dict) and isinstance(each.get("decoded_token"), str) for each in found):
        raise UnverifiedError(f"it sent back an entry of prompt_logprobs that cannot be read: {entry!r}")
    values = [_number(each.get("logprob")) for each in found]
    most = max((value for value in values if value is not None), default=-math.inf)
    own = [each for each in found if each.get("rank") != 1]
    if len(found) == 2 and len(own) == 1 and isinstance(own[0].get("rank"), int):
        found = own
    return PromptToken(
        tuple(each["decoded_token"] for each in found),
        tuple(_number(each.get("logprob")) for each in found),
        tuple(_is_likeliest(each, most, alone=len(entry) == 1) for each in found),
    )


def _is_likeliest(each: dict[str, Any], most: float, *, alone: bool) -> bool | None:
    if isinstance(each.get("rank"), int) and (alone or each["rank"] == 1):
        return bool(each["rank"] == 1)
    value = _number(each.get("logprob"))
    return None if alone or value is None else value >= most


def _answer(reply: Any) -> Answer:
    """What the reply says beside the tokens."""
    return Answer(
        sample_id="", usage=read_usage(reply.usage), model=reply.model if isinstance(reply.model, str) else None
    )


READERS: dict[str, Callable[[bytes], PromptReply]] = {"echo": read_echo, "prompt_logprobs": read_prompt_logprobs}
"""By how log-probabilities of a prompt are asked for, what reads the reply."""
