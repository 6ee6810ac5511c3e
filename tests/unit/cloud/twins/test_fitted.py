"""What a fit says of a house that has changed since."""

from collections.abc import Mapping

import pytest

from tests.support.people import Json
from tests.support.twinned import FIT
from tokkatot.climate.physics.known import House
from tokkatot.cloud.intelligence.model import FittedTwin
from tokkatot.cloud.jobs.problems import Unanswerable
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.twins.fitted import fitted_fields

_IT = {"low": 0.1, "high": 1e6}
FOUND = {
    "heat_total": _IT | {"value": 0.9},
    "heater_w": _IT | {"value": 7000.0},
    "fan_m3_s": _IT | {"value": 8.0},
}
BUILT: Json = {"floor_m2": 50.0, "equipped": {"heater_w": 8000.0, "fan_w": 400.0}}


def fields(
    equipped: Mapping[str, float], built: Json = None, floor_m2: float | None = 50.0
) -> dict[str, float]:
    fit = FittedTwin(known_as="tunnel", card=FIT | {"parameters": FOUND}, built=built or BUILT)
    return fitted_fields(fit, House.TUNNEL, floor_m2=floor_m2, equipped=equipped)


def test_what_was_found_holds_while_the_house_is_what_it_was() -> None:
    assert fields(BUILT["equipped"]) == {"heat_total": 0.9, "heater_w": 7000.0, "fan_m3_s": 8.0}
    assert fields({"heater_w": 8001.0}, floor_m2=50.2).keys() == FOUND.keys()


def test_what_was_found_of_a_device_goes_with_it() -> None:
    gone = {"heater_w": 0.0, "fan_m3_s": 0.0}
    assert fields(gone) == {"heat_total": 0.9}
    assert fields({"heater_w": 16000.0}).keys() == {"heat_total", "fan_m3_s"}


def test_what_an_older_program_found_holds_but_for_devices_that_are_gone() -> None:
    fit = FittedTwin(known_as="tunnel", card=FIT | {"parameters": FOUND}, built=None)
    for floor_m2 in (None, 50.0, 1200.0):
        found = fitted_fields(fit, House.TUNNEL, floor_m2=floor_m2, equipped={"heater_w": 0.0})
        assert found.keys() == {"heat_total", "fan_m3_s"}


@pytest.mark.parametrize(("before", "now"), [(1200.0, 600.0), (None, 600.0), (600.0, None)])
def test_over_another_floor_the_house_is_to_be_fitted_again(
    before: float | None, now: float | None
) -> None:
    with pytest.raises(Unanswerable, match="another floor") as refused:
        fields({}, BUILT | {"floor_m2": before}, now)
    assert refused.value.reason == Reason("fit_again")
