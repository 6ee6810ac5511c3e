"""Simulated houses as the hardware that a hub's driver reads and switches."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

import msgspec

from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.domain.devices import Level
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.quantities import SPECS, Quantity
from tokkatot.sim.chance import Chance
from tokkatot.sim.coop import Coop, CoopDesign
from tokkatot.sim.greenhouse import Greenhouse, GreenhouseDesign
from tokkatot.sim.relays import Relays
from tokkatot.sim.weather import KANDAL, Place, Weather

STEP_S: Final = 60.0
"""Longest step of the balances; those of the air are implicit and may be longer than it takes."""

LONGEST_ADVANCE_S: Final = 6 * 3600.0
"""A world left alone for longer moves on by this much, in the weather of the last hours."""

_SHORTEST_S: Final = 1e-3
"""Shortest step of the balances, which divide by it."""

SWITCH_S: Final = 0.02
"""A small relay takes 10 to 20 ms to close and to stop bouncing."""

# Standard deviations of common farm sensors: SHT31, a pressure level probe, an NDIR and an
# electrochemical cell, a load cell, a quantum sensor, a capacitive soil probe.
_NOISE: Final[Mapping[Quantity, float]] = MappingProxyType(
    {
        Quantity.TEMPERATURE: 0.05,
        Quantity.RELATIVE_HUMIDITY: 0.3,
        Quantity.WATER_LEVEL: 0.15,
        Quantity.FLOW_RATE: 0.0,
        Quantity.WATER_TOTAL: 0.0,
        Quantity.FEED_WEIGHT: 0.05,
        Quantity.WEIGHT: 0.02,
        Quantity.CO2: 8.0,
        Quantity.AMMONIA: 0.2,
        Quantity.ILLUMINANCE: 0.5,
        Quantity.PPFD: 2.0,
        Quantity.GLOBAL_RADIATION: 3.0,
        Quantity.SOIL_MOISTURE: 0.1,
    }
)

_SPOT_OPTIONS: Final[tuple[str, ...]] = ("latitude_deg", "longitude_deg")

Option = str | int | float | bool | None


class OptionError(ValueError):
    """An option of a simulated house that is unknown or out of range; the text says which."""


class _Body(Protocol):
    """The physics of one kind of house."""

    @property
    def outputs(self) -> tuple[str, ...]: ...

    def advance(self, dt_s: float, outdoor: Outdoor, relays: Relays) -> None: ...

    def measure(self) -> dict[str, float]: ...

    def save(self) -> dict[str, float]: ...

    def restore(self, values: Mapping[str, float]) -> None: ...


class SimulatedHouse:
    """One house with its weather, its relays and its noisy sensors."""

    def __init__(self, body: _Body, weather: Weather, chance: Chance) -> None:
        self._body = body
        self._weather = weather
        self._chance = chance
        self._relays = Relays(body.outputs, switch_s=SWITCH_S)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the channels that can be written."""
        return self._body.outputs

    def advance(self, dt_s: float, utc: datetime) -> None:
        """Move the world by `dt_s` seconds, up to the instant `utc`."""
        assert dt_s >= 0, "a world runs forward"
        self._relays.advance(dt_s)
        left_s = min(dt_s, LONGEST_ADVANCE_S)
        while left_s > 0:
            step_s = min(left_s, STEP_S)
            left_s -= step_s
            outdoor = self._weather.at(utc - timedelta(seconds=left_s))
            self._body.advance(max(step_s, _SHORTEST_S), outdoor, self._relays)

    def read(self, channel: str) -> float | None:
        """Return what the sensor behind `channel.quantity` shows; None where there is none."""
        truth = self._body.measure().get(channel)
        if truth is None:
            return None
        quantity = Quantity(channel.partition(".")[2])
        shown = truth + _NOISE[quantity] * self._chance.gauss()
        spec = SPECS[quantity]
        return round(min(max(shown, spec.minimum, 0.0 if truth >= 0 else shown), spec.maximum), 2)

    def write(self, channel: str, level: Level) -> None:
        """Order an output to a level in %; it follows within `SWITCH_S` seconds."""
        self._relays.write(channel, level)

    def level(self, channel: str) -> Level:
        """Return how far an output is switched now."""
        return self._relays.level(channel)

    def save(self) -> bytes:
        """Return the whole world as small JSON."""
        return json.dumps(
            {
                "chance": self._chance.state,
                "levels": self._relays.levels(),
                "state": self._body.save(),
            }
        ).encode()

    def restore(self, saved: bytes) -> None:
        """Take up a saved world.

        Raises:
            ValueError: when `saved` is damaged; the world is then as it was.
        """
        try:
            document = json.loads(saved)
            state = {str(name): _finite(value) for name, value in document["state"].items()}
            levels = {str(name): _finite(level) for name, level in document["levels"].items()}
            seed = int(document["chance"])
            self._body.restore(state)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no saved world: {error}") from error
        self._relays.restore(levels)
        self._chance.state = seed


def build_house(
    kind: HouseKind, *, seed: int, options: Mapping[str, Option] | None = None
) -> SimulatedHouse:
    """Return a simulated house of a kind.

    Options are the fields of `CoopDesign` or `GreenhouseDesign`, and `latitude_deg` and
    `longitude_deg` of the place (default: Kandal).

    Raises:
        OptionError: for an option that is unknown or out of range.
    """
    given: dict[str, object] = dict(options or {})
    spot = {name: given.pop(name) for name in _SPOT_OPTIONS if name in given}
    chance = Chance(seed)
    weather = Weather(_parse(Place, {**asdict(KANDAL), **spot}), chance)
    body: _Body
    match kind:
        case HouseKind.COOP:
            body = Coop(_parse(CoopDesign, given))
        case HouseKind.GREENHOUSE:
            body = Greenhouse(_parse(GreenhouseDesign, given))
    return SimulatedHouse(body, weather, chance)


_Design = TypeVar("_Design", Place, CoopDesign, GreenhouseDesign)


def _parse(design: type[_Design], given: Mapping[str, object]) -> _Design:
    known = [field.name for field in fields(design)]
    for name in given:
        if name not in known:
            raise OptionError(f"{name!r} is no option of this house; it has {', '.join(known)}")
    try:
        return msgspec.convert(given, type=design)
    except msgspec.ValidationError as error:
        raise OptionError(str(error)) from error


def _finite(value: object) -> float:
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no finite number")
    return float(value)
