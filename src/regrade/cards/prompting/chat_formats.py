"""Formats of chats: the messages that a chat service takes, and what a model's own chat template makes of them."""

from __future__ import annotations

import base64
import io
import re
from functools import cached_property
from typing import Any, Final

import msgspec

from regrade import extras
from regrade.artifacts.artifact import artifact
from regrade.artifacts.paths import get_path
from regrade.artifacts.reaching import Reaching
from regrade.artifacts.streams import Row
from regrade.cards.prompting.formats import BaseFormat, Format, Parts
from regrade.cards.prompting.shape_serializers import IMAGE_TAG

_IMAGE: Final = re.compile(rf"""<{IMAGE_TAG}\s+[^>]*src=["']([^"']+)["'][^>]*>""")


@artifact("chat_api_format")
class ChatAPIFormat(BaseFormat):
    """Writes the messages that OpenAI's chat interface takes.

    System prompt and instruction become the system message, demonstrations turns of user and assistant, the source the
    last user message; a row that is a dialog (``__turns__``) is passed on as it is. Images become parts of a
    message's content, and leave ``media``.

    Args:
        place_instruction_in_user_turns: Put the instruction before each source instead (for models whose own system
            prompt should stay).

    >>> ChatAPIFormat().process_row({"instruction": "Add.", "source": "1+1", "target_prefix": ""})["source"]
    [{'role': 'system', 'content': 'Add.'}, {'role': 'user', 'content': '1+1'}]
    """

    place_instruction_in_user_turns: bool = False

    def format_prompt(self, parts: Parts) -> Any:
        return self.to_chat(parts)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        result = super().process_row(row, stream)
        media = result.get("media")
        if media and media.get("images"):  # they are in the messages now
            result["media"] = {**media, "images": []}
        return result

    def to_chat(self, parts: Parts) -> list[Row]:
        """The messages."""
        in_turns = self.place_instruction_in_user_turns
        system = "" if in_turns else parts.instruction
        before = f"{parts.instruction}\n" if in_turns and parts.instruction else ""
        messages: list[Row] = []
        if parts.system_prompt or system:
            text = f"{parts.system_prompt}\n{system}" if parts.system_prompt else system
            messages.append({"role": "system", "content": content(text, parts.media)})
        for demo in parts.demos:
            media = demo["media"] or parts.media
            messages += _asked(demo["turns"], demo["source"], before, media)
            answer = content(parts.target_prefix + demo["target"], media)
            messages.append({"role": "assistant", "content": answer})
        messages += _asked(parts.turns, parts.source, before, parts.media)
        return messages


def _asked(turns: list[Any] | None, source: str, before: str, media: Row) -> list[Row]:
    """What the user says, or the dialog so far, with the instruction before the user's first words."""
    if turns is None:
        return [{"role": "user", "content": content(before + source, media)}]
    if not before:
        return turns
    messages = list(turns)
    for place, turn in enumerate(messages):
        if turn["role"] == "user" and isinstance(turn.get("content"), str):
            messages[place] = {**turn, "content": before + turn["content"]}
            break
    return messages


def content(text: str, media: Row) -> str | list[Row]:
    """The content of a message: the text, or its parts where it refers to images.

    Args:
        text: The text; ``<unitxt-img src="...">`` refers to an address, or to ``media/images/0``.
        media: Where the row keeps its images.

    >>> content('<unitxt-img src="https://example.com/cat.png">What is it?', {})[1]
    {'type': 'text', 'text': 'What is it?'}
    """
    if f"<{IMAGE_TAG}" not in text:
        return text
    parts: list[Row] = []
    place = 0
    for match in _IMAGE.finditer(text):
        if place < match.start():
            parts.append({"type": "text", "text": text[place : match.start()]})
        source = match[1]
        address = image_address(get_path(media, source[6:])) if source.startswith("media/") else source
        parts.append({"type": "image_url", "image_url": {"url": address, "detail": "low"}})
        place = match.end()
    if place < len(text):
        parts.append({"type": "text", "text": text[place:]})
    return parts if place else text


