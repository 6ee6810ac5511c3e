"""What a house feels like now, from what its sensors last said."""

from dataclasses import dataclass, replace

from tokkatot.automation.inputs import Inputs
from tokkatot.automation.plan import House, Plan, Sensor
from tokkatot.automation.state import Known, Sensed, State
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """A house at one moment; None where no fresh value tells."""

    temperature_c: float | None
    warmest_c: float | None
    temperature_stale: bool
    water_percent: float | None
    stale: frozenset[DeviceId]
    heard: frozenset[DeviceId]


def learn(plan: Plan, state: State, inputs: Inputs, now_s: float) -> State:
    """Return the state with the new samples, reports and contacts in it."""
    known = {
        device_id: state.known.get(device_id) or Known(since_s=now_s)
        for device_id in (*plan.actuators, *plan.sensors)
    }
    for contact in inputs.contacts:
        if contact.device_id in known:
            known[contact.device_id] = replace(known[contact.device_id], online=contact.online)
    for report in inputs.reports:
        if report.device_id in known:
            known[report.device_id] = replace(
                known[report.device_id], level=report.level, error=report.error
            )
    sensed = {key: value for key, value in state.sensed.items() if key[0] in plan.sensors}
    for sample in inputs.samples:
        if sample.device_id in plan.sensors:
            sensed[sample.device_id, sample.quantity] = Sensed(value=sample.value, at_s=now_s)
    return replace(state, known=known, sensed=sensed)


def look(house: House, state: State, now_s: float) -> Senses:
    """Return what the house's fresh sensors say.

    The rules hold the mean temperature, the hard limit watches the warmest place. A house whose
    every thermometer is silent counts as stale; one that never had any does not.
    """
    stale = frozenset(sensor.id for sensor in house.sensors if _is_stale(sensor, state, now_s))
    thermometers = house.measuring(Quantity.TEMPERATURE)
    temperatures = _fresh(thermometers, Quantity.TEMPERATURE, state, now_s)
    levels = _fresh(house.measuring(Quantity.WATER_LEVEL), Quantity.WATER_LEVEL, state, now_s)
    return Senses(
        temperature_c=sum(temperatures) / len(temperatures) if temperatures else None,
        warmest_c=max(temperatures, default=None),
        temperature_stale=bool(thermometers)
        and all(
            _silent_s(sensor, Quantity.TEMPERATURE, state, now_s) > sensor.stale_after_s
            for sensor in thermometers
        ),
        water_percent=min(levels, default=None),
        stale=stale,
        heard=frozenset(
            sensor.id
            for sensor in house.sensors
            if all((sensor.id, quantity) in state.sensed for quantity in sensor.quantities)
        ),
    )


def _fresh(
    sensors: tuple[Sensor, ...], quantity: Quantity, state: State, now_s: float
) -> list[float]:
    values: list[float] = []
    for sensor in sensors:
        sensed = state.sensed.get((sensor.id, quantity))
        if sensed is not None and now_s - sensed.at_s <= sensor.stale_after_s:
            values.append(sensed.value)
    return values


def _is_stale(sensor: Sensor, state: State, now_s: float) -> bool:
    return any(
        _silent_s(sensor, quantity, state, now_s) > sensor.stale_after_s
        for quantity in sensor.quantities
    )


def _silent_s(sensor: Sensor, quantity: Quantity, state: State, now_s: float) -> float:
    sensed = state.sensed.get((sensor.id, quantity))
    if sensed is not None:
        return now_s - sensed.at_s
    known = state.known.get(sensor.id)
    return now_s - known.since_s if known is not None else 0.0
