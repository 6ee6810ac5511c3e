"""The farm of the simulation: one hub, a coop, and four nodes with eight devices."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig, Member
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId, UserId
from tokkatot.domain.people import MemberRole
from tokkatot.domain.quantities import Quantity

FARM: Final = FarmId(UUID(int=1))
HUB: Final = HubId(UUID(int=2))
HOUSE: Final = HouseId(UUID(int=3))
PERSON: Final = UserId(UUID(int=4))
STRANGER: Final = UserId(UUID(int=5))
DRIVER: Final = "nodes"

# 2026-02-01T00:00Z: seven in the morning in Kandal, before the hottest months.
START_MS: Final = 1_769_904_000_000


def _device(
    number: int, role: DeviceRole, channel: str, *quantities: Quantity, period_s: float = 30.0
) -> DeviceConfig:
    return DeviceConfig(
        id=DeviceId(UUID(int=100 + number)),
        house_id=HOUSE,
        hardware_id=f"esp-{number}",
        name=channel,
        role=role,
        interface=Interface.SENSOR if quantities else Interface.RELAY,
        quantities=quantities,
        period_s=period_s,
        address={"driver": DRIVER, "channel": channel},
    )


CLIMATE: Final = _device(
    1,
    DeviceRole.CLIMATE_SENSOR,
    "climate",
    Quantity.TEMPERATURE,
    Quantity.RELATIVE_HUMIDITY,
)
FAN: Final = _device(2, DeviceRole.FAN, "fan1")
SECOND_CLIMATE: Final = _device(3, DeviceRole.CLIMATE_SENSOR, "climate", Quantity.TEMPERATURE)
HEATER: Final = _device(4, DeviceRole.HEATER, "heater")
TANK: Final = _device(5, DeviceRole.WATER_LEVEL_SENSOR, "tank", Quantity.WATER_LEVEL)
PUMP: Final = _device(6, DeviceRole.WATER_PUMP, "pump")
LIGHT: Final = _device(7, DeviceRole.LIGHT, "light")
SECOND_FAN: Final = _device(8, DeviceRole.FAN, "fan2")

NODES: Final = (
    (CLIMATE, FAN),
    (SECOND_CLIMATE, HEATER),
    (TANK, PUMP),
    (LIGHT, SECOND_FAN),
)
DEVICES: Final = tuple(device for node in NODES for device in node)
ACTUATORS: Final = (FAN, HEATER, PUMP, LIGHT, SECOND_FAN)
FANS: Final = (FAN, SECOND_FAN)
THERMOMETERS: Final = (CLIMATE, SECOND_CLIMATE)
POINTS: Final = DEFAULT_SETPOINTS[HouseKind.COOP]

DOCUMENT: Final = DesiredDocument(
    farm_id=FARM,
    hub_id=HUB,
    version=1,
    expires_ms=2**50,
    time_zone="Asia/Phnom_Penh",
    houses=(HouseConfig(id=HOUSE, number=1, name="Coop 1", kind=HouseKind.COOP, setpoints=POINTS),),
    devices=DEVICES,
    members=(Member(user_id=PERSON, role=MemberRole.MANAGER),),
)


def changed(
    document: DesiredDocument, *, stop: bool | None = None, shift_c: float = 0.0
) -> DesiredDocument:
    """Return the next version: with the software stop set or lifted, or set-points moved."""
    house = document.houses[0]
    points = replace(
        house.setpoints,
        temperature_min_c=POINTS.temperature_min_c + shift_c,
        temperature_max_c=POINTS.temperature_max_c + shift_c,
    )
    return replace(
        document,
        version=document.version + 1,
        houses=(
            replace(
                house,
                setpoints=points,
                software_stop=house.software_stop if stop is None else stop,
            ),
        ),
    )
