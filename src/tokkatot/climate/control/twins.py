"""Twins that live beside a house, for its shield to ask what would become of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf, isfinite

from typing_extensions import override

from tokkatot.automation.state import Climate as Standing
from tokkatot.climate.control.coop import (
    AMMONIA_ALLOWED_PPM,
    CO2_ALLOWED_PPM,
    StageRules,
    steer_coop,
)
from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.control.held import HeldRules, regulated, steer_held
from tokkatot.climate.control.shield import Climate, Moment, Twin
from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    co2_mg_m3,
    co2_ppm,
    magnus_pa,
    saturation_pa,
    vapour_g_m3,
    vapour_of_g_m3_pa,
)
from tokkatot.climate.physics.greenhouse import model as greenhouse
from tokkatot.climate.physics.greenhouse import network
from tokkatot.climate.physics.greenhouse.step import advance as advance_greenhouse
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.climate.physics.poultry.airflow import incoming
from tokkatot.climate.physics.poultry.birds import comfort_c, stress_index_c
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM, held_mg_m3_kg
from tokkatot.climate.physics.poultry.step import advance as advance_coop

CLOSENESS = 0.5
"""Part of what the twin was off that one decision takes back: less would trail behind the house,
more would follow a sensor that wanders off."""

OFF_K = (-0.5, 0.0, 0.5)
"""By how much a coop's thermometer may be wrong: the DHT22's data sheet says half a kelvin."""
COOP_STEP_S = 300.0
MINUTE_S = 60.0
GREENHOUSE_SHORT_S = 225.0
"""Four times the short step of a season: the air is 0.1 K off, and the answer comes in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoopLimits:
    """What a flock must not be brought to."""

    hot_over_k: float = 6.0
    """The index of heat stress over what the birds want."""
    cold_under_k: float = 5.0
    co2_ppm: float = CO2_ALLOWED_PPM
    ammonia_ppm: float = AMMONIA_ALLOWED_PPM


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenhouseLimits:
    """What a crop must not be brought to; a grower's own numbers belong here."""

    air_min_c: float = 11.0
    air_max_c: float = 34.0
    humidity_max_pct: float = 97.0
    co2_ppm: float = 2000.0


class CoopTwin(Twin[StageRules]):
    """A poultry house."""

    def __init__(
        self, state: coop.State, parameters: coop.Parameters, limits: CoopLimits | None = None
    ) -> None:
        """Take over the state, to be carried on from here."""
        self.state = state
        self._parameters = parameters
        self._limits = limits or CoopLimits()

    @override
    def live(self, rules: StageRules, moment: Moment, duration_s: float) -> None:
        _live_coop(self.state, self._parameters, rules, moment, duration_s)

    @override
    def shown(self) -> Climate:
        s = self.state
        vapour = vapour_of_g_m3_pa(s.air_c, 1e3 * s.vapour_kg_m3)
        return Climate(
            air_c=s.air_c,
            humidity_pct=min(100.0 * vapour / saturation_pa(s.air_c), 100.0),
            co2_ppm=co2_ppm(s.co2_mg_m3, s.air_c, SEA_LEVEL_PA),
        )

    @override
    def correct(self, measured: Climate) -> None:
        s, drawn = self.state, _between(self.shown(), measured)
        s.air_c = drawn.air_c
        vapour = saturation_pa(s.air_c) * drawn.humidity_pct / 100.0
        s.vapour_kg_m3 = 1e-3 * vapour_g_m3(s.air_c, vapour)
        s.co2_mg_m3 = co2_mg_m3(drawn.co2_ppm, s.air_c, SEA_LEVEL_PA)

    @override
    def strain(self, rules: StageRules, moment: Moment, duration_s: float) -> float:
        s, worst = replace(self.state), -1e9
        for step in range(round(duration_s / COOP_STEP_S)):
            now = replace(moment, hour=(moment.hour + step * COOP_STEP_S / 3600.0) % 24.0)
            _live_coop(s, self._parameters, rules, now, COOP_STEP_S)
            if not isfinite(s.air_c):
                return inf
            worst = max(worst, self._beyond(s, rules, now))
        return worst

    def _beyond(self, s: coop.State, rules: StageRules, moment: Moment) -> float:
        controls = steer_coop(s, moment.hour, rules, self._parameters)
        return _excess(s, controls, moment.outdoor, self._parameters, self._limits)


