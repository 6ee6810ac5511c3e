"""What a shield lets through, what it narrows, and when it falls back on the rules."""

from collections.abc import Callable
from dataclasses import fields, replace
from math import inf, nan
from typing import Any

import pytest

from tests.support import coop, greenhouse
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.dials import (
    COOP_DIALS,
    GREENHOUSE_DIALS,
    HELD_DIALS,
    positions,
    turned,
)
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.held import HeldRules
from tokkatot.climate.control.shield import (
    LIFETIME_S,
    Doubts,
    Moment,
    Readings,
    Refusal,
    Shield,
    Verdict,
)
from tokkatot.climate.control.twins import CoopLimits, CoopTwin, GreenhouseTwin, HeldTwin
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import State as Inside
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.houses import day_old, tunnel_house
from tokkatot.climate.physics.poultry.model import State
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind, SetPoints

BASE = StageRules()
REST = positions(BASE, COOP_DIALS)
STEP_S = 300.0
NOON = Moment(outdoor=coop.outdoor(48), hour=12.0)
WIDER = (0.0, 5.0, *REST[2:])
"""Fans that come over five kelvins and not over four."""


def grown() -> State:
    return replace(day_old(12_000), age_d=25.0, bird_kg=1.4, air_c=24.0, mass_c=24.0)


class Farm:
    """A house that does what its twin foretells, unless a test says otherwise."""

    def __init__(
        self, *, settle: int = 0, state: State | None = None, limits: CoopLimits | None = None
    ) -> None:
        self.real = CoopTwin(state or grown(), tunnel_house(), limits)
        self.twin = CoopTwin(replace(self.real.state), tunnel_house(), limits)
        self.shield = Shield(BASE, COOP_DIALS, self.twin, step_s=STEP_S, settle=settle)

    def readings(self) -> Readings:
        shown = self.real.shown()
        return Readings(air_c=shown.air_c, humidity_pct=shown.humidity_pct, co2_ppm=shown.co2_ppm)

    def decide(
        self,
        asked: tuple[float, ...] | None = WIDER,
        *,
        readings: Readings | None = None,
        moment: Moment = NOON,
    ) -> Verdict[StageRules]:
        verdict = self.shield.decide(asked, readings or self.readings(), moment)
        self.real.live(verdict.rules, moment, STEP_S)
        return verdict


def test_what_is_sound_is_let_through() -> None:
    verdict = Farm().decide()
    assert verdict.refused is None
    assert verdict.rules == replace(BASE, band_k=5.0)


def test_a_twin_that_shows_no_number_is_not_believed() -> None:
    farm = Farm()
    farm.twin.state.co2_mg_m3 = nan
    assert farm.decide().refused is Refusal.ASTRAY


def test_a_dial_moves_by_its_step_and_never_beyond_its_ends() -> None:
    farm = Farm()
    far = (0.0, 99.0, *REST[2:])
    bands = [farm.decide(far).rules.band_k for _ in range(6)]
    assert bands == [5, 6, 7, 8, 8, 8]


def test_nobody_asks_for_less_air_than_the_birds_breathe() -> None:
    farm = Farm()
    airless = (*REST[:2], 0.0, *REST[3:])
    verdict = farm.decide(airless)
    assert verdict.refused is None
    assert verdict.rules.least_m3_s_kg == BASE.least_m3_s_kg


@pytest.mark.parametrize("asked", [None, (), REST[:3], (nan, *REST[1:]), (inf, *REST[1:])])
def test_an_answer_that_is_none_brings_the_rules(asked: tuple[float, ...] | None) -> None:
    verdict = Farm().decide(asked)
    assert verdict == Verdict(rules=BASE, refused=Refusal.POLICY)


@pytest.mark.parametrize(
    "broken",
    [
        {"air_c": None},
        {"air_c": nan},
        {"air_c": 85.0},
        {"humidity_pct": 104.0},
        {"co2_ppm": None},
        {"co2_ppm": 0.0},
        {"age_s": Doubts().age_max_s + 1},
    ],
)
def test_a_reading_that_cannot_be_brings_the_rules_in_the_same_decision(
    broken: dict[str, float | None],
) -> None:
    farm = Farm()
    assert farm.decide().refused is None
    verdict = farm.decide(readings=replace(farm.readings(), **broken))  # type: ignore[arg-type] # a field each
    assert verdict == Verdict(rules=BASE, refused=Refusal.SENSOR)


