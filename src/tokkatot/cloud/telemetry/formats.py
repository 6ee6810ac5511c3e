"""Readings as CSV, JSON and Parquet: made piece by piece, times in UTC."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator
from enum import StrEnum, unique
from typing import IO, TYPE_CHECKING, Final, TypeVar, cast

import numpy as np
from typing_extensions import Buffer, override

from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.cloud.telemetry.export import PIECE_BYTES, Exported

if TYPE_CHECKING:
    from arro3.core import RecordBatch, Schema

T = TypeVar("T")
Batches = AsyncIterator[tuple[Exported, Columns]]

COLUMNS: Final = ("t", "house", "device", "device_id", "quantity", "unit", "value", "quality")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would carry out."""
_ROW_GROUP: Final = 131_072
_PIECES_AHEAD: Final = 4


@unique
class Format(StrEnum):
    """What kind of file."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


MEDIA_TYPES: Final = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
    Format.PARQUET: "application/vnd.apache.parquet",
}


def written(format_: Format, batches: Batches) -> AsyncGenerator[bytes, None]:
    """Return the pieces of a file."""
    match format_:
        case Format.CSV:
            return _csv(batches)
        case Format.JSON:
            return _json(batches)
        case Format.PARQUET:
            return _parquet(batches)


# ------------------------------------------------------------------------------------------- text


async def _csv(batches: Batches) -> AsyncGenerator[bytes, None]:
    yield (",".join(COLUMNS) + "\r\n").encode()
    async for series, columns in batches:
        yield await asyncio.to_thread(_csv_rows, series, columns)


def _csv_rows(series: Exported, columns: Columns) -> bytes:
    named = (series.house, series.device, series.device_id, series.quantity, series.unit)
    words = io.StringIO()
    csv.writer(words, lineterminator="").writerow([_harmless(str(word)) for word in named])
    # The same in every row, so quoted once.
    same = words.getvalue()
    return "".join(
        f"{t},{same},{value!r},{quality}\r\n" for t, value, quality in _rows(columns)
    ).encode()


def _harmless(word: str) -> str:
    """Return a text as a spreadsheet takes it for one, though people name a pump `=A1+B1`."""
    return f"'{word}" if word.startswith(_FORMULA) else word


async def _json(batches: Batches) -> AsyncGenerator[bytes, None]:
    yield b'{"series":['
    before: Exported | None = None
    async for series, columns in batches:
        if series is before:
            yield b","
        else:
            yield (b"" if before is None else b"]},") + _json_head(series)
        before = series
        yield await asyncio.to_thread(_json_rows, columns)
    yield b"]}" if before is None else b"]}]}"


def _json_head(series: Exported) -> bytes:
    head = {
        "house": series.house,
        "device": series.device,
        "device_id": str(series.device_id),
        "quantity": series.quantity,
        "unit": series.unit,
    }
    return f'{json.dumps(head, ensure_ascii=False)[:-1]},"readings":['.encode()


def _json_rows(columns: Columns) -> bytes:
    return json.dumps(list(_rows(columns)), separators=(",", ":"))[1:-1].encode()


def _rows(columns: Columns) -> Iterator[tuple[str, float, int]]:
    instants = np.datetime_as_string(columns.t_ms.view("datetime64[ms]"), timezone="UTC")
    return zip(instants.tolist(), columns.value.tolist(), columns.quality.tolist(), strict=True)


# ---------------------------------------------------------------------------------------- Parquet


async def _parquet(batches: Batches) -> AsyncGenerator[bytes, None]:
    press = _Press(batches)
    printing = asyncio.create_task(asyncio.to_thread(press.run))
    try:
        while piece := await press.pieces.get():
            yield piece
    finally:
        press.stop()
        await printing
    if press.failure is not None:
        raise press.failure


class _Press(io.RawIOBase):
    """Runs the Parquet writer, which asks for batches and calls `write` by itself, in a thread.

    The writer can't bear an exception of ours: where it has to end early, the batches end and the
    pieces that still come are thrown away.
    """

    def __init__(self, batches: Batches) -> None:
        self.pieces: asyncio.Queue[bytes] = asyncio.Queue(_PIECES_AHEAD)
        """What was written; an empty piece is the end."""
        self.failure: BaseException | None = None
        self._batches = batches
        self._loop = asyncio.get_running_loop()
        self._stopped = False
        self._piece = bytearray()

    def run(self) -> None:
        """Write the whole file; the thread's part."""
        from arro3.core import RecordBatchReader  # noqa: PLC0415 - heavy, and rarely wanted
        from arro3.io import write_parquet  # noqa: PLC0415

        schema = _schema()
        reader = RecordBatchReader.from_batches(schema, self._record_batches(schema))
        try:
            write_parquet(
                reader,
                cast("IO[bytes]", self),
                compression="zstd(3)",
                max_row_group_size=_ROW_GROUP,
                created_by="tokkatot",
            )
            self._hand_over()
        finally:
            self._wait(self._put(b""))

    @override
    def write(self, data: Buffer) -> int:
        """Take a piece of the file from the writer, which makes many small ones."""
        self._piece += data
        if len(self._piece) >= PIECE_BYTES:
            self._hand_over()
        return memoryview(data).nbytes

    def stop(self) -> None:
        """Let the writer come to its end; nobody takes its pieces any more."""
        self._stopped = True
        while not self.pieces.empty():
            self.pieces.get_nowait()

    def _record_batches(self, schema: "Schema") -> "Iterator[RecordBatch]":
        while (batch := self._wait(self._next())) is not None:
            yield _record_batch(*batch, schema)

    def _hand_over(self) -> None:
        piece, self._piece = bytes(self._piece), bytearray()
        self._wait(self._put(piece))

    def _wait(self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _next(self) -> tuple[Exported, Columns] | None:
        if self._stopped:
            return None
        coming = asyncio.create_task(_one_of(self._batches))
        await asyncio.wait((coming,))
        self.failure = coming.exception()
        if self.failure is not None:
            self._stopped = True
            return None
        return coming.result()

    async def _put(self, piece: bytes) -> None:
        if piece and self._stopped:
            return
        await self.pieces.put(piece)


async def _one_of(batches: Batches) -> tuple[Exported, Columns] | None:
    return await anext(batches, None)


def _schema() -> "Schema":
    from arro3.core import DataType, Field, Schema  # noqa: PLC0415 - as above

    text, instant = DataType.string(), DataType.timestamp("ms", tz="UTC")
    types = (instant, text, text, text, text, text, DataType.float64(), DataType.uint8())
    return Schema(
        [Field(name, type_, nullable=False) for name, type_ in zip(COLUMNS, types, strict=True)]
    )


def _record_batch(series: Exported, columns: Columns, schema: "Schema") -> "RecordBatch":
    from arro3.core import Array, DataType, RecordBatch  # noqa: PLC0415 - as above

    words = (series.house, series.device, str(series.device_id), series.quantity, series.unit)
    text = [Array([word] * len(columns), type=DataType.string()) for word in words]
    instants = Array.from_numpy(columns.t_ms).cast(schema.field("t"))
    values, qualities = Array.from_numpy(columns.value), Array.from_numpy(columns.quality)
    return RecordBatch([instants, *text, values, qualities], schema=schema)
