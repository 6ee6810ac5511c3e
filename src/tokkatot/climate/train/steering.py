"""What an evolved network makes of what is told: plain NumPy, learned and frozen by these lines.

Each row of numbers is a network of its own; networks and what they are told are stacked alike.
"""

from dataclasses import dataclass, field
from math import log, pi
from typing import Any, Protocol

import numpy as np
from typing_extensions import override

from tokkatot.climate.control.dials import Dials, positions
from tokkatot.climate.control.fields import Field
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.tomato_benchmark import BANDS, FOUND, TOMATO_DIALS, TOMATO_SEEN
from tokkatot.climate.kernel import Floats

CUT = 4.0
"""So many deviations off, what is seen is cut."""
_LEAST = 1e-3
"""Of a field's range: what hardly moved must not cry out when it does."""
_FIRST_LAYER = 0.4


class Form(Protocol):
    """Says what becomes of a network's answer; of nought comes what there was without it."""

    @property
    def answers(self) -> int:
        """How many numbers the network says."""

    def wanted(self, told: Floats, said: Floats) -> Floats:
        """Return where the dials should be."""


@dataclass(frozen=True, slots=True)
class ShiftedDials(Form):
    """Dials that lie off where they rest, by a fifth of their range for one."""

    dials: Dials
    rest: tuple[float, ...]

    @property
    @override
    def answers(self) -> int:
        return len(self.dials)

    @override
    def wanted(self, told: Floats, said: Floats) -> Floats:
        ends = np.array([(dial.low, dial.high) for dial in self.dials])
        values: Floats = np.array(self.rest) + said * (0.2 * (ends[:, 1] - ends[:, 0]))
        return values


_SHIFTED = (
    ("day_c",), ("night_c",), ("vent_over_k",), ("humidity_max_pct",), ("never_below_k",),
    ("screen_day_c", "screen_night_c"), ("co2_ppm",),
)  # fmt: skip
"""Set-points that one answer of the network shifts."""
_MOVED = ("heating", "co2", "thermal_screen", "roof_vents")
"""Actuators that each of the answers that follow moves off what the rules want of them."""
_FAR = 0.3


