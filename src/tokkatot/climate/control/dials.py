"""The set-points that somebody other than their owner may turn, how far and how fast."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import TypeVar

from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.held import HeldRules
from tokkatot.domain.autopilot import LEAST_FAN_SHARE

Rules = TypeVar("Rules", StageRules, TomatoRules, HeldRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """One field of a house's rules and the ends that it never leaves."""

    name: str
    low: float
    high: float
    step: float
    """The most that it moves from one decision to the next."""
    rest: float | None = None
    """Where it takes nothing from the birds: it may go there where a whole wish would do harm. None
    where no end of it is as good."""


Dials = tuple[Dial, ...]

COOP_DIALS: Dials = (
    Dial(name="shift_k", low=-2.0, high=3.0, step=0.5),
    Dial(name="band_k", low=1.0, high=8.0, step=1.0),
    # The least of air has its floor here: nobody may ask for less.
    Dial(name="least_m3_s_kg", low=2.5e-4, high=1.5e-3, step=2.5e-4),
    Dial(name="stir_over_k", low=-2.0, high=4.0, step=1.0),
    Dial(name="pad_over_k", low=1.0, high=10.0, step=1.5),
    Dial(name="fog_over_k", low=1.0, high=12.0, step=1.5),
)

HELD_DIALS: Dials = (
    # A hub decides three times as often as policies learn to.
    *(replace(dial, step=dial.step / 3) for dial in COOP_DIALS if dial.name == "shift_k"),
    Dial(name="fan_share", low=LEAST_FAN_SHARE, high=1.0, step=0.15, rest=1.0),
)
"""What a hub's own rules have: set-points, and how many of the fans run between them at least."""

GREENHOUSE_DIALS: Dials = (
    Dial(name="day_c", low=15.0, high=26.0, step=0.5),
    Dial(name="night_c", low=12.0, high=22.0, step=0.5),
    Dial(name="vent_over_k", low=0.5, high=8.0, step=1.0),
    Dial(name="humidity_max_pct", low=70.0, high=95.0, step=3.0),
    Dial(name="screen_day_c", low=-5.0, high=20.0, step=3.0),
    Dial(name="screen_night_c", low=-5.0, high=25.0, step=3.0),
    Dial(name="co2_ppm", low=400.0, high=1600.0, step=200.0),
    Dial(name="lamps_off_w_m2", low=0.0, high=800.0, step=200.0),
)


def positions(rules: Rules, dials: Dials) -> tuple[float, ...]:
    """Return where the dials of these rules stand."""
    return tuple(float(getattr(rules, dial.name)) for dial in dials)


def turned(rules: Rules, dials: Dials, values: Sequence[float]) -> Rules:
    """Return the rules with their dials at these values, whatever they are."""
    named = {dial.name: value for dial, value in zip(dials, values, strict=True)}
    return replace(rules, **named)  # type: ignore[arg-type] # no dial turns the count of stages


def at_rest(dials: Dials, wanted: Sequence[float]) -> tuple[float, ...]:
    """Return the same wish without what its dials would take."""
    return tuple(
        value if dial.rest is None else dial.rest for dial, value in zip(dials, wanted, strict=True)
    )


def reachable(
    dials: Dials, before: Sequence[float], wanted: Sequence[float]
) -> tuple[float, ...] | None:
    """Return what one decision may make of a wish, or nothing where it is no wish at all."""
    if len(wanted) != len(dials) or not all(isfinite(value) for value in wanted):
        return None
    return tuple(
        min(max(value, was - dial.step, dial.low), was + dial.step, dial.high)
        for dial, was, value in zip(dials, before, wanted, strict=True)
    )
