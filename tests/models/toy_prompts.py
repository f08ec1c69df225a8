"""A toy model whose log-probabilities are known, and the replies of servers that would run it.

Each shape is what one server makes of the same tokens; those of the servers' own code or documentation are named.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

Tokenizer = Callable[[str], list[bytes]]


# -- tokenizers: from a text to the bytes of its tokens


def words(text: str) -> list[bytes]:
    """A word with the space before it."""
    return [token.encode() for token in re.findall(r"\s?\S+|\s", text)]


def characters(text: str) -> list[bytes]:
    return [character.encode() for character in text]


def byte_level(text: str) -> list[bytes]:
    """Words, but what is not ASCII is cut into its bytes, two at a time at the most."""
    tokens: list[bytes] = []
    for token in re.findall(r"\s?[!-~]+|\s|[^\x00-\x7f]", text):
        octets = token.encode()
        if token.isascii():
            tokens.append(octets)
        else:
            tokens += [octets[:2], octets[2:]] if len(octets) > 2 else [octets[:1], octets[1:]]
    return tokens


def merging(text: str) -> list[bytes]:
    """Characters, but a colon and the letter behind it are one token: tokens cross the end of a context."""
    return [token.encode() for token in re.findall(r":\w|.", text, re.DOTALL)]


TOKENIZERS: dict[str, Tokenizer] = {
    "words": words,
    "characters": characters,
    "byte_level": byte_level,
    "merging": merging,
}
BEGINNINGS = {"no BOS": None, "<s>": "<s>", "<|begin_of_text|>": "<|begin_of_text|>"}


# -- the model


def logprob(before: Sequence[bytes], token: bytes) -> float:
    digest = hashlib.md5(b"|".join([*before, token])).digest()
    return -(int.from_bytes(digest[:4], "big") % 997) / 100


def is_likeliest(before: Sequence[bytes], token: bytes) -> bool:
    return hashlib.md5(b"?".join([*before, token])).digest()[0] % 3 == 0


class Scored:
    """A prompt's tokens with their log-probabilities.

    Attributes:
        tokens: Bytes of each.
        bos: The text of the token that stands before them, or None.
        logprobs: Of each; None of the very first.
        greedy: Of each, whether it is the likeliest at its place.
    """

    def __init__(self, tokenize: Tokenizer, bos: str | None, prompt: str) -> None:
        self.bos = bos
        head = [bos.encode()] if bos else []
        self.tokens = [*head, *tokenize(prompt)]
        self.logprobs: list[float | None] = [None]
        self.greedy: list[bool | None] = [None]
        for place in range(1, len(self.tokens)):
            before, token = self.tokens[:place], self.tokens[place]
            self.logprobs.append(logprob(before, token))
            self.greedy.append(is_likeliest(before, token))

    def generate(self) -> None:
        """One more token."""
        before = list(self.tokens)
        self.tokens.append(b" and")
        self.logprobs.append(logprob(before, b" and"))
        self.greedy.append(True)


def truth(tokenize: Tokenizer, bos: str | None, context: str, continuation: str) -> tuple[float, bool] | None:
    """By lm-evaluation-harness's rule, of the tokens themselves; None where the first has no probability."""
    scored = Scored(tokenize, bos, context + continuation)
    start = len(Scored(tokenize, bos, context.rstrip()).tokens)
    values = scored.logprobs[start:]
    if not values or any(value is None for value in values):
        return None
    return sum(value for value in values if value is not None), all(scored.greedy[start:])


# -- how servers write a token


def replaced(scored: Scored, place: int) -> str:
    """``tokenizer.decode([id])``: half a character is U+FFFD (vLLM, SGLang)."""
    return scored.tokens[place].decode("utf-8", "replace")


def completed(scored: Scored, place: int) -> str:
    """Nothing for the first pieces of a split character, the character with its last (newer vLLM)."""
    whole = [b"".join(scored.tokens[:end]).decode("utf-8", "ignore") for end in (place, place + 1)]
    return whole[1][len(whole[0]) :]


def ignored(scored: Scored, place: int) -> str:
    """Half a character is nothing, and so is a special token (llama-cpp-python, which Xinference serves)."""
    return "" if scored.bos and place == 0 else scored.tokens[place].decode("utf-8", "ignore")


def escaped(scored: Scored, place: int) -> str:
    r"""``bytes:\xe2\x96`` (OpenAI)."""
    try:
        return scored.tokens[place].decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(rf"\x{byte:02x}" if byte > 127 else chr(byte) for byte in scored.tokens[place])


def gpt2(scored: Scored, place: int) -> str:
    """The byte-level alphabet of GPT-2 (``convert_ids_to_tokens``)."""
    if scored.bos and place == 0:
        return scored.bos
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return "".join(chr(byte) if byte in printable else chr(256 + others.index(byte)) for byte in scored.tokens[place])


