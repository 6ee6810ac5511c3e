"""How good a picture is, before anything is said about what it shows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from tokkatot.vision.preprocess.canvas import Pixels

DARKEST: Final = 30.0
BRIGHTEST: Final = 238.0
LEAST_DETAIL: Final = 12.0
"""Variance of the Laplacian of the brightness."""
LEAST_COLOUR: Final = 2.5
"""Mean distance of the channels of a pixel; a grey camera at night has none."""


class Fault(StrEnum):
    """What is wrong with a picture."""

    DARK = "dark"
    BRIGHT = "bright"
    BLURRED = "blurred"
    COLOURLESS = "colourless"
    NO_DROPPING = "no_dropping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Measures of a canvas: brightness 0 to 255, detail and colour from 0 up."""

    brightness: float
    detail: float
    colour: float
    faults: tuple[Fault, ...]


def quality_of(pixels: Pixels) -> Quality:
    """Measure a canvas."""
    values = pixels.astype(np.float32)
    light = values @ np.array([0.299, 0.587, 0.114], np.float32)
    middle = light[1:-1, 1:-1]
    around = light[:-2, 1:-1] + light[2:, 1:-1] + light[1:-1, :-2] + light[1:-1, 2:]
    brightness = float(light.mean())
    detail = float((around - 4 * middle).var())
    colour = float(np.ptp(values, axis=2).mean())
    found = {
        Fault.DARK: brightness < DARKEST,
        Fault.BRIGHT: brightness > BRIGHTEST,
        Fault.BLURRED: detail < LEAST_DETAIL,
        Fault.COLOURLESS: colour < LEAST_COLOUR,
    }
    return Quality(
        brightness=brightness,
        detail=detail,
        colour=colour,
        faults=tuple(fault for fault, there in found.items() if there),
    )
