"""A house with 40 sensors on as many nodes, for the benches of the alarms."""

from uuid import UUID

from tokkatot.automation.inputs import Contact, Sample
from tokkatot.automation.plan import Plan
from tokkatot.domain.alarms import AlarmDefinition
from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId
from tokkatot.domain.quantities import Quantity

DEVICES = 40
PERIOD_S = 10.0
HOUSE = HouseId(UUID(int=3))


def device_id(number: int) -> DeviceId:
    """Return the id of a sensor."""
    return DeviceId(UUID(int=1000 + number))


def document(alarms: tuple[AlarmDefinition, ...]) -> DesiredDocument:
    """Return the house with these alarms of its own."""
    house = HouseConfig(
        id=HOUSE,
        number=1,
        name="House",
        kind=HouseKind.GREENHOUSE,
        setpoints=DEFAULT_SETPOINTS[HouseKind.GREENHOUSE],
        alarms=alarms,
    )
    sensors = tuple(
        DeviceConfig(
            id=device_id(number),
            house_id=HOUSE,
            hardware_id=f"HW-{number}",
            name=f"Sensor {number}",
            role=DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=(Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY),
            period_s=PERIOD_S,
        )
        for number in range(DEVICES)
    )
    return DesiredDocument(
        farm_id=FarmId(UUID(int=1)),
        hub_id=HubId(UUID(int=2)),
        version=1,
        expires_ms=2**50,
        time_zone="Asia/Phnom_Penh",
        houses=(house,),
        devices=sensors,
    )


def beat(
    plan: Plan, second: int, *, healthy: bool
) -> tuple[tuple[Sample, ...], tuple[Contact, ...]]:
    """Return what the sensors say in a second, each in its turn; nothing where they failed."""
    if not healthy:
        return (), ()
    samples = tuple(
        Sample(device_id=sensor, quantity=quantity, value=value + 0.1 * (second % 7))
        for index, sensor in enumerate(plan.sensors)
        if second % PERIOD_S == index % PERIOD_S
        for quantity, value in (
            (Quantity.TEMPERATURE, 24.0),
            (Quantity.RELATIVE_HUMIDITY, 60.0),
        )
    )
    contacts = tuple(Contact(device_id=sensor, online=True) for sensor in plan.sensors)
    return samples, contacts if second == 0 else ()
