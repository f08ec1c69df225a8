"""Operators on images (objects of the package Pillow).

An image of a task is a dict with ``image`` and ``format``. Pillow is needed as soon as an image is to be opened or
changed; reading a card needs nothing.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from typing import Any, Final

from regrade import extras
from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import FieldOperator
from regrade.cards.operators.texts.cutting import TextOperator

_DATA_URL: Final = re.compile(r"data:image/(.*?);base64,(.*)", re.DOTALL)
_USE: Final = "working on images"


def pillow() -> Any:
    """The module ``PIL.Image``.

    Raises:
        MissingPackageError: it is not installed.
    """
    return extras.require("PIL.Image", to=_USE)


def pillow_is_missing() -> str | None:
    """Why images cannot be worked on; None if they can."""
    return extras.find_missing("PIL", to=_USE)


def image_to_data_url(image: dict[str, Any], default_format: str = "JPEG") -> str:
    """An image (``image`` and ``format``) as a URL that holds it."""
    kind = image["format"] or default_format
    return f"data:image/{kind.lower()};base64,{_encoded(image['image'].convert('RGB'), kind.upper())}"


def data_url_to_image(data_url: str) -> Any:
    """The image that a URL holds.

    Raises:
        ValueError: it holds none.
        UnavailableError: Pillow is not installed.
    """
    match = _DATA_URL.match(data_url)
    if match is None:
        raise ValueError(f"{data_url!r:.60} is no URL with an image in it")
    return _decoded(match.group(2))


def _encoded(image: Any, kind: str) -> str:
    with io.BytesIO() as buffer:
        image.save(buffer, format=kind)
        return base64.b64encode(buffer.getvalue()).decode("ascii")


def _decoded(text: str) -> Any:
    return pillow().open(io.BytesIO(base64.b64decode(text)))


@artifact("to_image")
class ToImage(FieldOperator):
    """Makes an image of a task of an image: ``image``, and its ``format`` (JPEG if it does not know it).

    >>> from types import SimpleNamespace
    >>> ToImage(field="a").process_row({"a": SimpleNamespace(format="PNG")})["a"]["format"]
    'PNG'
    """

    def process_value(self, value: Any) -> Any:
        kind = getattr(value, "format", None)
        return {"image": value, "format": "JPEG" if kind is None else kind}


@artifact("hash_image")
class HashImage(FieldOperator):
    """Makes a name of an image: the MD5 of its pixels.

    >>> from types import SimpleNamespace
    >>> HashImage(field="a").process_row({"a": SimpleNamespace(tobytes=lambda: b"pixels")})
    {'a': 'd399848208da8b80a306af0fd62bb03f'}
    """

    def process_value(self, value: Any) -> Any:
        if not callable(getattr(value, "tobytes", None)):
            raise TypeError(f"an image is wanted, not {type(value).__name__}")
        return hashlib.md5(value.tobytes(), usedforsecurity=False).hexdigest()


@artifact("encode_image_to_string")
class EncodeImageToString(FieldOperator):
    """Writes an image as base64, in a dict: ``image``.

    >>> EncodeImageToString(field="a", image_format="PNG").image_format
    'PNG'

    Args:
        image_format: The format of the image's file.
    """

    image_format: str = "JPEG"

    def needs(self) -> str | None:
        return pillow_is_missing()

    def process_value(self, value: Any) -> Any:
        return {"image": self.encode_image_to_base64(value)}

    def encode_image_to_base64(self, image: Any) -> str:
        """The image's file as base64."""
        return _encoded(image, self.image_format)


@artifact("decode_image")
class DecodeImage(TextOperator):
    """Reads an image's file, written as base64.

    >>> DecodeImage(field="image", to_field="context").to_field
    'context'
    """

    def needs(self) -> str | None:
        return pillow_is_missing()

    def process_text(self, text: str) -> Any:
        return _decoded(text)


class ImageFieldOperator(FieldOperator):
    """A field operator that makes one image of another; both with ``image`` and ``format``."""

    def needs(self) -> str | None:
        return pillow_is_missing()

    def process_image(self, image: Any) -> Any:
        """The other image."""
        raise NotImplementedError

    def process_value(self, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("image"), pillow().Image):
            raise TypeError(f"an image is wanted, not {type(value).__name__}")
        return {**value, "image": self.process_image(value["image"])}


@artifact("to_rgb")
class ToRGB(ImageFieldOperator):
    """Makes an image's colours red, green and blue.

    >>> ToRGB(field="context").field
    'context'
    """

    def process_image(self, image: Any) -> Any:
        return image.convert("RGB")
