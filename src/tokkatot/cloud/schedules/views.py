"""Schedules, their runs and rules as screens show them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from tokkatot.automation.runs import Outcome
from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.model import Hub
from tokkatot.cloud.farms.views import PersonView
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.openapi import struct
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.cloud.schedules import store
from tokkatot.cloud.schedules.model import Change, Distributed, Execution, ScheduleVersion
from tokkatot.cloud.schedules.service import device_ids, schedule_of
from tokkatot.cloud.schedules.store import Current
from tokkatot.cloud.schedules.upcoming import calendar
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.ids import FarmId
from tokkatot.domain.schedules import PRIORITIES, Missed, devices_of
from tokkatot.kit.clock import to_rfc3339

ScheduleName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
DoesJson = Annotated[dict[str, Any], struct("Does")]


class ContentBody(Body):
    """A schedule as people write it."""

    name: ScheduleName
    does: DoesJson
    enabled: bool = True
    priority: Annotated[int, Field(ge=PRIORITIES[0], le=PRIORITIES[1])] = Field(
        0, description="Of two that ask the same device the higher one wins."
    )
    valid_from: date | None = None
    valid_until: date | None = None
    missed: Missed = Field(
        Missed.SKIP, description="What to do with a run that went by while the hub was off."
    )
    modes: Annotated[list[HouseMode], Field(max_length=len(HouseMode))] = Field(
        default_factory=list, description="In which modes of the house it applies; none: in all."
    )

    def content(self) -> JsonObject:
        """Return what is kept of it."""
        kept = self.model_dump(mode="json", include=set(ContentView.model_fields) - {"does"})
        return {**kept, "does": self.does}


class NewScheduleBody(ContentBody):
    """A schedule to be."""

    house_id: UUID


class ScheduleBody(ContentBody):
    """A schedule in place of the one that holds; `version` is the one that was edited."""

    version: Annotated[int, Field(ge=1)]


class EnabledBody(Body):
    """Whether the schedule is to run."""

    enabled: bool


class RollbackBody(Body):
    """Which version's content is to be the newest again."""

    version: Annotated[int, Field(ge=1)]


class ScheduleDeviceView(View):
    """An actuator that a schedule moves."""

    id: UUID
    name: str
    role: DeviceRole


class ExecutionView(View):
    """One run of a schedule; without an outcome it was asked for and has no answer yet."""

    id: UUID
    schedule_id: UUID
    schedule_name: str | None = Field(description="None where nobody knows the schedule.")
    due_at: datetime
    at: datetime | None
    outcome: Outcome | None
    reason: str | None
    requested_by: PersonView | None


class ContentView(View):
    """A schedule as people wrote it."""

    name: str
    does: DoesJson
    enabled: bool
    priority: int
    valid_from: date | None
    valid_until: date | None
    missed: Missed
    modes: list[HouseMode]


class ScheduleView(ContentView):
    """A schedule with what it does next and did last."""

    id: UUID
    house_id: UUID
    version: int
    devices: list[ScheduleDeviceView]
    next_run: datetime | None
    last_run: ExecutionView | None
    updated_by: PersonView | None
    updated_at: datetime
    held: bool = Field(description="Whether the hub has taken this version.")


class VersionView(View):
    """One version of a schedule."""

    version: int
    at: datetime
    by: PersonView | None
    what: Change
    schedule: ContentView


class UpcomingView(View):
    """A moment at which a schedule will be due."""

    schedule_id: UUID
    name: str
    house_id: UUID
    at: datetime
    until: datetime | None


class UpcomingRunsView(View):
    """What schedules will do, the next first."""

    items: list[UpcomingView]


async def schedule_views(
    tx: Transaction, farm_id: FarmId, found: Sequence[Current]
) -> list[ScheduleView]:
    """Return schedules of a farm."""
    when = await calendar(tx, farm_id, found)
    devices = await store.devices_named(tx.session, farm_id, device_ids(found))
    last = await store.newest_of(tx.session, [current.stored.id for current in found])
    people = await accounts_store.names(
        tx.session,
        [
            *(current.version.made_by for current in found),
            *(execution.requested_by for execution in last.values()),
        ],
    )
    hubs = await farms_store.hubs_serving(
        tx.session, farm_id, [current.stored.house_id for current in found]
    )
    views: list[ScheduleView] = []
    for current in found:
        stored, version = current.stored, current.version
        schedule = schedule_of(stored, version)
        run = last.get(stored.id)
        views.append(
            ScheduleView.model_validate(
                {
                    **version.content,
                    "id": stored.id,
                    "house_id": stored.house_id,
                    "version": version.version,
                    "devices": [
                        ScheduleDeviceView.model_validate(devices[device_id])
                        for device_id in devices_of(schedule)
                        if device_id in devices
                    ],
                    "next_run": when.next_run(schedule),
                    "last_run": run and _execution(run, schedule.name, people),
                    "updated_by": person(version.made_by, people),
                    "updated_at": version.made_at,
                    "held": is_held(stored, hubs.get(stored.house_id)),
                }
            )
        )
    return views


def is_held(stored: Distributed, hub: Hub | None) -> bool:
    """Tell whether the hub of the house has taken a document with the version that holds."""
    if hub is None or hub.held_version is None:
        return False
    if hub.held_version >= hub.desired_version:
        return True
    return (
        stored.hub_id == hub.id
        and stored.hub_version is not None
        and hub.held_version >= stored.hub_version
    )


async def execution_views(
    tx: Transaction, farm_id: FarmId, executions: Sequence[Execution]
) -> list[JsonObject]:
    """Return runs of a farm, as the interface and the live line tell them."""
    heads = await store.heads(tx.session, farm_id, [run.schedule_id for run in executions])
    people = await accounts_store.names(tx.session, [run.requested_by for run in executions])
    return [
        _execution(run, None if (head := heads.get(run.schedule_id)) is None else head.name, people)
        for run in executions
    ]


def _execution(execution: Execution, name: str | None, people: Mapping[UUID, str]) -> JsonObject:
    return {
        "id": str(execution.id),
        "schedule_id": str(execution.schedule_id),
        "schedule_name": name,
        "due_at": to_rfc3339(execution.due_at),
        "at": None if execution.at is None else to_rfc3339(execution.at),
        "outcome": None if execution.outcome is None else execution.outcome.value,
        "reason": execution.reason,
        "requested_by": person(execution.requested_by, people),
    }


async def version_views(tx: Transaction, versions: Sequence[ScheduleVersion]) -> list[VersionView]:
    """Return versions of a schedule with who made them."""
    people = await accounts_store.names(tx.session, [version.made_by for version in versions])
    return [
        VersionView.model_validate(
            {
                "version": version.version,
                "at": version.made_at,
                "by": person(version.made_by, people),
                "what": version.what,
                "schedule": version.content,
            }
        )
        for version in versions
    ]


def person(user_id: UUID | None, people: Mapping[UUID, str]) -> JsonObject | None:
    """Return who did it."""
    return None if user_id is None else {"id": str(user_id), "name": people.get(user_id, "")}
