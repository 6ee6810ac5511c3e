"""The schedules that this hub runs: shown and run now as in the cloud, and never changed."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice, takewhile
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tokkatot.automation.modes import forbids, habits_of
from tokkatot.automation.occurrences import Locality, runs_ahead
from tokkatot.domain.desired import DesiredDocument, HouseConfig
from tokkatot.domain.schedules import Schedule, devices_of
from tokkatot.hub.web.feed import Json
from tokkatot.hub.web.giving import SESSION, Giving
from tokkatot.hub.web.people import Person
from tokkatot.hub.web.problems import HubProblem
from tokkatot.hub.web.run_book import ASKED
from tokkatot.hub.web.views import iso
from tokkatot.wire.messages import Execute

TTL_MS: Final = 30_000
MAX_RUNS: Final = 200
MAX_HOURS: Final = 7 * 24


class Schedules:
    """Reads the document in force; who made a schedule and when only the cloud knows."""

    def __init__(self, giving: Giving) -> None:
        self._giving = giving

    def one(self, document: DesiredDocument, schedule_id: UUID) -> Schedule:
        """Return a schedule.

        Raises:
            HubProblem: when this hub holds no such schedule.
        """
        for schedule in document.schedules:
            if schedule.id == schedule_id:
                return schedule
        raise HubProblem("not_found", "There is no such schedule here.")

    def views(
        self, document: DesiredDocument, *, house: str | None, device: str | None
    ) -> list[Json]:
        """Return the schedules of a house or of a device, or all of them."""
        return [
            self.view(document, schedule)
            for schedule in document.schedules
            if house in {None, str(schedule.house_id)}
            and (device is None or device in map(str, devices_of(schedule)))
        ]

    def view(self, document: DesiredDocument, schedule: Schedule) -> Json:
        """Return a schedule with what it does next and did last."""
        devices = {device.id: device for device in document.devices}
        runs = self._giving.notes.runs.of(str(schedule.id))
        following = next(self._runs(document, schedule, 1), None)
        return {
            "id": str(schedule.id),
            "house_id": str(schedule.house_id),
            "name": schedule.name,
            "version": schedule.version,
            "enabled": schedule.enabled,
            "priority": schedule.priority,
            "valid_from": schedule.valid_from,
            "valid_until": schedule.valid_until,
            "missed": schedule.missed.value,
            "modes": [mode.value for mode in schedule.modes],
            "does": msgspec.to_builtins(schedule.does, str_keys=True),
            "devices": [
                {"id": str(one), "name": devices[one].name, "role": devices[one].role.value}
                for one in devices_of(schedule)
                if one in devices
            ],
            "next_run": None if following is None else following["at"],
            "last_run": runs[0] if runs else None,
            "updated_by": None,
            "updated_at": None,
            "held": True,
        }

    async def run_now(self, schedule: Schedule, person: Person, *, key: str | None) -> Json:
        """Let a schedule run, and return the run, which is answered later; one key, one run.

        Raises:
            HubProblem: when control can't take it now.
        """
        before = self._giving.keys.find(person, key, schedule.id.bytes)
        known = None if before is None else self._giving.notes.runs.one(str(before))
        if known is not None:
            return known
        self._giving.check_quick()
        request = Execute(
            hub=self._giving.hub_id,
            id=before or self._giving.ids.new(),
            session=SESSION,
            schedule=schedule.id,
            issued=self._giving.clock.now_ms(),
            ttl_ms=TTL_MS,
            by=person.user_id,
        )
        if before is None:
            await self._giving.keys.keep(person, key, schedule.id.bytes, request.id)
        self._giving.control.note(
            ASKED, schedule=str(schedule.id), request=str(request.id), by=str(person.user_id)
        )
        self._giving.control.flush()
        await self._giving.begun(self._giving.control.execute(request))
        run = self._giving.notes.runs.one(str(request.id))
        if run is None:
            raise HubProblem("unavailable", "The hub's journal has no room.")
        return run

    def upcoming(self, document: DesiredDocument, schedule: Schedule, count: int) -> list[Json]:
        """Return the next runs of a schedule, as far as a clock tells them."""
        return list(self._runs(document, schedule, count))

    def within(self, document: DesiredDocument, house: str | None, hours: int) -> list[Json]:
        """Return what all schedules will do within some hours, the next first."""
        end = iso(self._giving.clock.now_ms() + hours * 3_600_000)
        each = (
            self._runs(document, schedule, MAX_RUNS)
            for schedule in document.schedules
            if house in {None, str(schedule.house_id)}
        )
        # Merged as they come: a thousand schedules of every minute would hold up control for long.
        merged = merge(*each, key=lambda run: (str(run["at"]), str(run["schedule_id"])))
        return list(islice(takewhile(lambda run: str(run["at"]) < end, merged), MAX_RUNS))

    def _runs(self, document: DesiredDocument, schedule: Schedule, count: int) -> Iterator[Json]:
        house = _applies(document, schedule)
        if house is None:
            return
        now_ms, locality = self._giving.clock.now_ms(), _locality(document)
        for due_ms, until_ms in runs_ahead(schedule, now_ms, count, locality, house.flock):
            yield {
                "schedule_id": str(schedule.id),
                "name": schedule.name,
                "house_id": str(schedule.house_id),
                "at": iso(due_ms),
                "until": iso(until_ms),
            }


def _locality(document: DesiredDocument) -> Locality:
    return Locality(zone=ZoneInfo(document.time_zone), place=document.place)


def _applies(document: DesiredDocument, schedule: Schedule) -> HouseConfig | None:
    """Return the house of a schedule, None while its mode lets the schedule do nothing."""
    house = next((one for one in document.houses if one.id == schedule.house_id), None)
    if house is None:
        return None
    rests = habits_of(house.mode).rests
    moved = devices_of(schedule) if rests else ()
    roles = [device.role for device in document.devices if device.id in moved] if rests else []
    return None if forbids(house.mode, schedule, roles) else house
