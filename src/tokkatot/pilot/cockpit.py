"""Decides for a house: what its policy proposes, as far as the shield lets it."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import msgspec

from tokkatot.automation.state import Climate as Standing
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.dials import (
    COOP_DIALS,
    HELD_DIALS,
    positions,
    reachable,
    turned,
)
from tokkatot.climate.control.flock import FlockPrices, seen_in_coop
from tokkatot.climate.control.held import HeldRules
from tokkatot.climate.control.shield import Climate, Moment, Readings, Refusal, Shield, believed
from tokkatot.climate.control.shield import Doubts as Limits
from tokkatot.climate.control.tariff import priced
from tokkatot.climate.control.twins import HeldTwin
from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    co2_mg_m3,
    saturation_pa,
    vapour_g_m3,
)
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.bedding import with_litter
from tokkatot.climate.physics.poultry.birds import comfort_c
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.physics.poultry.model import State
from tokkatot.climate.policy.card import House, PolicyRefused, checked_card, named, tariff_of
from tokkatot.climate.policy.running import Policy
from tokkatot.climate.weather.sky import sky_of_dew_point_c
from tokkatot.domain.autopilot import LEAST_FAN_SHARE, MAX_POLICIES, HouseTwin, PolicyFile
from tokkatot.domain.desired import MAX_HOUSES
from tokkatot.domain.houses import SetPoints
from tokkatot.pilot.building import Built, FitRefused, fitted_coop, usual_coop
from tokkatot.wire.autopilot import EVERY_S, Asked, Decided, Outside

SHIFT: Final = "shift_k"
OVERDUE_S: Final = 1.5 * EVERY_S
"""A twin that was left alone for so long begins anew."""
EARLY_S: Final = 0.9 * EVERY_S
"""So does one that is asked sooner: its people had it to themselves in between."""
OUTDOOR_CO2_MG_M3: Final = 770.0
GROUND_C: Final = 27.0
"""Of the year, by the Mekong; a closed floor lets little of it through."""
MAX_TROUBLE: Final = 200
_ADVISES: Final = frozenset({None, Refusal.SETTLING, Refusal.DANGER})
"""Whatever becomes of what holds, advice is worth something; else its readings are not."""
_NOTHING: Final = (0.0, 1.0)
"""What a person has accepted who has accepted nothing: no shift, and all fans."""
_REST: Final = positions(StageRules(), COOP_DIALS)
_SHIFTS: Final = [dial.name for dial in COOP_DIALS].index(SHIFT)
_DIALS: Final = tuple(replace(dial, step=dial.step / 3) for dial in COOP_DIALS)
"""As far as a policy may want them turned, asked three times as often as it learned to be."""


@dataclass(slots=True)
class _House:
    """A house that is lived beside."""

    twin: HeldTwin
    shield: Shield[HeldRules]
    built: Built
    floor_m2: float
    fit: HouseTwin | None
    asked_s: float
    refused_fit: str | None
    """Why its twin is the usual one though it was fitted."""
    base: HeldRules
    """What its people want."""
    rules: HeldRules
    """What holds."""
    wanted: tuple[float, ...] = _REST
    """Where the policy would have its own dials by now, step by step."""

    def is_of(self, asked: Asked) -> bool:
        """Return whether this is still the house that is asked of."""
        return (
            self.floor_m2 == asked.floor_m2
            and self.fit == asked.twin
            # Younger birds are another flock's, on other litter.
            and asked.birds.age_d >= self.twin.state.age_d - 1.0
            and EARLY_S <= asked.at_s - self.asked_s <= OVERDUE_S
        )


class Cockpit:
    """The houses of a hub, each with its twin and shield, and the policies that they use."""

    def __init__(self) -> None:
        self._houses: OrderedDict[UUID, _House] = OrderedDict()
        self._policies: OrderedDict[str, Policy] = OrderedDict()

    def decide(self, asked: Asked) -> Decided:
        """Return what holds from now on."""
        readings = Readings(
            air_c=asked.inside.air_c,
            humidity_pct=asked.inside.humidity_pct,
            co2_ppm=asked.inside.co2_ppm,
            age_s=asked.inside.age_s,
        )
        house = self._house(asked, believed(readings, Limits()))
        if house is None:
            return _said(asked, refused=Refusal.SENSOR)
        if asked.mode == "advise" and (asked.accepted_k, asked.accepted_share) == _NOTHING:
            # Nobody agrees, or no longer: what was turned is not led back step by step.
            house.shield.give_back()
            house.rules, house.wanted = house.base, _REST
        moment = Moment(outdoor=_outdoor(asked.outside), hour=asked.hour)
        proposal, trouble = self._proposal(asked, house, moment)
        accepted = asked.accepted_k, asked.accepted_share if asked.fans > 1 else 1.0
        in_force = proposal if asked.mode == "auto" else accepted
        verdict = house.shield.decide(in_force, readings, moment)
        house.rules = verdict.rules
        if verdict.refused is not None:
            house.wanted = _REST
        advice = None
        if asked.mode == "advise" and verdict.refused in _ADVISES:
            advice = house.shield.considered(proposal, moment)
        foretold = house.shield.foretold
        return _said(
            asked,
            rules=house.rules,
            advice=advice,
            refused=verdict.refused,
            foretold_c=None if foretold is None else foretold.air_c,
            fitted=house.fit is not None and house.refused_fit is None,
            trouble=trouble or house.refused_fit,
        )

    def _house(self, asked: Asked, measured: Climate | None) -> _House | None:
        """Return the house as it is lived beside; one that is new begins as it was measured."""
        house = self._houses.pop(asked.house, None)
        if house is not None and not house.is_of(asked):
            house = None
        base = HeldRules(
            points=SetPoints(
                temperature_min_c=asked.minimum_c,
                temperature_max_c=asked.maximum_c,
                temperature_hard_max_c=asked.hard_maximum_c,
            ),
            fans=asked.fans,
        )
        if house is None:
            if measured is None:
                return None
            house = _begun(asked, measured, base)
        house.asked_s, house.base = asked.at_s, base
        house.shield.rebase(base)
        _populate(house.twin, house.built, asked)
        self._houses[asked.house] = house
        while len(self._houses) > MAX_HOUSES:
            self._houses.popitem(last=False)
        return house

    def _proposal(
        self, asked: Asked, house: _House, moment: Moment
    ) -> tuple[tuple[float, ...] | None, str | None]:
        """Return where the policy would have set-points and fans, and what is wrong with it."""
        inside = asked.inside
        if inside.air_c is None or inside.humidity_pct is None or inside.co2_ppm is None:
            return None, None
        measured = Climate(inside.air_c, inside.humidity_pct, inside.co2_ppm)
        state = _as_measured(house.twin.state, measured)
        if inside.ammonia_ppm is not None:
            state.ammonia_mg_m3 = inside.ammonia_ppm * AMMONIA_MG_M3_PPM
        standing = (
            *house.wanted[:_SHIFTS],
            house.rules.shift_k,
            *house.wanted[_SHIFTS + 1 :],
        )
        try:
            policy = self._policy(asked.policy)
            prices = priced(FlockPrices(), tariff_of(policy.card), asked.hour)
            seen = seen_in_coop(state, moment.outdoor, house.twin.parameters, prices)
            answer = policy.ask(named(House.COOP, seen, asked.hour, standing))
        except PolicyRefused as refused:
            return None, str(refused)[:MAX_TROUBLE]
        wanted = reachable(_DIALS, standing, answer)
        assert wanted is not None, "what is no number the policy itself refuses to answer"
        if asked.mode == "auto":
            # Advice is one step from rest, so that it stays what a person has read.
            house.wanted = wanted
        return (answer[_SHIFTS], _fan_share(wanted, house)), None

    def _policy(self, file: PolicyFile) -> Policy:
        """Return the policy in a file, which is opened once.

        Raises:
            PolicyRefused: where it is none of a coop.
        """
        policy = self._policies.pop(file.sha256, None)
        if policy is None:
            card = checked_card(file.card, file.model)
            if card.house is not House.COOP:
                raise PolicyRefused(f"{card.version} is for a {card.house}.")
            policy = Policy(card, file.model)
        self._policies[file.sha256] = policy
        while len(self._policies) > MAX_POLICIES:
            self._policies.popitem(last=False)
        return policy


def _fan_share(wanted: tuple[float, ...], house: _House) -> float:
    """Return the part of its fans that stages turned so run half way between the limits.

    These are held by as much warmer or cooler as the stages are.
    """
    p, s, points = house.twin.parameters, house.twin.state, house.base.points
    if p.fan_m3_s <= 0.0 or house.base.fans <= 1:
        return 1.0
    stages = turned(StageRules(), COOP_DIALS, wanted)
    middle_c = 0.5 * (points.temperature_min_c + points.temperature_max_c)
    staged = (middle_c - comfort_c(s.age_d, p)) / stages.band_k
    least: float = stages.least_m3_s_kg * s.birds * s.bird_kg**0.75 / p.fan_m3_s
    return min(max(staged, least, LEAST_FAN_SHARE), 1.0)


def _begun(asked: Asked, measured: Climate, base: HeldRules) -> _House:
    """Return a house with the twin that was fitted to it, or the usual one where that is none."""
    built, refused_fit = usual_coop(asked.floor_m2), None
    if asked.twin is not None:
        try:
            built = fitted_coop(asked.twin, asked.floor_m2)
        except FitRefused as refused:
            refused_fit = f"The fit of this house is not used: {refused}"[:MAX_TROUBLE]
    twin = HeldTwin(_state(asked, measured, built), built.parameters)
    return _House(
        twin=twin,
        shield=Shield(base, HELD_DIALS, twin, step_s=EVERY_S),
        built=built,
        base=base,
        rules=base,
        floor_m2=asked.floor_m2,
        fit=asked.twin,
        asked_s=asked.at_s,
        refused_fit=refused_fit,
    )


def _said(
    asked: Asked,
    *,
    rules: HeldRules | None = None,
    advice: HeldRules | None = None,
    refused: Refusal | None = None,
    foretold_c: float | None = None,
    fitted: bool = False,
    trouble: str | None = None,
) -> Decided:
    return Decided(
        house=asked.house,
        mode=asked.mode,
        shift_k=0.0 if rules is None else rules.shift_k,
        fan_share=1.0 if rules is None else rules.fan_share,
        sha256=asked.policy.sha256,
        advised_k=None if advice is None else advice.shift_k,
        advised_share=None if advice is None else advice.fan_share,
        refused=None if refused is None else refused.value,
        air_c=asked.inside.air_c,
        foretold_c=foretold_c,
        fitted=fitted,
        trouble=trouble,
    )


def _state(asked: Asked, measured: Climate, built: Built) -> State:
    """Return a flock on the litter of its age: nobody has followed it."""
    flock = State(
        mass_c=measured.air_c,
        birds=asked.birds.count,
        age_d=asked.birds.age_d,
        bird_kg=_bird_kg(built, asked),
    )
    return _as_measured(with_litter(flock, built.parameters), measured)


def _as_measured(state: State, measured: Climate) -> State:
    vapour = saturation_pa(measured.air_c) * measured.humidity_pct / 100.0
    return replace(
        state,
        air_c=measured.air_c,
        vapour_kg_m3=1e-3 * vapour_g_m3(measured.air_c, vapour),
        co2_mg_m3=co2_mg_m3(measured.co2_ppm, measured.air_c, SEA_LEVEL_PA),
    )


def _populate(twin: HeldTwin, built: Built, asked: Asked) -> None:
    """Let the twin have the birds that people count, what is measured and how its fans ran."""
    birds, state = asked.birds, twin.state
    state.birds, state.age_d = birds.count, birds.age_d
    state.bird_kg = _bird_kg(built, asked)
    twin.gauge_ppm = asked.inside.ammonia_ppm
    twin.ran_share = asked.ran_share
    stands = asked.standing
    twin.standing = (
        None if stands is None else msgspec.convert(stands, Standing, from_attributes=True)
    )


def _bird_kg(built: Built, asked: Asked) -> float:
    return asked.birds.kg if built.bird_kg is None else built.bird_kg


def _outdoor(outside: Outside) -> Outdoor:
    vapour_pa = saturation_pa(outside.air_c) * outside.humidity_pct / 100.0
    return Outdoor(
        radiation_w_m2=outside.radiation_w_m2,
        temperature_c=outside.air_c,
        vapour_pa=vapour_pa,
        co2_mg_m3=OUTDOOR_CO2_MG_M3,
        wind_m_s=outside.wind_m_s,
        sky_c=sky_of_dew_point_c(outside.air_c, vapour_pa),
        ground_c=GROUND_C,
    )
