"""Has a crash find on the disk which runs of schedules have begun."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from tokkatot.automation.runs import goes_on
from tokkatot.automation.state import Running, State
from tokkatot.domain.ids import ScheduleId
from tokkatot.domain.schedules import Schedule
from tokkatot.hub.journal.port import JournalError, JournalPort, JournalTimeout

KEPT_WITHIN_S: Final = 0.5
"""A run waits no longer to be on the disk: it is to begin within a second of its time."""

MAX_ASIDE: Final = 48
"""So many runs have room in the journal's reserve; of more the oldest are forgotten."""

log = structlog.get_logger(__name__)


class Dose(Struct, frozen=True, array_like=True):
    """A run that has begun, of a schedule that is about a dose."""

    schedule_id: ScheduleId
    due_ms: int


def doses_in(kept: bytes) -> list[Dose]:
    """Return what was kept aside; what can't be read is as if nothing was."""
    try:
        return msgspec.json.decode(kept, type=list[Dose])
    except msgspec.DecodeError:
        return []


class BegunRuns:
    """Knows the runs that go on, and keeps those that begin before they move anything."""

    def __init__(self, journal: JournalPort) -> None:
        self._journal = journal
        self._known: set[tuple[ScheduleId, int | None]] = set()
        self._aside: deque[Dose] = deque(maxlen=MAX_ASIDE)

    def recall(self) -> Mapping[ScheduleId, frozenset[int]]:
        """Return the due moments of the runs that began while the disk was full."""
        kept = doses_in(self._journal.aside())
        self._aside.extend(kept)
        due: dict[ScheduleId, set[int]] = {}
        for dose in kept:
            due.setdefault(dose.schedule_id, set()).add(dose.due_ms)
        return {schedule_id: frozenset(moments) for schedule_id, moments in due.items()}

    def new_in(self, state: State) -> Sequence[Running]:
        """Return the runs that begin now; what people ask for is known of already."""
        return [
            run
            for run in state.runs.values()
            if run.request is None and (run.schedule_id, run.due_ms) not in self._known
        ]

    def note(self, state: State) -> bool:
        """Take these runs for those that go on; tell whether they are others than before."""
        before = self._known
        self._known = {(run.schedule_id, run.due_ms) for run in state.runs.values()}
        return self._known != before

    async def keep(
        self, begun: Iterable[Running], schedules: Mapping[ScheduleId, Schedule], *, has_room: bool
    ) -> None:
        """Wait a moment until all that was told is on the disk; one that fails is not waited for.

        Animals that are not fed are worse off than such that are fed twice after a power cut. A
        disk that takes no row can be told that they are fed all the same: where it is full, and
        perhaps where the journal's own place on it fails. One that does not answer is asked once.
        """
        is_refused = self._journal.condition() != "ok"
        if not is_refused and has_room:
            try:
                async with asyncio.timeout(KEPT_WITHIN_S):
                    await self._journal.record(urgent=True)
            except (JournalTimeout, TimeoutError) as error:
                log.warning("run.not_kept", reason=str(error))
            except JournalError as error:
                log.warning("run.not_kept", reason=error.reason)
                is_refused = True
        if is_refused:
            await self._keep_aside(begun, schedules)

    async def _keep_aside(
        self, begun: Iterable[Running], schedules: Mapping[ScheduleId, Schedule]
    ) -> None:
        doses = [
            Dose(run.schedule_id, run.due_ms)
            for run in begun
            # A stretch of time goes on after a restart, and no dose of it is given twice.
            if run.due_ms is not None and not goes_on(schedules[run.schedule_id])
        ]
        if not doses:
            return
        self._aside.extend(doses)
        try:
            async with asyncio.timeout(KEPT_WITHIN_S):
                await self._journal.keep_aside(msgspec.json.encode(list(self._aside)))
        except (JournalError, TimeoutError) as error:
            log.warning("run.not_kept", reason=str(error))
