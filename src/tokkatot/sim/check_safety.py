"""Checks the interlocks from outside: what the hub heard against what it asks its devices for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig
from tokkatot.domain.devices import OFF, ON, DeviceRole, Level, rest_level
from tokkatot.domain.houses import HouseKind, HouseMode
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.sim.layout import Layout
from tokkatot.sim.nodes import Node
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import ReadingRow, Row

# These figures are the specification's, written down anew: an oracle that reads them from the
# engine would follow it into every mistake.
REACTS_WITHIN_S: Final = 3.0
"""Two seconds to the safe state as promised, and one for the turn that notices."""

STALE_S: Final = 90.0
LEASE_S: Final = 30.0
PUMP_REST_S: Final = 60.0
DRY_S: Final = 180.0
DRY_RISE_PERCENT: Final = 1.0
LONGEST_ON_S: Final = {
    DeviceRole.WATER_PUMP: 1800.0,
    DeviceRole.HEATER: 3600.0,
    DeviceRole.FEEDER: 60.0,
    DeviceRole.IRRIGATION_VALVE: 3600.0,
    DeviceRole.CO2_VALVE: 3600.0,
}
STOPPED: Final = frozenset(
    {
        DeviceRole.WATER_PUMP,
        DeviceRole.HEATER,
        DeviceRole.FEEDER,
        DeviceRole.IRRIGATION_VALVE,
    }
)
"""What the software stop stops: what moves and what heats."""

RESTING: Final = {
    HouseMode.EMPTY: STOPPED | {DeviceRole.CO2_VALVE},
    HouseMode.PREHEAT: frozenset({DeviceRole.FEEDER}),
    HouseMode.CATCHING: frozenset({DeviceRole.FEEDER, DeviceRole.HEATER}),
}
"""What nothing automatic moves in a mode of the house; in the others everything goes on."""

RELAY_S: Final = 65.0
"""A pump counts as running once it says so: of its reports, one each 30 s, one may be lost."""


@dataclass(slots=True)
class _Asked:
    """What a device was last asked for."""

    level: Level
    since_s: float
    on_since_s: float | None
    off_since_s: float | None


@dataclass(slots=True)
class _Life:
    """What one process of the hub has heard and asked."""

    began_s: float
    document: DesiredDocument | None = None
    document_s: float = 0.0
    asked: dict[DeviceId, _Asked] = field(default_factory=dict)
    temperatures: dict[str, tuple[float, float]] = field(default_factory=dict)
    hot_since_s: float | None = None
    pump_first: tuple[float, float] | None = None
    """Where the tank stood when the pump was asked to run, and when it was last heard."""
    pump_rose: bool = False
    pump_since_s: float = 0.0


class SafetyCheck:
    """One table of what must be so whatever else happens."""

    def __init__(
        self,
        findings: Findings,
        layout: Layout,
        nodes: Iterable[Node],
        *,
        is_held: Callable[[DeviceId], bool],
        is_card_silent: Callable[[], bool],
    ) -> None:
        self._findings = findings
        self._is_held = is_held
        self._is_card_silent = is_card_silent
        self._layout = layout
        self._limited = tuple(
            (device, LONGEST_ON_S[device.role])
            for device in layout.actuators
            if device.role in LONGEST_ON_S
        )
        self._stopped = tuple(one for one in layout.actuators if one.role in STOPPED)
        self._is_coop = layout.kind is HouseKind.COOP
        self._pump_id = layout.pump.id if self._is_coop else None
        self._temperatures = {str(layout.climate.id), str(layout.second_climate.id)}
        self._tank_id = str(layout.tank.id)
        self._nodes = tuple(nodes)
        self._life: _Life | None = None
        self._dead_since_s: float | None = findings.now_s()
        self._tank: tuple[float, float] | None = None
        self._offered: list[DesiredDocument] = []
        """Newer documents than the one that is known to be held, by any of which it may work."""

    # ------------------------------------------------------------------------------ what happens

    def hub_started(self, document: DesiredDocument | None) -> None:
        """A process of the hub begins with the document that its card holds."""
        now_s = self._findings.now_s()
        self._life = _Life(began_s=now_s, document=document, document_s=now_s)
        self._dead_since_s = None
        self._tank = None

    def hub_died(self) -> None:
        """The hub is gone, and its nodes are left alone."""
        self._life = None
        self._dead_since_s = self._findings.now_s()

    def moved(self, device_id: DeviceId) -> None:
        """A relay has moved: the watch over a pump begins anew with it."""
        if device_id == self._pump_id and self._life is not None:
            self._life.pump_since_s = self._findings.now_s()
            self._life.pump_first, self._life.pump_rose = self._tank, False

    def may_take(self, document: DesiredDocument) -> None:
        """Another document has come; the hub works by it before the disk has it, and says so."""
        if all(one.version != document.version for one in self._offered):
            self._offered.append(document)

    def took(self, document: DesiredDocument) -> None:
        """The hub has said that it works by another document."""
        self._offered = [one for one in self._offered if one.version > document.version]
        if self._life is not None:
            self._life.document, self._life.document_s = document, self._findings.now_s()

    def heard(self, rows: Iterable[Row]) -> None:
        """The hub has these values."""
        life = self._life
        if life is None:
            return
        now_s = self._findings.now_s()
        for row in rows:
            if not isinstance(row, ReadingRow):
                continue
            if row.device in self._temperatures and row.quantity == Quantity.TEMPERATURE:
                life.temperatures[row.device] = (row.value, now_s)
            elif row.device == self._tank_id:
                self._tank = (row.value, now_s)
                if life.pump_first is None:
                    life.pump_first = (row.value, now_s)
                elif row.value < life.pump_first[0]:
                    # What it rises from is the lowest that was told.
                    life.pump_first = (row.value, life.pump_first[1])
                elif row.value >= life.pump_first[0] + DRY_RISE_PERCENT:
                    life.pump_rose = True

    def asked(self, device_id: DeviceId, level: Level) -> None:
        """The hub asks a device for a level."""
        life = self._life
        if life is None:
            return
        now_s = self._findings.now_s()
        before = life.asked.get(device_id)
        was_on = before is not None and before.level > OFF
        if device_id == self._pump_id and level > OFF and not was_on:
            self._pump_starts(life, before, now_s)
        life.asked[device_id] = _Asked(
            level=level,
            since_s=before.since_s if before is not None and before.level == level else now_s,
            on_since_s=None
            if level == OFF
            else before.on_since_s
            if before is not None and was_on
            else now_s,
            # The first "off" of a life only says where the device was left.
            off_since_s=None
            if level > OFF or before is None
            else before.off_since_s
            if not was_on
            else now_s,
        )

    def _pump_starts(self, life: _Life, before: _Asked | None, now_s: float) -> None:
        life.pump_first, life.pump_rose = self._tank, False
        if before is None or before.off_since_s is None:
            return
        rested_s = now_s - before.off_since_s
        if rested_s < PUMP_REST_S - 1.0:
            self._findings.broken("a pump rests a minute", f"it rested {rested_s:.1f} s")

    # -------------------------------------------------------------------------------- what must be

    def tick(self) -> None:
        """Look at everything."""
        life = self._life
        now_s = self._findings.now_s()
        if life is None:
            self._left_alone(now_s)
            return
        if not life.asked and self._is_card_silent():
            # A program that has just begun learns of its devices from the card, once that answers.
            life.document_s = now_s
        if life.document is None or now_s - life.document_s <= REACTS_WITHIN_S:
            return
        houses = [one.houses[0] for one in (life.document, *self._offered)]
        self._never_too_hot(life, houses, now_s)
        self._never_blind(life, now_s)
        self._never_too_long(life, now_s)
        self._never_dry(life, now_s)
        self._never_beside_the_stop(life, houses, now_s)
        self._never_against_the_mode(life, houses)

    def _left_alone(self, now_s: float) -> None:
        if self._dead_since_s is None or now_s - self._dead_since_s <= LEASE_S + REACTS_WITHIN_S:
            return
        for node in self._nodes:
            for relay in node.relays.values():
                if relay.level != rest_level(relay.device.role, self._layout.kind):
                    self._findings.broken(
                        "a node that is left alone rests",
                        f"{relay.device.name} is at {relay.level:g} %",
                    )

    def _never_too_hot(self, life: _Life, houses: Sequence[HouseConfig], now_s: float) -> None:
        limit_c = max(house.setpoints.temperature_hard_max_c for house in houses)
        is_hot = any(
            value >= limit_c for value, at_s in life.temperatures.values() if now_s - at_s < STALE_S
        )
        if not is_hot:
            life.hot_since_s = None
        elif life.hot_since_s is None:
            life.hot_since_s = now_s
        elif now_s - life.hot_since_s > REACTS_WITHIN_S:
            self._all_air("the hard limit runs all air", life)

    def _never_blind(self, life: _Life, now_s: float) -> None:
        heard_s = max(
            (at_s for _, at_s in life.temperatures.values()), default=max(life.began_s, 0.0)
        )
        since_s = heard_s if life.temperatures else max(heard_s, life.document_s)
        if now_s - since_s <= STALE_S + REACTS_WITHIN_S:
            return
        if self._is_coop:
            self._all_air("a blind house runs its air", life)
        else:
            # Open vents may freeze a crop: they stay as they are.
            self._must("a blind house is not heated", life, self._layout.heater, OFF)

    def _all_air(self, invariant: str, life: _Life) -> None:
        for fan in self._layout.fans:
            self._must(invariant, life, fan, ON)
        self._must(invariant, life, self._layout.heater, OFF)

    def _must(self, invariant: str, life: _Life, device: DeviceConfig, level: Level) -> None:
        asked = life.asked.get(device.id)
        if asked is None or asked.level != level:
            found = "nothing" if asked is None else f"{asked.level:g} %"
            self._findings.broken(invariant, f"{device.name} is asked for {found}")

    def _never_too_long(self, life: _Life, now_s: float) -> None:
        for device, longest_s in self._limited:
            asked = life.asked.get(device.id)
            if asked is None or asked.on_since_s is None:
                continue
            if now_s - asked.on_since_s > longest_s + REACTS_WITHIN_S:
                self._findings.broken(
                    "nothing is on for longer than its role may be", f"{device.name}"
                )

    def _never_dry(self, life: _Life, now_s: float) -> None:
        asked = None if self._pump_id is None else life.asked.get(self._pump_id)
        if asked is None or asked.on_since_s is None or life.pump_rose:
            return
        if self._tank is None or life.pump_first is None or now_s - self._tank[1] > STALE_S:
            life.pump_rose = True  # nobody can tell whether it rises
            return
        since_s = max(asked.on_since_s, life.pump_since_s, life.pump_first[1])
        if now_s - since_s > DRY_S + RELAY_S + REACTS_WITHIN_S:
            self._findings.broken(
                "no pump runs dry", f"the tank is at {self._tank[0]:.1f} % for minutes"
            )

    def _never_beside_the_stop(
        self, life: _Life, houses: Sequence[HouseConfig], now_s: float
    ) -> None:
        if not all(house.software_stop for house in houses):
            return
        for device in self._stopped:
            asked = life.asked.get(device.id)
            if asked is not None and asked.level > OFF and now_s - asked.since_s > 0:
                self._findings.broken("the software stop stops", f"{device.name} is asked to run")
        fan = life.asked.get(self._layout.fan.id)
        if fan is None:
            self._findings.broken("the software stop keeps the air", "the fan is asked for nothing")

    def _never_against_the_mode(self, life: _Life, houses: Sequence[HouseConfig]) -> None:
        for device in self._layout.actuators:
            asked = life.asked.get(device.id)
            if asked is None or asked.level == OFF or self._is_held(device.id):
                continue
            if all(
                house.mode in RESTING and device.role in RESTING[house.mode] for house in houses
            ):
                self._findings.broken(
                    "what a mode lets rest is moved by nobody but a person",
                    f"{device.name} is asked to run in mode {houses[0].mode}",
                )
