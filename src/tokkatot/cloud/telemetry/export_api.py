"""The route that gives readings as a file."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from starlette.requests import HTTPConnection

from tokkatot.cloud.farms.access import CanSee
from tokkatot.cloud.platform.context import Ctx, Tx
from tokkatot.cloud.telemetry import export
from tokkatot.cloud.telemetry.access import Store
from tokkatot.cloud.telemetry.asking import SomeReadings
from tokkatot.cloud.telemetry.export import Exports, Wanted
from tokkatot.cloud.telemetry.formats import MEDIA_TYPES, Format, written

router = APIRouter(prefix="/v1/farms/{farm}", tags=["reports"])

_LONGEST: Final = timedelta(days=3660)


async def exports(connection: HTTPConnection) -> Exports:
    """Return what makes the files of this process."""
    found = connection.app.state.exports
    assert isinstance(found, Exports), "set by create_app"
    return found


@router.get(
    "/reports/export",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file, series by series in the order of time; `t` is UTC.",
            "content": {media_type: {} for media_type in MEDIA_TYPES.values()},
        },
    },
)
async def export_readings(
    access: CanSee,
    context: Ctx,
    tx: Tx,
    store: Store,
    exports: Annotated[Exports, Depends(exports)],
    asked: SomeReadings,
    house: UUID | None = None,
    format_: Annotated[Format, Query(alias="format")] = Format.CSV,
) -> StreamingResponse:
    """Return every stored reading of a time as a file."""
    span = asked.period.past(tx.now, usual=timedelta(days=1), longest=_LONGEST)
    series = await export.find(
        tx,
        store.within(tx),
        Wanted(
            farm_id=access.farm_id,
            house_id=house,
            devices=asked.devices,
            quantities=asked.quantities,
        ),
        span,
    )
    await tx.release()
    file = exports.made(written(format_, export.batches(context.database, store, series, span)))
    name = f"readings-{span.start:%Y%m%d}-{span.end:%Y%m%d}.{format_.value}"
    return StreamingResponse(
        await _begun(file),
        media_type=MEDIA_TYPES[format_],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _begun(pieces: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    """Return a file whose first piece is there: what is refused is refused before it begins."""
    first = await anext(pieces)

    async def whole() -> AsyncIterator[bytes]:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    return whole()
