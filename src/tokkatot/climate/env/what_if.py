"""A house under its hub's own rules, through weather that was, may come or is only thought of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from math import floor
from typing import NamedTuple, Protocol

from typing_extensions import override

from tokkatot.automation.state import Climate as Standing
from tokkatot.climate.control.held import FANS, HeldRules, regulated
from tokkatot.climate.control.shield import Climate, Moment
from tokkatot.climate.control.tariff import HOURS
from tokkatot.climate.control.twins import MINUTE_S, GreenhouseTwin, HeldTwin
from tokkatot.climate.env.days import CH2O_DRY
from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.physics.greenhouse import model as greenhouse
from tokkatot.climate.physics.greenhouse import network
from tokkatot.climate.physics.greenhouse.step import advance as advance_greenhouse
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.climate.physics.units import HOUR_S, JOULES_A_KWH
from tokkatot.domain.houses import SetPoints

STEP_S = 300.0
"""So long weather stands and a row lasts; rules look each minute."""


class Spent(NamedTuple):
    """What a house took, in kWh."""

    electricity_kwh: float
    heat_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A while of weather, the hour of the day at its beginning, and the set-points in force.

    `fan_share` is the least part of a coop's fans that run between them.
    """

    outdoor: Outdoor
    hour: float
    points: SetPoints
    fan_share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """How a house fared: what its air was like at the end of each stretch, and what it took."""

    rows: Sequence[Climate]
    spent: Spent
    by_hour: Sequence[Spent]
    """What of it in each hour of the day, from midnight on."""
    hours_too_hot: float
    """Over the maximum that was to be held."""
    hours_too_cold: float
    heat_stress_h: float | None
    """None where no birds live."""


class Lived(Protocol):
    """A house that can be lived through."""

    def live(
        self, points: SetPoints, moment: Moment, duration_s: float, fan_share: float = 1.0
    ) -> None:
        """Carry the house on."""

    def shown(self) -> Climate:
        """Return what its instruments would show."""

    def spent(self) -> Spent:
        """Return what it has taken so far."""

    def heat_stress_h(self) -> float | None:
        """Return for how long its birds have suffered."""


class CoopUnderRules(Lived):
    """A poultry house."""

    def __init__(self, state: coop.State, parameters: coop.Parameters, *, fans: int = FANS) -> None:
        """Take over the state, to be carried on from here, of a house with so many fans."""
        self._twin = HeldTwin(state, parameters)
        self._fans = fans

    @override
    def live(
        self, points: SetPoints, moment: Moment, duration_s: float, fan_share: float = 1.0
    ) -> None:
        rules = HeldRules(points=points, fan_share=fan_share, fans=self._fans)
        self._twin.live(rules, moment, duration_s)

    @override
    def shown(self) -> Climate:
        return self._twin.shown()

    @override
    def spent(self) -> Spent:
        book = self._twin.book
        return Spent(book.electricity_j / JOULES_A_KWH, book.heaters_j / JOULES_A_KWH)

    @override
    def heat_stress_h(self) -> float | None:
        return self._twin.book.heat_stress_h

    def bird_kg(self) -> float:
        """Return what a bird weighs."""
        return self._twin.state.bird_kg