class HeldTwin(Twin[HeldRules]):
    """A poultry house that a hub's own rules steer, minute by minute."""

    def __init__(
        self, state: coop.State, parameters: coop.Parameters, limits: CoopLimits | None = None
    ) -> None:
        """Take over the state, to be carried on from here."""
        self.state = state
        self.parameters = parameters
        self.book = coop.Ledger()
        """What it took since it was made."""
        self.gauge_ppm: float | None = None
        """The ammonia that is measured at the next correction; None where nobody measures it."""
        self._house = CoopTwin(state, parameters, limits)
        self._limits = limits or CoopLimits()
        self._climate = Standing()

    @override
    def live(self, rules: HeldRules, moment: Moment, duration_s: float) -> None:
        for now, length_s in _minutes(moment, duration_s):
            self._climate = regulated(self.state.air_c, rules, self._climate)
            self._advance(self.state, self._climate, now, self.book, length_s)

    @override
    def shown(self) -> Climate:
        return self._house.shown()

    @override
    def correct(self, measured: Climate) -> None:
        self._house.correct(measured)
        if self.gauge_ppm is None:
            return
        s = self.state
        s.ammonia_mg_m3 = self.gauge_ppm * AMMONIA_MG_M3_PPM
        # All of it came from the litter, which then takes none of it back.
        least = s.ammonia_mg_m3 / held_mg_m3_kg(s, self.parameters)
        s.ammoniacal_kg_m2 = max(s.ammoniacal_kg_m2, least)

    @override
    def strain(self, rules: HeldRules, moment: Moment, duration_s: float) -> float:
        """Return the worst of what would come where its thermometer is right and where it is not.

        A rule switches at one temperature: what is safe a hair beside it need not be.
        """
        return _worst(*(self._strain(rules, moment, duration_s, off_k) for off_k in OFF_K))

    def _strain(self, rules: HeldRules, moment: Moment, duration_s: float, off_k: float) -> float:
        s, climate, worst = replace(self.state), self._climate, -1e9
        book = coop.Ledger()
        for now, length_s in _minutes(moment, duration_s):
            climate = regulated(s.air_c + off_k, rules, climate)
            controls = self._advance(s, climate, now, book, length_s)
            worst = max(worst, _excess(s, controls, moment.outdoor, self.parameters, self._limits))
        return worst

    def _advance(
        self,
        s: coop.State,
        climate: Standing,
        moment: Moment,
        book: coop.Ledger,
        duration_s: float,
    ) -> coop.Controls:
        controls = steer_held(climate, moment.hour, self.parameters)
        advance_coop(s, controls, moment.outdoor, self.parameters, book, duration_s)
        return controls