def test_a_house_that_leaves_its_twin_is_left_to_the_rules() -> None:
    farm = Farm()
    assert farm.decide().refused is None
    farm.real.state.air_c += 4.0
    assert farm.decide() == Verdict(rules=BASE, refused=Refusal.ASTRAY)
    # What is measured again and again is true in the end.
    later = [farm.decide(readings=farm.readings()).refused for _ in range(12)]
    assert later[-1] is None


def test_a_policy_comes_back_only_after_a_while_of_good_answers() -> None:
    farm = Farm(settle=3)
    begun = [farm.decide().refused for _ in range(4)]
    assert begun == [Refusal.SETTLING] * 3 + [None]
    assert farm.decide(None).refused is Refusal.POLICY
    again = [farm.decide() for _ in range(4)]
    assert [verdict.refused for verdict in again] == begun
    assert [verdict.rules for verdict in again[:3]] == [BASE] * 3


def test_set_points_that_would_stew_the_flock_are_refused() -> None:
    hot = replace(grown(), air_c=27.5, mass_c=27.5, birds=18_000)
    eager = replace(BASE, shift_k=3.0, band_k=8.0, pad_over_k=10.0, stir_over_k=4.0)
    farm = Farm(state=hot)
    stewing = positions(eager, COOP_DIALS)
    reasons = [farm.decide(stewing).refused for _ in range(12)]
    assert Refusal.DANGER in reasons
    assert max(farm.real.strain(BASE, NOON, STEP_S), 0.0) == 0.0


def hopeless() -> Farm:
    farm = Farm(limits=CoopLimits(hot_over_k=1.0))
    assert farm.real.strain(BASE, NOON, STEP_S) > 0
    return farm


def test_on_a_day_that_no_rules_could_hold_a_policy_helps_or_lets_be() -> None:
    farm = hopeless()
    assert farm.decide(REST).refused is None
    late = (3.0, 8.0, *REST[2:4], 10.0, 12.0)
    reasons = [farm.decide(late).refused for _ in range(6)]
    assert Refusal.DANGER in reasons
    farm = hopeless()
    nearly = (REST[0] + 0.01, *REST[1:])
    assert farm.decide(nearly).refused is Refusal.DANGER
    farm = hopeless()
    early = (-2.0, 1.0, REST[2], -2.0, 1.0, 1.0)
    helped = [farm.decide(early) for _ in range(6)]
    assert [verdict.refused for verdict in helped] == [None] * 6
    assert helped[-1].rules != BASE


def test_who_is_safe_by_a_hair_is_judged_as_if_its_thermometer_were_wrong() -> None:
    mild = replace(NOON, outdoor=replace(NOON.outdoor, temperature_c=22.0))

    def strain(warmth_from_c: float) -> float:
        points = SetPoints(
            temperature_min_c=warmth_from_c,
            temperature_max_c=warmth_from_c + 4.0,
            temperature_hard_max_c=warmth_from_c + 9.0,
        )
        twin = HeldTwin(replace(grown(), air_c=24.0, mass_c=24.0), tunnel_house())
        return twin.ahead(mild, LIFETIME_S).of(HeldRules(points=points)).strain

    # At 22 the air is shut off for a while. A quarter of a kelvin below it is not, or would be.
    assert strain(21.0) + 1.0 < strain(21.75) <= strain(22.0)


def held() -> tuple[Shield[HeldRules], HeldTwin]:
    twin = HeldTwin(grown(), tunnel_house())
    rules = HeldRules(points=DEFAULT_SETPOINTS[HouseKind.COOP])
    return Shield(rules, HELD_DIALS, twin, step_s=STEP_S, settle=0), twin


def staged() -> tuple[Shield[StageRules], CoopTwin]:
    twin = CoopTwin(grown(), tunnel_house())
    return Shield(BASE, COOP_DIALS, twin, step_s=STEP_S, settle=0), twin


def glazed() -> tuple[Shield[TomatoRules], GreenhouseTwin]:
    twin = GreenhouseTwin(Inside(), bleiswijk_led())
    return Shield(TomatoRules(), GREENHOUSE_DIALS, twin, step_s=STEP_S, settle=0), twin


