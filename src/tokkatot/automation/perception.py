"""What a house feels like now, from what its sensors last said."""

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from tokkatot.automation.conditions import Believed
from tokkatot.automation.inputs import Inputs
from tokkatot.automation.plan import House, Plan, Probe
from tokkatot.automation.plausibility import APART_C, APART_FOR_S, stuck, take, worse
from tokkatot.automation.state import Known, Sensed, State
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity


class Senses(Struct, frozen=True, kw_only=True):
    """A house at one moment; None where no believed value tells.

    `warmest_c` looks at values too that are not believed yet: heat is never waited for. `apart_s`
    is since when two thermometers contradict each other.
    """

    temperature_c: float | None
    warmest_c: float | None
    temperature_stale: bool
    water_percent: float | None
    flow_l_min: float | None
    stale: frozenset[DeviceId]
    unheard: frozenset[DeviceId]
    doubted: frozenset[DeviceId]
    apart_s: float | None
    is_apart: bool
    believed: Believed


def learn(plan: Plan, state: State, inputs: Inputs, now_s: float) -> State:
    """Return the state with the new samples, reports and contacts in it."""
    known = _known(plan, state, inputs, now_s)
    sensed = _sensed(plan, state, inputs, now_s)
    if known is state.known and sensed is state.sensed and state.basis is plan.actuators:
        return state
    return replace(state, known=known, sensed=sensed, basis=plan.actuators)


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
    for contact in inputs.contacts:
        if contact.device_id in known:
            known[contact.device_id] = replace(known[contact.device_id], online=contact.online)
    for report in inputs.reports:
        one = known.get(report.device_id)
        if one is not None and (one.level != report.level or one.error != report.error):
            moved_s = now_s if one.level != report.level else one.moved_s
            known[report.device_id] = replace(
                one, level=report.level, moved_s=moved_s, error=report.error
            )
    return known


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
                sensed[key] = taken
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

    def feel(self, celsius: float) -> None:
        """Take a temperature into the warmest of the house."""
        if self.warmest_c is None or celsius > self.warmest_c:
            self.warmest_c = celsius


def look(
    house: House, points: SetPoints, state: State, now_s: float, apart_s: float | None
) -> Senses:
    """Return what the house's fresh and plausible sensors say.

    The rules hold the mean temperature, or the worse one where two thermometers contradict each
    other; the hard limit watches the warmest place. A house whose every thermometer is silent or
    stuck counts as stale; one that never had any does not.
    """
    found = _Look()
    for probe in house.probes:
        _look_at(probe, found, state, now_s)
    temperatures = found.inside.get(Quantity.TEMPERATURE, [])
    if len(temperatures) < 2 or max(temperatures) - min(temperatures) <= APART_C:
        apart_s = None
    elif apart_s is None:
        apart_s = now_s
    is_apart = apart_s is not None and now_s - apart_s >= APART_FOR_S
    together = {
        quantity: values[0] if len(values) == 1 else sum(values) / len(values)
        for quantity, values in found.inside.items()
    }
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
        believed=Believed(together=together, alone=found.alone),
    )


def _look_at(probe: Probe, found: _Look, state: State, now_s: float) -> None:
    sensor, quantity = probe.sensor, probe.quantity
    is_thermometer = probe.inside and quantity is Quantity.TEMPERATURE
    found.thermometers += is_thermometer
    sensed = state.sensed.get(probe.key)
    if sensed is None:
        found.unheard.add(sensor.id)
        known = state.known.get(sensor.id)
        if known is not None and now_s - known.since_s > sensor.stale_after_s:
            found.stale.add(sensor.id)
            found.deaf += is_thermometer
        return
    is_stuck = stuck(quantity, sensed, now_s)
    if is_stuck or sensed.strange is not None:
        found.doubted.add(sensor.id)
    oldest_s = now_s - sensor.stale_after_s
    if is_thermometer and sensed.strange is not None and sensed.strange_s >= oldest_s:
        # Said a moment ago, however old the value is that is still believed.
        found.feel(sensed.strange)
    if sensed.at_s < oldest_s:
        found.stale.add(sensor.id)
        found.deaf += is_thermometer
        return
    if is_thermometer:
        found.feel(sensed.value)
        found.deaf += is_stuck
    if not is_stuck:
        found.alone[probe.key] = sensed.value
        if probe.inside:
            found.inside.setdefault(quantity, []).append(sensed.value)
