"""A controller that is watched as it steers, so that nobody waits before a silent terminal."""

from collections.abc import Callable
from typing import Any

from typing_extensions import override

from tokkatot.climate.env.batches import Batch
from tokkatot.climate.judge.controllers import Controller
from tokkatot.climate.kernel import Floats


class Watched(Controller):
    """Decides as another does; tells how many of its seasons' steps were decided."""

    def __init__(self, who: Controller, tell: Callable[[int, int], None]) -> None:
        """Take who decides, and what is told how many of how many steps are done."""
        self._who = who
        self._tell = tell
        self._decided = 0

    @override
    def decide(self, batch: Batch[Any]) -> Floats:
        wanted = self._who.decide(batch)
        self._decided += 1
        self._tell(self._decided, batch.steps)
        return wanted
