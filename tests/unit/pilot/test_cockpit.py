"""Which twin a shield asks: the one that was fitted to the house, or the usual one."""

import hashlib
from uuid import UUID

import msgspec
import pytest

from tests.support import policies
from tests.support.autopilot import asked, wanting
from tokkatot.climate.control.dials import COOP_DIALS
from tokkatot.climate.control.flock import FlockPrices
from tokkatot.climate.physics.poultry.birds import comfort_c
from tokkatot.climate.physics.poultry.houses import in_lay, tunnel_house
from tokkatot.climate.policy.card import House, inputs_of
from tokkatot.domain.autopilot import HouseTwin, PolicyFile
from tokkatot.domain.desired import MAX_HOUSES
from tokkatot.pilot.building import fitted_coop
from tokkatot.pilot.cockpit import Cockpit
from tokkatot.wire.autopilot import Asked, Birds, Decided, Inside, Outside, Standing

WARM = HouseTwin(house="open", equipped={"heater_w": 0.0}, fitted={"heat_total": 1.4})


def decisions(*twins: HouseTwin | None) -> list[Decided]:
    """Return what is decided from one question to the next."""
    cockpit = Cockpit()
    return [
        cockpit.decide(msgspec.structs.replace(asked(number), twin=twin))
        for number, twin in enumerate(twins)
    ]


def test_the_shield_foretells_by_what_was_found_of_the_house() -> None:
    usual, fitted = decisions(None, None)[-1], decisions(WARM, WARM)[-1]
    assert (usual.fitted, fitted.fitted) == (False, True)
    assert usual.foretold_c is not None
    assert fitted.foretold_c is not None
    assert abs(fitted.foretold_c - usual.foretold_c) > 0.1
    assert (fitted.trouble, fitted.refused) == (None, "settling")


def test_a_new_fit_begins_anew_and_lets_the_policy_wait_again() -> None:
    said = decisions(*[None] * 7, WARM, WARM)
    assert [one.refused for one in said] == ["settling"] * 6 + [None] + ["settling"] * 2
    assert [one.fitted for one in said] == [False] * 7 + [True] * 2
    assert said[-1].shift_k == 0.0


@pytest.mark.parametrize(
    ("twin", "why"),
    [
        (HouseTwin(house="tomato", equipped={}, fitted={}), "tomato is no coop"),
        (HouseTwin(house="x" * 999, equipped={}, fitted={}), "is no coop"),
        (HouseTwin(house="open", equipped={}, fitted={"floor_m2": 1.0}), "floor_m2 1"),
        (HouseTwin(house="open", equipped={}, fitted={"heat_total": 9.0}), "heat_total 9"),
        (HouseTwin(house="open", equipped={"heater_w": -1.0}, fitted={}), "heater_w -1"),
        (HouseTwin(house="open", equipped={"mature_kg": 1.0}, fitted={}), "mature_kg 1"),
        (HouseTwin(house="open", equipped={"y" * 999: 1.0}, fitted={}), "no coop has y"),
    ],
)
def test_a_fit_that_is_no_coop_s_leaves_the_usual_twin_and_is_told_of(
    twin: HouseTwin, why: str
) -> None:
    usual, said = decisions(None, None), decisions(twin, twin)
    assert [one.foretold_c for one in said] == [one.foretold_c for one in usual]
    assert [one.refused for one in said] == [one.refused for one in usual]
    assert {one.fitted for one in said} == {False}
    assert why in (said[-1].trouble or "")
    assert len(said[-1].trouble or "") <= 200


def test_what_a_fit_found_goes_before_what_devices_say_over_the_house_s_own_floor() -> None:
    twin = HouseTwin(
        house="tunnel",
        equipped={"heater_w": 5000.0, "fan_w": 700.0},
        fitted={"heater_w": 4000.0},
    )
    built = fitted_coop(twin, 50.0).parameters
    assert (built.heater_w, built.fan_w, built.floor_m2) == (4000.0, 700.0, 50.0)


