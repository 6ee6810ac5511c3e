"""What learns a policy for one house: in its own twin, on its own weather."""

import sys
from base64 import b64decode

import msgspec
import pytest

from tests.support import coop
from tokkatot.climate.physics.known import House
from tokkatot.cloud.jobs.program import Refused
from tokkatot.cloud.twins.built import Birds, Twin
from tokkatot.cloud.twins.trainer import Task, train

TWIN = Twin(
    house=House.TUNNEL,
    floor_m2=50.0,
    equipped={"fan_w": 800.0},
    fitted={"heat_total": 0.9},
    fans_w=800.0,
    birds=Birds(count=480, age_d=20.0, kg=0.9),
)


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


@pytest.mark.training
@pytest.mark.timeout(400)
@pytest.mark.xdist_group("kernel")
def test_it_learns_in_the_house_that_was_fitted_and_is_judged_on_days_it_never_saw() -> None:
    told: list[float] = []
    result = train(task(), told.append)
    card = msgspec.json.decode(b64decode(result["card"]))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(0.9)
    assert card["house"] == "coop"
    assert card["learning"]["steps"] == 16_384
    (held,) = card["held_out"]
    assert {figure["controller"] for figure in held["figures"]} == {"policy", "rules"}
    assert any("one house" in limit for limit in card["limits"])
    assert held["weather"]["sha256"] != card["learning"]["weather"][0]["sha256"]