def image_address(image: Row) -> str:
    """The address of an image: its own, or a ``data:`` URL of its bytes.

    Args:
        image: ``image``: an address, bytes, a row with ``bytes`` (as Parquet files hold images), or a Pillow image;
            ``format``: ``PNG``, ``JPEG``, ...

    Raises:
        ValueError: it is none of these.
    """
    held, kind = image["image"], (image.get("format") or "JPEG").upper()
    if isinstance(held, str):
        if held.startswith(("data:", "http://", "https://")):
            return held
        raise ValueError(f"the image {held!r:.80} is no address; a file has to be read first")
    if isinstance(held, dict):
        held = held.get("bytes")
    if hasattr(held, "convert"):
        buffer = io.BytesIO()
        held.convert("RGB").save(buffer, format=kind)
        held = buffer.getvalue()
    if not isinstance(held, bytes | bytearray):
        raise ValueError(f"the image is no address, bytes or Pillow image, but a {type(held).__name__}")
    return f"data:image/{kind.lower()};base64,{base64.b64encode(held).decode()}"


def _needs_transformers(model: str) -> str | None:
    return extras.find_missing("transformers", to=_use(model))


def _use(model: str) -> str:
    return f"the chat template of {model}"


def _tokenizer(model: str) -> Any:
    transformers = extras.require("transformers", to=_use(model), hint="use the format chat_api")
    return transformers.AutoTokenizer.from_pretrained(model)


@artifact("hf_system_format")
class HFSystemFormat(Reaching, ChatAPIFormat):
    """Writes the text that a model's own chat template makes of the messages.

    It needs the package ``transformers``, and the model's tokenizer in its cache or the network.

    Args:
        model_name: The model on Hugging Face's hub, or a folder.
        chat_kwargs_dict: More for the chat template.

    >>> HFSystemFormat(model_name="HuggingFaceH4/zephyr-7b-beta").model_name
    'HuggingFaceH4/zephyr-7b-beta'
    """

    model_name: str
    chat_kwargs_dict: dict[str, Any] = msgspec.field(default_factory=dict)

    def needs(self) -> str | None:
        return _needs_transformers(self.model_name)

    @cached_property
    def tokenizer(self) -> Any:
        """The model's tokenizer, loaded when it is first used."""
        return _tokenizer(self.named_model(self.model_name))

    def format_prompt(self, parts: Parts) -> Any:
        text = self.tokenizer.apply_chat_template(
            self.to_chat(parts), tokenize=False, add_generation_prompt=True, **self.chat_kwargs_dict
        )
        return text + parts.target_prefix


@artifact("granite_documents_format")
class GraniteDocumentsFormat(Reaching, Format):
    """Writes a question and its contexts by the chat template of IBM's Granite models, which knows documents.

    It needs the package ``transformers``.

    Args:
        model: The model.
        citations: Whether the model is to cite.
        length: How long the answer is to be: ``short`` or ``long``.

    >>> GraniteDocumentsFormat().length
    'long'
    """

    model: str = "ibm-granite/granite-3.1-8b-instruct"
    citations: bool = True
    length: str = "long"

    def needs(self) -> str | None:
        return _needs_transformers(self.model)

    @cached_property
    def tokenizer(self) -> Any:
        """The model's tokenizer, loaded when it is first used."""
        return _tokenizer(self.named_model(self.model))

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        inputs = row["input_fields"]
        if "question" not in inputs or not ("contexts" in inputs or "context" in inputs):
            raise ValueError("granite_documents_format needs the input fields 'question' and 'context' or 'contexts'")
        texts = inputs["contexts"] if "contexts" in inputs else [inputs["context"]]
        source = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": inputs["question"]}],
            documents=[{"title": "", "text": text} for text in texts],
            controls={"citations": self.citations, "length": self.length},
            add_generation_prompt=True,
            tokenize=False,
        )
        return {**row, "source": source}
