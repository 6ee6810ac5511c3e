"""Checks that a schedule which somebody asked for at once runs once, in time, and is answered."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tokkatot.sim.desk import REQUEST_LIVES_MS, SentRequest
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import Row, ScheduleRunRow

TOLERANCE_S: Final = 3.0
ANSWERED_WITHIN_S: Final = 1200.0
"""The longest run of the simulation, with what a node may need to come back."""

STRETCH_WITHIN_S: Final = 3600.0 + ANSWERED_WITHIN_S
"""A stretch that ends at a minute of each hour goes on until then, and is cut as long as that."""


@dataclass(slots=True, kw_only=True)
class _Request:
    """What was asked, and what became of it."""

    sent_s: float
    within_s: float
    begun_s: float | None = None
    answers: int = 0
    is_excused: bool = False


class RequestsCheck:
    """Follows each request of one hub over its journal, and its answer back to the cloud."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._requests: dict[str, _Request] = {}

    def sent(self, request: SentRequest) -> None:
        """The cloud has sent a request."""
        self._requests[str(request.id)] = _Request(
            sent_s=self._findings.now_s(),
            within_s=STRETCH_WITHIN_S if request.goes_on else ANSWERED_WITHIN_S,
        )

    def begun(self, request_id: str) -> None:
        """The journal has committed that it begins, and told the hub so."""
        request = self._requests.get(request_id)
        if request is None:
            self._findings.broken("no request is made up", request_id)
            return
        now_s = self._findings.now_s()
        if request.begun_s is not None and not request.is_excused:
            self._findings.broken("no request runs twice", f"{request_id} was begun again")
        if now_s - request.sent_s > REQUEST_LIVES_MS / 1000 + TOLERANCE_S:
            self._findings.broken(
                "no order runs stale", f"{request_id} is {now_s - request.sent_s:.0f} s old"
            )
        request.begun_s = now_s

    def told(self, rows: Iterable[Row]) -> None:
        """Rows have come to the cloud."""
        for row in rows:
            if not isinstance(row, ScheduleRunRow) or row.request is None:
                continue
            request = self._requests.get(row.request)
            if request is None:
                continue
            request.answers += 1
            if request.answers > 1 and not request.is_excused:
                self._findings.broken("each request has one answer", f"{row} is another")

    def cloud_restored(self, rows: Iterable[Row]) -> None:
        """The cloud is back at a backup: what it was told since must come again."""
        for request in self._requests.values():
            request.answers = 0
        self.told(rows)

    def card_restored(self) -> None:
        """What the card knew of earlier requests may be gone."""
        for request in self._requests.values():
            request.is_excused = True

    def check(self) -> None:
        """On a line that is good again, what was begun long enough ago has its answer."""
        now_s = self._findings.now_s()
        for request_id, request in self._requests.items():
            begun_s = request.begun_s
            is_due = begun_s is not None and now_s - begun_s > request.within_s
            if is_due and not request.answers and not request.is_excused:
                self._findings.broken("each request has one answer", f"{request_id} has none")

    def forget(self, before_s: float) -> None:
        """What was asked and answered before is no longer looked at."""
        self._requests = {
            name: request
            for name, request in self._requests.items()
            if request.sent_s >= before_s or not (request.answers or request.is_excused)
        }
