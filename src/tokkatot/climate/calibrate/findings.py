"""What a fit of a twin finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import NamedTuple

from tokkatot.climate.calibrate.knobs import Knob


@unique
class Why(StrEnum):
    """Why a fit is refused; screens have the words for it in each language."""

    UNKNOWN_PARAMETER = "unknown_parameter"
    NO_START = "no_start"
    NOT_ONCE = "not_once"
    TOO_FEW_DAYS = "too_few_days"
    NOT_TOLD = "not_told"
    ALIKE = "alike"
    AT_END = "at_end"
    WIDE = "wide"
    NO_BETTER = "no_better"


_ENGLISH: Mapping[Why, str] = MappingProxyType(
    {
        Why.UNKNOWN_PARAMETER: "{parameter} can't be fitted; these can: {known}",
        Why.NO_START: "this house has no {parameter} to begin from",
        Why.NOT_ONCE: "one parameter at least is needed, and none twice",
        Why.TOO_FEW_DAYS: (
            "{days_fitted} days with readings can be fitted and {days_held_out} kept for judging;"
            " {days_needed} and one are the least (the first day only lets the twin find in)"
        ),
        Why.NOT_TOLD: (
            "the readings don't tell {parameter}: a tenth more of it moves them by next to nothing;"
            " what it belongs to may never have been at work"
        ),
        Why.ALIKE: (
            "the readings can't tell {parameters} apart: a change of one can be made good by the"
            " others (condition {condition:.0f}); fit fewer of them, or record days in which"
            " actuators and weather vary more"
        ),
        Why.AT_END: (
            "{parameter} ran to the end of what makes sense ({end:g}): something else than it makes"
            " the twin differ from the house"
        ),
        Why.WIDE: (
            "the readings leave {parameter} anywhere from {low:.3g} to {high:.3g}; more days would"
            " narrow it"
        ),
        Why.NO_BETTER: (
            "the fit does no good on days that it has not seen: there the twin is off by"
            " {times:.2f} times what it was"
        ),
    }
)

Value = str | int | float | Sequence[str]


class NotIdentified(Exception):
    """The records don't tell what was asked; its text says in English what is missing."""

    def __init__(self, why: Why, **values: Value) -> None:
        """Take the reason, and the values that its words name."""
        self.why = why
        self.values: Mapping[str, Value] = values
        said = {name: _said(value) for name, value in values.items()}
        super().__init__(_ENGLISH[why].format_map(said))


def _said(value: Value) -> str | int | float:
    if isinstance(value, str | int | float):
        return value
    return " and ".join(part for part in (", ".join(value[:-1]), *value[-1:]) if part)


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
