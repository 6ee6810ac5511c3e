"""Poultry houses that are lived through beside a shield, by stages or by a hub's own rules."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, Self

from typing_extensions import override

from tokkatot.automation.lending import TURN_S
from tokkatot.automation.state import Climate as Standing
from tokkatot.climate.control.coop import StageRules, steer_coop
from tokkatot.climate.control.dials import COOP_DIALS, HELD_DIALS, Dials, Rules
from tokkatot.climate.control.held import HeldRules, regulated, steer_held
from tokkatot.climate.control.shield import Climate, Moment, Shield
from tokkatot.climate.control.twins import CoopTwin, HeldTwin
from tokkatot.climate.physics.poultry.airflow import incoming
from tokkatot.climate.physics.poultry.birds import comfort_c, stress_index_c
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.physics.poultry.model import Controls, Ledger, Parameters, State
from tokkatot.climate.physics.poultry.step import advance
from tokkatot.domain.houses import SetPoints
from tokkatot.wire.autopilot import EVERY_S

STAGED_BASE = StageRules()
MINUTE_S = 60.0
HARD_OVER_K = 10.0
"""Over comfort, by the index: here grown birds begin to die within hours."""
HARD_UNDER_K = 8.0
HARD_CO2_PPM = 5000.0
HARD_AMMONIA_PPM = 40.0
LEAST_M3_S_KG = 2.5e-4
"""Air for a bird, times its mass to 0.75."""


Thermometer = Callable[[float], float | None]
"""What an instrument makes of the air's temperature; none where nobody believes it."""


class Real(ABC, Generic[Rules]):
    """The real house, whatever its twin believes."""

    def __init__(self, state: State, parameters: Parameters) -> None:
        self.state = state
        self.parameters = parameters
        self.owed_s = 0.0
        """For so long its birds have lacked the least of air, what they got since taken off."""

    @abstractmethod
    def live(self, rules: Rules, moment: Moment, thermometer: Thermometer) -> None:
        """Carry it on until the next decision."""

    def copy(self) -> Self:
        """Return a house that is as this one is now."""
        other = type(self)(replace(self.state), self.parameters)
        other.owed_s = self.owed_s
        return other

    @abstractmethod
    def controls(self, rules: Rules, moment: Moment) -> Controls:
        """Return what its actuators do now."""

    def shown(self) -> Climate:
        return CoopTwin(self.state, self.parameters).shown()

    def go_on(self, controls: Controls, moment: Moment, duration_s: float) -> None:
        s, p = self.state, self.parameters
        share = incoming(s, controls, moment.outdoor, p).flow_m3_s / (
            LEAST_M3_S_KG * s.birds * s.bird_kg**0.75
        )
        self.owed_s = max(self.owed_s + duration_s * (1.0 - share), 0.0)
        advance(s, controls, moment.outdoor, p, Ledger(), duration_s)

    def excess(self, rules: Rules, moment: Moment) -> float:
        s, p = self.state, self.parameters
        speed = incoming(s, self.controls(rules, moment), moment.outdoor, p).speed_m_s
        wanted_c = comfort_c(s.age_d, p)
        return max(
            stress_index_c(s.air_c, s.vapour_kg_m3, speed) - wanted_c - HARD_OVER_K,
            wanted_c - HARD_UNDER_K - s.air_c,
            (self.shown().co2_ppm - HARD_CO2_PPM) / 500.0,
            (s.ammonia_mg_m3 / AMMONIA_MG_M3_PPM - HARD_AMMONIA_PPM) / 5.0,
        )


class StagedHouse(Real[StageRules]):
    """A house whose computer knows stages, and how warm it is."""

    @override
    def live(self, rules: StageRules, moment: Moment, thermometer: Thermometer) -> None:
        self.go_on(self.controls(rules, moment), moment, EVERY_S)

    @override
    def controls(self, rules: StageRules, moment: Moment) -> Controls:
        return steer_coop(self.state, moment.hour, rules, self.parameters)


