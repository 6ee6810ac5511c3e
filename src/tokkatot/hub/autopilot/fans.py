"""What part of their fans houses run, whoever asks for it: people, schedules, rules, interlocks."""

from collections.abc import Set as AbstractSet

from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.ids import HouseId
from tokkatot.hub.view import WorldView


class FansWatch:
    """Looks now and then at what the fans of houses do, from one question to the next."""

    def __init__(self) -> None:
        self._seen: dict[HouseId, list[float]] = {}

    def look(self, view: WorldView, houses: AbstractSet[HouseId]) -> None:
        """Note what part of their fans run at this moment; other houses are forgotten."""
        self._seen = {house: seen for house, seen in self._seen.items() if house in houses}
        document = view.document
        levels: dict[HouseId, list[float]] = {}
        for device in () if document is None else document.devices:
            if device.role is DeviceRole.FAN and device.house_id in houses:
                shown = view.device(device.id)
                level = shown.target if shown.actual is None else shown.actual
                if level is None or not shown.online or shown.error is not None:
                    # Of one that is away nobody knows that it runs.
                    level = OFF
                levels.setdefault(device.house_id, []).append(level / ON)
        for house, of_fans in levels.items():
            self._seen.setdefault(house, []).append(sum(of_fans) / len(of_fans))

    def take(self, house: HouseId) -> float | None:
        """Return the part that ran since this was asked last; None where nobody has looked."""
        seen = self._seen.pop(house, [])
        return sum(seen) / len(seen) if seen else None
