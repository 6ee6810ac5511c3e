"""What learns a policy for one house: in its own twin, on its own weather."""

import sys
from base64 import b64decode
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.support import coop, policies
from tests.support.autopilot import wanting
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.dials import COOP_DIALS, positions
from tokkatot.climate.physics.known import House
from tokkatot.climate.policy.running import Policy
from tokkatot.cloud.jobs.program import Refused
from tokkatot.cloud.twins.built import Birds, Twin
from tokkatot.cloud.twins.trainer import Task, judged, parted, searched, seen, train

TWIN = Twin(
    house=House.TUNNEL,
    floor_m2=50.0,
    equipped={"fan_w": 800.0},
    fitted={"heat_total": 0.9},
    fans_w=800.0,
    birds=Birds(count=480, age_d=20.0, kg=0.9),
)


BEST = np.array(positions(StageRules(), COOP_DIALS))
"""Where the dials stand in rules that nobody tuned."""
EVENING = tuple(2.0 if 17 <= hour < 22 else 1.0 for hour in range(24))


def task(**changes: object) -> bytes:
    weather = [coop.outdoor(4 * hour) for hour in range(6 * 24)]
    asked = Task(twin=TWIN, weather=weather, steps=16_384, days=0.5)
    return msgspec.msgpack.encode(msgspec.structs.replace(asked, **changes))


def test_a_server_without_what_learns_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "tokkatot.climate.train.learning", raising=False)
    monkeypatch.delitem(sys.modules, "tokkatot.climate.train.exporting", raising=False)
    with pytest.raises(Refused, match="extra `train`"):
        train(task(), lambda _: None)


def test_a_card_counts_each_day_once_and_no_more_seasons_than_days(tmp_path: Path) -> None:
    weather = [coop.outdoor(4 * hour) for hour in range(12 * 24)]
    asked = Task(twin=TWIN, weather=weather, steps=1, days=1.0)
    known, kept = parted(asked)
    assert seen("learned", known).days == 8
    file = wanting(1.0)
    policy = Policy.load(policies.write(tmp_path, file.model, policies.card(file.model)))
    held = judged(asked, kept, policy, BEST)
    assert (held.weather.days, held.seasons) == (4, 4)
    worth = {one.controller: one.value for one in held.figures if one.name == "worth"}
    # What is held where the rules rest does what they do.
    assert worth["tuned"] == worth["rules"] != worth["policy"]


def test_a_rival_is_tuned_for_this_house_on_the_days_that_are_learned_from() -> None:
    weather = [coop.outdoor(4 * hour) for hour in range(12 * 24)]
    asked = Task(twin=TWIN, weather=weather, steps=1, days=0.25)
    told: list[tuple[int, int]] = []
    best = searched(asked, parted(asked)[0], lambda done, of: told.append((done, of)))
    assert told == [(number, 10) for number in range(1, 11)]
    assert len(best) == len(COOP_DIALS)
    assert all(dial.low <= one <= dial.high for dial, one in zip(COOP_DIALS, best, strict=True))
    assert not np.allclose(best, BEST)


def test_it_is_judged_by_the_owner_s_own_tariff(tmp_path: Path) -> None:
    weather = [coop.outdoor(4 * hour) for hour in range(12 * 24)]
    asked = Task(twin=TWIN, weather=weather, steps=1, days=1.0)
    file = wanting(1.0)
    policy = Policy.load(policies.write(tmp_path, file.model, policies.card(file.model)))
    worth, energy = [], []
    for tariff in (None, (1.0,) * 24, EVENING):
        paid = msgspec.structs.replace(asked, tariff=tariff)
        figures = {one.name: one for one in judged(paid, parted(asked)[1], policy, BEST).figures}
        worth.append(figures["worth"].value.mean)
        energy.append(figures["electricity"].value.mean)
    assert len(set(energy)) == 1
    assert worth[0] == worth[1] > worth[2]


@pytest.mark.training
@pytest.mark.timeout(400)
@pytest.mark.xdist_group("kernel")
def test_it_learns_in_the_house_that_was_fitted_and_is_judged_on_days_it_never_saw() -> None:
    told: list[float] = []
    result = train(task(tariff=EVENING), told.append)
    card = msgspec.json.decode(b64decode(result["card"]))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(0.95)
    assert (card["house"], card["tariff"]) == ("coop", list(EVENING))
    assert card["learning"]["steps"] == 16_384
    (held,) = card["held_out"]
    controllers = {figure["controller"] for figure in held["figures"]}
    assert controllers == {"policy", "rules", "tuned"}
    assert result["tuned"].keys() == {dial.name for dial in COOP_DIALS}
    assert any("one house" in limit for limit in card["limits"])
    assert card["limits"][-1] == "Its held-out weather is 2 days, repeated."
    days = card["learning"]["weather"][0]["days"], held["weather"]["days"], held["seasons"]
    assert days == (4, 2, 2)
    assert held["weather"]["sha256"] != card["learning"]["weather"][0]["sha256"]
