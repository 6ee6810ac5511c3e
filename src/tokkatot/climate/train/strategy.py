"""An evolution strategy that learns how far to scatter, and along what (CMA-ES).

Source: N. Hansen, The CMA evolution strategy: a tutorial, arXiv 1604.00772 (2016), with its usual
constants; ranks alone count.
"""

from collections.abc import Mapping

import numpy as np

from tokkatot.climate.kernel import Floats

_KEPT = ("middle", "spread", "covariance", "path", "spread_path", "told")


class Strategy:
    """A normal distribution of rows of numbers, which is told what they were worth."""

    def __init__(self, middle: Floats, spread: float, candidates: int) -> None:
        """Begin around a row."""
        size, best = len(middle), candidates // 2
        weights = np.log(best + 0.5) - np.log(np.arange(1, best + 1))
        self._weights = weights / weights.sum()
        mass = 1.0 / float((self._weights**2).sum())
        self._mass, self._candidates = mass, candidates
        self._path_rate = (4.0 + mass / size) / (size + 4.0 + 2.0 * mass / size)
        self._spread_rate = (mass + 2.0) / (size + mass + 5.0)
        self._one_rate = 2.0 / ((size + 1.3) ** 2 + mass)
        self._all_rate = min(
            1.0 - self._one_rate, 2.0 * (mass - 2.0 + 1.0 / mass) / ((size + 2.0) ** 2 + mass)
        )
        self._damping = 1.0 + self._spread_rate
        self._damping += 2.0 * max(0.0, ((mass - 1.0) / (size + 1.0)) ** 0.5 - 1.0)
        self._usual = size**0.5 * (1.0 - 0.25 / size + 1.0 / (21.0 * size**2))
        self.middle = middle.copy()
        self.spread = np.array(spread)
        self.covariance = np.eye(size)
        self.path, self.spread_path = np.zeros(size), np.zeros(size)
        self.told = np.array(0)
        self._turn()

    def asked(self, chance: np.random.Generator) -> Floats:
        """Return candidates, a row each."""
        drawn = chance.standard_normal((self._candidates, len(self.middle)))
        rows: Floats = self.middle + self.spread * (drawn * self._lengths) @ self._axes.T
        return rows

    def tell(self, rows: Floats, worth: Floats) -> None:
        """Move to where candidates were worth more."""
        best = np.argsort(-worth, kind="stable")[: len(self._weights)]
        steps = (rows[best] - self.middle) / self.spread
        step = self._weights @ steps
        self.middle = self.middle + self.spread * step
        self.told = self.told + 1
        rate = self._spread_rate
        straight = self._axes @ ((self._axes.T @ step) / self._lengths)
        self.spread_path = (1.0 - rate) * self.spread_path
        self.spread_path += (rate * (2.0 - rate) * self._mass) ** 0.5 * straight
        far = float(np.linalg.norm(self.spread_path)) / self._usual
        early = (1.0 - (1.0 - rate) ** (2.0 * float(self.told))) ** 0.5
        calm = far / early < 1.4 + 2.0 / (len(self.middle) + 1.0)
        lost = self._path_rate * (2.0 - self._path_rate)
        self.path = (1.0 - self._path_rate) * self.path
        if calm:
            self.path += (lost * self._mass) ** 0.5 * step
        left = 1.0 - self._one_rate - self._all_rate + (0.0 if calm else self._one_rate * lost)
        self.covariance = (
            left * self.covariance
            + self._one_rate * np.outer(self.path, self.path)
            + self._all_rate * (steps.T * self._weights) @ steps
        )
        self.spread = self.spread * np.exp(min(1.0, rate / self._damping * (far - 1.0)))
        self._turn()

    def memory(self) -> dict[str, Floats]:
        """Return all that it goes on from."""
        return {name: getattr(self, name) for name in _KEPT}

    def recall(self, kept: Mapping[str, Floats]) -> None:
        """Go on from it."""
        for name in _KEPT:
            setattr(self, name, kept[name])
        self._turn()

    def _turn(self) -> None:
        """Find the axes of the scatter, and how long they are."""
        lengths, self._axes = np.linalg.eigh(0.5 * (self.covariance + self.covariance.T))
        self._lengths = np.sqrt(np.maximum(lengths, 1e-14))
