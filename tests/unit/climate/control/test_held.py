"""The twin of a coop that a hub's own rules steer, and its shield."""

from dataclasses import replace
from math import nan, sin

import pytest

from tests.support import coop
from tests.support.fans import Coop
from tokkatot.automation.state import Climate
from tokkatot.climate.control.dials import HELD_DIALS
from tokkatot.climate.control.held import HeldRules, regulated, steer_held
from tokkatot.climate.control.shield import Moment, Readings, Refusal, Shield, Verdict
from tokkatot.climate.control.twins import HeldTwin
from tokkatot.climate.physics.poultry.houses import day_old, of_floor, open_house, tunnel_house
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.physics.poultry.model import State
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind

RULES = HeldRules(points=DEFAULT_SETPOINTS[HouseKind.COOP])
STEP_S = 300.0
COOL = Moment(outdoor=replace(coop.outdoor(0), temperature_c=19.0), hour=2.0)
MILD = replace(COOL, outdoor=replace(COOL.outdoor, temperature_c=24.0))


def grown(air_c: float) -> State:
    return replace(day_old(500), age_d=28.0, bird_kg=1.6, air_c=air_c, mass_c=air_c)


@pytest.mark.parametrize(
    ("air_c", "shift_k", "fans", "heaters"),
    [
        (21.0, 0.0, 0.0, 1.0),
        (22.5, 0.0, 0.0, 0.0),
        (24.0, 0.0, 1.0, 0.0),
        (24.0, 2.5, 0.0, 1.0),
        (31.0, 0.0, 1.0, 0.0),
        (36.0, 3.0, 1.0, 0.0),
    ],
)
def test_it_is_steered_as_the_engine_steers(
    air_c: float, shift_k: float, fans: float, heaters: float
) -> None:
    standing = regulated(air_c, replace(RULES, shift_k=shift_k), Climate())
    controls = steer_held(standing, 12.0, tunnel_house())
    assert (controls.fans, controls.heaters) == (fans, heaters)


def test_an_open_house_opens_its_curtains_where_another_runs_its_fans() -> None:
    standing = regulated(31.0, RULES, Climate())
    controls = steer_held(standing, 12.0, open_house())
    assert (controls.fans, controls.curtains, controls.stir) == (0.0, 1.0, 1.0)


def test_the_twin_stays_where_it_is_while_it_looks_ahead() -> None:
    twin = HeldTwin(grown(24.0), of_floor(tunnel_house(), 50.0))
    before = replace(twin.state)
    twin.ahead(COOL, 1200.0).of(RULES)
    assert twin.state == before


def test_a_house_over_another_floor_is_as_high_and_as_densely_built() -> None:
    large, small = tunnel_house(), of_floor(tunnel_house(), 50.0)
    for name in ("air_m3", "fan_m3_s", "roof_m2", "leak_m2", "heater_w"):
        assert getattr(small, name) / 50.0 == pytest.approx(getattr(large, name) / large.floor_m2)


def test_air_that_birds_need_is_not_shut_off_for_warmth() -> None:
    twin = HeldTwin(grown(24.5), of_floor(tunnel_house(), 50.0))
    shield = Shield(RULES, HELD_DIALS, twin, step_s=STEP_S)
    # 24.5 °C is warm enough for fans as people set them, and too cold three kelvins higher.
    assert shield.considered((3.0, 1.0), COOL) is None
    assert shield.considered((0.1, 1.0), COOL) == replace(RULES, shift_k=0.1)


def test_other_set_points_of_people_are_fallen_back_on_at_once() -> None:
    twin = HeldTwin(grown(24.5), of_floor(tunnel_house(), 50.0))
    shield = Shield(RULES, HELD_DIALS, twin, step_s=STEP_S, settle=0)
    warmer = HeldRules(points=replace(RULES.points, temperature_max_c=32.0))
    shield.rebase(warmer)
    blind = Readings(air_c=None, humidity_pct=70.0, co2_ppm=900.0)
    verdict = shield.decide((0.1, 1.0), blind, COOL)
    assert (verdict.rules, verdict.refused) == (warmer, Refusal.SENSOR)


def test_litter_takes_nothing_back_of_the_ammonia_that_a_gauge_shows() -> None:
    # As a process that has just begun believes it: litter that holds nothing.
    twin = HeldTwin(replace(grown(23.0), birds=50.0), of_floor(tunnel_house(), 50.0))
    twin.gauge_ppm = 18.0
    twin.correct(twin.shown())
    assert twin.state.ammonia_mg_m3 == pytest.approx(18.0 * AMMONIA_MG_M3_PPM)
    # Its air is shut off.
    twin.live(replace(RULES, shift_k=3.0), COOL, 600.0)
    assert twin.state.ammonia_mg_m3 > 0.9 * 18.0 * AMMONIA_MG_M3_PPM


def test_litter_that_holds_more_keeps_it_and_without_a_gauge_so_does_the_air() -> None:
    twin = HeldTwin(replace(grown(23.0), ammoniacal_kg_m2=0.02), of_floor(tunnel_house(), 50.0))
    twin.gauge_ppm = 2.0
    twin.correct(twin.shown())
    assert twin.state.ammoniacal_kg_m2 == 0.02
    twin.gauge_ppm = None
    twin.state.ammonia_mg_m3 = 7.0
    twin.correct(twin.shown())
    assert twin.state.ammonia_mg_m3 == 7.0


