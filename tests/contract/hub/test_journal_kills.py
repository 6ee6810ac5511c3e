"""A process that writes its journal, killed again and again."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from tests.support import journal_child
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.port import JournalPort
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import EventRow, ReadingRow, Row, StreamName, decode_row

KILLED_AFTER_S = (0.0, 0.11, 0.02, 0.07, 0.005, 0.15, 0.03, 0.09, 0.001, 0.05, 0.13, 0.04)
ROOT = Path(__file__).parents[3]
PATIENT = JournalSettings(timeout_s=60, start_timeout_s=60)


async def lines_until_killed(path: Path, after_s: float) -> int:
    """Return the last line of the file that the child was promised to be kept."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        journal_child.__name__,
        str(path),
        cwd=ROOT,
        env={"PYTHONPATH": "src:."},
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    first = await asyncio.wait_for(child.stdout.readline(), 120)
    await asyncio.sleep(after_s)
    child.send_signal(signal.SIGKILL)
    told = (first + await child.stdout.read()).split(b"\n")
    await child.wait()
    return int(told[-2])


async def all_rows(journal: JournalPort, stream: StreamName) -> list[Row]:
    rows: list[Row] = []
    while True:
        stretch = await journal.stretch(stream, len(rows) + 1, max_rows=500, max_bytes=10**6)
        if stretch is None:
            return rows
        rows += [decode_row(raw) for raw in stretch.rows]


@pytest.mark.timeout(600)
async def test_no_promised_row_is_lost_and_rows_always_fit_their_position(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    clock = SystemClock()
    for after_s in KILLED_AFTER_S:
        promised = await lines_until_killed(path, after_s)

        journal = await Journal.open(path, clock=clock, ids=IdSource(clock), settings=PATIENT)
        position = (await journal.positions())[journal_child.SOURCE]
        readings = await all_rows(journal, "readings")
        events = await all_rows(journal, "events")
        await journal.close()

        assert position >= promised
        assert [row.t for row in readings if isinstance(row, ReadingRow)] == list(
            range(1, position + 1)
        )
        assert [row.seq for row in readings] == list(range(1, position + 1))
        last = events[-1]
        assert isinstance(last, EventRow)
        assert last.t == position
        assert journal.replaced == 0
