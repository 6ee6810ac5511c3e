"""What a house feels like now, from what its sensors last said."""

from collections.abc import Mapping
from math import inf

from msgspec import Struct, field
from msgspec.structs import replace

from tokkatot.automation.conditions import Believed
from tokkatot.automation.inputs import Inputs
from tokkatot.automation.plan import House, Plan, Probe
from tokkatot.automation.plausibility import (
    APART_C,
    APART_FOR_S,
    stuck_from_s,
    take,
    worse,
)
from tokkatot.automation.sameness import are_same
from tokkatot.automation.state import Known, Sensed, Senses, State
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.vapour import DERIVED_FROM


def learn(plan: Plan, state: State, inputs: Inputs, now_s: float) -> State:
    """Return the state with the new samples, reports and contacts in it."""
    known = _known(plan, state, inputs, now_s)
    sensed = _sensed(plan, state, inputs, now_s)
    if known is state.known and sensed is state.sensed:
        return state
    stood = {
        key: value
        for key, value in state.stood.items()
        if key not in sensed and key[0] in plan.sensors
    }
    return replace(state, known=known, sensed=sensed, stood=stood, basis=plan.actuators)


def _known(plan: Plan, state: State, inputs: Inputs, now_s: float) -> Mapping[DeviceId, Known]:
    before = state.known
    fits = state.basis is plan.actuators
    if fits and not inputs.contacts and not inputs.reports:
        return before
    known = (
        dict(before)
        if fits
        else {
            device_id: before.get(device_id) or Known(since_s=now_s)
            for device_id in (*plan.actuators, *plan.sensors)
        }
    )
    has_news = not fits
    for contact in inputs.contacts:
        one = known.get(contact.device_id)
        if one is not None and one.online != contact.online:
            known[contact.device_id] = replace(one, online=contact.online)
            has_news = True
    for report in inputs.reports:
        one = known.get(report.device_id)
        if one is not None and (one.level != report.level or one.error != report.error):
            moved_s = now_s if one.level != report.level else one.moved_s
            known[report.device_id] = replace(
                one, level=report.level, moved_s=moved_s, error=report.error
            )
            has_news = True
    return known if has_news else before


def _sensed(
    plan: Plan, state: State, inputs: Inputs, now_s: float
) -> Mapping[tuple[DeviceId, Quantity], Sensed]:
    before = state.sensed
    is_new = state.basis is not plan.actuators
    gone = [key for key in before if key[0] not in plan.sensors] if is_new else []
    if not gone and not inputs.samples:
        return before
    sensed = dict(before)
    for key in gone:
        del sensed[key]
    for sample in inputs.samples:
        if sample.device_id in plan.sensors:
            key = (sample.device_id, sample.quantity)
            taken = take(sensed.get(key), sample.quantity, sample.value, now_s)
            if taken is not None:
                stands = key not in sensed and state.stood.get(key) == taken.value
                sensed[key] = replace(taken, moved_s=-inf) if stands else taken
    return sensed


class _Look(Struct):
    """What a walk over the probes of a house finds."""

    stale: set[DeviceId] = field(default_factory=set)
    unheard: set[DeviceId] = field(default_factory=set)
    doubted: set[DeviceId] = field(default_factory=set)
    alone: dict[tuple[DeviceId, Quantity], float] = field(default_factory=dict)
    inside: dict[Quantity, list[float]] = field(default_factory=dict)
    warmest_c: float | None = None
    thermometers: int = 0
    deaf: int = 0
    until_s: float = inf

    def change_at(self, at_s: float) -> None:
        """Take in when something is seen otherwise, if nothing new is heard until then."""
        self.until_s = min(self.until_s, at_s)

    def feel(self, celsius: float) -> None:
        """Take a temperature into the warmest of the house."""
        if self.warmest_c is None or celsius > self.warmest_c:
            self.warmest_c = celsius