def test_hens_weigh_what_hens_weigh() -> None:
    twin = HouseTwin(house="hens", equipped={}, fitted={"heat_total": 1.0})
    assert fitted_coop(twin, 50.0).bird_kg == in_lay(1.0).bird_kg
    assert fitted_coop(WARM, 50.0).bird_kg is None


def night(number: int, *, ammonia_ppm: float) -> Asked:
    """Return a question of a full tunnel house in a cold night, its air shut off for warmth."""
    return msgspec.structs.replace(
        asked(number, mode="advise"),
        policy=wanting(3.0),
        maximum_c=25.0,
        inside=Inside(
            air_c=23.0, humidity_pct=70.0, co2_ppm=1500.0, ammonia_ppm=ammonia_ppm, age_s=5.0
        ),
        outside=Outside(air_c=14.0, humidity_pct=75.0, radiation_w_m2=0.0, wind_m_s=1.0),
        hour=3.0,
        floor_m2=1200.0,
        birds=Birds(count=18_000, age_d=28.0, kg=1.58),
    )


def test_ammonia_counts_from_the_first_question_on() -> None:
    cockpit = Cockpit()
    # Air that is shut off longer stays fouler, on litter of four weeks.
    foul = cockpit.decide(night(0, ammonia_ppm=19.0))
    assert (foul.refused, foul.advised_k) == ("settling", None)
    fresh = Cockpit().decide(night(0, ammonia_ppm=5.0))
    assert (fresh.refused, fresh.advised_k) == ("settling", 3.0)


def test_what_nobody_agrees_to_any_more_is_given_back_at_once() -> None:
    cockpit = Cockpit()
    steered = [cockpit.decide(asked(number)).shift_k for number in range(12)]
    assert steered[-1] == pytest.approx(1.0)
    advised = cockpit.decide(asked(12, mode="advise"))
    assert (advised.shift_k, advised.advised_k) == (0.0, 1.0)


def test_what_was_agreed_to_is_over_with_its_time() -> None:
    cockpit = Cockpit()
    yes = [
        cockpit.decide(msgspec.structs.replace(asked(number, mode="advise"), accepted_k=1.0))
        for number in range(12)
    ]
    assert yes[-1].shift_k == pytest.approx(1.0)
    assert cockpit.decide(asked(12, mode="advise")).shift_k == 0.0


@pytest.mark.parametrize(("after_s", "refused"), [(70.0, "settling"), (300.0, None)])
def test_a_house_that_was_switched_off_and_on_settles_again(
    after_s: float, refused: str | None
) -> None:
    cockpit = Cockpit()
    for number in range(8):
        cockpit.decide(asked(number))
    again = msgspec.structs.replace(asked(7), at_s=asked(7).at_s + after_s)
    said = cockpit.decide(again)
    assert said.refused == refused
    assert (said.shift_k > 0.0) is (refused is None)


def test_who_asks_often_does_not_settle_sooner() -> None:
    cockpit = Cockpit()
    often = [
        cockpit.decide(msgspec.structs.replace(asked(0), at_s=20.0 * number))
        for number in range(10)
    ]
    assert {one.refused for one in often} == {"settling"}


def test_each_house_of_a_large_farm_keeps_its_twin() -> None:
    cockpit, houses = Cockpit(), [UUID(int=1000 + house) for house in range(40)]
    assert len(houses) <= MAX_HOUSES
    said = [
        cockpit.decide(msgspec.structs.replace(asked(number), house=house))
        for number in (0, 1)
        for house in houses
    ]
    # Whose twin begins anew is foretold what was measured.
    off_k = [abs((one.foretold_c or 0.0) - (one.air_c or 0.0)) for one in said]
    assert max(off_k[:40]) < 0.01 < min(off_k[40:])


def test_another_flock_begins_anew() -> None:
    def of_age(number: int, age_d: float) -> Asked:
        birds = Birds(count=480, age_d=age_d, kg=1.65)
        return msgspec.structs.replace(asked(number), birds=birds)

    cockpit = Cockpit()
    ages = [28.0] * 8 + [29.0] * 2 + [21.0]
    said = [cockpit.decide(of_age(number, age_d)) for number, age_d in enumerate(ages)]
    assert [one.refused for one in said[-4:]] == [None, None, None, "settling"]


