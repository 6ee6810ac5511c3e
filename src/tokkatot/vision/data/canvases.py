"""Reads the photographs of a set onto canvases."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tokkatot.vision.data.photos import DataRefused, PhotoSet
from tokkatot.vision.preprocess.canvas import SIDE
from tokkatot.vision.preprocess.decoding import PictureRefused, read_shot

Canvases = npt.NDArray[np.uint8]
"""Number, height, width, RGB."""


def read_canvases(photos: PhotoSet, tell: Callable[[int, int], None]) -> Canvases:
    """Read all photographs, telling how many of how many are read.

    Raises:
        DataRefused: where one of them can't be read.
    """
    total = len(photos.photos)
    canvases = np.empty((total, SIDE, SIDE, 3), np.uint8)
    for number, photo in enumerate(photos.photos):
        path = photos.path(photo)
        try:
            canvases[number] = read_shot(path.read_bytes()).pixels
        except (OSError, PictureRefused) as error:
            raise DataRefused(f"{path} can't be read: {error}") from None
        tell(number + 1, total)
    return canvases
