"""The farm of the simulation: hubs that each have a house and four nodes with nine devices."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig, Member
from tokkatot.domain.devices import DeviceRole, Interface, is_actuator
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind, HouseMode, SetPoints
from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId, ScheduleId, UserId
from tokkatot.domain.people import MemberRole
from tokkatot.domain.places import Place
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.schedules import (
    CronTimes,
    DailyTimes,
    Does,
    DurationBased,
    Missed,
    Schedule,
    Step,
    TimeBased,
)
from tokkatot.domain.schedules import Sequence as Steps

FARM: Final = FarmId(UUID(int=1))
PERSON: Final = UserId(UUID(int=4))
STRANGER: Final = UserId(UUID(int=5))
NEIGHBOUR: Final = UserId(UUID(int=6))
"""A member who is at the farm, and orders nowhere but on the hub's own page."""

DRIVER: Final = "nodes"

STAGES: Final = (HouseMode.VEGETATIVE, HouseMode.FLOWERING)
"""The stages in which the crop of a greenhouse is watered more."""

_INTERFACES: Final = {DeviceRole.VENT: Interface.PWM}
"""What is not switched by a relay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """Where a farm lies, in which zone, and when its story begins."""

    zone: str
    place: Place
    start_ms: int


_KANDAL = "Asia/Phnom_Penh", Place(latitude=11.48, longitude=104.95)
_BERLIN = "Europe/Berlin", Place(latitude=52.52, longitude=13.41)


def _season(where: tuple[str, Place], begin: datetime) -> Season:
    zone, place = where
    return Season(zone=zone, place=place, start_ms=round(begin.timestamp() * 1000))


SEASONS: Final = (
    # Seven in the morning in Kandal, before the hottest months.
    _season(_KANDAL, datetime(2026, 2, 1, tzinfo=UTC)),
    # The nights in which the clocks are set forward, and back again.
    _season(_BERLIN, datetime(2026, 3, 29, tzinfo=UTC)),
    _season(_BERLIN, datetime(2026, 10, 25, tzinfo=UTC)),
)
"""No farm of ours changes its clock; others do, and the first hours hold the change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One hub of the farm, its house, and what is wired to which node.

    The names are those of a coop. A greenhouse has a soil sensor in the place of the tank, a vent
    in that of the second fan, an irrigation valve in that of the pump, and one for CO2 in that of
    the feeder.
    """

    number: int
    kind: HouseKind
    hub_id: HubId
    house_id: HouseId
    climate: DeviceConfig
    second_climate: DeviceConfig
    tank: DeviceConfig
    fan: DeviceConfig
    second_fan: DeviceConfig
    heater: DeviceConfig
    pump: DeviceConfig
    light: DeviceConfig
    feeder: DeviceConfig

    @property
    def nodes(self) -> tuple[tuple[DeviceConfig, ...], ...]:
        """Return the devices of each node."""
        return (
            (self.climate, self.fan),
            (self.second_climate, self.heater),
            (self.tank, self.pump),
            (self.light, self.second_fan, self.feeder),
        )

    @property
    def devices(self) -> tuple[DeviceConfig, ...]:
        """Return everything that is wired."""
        return tuple(device for node in self.nodes for device in node)

    @property
    def actuators(self) -> tuple[DeviceConfig, ...]:
        """Return what moves."""
        return tuple(device for device in self.devices if is_actuator(device.role))

    @property
    def fans(self) -> tuple[DeviceConfig, ...]:
        """Return what brings air."""
        return (self.fan, self.second_fan)


def lay_out(number: int, kind: HouseKind = HouseKind.COOP) -> Layout:
    """Return the hub of a number and all that belongs to it."""
    device = partial(_device, number)
    is_coop = kind is HouseKind.COOP
    return Layout(
        number=number,
        kind=kind,
        hub_id=HubId(UUID(int=1000 * number + 2)),
        house_id=_house(number),
        climate=device(
            1,
            DeviceRole.CLIMATE_SENSOR,
            "climate",
            Quantity.TEMPERATURE,
            Quantity.RELATIVE_HUMIDITY,
        ),
        second_climate=device(3, DeviceRole.CLIMATE_SENSOR, "climate", Quantity.TEMPERATURE),
        tank=device(5, DeviceRole.WATER_LEVEL_SENSOR, "tank", Quantity.WATER_LEVEL)
        if is_coop
        else device(5, DeviceRole.SOIL_SENSOR, "soil", Quantity.SOIL_MOISTURE),
        fan=device(2, DeviceRole.FAN, "fan1" if is_coop else "fan"),
        heater=device(4, DeviceRole.HEATER, "heater"),
        pump=device(6, DeviceRole.WATER_PUMP, "pump")
        if is_coop
        else device(6, DeviceRole.IRRIGATION_VALVE, "irrigation"),
        light=device(7, DeviceRole.LIGHT, "light"),
        second_fan=device(8, DeviceRole.FAN, "fan2")
        if is_coop
        else device(8, DeviceRole.VENT, "vent"),
        feeder=device(9, DeviceRole.FEEDER, "feeder")
        if is_coop
        else device(9, DeviceRole.CO2_VALVE, "co2"),
    )


def _house(number: int) -> HouseId:
    return HouseId(UUID(int=1000 * number + 3))


def _device(
    number: int, place: int, role: DeviceRole, channel: str, *quantities: Quantity
) -> DeviceConfig:
    return DeviceConfig(
        id=DeviceId(UUID(int=1000 * number + 100 + place)),
        house_id=_house(number),
        hardware_id=f"esp-{number}-{place}",
        name=channel,
        role=role,
        interface=_INTERFACES.get(role, Interface.SENSOR if quantities else Interface.RELAY),
        quantities=quantities,
        address={"driver": DRIVER, "channel": channel},
    )


def first_document(layout: Layout, season: Season) -> DesiredDocument:
    """Return what the cloud wants of a hub at the beginning."""
    return DesiredDocument(
        farm_id=FARM,
        hub_id=layout.hub_id,
        version=1,
        expires_ms=2**50,
        time_zone=season.zone,
        place=None if layout.kind is HouseKind.COOP else season.place,
        houses=(
            HouseConfig(
                id=layout.house_id,
                number=layout.number,
                name=f"{layout.kind.title()} {layout.number}",
                kind=layout.kind,
                setpoints=DEFAULT_SETPOINTS[layout.kind],
                mode=None if layout.kind is HouseKind.COOP else HouseMode.SEEDLING,
                night=_night(layout.kind),
            ),
        ),
        devices=layout.devices,
        members=(
            Member(user_id=PERSON, role=MemberRole.MANAGER),
            Member(user_id=NEIGHBOUR, role=MemberRole.MANAGER),
        ),
        schedules=schedules_of(layout),
    )


def _night(kind: HouseKind) -> SetPoints | None:
    """Return what a crop wants from sunset on; birds want the same all day."""
    if kind is HouseKind.COOP:
        return None
    return replace(DEFAULT_SETPOINTS[kind], temperature_min_c=13.0, temperature_max_c=24.0)


def changed(
    document: DesiredDocument,
    *,
    stop: bool | None = None,
    shift_c: float = 0.0,
    mode: HouseMode | None = None,
) -> DesiredDocument:
    """Return the next version: the software stop set or lifted, set-points moved, another mode."""
    house = document.houses[0]
    usual = DEFAULT_SETPOINTS[house.kind]
    points = replace(
        house.setpoints,
        temperature_min_c=usual.temperature_min_c + shift_c,
        temperature_max_c=usual.temperature_max_c + shift_c,
    )
    return replace(
        document,
        version=document.version + 1,
        houses=(
            replace(
                house,
                setpoints=points,
                software_stop=house.software_stop if stop is None else stop,
                mode=mode or house.mode,
            ),
        ),
    )


def schedules_of(layout: Layout) -> tuple[Schedule, ...]:
    """Return what the house does by the clock: a dose, turns, steps, and a stretch of time."""
    feeder, pump, heater = layout.feeder.id, layout.pump.id, layout.heater.id
    half_hours = DailyTimes(times=tuple(time(hour, 30) for hour in range(24)))
    watered = TimeBased(start=_cron("*/15"), duration_s=40.0, devices=(pump,))
    by_stage = (_schedule(layout, 5, watered, modes=STAGES),)
    return (
        _schedule(
            layout,
            1,
            TimeBased(start=_cron("*/10"), duration_s=20.0, devices=(feeder,)),
        ),
        _schedule(
            layout,
            2,
            DurationBased(start=half_hours, repeat=3, run_s=12.0, rest_s=288.0, devices=(feeder,)),
            missed=Missed.ONCE,
        ),
        _schedule(
            layout,
            3,
            Steps(
                start=_cron("17"),
                steps=(
                    Step(device_id=feeder, run_s=10.0, rest_s=5.0),
                    Step(device_id=pump, run_s=30.0),
                ),
            ),
        ),
        _schedule(layout, 4, TimeBased(start=_cron("5"), end=_cron("20"), devices=(heater,))),
        *(() if layout.kind is HouseKind.COOP else by_stage),
    )


def _cron(minutes: str) -> CronTimes:
    return CronTimes(expression=f"{minutes} * * * *")


def _schedule(
    layout: Layout,
    place: int,
    does: Does,
    *,
    missed: Missed = Missed.SKIP,
    modes: tuple[HouseMode, ...] = (),
) -> Schedule:
    return Schedule(
        id=ScheduleId(UUID(int=1000 * layout.number + 200 + place)),
        house_id=layout.house_id,
        name=f"schedule {place}",
        does=does,
        missed=missed,
        modes=modes,
    )


def rescheduled(document: DesiredDocument, place: int, *, minutes: str | None) -> DesiredDocument:
    """Return the next version: one schedule switched on or off, or put to other minutes."""
    before = document.schedules[place]
    after = msgspec.structs.replace(before, version=before.version + 1, enabled=not before.enabled)
    if minutes is not None and isinstance(before.does, TimeBased) and before.does.end is None:
        does = msgspec.structs.replace(before.does, start=_cron(minutes))
        after = msgspec.structs.replace(before, version=before.version + 1, does=does)
    schedules = (*document.schedules[:place], after, *document.schedules[place + 1 :])
    return replace(document, version=document.version + 1, schedules=schedules)
