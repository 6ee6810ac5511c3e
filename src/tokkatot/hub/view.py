"""What the hub shows of its world: last readings, and every device with why it is as it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tokkatot.automation.engine import Decision
from tokkatot.automation.instant import Instant
from tokkatot.automation.state import State
from tokkatot.domain.desired import DesiredDocument, DeviceConfig
from tokkatot.domain.devices import Level
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.readings import Reading
from tokkatot.wire.messages import DeviceStateRow, LiveDevice, LiveReading, Why

ACTUAL_STEP = 1.0
"""A readback that differs by less (in %) is the same: a drive's position trembles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """One device as a screen shows it; target and why are an actuator's alone."""

    actual: Level | None = None
    target: Level | None = None
    online: bool = False
    error: str | None = None
    why: Why | None = None

    def still_is(
        self,
        *,
        actual: Level | None,
        target: Level | None,
        online: bool,
        error: str | None,
        cause: object,
    ) -> bool:
        """Tell whether a person would see no difference."""
        return (
            (self.online, self.error, self.target) == (online, error, target)
            and not _differ(self.actual, actual)
            and _cause(self.why) == cause
        )


class WorldView:
    """The newest of everything, and which devices changed since it was last asked."""

    def __init__(self) -> None:
        self._readings: dict[tuple[str, str], LiveReading] = {}
        self._devices: dict[DeviceId, DeviceView] = {}
        self._online: dict[DeviceId, bool] = {}
        self._looked_at: dict[DeviceId, object] = {}
        self._shown: object = None
        """What was decided and known when all was shown last, if nothing has come since."""
        self._document: DesiredDocument | None = None
        self.state = State()
        """The engine's memory after its last step."""
        self._named: Mapping[str, DeviceConfig] = {}

    @property
    def document(self) -> DesiredDocument | None:
        """Return the desired document that is in force."""
        return self._document

    def named(self, device_id: str) -> DeviceConfig | None:
        """Return a device of the document by its id as text."""
        return self._named.get(device_id)

    def hold(self, document: DesiredDocument) -> None:
        """Show exactly the devices of a document from now on."""
        self._document = document
        devices = {device.id for device in document.devices}
        self._devices = {key: view for key, view in self._devices.items() if key in devices}
        self._online = {key: online for key, online in self._online.items() if key in devices}
        self._looked_at = {}
        self._shown = None
        self._named = {str(device.id): device for device in document.devices}
        self._readings = {
            key: value for key, value in self._readings.items() if key[0] in self._named
        }

    def sensed(self, readings: Iterable[Reading]) -> None:
        """Show newer readings."""
        for reading in readings:
            device = str(reading.device_id)
            key = (device, str(reading.quantity))
            before = self._readings.get(key)
            if before is None or before.t <= reading.t_ms:
                self._readings[key] = LiveReading(
                    device, str(reading.quantity), reading.t_ms, reading.value, reading.quality
                )

    def contact(self, device_id: DeviceId, *, online: bool) -> None:
        """Note that a device came or went."""
        self._online[device_id] = online
        self._shown = None

    def decided(
        self, state: State, decisions: Sequence[Decision], now: Instant, t_ms: int
    ) -> list[DeviceStateRow]:
        """Show what a step decided, and return a row for every device that changed."""
        self.state = state
        shown = state.known, decisions
        if shown == self._shown:
            return []
        self._shown = shown
        by_device: Mapping[DeviceId, Decision] = {item.device_id: item for item in decisions}
        rows: list[DeviceStateRow] = []
        document = self._document
        for device in document.devices if document is not None else ():
            decision = by_device.get(device.id)
            known = state.known.get(device.id)
            online = self._online.get(device.id, False)
            looked_at = (
                (known, online)
                if decision is None
                else (known, online, decision.target, decision.winner, decision.cut_by)
            )
            if self._looked_at.get(device.id) == looked_at:
                continue
            self._looked_at[device.id] = looked_at
            before = self._devices.get(device.id)
            actual = known.level if known is not None and decision is not None else None
            target = None if decision is None else decision.target
            error = None if known is None else known.error
            if before is not None and before.still_is(
                actual=actual,
                target=target,
                online=online,
                error=error,
                cause=None if decision is None else _cause_of(decision),
            ):
                # What is the same stays as it was told: a hold's end, computed anew each second,
                # would tremble, and a slow drift would never be told.
                continue
            view = self._devices[device.id] = DeviceView(
                actual=actual,
                target=target,
                online=online,
                error=error,
                why=None if decision is None else why_of(decision, now, t_ms),
            )
            rows.append(_state_row(device.id, view, t_ms))
        return rows

    def live(self) -> tuple[list[LiveReading], list[LiveDevice]]:
        """Return everything as the wire shows it."""
        devices = [
            LiveDevice(str(key), view.actual, view.target, view.online, view.why)
            for key, view in self._devices.items()
        ]
        return list(self._readings.values()), devices

    def device(self, device_id: DeviceId) -> DeviceView:
        """Return one device; one that was never heard is offline."""
        return self._devices.get(device_id, DeviceView())


def why_of(decision: Decision, now: Instant, t_ms: int) -> Why:
    """Return a decision's trace as the wire has it."""
    winner = decision.winner
    until_ms = None
    if winner.until_s is not None and not decision.cut_by:
        until_ms = t_ms + round((winner.until_s - now.monotonic_s) * 1000)
    return Why(
        source=decision.source.value,
        reason=decision.reason,
        level=decision.target,
        until_ms=until_ms,
        command=winner.command if not decision.cut_by else None,
        cut_by=tuple(str(interlock) for interlock in decision.cut_by),
        proposals=tuple(
            (str(proposal.source), proposal.reason, proposal.level)
            for proposal in decision.proposals
        ),
    )


def _state_row(device_id: DeviceId, view: DeviceView, t_ms: int) -> DeviceStateRow:
    return DeviceStateRow(
        0, "s", str(device_id), t_ms, view.actual, view.target, view.online, view.error, view.why
    )


def _differ(one: Level | None, other: Level | None) -> bool:
    if one is None or other is None:
        return one is not other
    return abs(one - other) >= ACTUAL_STEP


def _cause(why: Why | None) -> object:
    return None if why is None else (why.source, why.reason, why.command, why.cut_by)


def _cause_of(decision: Decision) -> object:
    """Return what `_cause` tells of the decision's trace, without making the trace."""
    command = None if decision.cut_by else decision.winner.command
    return (decision.source.value, decision.reason, command, decision.cut_by)
