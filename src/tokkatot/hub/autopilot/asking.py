"""What a policy is asked of a house: its set-points, its believed instruments, its birds."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from tokkatot.automation.curves import age_of, value_at
from tokkatot.automation.perception import look
from tokkatot.automation.plan import House, Plan, plan_of
from tokkatot.automation.state import State
from tokkatot.automation.targets import targets_of
from tokkatot.domain.autopilot import Autopilot, AutopilotMode, PolicyFile
from tokkatot.domain.desired import DesiredDocument, HouseConfig
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import HouseId
from tokkatot.domain.quantities import Quantity
from tokkatot.hub.view import WorldView
from tokkatot.kit.clock import to_ms
from tokkatot.wire.autopilot import Asked, Birds, Decided, Inside, Mode, Outside, Refusal, Standing

CALM_M_S: Final = 1.0
"""Where nobody measures the wind."""
_MEASURED: Final = (Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY, Quantity.CO2)


def mode_of(autopilot: Autopilot) -> Mode | None:
    """Return what a policy may do, None where nothing."""
    match autopilot.mode:
        case AutopilotMode.OFF:
            return None
        case AutopilotMode.ADVISE:
            return "advise"
        case AutopilotMode.AUTO:
            return "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What all houses of a hub share at one moment."""

    document: DesiredDocument
    plan: Plan
    state: State
    now_s: float
    now: datetime

    @property
    def local(self) -> datetime:
        return self.now.astimezone(ZoneInfo(self.document.time_zone))


def questions(
    view: WorldView,
    of: AbstractSet[HouseId],
    *,
    ran_share: Callable[[HouseId], float | None],
    now_s: float,
    now: datetime,
) -> list[Asked | Decided]:
    """Return what is to be asked for these houses with an autopilot, or why it can't be.

    `ran_share` tells what part of a house's fans ran since it was asked last.
    """
    document = view.document
    if document is None or not of:
        return []
    plan = plan_of(document)
    around = _Around(document=document, plan=plan, state=view.state, now_s=now_s, now=now)
    houses = {house.id: house for house in plan.houses}
    outside = _outside(plan, view.state, now_s)
    return [
        _question(config, mode, houses[config.id], outside, around, ran_share(config.id))
        for config in document.houses
        if config.id in of and (mode := mode_of(config.autopilot)) is not None
    ]


def _question(
    config: HouseConfig,
    mode: Mode,
    house: House,
    outside: Outside | None,
    around: _Around,
    ran_share: float | None,
) -> Asked | Decided:
    local, now_s = around.local, around.now_s
    birds = _birds(house, local)
    policy = _policy(config.autopilot, around.document.policies)
    inside = _inside(house, around.state, now_s)
    lacks: Refusal | None = None
    if house.kind is not HouseKind.COOP:
        lacks = "unsupported"
    elif outside is None:
        lacks = "weather"
    if lacks is not None or outside is None:
        return _not_asked(config, mode, inside, lacks or "weather")
    if birds is None or policy is None or not config.autopilot.floor_m2:
        return _not_asked(config, mode, inside, "unready")
    now_ms = to_ms(around.now)
    points = targets_of(house, None, now_ms, around.plan.locality).setpoints
    accepted = config.autopilot.accepted
    if accepted is not None and now_ms >= accepted.until_ms:
        accepted = None
    return Asked(
        house=config.id,
        at_s=now_s,
        mode=mode,
        policy=policy,
        minimum_c=points.temperature_min_c,
        maximum_c=points.temperature_max_c,
        hard_maximum_c=points.temperature_hard_max_c,
        accepted_k=accepted.shift_k if accepted else 0.0,
        accepted_share=accepted.fan_share if accepted else 1.0,
        fans=sum(
            one.role is DeviceRole.FAN and one.id in around.state.relays for one in house.actuators
        ),
        inside=inside,
        outside=outside,
        hour=(local - local.replace(hour=0, minute=0, second=0)) / timedelta(hours=1),
        floor_m2=config.autopilot.floor_m2,
        birds=birds,
        twin=config.autopilot.twin,
        ran_share=ran_share,
        standing=_standing(around.state, house.id),
    )


def _standing(state: State, house_id: HouseId) -> Standing | None:
    climate = state.climates.get(house_id)
    return None if climate is None else msgspec.convert(climate, Standing, from_attributes=True)


def _not_asked(config: HouseConfig, mode: Mode, inside: Inside, why: Refusal) -> Decided:
    return Decided(house=config.id, mode=mode, refused=why, air_c=inside.air_c)


def _policy(autopilot: Autopilot, files: Iterable[PolicyFile]) -> PolicyFile | None:
    return next((file for file in files if file.sha256 == autopilot.policy), None)


def _birds(house: House, local: datetime) -> Birds | None:
    flock = house.flock
    if flock is None or flock.count == 0 or local.date() < flock.placed_on:
        return None
    day = age_of(flock, local.date())
    return Birds(count=flock.count, age_d=float(day), kg=value_at(flock.weight_kg, day))


def _inside(house: House, state: State, now_s: float) -> Inside:
    """Return what the instruments show that the engine believes too."""
    believed = look(house, house.setpoints, state, now_s).believed
    ages = [
        now_s - state.sensed[probe.key].at_s
        for probe in house.probes
        if probe.inside and probe.quantity in _MEASURED and probe.key in believed.alone
    ]
    return Inside(
        air_c=believed.value(Quantity.TEMPERATURE),
        humidity_pct=believed.value(Quantity.RELATIVE_HUMIDITY),
        co2_ppm=believed.value(Quantity.CO2),
        ammonia_ppm=believed.value(Quantity.AMMONIA),
        age_s=max(ages, default=0.0),
    )


def _outside(plan: Plan, state: State, now_s: float) -> Outside | None:
    """Return the weather, from the stations of whatever house they are listed with."""
    found: dict[Quantity, float] = {}
    for house in plan.houses:
        alone = look(house, house.setpoints, state, now_s).believed.alone
        for probe in house.probes:
            if not probe.inside and probe.key in alone:
                found.setdefault(probe.quantity, alone[probe.key])
    air_c, humidity = found.get(Quantity.TEMPERATURE), found.get(Quantity.RELATIVE_HUMIDITY)
    if air_c is None or humidity is None:
        return None
    return Outside(
        air_c=air_c,
        humidity_pct=humidity,
        radiation_w_m2=found.get(Quantity.GLOBAL_RADIATION, 0.0),
        wind_m_s=found.get(Quantity.AIR_SPEED, CALM_M_S),
    )
