"""Readings as files, made piece by piece."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import numpy as np
import pytest

from tests.support.files import readings_in
from tokkatot.cloud.platform.problems import Conflict, Unavailable
from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.cloud.telemetry.export import AT_ONCE, PIECE_BYTES, Exported, Exports
from tokkatot.cloud.telemetry.formats import Format, written
from tokkatot.kit.clock import from_ms

T = 1_790_000_000_000
AIR = Exported(id=1, house="ទ្រុង 1", device_id=UUID(int=1), device='T, "1"', quantity="temperature")
DAMP = Exported(
    id=2, house="Coop", device_id=UUID(int=1), device="=A1+B1", quantity="relative_humidity"
)
Batch = tuple[Exported, Columns]


def columns(count: int, *, since: int = 0) -> Columns:
    return Columns(
        t_ms=T + np.arange(since, since + count, dtype=np.int64),
        value=20 + np.arange(since, since + count) / 7,
        quality=np.arange(since, since + count).astype(np.uint8) % 4,
    )


class Shelves:
    """Gives batches, and counts how many were taken."""

    def __init__(self, batches: Sequence[Batch], *, then: Exception | None = None) -> None:
        self.batches = batches
        self.then = then
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[Batch]:
        for batch in self.batches:
            self.taken += 1
            yield batch
        if self.then is not None:
            raise self.then


async def file_of(format_: Format, batches: Sequence[Batch]) -> bytes:
    return b"".join([piece async for piece in written(format_, aiter(Shelves(batches)))])


@pytest.mark.parametrize("format_", list(Format))
async def test_a_file_gives_back_what_was_put_into_it(format_: Format) -> None:
    batches = [(AIR, columns(3)), (AIR, columns(2, since=3)), (DAMP, columns(4))]
    found = readings_in(format_, await file_of(format_, batches))
    assert found == {
        (str(one.device_id), one.quantity): [
            (from_ms(T) + timedelta(milliseconds=n), 20 + n / 7, n % 4) for n in range(count)
        ]
        for one, count in ((AIR, 5), (DAMP, 4))
    }


@pytest.mark.parametrize("format_", list(Format))
async def test_a_file_of_nothing_is_a_whole_file(format_: Format) -> None:
    assert readings_in(format_, await file_of(format_, [])) == {}


async def test_no_name_is_a_formula_to_a_spreadsheet() -> None:
    text = (await file_of(Format.CSV, [(AIR, columns(1)), (DAMP, columns(1))])).decode()
    rows = text.splitlines()
    assert rows[1].startswith('2026-09-21T14:13:20.000Z,ទ្រុង 1,"T, ""1""",')
    assert ",'=A1+B1," in rows[2]


async def test_a_file_that_nobody_reads_on_ends_its_writer() -> None:
    shelves = Shelves([(AIR, columns(16_384, since=16_384 * n)) for n in range(200)])
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    before = threading.active_count()
    file = written(Format.PARQUET, aiter(shelves))
    assert (await anext(file)).startswith(b"PAR1")
    await file.aclose()
    # What is taken ahead of the reader is a row group and a few pieces, however long the file is.
    assert shelves.taken <= 20
    assert threading.active_count() <= before + 1
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


@pytest.mark.parametrize("format_", list(Format))
async def test_a_file_whose_readings_fail_midway_is_never_whole(format_: Format) -> None:
    shelves = Shelves([(AIR, columns(10))], then=ConnectionError("the database is gone"))
    file = bytearray()
    with pytest.raises(ConnectionError, match="is gone"):
        await _received(written(format_, aiter(shelves)), file)
    assert not file.endswith((b"]}]}", b"PAR1"))


async def _received(pieces: AsyncIterator[bytes], file: bytearray) -> None:
    async for piece in pieces:
        file += piece


async def _endless() -> AsyncGenerator[bytes, None]:
    while True:
        yield b"x" * (3 * PIECE_BYTES)


async def test_a_few_files_are_made_at_a_time_and_a_place_becomes_free() -> None:
    exports = Exports()
    running = [exports.made(_endless(), user_id=uuid4()) for _ in range(AT_ONCE)]
    for file in running:
        assert len(await anext(file)) == PIECE_BYTES
    with pytest.raises(Unavailable):
        await anext(exports.made(_endless(), user_id=uuid4()))
    await running[0].aclose()
    one_more = exports.made(_endless(), user_id=uuid4())
    await anext(one_more)
    for file in (*running, one_more):
        await file.aclose()


async def test_a_person_has_one_file_made_at_a_time() -> None:
    exports, person = Exports(), uuid4()
    first = exports.made(_endless(), user_id=person)
    await anext(first)
    with pytest.raises(Conflict):
        await anext(exports.made(_endless(), user_id=person))
    await first.aclose()
    again = exports.made(_endless(), user_id=person)
    await anext(again)
    await again.aclose()