RESTS = {
    held: (0.0, 1.0),
    staged: REST,
    glazed: positions(TomatoRules(), GREENHOUSE_DIALS),
}


@pytest.mark.parametrize("made", RESTS)
@pytest.mark.parametrize("hidden", [False, True])
def test_where_what_would_come_is_no_number_it_is_a_danger(
    made: Callable[[], tuple[Shield[Any], Any]], *, hidden: bool
) -> None:
    shield, twin = made()
    shown = twin.shown()
    readings = Readings(air_c=shown.air_c, humidity_pct=shown.humidity_pct, co2_ppm=shown.co2_ppm)
    if hidden:
        # What no instrument shows has lost its number, and takes the air with it.
        name = "cover_in_c" if made is glazed else "mass_c"
        setattr(twin.state, name, nan)
        moment = NOON
    else:
        moment = replace(NOON, outdoor=replace(NOON.outdoor, temperature_c=nan))
    verdict = shield.decide(RESTS[made], readings, moment)
    assert verdict.refused is Refusal.DANGER
    # It goes on with the rules, whatever has become of the twin.
    later = shield.decide(RESTS[made], readings, NOON).refused
    assert later is (Refusal.ASTRAY if hidden else None)
    assert shield.decide(RESTS[made], readings, moment).refused is not None


@pytest.mark.parametrize("field", [one.name for one in fields(Outdoor)])
def test_weather_that_is_no_number_is_a_danger_also_where_no_twin_minds_it(field: str) -> None:
    moment = replace(NOON, outdoor=replace(NOON.outdoor, **{field: nan}))
    assert Farm().decide(moment=moment) == Verdict(rules=BASE, refused=Refusal.DANGER)


def test_the_twin_stays_where_it_is_while_it_looks_ahead() -> None:
    twin = CoopTwin(grown(), tunnel_house())
    before = replace(twin.state)
    twin.strain(BASE, NOON, 1200.0)
    assert twin.state == before


def test_a_greenhouse_is_kept_from_frost_and_from_bad_numbers() -> None:
    base = TomatoRules()
    freezing = replace(
        base, day_c=15.0, night_c=12.0, vent_over_k=0.5, humidity_max_pct=70.0, screen_night_c=-5.0
    )
    night = Moment(outdoor=replace(greenhouse.outdoor(0), temperature_c=-14.0), hour=22.0)
    real = GreenhouseTwin(Inside(air_c=17.0), bleiswijk_led())
    twin = GreenhouseTwin(replace(real.state), bleiswijk_led())
    shield = Shield(base, GREENHOUSE_DIALS, twin, step_s=900.0, settle=0)
    asked = positions(freezing, GREENHOUSE_DIALS)
    refused, air = [], []
    for _ in range(24):
        shown = real.shown()
        readings = Readings(
            air_c=shown.air_c, humidity_pct=shown.humidity_pct, co2_ppm=shown.co2_ppm
        )
        verdict = shield.decide(asked, readings, night)
        real.live(verdict.rules, night, 900.0)
        refused.append(verdict.refused)
        air.append(real.shown().air_c)
    unshielded = GreenhouseTwin(Inside(air_c=17.0), bleiswijk_led())
    for _ in range(24):
        unshielded.live(turned(base, GREENHOUSE_DIALS, asked), night, 900.0)
    assert Refusal.DANGER in refused
    assert min(air) > 11.0 > unshielded.shown().air_c


def test_what_is_given_back_is_at_rest_at_once_and_the_twin_lives_by_what_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    farm, lived = Farm(), list[float]()
    live = farm.twin.live

    def watched(rules: StageRules, moment: Moment, duration_s: float) -> None:
        lived.append(rules.band_k)
        live(rules, moment, duration_s)

    monkeypatch.setattr(farm.twin, "live", watched)
    far = (0.0, 99.0, *REST[2:])
    assert [farm.decide(far).rules.band_k for _ in range(3)] == [5.0, 6.0, 7.0]
    farm.shield.give_back()
    assert farm.decide(REST).rules == BASE
    assert lived == [5.0, 6.0, 7.0]
