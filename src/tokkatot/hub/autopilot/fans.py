"""What part of their fans houses run, whoever asks for it: people, schedules, rules, interlocks."""

from collections.abc import Set as AbstractSet

from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.ids import HouseId
from tokkatot.hub.view import WorldView


class FansWatch:
    """Looks now and then at what the fans of houses do, from one question to the next."""

    def __init__(self) -> None:
        self._seen: dict[HouseId, tuple[float, int]] = {}
        """The sum of the parts that ran, and how often somebody looked."""

    def look(self, view: WorldView, houses: AbstractSet[HouseId]) -> None:
        """Note what part of their fans run at this moment; other houses are forgotten."""
        self._seen = {house: seen for house, seen in self._seen.items() if house in houses}
        document = view.document
        levels: dict[HouseId, list[float]] = {}
        for device in () if document is None else document.devices:
            if device.role is not DeviceRole.FAN or device.house_id not in houses:
                continue
            shown = view.device(device.id)
            if shown.target is None:
                continue  # it brings history alone
            level = shown.target if shown.actual is None else shown.actual
            if not shown.online or shown.error is not None:
                # Of one that is away nobody knows that it runs.
                level = OFF
            levels.setdefault(device.house_id, []).append(level / ON)
        for house, of_fans in levels.items():
            sum_, count = self._seen.get(house, (0.0, 0))
            self._seen[house] = (sum_ + sum(of_fans) / len(of_fans), count + 1)

    def take(self, house: HouseId) -> float | None:
        """Return the part that ran since this was asked last; None where nobody has looked."""
        sum_, count = self._seen.pop(house, (0.0, 0))
        return sum_ / count if count else None
