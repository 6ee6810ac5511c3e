"""A coop with an autopilot, and policies that want one thing for ever."""

import hashlib
from dataclasses import replace
from datetime import date
from uuid import UUID

import msgspec

from tests.support import policies
from tests.support.engine import FARM, HOUSE, THERMOMETER, device, document
from tokkatot.climate.control.dials import COOP_DIALS
from tokkatot.climate.control.held import FANS
from tokkatot.climate.policy.card import House, inputs_of
from tokkatot.domain.autopilot import Autopilot, AutopilotMode, PolicyFile
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.flocks import Flock
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.wire.autopilot import EVERY_S, Asked, Birds, Inside, Mode, Outside

GASES = DeviceId(UUID(int=210))
STATION = DeviceId(UUID(int=211))
FLOOR_M2 = 50.0
OFF = Autopilot()


def wanting(shift_k: float) -> PolicyFile:
    """Return a policy that wants the set-points so much warmer, whatever it sees."""
    rows = len(inputs_of(House.COOP))
    offsets = [shift_k if dial.name == "shift_k" else dial.low for dial in COOP_DIALS]
    model = policies.model([[0.0] * len(COOP_DIALS)] * rows, offsets)
    card = msgspec.json.encode(policies.card(model))
    return PolicyFile(sha256=hashlib.sha256(model).hexdigest(), card=card, model=model)


POLICY = wanting(1.0)


def asked(number: int, *, mode: Mode = "auto", air_c: float | None = 27.0) -> Asked:
    """Return a question in the middle of a mild day, so many rounds after the first."""
    return Asked(
        house=UUID(int=3),
        at_s=number * EVERY_S,
        mode=mode,
        policy=POLICY,
        minimum_c=20.0,
        maximum_c=28.0,
        hard_maximum_c=35.0,
        accepted_k=0.0,
        accepted_share=1.0,
        fans=FANS,
        inside=Inside(air_c=air_c, humidity_pct=70.0, co2_ppm=900.0, ammonia_ppm=5.0, age_s=5.0),
        outside=Outside(air_c=25.0, humidity_pct=75.0, radiation_w_m2=300.0, wind_m_s=1.0),
        hour=10.0,
        floor_m2=FLOOR_M2,
        birds=Birds(count=480, age_d=28.0, kg=1.65),
    )


def steered(policy: PolicyFile, mode: AutopilotMode) -> Autopilot:
    """Return what a house's document says of its autopilot."""
    return Autopilot(mode=mode, policy=policy.sha256, floor_m2=FLOOR_M2)


def coop(autopilot: Autopilot, *files: PolicyFile) -> DesiredDocument:
    """Return a coop of grown broilers with everything that its autopilot looks at."""
    plain = document()
    house = replace(
        plain.houses[0],
        autopilot=autopilot,
        flock=Flock(placed_on=date(2026, 5, 4), count=480),
    )
    sensors = (
        device(GASES, DeviceRole.GAS_SENSOR, Quantity.CO2, Quantity.RELATIVE_HUMIDITY),
        device(
            STATION, DeviceRole.WEATHER_STATION, Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY
        ),
    )
    return replace(
        plain, houses=(house,), devices=(*plain.devices, *sensors), policies=tuple(files)
    )


WEATHER = (
    (THERMOMETER, Quantity.TEMPERATURE, 27.0),
    (GASES, Quantity.RELATIVE_HUMIDITY, 70.0),
    (GASES, Quantity.CO2, 900.0),
    (STATION, Quantity.TEMPERATURE, 25.0),
    (STATION, Quantity.RELATIVE_HUMIDITY, 75.0),
)
"""A mild day by the Mekong."""

__all__ = ["FARM", "HOUSE", "POLICY", "WEATHER", "asked", "coop", "steered", "wanting"]
