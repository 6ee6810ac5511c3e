"""The runs of this hub's schedules, and who asked for them."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID, uuid5

from tokkatot.hub.web.feed import Json
from tokkatot.hub.web.views import iso
from tokkatot.wire.messages import EventRow, ScheduleRunRow

ASKED: Final = "schedule.asked"
"""The event by which the cloud learns who has let a schedule run at the hub."""

MAX_RUNS: Final = 512


class RunBook:
    """Keeps the newest runs; one that was asked for has no outcome until control answers."""

    def __init__(
        self,
        *,
        name: Callable[[str], str | None],
        person: Callable[[str | None], Json | None],
    ) -> None:
        self._name = name
        self._person = person
        self._runs: OrderedDict[str, Json] = OrderedDict()

    def take_asked(self, row: EventRow) -> Json | None:
        """Note that a person wants a run; None where the row is of another make."""
        schedule, request, by = (row.data.get(key) for key in ("schedule", "request", "by"))
        if not isinstance(schedule, str) or not isinstance(request, str):
            return None
        asked = {
            **self._view(request, schedule, row.t),
            "requested_by": self._person(by if isinstance(by, str) else None),
        }
        self._keep(request, {**asked, **_answered(self._runs.get(request))})
        return self._runs[request]

    def take(self, row: ScheduleRunRow) -> Json:
        """Note what became of a run, and return it."""
        key = row.request or str(uuid5(UUID(row.schedule), str(row.due)))
        before = self._runs.get(key) or self._view(key, row.schedule, row.due)
        self._keep(key, {**before, "at": iso(row.t), "outcome": row.outcome, "reason": row.reason})
        return self._runs[key]

    def one(self, key: str) -> Json | None:
        """Return a run."""
        return self._runs.get(key)

    def of(self, schedule_id: str) -> list[Json]:
        """Return the runs of a schedule, the newest first."""
        found = [run for run in self._runs.values() if run["schedule_id"] == schedule_id]
        return sorted(found, key=lambda run: str(run["due_at"]), reverse=True)

    def _view(self, key: str, schedule: str, due_ms: int) -> Json:
        return {
            "id": key,
            "schedule_id": schedule,
            "schedule_name": self._name(schedule),
            "due_at": iso(due_ms),
            "at": None,
            "outcome": None,
            "reason": None,
            "requested_by": None,
        }

    def _keep(self, key: str, run: Json) -> None:
        self._runs[key] = run
        if len(self._runs) > MAX_RUNS:
            self._runs.popitem(last=False)


def _answered(run: Json | None) -> Json:
    return {} if run is None else {key: run[key] for key in ("at", "outcome", "reason")}
