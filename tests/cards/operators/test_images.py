"""Images: without Pillow a clear error, with it what is promised."""

from __future__ import annotations

import base64
import importlib.util
from types import SimpleNamespace
from typing import Any

import pytest

from regrade.artifacts import build
from regrade.cards.operators import FieldOperator
from regrade.cards.operators.images.pixels import data_url_to_image, image_to_data_url
from regrade.errors import UnavailableError

PILLOW = importlib.util.find_spec("PIL") is not None
needs_pillow = pytest.mark.skipif(not PILLOW, reason="Pillow is not installed")


def operator(kind: str, **arguments: Any) -> FieldOperator:
    """An operator of the field ``a``."""
    return build({"__type__": kind, "field": "a", **arguments}, FieldOperator)


def test_an_image_knows_its_format_or_is_a_jpeg() -> None:
    assert operator("to_image").process_row({"a": SimpleNamespace(format=None)})["a"]["format"] == "JPEG"
    assert operator("to_image").process_row({"a": SimpleNamespace(format="PNG")})["a"]["format"] == "PNG"


@pytest.mark.parametrize("value", ["text", None, 5])
def test_what_is_no_image_has_no_hash(value: Any) -> None:
    with pytest.raises(TypeError, match="an image is wanted"):
        operator("hash_image").process_row({"a": value})


@pytest.mark.skipif(PILLOW, reason="Pillow is installed")
def test_without_pillow_it_is_said_before_and_when_it_is_needed() -> None:
    for kind in ("decode_image", "to_rgb", "gray_scale", "oldify", "pixel_noise", "grid_lines"):
        assert operator(kind).needs() == "working on images needs the package Pillow: pip install pillow"
    with pytest.raises(UnavailableError, match="Pillow"):
        operator("decode_image").process_row({"a": base64.b64encode(b"x").decode()})
    with pytest.raises(UnavailableError, match="pip install pillow"):
        operator("to_rgb").process_row({"a": {"image": 1, "format": "PNG"}})


def test_what_is_no_url_of_an_image_is_told() -> None:
    with pytest.raises(ValueError, match="no URL with an image"):
        data_url_to_image("https://example.com/cat.png")


@needs_pillow
def test_images_are_written_and_read() -> None:
    from PIL import Image

    image = Image.new("RGB", (4, 3), "red")
    read = data_url_to_image(image_to_data_url({"image": image, "format": "png"}))
    assert (read.size, read.getpixel((0, 0))) == ((4, 3), (255, 0, 0))
    text = operator("encode_image_to_string", image_format="PNG").process_row({"a": image})["a"]["image"]
    assert operator("decode_image").process_row({"a": text})["a"].size == (4, 3)


@needs_pillow
@pytest.mark.parametrize("kind", ["gray_scale", "grid_lines", "pixel_noise", "oldify", "to_rgb"])
def test_a_changed_image_is_another_and_always_the_same(kind: str) -> None:
    from PIL import Image

    image = Image.linear_gradient("L").convert("RGB").resize((40, 30))
    before = image.tobytes()
    one, two = (operator(kind).process_row({"a": {"image": image, "format": "PNG"}})["a"]["image"] for _ in range(2))
    assert one.tobytes() == two.tobytes()
    assert one.size == (40, 30)
    assert image.tobytes() == before
