"""Augmentors of images: the same picture in grey, behind lines, noisy, old.

Noise depends on the picture only. (Unitxt draws it from a global generator, so that a run cannot be repeated.)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from regrade import extras
from regrade.artifacts.artifact import artifact
from regrade.artifacts.type_strings.names import Image
from regrade.cards.operators.images.pixels import pillow, pillow_is_missing
from regrade.cards.operators.texts.augment import TypeDependentAugmentor

if TYPE_CHECKING:
    from numpy.random import Generator


class ImageAugmentor(TypeDependentAugmentor):
    """An augmentor of images, which leaves other values alone."""

    augmented_type: Any = Image

    def needs(self) -> str | None:
        return pillow_is_missing()

    def process_image(self, image: Any) -> Any:
        """The changed image."""
        raise NotImplementedError

    def process_value(self, value: Any) -> Any:
        return {**value, "image": self.process_image(value["image"])}


def _noise(image: Any, what: str) -> Generator:
    """A generator that depends on an image's pixels."""
    from numpy.random import default_rng

    return default_rng(int.from_bytes(hashlib.sha256(what.encode() + image.tobytes()).digest()[:8], "big"))


@artifact("gray_scale")
class GrayScale(ImageAugmentor):
    """Takes the colours out of an image; it keeps three channels.

    >>> GrayScale(field="a").process_row({"a": "no image"})
    {'a': 'no image'}
    """

    def process_image(self, image: Any) -> Any:
        return image.convert("L").convert("RGB")


@artifact("grid_lines")
class GridLines(ImageAugmentor):
    """Draws lines over an image, evenly spaced.

    >>> GridLines(field="a", num_lines=8).num_lines
    8

    Args:
        num_lines: How many lines there are in each direction.
        line_thickness: How many pixels a line is wide.
        line_color: Red, green and blue, 0 to 255.
    """

    num_lines: int = 128
    line_thickness: int = 1
    line_color: tuple[int, int, int] = (255, 255, 255)

    def process_image(self, image: Any) -> Any:
        import numpy as np

        pixels = np.array(image.convert("RGB"))
        for axis in (0, 1):
            spacing = pixels.shape[axis] // (self.num_lines + 1)
            for start in range(spacing, spacing * self.num_lines + 1, spacing or 1):
                band = slice(start, start + self.line_thickness)
                pixels[(band, slice(None)) if axis == 0 else (slice(None), band)] = self.line_color
        return pillow().fromarray(pixels)


@artifact("pixel_noise")
class PixelNoise(ImageAugmentor):
    """Puts squares of any colour over parts of an image.

    >>> PixelNoise(field="a", noise_rate=0.1).noise_rate
    0.1

    Args:
        square_size: How many pixels a square is wide.
        noise_rate: Share of the image that is covered.
    """

    square_size: int = 1
    noise_rate: float = 0.3

    def process_image(self, image: Any) -> Any:
        import numpy as np

        pixels = np.array(image.convert("RGB"))
        size, draw = self.square_size, _noise(image, "pixel_noise")
        height, width = pixels.shape[0] // size, pixels.shape[1] // size
        chosen = draw.random((height, width)) < self.noise_rate
        covered = chosen.repeat(size, axis=0).repeat(size, axis=1)
        chosen_colours = draw.integers(0, 256, (height, width, 3), dtype=np.uint8)
        colours = chosen_colours.repeat(size, axis=0).repeat(size, axis=1)
        part = pixels[: height * size, : width * size]
        part[covered] = colours[covered]
        return pillow().fromarray(pixels)


@artifact("oldify")
class Oldify(ImageAugmentor):
    """Makes an image look like an old photograph: yellowish, grainy, a little blurred and faded.

    >>> Oldify(field="a", noise_strength=10).noise_strength
    10

    Args:
        noise_strength: Standard deviation of the grain, in steps of colour (0 to 255).
        tint_strength: How much of the colour is that of old paper, 0 to 1.
    """

    noise_strength: int = 30
    tint_strength: float = 0.4

    def process_image(self, image: Any) -> Any:
        import numpy as np

        images = pillow()
        enhance, filters = (extras.require(f"PIL.{name}", to="oldify") for name in ("ImageEnhance", "ImageFilter"))
        paper = np.array([255, 228, 170], dtype=np.uint8)
        pixels = np.array(image.convert("RGB"))
        tinted = (pixels * (1 - self.tint_strength) + paper * self.tint_strength).astype(np.int16)
        grain = _noise(image, "oldify").normal(0, self.noise_strength, pixels.shape).astype(np.int16)
        old = images.fromarray(np.clip(tinted + grain, 0, 255).astype(np.uint8))
        faded = enhance.Contrast(old.filter(filters.GaussianBlur(radius=1))).enhance(0.6)
        return enhance.Brightness(faded).enhance(1.2)
