"""Recorded files whose every cell can be told again, so that what was produced is known."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.support.people import Json
from tokkatot.domain.quantities import SPECS, Quantity

QUANTITIES = (
    Quantity.TEMPERATURE,
    Quantity.RELATIVE_HUMIDITY,
    Quantity.CO2,
    Quantity.AMMONIA,
    Quantity.PPFD,
    Quantity.GLOBAL_RADIATION,
    Quantity.ILLUMINANCE,
    Quantity.SOIL_MOISTURE,
    Quantity.AIR_SPEED,
    Quantity.WIND_DIRECTION,
)
WRONG = ("", "NaN", "-inf", "1_000", "wet", "9e99")
"""What can't be a value of any of these quantities."""
_ONE_WRONG_IN = 101
_MASK = 2**64 - 1
STEP_MS = 1000

Listed = tuple[str, int | None, str]
"""A refused value: its quantity, time and text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """One file of one device: a row a second, a column a quantity, some of the cells wrong."""

    hardware_id: str
    seed: int
    lines: int
    first_ms: int

    @property
    def cells(self) -> int:
        """How many values it holds, wrong ones and all."""
        return self.lines * len(QUANTITIES)

    def cell(self, line: int, column: int) -> str:
        """Return what the file says there."""
        mixed = _mix(self.seed * 1_000_003 + line * len(QUANTITIES) + column)
        if mixed % _ONE_WRONG_IN == 0:
            return WRONG[mixed // _ONE_WRONG_IN % len(WRONG)]
        spec = SPECS[QUANTITIES[column]]
        share = (mixed >> 20) / 2**44
        return f"{spec.minimum + (spec.maximum - spec.minimum) * share:.4f}"

    def write(self, path: Path) -> None:
        """Write the file."""
        with path.open("w") as file:
            file.write(",".join(QUANTITIES) + "\n")
            for line in range(self.lines):
                cells = (self.cell(line, column) for column in range(len(QUANTITIES)))
                file.write(",".join(cells) + "\n")

    def kept(self, quantity: Quantity) -> Iterator[tuple[int, float]]:
        """Yield time and value of every cell of a column that is a value, the oldest first."""
        column = QUANTITIES.index(quantity)
        for line in range(self.lines):
            cell = self.cell(line, column)
            if cell not in WRONG:
                yield self._t_ms(line), float(cell)

    def refused(self) -> Counter[Listed]:
        """Return every cell that is none."""
        return Counter(
            (str(quantity), self._t_ms(line), cell)
            for column, quantity in enumerate(QUANTITIES)
            for line in range(self.lines)
            if (cell := self.cell(line, column)) in WRONG
        )

    def config(self, path: Path) -> Json:
        """Return the file as the hub's configuration names it."""
        return {
            "path": str(path),
            "device": self.hardware_id,
            "columns": {str(quantity): str(quantity) for quantity in QUANTITIES},
            "start": datetime.fromtimestamp(self.first_ms / 1000, UTC),
            "step_s": STEP_MS / 1000,
        }

    def _t_ms(self, line: int) -> int:
        return self.first_ms + line * STEP_MS


def _mix(number: int) -> int:
    """Return 64 bits that look like chance and are always the same (SplitMix64)."""
    mixed = (number + 1) * 0x9E3779B97F4A7C15 & _MASK
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & _MASK
    return mixed ^ (mixed >> 31)
