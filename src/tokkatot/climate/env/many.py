"""Many houses at once as one environment: a step of all of them is a few calls of the kernel."""

from typing import Any, Generic, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tokkatot.climate.env.batches import Batch, Start
from tokkatot.climate.kernel import Floats

Seen = NDArray[np.float32]
Ended = NDArray[np.bool_]
Memory = dict[str, Any]


class Turn(NamedTuple):
    """What a step of all houses brought; a row or a number a house."""

    seen: Seen
    """Where a season ended, of the one that has begun."""
    rewards: Floats
    over: Ended
    """Its season has ended and the next has begun."""
    cut: Ended
    """It ended before its time, as the first seasons may."""
    last: Seen
    """What was seen before another season began."""
    parts: Floats


class ManyHouses(Generic[Start]):
    """A batch whose seasons begin anew, each by chance, when they have ended.

    An action is how far each dial turns, of what it may in a step: -1 back, 1 forth.
    """

    def __init__(self, batch: Batch[Start], chance: np.random.Generator) -> None:
        """Take the houses and where chance comes from."""
        self.batch: Batch[Start] = batch
        self._chance = chance
        self._until = np.full(batch.houses, batch.steps)
        self._low = np.array([field.low for field in batch.fields], np.float32)
        self._high = np.array([field.high for field in batch.fields], np.float32)
        self._ends = np.array([(dial.low, dial.high, dial.step) for dial in batch.dials]).T

    def reset(self, *, staggered: bool = False) -> Seen:
        """Begin a season in every house; where staggered, the first ones end one after another.

        Otherwise a learner would see all houses in the same week of their lives.
        """
        for house in range(self.batch.houses):
            self._plant(house)
        if staggered:
            self._until = self._chance.integers(1, self.batch.steps + 1, self.batch.houses)
        return self._seen()

    def reseed(self, chance: np.random.Generator) -> None:
        """Draw from here on from this."""
        self._chance = chance

    def step(self, actions: NDArray[np.floating[Any]]) -> Turn:
        """Turn the dials and let a step pass."""
        low, high, most = self._ends
        was = self.batch.values
        # Gaussian policies overshoot.
        wanted = was + np.clip(actions.astype(np.float64), -1.0, 1.0) * most
        values = np.clip(np.clip(wanted, was - most, was + most), low, high)
        parts = self.batch.live(values)
        over = self.batch.lived >= self._until
        cut = over & (self._until < self.batch.steps)
        last = self._seen()
        for house in np.flatnonzero(over):
            self._plant(int(house))
        seen = self._seen() if over.any() else last
        return Turn(seen, self.batch.worth(parts), over, cut, last, parts)

    def memory(self) -> Memory:
        """Return all that it goes on from."""
        return {
            "arrays": [array.copy() for array in self.batch.arrays()],
            "until": self._until.copy(),
            "chance": self._chance.bit_generator.state,
        }

    def recall(self, memory: Memory) -> None:
        """Go on from there."""
        for mine, kept in zip(self.batch.arrays(), memory["arrays"], strict=True):
            mine[:] = kept
        self._until = memory["until"].copy()
        self._chance.bit_generator.state = memory["chance"]

    def _plant(self, house: int) -> None:
        self.batch.plant(house, self.batch.draw.drawn(self._chance))
        self._until[house] = self.batch.steps

    def _seen(self) -> Seen:
        seen: Seen = np.clip(self.batch.observed().astype(np.float32), self._low, self._high)
        return seen
