"""Records of a house out of the cloud's store, for a fit at the keyboard of its server."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from tokkatot.climate.physics.known import COOPS, House

if TYPE_CHECKING:
    from tokkatot.climate.calibrate.subjects import CoopSubject, GreenhouseSubject
    from tokkatot.cloud.platform.database import Database
    from tokkatot.cloud.platform.settings import CloudSettings
    from tokkatot.cloud.twins.built import Twin


def stored_records(
    house_id: UUID, days: int, last: datetime | None, kind: House | None
) -> "tuple[Twin, Sequence[str]]":
    """Return a house as its devices tell, and the file of what it went through."""
    from tokkatot.cli.database import in_database

    async def work(settings: "CloudSettings", database: "Database") -> "tuple[Twin, Sequence[str]]":
        from tokkatot.cloud.farms.model import House as StoredHouse
        from tokkatot.cloud.main import open_readings
        from tokkatot.cloud.platform.problems import NotFound
        from tokkatot.cloud.telemetry.store import Span
        from tokkatot.cloud.twins.house import (
            devices_in,
            flock_at,
            of_one_flock,
            twin_of,
            usual_twin,
        )
        from tokkatot.cloud.twins.recording import recorded

        async with open_readings(settings, database) as store, database.transaction() as tx:
            house = await tx.session.get(StoredHouse, house_id)
            if house is None or house.deleted_at is not None:
                raise NotFound("house")
            devices = await devices_in(tx, house)
            end = tx.now if last is None else last.replace(tzinfo=UTC) + timedelta(days=1)
            span = Span(start=end - timedelta(days=days), end=min(end, tx.now))
            span = await of_one_flock(tx, house, span)
            known = kind or usual_twin(house, await flock_at(tx, house, span.start), devices)
            lived = await recorded(tx, store.within(tx), house, known, devices, span)
            twin = await twin_of(tx, house, known, devices, at=lived.start)
            return twin, list(lived.lines())

    return in_database(work)


def stored_subject(twin: "Twin") -> "CoopSubject | GreenhouseSubject":
    """Return what is fitted to such records."""
    from tokkatot.climate.calibrate.subjects import CoopSubject, GreenhouseSubject
    from tokkatot.cloud.twins.built import coop_built, greenhouse_built

    if twin.house in COOPS:
        return CoopSubject(*coop_built(twin))
    return GreenhouseSubject(*greenhouse_built(twin))
