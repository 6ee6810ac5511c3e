"""Seeded randomness whose whole state is one integer."""

import math
from collections.abc import Sequence

_MASK = (1 << 64) - 1


class Chance:
    """SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).

    The standard library's generator holds 2.5 kB of state; a world that is saved every few
    seconds keeps this one as a number.
    """

    __slots__ = ("state",)

    def __init__(self, seed: int) -> None:
        self.state = seed & _MASK

    def uniform(self) -> float:
        """Return the next number in 0..1, 1 excluded."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return float((mixed ^ (mixed >> 31)) >> 11) / float(1 << 53)

    def gauss(self) -> float:
        """Return the next number of the standard normal distribution (Box-Muller)."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.uniform()))
        return radius * math.cos(2.0 * math.pi * self.uniform())


class SmoothNoise:
    """A wandering value in -1..1 that is a function of time alone, so there is nothing to save.

    It is a mean of sines; periods that share no small multiple keep it from repeating.
    """

    __slots__ = ("_waves",)

    def __init__(self, chance: Chance, periods_s: Sequence[float]) -> None:
        assert periods_s, "noise needs at least one period"
        self._waves = tuple(
            (2.0 * math.pi / period_s, 2.0 * math.pi * chance.uniform()) for period_s in periods_s
        )

    def at(self, t_s: float) -> float:
        """Return the value at `t_s` seconds."""
        return sum(math.sin(rate * t_s + phase) for rate, phase in self._waves) / len(self._waves)
