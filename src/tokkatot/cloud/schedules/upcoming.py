"""What schedules will do next, as far as a clock tells it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice, takewhile
from uuid import UUID
from zoneinfo import ZoneInfo

from tokkatot.automation.modes import forbids
from tokkatot.automation.occurrences import Locality, runs_ahead
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.breeds import birds_of
from tokkatot.cloud.farms.model import Farm, Flock, House
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.schedules import store
from tokkatot.cloud.schedules.service import device_ids, schedule_of
from tokkatot.cloud.schedules.store import Current
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.flocks import Flock as Birds
from tokkatot.domain.ids import FarmId
from tokkatot.domain.schedules import Schedule, devices_of
from tokkatot.kit.clock import from_ms, to_ms

MAX_RUNS = 500
"""Of all schedules together in one answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A moment at which a schedule will be due."""

    schedule_id: UUID
    name: str
    house_id: UUID
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A farm's clock and sun, with the flocks and modes of its houses, and what is moved there."""

    now: datetime
    locality: Locality
    houses: Mapping[UUID, House]
    flocks: Mapping[UUID, Birds]
    roles: Mapping[UUID, DeviceRole]

    def next_run(self, schedule: Schedule) -> datetime | None:
        """Return when a schedule is due next, None where no clock tells it."""
        following = next(self.runs(schedule, count=1), None)
        return None if following is None else following.at

    def runs(self, schedule: Schedule, *, count: int) -> Iterator[Run]:
        """Yield the next runs of a schedule, `count` at most."""
        if not self._applies(schedule):
            return
        now_ms, flock = to_ms(self.now), self.flocks.get(schedule.house_id)
        for due_ms, until_ms in runs_ahead(schedule, now_ms, count, self.locality, flock):
            yield Run(
                schedule_id=schedule.id,
                name=schedule.name,
                house_id=schedule.house_id,
                at=from_ms(due_ms),
                until=from_ms(until_ms),
            )

    def _applies(self, schedule: Schedule) -> bool:
        moved = [self.roles[device] for device in devices_of(schedule) if device in self.roles]
        return not forbids(self.houses[schedule.house_id].mode, schedule, moved)


async def calendar(tx: Transaction, farm_id: FarmId, found: Sequence[Current]) -> Calendar:
    """Return a farm's calendar, with what these schedules move."""
    farm = await tx.session.get_one(Farm, farm_id)
    houses = await farms_store.houses_of(tx.session, farm_id)
    flocks = await farms_store.open_cycles(tx.session, Flock, [house.id for house in houses])
    devices = await store.devices_named(tx.session, farm_id, device_ids(found))
    return Calendar(
        now=tx.now,
        locality=Locality(zone=ZoneInfo(farm.time_zone), place=farm.place),
        houses={house.id: house for house in houses},
        flocks={
            house.id: birds_of(house, flocks[house.id]) for house in houses if house.id in flocks
        },
        roles={device.id: device.role for device in devices.values()},
    )


def runs_within(found: Sequence[Current], when: Calendar, *, hours: int) -> Sequence[Run]:
    """Return what all of these schedules will do within some hours, the next first."""
    end = when.now + timedelta(hours=hours)
    each = (
        when.runs(schedule_of(current.stored, current.version), count=MAX_RUNS) for current in found
    )
    # Merged as they come, so that a schedule of every minute costs no more than is listed of it.
    merged = merge(*each, key=lambda run: (run.at, run.schedule_id))
    return list(islice(takewhile(lambda run: run.at < end, merged), MAX_RUNS))
