"""Policies as files: what belongs together is taken, everything else is refused with a line."""

from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path

import msgspec
import pytest

from tests.support import coop, policies
from tests.support.greenhouse import outdoor
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.crop import GREENHOUSE_SEEN, TomatoPrices, seen_in_greenhouse
from tokkatot.climate.control.dials import COOP_DIALS, GREENHOUSE_DIALS, positions
from tokkatot.climate.control.flock import COOP_SEEN, FlockPrices, seen_in_coop
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.tariff import Tariff
from tokkatot.climate.physics.greenhouse.model import State
from tokkatot.climate.physics.poultry.houses import day_old, tunnel_house
from tokkatot.climate.policy.card import (
    MODEL,
    Card,
    House,
    Input,
    Named,
    PolicyRefused,
    checked_card,
    inputs_of,
    named,
    observation,
    read_policy,
    tariff_of,
)
from tokkatot.climate.policy.running import Policy

WIDTH = len(inputs_of(House.COOP))
REST = positions(StageRules(), COOP_DIALS)
HOLDS = policies.model([[0.0] * len(REST)] * WIDTH, REST)
"""Whatever it sees, it wants the rules as they are."""


def moment() -> dict[str, float]:
    seen = seen_in_coop(day_old(18_000), coop.outdoor(40), tunnel_house(), FlockPrices())
    return dict(named(House.COOP, seen, 10.0, REST))


def test_what_is_seen_has_a_name_for_each_number() -> None:
    seen = seen_in_greenhouse(State(), outdoor(0), TomatoPrices())
    assert len(seen) == len(GREENHOUSE_SEEN)
    assert len(seen_in_coop(day_old(1), coop.outdoor(0), tunnel_house(), FlockPrices())) == len(
        COOP_SEEN
    )
    told = named(House.GREENHOUSE, seen, 6.5, positions(TomatoRules(), GREENHOUSE_DIALS))
    assert told["air_c"] == State().air_c
    assert told["outdoor_c"] == outdoor(0).temperature_c
    assert (told["hour"], told["set_day_c"]) == (6.5, TomatoRules().day_c)
    # Air has a share of carbon dioxide, and rules hold one.
    assert told["co2_ppm"] != told["set_co2_ppm"] == TomatoRules().co2_ppm


def test_a_card_tells_its_tariff_and_one_without_reads_as_before() -> None:
    plain = policies.card(HOLDS)
    assert b"tariff" not in msgspec.json.encode(plain)
    assert tariff_of(plain) == Tariff()
    evening = tuple(2.0 if 17 <= hour < 22 else 1.0 for hour in range(24))
    dear = msgspec.structs.replace(plain, tariff=evening)
    read = checked_card(msgspec.json.encode(dear), HOLDS)
    assert tariff_of(read) == Tariff(electricity=evening)
    for wrong in (evening[1:], (0.0, *evening[1:]), (101.0, *evening[1:])):
        written = msgspec.json.encode(msgspec.structs.replace(plain, tariff=wrong))
        with pytest.raises(PolicyRefused, match="tariff"):
            checked_card(written, HOLDS)


@pytest.mark.parametrize("house", House)
def test_no_two_inputs_share_a_name(house: House) -> None:
    names = [field.name for field in inputs_of(house)]
    assert len(names) == len(set(names))


def test_a_policy_answers_set_points_in_their_units(tmp_path: Path) -> None:
    policy = Policy.load(policies.write(tmp_path, HOLDS, policies.card(HOLDS)))
    assert policy.ask(moment()) == pytest.approx(REST)
    assert policy.card.house is House.COOP


def test_a_policy_is_fed_what_its_card_names_in_the_cards_order(tmp_path: Path) -> None:
    fed = policies.model([[1.0, 0, 0, 0, 0, 0], [0, 1.0, 0, 0, 0, 0]], [0.0] * 6)
    two = (Input(name="age_d", low=0, high=700), Input(name="air_c", low=-20, high=29))
    card = msgspec.structs.replace(policies.card(fed), inputs=two)
    policy = Policy.load(policies.write(tmp_path, fed, card))
    # The chicks' house is warmer than this policy ever saw.
    assert policy.ask({**moment(), "age_d": 3.0, "air_c": 30.0})[:2] == (3.0, 29.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_a_policy_that_lacks_something_is_not_asked(tmp_path: Path, value: float | None) -> None:
    policy = Policy.load(policies.write(tmp_path, HOLDS, policies.card(HOLDS)))
    short: Named = {
        name: number
        for name, number in {**moment(), "wind_m_s": value}.items()
        if number is not None
    }
    with pytest.raises(PolicyRefused, match="needs wind_m_s"):
        policy.ask(short)


def test_an_answer_that_is_no_number_is_refused(tmp_path: Path) -> None:
    wild = policies.model([[float("nan")] * 6] * WIDTH, REST)
    policy = Policy.load(policies.write(tmp_path, wild, policies.card(wild)))
    with pytest.raises(PolicyRefused, match="no number"):
        policy.ask(moment())


def _other_dials(card: Card) -> Card:
    wide = msgspec.structs.replace(card.outputs[0], high=50.0)
    return msgspec.structs.replace(card, outputs=(wide, *card.outputs[1:]))


def _clairvoyant(card: Card) -> Card:
    odd = Input(name="lottery", low=0, high=1)
    return msgspec.structs.replace(card, inputs=(*card.inputs, odd))


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (lambda card: msgspec.structs.replace(card, model_sha256="0" * 64), "not the model that"),
        (_other_dials, "other set-points"),
        (_clairvoyant, "looks at lottery"),
        (lambda card: msgspec.structs.replace(card, house=House.GREENHOUSE), "nobody measures"),
        (lambda card: msgspec.structs.replace(card, inputs=card.inputs[1:]), "another form"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    tmp_path: Path, spoilt: Callable[[Card], Card], reason: str
) -> None:
    folder = policies.write(tmp_path, HOLDS, spoilt(policies.card(HOLDS)))
    with pytest.raises(PolicyRefused, match=reason):
        Policy.load(folder)


def test_a_file_that_is_no_model_or_no_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match="No such file"):
        read_policy(tmp_path)
    junk = b"no model"
    with pytest.raises(PolicyRefused, match="is no model"):
        Policy.load(policies.write(tmp_path, junk, policies.card(junk)))
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(PolicyRefused, match=r"card\.json"):
        read_policy(tmp_path)
    with (tmp_path / MODEL).open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(PolicyRefused, match="larger than a policy is"):
        read_policy(tmp_path)


def test_prices_are_seen_so_that_one_policy_serves_several_farms() -> None:
    dear = changed(FlockPrices(), electricity_kwh=0.6)
    seen = seen_in_coop(day_old(10), coop.outdoor(0), tunnel_house(), dear)
    told = named(House.COOP, seen, 0.0, REST)
    assert told["electricity_eur_kwh"] == 0.6
    assert observation(policies.card(HOLDS), told)[13] == 0.6
