"""A tiny random model of Llama's kind, written as GGUF, and its log-probabilities computed by NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WIDTH, HEADS, KEY_HEADS, LAYERS, INNER, EPSILON = 64, 4, 2, 2, 96, 1e-5
HEAD = WIDTH // HEADS
MERGES = ["Ġ y", "e s", "Ġy es", "n o", "Ġ no", "Ã ¼", "t h", "th e", "Ġ the", "Ġ c", "Ġc a", "Ġca t", "Ċ n"]


def _vocabulary() -> list[str]:
    """The 256 bytes in GPT-2's alphabet, what the merges make, and two special tokens."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte) if byte in printable else chr(256 + others.index(byte)) for byte in range(256)]
    return [*letters, *(merge.replace(" ", "") for merge in MERGES), "<s>", "</s>"]


class TinyLlama:
    """Two layers with grouped-query attention; random, but seeded, and sharp enough to have opinions."""

    def __init__(self, seed: int = 0) -> None:
        self.vocabulary = _vocabulary()
        draw, size = np.random.default_rng(seed), len(self.vocabulary)

        def random(scale: float, *shape: int) -> Any:
            return (draw.standard_normal(shape) * scale).astype(np.float32)

        self.weights = {
            "token_embd": random(1, size, WIDTH),
            "output": random(0.4, size, WIDTH),
            "output_norm": 1 + random(0.1, WIDTH),
        }
        for layer in range(LAYERS):
            self.weights |= {
                f"blk.{layer}.attn_norm": 1 + random(0.1, WIDTH),
                f"blk.{layer}.ffn_norm": 1 + random(0.1, WIDTH),
                f"blk.{layer}.attn_q": random(0.3, WIDTH, WIDTH),
                f"blk.{layer}.attn_k": random(0.3, KEY_HEADS * HEAD, WIDTH),
                f"blk.{layer}.attn_v": random(0.12, KEY_HEADS * HEAD, WIDTH),
                f"blk.{layer}.attn_output": random(0.12, WIDTH, WIDTH),
                f"blk.{layer}.ffn_gate": random(0.12, INNER, WIDTH),
                f"blk.{layer}.ffn_up": random(0.12, INNER, WIDTH),
                f"blk.{layer}.ffn_down": random(0.12, WIDTH, INNER),
            }

    def write(self, path: Path) -> None:
        """As a GGUF file with a byte-level tokenizer that puts ``<s>`` before each text."""
        import gguf

        writer: Any = gguf.GGUFWriter(str(path), "llama")
        writer.add_context_length(512)
        writer.add_embedding_length(WIDTH)
        writer.add_block_count(LAYERS)
        writer.add_feed_forward_length(INNER)
        writer.add_head_count(HEADS)
        writer.add_head_count_kv(KEY_HEADS)
        writer.add_layer_norm_rms_eps(EPSILON)
        writer.add_rope_dimension_count(HEAD)
        writer.add_rope_freq_base(10_000.0)
        writer.add_vocab_size(len(self.vocabulary))
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list(self.vocabulary)
        writer.add_token_types([1] * (len(self.vocabulary) - 2) + [3, 3])
        writer.add_token_merges(MERGES)
        writer.add_bos_token_id(len(self.vocabulary) - 2)
        writer.add_eos_token_id(len(self.vocabulary) - 1)
        writer.add_add_bos_token(True)
        for name, tensor in self.weights.items():
            writer.add_tensor(f"{name}.weight", tensor)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def logprobs(self, ids: list[int]) -> Any:
        """For each place the log-probability of every token as the next one."""
        state = self.weights["token_embd"][ids].astype(np.float64)
        for layer in range(LAYERS):
            own = {
                name.split(".")[2]: tensor.astype(np.float64)
                for name, tensor in self.weights.items()
                if name.startswith(f"blk.{layer}.")
            }
            state = state + self._attention(_normalise(state, own["attn_norm"]), own)
            inner = _normalise(state, own["ffn_norm"])
            gate = inner @ own["ffn_gate"].T
            state = state + (gate / (1 + np.exp(-gate)) * (inner @ own["ffn_up"].T)) @ own["ffn_down"].T
        logits = _normalise(state, self.weights["output_norm"]) @ self.weights["output"].T.astype(np.float64)
        logits = logits - logits.max(axis=-1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))

    @staticmethod
    def _attention(state: Any, own: dict[str, Any]) -> Any:
        count = len(state)
        queries = _rotate((state @ own["attn_q"].T).reshape(count, HEADS, HEAD))
        keys = _rotate((state @ own["attn_k"].T).reshape(count, KEY_HEADS, HEAD))
        values = (state @ own["attn_v"].T).reshape(count, KEY_HEADS, HEAD)
        heads = []
        for head in range(HEADS):
            group = head // (HEADS // KEY_HEADS)
            scores = queries[:, head] @ keys[:, group].T / np.sqrt(HEAD)
            scores = np.where(np.tril(np.ones((count, count))) > 0, scores, -np.inf)
            shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
            heads.append(shares / shares.sum(axis=-1, keepdims=True) @ values[:, group])
        return np.concatenate(heads, axis=-1) @ own["attn_output"].T


def _normalise(state: Any, weight: Any) -> Any:
    return state / np.sqrt((state**2).mean(axis=-1, keepdims=True) + EPSILON) * weight


def _rotate(state: Any) -> Any:
    """Rotary embedding of neighbouring pairs, as GGUF stores Llama's queries and keys."""
    angles = np.arange(len(state))[:, None] * 10_000.0 ** (-np.arange(0, HEAD, 2) / HEAD)
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    even, odd = state[..., ::2], state[..., 1::2]
    rotated = np.empty_like(state)
    rotated[..., ::2], rotated[..., 1::2] = even * cosine - odd * sine, even * sine + odd * cosine
    return rotated
