"""The alerts of this hub, with who has seen them, as far back as its journal tells."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from tokkatot.domain.alerts import (
    ALERT_TRANSITIONS,
    SEVERITIES,
    AlertEvent,
    AlertState,
    Severity,
)
from tokkatot.hub.loop import Standing
from tokkatot.hub.web.feed import Json
from tokkatot.hub.web.views import iso
from tokkatot.wire.messages import AlertRow, EventRow

ACKNOWLEDGED: Final = "alert.acknowledged"
"""The event by which the cloud learns who has seen an alert at the hub."""

MAX_ALERTS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One alert; `row` is the first that told of it."""

    row: AlertRow
    state: AlertState = AlertState.UNACKNOWLEDGED
    cleared_ms: int | None = None
    seen_by: str | None = None
    seen_ms: int | None = None

    def after(self, event: AlertEvent) -> "Noted | None":
        """Return the alert in its next state, None where it has none."""
        state = ALERT_TRANSITIONS.get((self.state, event))
        return None if state is None else replace(self, state=state)


class AlertBook:
    """Keeps the newest alerts; what was raised before its time it takes from control."""

    def __init__(
        self,
        *,
        standing: Callable[[], list[Standing]],
        device_name: Callable[[str | None], str | None],
        person: Callable[[str | None], Json | None],
        began_ms: int,
    ) -> None:
        self._standing = standing
        self._device_name = device_name
        self._person = person
        self._began_ms = began_ms
        self._noted: OrderedDict[str, Noted] = OrderedDict()

    def take(self, row: AlertRow) -> Json:
        """Note what became of an alert, and return how it stands."""
        noted = self._noted.get(row.alert) or Noted(row=row)
        if row.change == "cleared":
            unheard = row.shelved or row.under is not None
            event = AlertEvent.CLEARED_UNHEARD if unheard else AlertEvent.CLEARED
            noted = noted.after(event) or noted
            noted = replace(noted, cleared_ms=row.t)
        elif row.change == "raised_again":
            again = noted.after(AlertEvent.RAISED_AGAIN) or Noted(row=row)
            # It is since it began, but it is as it is told now.
            now = msgspec.structs.replace(row, t=noted.row.t)
            noted = replace(again, row=now, cleared_ms=None, seen_by=None, seen_ms=None)
        self._keep(noted)
        return self._view(noted)

    def take_seen(self, row: EventRow) -> Json | None:
        """Note that a person has seen an alert; None where it is none of ours."""
        alert, by = row.data.get("alert"), row.data.get("by")
        found = self._find(alert) if isinstance(alert, str) else None
        after = None if found is None else found.after(AlertEvent.ACKNOWLEDGE)
        if after is None:
            return None
        after = replace(after, seen_by=by if isinstance(by, str) else None, seen_ms=row.t)
        self._keep(after)
        return self._view(after)

    def unseen(self, alert_id: str) -> int | None:
        """Return for which time an alert was told that nobody has seen yet; None where all is."""
        found = self._find(alert_id)
        return None if found is None or found.seen_ms is not None else found.row.times

    def one(self, alert_id: str) -> Json | None:
        """Return an alert."""
        found = self._find(alert_id)
        return None if found is None else self._view(found)

    def open(self) -> list[Json]:
        """Return the alerts that ask for somebody, the newest first."""
        return [self._view(one) for one in self._all() if one.state is not AlertState.NORMAL]

    def open_about(self) -> frozenset[str]:
        """Return what the open alerts are about: photographs, or cameras by name."""
        noted = self._noted.values()
        open_ones = (one.row for one in noted if one.state is not AlertState.NORMAL)
        return frozenset(row.about for row in open_ones if row.about is not None)

    def history(self) -> list[Json]:
        """Return all alerts that are known, the newest first."""
        return [self._view(one) for one in self._all()]

    def _all(self) -> list[Noted]:
        found = [*self._noted.values(), *self._raised_before()]
        return sorted(found, key=lambda one: (one.row.t, one.row.alert), reverse=True)

    def _find(self, alert_id: str) -> Noted | None:
        noted = self._noted.get(alert_id)
        return noted or next((o for o in self._raised_before() if o.row.alert == alert_id), None)

    def _raised_before(self) -> Iterator[Noted]:
        """Yield what stands since before the journal's oldest row, which is all that is known."""
        for one in self._standing():
            alert_id = str(one.alert_id)
            if alert_id not in self._noted:
                device = None if one.device_id is None else str(one.device_id)
                house, t_ms = str(one.house_id), self._began_ms
                yield Noted(
                    row=AlertRow(
                        0,
                        "a",
                        alert_id,
                        t_ms,
                        one.type,
                        "raised",
                        house,
                        device,
                        None,
                        None,
                        times=one.times,
                    )
                )

    def _keep(self, noted: Noted) -> None:
        self._noted[noted.row.alert] = noted
        if len(self._noted) > MAX_ALERTS:
            self._noted.popitem(last=False)

    def _view(self, noted: Noted) -> Json:
        row = noted.row
        return {
            "id": row.alert,
            "house_id": row.house,
            "device_id": row.device,
            "device_name": self._device_name(row.device),
            "type": row.type,
            "severity": row.severity or _severity(row.type).value,
            "name": row.name,
            "about": row.about,
            "under": row.under,
            "times": row.times,
            "flaps": row.flaps,
            # The page of a hub shows what is so; what rests and until when the cloud knows.
            "shelved_until": None,
            "state": noted.state.value,
            "threshold": row.threshold,
            "actual": row.actual,
            "raised_at": iso(row.t),
            "cleared_at": None if noted.cleared_ms is None else iso(noted.cleared_ms),
            "acknowledged_by": self._person(noted.seen_by),
            "acknowledged_at": None if noted.seen_ms is None else iso(noted.seen_ms),
        }


def _severity(type_: str) -> Severity:
    """Return how bad it is; a journal may tell of a kind that this version does not know."""
    return next((how for kind, how in SEVERITIES.items() if kind == type_), Severity.WARNING)
