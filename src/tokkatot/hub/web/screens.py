"""The answers of the hub's page, in the shapes of the cloud's."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from tokkatot.domain.alerts import SEVERITY_ORDER
from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig
from tokkatot.domain.devices import ACTUATORS, speaks_for_air
from tokkatot.domain.houses import MODES, HouseKind
from tokkatot.domain.people import MemberRole
from tokkatot.domain.quantities import SPECS, Quantity
from tokkatot.hub.loop import ControlLoop
from tokkatot.hub.web.feed import Feed, Json
from tokkatot.hub.web.notebook import Notebook
from tokkatot.hub.web.views import device_state, iso, why_view
from tokkatot.kit.clock import Clock
from tokkatot.wire.messages import DeviceStateRow, LiveReading

STALE_PERIODS: Final = 3
STALE_AT_LEAST_MS: Final = 60_000


class Screens:
    """Reads what the hub knows at this moment; what only the cloud knows is null."""

    def __init__(
        self, *, control: ControlLoop, notes: Notebook, feed: Feed, clock: Clock, software: str
    ) -> None:
        self._control = control
        self._notes = notes
        self._feed = feed
        self._clock = clock
        self._software = software

    def farm(self, document: DesiredDocument, role: MemberRole) -> Json:
        """Return the farm, as far as it hangs on this hub."""
        return {
            "id": str(document.farm_id),
            "name": document.farm_name,
            "province": None,
            "location": None,
            "latitude": None,
            "longitude": None,
            "time_zone": document.time_zone,
            "description": None,
            "image_url": None,
            "role": role.value,
            "coop_count": sum(house.kind is HouseKind.COOP for house in document.houses),
            "house_count": len(document.houses),
            "worst_alert": _worst(self._notes.alerts.open()),
            "stopped": bool(document.houses) and all(h.software_stop for h in document.houses),
            "created_at": None,
        }

    def cards(self, document: DesiredDocument) -> list[Json]:
        """Return the houses as cards."""
        alerts = self._notes.alerts.open()
        return [self._card(document, house, alerts) for house in document.houses]

    def house(self, document: DesiredDocument, house: HouseConfig, role: MemberRole) -> Json:
        """Return all that a house's screen shows."""
        devices = [device for device in document.devices if device.house_id == house.id]
        alerts = [one for one in self._notes.alerts.open() if one["house_id"] == str(house.id)]
        return {
            "t": iso(self._clock.now_ms()),
            "seq": self._feed.seq,
            "role": role.value,
            "house": self._card(document, house, alerts),
            "hub": self._hub(document),
            "readings": self._readings(devices),
            "actuators": [self._actuator(one) for one in devices if one.role in ACTUATORS],
            "sensors": [self._sensor(one) for one in devices if one.role not in ACTUATORS],
            "alerts": alerts,
            "setpoints": setpoints(house),
            "stop": self.stop(house) if house.software_stop else None,
            "picture": None,
            "live_t": iso(self._clock.now_ms()),
        }

    def stop(self, house: HouseConfig) -> Json:
        """Return a stop that holds; of one from the cloud nobody here knows more."""
        by, at_ms = self._notes.stops.pressed(house) or (None, None)
        return {
            "by": self._notes.person(by),
            "at": None if at_ms is None else iso(at_ms),
        }

    def newest_stop(self, document: DesiredDocument) -> Json | None:
        """Return the stop that came last, None where no house is stopped."""
        stops = [self.stop(house) for house in document.houses if house.software_stop]
        return max(stops, key=lambda stop: str(stop["at"] or ""), default=None)

    def snapshot(self) -> Json:
        """Return how things stand, as the data of a `snapshot` frame."""
        document = self._control.view.document
        houses: dict[str, dict[str, list[object]]] = {}
        if document is None:
            return {"houses": houses}
        for house in document.houses:
            houses[str(house.id)] = {"readings": [], "actuators": []}
        by_id = {str(device.id): device for device in document.devices}
        for reading in self._live():
            device = by_id.get(reading.device)
            if device is not None:
                houses[str(device.house_id)]["readings"].append(
                    (reading.device, reading.quantity, reading.t, reading.value, reading.quality)
                )
        for device in document.devices:
            houses[str(device.house_id)]["actuators"].append(self._state(device))
        return {"houses": houses}

    # ------------------------------------------------------------------------------------- parts

    def _live(self) -> Sequence[LiveReading]:
        return self._control.view.live()[0]

    def _state(self, device: DeviceConfig) -> Json:
        shown = self._control.view.device(device.id)
        row = DeviceStateRow(
            0,
            "s",
            str(device.id),
            self._clock.now_ms(),
            shown.actual,
            shown.target,
            shown.online,
            shown.error,
            shown.why,
        )
        return device_state(device, row)

    def _hub(self, document: DesiredDocument) -> Json:
        return {
            "id": str(document.hub_id),
            "online": True,
            "last_seen_at": iso(self._clock.now_ms()),
            "software": self._software,
        }

    def _card(self, document: DesiredDocument, house: HouseConfig, alerts: Sequence[Json]) -> Json:
        devices = [device for device in document.devices if device.house_id == house.id]
        return {
            "id": str(house.id),
            "number": house.number,
            "name": house.name,
            "kind": house.kind.value,
            "capacity": None,
            "present_count": None,
            "chicken_type": None,
            "crop_type": None,
            "floor_area_m2": None,
            "zones": sorted({device.zone for device in devices}),
            "hub": self._hub(document),
            "water": self._card_value(devices, Quantity.WATER_LEVEL),
            "temperature": self._card_value(devices, Quantity.TEMPERATURE),
            "worst_alert": _worst([one for one in alerts if one["house_id"] == str(house.id)]),
            "stopped": house.software_stop,
            "mode": None if house.mode is None else house.mode.value,
            "modes": [mode.value for mode in MODES[house.kind]],
        }

    def _card_value(self, devices: Sequence[DeviceConfig], quantity: Quantity) -> Json | None:
        by_id = {str(one.id): one for one in devices if speaks_for_air(one.role, quantity)}
        found = [
            reading
            for reading in self._live()
            if reading.device in by_id and reading.quantity == quantity
        ]
        if not found:
            return None
        fresh = [one for one in found if not self._is_stale(by_id[one.device], one.t)]
        told = fresh or [max(found, key=lambda one: one.t)]
        return {
            "device_id": found[0].device if len(found) == 1 else None,
            "value": sum(one.value for one in told) / len(told),
            "t": iso(max(one.t for one in told)),
            "stale": not fresh,
        }

    def _readings(self, devices: Sequence[DeviceConfig]) -> list[Json]:
        by_id = {str(device.id): device for device in devices}
        return [
            {
                "device_id": reading.device,
                "device_name": by_id[reading.device].name,
                "zone": by_id[reading.device].zone,
                "quantity": reading.quantity,
                "unit": SPECS[Quantity(reading.quantity)].unit,
                "value": reading.value,
                "t": iso(reading.t),
                "quality": reading.quality,
                "stale": self._is_stale(by_id[reading.device], reading.t),
            }
            for reading in sorted(self._live(), key=lambda one: (one.quantity, one.device))
            if reading.device in by_id
        ]

    def _actuator(self, device: DeviceConfig) -> Json:
        spec, shown = ACTUATORS[device.role], self._control.view.device(device.id)
        commands = self._notes.commands(str(device.id))
        return {
            "device_id": str(device.id),
            "name": device.name,
            "role": device.role.value,
            "interface": device.interface.value,
            "zone": device.zone,
            "online": shown.online,
            "actual": shown.actual,
            "actual_t": iso(self._clock.now_ms()),
            "target": shown.target,
            "why": why_view(shown.why),
            "error": shown.error,
            "tap_on_s": spec.tap_on_s,
            "tap_off_s": spec.tap_off_s,
            "max_on_s": spec.max_on_s,
            "command": commands[0] if commands else None,
        }

    def _sensor(self, device: DeviceConfig) -> Json:
        times = [one.t for one in self._live() if one.device == str(device.id)]
        newest = max(times, default=None)
        fresh = newest is not None and not self._is_stale(device, newest)
        return {
            "device_id": str(device.id),
            "name": device.name,
            "role": device.role.value,
            "zone": device.zone,
            "online": fresh or self._control.view.device(device.id).online,
            "last_seen_at": None if newest is None else iso(newest),
        }

    def _is_stale(self, device: DeviceConfig, t_ms: int) -> bool:
        after_ms = max(device.period_s * 1000 * STALE_PERIODS, STALE_AT_LEAST_MS)
        return t_ms < self._clock.now_ms() - after_ms


def setpoints(house: HouseConfig) -> Json:
    """Return the targets of a house's rules, by day and by night."""
    return {
        **asdict(house.setpoints),
        "night": None if house.night is None else asdict(house.night),
    }


def _worst(alerts: Sequence[Json]) -> str | None:
    standing = {one["severity"] for one in alerts if one["cleared_at"] is None}
    return next((word.value for word in SEVERITY_ORDER if word.value in standing), None)
