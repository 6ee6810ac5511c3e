"""The route that gives readings as a file."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from starlette.requests import HTTPConnection
from starlette.types import Message, Send
from typing_extensions import override

from tokkatot.cloud.farms.access import CanSee
from tokkatot.cloud.platform.context import Ctx, Tx
from tokkatot.cloud.platform.openapi import problems
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
        **problems("conflict"),
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
    file = exports.made(
        written(format_, export.batches(context.database, store, series, span)),
        user_id=access.caller.user_id,
    )
    name = f"readings-{span.start:%Y%m%d}-{span.end:%Y%m%d}.{format_.value}"
    return Download(
        await _begun(file),
        media_type=MEDIA_TYPES[format_],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class Download(StreamingResponse):
    """A file of which each piece is to be taken in time."""

    def __init__(
        self, file: AsyncGenerator[bytes, None], *, media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(file, media_type=media_type, headers=headers)
        self._file = file

    @override
    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(export.PIECE_TIMEOUT_S):
                await send(message)

        # Closed at once, and with it the place among the files that are made.
        async with aclosing(self._file):
            await super().stream_response(send_in_time)


async def _begun(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Return a file whose first piece is there: what is refused is refused before it begins."""
    first = await anext(pieces)

    async def whole() -> AsyncGenerator[bytes, None]:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    return whole()
