"""What fits a house's twin in a process of its own tells how far it is."""

import msgspec
import pytest

from tests.support.recorded_house import greenhouse_recording, written
from tokkatot.climate.calibrate.subjects import GreenhouseSubject
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import State
from tokkatot.climate.physics.known import House
from tokkatot.cloud.twins.built import Twin
from tokkatot.cloud.twins.calibrator import Task, fit

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]


def test_a_fit_is_told_of_all_along() -> None:
    subject = GreenhouseSubject(bleiswijk_led(), State())
    lines = list(written(greenhouse_recording(subject, {"leak": 4e-5})))
    twin = Twin(house=House.TOMATO, floor_m2=None, equipped={}, fitted={}, fans_w=0.0, birds=None)
    told: list[float] = []
    found = fit(msgspec.msgpack.encode(Task(twin=twin, lines=lines, fit=["leak"])), told.append)
    assert found["before"].keys() == {"leak"}
    assert len(told) >= 7
    assert told == sorted(told)
    assert told[0] == 0.05
    assert told[-1] == pytest.approx(0.95)