class GreenhouseUnderRules(Lived):
    """A greenhouse whose heaters, windows and fans follow the temperature.

    Screens, lamps, carbon dioxide and fog are for schedules of people's own, and rest.
    """

    def __init__(
        self, state: greenhouse.State, parameters: greenhouse.Parameters, *, fans_w: float
    ) -> None:
        """Take over the state, to be carried on from here."""
        self._state = state
        self._parameters = parameters
        self._fans_w = fans_w
        self._fans_j = 0.0
        self._book = greenhouse.Ledger()
        self._buffer = [0.0] * network.SIZE
        self._standing = Standing()
        self._instruments = GreenhouseTwin(state, parameters)

    @override
    def live(
        self, points: SetPoints, moment: Moment, duration_s: float, fan_share: float = 1.0
    ) -> None:
        # Its fans rest off: nobody lends a part of them.
        minutes = max(round(duration_s / MINUTE_S), 1)
        length_s = duration_s / minutes
        for _ in range(minutes):
            self._standing = regulated(self._state.air_c, HeldRules(points=points), self._standing)
            controls = steer_held_greenhouse(self._standing)
            advance_greenhouse(
                self._state, controls, moment.outdoor, self._parameters, self._book,
                self._buffer, length_s, 1,
            )  # fmt: skip
            self._fans_j += controls.fans * self._fans_w * length_s

    @override
    def shown(self) -> Climate:
        return self._instruments.shown()

    @override
    def spent(self) -> Spent:
        floor_m2 = self._parameters.floor_m2
        return Spent(self._fans_j / JOULES_A_KWH, self._book.boiler_j * floor_m2 / JOULES_A_KWH)

    @override
    def heat_stress_h(self) -> float | None:
        return None

    def picked_g_m2(self) -> float:
        """Return the dry fruit that was picked so far, from a square metre of floor."""
        return CH2O_DRY * self._book.fruit_harvested_mg


def steer_held_greenhouse(climate: Standing) -> greenhouse.Controls:
    """Return what the engine does in a greenhouse, whose windows rest shut and fans off."""
    air = 1.0 if climate.venting or climate.over_hard_limit else 0.0
    heat = climate.heating and not climate.over_hard_limit
    return greenhouse.Controls(heating=1.0 if heat else 0.0, roof_vents=air, fans=air)


def live_through(
    house: Lived, stretches: Sequence[Stretch], tell: Callable[[float], None]
) -> Story:
    """Let a house live; `tell` hears which part of it is done."""
    rows: list[Climate] = []
    by_hour = [Spent(0.0, 0.0)] * HOURS
    before = house.spent()
    hot = cold = 0
    for number, stretch in enumerate(stretches, start=1):
        moment = Moment(outdoor=stretch.outdoor, hour=stretch.hour)
        house.live(stretch.points, moment, STEP_S, stretch.fan_share)
        shown = house.shown()
        rows.append(shown)
        after = house.spent()
        for hour, part in _hours_of(stretch):
            by_hour[hour] = Spent(
                by_hour[hour].electricity_kwh
                + part * (after.electricity_kwh - before.electricity_kwh),
                by_hour[hour].heat_kwh + part * (after.heat_kwh - before.heat_kwh),
            )
        before = after
        hot += shown.air_c > stretch.points.temperature_max_c
        cold += shown.air_c < stretch.points.temperature_min_c
        tell(number / len(stretches))
    return Story(
        rows=rows,
        spent=before,
        by_hour=by_hour,
        hours_too_hot=hot * STEP_S / HOUR_S,
        hours_too_cold=cold * STEP_S / HOUR_S,
        heat_stress_h=house.heat_stress_h(),
    )


def _hours_of(stretch: Stretch) -> tuple[tuple[int, float], tuple[int, float]]:
    """Return the hours of the day in which a stretch begins and ends, each with its part of it."""
    first = int(stretch.hour)
    later = max(stretch.hour + STEP_S / HOUR_S - (first + 1), 0.0) / (STEP_S / HOUR_S)
    return (first % HOURS, 1.0 - later), ((first + 1) % HOURS, later)


def warmer(outdoor: Outdoor, by_k: float) -> Outdoor:
    """Return the same weather at another temperature, as damp in % as it was."""
    now_c = outdoor.temperature_c + by_k
    full = magnus_pa(now_c) / magnus_pa(outdoor.temperature_c)
    return replace(
        outdoor,
        temperature_c=now_c,
        vapour_pa=outdoor.vapour_pa * full,
        sky_c=outdoor.sky_c + by_k,
    )


def between(moments: Sequence[Outdoor], place: float) -> Outdoor:
    """Return the weather at a place between moments, counted from the first; beyond: the end."""
    first = min(max(floor(place), 0), len(moments) - 1)
    after = min(first + 1, len(moments) - 1)
    part = min(max(place - first, 0.0), 1.0)
    before, later = moments[first], moments[after]
    return Outdoor(
        **{
            field.name: (1 - part) * getattr(before, field.name) + part * getattr(later, field.name)
            for field in fields(Outdoor)
        }
    )