def test_birds_that_weigh_nothing_by_their_people_s_curve_break_nothing() -> None:
    cockpit = Cockpit()
    chicks = Birds(count=480, age_d=0.0, kg=0.0)
    for number in range(3):
        said = cockpit.decide(msgspec.structs.replace(asked(number), birds=chicks))
        assert said.refused is not None


def test_a_policy_is_shown_electricity_as_dear_as_it_learned_it_to_be_at_that_hour() -> None:
    names = [field.name for field in inputs_of(House.COOP)]
    weights = [[0.0] * len(COOP_DIALS) for _ in names]
    shift = [dial.name for dial in COOP_DIALS].index("shift_k")
    weights[names.index("electricity_eur_kwh")][shift] = 4.0
    offsets = [dial.low for dial in COOP_DIALS]
    offsets[shift] = -4.0 * FlockPrices().electricity_kwh
    model = policies.model(weights, offsets)
    evening = tuple(2.0 if 17 <= hour < 22 else 1.0 for hour in range(24))

    def turned(hour: float, **told: object) -> float:
        card = msgspec.structs.replace(policies.card(model), **told)
        sha256 = hashlib.sha256(model).hexdigest()
        file = PolicyFile(sha256=sha256, card=msgspec.json.encode(card), model=model)
        cockpit = Cockpit()
        questions = [
            msgspec.structs.replace(asked(number), policy=file, hour=hour) for number in range(12)
        ]
        return [cockpit.decide(one).shift_k for one in questions][-1]

    assert turned(18.5) == pytest.approx(0.0, abs=1e-5)
    assert turned(16.5, tariff=evening) == pytest.approx(0.0, abs=1e-5)
    assert turned(18.5, tariff=evening) == pytest.approx(0.6, abs=1e-5)


# ------------------------------------------------------------------------------------ fewer fans


def wanting_stages(band_k: float, shift_k: float = 0.0) -> PolicyFile:
    """Return a policy that wants its stages so wide, and no more air than the least."""
    wanted = {"shift_k": shift_k, "band_k": band_k}
    offsets = [wanted.get(dial.name, dial.low) for dial in COOP_DIALS]
    model = policies.model([[0.0] * len(COOP_DIALS)] * len(inputs_of(House.COOP)), offsets)
    card = msgspec.json.encode(policies.card(model))
    return PolicyFile(sha256=hashlib.sha256(model).hexdigest(), card=card, model=model)


def cool(number: int, **more: object) -> Asked:
    """Return a question of a house between its limits, which are those that its birds want."""
    question = asked(number, air_c=24.5)
    changed = {"policy": wanting_stages(8.0), "minimum_c": 20.0, "maximum_c": 28.0} | more
    return msgspec.structs.replace(question, **changed)


def test_fans_are_lent_step_by_step_once_the_policy_has_settled() -> None:
    cockpit = Cockpit()
    said = [cockpit.decide(cool(number)) for number in range(16)]
    assert [one.refused for one in said] == ["settling"] * 6 + [None] * 10
    shares = [one.fan_share for one in said]
    assert shares[:8] == [1.0] * 6 + [pytest.approx(0.85), pytest.approx(0.7)]
    # Half way between its limits an eighth for each kelvin over what the birds want.
    over_k = 24.0 - comfort_c(28.0, tunnel_house())
    assert shares[-1] == pytest.approx(max(over_k / 8.0, 0.1), abs=0.15)
    assert shares[-1] < 0.7


def test_a_refusal_has_all_fans_back_at_once() -> None:
    cockpit = Cockpit()
    before = [cockpit.decide(cool(number)) for number in range(10)][-1]
    blind = Inside(air_c=None, humidity_pct=70.0, co2_ppm=900.0, ammonia_ppm=5.0, age_s=5.0)
    after = cockpit.decide(cool(10, inside=blind))
    assert before.fan_share < 1.0
    assert (after.refused, after.fan_share, after.advised_share) == ("sensor", 1.0, None)


