"""Has the policies asked every five minutes, and hands what they decide to control."""

from collections.abc import Callable
from typing import Final

import structlog

from tokkatot.automation.inputs import Loan
from tokkatot.domain.ids import HouseId
from tokkatot.hub.autopilot.asking import mode_of, questions
from tokkatot.hub.autopilot.fans import FansWatch
from tokkatot.hub.autopilot.process import Deciding, NoDecision
from tokkatot.hub.inbox import HubInbox
from tokkatot.hub.journal.port import JournalPort
from tokkatot.hub.view import WorldView
from tokkatot.kit.clock import Clock
from tokkatot.wire.autopilot import DECIDED, EVERY_S, Asked, Decided, event_data
from tokkatot.wire.messages import EventRow

LOOKS_UP_EVERY_S: Final = 10.0
"""So soon a house that a person takes back is its people's own again."""
MAX_TROUBLE: Final = 200

log = structlog.get_logger(__name__)


class Rounds:
    """Turns the set-points of houses, and lets fans rest between them, as their people let it.

    A loan is an input of control as a reading is. Where the process gives no answer it ends at
    once; where nobody is left to say so, the engine's clock ends it.
    """

    def __init__(
        self,
        *,
        view: WorldView,
        inbox: HubInbox,
        deciding: Deciding,
        journal: JournalPort,
        clock: Clock,
        is_time_known: Callable[[], bool],
    ) -> None:
        self._view = view
        self._inbox = inbox
        self._deciding = deciding
        self._journal = journal
        self._clock = clock
        self._is_time_known = is_time_known
        self._due_s: dict[HouseId, float] = {}
        self._fans = FansWatch()

    async def run(self) -> None:
        """Ask until cancelled."""
        try:
            while True:
                await self.look()
                await self._clock.sleep(LOOKS_UP_EVERY_S)
        finally:
            await self._deciding.close()

    async def look(self) -> None:
        """Give back what was taken back, and ask where it is time to."""
        document = self._view.document
        steered = {
            house.id
            for house in (() if document is None else document.houses)
            if mode_of(house.autopilot) is not None
        }
        for house_id in self._due_s.keys() - steered:
            del self._due_s[house_id]
            self._inbox.tell(Loan(house_id=house_id, shift_k=0.0))
        if not steered:
            await self._deciding.close()
        self._fans.look(self._view, steered)
        now_s = self._clock.monotonic()
        due = {house_id for house_id in steered if now_s >= self._due_s.get(house_id, now_s)}
        if not due or not self._is_time_known():
            return
        self._due_s.update(dict.fromkeys(due, now_s + EVERY_S))
        asked = questions(
            self._view, due, ran_share=self._fans.take, now_s=now_s, now=self._clock.now()
        )
        for question in asked:
            self._take(await self._decided(question))

    async def _decided(self, question: Asked | Decided) -> Decided:
        if isinstance(question, Decided):
            return question
        try:
            return await self._deciding.decide(question)
        except NoDecision as none:
            log.warning("autopilot.no_decision", house=str(question.house), reason=none.reason)
            return Decided(
                house=question.house,
                mode=question.mode,
                sha256=question.policy.sha256,
                refused="process",
                air_c=question.inside.air_c,
                trouble=none.reason[:MAX_TROUBLE],
            )

    def _take(self, decided: Decided) -> None:
        """Let control and the cloud know; who gave no answer has given the house back."""
        self._inbox.tell(
            Loan(
                house_id=HouseId(decided.house),
                shift_k=decided.shift_k,
                fan_share=decided.fan_share,
            )
        )
        t_ms = self._clock.now_ms()
        self._journal.offer(events=[EventRow(0, "e", t_ms, DECIDED, event_data(decided))])