class HeldHouse(Real[HeldRules]):
    """A house that a hub steers minute by minute, by what its thermometer shows."""

    standing = Standing()
    lived_s = 0.0
    torn = 0
    """So many of the first fans do not turn, though their relays are on."""
    scheduled = 0.0
    """The part of its fans that a schedule of its people runs, whatever the rules have shut."""
    ran_share = 0.0
    """The part of its fans that ran from one decision to the next."""

    @override
    def live(self, rules: HeldRules, moment: Moment, thermometer: Thermometer) -> None:
        self.ran_share = 0.0
        for _ in range(round(EVERY_S / MINUTE_S)):
            self.step(rules, moment, thermometer(self.state.air_c))

    def step(self, rules: HeldRules, moment: Moment, shown_c: float | None) -> None:
        """Carry it on by a minute."""
        if shown_c is None:
            # So the engine does: nothing is asked, and the hard limit stays as it was.
            self.standing = Standing(over_hard_limit=self.standing.over_hard_limit)
        else:
            self.standing = regulated(shown_c, rules, self.standing)
        asked = self._asked(rules, moment)
        self.ran_share += asked.fans * MINUTE_S / EVERY_S
        self.go_on(self._turning(asked, rules), moment, MINUTE_S)
        self.lived_s += MINUTE_S

    @override
    def copy(self) -> Self:
        other = super().copy()
        other.standing, other.scheduled, other.torn = self.standing, self.scheduled, self.torn
        other.lived_s = self.lived_s
        return other

    @override
    def controls(self, rules: HeldRules, moment: Moment) -> Controls:
        return self._turning(self._asked(rules, moment), rules)

    def _turning(self, asked: Controls, rules: HeldRules) -> Controls:
        """Return what turns of what is asked to: as the engine has it, all fans in turn."""
        first, count = int(self.lived_s / TURN_S), round(asked.fans * rules.fans)
        on = {(first + number) % rules.fans for number in range(count)}
        still = sum(number in on for number in range(self.torn))
        return asked._replace(fans=max(asked.fans - still / rules.fans, 0.0))

    def _asked(self, rules: HeldRules, moment: Moment) -> Controls:
        controls = steer_held(self.standing, moment.hour, self.parameters, rules.fans)
        return controls._replace(fans=max(controls.fans, self.scheduled))


@dataclass(frozen=True, slots=True, kw_only=True)
class World(Generic[Rules]):
    """A real house with its shield, and the rules that people gave it and later changed."""

    real: Real[Rules]
    shield: Shield[Rules]
    dials: Dials
    base: Rules
    later: Rules
    changed_at: int
    gauge: Callable[[float | None], None] = lambda _: None
    """What is told of the ammonia before a decision."""
    watch: Callable[[], None] = lambda: None
    """What is told of the fans that ran, and of where the rules stand."""

    def base_at(self, step: int) -> Rules:
        return self.later if step >= self.changed_at else self.base


def staged(state: State, believed: Parameters, real: Parameters) -> World[StageRules]:
    """Return a house by stages, whose policy begins at once."""
    twin = CoopTwin(replace(state), believed)
    return World(
        real=StagedHouse(replace(state), real),
        shield=Shield(STAGED_BASE, COOP_DIALS, twin, step_s=EVERY_S, settle=1),
        dials=COOP_DIALS,
        base=STAGED_BASE,
        later=STAGED_BASE,
        changed_at=0,
    )


def held(
    state: State,
    believed: Parameters,
    real: Parameters,
    points: tuple[SetPoints, SetPoints],
    changed_at: int,
    *,
    torn: int = 0,
) -> World[HeldRules]:
    """Return a house as a hub has it: its twin, its dials, its half an hour of settling."""
    base, later = (HeldRules(points=one) for one in points)
    twin = HeldTwin(replace(state), believed)

    def gauge(ppm: float | None) -> None:
        twin.gauge_ppm = ppm

    house = HeldHouse(replace(state), real)
    house.torn = torn

    def watch() -> None:
        twin.ran_share, twin.standing = house.ran_share, house.standing

    return World(
        real=house,
        shield=Shield(base, HELD_DIALS, twin, step_s=EVERY_S),
        dials=HELD_DIALS,
        base=base,
        later=later,
        changed_at=changed_at,
        gauge=gauge,
        watch=watch,
    )