def test_advice_names_a_part_of_the_fans_and_who_takes_it_gets_it() -> None:
    cockpit = Cockpit()
    advised = [cockpit.decide(cool(number, mode="advise")) for number in range(8)][-1]
    assert (advised.shift_k, advised.fan_share) == (0.0, 1.0)
    assert advised.advised_share is not None
    assert advised.advised_share < 1.0
    yes = {"mode": "advise", "accepted_k": 0.0, "accepted_share": 0.4}
    taken = [cockpit.decide(cool(number, **yes)) for number in range(8, 16)][-1]
    assert taken.shift_k == 0.0
    assert taken.fan_share == pytest.approx(0.4)
    # When the time of a "yes" is over, all of them run.
    assert cockpit.decide(cool(16, mode="advise")).fan_share == 1.0


def test_where_all_fans_are_needed_there_is_still_advice_on_set_points() -> None:
    crowded = Birds(count=4000, age_d=28.0, kg=1.65)
    warm = Outside(air_c=25.0, humidity_pct=75.0, radiation_w_m2=300.0, wind_m_s=1.0)
    inside = Inside(air_c=25.5, humidity_pct=70.0, co2_ppm=900.0, ammonia_ppm=5.0, age_s=5.0)
    more = {
        "birds": crowded,
        "inside": inside,
        "outside": warm,
        "policy": wanting_stages(8.0, -0.1),
    }
    said = Cockpit().decide(cool(0, mode="advise", **more))
    assert said.advised_k is not None
    assert (said.advised_k < 0.0, said.advised_share) == (True, 1.0)


def test_a_house_without_exhaust_fans_is_lent_none() -> None:
    cockpit = Cockpit()
    said = [cockpit.decide(cool(number, twin=WARM)) for number in range(10)][-1]
    assert (said.refused, said.fan_share) == (None, 1.0)


def test_fans_that_ran_for_somebody_else_are_known_to_the_twin() -> None:
    """In a cold night its rules have shut the air; a schedule of people's own runs a part of it."""

    def foretold(ran_share: float | None) -> float:
        cockpit = Cockpit()
        shut = {"minimum_c": 29.0, "maximum_c": 33.0, "ran_share": ran_share}
        said = [cockpit.decide(cool(number, **shut)) for number in range(2)][-1]
        assert said.foretold_c is not None
        return said.foretold_c

    assert foretold(0.0) == pytest.approx(foretold(None), abs=0.05)
    assert foretold(0.5) < foretold(0.0) - 0.5


def test_between_two_thresholds_the_twin_stands_where_the_house_s_rules_do() -> None:
    """Fans that were shut stay so until it is warm; a twin alone would have them run."""

    def foretold(*, shut: bool) -> float:
        cockpit = Cockpit()
        stands = Standing(heating=False, venting=False, shut=shut, over_hard_limit=False)
        cold = Outside(air_c=23.0, humidity_pct=75.0, radiation_w_m2=0.0, wind_m_s=1.0)
        between = {"standing": stands, "outside": cold, "maximum_c": 34.0}
        said = [cockpit.decide(cool(number, **between)) for number in range(2)][-1]
        assert said.foretold_c is not None
        return said.foretold_c

    assert foretold(shut=True) > foretold(shut=False) + 1.0


def test_a_house_with_one_fan_is_lent_none() -> None:
    cockpit = Cockpit()
    alone = {"fans": 1, "mode": "advise", "accepted_k": 0.0, "accepted_share": 0.4}
    said = [cockpit.decide(cool(number, **alone)) for number in range(10)]
    assert {one.fan_share for one in said} == {1.0}
    assert {one.advised_share for one in said} == {1.0}


def test_advice_stays_what_a_person_has_read() -> None:
    cockpit = Cockpit()
    first = [cockpit.decide(cool(number, mode="advise")) for number in range(6)]
    share = first[-1].advised_share
    yes = {"mode": "advise", "accepted_k": 0.0, "accepted_share": share}
    after = [cockpit.decide(cool(number, **yes)) for number in range(6, 18)]
    assert {one.advised_share for one in (*first, *after)} == {share}
