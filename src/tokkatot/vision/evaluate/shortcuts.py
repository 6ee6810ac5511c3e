"""Takes the sign out of photographs, to see whether a model lives on what is left."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

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
