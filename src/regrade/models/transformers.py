"""``transformers:PATH``: a model that the transformers library runs in this process (extra ``transformers``)."""

from __future__ import annotations

from typing import Any, ClassVar

from regrade import extras
from regrade.errors import InputError
from regrade.models.local import LocalModel, continuation_tokens, until_stop
from regrade.registry import register
from regrade.schema import Answer, Loglikelihood, Request, RequestKind, Usage

_MOST_TOKENS = 256
"""Tokens of an answer where a request does not say."""


@register("model", "transformers")
class TransformersModel(LocalModel):
    """A causal language model.

    Args:
        name: A folder with the model and its tokenizer, or its name on the hub.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        dtype: ``auto``, ``float32``, ``bfloat16``, ...
        batch_size: Requests at a time.
        revision: Of a model on the hub.
        trust_code: Whether the model may bring Python code.

    Raises:
        UnavailableError: transformers or torch is not installed.
    """

    kinds: ClassVar[tuple[RequestKind, ...]] = ("chat", "completion", "loglikelihood")

    def __init__(
        self,
        name: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        batch_size: int = 8,
        revision: str | None = None,
        trust_code: bool = False,
    ) -> None:
        super().__init__(name, batch_size=batch_size)
        self.device, self.dtype, self.revision, self.trust_code = device, dtype, revision, trust_code
        self.model: Any = None
        self.tokenizer: Any = None

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "transformers", "model": self.name, "revision": self.revision, "dtype": self.dtype}

    def draws(self, request: Request) -> bool:
        return request.kind in ("chat", "completion") and bool(request.parameters.get("temperature"))

    def load(self) -> None:
        torch, transformers = self._package("torch"), self._package("transformers")
        given = {"revision": self.revision, "trust_remote_code": self.trust_code}
        try:
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(self.name, **given)
            self.model = transformers.AutoModelForCausalLM.from_pretrained(self.name, dtype=self.dtype, **given)
        except (OSError, ValueError) as error:
            said = str(error).splitlines()[0]
            raise InputError(f"cannot be loaded: {said}", where=f"transformers:{self.name}") from None
        if self.device == "auto":
            self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model.to(self.device).eval()
        self.tokenizer.padding_side = "left"
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token_id = self.tokenizer.eos_token_id if self.tokenizer.eos_token_id is not None else 0

    def _package(self, name: str) -> Any:
        return extras.require(name, to="this model", where=f"transformers:{self.name}")

    def answer_batch(self, requests: list[Request]) -> list[Answer]:
        torch = self._package("torch")
        with torch.inference_mode():
            if requests[0].kind == "loglikelihood":
                return [self._loglikelihoods(request) for request in requests]
            return self._generate(requests)

    def _prompt_tokens(self, request: Request) -> list[int]:
        if request.kind == "completion":
            return list(self.tokenizer(request.prompt or "").input_ids)
        tokens = self.tokenizer.apply_chat_template(
            request.messages,
            tools=request.parameters.get("tools"),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=False,
        )
        return list(tokens)

    def _generate(self, requests: list[Request]) -> list[Answer]:
        torch = self._package("torch")
        prompts = [self._prompt_tokens(request) for request in requests]
        width = max(map(len, prompts))
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=self.device)
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=self.device)
        parameters = requests[0].parameters
        most = int(parameters.get("max_completion_tokens") or parameters.get("max_tokens") or _MOST_TOKENS)
        made = self.model.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=most, pad_token_id=pad, **self._sampling(requests)
        )[:, width:].tolist()
        return [self._answer(prompt, tokens, parameters, most) for prompt, tokens in zip(prompts, made, strict=True)]

    def _sampling(self, requests: list[Request]) -> dict[str, Any]:
        """Generation arguments; sampling is seeded by the requests' own seed and repeat."""
        torch = self._package("torch")
        parameters = requests[0].parameters
        extra = parameters.get("extra_body") or {}
        options: dict[str, Any] = {}
        if stop := parameters.get("stop"):
            options |= {"stop_strings": [stop] if isinstance(stop, str) else list(stop), "tokenizer": self.tokenizer}
        temperature = parameters.get("temperature", 0)
        if not temperature:
            return {**options, "do_sample": False}
        torch.manual_seed(int(parameters.get("seed") or 0) + requests[0].repeat)
        options |= {"do_sample": True, "temperature": float(temperature), "top_p": float(parameters.get("top_p", 1.0))}
        return {**options, "top_k": int(extra.get("top_k", 0))}

    def _answer(self, prompt: list[int], tokens: list[int], parameters: dict[str, Any], most: int) -> Answer:
        ends = self.model.generation_config.eos_token_id
        ends = set(ends if isinstance(ends, list) else [ends])
        end = next((place for place, token in enumerate(tokens) if token in ends), None)
        own = tokens if end is None else tokens[:end]
        text, stopped = until_stop(self.tokenizer.decode(own, skip_special_tokens=True), parameters.get("stop"))
        used = len(tokens) if end is None else end + 1
        return Answer(
            sample_id="",
            text=text,
            finish_reason="stop" if stopped or end is not None or used < most else "length",
            usage=Usage(input_tokens=len(prompt), output_tokens=used),
        )

    def _loglikelihoods(self, request: Request) -> Answer:
        """All continuations of one context, in one padded batch."""
        torch = self._package("torch")
        pairs = [
            continuation_tokens(lambda text: list(self.tokenizer(text).input_ids), request.prompt or "", continuation)
            for continuation in request.continuations or ()
        ]
        start = self.tokenizer.bos_token_id if self.tokenizer.bos_token_id is not None else self.tokenizer.eos_token_id
        rows = [((before or [start]) + after, len(before) or 1) for before, after in pairs]
        width = max(len(row) for row, _ in rows)
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([row + [pad] * (width - len(row)) for row, _ in rows], device=self.device)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row, _ in rows], device=self.device)
        logits = torch.log_softmax(self.model(input_ids=ids, attention_mask=mask).logits.float(), dim=-1)
        choices: list[Loglikelihood] = []
        for place, (row, context) in enumerate(rows):
            wanted = torch.tensor(row[context:], device=self.device)
            steps = logits[place, context - 1 : len(row) - 1]
            total = steps.gather(1, wanted.unsqueeze(1)).sum().item()
            choices.append((total, bool((steps.argmax(dim=-1) == wanted).all().item())))
        return Answer(sample_id="", choices=choices, usage=Usage(input_tokens=sum(len(row) for row, _ in rows)))
