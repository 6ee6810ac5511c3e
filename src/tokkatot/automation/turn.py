"""What the schedules come to in one step."""

from msgspec import Struct, field

from tokkatot.automation.proposals import Proposal
from tokkatot.automation.runs import Outcome, RunOutcome, abandon
from tokkatot.automation.state import Booked, Running
from tokkatot.domain.ids import DeviceId, RequestId, ScheduleId


class Turn(Struct, kw_only=True):
    """What goes on, what is asked for, and what became of runs."""

    agenda: dict[ScheduleId, Booked] = field(default_factory=dict)
    runs: dict[ScheduleId, Running] = field(default_factory=dict)
    asked: dict[DeviceId, list[Proposal]] = field(default_factory=dict)
    outcomes: list[RunOutcome] = field(default_factory=list)

    def end(self, run: Running | None, reason: str) -> None:
        """End a run from outside; it is accounted for unless it was already."""
        outcome = None if run is None else abandon(run, reason)
        if outcome is not None:
            self.outcomes.append(outcome)

    def skip(
        self,
        schedule_id: ScheduleId,
        due_ms: int | None,
        reason: str,
        *,
        request: RequestId | None = None,
    ) -> None:
        """Account for a run that was due or asked for, and does not begin."""
        self.outcomes.append(
            RunOutcome(
                schedule_id=schedule_id,
                due_ms=due_ms,
                outcome=Outcome.SKIPPED,
                reason=reason,
                request=request,
            )
        )