class GreenhouseTwin(Twin[TomatoRules]):
    """A greenhouse with tomatoes."""

    def __init__(
        self,
        state: greenhouse.State,
        parameters: greenhouse.Parameters,
        limits: GreenhouseLimits | None = None,
    ) -> None:
        """Take over the state, to be carried on from here."""
        self.state = state
        self._parameters = parameters
        self._limits = limits or GreenhouseLimits()
        self._book = greenhouse.Ledger()
        self._buffer = [0.0] * network.SIZE

    @override
    def live(self, rules: TomatoRules, moment: Moment, duration_s: float) -> None:
        self._live(self.state, rules, moment, duration_s)

    @override
    def shown(self) -> Climate:
        s = self.state
        return Climate(
            air_c=s.air_c,
            humidity_pct=min(100.0 * s.air_pa / magnus_pa(s.air_c), 100.0),
            co2_ppm=co2_ppm(s.air_mg_m3, s.air_c, SEA_LEVEL_PA),
        )

    @override
    def correct(self, measured: Climate) -> None:
        s, drawn = self.state, _between(self.shown(), measured)
        s.air_c = drawn.air_c
        s.air_pa = magnus_pa(s.air_c) * drawn.humidity_pct / 100.0
        s.air_mg_m3 = co2_mg_m3(drawn.co2_ppm, s.air_c, SEA_LEVEL_PA)

    @override
    def strain(self, rules: TomatoRules, moment: Moment, duration_s: float) -> float:
        s, worst, limits = replace(self.state), -1e9, self._limits
        step_s = 0.5 * duration_s
        for step in range(2):
            now = replace(moment, hour=(moment.hour + step * step_s / 3600.0) % 24.0)
            self._live(s, rules, now, step_s)
            worst = _worst(
                worst,
                s.air_c - limits.air_max_c,
                limits.air_min_c - s.air_c,
                100.0 * s.air_pa / magnus_pa(s.air_c) - limits.humidity_max_pct,
                10.0 * (co2_ppm(s.air_mg_m3, s.air_c, SEA_LEVEL_PA) / limits.co2_ppm - 1.0),
            )
        return worst

    def _live(
        self, s: greenhouse.State, rules: TomatoRules, moment: Moment, duration_s: float
    ) -> None:
        controls = steer_tomatoes(s, moment.outdoor, moment.hour, rules)
        advance_greenhouse(
            s, controls, moment.outdoor, self._parameters, self._book, self._buffer, duration_s,
            max(round(duration_s / GREENHOUSE_SHORT_S), 1),
        )  # fmt: skip


def _minutes(moment: Moment, duration_s: float) -> Iterator[tuple[Moment, float]]:
    """Return each minute of a while, and how long it is; the weather stands."""
    count = max(round(duration_s / MINUTE_S), 1)
    length_s = duration_s / count
    for number in range(count):
        hour = (moment.hour + number * length_s / 3600.0) % 24.0
        yield replace(moment, hour=hour), length_s


def _excess(
    s: coop.State, controls: coop.Controls, w: Outdoor, p: coop.Parameters, limits: CoopLimits
) -> float:
    """Return the worst excess: in K, and gases in tenths of what is allowed."""
    speed = incoming(s, controls, w, p).speed_m_s
    wanted_c = comfort_c(s.age_d, p)
    ppm = co2_ppm(s.co2_mg_m3, s.air_c, SEA_LEVEL_PA)
    ammonia = s.ammonia_mg_m3 / AMMONIA_MG_M3_PPM
    return _worst(
        stress_index_c(s.air_c, s.vapour_kg_m3, speed) - wanted_c - limits.hot_over_k,
        wanted_c - limits.cold_under_k - s.air_c,
        10.0 * (ppm / limits.co2_ppm - 1.0),
        10.0 * (ammonia / limits.ammonia_ppm - 1.0),
    )


def _worst(*excesses: float) -> float:
    """Return the largest, without an end where one is no number: nobody knows what comes there."""
    return max(excesses) if all(isfinite(one) for one in excesses) else inf


def _live_coop(
    s: coop.State, p: coop.Parameters, rules: StageRules, moment: Moment, duration_s: float
) -> None:
    if not isfinite(s.air_c):
        # Stages can't be counted, and what is no number stays none: nobody believes such a twin.
        return
    controls = steer_coop(s, moment.hour, rules, p)
    advance_coop(s, controls, moment.outdoor, p, coop.Ledger(), duration_s)


def _between(foretold: Climate, measured: Climate) -> Climate:
    """Return where one correction leaves the twin."""
    drawn = (was + CLOSENESS * (now - was) for was, now in zip(foretold, measured, strict=True))
    return Climate(*drawn)
