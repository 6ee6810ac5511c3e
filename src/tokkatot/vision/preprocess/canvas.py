"""The square on which every model looks at a photograph."""

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 112
"""Pixels; above it, photographs of different origin are told apart by their sharpness alone."""

Pixels = npt.NDArray[np.uint8]
"""Height, width, RGB."""


def on_canvas(picture: Image.Image) -> Pixels:
    """Return a picture squashed to the canvas, as all photographs of the training were."""
    if picture.size != (SIDE, SIDE):
        picture = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture.convert("RGB"))


def as_batch(pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return canvases (N, height, width, RGB) as the models take them: (N, RGB, h, w) of 0 to 1."""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)