def sentencepiece(scored: Scored, place: int) -> str:
    """``▁`` for a space, one before the text too, and bytes as ``<0xE2>``: a token that is not one byte as U+FFFD."""
    token = scored.tokens[place]
    if scored.bos and place == 0:
        return scored.bos
    if len(token) == 1 and token[0] > 127:
        return f"<0x{token[0]:02X}>"
    text = token.decode("utf-8", "replace").replace(" ", "▁")
    return "▁" + text if place == (1 if scored.bos else 0) and "\ufffd" not in text else text


def stripped(scored: Scored, place: int) -> str:
    """``decode([id])`` of Llama's tokenizer, which loses the space before a word."""
    text = replaced(scored, place)
    return text[1:] if text[:1] == " " else text


# -- how servers reply


def completion(logprobs: Any, **choice: Any) -> dict[str, Any]:
    one = {"index": 0, "text": "", "finish_reason": "length", "logprobs": logprobs, **choice}
    return {"object": "text_completion", "model": "toy", "choices": [one], "usage": {"prompt_tokens": 3}}


def echo(write: Callable[[Scored, int], str], *, own: bool = True, offsets: str = "characters") -> Any:
    def reply(scored: Scored) -> dict[str, Any]:
        texts = [write(scored, place) for place in range(len(scored.tokens))]
        tops: list[Any] = []
        for text, value, greedy in zip(texts, scored.logprobs, scored.greedy, strict=True):
            if value is None:
                tops.append(None)
            elif greedy:
                tops.append({text: value})
            else:
                tops.append({text: value, "other": value + 0.25} if own else {"other": value + 0.25})
        at, counted = 0, []
        for text in texts:
            counted.append(-1 if offsets == "none" else at)
            at += len(text.encode()) if offsets == "bytes" else len(text)
        return completion(
            {"tokens": texts, "token_logprobs": scored.logprobs, "top_logprobs": tops, "text_offset": counted}
        )

    return reply


def generating(reply: Any) -> Any:
    def generate(scored: Scored) -> dict[str, Any]:
        scored.generate()
        made: dict[str, Any] = reply(scored)
        return made

    return generate


def objects(scored: Scored) -> dict[str, Any]:
    """A list of objects with the very bytes, as chat completions have it."""
    content = [
        {
            "token": replaced(scored, place),
            "bytes": list(token),
            "logprob": value,
            "top_logprobs": []
            if value is None
            else [{"token": "best", "logprob": value if scored.greedy[place] else value + 0.25}],
        }
        for place, (token, value) in enumerate(zip(scored.tokens, scored.logprobs, strict=True))
    ]
    return completion({"content": content[1:] if scored.bos else content})


def prompt_logprobs(write: Callable[[Scored, int], str], *, ordered: bool = False, ranks: bool = True) -> Any:
    """vLLM's: by token id; nothing is said of the first token, and the prompt's own comes first unless sorted."""

    def reply(scored: Scored) -> dict[str, Any]:
        entries: list[Any] = [None]
        for place in range(1, len(scored.tokens)):
            value, greedy = scored.logprobs[place], scored.greedy[place]
            assert value is not None
            own = {"logprob": value, "rank": 1 if greedy else 7, "decoded_token": write(scored, place)}
            entry = (
                {"500": own}
                if greedy
                else {"500": own, "20": {"logprob": value + 0.25, "rank": 1, "decoded_token": "é"}}
            )
            if ordered:
                entry = dict(sorted(entry.items()))
            if not ranks:
                for each in entry.values():
                    del each["rank"]
            entries.append(entry)
        return completion(None, prompt_logprobs=entries)

    return reply


ECHOING: dict[str, Any] = {
    "OpenAI": echo(escaped),
    "vLLM": echo(replaced),
    "vLLM, characters completed": echo(completed),
    "vLLM, generating": generating(echo(replaced)),
    "SGLang": echo(replaced, own=False, offsets="none"),
    "offsets in bytes": echo(replaced, offsets="bytes"),
    "Xinference": echo(ignored),
    "GPT-2 alphabet": echo(gpt2),
    "SentencePiece": echo(sentencepiece),
    "Llama, spaces lost": echo(stripped),
    "objects": objects,
}
PROMPT_LOGPROBS: dict[str, Any] = {
    "vLLM, own first": prompt_logprobs(replaced),
    "vLLM, sorted": prompt_logprobs(replaced, ordered=True),
    "vLLM, completed": prompt_logprobs(completed),
    "vLLM, spaces lost": prompt_logprobs(stripped),
    "no ranks": prompt_logprobs(replaced, ranks=False),
}