SPARING = replace(RULES, fan_share=0.25)


@pytest.mark.parametrize(
    ("air_c", "fans"), [(24.0, 0.25), (26.0, 0.25), (28.5, 0.625), (29.9, 1.0), (31.0, 1.0)]
)
def test_between_its_limits_a_part_of_its_fans_runs_where_it_is_lent(
    air_c: float, fans: float
) -> None:
    cool = regulated(24.0, SPARING, Climate())
    controls = steer_held(regulated(air_c, SPARING, cool), 12.0, tunnel_house())
    # Its vents stay open for those that run.
    assert (controls.fans, controls.inlets) == (fans, 1.0)


def test_of_fans_that_are_counted_no_part_runs_alone() -> None:
    standing = regulated(24.0, SPARING, Climate())
    house = tunnel_house()
    of = {fans: steer_held(standing, 12.0, house, fans).fans for fans in (0, 1, 3, 8)}
    assert of == {0: 1.0, 1: 1.0, 3: 1 / 3, 8: 0.25}


def test_a_twin_s_fans_run_as_those_of_the_engine_do() -> None:
    """Through a day's heat and cold, second by second here and minute by minute there."""
    made = Coop()
    made.lend(0.25)
    rules, standing = replace(RULES, fan_share=0.25, fans=4), Climate()
    for minute in range(300):
        made.temperature_c = 26.0 + 5.0 * sin(minute / 23.0) + 1.5 * sin(minute / 3.0)
        made.run(60.0, every_s=20.0)
        if minute % 5 == 0:
            made.lend(0.25)
        standing = regulated(made.temperature_c, rules, standing)
        controls = steer_held(standing, 12.0, tunnel_house(), 4)
        assert sum(made.turning) == round(4 * controls.fans), minute


def test_fewer_fans_move_less_air_and_the_shield_sees_what_comes_of_it() -> None:
    house = of_floor(tunnel_house(), 50.0)
    spared, alone = (HeldTwin(grown(26.0), house) for _ in range(2))
    spared.live(SPARING, MILD, STEP_S)
    alone.live(RULES, MILD, STEP_S)
    assert spared.state.air_c > alone.state.air_c + 0.2
    assert spared.book.electricity_j < alone.book.electricity_j
    # A tenth is not enough for so many birds under a hot roof: that is a danger, most are none.
    crowded = replace(grown(25.9), birds=4000.0)
    shield = Shield(RULES, HELD_DIALS, HeldTwin(crowded, house), step_s=STEP_S)
    # Where they are all needed there is nothing to say but of set-points.
    assert shield.considered((0.0, 0.1), MILD) == RULES
    assert shield.considered((0.1, 0.1), MILD) == replace(RULES, shift_k=0.1)
    assert shield.considered((0.0, 0.7), MILD) == replace(RULES, fan_share=0.7)


class Lent:
    """A coop, its twin and its shield, which decides anew every five minutes."""

    def __init__(self, birds: float) -> None:
        house = of_floor(tunnel_house(), 50.0)
        self.real, self.twin = (
            HeldTwin(replace(grown(25.9), birds=birds), house) for _ in range(2)
        )
        self.shield = Shield(RULES, HELD_DIALS, self.twin, step_s=STEP_S, settle=0)
        self.rules: HeldRules | None = None

    def decide(self, *wish: float) -> Verdict[HeldRules]:
        if self.rules is not None:
            self.real.live(self.rules, MILD, STEP_S)
        shown = self.real.shown()
        readings = Readings(
            air_c=shown.air_c, humidity_pct=shown.humidity_pct, co2_ppm=shown.co2_ppm
        )
        verdict = self.shield.decide(wish, readings, MILD)
        self.rules = verdict.rules
        return verdict

    def crowd(self, birds: float) -> None:
        self.real.state.birds = self.twin.state.birds = birds


def test_where_fans_are_needed_set_points_stay_turned_and_more_fans_run() -> None:
    house = Lent(300.0)
    shares = [house.decide(1.0, 0.4).rules.fan_share for _ in range(4)]
    assert shares == pytest.approx([0.85, 0.7, 0.55, 0.4])
    house.crowd(2000.0)
    verdict = house.decide(1.0, 0.1)
    assert verdict.refused is None
    # As far as one decision may go.
    assert verdict.rules.shift_k == pytest.approx(5 * HELD_DIALS[0].step)
    assert verdict.rules.fan_share == pytest.approx(0.55)


def test_where_set_points_alone_would_do_harm_the_rules_are_back() -> None:
    house = Lent(300.0)
    assert all(house.decide(1.0, 0.4).refused is None for _ in range(4))
    house.crowd(5000.0)
    assert house.decide(1.0, 0.1) == Verdict(rules=RULES, refused=Refusal.DANGER)


@pytest.mark.parametrize("wish", [(0.1, nan), (nan, 1.0), (0.1,), (0.1, 0.5, 1.0)])
def test_of_a_wish_that_is_none_no_part_is_granted(wish: tuple[float, ...]) -> None:
    verdict = Lent(300.0).decide(*wish)
    assert verdict == Verdict(rules=RULES, refused=Refusal.POLICY)