def look(house: House, points: SetPoints, state: State, now_s: float) -> Senses:
    """Return what the house's fresh and plausible sensors say: as before, while nothing is new.

    The rules hold the mean temperature, or the worse one where two thermometers contradict each
    other; the hard limit watches the warmest place. A house whose every thermometer is silent or
    stuck counts as stale; one that never had any does not.
    """
    before = state.senses.get(house.id)
    basis = (house, state.sensed, state.stood, state.known)
    if before is not None and now_s < before.until_s and are_same(before.basis, basis):
        return before
    found = _Look()
    for probe in house.probes:
        _look_at(probe, found, state, now_s)
    temperatures = found.inside.get(Quantity.TEMPERATURE, [])
    apart_s: float | None = None
    if temperatures and max(temperatures) - min(temperatures) > APART_C:
        apart_s = now_s if before is None or before.apart_s is None else before.apart_s
        # How long, and which of them is the worse one by the set-points, is looked at each time.
        found.change_at(now_s)
    is_apart = apart_s is not None and now_s - apart_s >= APART_FOR_S
    together = {quantity: sum(values) / len(values) for quantity, values in found.inside.items()}
    if is_apart:
        together[Quantity.TEMPERATURE] = worse(temperatures, points)
    levels = found.inside.get(Quantity.WATER_LEVEL, ())
    return Senses(
        temperature_c=together.get(Quantity.TEMPERATURE),
        warmest_c=found.warmest_c,
        temperature_stale=found.thermometers > 0 and found.deaf == found.thermometers,
        water_percent=min(levels, default=None),
        flow_l_min=max(found.inside.get(Quantity.FLOW_RATE, ()), default=None),
        stale=frozenset(found.stale),
        unheard=frozenset(found.unheard),
        doubted=frozenset(found.doubted),
        apart_s=apart_s,
        is_apart=is_apart,
        believed=Believed(together=together, alone=found.alone, own=_own(house)),
        basis=basis,
        until_s=found.until_s,
    )


def _own(house: House) -> frozenset[tuple[DeviceId | None, Quantity]]:
    """Return what sensors of their own measure that might follow from others."""
    found: set[tuple[DeviceId | None, Quantity]] = set()
    for probe in house.probes:
        if probe.quantity in DERIVED_FROM:
            found.add(probe.key)
            if probe.inside:
                found.add((None, probe.quantity))
    return frozenset(found)


def _look_at(probe: Probe, found: _Look, state: State, now_s: float) -> None:
    sensor, quantity = probe.sensor, probe.quantity
    is_thermometer = probe.inside and quantity is Quantity.TEMPERATURE
    found.thermometers += is_thermometer
    sensed = state.sensed.get(probe.key)
    if sensed is None:
        _miss(probe, found, state, now_s)
        return
    stuck_s = stuck_from_s(quantity, sensed)
    is_stuck = now_s >= stuck_s
    if not is_stuck:
        found.change_at(stuck_s)
    if is_stuck or sensed.strange is not None:
        found.doubted.add(sensor.id)
    oldest_s = now_s - sensor.stale_after_s
    if is_thermometer and sensed.strange is not None and sensed.strange_s >= oldest_s:
        # Said a moment ago, however old the value is that is still believed.
        found.feel(sensed.strange)
        found.change_at(sensed.strange_s + sensor.stale_after_s)
    if sensed.at_s < oldest_s:
        found.stale.add(sensor.id)
        found.deaf += is_thermometer
        return
    found.change_at(sensed.at_s + sensor.stale_after_s)
    if is_thermometer:
        found.feel(sensed.value)
        found.deaf += is_stuck
    if not is_stuck:
        found.alone[probe.key] = sensed.value
        if probe.inside:
            found.inside.setdefault(quantity, []).append(sensed.value)


def _miss(probe: Probe, found: _Look, state: State, now_s: float) -> None:
    """Take in that nobody has heard a sensor yet; one that stood still is in doubt until then."""
    sensor = probe.sensor
    found.unheard.add(sensor.id)
    if probe.key in state.stood:
        found.doubted.add(sensor.id)
    known = state.known.get(sensor.id)
    stale_s = inf if known is None else known.since_s + sensor.stale_after_s
    if now_s > stale_s:
        found.stale.add(sensor.id)
        found.deaf += probe.inside and probe.quantity is Quantity.TEMPERATURE
    else:
        found.change_at(stale_s)
