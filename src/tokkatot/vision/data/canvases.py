"""Reads the photographs of a set onto canvases."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tokkatot.vision.data.photos import DataRefused, PhotoSet
from tokkatot.vision.preprocess.canvas import SIDE
from tokkatot.vision.preprocess.decoding import PictureRefused, read_shot

Canvases = npt.NDArray[np.uint8]
"""Number, height, width, RGB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSet:
    """The canvases of a set, and in words why some of them are empty, by their numbers."""

    canvases: Canvases
    refused: dict[int, str]


def read_canvases(photos: PhotoSet, tell: Callable[[int, int], None]) -> Canvases:
    """Read all photographs, telling how many of how many are read.

    Raises:
        DataRefused: where one of them can't be read.
    """
    read = read_what_can_be(photos, tell)
    for number, reason in read.refused.items():
        raise DataRefused(f"{photos.path(photos.photos[number])} can't be read: {reason}")
    return read.canvases


def read_what_can_be(photos: PhotoSet, tell: Callable[[int, int], None]) -> ReadSet:
    """Read all photographs, and leave those empty that a detector would refuse.

    Raises:
        DataRefused: where a file is not there.
    """
    total = len(photos.photos)
    canvases = np.zeros((total, SIDE, SIDE, 3), np.uint8)
    refused: dict[int, str] = {}
    for number, photo in enumerate(photos.photos):
        path = photos.path(photo)
        try:
            canvases[number] = read_shot(path.read_bytes()).pixels
        except PictureRefused as refusal:
            refused[number] = str(refusal)
        except OSError as error:
            raise DataRefused(f"{path} can't be read: {error}") from None
        tell(number + 1, total)
    return ReadSet(canvases=canvases, refused=refused)
