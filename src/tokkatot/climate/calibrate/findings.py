"""What a fit of a twin finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tokkatot.climate.calibrate.knobs import Knob


class NotIdentified(Exception):
    """The records don't tell what was asked; its text says what is missing."""


class Off(NamedTuple):
    """Root mean squares of what a twin is off by; not a number where nothing was read."""

    air_k: float
    humidity_pct: float
    co2_ppm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A parameter, with the interval that holds it in 95 of 100 such recordings."""

    knob: Knob
    before: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What came of it."""

    estimates: Sequence[Estimate]
    days_fitted: int
    days_held_out: int
    fitted_before: Off
    fitted_after: Off
    held_out_before: Off
    held_out_after: Off