@dataclass(frozen=True, slots=True)
class ShiftedRules(Form):
    """Rules for the benchmark's tomatoes whose set-points are shifted, and what they ask for, too.

    The formulas are those of `steer_tomatoes` for rules whose lamps stay off.
    """

    rules: TomatoRules = FOUND

    @property
    @override
    def answers(self) -> int:
        return len(_SHIFTED) + len(_MOVED)

    @override
    def wanted(self, told: Floats, said: Floats) -> Floats:
        names = [one.name for one in TOMATO_SEEN]
        seen = {name: told[..., at : at + 1] for at, name in enumerate(names)}
        r = self._turned(said)
        air_c, humidity_pct = seen["air_c"], seen["humidity_pct"]
        bright = seen["radiation_w_m2"] > 20.0
        target_c = np.where(bright, r["day_c"], r["night_c"])
        too_warm = _band(air_c, target_c + r["vent_over_k"], r["vent_band_k"])
        too_damp = _band(humidity_pct, r["humidity_max_pct"], r["humidity_band_pct"])
        warm_enough = 1.0 - _band(air_c, target_c - r["never_below_k"], -1.0)
        screen_c = np.where(bright, r["screen_day_c"], r["screen_night_c"])
        damp = 1.0 - _band(humidity_pct, r["humidity_max_pct"] - 2.0, 10.0)
        screened = np.minimum(
            _band(seen["outdoor_c"], screen_c, -1.0), 1.0 - _band(air_c, target_c + 4.0, 1.0)
        )
        co2 = _band(seen["co2_ppm"], r["co2_ppm"], -r["co2_band_ppm"])
        asked = {
            "heating": _band(air_c, target_c, -r["heat_band_k"]),
            "co2": np.where(bright, co2, 0.0 * co2),
            "thermal_screen": np.minimum(screened, np.maximum(damp, 1.0 - warm_enough)),
            "roof_vents": np.minimum(warm_enough, np.maximum(too_warm, too_damp)),
        }
        for at, name in enumerate(_MOVED, len(_SHIFTED)):
            asked[name] = asked[name] + _FAR * said[..., at : at + 1]
        off = 0.0 * air_c
        return np.concatenate([asked.get(dial.name, off) for dial in TOMATO_DIALS], axis=-1)

    def _turned(self, said: Floats) -> dict[str, Any]:
        """Return the rules by name, shifted by a fifth of what a search may make of each."""
        turned: dict[str, Any] = dict(
            zip((dial.name for dial in BANDS), positions(self.rules, BANDS), strict=True)
        )
        ends = {dial.name: (dial.low, dial.high) for dial in BANDS}
        for at, names in enumerate(_SHIFTED):
            for name in names:
                low, high = ends[name]
                moved = turned[name] + 0.2 * (high - low) * said[..., at : at + 1]
                turned[name] = np.minimum(np.maximum(moved, low), high)
        return turned


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One layer, or a second beside it, from what is told to where the dials should be."""

    dials: Dials
    fields: tuple[Field, ...]
    """What a batch observes: what is seen, the hour's sine and cosine, the dials' parts."""
    form: Form
    hidden: int
    mean: Floats = field(repr=False)
    deviation: Floats = field(repr=False)

    @property
    def size(self) -> int:
        """How many numbers a network has."""
        seen, said = len(self.fields) + 1, self.form.answers
        return seen * said + self.hidden * (seen + said)

    def first(self, chance: np.random.Generator) -> Floats:
        """Return the numbers of one that answers nought, so that nothing is shifted."""
        numbers = np.zeros(self.size)
        seen, said = len(self.fields) + 1, self.form.answers
        inner = slice(seen * said, seen * (said + self.hidden))
        numbers[inner] = _FIRST_LAYER * chance.standard_normal(seen * self.hidden)
        return numbers

    def wanted(self, told: Floats, numbers: Floats) -> Floats:
        """Return where the dials should be by each network, for each row that it is told."""
        off = (observed(told, self.dials) - self.mean) / self._spread()
        fed = np.minimum(np.maximum(off, -CUT), CUT)
        width, said, end = len(self.fields), self.form.answers, self.form.answers
        answer = _layer(fed, numbers, 0, width, said)
        if self.hidden:
            end = (width + 1) * said
            inner = np.tanh(_layer(fed, numbers, end, width, self.hidden))
            end += (width + 1) * self.hidden
            answer = answer + _layer(inner, numbers, end, self.hidden, said, offset=False)
        values = self.form.wanted(told, answer)
        low = np.array([dial.low for dial in self.dials])
        high = np.array([dial.high for dial in self.dials])
        held: Floats = np.minimum(np.maximum(values, low), high)
        return held

    def _spread(self) -> Floats:
        widths = np.array([one.high - one.low for one in self.fields])
        spread: Floats = np.maximum(self.deviation, _LEAST * widths)
        return spread


def observed(told: Floats, dials: Dials) -> Floats:
    """Return what a policy is told as a batch observes it."""
    count = len(dials)
    low = np.array([dial.low for dial in dials])
    high = np.array([dial.high for dial in dials])
    turn = told[..., -1 - count : -count] * (pi / 12.0)
    parts = (told[..., -count:] - low) / (high - low)
    seen = told[..., : -1 - count]
    return np.concatenate([seen, np.sin(turn), np.cos(turn), parts], axis=-1)


def _layer(
    fed: Floats, numbers: Floats, begin: int, width: int, said: int, *, offset: bool = True
) -> Floats:
    """Return a layer's answer; its numbers begin so far into each network's."""
    end = begin + width * said
    weights = numbers[..., begin:end].reshape(*numbers.shape[:-1], width, said)
    answer: Floats = fed @ weights
    if offset:
        answer = answer + numbers[..., None, end : end + said]
    return answer


def _band(value: Floats, set_point: Floats | float, band: Floats | float) -> Floats:
    """Return equation 4.4 of Katzin's; the tangent never overflows."""
    risen: Floats = 0.5 + 0.5 * np.tanh((value - set_point - 0.5 * band) * (log(100.0) / band))
    return risen
