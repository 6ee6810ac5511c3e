"""How the page hands control what a person asks: at once, or not at all."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

from tokkatot.domain.ids import HubId
from tokkatot.hub.loop import SILENT_FOR_S, ControlLoop
from tokkatot.hub.web.key_book import KeyBook
from tokkatot.hub.web.notebook import Notebook
from tokkatot.hub.web.problems import HubProblem
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource

SESSION: Final = "farm"
"""Stands where an order of the cloud names the session in which it came."""

BEGIN_WITHIN_S: Final = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """What orders and runs of schedules are given with."""

    hub_id: HubId
    control: ControlLoop
    notes: Notebook
    keys: KeyBook
    clock: Clock
    ids: IdSource

    def check_quick(self) -> None:
        """Refuse while control is stuck: it would begin later than the person expects.

        Raises:
            HubProblem: then.
        """
        if self.control.silent_s() >= SILENT_FOR_S:
            raise HubProblem("unavailable", "The hub is busy.", retry_after_s=2)

    async def begun(self, taking: Awaitable[None]) -> None:
        """Wait until control has taken something.

        Raises:
            HubProblem: when its disk does not answer.
        """
        try:
            async with asyncio.timeout(BEGIN_WITHIN_S):
                await taking
        except TimeoutError:
            raise HubProblem("unavailable", "The hub's disk does not answer.") from None
