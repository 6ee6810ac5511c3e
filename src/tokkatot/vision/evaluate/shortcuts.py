"""Takes the sign out of photographs, to see whether a model lives on what is left."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Canvases = npt.NDArray[np.uint8]

MASKED = 0.7
"""Of width and height: what lies outside holds no dropping in nearly every photograph."""


def _masked(canvases: Canvases, filling: npt.NDArray[np.floating]) -> Canvases:
    side = canvases.shape[1]
    edge = round(side * (1 - MASKED) / 2)
    inside = slice(edge, side - edge)
    out = canvases.copy()
    out[:, inside, inside] = np.broadcast_to(filling, out.shape)[:, inside, inside]
    return out


def grey_middle(canvases: Canvases) -> Canvases:
    """Cover the middle with grey."""
    return _masked(canvases, np.array(128.0))


def black_middle(canvases: Canvases) -> Canvases:
    """Cover the middle with black."""
    return _masked(canvases, np.array(0.0))


def mean_middle(canvases: Canvases) -> Canvases:
    """Cover the middle with the mean colour of the photograph."""
    return _masked(canvases, canvases.mean((1, 2), keepdims=True))


MASKS: Mapping[str, Callable[[Canvases], Canvases]] = MappingProxyType(
    {"grey": grey_middle, "black": black_middle, "mean": mean_middle}
)

_CAST: Final = 0.5
"""What is left of one channel; a smaller cast is a white balance that a person reads."""
_BLUR: Final = 5.0
"""Of 112 pixels: the radius of a Gaussian."""
_DARK: Final = 0.12
_BRIGHT: Final = 4.0
"""Two stops: most of what is there is white."""


def _lit(canvases: Canvases, gains: npt.ArrayLike) -> Canvases:
    lit: Canvases = np.clip(canvases * np.asarray(gains, float), 0, 255).astype(np.uint8)
    return lit


def _grey(canvases: Canvases) -> Canvases:
    light = canvases.mean(3, keepdims=True)
    return np.broadcast_to(light, canvases.shape).astype(np.uint8)


def _blurred(canvases: Canvases) -> Canvases:
    soft = ImageFilter.GaussianBlur(_BLUR)
    return np.stack([np.asarray(Image.fromarray(one).filter(soft)) for one in canvases])


SPOILINGS: Mapping[str, Callable[[Canvases], Canvases]] = MappingProxyType(
    {
        "little red": partial(_lit, gains=(_CAST, 1, 1)),
        "little green": partial(_lit, gains=(1, _CAST, 1)),
        "little blue": partial(_lit, gains=(1, 1, _CAST)),
        "grey": _grey,
        "blurred": _blurred,
        "dark": partial(_lit, gains=_DARK),
        "overexposed": partial(_lit, gains=_BRIGHT),
    }
)
"""What a camera may do to a photograph that nobody can read any more."""


def spoiled(canvases: Canvases) -> Canvases:
    """Spoil each photograph in one way, by turns."""
    out = canvases.copy()
    for turn, spoil in enumerate(SPOILINGS.values()):
        some = canvases[turn :: len(SPOILINGS)]
        if len(some):
            out[turn :: len(SPOILINGS)] = spoil(some)
    return out
